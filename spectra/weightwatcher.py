"""
WeightWatcher's words: the columns and numbers of WeightWatcher 0.7.7, for those who have them.

The same functions as everywhere in this library, with WeightWatcher's conventions switched on:

- every 2-D tensor is a dense layer and every 4-D one a Conv2D, whatever uses them;
- the eigenvalues of a convolution are multiplied by c/2, c being 1 for a pooled layer and the
  number of kernel positions for a single one;
- eigenvalues up to 1e-5 are left out of the fit, whatever the scale of the weights;
- ``sv_min`` is the largest of the smallest singular values of the slices;
- a failed fit has -1 for alpha and its like, and reads over-trained.
"""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

import spectra.measures as _measures
import spectra.power_law as _power_law
from spectra.eigen import Spectrum, spectrum
from spectra.errors import SpectraError
from spectra.norms import log10
from spectra.power_law import SMALL_SAMPLE_TAIL, FitStatus
from spectra.tensors import from_arrays
from spectra.verdicts import Verdict, judge
from spectra.views import FLOATS, Layer, layers

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import numpy.typing as npt

    from spectra._typing import FloatArray
    from spectra.power_law import Fit
    from spectra.tensors import Tensor

__all__ = ["analyze"]

_ROLES = {2: "dense", 4: "conv"}
_TYPES = {2: "dense", 4: "conv2d"}
_COLUMNS = (
    *("D", "M", "N", "Q", "alpha", "alpha_weighted", "entropy", "has_esd", "lambda_max"),
    *("layer_type", "log_alpha_norm", "log_norm", "log_spectral_norm", "longname"),
    *("matrix_rank", "norm", "num_evals", "num_pl_spikes", "rank_loss", "rf", "sigma"),
    *("slice_id", "spectral_norm", "stable_rank", "status", "sv_max", "sv_min", "warning"),
    *("weak_rank_loss", "xmax", "xmin"),
)
_THRESHOLD = 1e-5  # EVALS_THRESH
_EPSILON = 1e-10  # added to probabilities and rank in the entropy
_RTOL = 1e-10  # its singular values come from W itself


def _shape(tensor: Tensor) -> tuple[int, int]:
    """Return N and M as WeightWatcher has them, its two mistakes for convolutions included."""
    first, second = tensor.shape[:2]
    if tensor.ndim == 2:
        return max(first, second), min(first, second)
    height, width = tensor.shape[2:]
    if first + second < height + width:  # taken for a kernel with its channels last
        return first, second
    # rows and columns are swapped once a slice, so an even number of swaps undoes them
    swapped = first < second and height * width % 2 == 1
    return (second, first) if swapped else (first, second)


def _small_fit(x: FloatArray) -> Fit:
    """Fit fewer than eight points: the whole sample, its sigma taken before alpha was known."""
    logs = np.log(x / x[0])
    alpha = 1 + (len(x) - 1) / logs.sum()
    model = -np.expm1((1 - alpha) * logs)
    D = float(np.max(np.abs(model - np.arange(len(x)) / len(x))))
    sigma = -1 / math.sqrt(len(x))
    xmin, xmax = float(x[0]), float(x[-1])
    return _power_law.Fit(float(alpha), xmin, xmax, D, sigma, len(x), FitStatus.FITTED)


def _fit(eigenvalues: FloatArray) -> dict[str, Any]:
    x = eigenvalues[eigenvalues > _THRESHOLD]
    small = 2 <= len(x) < SMALL_SAMPLE_TAIL and x[-1] > x[0]
    fit = _small_fit(x) if small else _power_law.fit(x)
    if fit.status is not FitStatus.FITTED:
        failed = dict.fromkeys(("alpha", "xmin", "D", "sigma", "num_pl_spikes"), -1)
        return {**failed, "xmax": None, "status": "failed", "warning": "over-trained"}
    warning = {Verdict.OVER_TRAINED: "over-trained", Verdict.UNDER_TRAINED: "under-trained"}
    return {
        "alpha": fit.alpha,
        "xmin": fit.xmin,
        "xmax": fit.xmax,
        "D": fit.D,
        "sigma": fit.sigma,
        "num_pl_spikes": int(np.sum(eigenvalues >= fit.xmin)),
        "status": "success",
        "warning": warning.get(judge(fit.alpha), ""),
    }


def _entropy(eigenvalues: FloatArray, rank: float) -> float:
    with np.errstate(invalid="ignore", divide="ignore"):
        p = eigenvalues / eigenvalues.sum() + _EPSILON
        return float(-np.sum(p * np.log(p)) / np.log(rank + _EPSILON))


def _log_alpha_norm(eigenvalues: FloatArray, alpha: float) -> float:
    with np.errstate(over="ignore", divide="ignore"):
        return log10(float(np.sum(eigenvalues**alpha)))


def _numbers(found: Spectrum, tolerance: float) -> dict[str, Any]:
    values = found.eigenvalues
    with np.errstate(invalid="ignore"):
        row = {
            **_measures.norms(found),
            **_measures.ranks(found, tolerance=tolerance),
            **_fit(values),
        }
    row["sv_min"] = math.sqrt(found.by_matrix[:, 0].max())
    row["entropy"] = _entropy(values, row["matrix_rank"])
    row["alpha_weighted"] = row["alpha"] * row["log_spectral_norm"]
    row["log_alpha_norm"] = _log_alpha_norm(values, row["alpha"])
    return row


def _row(layer: Layer, *, pool: bool, conv2d_norm: bool, tolerance: float) -> dict[str, Any]:
    tensor = layer.tensor
    N, M = _shape(tensor)
    slices = math.prod(tensor.shape[2:])
    factor = (1 if pool else slices) / 2 if conv2d_norm and tensor.ndim == 4 else 1.0
    try:
        by_matrix = spectrum(layer.matrices(), rtol=_RTOL).by_matrix
    except (SpectraError, OSError, ValueError, MemoryError):  # one bad tensor fails alone
        by_matrix = np.full((layer.rf, layer.M), np.nan)
    found = Spectrum(by_matrix * factor, N)
    facts = {
        "N": N,
        "M": M,
        "Q": N / M,
        "rf": slices,
        "num_evals": len(found.eigenvalues),
        "has_esd": True,
        "layer_type": _TYPES[tensor.ndim],
        "longname": layer.tensor.name.removesuffix(".weight"),
    }
    position = {} if pool else {"slice_id": layer.position or 0}
    return {**facts, **position, **_numbers(found, tolerance)}


def _eligible(model: Mapping[str, Tensor]) -> Iterator[Tensor]:
    for tensor in model.values():
        if tensor.ndim in _ROLES and tensor.dtype in FLOATS and tensor.size:
            yield tensor


def _in_range(tensor: Tensor, *, pool: bool, min_evals: int, max_evals: int, max_N: int) -> bool:
    N, M = _shape(tensor)
    num = M * math.prod(tensor.shape[2:]) if pool else M
    return num >= min_evals and (num <= max_evals or not max_evals) and max_N >= N


def analyze(
    model: Mapping[str, Tensor | npt.ArrayLike],
    /,
    *,
    pool: bool = True,
    conv2d_norm: bool = True,
    min_evals: int = 8,
    max_evals: int = 15000,
    max_N: int = 50000,
    tolerance: float = 1e-6,
    start_ids: int = 0,
) -> pd.DataFrame:
    """
    Return the details table that WeightWatcher 0.7.7 gives for a model.

    Parameters
    ----------
    model : mapping of str to Tensor or array_like
        What :func:`spectra_io.open_model` returns, or names and arrays.
    pool : bool, default: True
        Whether a convolution is one row, or one row for each kernel position (`slice_id`).
    conv2d_norm : bool, default: True
        Whether the eigenvalues of convolutions are multiplied by c/2, see above.
    min_evals, max_evals : int, default: 8, 15000
        Layers with fewer or more eigenvalues are left out; 0 for no maximum.
    max_N : int, default: 50000
        Layers with a longer side are left out.
    tolerance : float, default: 1e-6
        Threshold of `weak_rank_loss`.
    start_ids : int, default: 0
        Added to `layer_id`, which counts the 2-D and 4-D tensors of the model from 1.

    Returns
    -------
    pandas.DataFrame
        `layer_id` and `name`, then the columns in alphabetical order; one row a layer.

    Raises
    ------
    ArgumentError
        If `model` is not a mapping.

    Notes
    -----
    Left out is left out: :func:`spectra.describe` lists every tensor with a reason.

    References
    ----------
    WeightWatcher 0.7.7, ``WeightWatcher.analyze``.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> df = analyze({"fc1.weight": rng.standard_normal((100, 50))})
    >>> df[["longname", "N", "M", "status"]].values.tolist()
    [['fc1', 100, 50, 'success']]
    """
    rows = []
    for index, tensor in enumerate(_eligible(from_arrays(model)), start=1):
        limits = {"min_evals": min_evals, "max_evals": max_evals, "max_N": max_N}
        if not _in_range(tensor, pool=pool, **limits):
            continue
        view = {tensor.name: dataclasses.replace(tensor, role=_ROLES[tensor.ndim])}
        for layer in layers(view, pool=pool):
            row = _row(layer, pool=pool, conv2d_norm=conv2d_norm, tolerance=tolerance)
            name = row["longname"].rpartition(".")[-1]
            rows.append({"layer_id": start_ids + index, "name": name, **row})
    columns = [c for c in _COLUMNS if not (pool and c == "slice_id")]
    return pd.DataFrame(rows, columns=["layer_id", "name", *columns])
