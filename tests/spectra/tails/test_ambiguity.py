"""Local minima of D(xmin), and whether they agree."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spectra.tails import ambiguity, power_law


def pareto(rng, alpha, size):
    return (1 - rng.random(size)) ** (-1 / (alpha - 1))


@given(st.integers(0, 2**32), st.integers(2, 120))
def test_minima_are_below_their_neighbours(seed, size):
    data = pareto(np.random.default_rng(seed), 2.5, size)
    scan = power_law.scan(data, estimator="n")
    found = ambiguity.local_minima(data, estimator="n")
    D = [math.inf, *scan.D, math.inf]
    expected = [i for i in range(len(scan.D)) if D[i + 1] < D[i] and D[i + 1] <= D[i + 2]]
    assert list(found.xmin) == list(scan.xmin[expected])
    assert list(found.alpha) == list(scan.alpha[expected])
    assert found.xmin[found.D.argmin()] == power_law.fit(data, estimator="n").xmin


def test_true_power_laws_are_rarely_ambiguous():
    rng = np.random.default_rng(0)
    flagged = [ambiguity.rival(ambiguity.local_minima(pareto(rng, 2.5, 300))) for _ in range(300)]
    assert 0 < np.isfinite(flagged).sum() <= 30


def made_up(alphas, sigmas, *, D=(0.03, 0.04, 0.05), num=(100.0, 100.0, 100.0), plausible=True):
    return ambiguity.Minima(
        xmin=np.arange(3.0),
        alpha=np.array(alphas),
        sigma=np.array(sigmas),
        D=np.array(D),
        num_tail=np.array(num),
        plausible=np.broadcast_to(plausible, 3),
    )


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (made_up([2.0, 3.0, 2.1], [0.1, 0.1, 0.1]), 3.0),
        (made_up([2.0, 3.0, 2.1], [0.5, 0.5, 0.5]), math.nan),
        (made_up([2.0, 3.0, 2.1], [0.1, 0.1, 0.1], num=(100.0, 9.0, 100.0)), math.nan),
        (made_up([2.0, 3.0, 2.1], [0.1, 0.1, 0.1], plausible=False), math.nan),
        (made_up([3.0, 2.0, 2.1], [0.1, 0.1, 0.1]), 2.0),
        (made_up([2.1, 3.0, 2.0], [0.1, 0.1, 0.1]), 3.0),
    ],
)
def test_rival_is_the_plausible_tail_that_disagrees(found, expected):
    assert ambiguity.rival(found) == pytest.approx(expected, nan_ok=True)


samples = st.builds(
    lambda seed, size, digits: np.round(
        pareto(np.random.default_rng(seed), 2.5, size) + np.arange(size) % 3, digits
    ),
    st.integers(0, 2**32),
    st.integers(2, 150),
    st.sampled_from([1, 2, 12]),
)


@given(samples, st.sampled_from([{}, {"distance": "two-sided"}, {"ties": "each"}, {"xmin": 1.5}]))
def test_plausible_minima_are_all_that_a_rival_needs(x, options):
    every = ambiguity.local_minima(x, **options)
    fewer = ambiguity.local_minima(x, plausible=True, **options)
    kept = [
        list(zip(found.xmin[found.plausible], found.D[found.plausible], strict=True))
        for found in (every, fewer)
    ]
    assert kept[0] == kept[1]
    if len(every.D):
        assert fewer.D.min() == every.D.min()
        assert fewer.xmin[fewer.D.argmin()] == every.xmin[every.D.argmin()]
    np.testing.assert_array_equal(ambiguity.rival(every), ambiguity.rival(fewer))
