"""Measures of the trace-log tail, the spacings of eigenvalues and the spread of vectors."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

import spectra.linalg.vectors as _vectors
import spectra.noise.baselines as _baselines
import spectra.noise.erg as _erg
import spectra.noise.spacings as _spacings
import spectra.noise.windows as _windows
from spectra._spectral import matrices_of
from spectra.multiple_tests import holm

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    from spectra._spectrum import Spectrum
    from spectra._typing import FloatArray

__all__ = ["erg_tail", "randomness", "spacing_ratios", "vector_spread"]

_PART = 1 << 18  # elements of vectors that are measured together
_REJECTED = 0.05  # p-value below which the Porter-Thomas test rejects a random vector


def erg_tail(spectrum: Spectrum, /) -> Mapping[str, float]:
    """
    Find the tail whose eigenvalues multiply to 1, and compare it with the power-law tail.

    Parameters
    ----------
    spectrum : Spectrum
        Spectrum of one layer.

    Returns
    -------
    mapping of str to float
        `num_ERG_tail`, `ERG_share`, `ERG_share_noise`, `lambda_ERG`, `ERG_gap`, `ERG_distance`
        and `tail_mean_log`; the last three are ``nan`` without a fit.

    Examples
    --------
    >>> import numpy as np
    >>> from spectra import spectrum
    >>> found = erg_tail(spectrum(np.random.default_rng(0).standard_normal((400, 200))))
    >>> round(found["ERG_share"], 2), round(found["ERG_share_noise"], 2)
    (0.81, 0.81)
    """
    fit, tail = spectrum.tail, _erg.tail(spectrum)
    fitted = math.isfinite(fit.alpha)
    return {
        "num_ERG_tail": float(tail.num),
        "ERG_share": tail.fraction,
        "ERG_share_noise": _baselines.erg_tail(spectrum.ratio).fraction,
        "lambda_ERG": tail.edge,
        "ERG_gap": float(tail.num - fit.num_tail) if fitted else math.nan,
        "ERG_distance": fit.xmin - tail.edge if fitted else math.nan,
        "tail_mean_log": _mean_log_of_tail(spectrum),
    }


def _mean_log_of_tail(spectrum: Spectrum) -> float:
    fit = spectrum.tail
    if not fit.num_tail:
        return math.nan
    return _erg.mean_log(spectrum, start=fit.xmin, end=fit.xmax)


def spacing_ratios(spectrum: Spectrum, /, *, width: int = 50) -> Mapping[str, Any]:
    """
    Measure the repulsion of neighbouring eigenvalues, on average and along the spectrum.

    Parameters
    ----------
    spectrum : Spectrum
        Spectrum of one layer. Spacings are taken within each matrix, without the eigenvalues that
        are zero to within rounding.
    width : int, default: 50
        Number of eigenvalues in a window.

    Returns
    -------
    mapping of str to float or ndarray
        `spacing_ratio` and `spacing_ratio_error`, and for each eigenvalue, the largest first,
        `local_spacing_ratio`.

    Raises
    ------
    ArgumentError
        If `width` is not a whole number from 3.

    Examples
    --------
    >>> import numpy as np
    >>> from spectra import spectrum
    >>> found = spacing_ratios(spectrum(np.random.default_rng(0).standard_normal((400, 200))))
    >>> abs(found["spacing_ratio"] - 0.5307) < 3 * found["spacing_ratio_error"]
    True
    """
    rows = spectrum.by_matrix
    kept = [row[row > spectrum.zero_below] for row in rows]
    ratio, error, num = np.array([_spacings.mean_ratio(values) for values in kept]).T
    local = np.full(rows.shape, math.nan)
    for out, values in zip(local, kept, strict=True):
        out[len(out) - len(values) :] = _spacings.windowed(values, width=width)
    order = np.argsort(-rows, axis=None, kind="stable")
    total = float(num.sum())
    return {
        "spacing_ratio": float(np.nansum(ratio * num)) / total if total else math.nan,
        "spacing_ratio_error": float(np.sqrt(np.sum((error * num)[num > 0] ** 2))) / total
        if total
        else math.nan,
        "local_spacing_ratio": local.ravel()[order],
    }


def randomness(spectrum: Spectrum, /, *, num: int = 10) -> Mapping[str, Any]:
    """
    Test along the spectrum whether the layer is random there.

    Parameters
    ----------
    spectrum : Spectrum
        Spectrum of one layer, with its matrices.
    num : int, default: 10
        Number of windows, as in :func:`spectra.noise.windows.windows`.

    Returns
    -------
    mapping of str to float or ndarray
        `window_p`, for each eigenvalue, the largest first, the p-value of its window (of its own
        matrix); ``nan`` for zero eigenvalues and in matrices of fewer than 8. `num_windows`, and
        `num_structured`, how many of them are significant at the `significance` of the spectrum for
        all windows together.

    Raises
    ------
    ArgumentError
        If the spectrum has no matrices, or `num` is not a whole number from 1.

    Examples
    --------
    >>> import numpy as np
    >>> from spectra import spectrum
    >>> W = np.random.default_rng(0).standard_normal((300, 200))
    >>> W[:20, :20] *= 4.0
    >>> found = randomness(spectrum(W))
    >>> found["num_windows"], found["num_structured"], bool(found["window_p"][0] < 1e-3)
    (10, 1, True)
    """
    rows = spectrum.by_matrix
    tested = [_windows.windows(W, num=num) for W in matrices_of(spectrum)]
    local = np.full(rows.shape, math.nan)
    for out, found in zip(local, tested, strict=True):
        p = np.repeat(found.p, found.num.astype(int))[: len(out)]
        out[len(out) - len(p) :] = p[::-1]
    every = np.concatenate([found.p for found in tested])
    order = np.argsort(-rows, axis=None, kind="stable")
    return {
        "window_p": local.ravel()[order],
        "num_windows": len(every),
        "num_structured": int(holm(every, spectrum.significance).sum()),
    }


def _measured_vectors(W: npt.ArrayLike, M: int) -> tuple[FloatArray, dict[str, FloatArray]]:
    """Return the ascending eigenvalues of one matrix, and numbers of its vectors."""
    values, vectors = _vectors.smallest(W, num=M)
    step = max(2, _PART // max(1, M))
    parts = [_numbers_of_vectors(vectors[:, i : i + step]) for i in range(0, M, step)]
    return values, {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _numbers_of_vectors(columns: FloatArray) -> dict[str, FloatArray]:
    return {
        "mean_loc_ratio": _vectors.localization_ratio(columns),
        "mean_part_ratio": _vectors.participation_ratio(columns),
        "mean_entropy": _vectors.entropy(columns),
        "not_random": (_vectors.porter_thomas(columns) < _REJECTED).astype(np.float64),
    }


def vector_spread(spectrum: Spectrum, /) -> Mapping[str, float]:
    """
    Measure the localization of the singular vectors in the bulk and in the tail.

    Parameters
    ----------
    spectrum : Spectrum
        Spectrum of one layer, with its matrices.

    Returns
    -------
    mapping of str to float
        For the vectors of the shorter side with eigenvalues below `xmin` (``bulk_*``) and from
        `xmin` to `xmax` (``tail_*``): the means `mean_loc_ratio`, `mean_part_ratio` and
        `mean_entropy`, and `not_random`, the share of vectors that the Porter-Thomas test rejects
        at 5 %; and `entropy_noise`, the entropy of random directions. Without a fit all vectors
        are in the bulk.

    Raises
    ------
    ArgumentError
        If the spectrum has no matrices.

    Examples
    --------
    >>> import numpy as np
    >>> from spectra import spectrum
    >>> found = vector_spread(spectrum(np.random.default_rng(0).standard_normal((400, 200))))
    >>> round(found["bulk_mean_entropy"], 1), round(found["entropy_noise"], 1)
    (4.6, 4.6)
    """
    fit = spectrum.tail
    pairs = [_measured_vectors(W, spectrum.M) for W in matrices_of(spectrum)]
    eigenvalues = np.concatenate([pair[0] for pair in pairs])
    found = {name: np.concatenate([pair[1][name] for pair in pairs]) for name in pairs[0][1]}
    # xmin and xmax may be among these eigenvalues, which are computed again with other rounding
    rounding = 1e-12 * spectrum.lambda_max
    start, end = (fit.xmin - rounding, fit.xmax + rounding) if fit.num_tail else (math.inf, 0.0)
    parts = {
        "bulk": eigenvalues < start,
        "tail": (eigenvalues >= start) & (eigenvalues <= end),
    }
    return {
        **{
            f"{part}_{name}": float(every[chosen].mean()) if chosen.any() else math.nan
            for part, chosen in parts.items()
            for name, every in found.items()
        },
        "entropy_noise": _vectors.entropy_of_noise(spectrum.M),
    }
