"""Constants followed through a graph, against what onnxruntime makes of the same operators."""

import itertools
import math
import pickle
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime as ort
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

import spectra
from spectra_io import open_model
from tests.builders import examples, f32, graph, message_of, write_onnx

node = helper.make_node
from_array = numpy_helper.from_array
OPSET = [helper.make_opsetid("", 21)]


@pytest.fixture(scope="module")
def scratch(tmp_path_factory):
    return tmp_path_factory.mktemp("scratch")


def run(nodes, initializers, output="y"):
    """Return what onnxruntime makes of constants."""
    made = graph(nodes, initializers, outputs=[output])
    made.output[0].type.CopyFrom(onnx.TypeProto())
    model = helper.make_model(made, opset_imports=OPSET, ir_version=10)
    options = ort.SessionOptions()
    options.log_severity_level = 4
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = ort.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    return session.run(None, {})[0]


def layers_of(path, nodes, initializers, **kwargs):
    made = graph(nodes, initializers)
    return [x for x in spectra.layers(open_model(write_onnx(path, made, **kwargs))) if x.taken]


class Chain:
    """Operators one after the other, drawn at random, each fit for what the last one gives."""

    def __init__(self, draw: Any, array: npt.NDArray[Any]) -> None:
        self.draw, self.array, self.last = draw, array, "w"
        self.nodes: list[onnx.NodeProto] = []
        self.initializers = [from_array(array, "w")]

    def constant(self, values: Any, dtype: Any = np.int64) -> str:
        name = f"c{len(self.initializers)}"
        self.initializers.append(from_array(np.array(values, dtype), name))
        return name

    def add(self, operator: str, *inputs: str, **attributes: Any) -> str:
        name = f"v{len(self.nodes)}"
        self.nodes.append(node(operator, list(inputs), [name], **attributes))
        return name

    def step(self) -> None:
        kind = self.draw(st.sampled_from(STEPS))
        name = getattr(self, kind)()
        if name:
            self.last = name
            self.array = run(self.nodes, self.initializers, name)

    def transpose(self) -> str:
        axes = self.draw(st.permutations(range(self.array.ndim)))
        return self.add("Transpose", self.last, perm=axes) if axes else ""

    def reverse(self) -> str:
        return self.add("Transpose", self.last)

    def reshape(self) -> str:
        size = self.array.size
        first = self.draw(st.sampled_from([n for n in range(1, size + 1) if size % n == 0]))
        wanted = self.draw(
            st.sampled_from([[first, -1], [-1], [1, first, -1], [first, size // first]])
        )
        return self.add("Reshape", self.last, self.constant(wanted))

    def flatten(self) -> str:
        return self.add("Flatten", self.last, axis=self.draw(st.integers(0, self.array.ndim)))

    def unsqueeze(self) -> str:
        ndim = self.array.ndim
        axis = self.draw(st.integers(-ndim - 1, ndim))
        return self.add("Unsqueeze", self.last, self.constant([axis])) if ndim < 4 else ""

    def squeeze(self) -> str:
        return self.add("Squeeze", self.last) if max(self.array.shape, default=0) > 1 else ""

    def slice(self) -> str:
        if not self.array.ndim:
            return ""
        axis = self.draw(st.integers(0, self.array.ndim - 1))
        start = self.draw(st.integers(0, self.array.shape[axis] - 1))
        stop = self.draw(st.sampled_from([self.array.shape[axis], 1 << 62, start + 1]))
        places = [self.constant([n]) for n in (start, stop, axis)]
        return self.add("Slice", self.last, *places)

    def rotate(self) -> str:
        """Put the halves in the other order, as exporters do with gates."""
        if not self.array.ndim or self.array.shape[0] < 2:
            return ""
        middle = self.draw(st.integers(1, self.array.shape[0] - 1))
        self.nodes.append(
            node(
                "Split",
                [self.last, self.constant([middle, self.array.shape[0] - middle])],
                [f"a{len(self.nodes)}", f"b{len(self.nodes)}"],
                axis=0,
            )
        )
        first, second = self.nodes[-1].output
        return self.add("Concat", second, first, axis=0)

    def gather(self) -> str:
        if not self.array.ndim:
            return ""
        axis = self.draw(st.integers(0, self.array.ndim - 1))
        which = self.draw(st.integers(-self.array.shape[axis], self.array.shape[axis] - 1))
        return self.add("Gather", self.last, self.constant(which), axis=axis)

    def identity(self) -> str:
        return self.add("Identity", self.last)

    def narrow(self) -> str:
        there = self.add("Cast", self.last, to=TensorProto.FLOAT16)
        return self.add("Cast", there, to=TensorProto.FLOAT)

    def scale(self) -> str:
        factor = self.constant(f32(*self.array.shape[-1:], seed=3), np.float32)
        if self.array.size < math.prod(self.array.shape[-1:]) + 1:  # which is the weight, then?
            return ""
        return self.add(self.draw(st.sampled_from(["Mul", "Add", "Sub"])), self.last, factor)

    def quantize(self) -> str:
        scale = self.constant(0.25, np.float32)
        zero = self.constant(self.draw(st.integers(-5, 5)), np.int8)
        there = self.add("QuantizeLinear", self.last, scale, zero)
        return self.add("DequantizeLinear", there, scale, zero)


STEPS = [name for name in vars(Chain) if name not in {"constant", "add", "step"} and name[0] != "_"]


@examples(3)
@given(st.data())
def test_whatever_moves_a_matrix_is_followed(scratch, data):
    shape = data.draw(st.sampled_from([(4, 6), (2, 3, 4), (1, 8, 3), (12,), (2, 2, 3, 2)]))
    chain = Chain(data.draw, f32(*shape))
    for _ in range(data.draw(st.integers(1, 6))):
        chain.step()
    if chain.array.size < 4 or chain.array.size % 2:
        return  # a vector is no matrix
    rows = chain.constant([-1, chain.array.size // 2])
    chain.last = chain.add("Reshape", chain.last, rows)
    expected = run(chain.nodes, chain.initializers, chain.last)
    nodes = [*chain.nodes, node("MatMul", ["x", chain.last], ["y"])]
    found = [
        x for x in layers_of(scratch / "m.onnx", nodes, chain.initializers) if x.tensor.name == "w"
    ]
    (layer,) = found
    again = pickle.loads(pickle.dumps(layer))
    np.testing.assert_array_equal(again.matrices()[0], expected.T)


def matrices(layers):
    return {x.name: x.matrices() for x in layers}


@pytest.mark.parametrize("turned", [0, 1])
@pytest.mark.parametrize("side", ["A", "B"])
def test_gemm_gives_rows_to_outputs(tmp_path, turned, side):
    W = f32(5, 3)
    inputs = ["w", "x"] if side == "A" else ["x", "w"]
    made = node("Gemm", inputs, ["y"], **{f"trans{side}": turned})
    (layer,) = layers_of(tmp_path / "m.onnx", [made], [from_array(W, "w")])
    upright = (side == "B") == bool(turned)
    np.testing.assert_array_equal(layer.matrices()[0], W if upright else W.T)


def test_of_two_constants_the_second_is_the_weight(tmp_path):
    """As the first step of a recurrent cell, with the zeros it starts from."""
    weights = [from_array(f32(1, 4), "state"), from_array(f32(4, 3), "w")]
    (layer,) = layers_of(tmp_path / "m.onnx", [node("MatMul", ["state", "w"], ["y"])], weights)
    assert layer.name == "w"


@pytest.mark.parametrize("shape", [(2, 5, 3), (2, 3, 5, 4), (1, 5, 3)])
def test_a_stack_of_matrices_is_a_layer_each(tmp_path, shape):
    W = f32(*shape)
    found = layers_of(
        tmp_path / "m.onnx", [node("MatMul", ["x", "w"], ["y"])], [from_array(W, "w")]
    )
    stack = W.reshape(-1, *shape[-2:])
    assert len(found) == len(stack)
    for layer, matrix in zip(found, stack, strict=True):
        np.testing.assert_array_equal(layer.matrices()[0], matrix.T)


@pytest.mark.parametrize("groups", [1, 2, 4])
@pytest.mark.parametrize("kernel", [(3,), (2, 3), (2, 1, 2)])
def test_groups_of_a_convolution_are_matrices_of_their_own(tmp_path, groups, kernel):
    W = f32(8, 3, *kernel)
    made = node("Conv", ["x", "w"], ["y"], group=groups)
    (layer,) = layers_of(tmp_path / "m.onnx", [made], [from_array(W, "w")])
    expected = [
        W[g * 8 // groups : (g + 1) * 8 // groups, :, *index]
        for index in np.ndindex(kernel)
        for g in range(groups)
    ]
    assert layer.rf == groups * math.prod(kernel)
    np.testing.assert_array_equal(layer.matrices(), expected)


@pytest.mark.parametrize("groups", [1, 3])
def test_a_transposed_convolution_is_turned_upright(tmp_path, groups):
    """Its kernel is (in, out / groups, positions...); x is mapped by one matrix a position."""
    W = f32(6, 4, 3)
    made = node("ConvTranspose", ["x", "w"], ["y"], group=groups)
    (layer,) = layers_of(tmp_path / "m.onnx", [made], [from_array(W, "w")])
    size = 6 // groups
    expected = [W[g * size : (g + 1) * size, :, k].T for k in range(3) for g in range(groups)]
    np.testing.assert_array_equal(layer.matrices(), expected)


@pytest.mark.parametrize("groups", [0, -1, 5, 1 << 40])
def test_impossible_groups_are_none(tmp_path, groups):
    made = node("Conv", ["x", "w"], ["y"], group=groups)
    (layer,) = layers_of(tmp_path / "m.onnx", [made], [from_array(f32(8, 3, 3), "w")])
    assert layer.rf == 3


@pytest.mark.parametrize("multiple", [1, 2])
def test_a_depthwise_kernel_is_one_matrix(tmp_path, multiple):
    W = f32(6 * multiple, 1, 3, 3)
    made = node("Conv", ["x", "w"], ["y"], group=6)
    (layer,) = layers_of(tmp_path / "m.onnx", [made], [from_array(W, "w")])
    np.testing.assert_array_equal(layer.matrices(), W.reshape(1, 6 * multiple, 9))


CELLS = {"LSTM": "iofc", "GRU": "zrh", "RNN": "h"}


@pytest.mark.parametrize(("cell", "gates"), CELLS.items())
@pytest.mark.parametrize("directions", [1, 2])
def test_recurrent_weights_are_split_by_direction_and_gate(tmp_path, cell, gates, directions):
    hidden, k = 3, len(gates)
    W, R = f32(directions, k * hidden, 5), f32(directions, k * hidden, hidden, seed=1)
    weights = [from_array(W, "W"), from_array(R, "R")]
    made = node(cell, ["x", "W", "R"], ["y"], hidden_size=hidden)
    found = matrices(layers_of(tmp_path / "m.onnx", [made], weights))
    expected = {}
    for name, array in (("W", W), ("R", R)):
        for d, direction in enumerate(["forward", "reverse"][:directions]):
            for g, gate in enumerate(gates):
                words = ([direction] if directions == 2 else []) + ([gate] if k > 1 else [])
                label = f"[{'.'.join(words)}]" if words else ""
                expected[name + label] = array[d, g * hidden : (g + 1) * hidden]
    assert list(found) == list(expected)
    for name, matrix in expected.items():
        np.testing.assert_array_equal(found[name][0], matrix)


def test_gates_in_the_order_of_another_framework(tmp_path):
    """As exported from one that stacks i, f, g, o: cut apart and joined as i, o, f, c."""
    W = f32(8, 3)
    nodes = [
        node("Slice", ["w", f"s{a}", f"s{b}", "zero"], [f"p{a}"])
        for a, b in [(0, 2), (6, 8), (2, 6)]
    ]
    nodes += [
        node("Concat", ["p0", "p6", "p2"], ["joined"], axis=0),
        node("Unsqueeze", ["joined", "zero"], ["W"]),
        node("LSTM", ["x", "W", "R"], ["y"], hidden_size=2),
    ]
    places = [from_array(np.array([n]), f"s{n}") for n in (0, 2, 6, 8)]
    weights = [from_array(W, "w"), *places, from_array(np.array([0]), "zero")]
    found = matrices(layers_of(tmp_path / "m.onnx", nodes, weights))
    blocks = {"i": W[0:2], "o": W[6:8], "f": W[2:4], "c": W[4:6]}
    assert list(found) == [f"w[{gate}]" for gate in blocks]
    for gate, block in blocks.items():
        np.testing.assert_array_equal(found[f"w[{gate}]"][0], block)


def test_two_tensors_joined_for_one_operator(tmp_path):
    """The directions of a recurrent layer, kept apart in the file."""
    there, back = f32(1, 8, 3), f32(1, 8, 3, seed=1)
    nodes = [node("Concat", ["a", "b"], ["W"], axis=0), node("LSTM", ["x", "W", "R"], ["y"])]
    weights = [from_array(there, "a"), from_array(back, "b")]
    found = matrices(layers_of(tmp_path / "m.onnx", nodes, weights))
    assert list(found) == [
        *(f"a[forward.{gate}]" for gate in "iofc"),
        *(f"b[reverse.{gate}]" for gate in "iofc"),
    ]
    np.testing.assert_array_equal(found["b[reverse.o]"][0], back[0, 2:4])


EINSUMS = {
    "bsd,df->bsf": ((4, 6), lambda W: [W.T]),
    "bsd,fd->bsf": ((6, 4), lambda W: [W]),
    "bsd,dhk->bshk": ((4, 2, 3), lambda W: [W.reshape(4, 6).T]),
    "bshk,hkd->bsd": ((2, 3, 4), lambda W: [W.reshape(6, 4).T]),
    "ebd,edf->ebf": ((3, 4, 5), lambda W: [w.T for w in W]),
    "td,edf->tef": ((3, 4, 5), lambda W: [w.T for w in W]),
    "td,edhk->tehk": ((3, 4, 2, 5), lambda W: [w.reshape(4, 10).T for w in W]),
    "td,efd->tef": ((3, 4, 5), lambda W: [W.reshape(12, 5)]),
    "...d,df->...f": ((4, 6), lambda W: [W.T]),
    "...d,edf->...ef": ((3, 4, 5), lambda W: [w.T for w in W]),
}


@pytest.mark.parametrize(("equation", "case"), EINSUMS.items())
@pytest.mark.parametrize("first", [False, True])
def test_einsum_tells_inputs_from_outputs(tmp_path, equation, case, first):
    shape, expected = case
    W = f32(*shape)
    terms = equation.split("->")[0].split(",")
    if first:
        equation = f"{terms[1]},{terms[0]} -> {equation.split('->')[1]}"
    made = node("Einsum", ["w", "x"] if first else ["x", "w"], ["y"], equation=equation)
    found = layers_of(tmp_path / "m.onnx", [made], [from_array(W, "w")])
    np.testing.assert_array_equal([x.matrices()[0] for x in found], expected(W))


@pytest.mark.parametrize(
    "equation", ["", "ij", "ij,jk", "ij,jj->ij", "i,jk->ijk", "\udcff,a->a", "..i,ij->..j"]
)
def test_an_einsum_of_another_kind_is_no_layer(tmp_path, equation):
    made = node("Einsum", ["x", "w"], ["y"], equation=equation.encode(errors="surrogateescape"))
    path = write_onnx(tmp_path / "m.onnx", graph([made], [from_array(f32(4, 6), "w")]))
    (layer,) = spectra.layers(open_model(path))
    assert layer.reason.startswith("input 1 of Einsum, equation")


@pytest.mark.parametrize("added", [0, 1, 2])
def test_a_product_that_is_split_afterwards_is_a_layer_a_part(tmp_path, added):
    W = f32(4, 12)
    names = ["p", "q", "r"][: added + 1]
    nodes = [node("MatMul", ["x", "w"], ["p"])]
    nodes += [node("Add", [a, "b"], [b]) for a, b in itertools.pairwise(names)]
    nodes += [node("Split", [names[-1], "sizes"], ["i", "j", "k"], axis=-1)]
    weights = [from_array(W, "w"), from_array(np.array([2, 4, 6]), "sizes")]
    found = layers_of(tmp_path / "m.onnx", nodes, weights)
    assert [x.name for x in found] == ["w[0]", "w[1]", "w[2]"]
    for layer, part in zip(found, np.split(W, [2, 6], axis=1), strict=True):
        np.testing.assert_array_equal(layer.matrices()[0], part.T)


UNSPLIT = {
    "the first axis": [node("Split", ["p"], ["i", "j"], axis=0)],
    "other sizes": [node("Split", ["p", "sizes"], ["i", "j", "k"], axis=1)],
    "used elsewhere": [node("Split", ["p"], ["i", "j"], axis=1), node("Relu", ["p"], ["z"])],
    "bent before": [node("Relu", ["p"], ["q"]), node("Split", ["q"], ["i", "j"], axis=1)],
}


@pytest.mark.parametrize("after", UNSPLIT.values(), ids=UNSPLIT)
def test_a_product_that_is_not_plainly_split_is_whole(tmp_path, after):
    weights = [from_array(f32(4, 12), "w"), from_array(np.array([2, 4, 5]), "sizes")]
    (layer,) = layers_of(tmp_path / "m.onnx", [node("MatMul", ["x", "w"], ["p"]), *after], weights)
    assert layer.name == "w"


def test_a_tensor_of_which_operators_take_slices(tmp_path):
    W = f32(4, 6)
    nodes = [
        node("Split", ["w"], ["a", "b"], axis=1),
        node("MatMul", ["x", "b"], ["y"]),
        node("MatMul", ["x", "a"], ["z"]),
        node("MatMul", ["y", "a"], ["u"]),
    ]
    found = matrices(layers_of(tmp_path / "m.onnx", nodes, [from_array(W, "w")]))
    assert list(found) == ["w[:,3:6]", "w[:,0:3]"]
    np.testing.assert_array_equal(found["w[:,3:6]"][0], W[:, 3:].T)


def test_all_of_a_tensor_goes_before_a_slice_of_it(tmp_path):
    nodes = [
        node("Slice", ["w", "i", "j"], ["a"]),
        node("MatMul", ["x", "a"], ["y"]),
        node("MatMul", ["y", "w"], ["z"]),
    ]
    weights = [from_array(f32(4, 6), "w")] + [
        from_array(np.array([n]), m) for n, m in [(0, "i"), (2, "j")]
    ]
    (layer,) = layers_of(tmp_path / "m.onnx", nodes, weights)
    assert (layer.name, layer.matrices().shape) == ("w", (1, 6, 4))


def function(nodes, inputs, outputs, attributes=(), name="f"):
    return helper.make_function("local", name, inputs, outputs, nodes, OPSET, attributes)


def test_weights_given_to_a_function(tmp_path):
    """Called twice, each time with a weight of its own, turned before the call and after it."""
    body = [node("Transpose", ["W"], ["V"]), node("MatMul", ["X", "V"], ["Y"])]
    calls = [
        node("f", ["x", "a"], ["y"], domain="local"),
        node("Transpose", ["b"], ["turned"]),
        node("f", ["y", "turned"], ["z"], domain="local"),
    ]
    A, B = f32(5, 3), f32(5, 3, seed=1)
    weights = [from_array(A, "a"), from_array(B, "b")]
    functions = [function(body, ["X", "W"], ["Y"])]
    found = matrices(layers_of(tmp_path / "m.onnx", calls, weights, functions=functions))
    np.testing.assert_array_equal(found["a"][0], A)
    np.testing.assert_array_equal(found["b"][0], B.T)


def test_a_weight_that_a_function_gives_back(tmp_path):
    made = [node("Transpose", ["W"], ["V"])]
    nodes = [node("f", ["w"], ["v"], domain="local"), node("Gemm", ["x", "v"], ["y"], transB=1)]
    functions = [function(made, ["W"], ["V"])]
    W = f32(5, 3)
    (layer,) = layers_of(tmp_path / "m.onnx", nodes, [from_array(W, "w")], functions=functions)
    np.testing.assert_array_equal(layer.matrices()[0], W.T)


def test_attributes_of_a_function_are_those_of_the_call(tmp_path):
    inner = node("Gemm", ["X", "W"], ["Y"])
    inner.attribute.add(name="transB", ref_attr_name="turned", type=onnx.AttributeProto.INT)
    functions = [function([inner], ["X", "W"], ["Y"], ["turned"])]
    W = f32(5, 3)
    for turned in (0, 1):
        call = node("f", ["x", "w"], ["y"], domain="local", turned=turned)
        (layer,) = layers_of(tmp_path / "m.onnx", [call], [from_array(W, "w")], functions=functions)
        np.testing.assert_array_equal(layer.matrices()[0], W if turned else W.T)


def test_a_constant_that_the_call_of_a_function_gives(tmp_path):
    inner = node("Constant", [], ["W"])
    inner.attribute.add(name="value", ref_attr_name="weight", type=onnx.AttributeProto.TENSOR)
    functions = [function([inner, node("MatMul", ["X", "W"], ["Y"])], ["X"], ["Y"], ["weight"])]
    A, B = f32(5, 3), f32(3, 2)
    calls = [
        node("f", ["x"], ["y"], domain="local", weight=from_array(A, "a")),
        node("f", ["y"], ["z"], domain="local", weight=from_array(B, "b")),
    ]
    found = layers_of(tmp_path / "m.onnx", calls, [], functions=functions)
    assert [x.matrices()[0].tolist() for x in found] == [A.T.tolist(), B.T.tolist()]


def test_constants_of_a_function_called_twice_are_there_once(tmp_path):
    body = [
        node("Constant", [], ["W"], value=from_array(f32(3, 3))),
        node("MatMul", ["X", "W"], ["Y"]),
    ]
    calls = [node("f", [a], [b], domain="local") for a, b in [("x", "y"), ("y", "z")]]
    found = layers_of(tmp_path / "m.onnx", calls, [], functions=[function(body, ["X"], ["Y"])])
    assert [x.name for x in found] == ["W"]


@pytest.mark.parametrize("ring", [["f"], ["f", "g"], ["f", "g", "h"]])
def test_functions_that_call_themselves(tmp_path, ring):
    functions = [
        function([node(after, ["X"], ["Y"], domain="local")], ["X"], ["Y"], name=name)
        for name, after in zip(ring, [*ring[1:], ring[0]], strict=True)
    ]
    made = graph([node("f", ["x"], ["y"], domain="local")])
    assert "calls itself" in message_of(write_onnx(tmp_path / "m.onnx", made, functions=functions))


@pytest.mark.slow
def test_functions_that_call_each_other_twice_a_billion_times(tmp_path):
    """Forty functions of two calls each would be walked for years."""
    functions = [
        function(
            [node(f"f{i + 1}", [a], [b], domain="local") for a, b in [("X", "V"), ("V", "Y")]],
            ["X"],
            ["Y"],
            name=f"f{i}",
        )
        for i in range(30)
    ]
    made = graph([node("f0", ["x"], ["y"], domain="local")])
    assert "more than" in message_of(write_onnx(tmp_path / "m.onnx", made, functions=functions))


def test_what_a_loop_passes_on_unchanged_is_followed(tmp_path):
    body = graph([node("MatMul", ["state", "W"], ["next"]), node("Identity", ["W"], ["W_out"])])
    for name in ("i", "go", "state", "W"):
        body.input.add(name=name)
    for name in ("go", "next", "W_out"):
        body.output.add(name=name)
    made = node("Loop", ["n", "", "start", "w"], ["a", "b"], body=body)
    weights = [from_array(f32(1, 3), "start"), from_array(f32(3, 3), "w")]
    path = write_onnx(tmp_path / "m.onnx", graph([made], weights))
    assert {n: t.role for n, t in open_model(path).items()} == {"w": "dense", "start": "constant"}


def test_a_name_inside_a_graph_hides_that_outside(tmp_path):
    body = graph([node("MatMul", ["w", "v"], ["y"])])
    for name in ("i", "go", "w"):
        body.input.add(name=name)
    made = node("Loop", ["n", "", "x"], ["a"], body=body)
    weights = [from_array(f32(3, 3), "w"), from_array(f32(3, 4), "v")]
    path = write_onnx(tmp_path / "m.onnx", graph([made], weights))
    assert {n: t.role for n, t in open_model(path).items()} == {"v": "dense", "w": "unused"}


def test_thousands_of_operators_in_a_row(tmp_path):
    """Following ends before the depth of Python's calls does."""
    nodes = [node("Transpose", [f"v{i}"], [f"v{i + 1}"]) for i in range(5000)]
    nodes.append(node("MatMul", ["x", "v5000"], ["y"]))
    path = write_onnx(tmp_path / "m.onnx", graph(nodes, [from_array(f32(3, 2), "v0")]))
    assert open_model(path)["v0"].role == "constant"


def test_constants_joined_with_themselves_again_and_again(tmp_path):
    nodes = [node("Concat", [f"v{i}"] * 2, [f"v{i + 1}"], axis=0) for i in range(60)]
    nodes.append(node("MatMul", ["x", "v60"], ["y"]))
    path = write_onnx(tmp_path / "m.onnx", graph(nodes, [from_array(f32(3, 2), "v0")]))
    assert open_model(path)["v0"].role == "constant"
