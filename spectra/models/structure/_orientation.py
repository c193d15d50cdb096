"""Orientation: matrices (out, in) and kernels (out, in, positions...) of other stored orders."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from spectra.models.lazy import derived
from spectra.models.structure._parts import places, single, upright, whole
from spectra.models.tensors import MOST_PARTS, Tensor, Weight

if TYPE_CHECKING:
    from collections.abc import Mapping

    from spectra._typing import AnyArray

__all__ = ["turned"]

_LONGEST = 200  # characters at the end of a name that are looked at
_KERNEL = re.compile(r"(^|[./_])(depthwise_|pointwise_)?kernel(:0)?\Z")
_RECURRENT = re.compile(r"(lstm|gru|rnn|recurrent)", re.IGNORECASE)
_HEADS = re.compile(r"(^|[./_])(query|key|value|q|k|v)[./]kernel(:0)?\Z")
_OUT = re.compile(r"(^|[./_])(out|o|output|attn_output)[./]kernel(:0)?\Z")
_CONV1D = re.compile(r"(^|\.)(c_fc|c_proj|q_attn)\.weight\Z")
_XLNET = re.compile(r"(^|\.)(rel_attn\.[qkvor]|attention\.r_kernel)\Z")  # and of Funnel
_BLOCKS = re.compile(r"(^|\.)(rg_lru\.(input|recurrent)_gate_weight|codebooks_head\.weight)\Z")
_CONV1D_TYPES = frozenset({"gpt2", "openai-gpt", "imagegpt", "decision_transformer"})


def _reordered(array: AnyArray, *, axes: tuple[int, ...], shape: tuple[int, ...]) -> AnyArray:
    out: AnyArray = array.transpose(axes).reshape(shape)
    return out


def _as(weight: Weight, axes: tuple[int, ...], shape: tuple[int, ...]) -> Weight:
    """Return a weight with its axes in another order, some of them joined."""
    source = derived(_reordered, weight.source, axes=axes, shape=shape)
    return Weight(weight.label, shape, source)


def _channels_last(name: str, weight: Weight) -> Weight:
    """Return a kernel (positions..., in, out) as (out, in, positions...)."""
    *positions, inputs, outputs = weight.shape
    n = len(positions)
    if "depthwise" in name[-_LONGEST:]:  # (positions..., in, multiplier): one input each
        shape = (inputs * outputs, 1, *positions)
        return _as(weight, (n, n + 1, *range(n)), shape)
    return _as(weight, (n + 1, n, *range(n)), (outputs, inputs, *positions))


def _kernel(name: str, tensor: Tensor, weight: Weight) -> Tensor | None:
    """Turn a kernel of Keras or Flax, which has inputs and outputs last."""
    end, shape = name[-_LONGEST:], weight.shape
    if tensor.ndim == 2:
        if _RECURRENT.search(end):
            return None
        return replace(tensor, weights=(upright(weight),), note="stored (in, out)")
    if tensor.ndim == 3 and _HEADS.search(end):
        made = _as(weight, (1, 2, 0), (shape[1] * shape[2], shape[0]))
        return replace(tensor, role="dense", weights=(made,), note="stored (in, heads, size)")
    if tensor.ndim == 3 and _OUT.search(end):
        made = _as(weight, (2, 0, 1), (shape[2], shape[0] * shape[1]))
        return replace(tensor, role="dense", weights=(made,), note="stored (heads, size, out)")
    module = end.rpartition("kernel")[0]
    if tensor.ndim in (4, 5) or (tensor.ndim == 3 and "conv" in module.lower()):
        words = "stored (positions, in, out)"
        return replace(tensor, role="conv", weights=(_channels_last(name, weight),), note=words)
    words = "a kernel of 3 axes, neither a convolution nor attention by its name"
    return replace(tensor, role="unknown", note=words)


def _xlnet(name: str, tensor: Tensor, weight: Weight) -> Tensor:
    """Join the heads of XLNet, which stores (model, heads, size) for all of its projections."""
    shape = weight.shape
    rest = math.prod(shape[1:])
    outward = name.endswith(".o")
    made = Weight(
        "",
        (shape[0], rest),
        derived(_reordered, weight.source, axes=(0, 1, 2), shape=(shape[0], rest)),
    )
    made = made if outward else upright(made)
    return replace(tensor, role="dense", weights=(made,), note="heads joined, stored with 3 axes")


def _blocks(tensor: Tensor, weight: Weight) -> Tensor | None:
    """Return one matrix for each head of a block-diagonal gate, or of a model (heads, in, out)."""
    if weight.shape[0] > MOST_PARTS:
        return None
    made = tuple(upright(single(weight, str(h), h)) for h in range(weight.shape[0]))
    return replace(tensor, role="dense", weights=made, note="one matrix per head")


def _has_conv1d(tensors: Mapping[str, Tensor], config: Mapping[str, Any]) -> bool:
    """Return whether linear layers are stored (in, out), as the class Conv1D of GPT-2 has them."""
    parts = (config.get(key) for key in ("decoder", "encoder"))
    inner = [place for part in parts if isinstance(part, dict) for place in places(part)]
    kinds = [place.get("model_type") for place in (*places(config), *inner)]
    if any(isinstance(kind, str) for kind in kinds):
        return any(kind in _CONV1D_TYPES for kind in kinds if isinstance(kind, str))
    joined = [t.shape for n, t in tensors.items() if n.endswith("c_attn.weight") and t.ndim == 2]
    return bool(joined) and all(columns == 3 * rows for rows, columns in joined)


def _turned(name: str, tensor: Tensor, conv1d: bool) -> Tensor | None:
    weight = whole(tensor)
    if weight is None or tensor.role in ("parameter", "scale", "norm", "bias", "recurrent"):
        return None
    end = name[-_LONGEST:]
    if tensor.ndim == 2 and conv1d and _CONV1D.search(end):
        note = f"{tensor.note}, stored (in, out)".removeprefix(", ")
        return replace(tensor, weights=(upright(weight),), note=note)
    if tensor.ndim == 2 and end.endswith("mm_input_projection_weight"):  # of Gemma 3
        return replace(tensor, weights=(upright(weight),), note="stored (in, out)")
    if tensor.ndim == 3 and _XLNET.search(end):
        return _xlnet(name, tensor, weight)
    if tensor.ndim >= 2 and _KERNEL.search(end):
        return _kernel(name, tensor, weight)
    if tensor.ndim == 3 and _BLOCKS.search(end):
        return _blocks(tensor, weight)
    return None


def turned(tensors: dict[str, Tensor], config: Mapping[str, Any], /) -> dict[str, Tensor]:
    """
    Turn matrices and kernels that are not stored (out, in, positions...).

    Parameters
    ----------
    tensors : dict of str to Tensor
        A model.
    config : mapping of str
        Configuration of the model; its ``model_type`` tells GPT-2 from models of the same names.

    Returns
    -------
    dict of str to Tensor
        The model. Kernels of Keras and Flax, linear layers of GPT-2, and projections of XLNet and
        RecurrentGemma that are stored with three axes have weights (out, in, positions...).

    Notes
    -----
    A name that ends in ``kernel`` is of TensorFlow or JAX, where inputs and outputs come last.

    Examples
    --------
    >>> import numpy as np, spectra
    >>> arrays = {"conv/kernel": np.ones((5, 5, 1, 4)), "query/kernel": np.ones((64, 4, 16))}
    >>> [tensor.weights[0].shape for tensor in spectra.from_arrays(arrays).values()]
    [(4, 1, 5, 5), (64, 64)]
    """
    conv1d = _has_conv1d(tensors, config)
    changed = {n: _turned(n, tensor, conv1d) for n, tensor in tensors.items()}
    return {n: changed[n] or tensor for n, tensor in tensors.items()}
