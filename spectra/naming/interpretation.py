"""Interpretation: every way in which tensors belong together, tried in turn."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from spectra.tensors import Tensor

__all__ = ["interpret"]

_NOTHING: Mapping[str, Any] = MappingProxyType({})
_STEPS: tuple[Callable[[dict[str, Tensor], Mapping[str, Any]], dict[str, Tensor]], ...] = ()


def interpret(
    tensors: Mapping[str, Tensor], /, config: Mapping[str, Any] = _NOTHING
) -> dict[str, Tensor]:
    """
    Say what tensors stand for, by the names they have together and the model's configuration.

    Parameters
    ----------
    tensors : mapping of str to Tensor
        A model whose tensors have roles by name only: safetensors, or arrays.
    config : mapping of str, optional
        The model's ``config.json``, as parsed; what is missing or unknown in it is not used.

    Returns
    -------
    dict of str to Tensor
        The same tensors in the same order, with what each is made of or belongs to.

    Examples
    --------
    >>> interpret({})
    {}
    """
    found = dict(tensors)
    for step in _STEPS:
        found = step(found, config)
    return found
