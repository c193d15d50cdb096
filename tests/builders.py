"""Model files, built byte by byte where the reader under test must not be its own oracle."""

import json
import os
import pickle
import struct
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from onnx import TensorProto, helper
from safetensors.numpy import save

import spectra
from spectra_io import open_model

REPO = Path(__file__).resolve().parents[1]
EXAMPLES = REPO / "examples" / "models"
SHARED = REPO.parent / "shared"
"""Real networks and expected numbers, which lie beside the repository on some machines."""

Stored = tuple[str, Sequence[int], bytes]


def examples(times: float) -> settings:
    """Return settings with a multiple of the examples that the profile of the run gives."""
    default = settings.default
    assert default is not None
    return settings(max_examples=round(times * default.max_examples))


def safetensors_bytes(tensors: Mapping[str, Stored], *, header_size: int = 0) -> bytes:
    """Return a safetensors file: the length of the header, the header, the numbers."""
    header, data = {}, b""
    for name, (dtype, shape, raw) in tensors.items():
        span = [len(data), len(data) + len(raw)]
        header[name] = {"dtype": dtype, "shape": list(shape), "data_offsets": span}
        data += raw
    text = json.dumps(header).encode().ljust(header_size)
    return len(text).to_bytes(8, "little") + text + data


def gguf_string(text: str | bytes, order: str = "<") -> bytes:
    raw = text.encode() if isinstance(text, str) else text
    return struct.pack(f"{order}Q", len(raw)) + raw


def gguf_key(key: str | bytes, kind: int, value: bytes, order: str = "<") -> bytes:
    """Return a key of the metadata of a GGUF file, its type and its value, which is packed."""
    return gguf_string(key, order) + struct.pack(f"{order}I", kind) + value


def gguf_entry(
    name: str | bytes, shape: Sequence[int], kind: int, offset: int, order: str = "<"
) -> bytes:
    """Return the entry of a tensor; its shape as numpy counts it."""
    sides = struct.pack(f"{order}I{len(shape)}Q", len(shape), *reversed(shape))
    return gguf_string(name, order) + sides + struct.pack(f"{order}IQ", kind, offset)


def gguf_bytes(
    tensors: Mapping[str, tuple[int, Sequence[int], bytes]],
    keys: Sequence[bytes] = (),
    *,
    order: str = "<",
    version: int = 3,
    alignment: int = 32,
) -> bytes:
    """Return a GGUF file: counts, metadata, entries, and the numbers, each of them padded."""
    entries, data = [], b""
    for name, (kind, shape, raw) in tensors.items():
        entries.append(gguf_entry(name, shape, kind, len(data), order))
        data += raw + bytes(-len(raw) % alignment)
    counts = struct.pack(f"{order}IQQ", version, len(entries), len(keys))
    head = b"".join([b"GGUF", counts, *keys, *entries])
    return head + bytes(-len(head) % alignment) + data


def write(path: Path, content: bytes | str) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def f32(*shape: int, seed: int = 0) -> npt.NDArray[np.float32]:
    return np.random.default_rng(seed).standard_normal(shape).astype("<f4")


def write_safetensors(path: Path, arrays: Mapping[str, npt.NDArray[np.float32]]) -> Path:
    return write(path, save({name: np.asarray(a, order="C") for name, a in arrays.items()}))


def write_index(folder: Path, weight_map: Mapping[str, str]) -> Path:
    text = json.dumps({"metadata": {}, "weight_map": dict(weight_map)})
    return write(folder / "model.safetensors.index.json", text)


def graph(
    nodes: Iterable[onnx.NodeProto] = (),
    initializers: Iterable[onnx.TensorProto] = (),
    *,
    name: str = "g",
    outputs: Iterable[str] = (),
) -> onnx.GraphProto:
    infos = [helper.make_tensor_value_info(o, TensorProto.FLOAT, None) for o in outputs]
    return helper.make_graph(list(nodes), name, [], infos, list(initializers))


def write_onnx(path: Path, made: onnx.GraphProto, **kwargs: Any) -> Path:
    return write(path, helper.make_model(made, **kwargs).SerializeToString())


def external(
    name: str, shape: Sequence[int], entries: Mapping[str, str], dtype: int = TensorProto.FLOAT
) -> onnx.TensorProto:
    """Return a tensor whose numbers are in another file."""
    tensor = TensorProto(name=name, dims=shape, data_type=dtype)
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in entries.items():
        tensor.external_data.add(key=key, value=value)
    return tensor


def varint(value: int) -> bytes:
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def head_of_bytes_field(number: int, length: int) -> bytes:
    """Return the tag and length that protobuf puts before a field of bytes."""
    return varint(number << 3 | 2) + varint(length)


def message_of(path: Path) -> str:
    """Open what is no model, and return the complaint."""
    with pytest.raises(spectra.errors.ModelError) as caught:
        open_model(path)
    return str(caught.value)


def names_and_values(model: Mapping[str, spectra.Tensor]) -> dict[str, Any]:
    return {name: tensor.read().tolist() for name, tensor in model.items()}


def copied(tensor: spectra.Tensor) -> spectra.Tensor:
    again: spectra.Tensor = pickle.loads(pickle.dumps(tensor))
    return again


def read_all_or_complain(path: Path) -> None:
    """Open a file and read every tensor; only the library's own errors may be raised."""
    try:
        model = open_model(path)
        spectra.layers(model)
    except spectra.SpectraError as error:
        assert len(str(error).splitlines()) == 1  # noqa: PT017
        return
    for tensor in model.values():
        try:
            assert tensor.read().shape == tensor.shape
        except spectra.SpectraError as error:
            assert len(str(error).splitlines()) == 1  # noqa: PT017


def damaged(content: bytes, *, spare: range = range(0)) -> st.SearchStrategy[bytes]:
    """Return files with a few bytes changed, put in or cut off, seldom in the range to spare."""
    places = st.sampled_from([i for i in range(len(content)) if i not in spare])
    change = st.tuples(st.just("change"), places, st.binary(min_size=1, max_size=1))
    insert = st.tuples(st.just("insert"), places, st.binary(min_size=1, max_size=4))
    delete = st.tuples(st.just("delete"), places, st.just(b""))
    cut = st.tuples(st.just("cut"), places, st.just(b""))
    edits = st.lists(change | insert | delete | cut, min_size=1, max_size=4)
    return edits.map(lambda some: _edited(content, some))


def _edited(content: bytes, edits: Iterable[tuple[str, int, bytes]]) -> bytes:
    out = content
    for what, place, new in edits:
        rest = {"change": out[place + 1 :], "insert": out[place:], "delete": out[place + 1 :]}
        out = out[:place] + new + rest.get(what, b"")
    return out


# Not getrusage: its ru_maxrss starts at the peak of the process that started this one.
_MEASURE = """
import sys
from spectra_io import open_model

def peak():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))

small, big = sys.argv[1:]
open_model(small)["w"].read().sum()
before = peak()
total = float(open_model(big)["w"].read().sum())
print(peak() - before, total)
"""


def memory_to_open(small: Path, big: Path) -> tuple[int, float]:
    """Return the bytes it takes to open a big model and read its tensor w, and the sum of that."""
    if not Path("/proc/self/status").exists():
        pytest.skip("needs /proc")
    command = [sys.executable, "-c", _MEASURE, str(small), str(big)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment())
    grown, total = done.stdout.split()
    return int(grown) * 1024, float(total)


def environment(**more: str) -> dict[str, str]:
    """Return what a child process needs to find the packages, and nothing that colours it."""
    unwanted = {"FORCE_COLOR", "NO_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE", "COLUMNS", "LINES"}
    kept = {key: value for key, value in os.environ.items() if key not in unwanted}
    path = os.pathsep.join([str(REPO), str(REPO / "io")])
    return {**kept, "PYTHONPATH": path, "MPLBACKEND": "agg", **more}
