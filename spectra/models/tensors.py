"""Tensors of a model: handles that read the stored numbers on demand, and derived weights."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from spectra.errors import ModelFormatError, SpectraError
from spectra.models.lazy import blocks

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spectra._typing import AnyArray
    from spectra.models.lazy import Source

__all__ = ["MOST_PARTS", "Tensor", "Weight", "Whole"]

MOST_PARTS = 4096
"""Most weights, or kernel positions, of a tensor; large stacks of experts have 512, two each."""


def _checked(source: Source, shape: tuple[int, ...], what: str) -> AnyArray:
    try:
        values = source()
    except (ArithmeticError, LookupError, TypeError, ValueError) as error:
        if isinstance(error, SpectraError):
            raise
        msg = f"{what} cannot be computed from the stored numbers: {error}"
        raise ModelFormatError(msg) from error
    if values.shape != shape:
        msg = f"{what} should have shape {shape}, found {values.shape}"
        raise ModelFormatError(msg)
    return values


@dataclass(frozen=True, slots=True, repr=False)
class Weight:
    """
    A real-valued matrix that the network uses, derived from stored tensors.

    The matrix is the dequantized tensor, or one gate, direction, expert or projection of a fused
    tensor.

    Parameters
    ----------
    label : str
        Part of the tensor, for the name of the layer; empty for the only part.
    shape : tuple of int
        A matrix, or a kernel (out, in, positions...).
    source : callable
        Callable without arguments that returns the array; picklable like that of a
        :class:`Tensor`.
    groups : int, default: 1
        Number of groups of channels in a grouped convolution.
    ending : str, default: ""
        Ending that the name of the tensor has for this weight, as ``_reverse`` for the weights of
        one direction.

    Examples
    --------
    >>> import numpy as np
    >>> from spectra.models.lazy import Held
    >>> Weight("q", (2, 2), Held(np.eye(2))).read().sum()
    np.float64(2.0)
    """

    label: str
    shape: tuple[int, ...]
    source: Source
    groups: int = 1
    ending: str = ""

    def __repr__(self) -> str:
        """Return label and shape in one line."""
        return f"<Weight {self.label!r} {'x'.join(map(str, self.shape))}>"

    def read(self) -> AnyArray:
        """
        Compute the matrix.

        Returns
        -------
        array
            Real numbers, in the shape of the weight.

        Raises
        ------
        ModelError
            If the file cannot be read, or the array has another shape.
        """
        return _checked(self.source, self.shape, f"part {self.label!r}")


@dataclass(frozen=True, slots=True, repr=False)
class Tensor:
    """
    A tensor of a model, read on demand.

    Parameters
    ----------
    name : str
        Name in the file.
    shape : tuple of int
        Shape as stored; ``(0,)`` for a missing tensor whose shape is not known.
    dtype : str
        Type as stored, by the name of numpy or ml_dtypes (``"float32"``, ``"bfloat16"``); of
        quantized blocks in a GGUF file the name of ggml (``"q4_k"``); empty for a missing tensor
        whose type is not known.
    role : str
        Use of the tensor in the network, one of :data:`spectra.models.roles.ROLES`.
    source : callable
        Callable without arguments that returns the array; picklable for a tensor of a file, so
        that another process can read it.
    note : str, default: ""
        Origin of the role and meaning of the numbers, for a person ("input 1 of Gemm"; "int8 times
        scale").
    weights : tuple of Weight, default: ()
        Matrices that the network uses, where they differ from the stored array.
    twin : str, default: ""
        Name of a tensor that may have the same numbers, such as the embedding of an output layer.
    alias : str, default: ""
        Name of the tensor in the network, where the name in the file is made up by an exporter.
    place : int, default: -1
        Number of the tensor, from 0, in the list of initializers of the main graph of an ONNX
        file; -1 for every other tensor.

    Examples
    --------
    >>> import numpy as np
    >>> from spectra.models.arrays import from_array
    >>> tensor = from_array("fc1.weight", np.ones((3, 2), dtype=np.float32))
    >>> tensor.shape, tensor.dtype, tensor.role, tensor.size
    ((3, 2), 'float32', 'dense', 6)
    >>> float(tensor.read().sum())
    6.0
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    role: str
    source: Source
    note: str = ""
    weights: tuple[Weight, ...] = ()
    twin: str = ""
    alias: str = ""
    place: int = -1

    def __repr__(self) -> str:
        """Return name, shape, type and role in one line."""
        shape = "x".join(map(str, self.shape)) or "scalar"
        stored = f"{shape} {self.dtype} " if self.dtype else ""
        return f"<Tensor {self.name!r} {stored}{self.role}>"

    @property
    def size(self) -> int:
        """Number of elements."""
        return math.prod(self.shape)

    @property
    def ndim(self) -> int:
        """Number of dimensions."""
        return len(self.shape)

    def read(self) -> AnyArray:
        """
        Read the stored array.

        Returns
        -------
        array
            Numbers in the stored type; of quantized blocks in a GGUF file the numbers that they
            stand for, as float32.

        Raises
        ------
        ModelError
            If the file cannot be read, or the array has another shape than its header says; if
            a type of block cannot be dequantized.
        """
        return _checked(self.source, self.shape, f"tensor {self.name!r}")


@dataclass(frozen=True, slots=True)
class Whole:
    """
    The stored array of a tensor as a lazy array, which can be read in blocks if the tensor can.

    Parameters
    ----------
    tensor : Tensor
        The tensor.

    Examples
    --------
    >>> import numpy as np
    >>> from spectra.models.arrays import from_array
    >>> Whole(from_array("w", np.eye(2)))().sum()
    np.float64(2.0)
    """

    tensor: Tensor

    def __call__(self) -> AnyArray:
        """
        Read the tensor.

        Returns
        -------
        array
            The stored array.

        Raises
        ------
        ModelError
            As in :meth:`Tensor.read`.
        """
        return self.tensor.read()

    def blocks(self, step: int, axis: int) -> Iterator[AnyArray] | None:
        """
        Read the tensor in parts, see :func:`spectra.models.lazy.blocks`.

        Parameters
        ----------
        step : int
            Number of rows or columns in a part.
        axis : int
            Axis that is cut.

        Returns
        -------
        iterator of array, or None
            The parts; None if a part cannot be had without the whole.
        """
        return blocks(self.tensor.source, step, axis)

    @property
    def sparse(self) -> Any:
        """The sparse matrix in memory, of SciPy; None for any other tensor."""
        return getattr(self.tensor.source, "sparse", None)
