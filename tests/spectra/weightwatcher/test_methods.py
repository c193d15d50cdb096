"""WeightWatcher 0.7.7's other methods, its numbers of layers, its arguments that are not here."""

import inspect
import json
import math
from typing import Any

import numpy as np
import onnx
import pytest

import spectra
import spectra_io
from spectra import weightwatcher
from spectra.errors import ArgumentError, UnknownNameError
from spectra.weightwatcher import _arguments
from tests.builders import REPO
from tests.golden import methods

GOLD = json.loads((REPO / "tests" / "golden" / "methods" / "methods.json").read_text())
FIRST, SECOND = methods.state_dict(), methods.state_dict(0.5)
# what the methods of WeightWatcher 0.7.7 accept, by inspect.signature
ARGUMENTS = {
    "analyze": (
        "model layers min_evals max_evals min_size max_size max_N glorot_fix plot randomize "
        "savefig mp_fit conv2d_norm ww2x pool conv2d_fft fft deltas intra vectors channels stacked "
        "fix_fingers xmin_max max_fingers finger_thresh fit sparsify detX ERG svd_method tolerance "
        "start_ids pl_package xmax base_model peft inverse"
    ),
    "describe": (
        "model layers min_evals max_evals min_size max_size max_N glorot_fix savefig ww2x pool "
        "conv2d_fft fft conv2d_norm intra channels stacked start_ids base_model peft"
    ),
    "distances": "model_1 model_2 method layers start_ids pool channels",
    "get_ESD": "model layer random params",
}
OTHERS = [
    "SVDSharpness SVDSmoothing analyze_pytorch_bins analyze_vectors describe_pytorch_bins",
    "extract_pytorch_bins fit_powerlaw get_Weights get_details get_framework_layer get_summary",
    "matrix_distance model_deltas mp_fit same_models vector_metrics WeightWatcher",
]
REQUIRED = {
    "analyze": (FIRST,),
    "describe": (FIRST,),
    "distances": (FIRST, SECOND),
    "get_ESD": (FIRST, "conv"),
}


def opened(name, folder):
    """Return our model of what WeightWatcher was given."""
    if name == "state dict":
        return FIRST
    if name == "onnx":
        onnx.save(methods.onnx_model(), folder / "model.onnx")
        return spectra_io.open_model(folder / "model.onnx")
    return spectra_io.open_model(methods.folder(folder, sharded=name == "shards"))


def agree(ours, theirs):
    if isinstance(theirs, str) or theirs is None:
        return ours == theirs
    return ours == pytest.approx(theirs, rel=1e-6)


@pytest.mark.parametrize("name", GOLD["places"])
def test_numbers_names_and_order_of_layers(tmp_path, name):
    model = opened(name, tmp_path)
    table = weightwatcher.analyze(model)
    theirs = GOLD["places"][name]
    columns = ["layer_id", "name", "longname", "layer_type", "N", "M"]
    assert table[columns].to_dict("records") == [{c: row[c] for c in columns} for row in theirs]
    assert all(agree(a, row["alpha"]) for a, row in zip(table.alpha, theirs, strict=True))


@pytest.mark.parametrize("case", GOLD["filters"], ids=lambda case: str(case["layers"]))
def test_choice_of_layers(case):
    table = weightwatcher.analyze(FIRST, layers=case["layers"])
    assert table.layer_id.tolist() == case["layer_id"]
    assert weightwatcher.describe(FIRST, case["layers"]).layer_id.tolist() == case["layer_id"]


@pytest.mark.parametrize(
    ("layers", "ids"),
    [
        (3, [3]),
        ("conv", [6]),
        (np.array([3, 4]), [3, 4]),
        ((np.int64(-3), -1), [4, 5, 6, 7]),
        (None, [1, 3, 4, 5, 6, 7]),
        ([], [1, 3, 4, 5, 6, 7]),
        (range(5, 7), [5, 6]),
    ],
)
def test_choice_in_other_forms(layers, ids):
    assert weightwatcher.describe(FIRST, layers=layers).layer_id.tolist() == ids


def test_a_name_with_a_dash_can_be_chosen_and_left_out():
    """In WeightWatcher any dash makes the list one of layers to leave out."""
    model = {"fc-1.weight": np.eye(9), "-x.weight": np.eye(9), "x.weight": np.eye(9)}
    chosen = {wanted: weightwatcher.describe(model, [wanted]) for wanted in ("fc-1", "-fc-1", "-x")}
    assert [table.name.tolist() for table in chosen.values()] == [["fc-1"], ["-x", "x"], ["-x"]]


@pytest.mark.parametrize(
    ("layers", "error", "words"),
    [
        ([2], UnknownNameError, "no layer_id '2'; the nearest of 6 are"),  # a vector
        ([-2], UnknownNameError, "no layer_id '2'"),
        (["conv3"], UnknownNameError, "no name 'conv3'; the nearest of 6 are 'conv'"),
        (["-conv3"], UnknownNameError, "no name '-conv3'"),
        ([1, -3], ArgumentError, "to keep or layers to skip"),
        (["conv", "-even"], ArgumentError, "to keep or layers to skip"),
        ([1, "conv"], ArgumentError, "not a mixture"),
        (["embedding"], ArgumentError, "'dense' .* only"),
        ([1.5], ArgumentError, "must be numbers, names or types of layers, got 1.5"),
        ([True], ArgumentError, "got True"),
        (7.0, ArgumentError, "got 7.0"),
    ],
)
def test_a_choice_that_is_none(layers, error, words):
    with pytest.raises(error, match=words):
        weightwatcher.analyze(FIRST, layers=layers)


@pytest.mark.parametrize("case", GOLD["describe"], ids=lambda case: str(case["options"]))
def test_describe(case):
    table = weightwatcher.describe(FIRST, **case["options"])
    assert table.to_dict("records") == case["rows"]
    assert list(table) == list(case["rows"][0])


def test_described_layers_are_those_analysed():
    for options in ({}, {"pool": False}, {"min_evals": 17}, {"max_N": 20}):
        described = weightwatcher.describe(FIRST, **options)
        analysed = weightwatcher.analyze(FIRST, **options)
        same = ["layer_id", "name", "N", "M", "Q", "rf"]
        assert described[same].equals(analysed[same])


def test_summary_counts_a_failed_layer_as_weightwatcher_does():
    details = weightwatcher.analyze(FIRST, mp_fit=True)
    assert (details.status == "failed").sum() == 1
    found = weightwatcher.summary(details)
    assert list(found) == list(GOLD["summary"])
    for name, theirs in GOLD["summary"].items():
        if math.isfinite(theirs):
            assert found[name] == pytest.approx(theirs, rel=1e-9), name
        else:  # the logarithm of the norm of a layer of zeros
            assert found[name] == theirs, name


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (lambda: spectra.analyze(FIRST), "got Dataset; use spectra.summary"),
        (lambda: FIRST, "got dict; give what analyze"),
    ],
)
def test_summary_of_something_else(given, words):
    with pytest.raises(ArgumentError, match=words):
        weightwatcher.summary(given())


@pytest.mark.parametrize("case", GOLD["distances"], ids=lambda c: f"{c['method']}-{c['pool']}")
def test_distances(case):
    found = weightwatcher.distances(FIRST, SECOND, case["method"], pool=case["pool"])
    assert [found.delta_W, found.delta_b] == pytest.approx(case["means"], rel=1e-9)
    rows = found.table.reset_index().to_dict("records")
    assert [list(row) for row in rows] == [list(row) for row in case["rows"]]
    for row, theirs in zip(rows, case["rows"], strict=True):
        assert all(agree(row[column], theirs[column]) for column in theirs), row


def test_distances_pair_layers_by_name_and_else_by_order():
    turned = dict(reversed(FIRST.items()))
    assert weightwatcher.distances(FIRST, turned).delta_W == 0
    renamed = {f"net.{name}": array for name, array in FIRST.items()}
    assert weightwatcher.distances(FIRST, renamed).delta_W == 0
    assert weightwatcher.distances(FIRST, SECOND, layers=["conv"]).table.name.tolist() == ["conv"]


@pytest.mark.parametrize(
    ("other", "words"),
    [
        ({"conv.weight": FIRST["conv.weight"]}, "has 6 layers and `model_2` 1"),
        ({**FIRST, "conv.weight": FIRST["even.weight"]}, r"'conv' is \(12, 16, 3, 3\)"),
    ],
)
def test_distances_of_different_networks(other, words):
    with pytest.raises(ArgumentError, match=words):
        weightwatcher.distances(FIRST, other)


@pytest.mark.parametrize("layer", GOLD["ESD"])
def test_eigenvalues_of_a_layer(layer):
    plain, shuffled = GOLD["ESD"][layer]
    size = {"rel": 1e-9, "abs": 1e-9 * max(plain)}
    assert weightwatcher.get_ESD(FIRST, layer) == pytest.approx(np.array(plain), **size)
    found = weightwatcher.get_ESD(FIRST, layer=layer, random=True, rng=methods.SEED)
    assert found == pytest.approx(np.sort(shuffled), **size)


def test_eigenvalues_by_number_and_of_no_layer():
    assert np.array_equal(weightwatcher.get_ESD(FIRST, 6), weightwatcher.get_ESD(FIRST, "conv"))
    wrong: list[tuple[Any, type[Exception]]] = [
        *(("con", UnknownNameError), (2, UnknownNameError), (None, ArgumentError)),
    ]
    for layer, error in wrong:
        with pytest.raises(error):
            weightwatcher.get_ESD(FIRST, layer)


@pytest.mark.parametrize("name", ["min_evals", "max_evals", "max_N", "tolerance", "max_fingers"])
def test_none_is_no_limit_or_the_default(name):
    model = {"a.weight": np.eye(4) + np.ones((4, 4)), **FIRST}
    nothing: Any = {"tolerance": 1e-6, "max_fingers": 10}.get(name, 0)
    options: list[dict[str, Any]] = [{name: None}, {name: nothing}]
    found, same = (weightwatcher.analyze(model, **each) for each in options)
    assert found.equals(same)
    assert len(found) == (7 if name == "min_evals" else 6)


def functions(name):
    return getattr(weightwatcher, name)


@pytest.mark.parametrize(
    ("function", "name"), [(f, n) for f, names in ARGUMENTS.items() for n in names.split()]
)
def test_every_argument_of_weightwatcher_is_there_or_says_what_to_use(function, name):
    known = inspect.signature(functions(function)).parameters
    if name in known:
        return
    off, _ = _arguments.ARGUMENTS[name]
    for value in off:
        functions(function)(*REQUIRED[function], **{name: value})
    with pytest.raises(ArgumentError, match=f"{function} has no argument `{name}`: .{{12}}"):
        functions(function)(*REQUIRED[function], **{name: "something"})


def test_every_argument_of_the_table_has_advice_and_no_others():
    every = {n for names in ARGUMENTS.values() for n in names.split()}
    old = {"compute_alphas", "normalize", "rescale", "savedir"}
    assert set(_arguments.ARGUMENTS) <= every | old | {"rng"}


@pytest.mark.parametrize("function", ARGUMENTS)
def test_an_argument_that_nobody_has(function):
    for wrong, near in (("pol", "pool"), ("layrs", "layers")):
        if near in inspect.signature(functions(function)).parameters:
            with pytest.raises(ArgumentError, match=f"`{wrong}`; the nearest is `{near}`"):
                functions(function)(*REQUIRED[function], **{wrong: 1})


@pytest.mark.parametrize("name", " ".join(OTHERS).split())
def test_every_method_of_weightwatcher_says_what_to_use(name):
    assert not hasattr(weightwatcher, name)
    with pytest.raises(AttributeError, match=f"no attribute '{name}': .{{12}}"):
        getattr(weightwatcher, name)
    with pytest.raises(AttributeError, match=r"no attribute 'nothing'$"):
        getattr(weightwatcher, "nothing")  # noqa: B009


def test_the_page_has_a_line_for_every_argument_and_method():
    page = (REPO / "docs" / "weightwatcher.md").read_text(encoding="utf-8")
    table = page.partition("## You wrote X, write Y")[2].partition("\n## ")[0]
    for name in " ".join([*ARGUMENTS.values(), *OTHERS]).split():
        assert f"`{name}" in table or f"{name}=" in table or f".{name}(" in table, name
