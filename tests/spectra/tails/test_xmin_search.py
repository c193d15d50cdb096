"""The search for the start of the tail, against the plain scan of every candidate."""

import math
from typing import Any

import numpy as np
import pytest

from spectra.tails import power_law, xmin_search
from spectra.tails.xmin_search import distances, longest, search


def pareto(rng, size):
    return (1 - rng.random(size)) ** (-1 / rng.uniform(0.3, 4))


def lognormal(rng, size):
    return rng.lognormal(0, rng.uniform(0.2, 3), size)


def gram(weights):
    return np.linalg.eigvalsh(weights.T @ weights)


def pooled(draw, size):
    """Return the eigenvalues of one matrix, or pooled of as many as it takes."""
    side = min(size, 300)
    return np.concatenate([gram(draw(side)) for _ in range(-(-size // side))])[:size]


def marchenko_pastur(rng, size):
    aspect = rng.uniform(1.05, 4)
    return pooled(lambda side: rng.standard_normal((int(side * aspect) + 1, side)), size)


def heavy_tailed_wishart(rng, size):
    freedom = rng.uniform(1, 4)
    return pooled(lambda side: rng.standard_t(freedom, (2 * side, side)), size)


def ties(rng, size):
    return np.ceil(10 ** rng.uniform(0, 3) * pareto(rng, size))


def duplicates(rng, size):
    return np.repeat(pareto(rng, (size + 2) // 3), 3)


def below_a_break(rng, size):
    return np.where(rng.random(size) < 0.3, pareto(rng, size), rng.beta(2, 1, size))


DRAWS = [
    *(pareto, lognormal, marchenko_pastur, heavy_tailed_wishart),
    *(ties, duplicates, below_a_break),
]
SEEDS = range(100)
each_draw = pytest.mark.parametrize("draw", DRAWS, ids=lambda draw: draw.__name__)


def plain_scan(data):
    """Alpha and D for every candidate, from equations 3.1 and 3.9 of Clauset et al."""
    x = np.sort(data)
    correction, shortest = (0, 2) if len(x) >= 20 else (1, 8)
    found = []
    for i in range(len(x) - shortest + 1):
        tail = x[i:]
        logs = np.log(tail / x[i])
        n = len(tail)
        if not logs.sum() > 1e-12 * n:
            found.append((math.inf, 1.0))
            continue
        alpha = 1 + (n - correction) / logs.sum()
        with np.errstate(under="ignore"):
            D = np.abs((tail / x[i]) ** (1 - alpha) - (n - np.arange(n)) / n).max()
        found.append((alpha, D))
    return np.array(found).reshape(-1, 2).T


@pytest.mark.slow
@each_draw
@pytest.mark.parametrize("batch", range(3))
def test_search_finds_what_the_plain_scan_finds(draw, batch):
    """2,100 samples of 2 to 20,000 points: the same datum, the same alpha."""
    for seed in SEEDS:
        rng = np.random.default_rng([batch, seed])
        largest = 20_000 if seed < 3 else 1_000
        data = draw(rng, int(math.exp(rng.uniform(math.log(2), math.log(largest)))))
        alpha, D = plain_scan(data)
        fit = power_law.fit(data, ties="each")
        if not len(D) or D.min() == 1.0:
            assert fit.num_tail == 0
            continue
        best = int(D.argmin())
        start = np.sort(data)[best]
        assert (fit.xmin, fit.num_tail) == (start, (data >= start).sum()), (seed, len(data))
        assert math.isclose(fit.alpha, alpha[best], rel_tol=1e-9)
        assert math.isclose(fit.D, D[best], rel_tol=1e-9)


CONVENTIONS: list[dict[str, Any]] = [
    {"distance": "two-sided"},
    {"estimator": "n-1"},
    {"estimator": "n-2"},
    {"ties": "clauset"},
    {"ties": "distinct"},
    {"ties": "distinct", "distance": "two-sided"},
    {"xmax": 30.0},
    {"xmin": (1.2, 4.0)},
]


@pytest.mark.parametrize("options", CONVENTIONS, ids=str)
@pytest.mark.parametrize("draw", [pareto, lognormal, ties, duplicates], ids=lambda d: d.__name__)
def test_every_convention_finds_the_best_of_its_own_scan(draw, options):
    for seed in range(30):
        rng = np.random.default_rng(seed)
        data = draw(rng, int(rng.integers(2, 300)))
        scan = power_law.scan(data, **options)
        fit = power_law.fit(data, **options)
        found = np.isfinite(scan.alpha)
        if not found.any():
            assert fit.num_tail == 0
            continue
        best = int(np.where(found, scan.D, np.inf).argmin())
        assert (fit.xmin, fit.num_tail) == (scan.xmin[best], scan.num_tail[best])
        assert (fit.alpha, fit.D) == (scan.alpha[best], scan.D[best])


def test_samples_fitted_together_are_fitted_alike():
    rng = np.random.default_rng(0)
    samples = np.array([pareto(rng, 200) for _ in range(50)])
    together = power_law.fits(samples)
    for i, sample in enumerate(samples):
        alone = power_law.fit(sample)
        assert (alone.alpha, alone.xmin, alone.D) == tuple(column[i] for column in together[:3])
        assert (alone.sigma, alone.num_tail) == (together.sigma[i], together.num_tail[i])


def test_few_candidates_are_evaluated_in_full(monkeypatch):
    """The reason that the search is fast: not one in a hundred is evaluated."""
    evaluated = []
    worst = xmin_search._worst

    def counted(tails, row, *rest):
        evaluated.append(len(row))
        return worst(tails, row, *rest)

    monkeypatch.setattr(xmin_search, "_worst", counted)
    for draw in (pareto, lognormal, below_a_break):
        evaluated.clear()
        power_law.fit(draw(np.random.default_rng(0), 5000))
        assert 1 <= sum(evaluated) <= 50


def test_equal_distances_go_to_the_longest_tail():
    """A tail of two points is 0.365 from its law whatever they are; so is one of ten doubles."""
    two = power_law.fit([1.0, 1.0, 3.0, 3.0], ties="distinct", estimator="n")
    assert (two.num_tail, two.xmin) == (4, 1.0)


@pytest.mark.parametrize("draw", [pareto, lognormal, below_a_break], ids=lambda d: d.__name__)
def test_longest_tail_is_the_first_that_passes(draw):
    for seed in range(20):
        x = np.sort(draw(np.random.default_rng(seed), 300))
        found = power_law.tails(np.log(x[None]))
        D = power_law.scan(x, distance="two-sided").D
        n = 300 - np.arange(len(D))
        passed = (D - 0.2 / n) * (np.sqrt(n) + 0.26 + 0.5 / np.sqrt(n)) <= 1.094
        before = int(passed.argmax()) + 40
        assert longest(found, before=before) == passed.argmax()
        assert longest(found, before=int(passed.argmax())) == passed.argmax()


def test_distances_of_hand():
    """Of (1, e): alpha - 1 is 2, so the law has reached 1 - e**-2 where the data are at 1/2."""
    found = power_law.tails(np.array([[0.0, 1.0]]), estimator="n")
    assert distances(found) == pytest.approx([0.5 - math.exp(-2)])
    both = power_law.tails(np.array([[0.0, 1.0]]), estimator="n", distance="two-sided")
    assert distances(both) == pytest.approx([0.5])  # the step at the smallest datum
    assert search(both)[1] == pytest.approx([0.5])


@pytest.mark.parametrize("distance", ["lower", "two-sided"])
def test_data_without_randomness_are_searched_too(distance):
    """Exact quantiles deviate nowhere more than elsewhere, so that no bound can decide."""
    x = (1 - (np.arange(3000) + 0.5) / 3000) ** (-1 / 1.5)
    for data in (x, np.linspace(1, 2, 3000), np.geomspace(1, 1e3, 3000)):
        scan = power_law.scan(data, distance=distance)
        fit = power_law.fit(data, distance=distance)
        assert scan.D[3000 - fit.num_tail] == fit.D == scan.D.min()


def test_samples_that_need_patience_are_searched_together(monkeypatch):
    x = (1 - (np.arange(400) + 0.5) / 400) ** (-1 / 1.5)
    samples = np.array([x, x**2, np.sort(pareto(np.random.default_rng(0), 400)), x])
    expected = power_law.fits(samples, distance="two-sided")
    monkeypatch.setattr(xmin_search, "_PATIENCE", 2)
    found = power_law.fits(samples, distance="two-sided")
    assert np.array_equal(found, expected)


@pytest.mark.parametrize("options", [{"estimator": "n"}, {"xmin": (1.2, 1.5)}, {"xmax": 20.0}])
def test_a_row_is_fitted_alike_whatever_rows_are_with_it(options):
    """A row without any candidate stays without, though the others have some."""
    rng = np.random.default_rng(0)
    rows = [
        np.linspace(1, 2, 30),
        np.full(30, 3.0),
        np.linspace(5, 9, 30),
        np.minimum(pareto(rng, 30), 19.0),
        np.append(np.ones(29), 2.0),
    ]
    together = power_law.fits(rows, **options)
    for i, row in enumerate(rows):
        alone = power_law.fits([row], **options)
        assert np.array_equal(
            [column[0] for column in alone], [column[i] for column in together], equal_nan=True
        )
    assert np.isnan(together.alpha).any()
