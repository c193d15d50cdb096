"""Compute the details table of WeightWatcher 0.7.7."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

import spectra._checks as _checks
import spectra.measures as _measures
import spectra.weightwatcher._noise as _noise
from spectra._spectrum import Spectrum, spectrum
from spectra.errors import SpectraError
from spectra.linalg.norms import log10
from spectra.models.arrays import from_arrays
from spectra.weightwatcher._fits import Options
from spectra.weightwatcher._fits import row as published_row

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import numpy.typing as npt
    import pandas as pd

    from spectra._typing import AnyArray, FloatArray
    from spectra.models.tensors import Tensor
    from spectra.weightwatcher._fits import FixFingers, Package, Shape

__all__ = ["analyze"]

_TYPES = {2: "dense", 4: "conv2d"}
_FLOATS = frozenset({"float64", "float32", "float16", "bfloat16"})  # types WeightWatcher reads
_COLUMNS = (
    *("D", "Lambda", "M", "N", "Q", "alpha", "alpha_weighted", "entropy", "has_esd", "lambda_max"),
    *("layer_type", "log_alpha_norm", "log_norm", "log_spectral_norm", "longname"),
    *("matrix_rank", "norm", "num_evals", "num_fingers", "num_pl_spikes", "rank_loss"),
    *("raw_alpha", "rf", "sigma"),
    *("slice_id", "spectral_norm", "stable_rank", "status", "sv_max", "sv_min", "warning"),
    *("weak_rank_loss", "xmax", "xmin"),
)
_TINY = float(np.finfo(np.float64).tiny)
_IN_W = ("sv_max", "sv_min")
_IN_W2 = (
    *("norm", "spectral_norm", "lambda_max", "xmin", "xmax", "max_rand_eval", "ww_maxdist"),
    *("bulk_max", "bulk_min", "rand_bulk_max", "rand_bulk_min", "detX_val_unrescaled"),
)
_IN_OTHER_UNITS = ("Lambda", "W_scale", "rand_W_scale")
_EPSILON = 1e-10  # added to probabilities and rank in the entropy
_RTOL = 1e-10  # WeightWatcher takes singular values of W itself, accurate at the small end too


class _Slices(NamedTuple):
    """Matrices of a tensor as stored, all of them or one kernel position."""

    tensor: Tensor
    position: int | None = None

    def shape(self) -> tuple[int, int, int]:
        """Return the shape of the stack of matrices."""
        first, second, *axes = self.tensor.shape
        return (math.prod(axes) if self.position is None else 1), first, second

    def matrices(self) -> AnyArray:
        """Read the tensor, and return the stack of matrices."""
        values = self.tensor.read()
        stack = np.moveaxis(values.reshape(*values.shape[:2], -1), -1, 0)
        return stack if self.position is None else stack[self.position : self.position + 1]


def _slices(tensor: Tensor, *, pool: bool) -> Iterator[_Slices]:
    if pool or tensor.ndim == 2:
        yield _Slices(tensor)
    else:
        yield from (_Slices(tensor, at) for at in range(math.prod(tensor.shape[2:])))


class _Extras(NamedTuple):
    """Options that add columns, and the generator that shuffles all layers."""

    chosen: frozenset[str]
    rng: np.random.RandomState

    def columns(self) -> set[str]:
        """Return the names of the added columns."""
        return {name for option in self.chosen for name in _noise.COLUMNS[option]}

    def row(
        self, matrices: AnyArray, values: FloatArray, row: Mapping[str, Any], scale: float
    ) -> dict[str, Any]:
        """Compute the added columns of one layer; `values` are eigenvalues times `scale`."""
        sides = {"N": row["N"], "M": row["M"]}
        found: dict[str, Any] = {}
        if "mp_fit" in self.chosen:
            found |= _noise.mp_fit(values, **sides)
        if "vectors" in self.chosen:
            found |= _noise.vectors(matrices, xmin=row["xmin"], scale=scale)
        if "randomize" in self.chosen:
            found |= _noise.randomized(matrices, values, **sides, rng=self.rng, scale=scale)
        if "detX" in self.chosen:
            found |= _noise.determinant(values, num_pl_spikes=row["num_pl_spikes"])
        return found


def _extras(rng: int | np.random.Generator | None, **options: bool) -> _Extras:
    if isinstance(rng, np.random.Generator):
        rng = int(rng.integers(2**32))
    if rng is not None:
        _checks.count("rng", rng, at_least=0, at_most=2**32 - 1)
    return _Extras(
        frozenset(name for name, wanted in options.items() if wanted),
        np.random.RandomState(None if rng is None else int(rng)),
    )


def _shape(tensor: Tensor) -> tuple[int, int]:
    """Return N and M by WeightWatcher's definition, with its two errors for convolutions."""
    first, second = tensor.shape[:2]
    if tensor.ndim == 2:
        return max(first, second), min(first, second)
    height, width = tensor.shape[2:]
    if first + second < height + width:  # mistaken for a kernel with its channels last
        return first, second
    # rows and columns are swapped once per slice, so an even number of slices undoes the swaps
    swapped = first < second and height * width % 2 == 1
    return (second, first) if swapped else (first, second)


def _entropy(eigenvalues: FloatArray, rank: float) -> float:
    with np.errstate(invalid="ignore", divide="ignore"):
        p = eigenvalues / eigenvalues.sum() + _EPSILON
        return float(-np.sum(p * np.log(p)) / np.log(rank + _EPSILON))


def _log_alpha_norm(eigenvalues: FloatArray, alpha: float) -> float:
    with np.errstate(over="ignore", divide="ignore"):
        return log10(float(np.sum(eigenvalues**alpha)))


def _numbers(found: Spectrum, options: Options, tolerance: float) -> dict[str, Any]:
    values = found.eigenvalues
    with np.errstate(invalid="ignore"):
        row = {
            **_measures.size(found),
            **_measures.rank(found, tolerance=tolerance),
            **published_row(values, options, exponent=found.exponent),
        }
    row["sv_min"] = math.sqrt(found.by_matrix[:, 0].max())
    row["entropy"] = _entropy(values, row["matrix_rank"])
    row["alpha_weighted"] = row["alpha"] * row["log_spectral_norm"]
    decades = row["alpha"] * found.decades
    row["log_alpha_norm"] = _log_alpha_norm(values, row["alpha"]) + decades
    return row


def _in_weight_units(row: dict[str, Any], exponent: int) -> dict[str, Any]:
    """Return a row in the unit of the weights, ``nan`` for numbers outside the range of float64."""
    if not exponent:
        return row
    found = {**row, **{name: math.nan for name in _IN_OTHER_UNITS if name in row}}
    for power, names in enumerate((_IN_W, _IN_W2), start=1):
        for name in names:
            value = row.get(name)
            if value and value != -1:  # -1 after a failed fit
                with np.errstate(over="ignore", under="ignore"):
                    scaled = float(np.ldexp(value, power * exponent))
                found[name] = scaled if _TINY <= abs(scaled) < math.inf else math.nan
    return found


def _matrices(layer: _Slices) -> tuple[AnyArray, FloatArray, int]:
    """Return the matrices, upright for a convolution, their eigenvalues and their exponent."""
    exponent = 0
    try:
        found = spectrum(layer.matrices(), rtol=_RTOL)
        matrices, by_matrix, exponent = found.require_matrices(), found.by_matrix, found.exponent
    except (SpectraError, OSError, ValueError, MemoryError):  # one bad tensor fails alone
        matrices = np.broadcast_to(np.float64(np.nan), layer.shape())
        by_matrix = np.full((layer.shape()[0], min(layer.shape()[1:])), np.nan)
    wide = layer.tensor.ndim == 4 and matrices.shape[1] < matrices.shape[2]
    return matrices.swapaxes(1, 2) if wide else matrices, by_matrix, exponent


def _row(
    layer: _Slices,
    options: Options,
    extras: _Extras,
    *,
    pool: bool,
    conv2d_norm: bool,
    tolerance: float,
) -> dict[str, Any]:
    tensor = layer.tensor
    N, M = _shape(tensor)
    slices = math.prod(tensor.shape[2:])
    factor = (1 if pool else slices) / 2 if conv2d_norm and tensor.ndim == 4 else 1.0
    matrices, by_matrix, exponent = _matrices(layer)
    found = Spectrum(by_matrix * factor, N, exponent=exponent)
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
    row = {**facts, **position, **_numbers(found, options, tolerance)}
    row |= extras.row(matrices, found.eigenvalues, row, factor)
    return _in_weight_units(row, exponent)


def _eligible(model: Mapping[str, Tensor]) -> Iterator[Tensor]:
    for tensor in model.values():
        part = tensor.role in {"scale", "update", "factor"}
        if tensor.ndim in _TYPES and tensor.dtype in _FLOATS and tensor.size and not part:
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
    fit: Shape = "PL",
    pl_package: Package | None = None,
    xmax: int | Literal["force"] | None = None,
    fix_fingers: FixFingers = False,
    xmin_max: float | None = None,
    max_fingers: int = 10,
    finger_thresh: float = 1.0,
    mp_fit: bool = False,
    randomize: bool = False,
    detX: bool = False,
    ERG: bool = False,
    vectors: bool = False,
    rng: int | np.random.Generator | None = 0,
) -> pd.DataFrame:
    """
    Return the details table of WeightWatcher 0.7.7 for a model.

    Parameters
    ----------
    model : mapping of str to Tensor or array_like
        Model as :func:`spectra_io.open_model` returns it, or arrays by name.
    pool : bool, default: True
        Whether a convolution is one row, or one row per kernel position (`slice_id`).
    conv2d_norm : bool, default: True
        Whether the eigenvalues of convolutions are multiplied by c/2, where c is 1 for a pooled
        layer and the number of kernel positions for a layer of a single position.
    min_evals, max_evals : int, default: 8, 15000
        Smallest and largest number of eigenvalues of a layer in the table; 0 for no maximum.
    max_N : int, default: 50000
        Largest longer side of a layer in the table.
    tolerance : float, default: 1e-6
        Threshold of `weak_rank_loss`.
    start_ids : int, default: 0
        Number added to `layer_id`, which counts the 2-D and 4-D tensors of the model from 1.
    fit : {"PL", "TPL", "E_TPL"}, default: "PL"
        Power law, truncated power law (column `Lambda`), or truncated power law from the peak of
        the spectrum up. The long names "power_law" and "truncated_power_law" are accepted too.
    pl_package : {"ww", "powerlaw"}, optional
        Conventions of the fit: WeightWatcher's own or those of powerlaw 1.5. By default
        ``"powerlaw"`` for options that need it, else ``"ww"``.
    xmax : int or "force", optional
        Number of the largest eigenvalues to leave out of the fit; ``"force"`` ends the law at the
        largest eigenvalue.
    fix_fingers : {False, "xmin_peak", "clip_xmax"}, default: False
        Correction for a few large outliers; ``"clip_xmax"`` adds `num_fingers` and `raw_alpha`.
    xmin_max : float, optional
        Largest xmin that ``"xmin_peak"`` tries; 1.5 times the peak by default.
    max_fingers : int, default: 10
        Most eigenvalues that ``"clip_xmax"`` drops; no effect below half of the eigenvalues.
    finger_thresh : float, default: 1.0
        Smallest fall of alpha for which ``"clip_xmax"`` drops eigenvalues.
    mp_fit : bool, default: False
        Whether to fit the Marchenko-Pastur law: `num_spikes`, `sigma_mp`, `mp_softrank`,
        `W_scale`, `bulk_max` and `bulk_min`.
    randomize : bool, default: False
        Whether to compare with shuffled weights: `max_rand_eval`, `rand_distance`, `ww_softrank`
        and `ww_maxdist`, and the Marchenko-Pastur fit to the shuffled weights, `rand_num_spikes`
        (also `num_traps`) and the other columns of `mp_fit` with the prefix ``rand_``.
    detX, ERG : bool, default: False
        Whether to find the tail whose eigenvalues multiply to 1: `detX_num` (also
        `num_ERG_spikes`), `detX_val`, `detX_val_unrescaled` and `ERG_gap`. Both options do the
        same.
    vectors : bool, default: False
        Whether to measure the singular vectors: mean and variance, in bulk and tail, of
        `loc_ratio`, `part_ratio` and `vec_entropy`.
    rng : int, numpy.random.Generator or None, default: 0
        Seed of the shuffles: an int gives those of WeightWatcher after ``numpy.random.seed(rng)``,
        for the same layers in the same order. WeightWatcher itself sets no seed, like None. A seed
        is drawn from a generator.

    Returns
    -------
    pandas.DataFrame
        Table of one row per layer: `layer_id` and `name`, then the other columns in alphabetical
        order.

    Raises
    ------
    ArgumentError
        If `model` is not a mapping, or an option is unknown, out of range or contradicts another.

    Notes
    -----
    Of weights beyond 1e135, or all below 1e-135, numbers outside the range of float64 are ``nan``;
    their logarithms are there.

    The table does not list tensors that are left out: :func:`spectra.describe` lists every tensor,
    with the reason.

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
    needing = fit not in {"PL", "power_law"} or xmax == "force" or fix_fingers == "xmin_peak"
    package = pl_package or ("powerlaw" if needing else "ww")
    options = Options(fit, package, xmax, fix_fingers, xmin_max, max_fingers, finger_thresh)
    options.check()
    extras = _extras(rng, mp_fit=mp_fit, randomize=randomize, detX=detX or ERG, vectors=vectors)
    rows = []
    for index, tensor in enumerate(_eligible(from_arrays(model)), start=1):
        limits = {"min_evals": min_evals, "max_evals": max_evals, "max_N": max_N}
        if not _in_range(tensor, pool=pool, **limits):
            continue
        for layer in _slices(tensor, pool=pool):
            how = {"pool": pool, "conv2d_norm": conv2d_norm}
            row = _row(layer, options, extras, **how, tolerance=tolerance)
            name = row["longname"].rpartition(".")[-1]
            rows.append({"layer_id": start_ids + index, "name": name, **row})
    absent = {"slice_id"} if pool else set()
    if not options.truncated:
        absent |= {"Lambda"}
    if fix_fingers != "clip_xmax":
        absent |= {"num_fingers", "raw_alpha"}
    columns = sorted({*_COLUMNS, *extras.columns()} - absent)
    import pandas as pd

    return pd.DataFrame(rows, columns=["layer_id", "name", *columns])
