"""Gates: the matrices that a recurrent layer keeps in one."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from spectra.models.lazy import derived
from spectra.models.structure._parts import blocks, single, whole
from spectra.models.tensors import Weight

if TYPE_CHECKING:
    from collections.abc import Mapping

    from spectra._typing import AnyArray
    from spectra.models.tensors import Tensor

__all__ = ["split"]

_GATES = {4: "ifgo", 3: "rzn", 1: ("",)}  # LSTM, GRU and RNN, as PyTorch stacks them
_KERAS = {4: "ifco", 3: "zrh", 1: ("",)}
_ONNX = {4: "iofc", 3: "zrh", 1: ("",)}
_TORCH = re.compile(r"^(.*(?:weight|w))_(ih|hh)(_l[0-9]+)?(_reverse)?$")
_MAX_NAME = 1000


def _partner(name: str, tensors: Mapping[str, Tensor]) -> tuple[Tensor | None, Tensor | None]:
    """Return the state matrix that goes with a matrix of PyTorch's, and a projection."""
    match = _TORCH.match(name.removesuffix(".weight")) if len(name) < _MAX_NAME else None
    if not match:
        return None, None
    stem, _, layer, reverse = match.groups("")
    end = f"{layer}{reverse}" + (".weight" if name.endswith(".weight") else "")
    return tensors.get(f"{stem}_hh{end}"), tensors.get(f"{stem}_hr{end}")


def _torch_gates(name: str, tensor: Tensor, tensors: Mapping[str, Tensor]) -> int:
    """Return how many gates a matrix has, by the shape of its state matrix; 0 if unclear."""
    state, projection = _partner(name, tensors)
    if state is None or state.ndim != 2 or tensor.ndim != 2 or not min(state.shape):
        return 0
    hidden = projection.shape[1] if projection and projection.ndim == 2 else state.shape[1]
    gates, rest = divmod(state.shape[0], hidden) if hidden else (0, 1)
    return gates if not rest and gates in _GATES and tensor.shape[0] == state.shape[0] else 0


def _columns(array: AnyArray, *, start: int, stop: int) -> AnyArray:
    out: AnyArray = array[:, start:stop].T
    return out


def _keras(name: str, tensor: Tensor, tensors: Mapping[str, Tensor]) -> tuple[Weight, ...]:
    """Split a kernel (in, gates x hidden) of Keras by its recurrent kernel."""
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
    return tuple(
        Weight(
            label,
            (hidden, tensor.shape[0]),
            derived(_columns, weight.source, start=g * hidden, stop=(g + 1) * hidden),
        )
        for g, label in enumerate(_KERAS[gates])
    )


def _stacked(name: str, tensor: Tensor, tensors: Mapping[str, Tensor]) -> tuple[Weight, ...]:
    """Split W and R of ONNX, (directions, gates x hidden, columns)."""
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
        parts = blocks(single(weight, "", d), list(_ONNX[gates]), [hidden] * gates)
        for part in parts:
            words = [direction] if directions == 2 else []
            found.append(replace(part, label=".".join([*words, *filter(None, [part.label])])))
    return tuple(found)


def _gates(name: str, tensor: Tensor, tensors: Mapping[str, Tensor]) -> tuple[Weight, ...]:
    weight = whole(tensor)
    if name.endswith(("kernel", "kernel:0")):
        return _keras(name, tensor, tensors)
    if name.endswith(("W", "R")) and tensor.ndim == 3:
        return _stacked(name, tensor, tensors)
    count = _torch_gates(name, tensor, tensors)
    if weight is None or count < 2:
        return ()
    return blocks(weight, list(_GATES[count]), [tensor.shape[0] // count] * count)


def _counted(parts: tuple[Weight, ...]) -> str:
    """Say how many gates there are in each direction."""
    directions = 2 if any(part.label.startswith("reverse") for part in parts) else 1
    gates = len(parts) // directions
    words = "one gate" if gates == 1 else f"{gates} gates"
    return words if directions == 1 else f"{words}, two directions"


def split(tensors: dict[str, Tensor], config: Mapping[str, Any], /) -> dict[str, Tensor]:
    """
    Take the gates of recurrent layers apart.

    Parameters
    ----------
    tensors : dict of str to Tensor
        A model.
    config : mapping of str
        Not needed.

    Returns
    -------
    dict of str to Tensor
        With a weight for each gate, where the matrix of the state, which is known by its name and
        has as many rows as all gates and as many columns as one, says how many there are.

    Notes
    -----
    PyTorch stacks the gates of an LSTM as i, f, g, o and those of a GRU as r, z, n; Keras as
    i, f, c, o and z, r, h, along the columns; ONNX as i, o, f, c and z, r, h.

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
