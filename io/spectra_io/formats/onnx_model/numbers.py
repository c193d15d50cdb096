"""Numbers of ONNX tensors: find their place and type, and check their count."""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import onnx
from onnx import numpy_helper

from spectra.dtypes import BY_NAME, BY_ONNX, PACKED
from spectra.errors import ModelFormatError, ModelNotFoundError
from spectra.models.lazy import derived
from spectra_io.formats.contents import found_in
from spectra_io.formats.missing import Absent, absent, not_there
from spectra_io.formats.onnx_model.structure import FIELD, LENGTH, OFFSET, text
from spectra_io.storage.byte_ranges import ByteRange, check_available, check_shape
from spectra_io.storage.packed_bytes import PackedRange
from spectra_io.storage.varints import VarintRange

if TYPE_CHECKING:
    from collections.abc import Callable

    from spectra._typing import AnyArray
    from spectra_io.storage.files import File

__all__ = ["Numbers", "dtype_name", "locate", "single"]

_WHOLE_BYTES = BY_NAME.keys() - PACKED
_RAW_DATA = "9"  # fields of TensorProto, by number
_VARINTS = {"5", "7", "11"}  # int32_data, int64_data, uint64_data
_DATA = {"float_data", "int32_data", "int64_data", "raw_data", "double_data", "uint64_data"}
_MAX_FILLED = 1 << 24  # elements of a sparse tensor that is made dense, at any sparsity
_MAX_SPARSITY = 1000  # elements per stored element in a larger one


class Numbers(NamedTuple):
    """
    Type and lazy array of the numbers of a tensor.

    Examples
    --------
    >>> Numbers("float32", lambda: np.zeros(3, np.float32)).source()
    array([0., 0., 0.], dtype=float32)
    """

    dtype: str
    """Number type by the name of numpy."""
    source: Callable[[], AnyArray]
    """Callable that reads the array."""


def single(proto: onnx.TensorProto, /) -> AnyArray | None:
    """
    Return the number of a tensor of one number, which a graph keeps in an attribute.

    Parameters
    ----------
    proto : onnx.TensorProto
        The tensor.

    Returns
    -------
    array or None
        The number, of shape (1,); ``None`` if the tensor has more or fewer, is kept in another
        file, or is not valid.

    Examples
    --------
    >>> single(onnx.helper.make_tensor("value", onnx.TensorProto.FLOAT, [1], [2.5]))
    array([2.5], dtype=float32)
    """
    elsewhere = proto.data_location != onnx.TensorProto.DEFAULT or len(proto.external_data) > 0
    if elsewhere or list(proto.dims) not in ([], [1]) or proto.data_type not in BY_ONNX:
        return None
    try:
        array: AnyArray = numpy_helper.to_array(proto).reshape(-1)
    except (AttributeError, KeyError, OverflowError, TypeError, ValueError):
        return None  # the tensor is not valid
    return array if array.size == 1 else None


def dtype_name(data_type: int, /) -> str:
    """
    Return the name of an ONNX number type in numpy.

    Parameters
    ----------
    data_type : int
        Number of the type in ``TensorProto.DataType``.

    Returns
    -------
    str
        Name as numpy and ml_dtypes spell it; "string" for text; "onnx-type-N" for an unknown type.

    Examples
    --------
    >>> dtype_name(onnx.TensorProto.BFLOAT16)
    'bfloat16'
    """
    if data_type == onnx.TensorProto.STRING:
        return "string"
    return BY_ONNX[data_type].name if data_type in BY_ONNX else f"onnx-type-{data_type}"


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


def _range(dtype: str) -> type[ByteRange | PackedRange]:
    return PackedRange if dtype in PACKED else ByteRange


def _embedded(
    file: File, what: str, shape: tuple[int, ...], dtype: str, notes: dict[str, str]
) -> ByteRange | PackedRange | VarintRange:
    """Return the range in the ONNX file, from the notes that reading the structure left."""
    kept = notes.get(FIELD, "")
    if kept not in (_RAW_DATA, str(BY_NAME[dtype].onnx_field)):
        msg = f"{what} is {dtype}, its numbers are kept in field {kept}, that of another type"
        raise ModelFormatError(msg)
    length = _number(what, notes, LENGTH, 0)
    if kept in _VARINTS:
        return _varints(file, what, shape, dtype, notes)
    found = _range(dtype)(file, _number(what, notes, OFFSET, 0), dtype, shape)
    if length != found.num_bytes:
        _check_count(what, shape, dtype, length * 8 / BY_NAME[dtype].bits)
    check_available(found, file.size() - found.offset, what)
    return found


def _varints(
    file: File, what: str, shape: tuple[int, ...], dtype: str, notes: dict[str, str]
) -> VarintRange:
    """Return the range of varints, of one to ten bytes each."""
    offset, length = _number(what, notes, OFFSET, 0), _number(what, notes, LENGTH, 0)
    count = math.prod(shape)
    if not count <= length <= 10 * count or offset + length > file.size():
        _check_count(what, shape, dtype, length)
    return VarintRange(file, offset, length, dtype, shape)


def _external(
    file: File, what: str, shape: tuple[int, ...], dtype: str, notes: dict[str, str]
) -> ByteRange | PackedRange | Absent:
    """Return the range in another file of the same folder, or the reason why there is none."""
    location = notes.get("location", "")
    try:
        other = file.beside(location, asked_by=what)
    except ModelNotFoundError as error:
        return absent(f"{location}: {not_there(error)}", error)
    try:
        return _range_in(other, what, shape, dtype, notes)
    except ModelFormatError as error:
        reason = str(error).replace(f"{file}: ", "").replace(str(other), location)
        return absent(f"{location}: {reason.removeprefix(f'{location}: ')}", error)


def _range_in(
    other: File, what: str, shape: tuple[int, ...], dtype: str, notes: dict[str, str]
) -> ByteRange | PackedRange:
    """Return the range in a file of external data."""
    found = _range(dtype)(other, _number(what, notes, "offset", 0), dtype, shape)
    rest = other.size() - found.offset
    if found.num_bytes > rest and (held := found_in(other)):
        msg = f"{other}: found {held}; {what} refers to it"
        raise ModelFormatError(msg)
    length = _number(what, notes, "length", 0) or rest  # 0 means all, as in onnxruntime
    check_available(found, min(rest, length), what)
    return found


def _kept(what: str, proto: onnx.TensorProto, dtype: str) -> Callable[[], AnyArray]:
    """Return the lazy array of the few numbers that are still in the message."""
    shape = tuple(proto.dims)
    if dtype in BY_NAME and proto.HasField("raw_data"):
        bits, length = BY_NAME[dtype].bits, len(proto.raw_data)
        if length != -(-math.prod(shape) * bits // 8):
            _check_count(what, shape, dtype, length * 8 / bits)
    elif dtype in _WHOLE_BYTES:
        count = len(getattr(proto, onnx.helper.tensor_dtype_to_field(proto.data_type)))
        _check_count(what, shape, dtype, count / 2 if dtype.startswith("complex") else count)
    return partial(_decode, what, proto)


def _filled(values: AnyArray, indices: AnyArray, *, what: str, shape: tuple[int, ...]) -> AnyArray:
    """Return a dense array, given values and indices of a sparse one."""
    out = np.zeros(math.prod(shape), values.dtype)
    places = indices.astype(np.int64, copy=False)
    if places.ndim == 2:
        inside = bool(np.all((places >= 0) & (places < np.array(shape, np.int64))))
        places = places @ np.array([math.prod(shape[i + 1 :]) for i in range(len(shape))], np.int64)
    else:
        inside = bool(np.all((places >= 0) & (places < out.size)))
    if not inside:
        msg = f"{what} is sparse and has elements outside its shape {'x'.join(map(str, shape))}"
        raise ModelFormatError(msg)
    out[places] = values
    return out.reshape(shape)


def _sparse(file: File, name: str, proto: onnx.SparseTensorProto) -> Numbers:
    """Return the numbers of a sparse tensor as a dense array, within a limit on its size."""
    what, shape = f"{file}: tensor {name!r}", tuple(proto.dims)
    check_shape(what, shape)
    values, indices = (_dense(file, name, part) for part in (proto.values, proto.indices))
    for part in (values, indices):
        if isinstance(part.source, Absent):
            return Numbers(values.dtype, part.source)
    count, size = math.prod(proto.values.dims), math.prod(shape)
    if size > max(_MAX_FILLED, _MAX_SPARSITY * count):
        return Numbers("sparse", partial(_not_read, f"{what} of {size} elements, {count} given,"))
    if [*proto.indices.dims] not in ([count], [count, len(shape)]) or len(proto.values.dims) != 1:
        msg = (
            f"{what} is sparse, with values of the shape {list(proto.values.dims)} and indices of "
            f"{list(proto.indices.dims)}; expected [n], and [n] or [n, {len(shape)}]"
        )
        raise ModelFormatError(msg)
    made = derived(_filled, values.source, indices.source, what=what, shape=shape)
    return Numbers(values.dtype, made)


def locate(file: File, name: str, proto: onnx.TensorProto | onnx.SparseTensorProto, /) -> Numbers:
    """
    Find the numbers of a tensor without reading them.

    Parameters
    ----------
    file : File
        The ONNX file.
    name : str
        Name of the tensor.
    proto : onnx.TensorProto or onnx.SparseTensorProto
        Message of the tensor, from :func:`spectra_io.formats.onnx_model.structure.read`.

    Returns
    -------
    Numbers
        Type and lazy array; an :class:`~spectra_io.formats.missing.Absent` one if the file of
        external data is missing or too short.

    Raises
    ------
    ModelFormatError
        If no array can have the shape, the number of elements in the file differs from it, or the
        external data are outside the model's folder.

    Examples
    --------
    >>> from pathlib import Path
    >>> proto = numpy_helper.from_array(np.ones((2, 2), np.float16), "w")
    >>> from spectra_io.storage.files import LocalFile
    >>> locate(LocalFile(Path("model.onnx")), "w", proto).dtype
    'float16'
    """
    if isinstance(proto, onnx.SparseTensorProto):
        return _sparse(file, name, proto)
    return _dense(file, name, proto)


def _dense(file: File, name: str, proto: onnx.TensorProto) -> Numbers:
    what, shape = f"{file}: tensor {name!r}", tuple(proto.dims)
    check_shape(what, shape)
    dtype = dtype_name(proto.data_type)
    notes = {text(entry.key): text(entry.value) for entry in proto.external_data}
    is_external = proto.data_location == onnx.TensorProto.EXTERNAL
    if not is_external and OFFSET not in notes:
        return Numbers(dtype, _kept(what, proto, dtype))
    if dtype not in BY_NAME or (dtype in PACKED and notes.get(FIELD) in _VARINTS):
        return Numbers(dtype, partial(_not_read, what))
    if is_external:
        return Numbers(dtype, _external(file, what, shape, dtype, notes))
    if _DATA & {field.name for field, _ in proto.ListFields()}:
        msg = f"{what} has numbers in two places of the file"
        raise ModelFormatError(msg)
    return Numbers(dtype, _embedded(file, what, shape, dtype, notes))
