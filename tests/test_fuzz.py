"""A short run over broken files, and every case that was ever found."""

import json
import subprocess
import sys

import numpy as np
import pytest
from onnx import helper, numpy_helper

import spectra
from spectra_io import open_model
from tests.builders import REPO, environment, graph, read_all_or_complain, write

CASES = {"safetensors": 2000, "onnx": 1500, "npz": 500, "safetensors.index.json": 200, "gguf": 1000}
_RUN = """
import sys
from tests.fuzz.run import MOST_BYTES, MOST_SECONDS, run_cases
found = run_cases(sys.argv[1], range(int(sys.argv[2])), seed=1)
assert not found["failures"], found["failures"]
assert found["slowest"][0] < MOST_SECONDS, found["slowest"]
assert found["peak"] < MOST_BYTES, found["peak"]
assert found["counts"]["opened"] + found["counts"]["refused"] == int(sys.argv[2])
assert found["counts"]["refused"] > 0, found["counts"]
"""


@pytest.mark.slow
@pytest.mark.parametrize("kind", CASES)
def test_broken_files_raise_only_our_errors(kind):
    """Nothing else, not slowly, in little memory, and without opening a file outside the folder."""
    if not sys.platform.startswith("linux"):
        pytest.skip("needs /proc")
    command = [sys.executable, "-c", _RUN, kind, str(CASES[kind])]
    done = subprocess.run(command, capture_output=True, text=True, env=environment(), cwd=REPO)
    assert done.returncode == 0, done.stderr


def surrogate_in_a_name():
    header = json.dumps({"\ud800": {"dtype": "U8", "shape": [1], "data_offsets": [0, 1]}}).encode()
    return "m.safetensors", len(header).to_bytes(8, "little") + header + b"\0"


def quantized(*, axis, zero_shape, shape):
    """Return a graph with scales that do not fit their numbers."""
    made = graph(
        [
            helper.make_node("DequantizeLinear", ["q", "s", "z"], ["w"], axis=axis),
            helper.make_node("MatMul", ["x", "w"], ["y"]),
        ],
        [
            numpy_helper.from_array(np.zeros((4, 6), np.int8), "q"),
            numpy_helper.from_array(np.ones(shape, np.float32), "s"),
            numpy_helper.from_array(np.zeros(zero_shape, np.int8), "z"),
        ],
    )
    return "m.onnx", helper.make_model(made).SerializeToString()


def joined_of_unequal_axes():
    made = graph(
        [
            helper.make_node("Concat", ["a", "b"], ["w"], axis=1),
            helper.make_node("MatMul", ["x", "w"], ["y"]),
        ],
        [
            numpy_helper.from_array(np.zeros((4, 6), np.float32), "a"),
            numpy_helper.from_array(np.zeros(4, np.float32), "b"),
        ],
    )
    return "m.onnx", helper.make_model(made).SerializeToString()


FOUND = {
    "a matrix joined with a vector": joined_of_unequal_axes(),
    "half a pair of UTF-16 in a name": surrogate_in_a_name(),
    "scales along an axis that is not there": quantized(axis=2, zero_shape=(4,), shape=(4,)),
    "a zero point for each number, one scale": quantized(axis=0, zero_shape=(4, 6), shape=()),
}


@pytest.mark.parametrize("case", FOUND)
def test_every_case_ever_found(tmp_path, case):
    name, content = FOUND[case]
    path = write(tmp_path / name, content)
    read_all_or_complain(path)
    try:
        model = open_model(path)
    except spectra.SpectraError:
        return
    spectra.describe(model)
    ds = spectra.analyze(model)
    assert set(spectra.labels(ds.status).values) <= {"not_read", "all_zero"}


@pytest.mark.slow
def test_what_the_run_finds_it_reports(tmp_path):
    """The harness itself: a case that raises, one that is slow, and one that reads elsewhere."""
    code = """
import time
from tests.fuzz import run

def broken(kind, folder, case, seed=0):
    if case == 7:
        open("/etc/hostname").close()
    return "Traceback: KeyError" if case == 5 else "opened"

run.run_case = broken
found = run.run_cases("npz", range(10))
assert set(found["failures"]) == {"Traceback: KeyError", "opened /etc/hostname"}, found
"""
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, env=environment(), cwd=REPO)
    assert done.returncode == 0, done.stderr


def test_a_case_can_be_made_again(tmp_path):
    from tests.fuzz.mutations import mutated
    from tests.fuzz.seeds import SEEDS

    for kind in CASES:
        made = [mutated(kind, SEEDS[kind], case) for case in range(50)]
        assert made == [mutated(kind, SEEDS[kind], case) for case in range(50)]
        assert len(set(made)) > 40


def test_the_seeds_are_valid(tmp_path):
    """Each opens, and most of what is in it is taken: else the mutations would test nothing."""
    from tests.fuzz.seeds import SEEDS, companions

    for name, content in companions().items():
        write(tmp_path / name, content)
    for kind in CASES:
        for seed in SEEDS[kind]:
            model = open_model(write(tmp_path / f"m.{kind}", seed))
            assert model
            for tensor in model.values():
                if tensor.role != "quantized":  # of a type that is not known
                    tensor.read()
            for layer in spectra.layers(model):
                if layer.taken:
                    layer.matrices()
