"""A graph that grows operator by operator, for tests of the reader."""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

import spectra
from spectra_io import open_model
from tests.builders import f32

node = helper.make_node
HEADS, SIZE, INPUTS, TOKENS = 4, 6, 10, 5
WIDTH = HEADS * SIZE


class Graph:
    """A graph that grows: every operator gets the names of its result."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: list[onnx.TensorProto] = []
        self.functions: list[onnx.FunctionProto] = []

    def add(self, operator, *inputs, count=1, **attributes):
        names = [f"{operator}_{len(self.nodes)}_{i}" for i in range(count)]
        self.nodes.append(node(operator, list(inputs), names, **attributes))
        return names if count > 1 else names[0]

    def constant(self, values, dtype=np.int64):
        name = f"c{len(self.initializers)}"
        self.initializers.append(numpy_helper.from_array(np.array(values, dtype), name))
        return name

    def weight(self, columns, name="w", seed=0):
        self.initializers.append(numpy_helper.from_array(f32(INPUTS, columns, seed=seed), name))
        return name

    def product(self, columns):
        """Return a product of the input with a weight and a bias, (batch, length, columns)."""
        made = self.add("MatMul", "x", self.weight(columns))
        return self.add("Add", self.constant(np.arange(columns) / 100, np.float32), made)

    def reshape(self, value, *shape):
        return self.add("Reshape", value, self.constant(shape))

    def heads(self, value, count=HEADS):
        """Return (batch, length, columns) as (batch, heads, length, size)."""
        apart = self.reshape(value, 0, 0, count, SIZE)
        return self.add("Transpose", apart, perm=[0, 2, 1, 3])

    def pick(self, value, index, axis):
        return self.add("Gather", value, self.constant(index), axis=axis)

    def part(self, value, start, stop, axis=-1):
        bounds = [self.constant([n]) for n in (start, stop, axis)]
        return self.add("Slice", value, *bounds)

    def attend(self, q, k, v):
        flipped = self.add("Transpose", k, perm=[0, 1, 3, 2])
        scores = self.add("MatMul", q, flipped)
        scaled = self.add("Div", scores, self.constant(2.0, np.float32))
        return self.add("MatMul", self.add("Softmax", scaled, axis=-1), v)

    def model(self, outputs):
        values = [helper.make_empty_tensor_value_info(name) for name in outputs]
        batch = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["b", "n", INPUTS])
        made = helper.make_graph(self.nodes, "g", [batch], values, self.initializers)
        imports = [
            helper.make_opsetid(d, v) for d, v in (("", 21), ("own", 1), ("com.microsoft", 1))
        ]
        return helper.make_model(
            made, opset_imports=imports, ir_version=10, functions=self.functions
        )


def saved(path, model):
    onnx.save(model, path)
    return {layer.name: layer for layer in spectra.layers(open_model(path)) if layer.taken}
