"""
Models are opened with their name, format and configuration; other files are refused.

Every message is one line with the path, the content found and the content expected.
"""

import io
import os
import pickle
import sys
import zipfile
from pathlib import Path

import fsspec
import numpy as np
import pytest
from onnx import helper, numpy_helper

import spectra
from spectra.errors import ModelFormatError, ModelNotFoundError, unknown_name
from spectra_io import open_model, save
from spectra_io.models import open_file
from spectra_io.storage.files import LocalFile
from tests.builders import (
    copied,
    external,
    f32,
    gguf_bytes,
    graph,
    message_of,
    safetensors_bytes,
    write,
    write_index,
    write_onnx,
    write_safetensors,
)

EXPECTED = (
    "expected a .safetensors, .onnx, .gguf, .npz or .npy file, a .safetensors.index.json, or a "
    "folder of these (.npy excepted)"
)
NAMES = ["model.safetensors", "model.onnx", "model.bin", "model"]
LFS = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1234\n"
TEXT = "#!/bin/sh\n# Größe: 3 Dateien\necho fetch the weights first\n" * 20


def zip_bytes():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("archive/data.pkl", bytes(100))
    return file.getvalue()


OTHERS = {
    "empty": (lambda: b"", "an empty file"),
    "text": (TEXT.encode, "text"),
    "web page": (b"<!DOCTYPE html><html>404</html>".strip, "text"),
    "Git LFS": (LFS.encode, "a Git LFS pointer, not the file itself; `git lfs pull` fetches it"),
    "zip": (zip_bytes, "a zip archive (a PyTorch checkpoint"),
    "HDF5": (lambda: b"\x89HDF\r\n\x1a\n" + bytes(100), "an HDF5 file (a Keras model?)"),
    "pickle": (lambda: pickle.dumps({"w": f32(30, 30)}, protocol=4), "a Python pickle"),
    "old pickle": (lambda: pickle.dumps({"w": list(range(99))}, protocol=2), "a Python pickle"),
}


def not_found(path):
    """Open what is not there, and return the complaint, which must be one line."""
    with pytest.raises(ModelNotFoundError) as caught:
        open_model(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert message.isprintable()
    return message


def refused(path):
    """Open what is not a model, and return the complaint, which must be one line."""
    with pytest.raises(ModelFormatError) as caught:
        open_model(path)
    message = str(caught.value)
    assert str(path) in message
    assert message.isprintable()
    return message


@pytest.mark.parametrize("ending", ["nc", "csv", "json"])
def test_results_of_this_program_are_told_from_models(tmp_path, ending):
    path = tmp_path / f"run.{ending}"
    save(spectra.analyze({"fc": f32(30, 20)}), path)
    message = refused(path)
    assert "found results of spectra, not a model; spectra_io.load reads .nc and .csv" in message
    assert "Keras" not in message


def test_a_missing_file(tmp_path):
    message = not_found(tmp_path / "gone.onnx")
    assert message.endswith(f": no such file or folder; {EXPECTED}")


def test_a_missing_index(tmp_path):
    message = not_found(tmp_path / "model.safetensors.index.json")
    assert message.endswith(f": no such file or folder; {EXPECTED}")


def test_a_link_to_nothing(tmp_path):
    (tmp_path / "m.onnx").symlink_to("gone.onnx")
    assert "no such file" in not_found(tmp_path / "m.onnx")


@pytest.mark.parametrize("name", ["a" * 300, "nul\0", "\ud800"], ids=["long", "nul", "surrogate"])
def test_a_path_that_cannot_be(tmp_path, name):
    with pytest.raises(ModelNotFoundError, match="no such file or folder"):
        open_model(tmp_path / name)


def test_an_empty_folder(tmp_path):
    message = not_found(tmp_path)
    assert message.endswith(f": no weights in this folder, found nothing; {EXPECTED}")


def test_a_folder_without_weights(tmp_path):
    for i in range(7):
        write(tmp_path / f"notes{i}.txt", "words")
    message = not_found(tmp_path)
    found = "notes0.txt, notes1.txt, notes2.txt, notes3.txt, notes4.txt and 2 more"
    assert message.endswith(f": no weights in this folder, found {found}; {EXPECTED}")


def test_a_folder_of_pickles_says_what_to_do(tmp_path):
    write(tmp_path / "pytorch_model.bin", "words")
    message = not_found(tmp_path)
    assert "pickles are never opened, save the weights as safetensors" in message


def test_a_folder_of_folders(tmp_path):
    (tmp_path / "onnx").mkdir()
    assert "no weights in this folder, found onnx; " in not_found(tmp_path)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere it may block, or not exist")
def test_a_pipe_is_not_read(tmp_path):
    os.mkfifo(tmp_path / "m.onnx")
    pipe = os.open(tmp_path / "m.onnx", os.O_RDWR)
    try:
        os.write(pipe, bytes(10_000))  # who reads it nevertheless does not wait for ever
        assert "found a device or a pipe" in refused(tmp_path / "m.onnx")
        assert "no weights in this folder" in not_found(tmp_path)
    finally:
        os.close(pipe)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such names")
def test_a_folder_of_hostile_names(tmp_path):
    write(tmp_path / "a\nb\x1b[31m", "words")
    not_found(tmp_path)


def test_two_onnx_files_in_a_folder(tmp_path):
    for name in ("b.onnx", "a.onnx"):
        write_onnx(tmp_path / name, graph())
    message = refused(tmp_path)
    assert message.endswith(": found more than one ONNX file (a.onnx, b.onnx); name one of them")


def test_a_folder_called_like_a_file(tmp_path):
    folder = tmp_path / "x.onnx"
    folder.mkdir()
    assert "no weights in this folder" in not_found(folder)


@pytest.mark.parametrize("name", ["x.onnx", "x.safetensors", "model.safetensors.index.json"])
@pytest.mark.parametrize("copies", [1, 2])
def test_folders_called_like_files_in_a_folder(tmp_path, name, copies):
    for i in range(copies):
        (tmp_path / f"{i}{name}").mkdir()
    assert str(tmp_path) in message_of(tmp_path)


def test_a_folder_called_like_a_shard(tmp_path):
    (tmp_path / "a.safetensors").mkdir()
    write_index(tmp_path, {"w": "a.safetensors"})
    assert "a.safetensors: no such file" in message_of(tmp_path)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", OTHERS)
def test_files_of_other_kinds(tmp_path, kind, name):
    make, what = OTHERS[kind]
    message = refused(write(tmp_path / name, make()))
    assert message.startswith(f"{tmp_path / name}: found {what}")
    assert message.endswith(EXPECTED)


@pytest.mark.parametrize("name", ["model.safetensors", "model.onnx", "model.npz"])
def test_a_gguf_file_called_otherwise(tmp_path, name):
    message = refused(write(tmp_path / name, gguf_bytes({})))
    assert "found a GGUF file; give it a name that ends in .gguf; expected" in message


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("byte", [b"\x00", b"\xff", b"\x0a", b"\x07"])
def test_files_of_one_byte_over_and_over(tmp_path, name, byte):
    refused(write(tmp_path / name, byte * 1000))


def test_an_index_called_otherwise(tmp_path):
    path = write_index(tmp_path, {"w": "a.safetensors"}).rename(tmp_path / "index.json")
    assert "found text" in refused(path)


def safetensors_file():
    return safetensors_bytes({"w": ("F32", (3, 4), f32(3, 4).tobytes())})


@pytest.mark.parametrize("name", ["model.safetensors", "model.bin"])
def test_a_safetensors_file_cut_off_anywhere(tmp_path, name):
    whole = safetensors_file()
    for size in range(1, len(whole)):
        refused(write(tmp_path / name, whole[:size]))


@pytest.mark.parametrize("lost", [1, 40, 60])
def test_a_truncated_safetensors_file_is_called_so(tmp_path, lost):
    whole = safetensors_file()
    message = refused(write(tmp_path / "m.safetensors", whole[:-lost]))
    assert "truncated" in message
    assert f"{len(whole) - lost} bytes" in message


def test_a_safetensors_file_too_long(tmp_path):
    assert "overlong" in refused(write(tmp_path / "m.safetensors", safetensors_file() + b"?"))


@pytest.mark.parametrize(
    "header",
    ["[]", "nothing", '{"w": 3}', '{"w": {"dtype": "F32", "shape": [2], "data_offsets": [0, 4]}}',
     '{"w": {"dtype": "F32", "shape": [-1], "data_offsets": [0, 4]}}',
     '{"w": {"dtype": "Q9", "shape": [1], "data_offsets": [0, 4]}}',
     '{"w": {"dtype": "F32", "shape": [1], "data_offsets": [4, 8]}}',
     '{"w": {"dtype": "F32", "shape": [9007199254740993, 9007199254740993, 9007199254740993], '
     '"data_offsets": [0, 4]}}'],
    ids=range(8),
)  # fmt: skip
def test_safetensors_headers_that_lie(tmp_path, header):
    content = len(header).to_bytes(8, "little") + header.encode() + bytes(4)
    refused(write(tmp_path / "m.safetensors", content))


def test_a_safetensors_header_of_many_gigabytes(tmp_path):
    path = tmp_path / "m.safetensors"
    write(path, (1 << 40).to_bytes(8, "little") + b"{")
    with path.open("r+b") as file:
        file.truncate(1 << 41)
    refused(path)


@pytest.mark.parametrize("side", [3, 30])
def test_an_onnx_file_cut_off_anywhere(tmp_path, side):
    made = graph([], [numpy_helper.from_array(f32(side, side), "w")])
    path = write_onnx(tmp_path / "m.onnx", made)
    whole = path.read_bytes()
    end = whole.index(made.SerializeToString()) + len(made.SerializeToString())
    for size in [*range(1, min(end, 100)), *range(100, end, 97), *range(max(1, end - 50), end)]:
        refused(write(path, whole[:size]))


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_truncated_onnx_file_is_called_so(tmp_path, share):
    path = write_onnx(tmp_path / "m.onnx", graph([], [numpy_helper.from_array(f32(30, 30), "w")]))
    whole = path.read_bytes()
    message = refused(write(path, whole[: int(share * len(whole))]))
    assert f"not an ONNX file, or a truncated one ({int(share * len(whole))} bytes)" in message


def test_a_shard_that_is_an_lfs_pointer_is_called_so(tmp_path):
    write(tmp_path / "a.safetensors", LFS)
    write_index(tmp_path, {"w": "a.safetensors"})
    assert "Git LFS" in message_of(tmp_path)


def test_external_data_that_is_an_lfs_pointer_is_refused(tmp_path):
    write(tmp_path / "w.bin", LFS)
    proto = external("w", (30, 30), {"location": "w.bin"})
    message = message_of(write_onnx(tmp_path / "m.onnx", graph([], [proto])))
    assert "w.bin: found a Git LFS pointer" in message
    assert "m.onnx: tensor 'w' refers to it" in message


@pytest.mark.parametrize("error", [ModelFormatError, ModelNotFoundError])
def test_errors_are_what_callers_of_open_expect(tmp_path, error):
    builtin = {ModelFormatError: ValueError, ModelNotFoundError: FileNotFoundError}[error]
    path = write(tmp_path / "m.onnx", "text") if error is ModelFormatError else tmp_path / "gone"
    with pytest.raises(builtin) as caught:
        open_model(path)
    assert isinstance(caught.value, (spectra.errors.ModelError, OSError))
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


def test_errors_come_back_from_another_process():
    error = unknown_name("fc3", ["fc1", "fc2"], what="layer")
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


@pytest.mark.parametrize("not_a_path", [3, None, b"model.onnx", ["model.onnx"]])
def test_what_is_not_a_path(not_a_path):
    with pytest.raises(TypeError):
        open_model(not_a_path)


def test_nothing_is_written(tmp_path):
    write_safetensors(tmp_path / "m.safetensors", {"w": f32(2, 2)})
    before = sorted(p.name for p in tmp_path.rglob("*"))
    for tensor in open_model(tmp_path).values():
        copied(tensor).read()
    assert sorted(p.name for p in tmp_path.rglob("*")) == before


def npz_bytes():
    stream = io.BytesIO()
    np.savez(stream, w=f32(3, 4))
    return stream.getvalue()


def npy_bytes():
    stream = io.BytesIO()
    np.save(stream, f32(3, 4))
    return stream.getvalue()


def onnx_bytes():
    made = graph([], [numpy_helper.from_array(f32(3, 4), "w")])
    return helper.make_model(made).SerializeToString()


def gguf_file():
    return gguf_bytes({"w": (0, (3, 4), f32(3, 4).tobytes())})


FORMATS = {
    "safetensors": safetensors_file,
    "onnx": onnx_bytes,
    "gguf": gguf_file,
    "npz": npz_bytes,
    "npy": npy_bytes,
}
CONFIG = '{"hidden_size": 3}'
NOTHING: dict[str, object] = {"gguf": {}}  # metadata of a GGUF file, beside which no file is read


@pytest.mark.parametrize("format_", FORMATS)
@pytest.mark.parametrize("named", [True, False], ids=["by its name", "by its content"])
def test_a_file_gives_name_format_and_configuration(tmp_path, format_, named):
    name = f"w.{format_}" if named else "w"
    path = write(tmp_path / name, FORMATS[format_]())
    write(tmp_path / "config.json", CONFIG)
    for model in (open_model(path), open_file(LocalFile(path))):
        assert repr(model) == f"<Model {name!r} {format_}, 1 tensor>"
        assert model.config == (NOTHING if format_ == "gguf" else {"hidden_size": 3})
        assert model.fingerprint == spectra.from_arrays({"w": f32(3, 4)}).fingerprint


@pytest.mark.parametrize("format_", ["safetensors", "onnx", "gguf", "npz"])
def test_a_folder_gives_its_name(tmp_path, monkeypatch, format_):
    folder = tmp_path / "net"
    (folder / "inner").mkdir(parents=True)
    write(folder / f"w.{format_}", FORMATS[format_]())
    monkeypatch.chdir(folder)
    for path in (folder, f"{folder}/", ".", Path(), "../net", "inner/.."):
        model = open_model(path)
        assert (model.name, model.format) == ("net", format_)
        assert model.config == (NOTHING if format_ == "gguf" else {})


def test_shards_give_the_name_of_the_folder_or_of_the_index(tmp_path):
    folder = tmp_path / "net"
    folder.mkdir()
    for name in "ab":
        write_safetensors(folder / f"{name}.safetensors", {name: f32(2, 2)})
    shards = open_model(folder)
    assert (shards.name, shards.format, list(shards)) == ("net", "safetensors", ["a", "b"])
    index = write_index(folder, {"a": "a.safetensors", "b": "b.safetensors"})
    assert (open_model(folder).name, open_model(index).name) == ("net", index.name)
    assert open_model(index).format == "safetensors"
    assert shards.fingerprint == open_model(index).fingerprint == open_model(folder).fingerprint


def test_arrays_are_a_model_without_a_name():
    assert repr(open_model({"w": f32(2, 2)})) == "<Model '' arrays, 1 tensor>"
    model = spectra.from_arrays({"w": f32(2, 2)})
    assert open_model(model) is model


URLS = {
    "memory://site/net/model.safetensors": "model.safetensors",
    "memory://site/net/model.safetensors?token=secret": "model.safetensors",
    "memory://site/net": "net",
    "memory://site/net/": "net",
    "memory://site": "site",
}


@pytest.mark.parametrize("url", URLS)
def test_a_url_gives_its_last_part_and_no_fingerprint(url):
    memory = fsspec.filesystem("memory")
    for folder in ("/site", "/site/net"):
        for name in ("model.safetensors", "model.safetensors?token=secret"):
            memory.pipe_file(f"{folder}/{name}", safetensors_file())
        memory.pipe_file(f"{folder}/config.json", CONFIG.encode())
    model = open_model(url)
    assert repr(model) == f"<Model {URLS[url]!r} safetensors, 1 tensor>"
    assert (model.local, model.fingerprint) == (False, "")


class Recorded:
    """A file on a disk that records which bytes are read."""

    def __init__(self, path, reads):
        self.file, self.reads = LocalFile(path), reads
        self.name, self.size, self.opened = self.file.name, self.file.size, self.file.opened
        self.beside = self.file.beside

    def read(self, start, stop, /):
        self.reads.append((start, stop))
        return self.file.read(start, stop)


@pytest.mark.parametrize("format_", FORMATS)
def test_the_first_bytes_are_looked_at_once(tmp_path, format_):
    looked = {}
    for name in (f"w.{format_}", "w"):
        reads: list[tuple[int, int]] = []
        open_file(Recorded(write(tmp_path / name, FORMATS[format_]()), reads))
        looked[name] = reads.count((0, 9))
    assert looked == {f"w.{format_}": 0, "w": 1}
