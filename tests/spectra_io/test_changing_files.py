"""Files that change or end while a model is analysed: rows with a reason, and no result lost."""

import io
import os
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import onnx
import pytest

import spectra
from spectra_io import open_model
from tests.builders import (
    environment,
    external,
    f32,
    gguf_bytes,
    graph,
    safetensors_bytes,
    write,
    write_index,
    write_onnx,
)

NAMES = [f"layers.{i}.weight" for i in range(4)]
ARRAYS = {name: f32(200, 100, seed=i) for i, name in enumerate(NAMES)}


def one_safetensors(folder):
    stored = {name: ("F32", W.shape, W.tobytes()) for name, W in ARRAYS.items()}
    path = write(folder / "m.safetensors", safetensors_bytes(stored))
    return path, path


def shards(folder):
    """Return an index of two shards, of which the second changes."""
    for number, names in (("1", NAMES[:2]), ("2", NAMES[2:])):
        stored = {name: ("F32", (200, 100), ARRAYS[name].tobytes()) for name in names}
        write(folder / f"s{number}.safetensors", safetensors_bytes(stored))
    places = {name: f"s{1 + i // 2}.safetensors" for i, name in enumerate(NAMES)}
    return write_index(folder, places), folder / "s2.safetensors"


def products(tensors):
    nodes = [
        onnx.helper.make_node("MatMul", [f"x{t.name}", t.name], [f"y{t.name}"]) for t in tensors
    ]
    return graph(nodes, tensors)


def one_onnx(folder):
    tensors = [onnx.numpy_helper.from_array(W, name) for name, W in ARRAYS.items()]
    path = write_onnx(folder / "m.onnx", products(tensors))
    return path, path


def varints(folder):
    """Return an ONNX file of bfloat16 numbers, one varint each."""
    tensors = [
        onnx.helper.make_tensor(name, onnx.TensorProto.BFLOAT16, W.shape, W.ravel().tolist())
        for name, W in ARRAYS.items()
    ]
    path = write_onnx(folder / "m.onnx", products(tensors))
    return path, path


def one_external(folder):
    tensors = []
    for i, name in enumerate(NAMES):
        place = {"location": "w.bin", "offset": str(80_000 * i)}
        tensors.append(external(name, (200, 100), place))
    write(folder / "w.bin", b"".join(W.tobytes() for W in ARRAYS.values()))
    return write_onnx(folder / "m.onnx", products(tensors)), folder / "w.bin"


def saved(save, arrays):
    stream = io.BytesIO()
    save(stream, **arrays)
    return stream.getvalue()


def one_npz(folder):
    path = write(folder / "m.npz", saved(np.savez, ARRAYS))
    return path, path


def fortran(folder):
    arrays = {name: np.asfortranarray(W) for name, W in ARRAYS.items()}
    path = write(folder / "m.npz", saved(np.savez, arrays))
    return path, path


def one_compressed(folder):
    path = write(folder / "m.npz", saved(np.savez_compressed, ARRAYS))
    return path, path


def one_npy(folder):
    np.save(folder / "w.npy", f32(200, 100))
    return folder / "w.npy", folder / "w.npy"


def one_gguf(folder):
    stored = {
        f"blk.{i}.ffn_up.weight": (0, (200, 100), W.tobytes())
        for i, W in enumerate(ARRAYS.values())
    }
    path = write(folder / "m.gguf", gguf_bytes(stored))
    return path, path


def blocks(folder):
    """Return a GGUF file of 8-bit blocks."""
    raw = b"".join(np.float16(1).tobytes() + bytes(range(i % 9, i % 9 + 32)) for i in range(200))
    stored = {f"blk.{i}.ffn_up.weight": (8, (200, 32), raw) for i in range(4)}
    path = write(folder / "m.gguf", gguf_bytes(stored))
    return path, path


FORMATS = [
    *(one_safetensors, shards, one_onnx, varints, one_external, one_npz, fortran),
    *(one_compressed, one_npy, one_gguf, blocks),
]


def truncated(path):
    os.truncate(path, path.stat().st_size - 100)


def emptied(path):
    os.truncate(path, 0)


def replaced(path):
    """Put other numbers of the same length into its place."""
    other = write(path.with_name("other"), path.read_bytes()[::-1])
    other.replace(path)


def removed(path):
    path.unlink()


CHANGES = [truncated, emptied, replaced, removed]


def reasons(ds):
    return dict(zip(ds.layer.values.tolist(), ds.status_reason.values.tolist(), strict=True))


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("make", FORMATS)
def test_a_change_between_opening_and_reading(tmp_path, make, change):
    path, changing = make(tmp_path)
    model = open_model(path)
    layers = spectra.layers(model)
    names = [layer.name for layer in layers if layer.taken]
    spared = names[:2] if make is shards else []
    change(changing)
    ds = spectra.analyze(layers)
    assert list(reasons(ds)) == names
    for name, reason in reasons(ds).items():
        if name in spared:
            assert reason == ""
        else:
            assert reason.startswith("not read: ")
            assert changing.name in reason
            how = "no such file: it was removed or moved" if change is removed else "has changed"
            assert f"{how} since the model was opened" in reason
            assert "Errno" not in reason
    statuses = spectra.labels(ds.status).values.tolist()
    assert statuses == ["computed"] * len(spared) + ["not_read"] * (len(names) - len(spared))


class Meanwhile:
    """An executor that changes a file after two layers."""

    def __init__(self, change):
        self.change = change

    def map(self, work, layers):
        """Return the results."""
        found = []
        for i, layer in enumerate(layers):
            if i == 2:
                self.change()
            found.append(work(layer))
        return found


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("make", [make for make in FORMATS if make is not one_npy])
def test_a_change_in_the_middle_of_a_run(tmp_path, make, change):
    path, changing = make(tmp_path)
    model = open_model(path)
    expected = spectra.analyze(spectra.layers(model))
    ds = spectra.analyze(model, executor=Meanwhile(lambda: change(changing)))
    assert spectra.labels(ds.status).values.tolist() == 2 * ["computed"] + 2 * ["not_read"]
    np.testing.assert_array_equal(ds.eigenvalue[:2], expected.eigenvalue[:2])
    assert np.isnan(ds.eigenvalue[2:]).all()
    assert len(ds.attrs["model_fingerprint"]) == 32  # what cannot be read counts as that


@pytest.mark.slow
def test_a_file_that_is_cut_before_other_processes_read_it(tmp_path):
    path, changing = shards(tmp_path)
    layers = spectra.layers(open_model(path))
    truncated(changing)
    with ProcessPoolExecutor(2) as pool:
        ds = spectra.analyze(layers, executor=pool)
    assert spectra.labels(ds.status).values.tolist() == 2 * ["computed"] + 2 * ["not_read"]


_RACE = """
import os, sys, threading
import spectra, spectra_io
path, size = sys.argv[1], os.path.getsize(sys.argv[1])
model = spectra_io.open_model(path)
layers = spectra.layers(model)
stop = threading.Event()

def disturb():
    while not stop.is_set():
        os.truncate(path, 1000)
        os.truncate(path, size)

thread = threading.Thread(target=disturb)
thread.start()
statuses = [s for _ in range(20) for s in spectra.labels(spectra.analyze(layers).status).values]
stop.set()
thread.join()
print(*sorted(set(statuses)))
"""


@pytest.mark.slow
@pytest.mark.parametrize("make", [one_safetensors, one_onnx, one_npz, one_compressed, blocks])
def test_a_file_that_is_cut_again_and_again(tmp_path, make):
    """A mapped file would end the process here, with a signal."""
    path, _ = make(tmp_path)
    done = subprocess.run(
        [sys.executable, "-c", _RACE, str(path)], capture_output=True, text=True, env=environment()
    )
    assert done.returncode == 0, (done.returncode, done.stderr)
    assert done.stdout.split() in (["not_read"], ["computed", "not_read"])


@pytest.mark.slow
def test_a_file_that_is_cut_while_it_is_opened(tmp_path):
    """Whatever is found: one of our errors, and no signal."""
    code = """
import os, sys, threading
import spectra, spectra_io
stop, seen = threading.Event(), set()
path, content = sys.argv[1], open(sys.argv[1], "rb").read()

def disturb():
    while not stop.is_set():
        for size in (0, 4, 9, 200, len(content) // 2, len(content) - 1):
            os.truncate(path, size)
            with open(path, "r+b") as file:
                file.write(content)

thread = threading.Thread(target=disturb)
thread.start()
for _ in range(150):
    try:
        for tensor in spectra_io.open_model(path).values():
            tensor.read()
        seen.add("opened")
    except spectra.SpectraError as error:
        assert len(str(error).splitlines()) == 1
        seen.add("refused")
stop.set()
thread.join()
print(*seen)
"""
    for make in (one_safetensors, one_onnx, one_npz, one_compressed, one_gguf, one_npy):
        path, _ = make(tmp_path)
        done = subprocess.run(
            [sys.executable, "-c", code, str(path)], capture_output=True, text=True,
            env=environment(),
        )  # fmt: skip
        assert done.returncode == 0, (make, done.returncode, done.stderr)
        assert "refused" in done.stdout
        Path(path).unlink()
