"""Numbers of ONNX tensors: where they lie, in what type, and that there are as many as it says."""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import onnx
from onnx import numpy_helper

from spectra.errors import ModelFormatError
from spectra_io.byte_ranges import ByteRange, check_shape
from spectra_io.contents import found_in
from spectra_io.skeleton import FIELD, LENGTH, OFFSET, text

if TYPE_CHECKING:
    from collections.abc import Callable

    from spectra._typing import AnyArray
    from spectra_io.files import File

__all__ = ["Numbers", "locate"]

_WHOLE_BYTES = frozenset(
    {"float64", "float32", "float16", "bfloat16", "bool", "complex64", "complex128"}
    | {f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)}
    | {f"float8_{kind}" for kind in ("e4m3fn", "e4m3fnuz", "e5m2", "e5m2fnuz", "e8m0fnu")}
)
"""Types whose numbers take whole bytes each."""

_FIELDS = {"4": "float32", "10": "float64"}  # float_data and double_data hold this type only


class Numbers(NamedTuple):
    """
    Where the numbers of a tensor are.

    Examples
    --------
    >>> Numbers("float32", lambda: np.zeros(3, np.float32)).source()
    array([0., 0., 0.], dtype=float32)
    """

    dtype: str
    """Their type, as numpy spells it."""
    source: Callable[[], AnyArray]
    """Reads them."""


def _dtype(data_type: int) -> str:
    """Return numpy's name of an ONNX type."""
    try:
        name = str(onnx.helper.tensor_dtype_to_np_dtype(data_type).name)
    except (KeyError, ValueError):
        return f"onnx-type-{data_type}"
    return "string" if name == "object" else name


def _decode(what: str, proto: onnx.TensorProto) -> AnyArray:
    try:
        return numpy_helper.to_array(proto)
    except (ValueError, TypeError, KeyError, NotImplementedError) as error:
        msg = f"{what} could not be read: {error}"
        raise ModelFormatError(msg) from error


def _not_read(what: str) -> AnyArray:
    msg = f"{what} is in a format that is not read yet"
    raise ModelFormatError(msg)


def _check_count(what: str, shape: tuple[int, ...], dtype: str, found: float) -> None:
    if found != math.prod(shape):
        wanted = f"{'x'.join(map(str, shape))} {dtype}, {math.prod(shape)} numbers"
        msg = f"{what} is {wanted}; found {found:g}"
        raise ModelFormatError(msg)


def _number(what: str, notes: dict[str, str], key: str, default: int) -> int:
    digits = notes.get(key, str(default))
    if not (digits.isascii() and digits.isdecimal() and len(digits) < 19):
        msg = f"{what}: {key} must be a number of bytes, got {digits!r:.40}"
        raise ModelFormatError(msg)
    return int(digits)


def _embedded(
    file: File, what: str, shape: tuple[int, ...], dtype: str, notes: dict[str, str]
) -> ByteRange:
    """Return the range in the file itself that the walk over it noted."""
    if _FIELDS.get(notes.get(FIELD, ""), dtype) != dtype:
        msg = f"{what} is {dtype}, its numbers are kept as {_FIELDS[notes[FIELD]]}"
        raise ModelFormatError(msg)
    length = _number(what, notes, LENGTH, 0)
    _check_count(what, shape, dtype, length / np.dtype(dtype).itemsize)
    found = ByteRange(file, _number(what, notes, OFFSET, 0), dtype, shape)
    found.check(available=file.size() - found.offset, what=what)
    return found


def _external(
    file: File, what: str, shape: tuple[int, ...], dtype: str, notes: dict[str, str]
) -> ByteRange:
    """Return the range in another file of the model's folder."""
    other = file.beside(notes.get("location", ""), asked_by=what)
    found = ByteRange(other, _number(what, notes, "offset", 0), dtype, shape)
    rest = other.size() - found.offset
    if found.num_bytes > rest and (held := found_in(other)):
        msg = f"{other}: found {held}; {what} refers to it"
        raise ModelFormatError(msg)
    found.check(available=min(rest, _number(what, notes, "length", max(rest, 0))), what=what)
    return found


def _kept(what: str, proto: onnx.TensorProto, dtype: str) -> Callable[[], AnyArray]:
    """Return the reader of the few numbers that are in the message still."""
    if dtype in _WHOLE_BYTES and not dtype.startswith("complex"):
        if proto.HasField("raw_data"):
            count = len(proto.raw_data) / np.dtype(dtype).itemsize
        else:
            count = len(getattr(proto, onnx.helper.tensor_dtype_to_field(proto.data_type)))
        _check_count(what, tuple(proto.dims), dtype, count)
    return partial(_decode, what, proto)


def locate(
    file: File, name: str, shape: tuple[int, ...], proto: onnx.TensorProto | None, /
) -> Numbers:
    """
    Find the numbers of a tensor without reading them.

    Parameters
    ----------
    file : File
        The ONNX file.
    name : str
        Name of the tensor.
    shape : tuple of int
        Its shape.
    proto : onnx.TensorProto, optional
        The tensor, as :func:`spectra_io.skeleton.read` leaves it; ``None`` for a sparse one.

    Returns
    -------
    Numbers
        Their type, and what reads them.

    Raises
    ------
    ModelNotFoundError
        If they are in a file that is missing.
    ModelFormatError
        If the shape is no array's, or there are more or fewer numbers than it needs.

    Examples
    --------
    >>> from pathlib import Path
    >>> proto = numpy_helper.from_array(np.ones((2, 2), np.float16), "w")
    >>> from spectra_io.files import LocalFile
    >>> locate(LocalFile(Path("model.onnx")), "w", (2, 2), proto).dtype
    'float16'
    """
    what = f"{file}: tensor {name!r}"
    check_shape(what, shape)
    if proto is None:
        return Numbers("sparse", partial(_not_read, what))
    dtype = _dtype(proto.data_type)
    notes = {text(entry.key): text(entry.value) for entry in proto.external_data}
    if not notes and proto.data_location != onnx.TensorProto.EXTERNAL:
        return Numbers(dtype, _kept(what, proto, dtype))
    if dtype not in _WHOLE_BYTES:
        return Numbers(dtype, partial(_not_read, what))
    place = _embedded if OFFSET in notes else _external
    return Numbers(dtype, place(file, what, shape, dtype, notes))
