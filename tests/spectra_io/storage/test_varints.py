"""Whole numbers of one to ten bytes, against the encoder written out and protobuf's own."""

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from spectra.errors import ModelFormatError
from spectra_io import open_model
from spectra_io.storage import varints
from spectra_io.storage.files import LocalFile
from tests.builders import graph, varint, write, write_onnx


@given(st.lists(st.integers(0, (1 << 64) - 1), max_size=50))
def test_numbers_come_out_as_they_went_in(numbers):
    data = np.frombuffer(b"".join(map(varint, numbers)), np.uint8)
    assert varints.decode(data).tolist() == numbers


@pytest.mark.parametrize("data", [b"\x80", b"\x01\xff", b"\xff" * 10 + b"\x01"])
def test_numbers_without_an_end(data):
    with pytest.raises(ModelFormatError):
        varints.decode(np.frombuffer(data, np.uint8))


TYPED = [
    "INT32",
    "INT64",
    "UINT64",
    "UINT32",
    "INT8",
    "UINT8",
    "INT16",
    "BOOL",
    "FLOAT16",
    "BFLOAT16",
]


@pytest.mark.parametrize("kind", TYPED)
@pytest.mark.parametrize("count", [10, 3000])
def test_typed_fields_of_every_kind(tmp_path, kind, count):
    """Kept in the message, or left in the file, as the ONNX library reads them."""
    data_type = TensorProto.DataType.Value(kind)
    dtype = helper.tensor_dtype_to_np_dtype(data_type)
    rng = np.random.default_rng(0)
    values = rng.integers(0, 256, (count, np.dtype(dtype).itemsize)).astype(np.uint8)
    numbers = values.view(dtype).ravel() if kind != "BOOL" else values.ravel() % 2 == 0
    numbers = rng.standard_normal(count).astype(dtype) if "FLOAT" in kind else numbers
    proto = helper.make_tensor("w", data_type, [count], numbers)
    assert not proto.HasField("raw_data")
    tensor = open_model(write_onnx(tmp_path / "m.onnx", graph([], [proto])))["w"]
    np.testing.assert_array_equal(tensor.read(), numpy_helper.to_array(proto))
    assert tensor.read().dtype == dtype


def test_blocks_end_where_a_number_does(tmp_path, monkeypatch):
    monkeypatch.setattr(varints, "_BLOCK", 64)
    numbers = [1 << (i % 63) for i in range(500)]
    data = b"".join(map(varint, numbers))
    path = write(tmp_path / "numbers", data)
    made = varints.VarintRange(LocalFile(path), 0, len(data), "int64", (500,))
    assert made().tolist() == numbers


@pytest.mark.parametrize("count", [2999, 3001])
def test_more_or_fewer_numbers_than_the_shape_says(tmp_path, count):
    proto = onnx.TensorProto(name="w", dims=[count], data_type=TensorProto.INT64)
    proto.int64_data.extend([300] * 3000)
    model = open_model(write_onnx(tmp_path / "m.onnx", graph([], [proto])))
    with pytest.raises(ModelFormatError, match="numbers expected"):
        model["w"].read()
