"""Layers as WeightWatcher 0.7.7 has them: tensors with its numbers, names, shapes and slices."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

import spectra._checks as _checks
from spectra.models.arrays import from_arrays

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import numpy.typing as npt

    from spectra._typing import AnyArray
    from spectra.models.model import Model
    from spectra.models.tensors import Tensor

__all__ = ["TYPES", "Layer", "every", "slices"]

TYPES = {2: "dense", 4: "conv2d"}
"""Type of a layer by the number of axes of its tensor."""

_FLOATS = frozenset({"float64", "float32", "float16", "bfloat16"})  # types WeightWatcher reads
_ENDING = ".weight"


class Layer(NamedTuple):
    """
    A layer of the table: all matrices of a tensor as stored, or one kernel position.

    Examples
    --------
    >>> import numpy as np
    >>> layer = every({"conv.weight": np.ones((8, 4, 3, 3))})[0]
    >>> layer.name, layer.N, layer.M, layer.num_slices
    ('conv', 8, 4, 9)
    """

    layer_id: int
    """Number that WeightWatcher gives the layer."""
    name: str
    """Name that WeightWatcher gives the layer."""
    tensor: Tensor
    """The stored weights."""
    position: int | None = None
    """Number of the kernel position; None for all of them."""

    @property
    def type(self) -> str:
        """Type of the layer: "dense" or "conv2d"."""
        return TYPES[self.tensor.ndim]

    @property
    def num_slices(self) -> int:
        """Number of kernel positions; 1 for a matrix."""
        return math.prod(self.tensor.shape[2:])

    @property
    def N(self) -> int:
        """Longer side, by WeightWatcher's definition."""
        return self._sides()[0]

    @property
    def M(self) -> int:
        """Shorter side, by WeightWatcher's definition."""
        return self._sides()[1]

    def _sides(self) -> tuple[int, int]:
        """Return N and M by WeightWatcher's definition, with its two errors for convolutions."""
        first, second = self.tensor.shape[:2]
        if self.tensor.ndim == 2:
            return max(first, second), min(first, second)
        height, width = self.tensor.shape[2:]
        if first + second < height + width:  # mistaken for a kernel with its channels last
            return first, second
        # rows and columns are swapped once per slice, so an even number of slices undoes the swaps
        swapped = first < second and height * width % 2 == 1
        return (second, first) if swapped else (first, second)

    def shape(self) -> tuple[int, int, int]:
        """
        Return the shape of the stack of matrices.

        Returns
        -------
        tuple of int
            Number of matrices, rows, columns.
        """
        first, second = self.tensor.shape[:2]
        return (self.num_slices if self.position is None else 1), first, second

    def matrices(self) -> AnyArray:
        """
        Read the tensor, and return the stack of matrices.

        Returns
        -------
        array
            Matrices of the shape that :meth:`shape` says.
        """
        values = self.tensor.read()
        stack = np.moveaxis(values.reshape(*values.shape[:2], -1), -1, 0)
        return stack if self.position is None else stack[self.position : self.position + 1]

    def row(self) -> dict[str, Any]:
        """
        Return the columns that need no spectrum.

        Returns
        -------
        dict
            `layer_id`, `name`, `M`, `N`, `Q`, `layer_type`, `longname`, `rf`; `slice_id` of a
            kernel position.
        """
        where = {} if self.position is None else {"slice_id": self.position}
        return {
            "layer_id": self.layer_id,
            "name": self.name,
            "M": self.M,
            "N": self.N,
            "Q": self.N / self.M,
            "layer_type": self.type,
            "longname": self.name,
            "rf": self.num_slices,
            **where,
        }


def _file_of(tensor: Tensor) -> str:
    """Return the file of a tensor of several files, by whose name WeightWatcher sorts first."""
    return str(getattr(tensor.source, "file", ""))


def _numbered(model: Model, start_ids: int) -> Iterator[Layer]:
    """
    Yield every tensor as a layer, in WeightWatcher's order and with its numbers and names.

    Its numbers count the initializers of an ONNX graph from 0, the names that end in ``.weight`` of
    a folder of safetensors files from 0, file by file in alphabetical order, and those of a state
    dict from 1. Tensors that WeightWatcher does not see are numbered after all others.
    """
    items = list(model.items())
    if any(tensor.place >= 0 for _, tensor in items) and model.format == "onnx":
        placed = sorted(
            ((t.place, name, t) for name, t in items if t.place >= 0), key=lambda x: x[0]
        )
        yield from (Layer(*item) for item in placed)
        others = [(name, t) for name, t in items if t.place < 0]
        first = placed[-1][0] + 1
    else:
        if model.format == "safetensors":
            items.sort(key=lambda item: (_file_of(item[1]), item[0]))
        seen = [item for item in items if item[0].endswith(_ENDING)] or items
        first = start_ids or (0 if model.format == "safetensors" else 1)
        for index, (name, tensor) in enumerate(seen, start=first):
            yield Layer(index, name.removesuffix(_ENDING), tensor)
        others = [item for item in items if not item[0].endswith(_ENDING)] * (seen is not items)
        first += len(seen)
    yield from (Layer(first + i, name, tensor) for i, (name, tensor) in enumerate(others))


def _is_layer(tensor: Tensor) -> bool:
    """Return whether a tensor is a layer by its axes and its type."""
    part = tensor.role in {"scale", "update", "factor"}
    return tensor.ndim in TYPES and tensor.dtype in _FLOATS and tensor.size > 0 and not part


def every(model: Mapping[str, Tensor | npt.ArrayLike], /, *, start_ids: int = 0) -> list[Layer]:
    """
    Return all layers of a model, of any size, in WeightWatcher's order.

    Parameters
    ----------
    model : mapping of str to Tensor or array_like
        Model as :func:`spectra_io.open_model` returns it, or arrays by name.
    start_ids : int, default: 0
        First number; 0 for WeightWatcher's own. Numbers of an ONNX graph stay as they are.

    Returns
    -------
    list of Layer
        The layers, each of all its matrices.

    Raises
    ------
    ArgumentError
        If `model` is not a mapping, or `start_ids` is negative.

    Examples
    --------
    >>> import numpy as np
    >>> arrays = {"norm.weight": np.ones(9), "fc.weight": np.eye(9)}
    >>> [(layer.layer_id, layer.name) for layer in every(arrays)]
    [(2, 'fc')]
    """
    _checks.count("start_ids", start_ids, at_least=0)
    numbered = _numbered(from_arrays(model), int(start_ids))
    return [layer for layer in numbered if _is_layer(layer.tensor)]


def slices(layer: Layer, /, *, pool: bool) -> list[Layer]:
    """
    Return a layer, or its kernel positions.

    Parameters
    ----------
    layer : Layer
        A layer of all its matrices.
    pool : bool
        Whether the matrices stay together.

    Returns
    -------
    list of Layer
        The layer itself, or one per kernel position.

    Examples
    --------
    >>> import numpy as np
    >>> layer = every({"conv.weight": np.ones((8, 4, 3, 3))})[0]
    >>> [part.position for part in slices(layer, pool=False)][-1]
    8
    """
    return [layer] if pool else [layer._replace(position=i) for i in range(layer.num_slices)]
