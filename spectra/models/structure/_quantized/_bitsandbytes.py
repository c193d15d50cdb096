"""bitsandbytes: NF4 and FP4 weights, whose state lies beside them as JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from spectra.models.lazy import derived
from spectra.models.quantization import bnb4
from spectra.models.structure._quantized._found import Found, small_numbers
from spectra.models.structure._quantized._settings import whole_number
from spectra.models.tensors import Weight

if TYPE_CHECKING:
    from collections.abc import Mapping

    from spectra._typing import AnyArray
    from spectra.models.lazy import Source
    from spectra.models.structure._quantized._names import Names
    from spectra.models.tensors import Tensor

__all__ = ["bitsandbytes"]

_STATES = tuple(f"quant_state.bitsandbytes__{kind}" for kind in ("nf4", "fp4"))
_PARTS = ("absmax", "quant_map", "nested_absmax", "nested_quant_map", *_STATES)
_MOST = 1 << 40


def _state(tensor: Tensor | None) -> dict[str, Any]:
    """Return the JSON object that a tensor of bytes holds; empty if it holds none."""
    raw = small_numbers(tensor)
    try:
        found = json.loads(raw.tobytes().decode("utf-8")) if raw is not None else {}
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _bytes(stored: AnyArray) -> AnyArray:
    """Return packed numbers as bytes, whatever type they were stored as."""
    out: AnyArray = np.ascontiguousarray(stored).reshape(-1).view(np.uint8)
    return out


def _shape(state: Mapping[str, Any]) -> tuple[int, int] | None:
    sides = state.get("shape")
    if not isinstance(sides, list) or len(sides) != 2:
        return None
    rows, columns = map(whole_number, sides)
    return (rows, columns) if rows and columns and rows * columns < _MOST else None


def bitsandbytes(name: str, names: Names, config: Mapping[str, Any], /) -> Found | None:
    """
    Read 4-bit weights of bitsandbytes.

    Parameters
    ----------
    name : str
        Name of a tensor.
    names : Names
        The tensors of the model.
    config : mapping of str
        Not used: shape and sizes of blocks are in the state beside the weights.

    Returns
    -------
    Found or None
        The weight; ``None`` if no state or table of bitsandbytes lies beside the tensor.

    Examples
    --------
    >>> from spectra.models.structure._quantized._names import Names
    >>> bitsandbytes("w", Names({}), {})
    """
    if not name.endswith("weight"):
        return None
    beside = {part: names.tensors.get(f"{name}.{part}") for part in _PARTS}
    given = {part: tensor for part, tensor in beside.items() if tensor is not None}
    main = names.tensors[name]
    if not given or main.dtype not in ("uint8", "int8", "bfloat16", "float16", "float32"):
        return None
    helpers = tuple(tensor.name for tensor in given.values())
    kind = next((part for part in _STATES if part in given), None)
    if kind is None or not {"absmax", "quant_map"} <= {*given}:
        return Found(helpers, note="packed by bitsandbytes, and a part of its state is missing")
    state = _state(given[kind])
    shape, size = _shape(state), whole_number(state.get("blocksize"))
    if shape is None or size is None:
        note = f"packed by bitsandbytes as {main.dtype}, its state does not say shape and blocks"
        return Found(helpers, note=note)
    sources: list[Source] = [derived(_bytes, main.source)]
    sources += [given[part].source for part in ("quant_map", "absmax")]
    options: dict[str, Any] = {"shape": shape, "block_size": size}
    words = f"{'NF4' if kind == _STATES[0] else 'FP4'} of bitsandbytes, blocks of {size}"
    nested = [part for part in ("nested_quant_map", "nested_absmax") if part in given]
    if nested:
        inner, offset = whole_number(state.get("nested_blocksize")), state.get("nested_offset")
        if len(nested) != 2 or inner is None or not isinstance(offset, int | float):
            return Found(helpers, note=f"{words}, whose factors are quantized in part")
        sources += [given[part].source for part in nested]
        options |= {"nested_block_size": inner, "offset": float(offset)}
        words += ", factors quantized"
    return Found(helpers, (Weight("", shape, derived(bnb4, *sources, **options)),), words)
