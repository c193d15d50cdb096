"""Fused projections: queries, keys and values, or gate and up, in one matrix."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from spectra.models.lazy import derived
from spectra.models.structure._parts import blocks, grouped, setting, whole
from spectra.models.tensors import Weight

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from spectra._typing import AnyArray
    from spectra.models.tensors import Tensor

__all__ = ["split"]

_QKV = ("q", "k", "v")
_NESTED = ("text_config", "llm_config", "language_config")
_BY_HEADS = re.compile(r"attn_(block|grid)\.attn\.qkv(\.weight)?$")  # timm's MaxViT


class _Heads(NamedTuple):
    """What a configuration says of attention; 0 for what it does not."""

    queries: int
    keys: int
    size: int


def _values(config: Mapping[str, Any], name: str) -> list[Any]:
    """Return what a configuration, and that of the language model inside it, has of a name."""
    inner = (config.get(key) for key in _NESTED)
    places = [config, *(place for place in inner if isinstance(place, dict))]
    return [place[name] for place in places if name in place]


def _says(config: Mapping[str, Any], name: str) -> bool:
    return any(value is True for value in _values(config, name))


def _heads(config: Mapping[str, Any]) -> _Heads:
    count = setting(config, "num_attention_heads", "n_head", "n_heads", "num_heads") or 0
    keys = setting(config, "num_key_value_heads", "num_kv_heads", "kv_n_heads", "n_head_kv")
    hidden = setting(config, "hidden_size", "n_embd", "d_model") or 0
    size = setting(config, "head_dim", "kv_channels")
    shared = hidden // count if count and hidden % count == 0 else 0
    if _says(config, "multi_query"):
        keys = 1
    if _says(config, "multi_query_attention"):
        keys = setting(config, "multi_query_group_num")
    return _Heads(count, keys or count, size or shared)


def _thirds(weight: Weight) -> tuple[Weight, ...]:
    size, rest = divmod(weight.shape[0], 3)
    return () if rest or not size else blocks(weight, _QKV, [size] * 3)


def _turned(W: AnyArray) -> AnyArray:
    return W.T


def _upright(weight: Weight) -> Weight:
    """Return a matrix stored (in, out) as (out, in)."""
    return Weight(weight.label, weight.shape[::-1], derived(_turned, weight.source))


def _one_after_another(weight: Weight, heads: _Heads) -> tuple[Weight, ...]:
    """All queries, then all keys, then all values."""
    sizes = [heads.queries * heads.size, heads.keys * heads.size, heads.keys * heads.size]
    return blocks(weight, _QKV, sizes) if sizes[0] and sum(sizes) == weight.shape[0] else ()


def _in_groups(weight: Weight, heads: _Heads) -> tuple[Weight, ...]:
    """In every group some queries, one key and one value."""
    if not heads.keys or heads.queries % heads.keys:
        return ()
    rows = (heads.queries + 2 * heads.keys) * heads.size
    if rows != weight.shape[0]:
        return ()
    return grouped(weight, _QKV, [heads.queries // heads.keys, 1, 1], groups=heads.keys)


def _c_attn(weight: Weight, config: Mapping[str, Any]) -> tuple[Weight, ...]:
    """GPT-2 keeps (in, 3 x in), Qwen (3 x in, in), with queries, keys and values in turn."""
    if weight.shape[1] == 3 * weight.shape[0]:
        return _thirds(_upright(weight))
    if "gpt_bigcode" in _values(config, "model_type") and not _says(config, "multi_query"):
        return ()
    return _one_after_another(weight, _heads(config))


def _rows(weight: Weight, config: Mapping[str, Any]) -> tuple[Weight, ...]:
    if "codegen" in _values(config, "model_type"):  # in four parts, of which each has all three
        return ()
    return _one_after_another(weight, _heads(config))


def _query_key_value(weight: Weight, config: Mapping[str, Any]) -> tuple[Weight, ...]:
    """GPT-NeoX and BLOOM interleave the heads, Falcon in groups, ChatGLM and Falcon-7B do not."""
    heads = _heads(config)
    in_groups = _says(config, "new_decoder_architecture")
    one_key = _says(config, "multi_query") and not in_groups
    if one_key or _says(config, "multi_query_attention"):
        return _one_after_another(weight, heads)
    if in_groups:
        keys = setting(config, "num_kv_heads", "n_head_kv") or heads.queries
        return _in_groups(weight, heads._replace(keys=keys))
    return _in_groups(weight, heads._replace(keys=heads.queries))


def _wqkv(weight: Weight, config: Mapping[str, Any]) -> tuple[Weight, ...]:
    """InternLM2 keeps its heads in groups; others of that name have all queries first."""
    kinds = [str(kind) for kind in _values(config, "model_type")]
    known = not kinds or any("internlm" in kind for kind in kinds)
    return _in_groups(weight, _heads(config)) if known else ()


def _always(weight: Weight, config: Mapping[str, Any]) -> tuple[Weight, ...]:
    """PyTorch's attention has this matrix only where queries, keys and values are one input."""
    return _thirds(weight) if weight.shape[0] == 3 * weight.shape[1] else ()


def _square(weight: Weight, config: Mapping[str, Any]) -> tuple[Weight, ...]:
    """Vision transformers have as many queries as inputs, and as many keys and values."""
    return _thirds(weight) if weight.shape[0] == 3 * weight.shape[1] else _rows(weight, config)


def _gate_up(weight: Weight, config: Mapping[str, Any]) -> tuple[Weight, ...]:
    size, rest = divmod(weight.shape[0], 2)
    known = setting(config, "intermediate_size", "ffn_hidden_size")
    return () if rest or size != known else blocks(weight, ("gate", "up"), [size, size])


def _last_part(name: str) -> str:
    """Return the last part of a name that says which layer it is."""
    for ending in (".weight", ".qweight", ".weight_packed"):
        name = name.removesuffix(ending)
    return name.rpartition(".")[2]


def _words(tensor: Tensor, parts: tuple[Weight, ...], rule: object, unknown: str) -> str:
    thirds = rule in (_always, _square) and tensor.shape[0] == 3 * tensor.shape[1]
    labels = ", ".join(part.label for part in parts)
    words = f"{labels} by thirds of the rows" if labels and thirds else labels or unknown
    return f"{tensor.note}, {words}".removeprefix(", ")


_NOT_KNOWN = "q, k and v fused: left whole, no config says how to split"
_FUSED: dict[str, tuple[Callable[[Weight, Mapping[str, Any]], tuple[Weight, ...]], str]] = {
    "c_attn": (_c_attn, _NOT_KNOWN),
    "qkv_proj": (_rows, _NOT_KNOWN),
    "Wqkv": (_rows, _NOT_KNOWN),
    "query_key_value": (_query_key_value, _NOT_KNOWN),
    "wqkv": (_wqkv, _NOT_KNOWN),
    "qkv": (_square, _NOT_KNOWN),
    "in_proj_weight": (_always, _NOT_KNOWN),
    "gate_up_proj": (_gate_up, "gate and up fused: left whole, no config says how to split"),
}
"""By the last part of the name: how to split, and what to say where that is not known."""


def split(tensors: dict[str, Tensor], config: Mapping[str, Any], /) -> dict[str, Tensor]:
    """
    Take fused projections apart, where the configuration says how.

    Parameters
    ----------
    tensors : dict of str to Tensor
        A model.
    config : mapping of str
        Its configuration: numbers of heads, of key-value heads, and sizes.

    Returns
    -------
    dict of str to Tensor
        With a weight each for queries, keys and values, or for gate and up; those that cannot be
        told apart are left whole, and say so.

    Notes
    -----
    Without any configuration only layouts are split that leave no choice: ``in_proj_weight`` of
    PyTorch's MultiheadAttention, ``c_attn`` of GPT-2, and ``qkv`` with three times as many rows as
    columns.

    Examples
    --------
    >>> import numpy as np, spectra
    >>> arrays = {"attn.in_proj_weight": np.ones((12, 4)), "h.qkv_proj.weight": np.ones((12, 4))}
    >>> [layer.name for layer in spectra.layers(arrays)]
    ['attn.in_proj_weight[q]', 'attn.in_proj_weight[k]', 'attn.in_proj_weight[v]', 'h.qkv_proj']
    """
    found = dict(tensors)
    for name, tensor in tensors.items():
        last = _last_part(name)
        weight = whole(tensor) if last in _FUSED else None
        if weight is None or len(weight.shape) != 2 or tensor.role != "dense":
            continue
        rule, unknown = _FUSED[last]
        parts = () if _BY_HEADS.search(name[-100:]) else rule(weight, config)
        note = _words(tensor, parts, rule, unknown)
        found[name] = replace(tensor, note=note, weights=parts or tensor.weights)
    return found
