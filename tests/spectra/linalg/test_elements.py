"""Elements: medians and spreads found in blocks are those of numpy, whatever the stored type."""

import math

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spectra.linalg import elements, far_elements

TYPES = [np.float64, np.float32, np.float16, ml_dtypes.bfloat16, np.int8]
STD = 1.482602218505602  # standard deviation of normal numbers over their median distance


def spread_by_sorting(live):
    """Return median and standard deviation by the definition, with the whole in memory."""
    live = live.astype(np.float64) if live.dtype != np.float32 else live
    median = np.median(live)
    apart = np.abs(live - median)
    off = apart[apart > 0]
    if not len(off):
        return median, 0.0
    rough = STD * float(np.median(off if 2 * len(off) < apart.size else apart))
    near = off[off <= 4 * rough].astype(np.float64)
    return median, math.sqrt(np.mean(near**2)) if len(near) else rough


@given(
    st.sampled_from(TYPES), st.integers(1, 30), st.integers(1, 30),
    st.sampled_from([1.0, 0.6, 0.3]), st.integers(0, 100), st.booleans(),
)  # fmt: skip
def test_median_and_spread_are_those_of_sorted_elements(dtype, m, n, share, seed, dead):
    rng = np.random.default_rng(seed)
    W = 10 * rng.standard_normal((m, n)) * (rng.random((m, n)) < share) - 1.0
    if dead:
        W[: m // 2], W[:, : n // 3] = 0, 0
    W = W.clip(-99, 99).astype(dtype)
    live = elements.alive(W)
    found = elements.look(W)
    assert found.size == live.size
    if live.size:
        median, scale = spread_by_sorting(live)
        assert found.median == median
        assert found.scale == pytest.approx(
            float(scale), rel=1e-6 if dtype == np.float32 else 1e-12
        )


def test_large_matrices_are_looked_at_in_blocks(monkeypatch):
    W = np.random.default_rng(0).standard_normal((300, 70)).astype(np.float32)
    W[5, 6] = 40.0
    for shaped in (W, W.T):
        whole = elements.look(shaped)
        far = far_elements.find(shaped, centre=0.5, limit=3.0)
        with monkeypatch.context() as patched:
            for name in ("live_elements.BLOCK", "_numbers._PART"):
                patched.setattr(f"spectra.linalg.{name}", 900)
            parts = elements.look(shaped)
            far_in_parts = far_elements.find(shaped, centre=0.5, limit=3.0)
        assert parts == pytest.approx(whole, rel=1e-12)
        assert (parts.median, parts.size) == (whole.median, whole.size)
        assert (far_in_parts.num, far_in_parts.largest) == (far.num, far.largest)
        assert far.num == np.sum(np.abs(shaped.astype(float) - 0.5) > 3.0)


@pytest.mark.parametrize("dtype", TYPES[:4])
def test_elements_that_are_not_numbers_have_no_median(dtype):
    W = np.array([[1.0, 2.0], [np.nan, 3.0]]).astype(dtype)
    found = elements.look(W)
    assert math.isnan(found.median)
    assert (found.scale, found.limit) == (0.0, math.inf)
    assert not elements.huge(W).any()


def test_zeros_of_dead_lines_are_not_huge():
    """However far the other elements are from zero."""
    W = np.random.default_rng(0).standard_normal((60, 40)) + 50.0
    W[7], W[:, 9], W[3, 4] = 0, 0, 90.0
    assert np.argwhere(elements.huge(W)).tolist() == [[3, 4]]
    assert elements.where(W) == "element (3, 4)"


def test_places_of_a_matrix_only():
    with pytest.raises(ValueError, match="`W` must be a matrix, got 1-D"):
        elements.where([1.0, 2.0])
