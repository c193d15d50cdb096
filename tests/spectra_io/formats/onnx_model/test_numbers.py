"""The count of the numbers of an ONNX tensor must agree with its shape, at any number of bits."""

import math

import pytest
from onnx import TensorProto

from spectra.dtypes import BY_ONNX
from spectra_io import open_model
from tests.builders import graph, message_of, write_onnx

PACKED = ["INT4", "UINT4", "FLOAT4E2M1", *({"INT2", "UINT2"} & set(TensorProto.DataType.keys()))]


def model(tmp_path, data_type, shape, length):
    number = TensorProto.DataType.Value(data_type)
    raw = bytes(i % 251 for i in range(length))
    proto = TensorProto(name="w", dims=shape, data_type=number, raw_data=raw)
    return write_onnx(tmp_path / "m.onnx", graph([], [proto]))


@pytest.mark.parametrize("data_type", sorted([*PACKED, "INT8", "FLOAT16", "DOUBLE"]))
@pytest.mark.parametrize("shape", [(3, 3), (80, 81)], ids=["in the message", "in the file"])
def test_raw_data_of_another_length_than_the_shape_needs_is_refused(tmp_path, data_type, shape):
    bits = BY_ONNX[TensorProto.DataType.Value(data_type)].bits
    length = math.ceil(math.prod(shape) * bits / 8)
    tensor = open_model(model(tmp_path, data_type, shape, length))["w"]
    assert tensor.read().shape == shape
    for wrong in {length - 1, length + 1, 2 * length, math.prod(shape)} - {length}:
        path = model(tmp_path, data_type, shape, wrong)
        assert f"{math.prod(shape)} numbers; found" in message_of(path)
