"""Interpretation: every way in which tensors belong together, tried in turn."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import spectra.models.adapters as _lora
import spectra.models.structure._experts as _experts
import spectra.models.structure._fused as _fused
import spectra.models.structure._gates as _gates
from spectra.models.roles import from_name
from spectra.models.structure._packed import unpacked
from spectra.models.structure._ties import tied

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from spectra.models.tensors import Tensor

__all__ = ["interpret"]

_NOTHING: Mapping[str, Any] = MappingProxyType({})
_STEPS: tuple[Callable[[dict[str, Tensor], Mapping[str, Any]], dict[str, Tensor]], ...] = (
    unpacked,
    _gates.split,
    _experts.split,
    _fused.split,
    _lora.noted,
    tied,
)


def _plain(tensor: Tensor) -> Tensor:
    """Return a tensor as its own name has it, whatever was said of it before."""
    role = from_name(tensor.name, tensor.shape)
    return replace(tensor, role=role, note="", weights=())


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
        The model's ``config.json``, as parsed, with that of an adapter under ``"adapter"``; what is
        missing or unknown in it is not used.

    Returns
    -------
    dict of str to Tensor
        The same tensors in the same order, with what each is made of or belongs to.

    Examples
    --------
    >>> interpret({})
    {}
    """
    found = {name: _plain(tensor) for name, tensor in tensors.items()}
    for step in _STEPS:
        found = step(found, config)
    return found
