"""Models at a URL: a server on this machine that counts what it is asked for."""

import json
import pickle
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context

import fsspec
import numpy as np
import onnx
import pytest

import spectra
from spectra.errors import ArgumentError, ModelError, ModelFormatError, ModelNotFoundError
from spectra_io import open_model
from spectra_io.storage.byte_ranges import ByteRange
from spectra_io.storage.remote import file_at
from tests.builders import (
    copied,
    external,
    f32,
    graph,
    write,
    write_index,
    write_onnx,
    write_safetensors,
)
from tests.servers import serving


@pytest.fixture
def server(tmp_path):
    with serving(tmp_path) as made:
        yield made


def big_shard(path, names, side):
    """Write a shard of float32 matrices of zeros that takes no room on the disk."""
    length = 4 * side * side
    header = {
        name: {
            "dtype": "F32",
            "shape": [side, side],
            "data_offsets": [i * length, (i + 1) * length],
        }
        for i, name in enumerate(names)
    }
    text = json.dumps(header).encode()
    with path.open("wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        file.truncate(8 + len(text) + length * len(names))


def test_two_layers_of_a_gigabyte_cost_two_layers(server):
    side = 512  # one megabyte a layer
    places: dict[str, str] = {}
    for shard in range(8):
        names = [f"layers.{i}.weight" for i in range(shard * 128, (shard + 1) * 128)]
        big_shard(server.folder / f"model-{shard}.safetensors", names, side)
        places |= dict.fromkeys(names, f"model-{shard}.safetensors")
    write_index(server.folder, places)
    write(server.folder / "config.json", "{}")
    assert sum(p.stat().st_size for p in server.folder.iterdir()) > 1 << 30
    model = open_model(f"{server.url}/model.safetensors.index.json")
    wanted = {name: model[name] for name in ("layers.3.weight", "layers.700.weight")}
    ds = spectra.analyze(wanted)
    assert spectra.labels(ds.status).values.tolist() == ["all_zero"] * 2
    assert 2 * 4 * side * side < server.sent < 2 * 4 * side * side + (1 << 20)
    assert server.requests < 50


@pytest.mark.parametrize("where", ["", "/", "/model.safetensors"])
def test_the_same_numbers_as_from_the_disk(server, where):
    write_safetensors(server.folder / "model.safetensors", {"fc.weight": f32(30, 20)})
    tensor = copied(open_model(f"{server.url}{where}")["fc.weight"])
    np.testing.assert_array_equal(tensor.read(), f32(30, 20))


def test_an_onnx_file_is_walked_not_fetched(server):
    big = onnx.numpy_helper.from_array(np.zeros((3000, 3000), np.float32), "big")
    small = onnx.numpy_helper.from_array(f32(40, 30), "w")
    node = onnx.helper.make_node
    nodes = [node("MatMul", ["x", "big"], ["y"]), node("MatMul", ["y", "w"], ["z"])]
    write_onnx(server.folder / "model.onnx", graph(nodes, [big, small]))
    model = open_model(f"{server.url}/model.onnx")
    np.testing.assert_array_equal(model["w"].read(), f32(40, 30))
    assert server.sent < 1 << 20


def test_external_data_beside_it(server):
    W = f32(40, 30)
    write(server.folder / "w.bin", W.tobytes())
    tensor = external("w", W.shape, {"location": "w.bin"})
    write_onnx(server.folder / "model.onnx", graph([], [tensor]))
    np.testing.assert_array_equal(open_model(f"{server.url}/model.onnx")["w"].read(), W)


def test_part_of_an_expert_stack_is_fetched_alone(server):
    stack = f32(16, 64, 64)
    write_safetensors(server.folder / "model.safetensors", {"m.experts.w": stack})
    layers = spectra.layers(open_model(f"{server.url}/model.safetensors"))
    before = server.sent
    np.testing.assert_array_equal(layers[5].matrices()[0], stack[5])
    assert server.sent - before == stack[5].nbytes


@pytest.mark.parametrize("where", ["/gone.safetensors", "/empty"])
def test_what_is_not_there(server, where):
    with pytest.raises(ModelNotFoundError):
        open_model(f"{server.url}{where}")


def test_a_folder_that_is_forbidden(server):
    write_safetensors(server.folder / "model.safetensors", {"w": f32(4, 4)})
    server.lie = lambda handler, asked, content: handler.whole(403, b"")
    with pytest.raises(ModelNotFoundError, match="403 Forbidden"):
        open_model(server.url)


def test_a_store_that_forbids_what_is_not_there(server):
    write_safetensors(server.folder / "model.safetensors", {"w": f32(4, 4)})
    write(server.folder / "model.safetensors.index.json", "")
    server.lie = lambda handler, asked, content: handler.whole(403, b"")
    server.only = lambda asked: "index" in asked.path
    assert list(open_model(server.url)) == ["w"]


def test_a_server_that_is_not_there():
    with pytest.raises(ModelError, match=r"127\.0\.0\.1"):
        open_model("http://127.0.0.1:9/model.safetensors")


ELSEWHERE = [
    "../x",
    "/x",
    "http://other/x",
    "a/../../x",
    "%2e%2e/x",
    "x?y",
    "x#y",
    "..\\x",
    "",
    "//o/x",
]


@pytest.mark.parametrize("location", ELSEWHERE)
def test_an_index_leads_nowhere_else(server, location):
    write_index(server.folder, {"w": location})
    with pytest.raises(ModelFormatError, match="outside the model's folder"):
        open_model(f"{server.url}/model.safetensors.index.json")
    assert server.requests <= 3


LOCAL = ["file:///etc/passwd", "git:///tmp/x.npz", "dir:///tmp/x.npz", "generic:///tmp/x.npz"]
CHAINS = ["zip::http://x/y.npz", "simplecache::memory://x/y.npz", "memory://x.npz::file:///etc/y"]


@pytest.mark.parametrize("url", [*LOCAL, *CHAINS, "nowhere://x/y.npz", "http:/x/y.npz", "http://"])
def test_urls_that_are_not_followed(url):
    with pytest.raises(ArgumentError) as caught:
        open_model(url)
    assert len(str(caught.value).splitlines()) == 1


def test_any_protocol_that_fsspec_knows():
    memory = fsspec.filesystem("memory")
    np.savez(memory.open("/m/model.npz", "wb"), w=f32(3, 2))
    np.testing.assert_array_equal(open_model("memory://m/model.npz")["w"].read(), f32(3, 2))


def test_web_servers_need_no_package(server, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "fsspec", None)
    write_safetensors(server.folder / "model.safetensors", {"w": f32(3, 2)})
    assert list(open_model(server.url)) == ["w"]
    with pytest.raises(ArgumentError, match="weightspectra\\[remote\\]"):
        open_model("s3://bucket/model.npz")


def test_a_file_is_hashable_and_knows_its_version(server):
    write(server.folder / "a.npy", bytes(range(200)))
    file, again = file_at(f"{server.url}/a.npy"), file_at(f"{server.url}/a.npy")
    assert (file, hash(file)) == (again, hash(again))
    server.etag = '"2"'
    assert file_at(f"{server.url}/a.npy") != file
    write(server.folder / "a.npy", bytes(range(100)))
    assert file_at(f"{server.url}/a.npy").size() == 100


def test_a_file_travels_without_its_blocks(server):
    write(server.folder / "a.npy", bytes(range(256)) * 256)
    file = file_at(f"{server.url}/a.npy")
    assert len(pickle.dumps(ByteRange(file, 0, "uint8", (10,)))) < 2000
    copy = pickle.loads(pickle.dumps(file))
    assert copy == file
    before = server.requests
    assert bytes(file.read(5, 9)) == bytes(copy.read(5, 9)) == bytes(range(5, 9))
    assert server.requests == before + 1


def test_small_numbers_that_lie_together_cost_one_request(server):
    shapes = {f"l{i}.shape": np.array([i, 64]) for i in range(300)}
    big = {f"l{i}.packed": np.zeros((64, 64), np.int32) for i in range(30)}
    write_safetensors(server.folder / "model.safetensors", shapes | big)
    model = open_model(f"{server.url}/model.safetensors")
    before = server.requests
    assert [model[f"l{i}.shape"].read()[0] for i in range(300)] == list(range(300))
    assert server.requests <= before + 2


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
@pytest.mark.parametrize("method", ["fork", pytest.param("spawn", marks=pytest.mark.slow)])
def test_numbers_read_in_threads_and_processes(server, method):
    arrays = {f"l{i}": f32(100, 90) + i for i in range(8)}
    write_safetensors(server.folder / "model.safetensors", arrays)
    model = open_model(f"{server.url}/model.safetensors")
    sources = [model[name].source for name in arrays]
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(_sum, sources * 4))
    wanted = [array.sum(dtype=float) for array in arrays.values()]
    with ThreadPoolExecutor(8) as threads, ProcessPoolExecutor(2, get_context(method)) as processes:
        here, there = threads.map(_sum, sources), processes.map(_sum, sources)
        assert list(here) == list(there) == wanted
    assert server.lines < server.requests  # connections are used again


def _sum(source):
    return source().sum(dtype=float)


def test_the_first_block_is_asked_for_once(server):
    write_safetensors(server.folder / "model.safetensors", {"w": f32(4, 4)})
    write(server.folder / "config.json", "{}")
    model = open_model(f"{server.url}/model.safetensors")
    model["w"].read()
    assert [asked.path for asked in server.log] == ["/model.safetensors", "/config.json"]


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_a_configuration_that_is_not_given_is_not_there(server, status):
    write_safetensors(server.folder / "model.safetensors", {"w": f32(4, 4)})
    server.only = lambda asked: "config" in asked.path
    server.lie = lambda handler, asked, content: handler.whole(status, b"")
    assert open_model(f"{server.url}/model.safetensors").config == {}


@pytest.mark.parametrize("status", [400, 412])
def test_a_model_is_not_read_without_a_configuration_that_may_be_there(server, status):
    write_safetensors(server.folder / "model.safetensors", {"w": f32(4, 4)})
    write(server.folder / "config.json", "{}")
    server.only = lambda asked: "config" in asked.path
    server.lie = lambda handler, asked, content: handler.whole(status, b"")
    with pytest.raises(ModelError, match=r"config\.json"):
        open_model(f"{server.url}/model.safetensors")


def test_external_data_that_are_not_given_are_missing(server):
    tensor = external("w", (40, 30), {"location": "w.bin"})
    other = onnx.numpy_helper.from_array(f32(30, 20), "v")
    nodes = [onnx.helper.make_node("MatMul", [x, w], [y]) for x, w, y in ("xwy", "yvz")]
    write_onnx(server.folder / "model.onnx", graph(nodes, [tensor, other]))
    write(server.folder / "w.bin", b"")
    server.only = lambda asked: "w.bin" in asked.path
    server.lie = lambda handler, asked, content: handler.whole(403, b"")
    model = open_model(f"{server.url}/model.onnx")
    assert (model["w"].role, model["v"].role) == ("missing", "dense")
    assert model["w"].note == "missing: w.bin: forbidden by the server"
    with pytest.raises(ModelNotFoundError, match="403 Forbidden"):
        model["w"].read()


@pytest.mark.parametrize("there", [True, False])
def test_a_file_is_looked_for_once(server, there):
    tensors = [external(f"w{i}", (4, 3), {"location": "w.bin"}) for i in range(9)]
    nodes = [onnx.helper.make_node("MatMul", [f"x{i}", f"w{i}"], [f"y{i}"]) for i in range(9)]
    last = onnx.numpy_helper.from_array(f32(3, 3), "last")
    write_onnx(server.folder / "model.onnx", graph(nodes, [*tensors, last]))
    if there:
        write(server.folder / "w.bin", f32(4, 3).tobytes())
    assert (open_model(f"{server.url}/model.onnx")["w7"].role == "missing") is not there
    assert [asked.path for asked in server.log].count("/w.bin") == 1
