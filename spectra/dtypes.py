"""Number types: bits, kind, and the names that file formats give them, one row per type."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["BY_NAME", "BY_ONNX", "BY_SAFETENSORS", "DTYPES", "FLOATS", "PACKED", "DType"]


class DType(NamedTuple):
    """
    A number type.

    Examples
    --------
    >>> BY_SAFETENSORS["BF16"]
    DType(name='bfloat16', bits=16, kind='float', safetensors='BF16', onnx=16, onnx_field=5)
    """

    name: str
    """Name as numpy and ml_dtypes spell it."""
    bits: int
    """Bits of a number in a file; in memory a number takes whole bytes."""
    kind: Literal["float", "integer", "other"]
    """Real floats, which weights may have; integers; or others: complex, truth value, scale."""
    safetensors: str = ""
    """Name in a safetensors header; empty if the format lacks the type."""
    onnx: int = 0
    """Number in ``TensorProto.DataType`` of ONNX; 0 if the format lacks the type."""
    onnx_field: int = 0
    """Field of a ``TensorProto`` that holds the numbers where ``raw_data`` does not."""


DTYPES = (
    DType("float64", 64, "float", "F64", 11, 10),
    DType("float32", 32, "float", "F32", 1, 4),
    DType("float16", 16, "float", "F16", 10, 5),
    DType("bfloat16", 16, "float", "BF16", 16, 5),
    DType("float8_e4m3fn", 8, "float", "F8_E4M3", 17, 5),
    DType("float8_e5m2", 8, "float", "F8_E5M2", 19, 5),
    DType("float8_e4m3fnuz", 8, "float", "F8_E4M3FNUZ", 18, 5),
    DType("float8_e5m2fnuz", 8, "float", "F8_E5M2FNUZ", 20, 5),
    DType("float6_e2m3fn", 6, "float", "F6_E2M3", 27, 5),
    DType("float6_e3m2fn", 6, "float", "F6_E3M2", 28, 5),
    DType("float4_e2m1fn", 4, "float", "F4", 23, 5),
    DType("int64", 64, "integer", "I64", 7, 7),
    DType("int32", 32, "integer", "I32", 6, 5),
    DType("int16", 16, "integer", "I16", 5, 5),
    DType("int8", 8, "integer", "I8", 3, 5),
    DType("int4", 4, "integer", "", 22, 5),
    DType("int2", 2, "integer", "", 26, 5),
    DType("uint64", 64, "integer", "U64", 13, 11),
    DType("uint32", 32, "integer", "U32", 12, 11),
    DType("uint16", 16, "integer", "U16", 4, 5),
    DType("uint8", 8, "integer", "U8", 2, 5),
    DType("uint4", 4, "integer", "", 21, 5),
    DType("uint2", 2, "integer", "", 25, 5),
    DType("float8_e8m0fnu", 8, "other", "F8_E8M0", 24, 5),  # a power of two: scale of a block
    DType("bool", 8, "other", "BOOL", 9, 5),
    DType("complex64", 64, "other", "C64", 14, 4),
    DType("complex128", 128, "other", "", 15, 10),
)
"""Every number type that a file may have; a type is added by adding a row."""

BY_NAME: Mapping[str, DType] = MappingProxyType({dtype.name: dtype for dtype in DTYPES})
"""Number types by the name of numpy and ml_dtypes."""

BY_SAFETENSORS: Mapping[str, DType] = MappingProxyType(
    {dtype.safetensors: dtype for dtype in DTYPES if dtype.safetensors}
)
"""Number types by the name in a safetensors header."""

BY_ONNX: Mapping[int, DType] = MappingProxyType(
    {dtype.onnx: dtype for dtype in DTYPES if dtype.onnx}
)
"""Number types by the number in ``TensorProto.DataType`` of ONNX."""

FLOATS = frozenset(dtype.name for dtype in DTYPES if dtype.kind == "float")
"""Names of the real floats, of which weight matrices are analyzed."""

PACKED = frozenset(dtype.name for dtype in DTYPES if dtype.bits < 8)
"""Names of the types of which a file packs several numbers into a byte."""
