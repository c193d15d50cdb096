"""Gates: split the stacked gate matrices of recurrent layers."""

from __future__ import annotations

import re
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from spectra.models.structure._parts import blocks, single, upright, whole

if TYPE_CHECKING:
    from collections.abc import Mapping

    from spectra.models.tensors import Tensor, Weight

__all__ = ["GATES", "split"]

GATES: Mapping[str, Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "torch": {"LSTM": ("i", "f", "g", "o"), "GRU": ("r", "z", "n"), "RNN": ("",)},
        "keras": {"LSTM": ("i", "f", "c", "o"), "GRU": ("z", "r", "h"), "RNN": ("",)},
        "onnx": {"LSTM": ("i", "o", "f", "c"), "GRU": ("z", "r", "h"), "RNN": ("",)},
    }
)
"""Labels of the gates of a recurrent layer in stored order, by framework and kind of layer."""

_TORCH, _KERAS, _ONNX = (
    {len(gates): gates for gates in GATES[framework].values()}
    for framework in ("torch", "keras", "onnx")
)
_TORCH_NAME = re.compile(
    r"^(.*(?:weight|w))_(ih|hh)(_l[0-9]+)?(_reverse)?(_v)?$"
)  # v of a weight norm
_MAX_NAME = 1000


def _partner(name: str, tensors: Mapping[str, Tensor]) -> tuple[Tensor | None, Tensor | None]:
    """Return the state matrix beside an input or state matrix of PyTorch, and its projection."""
    match = _TORCH_NAME.match(name.removesuffix(".weight")) if len(name) < _MAX_NAME else None
    if not match:
        return None, None
    stem, _, layer, reverse, direction = match.groups("")
    end = f"{layer}{reverse}{direction}" + (".weight" if name.endswith(".weight") else "")
    return tensors.get(f"{stem}_hh{end}"), tensors.get(f"{stem}_hr{end}")


def _torch_gates(name: str, tensor: Tensor, tensors: Mapping[str, Tensor]) -> int:
    """Return the number of gates, from the shape of the state matrix; 0 if it is not known."""
    state, projection = _partner(name, tensors)
    if state is None or state.ndim != 2 or tensor.ndim != 2 or not min(state.shape):
        return 0
    hidden = projection.shape[1] if projection and projection.ndim == 2 else state.shape[1]
    gates, rest = divmod(state.shape[0], hidden) if hidden else (0, 1)
    return gates if not rest and gates in _TORCH and tensor.shape[0] == state.shape[0] else 0


def _keras_gates(name: str, tensor: Tensor, tensors: Mapping[str, Tensor]) -> tuple[Weight, ...]:
    """Split a kernel (in, gates x hidden) of Keras, with sizes from the recurrent kernel."""
    stem = re.sub(r"(recurrent_)?kernel(:0)?$", "", name[-_MAX_NAME:])
    ending = name[-2:] if name.endswith(":0") else ""
    state = tensors.get(f"{name[:-_MAX_NAME]}{stem}recurrent_kernel{ending}")
    weight = whole(tensor)
    if weight is None or state is None or state.ndim != 2 or tensor.ndim != 2:
        return ()
    hidden, width = state.shape
    gates = width // hidden if hidden else 0
    if gates not in _KERAS or gates * hidden != width or tensor.shape[1] != width:
        return ()
    return blocks(upright(weight), _KERAS[gates], [hidden] * gates)


def _onnx_gates(name: str, tensor: Tensor, tensors: Mapping[str, Tensor]) -> tuple[Weight, ...]:
    """Split W or R of ONNX, (directions, gates x hidden, columns), with sizes from R."""
    weight, state = whole(tensor), tensors.get(f"{name[:-1]}R")
    if weight is None or state is None or tensor.ndim != 3 or state.ndim != 3:
        return ()
    directions, height, hidden = state.shape
    gates = height // hidden if hidden else 0
    if gates not in _ONNX or gates * hidden != height or tensor.shape[:2] != state.shape[:2]:
        return ()
    if directions not in (1, 2):
        return ()
    found = []
    for d, direction in enumerate(["forward", "reverse"][:directions]):
        parts = blocks(single(weight, "", d), _ONNX[gates], [hidden] * gates)
        for part in parts:
            words = [direction] if directions == 2 else []
            found.append(replace(part, label=".".join([*words, *filter(None, [part.label])])))
    return tuple(found)


def _gates(name: str, tensor: Tensor, tensors: Mapping[str, Tensor]) -> tuple[Weight, ...]:
    weight = whole(tensor)
    if name.endswith(("kernel", "kernel:0")):
        return _keras_gates(name, tensor, tensors)
    if name.endswith(("W", "R")) and tensor.ndim == 3:
        return _onnx_gates(name, tensor, tensors)
    count = _torch_gates(name, tensor, tensors)
    if weight is None or count < 2:
        return ()
    return blocks(weight, _TORCH[count], [tensor.shape[0] // count] * count)


def _counted(parts: tuple[Weight, ...]) -> str:
    """Return the number of gates and directions in words."""
    directions = 2 if any(part.label.startswith("reverse") for part in parts) else 1
    gates = len(parts) // directions
    words = "one gate" if gates == 1 else f"{gates} gates"
    return words if directions == 1 else f"{words}, two directions"


def split(tensors: dict[str, Tensor], config: Mapping[str, Any], /) -> dict[str, Tensor]:
    """
    Split the gates of recurrent layers.

    Parameters
    ----------
    tensors : dict of str to Tensor
        A model.
    config : mapping of str
        Not used.

    Returns
    -------
    dict of str to Tensor
        The model; a recurrent tensor has one weight per gate. The number of gates is that of rows
        to columns of the state matrix, which is found by its name.

    Notes
    -----
    PyTorch and ONNX stack the gates along the rows, Keras along the columns, in the orders of
    :data:`spectra.models.structure.GATES`.

    Examples
    --------
    >>> import numpy as np, spectra
    >>> arrays = {"l.weight_ih_l0": np.ones((12, 5)), "l.weight_hh_l0": np.ones((12, 4))}
    >>> [layer.name for layer in spectra.layers(arrays)][:3]
    ['l.weight_ih_l0[r]', 'l.weight_ih_l0[z]', 'l.weight_ih_l0[n]']
    """
    found = dict(tensors)
    for name, tensor in tensors.items():
        keras = name.endswith(("kernel", "kernel:0")) and tensor.ndim == 2
        if tensor.role != "recurrent" and not keras:
            continue
        if parts := _gates(name, tensor, tensors):
            note = f"{tensor.note}, {_counted(parts)}".removeprefix(", ")
            found[name] = replace(tensor, role="recurrent", note=note, weights=parts)
        elif tensor.role == "recurrent" and _torch_gates(name, tensor, tensors) != 1:
            found[name] = replace(tensor, note=tensor.note or "gates left together: not known")
    return found
