"""bitsandbytes: NF4 and FP4 weights with their state as JSON, int8 weights with row maxima."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from spectra.errors import ModelFormatError
from spectra.models.lazy import derived
from spectra.models.quantization import bnb4
from spectra.models.structure._quantized._found import Found, dims, small_numbers
from spectra.models.structure._quantized._settings import whole_number
from spectra.models.tensors import Weight

if TYPE_CHECKING:
    from collections.abc import Mapping

    from spectra._typing import AnyArray
    from spectra.models.lazy import Source
    from spectra.models.structure._quantized._names import Names
    from spectra.models.tensors import Tensor

__all__ = ["bitsandbytes", "eight_bits"]

_STATES = tuple(f"quant_state.bitsandbytes__{kind}" for kind in ("nf4", "fp4"))
_PARTS = ("absmax", "quant_map", "nested_absmax", "nested_quant_map", *_STATES)
_MOST = 1 << 40
_MAX_INT8 = 127.0


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


def _by_row(W: AnyArray, maxima: AnyArray) -> AnyArray:
    if maxima.size != len(W):
        msg = f"{maxima.size} factors of {len(W)} rows"
        raise ModelFormatError(msg)
    out: AnyArray = W.astype(np.float32) * (maxima.astype(np.float32).reshape(-1, 1) / _MAX_INT8)
    return out


def eight_bits(name: str, names: Names, config: Mapping[str, Any], /) -> Found | None:
    """
    Read int8 weights of bitsandbytes, with the largest magnitude of each row.

    Parameters
    ----------
    name : str
        Name of a tensor.
    names : Names
        The tensors of the model.
    config : mapping of str
        Not used.

    Returns
    -------
    Found or None
        The weight; ``None`` without a tensor ``SCB`` beside it.

    Examples
    --------
    >>> import spectra
    >>> arrays = {"fc.weight": np.ones((2, 2), np.int8), "fc.SCB": np.array([127.0, 254.0])}
    >>> spectra.from_arrays(arrays)["fc.weight"].weights[0].read()
    array([[1., 1.],
           [2., 2.]], dtype=float32)
    """
    main = names.tensors[name]
    module = names.module(name)
    if "SCB" not in module or not name.endswith(".weight") or main.dtype not in ("int8", "uint8"):
        return None
    beside = names.companions(name)
    form, maxima = module.get("weight_format"), beside.known["maximum"]
    helpers = (*beside.names, *([form.name] if form else []))
    numbers = small_numbers(form)
    if form is not None and (numbers is None or numbers.size != 1 or int(numbers.item())):
        return Found(helpers, note="int8 of bitsandbytes, in an order for one kind of processor")
    if main.ndim != 2 or main.dtype != "int8" or maxima.size != main.shape[0]:
        return Found(helpers, note=f"{main.dtype} {dims(main)} beside SCB {dims(maxima)}")
    source = derived(_by_row, main.source, maxima.source)
    return Found(helpers, (Weight("", main.shape, source),), "int8 times SCB / 127 (bitsandbytes)")
