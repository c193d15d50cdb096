"""Layers: matrix views of tensors, and the reason for every tensor that has no matrix view."""

from __future__ import annotations

import dataclasses
import math
import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from spectra.dtypes import BLOCKS, FLOATS
from spectra.errors import ModelFormatError
from spectra.models.arrays import from_arrays
from spectra.models.lazy import in_blocks
from spectra.models.structure._copies import without_copies
from spectra.models.tensors import MOST_PARTS, Weight, Whole

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    import numpy.typing as npt

    from spectra._typing import AnyArray
    from spectra.models.lazy import InBlocks
    from spectra.models.tensors import Tensor

__all__ = ["Layer", "layers", "numbered"]

MATRICES = frozenset({"dense", "embedding", "recurrent", "lora_A", "lora_B"})
KERNEL_NDIM = range(3, 6)  # (out, in) and one to three kernel axes
_ENDING = re.compile(
    r"(\.parametrizations\.weight\.original[0-9]?|\.weight\._data|\._weight_qdata|\.W_q"
    r"|\.q?weight(_quantized|_packed|_v|_orig)?|_quantized|_blocks"
    r"|\.(lokr|hada)_w1(_a)?(\.weight)?)$"
)


def _kernel_matrices(shape: Sequence[int], groups: int) -> tuple[int, int, int]:
    """Return the number of matrices in a weight, and the rows and columns of each."""
    first, second, positions = shape[0], shape[1], math.prod(shape[2:])
    if len(shape) > 2 and second == 1:
        return 1, first, positions
    return groups * positions, first // groups, second


def _stacked(values: AnyArray, groups: int) -> AnyArray:
    """Return the matrices of a weight as a stack, ordered by kernel position, then by group."""
    count, rows, columns = _kernel_matrices(values.shape, groups)
    if count == 1:
        return values.reshape(1, rows, columns)
    apart = values.reshape(groups, rows, columns, count // groups)
    stack: AnyArray = np.moveaxis(apart, -1, 0).reshape(count, rows, columns)
    return stack


@dataclass(frozen=True, slots=True, repr=False)
class Layer:
    """
    A weight of a tensor, or one kernel position of it, as a stack of matrices of equal shape.

    Parameters
    ----------
    name : str
        Name of the layer: that of the tensor, or its alias, without ``.weight``, and in brackets
        the part, if the tensor has several.
    tensor : Tensor
        The tensor that the layer views.
    weight : Weight, optional
        The weight that the network computes with; ``None`` for a tensor that was not taken.
    position : int, optional
        The only kernel position in the layer, counted in row-major order; ``None`` for all.
    reason : str, default: ""
        Why the tensor was not taken; empty if it was.

    Notes
    -----
    A kernel (out, in, positions...) gives one (out, in) matrix per position. A grouped convolution
    gives one matrix per position and group, as every group maps channels of its own. A kernel with
    one input channel, such as a depthwise one, is the single matrix (out, positions): a matrix per
    position would have one column, and one eigenvalue.

    Examples
    --------
    >>> import numpy as np
    >>> (layer,) = layers({"conv1.weight": np.zeros((8, 3, 5, 5))})
    >>> layer.name, layer.N, layer.M, layer.rf, layer.num_evals
    ('conv1', 8, 3, 25, 75)
    >>> layer.matrices().shape
    (25, 8, 3)
    """

    name: str
    tensor: Tensor
    weight: Weight | None = None
    position: int | None = None
    reason: str = ""

    def __repr__(self) -> str:
        """Return name and shape, or name and reason, in one line."""
        what = self.reason or f"{self.rf} of {self.N}x{self.M}"
        return f"<Layer {self.name!r} {what}>"

    @property
    def taken(self) -> bool:
        """Whether the tensor has a matrix view."""
        return self.weight is not None

    def _matrices(self) -> tuple[int, int, int]:
        if self.weight is None:
            return 0, 0, 0
        return _kernel_matrices(self.weight.shape, self.weight.groups)

    @property
    def rf(self) -> int:
        """Number of matrices in the stack; 0 if the tensor was not taken."""
        count = self._matrices()[0]
        if self.position is None or self.weight is None:
            return count
        return self.weight.groups

    @property
    def N(self) -> int:
        """Longer side of each matrix; 0 if the tensor was not taken."""
        return max(self._matrices()[1:])

    @property
    def M(self) -> int:
        """Shorter side of each matrix; 0 if the tensor was not taken."""
        return min(self._matrices()[1:])

    @property
    def Q(self) -> float:
        """Aspect ratio N / M; ``nan`` for a matrix without elements."""
        return self.N / self.M if self.M else math.nan

    @property
    def num_evals(self) -> int:
        """Number of eigenvalues of all matrices together, M times rf."""
        return self.M * self.rf

    def matrices(self) -> AnyArray:
        """
        Read the weight and return its matrices.

        Returns
        -------
        array, shape (rf, rows, columns)
            The stack; a view of the tensor where that is possible.

        Raises
        ------
        ModelError
            If the file cannot be read, or the tensor was not taken.
        """
        if self.weight is None:
            msg = f"layer {self.name!r} has no matrices: {self.reason}"
            raise ModelFormatError(msg)
        stack = _stacked(self.weight.read(), self.weight.groups)
        if self.position is None:
            return stack
        return stack[self.position * self.weight.groups :][: self.weight.groups]

    def in_blocks(self) -> InBlocks | None:
        """
        Return the one matrix of the layer as an array that is read in parts.

        Returns
        -------
        InBlocks or None
            The matrix; None if there are several, it is in memory already, or it is computed from
            stored numbers of which it needs all.

        Raises
        ------
        ModelError
            If the file cannot be read.
        """
        one = self.weight is not None and self.weight.groups == 1
        return in_blocks(self.weight.source, self.weight.shape) if one and self.weight else None


def _why_not_real(tensor: Tensor) -> str:
    """Return the reason why the stored numbers are not real numbers, or "" if they are."""
    if tensor.role == "quantized":
        return f"quantized ({tensor.dtype}): {tensor.note or 'its scale is not known'}"
    if tensor.dtype in FLOATS or tensor.dtype in BLOCKS:
        return ""
    integers = tensor.dtype.startswith(("int", "uint"))
    later = tensor.dtype.startswith(("float", "sparse", "onnx"))
    why = "integers" if integers else "not read" if later else "not real numbers"
    return f"{tensor.dtype}: {why}"


def _reason_not_taken(tensor: Tensor) -> str:
    """Return the reason why `tensor` has no matrix view, or "" if it has one."""
    kind = f"{tensor.ndim}-D"
    if tensor.role == "missing":
        return tensor.note or "missing: not in the files of the model"
    if tensor.role == "scale":
        return tensor.note or "scale of quantized weights"
    if tensor.role == "factor":
        return tensor.note or "factor of an update"
    if tensor.role == "tied":
        return tensor.note or "tied: the same numbers as another tensor"
    if tensor.role in {"norm", "bias"}:
        return f"{tensor.role}: not a weight matrix"
    if reason := _why_not_real(tensor):
        return reason
    if tensor.role == "parameter":
        return f"{tensor.note or 'a parameter'}: not a linear map"
    if tensor.role == "unknown" and tensor.note:
        return tensor.note
    if tensor.ndim < 2:
        return f"{kind}: a {'vector' if tensor.ndim else 'number'} has no spectrum"
    if tensor.role == "unused":
        return tensor.note or "unused"
    if tensor.role == "constant":
        return f"{tensor.note or tensor.role}: no known use as a weight matrix"
    if tensor.role in MATRICES and tensor.ndim == 2:
        return ""
    if tensor.role == "conv" and tensor.ndim in KERNEL_NDIM:
        return ""
    if tensor.role == "experts":
        return f"{kind} stack of experts: its layout is not known"
    if tensor.role == "recurrent":
        return f"{kind} recurrent weights: their gates are not known"
    return f"{kind} {tensor.role}: no matrix view is known"


def _weights(tensor: Tensor) -> tuple[tuple[Weight, ...], str]:
    """Return the weights of a tensor and "", or no weights and the reason."""
    if len(tensor.weights) > MOST_PARTS:
        return (), f"{len(tensor.weights)} parts; at most {MOST_PARTS} are analysed"
    if tensor.weights:
        return tensor.weights, ""
    reason = _reason_not_taken(tensor)
    return () if reason else (Weight("", tensor.shape, Whole(tensor)),), reason


def _base_names(tensors: Mapping[str, Tensor]) -> dict[str, str]:
    """Drop endings such as ``.weight`` from names, except where two names would become equal."""
    full = {name: tensor.alias or name for name, tensor in tensors.items()}
    short = {
        name: name if tensor.role == "scale" else _ENDING.sub("", full[name]) or name
        for name, tensor in tensors.items()
    }
    counts = Counter(s for name, s in short.items() if tensors[name].role != "tied")
    taken = {full[name] for name, tensor in tensors.items() if tensor.role != "tied"}
    return {
        n: full[n] if s != full[n] and (s in taken or counts[s] > 1) else s
        for n, s in short.items()
    }


def numbered(names: Iterable[str], /) -> list[str]:
    """
    Make names unique by appending a number to the second and later of equal names.

    Parameters
    ----------
    names : iterable of str
        Names, some of them equal.

    Returns
    -------
    list of str
        As many names, all different.

    Examples
    --------
    >>> numbered(["a", "b", "a"])
    ['a', 'b', 'a#2']
    """
    taken: set[str] = set()
    counts: Counter[str] = Counter()
    out = []
    for name in names:
        unique = name
        while unique in taken:
            counts[name] += 1
            unique = f"{name}#{counts[name] + 1}"
        taken.add(unique)
        out.append(unique)
    return out


def _views(tensor: Tensor, name: str, *, pool: bool) -> Iterator[Layer]:
    weights, reason = _weights(tensor)
    if reason:
        yield Layer(name, tensor, reason=reason)
    for weight in weights:
        part = f"[{weight.label}]" if weight.label else ""
        whole = Layer(f"{name}{weight.ending}{part}", tensor, weight)
        axes = weight.shape[2:]
        one = not axes or weight.shape[1] == 1
        if pool or one or not math.prod(weight.shape):
            yield whole
        elif math.prod(axes) > MOST_PARTS:
            why = f"{math.prod(axes)} kernel positions; at most {MOST_PARTS} are analysed apart"
            yield Layer(whole.name, tensor, reason=why)
        else:
            for position, index in enumerate(np.ndindex(axes)):
                at = ",".join(map(str, index))
                yield Layer(f"{whole.name}[{at}]", tensor, weight, position)


def layers(tensors: Mapping[str, Tensor | npt.ArrayLike], /, *, pool: bool = True) -> list[Layer]:
    """
    Turn tensors into matrix views, at least one layer for each tensor.

    Parameters
    ----------
    tensors : mapping of str to Tensor or array_like
        Tensors or arrays by name.
    pool : bool, default: True
        Whether all kernel positions of a convolution form one layer with all their eigenvalues, or
        each position forms a layer.

    Returns
    -------
    list of Layer
        Layers in the order of `tensors`. A layer with a `reason` was not taken; every other layer
        holds a stack of (out, in) matrices. Nothing is read, but for output layers and embeddings
        of one shape, whose numbers are compared; of a model that is not local their first and last
        rows.

    Raises
    ------
    ArgumentError
        If `tensors` is not a mapping.

    See Also
    --------
    spectra.analyze : Analyze layers, or a model.

    Examples
    --------
    >>> import numpy as np
    >>> model = {"fc.weight": np.ones((4, 2)), "fc.bias": np.ones(4)}
    >>> [(layer.name, layer.reason) for layer in layers(model)]
    [('fc', ''), ('fc.bias', 'bias: not a weight matrix')]
    >>> [layer.name for layer in layers({"c": np.ones((2, 2, 1, 2))}, pool=False)]
    ['c[0,0]', 'c[0,1]']
    """
    opened = from_arrays(tensors)
    model = without_copies(opened, whole=opened.local)
    names = _base_names(model)
    views = [layer for key, t in model.items() for layer in _views(t, names[key], pool=pool)]
    return [
        dataclasses.replace(layer, name=name)
        for layer, name in zip(views, numbered([view.name for view in views]), strict=True)
    ]
