"""Bytes of remote models: each is fetched once, and small tensors together."""

import pickle
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

import spectra
from spectra.errors import ModelFormatError
from spectra_io import open_model
from spectra_io.runs.executors import WithProgress
from spectra_io.storage import memory, recent
from spectra_io.storage.recent import Recent
from spectra_io.urls import Url
from tests.builders import f32, gguf_bytes, graph, write, write_onnx, write_safetensors
from tests.servers import serving

HERE = Url("https://example.org/a")


@pytest.fixture
def server(tmp_path):
    with serving(tmp_path) as made:
        yield made


def content(size):
    return np.arange(size, dtype=np.uint8)


def found(kept, start, stop):
    """Return bytes that are there."""
    there = kept.find(HERE, start, stop)
    assert there is not None
    return there


# what is kept


def test_parts_are_found_in_the_file_that_they_are_of():
    kept = Recent()
    kept.add(HERE, 1000, content(200))
    assert bytes(found(kept, 1000, 1200)) == bytes(range(200))
    assert bytes(found(kept, 1064, 1066)) == bytes([64, 65])
    assert kept.find(HERE, 999, 1001) is None
    assert kept.find(HERE, 1199, 1201) is None
    assert kept.find(Url("https://example.org/b"), 1000, 1200) is None
    assert pickle.loads(pickle.dumps(kept)).find(HERE, 1000, 1200) is None


def test_numbers_are_aligned_and_read_only():
    kept, bytes_ = Recent(), content(256)
    bytes_.flags.writeable = False
    kept.add(HERE, 0, bytes_)
    for start in (0, 1, 63, 64):
        part = found(kept, start, start + 64)
        assert part.view("<f8").flags.aligned
        assert not part.flags.writeable


def test_what_was_not_used_for_longest_is_dropped(monkeypatch):
    monkeypatch.setattr(recent, "_MOST", 300)
    kept = Recent()
    for start in (0, 1000, 2000):
        kept.add(HERE, start, content(100))
    assert kept.find(HERE, 0, 100) is not None  # used, so that another one goes
    kept.add(HERE, 3000, content(50))
    there = [start for start in (0, 1000, 2000, 3000) if kept.find(HERE, start, start + 50) is None]
    assert there == [1000]
    kept.add(HERE, 5000, content(301))
    assert kept.find(HERE, 5000, 5001) is None
    assert sum(len(part.content) for part in kept._parts) <= 300


@pytest.mark.parametrize("every", [1, 2, 3])
def test_what_is_fetched_ahead_is_bounded(every):
    """No more than was asked for, 2 MB at most, and nothing that is kept."""
    kept, asked, fetched, requests, size = Recent(), 0, 0, 0, 16_384
    for number in range(0, 900, every):
        place = number * size
        stop = place + size
        asked += size
        if kept.find(HERE, place, stop) is None:
            more = kept.ahead(HERE, place, stop)
            assert size + more <= 1 << 21
            kept.add(HERE, place, content(size + more))
            fetched, requests = fetched + size + more, requests + 1
            assert fetched <= 2 * asked
    if every == 1:
        assert requests < 20
        assert fetched < asked + (1 << 21)


def test_what_is_kept_or_far_or_large_is_not_fetched_ahead():
    kept, size = Recent(), 16_384
    kept.add(HERE, 0, content(size))
    kept.add(HERE, 50_000, content(10))
    for _ in range(9):
        assert kept.find(HERE, 0, size) is not None
    assert kept.ahead(HERE, size, 2 * size) == 50_000 - 2 * size
    assert kept.ahead(HERE, 1 << 20, (1 << 20) + size) == 0
    assert kept.ahead(HERE, size, 1 << 22) == 0


# models


def one_safetensors(folder):
    write_safetensors(folder / "m.safetensors", {"fc.weight": f32(600, 300)})
    return "m.safetensors"


def dead_column(folder):
    W = f32(600, 300).copy()
    W[:, 3] = 0
    write_safetensors(folder / "m.safetensors", {"fc.weight": W})
    return "m.safetensors"


def doubles(folder):
    write_safetensors(folder / "m.safetensors", {"fc.weight": f32(600, 300).astype(float)})
    return "m.safetensors"


def fused_by_columns(folder):
    arrays = {f"h.{i}.attn.c_attn.weight": f32(100, 300) for i in range(3)}
    arrays |= {f"h.{i}.attn.c_proj.weight": f32(100, 100) for i in range(3)}
    write_safetensors(folder / "m.safetensors", arrays)
    write(folder / "config.json", '{"model_type": "gpt2", "n_embd": 100, "n_head": 4}')
    return "m.safetensors"


def convolution(folder):
    arrays = {"conv.weight": f32(64, 32 * 9).reshape(64, 32, 3, 3)}
    write_safetensors(folder / "m.safetensors", arrays)
    return "m.safetensors"


def stored(folder):
    np.savez(folder / "m.npz", a=f32(600, 300), b=f32(300, 600))
    return "m.npz"


def compressed(folder):
    np.savez_compressed(folder / "m.npz", a=f32(600, 300), b=f32(300, 600))
    return "m.npz"


def one_onnx(folder):
    import onnx

    weight = onnx.numpy_helper.from_array(f32(300, 600), "w")
    nodes = [onnx.helper.make_node("MatMul", ["x", "w"], ["y"])]
    write_onnx(folder / "m.onnx", graph(nodes, [weight]))
    return "m.onnx"


def one_gguf(folder):
    W = f32(600, 300)
    write(folder / "m.gguf", gguf_bytes({"blk.0.ffn_up.weight": (0, W.shape, W.tobytes())}))
    return "m.gguf"


MODELS = [
    *(one_safetensors, dead_column, doubles, fused_by_columns, convolution, stored, compressed),
    *(one_onnx, one_gguf),
]


@pytest.mark.parametrize("pool", [True, False])
@pytest.mark.parametrize("make", MODELS)
def test_the_default_analysis_fetches_each_byte_once(server, make, pool):
    """Besides the blocks of 64 KB in which headers are read."""
    name = make(server.folder)
    model = open_model(f"{server.url}/{name}")
    opened = server.sent
    ds = spectra.analyze(model, pool=pool)
    assert set(spectra.labels(ds.status).values.tolist()) == {"computed"}
    assert server.sent - opened <= (server.folder / name).stat().st_size
    expected = spectra.analyze(open_model(server.folder / name), pool=pool)
    np.testing.assert_allclose(ds.eigenvalue, expected.eigenvalue, rtol=1e-12)


def test_nothing_after_a_compressed_array_is_fetched(server):
    np.savez_compressed(server.folder / "m.npz", a=f32(300, 300), b=f32(900, 900))
    tensor = open_model(f"{server.url}/m.npz")["a"]
    before = server.sent
    np.testing.assert_array_equal(tensor.read(), f32(300, 300))
    assert server.sent - before < 300 * 300 * 4


def small_layers(folder, count):
    rng = np.random.default_rng(0)
    arrays = {}
    for i in range(count // 2):
        arrays[f"{i:03}.up.weight"] = rng.standard_normal((80, 60)).astype("f4")
        arrays[f"{i:03}.up.bias"] = np.zeros(80, "f4")
        arrays[f"{i:03}.down.weight"] = rng.standard_normal((60, 80)).astype("f4")
    return write_safetensors(folder / "model.safetensors", arrays)


@pytest.mark.parametrize("executor", [None, WithProgress()])
def test_many_small_layers_cost_few_requests(server, executor):
    path = small_layers(server.folder, 400)
    model = open_model(f"{server.url}/model.safetensors")
    before, sent = server.requests, server.sent
    ds = spectra.analyze(model, measures=[spectra.measures.size], executor=executor)
    assert ds.sizes["layer"] == 400
    assert server.requests - before < 80
    assert server.sent - sent < 1.5 * path.stat().st_size


def test_an_example_of_ours_costs_two_requests(server):
    example = Path(__file__).parents[3] / "examples" / "models" / "mnist_mlp.safetensors"
    write(server.folder / "m.safetensors", example.read_bytes())
    model = open_model(f"{server.url}/m.safetensors")
    before = server.requests
    spectra.analyze(model, measures=[spectra.measures.size])
    assert server.requests - before <= 2


def test_a_few_of_many_layers_cost_their_bytes(server):
    small_layers(server.folder, 400)
    model = open_model(f"{server.url}/model.safetensors")
    wanted = [name for name in model if "weight" in name][50::20]
    before = server.sent
    for name in wanted:
        model[name].read()
    assert server.sent - before == len(wanted) * 80 * 60 * 4


def test_threads_that_want_the_same_bytes_fetch_them_once(server):
    write_safetensors(server.folder / "m.safetensors", {"w": f32(900, 700)})
    tensor = open_model(f"{server.url}/m.safetensors")["w"]
    before = server.requests
    with ThreadPoolExecutor(8) as threads:
        sums = set(threads.map(lambda _: tensor.read().sum(dtype=float), range(8)))
    assert sums == {f32(900, 700).sum(dtype=float)}
    assert server.requests - before == 1


def test_more_than_half_of_the_memory_is_not_fetched(server, monkeypatch):
    write_safetensors(server.folder / "m.safetensors", {"w": f32(300, 200)})
    model = open_model(f"{server.url}/m.safetensors")
    monkeypatch.setattr(memory, "_most", lambda: 200_000)
    before = server.requests
    with pytest.raises(ModelFormatError, match="more than half of the memory of this machine"):
        model["w"].read()
    ds = spectra.analyze(model)
    assert "more than half of the memory" in ds.status_reason.item()
    assert server.requests == before
