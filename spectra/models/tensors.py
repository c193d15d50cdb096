"""Tensors of a model: small handles that read their numbers only when asked."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from spectra.errors import ModelFormatError, SpectraError

if TYPE_CHECKING:
    from spectra._typing import AnyArray
    from spectra.models.lazy import Source

__all__ = ["Tensor", "Weight"]


def _checked(source: Source, shape: tuple[int, ...], what: str) -> AnyArray:
    try:
        values = source()
    except (ArithmeticError, LookupError, TypeError, ValueError) as error:
        if isinstance(error, SpectraError):
            raise
        msg = f"{what} cannot be computed of what is stored: {error}"
        raise ModelFormatError(msg) from error
    if values.shape != shape:
        msg = f"{what} should have shape {shape}, found {values.shape}"
        raise ModelFormatError(msg)
    return values


@dataclass(frozen=True, slots=True, repr=False)
class Weight:
    """
    Real numbers that the network computes with, made of stored ones.

    What a quantized tensor stands for, or one of the matrices that are fused in a tensor: a gate,
    a direction, an expert.

    Parameters
    ----------
    label : str
        Which part of the tensor it is, for the name of the layer; empty if it is the only one.
    shape : tuple of int
        A matrix, or a kernel (out, in, positions...).
    source : callable
        Called without arguments, returns the array; picklable like that of a :class:`Tensor`.
    groups : int, default: 1
        Into how many independent parts a convolution divides its channels.

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

    def __repr__(self) -> str:
        """Return what it is, in one line."""
        return f"<Weight {self.label!r} {'x'.join(map(str, self.shape))}>"

    def read(self) -> AnyArray:
        """
        Compute the numbers.

        Returns
        -------
        array
            Of the stated shape, real.

        Raises
        ------
        ModelError
            If the file cannot be read, or holds another shape than it said.
        """
        return _checked(self.source, self.shape, f"part {self.label!r}")


@dataclass(frozen=True, slots=True, repr=False)
class Tensor:
    """
    One tensor of a model, not yet read.

    Parameters
    ----------
    name : str
        Name in the file.
    shape : tuple of int
        Shape as stored.
    dtype : str
        Type as stored, spelled as numpy and ml_dtypes do (``"float32"``, ``"bfloat16"``).
    role : str
        What the network uses it for, one of :data:`spectra.models.roles.ROLES`.
    source : callable
        Called without arguments, returns the array. Picklable where the tensor comes from a file,
        so that a worker elsewhere can read it by itself.
    note : str, default: ""
        Where the role comes from, and what the numbers stand for, for a person ("input 1 of
        Gemm"; "int8 times scale").
    weights : tuple of Weight, default: ()
        What the network computes with, where that is not the stored array as it is.

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

    def __repr__(self) -> str:
        """Return what it is, in one line."""
        shape = "x".join(map(str, self.shape)) or "scalar"
        return f"<Tensor {self.name!r} {shape} {self.dtype} {self.role}>"

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
        Read the numbers.

        Returns
        -------
        array
            In the type they are stored in.

        Raises
        ------
        ModelError
            If the file cannot be read, or holds another shape than its header says.
        """
        return _checked(self.source, self.shape, f"tensor {self.name!r}")
