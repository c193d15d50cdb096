"""What onnxruntime makes of operators: the oracle of the reader of ONNX graphs."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper, numpy_helper

Arrays = Mapping[str, npt.NDArray[Any]]
OPSETS = [
    helper.make_opsetid("", 21),
    helper.make_opsetid("com.microsoft", 1),
    helper.make_opsetid("ai.onnx.ml", 3),
]


def model_of(
    nodes: Sequence[onnx.NodeProto],
    arrays: Arrays,
    feeds: Arrays | None = None,
    outputs: Sequence[str] = ("y",),
) -> onnx.ModelProto:
    """Return a model of operators and constants, whose inputs are declared like `feeds`."""
    inputs = [
        helper.make_tensor_value_info(n, helper.np_dtype_to_tensor_dtype(a.dtype), a.shape)
        for n, a in (feeds or {}).items()
    ]
    results = []
    for name in outputs:
        result = helper.make_tensor_value_info(name, TensorProto.UNDEFINED, None)
        result.type.Clear()
        results.append(result)
    constants = [numpy_helper.from_array(np.asarray(a), n) for n, a in arrays.items()]
    graph = helper.make_graph(list(nodes), "g", inputs, results, constants)
    return helper.make_model(graph, opset_imports=OPSETS, ir_version=10)


def session(model: onnx.ModelProto, *, optimized: bool = False) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = 1
    levels = ort.GraphOptimizationLevel
    options.graph_optimization_level = (
        levels.ORT_ENABLE_ALL if optimized else levels.ORT_DISABLE_ALL
    )
    return ort.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )


def run(
    nodes: Sequence[onnx.NodeProto],
    arrays: Arrays,
    feeds: Arrays | None = None,
    output: str = "y",
) -> npt.NDArray[Any]:
    """Return what onnxruntime computes as one output."""
    made = model_of(nodes, arrays, feeds, [output])
    out: npt.NDArray[Any] = session(made).run(None, dict(feeds or {}))[0]
    return out
