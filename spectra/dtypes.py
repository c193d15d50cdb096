"""
Number types: bits, kind, and the names that file formats give them, one row per type.

Types of blocks, in which GGUF files store quantized numbers, have a table of their own.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    *("BLOCKS", "BY_GGML", "BY_NAME", "BY_ONNX", "BY_SAFETENSORS", "DTYPES", "FLOATS", "PACKED"),
    *("BlockType", "DType"),
]


class DType(NamedTuple):
    """
    A number type.

    Examples
    --------
    >>> BY_SAFETENSORS["BF16"][:-1]
    ('bfloat16', 16, 'float', 'BF16', 16, 5)
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
    ggml: int = -1
    """Number in ``ggml_type`` of a GGUF file; -1 if the format lacks the type."""


class BlockType(NamedTuple):
    """
    A type of block in which GGUF files store several quantized numbers with their scales.

    Examples
    --------
    >>> BLOCKS["q4_k"]
    BlockType(name='q4_k', ggml=12, elements=256, num_bytes=144)
    """

    name: str
    """Name that ggml gives the type, in lower case."""
    ggml: int
    """Number in ``ggml_type``."""
    elements: int
    """Numbers in a block."""
    num_bytes: int
    """Bytes of a block."""


DTYPES = (
    DType("float64", 64, "float", "F64", 11, 10, 28),
    DType("float32", 32, "float", "F32", 1, 4, 0),
    DType("float16", 16, "float", "F16", 10, 5, 1),
    DType("bfloat16", 16, "float", "BF16", 16, 5, 30),
    DType("float8_e4m3fn", 8, "float", "F8_E4M3", 17, 5),
    DType("float8_e5m2", 8, "float", "F8_E5M2", 19, 5),
    DType("float8_e4m3fnuz", 8, "float", "F8_E4M3FNUZ", 18, 5),
    DType("float8_e5m2fnuz", 8, "float", "F8_E5M2FNUZ", 20, 5),
    DType("float6_e2m3fn", 6, "float", "F6_E2M3", 27, 5),
    DType("float6_e3m2fn", 6, "float", "F6_E3M2", 28, 5),
    DType("float4_e2m1fn", 4, "float", "F4", 23, 5),
    DType("int64", 64, "integer", "I64", 7, 7, 27),
    DType("int32", 32, "integer", "I32", 6, 5, 26),
    DType("int16", 16, "integer", "I16", 5, 5, 25),
    DType("int8", 8, "integer", "I8", 3, 5, 24),
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

BLOCKS: Mapping[str, BlockType] = MappingProxyType(
    {
        name: BlockType(name, ggml, elements, num_bytes)
        for name, ggml, elements, num_bytes in (
            *(("q4_0", 2, 32, 18), ("q4_1", 3, 32, 20), ("q5_0", 6, 32, 22), ("q5_1", 7, 32, 24)),
            *(("q8_0", 8, 32, 34), ("q8_1", 9, 32, 40)),
            *(("q2_k", 10, 256, 84), ("q3_k", 11, 256, 110), ("q4_k", 12, 256, 144)),
            *(("q5_k", 13, 256, 176), ("q6_k", 14, 256, 210), ("q8_k", 15, 256, 292)),
            *(("iq2_xxs", 16, 256, 66), ("iq2_xs", 17, 256, 74), ("iq3_xxs", 18, 256, 98)),
            *(("iq1_s", 19, 256, 50), ("iq4_nl", 20, 32, 18), ("iq3_s", 21, 256, 110)),
            *(("iq2_s", 22, 256, 82), ("iq4_xs", 23, 256, 136), ("iq1_m", 29, 256, 56)),
            *(("tq1_0", 34, 256, 54), ("tq2_0", 35, 256, 66)),
            *(("mxfp4", 39, 32, 17), ("nvfp4", 40, 64, 36), ("q1_0", 41, 128, 18)),
        )
    }
)
"""Types of blocks of GGUF files by name; the numbers that they stand for are real floats."""

BY_GGML: Mapping[int, DType | BlockType] = MappingProxyType(
    {dtype.ggml: dtype for dtype in DTYPES if dtype.ggml >= 0}
    | {block.ggml: block for block in BLOCKS.values()}
)
"""Number types and types of blocks by the number in ``ggml_type`` of a GGUF file."""
