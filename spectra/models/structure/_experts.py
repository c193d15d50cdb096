"""Experts: stacks of matrices, one for each expert of a layer."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from spectra.models.lazy import derived, rows
from spectra.models.structure._parts import blocks, setting, single, whole
from spectra.models.tensors import Weight

if TYPE_CHECKING:
    from collections.abc import Mapping

    from spectra._typing import AnyArray
    from spectra.models.tensors import Tensor

__all__ = ["split"]

_MOST = 4096
_MOST_IN_ALL = 1 << 17  # parts of all stacks of a model; the largest public ones have half of that
_TOO_MANY = f"experts left together: at most {_MOST} of a tensor, {_MOST_IN_ALL} parts in all"
_STACK = re.compile(r"ffn\.experts\.mlp\.(w1|v1|w2)(\.weight)?$")
_FUSED = re.compile(r"gate_up_proj(\.weight|_blocks)?$")


def _every(matrix: AnyArray, *, start: int, step: int) -> AnyArray:
    return matrix[start::step]


def _turned(stack: AnyArray) -> AnyArray:
    out: AnyArray = stack[0].T
    return out


def _upright(weight: Weight, label: str, index: int) -> Weight:
    """Return one expert stored (in, out) as (out, in)."""
    shape = (weight.shape[2], weight.shape[1])
    return Weight(label, shape, derived(_turned, rows(weight.source, index, index + 1)))


def _halves(expert: Weight, *, interleaved: bool) -> tuple[Weight, ...]:
    """Return gate and up of one expert, kept as halves of its rows or in turns."""
    size, names = expert.shape[0] // 2, [f"{expert.label}.gate", f"{expert.label}.up"]
    if expert.shape[0] % 2:
        return (expert,)
    if not interleaved:
        return blocks(expert, names, [size, size])
    shape = (size, expert.shape[1])
    return tuple(
        Weight(name, shape, derived(_every, expert.source, start=start, step=2))
        for start, name in enumerate(names)
    )


def _sibling(name: str, tensors: Mapping[str, Tensor]) -> tuple[int, ...]:
    """Return the shape of the down-projection that goes with fused gates and ups."""
    down = tensors.get(name.replace("gate_up_proj", "down_proj"))
    return down.shape if down is not None else ()


def _is_wide(
    shape: tuple[int, ...], down: tuple[int, ...], config: Mapping[str, Any]
) -> bool | None:
    """Tell whether gate and up are fused along the last axis; None if that is not known."""
    last = len(down) == 3 and (shape[2], shape[1]) == (2 * down[1], down[2])
    middle = len(down) == 3 and (shape[1], shape[2]) == (2 * down[2], down[1])
    if last != middle:
        return last
    hidden = setting(config, "hidden_size", "n_embd", "d_model")
    if hidden is None or shape[1] == shape[2] or hidden not in shape[1:]:
        return None
    return shape[1] == hidden


def _take_turns(name: str, tensors: Mapping[str, Tensor], config: Mapping[str, Any]) -> bool:
    """Tell gpt-oss, which of those fused along the last axis alone has a bias, from Llama."""
    biased = f"{name.removesuffix('.weight')}_bias" in tensors
    return biased and not isinstance(config.get("model_type"), str)


def _fused(
    name: str,
    tensor: Tensor,
    weight: Weight,
    tensors: Mapping[str, Tensor],
    config: Mapping[str, Any],
) -> tuple[Weight, ...]:
    wide = _is_wide(tensor.shape, _sibling(name, tensors), config)
    each = range(weight.shape[0])
    if wide is None:
        return tuple(single(weight, str(e), e) for e in each)
    interleaved = config.get("model_type") == "gpt_oss"
    if wide:
        interleaved = interleaved or _take_turns(name, tensors, config)
        upright = (_upright(weight, str(e), e) for e in each)
        return tuple(half for e in upright for half in _halves(e, interleaved=interleaved))
    apart = (single(weight, str(e), e) for e in each)
    return tuple(half for e in apart for half in _halves(e, interleaved=interleaved))


def _count(name: str, tensor: Tensor, config: Mapping[str, Any]) -> int:
    """Return how many experts are one after another in a tensor; 0 if none are."""
    if whole(tensor) is None:
        return 0
    if tensor.ndim == 2 and _STACK.search(name[-100:]):
        count = setting(config, "moe_num_experts") or 0
        return 0 if not count or tensor.shape[0] % count else count
    return tensor.shape[0] if tensor.role == "experts" and tensor.ndim == 3 else 0


def _parts(
    name: str, tensor: Tensor, tensors: Mapping[str, Tensor], config: Mapping[str, Any]
) -> tuple[Weight, ...]:
    numbered = tensor.weights and all(weight.label.isdecimal() for weight in tensor.weights)
    if numbered and name.endswith("gate_up_proj_blocks"):  # of gpt-oss, in which rows take turns
        return tuple(half for e in tensor.weights for half in _halves(e, interleaved=True))
    weight, count = whole(tensor), _count(name, tensor, config)
    if weight is None or not count:
        return ()
    if tensor.ndim == 2:
        labels = [str(e) for e in range(count)]
        return blocks(weight, labels, [tensor.shape[0] // count] * count)
    if _FUSED.search(name[-100:]):
        return _fused(name, tensor, weight, tensors, config)
    return tuple(single(weight, str(e), e) for e in range(count))


def split(tensors: dict[str, Tensor], config: Mapping[str, Any], /) -> dict[str, Tensor]:
    """
    Take stacks of experts apart, and the gates and ups that are fused in them.

    Parameters
    ----------
    tensors : dict of str to Tensor
        A model.
    config : mapping of str
        Its configuration, for sizes that shapes leave open.

    Returns
    -------
    dict of str to Tensor
        With a weight for each expert, or two for gate and up where the down-projection beside it,
        or the configuration, says along which axis they are fused.

    Notes
    -----
    Llama 4 keeps (experts, hidden, 2 x inner), gate first; gpt-oss the same with gate and up in
    turns, and its MXFP4 blocks the other way round; Qwen3 and Mixtral (experts, 2 x inner, hidden).
    Where no configuration names the model, it is gpt-oss if there is a bias too.

    Examples
    --------
    >>> import numpy as np, spectra
    >>> up, down = np.ones((2, 4, 6)), np.ones((2, 3, 4))
    >>> arrays = {"experts.gate_up_proj": up, "experts.down_proj": down}
    >>> [layer.name for layer in spectra.layers(arrays)][2:5]
    ['experts.gate_up_proj[1.gate]', 'experts.gate_up_proj[1.up]', 'experts.down_proj[0]']
    """
    found, left = dict(tensors), _MOST_IN_ALL
    for name, tensor in tensors.items():
        if 2 * _count(name, tensor, config) > min(left, 2 * _MOST):
            note = f"{tensor.note}, {_TOO_MANY}".removeprefix(", ")
            found[name] = replace(tensor, note=note)
        elif parts := _parts(name, tensor, tensors, config):
            fused = len(parts) == tensor.shape[0] and _FUSED.search(name[-100:])
            words = "experts, gate and up together: not known how" if fused else "experts"
            note = f"{tensor.note}, {words}".removeprefix(", ")
            found[name] = replace(tensor, role="experts", note=note, weights=parts)
            left -= len(parts)
    return found
