"""
Every real network in every encoding: the same layers, and spectra as close as the numbers allow.

By Weyl's inequality no singular value moves by more than the spectral norm of what was added to the
matrix, and that is at most the Frobenius norm of the largest errors that the number format allows.
"""

import functools
import tempfile
from pathlib import Path

import numpy as np
import onnx
import pytest

import spectra
from spectra_io import open_model
from tests import conversions as convert
from tests.builders import EXAMPLES, SHARED, write
from tests.fuzz.mutations import mutated
from tests.fuzz.seeds import SEEDS

MODELS = SHARED / "models"
LOST = "silero_vad_op18_ifless.21c3be45.onnx"  # its external data never existed
GRAPHS = [p for p in sorted(MODELS.glob("*/*.onnx")) if p.name != LOST]
SAVED = sorted(MODELS.glob("*/*.safetensors"))
_ROUNDOFF = 1e-12  # of the largest singular value, in the eigenvalues of equal matrices


_scratch = tempfile.TemporaryDirectory()


def _named(path):
    shared = MODELS in path.parents
    where = path.relative_to(MODELS) if shared else path.name
    marks = [pytest.mark.shared, pytest.mark.slow] if shared else []
    return pytest.param(path, id=str(where), marks=marks)


each_file = pytest.mark.parametrize(
    "path", [_named(p) for p in [EXAMPLES / "mnist_mlp.safetensors", *GRAPHS, *SAVED]]
)


@functools.lru_cache(maxsize=4)
def layers_of(path):
    return spectra.layers(open_model(path))


def taken(layers):
    return {layer.name: layer for layer in layers if layer.taken}


@functools.lru_cache(maxsize=4)
def graph_of(path):
    """Return a network as a graph; one that was saved without, as one that uses it so."""
    if path.suffix == ".onnx":
        return onnx.load(path)
    return convert.as_graph(layers_of(path))


@functools.lru_cache(maxsize=4)
def sources(path):
    """Return the layers of the graph, by name."""
    if path.suffix == ".onnx":
        return taken(layers_of(path))
    folder = Path(tempfile.mkdtemp(dir=_scratch.name))  # of its own: the layers read when asked
    return taken(spectra.layers(open_model(write(folder / "m.onnx", saved(graph_of(path))))))


def saved(model):
    return model.SerializeToString()


def compare(found, expected, bound):
    """Hold layers against those they should be."""
    assert list(found) == list(expected)
    for name, source in expected.items():
        layer = found[name]
        assert (layer.N, layer.M, layer.rf) == (source.N, source.M, source.rf), name
        W = source.tensor.read().astype(np.float32)
        pairs = zip(layer.matrices(), source.matrices(), strict=True)
        for ours, original in pairs:
            M = original.astype(float)
            errors = bound(M, W)
            assert np.all(np.abs(ours.astype(float) - M) <= errors), name
            if layer.rf > 4 and not errors.any():
                continue  # equal numbers have equal spectra; a few are compared all the same
            values = np.sqrt(spectra.eigenvalues(ours, rtol=0))
            wanted = np.sqrt(spectra.eigenvalues(M, rtol=0))
            allowed = np.linalg.norm(errors) + _ROUNDOFF * wanted.max(initial=0)
            assert np.abs(values - wanted).max(initial=0) <= allowed, name


def stored_weights(expected):
    """Return the names of the tensors that layers come from, those in floats."""
    return {x.tensor.name for x in expected.values() if x.tensor.dtype.startswith("float")}


REWRITTEN = {
    "fp16": (convert.cast(convert.FP16), convert.FP16.bound),
    "bf16": (convert.cast(convert.BF16), convert.BF16.bound),
    "fp8": (convert.fp8, convert.fp8_bound),
    "int8": (convert.int8, convert.int8_bound),
    "int8 by channel": (convert.int8_by_channel, convert.int8_bound),
    "constants": (convert.as_constant, convert.lossless),
    "transposed": (convert.turned, convert.lossless),
    "functions": (convert.through_a_function, convert.lossless),
}


@each_file
@pytest.mark.parametrize("encoding", REWRITTEN)
def test_weights_behind_operators(tmp_path, path, encoding):
    chain, bound = REWRITTEN[encoding]
    expected = sources(path)
    model = convert.rewritten(graph_of(path), stored_weights(expected), chain)
    if encoding == "functions":
        model = convert.with_function(model)
    found = taken(spectra.layers(open_model(write(tmp_path / "m.onnx", saved(model)))))
    compare(found, expected, bound)


ELSEWHERE = {
    "sparse": convert.sparse,
    "turned Gemm": convert.gemms_turned,
    "initializers as constants": lambda model, names: convert.initializers_as_constants(model),
    "products in functions": lambda model, names: convert.products_in_functions(model),
}


@each_file
@pytest.mark.parametrize("encoding", ELSEWHERE)
def test_weights_kept_otherwise(tmp_path, path, encoding):
    expected = sources(path)
    model = ELSEWHERE[encoding](graph_of(path), stored_weights(expected))
    found = taken(spectra.layers(open_model(write(tmp_path / "m.onnx", saved(model)))))
    compare(found, expected, convert.lossless)


@each_file
@pytest.mark.parametrize("one_file", [True, False])
def test_external_data(tmp_path, path, one_file):
    made = convert.save_external(graph_of(path), tmp_path / "m.onnx", one_file=one_file)
    compare(taken(spectra.layers(open_model(made))), sources(path), convert.lossless)


@each_file
def test_dynamic_int8(tmp_path, path):
    expected = sources(path)
    model = convert.dynamic_int8(graph_of(path), stored_weights(expected))
    found = taken(spectra.layers(open_model(write(tmp_path / "m.onnx", saved(model)))))
    compare(found, expected, convert.int8_bound)


SAVINGS = {
    "single": (lambda a: a, convert.lossless),
    "fp16": (convert.FP16.stored, convert.FP16.bound),
    "bf16": (convert.BF16.stored, convert.BF16.bound),
    "fp8": (convert.FP8.stored, convert.FP8.bound),
}


def written(path):
    return convert.as_a_framework_saves(layers_of(path))


@each_file
@pytest.mark.parametrize("encoding", SAVINGS)
def test_safetensors(tmp_path, path, encoding):
    rounded, bound = SAVINGS[encoding]
    arrays, expected = written(path)
    kept = {n: rounded(a) if a.ndim > 1 else a for n, a in arrays.items()}
    made = convert.save_safetensors(tmp_path / "m.safetensors", kept)
    if encoding == "fp8":  # without scales, as the configuration has to say
        write(tmp_path / "config.json", '{"dtype": "float8_e4m3fn"}')
    found = taken(spectra.layers(open_model(made)))
    compare({name: found[name] for name in expected}, expected, bound)
    assert len(found) == len(expected)


@each_file
@pytest.mark.parametrize("indexed", [True, False])
def test_shards(tmp_path, path, indexed):
    arrays, expected = written(path)
    found = taken(
        spectra.layers(open_model(convert.save_shards(tmp_path, arrays, indexed=indexed)))
    )
    assert set(found) == set(expected)
    compare({name: found[name] for name in expected}, expected, convert.lossless)


@each_file
@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_npz(tmp_path, path, save):
    arrays, expected = written(path)
    save(tmp_path / "m.npz", **arrays)
    found = taken(spectra.layers(open_model(tmp_path / "m.npz")))
    assert set(found) == set(expected)
    compare({name: found[name] for name in expected}, expected, convert.lossless)


def assert_accounted(model):
    """Every element is in a tensor that is taken, or left out with a reason, never both."""
    ds = spectra.describe(model)
    out = ds.tensor_layers == 0
    assert bool((out == (ds.tensor_reason != "")).all())
    taken_and_left = ds.tensor_size.where(out, 0).sum() + ds.tensor_size.where(~out, 0).sum()
    assert int(taken_and_left) == sum(tensor.size for tensor in model.values())
    assert set(ds.tensor.values) == {name.replace("\0", "\\x00") for name in model}


@each_file
def test_elements_taken_and_left_out_are_all(path):
    model = open_model(path)
    assert_accounted(model)
    for tensor in model.values():
        assert tensor.read().size == tensor.size


@pytest.mark.slow
def test_elements_of_generated_graphs(tmp_path):
    """Graphs rewired at random, of which about a third can still be opened."""
    opened = 0
    for case in range(1500):
        content = mutated("onnx", SEEDS["onnx"], case, seed=7)
        path = write(tmp_path / "m.onnx", content)
        try:
            model = open_model(path)
        except spectra.SpectraError:
            continue
        assert_accounted(model)
        held = onnx.load_from_string(content)
        listed = sum(1 for graph in convert.graphs(held) for _ in graph.initializer)
        assert len(model) >= listed
        opened += 1
    assert opened > 300
