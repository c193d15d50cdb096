"""Interpretation: roles, parts and notes of all tensors of a model."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import spectra.models.adapters as _lora
import spectra.models.structure._experts as _experts
import spectra.models.structure._fused as _fused
import spectra.models.structure._gates as _gates
import spectra.models.structure._gguf as _gguf
import spectra.models.structure._halves as _halves
import spectra.models.structure._missing as _missing
import spectra.models.structure._state_space as _state_space
from spectra.models._not_maps import why_no_map
from spectra.models.roles import from_name, is_named
from spectra.models.structure._orientation import turned
from spectra.models.structure._quantized import guarded, unpacked
from spectra.models.structure._reparametrized import composed
from spectra.models.structure._ties import tied

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from spectra.models.tensors import Tensor

__all__ = ["interpret"]

_NOTHING: Mapping[str, Any] = MappingProxyType({})
_STEPS: tuple[Callable[[dict[str, Tensor], Mapping[str, Any]], dict[str, Tensor]], ...] = (
    _gguf.named,
    unpacked,
    guarded,
    composed,
    _gates.split,
    turned,
    _experts.split,
    _fused.split,
    _halves.split,
    _state_space.split,
    _lora.noted,
    tied,
)


def _plain(tensor: Tensor) -> Tensor:
    """Return a tensor with the role that its own name gives, without note and parts."""
    role = from_name(tensor.name, tensor.shape)
    note = why_no_map(tensor.name, tensor.shape) if role == "parameter" else ""
    return replace(tensor, role=role, note=note, weights=(), twin="")


def _doubted(tensor: Tensor) -> Tensor:
    """Return a tensor with a note if nothing but its shape says that it is a weight."""
    plain = tensor.role in ("dense", "conv") and not tensor.note and not tensor.weights
    if plain and tensor.ndim > 1 and not is_named(tensor.name):
        return replace(tensor, note="by its shape only")
    return tensor


def interpret(
    tensors: Mapping[str, Tensor], /, config: Mapping[str, Any] = _NOTHING
) -> dict[str, Tensor]:
    """
    Guess the roles of tensors from names, shapes and the configuration of the model.

    Parameters
    ----------
    tensors : mapping of str to Tensor
        Tensors of safetensors, npz or npy files, or of arrays. The roles, notes and weights that
        they have already are replaced.
    config : mapping of str, optional
        The parsed ``config.json`` of the model, with the configuration of an adapter under
        ``"adapter"``. Missing or unknown entries are ignored.

    Returns
    -------
    dict of str to Tensor
        The same tensors in the same order, each with its role, a note and the weights it stands
        for: the parts of fused and stacked matrices, dequantized numbers.

    Notes
    -----
    Idempotent: an interpreted model is interpreted again as the same. Tensors of the role
    "missing" stay as they are; what cannot be understood without them is left out. The graph of an
    ONNX file tells the roles itself, so its tensors are not interpreted.

    Examples
    --------
    >>> interpret({})
    {}
    """
    found = {n: _plain(t) for n, t in tensors.items() if t.role != "missing"}
    for step in _STEPS:
        found = step(found, config)
    doubted = {name: _doubted(tensor) for name, tensor in found.items()}
    return _missing.restored(doubted, tensors)
