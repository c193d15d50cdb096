"""Every real network: analysed without complaint, and every tensor of it accounted for."""

import re

import numpy as np
import onnx
import pytest
from onnx import numpy_helper
from safetensors import safe_open

import spectra
import spectra_io
from spectra_io.commands.main import main
from tests.builders import SHARED

LOST = "silero_vad_op18_ifless.21c3be45.onnx"
FILES = sorted(p for p in SHARED.glob("models/*/*") if p.suffix in {".onnx", ".safetensors"})
WHOLE = [p for p in FILES if p.name != LOST]

pytestmark = pytest.mark.shared
each_file = pytest.mark.parametrize("path", WHOLE, ids=lambda p: f"{p.parent.name}/{p.name}")


def graphs_in(graph):
    """Yield a graph and all graphs inside its operators."""
    yield graph
    for node in graph.node:
        for attribute in node.attribute:
            for inner in (*attribute.graphs, *([attribute.g] if attribute.HasField("g") else [])):
                yield from graphs_in(inner)


def onnx_arrays(path):
    """Return every initializer and constant by the name it has, with the library's own reader."""
    model = onnx.load(path)
    assert not model.functions
    found = []
    for graph in graphs_in(model.graph):
        assert not graph.sparse_initializer
        found += [(t.name, numpy_helper.to_array(t)) for t in graph.initializer]
        for node in graph.node:
            if node.op_type == "Constant":
                (attribute,) = node.attribute
                found.append((node.output[0], numpy_helper.to_array(attribute.t)))
    return found


def arrays(path):
    if path.suffix == ".onnx":
        return onnx_arrays(path)
    with safe_open(path, framework="numpy") as file:
        return [(name, file.get_tensor(name)) for name in file.keys()]  # noqa: SIM118


def test_all_networks_are_there():
    assert len(FILES) == 33
    assert len(WHOLE) == 32


@each_file
def test_every_tensor_is_listed_and_read_as_it_is(path):
    expected, model = arrays(path), spectra_io.open_model(path)
    assert sorted(name for name, _ in expected) == sorted(n.partition("#")[0] for n in model)
    for name, array in expected:
        same = [t for n, t in model.items() if n.partition("#")[0] == name]
        assert any(np.array_equal(t.read(), array) and t.dtype == array.dtype for t in same)


@each_file
def test_every_tensor_is_taken_or_has_a_reason(path):
    model = spectra_io.open_model(path)
    ds = spectra.describe(model)
    taken = ds.tensor_layers > 0
    assert ((ds.tensor_reason == "") == taken).all()
    layers = [layer for layer in spectra.layers(model) if layer.taken]
    assert {layer.tensor.name for layer in layers} == set(ds.tensor.values[taken])
    elements = sum(array.size for _, array in arrays(path))
    assert ds.tensor_size.sum() == elements


@pytest.mark.slow
@each_file
def test_every_layer_has_a_spectrum(path):
    model = spectra_io.open_model(path)
    ds = spectra.analyze(model)
    assert set(spectra.labels(ds.status).values.tolist()) <= {"computed"}
    assert (ds.eigenvalue.notnull().sum("mode") == ds.num_evals).all()
    # the trace, straight from the arrays
    traces = {name: float(np.sum(np.square(array, dtype=float))) for name, array in arrays(path)}
    norms = ds.norm.groupby(ds.tensor_name).sum()  # of all gates
    integers = {name for name, tensor in model.items() if tensor.dtype.startswith("int")}
    for name, norm in zip(norms.tensor_name.values, norms.values, strict=True):
        if name in traces and name not in integers:
            assert norm == pytest.approx(traces[name], rel=1e-12)


@pytest.mark.slow
@each_file
def test_the_command_line_analyses_it(path, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["analyze", str(path)])
    assert stopped.value.code == 0
    assert re.match(r"\d[\d,]* layers?: \d", capsys.readouterr().out)
    with pytest.raises(SystemExit) as stopped:
        main(["describe", str(path)])
    assert stopped.value.code == 0
    lines = capsys.readouterr().out.splitlines()
    listed = {line.split("  ")[0] for line in lines}
    assert set(spectra_io.open_model(path)) <= listed


def test_lost_external_data_are_named_in_one_line(capsys):
    (path,) = (p for p in FILES if p.name == LOST)
    with pytest.raises(SystemExit) as stopped:
        main(["analyze", str(path)])
    captured = capsys.readouterr()
    assert stopped.value.code == 1
    assert captured.out == ""
    (line,) = captured.err.splitlines()
    assert "temp_16.onnx.data: no such file" in line
