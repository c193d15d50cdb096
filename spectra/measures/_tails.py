"""Measures of the tail: the power law, the evidence for it, and what noise would give."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, TypedDict, get_args

import numpy as np

import spectra.linalg.norms as _norms
import spectra.noise.baselines as _nulls
import spectra.tails.alternatives as _alternatives
import spectra.tails.ambiguity as _minima
import spectra.tails.bootstrap as _bootstrap
import spectra.tails.hill as _hill
import spectra.tails.power_law as _power_law
from spectra.results.verdicts import Likelier, Support, judge, likelier, weigh
from spectra.tails.alternatives import Law, Vuong

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Unpack

    from spectra.linalg.eigen import Spectrum
    from spectra.tails.hill import Half
    from spectra.tails.options import Convention

__all__ = ["evidence", "hill", "power_law"]


def power_law(spectrum: Spectrum, /, **convention: Unpack[Convention]) -> Mapping[str, float]:
    """
    Fit a power law to the tail and say what its exponent means.

    Parameters
    ----------
    spectrum : Spectrum
        Of one layer; eigenvalues that are zero to within rounding are left out.
    **convention
        As in :func:`spectra.tails.power_law.fit`.

    Returns
    -------
    mapping of str to float
        `alpha`, `xmin`, `xmax`, `D`, `sigma`, `num_pl_spikes`, `alpha_weighted`,
        `log_alpha_norm`, `fit_status` and `verdict`; `alpha_noise` and `D_noise`, those of a tail
        as long in noise of the same shape.

    Raises
    ------
    ArgumentError
        If a keyword is wrong.

    Examples
    --------
    >>> from spectra.linalg.eigen import spectrum
    >>> power_law(spectrum([[1.0, 2.0]]))["fit_status"]
    <FitStatus.TOO_FEW_EIGENVALUES: 2>
    """
    values = spectrum.eigenvalues
    fit = _power_law.fit(values[values > spectrum.zero], **convention)
    topmost = convention.get("xmax") is None
    share, ratio = fit.num_tail / len(values) if topmost else 0.0, spectrum.ratio
    return {
        "alpha": fit.alpha,
        "xmin": fit.xmin,
        "xmax": fit.xmax,
        "D": fit.D,
        "sigma": fit.sigma,
        "num_pl_spikes": fit.num_tail,
        "alpha_weighted": fit.alpha * _norms.log10(spectrum.lambda_max),
        "log_alpha_norm": _norms.log_schatten(values, fit.alpha),
        "fit_status": fit.status,
        "verdict": judge(fit.alpha),
        "alpha_noise": _nulls.hill_alpha(ratio, fraction=share) if share else math.nan,
        "D_noise": _nulls.tail_distance(ratio, fraction=share) if share else math.nan,
    }


def hill(spectrum: Spectrum, /, *, convention: Half = "code") -> Mapping[str, float]:
    """
    Estimate the exponent of the larger half of the spectrum, without a search for a threshold.

    Parameters
    ----------
    spectrum : Spectrum
        Of one layer; eigenvalues that are zero to within rounding are left out.
    convention : {"code", "paper"}, default: "code"
        As in :func:`spectra.tails.hill.half`.

    Returns
    -------
    mapping of str to float
        `alpha_hill`, and `alpha_hill_noise`, that of noise of the same shape.

    Raises
    ------
    ArgumentError
        If a keyword is wrong.

    Examples
    --------
    >>> import numpy as np
    >>> from spectra.linalg.eigen import spectrum
    >>> found = hill(spectrum(np.random.default_rng(0).standard_normal((400, 200))))
    >>> round(found["alpha_hill"], 1), round(found["alpha_hill_noise"], 1)
    (2.8, 2.7)
    """
    values = spectrum.eigenvalues
    alpha = _hill.half(values[values > spectrum.zero], convention=convention)
    return {
        "alpha_hill": alpha if math.isfinite(alpha) else math.nan,
        "alpha_hill_noise": _nulls.hill_alpha(spectrum.ratio),
    }


def evidence(
    spectrum: Spectrum,
    /,
    *,
    level: float = 0.9,
    resamples: int = 100,
    seed: int = 0,
    **convention: Unpack[Convention],
) -> Mapping[str, float]:
    """
    Say how sure alpha is, and whether the tail is a power law.

    Parameters
    ----------
    spectrum : Spectrum
        Of one layer; eigenvalues that are zero to within rounding are left out.
    level : float, default: 0.9
        Of the confidence intervals.
    resamples : int, default: 100
        Samples fitted for the intervals, and as many for the p-value.
    seed : int, default: 0
        Of these samples; every layer has the same.
    **convention
        As in :func:`spectra.tails.power_law.fit`; should be that of :func:`power_law`.

    Returns
    -------
    mapping of str to float
        `interval_level`, `alpha_low`, `alpha_high`, `xmin_low`, `xmin_high`, `alpha_precision`,
        `p_value`, `p_precision`, `alpha_rival`, `power_law`, `likelier_law`, and for each other
        law its likelihood ratio and p-value.

    Raises
    ------
    ArgumentError
        If a keyword is wrong.

    Notes
    -----
    The other laws have no end: with `xmax` there are no ratios, so that the p-value can reject the
    power law and nothing can support it. Rivals are looked for among up to 20,000 eigenvalues;
    beyond, a scan takes too long.

    Examples
    --------
    >>> import numpy as np
    >>> from spectra.linalg.eigen import spectrum
    >>> weights = np.random.default_rng(1).standard_t(1.5, (400, 200))
    >>> found = evidence(spectrum(weights))
    >>> found["power_law"].name, found["alpha_low"] < 1.75 < found["alpha_high"]
    ('SUPPORTED', True)
    """
    x = spectrum.eigenvalues[spectrum.eigenvalues > spectrum.zero]
    fit = _power_law.fit(x, **convention)
    sampling: _Sampling = {"resamples": resamples, "seed": seed}
    interval = _bootstrap.interval(x, level=level, **sampling, **convention)
    goodness = _bootstrap.goodness_of_fit(x, **sampling, **convention)
    unbounded = convention.get("xmax") is None  # as the other laws are
    tail = np.sort(x)[len(x) - fit.num_tail :]  # the very data of the fit, whatever its ties
    tests = _alternatives.compare(tail, xmin=fit.xmin) if len(tail) and unbounded else _NO_TESTS
    support = weigh(fit.num_tail, goodness.p, tests)
    judged = support not in {Support.NOT_FITTED, Support.TOO_FEW_POINTS}
    few = 0 < len(x) <= _MAX_SCANNED
    rival = _minima.rival(_minima.local_minima(x, **convention)) if few else math.nan
    return {
        "interval_level": interval.level,
        "alpha_low": interval.alpha_low,
        "alpha_high": interval.alpha_high,
        "alpha_precision": interval.precision,
        "xmin_low": interval.xmin_low,
        "xmin_high": interval.xmin_high,
        "p_value": goodness.p,
        "p_precision": goodness.precision,
        "alpha_rival": rival,
        "power_law": support,
        "likelier_law": likelier(tests) if judged else Likelier.NONE,
        **{f"R_{law}": test.R for law, test in tests.items()},
        **{f"p_{law}": test.p for law, test in tests.items()},
    }


class _Sampling(TypedDict):
    resamples: int
    seed: int


_MAX_SCANNED = 20_000
_NO_TESTS: dict[Law, Vuong] = dict.fromkeys(get_args(Law)[1:], Vuong(math.nan, math.nan, math.nan))
