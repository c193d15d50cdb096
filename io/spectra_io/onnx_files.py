"""ONNX files: the tensors of a graph, and what its operators use them for."""

from __future__ import annotations

import itertools
from collections import ChainMap
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import onnx
from onnx import numpy_helper

from spectra.tensors import Tensor
from spectra.views import numbered
from spectra_io.onnx_numbers import locate
from spectra_io.skeleton import read, text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from spectra._typing import AnyArray
    from spectra_io.files import File

__all__ = ["open_file"]

_ROLES: dict[str, dict[int, str]] = {
    "Gemm": {0: "dense", 1: "dense", 2: "bias"},
    "MatMul": {0: "dense", 1: "dense"},
    "FusedGemm": {0: "dense", 1: "dense", 2: "bias"},
    "FusedMatMul": {0: "dense", 1: "dense"},
    "Conv": {1: "conv", 2: "bias"},
    "ConvTranspose": {1: "conv", 2: "bias"},
    "FusedConv": {1: "conv", 2: "bias"},
    "Gather": {0: "embedding"},
    "LSTM": {1: "recurrent", 2: "recurrent", 3: "bias", 7: "bias"},
    "GRU": {1: "recurrent", 2: "recurrent", 3: "bias"},
    "RNN": {1: "recurrent", 2: "recurrent", 3: "bias"},
    "BatchNormalization": dict.fromkeys(range(1, 5), "norm"),
    "InstanceNormalization": {1: "norm", 2: "norm"},
    "LayerNormalization": {1: "norm", 2: "norm"},
    "GroupNormalization": {1: "norm", 2: "norm"},
    "RMSNormalization": {1: "norm"},
    "QLinearConv": {3: "quantized", 8: "bias"},
    "QLinearMatMul": {0: "quantized", 3: "quantized"},
    "ConvInteger": {1: "quantized"},
    "MatMulInteger": {0: "quantized", 1: "quantized"},
    "DequantizeLinear": {0: "quantized"},
}
"""What an operator uses its inputs for; any other input is a constant of the computation."""

_DOMAINS = {"", "ai.onnx", "com.microsoft"}  # another domain may call anything a Gemm

_SAME = {"Identity", "Cast", "Dropout"}  # their output is their first input
_ADDS_VECTOR = {"Add", "Sum"}


class _Use(NamedTuple):
    order: int
    role: str
    note: str


@dataclass
class _Stored:
    """A tensor found in the file, and the operators that use it."""

    name: str
    proto: onnx.TensorProto | None  # None for a sparse tensor
    shape: tuple[int, ...]
    uses: list[_Use] = field(default_factory=list)

    def use(self) -> _Use:
        """Return the first use as a weight, or else the first of all."""
        weights = [use for use in self.uses if use.role != "constant"]
        unused = _Use(1 << 62, "unused", "no operator uses it")
        return min(weights or self.uses, default=unused)


_Scope = ChainMap[str, _Stored]


def _sparse(name: str, tensor: onnx.SparseTensorProto) -> _Stored:
    use = _Use(1 << 61, "constant", "sparse: not read yet")
    return _Stored(name or text(tensor.values.name), None, tuple(tensor.dims), [use])


_NUMBERS: dict[str, Callable[[onnx.AttributeProto], AnyArray]] = {
    "value_float": lambda a: np.array(a.f, np.float32),
    "value_floats": lambda a: np.array(a.floats, np.float32),
    "value_int": lambda a: np.array(a.i, np.int64),
    "value_ints": lambda a: np.array(a.ints, np.int64),
}


def _constant(node: onnx.NodeProto) -> _Stored | None:
    """Return the tensor of a Constant node; None if it holds strings or its caller gives it."""
    name = text(node.output[0] if node.output else node.name)
    for attribute in node.attribute:
        if attribute.ref_attr_name:
            return None
        if attribute.HasField("t"):
            return _Stored(name, attribute.t, tuple(attribute.t.dims))
        if attribute.HasField("sparse_tensor"):
            return _sparse(name, attribute.sparse_tensor)
        if attribute.name in _NUMBERS:
            proto = numpy_helper.from_array(_NUMBERS[attribute.name](attribute), name)
            return _Stored(name, proto, tuple(proto.dims))
    return None


def _initializers(graph: onnx.GraphProto) -> Iterator[_Stored]:
    for tensor in graph.initializer:
        yield _Stored(text(tensor.name), tensor, tuple(tensor.dims))
    for sparse in graph.sparse_initializer:
        yield _sparse("", sparse)


def _use(node: onnx.NodeProto, index: int, tensor: _Stored, order: int) -> _Use:
    known = _ROLES.get(node.op_type, {}) if node.domain in _DOMAINS else {}
    role = known.get(index, "constant")
    if node.op_type in _ADDS_VECTOR and sum(size > 1 for size in tensor.shape) == 1:
        role = "bias"
    return _Use(order, role, f"input {index} of {text(node.op_type)}")


def _passes_on(node: onnx.NodeProto, tensor: _Stored) -> bool:
    return node.op_type in _SAME or (node.op_type == "Transpose" and len(tensor.shape) == 2)


class _Walk:
    """One pass over a model, in the order of computation."""

    def __init__(self) -> None:
        self.found: list[_Stored] = []
        self._order = itertools.count()

    def graph(self, graph: onnx.GraphProto, outer: _Scope) -> None:
        """Find the tensors of a graph; its operators may use those of `outer` too."""
        scope = outer.new_child()
        for tensor in _initializers(graph):
            scope[tensor.name] = tensor
            self.found.append(tensor)
        for node in graph.node:
            self.node(node, scope)

    def node(self, node: onnx.NodeProto, scope: _Scope) -> None:
        """Note what an operator uses, and find what it holds."""
        if node.op_type == "Constant" and (constant := _constant(node)):
            scope[constant.name] = constant
            self.found.append(constant)
        order = next(self._order)
        for index, name in enumerate(map(text, node.input)):
            tensor = scope.get(name)
            if tensor is None:
                continue
            if index == 0 and node.output and _passes_on(node, tensor):
                scope[text(node.output[0])] = tensor
            else:
                tensor.uses.append(_use(node, index, tensor, order))
        for attribute in node.attribute:
            for graph in (*([attribute.g] if attribute.HasField("g") else []), *attribute.graphs):
                self.graph(graph, scope)


def _tensor(file: File, stored: _Stored, name: str) -> Tensor:
    use = stored.use()
    numbers = locate(file, name, stored.shape, stored.proto)
    return Tensor(name, stored.shape, numbers.dtype, use.role, numbers.source, use.note)


def open_file(file: File, /) -> dict[str, Tensor]:
    """
    Open an ONNX file, reading its structure and leaving its numbers where they are.

    Parameters
    ----------
    file : File
        The file.

    Returns
    -------
    dict of str to Tensor
        The initializers and constants of the graph, of the graphs inside its operators and of
        its functions, in the order in which the network uses them. A name used twice is made
        unique by a number.

    Raises
    ------
    ModelNotFoundError
        If a file with external data is missing.
    ModelFormatError
        If the file is not ONNX, or a tensor does not lie where it says.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> weight = numpy_helper.from_array(np.ones((4, 3), np.float32), "w")
    >>> node = onnx.helper.make_node("MatMul", ["x", "w"], ["y"])
    >>> graph = onnx.helper.make_graph([node], "g", [], [], [weight])
    >>> from spectra_io.files import LocalFile
    >>> path = Path(tempfile.mkdtemp()) / "model.onnx"
    >>> onnx.save(onnx.helper.make_model(graph), path)
    >>> tensor = open_file(LocalFile(path))["w"]
    >>> tensor.shape, tensor.role, tensor.note
    ((4, 3), 'dense', 'input 1 of MatMul')
    """
    model = read(file)
    walk = _Walk()
    walk.graph(model.graph, ChainMap())
    for function in model.functions:
        scope: _Scope = ChainMap()
        for node in function.node:
            walk.node(node, scope)
    in_order = sorted(walk.found, key=lambda tensor: tensor.use().order)
    names = numbered([stored.name for stored in in_order])
    return {n: _tensor(file, stored, n) for n, stored in zip(names, in_order, strict=True)}
