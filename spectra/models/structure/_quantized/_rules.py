"""Rules: try every layout of quantized weights on every tensor."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from spectra.dtypes import FLOATS
from spectra.models.roles import from_name
from spectra.models.structure._quantized._bitsandbytes import bitsandbytes, eight_bits
from spectra.models.structure._quantized._blocks import blocks, four_bit_bytes
from spectra.models.structure._quantized._compressed import compressed
from spectra.models.structure._quantized._hqq import hqq
from spectra.models.structure._quantized._inputs import scaled_inputs
from spectra.models.structure._quantized._mlx import mlx
from spectra.models.structure._quantized._names import Names
from spectra.models.structure._quantized._scaled import is_narrow_float, scaled
from spectra.models.structure._quantized._unread import unread
from spectra.models.structure._quantized._words import words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from spectra.models.structure._quantized._found import Found, Rule
    from spectra.models.tensors import Tensor

__all__ = ["unpacked"]

_RULES: tuple[Rule, ...] = (
    hqq,
    unread,
    words,
    blocks,
    compressed,
    bitsandbytes,
    mlx,
    four_bit_bytes,
    eight_bits,
    scaled,
)
"""Layouts, the first that applies to a tensor decides."""

_RULES_OF_FLOATS: tuple[Rule, ...] = (unread, bitsandbytes, scaled_inputs)
"""Layouts of floats of 16 bits and more."""


_STORED = re.compile(r"\.(weight_packed|qweight|W_q)\Z")


def _role(name: str, found: Found) -> str:
    """Return the role that the name gives to the weights of a tensor."""
    first = found.weights[0]
    shape = (1, *first.shape) if first.label else first.shape
    stem = found.stem or name.removesuffix("_packed").replace(".qweight", ".weight").replace(
        ".W_q", ".weight"
    )
    return from_name(stem.removesuffix("_blocks"), shape)


_USES = {
    "zero": "zero points",
    "biases": "offsets",
    "shape": "shape",
    "g_idx": "order of the inputs",
    "quant_state": "state",
    "quant_map": "table of values",
    "weight_format": "layout",
}
"""Use of a helper in words, by a part of its name; any other is a scale."""


def _helper(tensor: Tensor, name: str) -> Tensor:
    last = ".".join(tensor.name.split(".")[-2:])
    what = next((what for word, what in _USES.items() if word in last), "scale")
    return replace(tensor, role="scale", note=f"{what} of {name}", weights=())


def unpacked(tensors: dict[str, Tensor], config: Mapping[str, Any], /) -> dict[str, Tensor]:
    """
    Recognize quantized weights by the names, types and shapes of the tensors beside them.

    Parameters
    ----------
    tensors : dict of str to Tensor
        A model.
    config : mapping of str
        Configuration of the model; ``quantization_config`` has settings that names do not show.

    Returns
    -------
    dict of str to Tensor
        The model; quantized tensors have their dequantized weights or the reason against them, and
        scales and zero points a note with the tensor they belong to.

    Examples
    --------
    >>> import numpy as np, spectra
    >>> arrays = {"fc.weight": np.ones((4, 2), np.int8), "fc.weight_scale": np.ones((4, 1))}
    >>> [(layer.name, layer.reason) for layer in spectra.layers(arrays)]
    [('fc', ''), ('fc.weight_scale', 'scale of fc.weight')]
    """
    found, names = dict(tensors), Names(tensors)
    for name, tensor in tensors.items():
        wide = tensor.dtype in FLOATS and not is_narrow_float(tensor.dtype)
        rules = _RULES_OF_FLOATS if wide else _RULES
        results = (rule(name, names, config) for rule in rules)
        result = next((r for r in results if r is not None), None)
        if result is None:
            continue
        for helper in result.helpers:
            if helper in found and helper != name:
                found[helper] = _helper(tensors[helper], name)
        role = _role(name, result) if result.weights else "quantized"
        found[name] = replace(tensor, role=role, note=result.note, weights=result.weights)
    return found
