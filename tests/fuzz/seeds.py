"""Seeds: small valid models, with everything in them that the readers know."""

from __future__ import annotations

import functools
import io
import json
import math
import struct
from typing import TYPE_CHECKING, Any

import ml_dtypes
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from spectra.dtypes import BLOCKS

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["SEEDS", "companions"]

_TYPES = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2, "I64": 8, "I8": 1, "U8": 1, "BOOL": 1, "C64": 8}
_TYPES |= {"F8_E4M3": 1, "F8_E5M2": 1, "F8_E8M0": 1}
_node = helper.make_node
_from = numpy_helper.from_array


def _f32(*shape: int) -> Any:
    return np.random.default_rng(len(shape)).standard_normal(shape).astype(np.float32)


def safetensors_of(
    tensors: dict[str, tuple[str, tuple[int, ...], bytes]], **metadata: str
) -> bytes:
    """Return a safetensors file."""
    header: dict[str, Any] = {"__metadata__": metadata} if metadata else {}
    data = b""
    for name, (dtype, shape, raw) in tensors.items():
        span = [len(data), len(data) + len(raw)]
        header[name] = {"dtype": dtype, "shape": list(shape), "data_offsets": span}
        data += raw
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + data


def _plain() -> bytes:
    tensors: dict[str, tuple[str, tuple[int, ...], bytes]] = {
        f"t.{d}.weight": (d, (4, 3), bytes(12 * size)) for d, size in _TYPES.items()
    }
    tensors["four"] = ("F4", (2, 4), bytes(4))
    tensors["six"] = ("F6_E2M3", (4, 2), bytes(6))
    tensors["empty"] = ("F32", (0, 3), b"")
    tensors["number"] = ("F32", (), bytes(4))
    return safetensors_of(tensors, format="pt")


def _packed() -> bytes:
    words = np.arange(16, dtype="<i4")
    return safetensors_of(
        {
            "q.qweight": ("I32", (2, 8), words.tobytes()),
            "q.qzeros": ("I32", (2, 1), bytes(8)),
            "q.scales": ("F16", (2, 8), bytes(32)),
            "a.qweight": ("I32", (16, 1), words.tobytes()),
            "a.qzeros": ("I32", (2, 1), bytes(8)),
            "a.scales": ("F16", (2, 8), bytes(32)),
            "f.weight": ("F8_E4M3", (6, 4), bytes(24)),
            "f.weight_scale_inv": ("F32", (1, 1), bytes(4)),
            "experts.gate_up_proj_blocks": ("U8", (2, 4, 1, 16), bytes(128)),
            "experts.gate_up_proj_scales": ("U8", (2, 4, 1), bytes(8)),
            "p.weight_packed": ("I32", (2, 2), bytes(16)),
            "p.weight_scale": ("F32", (2, 1), bytes(8)),
            "b.weight": ("U8", (8, 1), bytes(8)),
            "b.weight.absmax": ("F32", (1,), bytes(4)),
        }
    )


def _companions() -> bytes:
    """Every other layout of quantized and reparametrized weights, with all that lies beside it."""

    def zeros(dtype: str, *shape: int) -> tuple[str, tuple[int, ...], bytes]:
        size = {**_TYPES, "I32": 4, "U32": 4}[dtype]
        return dtype, shape, bytes(size * math.prod(shape))

    state = json.dumps({"shape": [4, 4], "blocksize": 8, "nested_blocksize": 256})
    nested = state.replace("}", ', "nested_offset": 0.5}').encode()
    return safetensors_of(
        {
            "c.weight_packed": zeros("I32", 4, 2),
            "c.weight_scale": zeros("F32", 4, 2),
            "c.weight_zero_point": zeros("I32", 1, 2),
            "c.weight_shape": ("I64", (2,), np.array([4, 16]).tobytes()),
            "c.weight_g_idx": zeros("I32", 16),
            "n.weight_packed": zeros("U8", 4, 8),
            "n.weight_scale": zeros("F8_E4M3", 4, 1),
            "n.weight_global_scale": zeros("F32", 1),
            "o.weight": zeros("U8", 4, 8),
            "o.weight_scale": zeros("F8_E4M3", 4, 1),
            "o.weight_scale_2": zeros("F32"),
            "x.weight": zeros("F8_E4M3", 4, 64),
            "x.weight_scale": zeros("U8", 4, 2),
            "z.weight": zeros("I8", 4, 4),
            "z.weight_scale": zeros("F32", 4, 1),
            "z.weight_zero_point": zeros("I8", 4, 1),
            "b.weight": zeros("U8", 8, 1),
            "b.weight.absmax": zeros("U8", 2),
            "b.weight.quant_map": zeros("F32", 16),
            "b.weight.nested_absmax": zeros("F32", 1),
            "b.weight.nested_quant_map": zeros("F32", 256),
            "b.weight.quant_state.bitsandbytes__nf4": ("U8", (len(nested),), nested),
            "m.weight": zeros("U32", 4, 8),
            "m.scales": zeros("F16", 4, 1),
            "m.biases": zeros("F16", 4, 1),
            "h.W_q": zeros("U8", 4, 4),
            "h.scale": zeros("F16", 8, 1),
            "h.zero": zeros("F16", 8, 1),
            "h.nbits": ("I32", (), (4).to_bytes(4, "little")),
            "h.shape": ("I64", (2,), np.array([4, 8]).tobytes()),
            "q.weight._data": zeros("I8", 4, 4),
            "q.weight._scale": zeros("F32", 4, 1),
            "t._weight_qdata": zeros("F8_E4M3", 4, 4),
            "t._weight_scale": zeros("F32", 4, 1),
            "e.experts.down_proj": zeros("F8_E4M3", 2, 4, 4),
            "e.experts.down_proj_scale_inv": zeros("F32", 2, 4, 1),
            "w.weight_g": zeros("F32", 4, 1),
            "w.weight_v": zeros("F32", 4, 3),
            "s.weight_orig": zeros("F32", 4, 3),
            "s.weight_u": zeros("F32", 4),
            "s.weight_v": zeros("F32", 3),
            "d/kernel": zeros("F32", 3, 3, 2, 4),
            "r.rel_attn.q": zeros("F32", 4, 2, 2),
            "l.A_log": zeros("F32", 4, 2),
            "l.in_proj.weight": zeros("F32", 8, 3),
            "shared.weight": zeros("F32", 4, 2),
            "lm_head.weight": zeros("F32", 4, 2),
        }
    )


def _names() -> bytes:
    def f32(*shape: int) -> tuple[str, tuple[int, ...], bytes]:
        return "F32", shape, _f32(*shape).tobytes()

    return safetensors_of(
        {
            "l.weight_ih_l0": f32(8, 3),
            "l.weight_hh_l0": f32(8, 2),
            "k/kernel": f32(3, 8),
            "k/recurrent_kernel": f32(2, 8),
            "lstm_W": f32(2, 8, 3),
            "lstm_R": f32(2, 8, 2),
            "h.qkv_proj.weight": f32(12, 4),
            "h.query_key_value.weight": f32(12, 4),
            "m.experts.gate_up_proj": f32(2, 4, 6),
            "m.experts.down_proj": f32(2, 3, 4),
            "x.lora_A.weight": f32(2, 4),
            "x.lora_B.weight": f32(4, 2),
            "x.alpha": f32(),
            "y.lokr_w1": f32(2, 3),
            "y.lokr_w2_a": f32(3, 1),
            "y.lokr_w2_b": f32(1, 4),
            "y.alpha": f32(),
            "z.hada_w1_a": f32(2, 3),
            "z.hada_w1_b": f32(2, 4),
            "z.hada_w2_a": f32(2, 3),
            "z.hada_w2_b": f32(2, 4),
            "z.hada_t1": f32(2, 2, 3, 3),
            "z.hada_t2": f32(2, 2, 3, 3),
            "u.lora_down.weight": f32(2, 4, 1, 1),
            "u.lora_mid.weight": f32(2, 2, 3, 3),
            "u.lora_up.weight": f32(6, 2, 1, 1),
            "u.dora_scale": f32(6, 1, 1, 1),
            "lm_head.weight": f32(4, 2),
            "wte.weight": f32(4, 2),
            "c.weight": f32(4, 2, 3, 3),
        }
    )


def _saved(nodes: list[Any], tensors: list[Any], **kwargs: Any) -> bytes:
    made = helper.make_graph(nodes, "g", [], [], tensors)
    made.input.extend(kwargs.pop("inputs", []))
    for sparse in kwargs.pop("sparse", []):
        made.sparse_initializer.append(sparse)
    data: bytes = helper.make_model(made, **kwargs).SerializeToString()
    return data


def _typed() -> bytes:
    """Every typed field, and raw data; small, and too large to be kept in the message."""
    tensors = []
    for size in (4, 300):
        for kind in ("FLOAT", "DOUBLE", "INT32", "INT64", "UINT64", "FLOAT16", "BFLOAT16", "INT4"):
            data_type = TensorProto.DataType.Value(kind)
            values = np.ones(size, helper.tensor_dtype_to_np_dtype(data_type))
            for raw in (True, False):
                if raw:
                    tensors.append(_from(values, f"{kind}{size}raw"))
                else:
                    tensors.append(helper.make_tensor(f"{kind}{size}", data_type, [size], values))
    return _saved([], tensors)


def _external() -> bytes:
    tensor = TensorProto(name="e", dims=[4, 4], data_type=1, data_location=TensorProto.EXTERNAL)
    for key, value in {"location": "data.bin", "offset": "16", "length": "64"}.items():
        tensor.external_data.add(key=key, value=value)
    return _saved([_node("MatMul", ["x", "e"], ["y"])], [tensor])


def _varint(value: int) -> bytes:
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def _field(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _group(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | 3) + content + _varint(number << 3 | 4)


def _protobuf() -> bytes:
    """Numbers in pieces, groups, odd notes: what the onnx library reads and does not write."""
    rest = b"".join(_varint(4 << 3 | 5) + struct.pack("<f", i) for i in range(40))
    pieces = _field(4, _f32(20, 15).tobytes()) + rest
    counts = _field(7, b"".join(map(_varint, range(300)))) + _varint(7 << 3) + _varint(1 << 63)
    raw = _field(9, bytes(64)) + _field(9, _f32(20, 17).tobytes())
    notes = {"location": "data.bin", "length": "0"}
    notes |= {"weightspectra.offset": "3", "weightspectra.length": "64", "weightspectra.field": "9"}
    entries = b"".join(
        _field(13, _field(1, key.encode()) + _field(2, value.encode()))
        for key, value in notes.items()
    )

    def tensor(name: str, kind: int, data: bytes, *shape: int) -> bytes:
        sides = b"".join(_varint(1 << 3) + _varint(side) for side in shape)
        return sides + _varint(2 << 3) + _varint(kind) + _field(8, name.encode()) + data

    tensors = [
        tensor("a", 1, _group(100, _field(1, b"x")) + pieces, 20, 17),
        tensor("b", 7, counts, 301),
        tensor("c", 1, raw, 20, 17),
        tensor("d", 1, entries + _varint(14 << 3) + _varint(1), 4, 6),
        tensor("e", 1, _field(9, _f32(20, 17).tobytes()) + entries, 20, 17),
    ]
    nodes = [_node("MatMul", ["x", name], [f"y{name}"]).SerializeToString() for name in "acde"]
    info = helper.make_tensor_value_info("x", 1, ["n", 20]).SerializeToString()
    graph = b"".join(
        [*(_field(1, n) for n in nodes), *(_field(5, t) for t in tensors), _field(11, info)]
    )
    unknown = _group(99, _group(98, b"") + _field(5, b"y" * 50)) + _field(97, b"z" * 3000)
    return _varint(1 << 3) + _varint(8) + unknown + _field(7, graph + _group(96, b""))


def _functions() -> bytes:
    """Functions that call each other, with graphs in their attributes."""

    def function(name: str, nodes: list[Any]) -> Any:
        opset = [helper.make_opsetid("", 17), helper.make_opsetid("local", 1)]
        return helper.make_function("local", name, ["X"], ["Y"], nodes, opset, ["body"])

    def call(name: str, **attributes: Any) -> Any:
        return _node(name, ["X"], ["Y"], domain="local", **attributes)

    taken = _node("If", ["X"], ["Y"])
    taken.attribute.add(name="then_branch", ref_attr_name="body", type=onnx.AttributeProto.GRAPH)
    inner = helper.make_graph([_node("MatMul", ["x", "w"], ["o"])], "inner", [], [])
    functions = [
        function("f", [call("g", body=inner), call("g"), taken]),
        function("g", [call("h"), _node("Gemm", ["X", "X"], ["Y"])]),
        function("h", [_node("Constant", [], ["Y"], value=_from(_f32(20, 15)))]),
    ]
    nodes = [call("f", body=inner), call("f"), _node("MatMul", ["x", "w"], ["z"])]
    return _saved(nodes, [_from(_f32(30, 10), "w")], functions=functions)


def _operators() -> bytes:
    W, R = _f32(2, 8, 3), _f32(2, 8, 2)
    nodes = [
        _node("Transpose", ["w"], ["wt"], perm=[1, 0]),
        _node("Reshape", ["wt", "shape"], ["wr"]),
        _node("Slice", ["wr", "i0", "i2", "i0"], ["ws"]),
        _node("Split", ["wr"], ["wa", "wb"], axis=0),
        _node("Concat", ["wb", "wa"], ["wc"], axis=0),
        _node("Unsqueeze", ["wc", "i0"], ["wu"]),
        _node("Squeeze", ["wu"], ["wq"]),
        _node("Cast", ["wq"], ["wh"], to=10),
        _node("Mul", ["wh", "s"], ["wm"]),
        _node("MatMul", ["x", "wq"], ["p"]),
        _node("Add", ["p", "b"], ["pb"]),
        _node("Split", ["pb"], ["q", "k"], axis=-1),
        _node("Gemm", ["x", "ws"], ["y1"], transB=1),
        _node("LSTM", ["x", "W", "R"], ["y2"], hidden_size=2, direction="bidirectional"),
        _node("Conv", ["x", "kernel"], ["y3"], group=2),
        _node("ConvTranspose", ["x", "kernel"], ["y4"]),
        _node("Einsum", ["x", "kernel3"], ["y5"], equation="bd,dhk->bhk"),
        _node("Gather", ["table", "x"], ["y6"]),
    ]
    tensors = [
        *(_from(_f32(4, 6), "w"), _from(np.array([6, 4]), "shape"), _from(np.array([0]), "i0")),
        *(_from(np.array([2]), "i2"), _from(np.array(2, np.float16), "s"), _from(_f32(4), "b")),
        *(_from(W, "W"), _from(R, "R"), _from(_f32(4, 2, 3, 3), "kernel")),
        *(_from(_f32(4, 2, 3), "kernel3"), _from(_f32(5, 3), "table")),
    ]
    return _saved(nodes, tensors)


def _lengths() -> bytes:
    """Shapes that a graph computes, constants of one number, and what is made with them."""
    nodes = [
        _node("ConstantOfShape", ["sides"], ["ones"], value=_from(np.ones(1, np.float32))),
        _node("Mul", ["ones", "w"], ["v"]),
        _node("MatMul", ["x", "v"], ["p"]),
        _node("Shape", ["p"], ["n"]),
        _node("ConstantOfShape", ["n"], ["r"], value=_from(np.ones(1, np.int64))),
        _node("Gather", ["n", "one"], ["length"]),
        _node("Range", ["zero", "length", "by"], ["t"]),
        _node("Gather", ["w", "t"], ["e"]),
        _node("Slice", ["n", "one", "two"], ["end"]),
        _node("Tile", ["e", "two"], ["tiled"]),
        _node("Expand", ["tiled", "r"], ["wide"]),
        _node("Slice", ["w", "one", "end", "one"], ["part"]),
        _node("MatMul", ["wide", "part"], ["q"]),
        _node("Concat", ["end", "two"], ["shape"], axis=0),
        _node("Reshape", ["q", "shape"], ["y"]),
        _node("Split", ["p"], ["g", "u"], axis=-1),
        _node("Sigmoid", ["g"], ["s"]),
        _node("Mul", ["s", "u"], ["z"]),
    ]
    tensors = [
        *(_from(_f32(4, 6), "w"), _from(np.array([4, 6]), "sides"), _from(np.array([1]), "one")),
        *(_from(np.array([2, 3]), "two"), _from(np.array(0), "zero"), _from(np.array(1), "by")),
    ]
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["b", 3, 4])
    return _saved(nodes, tensors, inputs=[x])


def _quantized() -> bytes:
    com = "com.microsoft"
    sizes: dict[str, Any] = {"N": 2, "K": 32, "bits": 4, "block_size": 16}
    nodes = [
        _node("DequantizeLinear", ["q", "s4", "z4"], ["w"], axis=0),
        _node("MatMul", ["x", "w"], ["y0"]),
        _node("QuantizeLinear", ["f", "s", "z"], ["fq"]),
        _node("DequantizeLinear", ["fq", "s", "z"], ["fd"]),
        _node("MatMul", ["x", "fd"], ["y1"]),
        _node("DequantizeLinear", ["q", "sb"], ["wb"], axis=1, block_size=3),
        _node("MatMul", ["x", "wb"], ["y2"]),
        _node("QLinearConv", ["x", "s", "z", "qc", "s4", "z4", "s", "z"], ["y3"]),
        _node("QLinearMatMul", ["x", "s", "z", "q", "s", "z", "s", "z"], ["y4"]),
        _node("DynamicQuantizeLinear", ["x"], ["xq", "xs", "xz"]),
        _node("MatMulInteger", ["xq", "q", "xz", "z"], ["i"]),
        _node("Cast", ["i"], ["ic"], to=1),
        _node("Mul", ["xs", "s"], ["ss"]),
        _node("Mul", ["ic", "ss"], ["y5"]),
        _node(
            "MatMulNBits",
            ["x", "B", "bs", "bz"],
            ["y6"],
            domain=com,
            **sizes,
        ),
        _node("Attention", ["x", "qkv"], ["y7"], domain=com, num_heads=1),
    ]
    q = np.arange(24, dtype=np.int8).reshape(4, 6)
    tensors = [
        *(_from(q, "q"), _from(_f32(4), "s4"), _from(np.zeros(4, np.int8), "z4")),
        *(
            _from(np.array(0.5, np.float32), "s"),
            _from(np.array(1, np.int8), "z"),
            _from(_f32(4, 6), "f"),
        ),
        *(_from(_f32(4, 2), "sb"), _from(q.reshape(4, 6, 1, 1), "qc"), _from(_f32(4, 12), "qkv")),
        *(_from(np.zeros((2, 2, 8), np.uint8), "B"), _from(_f32(4), "bs")),
        _from(np.zeros(2, np.uint8), "bz"),
    ]
    return _saved(nodes, tensors)


def _nested() -> bytes:
    """Graphs in graphs, functions, constants of every kind, sparse tensors."""
    inner = helper.make_graph(
        [_node("Constant", [], ["c"], value=_from(_f32(3, 3))), _node("MatMul", ["w", "c"], ["o"])],
        "then", [], [], [_from(_f32(2, 2), "inner")],
    )  # fmt: skip
    body = helper.make_graph([_node("MatMul", ["state", "v"], ["next"])], "body", [], [])
    for name in ("i", "go", "state", "v"):
        body.input.add(name=name)
    for name in ("go", "next", "v"):
        body.output.add(name=name)
    function = helper.make_function(
        "local", "f", ["X", "V"], ["Y"],
        [_node("Constant", [], ["k"], value=_from(_f32(3, 3))), _node("Gemm", ["X", "V"], ["Y"])],
        [helper.make_opsetid("", 17)],
    )  # fmt: skip
    sparse = helper.make_sparse_tensor(
        _from(np.array([1.0, 2.0], np.float32), "sp"), _from(np.array([0, 5]), "places"), [3, 4]
    )
    nodes = [
        _node("If", ["cond"], ["a"], then_branch=inner, else_branch=inner),
        _node("Loop", ["n", "", "x", "w"], ["b", "d"], body=body),
        _node("f", ["x", "w"], ["y"], domain="local"),
        _node("f", ["y", "sp"], ["z"], domain="local"),
        _node("Constant", [], ["floats"], value_floats=[1.0, 2.0]),
        _node("Constant", [], ["ints"], value_ints=[1, 2]),
    ]
    return _saved(nodes, [_from(_f32(3, 3), "w")], functions=[function], sparse=[sparse])


def _npz(save: Any) -> bytes:
    stream = io.BytesIO()
    save(stream, w=_f32(3, 2), v=np.asfortranarray(_f32(4, 2)), n=np.arange(3))
    return stream.getvalue()


def _npz_tails() -> bytes:
    """Arrays that end in zeros, which the decompressor hands out late; in either order."""
    tail = np.zeros((60, 50), np.float32)
    tail[:6] = _f32(6, 50)
    stream = io.BytesIO()
    np.savez_compressed(
        stream, w=tail, v=np.asfortranarray(tail), z=np.zeros(1 << 15), e=np.zeros((0, 3))
    )
    return stream.getvalue()


def _string(text: str, order: str) -> bytes:
    raw = text.encode()
    return struct.pack(f"{order}Q", len(raw)) + raw


def gguf_of(
    tensors: Mapping[str, tuple[int, tuple[int, ...], bytes]],
    metadata: Mapping[str, tuple[int, bytes]],
    *,
    order: str = "<",
) -> bytes:
    """Return a GGUF file, given the types of its values and their bytes."""
    head = b"GGUF" + struct.pack(f"{order}IQQ", 3, len(tensors), len(metadata))
    for key, (kind, value) in metadata.items():
        head += _string(key, order) + struct.pack(f"{order}I", kind) + value
    data = b""
    for name, (kind, shape, raw) in tensors.items():
        sides = struct.pack(f"{order}I{len(shape)}Q", len(shape), *reversed(shape))
        head += _string(name, order) + sides + struct.pack(f"{order}IQ", kind, len(data))
        data += raw + bytes(-len(raw) % 32)
    return head + bytes(-len(head) % 32) + data


def _metadata(order: str, **sizes: int) -> dict[str, tuple[int, bytes]]:
    words = b"".join(_string(word, order) for word in ("a", "bc", ""))
    inner = struct.pack(f"{order}IQ2h", 3, 2, 1, 2)
    return {
        "general.architecture": (8, _string("llama", order)),
        "general.alignment": (4, struct.pack(f"{order}I", 32)),
        "tokens": (9, struct.pack(f"{order}IQ", 8, 3) + words),
        "scores": (9, struct.pack(f"{order}IQ3f", 6, 3, 1, 2, 3)),
        "nested": (9, struct.pack(f"{order}IQ", 9, 1) + inner),
        **{f"llama.{k}": (4, struct.pack(f"{order}I", size)) for k, size in sizes.items()},
    }


def _gguf_blocks(half: int) -> bytes:
    """Every second type of block, each in a matrix of two rows."""
    tensors = {
        f"blk.0.{name}.weight": (block.ggml, (2, block.elements), bytes(2 * block.num_bytes))
        for name, block in list(BLOCKS.items())[half::2]
    }
    return gguf_of(tensors, _metadata("<"))


def _gguf_names() -> bytes:
    def f32(*shape: int) -> tuple[int, tuple[int, ...], bytes]:
        return 0, shape, _f32(*shape).tobytes()

    tensors = {
        "token_embd.weight": (1, (6, 4), bytes(48)),
        "blk.0.attn_qkv.weight": f32(8, 4),
        "blk.0.ffn_up.weight": f32(12, 4),
        "blk.0.ffn_down.weight": f32(4, 6),
        "blk.1.ffn_up_exps.weight": (8, (2, 3, 32), bytes(range(204))),
        "blk.1.ffn_up_exps.scale": f32(2),
        "blk.1.ffn_gate_up_exps.weight": f32(2, 6, 4),
        "blk.1.attn_k_b.weight": f32(2, 3, 4),
        "blk.0.attn_q.weight.lora_a": f32(2, 4),
        "blk.0.attn_q.weight.lora_b": f32(4, 2),
        "conv": (30, (2, 12), bytes(48)),
        "later": (99, (3, 4), b""),
    }
    metadata = _metadata("<", embedding_length=4, feed_forward_length=6)
    metadata |= {"llama.attention.head_count": (9, struct.pack("<IQ2I", 4, 2, 2, 1))}
    metadata |= {"llama.attention.head_count_kv": (4, struct.pack("<I", 1))}
    metadata |= {"comfy.gguf.orig_shape.conv": (9, struct.pack("<IQ4i", 5, 4, 2, 3, 2, 2))}
    metadata |= {"adapter.lora.alpha": (6, struct.pack("<f", 4))}
    return gguf_of(tensors, metadata)


def _gguf_big_endian() -> bytes:
    tensors = {"a.weight": (0, (2, 3), bytes(24)), "b.weight": (30, (2, 3), bytes(12))}
    return gguf_of(tensors, _metadata(">"), order=">")


@functools.cache
def _made(kind: str) -> list[bytes]:
    makers: dict[str, list[Any]] = {
        "safetensors": [_plain, _packed, _companions, _names],
        "onnx": [
            _typed,
            _external,
            _operators,
            _lengths,
            _quantized,
            _nested,
            _protobuf,
            _functions,
        ],
        "gguf": [
            *(_gguf_names, _gguf_names, _gguf_big_endian),
            *(lambda: _gguf_blocks(0), lambda: _gguf_blocks(1)),
        ],
        "npz": [lambda: _npz(np.savez), lambda: _npz(np.savez_compressed), _npz_tails],
        "safetensors.index.json": [
            lambda: b'{"metadata": {}, "weight_map": {"w": "a.safetensors"}}'
        ],
    }
    return [maker() for maker in makers[kind]]


class _Seeds(dict[str, list[bytes]]):
    def __missing__(self, kind: str) -> list[bytes]:
        self[kind] = _made(kind)
        return self[kind]


SEEDS: dict[str, list[bytes]] = _Seeds()
"""Valid files by kind, made when asked for."""


def companions() -> dict[str, bytes]:
    """Return what lies beside every case."""
    config = {"hidden_size": 4, "num_attention_heads": 2, "tie_word_embeddings": True}
    return {
        "data.bin": bytes(range(96)),
        "config.json": json.dumps(config).encode(),
        "a.safetensors": safetensors_of({"w": ("F32", (2, 2), bytes(16))}),
    }


assert ml_dtypes.bfloat16 is not None  # registered with numpy
assert onnx.__version__
