"""State-space and latent-attention projections: several maps of one input in one matrix."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from spectra.models.structure._parts import alternating, blocks, grouped, setting, whole

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from spectra.models.tensors import Tensor, Weight

__all__ = ["split"]

_Siblings = dict[str, tuple[int, ...]]
"""Shapes of the other tensors of a block, by the rest of their names."""


def _mamba(weight: Weight, beside: _Siblings, config: Mapping[str, Any]) -> tuple[Weight, ...]:
    """Split ``in_proj`` of Mamba into x and z, that of Mamba-2 into z, x, B, C and dt."""
    rows, decay = weight.shape[0], beside.get("A_log", ())
    if len(decay) == 2 and rows == 2 * decay[0]:
        return blocks(weight, ("x", "z"), [decay[0]] * 2)
    if len(decay) == 3 and rows == 2 * decay[0] * decay[1]:  # of Zamba, row by row
        return alternating(weight, ("x", "z"))
    if len(short := beside.get("conv.weight", ())) == 3 and rows == 3 * short[0]:  # of LFM2
        return blocks(weight, ("B", "C", "x"), [short[0]] * 3)
    if parts := _by_config(weight, config):
        return parts
    kernel = beside.get("conv1d.weight", ())
    if len(decay) != 1 or not kernel:
        return ()
    inner = rows - kernel[0] - decay[0]  # columns of the output projection, too
    state, rest = divmod(kernel[0] - inner, 2)
    if rest or inner < 1 or state < 1 or beside.get("out_proj.weight", (0, 0))[-1] != inner:
        return ()
    return blocks(weight, ("z", "x", "B", "C", "dt"), [inner, inner, state, state, decay[0]])


def _linear_sizes(config: Mapping[str, Any]) -> tuple[int, int, int]:
    """Return rows of keys and of values of linear attention, and heads of values; 0 if unknown."""
    keys, values = (setting(config, f"linear_num_{w}_heads") or 0 for w in ("key", "value"))
    size, width = (setting(config, f"linear_{w}_head_dim") or 0 for w in ("key", "value"))
    return keys * size, values * width, values


def _by_config(weight: Weight, config: Mapping[str, Any]) -> tuple[Weight, ...]:
    """Split joint projections of linear attention and of DeBERTa, of sizes that a config gives."""
    rows, (keys, values, heads) = weight.shape[0], _linear_sizes(config)
    if keys and rows == 2 * keys + 2 * values + 2 * heads:
        sizes = [keys, keys, values, values, heads, heads]
        return blocks(weight, ("q", "k", "v", "z", "b", "a"), sizes)
    count = setting(config, "num_attention_heads") or 0
    deberta = str(config.get("model_type")) == "deberta"
    if deberta and count and rows == 3 * weight.shape[1]:
        return grouped(weight, ("q", "k", "v"), [1, 1, 1], groups=count)
    return ()


def _qkv(weight: Weight, beside: _Siblings, config: Mapping[str, Any]) -> tuple[Weight, ...]:
    """Split ``in_proj_qkv`` of Qwen3.5."""
    keys, values, _ = _linear_sizes(config)
    fits = keys and values and weight.shape[0] == 2 * keys + values
    return blocks(weight, ("q", "k", "v"), [keys, keys, values]) if fits else ()


def _mamba_x(weight: Weight, beside: _Siblings, config: Mapping[str, Any]) -> tuple[Weight, ...]:
    """Split ``x_proj`` of Mamba into dt, B and C."""
    decay, step = beside.get("A_log", ()), beside.get("dt_proj.weight", ())
    if len(decay) != 2 or len(step) != 2 or weight.shape[0] != step[1] + 2 * decay[1]:
        return ()
    return blocks(weight, ("dt", "B", "C"), [step[1], decay[1], decay[1]])


def _qkvz(weight: Weight, beside: _Siblings, config: Mapping[str, Any]) -> tuple[Weight, ...]:
    """Split ``in_proj_qkvz`` of Qwen3-Next, ordered by key head."""
    keys = setting(config, "linear_num_key_heads") or 0
    values = setting(config, "linear_num_value_heads") or 0
    size, width = (setting(config, f"linear_{w}_head_dim") or 0 for w in ("key", "value"))
    if not keys or not size or not width or values % keys:
        return ()
    wide = values // keys * width
    if weight.shape[0] != keys * 2 * (size + wide):
        return ()
    return grouped(weight, ("q", "k", "v", "z"), [size, size, wide, wide], groups=keys)


def _ba(weight: Weight, beside: _Siblings, config: Mapping[str, Any]) -> tuple[Weight, ...]:
    """Split ``in_proj_ba`` of Qwen3-Next, ordered by key head."""
    keys, values = (setting(config, f"linear_num_{w}_heads") or 0 for w in ("key", "value"))
    if not keys or values % keys or weight.shape[0] != 2 * values:
        return ()
    return grouped(weight, ("b", "a"), [values // keys] * 2, groups=keys)


def _kv_a(weight: Weight, beside: _Siblings, config: Mapping[str, Any]) -> tuple[Weight, ...]:
    """Split ``kv_a_proj_with_mqa`` of DeepSeek into the latent and the rotary key."""
    latent, rotary = (setting(config, n) or 0 for n in ("kv_lora_rank", "qk_rope_head_dim"))
    fits = latent and rotary and weight.shape[0] == latent + rotary
    return blocks(weight, ("kv", "k_rope"), [latent, rotary]) if fits else ()


def _kv_b(weight: Weight, beside: _Siblings, config: Mapping[str, Any]) -> tuple[Weight, ...]:
    """Split ``kv_b_proj`` of DeepSeek into keys and values, ordered by head."""
    heads = setting(config, "num_attention_heads") or 0
    key, value = (setting(config, n) or 0 for n in ("qk_nope_head_dim", "v_head_dim"))
    fits = heads and key and value and weight.shape[0] == heads * (key + value)
    return grouped(weight, ("k", "v"), [key, value], groups=heads) if fits else ()


_FUSED: dict[
    str, tuple[Callable[[Weight, _Siblings, Mapping[str, Any]], tuple[Weight, ...]], str]
] = {
    "in_proj": (_mamba, ""),
    "x_proj": (_mamba_x, ""),
    "in_proj_qkv": (_qkv, "q, k and v fused"),
    "in_proj_qkvz": (_qkvz, "q, k, v and z fused"),
    "in_proj_ba": (_ba, "b and a fused"),
    "kv_a_proj_with_mqa": (_kv_a, "latent and rotary key fused"),
    "kv_b_proj": (_kv_b, "k and v fused"),
}
"""Rule that splits a matrix, and words for the note if it cannot, by the last part of the name."""

_BESIDE = ("A_log", "conv.weight", "conv1d.weight", "dt_proj.weight", "out_proj.weight")


def split(tensors: dict[str, Tensor], config: Mapping[str, Any], /) -> dict[str, Tensor]:
    """
    Split the joint projections of Mamba, Qwen3-Next and DeepSeek.

    Parameters
    ----------
    tensors : dict of str to Tensor
        A model.
    config : mapping of str
        Configuration of the model, with numbers and sizes of heads.

    Returns
    -------
    dict of str to Tensor
        The model; a joint projection has a weight for each of its parts, where the tensors beside
        it or the configuration give their sizes.

    Examples
    --------
    >>> import numpy as np, spectra
    >>> arrays = {"mixer.in_proj.weight": np.ones((8, 3)), "mixer.A_log": np.ones((4, 2))}
    >>> [layer.name for layer in spectra.layers(arrays)]
    ['mixer.in_proj[x]', 'mixer.in_proj[z]', 'mixer.A_log']
    """
    found = dict(tensors)
    for name, tensor in tensors.items():
        block, _, last = name.removesuffix(".weight").rpartition(".")
        weight = whole(tensor) if last in _FUSED and tensor.role == "dense" else None
        if weight is None or len(weight.shape) != 2:
            continue
        rule, words = _FUSED[last]
        shapes = {p: t.shape for p in _BESIDE if (t := tensors.get(f"{block}.{p}")) is not None}
        parts = rule(weight, shapes, config)
        told = ", ".join(part.label for part in parts)
        why = "the config does not say how" if config else "no config says how to split"
        told = told or (f"{words}: left whole, {why}" if words else "")
        note = f"{tensor.note}, {told}".strip(", ")
        found[name] = replace(tensor, note=note, weights=parts or tensor.weights)
    return found
