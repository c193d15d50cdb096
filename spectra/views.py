"""Layers: tensors seen as matrices, with a reason for every tensor that has no matrix view."""

from __future__ import annotations

import dataclasses
import math
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from spectra.tensors import Tensor, from_arrays

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    import numpy.typing as npt

    from spectra._typing import AnyArray

__all__ = ["Layer", "layers", "numbered"]

FLOATS = frozenset({"float64", "float32", "float16", "bfloat16"})
MATRICES = frozenset({"dense", "embedding", "recurrent", "lora_A", "lora_B"})
KERNEL_NDIM = range(3, 6)  # (out, in) and one to three kernel axes


@dataclass(frozen=True, slots=True, repr=False)
class Layer:
    """
    One tensor, or one kernel position of it, as a stack of matrices of equal shape.

    Parameters
    ----------
    name : str
        Name of the layer: the tensor's, without ``.weight``.
    tensor : Tensor
        Where the numbers come from.
    rf : int, default: 0
        Matrices in the stack: 1 for a dense layer, the kernel positions (the receptive field) for
        a convolution.
    position : int, optional
        The one kernel position this layer is, counted in row-major order; ``None`` for all of them.
    reason : str, default: ""
        Why the tensor was not taken; empty if it was.

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
    rf: int = 0
    position: int | None = None
    reason: str = ""

    def __repr__(self) -> str:
        """Return what it is, in one line."""
        what = self.reason or f"{self.rf} of {self.N}x{self.M}"
        return f"<Layer {self.name!r} {what}>"

    @property
    def taken(self) -> bool:
        """Whether the tensor has a matrix view."""
        return not self.reason

    @property
    def N(self) -> int:
        """Longer side of one matrix; 0 if not taken."""
        return max(self.tensor.shape[:2]) if self.taken else 0

    @property
    def M(self) -> int:
        """Shorter side of one matrix; 0 if not taken."""
        return min(self.tensor.shape[:2]) if self.taken else 0

    @property
    def Q(self) -> float:
        """Aspect ratio N / M; ``nan`` for a matrix without elements."""
        return self.N / self.M if self.M else math.nan

    @property
    def num_evals(self) -> int:
        """Eigenvalues of all matrices together, M times rf."""
        return self.M * self.rf

    def matrices(self) -> AnyArray:
        """
        Read the tensor and return its matrices.

        Returns
        -------
        array, shape (rf, rows, columns)
            The stack, in the stored type; a view of the tensor where that is possible.
        """
        values = self.tensor.read()
        positions = math.prod(self.tensor.shape[2:])
        stack = np.moveaxis(values.reshape(*values.shape[:2], positions), -1, 0)
        return stack if self.position is None else stack[self.position : self.position + 1]


def _reason_not_taken(tensor: Tensor) -> str:
    """Return why `tensor` has no matrix view here, or "" if it has one."""
    kind = f"{tensor.ndim}-D"
    if tensor.role == "quantized":
        return f"quantized ({tensor.dtype}): its scale is not applied yet"
    if tensor.dtype not in FLOATS:
        integers = tensor.dtype.startswith(("int", "uint"))
        later = tensor.dtype.startswith(("float", "f8", "f6", "f4", "sparse", "onnx"))
        why = "integers" if integers else "not read yet" if later else "not real numbers"
        return f"{tensor.dtype}: {why}"
    if tensor.role in {"norm", "bias"}:
        return f"{tensor.role}: not a weight matrix"
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
        return f"{kind} stack of experts: not split yet"
    if tensor.role == "recurrent":
        return f"{kind} recurrent weights: directions and gates are not split yet"
    return f"{kind} {tensor.role}: no matrix view is known"


def _base_names(names: Sequence[str]) -> dict[str, str]:
    """Drop ``.weight`` from names, except where two would then be the same."""
    short = {name: name.removesuffix(".weight") or name for name in names}
    taken = set(names)
    return {n: n if s != n and s in taken else s for n, s in short.items()}


def numbered(names: Iterable[str], /) -> list[str]:
    """
    Put a number on the second and later of equal names.

    Parameters
    ----------
    names : iterable of str
        Some of them equal.

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
    reason = _reason_not_taken(tensor)
    positions = math.prod(tensor.shape[2:])
    if reason:
        yield Layer(name, tensor, reason=reason)
    elif pool or tensor.ndim == 2 or tensor.size == 0:
        yield Layer(name, tensor, rf=positions)
    else:
        for position, index in enumerate(np.ndindex(tensor.shape[2:])):
            label = ",".join(map(str, index))
            yield Layer(f"{name}[{label}]", tensor, rf=1, position=position)


def layers(tensors: Mapping[str, Tensor | npt.ArrayLike], /, *, pool: bool = True) -> list[Layer]:
    """
    Turn tensors into matrix views, one or more for each tensor, none dropped.

    Parameters
    ----------
    tensors : mapping of str to Tensor or array_like
        The model.
    pool : bool, default: True
        Whether the kernel positions of a convolution are one layer with all their eigenvalues, or
        one layer each.

    Returns
    -------
    list of Layer
        In the order of `tensors`. Those with a `reason` were not taken; the others hold stacks of
        (out, in) matrices.

    Raises
    ------
    ArgumentError
        If `tensors` is not a mapping.

    See Also
    --------
    spectra.analyze : Takes these, or a model.

    Examples
    --------
    >>> import numpy as np
    >>> model = {"fc.weight": np.ones((4, 2)), "fc.bias": np.ones(4)}
    >>> [(layer.name, layer.reason) for layer in layers(model)]
    [('fc', ''), ('fc.bias', 'bias: not a weight matrix')]
    >>> [layer.name for layer in layers({"c": np.ones((2, 2, 1, 2))}, pool=False)]
    ['c[0,0]', 'c[0,1]']
    """
    model = from_arrays(tensors)
    names = _base_names(list(model))
    views = [layer for key, t in model.items() for layer in _views(t, names[key], pool=pool)]
    return [
        dataclasses.replace(layer, name=name)
        for layer, name in zip(views, numbered([view.name for view in views]), strict=True)
    ]
