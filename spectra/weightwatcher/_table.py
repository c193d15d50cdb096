"""Compute the details table of WeightWatcher 0.7.7."""

from __future__ import annotations

import math
from functools import partial
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

import spectra._checks as _checks
import spectra.measures as _measures
import spectra.weightwatcher._arguments as _arguments
import spectra.weightwatcher._choice as _choice
import spectra.weightwatcher._layers as _layers
import spectra.weightwatcher._noise as _noise
import spectra.weightwatcher._shuffles as _shuffles
from spectra._executing import every_result
from spectra._spectrum import Spectrum, spectrum
from spectra.errors import SpectraError
from spectra.linalg.norms import log10
from spectra.weightwatcher._fits import Options
from spectra.weightwatcher._fits import row as published_row

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt
    import pandas as pd

    from spectra._typing import AnyArray, Executor, FloatArray
    from spectra.models.tensors import Tensor
    from spectra.weightwatcher._fits import FixFingers, Package, Shape
    from spectra.weightwatcher._layers import Layer

__all__ = ["analyze"]

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


def _matrices(layer: Layer) -> tuple[AnyArray, FloatArray, int]:
    """Return the matrices, upright for a convolution, their eigenvalues and their exponent."""
    exponent = 0
    try:
        found = spectrum(layer.matrices(), rtol=_RTOL)
        matrices, by_matrix, exponent = found.require_matrices(), found.by_matrix, found.exponent
    except (SpectraError, OSError, ValueError, MemoryError):  # one bad tensor fails alone
        matrices = np.broadcast_to(np.float64(np.nan), layer.shape())
        by_matrix = np.full((layer.shape()[0], min(layer.shape()[1:])), np.nan)
    wide = layer.type == "conv2d" and matrices.shape[1] < matrices.shape[2]
    return matrices.swapaxes(1, 2) if wide else matrices, by_matrix, exponent


def _row(
    layer: Layer,
    options: Options,
    extras: _Extras,
    *,
    pool: bool,
    conv2d_norm: bool,
    tolerance: float,
) -> dict[str, Any]:
    norm = conv2d_norm and layer.type == "conv2d"
    factor = (1 if pool else layer.num_slices) / 2 if norm else 1.0
    matrices, by_matrix, exponent = _matrices(layer)
    found = Spectrum(by_matrix * factor, layer.N, exponent=exponent)
    row = {
        **layer.row(),
        "num_evals": len(found.eigenvalues),
        "has_esd": True,
        **_numbers(found, options, tolerance),
    }
    row |= extras.row(matrices, found.eigenvalues, row, factor)
    return _in_weight_units(row, exponent)


def analyze(
    model: Mapping[str, Tensor | npt.ArrayLike],
    layers: int | str | Sequence[int | str] | None = (),
    *,
    pool: bool = True,
    conv2d_norm: bool = True,
    min_evals: int | None = 8,
    max_evals: int | None = 15000,
    max_N: int | None = 50000,
    tolerance: float | None = 1e-6,
    start_ids: int = 0,
    fit: Shape = "PL",
    pl_package: Package | None = None,
    xmax: int | Literal["force"] | None = None,
    fix_fingers: FixFingers = False,
    xmin_max: float | None = None,
    max_fingers: int | None = 10,
    finger_thresh: float = 1.0,
    mp_fit: bool = False,
    randomize: bool = False,
    detX: bool = False,
    ERG: bool = False,
    vectors: bool = False,
    rng: int | np.random.Generator | None = 0,
    executor: Executor | None = None,
    **others: object,
) -> pd.DataFrame:
    """
    Return the details table of WeightWatcher 0.7.7 for a model.

    Parameters
    ----------
    model : mapping of str to Tensor or array_like
        Model as :func:`spectra_io.open_model` returns it, or arrays by name.
    layers : int, str or sequence of them, optional
        Layers of the table, all by default: numbers (`layer_id`), names, or the types "dense" and
        "conv2d". Negative numbers, and names with a minus sign in front, are layers to leave out.
    pool : bool, default: True
        Whether a convolution is one row, or one row per kernel position (`slice_id`).
    conv2d_norm : bool, default: True
        Whether the eigenvalues of convolutions are multiplied by c/2, where c is 1 for a pooled
        layer and the number of kernel positions for a layer of a single position.
    min_evals, max_evals : int, default: 8, 15000
        Smallest and largest number of eigenvalues of a layer in the table; 0 or None for no limit.
    max_N : int, default: 50000
        Largest longer side of a layer in the table; 0 or None for no limit.
    tolerance : float, default: 1e-6
        Threshold of `weak_rank_loss`; 0 or None for the default.
    start_ids : int, default: 0
        First `layer_id`; 0 for WeightWatcher's own numbers (see Notes).
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
    executor : Executor, optional
        Where to do the work, by default here, one layer after the other; its ``map`` may return
        the results in any order. Not used with `randomize`, whose shuffles depend on the order of
        the layers.
    **others : object
        Other arguments of WeightWatcher's ``analyze``, accepted with the value that asks for
        nothing (``plot=False``); with any other value the error says what to use.

    Returns
    -------
    pandas.DataFrame
        Table of one row per layer: `layer_id` and `name`, then the other columns in alphabetical
        order.

    Raises
    ------
    ArgumentError
        If `model` is not a mapping, an option is unknown, out of range or contradicts another, or
        `executor` does not return all results.
    UnknownNameError
        If `layers` names a layer that is not there.

    Notes
    -----
    The columns `layer_id`, `name` and `longname`, and the order of the rows, are WeightWatcher's.
    Names that end in ``.weight`` are counted, vectors included: of a safetensors file or folder
    from 0, file by file in alphabetical order, of arrays by name from 1, in their order. The name
    is without that ending. Of an ONNX graph `layer_id` is the place among the initializers, from
    0, and the name is that of the initializer. Tensors that WeightWatcher does not see have the
    numbers after these.

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
    _arguments.check(analyze, others)
    _checks.executor(executor)
    needing = fit not in {"PL", "power_law"} or xmax == "force" or fix_fingers == "xmin_peak"
    package = pl_package or ("powerlaw" if needing else "ww")
    fingers = 10 if max_fingers is None else max_fingers
    options = Options(fit, package, xmax, fix_fingers, xmin_max, fingers, finger_thresh)
    options.check()
    wanted = {"mp_fit": mp_fit, "randomize": randomize, "detX": detX or ERG, "vectors": vectors}
    chosen = frozenset(name for name, asked in wanted.items() if asked)
    extras = _Extras(chosen, _shuffles.generator(rng))
    limits = {"min_evals": min_evals, "max_evals": max_evals, "max_N": max_N}
    found = _choice.find(model, layers=layers, pool=pool, start_ids=start_ids, **limits)
    weak = tolerance or 1e-6
    parts = [part for layer in found for part in _layers.slices(layer, pool=pool)]
    how = partial(_row, pool=pool, conv2d_norm=conv2d_norm, tolerance=weak)
    work = partial(how, options=options, extras=extras)
    where = attrgetter("layer_id", "tensor.name", "position")
    chosen_executor = None if randomize else executor
    rows = every_result(chosen_executor, work, parts, key=where, what="layers")
    absent = {"slice_id"} if pool else set()
    if not options.truncated:
        absent |= {"Lambda"}
    if fix_fingers != "clip_xmax":
        absent |= {"num_fingers", "raw_alpha"}
    columns = sorted({*_COLUMNS, *extras.columns()} - absent)
    import pandas as pd

    return pd.DataFrame(rows, columns=["layer_id", "name", *columns])
