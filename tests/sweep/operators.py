"""The matrices that the operators of an ONNX graph multiply by, as the onnx package reads them."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
from onnx import numpy_helper
from onnx.inliner import inline_local_functions
from onnx.reference import ReferenceEvaluator

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from spectra._typing import AnyArray

__all__ = ["Product", "Unread", "products", "stored", "turned"]

MOST = 1 << 27  # elements of a constant that is computed here
GATES = {"LSTM": 4, "GRU": 3, "RNN": 1, "DynamicQuantizeLSTM": 4}
NO_WEIGHTS = {  # constants with two axes that do not multiply a vector of activations
    *("Add", "Sub", "Div", "Pow", "Where", "Concat", "Equal", "Greater", "Less", "And", "Or"),
    *("Mul", "Max", "Min", "Mean", "Sum", "Slice", "Pad", "Reshape", "Expand", "Tile", "Loop"),
    *("Identity", "Cast", "Transpose", "Squeeze", "Unsqueeze", "ScatterND", "If", "Scan"),
}
FUNCTIONS = {"Sin", "Cos", "Pow", "Exp", "Log", "Sqrt", "Tanh", "Sigmoid", "Softmax", "Erf"}
SHAPES = {"ConstantOfShape", "Shape", "Size"}  # whose numbers are not stored
DRAWN = ("Random", "Bernoulli", "Multinomial", "Dropout")
PASSED = {  # operators through which the columns of a product go as they are
    *("Add", "Mul", "Identity", "Cast", "Reshape", "Transpose", "Squeeze", "Unsqueeze"),
}


@dataclass(frozen=True, slots=True, eq=False)
class Product:
    """A matrix, or the matrices of a kernel's positions, by which an operator multiplies."""

    operator: str
    node: str
    label: str
    stack: AnyArray  # (positions, out, in)
    roots: frozenset[str]  # stored tensors from which it is computed
    computed: bool = False  # by a function that is not linear, such as a sine
    cut: bool = False  # whether the network takes the result apart


@dataclass(frozen=True, slots=True)
class Unread:
    """A constant of two axes or more at an operator that is not known here."""

    operator: str
    node: str
    place: int
    shape: tuple[int, ...]


@dataclass(slots=True)
class _Constant:
    values: AnyArray
    roots: frozenset[str]
    computed: bool = False


@dataclass(slots=True)
class _Scope:
    """Constants and users of the names of a graph, and of the graphs around it."""

    opsets: dict[str, int]
    constants: dict[str, _Constant] = field(default_factory=dict)
    users: dict[str, list[onnx.NodeProto]] = field(default_factory=lambda: defaultdict(list))
    makers: dict[str, onnx.NodeProto] = field(default_factory=dict)

    def inner(self) -> _Scope:
        """Return the scope of a graph inside an operator."""
        return _Scope(self.opsets, dict(self.constants), self.users, self.makers)

    def of(self, node: onnx.NodeProto, place: int) -> _Constant | None:
        """Return an input of an operator if it is constant."""
        name = node.input[place] if place < len(node.input) else ""
        return self.constants.get(name) if name else None


def _attributes(node: onnx.NodeProto) -> dict[str, Any]:
    return {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}


def _graphs(node: onnx.NodeProto) -> Iterator[onnx.GraphProto]:
    for attribute in node.attribute:
        if attribute.HasField("g"):
            yield attribute.g
        yield from attribute.graphs


def turned(stack: AnyArray) -> AnyArray:
    """Return a stack of matrices with each of them transposed."""
    out: AnyArray = np.swapaxes(stack, 1, 2)
    return out


def stored(model: onnx.ModelProto) -> Counter[tuple[str, tuple[int, ...]]]:
    """
    Count the tensors that a model stores, by name and shape.

    Parameters
    ----------
    model : ModelProto
        The model.

    Returns
    -------
    Counter
        Initializers, sparse ones, and constants, of the graph, the graphs in its operators, and
        its functions.
    """
    found: Counter[tuple[str, tuple[int, ...]]] = Counter()

    def visit(nodes: Sequence[onnx.NodeProto]) -> None:
        for node in nodes:
            if node.op_type == "Constant" and node.attribute:
                found[node.output[0], _shape(node.attribute[0])] += 1
            for graph in _graphs(node):
                inside(graph)

    def inside(graph: onnx.GraphProto) -> None:
        for tensor in graph.initializer:
            found[tensor.name, tuple(tensor.dims)] += 1
        for sparse in graph.sparse_initializer:
            found[sparse.values.name, tuple(sparse.dims)] += 1
        visit(graph.node)

    inside(model.graph)
    for function in model.functions:
        visit(function.node)
    return found


def _shape(attribute: onnx.AttributeProto) -> tuple[int, ...]:
    if attribute.name == "value":
        return tuple(attribute.t.dims)
    if attribute.name == "sparse_value":
        return tuple(attribute.sparse_tensor.dims)
    several = {"value_floats": "floats", "value_ints": "ints", "value_strings": "strings"}
    kind = several.get(attribute.name)
    return (len(getattr(attribute, kind)),) if kind else ()


def products(model: onnx.ModelProto) -> tuple[list[Product], list[Unread]]:
    """
    Return the matrices by which the operators of a model multiply.

    Constants are computed by the reference implementation of the onnx package, so that a weight
    that an exporter transposes, casts, dequantizes or joins is the very array that an operator
    gets.

    Parameters
    ----------
    model : ModelProto
        The model, with its numbers.

    Returns
    -------
    list of Product
        Each matrix with two axes longer than 1, once for each stored tensor. A constant array
        that an operator makes of a shape is none: no numbers are stored.
    list of Unread
        Constants with two such axes at other operators, and operators on constants that could not
        be computed.
    """
    if model.functions:
        model = inline_local_functions(model)
    scope = _Scope({o.domain: o.version for o in model.opset_import})
    _index(model.graph, scope)
    found: list[Product] = []
    unread: list[Unread] = []
    _walk(model.graph, scope, found, unread)
    once = {_identity(p): p for p in found if p.roots and min(p.stack.shape[1:]) > 1}
    return list(once.values()), unread


def _identity(product: Product) -> Any:
    return product.roots, product.stack.shape, product.stack.tobytes()


def _index(graph: onnx.GraphProto, scope: _Scope) -> None:
    for node in graph.node:
        for name in node.input:
            scope.users[name].append(node)
        for name in node.output:
            scope.makers[name] = node
        for inner in _graphs(node):
            _index(inner, scope)


def _walk(
    graph: onnx.GraphProto, scope: _Scope, found: list[Product], unread: list[Unread]
) -> None:
    fed = {i.name for i in graph.input}
    for tensor in graph.initializer:
        values = numpy_helper.to_array(tensor)
        scope.constants[tensor.name] = _Constant(values, _root(tensor.name, values))
        fed.discard(tensor.name)
    for name in fed:
        scope.constants.pop(name, None)
    for node in graph.node:
        if not _folded(node, scope):
            its = [] if node.op_type in NO_WEIGHTS else list(_products(node, scope))
            found += its
            if not its:
                unread += _others(node, scope)
        for inner in _graphs(node):
            _walk(inner, scope.inner(), found, unread)


def _folded(node: onnx.NodeProto, scope: _Scope) -> bool:
    """Compute an operator of constants; return whether it was one."""
    named = [name for name in node.input if name]
    known = [scope.constants[name] for name in named if name in scope.constants]
    made = node.op_type == "Constant"
    drawn = node.op_type.startswith(DRAWN) or any(_graphs(node))
    if drawn or len(known) < len(named) or not (named or made):
        return False
    if node.op_type == "ConstantOfShape" and math.prod(known[0].values.tolist()) > MOST:
        return False
    try:
        run = ReferenceEvaluator(_alone(node, scope))
        results = run.run(None, {n: scope.constants[n].values for n in named})
    except Exception:  # of another domain, or not implemented
        return False
    computed = node.op_type in FUNCTIONS or any(c.computed for c in known)
    roots: frozenset[str] = frozenset()
    if node.op_type not in SHAPES:
        roots = roots.union(*(c.roots for c in known))
    for name, result in zip(node.output, results, strict=False):
        values = np.asarray(result)
        its = _root(name, values) if made else roots
        scope.constants[name] = _Constant(values, its, computed)
    return True


def _root(name: str, values: AnyArray) -> frozenset[str]:
    """Return the name of a stored tensor, unless it holds places or shapes."""
    place = values.dtype == np.int64 or values.dtype.kind in "bOSU"
    return frozenset() if place else frozenset([name])


def _alone(node: onnx.NodeProto, scope: _Scope) -> onnx.ModelProto:
    """Return the model of one operator."""
    any_type = onnx.TypeProto()
    names = dict.fromkeys(n for n in node.input if n)
    inputs = [onnx.ValueInfoProto(name=name, type=any_type) for name in names]
    outputs = [onnx.ValueInfoProto(name=name, type=any_type) for name in node.output if name]
    graph = onnx.helper.make_graph([node], "one", inputs, outputs)
    sets = [onnx.helper.make_opsetid(d, v) for d, v in scope.opsets.items()]
    return onnx.helper.make_model(graph, opset_imports=sets)


def _others(node: onnx.NodeProto, scope: _Scope) -> Iterator[Unread]:
    named = [n for n in node.input if n]
    if named and all(n in scope.constants for n in named) and not any(_graphs(node)):
        yield Unread(node.op_type, node.name, -1, ())  # not computed here
    if node.op_type in NO_WEIGHTS:
        return
    for place in range(len(node.input)):
        constant = scope.of(node, place)
        if constant is not None and sum(n > 1 for n in constant.values.shape) > 1:
            yield Unread(node.op_type, node.name, place, constant.values.shape)


# ---- the operators


def _products(node: onnx.NodeProto, scope: _Scope) -> Iterator[Product]:
    rule = RULES.get(node.op_type)
    made = rule(node, _attributes(node), scope) if rule else ()
    for label, stack, roots in made:
        kind = f"{node.domain}:{node.op_type}" if node.domain else node.op_type
        title = node.name or (node.output[0] if node.output else "")
        computed = any(scope.constants[n].computed for n in node.input if n in scope.constants)
        cut = _is_cut(node.output[0], scope)
        yield Product(kind, title, label, np.asarray(stack, np.float64), roots, computed, cut)


def _is_cut(name: str, scope: _Scope) -> bool:
    """Return whether the result of a product is split, or sliced in several places."""
    names, pieces = {name}, set()
    for _ in range(8):
        users = [user for n in names for user in scope.users[n]]
        names = set()
        for user in users:
            if user.op_type == "Split":
                return True
            if user.op_type in {"Slice", "Gather"}:
                pieces.add(tuple(user.input))
            others = [n for n in user.input[1:] if n not in scope.constants]
            if user.op_type in {"Reshape", "Squeeze", "Unsqueeze"} or len(others) == 0:
                names |= set(user.output) if user.op_type in PASSED else set()
            elif user.op_type in PASSED and sum(n not in scope.constants for n in user.input) == 1:
                names |= set(user.output)
    return len(pieces) > 1


def _real(
    node: onnx.NodeProto, scope: _Scope, place: int, scale: int, zero: int, axis: int
) -> tuple[AnyArray, frozenset[str]] | None:
    """Return (W - zero point) times the scale, both of them inputs of the operator."""
    weight, factor, shift = (scope.of(node, i) for i in (place, scale, zero))
    if weight is None or factor is None:
        return None
    values = weight.values.astype(np.float64)
    if shift is not None:
        values = values - _along(shift.values, values.ndim, axis)
    return values * _along(factor.values, values.ndim, axis), weight.roots


def _along(values: AnyArray, ndim: int, axis: int) -> AnyArray:
    """Return a number, or a vector of one per row, in a shape for arithmetic with an array."""
    flat = np.asarray(values, np.float64)
    if flat.size == 1:
        return flat.reshape(())
    if flat.ndim == 1:
        shape = [1] * ndim
        shape[axis] = flat.size
        return flat.reshape(shape)
    return flat


def _later(node: onnx.NodeProto, scope: _Scope) -> AnyArray | None:
    """Return the constant that multiplies the result of an integer product, or of it and a bias."""
    name = node.output[0]
    for _ in range(8):
        users = scope.users[name]
        if len(users) != 1:
            return None
        (user,) = users
        if user.op_type == "Mul":
            other = next(n for n in user.input if n != name)
            return _factor(other, scope)
        if user.op_type not in {"Add", "Cast", "Reshape", "Transpose"}:
            return None
        name = user.output[0]
    return None


def _factor(name: str, scope: _Scope) -> AnyArray | None:
    """Return the constant factor of a product of scales."""
    if name in scope.constants:
        return scope.constants[name].values
    maker = scope.makers.get(name)
    if maker is None or maker.op_type != "Mul":
        return None
    known = [scope.constants[n].values for n in maker.input if n in scope.constants]
    return known[0] if len(known) == 1 else None


def _integers(
    node: onnx.NodeProto, scope: _Scope, place: int, zero: int, axis: int
) -> tuple[AnyArray, frozenset[str]] | None:
    weight, shift = scope.of(node, place), scope.of(node, zero)
    if weight is None:
        return None
    scale = _later(node, scope)
    values = weight.values.astype(np.float64)
    if shift is not None:
        values = values - _along(shift.values, values.ndim, axis)
    scale = np.ones(()) if scale is None else scale
    return values * _along(np.squeeze(scale), values.ndim, axis), weight.roots


def _kernel(values: AnyArray, groups: int) -> AnyArray:
    """Return the matrices of a kernel (out, in, positions): by position, then by group."""
    out, each, *axes = values.shape
    flat = values.reshape(out, each, -1)
    if axes and each == 1:
        return flat.reshape(1, out, -1)  # one input channel: (out, positions)
    apart = np.split(flat, groups)
    stack: AnyArray = np.stack([g[:, :, p] for p in range(flat.shape[2]) for g in apart])
    return stack


def _conv(node: onnx.NodeProto, attributes: dict[str, Any], scope: _Scope) -> Any:
    groups = attributes.get("group", 1)
    if node.op_type == "ConvInteger":
        found = _integers(node, scope, 1, 3, 0)
    elif node.op_type == "QLinearConv":
        found = _real(node, scope, 3, 4, 5, 0)
    else:
        weight = scope.of(node, 1)
        found = (weight.values, weight.roots) if weight else None
    if found:
        yield "", _kernel(found[0], groups), found[1]


def _conv_transpose(node: onnx.NodeProto, attributes: dict[str, Any], scope: _Scope) -> Any:
    weight, groups = scope.of(node, 1), attributes.get("group", 1)
    if weight:  # (in, out / groups, positions)
        apart = [np.swapaxes(g, 0, 1) for g in np.split(weight.values, groups)]
        yield "", _kernel(np.concatenate(apart), groups), weight.roots


def _matmul(node: onnx.NodeProto, attributes: dict[str, Any], scope: _Scope) -> Any:
    left, right = scope.of(node, 0), scope.of(node, 1)
    if (left is None) == (right is None):
        return
    weight = right or left
    assert weight is not None
    flip = attributes.get("transB" if right else "transA", 0)
    yield from _stacked(weight, bool(flip) == (left is not None))


def _stacked(weight: _Constant, flip: bool) -> Any:
    """Yield the matrices (out, in) of a stack; `flip` if it is stored (in, out)."""
    values = weight.values
    if values.ndim < 2:
        return
    many = values.reshape(-1, *values.shape[-2:])
    for i, W in enumerate(many):
        yield (str(i) if len(many) > 1 else ""), (W.T if flip else W)[None], weight.roots


def _gemm(node: onnx.NodeProto, attributes: dict[str, Any], scope: _Scope) -> Any:
    left, right = scope.of(node, 0), scope.of(node, 1)
    alpha = attributes.get("alpha", 1.0)
    if right is not None and left is None:
        W = right.values if attributes.get("transB", 0) else right.values.T
        yield "", alpha * W[None], right.roots
    elif left is not None and right is None:
        W = left.values.T if attributes.get("transA", 0) else left.values
        yield "", alpha * W[None], left.roots


def _integer_matmul(node: onnx.NodeProto, attributes: dict[str, Any], scope: _Scope) -> Any:
    for place, zero, flip in ((1, 3, True), (0, 2, False)):
        if scope.of(node, 1 - place) is None:
            found = _integers(node, scope, place, zero, -1 if flip else -2)
            if found:
                yield from _stacked(_Constant(*found), flip)


def _qlinear_matmul(node: onnx.NodeProto, attributes: dict[str, Any], scope: _Scope) -> Any:
    for place, flip in ((3, True), (0, False)):
        if scope.of(node, 3 - place) is None:
            axis = -1 if flip else -2
            found = _real(node, scope, place, place + 1, place + 2, axis)
            if found:
                yield from _stacked(_Constant(*found), flip)


def _gather(node: onnx.NodeProto, attributes: dict[str, Any], scope: _Scope) -> Any:
    table = scope.of(node, 0)
    real = table is not None and table.values.dtype.kind not in "iubOSU"
    if table is not None and real and table.values.ndim == 2 and not attributes.get("axis", 0):
        yield "", table.values[None], table.roots


def _cell(node: onnx.NodeProto, attributes: dict[str, Any], scope: _Scope) -> Any:
    """Yield the gates of W and R, (directions, gates x hidden, columns)."""
    quantized = node.op_type == "DynamicQuantizeLSTM"
    for place in (1, 2):
        weight = scope.of(node, place)
        if weight is None:
            continue
        values = weight.values.astype(np.float64)
        if quantized:  # (directions, columns, gates x hidden), a scale per direction or per column
            scale, zero = (scope.of(node, 8 + 2 * (place - 1) + i) for i in (0, 1))
            if scale is None or zero is None:
                continue
            factor, shift = (
                c.values.astype(np.float64).reshape(values.shape[0], 1, -1) for c in (scale, zero)
            )
            values = np.swapaxes((values - shift) * factor, 1, 2)
        for d, direction in enumerate(values):
            for g, gate in enumerate(np.split(direction, GATES[node.op_type])):
                yield f"{'WR'[place - 1]} {d} {g}", gate[None], weight.roots


def _einsum(node: onnx.NodeProto, attributes: dict[str, Any], scope: _Scope) -> Any:
    equation = attributes["equation"].decode().replace(" ", "")
    terms, _, result = equation.partition("->")
    weights = [scope.of(node, i) for i in range(len(node.input))]
    if len(weights) != 2 or "." in equation or (weights[0] is None) == (weights[1] is None):
        return
    at = 0 if weights[0] is not None else 1
    mine, other = terms.split(",")[at], terms.split(",")[1 - at]
    weight = weights[at]
    assert weight is not None
    stacked = [c for c in mine if c in other and c in result]
    kept = [c for c in mine if c in result and c not in other]
    summed = [c for c in mine if c not in result]
    order = [mine.index(c) for c in (*stacked, *kept, *summed)]
    sizes = [math.prod(weight.values.shape[mine.index(c)] for c in s) for s in (kept, summed)]
    many = weight.values.transpose(order).reshape(-1, *sizes)
    for i, W in enumerate(many):
        yield (str(i) if len(many) > 1 else ""), W[None], weight.roots


RULES = {
    **dict.fromkeys(("Conv", "FusedConv", "ConvInteger", "QLinearConv"), _conv),
    "ConvTranspose": _conv_transpose,
    **dict.fromkeys(("MatMul", "FusedMatMul"), _matmul),
    **dict.fromkeys(("Gemm", "FusedGemm"), _gemm),
    "MatMulInteger": _integer_matmul,
    "QLinearMatMul": _qlinear_matmul,
    "Gather": _gather,
    **dict.fromkeys(GATES, _cell),
    "Einsum": _einsum,
}
