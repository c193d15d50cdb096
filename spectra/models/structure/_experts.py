"""Experts: split stacks of expert matrices, with gate and up fused or not."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from spectra.models.structure._parts import (
    alternating,
    blocks,
    places,
    setting,
    single,
    upright,
    whole,
)
from spectra.models.tensors import MOST_PARTS, Weight

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from spectra.models.tensors import Tensor

__all__ = ["split"]

_MAX_TOTAL = 1 << 17  # parts of all stacks of a model; large public models have half of that
_TOO_MANY = f"experts left together: at most {MOST_PARTS} of a tensor, {_MAX_TOTAL} parts in all"
_STACK = re.compile(r"ffn\.experts\.mlp\.(w1|v1|w2)(\.weight)?$")
_LONGEST = 200  # characters at the end of a name that are looked at
_DOWN = {
    "gate_up_proj": "down_proj",
    "fc1": "fc2",
    "input_linear": "output_linear",
    "w13": "w2",
    "w13_weight": "w2_weight",
    "gate_up": "down",
    "ffn_gate_up_exps": "ffn_down_exps",
}
"""Name of the matrix after the product of gate and up, by the name of the two together."""
_UP = {down: up for up, down in _DOWN.items()}
_FUSED = re.compile(rf"(^|[._])({'|'.join(_DOWN)})(\.weight|_blocks)?$")
_LAST = re.compile(rf"(^|[._])({'|'.join(_UP)})(\.weight|_blocks)?$")
_LINEAR = re.compile(r"(^|\.)(input_linear|output_linear)\.weight$")


def _halves(expert: Weight, *, interleaved: bool) -> tuple[Weight, ...]:
    """Return gate and up of one expert, stored as halves of the rows or as alternating rows."""
    size, names = expert.shape[0] // 2, [f"{expert.label}.gate", f"{expert.label}.up"]
    if expert.shape[0] % 2:
        return (expert,)
    if not interleaved:
        return blocks(expert, names, [size, size])
    return alternating(expert, names)


def _sibling(name: str, tensors: Mapping[str, Tensor]) -> tuple[int, ...]:
    """Return the shape of the down-projection beside a fused gate and up; () if there is none."""
    match = _FUSED.search(name[-_LONGEST:])
    if not match:
        return ()
    start = len(name) - len(name[-_LONGEST:])
    head = name[: start + match.start(2)]
    down = tensors.get(f"{head}{_DOWN[match[2]]}{match[3] or ''}")
    return _shape(down) if down is not None else ()


def _has_gate(name: str, tensor: Tensor, tensors: Mapping[str, Tensor]) -> bool:
    """Return whether a stack is called like gate and up together, and is not shaped against it."""
    if not _FUSED.search(name[-_LONGEST:]):
        return False
    return _sibling(name, tensors)[1:] != _shape(tensor)[:0:-1]


def _fused_beside(name: str, tensors: Mapping[str, Tensor]) -> tuple[int, ...]:
    """Return the shape of the fused gate and up beside a down-projection; () if there is none."""
    match = _LAST.search(name[-_LONGEST:])
    if not match:
        return ()
    start = len(name) - len(name[-_LONGEST:])
    up = f"{name[: start + match.start(2)]}{_UP[match[2]]}{match[3] or ''}"
    return _shape(tensors[up]) if up in tensors else ()


def _is_wide(
    shape: tuple[int, ...], down: tuple[int, ...], config: Mapping[str, Any]
) -> bool | None:
    """Return whether gate and up are fused along the last axis; None if that is not known."""
    last = len(down) == 3 and (shape[2], shape[1]) == (2 * down[1], down[2])
    middle = len(down) == 3 and (shape[1], shape[2]) == (2 * down[2], down[1])
    if last != middle:
        return last
    hidden = setting(config, "hidden_size", "n_embd", "d_model")
    if hidden is None or shape[1] == shape[2] or hidden not in shape[1:]:
        return None
    return shape[1] == hidden


def _kinds(config: Mapping[str, Any]) -> list[str]:
    """Return the types of a model and of its language model."""
    found = (place.get("model_type") for place in places(config))
    return [kind for kind in found if isinstance(kind, str)]


def _interleaved(name: str, tensors: Mapping[str, Tensor], config: Mapping[str, Any]) -> bool:
    """Return whether gate and up, fused along the last axis, alternate as in gpt-oss."""
    kinds = _kinds(config)
    if kinds:
        return "gpt_oss" in kinds
    return f"{name.removesuffix('.weight')}_bias" in tensors  # Llama 4 has no bias


def _fused(
    name: str,
    tensor: Tensor,
    experts: Sequence[Weight],
    tensors: Mapping[str, Tensor],
    config: Mapping[str, Any],
) -> tuple[Weight, ...]:
    down, shape = _sibling(name, tensors), _shape(tensor)
    wide = _is_wide(shape, down, config)
    plain = len(down) == 3 and down[1:] == shape[:0:-1]
    if wide is None or plain:
        return tuple(experts)
    if down and 2 * down[1 if wide else 2] != shape[2 if wide else 1]:
        return tuple(upright(e) if wide else e for e in experts)  # not fused: fc1 without a gate
    if wide:
        interleaved = _interleaved(name, tensors, config)
        experts = [upright(expert) for expert in experts]
    else:
        kinds, packed = _kinds(config), "w13_weight" in name[-_LONGEST:]
        inkling = packed and any(kind.startswith("inkling") for kind in kinds)
        interleaved = "gpt_oss" in kinds or inkling
        if packed and not interleaved:  # vLLM's order is another
            return tuple(experts)
    return tuple(half for e in experts for half in _halves(e, interleaved=interleaved))


def _numbered(tensor: Tensor) -> bool:
    """Return whether the weights of a tensor are those of experts already, as of quantized ones."""
    return bool(tensor.weights) and all(weight.label.isdecimal() for weight in tensor.weights)


def _shape(tensor: Tensor) -> tuple[int, ...]:
    """Return the shape of a stack, of the dequantized numbers if it is quantized."""
    if _numbered(tensor):
        return (len(tensor.weights), *tensor.weights[0].shape)
    return tensor.shape


def _count(name: str, tensor: Tensor, config: Mapping[str, Any]) -> int:
    """Return the number of experts that a tensor stacks; 0 if it is not a stack."""
    if _numbered(tensor):
        return len(tensor.weights)
    if whole(tensor) is None:
        return 0
    if tensor.ndim == 2 and _STACK.search(name[-_LONGEST:]):
        count = setting(config, "moe_num_experts") or 0
        return 0 if not count or tensor.shape[0] % count else count
    stack = tensor.role == "experts" or _LINEAR.search(name[-_LONGEST:])
    return tensor.shape[0] if stack and tensor.ndim == 3 else 0


def _parts(
    name: str, tensor: Tensor, tensors: Mapping[str, Tensor], config: Mapping[str, Any]
) -> tuple[Weight, ...]:
    if _numbered(tensor) and name.endswith("gate_up_proj_blocks"):  # of gpt-oss: rows alternate
        return tuple(half for e in tensor.weights for half in _halves(e, interleaved=True))
    weight, count = whole(tensor), _count(name, tensor, config)
    if not count:
        return ()
    if weight is not None and tensor.ndim == 2:
        labels = [str(e) for e in range(count)]
        each = blocks(weight, labels, [tensor.shape[0] // count] * count)
        last = name.removesuffix(".weight").endswith("w2")  # of DBRX, (in, out)
        return tuple(map(upright, each)) if last else each
    experts: Sequence[Weight] = tensor.weights
    if weight is not None:
        experts = [single(weight, str(e), e) for e in range(count)]
    if _FUSED.search(name[-_LONGEST:]):
        return _fused(name, tensor, experts, tensors, config)
    shape = _fused_beside(name, tensors)
    turned = len(shape) == 3 and _is_wide(shape, _shape(tensor), config)
    if _numbered(tensor) and not turned:
        return ()  # nothing to add
    return tuple(upright(e) if turned else e for e in experts)


def split(tensors: dict[str, Tensor], config: Mapping[str, Any], /) -> dict[str, Tensor]:
    """
    Split stacks of experts, and gate and up where they are fused.

    Parameters
    ----------
    tensors : dict of str to Tensor
        A model.
    config : mapping of str
        Configuration of the model, for sizes that do not follow from the shapes.

    Returns
    -------
    dict of str to Tensor
        The model; a stack has one weight per expert, or two, gate and up, where the shape of the
        down-projection or the configuration gives the axis along which they are fused.

    Notes
    -----
    Llama 4 stores (experts, hidden, 2 x inner), gate first; gpt-oss the same shape with gate and up
    alternating, and its MXFP4 blocks transposed; Qwen3 and Mixtral (experts, 2 x inner, hidden).
    If no configuration names the model, a bias beside the tensor means gpt-oss.

    Examples
    --------
    >>> import numpy as np, spectra
    >>> up, down = np.ones((2, 4, 6)), np.ones((2, 3, 4))
    >>> arrays = {"experts.gate_up_proj": up, "experts.down_proj": down}
    >>> [layer.name for layer in spectra.layers(arrays)][2:5]
    ['experts.gate_up_proj[1.gate]', 'experts.gate_up_proj[1.up]', 'experts.down_proj[0]']
    """
    found, left = dict(tensors), _MAX_TOTAL
    for name, tensor in tensors.items():
        if 2 * _count(name, tensor, config) > min(left, 2 * MOST_PARTS):
            note = f"{tensor.note}, {_TOO_MANY}".removeprefix(", ")
            found[name] = replace(tensor, note=note)
        elif parts := _parts(name, tensor, tensors, config):
            fused = len(parts) == tensor.shape[0] and _has_gate(name, tensor, tensors)
            words = "experts, gate and up together: not known how" if fused else "experts"
            note = f"{tensor.note}, {words}".removeprefix(", ")
            found[name] = replace(tensor, role="experts", note=note, weights=parts)
            left -= len(parts)
    return found
