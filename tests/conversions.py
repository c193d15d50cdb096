"""Conversions: real networks in other encodings, each with how far a number may move."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import ml_dtypes
import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

from tests.builders import safetensors_bytes, write, write_index

if TYPE_CHECKING:
    from pathlib import Path

    import spectra

Array = npt.NDArray[Any]
Bound = Callable[[Array, Array], Array]
"""By how much each element of a matrix may differ, given it and the tensor that it is stored in."""

_FLOATS = {TensorProto.FLOAT, TensorProto.DOUBLE}
_node = helper.make_node
_from = numpy_helper.from_array


class Rounding(NamedTuple):
    """A number format: what it makes of an array, and the largest error of an element."""

    stored: Callable[[Array], Array]
    bound: Bound


def lossless(M: Array, W: Array) -> Array:
    return np.zeros(M.shape)


def _relative(bits: int, smallest: float) -> Bound:
    """Half a unit in the last place, or half the smallest number."""
    return lambda M, W: np.abs(M).astype(float) * 2.0 ** -(bits + 1) + smallest / 2


FP16 = Rounding(lambda W: W.astype(np.float16), _relative(10, 2.0**-24))
BF16 = Rounding(lambda W: W.astype(ml_dtypes.bfloat16), _relative(7, 0.0))
FP8 = Rounding(lambda W: W.astype(ml_dtypes.float8_e4m3fn), _relative(3, 2.0**-9))


def _scale(W: Array, most: float) -> Any:
    return np.float32(max(np.abs(W).max(initial=0), 1e-30) / most)


def _by_channel(W: Array) -> Array:
    rows = np.abs(W).reshape(len(W), -1).max(axis=1, initial=0)
    scales: Array = (np.maximum(rows, 1e-30) / 127).astype(np.float32)
    return scales


def graphs(model: onnx.ModelProto) -> Iterator[onnx.GraphProto]:
    """Yield the graph and all inside it."""
    todo = [model.graph]
    while todo:
        graph = todo.pop()
        yield graph
        todo += [a.g for node in graph.node for a in node.attribute if a.HasField("g")]


def _renamed(model: onnx.ModelProto, names: dict[str, str]) -> None:
    for graph in graphs(model):
        for node in graph.node:
            for i, name in enumerate(node.input):
                node.input[i] = names.get(name, name)
        for output in graph.output:
            output.name = names.get(output.name, output.name)


Chain = Callable[[str, str, Array], tuple[list[onnx.TensorProto], list[onnx.NodeProto]]]
"""Given the name of a tensor, the name to give its numbers, and these: what stands for them."""


def rewritten(model: onnx.ModelProto, weights: set[str], chain: Chain) -> onnx.ModelProto:
    """Put a chain of operators where each weight was; they are used under another name."""
    out = onnx.ModelProto()
    out.CopyFrom(model)
    _renamed(out, {name: f"{name}_used" for name in weights})
    for graph in graphs(out):
        kept = [t for t in graph.initializer if t.name not in weights]
        first: list[onnx.NodeProto] = []
        for tensor in graph.initializer:
            if tensor.name in weights:
                made, nodes = chain(
                    tensor.name, f"{tensor.name}_used", numpy_helper.to_array(tensor)
                )
                kept += made
                first += nodes
        nodes = list(first)
        for node in graph.node:
            if node.op_type == "Constant" and node.output[0] in weights:
                value = numpy_helper.to_array(node.attribute[0].t)
                made, after = chain(node.output[0], f"{node.output[0]}_used", value)
                nodes += [_node("Constant", [], [t.name], value=t) for t in made] + after
            else:
                nodes.append(node)
        del graph.initializer[:], graph.node[:]
        graph.initializer.extend(kept)
        graph.node.extend(nodes)
    return out


def cast(rounding: Rounding) -> Chain:
    def chain(name: str, used: str, W: Array) -> Any:
        return [_from(rounding.stored(W), name)], [_node("Cast", [name], [used], to=1)]

    return chain


def fp8(name: str, used: str, W: Array) -> Any:
    scale = _scale(W, 448)
    tensors = [_from((W / scale).astype(ml_dtypes.float8_e4m3fn), name)]
    tensors.append(_from(np.array(scale), f"{name}_scale"))
    return tensors, [_node("DequantizeLinear", [name, f"{name}_scale"], [used])]


def fp8_bound(M: Array, W: Array) -> Array:
    """Half a unit in the last place, or half the smallest number, of what is divided by a scale."""
    scaled: Array = np.abs(M) * (2.0**-4 + 2.0**-22) + float(_scale(W, 448)) * 2.0**-10
    return scaled


def int8(name: str, used: str, W: Array) -> Any:
    scale = _scale(W, 127)
    tensors = [_from(np.rint(W / scale).astype(np.int8), name), _from(np.array(scale), f"{name}_s")]
    tensors.append(_from(np.zeros((), np.int8), f"{name}_z"))
    return tensors, [_node("DequantizeLinear", [name, f"{name}_s", f"{name}_z"], [used])]


def int8_bound(M: Array, W: Array) -> Array:
    """Half a step, that of the largest element where each channel has its own."""
    return np.full(M.shape, float(_scale(W, 127)) * 0.5001)


def int8_by_channel(name: str, used: str, W: Array) -> Any:
    scale = _by_channel(W)
    q = np.rint(W / scale.reshape(-1, *[1] * (W.ndim - 1))).astype(np.int8)
    tensors = [_from(q, name), _from(scale, f"{name}_s")]
    return tensors, [_node("DequantizeLinear", [name, f"{name}_s"], [used], axis=0)]


def as_constant(name: str, used: str, W: Array) -> Any:
    return [], [_node("Constant", [], [name], value=_from(W)), _node("Identity", [name], [used])]


def turned(name: str, used: str, W: Array) -> Any:
    axes = list(reversed(range(W.ndim)))
    stored = np.ascontiguousarray(W.transpose(axes))
    return [_from(stored, name)], [_node("Transpose", [name], [used], perm=axes)]


def through_a_function(name: str, used: str, W: Array) -> Any:
    return [_from(W, name)], [_node("weight", [name], [used], domain="local")]


def with_function(model: onnx.ModelProto) -> onnx.ModelProto:
    """Add the function that hands its weight on."""
    body = [_node("Unsqueeze", ["W", "axes"], ["V"]), _node("Squeeze", ["V", "axes"], ["U"])]
    axes = _node("Constant", [], ["axes"], value_ints=[0])
    opset = [helper.make_opsetid("", 17)]
    model.functions.append(
        helper.make_function("local", "weight", ["W"], ["U"], [axes, *body], opset)
    )
    return model


def products_in_functions(model: onnx.ModelProto) -> onnx.ModelProto:
    """Put every product into a function of its own, which is given its weight."""
    out = onnx.ModelProto()
    out.CopyFrom(model)
    count = 0
    for graph in graphs(out):
        for node in graph.node:
            if node.op_type not in ("MatMul", "Gemm", "Conv"):
                continue
            formal = [f"i{k}" for k in range(len(node.input))]
            inner = onnx.NodeProto()
            inner.CopyFrom(node)
            del inner.input[:], inner.output[:]
            inner.input.extend(formal)
            inner.output.append("o")
            opset = [helper.make_opsetid("", 17)]
            out.functions.append(
                helper.make_function("local", f"f{count}", formal, ["o"], [inner], opset)
            )
            node.op_type, node.domain = f"f{count}", "local"
            del node.attribute[:]
            count += 1
    return out


def sparse(model: onnx.ModelProto, weights: set[str]) -> onnx.ModelProto:
    """Keep the numbers that are not zero, and where they are; by turns in both ways."""
    out = onnx.ModelProto()
    out.CopyFrom(model)
    for graph in graphs(out):
        kept, found = [], []
        for k, tensor in enumerate(graph.initializer):
            if tensor.name not in weights:
                kept.append(tensor)
                continue
            W = numpy_helper.to_array(tensor)
            places = np.argwhere(W) if k % 2 else np.flatnonzero(W)
            values = _from(W[W != 0], tensor.name)
            found.append(helper.make_sparse_tensor(values, _from(places, ""), W.shape))
        del graph.initializer[:]
        graph.initializer.extend(kept)
        graph.sparse_initializer.extend(found)
    return out


def dynamic_int8(model: onnx.ModelProto, weights: set[str]) -> onnx.ModelProto:
    """Multiply in integers where there is a plain product, and scale afterwards."""
    out = onnx.ModelProto()
    out.CopyFrom(model)
    for graph in graphs(out):
        arrays = {t.name: numpy_helper.to_array(t) for t in graph.initializer if t.name in weights}
        uses = [name for node in graph.node for name in node.input]
        nodes = []
        for node in graph.node:
            W = arrays.get(node.input[1]) if node.op_type == "MatMul" else None
            if W is None or W.ndim != 2 or uses.count(node.input[1]) > 1:
                nodes.append(node)
                continue
            name, y = node.input[1], node.output[0]
            scale = _scale(W, 127)
            tensors = {name: np.rint(W / scale).astype(np.int8), f"{name}_s": np.array(scale)}
            tensors[f"{name}_z"] = np.zeros((), np.int8)
            old = next(t for t in graph.initializer if t.name == name)
            graph.initializer.remove(old)
            graph.initializer.extend(_from(a, n) for n, a in tensors.items())
            nodes += [
                _node("DynamicQuantizeLinear", [node.input[0]], [f"{y}_q", f"{y}_s", f"{y}_z"]),
                _node("Mul", [f"{y}_s", f"{name}_s"], [f"{y}_scale"]),
                _node("MatMulInteger", [f"{y}_q", name, f"{y}_z", f"{name}_z"], [f"{y}_i"]),
                _node("Cast", [f"{y}_i"], [f"{y}_f"], to=1),
                _node("Mul", [f"{y}_f", f"{y}_scale"], [y]),
            ]
        del graph.node[:]
        graph.node.extend(nodes)
    return out


def gemms_turned(model: onnx.ModelProto, weights: set[str]) -> onnx.ModelProto:
    """Keep the matrix of each Gemm the other way round."""
    out = onnx.ModelProto()
    out.CopyFrom(model)
    for graph in graphs(out):
        stored = {t.name: t for t in graph.initializer if t.name in weights}
        for node in graph.node:
            tensor = stored.pop(node.input[1], None) if node.op_type == "Gemm" else None
            if tensor is None:
                continue
            W = np.ascontiguousarray(numpy_helper.to_array(tensor).T)
            tensor.CopyFrom(_from(W, tensor.name))
            given = {a.name: a for a in node.attribute}
            was = given["transB"].i if "transB" in given else 0
            if "transB" in given:
                node.attribute.remove(given["transB"])
            node.attribute.append(helper.make_attribute("transB", 1 - was))
    return out


def initializers_as_constants(model: onnx.ModelProto) -> onnx.ModelProto:
    out = onnx.ModelProto()
    out.CopyFrom(model)
    for graph in graphs(out):
        made = [_node("Constant", [], [t.name], value=t) for t in graph.initializer]
        nodes = [*made, *graph.node]
        copies = [onnx.NodeProto.FromString(node.SerializeToString()) for node in nodes]
        del graph.initializer[:], graph.node[:]
        graph.node.extend(copies)
    return out


def save_external(model: onnx.ModelProto, path: Path, *, one_file: bool) -> Path:
    """Keep the numbers in other files, and leave a gap before each."""
    out = onnx.ModelProto()
    out.CopyFrom(model)
    data = bytearray(b"gap")
    for graph in graphs(out):
        constants = [a.t for n in graph.node for a in n.attribute if a.HasField("t")]
        for k, tensor in enumerate([*graph.initializer, *constants]):
            if tensor.data_type not in _FLOATS or len(tensor.dims) < 2:
                continue
            raw = numpy_helper.to_array(tensor).tobytes()
            if one_file:
                place = {"location": "all.bin", "offset": str(len(data)), "length": str(len(raw))}
                data += raw + b"gap"
            else:
                name = f"{graph.name or 'g'}{id(graph)}-{k}.bin"
                write(path.parent / name, raw)
                place = {"location": name}
            for kind in ("raw_data", "float_data", "double_data"):
                tensor.ClearField(kind)
            tensor.data_location = TensorProto.EXTERNAL
            for key, value in place.items():
                tensor.external_data.add(key=key, value=value)
    write(path.parent / "all.bin", bytes(data))
    return write(path, out.SerializeToString())


class Written(NamedTuple):
    """Arrays as a framework would save them, and which layer each then is."""

    arrays: dict[str, Array]
    layers: dict[str, spectra.Layer]


def as_a_framework_saves(layers: list[spectra.Layer]) -> Written:
    """Name matrices by what they are for, and stack gates as PyTorch does."""
    arrays: dict[str, Array] = {}
    expected: dict[str, spectra.Layer] = {}
    by_tensor: dict[str, list[spectra.Layer]] = {}
    for layer in layers:
        if layer.weight is not None and sum(n > 1 for n in layer.weight.shape) < 2:
            continue  # a vector, where no graph says that it is a map
        if layer.taken:
            by_tensor.setdefault(layer.tensor.name, []).append(layer)
        elif layer.tensor.ndim < 2 or layer.tensor.role in ("bias", "norm"):
            arrays[f"{_clean(layer.name)}.bias"] = layer.tensor.read()
    cells: dict[tuple[int, int], list[tuple[spectra.Layer, ...]]] = {}
    for k, group in enumerate(by_tensor.values()):
        first = group[0]
        if first.weight is None or (len(group) == 1 and not first.weight.label):
            kind = {"conv": "conv", "embedding": "embedding"}.get(first.tensor.role, "linear")
            stem = f"t{k}.{kind}"
            arrays[f"{stem}.weight"] = (
                np.asarray(first.weight.read()) if first.weight else np.zeros(0)
            )
            expected[stem] = first
            continue
        directions = 2 if any("." in layer.name.rpartition("[")[2] for layer in group) else 1
        size = len(group) // directions
        for d in range(directions):
            part = tuple(group[d * size : (d + 1) * size])
            cells.setdefault((part[0].matrices().shape[1], d * 10 + size), []).append(part)
    for (hidden, key), parts in cells.items():
        for number, (one, two) in enumerate(zip(parts[::2], parts[1::2], strict=True)):
            state = two if two[0].matrices().shape[2] == hidden else one
            other = one if state is two else two
            for kind, gates in (("ih", other), ("hh", state)):
                end = f"_l0{'_reverse' if key >= 10 else ''}"
                name = f"cell{hidden}n{number}s{key % 10}.weight_{kind}{end}"
                arrays[name] = np.concatenate([gate.matrices()[0] for gate in gates])
                labels = {4: "ifgo", 3: "rzn"}[len(gates)]
                expected |= {f"{name}[{x}]": g for x, g in zip(labels, gates, strict=True)}
    return Written(arrays, expected)


def _clean(name: str) -> str:
    return name.replace("/", "_").replace(":", "_")


_STORED = {"float32": "F32", "float64": "F64", "float16": "F16", "bfloat16": "BF16"}
_STORED |= {"float8_e4m3fn": "F8_E4M3", "int8": "I8", "uint8": "U8", "int64": "I64", "int32": "I32"}


def save_safetensors(path: Path, arrays: dict[str, Array]) -> Path:
    stored = {n: (_STORED[a.dtype.name], a.shape, a.tobytes()) for n, a in arrays.items()}
    return write(path, safetensors_bytes(stored))


def save_shards(folder: Path, arrays: dict[str, Array], *, indexed: bool) -> Path:
    """Write two shards, with or without the index that names them."""
    names = sorted(arrays)
    places: dict[str, str] = {}
    for k, some in enumerate((names[::2], names[1::2])):
        file = f"model-{k + 1:05}-of-00002.safetensors"
        save_safetensors(folder / file, {name: arrays[name] for name in some})
        places |= dict.fromkeys(some, file)
    if indexed:
        write_index(folder, places)
    return folder


def as_graph(layers: list[spectra.Layer]) -> onnx.ModelProto:
    """Build a graph that uses the tensors of a safetensors file as its layers do."""
    nodes: list[onnx.NodeProto] = []
    tensors: list[onnx.TensorProto] = []
    for k, layer in enumerate(layers):
        name = layer.tensor.name
        if not layer.taken or name in {t.name for t in tensors}:
            continue
        W = layer.tensor.read()
        tensors.append(_from(np.ascontiguousarray(W.astype(np.float32)), name))
        group = [x for x in layers if x.taken and x.tensor is layer.tensor]
        kind = {"conv": "Conv", "embedding": "Gather"}.get(layer.tensor.role, "Gemm")
        given = [name, "x"] if kind == "Gather" else ["x", name]
        turned: dict[str, Any] = {"transB": 1} if kind == "Gemm" else {}
        nodes.append(_node(kind, given, [f"y{k}"], **turned))
        if len(group) > 1:
            outputs = [f"y{k}_{i}" for i in range(len(group))]
            nodes.append(_node("Split", [f"y{k}"], outputs, axis=1, num_outputs=len(group)))
    return helper.make_model(helper.make_graph(nodes, "g", [], [], tensors))
