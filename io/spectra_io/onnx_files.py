"""ONNX files: the tensors of a graph, and what its operators use them for."""

from __future__ import annotations

import itertools
from collections import ChainMap, Counter
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import onnx
from onnx import numpy_helper

from spectra.errors import ModelFormatError
from spectra.tensors import Tensor
from spectra_io import skeleton
from spectra_io.byte_ranges import ByteRange
from spectra_io.paths import inside

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from spectra._typing import AnyArray

__all__ = ["open_file"]

_ROLES: dict[str, dict[int, str]] = {
    "Gemm": {0: "dense", 1: "dense", 2: "bias"},
    "MatMul": {0: "dense", 1: "dense"},
    "Conv": {1: "conv", 2: "bias"},
    "ConvTranspose": {1: "conv", 2: "bias"},
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

_WHOLE_BYTES = frozenset(
    {"float64", "float32", "float16", "bfloat16", "bool", "complex64", "complex128"}
    | {f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)}
    | {f"float8_{kind}" for kind in ("e4m3fn", "e4m3fnuz", "e5m2", "e5m2fnuz", "e8m0fnu")}
)
"""Types whose numbers take whole bytes each."""

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
    return _Stored(name or tensor.values.name, None, tuple(tensor.dims), [use])


def _constant(node: onnx.NodeProto) -> _Stored | None:
    """Return the tensor of a Constant node; None if it holds strings."""
    name = node.output[0] if node.output else node.name
    for attribute in node.attribute:
        if attribute.name == "value":
            return _Stored(name, attribute.t, tuple(attribute.t.dims))
        if attribute.name == "sparse_value":
            return _sparse(name, attribute.sparse_tensor)
        if attribute.name in {"value_float", "value_floats", "value_int", "value_ints"}:
            values = onnx.helper.get_attribute_value(attribute)
            kind = np.float32 if "float" in attribute.name else np.int64
            proto = numpy_helper.from_array(np.asarray(values, kind), name)
            return _Stored(name, proto, tuple(proto.dims))
    return None


def _initializers(graph: onnx.GraphProto) -> Iterator[_Stored]:
    for tensor in graph.initializer:
        yield _Stored(tensor.name, tensor, tuple(tensor.dims))
    for sparse in graph.sparse_initializer:
        yield _sparse("", sparse)


def _use(node: onnx.NodeProto, index: int, tensor: _Stored, order: int) -> _Use:
    role = _ROLES.get(node.op_type, {}).get(index, "constant")
    if node.op_type in _ADDS_VECTOR and sum(size > 1 for size in tensor.shape) == 1:
        role = "bias"
    return _Use(order, role, f"input {index} of {node.op_type}")


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
        for index, name in enumerate(node.input):
            tensor = scope.get(name)
            if tensor is None:
                continue
            if index == 0 and node.output and _passes_on(node, tensor):
                scope[node.output[0]] = tensor
            else:
                tensor.uses.append(_use(node, index, tensor, order))
        for attribute in node.attribute:
            for graph in (*([attribute.g] if attribute.HasField("g") else []), *attribute.graphs):
                self.graph(graph, scope)


def _decode(path: Path, proto: onnx.TensorProto) -> AnyArray:
    try:
        return numpy_helper.to_array(proto)
    except (ValueError, TypeError, NotImplementedError) as error:
        msg = f"{path}: tensor {proto.name!r} could not be read: {error}"
        raise ModelFormatError(msg) from error


def _dtype(data_type: int) -> str:
    """Return numpy's name of an ONNX type."""
    try:
        name = str(onnx.helper.tensor_dtype_to_np_dtype(data_type).name)
    except (KeyError, ValueError):
        return f"onnx-type-{data_type}"
    return "string" if name == "object" else name


def _number(path: Path, tensor: str, notes: dict[str, str], key: str, default: int) -> int:
    text = notes.get(key, str(default))
    if not (text.isascii() and text.isdecimal()):
        msg = f"{path}: tensor {tensor!r} has the {key} {text!r}, which must be a number of bytes"
        raise ModelFormatError(msg)
    return int(text)


def _range(path: Path, tensor: _Stored, notes: dict[str, str], dtype: str) -> ByteRange:
    """Return where the numbers of a tensor lie, in this file or in another one."""
    what = f"tensor {tensor.name!r}"
    number = partial(_number, path, tensor.name, notes)
    if skeleton.OFFSET in notes:
        file, offset = path, number(skeleton.OFFSET, 0)
        available = number(skeleton.LENGTH, 0)
    else:
        file = inside(path.parent, notes.get("location", ""), asked_by=f"{path}: {what}")
        offset = number("offset", 0)
        rest = file.stat().st_size - offset
        available = min(rest, number("length", max(rest, 0)))
    found = ByteRange(file, offset, dtype, tensor.shape)
    found.check(available=available, what=what)
    return found


def _tensor(path: Path, stored: _Stored, name: str) -> Tensor:
    """Return the handle of a tensor, its size checked against the file."""
    use, proto = stored.use(), stored.proto
    if min(stored.shape, default=0) < 0:
        msg = f"{path}: tensor {name!r} has the shape {stored.shape}; no side may be negative"
        raise ModelFormatError(msg)
    if proto is None:
        not_read = partial(_not_read, path, name)
        return Tensor(name, stored.shape, "sparse", use.role, not_read, use.note)
    dtype = _dtype(proto.data_type)
    notes = {entry.key: entry.value for entry in proto.external_data}
    source: Callable[[], AnyArray] = partial(_decode, path, proto)
    if notes or proto.data_location == onnx.TensorProto.EXTERNAL:
        whole = dtype in _WHOLE_BYTES
        source = _range(path, stored, notes, dtype) if whole else partial(_not_read, path, name)
    return Tensor(name, stored.shape, dtype, use.role, source, use.note)


def _not_read(path: Path, name: str) -> AnyArray:
    msg = f"{path}: tensor {name!r} is in a format that is not read yet"
    raise ModelFormatError(msg)


def _unique(names: Iterable[str]) -> list[str]:
    """Put a number on the second and later of equal names."""
    taken: set[str] = set()
    counts: Counter[str] = Counter()
    out = []
    for name in names:
        unique = name
        while unique in taken:
            counts[name] += 1
            unique = f"{name}#{counts[name] + 1}"
        taken.add(unique)
        out.append(unique)
    return out


def open_file(path: Path, /) -> dict[str, Tensor]:
    """
    Open an ONNX file, reading its structure and leaving its numbers where they are.

    Parameters
    ----------
    path : Path
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
    >>> path = Path(tempfile.mkdtemp()) / "model.onnx"
    >>> onnx.save(onnx.helper.make_model(graph), path)
    >>> tensor = open_file(path)["w"]
    >>> tensor.shape, tensor.role, tensor.note
    ((4, 3), 'dense', 'input 1 of MatMul')
    """
    path = path.absolute()
    model = skeleton.read(path)
    walk = _Walk()
    walk.graph(model.graph, ChainMap())
    for function in model.functions:
        scope: _Scope = ChainMap()
        for node in function.node:
            walk.node(node, scope)
    in_order = sorted(walk.found, key=lambda tensor: tensor.use().order)
    names = _unique([stored.name for stored in in_order])
    return {n: _tensor(path, stored, n) for n, stored in zip(names, in_order, strict=True)}
