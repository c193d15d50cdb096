"""compressed-tensors: integers and 4-bit floats called ``weight_packed``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from spectra.models.lazy import derived
from spectra.models.quantization import nvfp4, packed_integers
from spectra.models.structure._quantized._arrays import mxfp4_rows
from spectra.models.structure._quantized._found import Found, dims, module_of, small_numbers
from spectra.models.structure._quantized._settings import group_size, scheme, whole_number
from spectra.models.tensors import Weight

if TYPE_CHECKING:
    from collections.abc import Mapping

    from spectra._typing import AnyArray
    from spectra.models.structure._quantized._names import Companions, Names
    from spectra.models.tensors import Tensor

__all__ = ["compressed", "reciprocal"]

_WORD, _MX_BLOCK = 32, 32
_MXFP6_BLOCK = 48  # twice the bytes of 32 numbers of 6 bits
_BITS = (2, 3, 4, 5, 6, 8)
_MOST_COLUMNS = 1 << 31


def reciprocal(number: AnyArray, /) -> AnyArray:
    """
    Return the reciprocal of a single number, in float32.

    Parameters
    ----------
    number : array of one element
        The number.

    Returns
    -------
    array of float32, shape ()
        Its reciprocal; infinity for 0.

    Examples
    --------
    >>> reciprocal(np.array([4.0]))
    array(0.25, dtype=float32)
    """
    with np.errstate(divide="ignore"):
        out: AnyArray = np.float32(1) / number.astype(np.float32).reshape(())
    return np.asarray(out)


def _nvfp4(
    packed: AnyArray, scales: AnyArray, whole: AnyArray
) -> AnyArray:  # the scale of the matrix is stored as its reciprocal
    return nvfp4(packed, scales, reciprocal(whole))


def _four_bit_floats(main: Tensor, beside: Companions) -> Found:
    """Read NVFP4 and MXFP4, which are told apart by the type of their scales."""
    scale, whole = beside.known.get("scale"), beside.known.get("divisor")
    shape = (main.shape[0], main.shape[1] * 2)
    odd = {*beside.known} - {"scale", "divisor", "shape"}
    if scale is None or scale.ndim != 2 or beside.unknown or odd:
        return Found(beside.names, note="4-bit floats without the scales of a known layout")
    if scale.shape[0] != shape[0] or not scale.shape[1] or shape[1] % scale.shape[1]:
        note = f"4-bit floats {dims(main)} and scales {dims(scale)} do not fit together"
        return Found(beside.names, note=note)
    size = shape[1] // scale.shape[1]
    if scale.dtype == "float8_e4m3fn" and whole is not None and whole.size == 1:
        source = derived(_nvfp4, main.source, scale.source, whole.source)
        return Found(beside.names, (Weight("", shape, source),), f"NVFP4, blocks of {size}")
    if scale.dtype in ("uint8", "float8_e8m0fnu") and whole is None and size == _MX_BLOCK:
        source = derived(mxfp4_rows, main.source, scale.source)
        return Found(beside.names, (Weight("", shape, source),), f"MXFP4, blocks of {size}")
    if scale.dtype == "uint8" and size == _MXFP6_BLOCK:
        return Found(
            beside.names, note="packed in the layout of MXFP6, not read; save it dequantized"
        )
    note = f"4-bit floats with {scale.dtype} scales of blocks of {size}, a layout not known"
    return Found(beside.names, note=note)


def _shape(main: Tensor, given: Tensor | None) -> tuple[int, int] | str:
    """Return the shape that the file states for packed weights, or why there is none."""
    numbers = small_numbers(given)
    if given is None:
        return "no weight_shape says how many inputs it has"
    if numbers is None or numbers.shape != (2,) or numbers.dtype.kind not in "iu":
        return "its weight_shape cannot be read as two whole numbers"
    rows, columns = map(int, numbers)
    if rows != main.shape[0] or not 0 < columns < _MOST_COLUMNS:
        return f"weight_shape says {rows}x{columns}, of weights in {dims(main)} words"
    return rows, columns


def _bits(words: int, columns: int, settings: Mapping[str, Any]) -> tuple[int, bool] | str:
    """Return the bits of a number and whether words are full, or why that is not clear."""
    apart = [(b, False) for b in _BITS if -(-columns // (_WORD // b)) == words]
    dense = [(b, True) for b in _BITS if _WORD % b and -(-columns * b // _WORD) == words]
    stated = whole_number(settings.get("num_bits"))
    fitting = [(b, full) for b, full in apart + dense if stated in (None, b)]
    if len(fitting) == 1:
        return fitting[0]
    if stated and not fitting:
        return f"the config says {stated} bits, but {columns} inputs fill {words} words"
    found = " or ".join(str(b) for b in sorted({b for b, _ in fitting})) or "no number of"
    how = ", packed in one of two ways" if len({b for b, _ in fitting}) == 1 else ""
    return f"{columns} inputs in {words} words have {found} bits{how}"


def _integers(main: Tensor, beside: Companions, settings: Mapping[str, Any]) -> Found:
    """Read integers of 2 to 8 bits, with or without zero points and an order."""
    names, known = beside.names, beside.known
    scale, zero, order = (known.get(use) for use in ("scale", "zero", "order"))
    if scale is None:
        return Found(names, note="its scales are missing")
    if beside.unknown or {*known} - {"scale", "zero", "order", "shape"}:
        return Found(names, note=f"packed integers beside {names[-1]}, which is not known")
    shape = _shape(main, known.get("shape"))
    if isinstance(shape, str):
        return Found(names, note=f"packed integers: {shape}")
    found = _bits(main.shape[1], shape[1], settings)
    if isinstance(found, str):
        return Found(names, note=f"packed integers: {found}")
    bits, dense = found
    groups = scale.shape[1] if scale.ndim == 2 else 1
    size = group_size(shape[1], groups, settings.get("group_size"))
    if scale.ndim > 2 or (scale.ndim and scale.shape[0] not in (1, shape[0])) or not groups:
        return Found(names, note=f"scales {dims(scale)} of a matrix {shape[0]}x{shape[1]}")
    if size is None and order is None:
        note = f"{groups} groups of {shape[1]} inputs, and no config says of what size"
        return Found(names, note=note)
    sources = [t.source if t else None for t in (scale, zero, order)]
    source = derived(
        _unpacked,
        main.source,
        *(s for s in sources if s),
        has_zeros=zero is not None,
        bits=bits,
        columns=shape[1],
        group_size=size,
        dense=dense,
    )
    words = f", {groups} groups" if groups > 1 else ""
    words += ", zero points" if zero else ""
    return Found(names, (Weight("", shape, source),), f"{bits} bits, packed{words}")


def _unpacked(
    packed: AnyArray, scale: AnyArray, *more: AnyArray, has_zeros: bool, **options: Any
) -> AnyArray:
    zero = more[0] if has_zeros else None
    order = more[-1] if len(more) > has_zeros else None
    if order is not None and (order < 0).any():  # an order that was never set
        order = None
    return packed_integers(packed, scale, zero, order, **options)


def compressed(name: str, names: Names, config: Mapping[str, Any], /) -> Found | None:
    """
    Read the packed layouts of compressed-tensors.

    Parameters
    ----------
    name : str
        Name of a tensor.
    names : Names
        The tensors of the model.
    config : mapping of str
        Configuration of the model, whose groups of modules state bits and sizes of groups.

    Returns
    -------
    Found or None
        The weight; ``None`` if the tensor is not called ``weight_packed``.

    Examples
    --------
    >>> from spectra.models.structure._quantized._names import Names
    >>> compressed("w", Names({}), {})
    """
    if not name.endswith(".weight_packed"):
        return None
    main, stem = names.tensors[name], name.removesuffix("_packed")
    beside = names.companions(stem)
    others = tuple(t for t in beside.unknown if t.name != name)
    beside = beside._replace(unknown=others)
    if main.ndim != 2 or main.dtype not in ("int32", "uint8"):
        return Found(beside.names, note=f"packed weights of {dims(main)} {main.dtype}")
    if main.dtype == "uint8":
        return _four_bit_floats(main, beside)
    return _integers(main, beside, scheme(module_of(name), config))
