"""Names of GGUF files: roles, fused projections and stacks of experts as llama.cpp stores them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from spectra.dtypes import BLOCKS, FLOATS
from spectra.models.structure._gguf_parts import (
    EXPERTS,
    LATENT,
    Name,
    Sizes,
    factor_of,
    name_of,
    parts_of,
    scaled,
)
from spectra.models.tensors import MOST_PARTS, Weight

if TYPE_CHECKING:
    from spectra.models.tensors import Tensor

__all__ = ["named"]

_MAX_TOTAL = 1 << 17  # parts of all stacks of a model
_TOO_MANY = f"experts left together: at most {MOST_PARTS} of a tensor, {_MAX_TOTAL} parts in all"
_MATRICES = frozenset({"dense", "embedding", "recurrent", "lora_A", "lora_B", "conv", "experts"})
_EMBEDDING = re.compile(r"(token_embd|position_embd|token_types)\Z")
_NOT_MAPS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"ssm_(a|d)\Z"), "parameter of a state space"),
    (re.compile(r"rope_(freqs|factors_long|factors_short)\Z|attn_rot_embd\Z"), "rotary table"),
    (
        re.compile(r"(cross_)?attn_rel_b\Z|attn_rel_pos_emb\Z|pos_[hw]\Z"),
        "table of position biases",
    ),
    (re.compile(r"(time|channel)_mix_lerp_\w+\Z"), "mixing coefficients"),
    (re.compile(r"time_mix_(first|decay|r_k|k_k|k_a|[avw]0)\Z"), "mixing coefficients"),
    (re.compile(r"pos_bias_[uv]\Z|per_dim(_k)?_scale\Z"), "bias or scale of attention"),
)
_DEPTHWISE = re.compile(r"ssm_conv1d(_[qkv])?\Z|shortconv\.conv\Z")


def _role(tensor: Tensor, name: Name) -> tuple[str, str]:
    """Return role and note of a tensor by the last part of its name."""
    for pattern, what in _NOT_MAPS:
        if pattern.search(name.last):
            return "constant", what
    if tensor.ndim == 2 and _EMBEDDING.search(name.last):
        return "embedding", ""
    if tensor.ndim == 3 and (EXPERTS.search(name.last) or name.last.startswith("altup_")):
        return "experts", ""
    if tensor.ndim == 3 and name.last in LATENT:
        return "dense", "heads one below the other"
    if tensor.ndim == 2 and _DEPTHWISE.search(name.last):
        return "dense", "depthwise kernel (out, positions)"
    if tensor.role == "conv" and name.stem and "conv" not in name.last:
        return "unknown", ""  # blocks of llama.cpp have no other kernels
    return tensor.role, ""


def _joined(*notes: str) -> str:
    return ", ".join(filter(None, notes))


def _read(
    tensor: Tensor, tensors: Mapping[str, Tensor], metadata: Mapping[str, Any], left: int
) -> Tensor:
    """Return a tensor with role, note and weights; at most `left` parts of a stack."""
    name = name_of(tensor.name)
    role, note = _role(tensor, name)
    tensor = replace(tensor, role=role, note=note)
    if why := getattr(tensor.source, "unreadable", ""):
        return replace(tensor, role="quantized", note=why)
    if tensor.role not in _MATRICES or tensor.ndim < 2:
        return tensor
    if tensor.role == "experts" and tensor.ndim != 3:
        return tensor
    if tensor.role == "experts" and 2 * tensor.shape[0] > left:
        return replace(tensor, role="constant", note=_TOO_MANY)
    stored = hasattr(tensor.source, "stored")
    if not stored and tensor.dtype not in FLOATS:
        return tensor
    parts, words = parts_of(name, tensor, tensors, Sizes(metadata, name.block))
    block = BLOCKS.get(tensor.dtype)
    layout = f"{block.name}, blocks of {block.elements}" if block else ""
    note, scale = _joined(layout, note, words), factor_of(name, tensors)
    if scale is not None:
        if scale.size not in (1, tensor.shape[0] if role == "experts" else 1):
            note = _joined(note, f"times {scale.size} numbers of {scale.name}: not known how")
            return replace(tensor, role="quantized", note=note)
        parts, note = scaled(parts, scale), _joined(note, f"times {scale.name}")
    if parts == (Weight("", tensor.shape, tensor.source),) and not stored:
        parts = ()
    return replace(tensor, note=note, weights=parts)


def named(tensors: dict[str, Tensor], config: Mapping[str, Any], /) -> dict[str, Tensor]:
    """
    Read the names of a GGUF file: roles, fused projections, experts and scales.

    Parameters
    ----------
    tensors : dict of str to Tensor
        A model.
    config : mapping of str
        Configuration of the model; the metadata of a GGUF file under ``"gguf"``. Without these, the
        model is returned as it is.

    Returns
    -------
    dict of str to Tensor
        The model; quantized tensors have their dequantized matrices as weights, tensors that cannot
        be dequantized the role "quantized" and the reason.

    Notes
    -----
    llama.cpp stores q, k and v of ``attn_qkv`` one after the other, whatever the order in the
    original model, and the gate first in an ``ffn_up`` that holds gate and up. The rows of q and k
    of Llama models are permuted within each head, which changes no singular value.

    Examples
    --------
    >>> import numpy as np, spectra
    >>> made = dict(spectra.from_arrays({"blk.0.attn_qkv.weight": np.ones((8, 4))}))
    >>> metadata = {"general.architecture": "phi3", "phi3.embedding_length": 4}
    >>> metadata |= {"phi3.attention.head_count": 2, "phi3.attention.head_count_kv": 1}
    >>> [part.shape for part in named(made, {"gguf": metadata})["blk.0.attn_qkv.weight"].weights]
    [(4, 4), (2, 4), (2, 4)]
    """
    metadata = config.get("gguf")
    if not isinstance(metadata, Mapping):
        return tensors
    found, left = dict(tensors), _MAX_TOTAL
    for name, tensor in tensors.items():
        found[name] = _read(tensor, tensors, metadata, min(left, 2 * MOST_PARTS))
        left -= len(found[name].weights)
    for name in tensors:
        if (scale := factor_of(name_of(name), tensors)) is not None and name.endswith(".weight"):
            found[scale.name] = replace(scale, role="scale", note=f"scale of {name}")
    return found
