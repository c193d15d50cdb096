"""Arrays in memory as a model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from spectra.errors import ArgumentError
from spectra.models.lazy import Held
from spectra.models.roles import ROLES, from_name
from spectra.models.structure import interpret
from spectra.models.tensors import Tensor

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["from_array", "from_arrays"]


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
        One of :data:`spectra.models.roles.ROLES`; by default guessed from name and shape.

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
    return Tensor(name, values.shape, values.dtype.name, role, Held(values))


def from_arrays(tensors: Mapping[str, Tensor | npt.ArrayLike], /) -> dict[str, Tensor]:
    """
    Make a model of a mapping of names to arrays; tensors already made stay as they are.

    What the names of arrays say together (gates, scales of quantized weights) is read from them,
    see :func:`spectra.models.structure.interpret`.

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
    made = {n: from_array(n, t) for n, t in tensors.items() if not isinstance(t, Tensor)}
    given = {n: t for n, t in tensors.items() if isinstance(t, Tensor)}
    known = {**given, **interpret(made)}
    return {name: known[name] for name in tensors}
