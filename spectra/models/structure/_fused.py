"""Fused projections: split q, k and v of attention that are stored as one matrix."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from spectra.models.structure._parts import blocks, grouped, places, setting, upright, whole

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from spectra.models.tensors import Tensor, Weight

__all__ = ["last_part", "parts_of", "split"]

_CODEGEN_PARTS, _CODEGEN2_PARTS = 4, 8  # processors that the models were trained on
_QKV = ("q", "k", "v")
_LONGEST = 200  # characters at the end of a name that are looked at
_TOWERS = (
    (re.compile(r"(^|[._])(vision|visual|image|vit)"), "vision_config"),
    (re.compile(r"(^|[._])(audio|speech)"), "audio_config"),
)
_BY_HEADS = re.compile(r"attn_(block|grid)\.attn\.qkv(\.weight)?$")  # timm's MaxViT


class _Heads(NamedTuple):
    """Numbers of heads in a configuration, and rows of a head; 0 for a number it lacks."""

    queries: int
    keys: int
    size: int


def _values(config: Mapping[str, Any], name: str) -> list[Any]:
    """Return the values of a key in a configuration and in that of its language model."""
    return [place[name] for place in places(config) if name in place]


def _part_of(name: str, config: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the configuration of the part of a model that a tensor belongs to."""
    for words, key in _TOWERS:
        inner = config.get(key)
        if words.search(name[-_LONGEST:]) and isinstance(inner, dict):
            return inner
    return config


def _is_set(config: Mapping[str, Any], name: str) -> bool:
    return any(value is True for value in _values(config, name))


def _heads(config: Mapping[str, Any]) -> _Heads:
    count = setting(config, "num_attention_heads", "n_head", "n_heads", "num_heads") or 0
    keys = setting(config, "num_key_value_heads", "num_kv_heads", "kv_n_heads", "n_head_kv")
    hidden = setting(config, "hidden_size", "n_embd", "d_model") or 0
    size = setting(config, "head_dim", "kv_channels")
    shared = hidden // count if count and hidden % count == 0 else 0
    if _is_set(config, "multi_query"):
        keys = 1
    if _is_set(config, "multi_query_attention"):
        keys = setting(config, "multi_query_group_num")
    return _Heads(count, keys or count, size or shared)


def _thirds(weight: Weight) -> tuple[Weight, ...]:
    size, rest = divmod(weight.shape[0], 3)
    return () if rest or not size else blocks(weight, _QKV, [size] * 3)


def _consecutive(weight: Weight, heads: _Heads) -> tuple[Weight, ...]:
    """Split rows ordered as all queries, all keys, all values."""
    sizes = [heads.queries * heads.size, heads.keys * heads.size, heads.keys * heads.size]
    return blocks(weight, _QKV, sizes) if sizes[0] and sum(sizes) == weight.shape[0] else ()


def _in_groups(weight: Weight, heads: _Heads) -> tuple[Weight, ...]:
    """Split rows ordered by group, each with some queries, one key and one value."""
    if not heads.keys or heads.queries % heads.keys:
        return ()
    rows = (heads.queries + 2 * heads.keys) * heads.size
    if rows != weight.shape[0]:
        return ()
    return grouped(weight, _QKV, [heads.queries // heads.keys, 1, 1], groups=heads.keys)


def _c_attn(weight: Weight, config: Mapping[str, Any]) -> tuple[Weight, ...]:
    """Split ``c_attn``: (in, 3 x in) of GPT-2, (3 x in, in) of Qwen; q, k and v in this order."""
    if weight.shape[1] == 3 * weight.shape[0]:
        return _thirds(upright(weight))
    if weight.shape[1] == 2 * weight.shape[0]:  # of attention to another sequence
        size = weight.shape[0]
        return blocks(upright(weight), ("k", "v"), [size, size])
    heads = _heads(config)
    if "gpt_bigcode" in _values(config, "model_type") and False in _values(config, "multi_query"):
        return _in_groups(weight, heads._replace(keys=heads.queries))
    return _consecutive(weight, heads)


def _rows(weight: Weight, config: Mapping[str, Any]) -> tuple[Weight, ...]:
    kinds = _values(config, "model_type")
    if any(str(kind).startswith("minimax") for kind in kinds):  # of lightning attention, by head
        heads = _heads(config)
        return _in_groups(weight, heads._replace(keys=heads.queries))
    if "codegen" in kinds:  # four parts, each with q, v and k
        count = _CODEGEN2_PARTS if config.get("head_dim") in (128, 256) else _CODEGEN_PARTS
        rest = weight.shape[0] % (3 * count)
        return () if rest else grouped(weight, ("q", "v", "k"), [1, 1, 1], groups=count)
    return _consecutive(weight, _heads(config))


_BY_KIND = ("sarvam", "bailing")
_BY_HEAD = ("bloom", "chatglm", "falcon", "gpt_neox", "persimmon", "RefinedWeb")
"""Beginnings of the types of models whose ``query_key_value`` is ordered by kind, or by head."""


def _query_key_value(weight: Weight, config: Mapping[str, Any]) -> tuple[Weight, ...]:
    """Split by head (GPT-NeoX, BLOOM), group (Falcon) or kind (ChatGLM, Falcon-7B, Bailing)."""
    heads = _heads(config)
    kinds = [kind for kind in _values(config, "model_type") if isinstance(kind, str)]
    if any(kind.startswith(_BY_KIND) for kind in kinds):
        return _consecutive(weight, heads)
    if kinds and not any(kind.startswith(_BY_HEAD) for kind in kinds):
        return ()
    in_groups = _is_set(config, "new_decoder_architecture")
    one_key = _is_set(config, "multi_query") and not in_groups
    if one_key or _is_set(config, "multi_query_attention"):
        return _consecutive(weight, heads)
    if in_groups:
        keys = setting(config, "num_kv_heads", "n_head_kv") or heads.queries
        return _in_groups(weight, heads._replace(keys=keys))
    return _in_groups(weight, heads._replace(keys=heads.queries))


def _wqkv(weight: Weight, config: Mapping[str, Any]) -> tuple[Weight, ...]:
    """Split ``wqkv`` of InternLM2 by group; models of other types order the rows differently."""
    kinds = [str(kind) for kind in _values(config, "model_type")]
    if any(kind.startswith("kimi") for kind in kinds):
        return _thirds(weight)
    known = any("internlm" in kind for kind in kinds)
    return _in_groups(weight, _heads(config)) if known else ()


def _in_proj(weight: Weight, config: Mapping[str, Any]) -> tuple[Weight, ...]:
    """Split ``in_proj_weight`` of PyTorch, which exists only if q, k and v have the same width."""
    return _thirds(weight) if weight.shape[0] == 3 * weight.shape[1] else ()


def _square(weight: Weight, config: Mapping[str, Any]) -> tuple[Weight, ...]:
    """Split ``qkv`` of vision transformers, in which q, k and v are square."""
    return _thirds(weight) if weight.shape[0] == 3 * weight.shape[1] else _rows(weight, config)


def _halves(weight: Weight, config: Mapping[str, Any]) -> tuple[Weight, ...]:
    """Split keys and values, if the configuration shows that there are as many rows of each."""
    heads, (size, rest) = _heads(config), divmod(weight.shape[0], 2)
    fits = size and not rest and size == heads.keys * heads.size
    return blocks(weight, ("k", "v"), [size, size]) if fits else ()


def _gated(weight: Weight, config: Mapping[str, Any]) -> tuple[Weight, ...]:
    """Split gate, queries, keys and values of HRM, which have as many rows each."""
    size, rest = divmod(weight.shape[0], 4)
    return () if rest or not size else blocks(weight, ("gate", *_QKV), [size] * 4)


def _any_qkv(weight: Weight, config: Mapping[str, Any]) -> tuple[Weight, ...]:
    """Split rows by the numbers of heads, or by thirds if the configuration has as many of each."""
    heads = _heads(config)
    same = heads.keys in (0, heads.queries)
    thirds = weight.shape[0] == 3 * weight.shape[1] and same
    return _consecutive(weight, heads) or (_thirds(weight) if thirds else ())


def last_part(name: str, /) -> str:
    """
    Return the last part of a name, without the ending of a weight.

    Parameters
    ----------
    name : str
        Name of a tensor.

    Returns
    -------
    str
        Name of the projection in its block.

    Examples
    --------
    >>> last_part("h.attn.qkv_proj.weight")
    'qkv_proj'
    """
    for ending in (".weight", ".qweight", ".weight_packed", "._weight_qdata", ".weight._data"):
        name = name.removesuffix(ending)
    return name.rpartition(".")[2]


_TYPES: dict[str, tuple[str, ...]] = {
    "qkv_proj": ("phi", "codegen", "minimax", "llama", "mistral", "qwen", "gemma", "glm"),
    "Wqkv": ("mpt", "dbrx", "modernbert", "modernvbert", "nomic", "phi", "mixformer", "colmodern"),
    "W_pack": ("baichuan",),
    "att_proj": ("bark", "molmo", "olmo"),
    "w_qkv": ("nemo",),
}
"""Beginnings of the types of models whose order of rows is known; any if no type is given."""
_ORDERED = ("query_key_value", "wqkv")  # names whose order differs between types of models


def _is_known(config: Mapping[str, Any], types: tuple[str, ...]) -> bool:
    """Return whether a configuration names no type of model, or one of some types."""
    kinds = [kind for kind in _values(config, "model_type") if isinstance(kind, str)]
    return not kinds or any(kind.startswith(types) for kind in kinds)


_QUERIES = ("q_proj", "to_q", "q", "wq")


def _has_queries(name: str, weight: Weight, tensors: Mapping[str, Tensor]) -> bool:
    """Return whether a projection of queries beside keys and values has half as many rows."""
    block = name.removesuffix(".weight").rpartition(".")[0]
    found = (tensors.get(f"{block}.{queries}.weight") for queries in _QUERIES)
    return any(t is not None and t.ndim == 2 and 2 * t.shape[0] == weight.shape[0] for t in found)


_OUTPUTS = ("proj", "out_proj", "o_proj", "dense", "c_proj", "wo", "Wo", "proj_out", "to_out.0")


def _by_output(name: str, weight: Weight, tensors: Mapping[str, Tensor]) -> tuple[Weight, ...]:
    """Split by thirds, if the output projection beside it has a third of the rows as inputs."""
    block = name.removesuffix(".weight").rpartition(".")[0]
    for output in _OUTPUTS:
        tensor = tensors.get(f"{block}.{output}.weight")
        if tensor is not None and tensor.ndim == 2 and weight.shape[0] == 3 * tensor.shape[1]:
            return _thirds(weight)
    return ()


def _by_others(
    name: str,
    weight: Weight,
    tensors: Mapping[str, Tensor],
    rule: object,
    config: Mapping[str, Any],
) -> tuple[Weight, ...]:
    """Split by what the projections beside a matrix show, where no configuration does."""
    if rule in (_square, _any_qkv) and not _heads(config).keys:
        return _by_output(name, weight, tensors)
    if rule is _halves and _has_queries(name, weight, tensors):
        return blocks(weight, ("k", "v"), [weight.shape[0] // 2] * 2)
    return ()


def _words(tensor: Tensor, parts: tuple[Weight, ...], rule: object, config: object) -> str:
    thirds = rule in (_in_proj, _square) and tensor.shape[0] == 3 * tensor.shape[1]
    labels = ", ".join(part.label for part in parts)
    if rule is _halves and not labels:
        return tensor.note
    unknown = f"q, k and v fused: left whole, {_NO_SIZES if config else _NO_CONFIG}"
    words = f"{labels} by thirds of the rows" if labels and thirds else labels or unknown
    return f"{tensor.note}, {words}".removeprefix(", ")


_NO_CONFIG = "no config says how to split"
_NO_SIZES = "the config does not say how to split"
_FUSED: dict[str, Callable[[Weight, Mapping[str, Any]], tuple[Weight, ...]]] = {
    "c_attn": _c_attn,
    "qkv_proj": _rows,
    "Wqkv": _rows,
    "W_pack": _any_qkv,
    "att_proj": _any_qkv,
    "qkv_layer": _any_qkv,
    "to_qkv": _any_qkv,
    "query_key_value": _query_key_value,
    "w_qkv": _any_qkv,
    "wqkv": _wqkv,
    "qkv": _square,
    "to_kv": _halves,
    "kv_proj": _halves,
    "gqkv_proj": _gated,
    "in_proj_weight": _in_proj,
}
"""Rule that splits a matrix, by the last part of the name."""


def parts_of(name: str, weight: Weight, config: Mapping[str, Any], /) -> tuple[Weight, ...] | None:
    """
    Split one fused projection by its name and the configuration.

    Parameters
    ----------
    name : str
        Name of the projection.
    weight : Weight
        Its matrix, (out, in).
    config : mapping of str
        Configuration of the model.

    Returns
    -------
    tuple of Weight, or None
        The parts, of which there are none if the sizes are not known; ``None`` if the name is not
        that of a fused projection, or models of this type may order the rows in another way.

    Examples
    --------
    >>> import numpy as np
    >>> from spectra.models.lazy import Held
    >>> from spectra.models.tensors import Weight
    >>> W = Weight("", (12, 4), Held(np.ones((12, 4))))
    >>> [part.label for part in parts_of("attn.in_proj_weight", W, {})]
    ['q', 'k', 'v']
    >>> parts_of("attn.qkv_proj.weight", W, {"model_type": "another"})
    """
    last, own = last_part(name), _part_of(name, config)
    if last not in _FUSED or _BY_HEADS.search(name[-_LONGEST:]):
        return None
    if own is not config and last in _ORDERED and not _values(own, "model_type"):
        return None  # a tower, of another type than the language model
    if last in _TYPES and not _is_known(own, _TYPES[last]):
        return None
    return _FUSED[last](weight, own)


def split(tensors: dict[str, Tensor], config: Mapping[str, Any], /) -> dict[str, Tensor]:
    """
    Split fused projections, where the configuration or the shape determines the layout.

    Parameters
    ----------
    tensors : dict of str to Tensor
        A model.
    config : mapping of str
        Configuration of the model, with numbers of heads and key-value heads, and sizes.

    Returns
    -------
    dict of str to Tensor
        The model; a fused projection has a weight each for q, k and v. One with an unknown layout
        stays whole, with a note.

    Notes
    -----
    Without a configuration, only unambiguous layouts are split: ``in_proj_weight`` of PyTorch's
    MultiheadAttention, ``c_attn`` of GPT-2, and ``qkv`` with three times as many rows as columns.

    Examples
    --------
    >>> import numpy as np, spectra
    >>> arrays = {"attn.in_proj_weight": np.ones((12, 4)), "h.qkv_proj.weight": np.ones((12, 4))}
    >>> [layer.name for layer in spectra.layers(arrays)]
    ['attn.in_proj_weight[q]', 'attn.in_proj_weight[k]', 'attn.in_proj_weight[v]', 'h.qkv_proj']
    """
    found = dict(tensors)
    for name, tensor in tensors.items():
        last = last_part(name)
        weight = whole(tensor) if last in _FUSED else None
        if weight is None or len(weight.shape) != 2 or tensor.role != "dense":
            continue
        rule, own, parts = _FUSED[last], _part_of(name, config), parts_of(name, weight, config)
        if parts == ():
            parts = _by_others(name, weight, tensors, rule, own)
        note = _words(tensor, parts or (), rule, own)
        found[name] = replace(tensor, note=note, weights=parts or tensor.weights)
    return found
