"""The closing count: tensors and elements left out, by kind of reason, lost and largest first."""

import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import spectra
from spectra.models.lazy import Held
from spectra.models.tensors import Weight
from spectra.results.left_out import left_out_line
from spectra_io.formats.missing import absent, missing
from spectra_io.terminal import screen
from tests.builders import examples, f32


def line_of(arrays):
    return left_out_line(spectra.describe(arrays))


def test_nothing_is_said_where_nothing_is_left_out():
    assert line_of({"fc": f32(3, 3)}) == ""
    assert line_of({}) == ""


def test_the_kind_of_the_most_elements_comes_first():
    arrays = {"fc": f32(9, 9), "a.bias": f32(3), "b.bias": f32(3), "n.weight": f32(30)}
    arrays["ids"] = np.ones((10, 10), int)
    line = line_of({"norm.weight" if n == "n.weight" else n: a for n, a in arrays.items()})
    assert line == (
        "not analysed: 4 of 5 tensors, 136 of 217 elements (62.7 %): 1 x int64: integers (46.1 %); "
        "1 x norm: not a weight matrix (13.8 %); 2 x bias: not a weight matrix (2.8 %)"
    )


@pytest.mark.parametrize("status", ["not_read", "not_converged"])
def test_what_was_lost_comes_before_all_other_reasons(monkeypatch, status):
    """Though four other kinds have more elements, and the same tensor has a layer of nan."""
    arrays = {f"t{i}": np.ones((9, 9), kind) for i, kind in enumerate(["u1", "u2", "u4", "u8"])}
    model = spectra.from_arrays(arrays | {"fc": f32(2, 2)})

    def stubborn(*_, **__):
        raise np.linalg.LinAlgError

    def cut_short():
        raise OSError(5, "cut short")

    monkeypatch.setattr(np.linalg, "svd", stubborn)  # of a matrix that is nearly singular
    nan, ones = (Held(np.full((2, 2), value)) for value in (np.nan, 1.0))
    lost = ones if status == "not_converged" else cut_short
    weights = (Weight("a", (2, 2), nan), Weight("b", (2, 2), lost))
    parts = replace(model["fc"], weights=weights)
    whole = spectra.from_arrays({**model, "fc": parts})
    ds = spectra.analyze(whole)
    assert spectra.labels(ds.status).values.tolist() == ["not_finite", status]
    words = left_out_line(spectra.describe(whole), ds).partition("(")[2].partition("): ")[2]
    expected = {
        "not_read": "1 x not read: [Errno 5] cut short",
        "not_converged": "1 x no eigenvalues: ",
    }
    assert words.startswith(expected[status])


def test_a_missing_tensor_of_unknown_size_comes_first():
    lost = missing("w", absent("w.bin: gone", FileNotFoundError()))
    arrays = {f"t{i}": np.ones((9, 9), kind) for i, kind in enumerate(["u1", "u2", "u4", "u8"])}
    assert ": 1 x missing: w.bin: gone (size not known); " in line_of(arrays | {"w": lost})


def test_reasons_that_start_alike_are_one_kind():
    lost = [absent(f"s{i}.safetensors: no such file", FileNotFoundError()) for i in range(3)]
    model = {f"w{i}": missing(f"w{i}", source) for i, source in enumerate(lost)}
    assert line_of(model).endswith(" (0.0 %): 3 x missing (size not known)")
    assert line_of({"w0": model["w0"]}).endswith(
        "1 x missing: s0.safetensors: no such file (size not known)"
    )


def test_a_missing_tensor_of_known_size_counts():
    lost = missing("w", absent("w.bin: gone", FileNotFoundError()), shape=(3, 3), dtype="float32")
    assert line_of({"w": lost, "v": f32(3, 3)}) == (
        "not analysed: 1 of 2 tensors, 9 of 18 elements (50.0 %): 1 x missing: w.bin: gone"
    )


def test_many_kinds_and_long_reasons_stay_short():
    arrays = {
        f"t{i}": np.ones((2, 2), dtype)
        for i, dtype in enumerate(["int8", "int16", "int32", "int64", "uint8", "bool"])
    }
    line = line_of(arrays)
    assert line.endswith("; and 3 other reasons (spectra describe)")
    lost = missing("w", absent("x" * 299, FileNotFoundError()))
    assert len(line_of({"w": lost})) < 200


def test_a_small_share_is_not_called_nothing():
    assert "(<0.1 %)" in line_of({"fc": f32(300, 300), "bias": f32(3)})


def test_layers_of_a_tensor_that_failed_count_their_own_elements():
    """Of a stack of four experts one is not finite, another is all zero."""
    stack = f32(4, 6, 5)
    stack[1, 0, 0], stack[3] = np.inf, 0
    parts = tuple(Weight(str(i), (6, 5), Held(stack[i])) for i in range(4))
    tensor = spectra.models.arrays.from_array("experts", stack, role="experts")
    model = spectra.from_arrays({"experts": replace(tensor, weights=parts)})
    line = left_out_line(spectra.describe(model), spectra.analyze(model))
    words = "1 x not finite: 1 of 30 elements, inf at row 0, column 0"
    assert line == f"not analysed: 1 of 1 tensors, 60 of 120 elements (50.0 %): {words}"


SHAPES = st.sampled_from([(3,), (2, 2), (4, 3), (0, 2), (), (2, 2, 2, 2, 2, 2)])
DTYPES = st.sampled_from(["float32", "int8", "bool", "complex64"])
STEMS = st.sampled_from(["fc.weight", "norm.weight", "a.bias", "x", "scales", "embed"])


@examples(2)
@given(st.dictionaries(STEMS, st.tuples(SHAPES, DTYPES), max_size=6))
def test_the_counts_are_those_of_a_naive_sum(kinds):
    arrays = {name: np.ones(shape, dtype) for name, (shape, dtype) in kinds.items()}
    layers = spectra.layers(arrays)
    left = {layer.tensor.name for layer in layers if not layer.taken}
    line = line_of(arrays)
    if not left:
        assert line == ""
        return
    sizes = {name: array.size for name, array in arrays.items()}
    counts = f"{len(left)} of {len(arrays)} tensors, {sum(sizes[n] for n in left)} of "
    assert line.startswith(f"not analysed: {counts}{sum(sizes.values())} elements (")
    assert sum(int(n) for n in re.findall(r"(?:: |; )(\d+) x ", line)) <= len(left)
    if "other reason" not in line:
        assert sum(int(n) for n in re.findall(r"(?:: |; )(\d+) x ", line)) == len(left)


@pytest.mark.parametrize("fold", [True, False])
def test_a_pipe_gets_one_line(capsys, fold):
    screen.note("word " * 100, fold=fold)
    assert capsys.readouterr().err.count("\n") == 1
