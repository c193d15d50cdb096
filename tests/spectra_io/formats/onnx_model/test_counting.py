"""Counting operators: as many as the walk meets, without meeting them."""

import itertools
import time

import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import helper, numpy_helper

from spectra.errors import ModelFormatError
from spectra_io import open_model
from spectra_io.formats.onnx_model.graph.counting import check_operators
from spectra_io.formats.onnx_model.graph.walk import walk
from tests.builders import f32, graph, message_of, write_onnx


def node(kind, **attributes):
    return helper.make_node(kind, ["x"], ["y"], domain="f", **attributes)


def function(name, nodes, attributes=(), defaults=()):
    made = helper.make_function(
        "f", name, ["x"], ["y"], nodes, [helper.make_opsetid("f", 1)], list(attributes)
    )
    made.attribute_proto.extend(defaults)
    return made


def model(nodes, functions):
    return helper.make_model(graph(nodes), functions=functions)


def inner(count, kind="A"):
    return graph([node(kind) for _ in range(count)])


LIMIT = "spectra_io.formats.onnx_model.graph.counting.MAX_NODES"


def nothing(name, tensor):
    """Locate no tensor: there are none."""
    raise AssertionError(name)


def counted(made):
    """Return the smallest limit under which a model is accepted."""
    low, high = 0, 1 << 20
    while low < high:
        limit = (low + high) // 2
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(LIMIT, limit)
            try:
                check_operators(made)
                high = limit
            except ModelFormatError:
                low = limit + 1
    return low


def walked(made, monkeypatch):
    """Return the operators that the walk meets."""
    from spectra_io.formats.onnx_model.graph.walk import _Walk

    number, real = [], _Walk._node

    def noted(self, *arguments):
        number.append(1)
        return real(self, *arguments)

    with monkeypatch.context() as patch:
        patch.setattr(_Walk, "_node", noted)
        walk(made, nothing)
    return len(number)


def referring(name, reference):
    """Return an operator whose graph is an attribute of the function around it."""
    made = node(name)
    made.attribute.append(
        onnx.AttributeProto(name="body", ref_attr_name=reference, type=onnx.AttributeProto.GRAPH)
    )
    return made


MADE = {
    "no function is called": model([node("A")] * 3, [function("F", [node("A")] * 5)]),
    "a function that is called": model([node("F")] * 3, [function("F", [node("A")] * 5)]),
    "functions in functions": model(
        [node("F")] * 2,
        [function("F", [node("G"), node("A"), node("G")]), function("G", [node("A")] * 7)],
    ),
    "calls in a graph inside": model(
        [node("If", then_branch=inner(4, "F"), else_branch=inner(2))],
        [function("F", [node("A")] * 5)],
    ),
    "a graph that a call gives": model(
        [node("F", g=inner(6)), node("F", g=inner(1))],
        [function("F", [referring("Loop", "g"), node("A"), referring("Loop", "g")], ["g"])],
    ),
    "a graph that is given on": model(
        [node("F", h=inner(3)), node("A")],
        [
            function("F", [referring("G", "h"), referring("G", "h")], ["h"]),
            function("G", [referring("Loop", "body")] * 2, ["body"]),
        ],
    ),
    "a graph that nothing takes": model(
        [node("F", g=inner(6))], [function("F", [node("A")], ["g"])]
    ),
    "a graph by default": model(
        [node("F"), node("F", g=inner(1))],
        [function("F", [referring("Loop", "g")], defaults=[helper.make_attribute("g", inner(5))])],
    ),
    "a list of graphs": model(
        [node("Case", branches=[inner(2), inner(3, "F")])], [function("F", [node("A")] * 2)]
    ),
}


@pytest.mark.parametrize("kind", MADE)
def test_as_many_as_the_walk_meets(monkeypatch, kind):
    assert counted(MADE[kind]) == walked(MADE[kind], monkeypatch)


@given(st.data())
def test_random_models(data):
    kinds = ["A", "F0", "F1", "F2", "F3"]

    def nodes(first):
        names = st.sampled_from(kinds[:1] + kinds[first + 1 :])
        return [node(name) for name in data.draw(st.lists(names, max_size=4))]

    made = model(
        [*nodes(0), node("If", then_branch=graph(nodes(0)), else_branch=graph(nodes(0)))],
        [function(f"F{i}", nodes(i + 1)) for i in range(4)],
    )
    with pytest.MonkeyPatch.context() as patch:
        assert counted(made) == walked(made, patch)


def doubling(depth):
    functions = [function(f"F{i}", [node(f"F{i + 1}"), node(f"F{i + 1}")]) for i in range(depth)]
    return model([node("F0")], [*functions, function(f"F{depth}", [node("A")])])


def test_a_billion_calls_are_counted_and_not_followed():
    start = time.process_time()
    with pytest.raises(ModelFormatError, match="more than 262144 operators"):
        check_operators(doubling(30))
    assert time.process_time() - start < 1


def test_many_graphs_given_to_many_calls():
    """Products of calls and graphs, in a file of a few kilobytes."""
    functions = [
        function(f"F{i}", [referring(f"F{i + 1}", "body")] * 9, ["body"]) for i in range(9)
    ]
    last = function("F9", [referring("Loop", "body")] * 9, ["body"])
    with pytest.raises(ModelFormatError, match="more than 262144 operators"):
        check_operators(model([node("F0", body=inner(9))], [*functions, last]))


def test_functions_that_call_themselves():
    itself = model([node("F")], [function("F", [node("F")])])
    other = model([node("F")], [function("F", [node("G")]), function("G", [node("F")])])
    unused = model([], [function("F", [node("F")])])
    inside = model([], [function("F", [node("If", then_branch=inner(1, "F"))])])
    for made in (itself, other, unused, inside):
        with pytest.raises(ModelFormatError, match="calls itself"):
            check_operators(made)


def chain(length, nested):
    """Return functions that call the next one from inside several graphs."""
    functions = []
    for i in range(length):
        body = node(f"F{i + 1}")
        for _ in range(nested):
            body = node("If", then_branch=graph([body]))
        functions.append(function(f"F{i}", [body]))
    return [*functions, function(f"F{length}", [node("A")])]


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize(("length", "nested"), [(30, 25), (70, 0), (3, 28)])
def test_graphs_and_functions_deep_inside_each_other(tmp_path, order, length, nested):
    """Counted together: each file and each message may be shallow."""
    made = model([node("F0")], chain(length, nested)[::order])
    with pytest.raises(ModelFormatError, match=r"deep inside each other|nested"):
        check_operators(made)
    message = message_of(write_onnx(tmp_path / "m.onnx", made.graph, functions=made.functions))
    assert "inside each other" in message or "nested" in message


def test_a_usual_depth_is_read(tmp_path):
    made = model([node("F0")], chain(10, 4))
    check_operators(made)
    walk(made, nothing)


def test_of_a_model_without_functions_nothing_is_counted():
    made = helper.make_model(graph([node("A")]))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(LIMIT, 0)
        check_operators(made)


@pytest.mark.parametrize(("steps", "role"), [(20, "dense"), (60, "constant")])
def test_a_weight_is_followed_so_many_steps(tmp_path, steps, role):
    names = ["w", *(f"w{i}" for i in range(steps))]
    pairs = itertools.pairwise(names)
    nodes = [helper.make_node("Transpose", [a], [b], perm=[1, 0]) for a, b in pairs]
    product = helper.make_node("MatMul", ["x", names[-1]], ["y"])
    made = graph([*nodes, product], [numpy_helper.from_array(f32(4, 3), "w")])
    assert open_model(write_onnx(tmp_path / "m.onnx", made))["w"].role == role
