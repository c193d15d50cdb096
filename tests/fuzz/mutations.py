"""Mutations: what can happen to a file, by accident or on purpose; the same for the same number."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["mutated"]

_NUMBERS = [0, 1, 2, 7, 8, 127, 128, 255, 256, 65535, (1 << 31) - 1, 1 << 31, 1 << 32]
_NUMBERS += [
    (1 << 53) + 1,
    (1 << 62),
    (1 << 63) - 1,
    1 << 63,
    (1 << 64) - 1,
    1 << 64,
    -1,
    -(1 << 63),
]
_VALUES: list[Any] = [
    *_NUMBERS,
    1e308,
    2.0,
    True,
    None,
    "",
    "x" * 300,
    [],
    {},
    [[1]],
    "F32",
    "BF16",
]
_BYTES = [b"\x00", b"\xff", b"\x80", b"\x7f", b"{", b'"', b"[", b"\xff" * 9 + b"\x01", b"\x0a"]


def _varint(value: int) -> bytes:
    out, rest = bytearray(), value % (1 << 64)
    while rest >= 0x80:
        out.append(rest & 0x7F | 0x80)
        rest >>= 7
    return bytes([*out, rest])


def _flip(data: bytes, rng: random.Random) -> bytes:
    out = bytearray(data)
    for _ in range(rng.choice([1, 1, 1, 2, 4, 16])):
        out[rng.randrange(len(out))] ^= 1 << rng.randrange(8)
    return bytes(out)


def _overwrite(data: bytes, rng: random.Random) -> bytes:
    place, new = rng.randrange(len(data)), rng.choice(_BYTES)
    return data[:place] + new + data[place + len(new) :]


def _insert(data: bytes, rng: random.Random) -> bytes:
    place = rng.randrange(len(data) + 1)
    return data[:place] + rng.choice([*_BYTES, rng.randbytes(rng.randrange(1, 9))]) + data[place:]


def _delete(data: bytes, rng: random.Random) -> bytes:
    place = rng.randrange(len(data))
    return data[:place] + data[place + rng.choice([1, 1, 2, 4, 8, 64]) :]


def _truncate(data: bytes, rng: random.Random) -> bytes:
    return data[: rng.randrange(len(data))]


def _repeat(data: bytes, rng: random.Random) -> bytes:
    start, length = rng.randrange(len(data)), rng.choice([1, 8, 64, 256])
    block = data[start : start + length]
    return data[:start] + block * rng.choice([2, 3, 20]) + data[start + length :]


def _number(data: bytes, rng: random.Random) -> bytes:
    """Put a number with a meaning into some place, in one of the ways that files keep numbers."""
    value, place = rng.choice(_NUMBERS), rng.randrange(len(data))
    size = rng.choice([2, 4, 8])
    as_bytes = (value % (1 << (8 * size))).to_bytes(size, "little")
    new = rng.choice([as_bytes, _varint(value)])
    return data[:place] + new + data[place + rng.choice([0, 1, len(new)]) :]


def _header_length(data: bytes, rng: random.Random) -> bytes:
    real = int.from_bytes(data[:8], "little")
    length = rng.choice([*_NUMBERS, real + 1, real - 1, real + 8, len(data), len(data) - 8])
    return (length % (1 << 64)).to_bytes(8, "little") + data[8:]


def _header(data: bytes, rng: random.Random) -> bytes:
    """Edit the header of a safetensors file as the JSON it is."""
    length = int.from_bytes(data[:8], "little")
    try:
        header = json.loads(data[8 : 8 + length])
    except (ValueError, RecursionError):
        return _flip(data, rng)
    if not isinstance(header, dict):
        return _flip(data, rng)
    for _ in range(rng.choice([1, 1, 2, 3])):
        _edit(header, rng)
    text = json.dumps(header).encode("utf-8", "surrogatepass")
    return len(text).to_bytes(8, "little") + text + data[8 + length :]


def _edit(header: dict[str, Any], rng: random.Random) -> None:
    names = [name for name in header if isinstance(header[name], dict)]
    if not names:
        return
    name = rng.choice(names)
    entry, what = header[name], rng.randrange(7)
    if what == 0:
        entry[rng.choice(["dtype", "shape", "data_offsets"])] = rng.choice(_VALUES)
    elif what == 1 and isinstance(entry.get("shape"), list) and entry["shape"]:
        entry["shape"][rng.randrange(len(entry["shape"]))] = rng.choice(_VALUES)
    elif what == 2 and isinstance(entry.get("data_offsets"), list) and entry["data_offsets"]:
        entry["data_offsets"][rng.randrange(len(entry["data_offsets"]))] = rng.choice(_VALUES)
    elif what == 3:
        entry["shape"] = rng.choices([0, 1, 2, 3, 4, 1 << 20], k=rng.randrange(6))
    elif what == 4:
        header[rng.choice(["", "\ud800", "a\nb", "\x1b[31m", *header])] = header.pop(name)
    elif what == 5:
        header[name] = rng.choice(_VALUES)
    else:
        other = rng.choice(names)
        header[name], header[other] = header[other], header[name]


def _message(data: bytes, rng: random.Random) -> bytes:
    """Edit an ONNX file as the message it is."""
    import onnx
    from google.protobuf.message import DecodeError

    model = onnx.ModelProto()
    try:
        model.ParseFromString(data)
    except DecodeError:
        return _flip(data, rng)
    for _ in range(rng.choice([1, 1, 2, 4])):
        _rewire(model, rng)
    try:
        return bytes(model.SerializeToString())
    except (DecodeError, ValueError):
        return data


def _graphs(model: Any) -> list[Any]:
    found = [model.graph, *model.functions]
    for holder in found:
        for node in holder.node:
            for attribute in node.attribute:
                if attribute.HasField("g"):
                    found.append(attribute.g)
    return found


def _rewire(model: Any, rng: random.Random) -> None:
    holder = rng.choice(_graphs(model))
    tensors = list(getattr(holder, "initializer", []))
    nodes = list(holder.node)
    given = [t.name for t in tensors] + [n for node in nodes for n in node.output]
    names = [name for name in given if isinstance(name, str)] or ["x"]  # others are no UTF-8
    what = rng.randrange(9)
    if what < 3 and tensors:
        tensor = rng.choice(tensors)
        if what == 0 and tensor.dims:
            size = rng.choice([n for n in _NUMBERS if -(1 << 63) <= n < 1 << 63])
            tensor.dims[rng.randrange(len(tensor.dims))] = size
        elif what == 1:
            tensor.data_type = rng.randrange(30)
        else:
            tensor.name = rng.choice(names)
    elif nodes:
        node = rng.choice(nodes)
        if what == 3 and node.input:
            node.input[rng.randrange(len(node.input))] = rng.choice([*names, "", "x"])
        elif what == 4 and node.output:
            node.output[rng.randrange(len(node.output))] = rng.choice(names)
        elif what == 5 and node.attribute:
            attribute = rng.choice(list(node.attribute))
            attribute.i = rng.choice([n for n in _NUMBERS if -(1 << 63) <= n < 1 << 63])
        elif what == 6:
            kinds = [
                "MatMul",
                "Gemm",
                "Conv",
                "LSTM",
                "Transpose",
                "Reshape",
                "Concat",
                "f",
                "Split",
            ]
            node.op_type = rng.choice([*kinds, "DequantizeLinear", "Gather", "Mul", "Constant"])
        elif what == 7:
            node.domain = rng.choice(["", "com.microsoft", "local", "ai.onnx", "x"])
        else:
            holder.node.add().CopyFrom(node)


_ANY = [_flip, _flip, _overwrite, _insert, _delete, _truncate, _repeat, _number]
_ALSO: dict[str, list[Callable[[bytes, random.Random], bytes]]] = {
    "safetensors": [_header, _header, _header, _header, _header_length],
    "onnx": [_message, _message, _message, _message],
}


def mutated(kind: str, seeds: list[bytes], case: int, seed: int = 0) -> bytes:
    """Return the file of a case."""
    rng = random.Random(f"{kind} {seed} {case}")
    data = rng.choice(seeds)
    if rng.random() < 0.05:
        other = rng.choice(seeds)
        data = data[: rng.randrange(len(data))] + other[rng.randrange(len(other)) :]
    for _ in range(rng.choice([1, 1, 1, 2, 3])):
        if data:
            data = rng.choice([*_ANY, *_ALSO.get(kind, [])])(data, rng)
    return data
