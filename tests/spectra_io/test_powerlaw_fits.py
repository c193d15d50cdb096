"""Fits handed over to the powerlaw package, and taken back, with versions 1.5 and 2."""

import contextlib
import importlib.metadata
import io
import subprocess
import sys
import warnings

import numpy as np
import pytest
from scipy.optimize import minimize_scalar

import spectra
from spectra.errors import ArgumentError
from spectra.tails import alternatives, power_law
from spectra_io.powerlaw_fits import from_powerlaw, to_powerlaw
from tests.builders import environment

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of version 1.5
    import powerlaw

VERSION = int(importlib.metadata.version("powerlaw").partition(".")[0])


def pareto(alpha, n=300):
    return (1 - np.random.default_rng(int(10 * alpha)).random(n)) ** (-1 / (alpha - 1))


def noise():
    W = np.random.default_rng(1).standard_normal((400, 200))
    return np.linalg.svd(W, compute_uv=False) ** 2


def heavy():
    W = np.random.default_rng(2).standard_t(3, (300, 150))
    return np.linalg.svd(W, compute_uv=False) ** 2


DATA = {
    **{f"pareto {alpha}": pareto(alpha) for alpha in (1.2, 1.5, 2.0, 2.5, 3.0, 3.5, 5.0, 9.0)},
    "lognormal": np.exp(np.random.default_rng(0).standard_normal(500)),
    "noise": noise(),
    "heavy-tailed matrix": heavy(),
    "scaled by 1e-9": 1e-9 * pareto(2.5),
}


def quietly(data, **options):
    """Let the package fit by itself: with a search that prints, and warns."""
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        found = powerlaw.Fit(data, **options)
        _ = found.power_law  # fitted when it is asked for
        return found


@pytest.mark.parametrize("data", DATA.values(), ids=DATA)
def test_a_fit_handed_over_has_the_same_numbers(data):
    fit = power_law.fit(data)
    theirs = to_powerlaw(data, fit)
    assert theirs.xmin == fit.xmin
    assert theirs.power_law.alpha == pytest.approx(fit.alpha, rel=1e-9)
    assert pytest.approx(fit.D, abs=1e-12) == theirs.power_law.D
    back = from_powerlaw(theirs)
    assert back[:-1] == pytest.approx(fit[:-1], rel=1e-9)
    assert back.status is fit.status


def bounded_alpha(data, low, high):
    """Maximize the likelihood of a power law from low to high, by brute force."""
    z, length = np.log(data / low), np.log(high / low)

    def cost(rate):
        total = length if rate == 0 else -np.expm1(-rate * length) / rate
        return rate * z.mean() + np.log(total)

    return 1 + minimize_scalar(cost, bounds=(-9, 9), method="bounded", options={"xatol": 1e-10}).x


ENDING = {
    "beyond the data": (pareto(2.0)[pareto(2.0) <= 20], 50.0),
    "below some data": (pareto(2.0), 20.0),
    "at an inner datum": (pareto(2.0), float(np.sort(pareto(2.0))[250])),
    "growing": (np.random.default_rng(0).uniform(1, 10, 500), 9.0),
}


@pytest.mark.parametrize(("data", "xmax"), ENDING.values(), ids=ENDING)
def test_a_law_that_ends_is_handed_over_with_its_end(data, xmax):
    fit = power_law.fit(data, xmin=1.0, xmax=xmax)
    theirs = to_powerlaw(data, fit)
    assert (theirs.xmin, theirs.xmax) == (1.0, xmax)
    tail = data[data <= xmax]
    assert fit.alpha == pytest.approx(bounded_alpha(tail, 1.0, xmax), abs=1e-6)
    expected = fit.alpha
    if VERSION < 2:  # the estimate of a law without an end
        expected = 1 + len(tail) / np.log(tail).sum()
    assert theirs.power_law.alpha == pytest.approx(expected, abs=1e-3)
    back = from_powerlaw(theirs)
    assert (back.xmax, back.num_tail) == (xmax, fit.num_tail)
    assert np.isnan(back.sigma)


def test_a_law_that_ends_by_the_package_alone():
    """The row in docs/power-laws.md: both versions have the alpha of a law without an end."""
    data = pareto(2.0)
    tail = data[data <= 20.0]
    theirs = quietly(data, xmin=1.0, xmax=20.0).power_law.alpha
    assert theirs == pytest.approx(1 + len(tail) / np.log(tail).sum())
    assert abs(theirs - power_law.fit(data, xmin=1.0, xmax=20.0).alpha) > 0.05


def test_the_fit_of_a_spectrum_is_the_default():
    spectrum = spectra.spectrum(np.random.default_rng(0).standard_t(3, (100, 60)))
    theirs = to_powerlaw(spectrum)
    assert theirs.power_law.alpha == pytest.approx(spectrum.tail.alpha, rel=1e-9)
    assert to_powerlaw(spectrum.eigenvalues).xmin == theirs.xmin


@pytest.mark.parametrize("alpha", [3.5, 5.0, 9.0])
def test_steep_tails_by_the_package_alone(alpha):
    """The disagreement in the docs: version 2 returns the end of its range, version 1 does not."""
    fit = power_law.fit(pareto(alpha))
    theirs = quietly(pareto(alpha), xmin=fit.xmin).power_law.alpha
    expected = 3.0 if VERSION >= 2 else fit.alpha
    assert theirs == pytest.approx(expected, rel=1e-3)


def test_equal_data_at_the_start_of_a_tail_are_all_in_theirs():
    data = np.round(pareto(2.5), 1)
    fit = power_law.fit(data)
    theirs = from_powerlaw(to_powerlaw(data, fit))
    assert theirs.num_tail == fit.num_tail == np.count_nonzero(data >= fit.xmin)
    assert theirs.alpha == pytest.approx(fit.alpha, rel=1e-9)
    same = power_law.fit(data, ties="distinct")
    theirs = from_powerlaw(to_powerlaw(data, same))
    assert theirs[:-1] == pytest.approx(same[:-1], rel=1e-9)


def test_fewer_than_twenty_data_have_another_estimate():
    data = pareto(2.5, n=15)
    fit, same = power_law.fit(data), power_law.fit(data, xmin=1.1, estimator="n")
    theirs = to_powerlaw(data, fit).power_law.alpha
    assert (theirs - 1) / (fit.alpha - 1) == pytest.approx(fit.num_tail / (fit.num_tail - 1))
    assert to_powerlaw(data, same).power_law.alpha == pytest.approx(same.alpha, rel=1e-9)


def test_plots_and_comparisons_of_the_package_work():
    theirs = to_powerlaw(DATA["pareto 2.5"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        R, p = theirs.distribution_compare("power_law", "exponential", normalized_ratio=True)
        axes = theirs.plot_ccdf()
        theirs.power_law.plot_ccdf(ax=axes)
    ours = alternatives.compare(DATA["pareto 2.5"], xmin=theirs.xmin)["exponential"]
    assert (R, p) == pytest.approx((ours.R, ours.p), rel=1e-2)  # their simplex stops early
    assert len(axes.lines) == 2


def test_what_is_not_a_fit_is_refused():
    with pytest.raises(ArgumentError, match="too few eigenvalues"):
        to_powerlaw([1.0, 2.0])
    other = power_law.fit(pareto(2.5))
    for data in (pareto(2.5) * 1e6, np.random.default_rng(7).pareto(1.5, 300) + 1):
        with pytest.raises(ArgumentError, match="must be the data of the fit"):
            to_powerlaw(data, other)
    with pytest.raises(ArgumentError, match=r"must be a powerlaw.Fit of continuous data, got list"):
        from_powerlaw([])
    counts = quietly([1, 2, 2, 3, 5, 8, 13], discrete=True, xmin=1)
    with pytest.raises(ArgumentError, match="got a fit of counts"):
        from_powerlaw(counts)


@pytest.mark.slow
def test_the_package_is_imported_when_called():
    code = "import sys, spectra_io.powerlaw_fits; sys.exit('powerlaw' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], env=environment()).returncode == 0
