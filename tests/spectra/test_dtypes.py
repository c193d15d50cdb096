"""The table of number types against numpy, onnx, safetensors and the tables it replaced."""

import itertools
import math

import ml_dtypes
import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto

from spectra.dtypes import BY_NAME, BY_ONNX, BY_SAFETENSORS, DTYPES, FLOATS, PACKED
from spectra_io.formats.onnx_model.numbers import dtype_name
from spectra_io.storage.packed_bytes import PackedRange

SAFETENSORS = {  # the format's own list, safetensors 0.6: name in numpy, bits
    "F64": ("float64", 64),
    "F32": ("float32", 32),
    "F16": ("float16", 16),
    "BF16": ("bfloat16", 16),
    "C64": ("complex64", 64),
    "BOOL": ("bool", 8),
    "I64": ("int64", 64),
    "I32": ("int32", 32),
    "I16": ("int16", 16),
    "I8": ("int8", 8),
    "U64": ("uint64", 64),
    "U32": ("uint32", 32),
    "U16": ("uint16", 16),
    "U8": ("uint8", 8),
    "F8_E4M3": ("float8_e4m3fn", 8),
    "F8_E5M2": ("float8_e5m2", 8),
    "F8_E4M3FNUZ": ("float8_e4m3fnuz", 8),
    "F8_E5M2FNUZ": ("float8_e5m2fnuz", 8),
    "F8_E8M0": ("float8_e8m0fnu", 8),
    "F6_E2M3": ("float6_e2m3fn", 6),
    "F6_E3M2": ("float6_e3m2fn", 6),
    "F4": ("float4_e2m1fn", 4),
}
BITS_OF_PACKED = {
    "int2": 2,
    "uint2": 2,
    "int4": 4,
    "uint4": 4,
    "float4_e2m1fn": 4,
    "float6_e2m3fn": 6,
    "float6_e3m2fn": 6,
}
REAL = {
    "float64",
    "float32",
    "float16",
    "bfloat16",
    "float8_e4m3fn",
    "float8_e4m3fnuz",
    "float8_e5m2",
    "float8_e5m2fnuz",
    "float6_e2m3fn",
    "float6_e3m2fn",
    "float4_e2m1fn",
}
WHOLE_BYTES_BY_ONNX_FIELD = {
    4: {"float32", "complex64"},
    10: {"float64", "complex128"},
    7: {"int64"},
    11: {"uint32", "uint64"},
    5: {"int8", "int16", "int32", "uint8", "uint16", "bool", "float16", "bfloat16"}
    | {"float8_e4m3fn", "float8_e4m3fnuz", "float8_e5m2", "float8_e5m2fnuz", "float8_e8m0fnu"},
}
ONNX_TYPES = {
    name: number
    for name, number in TensorProto.DataType.items()
    if name not in {"UNDEFINED", "STRING"}
}


def test_names_and_numbers_are_unique():
    for column in ("name", "safetensors", "onnx"):
        used = [getattr(dtype, column) for dtype in DTYPES if getattr(dtype, column)]
        assert len(set(used)) == len(used)
    assert len(BY_NAME) == len(DTYPES)


@pytest.mark.parametrize("dtype", DTYPES, ids=lambda dtype: dtype.name)
def test_bits_and_kind_are_those_of_numpy(dtype):
    known = np.dtype(dtype.name)
    assert known.name == dtype.name
    assert known.itemsize == math.ceil(dtype.bits / 8)  # in memory a number takes whole bytes
    integer = dtype.name.startswith(("int", "uint"))
    assert (dtype.kind == "integer") == integer
    if integer:
        assert ml_dtypes.iinfo(known).bits == dtype.bits
    elif dtype.kind == "float":
        assert ml_dtypes.finfo(known).bits == dtype.bits


def test_floats_are_the_types_with_a_sign_and_a_fraction():
    assert FLOATS == REAL
    for name in FLOATS:
        assert np.array([-1.5]).astype(name).astype(float).tolist() == [-1.5]


def test_packed_types_are_the_known_ones():
    assert {name: BY_NAME[name].bits for name in PACKED} == BITS_OF_PACKED


def test_safetensors_names_are_those_of_the_format():
    found = {name: (dtype.name, dtype.bits) for name, dtype in BY_SAFETENSORS.items()}
    assert found == SAFETENSORS


@pytest.mark.parametrize("name", ONNX_TYPES)
def test_onnx_numbers_and_fields_are_those_of_onnx(name):
    number = ONNX_TYPES[name]
    dtype = BY_ONNX[number]
    assert dtype_name(number) == dtype.name
    assert onnx.helper.tensor_dtype_to_np_dtype(number).name == dtype.name
    field = onnx.helper.tensor_dtype_to_field(number)
    if dtype.name != "uint32":  # its numbers are kept with 64 bits, onnx.proto says
        assert TensorProto.DESCRIPTOR.fields_by_name[field].number == dtype.onnx_field
    else:
        assert dtype.onnx_field == TensorProto.UINT64_DATA_FIELD_NUMBER


def test_onnx_types_without_a_row_have_a_name_too():
    assert dtype_name(TensorProto.STRING) == "string"
    assert [dtype_name(n) for n in (0, 99)] == ["onnx-type-0", "onnx-type-99"]


def test_onnx_fields_of_whole_bytes_are_the_known_ones():
    whole = [dtype for dtype in DTYPES if dtype.name not in PACKED and dtype.onnx]
    by_field = itertools.groupby(
        sorted(whole, key=lambda dtype: dtype.onnx_field), key=lambda dtype: dtype.onnx_field
    )
    assert {f: {t.name for t in types} for f, types in by_field} == WHOLE_BYTES_BY_ONNX_FIELD


@given(st.sampled_from(sorted(PACKED)), st.integers(0, 100))
def test_a_packed_range_is_as_long_as_its_bits(name, count):
    found = PackedRange(None, 0, name, (count,))  # type: ignore[arg-type]
    assert found.num_bytes == math.ceil(count * BITS_OF_PACKED[name] / 8)
