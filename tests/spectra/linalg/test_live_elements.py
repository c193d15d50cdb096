"""Summaries of live elements, read in blocks, against the whole matrix at once."""

import math

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spectra.linalg import elements, live_elements
from spectra.models.lazy import InBlocks
from spectra.noise import large_elements

DTYPES = ["f4", "f8", "f2", ml_dtypes.bfloat16, "i1"]


class Parts:
    """A lazy matrix that can be read in parts only."""

    def __init__(self, array):
        self.array = array

    def __call__(self):
        pytest.fail("read as a whole")

    def blocks(self, step, axis):
        parts = self.array if axis == 0 else self.array.T
        for start in range(0, len(parts), step):
            part = parts[start : start + step]
            yield part if axis == 0 else part.T


def in_parts(array):
    return InBlocks(Parts(array), array.shape)


@pytest.fixture
def small_blocks(monkeypatch):
    monkeypatch.setattr(live_elements, "BLOCK", 200)
    monkeypatch.setattr(live_elements, "_MOST", 300)


@st.composite
def matrices(draw):
    """Matrices with dead rows and columns, and a few large elements."""
    shape = draw(st.tuples(st.integers(1, 60), st.integers(1, 60)))
    rng = np.random.default_rng(draw(st.integers(0, 1000)))
    W = rng.standard_normal(shape) * 10 + draw(st.sampled_from([0, 0, 50]))
    W[rng.random(shape[0]) < draw(st.sampled_from([0, 0.2]))] = 0
    W[:, rng.random(shape[1]) < draw(st.sampled_from([0, 0.2, 1]))] = 0
    W.flat[rng.integers(0, W.size, draw(st.integers(0, 5)))] *= 11
    return W.clip(-120, 120).astype(draw(st.sampled_from(DTYPES)))


def naive(W):
    """Return what the summary should be, from the whole matrix."""
    alive = elements.alive(W).astype(float)
    return alive, elements._sample(alive) if alive.size else np.zeros(0)


@pytest.mark.usefixtures("small_blocks")
@given(matrices())
def test_summary_is_that_of_the_whole(W):
    found, (alive, _) = live_elements.read(W), naive(W)
    assert found.shape == (alive.shape if alive.size else (0, 0))
    assert found.size == alive.size
    if alive.size:
        assert found.total == pytest.approx(alive.sum(), rel=1e-12, abs=1e-9)
        assert (found.low, found.high) == (alive.min(), alive.max())
    else:
        assert math.isnan(found.mean)
    stride = -(-alive.size // 300) or 1
    while stride > 1 and math.gcd(stride, alive.shape[1]) > 1:
        stride += 1
    np.testing.assert_array_equal(found.sample, alive.ravel()[::stride])


@pytest.mark.usefixtures("small_blocks")
@given(matrices())
def test_a_matrix_of_a_file_has_the_same_numbers(W):
    for one, other in zip(live_elements.read(in_parts(W)), live_elements.read(W), strict=True):
        np.testing.assert_array_equal(one, other)
    if np.any(W):
        found = [large_elements.find(each, variance=3.0) for each in (W, in_parts(W))]
        assert found[0] == found[1]


@pytest.mark.usefixtures("small_blocks")
@given(matrices(), st.sampled_from([0.1, 3.0, 100.0]))
def test_large_elements_are_those_of_the_whole(W, variance):
    alive, _ = naive(W)
    if not alive.size:
        return
    found = large_elements.find(W, variance=variance)
    limit = math.sqrt(variance) * alive.size**0.25
    apart = abs(alive - alive.mean())
    unsure = abs(apart / limit - 1) < 1e-12
    if not unsure.any():
        assert found.num == (apart > limit).sum()
        others = alive[apart <= limit]
        mean = abs(others.mean()) if others.size else 0.0
        expected = mean * alive.size**0.25 / math.sqrt(variance)
        assert found.mean_strength == pytest.approx(expected, rel=1e-9, abs=1e-9)
    assert found.strength == pytest.approx(apart.max() / limit, rel=1e-12)


def test_the_sample_of_the_default_size_is_that_of_the_kurtosis():
    W = np.random.default_rng(0).standard_normal((700, 300))
    np.testing.assert_array_equal(live_elements.read(W).sample, elements._sample(W))
    W[5] = 0
    alive = elements.alive(W)
    np.testing.assert_array_equal(live_elements.read(W).sample, elements._sample(alive))


@pytest.mark.usefixtures("small_blocks")
def test_places_are_those_of_the_whole_matrix():
    W = np.random.default_rng(0).standard_normal((50, 90))
    W[:, 7] = W[20] = 0
    W[33, 80] = W[2, 9] = 99.0
    W[49, 0] = -200.0
    assert large_elements.find(W, variance=1.0).where == "elements (49, 0), (2, 9), (33, 80)"
    W[:, 41] *= 80
    assert large_elements.find(in_parts(W.T), variance=1.0).where == "row 41"
