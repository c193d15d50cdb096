"""Measures of the tail: power law, Hill exponent, evidence, and the values of noise."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, TypedDict, get_args

import spectra.linalg.norms as _norms
import spectra.noise.baselines as _baselines
import spectra.tails.alternatives as _alternatives
import spectra.tails.ambiguity as _ambiguity
import spectra.tails.bootstrap as _bootstrap
import spectra.tails.hill as _hill
from spectra.tails.alternatives import Law, Vuong
from spectra.tails.support import FEWEST, Likelier, Support, likelier_law, power_law_support

if TYPE_CHECKING:
    from collections.abc import Mapping

    from spectra._spectrum import Spectrum
    from spectra._typing import FloatArray
    from spectra.tails.hill import Half
    from spectra.tails.power_law import PowerLawFit

__all__ = ["evidence", "hill_fit", "tail_fit"]


def tail_fit(spectrum: Spectrum, /) -> Mapping[str, float]:
    """
    Return the power law fitted to the tail, and the exponent that noise would have.

    Parameters
    ----------
    spectrum : Spectrum
        Spectrum of one layer; the fit is its :attr:`~spectra.Spectrum.tail`.

    Returns
    -------
    mapping of str to float
        `alpha`, `xmin`, `xmax`, `D`, `sigma`, `num_tail`, `alpha_weighted`, `log_alpha_norm`,
        `fit_status`; `alpha_noise` and `D_noise`, the values for a tail of the same
        length in noise of the same shape, and of the same scale in each of several matrices.

    Examples
    --------
    >>> from spectra import spectrum
    >>> tail_fit(spectrum([[1.0, 2.0]]))["fit_status"]
    <FitStatus.TOO_FEW_EIGENVALUES: 2>
    """
    fit, ratio = spectrum.tail, spectrum.ratio
    topmost = spectrum.tail_options.get("xmax") is None
    share = fit.num_tail / len(spectrum.eigenvalues) if topmost else 0.0
    null: _Null = {"fraction": share, "scales": spectrum.scales}
    return {
        "alpha": fit.alpha,
        "xmin": fit.xmin,
        "xmax": fit.xmax,
        "D": fit.D,
        "sigma": fit.sigma,
        "num_tail": fit.num_tail,
        "alpha_weighted": fit.alpha * (_norms.log10(spectrum.lambda_max) + spectrum.decades),
        "log_alpha_norm": _norms.log_schatten(spectrum, fit.alpha) + fit.alpha * spectrum.decades,
        "fit_status": fit.status,
        "alpha_noise": _baselines.hill_alpha(ratio, **null) if share else math.nan,
        "D_noise": _baselines.tail_distance(ratio, **null) if share else math.nan,
    }


def hill_fit(spectrum: Spectrum, /, *, variant: Half = "code") -> Mapping[str, float]:
    """
    Estimate the power-law exponent of the larger half of the eigenvalues, with no search for xmin.

    Parameters
    ----------
    spectrum : Spectrum
        Spectrum of one layer; eigenvalues that are zero to within rounding are left out.
    variant : {"code", "paper"}, default: "code"
        Variant of the estimate, as in :func:`spectra.tails.hill.half`.

    Returns
    -------
    mapping of str to float
        `alpha_hill`, and `alpha_hill_noise`, the exponent of noise of the same shape.

    Raises
    ------
    ArgumentError
        If `variant` is unknown.

    Examples
    --------
    >>> import numpy as np
    >>> from spectra import spectrum
    >>> found = hill_fit(spectrum(np.random.default_rng(0).standard_normal((400, 200))))
    >>> round(found["alpha_hill"], 1), round(found["alpha_hill_noise"], 1)
    (2.8, 2.7)
    """
    alpha = _hill.half(spectrum, variant=variant)
    return {
        "alpha_hill": alpha if math.isfinite(alpha) else math.nan,
        "alpha_hill_noise": _baselines.hill_alpha(spectrum.ratio, scales=spectrum.scales),
    }


def evidence(
    spectrum: Spectrum,
    /,
    *,
    confidence: float = 0.9,
    resamples: int = 100,
) -> Mapping[str, float]:
    """
    Compute the interval of alpha, and test whether the tail is a power law.

    Parameters
    ----------
    spectrum : Spectrum
        Spectrum of one layer; eigenvalues that are zero to within rounding are left out.
    confidence : float, default: 0.9
        Probability that the intervals cover the true values.
    resamples : int, default: 100
        Number of samples fitted for the intervals, and again for the p-value, drawn with the `rng`
        of the spectrum.

    Returns
    -------
    mapping of str to float
        `interval_confidence`, `alpha_low`, `alpha_high`, `xmin_low`, `xmin_high`,
        `alpha_precision`, `p_value`, `p_precision` and `alpha_rival`, of the fitted tail, with the
        likelihood ratio and p-value of each other law; `power_law_support` and `likelier_law`, with
        `support_p`, `support_alpha` and `support_num`, the numbers that they rest on.

    Raises
    ------
    ArgumentError
        If `confidence` is not between 0 and 1, or `resamples` is not a whole number from 1.

    Notes
    -----
    A power law is supported only by eigenvalues above the noise, at least 20 of them: the side of a
    bulk of noise and a few spikes often look like a power law. Where fewer are above the noise, the
    p-value of the fitted tail can reject the power law, and nothing can support it.

    The other laws have no upper end. With `xmax` there are therefore no likelihood ratios. A rival
    of alpha is searched for
    among up to 20,000 eigenvalues only, because the scan of more takes too long.

    Examples
    --------
    >>> import numpy as np
    >>> from spectra import spectrum
    >>> weights = np.random.default_rng(1).standard_t(1.5, (400, 200))
    >>> found = evidence(spectrum(weights))
    >>> found["power_law_support"].name, found["alpha_low"] < 1.75 < found["alpha_high"]
    ('SUPPORTED', True)
    """
    fit, options = spectrum.tail, spectrum.tail_options
    sampling: _Sampling = {"resamples": resamples, "rng": spectrum.rng, "fitted": fit}
    interval = _bootstrap.interval(spectrum, confidence=confidence, **sampling, **options)
    goodness = _bootstrap.goodness_of_fit(spectrum, **sampling, **options)
    tests = _tests(spectrum)
    few = 0 < len(spectrum.nonzero) <= _MAX_SCANNED
    minima = _ambiguity.local_minima(spectrum, plausible=True, **options) if few else None
    rival = math.nan if minima is None else _ambiguity.rival(minima)
    return {
        "interval_confidence": interval.confidence,
        "alpha_low": interval.alpha_low,
        "alpha_high": interval.alpha_high,
        "alpha_precision": interval.precision,
        "xmin_low": interval.xmin_low,
        "xmin_high": interval.xmin_high,
        "p_value": goodness.p,
        "p_precision": goodness.precision,
        "alpha_rival": rival,
        **_support(spectrum, goodness.p, tests),
        **{f"R_{law}": test.R for law, test in tests.items()},
        **{f"p_{law}": test.p for law, test in tests.items()},
    }


def _support(spectrum: Spectrum, p: float, tests: Mapping[Law, Vuong]) -> Mapping[str, float]:
    """Judge the power law by the eigenvalues above the noise, or by the tail if they are few."""
    fit, above = spectrum.tail, spectrum.phase_evidence.excess
    if above.num:
        return {
            "power_law_support": above.support,
            "likelier_law": above.likelier,
            "support_p": above.p,
            "support_alpha": above.alpha,
            "support_num": above.num,
        }
    word = power_law_support(min(fit.num_tail, FEWEST - 1), p, {})
    return {
        "power_law_support": word,
        "likelier_law": likelier_law(tests) if word is Support.REJECTED else Likelier.NONE,
        "support_p": p,
        "support_alpha": fit.alpha,
        "support_num": fit.num_tail,
    }


def _tests(spectrum: Spectrum) -> dict[Law, Vuong]:
    """Return the likelihood ratios of the power law and each law without an upper end."""
    tail, options = spectrum.tail, spectrum.tail_options
    if not tail.num_tail or options.get("xmax") is not None:
        return _NO_TESTS
    return _alternatives.compare(spectrum.in_tail, xmin=tail.xmin)


class _Null(TypedDict):
    fraction: float
    scales: FloatArray | None


class _Sampling(TypedDict):
    resamples: int
    rng: int
    fitted: PowerLawFit


_MAX_SCANNED = 20_000  # eigenvalues among which a rival of alpha is searched for
_NO_TESTS: dict[Law, Vuong] = dict.fromkeys(get_args(Law)[1:], Vuong(math.nan, math.nan, math.nan))
