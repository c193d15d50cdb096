"""Halves: split gate and up of feed-forward layers that are stored as one matrix."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from spectra.models.structure._parts import alternating, blocks, setting, whole

if TYPE_CHECKING:
    from collections.abc import Mapping

    from spectra.models.tensors import Tensor, Weight

__all__ = ["split"]

_GATE_UP, _UP_GATE = ("gate", "up"), ("up", "gate")
_FUSED: dict[str, tuple[tuple[str, str], tuple[str, ...]]] = {
    "gate_up_proj": (_GATE_UP, ("down_proj", "fc2", "out_proj")),
    "gate_up": (_GATE_UP, ("down",)),
    "gate_proj_up_proj": (_GATE_UP, ("down_proj",)),
    "up_gate_proj": (_UP_GATE, ("down_proj",)),
    "w12": (_GATE_UP, ("w3",)),
    "w13": (_GATE_UP, ("w2",)),
    "w13_dn": (_GATE_UP, ("w2_md",)),
    "weights_in": (_GATE_UP, ("weights_out",)),
    "input_linear": (_GATE_UP, ("output_linear",)),
    "dense_h_to_4h": (_GATE_UP, ("dense_4h_to_h",)),
    "fc1": (_UP_GATE, ("fc2",)),
    "Wi": (_GATE_UP, ("Wo",)),
    "ff_proj": (_UP_GATE, ("ff_out",)),
    "linear_1": (_UP_GATE, ("linear_2",)),
    "net.0.proj": (_UP_GATE, ("net.2",)),
    "fc1.proj": (_UP_GATE, ("fc2",)),
}
"""Labels of the halves, and names of the matrix that takes their product, by name."""

_ENDINGS = (".weight", ".qweight", ".weight_packed", "._weight_qdata", ".weight._data")
_SIZES = ("intermediate_size", "ffn_hidden_size", "d_ff", "ffn_dim", "n_inner")
_TYPES = {
    "fc1": ("moonshine", "clvp"),
    "linear_1": ("cohere2_vision", "aya_vision"),
    "dense_h_to_4h": ("chatglm", "glm"),
}
"""Beginnings of the types of models whose order is known, for names that others use too."""
_EITHER = "gate and up fused: left whole, their order is not known"
_SURE = ("gate_up_proj", "gate_up", "up_gate_proj", "w12", "w13")


def _named(name: str) -> tuple[str, str]:
    """Return the name of the block, and that of the matrix in it, without the ending."""
    ending = next((e for e in _ENDINGS if name.endswith(e)), "")
    stem = name.removesuffix(ending) if ending else name
    block, _, last = stem.rpartition(".")
    for inner in ("net.0", "fc1"):
        if last == "proj" and block.endswith(inner):
            return block.removesuffix(inner), f"{inner}.proj"
    return f"{block}." if block else "", last


def _inputs(block: str, downs: tuple[str, ...], tensors: Mapping[str, Tensor]) -> list[int]:
    """Return how many inputs the matrix after the product of the halves may have."""
    found = []
    for down in downs:
        for ending in ("", *_ENDINGS):
            tensor = tensors.get(f"{block}{down}{ending}")
            weight = whole(tensor) if tensor is not None else None
            if weight is not None and len(weight.shape) == 2:
                found.append(weight.shape[1])
    return found


def _next_inputs(name: str, tensors: Mapping[str, Tensor]) -> int:
    """Return how many inputs the matrix after the product of the halves has; 0 if not known."""
    block, last = _named(name)
    return min(_inputs(block, _FUSED[last][1], tensors), default=0)


def _halves(
    name: str, weight: Weight, tensors: Mapping[str, Tensor], config: Mapping[str, Any]
) -> tuple[Weight, ...]:
    block, last = _named(name)
    labels, downs = _FUSED[last]
    if "feed_forward" in block and str(config.get("model_type")).startswith("phi4_multimodal"):
        labels = _UP_GATE  # of its audio tower
    size, rest = divmod(weight.shape[0], 2)
    inputs = _inputs(block, downs, tensors)
    known = inputs if inputs else [setting(config, *_SIZES)] if last in _SURE else []
    if not size or rest or size not in known:
        return ()
    if not str(config.get("model_type")).startswith(_TYPES.get(last, "")):
        return ()
    if last == "w13_dn":
        return alternating(weight, labels)
    return blocks(weight, labels, [size, size])


def split(tensors: dict[str, Tensor], config: Mapping[str, Any], /) -> dict[str, Tensor]:
    """
    Split gate and up, where the matrix after their product shows that there are two halves.

    Parameters
    ----------
    tensors : dict of str to Tensor
        A model.
    config : mapping of str
        Configuration of the model, with the width between the two matrices.

    Returns
    -------
    dict of str to Tensor
        The model; a matrix with twice as many outputs as the next one has inputs has two weights,
        gate and up, in the order that belongs to its name.

    Notes
    -----
    The gate is the half that the activation function is applied to. It comes first in Llama's
    ``gate_up_proj`` and in ModernBERT's ``Wi``, second in the GEGLU of diffusers.

    Examples
    --------
    >>> import numpy as np, spectra
    >>> arrays = {"mlp.Wi.weight": np.ones((8, 3)), "mlp.Wo.weight": np.ones((3, 4))}
    >>> [layer.name for layer in spectra.layers(arrays)]
    ['mlp.Wi[gate]', 'mlp.Wi[up]', 'mlp.Wo']
    """
    found = dict(tensors)
    for name, tensor in tensors.items():
        last = _named(name)[1]
        weight = whole(tensor) if last in _FUSED and tensor.role == "dense" else None
        if weight is None or len(weight.shape) != 2:
            continue
        if parts := _halves(name, weight, tensors, config):
            note = f"{tensor.note}, {parts[0].label}, {parts[1].label}".removeprefix(", ")
            found[name] = replace(tensor, note=note, weights=parts)
        elif last in _TYPES and 2 * _next_inputs(name, tensors) == weight.shape[0]:
            note = f"{tensor.note}, {_EITHER}".removeprefix(", ")
            found[name] = replace(tensor, note=note)
        elif last in _SURE:
            why = "the config does not say how" if config else "no config says how to split"
            note = f"{tensor.note}, gate and up fused: left whole, {why}".removeprefix(", ")
            found[name] = replace(tensor, note=note)
    return found
