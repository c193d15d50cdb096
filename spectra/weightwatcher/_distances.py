"""Distances between the layers of two models, by the methods of WeightWatcher 0.7.7."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, get_args

import numpy as np

import spectra._checks as _checks
import spectra.weightwatcher._arguments as _arguments
import spectra.weightwatcher._choice as _choice
import spectra.weightwatcher._layers as _layers
from spectra.errors import ArgumentError
from spectra.models.arrays import from_arrays

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt
    import pandas as pd

    from spectra._typing import AnyArray, FloatArray
    from spectra.models.model import Model
    from spectra.models.tensors import Tensor
    from spectra.weightwatcher._layers import Layer

__all__ = ["Distances", "distances"]

Method = Literal["raw", "euclidean", "cka"]
"""Distance of two layers."""

_TINY = 1e-6  # added to a smaller product of norms
_COLUMNS = ("method", "name", "delta_W", "delta_b", "M", "N", "b_shape", "longname")


class Distances(NamedTuple):
    """
    Mean distances of weights and of biases, and the table of the layers.

    Examples
    --------
    >>> import numpy as np
    >>> model = {"fc.weight": np.eye(9)}
    >>> distances(model, model).delta_W
    0.0
    """

    delta_W: float
    """Mean over the rows of the table of the same column."""
    delta_b: float
    """Mean over the rows of the table of the same column."""
    table: pd.DataFrame
    """One row per layer, by `layer_id`."""


def _norm(W: AnyArray) -> float:
    return float(np.linalg.norm(W))


def _similarity(W1: FloatArray, W2: FloatArray) -> float:
    """Return the uncentred alignment of two matrices, 1 for equal ones."""
    norm = math.sqrt(_norm(W1.T @ W1) * _norm(W2 @ W2.T))
    return _norm(W1.T @ W2) / (norm if norm >= _TINY else norm + _TINY)


def _wide(values: AnyArray) -> FloatArray:
    return np.asarray(values, dtype=np.float64)


def _biases(models: Sequence[Model], pair: Sequence[Layer]) -> list[FloatArray] | None:
    """Return the biases beside two weights of state dicts, if both have one of the same length."""
    found = []
    for model, layer in zip(models, pair, strict=True):
        bias = model.get(f"{layer.name}.bias")
        if bias is None or bias.ndim != 1 or model.format == "onnx":  # whose names say nothing
            return None
        found.append(_wide(bias.read()))
    return found if len(found[0]) == len(found[1]) else None


def _raw(models: Sequence[Model], pair: Sequence[Layer]) -> dict[str, Any]:
    first, second = (_wide(layer.tensor.read()) for layer in pair)
    biases = _biases(models, pair)
    return {
        "M": min(first.shape),
        "N": max(first.shape),
        "delta_W": _norm(first - second),
        "b_shape": "unknown" if biases is None else len(biases[0]),
        "delta_b": 0.0 if biases is None else _norm(biases[0] - biases[1]),
    }


def _by_matrix(pair: Sequence[Layer], method: Method) -> dict[str, Any]:
    first, second = (_wide(layer.matrices()) for layer in pair)
    if pair[0].type == "conv2d" and first.shape[1] < first.shape[2]:
        first, second = first.swapaxes(1, 2), second.swapaxes(1, 2)
    each = [
        _similarity(W1, W2) if method == "cka" else _norm(W1 - W2)
        for W1, W2 in zip(first, second, strict=True)
    ]
    return {
        "M": min(first.shape[1:]),
        "N": max(first.shape[1:]),
        "delta_W": float(np.mean(each)),
        "b_shape": "unknown",
        "delta_b": 0.0,
    }


def _pairs(first: list[Layer], second: list[Layer]) -> list[tuple[Layer, Layer]]:
    """Pair layers by their names if these are the same, else by their order; shapes must agree."""
    by_name = {layer.name: layer for layer in second}
    if {layer.name for layer in first} == by_name.keys():
        second = [by_name[layer.name] for layer in first]
    if len(first) != len(second):
        msg = f"`model_1` has {len(first)} layers and `model_2` {len(second)}; give equal networks"
        raise ArgumentError(msg)
    for one, other in zip(first, second, strict=True):
        if one.tensor.shape != other.tensor.shape:
            sizes = f"{one.name!r} is {one.tensor.shape}, {other.name!r} is {other.tensor.shape}"
            msg = f"layers of `model_1` and `model_2` must have the same shapes: {sizes}"
            raise ArgumentError(msg)
    return list(zip(first, second, strict=True))


def distances(
    model_1: Mapping[str, Tensor | npt.ArrayLike],
    model_2: Mapping[str, Tensor | npt.ArrayLike],
    method: Method = "raw",
    layers: int | str | Sequence[int | str] | None = (),
    *,
    pool: bool = True,
    start_ids: int = 0,
    **others: object,
) -> Distances:
    r"""
    Compute the distance between each layer of a model and that of another.

    Parameters
    ----------
    model_1, model_2 : mapping of str to Tensor or array_like
        Models of the same network, as :func:`spectra_io.open_model` returns them, or arrays by
        name. Layers are paired by their names; if these differ, by their order.
    method : {"raw", "euclidean", "cka"}, default: "raw"
        Frobenius norm of the difference of the tensors, and of the biases; mean Frobenius norm
        of the differences of the matrices of a layer; or their mean similarity
        :math:`\|W_1^T W_2\| / \sqrt{\|W_1^T W_1\| \|W_2 W_2^T\|}`, which is 1 for equal matrices.
    layers : int, str or sequence of them, optional
        Layers of the table, all by default, see :func:`spectra.weightwatcher.analyze`.
    pool : bool, default: True
        Whether a convolution is one row, or one row per kernel position (`slice_id`).
    start_ids : int, default: 0
        First `layer_id`; 0 for WeightWatcher's own numbers.
    **others : object
        Other arguments of WeightWatcher's ``distances``, accepted with the value that asks for
        nothing; with any other value the error says what to use.

    Returns
    -------
    Distances
        Mean distance of the weights, mean distance of the biases, and a table by `layer_id` with
        `method`, `name`, `delta_W`, `delta_b`, `M`, `N`, `b_shape`, `longname`, and `slice_id` of
        kernel positions.

    Raises
    ------
    ArgumentError
        If the models have different numbers of layers or layers of different shapes, or an
        argument is unknown or out of range.
    UnknownNameError
        If `layers` names a layer that is not there.
    ModelError
        If a layer cannot be read.

    Notes
    -----
    Norms are computed in float64. The similarity is uncentred. With the method "raw" every kernel
    position has the distance of the whole tensor, as in WeightWatcher. For layers of different
    shapes WeightWatcher has a distance of -1, and takes it into the mean.

    References
    ----------
    WeightWatcher 0.7.7, ``WeightWatcher.distances``.

    Examples
    --------
    >>> import numpy as np
    >>> a, b = {"fc.weight": np.eye(9), "fc.bias": np.zeros(9)}, {"fc.weight": np.zeros((9, 9))}
    >>> found = distances(a, b)
    >>> found.delta_W, found.table.loc[1, "name"]
    (3.0, 'fc')
    """
    _arguments.check(distances, others)
    method = method.lower() if isinstance(method, str) else "raw" if method is None else method  # type: ignore[assignment]
    _checks.choice("method", method, get_args(Method))
    models = [from_arrays(model) for model in (model_1, model_2)]
    found = [_choice.find(model, layers=layers, pool=pool, start_ids=start_ids) for model in models]
    rows = []
    for pair in _pairs(*found):
        for parts in zip(*(_layers.slices(layer, pool=pool) for layer in pair), strict=True):
            numbers = _raw(models, parts) if method == "raw" else _by_matrix(parts, method)
            rows.append({**parts[0].row(), **numbers, "method": method})
    columns = [*_COLUMNS, *([] if pool else ["slice_id"])]
    import pandas as pd

    table = pd.DataFrame(rows, columns=["layer_id", *columns]).set_index("layer_id")
    return Distances(float(table["delta_W"].mean()), float(table["delta_b"].mean()), table)
