"""Parts of GGUF tensors: fused projections, stacks of experts and of heads, factors beside them."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from spectra.models.lazy import derived, rows
from spectra.models.structure._parts import blocks, single
from spectra.models.tensors import Weight

if TYPE_CHECKING:
    from collections.abc import Mapping

    from spectra._typing import AnyArray
    from spectra.models.lazy import Source
    from spectra.models.tensors import Tensor

__all__ = ["EXPERTS", "LATENT", "Name", "Sizes", "factor_of", "name_of", "parts_of", "scaled"]

EXPERTS = re.compile(r"ffn_(gate|up|down|gate_up)_(ch)?exps\Z")
LATENT = ("attn_k_b", "attn_v_b")
_QKV = re.compile(r"(vis_)?attn_qkv\Z")
_BLOCK = re.compile(r"(?:^|\.)blk\.([0-9]{1,4})\.")
_MAX_NAME = 200  # characters of a name that are looked at


class Name(NamedTuple):
    """The parts of a name like ``blk.3.attn_q.weight``."""

    stem: str  # "blk.3."
    last: str  # "attn_q"
    block: int  # 3; 0 if there is none


def name_of(name: str) -> Name:
    """Take the name of a tensor apart."""
    base = name.removesuffix(".weight")
    found = _BLOCK.search(base[:_MAX_NAME])
    start = found.end() if found else 0
    return Name(base[:start], base[start:][-_MAX_NAME:], int(found[1]) if found else 0)


class Sizes:
    """Sizes in the metadata of a file, by the keys that follow the name of the architecture."""

    def __init__(self, metadata: Mapping[str, Any], block: int) -> None:
        self._metadata, self._block = metadata, block
        self.kind = str(metadata.get("general.architecture", ""))

    def __getitem__(self, key: str) -> int:
        """Return a size, of a block if blocks differ; 0 if it is not known."""
        found = self._metadata.get(f"{self.kind}.{key}")
        if isinstance(found, list):
            found = found[self._block] if self._block < len(found) else 0
        return found if type(found) is int and 0 < found < 1 << 40 else 0


def _attention(sizes: Sizes) -> list[int]:
    """Return the rows of q, k and v."""
    queries, hidden = sizes["attention.head_count"], sizes["embedding_length"]
    shared = hidden // queries if queries else 0
    keys = sizes["attention.head_count_kv"] or queries
    key, value = (sizes[f"attention.{which}_length"] or shared for which in ("key", "value"))
    return [queries * key, keys * key, keys * value]


def _linear_attention(sizes: Sizes) -> list[int]:
    """Return the rows of q, k and v of a gated delta net."""
    key = sizes["ssm.state_size"] * sizes["ssm.group_count"]
    return [key, key, sizes["ssm.inner_size"]]


def _qkv(
    name: Name, weight: Weight, tensors: Mapping[str, Tensor], sizes: Sizes
) -> tuple[Weight, ...]:
    """Split q, k and v, which llama.cpp always stores one after the other."""
    linear = f"{name.stem}ssm_conv1d.weight" in tensors
    found = _linear_attention(sizes) if linear else _attention(sizes)
    if name.stem.startswith(("v.", "a.")) and weight.shape[0] == 3 * weight.shape[1]:
        found = [weight.shape[1]] * 3
    known = min(found) > 0 and sum(found) == weight.shape[0]
    return blocks(weight, ("q", "k", "v"), found) if known else ()


def _gate_up(
    name: Name, weight: Weight, tensors: Mapping[str, Tensor], sizes: Sizes
) -> tuple[Weight, ...]:
    """Split an ``ffn_up`` that holds the gate, too: twice the rows that ``ffn_down`` takes."""
    gate, down = (name.last.replace("_up", other) for other in ("_gate", "_down"))
    if f"{name.stem}{gate}.weight" in tensors:
        return ()
    beside = tensors.get(f"{name.stem}{down}.weight")
    inner = beside.shape[-1] if beside is not None and beside.ndim == 2 else 0
    half = inner or sizes["feed_forward_length"]
    fused = half and weight.shape[0] == 2 * half
    return blocks(weight, ("gate", "up"), [half, half]) if fused else ()


def _experts(name: Name, weight: Weight) -> tuple[Weight, ...]:
    """Split a stack of experts (experts, out, in), and gate and up where they are fused."""
    each = [single(weight, str(e), e) for e in range(weight.shape[0])]
    half, rest = divmod(weight.shape[1], 2)
    if "gate_up" not in name.last or rest:
        return tuple(each)
    return tuple(
        part for e in each for part in blocks(e, (f"{e.label}.gate", f"{e.label}.up"), [half, half])
    )


def _heads_of_keys(stack: AnyArray) -> AnyArray:
    return np.swapaxes(stack, 1, 2).reshape(-1, stack.shape[1])


def _heads_of_values(stack: AnyArray) -> AnyArray:
    return stack.reshape(-1, stack.shape[2])


def _latent(name: Name, weight: Weight) -> tuple[Weight, ...]:
    """Join the heads of ``attn_k_b`` (heads, rank, size) or ``attn_v_b`` (heads, size, rank)."""
    heads, second, third = weight.shape
    if name.last == "attn_k_b":
        shape, function = (heads * third, second), _heads_of_keys
    else:
        shape, function = (heads * second, third), _heads_of_values
    return (Weight("", shape, derived(function, weight.source)),)


def _times(W: AnyArray, scale: AnyArray) -> AnyArray:
    out: AnyArray = W * scale.astype(np.float32).reshape(())
    return out


def factor_of(name: Name, tensors: Mapping[str, Tensor]) -> Tensor | None:
    """Return the factor beside a matrix, as NVFP4 and BitNet files have it."""
    ours = name.stem or name.last == "output"
    return tensors.get(f"{name.stem}{name.last}.scale") if ours else None


def scaled(parts: tuple[Weight, ...], scale: Tensor) -> tuple[Weight, ...]:
    """Multiply each part by the one scale, or each expert by its own."""

    def of(part: Weight) -> Source:
        expert = part.label.partition(".")[0]
        if scale.size == 1 or not expert.isdecimal():
            return scale.source
        return rows(scale.source, int(expert), int(expert) + 1)

    return tuple(replace(part, source=derived(_times, part.source, of(part))) for part in parts)


def parts_of(
    name: Name, tensor: Tensor, tensors: Mapping[str, Tensor], sizes: Sizes
) -> tuple[tuple[Weight, ...], str]:
    """Return the weights of a tensor and a note on them."""
    weight = Weight("", tensor.shape, tensor.source)
    if tensor.role == "experts":
        return _experts(name, weight), "experts" if EXPERTS.search(name.last) else "stack"
    if tensor.ndim == 3 and name.last in LATENT:
        return _latent(name, weight), ""
    if tensor.ndim == 2 and _QKV.search(name.last):
        found = _qkv(name, weight, tensors, sizes)
        unknown = "q, k and v fused: left whole, the metadata do not say how to split"
        return found or (weight,), "q, k, v" if found else unknown
    halves = name.last in ("ffn_up", "ffn_up_shexp") and tensor.ndim == 2
    if halves and (found := _gate_up(name, weight, tensors, sizes)):
        return found, "gate, up"
    if tensor.ndim == 2 and name.last == "ssm_in":
        half = sizes["ssm.inner_size"]
        if sizes.kind == "mamba" and half and tensor.shape[0] == 2 * half:
            return blocks(weight, ("x", "z"), [half, half]), "x, z"
        return (weight,), "projections of a state space together"
    return (weight,), ""
