"""Findings of a rule about a quantized tensor: weights and helpers, or a reason."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from spectra.errors import SpectraError

if TYPE_CHECKING:
    from spectra._typing import AnyArray
    from spectra.models.structure._quantized._names import Names
    from spectra.models.tensors import Tensor, Weight

__all__ = ["Found", "Rule", "dims", "module_of", "small_numbers"]

_SMALL = 4096  # bytes of a tensor that is read when a model is opened


class Found(NamedTuple):
    """The weights of a quantized tensor and the names of its helpers, or a note why it has none."""

    helpers: tuple[str, ...] = ()
    weights: tuple[Weight, ...] = ()
    note: str = ""
    stem: str = ""  # name of the weight, where the stored name has another ending


Rule = Callable[[str, "Names", Mapping[str, Any]], Found | None]
"""Function of a name, the names beside it and the configuration; None if it does not apply."""


def dims(tensor: Tensor, /) -> str:
    """
    Return the shape of a tensor in words.

    Parameters
    ----------
    tensor : Tensor
        The tensor.

    Returns
    -------
    str
        For instance "3x2"; "a number" for an array without axes.

    Examples
    --------
    >>> from spectra.models.arrays import from_array
    >>> dims(from_array("w", [[1.0, 2.0]]))
    '1x2'
    """
    return "x".join(map(str, tensor.shape)) or "a number"


def module_of(name: str, /) -> str:
    """
    Return the name of the module that a tensor belongs to.

    Parameters
    ----------
    name : str
        Name of the tensor.

    Returns
    -------
    str
        All before the last dot; empty if there is none.

    Examples
    --------
    >>> module_of("model.fc.weight")
    'model.fc'
    """
    return name.rpartition(".")[0]


def small_numbers(tensor: Tensor | None, /) -> AnyArray | None:
    """
    Read a few numbers that say how other numbers are stored.

    Parameters
    ----------
    tensor : Tensor or None
        The tensor.

    Returns
    -------
    array or None
        The stored numbers; ``None`` if there is no tensor, if it has more than 4,096 numbers, or if
        it cannot be read.

    Examples
    --------
    >>> from spectra.models.arrays import from_array
    >>> small_numbers(from_array("fc.weight_shape", [3, 2]))
    array([3, 2])
    """
    if tensor is None or tensor.size > _SMALL:
        return None
    try:
        return tensor.read()
    except (SpectraError, OSError):
        return None
