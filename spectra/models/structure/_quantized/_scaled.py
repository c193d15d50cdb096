"""Numbers of 8 bits or fewer, each stored by itself, with scales beside them."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from spectra.dtypes import BY_NAME
from spectra.models.lazy import derived, rows
from spectra.models.quantization import exponents, scaled_blocks
from spectra.models.structure._quantized._arrays import with_inputs
from spectra.models.structure._quantized._found import (
    Found,
    dims,
    module_of,
)
from spectra.models.structure._quantized._names import is_helper
from spectra.models.structure._quantized._settings import (
    block_size,
    group_size,
    is_power_of_two,
    quantization,
    scheme,
)
from spectra.models.structure._sizes import sizes_of_parts
from spectra.models.tensors import MOST_PARTS, Weight

if TYPE_CHECKING:
    from collections.abc import Mapping

    from spectra._typing import AnyArray
    from spectra.models.lazy import Source
    from spectra.models.structure._quantized._names import Companions, Names
    from spectra.models.tensors import Tensor

__all__ = ["is_narrow_float", "scaled", "stem_of"]

_USUAL = 128  # rows and columns of a block, where no config says otherwise
_ENDING = re.compile(r"(\._weight_qdata|\.weight\._data)\Z")
_INTEGERS = ("int8", "uint8", "int4", "uint4", "int16", "int2", "uint2")
_WORDS = ("int32", "uint32", "int64")
_EXPERTS = re.compile(r"(^|[._])(experts?|moe|switch_mlp)([._]|\Z)")
_LONGEST = 200  # characters at the end of a name that are looked at
_E8M0 = ("uint8", "float8_e8m0fnu")


class _Blocks(NamedTuple):
    """Rows and columns that share a scale, or the numbers of rows that do; or why it is unclear."""

    block: tuple[int, int] | None = None
    runs: tuple[int, ...] = ()
    why: str = ""


def is_narrow_float(dtype: str, /) -> bool:
    """
    Return whether a type has real floats of at most 8 bits.

    Parameters
    ----------
    dtype : str
        Name of the type.

    Returns
    -------
    bool
        Whether numbers of the type are seldom weights without a scale.

    Examples
    --------
    >>> is_narrow_float("float8_e4m3fn"), is_narrow_float("float16")
    (True, False)
    """
    known = BY_NAME.get(dtype)
    return known is not None and known.kind == "float" and known.bits <= 8


def stem_of(name: str, /) -> str:
    """
    Return the name of the weight that a stored tensor belongs to.

    Parameters
    ----------
    name : str
        Name of the stored numbers.

    Returns
    -------
    str
        The name, with ``.weight`` in place of the words of torchao and quanto.

    Examples
    --------
    >>> stem_of("fc._weight_qdata"), stem_of("fc.weight._data"), stem_of("fc.weight")
    ('fc.weight', 'fc.weight', 'fc.weight')
    """
    return _ENDING.sub(".weight", name)


def _real(
    W: AnyArray,
    scale: AnyArray,
    zero_point: AnyArray | None = None,
    *,
    block: tuple[int, int] | None = None,
    runs: tuple[int, ...] = (),
    power: bool = False,
    first: bool = False,
) -> AnyArray:
    """Return the real numbers of a tensor, or of the first and only one of a stack."""
    if first:
        W, scale = W[0], scale[0] if scale.ndim and len(scale) == 1 else scale
        if zero_point is not None and zero_point.ndim and len(zero_point) == 1:
            zero_point = zero_point[0]
    factors = exponents(scale) if power else scale
    if runs:
        factors = np.repeat(factors.reshape(-1), runs)
    flat = W.reshape(len(W), -1)
    if factors.ndim > 2:
        factors = factors.reshape(factors.shape[0], -1)  # axes of length 1
    if zero_point is not None and zero_point.ndim > 2:
        zero_point = zero_point.reshape(zero_point.shape[0], -1)
    return scaled_blocks(flat, factors, zero_point, block=block).reshape(W.shape)


def _two_rows(
    packed: AnyArray, scales: AnyArray, *, block: tuple[int, int] | None
) -> AnyArray:  # two rows of signed numbers in a byte, the first in the low half
    codes = np.stack([packed & 0xF, packed >> 4], axis=1).reshape(-1, packed.shape[1])
    signed = (codes ^ 8).astype(np.int8) - np.int8(8)
    return scaled_blocks(signed, scales, block=block)


def _modelopt4(name: str, main: Tensor, beside: Companions, config: Mapping[str, Any]) -> Found:
    """Read the 4-bit integers of ModelOpt, two rows in a byte."""
    scale, names = beside.known["scale"], beside.names
    shape = (2 * main.shape[0], main.shape[1])
    block = _blocks(name, shape, scale.shape, config)
    why = _why_not(replace(main, dtype="int8", shape=shape), beside) or block.why
    if why:
        return Found(names, note=f"4 bits of ModelOpt: {why}")
    source: Source = derived(_two_rows, main.source, scale.source, block=block.block)
    words = "int4 times weight_scale (ModelOpt)"
    if "inputs" in beside.known:
        source = derived(with_inputs, source, beside.known["inputs"].source)
        words += ", and factors of the inputs"
    return Found(names, (Weight("", shape, source),), words)


def _blocks(
    name: str, shape: tuple[int, ...], scales: tuple[int, ...], config: Mapping[str, Any]
) -> _Blocks:
    """Return how scales spread over a matrix or kernel."""
    count = math.prod(scales)
    if len(scales) == 4 and len(shape) == 2 and scales[1] == scales[3] == 1:  # of ModelOpt
        scales = (scales[0], scales[2])
    single = (shape[0], *(1,) * (len(shape) - 1))
    if count == 1 or scales in ((shape[0],), (shape[0], 1), single):
        return _Blocks()
    if len(scales) == 2 and len(shape) == 2 and min(scales) > 0:
        return _of_matrix(module_of(name), shape, scales, config)
    if len(shape) == 2 and scales in ((count,), (count, 1)):
        runs = sizes_of_parts(name, shape, config)
        if len(runs) == count and sum(runs) == shape[0]:
            return _Blocks(runs=runs)
    return _Blocks(why=f"scales {'x'.join(map(str, scales))} of {'x'.join(map(str, shape))}")


def _of_matrix(
    module: str, shape: tuple[int, ...], scales: tuple[int, ...], config: Mapping[str, Any]
) -> _Blocks:
    def fits(block: tuple[int, ...]) -> bool:
        return all(-(-n // b) == s for n, b, s in zip(shape, block, scales, strict=True))

    stated = scheme(module, config).get("group_size") or quantization(config).get("group_size")
    group = group_size(shape[1], scales[1], stated) if scales[0] == shape[0] else None
    shares = tuple(n // s for n, s in zip(shape, scales, strict=True))
    exact = all(is_power_of_two(b) for b in shares) and fits(shares)
    given = block_size(module, config)
    if given and not fits(given):
        words = f"scales {scales[0]}x{scales[1]} of {shape[0]}x{shape[1]}"
        return _Blocks(why=f"{words}, in blocks of {given[0]}x{given[1]} by the config")
    candidates = [
        given,
        (1, group) if group else None,
        (_USUAL, _USUAL),
        (shares[0], shares[1]) if exact else None,
    ]
    if scales[0] == shape[0]:
        candidates = [given, (1, group) if group else None]
        candidates += [] if stated else [(1, _USUAL)]
    if scales[0] == 1 and scales[1] == shape[1]:
        candidates = [(shape[0], 1)]
    found = next((block for block in candidates if block and fits(block)), None)
    why = f"scales {scales[0]}x{scales[1]} of {shape[0]}x{shape[1]}, in blocks of no known size"
    return _Blocks(found) if found else _Blocks(why=why)


def _long_axes(tensor: Tensor) -> tuple[int, ...]:
    return tuple(n for n in tensor.shape if n != 1)


def _why_not(main: Tensor, beside: Companions) -> str:
    """Return the reason why the scales of a tensor do not say what its numbers are."""
    scale, zero = beside.known["scale"], beside.known.get("zero")
    power = scale.dtype in _E8M0
    uses = ("scale", "zero", "inputs", *(() if power else ("comfy",)))
    odd = [*beside.unknown, *(t for use, t in beside.known.items() if use not in uses)]
    if odd:
        return f"{main.dtype} beside {odd[0].name}, whose meaning is not known"
    real = BY_NAME.get(scale.dtype)
    if not (real and real.kind == "float") and not (power and is_narrow_float(main.dtype)):
        return f"{main.dtype} with a scale of {scale.dtype}"
    inputs = beside.known.get("inputs")
    if inputs is not None and (main.ndim != 2 or inputs.shape not in ((main.shape[1],), ())):
        return f"factors {dims(inputs)} of the inputs of {dims(main)}"
    if main.dtype.startswith("uint") and zero is None:
        return f"{main.dtype} with a scale and no zero point"
    if zero is not None and _long_axes(zero) != _long_axes(scale):
        return f"zero points {dims(zero)} beside scales {dims(scale)}"
    return ""


def _of_stack(main: Tensor, sources: list[tuple[Tensor, bool]], block: _Blocks, power: bool) -> Any:
    def part(tensor: Tensor, shared: bool, e: int) -> Source:
        return tensor.source if shared else rows(tensor.source, e, e + 1)

    options = {"block": block.block, "power": power, "first": True}
    return tuple(
        Weight(
            str(e),
            main.shape[1:],
            derived(_real, *(part(t, shared, e) for t, shared in sources), **options),
        )
        for e in range(main.shape[0])
    )


def _is_stack(name: str, main: Tensor, scale: Tensor) -> bool:
    """Return whether three axes are a stack of matrices, by the name or scales of no kernel."""
    if main.ndim != 3:
        return False
    named = _EXPERTS.search(name[-_LONGEST:]) is not None
    return named or (scale.ndim == 3 and max(scale.shape[1:]) > 1)


def _read(name: str, main: Tensor, beside: Companions, config: Mapping[str, Any]) -> Found:
    """Return the weights of numbers whose scales are understood, or the reason."""
    names, known = beside.names, beside.known
    if why := _why_not(main, beside):
        return Found(names, note=why)
    scale, power = known["scale"], known["scale"].dtype in _E8M0
    helpers = [scale, *([known["zero"]] if "zero" in known else [])]
    words = f"{main.dtype} times {scale.name.rpartition('.')[2]}"
    words += ", zero points subtracted" if "zero" in known else ""
    words += ", powers of two" if power else ""
    if _is_stack(name, main, scale):
        shared = [(main, False), *((t, t.size == 1) for t in helpers)]
        fits = all(t.size == 1 or t.shape[:1] == main.shape[:1] for t in helpers)
        inner = scale.shape[1:] if scale.size > 1 else ()
        block = _blocks(name, main.shape[1:], inner, config)
        if not fits or block.why or main.shape[0] > MOST_PARTS:
            why = block.why or f"scales {dims(scale)} of a stack {dims(main)}"
            return Found(names, note=f"{main.dtype}, {why}: they do not fit together")
        return Found(names, _of_stack(main, shared, block, power), words)
    block = _blocks(name, main.shape, scale.shape, config)
    if block.why or len(main.shape) < 2:
        return Found(names, note=f"{main.dtype}, {block.why}: they do not fit together")
    options = {"block": block.block, "runs": block.runs, "power": power}
    source: Source = derived(_real, main.source, *(t.source for t in helpers), **options)
    if "inputs" in known:
        source = derived(with_inputs, source, known["inputs"].source)
        words += ", and factors of the inputs"
    return Found(names, (Weight("", main.shape, source),), words)


def scaled(name: str, names: Names, config: Mapping[str, Any], /) -> Found | None:
    """
    Read integers and narrow floats with one scale, or a scale per row, block, part or expert.

    Parameters
    ----------
    name : str
        Name of a tensor.
    names : Names
        The tensors of the model.
    config : mapping of str
        Configuration of the model, for the size of blocks.

    Returns
    -------
    Found or None
        The weights, or the reason against them; ``None`` for other types, for scales themselves,
        and for integers without a scale.

    Examples
    --------
    >>> from spectra.models.structure._quantized._names import Names
    >>> from spectra.models.arrays import from_array
    >>> tensors = {n: from_array(n, [[1.0]]) for n in ("fc.weight", "fc.weight_scale")}
    >>> scaled("fc.weight", Names(tensors), {})
    """
    main = names.tensors[name]
    narrow = is_narrow_float(main.dtype)
    if main.ndim < 2 or not (narrow or main.dtype in (*_INTEGERS, *_WORDS)) or is_helper(name):
        return None
    beside = names.companions(name)
    if main.dtype in _WORDS:
        note = f"{main.dtype} beside a scale, words in a layout that is not known"
        return Found(beside.names, note=note) if "scale" in beside.known else None
    scale = beside.known.get("scale")
    packed = main.dtype == "uint8" and scale is not None and main.ndim == scale.ndim == 2
    if packed and scale is not None and scale.shape[0] == 2 * main.shape[0]:
        found = _modelopt4(name, main, beside, config)
    elif scale is not None:
        found = _read(stem_of(name), main, beside, config)
    elif beside.known or beside.unknown:
        odd = [*beside.known.values(), *beside.unknown][0].name
        found = Found(beside.names, note=f"{main.dtype} beside {odd}, and no scale that is known")
    else:
        return None
    return found._replace(stem=stem_of(name))
