"""Files larger than memory should be: opened by their structure, analysed a tensor at a time."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest

import spectra
from spectra.models.tensors import Tensor
from spectra_io import open_model
from spectra_io.storage import descriptors
from spectra_io.storage.files import LocalFile
from spectra_io.storage.memory import check_fits
from tests.builders import (
    environment,
    external,
    f32,
    gguf_bytes,
    graph,
    head_of_bytes_field,
    safetensors_bytes,
    write,
    write_onnx,
)

ROWS, COLUMNS, COUNT = 16_384, 1_024, 28  # 64 MiB each, 1.8 GB together

_MEASURE = """
import sys
import numpy as np
import spectra, spectra_io
from spectra import measures

def memory(key):
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith(key)) // 1024

spectra.analyze({"warm": np.eye(300)}, measures=measures.CORE)
model = spectra_io.open_model(sys.argv[1])
opened = memory("VmHWM")
before = memory("VmRSS")
some = {name: model[name] for name in list(model)[:8]}
ds = spectra.analyze(some)
print(len(model), opened, memory("VmHWM") - before, *set(spectra.labels(ds.status).values))
"""


def write_large(path: Path) -> Path:
    """Write products with weights of zeros inside the file, which take no room on the disk."""
    size = 4 * ROWS * COLUMNS
    graph, tensors = onnx.GraphProto(name="g"), []
    for i in range(COUNT):
        graph.node.append(onnx.helper.make_node("MatMul", [f"x{i}", f"w{i}"], [f"x{i + 1}"]))
        head = onnx.TensorProto(name=f"w{i}", dims=[ROWS, COLUMNS], data_type=1).SerializeToString()
        head += head_of_bytes_field(9, size)
        tensors.append(head_of_bytes_field(5, len(head) + size) + head)
    rest = graph.SerializeToString()
    length = len(rest) + sum(len(head) + size for head in tensors)
    with path.open("wb") as file:
        file.write(b"\x08\x08" + head_of_bytes_field(7, length) + rest)
        for head in tensors:
            file.write(head)
            file.seek(size, 1)
        file.truncate(file.tell())
    return path


@pytest.mark.slow
def test_an_onnx_file_of_two_gigabytes(tmp_path):
    if not sys.platform.startswith("linux"):
        pytest.skip("needs /proc")
    path = write_large(tmp_path / "large.onnx")
    assert path.stat().st_size > 1.8e9
    command = [sys.executable, "-c", _MEASURE, str(path)]
    threads = {"OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, env=environment(**threads)
    )
    count, opened, grown, status = done.stdout.split()
    assert int(count) == COUNT
    assert int(opened) < 200  # MB, Python and its libraries included
    assert int(grown) < 200  # one tensor of 64 MB at a time, and what its spectrum takes
    assert status == "all_zero"


TALL, WIDE = f32(900, 30), f32(30, 900)
PRODUCT = onnx.helper.make_node("MatMul", ["x", "w"], ["y"])


def saved(save, W):
    stream = io.BytesIO()
    save(stream, w=W)
    return stream.getvalue()


def one_safetensors(folder, W):
    return write(folder / "m.safetensors", safetensors_bytes({"w": ("F32", W.shape, W.tobytes())}))


def one_onnx(folder, W):
    return write_onnx(folder / "m.onnx", graph([PRODUCT], [onnx.numpy_helper.from_array(W, "w")]))


def one_external(folder, W):
    write(folder / "w.bin", b"head" + W.tobytes())
    proto = external("w", W.shape, {"location": "w.bin", "offset": "4"})
    return write_onnx(folder / "m.onnx", graph([PRODUCT], [proto]))


def one_npz(folder, W):
    return write(folder / "m.npz", saved(np.savez, W))


def one_compressed(folder, W):
    return write(folder / "m.npz", saved(np.savez_compressed, W))


def one_npy(folder, W):
    np.save(folder / "w.npy", W)
    return folder / "w.npy"


def one_gguf(folder, W):
    return write(folder / "m.gguf", gguf_bytes({"w": (0, W.shape, W.tobytes())}))


def one_gguf_of_blocks(folder, W):
    """Return a file of 8-bit blocks: a scale of 1, and 32 numbers."""
    scale, rng = np.float16(1).tobytes(), np.random.default_rng(0)
    rows = [scale + rng.bytes(32) for _ in range(len(W))]
    return write(folder / "m.gguf", gguf_bytes({"w": (8, (len(W), 32), b"".join(rows))}))


READ = {
    **{f"tall {make.__name__}": (make, TALL) for make in (
        one_safetensors, one_onnx, one_external, one_npz, one_compressed, one_npy, one_gguf,
        one_gguf_of_blocks,
    )},
    **{f"wide {make.__name__}": (make, WIDE) for make in (
        one_safetensors, one_onnx, one_external, one_npz, one_npy, one_gguf,
    )},
    "tall fortran": (one_npz, np.asfortranarray(TALL)),
    "wide fortran": (one_npz, np.asfortranarray(WIDE)),
    "wide fortran compressed": (one_compressed, np.asfortranarray(WIDE)),
    "tall fortran npy": (one_npy, np.asfortranarray(TALL)),
}  # fmt: skip


@pytest.mark.parametrize("kind", READ)
def test_a_matrix_is_read_in_parts(tmp_path, monkeypatch, kind):
    """The eigenvalues are those of the whole, to the bit."""
    make, W = READ[kind]
    model = open_model(make(tmp_path, W))
    held = spectra.from_arrays({"w": model["w"].read()})
    expected = spectra.analyze(spectra.layers(model))
    np.testing.assert_array_equal(
        expected.eigenvalue.values, spectra.analyze(held).eigenvalue.values
    )
    for name in ("spectra._spectral.BLOCK", "spectra.linalg._tall.BLOCK"):
        monkeypatch.setattr(name, 1000)
    sizes = []

    def noted(descriptor, spans, size):
        sizes.append(size)
        return descriptors.filled(descriptor, spans, size)

    monkeypatch.setattr("spectra_io.storage.files.filled", noted)
    monkeypatch.setattr(Tensor, "read", None)
    found = spectra.analyze(spectra.layers(model), measures=spectra.measures.size)
    np.testing.assert_allclose(found.eigenvalue, expected.eigenvalue, rtol=1e-5)
    if "compressed" not in kind and "npz" not in kind and "fortran" not in kind:
        assert max(sizes) <= 4000
        assert sum(sizes) >= 2 * 900 * 34  # twice: for the largest element, and for the Gram matrix


def test_the_fingerprint_does_not_depend_on_the_parts(tmp_path, monkeypatch):
    makers = (one_safetensors, one_npz, one_compressed)
    expected = spectra.from_arrays({"w": TALL}).fingerprint
    for block in (1 << 26, 1000):
        monkeypatch.setattr("spectra.models.model._BLOCK", block)
        for make in makers:
            assert open_model(make(tmp_path, TALL)).fingerprint == expected
        for make in makers[1:]:
            assert open_model(make(tmp_path, np.asfortranarray(TALL))).fingerprint == expected


_CUT = """
import sys, os
import numpy as np
import spectra, spectra_io

def memory(key):
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith(key)) // 1024

spectra.analyze({"warm": np.eye(300)})
before = memory("VmHWM")
ds = spectra.analyze(spectra.layers(spectra_io.open_model(sys.argv[1])))
print(memory("VmHWM") - before, *set(spectra.labels(ds.status).values))
"""


@pytest.mark.slow
@pytest.mark.parametrize("shape", [(1 << 20, 512), (512, 1 << 20)], ids=["tall", "wide"])
def test_a_matrix_of_two_gigabytes_that_takes_no_room_on_the_disk(tmp_path, shape):
    if not sys.platform.startswith("linux"):
        pytest.skip("needs /proc")
    path = holes(tmp_path / "m.safetensors", shape)
    done = subprocess.run(
        [sys.executable, "-c", _CUT, str(path)],
        capture_output=True, text=True, check=True, env=environment(OPENBLAS_NUM_THREADS="1"),
    )  # fmt: skip
    grown, status = done.stdout.split()
    assert int(grown) < 150
    assert status == "all_zero"


def holes(path, shape, name="w"):
    """Write a safetensors file of zeros that takes no room on the disk."""
    size = 4 * int(np.prod(shape, dtype=object))
    entry = {name: {"dtype": "F32", "shape": shape, "data_offsets": [0, size]}}
    header = json.dumps(entry).encode()
    with path.open("wb") as file:
        file.write(len(header).to_bytes(8, "little") + header)
        try:
            file.truncate(8 + len(header) + size)
        except OSError:
            pytest.skip("the file system has a limit")
    return path


@pytest.mark.skipif(not hasattr(os, "sysconf"), reason="the system does not say")
def test_kernels_larger_than_the_memory_are_rows_with_a_reason(tmp_path):
    """They cannot be read in parts; a file may state any size and take no room."""
    path = holes(tmp_path / "m.safetensors", [1 << 13, 1 << 13, 64, 64], "conv.weight")
    ds = spectra.analyze(spectra.layers(open_model(path)))
    (reason,) = ds.status_reason.values.tolist()
    assert "m.safetensors: 1048576 MB at a time, more than half of the memory" in reason


def test_compressed_arrays_larger_than_the_memory_are_rows_with_a_reason(tmp_path, monkeypatch):
    path = one_compressed(tmp_path, WIDE)
    monkeypatch.setattr("spectra_io.storage.memory._most", lambda: 100_000)
    ds = spectra.analyze(open_model(path))
    (reason,) = ds.status_reason.values.tolist()
    assert "m.npz: 0 MB at a time, more than half of the memory of this machine" in reason


def test_a_system_that_does_not_say_its_memory(monkeypatch):
    monkeypatch.setattr("spectra_io.storage.memory._most", lambda: None)
    check_fits(LocalFile(Path("m")), 1 << 80)
