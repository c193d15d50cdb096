"""Tensors of a model: small handles that read their numbers only when asked."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from spectra.errors import ArgumentError, ModelFormatError
from spectra.roles import ROLES, from_name

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from spectra._typing import AnyArray

__all__ = ["Tensor", "from_array", "from_arrays"]


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
        What the network uses it for, one of :data:`spectra.roles.ROLES`.
    source : callable
        Called without arguments, returns the array. Picklable where the tensor comes from a file,
        so that a worker elsewhere can read it by itself.
    note : str, default: ""
        Where the role comes from, for a person ("Gemm input 1").

    Examples
    --------
    >>> import numpy as np
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
    source: Callable[[], AnyArray]
    note: str = ""

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
        values = self.source()
        if values.shape != self.shape:
            msg = f"tensor {self.name!r} should have shape {self.shape}, found {values.shape}"
            raise ModelFormatError(msg)
        return values


def _same(array: AnyArray) -> AnyArray:
    return array


def from_array(name: str, array: npt.ArrayLike, /, *, role: str | None = None) -> Tensor:
    """
    Make a tensor of an array in memory.

    Parameters
    ----------
    name : str
        Name of the tensor.
    array : array_like
        Its numbers; kept by reference, not copied.
    role : str, optional
        One of :data:`spectra.roles.ROLES`; by default guessed from name and shape.

    Returns
    -------
    Tensor
        The handle.

    Raises
    ------
    ArgumentError
        If `array` is not an array, or `role` not a known role.

    Examples
    --------
    >>> from_array("embed.weight", [[1.0, 2.0]]).role
    'embedding'
    """
    try:
        values = np.asarray(array)
    except (TypeError, ValueError, RuntimeError) as error:
        msg = f"tensor {name!r} must be an array of numbers: {error}"
        raise ArgumentError(msg) from error
    if role is None:
        role = from_name(name, values.shape)
    elif role not in ROLES:
        msg = f"`role` must be one of {', '.join(sorted(ROLES))}, got {role!r}"
        raise ArgumentError(msg)
    return Tensor(name, values.shape, values.dtype.name, role, partial(_same, values))


def from_arrays(tensors: Mapping[str, Tensor | npt.ArrayLike], /) -> dict[str, Tensor]:
    """
    Make a model of a mapping of names to arrays; tensors already made stay as they are.

    Parameters
    ----------
    tensors : mapping of str to Tensor or array_like
        The model.

    Returns
    -------
    dict of str to Tensor
        The same names in the same order.

    Raises
    ------
    ArgumentError
        If `tensors` is not a mapping of names to arrays.

    Examples
    --------
    >>> list(from_arrays({"w": [[1.0]]}).values())[0].shape
    (1, 1)
    """
    if not isinstance(tensors, Mapping):
        msg = (
            f"a model must be a mapping of names to arrays, got {type(tensors).__name__}; "
            'open a file with spectra_io.open_model, or pass {"name": array}'
        )
        raise ArgumentError(msg)
    for name in tensors:
        if not isinstance(name, str):
            msg = f"the names of a model's tensors must be strings, got {name!r}"
            raise ArgumentError(msg)
    return {n: t if isinstance(t, Tensor) else from_array(n, t) for n, t in tensors.items()}
