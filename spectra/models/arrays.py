"""Arrays: make tensors and models of arrays in memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from spectra._sparse import Sparse, from_sparse
from spectra.errors import ArgumentError
from spectra.models.lazy import Derived, Held
from spectra.models.model import Model
from spectra.models.roles import ROLES, from_name
from spectra.models.structure import interpret
from spectra.models.tensors import Tensor

if TYPE_CHECKING:
    import numpy.typing as npt

    from spectra.models.lazy import Source

__all__ = ["from_array", "from_arrays"]


def _held(name: str, array: npt.ArrayLike) -> Tensor:
    """Return the tensor of an array in memory, its role not yet guessed."""
    array = from_sparse(array)
    if isinstance(array, Sparse):
        return Tensor(name, array.shape, array.sparse.dtype.name, "unknown", array)
    try:
        values = np.asarray(array)
    except (TypeError, ValueError, RuntimeError) as error:
        msg = f"tensor {name!r} must be an array of numbers: {error}"
        raise ArgumentError(msg) from error
    return Tensor(name, values.shape, values.dtype.name, "unknown", Held(values))


def _in_memory(source: Source) -> bool:
    """Return whether an array is held in memory, or computed of arrays that are."""
    if isinstance(source, Derived):
        return all(_in_memory(part) for part in source.inputs)
    return isinstance(source, Held | Sparse)


def from_array(name: str, array: npt.ArrayLike, /, *, role: str | None = None) -> Tensor:
    """
    Make a tensor of an array in memory.

    Parameters
    ----------
    name : str
        Name of the tensor.
    array : array_like, or sparse array or matrix of SciPy
        Numbers of the tensor; kept by reference, not copied. A sparse matrix is read as a dense
        one, in parts.
    role : str, optional
        Use of the tensor in the network, a key of :data:`spectra.models.roles.ROLES`; by default
        guessed from name and shape.

    Returns
    -------
    Tensor
        The tensor, of the shape and type of the array.

    Raises
    ------
    ArgumentError
        If `array` cannot be made an array, or `role` is not a known role.

    Examples
    --------
    >>> from_array("embed.weight", [[1.0, 2.0], [3.0, 4.0]]).role
    'embedding'
    """
    tensor = _held(name, array)
    if role is not None and role not in ROLES:
        msg = f"`role` must be one of {', '.join(sorted(ROLES))}, got {role!r}"
        raise ArgumentError(msg)
    return replace(tensor, role=from_name(name, tensor.shape) if role is None else role)


def from_arrays(tensors: Mapping[str, Tensor | npt.ArrayLike], /, *, name: str = "") -> Model:
    """
    Make a model of a mapping of names to arrays.

    The names and shapes of all arrays together tell which belong to each other, such as quantized
    weights and their scales, see :func:`spectra.models.structure.interpret`.

    Parameters
    ----------
    tensors : mapping of str to Tensor, array_like or sparse matrix
        Arrays by name, sparse ones of SciPy among them. A tensor is kept as it is, and so is a
        whole :class:`~spectra.models.model.Model`.
    name : str, default: ""
        Name of the model, which results keep.

    Returns
    -------
    Model
        The same names in the same order, of the format "arrays"; `tensors` itself if it is a
        :class:`~spectra.models.model.Model`.

    Raises
    ------
    ArgumentError
        If `tensors` is not a mapping of names to arrays.

    Notes
    -----
    Tensors of files, given in a mapping that is not a model, may be stored at a URL: the new model
    counts as not local and has no fingerprint. :meth:`spectra.models.model.Model.select` keeps
    what is known of a model.

    Examples
    --------
    >>> from_arrays({"w": [[1.0]]})
    <Model '' arrays, 1 tensor>
    """
    if isinstance(tensors, Model):
        return replace(tensors, name=name) if name else tensors
    if not isinstance(tensors, Mapping) or hasattr(tensors, "data_vars"):  # results are not a model
        msg = (
            f"a model must be a mapping of names to arrays, got {type(tensors).__name__}; "
            'open a file with spectra_io.open_model, or pass {"name": array}'
        )
        raise ArgumentError(msg)
    for key in tensors:
        if not isinstance(key, str):
            msg = f"the names of a model's tensors must be strings, got {key!r}"
            raise ArgumentError(msg)
    made = {n: _held(n, t) for n, t in tensors.items() if not isinstance(t, Tensor)}
    given = {n: t for n, t in tensors.items() if isinstance(t, Tensor)}
    known = {**given, **interpret(made)}
    local = all(_in_memory(tensor.source) for tensor in given.values())
    return Model({key: known[key] for key in tensors}, name=name, local=local)
