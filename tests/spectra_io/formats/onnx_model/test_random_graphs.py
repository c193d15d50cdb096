"""Random graphs of every operator with weights: each layer is the map that onnxruntime computes."""

from collections import defaultdict

import numpy as np
import pytest
from onnxruntime.capi import onnxruntime_pybind11_state as STATES

import spectra
from spectra_io import open_model
from tests.builders import write
from tests.sweep.random_graphs import KINDS, compare, drawn, model_of, results_of

FIRST = [pytest.param(seed, id=f"{KINDS[seed].__name__}-{seed}") for seed in range(len(KINDS))]
REST = range(len(KINDS), 200)


def runs(branch):
    """Return whether this version of onnxruntime has the operators of a branch."""
    try:
        results_of([branch])
    except (STATES.NotImplemented, STATES.InvalidGraph, STATES.Fail):
        return False
    return True


def hold(path, seed):
    branches = [branch for branch in drawn(seed) if runs(branch)]
    if not branches:
        pytest.skip("this version of onnxruntime has none of the operators")
    content = model_of(branches).SerializeToString()
    layers = defaultdict(list)
    for layer in spectra.layers(open_model(write(path / "m.onnx", content))):
        if layer.taken:
            layers[layer.tensor.name].append(np.asarray(layer.matrices(), np.float64))
    compare(branches, results_of(branches), layers)


@pytest.mark.parametrize("seed", FIRST)
def test_one_graph_of_each_kind(tmp_path, seed):
    hold(tmp_path, seed)


@pytest.mark.slow
@pytest.mark.parametrize("seed", REST)
def test_the_other_graphs(tmp_path, seed):
    hold(tmp_path, seed)
