"""Random graphs of operators with weights, and the matrices that onnxruntime makes of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from tests.running import OPSETS, session

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import numpy.typing as npt

    Array = npt.NDArray[Any]

COM: dict[str, Any] = {"domain": "com.microsoft"}
ML: dict[str, Any] = {"domain": "ai.onnx.ml"}
LINEAR: dict[str, Any] = {"kernel_type": "LINEAR", "kernel_params": [0.0, 0.0, 0.0]}
FLOAT = TensorProto.FLOAT


@dataclass
class Branch:
    """
    Operators on inputs of their own, and the matrices that their results reveal.

    Names of values are made unique by a prefix. `truth` maps the results, by name, to the stacks of
    matrices of each tensor, in the order of its layers. `hold` checks what results alone do not
    reveal, given the results and the layers.
    """

    prefix: str
    rng: np.random.Generator
    nodes: list[Any] = field(default_factory=list)
    arrays: dict[str, Array] = field(default_factory=dict)
    feeds: dict[str, Array] = field(default_factory=dict)
    outputs: list[str] = field(default_factory=list)
    truth: Callable[[Mapping[str, Array]], dict[str, list[Array]]] = lambda results: {}
    hold: Callable[[Mapping[str, Array], Mapping[str, list[Array]]], None] | None = None
    named: list[str] = field(default_factory=list)
    """Tensors besides those of `truth` that have layers."""
    tolerance: float = 2e-5
    """Relative to the largest element."""

    def name(self, word: str) -> str:
        return f"{self.prefix}.{word}"

    def constant(self, word: str, array: Any) -> str:
        self.arrays[self.name(word)] = np.asarray(array)
        return self.name(word)

    def feed(self, array: Any, word: str = "x") -> str:
        self.feeds[self.name(word)] = np.asarray(array)
        return self.name(word)

    def add(self, operator: str, *inputs: str, count: int = 1, **options: Any) -> Any:
        names = [self.name(f"v{len(self.nodes)}_{i}") for i in range(count)]
        self.nodes.append(helper.make_node(operator, list(inputs), names, **options))
        return names[0] if count == 1 else names

    def out(self, name: str) -> str:
        self.outputs.append(name)
        return name

    def normal(self, *shape: int) -> Array:
        return self.rng.standard_normal(shape).astype(np.float32)

    def positive(self, *shape: int) -> Array:
        drawn = self.rng.random(shape) + 0.1
        return np.asarray(drawn, np.float32)

    def whole(self, least: int, most: int, *shape: int) -> Array:
        return np.asarray(self.rng.integers(least, most, shape))

    def pick(self, *options: Any) -> Any:
        return options[int(self.rng.integers(len(options)))]

    def chance(self) -> bool:
        return bool(self.rng.random() < 0.5)


def packed(numbers: Array, bits: int) -> Array:
    """Return numbers packed into bytes along the last axis, low bits first."""
    apart = (numbers.astype(np.int64)[..., np.newaxis] >> np.arange(bits)) & 1
    flat = apart.reshape(*apart.shape[:-2], -1).astype(np.uint8)
    return np.packbits(flat, axis=-1, bitorder="little")


STEPS = ["neg", "row", "mask", "norm", "lora", "half", "float8", "clip", "exp", "sigma"]


def computed(b: Branch, rows: int, columns: int) -> str:
    """Return a matrix that the graph computes from constants, in one to four steps."""
    value = b.constant("w", b.normal(rows, columns))
    for step in range(int(b.rng.integers(1, 5))):
        kind = b.pick(
            "neg", "row", "mask", "norm", "lora", "half", "float8", "clip", "exp", "sigma"
        )
        c = f"c{step}"
        if kind == "neg":
            value = b.add("Neg", value)
        elif kind == "row":
            factor = b.constant(c, b.positive(*b.pick((columns,), (rows, 1), ())))
            value = b.add(b.pick("Mul", "Div", "Sub", "Add"), value, factor)
        elif kind == "mask":
            mask = b.constant(c, b.rng.random((rows, columns)) < 0.7)
            zero = b.constant(f"{c}z", np.float32(0))
            value = b.add("Where", mask, value, zero)
        elif kind == "norm":
            axes = b.constant(c, np.array([b.pick(0, 1)]))
            norm = b.add("ReduceL2", value, axes)
            value = b.add("Div", value, b.add("Max", norm, b.constant(f"{c}e", np.float32(1e-6))))
        elif kind == "lora":
            rank = int(b.rng.integers(1, 3))
            left, right = b.normal(rows, rank), b.normal(rank, columns)
            update = b.add("MatMul", b.constant(c, left), b.constant(f"{c}r", right))
            value = b.add("Add", value, update) if b.chance() else b.add("Add", update, value)
        elif kind == "half":
            there = b.add("Cast", value, to=TensorProto.FLOAT16)
            value = b.add("Cast", there, to=FLOAT)
        elif kind == "float8":
            to = b.pick(TensorProto.FLOAT8E4M3FN, TensorProto.FLOAT8E5M2)
            value = b.add("Cast", b.add("Cast", value, to=to), to=FLOAT)
        elif kind == "clip":
            limits = [b.constant(f"{c}{i}", np.float32(n)) for i, n in enumerate((-1.5, 1.25))]
            value = b.add("Clip", value, *limits)
        elif kind == "exp":
            value = b.add(b.pick("Tanh", "Sigmoid", "Abs", "Round"), value)
        else:
            u, v = b.constant(c, b.normal(rows)), b.constant(f"{c}v", b.normal(columns))
            sigma = b.add("MatMul", u, b.add("MatMul", value, v))
            value = b.add("Div", value, sigma)
    return value


def product(b: Branch) -> None:
    """Add a product with a computed matrix: its response to the identity is the matrix."""
    rows, columns = (int(n) for n in b.rng.integers(3, 9, 2))
    value, x = computed(b, rows, columns), b.feed(np.eye(rows, dtype=np.float32))
    kind = b.pick("MatMul", "Gemm", "turned Gemm", "FusedMatMul", "FusedGemm")
    if kind == "MatMul":
        y = b.add("MatMul", x, value)
    elif kind == "FusedMatMul":
        y = b.add(kind, x, b.add("Transpose", value), transB=1, alpha=2.0, **COM)
        y = b.add("Div", y, b.constant("two", np.float32(2)))  # alpha is a factor beside W
    elif kind == "turned Gemm":
        y = b.add("Gemm", x, b.add("Transpose", value), alpha=0.5, transB=1)
    else:
        options = {"alpha": 2.0} | ({"activation": "", **COM} if kind == "FusedGemm" else {})
        y = b.add("Gemm", x, value, alpha=options["alpha"])
    b.out(y)
    b.truth = lambda results: {b.name("w"): [results[y].T[None]]}


def experts_of_einsum(b: Branch) -> None:
    count, rows, columns = 3, int(b.rng.integers(2, 6)), int(b.rng.integers(2, 6))
    w = b.constant("w", b.normal(count, rows, columns))
    if b.chance():
        y = b.add("Einsum", b.feed(np.eye(rows, dtype=np.float32)), w, equation="td,edf->tef")
        b.out(y)
        b.truth = lambda results: {w: [results[y][:, e].T[None] for e in range(count)]}
        return
    x = b.feed(np.tile(np.eye(rows, dtype=np.float32), (count, 1, 1)))
    y = b.add("MatMul", x, w)
    b.out(y)
    b.truth = lambda results: {w: [one.T[None] for one in results[y]]}


def turned_stack(b: Branch) -> None:
    """Add FusedMatMul with the batch next to the last axis."""
    count, rows, columns = 2, 4, 3
    w = b.constant("w", b.normal(rows, count, columns))
    x = b.feed(np.tile(np.eye(rows, dtype=np.float32), (count, 1, 1)))
    y = b.add("FusedMatMul", x, w, transBatchB=1, alpha=0.5, **COM)
    y = b.out(b.add("Mul", y, b.constant("two", np.float32(2))))  # alpha is a factor beside W
    b.truth = lambda results: {w: [one.T[None] for one in results[y]]}


def units(channels: int, ndim: int) -> Array:
    """Return one unit per channel, at a single position."""
    return np.eye(channels, dtype=np.float32).reshape(channels, channels, *(1,) * ndim)


def stacked(kernel: Array, groups: int) -> Array:
    """Return the matrices of a kernel (out, in / groups, positions...), as layers have them."""
    rows, columns = kernel.shape[:2]
    if columns == 1:
        return kernel.reshape(1, rows, -1)
    apart = kernel.reshape(groups, rows // groups, columns, -1)
    return np.moveaxis(apart, -1, 0).reshape(-1, rows // groups, columns)


def of_units(y: Array, groups: int) -> Array:
    """Return the kernel that a convolution has, from its full response to one unit per channel."""
    ndim = y.ndim - 2
    flipped = np.flip(y, tuple(range(2, y.ndim)))  # (in, out, positions...)
    count, rows = len(y), y.shape[1]
    per, out = count // groups, rows // groups
    parts = [
        flipped[g * per : (g + 1) * per, g * out : (g + 1) * out].swapaxes(0, 1)
        for g in range(groups)
    ]
    return np.concatenate(parts).reshape(rows, per, *y.shape[2 : 2 + ndim])


def convolution(b: Branch) -> None:
    """Add a convolution with a scaled kernel, on one unit per input channel."""
    groups, ndim = b.pick(1, 1, 2, 3), b.pick(1, 2)
    per, out, side = b.pick(1, 2, 3), b.pick(2, 4), b.pick(2, 3)
    w = b.constant("w", b.normal(groups * out, per, *(side,) * ndim))
    gain = b.constant("g", b.positive(groups * out, 1, *(1,) * ndim))
    kernel = b.add("Mul", gain, w)
    pads = [side - 1] * (2 * ndim)
    if b.pick("Conv", "FusedConv") == "FusedConv":
        fused = {"activation": "Relu", **COM}
        options = {"group": groups, "pads": pads, **fused}
        there = b.feed(units(groups * per, ndim)), b.feed(-units(groups * per, ndim), "n")
        y = b.add("Sub", *(b.add("FusedConv", x, kernel, **options) for x in there))
    else:
        y = b.add("Conv", b.feed(units(groups * per, ndim)), kernel, group=groups, pads=pads)
    b.out(y)
    b.truth = lambda results: {w: [stacked(of_units(results[y], groups), groups)]}


def transposed_convolution(b: Branch) -> None:
    groups, per, out, side = b.pick(1, 2), b.pick(2, 3), b.pick(1, 2, 4), b.pick(2, 3)
    w = b.constant("w", b.normal(groups * per, out, side, side))
    y = b.out(b.add("ConvTranspose", b.feed(units(groups * per, 2)), w, group=groups))

    def truth(results: Mapping[str, Array]) -> dict[str, list[Array]]:
        kernel = of_units(np.flip(results[y], (2, 3)), groups)
        one = groups == out == 1
        return {w: [kernel.reshape(per, -1).T[None] if one else stacked(kernel, groups)]}

    b.truth = truth


def integer_convolution(b: Branch) -> None:
    """Add ConvInteger, its bias added as an integer, the scale behind a Cast."""
    groups, per, out, side = b.pick(1, 2), b.pick(2, 3), b.pick(2, 4), b.pick(1, 3)
    signed = b.chance()
    q = b.whole(-90, 90, groups * out, per, side, side).astype(np.int8)
    stored = q if signed else (q.astype(np.int16) + 128).astype(np.uint8)
    w = b.constant("w_quantized", stored)
    scale = b.constant("s", b.positive(*b.pick((), (1,), (groups * out, 1, 1))))
    zero = b.constant("z", np.array(3 if signed else 120, stored.dtype))
    xq, xs, xz = b.add("DynamicQuantizeLinear", b.feed(units(groups * per, 2)), count=3)
    i = b.add("ConvInteger", xq, w, xz, zero, group=groups, pads=[side - 1] * 4)
    bias = b.constant("bias", b.whole(-9, 9, 1, groups * out, 1, 1).astype(np.int32))
    f = b.add("Cast", b.add("Add", i, bias), to=FLOAT)
    factor = b.add("Mul", *b.pick((xs, scale), (scale, xs)))
    y = b.out(b.add("Mul", f, factor))
    shift = b.out(b.add("Mul", b.add("Cast", bias, to=FLOAT), factor))
    b.truth = lambda results: {w: [stacked(of_units(results[y] - results[shift], groups), groups)]}


def integer_product(b: Branch) -> None:
    """Add an integer product of activations that are rounded while the network runs."""
    rows, columns = (int(n) for n in b.rng.integers(3, 9, 2))
    each = b.chance()
    w = b.constant("w_quantized", b.whole(-100, 100, rows, columns).astype(np.int8))
    scale = b.constant("w_scale", b.positive(*((columns,) if each else ())))
    zero = b.constant("w_zero_point", b.whole(-9, 9, *((columns,) if each else ())).astype(np.int8))
    x = b.feed(np.eye(rows, dtype=np.float32))
    kind = b.pick("MatMulInteger", "MatMulIntegerToFloat", "DynamicQuantizeMatMul")
    if kind == "DynamicQuantizeMatMul":
        y = b.add(kind, x, w, scale, zero, **COM)
    else:
        xq, xs, xz = b.add("DynamicQuantizeLinear", x, count=3)
        if kind == "MatMulIntegerToFloat":
            y = b.add(kind, xq, w, xs, scale, xz, zero, **COM)
        else:
            f = b.add("Cast", b.add("MatMulInteger", xq, w, xz, zero), to=FLOAT)
            if b.chance():
                y = b.add("Mul", b.add("Mul", f, xs), scale)
            else:
                y = b.add("Mul", f, b.add("Mul", scale, xs))
    b.out(y)
    b.truth = lambda results: {w: [results[y].T[None]]}


def static_product(b: Branch) -> None:
    """Add QLinearMatMul; its result has the scale of the weight, so that nothing is rounded."""
    rows, columns = (int(n) for n in b.rng.integers(3, 9, 2))
    w = b.constant("w", b.whole(-60, 60, rows, columns).astype(np.int8))
    s, z = b.constant("s", np.float32(0.25)), b.constant("z", np.int8(5))
    one = [b.constant("as", np.float32(1)), b.constant("az", np.int8(0))]
    x = b.feed(np.eye(rows, dtype=np.int8))
    y = b.add("QLinearMatMul", x, *one, w, s, z, s, one[1])
    real = b.out(b.add("DequantizeLinear", y, s, one[1]))
    b.truth = lambda results: {w: [results[real].T[None]]}


def table_and_product(b: Branch) -> None:
    """Add a table of integers that goes into an integer product: two constant scales."""
    count, inner, columns = 7, int(b.rng.integers(3, 6)), int(b.rng.integers(3, 8))
    t = b.constant("emb_quantized", b.whole(0, 256, count, inner).astype(np.uint8))
    ts, tz = b.constant("emb_scale", np.float32(0.5)), b.constant("emb_zero_point", np.uint8(130))
    # two products of 8 bits must fit into 16 on some processors
    w = b.constant("w_quantized", b.whole(-60, 60, inner, columns).astype(np.int8))
    ws, wz = b.constant("w_scale", np.float32(0.125)), b.constant("w_zero_point", np.int8(4))
    g = b.add("Gather", t, b.feed(np.arange(count)))
    both = b.add("Mul", *b.pick((ts, ws), (ws, ts)))
    f = b.add("Cast", b.add("MatMulInteger", g, w, tz, wz), to=FLOAT)
    y = b.out(b.add("Mul", f, both))
    d = b.out(b.add("DequantizeLinear", g, ts, tz))
    b.truth = lambda results: {t: [results[d][None]]}
    b.named = [w]

    def hold(results: Mapping[str, Array], layers: Mapping[str, list[Array]]) -> None:
        np.testing.assert_allclose(results[d] @ layers[w][0][0].T, results[y], rtol=1e-5, atol=1e-5)

    b.hold = hold


def table(b: Branch) -> None:
    """Add a table of integers that is dequantized after the lookup, in one of several ways."""
    count, columns = 6, int(b.rng.integers(2, 5)) * 2
    t = b.constant("t", b.whole(0, 256, count, columns).astype(np.uint8))
    ids = b.feed(np.arange(count).reshape(2, 3))
    kind = b.pick("one", "moved", "columns", "blocks", "by hand")
    g = b.add("Gather", t, ids)
    if kind == "blocks":
        tables = [b.positive(count, 2), b.whole(0, 256, count, 2).astype(np.uint8)]
        given = [b.add("Gather", b.constant(n, a), ids) for n, a in zip("sz", tables, strict=True)]
        y = b.add("DequantizeLinear", g, *given, axis=-1, block_size=columns // 2)
    elif kind == "by hand":
        y = b.add("Mul", b.add("Cast", g, to=FLOAT), b.constant("s", np.float32(0.3)))
    else:
        shape = (columns,) if kind == "columns" else ()
        s = b.constant("s", b.positive(*shape))
        z = b.constant("z", b.whole(0, 256, *shape).astype(np.uint8))
        if kind == "moved":
            g = b.add("Transpose", g, perm=[1, 0, 2])
        y = b.add("DequantizeLinear", g, s, z, axis=2)
        y = b.add("Transpose", y, perm=[1, 0, 2]) if kind == "moved" else y
    b.out(y)
    b.truth = lambda results: {t: [results[y].reshape(1, count, columns)]}


def nbits(b: Branch) -> None:
    rows, block, bits = int(b.rng.integers(2, 7)), b.pick(16, 32), b.pick(2, 4, 4, 8)
    columns = block * int(b.rng.integers(1, 4)) - (b.pick(0, 3) if bits > 2 else 0)
    blocks = -(-columns // block)
    q = b.constant("B", packed(b.whole(0, 1 << bits, rows, blocks, block), bits))
    scales = b.positive(rows, blocks)
    s = b.constant("s", scales.ravel() if b.chance() else scales)
    zeros, order = b.pick("none", "packed", "float" if bits < 8 else "packed"), ""
    z = ""
    if zeros == "packed":
        z = b.constant("z", packed(b.whole(0, 1 << bits, rows, blocks), bits))
    elif zeros == "float":
        z = b.constant("z", b.positive(rows, blocks))
    if zeros != "packed" and bits == 4 and b.chance():
        groups = b.rng.permutation(np.arange(columns) // block)
        order = b.constant("g", groups.astype(np.int32))
    x = b.feed(np.eye(columns, dtype=np.float32))
    sizes = {"N": rows, "K": columns, "bits": bits, "block_size": block}
    y = b.out(b.add("MatMulNBits", x, q, s, z, order, **sizes, **COM))
    b.truth = lambda results: {q: [results[y].T[None]]}


def bnb4(b: Branch) -> None:
    rows, columns = (int(n) for n in b.rng.integers(3, 12, 2))
    block, count = b.pick(16, 32), rows * columns
    q = b.constant("B", b.whole(0, 256, -(-count // 2)).astype(np.uint8))
    absmax = b.constant("a", b.positive(-(-count // block)))
    x = b.feed(np.eye(columns, dtype=np.float32))
    sizes = {"N": rows, "K": columns, "block_size": block, "quant_type": b.pick(0, 1)}
    y = b.out(b.add("MatMulBnb4", x, q, absmax, **sizes, **COM))
    b.truth = lambda results: {q: [results[y].T[None]]}


def block_table(b: Branch) -> None:
    count, block = 5, b.pick(16, 32)
    columns = block * b.pick(1, 2) - b.pick(0, 8)
    kind, bits = b.pick(("uint8", 2), ("uint8", 4), ("uint8", 8), ("int4", 4), ("uint4", 4))
    least = -8 if kind == "int4" else 0
    small = kind == "uint8" and bits < 8
    numbers = b.whole(least, least + (1 << bits), count, columns)
    t = b.constant("t", packed(numbers, bits) if small else numbers.astype(kind))
    blocks = -(-columns // block)
    s, z = b.constant("s", b.positive(count, blocks)), ""
    if b.chance():
        zeros = b.whole(least, least + (1 << bits), count, blocks)
        z = b.constant("z", packed(zeros, bits) if small else zeros.astype(kind))
    options = {"bits": bits, "block_size": block, "quantize_axis": 1, "gather_axis": 0}
    ids = b.feed(np.arange(count))
    y = b.out(b.add("GatherBlockQuantized", t, ids, s, *([z] if z else []), **options, **COM))
    b.truth = lambda results: {t: [results[y][None]]}


def routed(b: Branch, hidden: int, experts: int) -> tuple[str, str]:
    """Return one unit per feature for each expert, and the scores that choose this expert."""
    x = b.feed(np.tile(np.eye(hidden, dtype=np.float32), (experts, 1)))
    scores = np.repeat(np.eye(experts, dtype=np.float32) * 1000 - 500, hidden, axis=0)
    return x, b.feed(scores, "r")


def activated(b: Branch, fusion: int, limit: float = 20.0) -> dict[str, Any]:
    if not fusion:
        return {"activation_type": "identity", "k": 1}
    gated = {"activation_alpha": 1.0, "activation_beta": 0.5, "swiglu_limit": limit}
    return {"activation_type": "swiglu", "swiglu_fusion": fusion, "k": 1, **gated}


def hold_experts(
    results: Mapping[str, Array], layers: Mapping[str, list[Array]], b: Branch, fusion: int
) -> None:
    """Compute what the experts make of the units, and compare."""
    first, second = layers[b.name("fc1")], layers[b.name("fc2")]
    wanted = results[b.outputs[0]]
    each = len(wanted) // len(second)
    for e, W in enumerate(second):
        if fusion:
            g, u = (first[2 * e + i][0].T for i in (0, 1))
            gate, up = np.minimum(g, 20), np.clip(u, -20, 20)
            inner = gate / (1 + np.exp(-gate)) * (up + 0.5)
        else:
            inner = first[e][0].T
        made = inner @ W[0].T
        scale = np.abs(wanted).max()
        np.testing.assert_allclose(
            made / scale, wanted[e * each : (e + 1) * each] / scale, atol=b.tolerance
        )


def experts(b: Branch) -> None:
    """Add MoE: experts of real numbers, gate and up in one matrix or not."""
    count, hidden, inner, fusion = 2, b.pick(4, 6), b.pick(3, 5), b.pick(0, 1)
    wide = 2 * inner if fusion else inner
    first = b.constant("fc1", b.normal(count, wide, hidden))
    second = b.constant("fc2", b.normal(count, hidden, inner))
    x, r = routed(b, hidden, count)
    b.out(b.add("MoE", x, r, first, "", second, **activated(b, fusion), **COM))
    b.named = [first, second]
    b.hold = lambda results, layers: hold_experts(results, layers, b, fusion)


def packed_experts(b: Branch) -> None:
    """Add QMoE: experts of packed integers, one scale per row or block."""
    count, bits, block, fusion = 2, b.pick(2, 4, 4), b.pick(0, 16), b.pick(0, 1)
    hidden, inner = 32, 64
    arrays: dict[str, str] = {}
    sizes = {"1": (2 * inner if fusion else inner, hidden), "2": (hidden, inner)}
    zeros = b.chance()
    for which, (rows, columns) in sizes.items():
        q = b.whole(0, 1 << bits, count, rows, columns)
        sides = (count, rows, columns // block) if block else (count, rows)
        arrays[f"fc{which}"] = b.constant(f"fc{which}", packed(q, bits))
        arrays[f"s{which}"] = b.constant(f"s{which}", b.positive(*sides) / 10)
        held = packed(b.whole(0, 1 << bits, *sides), bits)
        arrays[f"z{which}"] = b.constant(f"z{which}", held) if zeros else ""
    x, r = routed(b, hidden, count)
    inputs = [x, r, arrays["fc1"], arrays["s1"], "", arrays["fc2"], arrays["s2"]]
    inputs += ["", "", "", "", arrays["z1"], arrays["z2"]] if zeros else []
    options = {"expert_weight_bits": bits, **activated(b, fusion), **COM}
    options |= {"block_size": block} if block else {}
    b.out(b.add("QMoE", *inputs, **options))
    b.named = [arrays["fc1"], arrays["fc2"]]
    b.hold = lambda results, layers: hold_experts(results, layers, b, fusion)


def cell(gates: Sequence[Array]) -> Array:
    """Return the first state of an LSTM without biases, given the sums of its gates i, o, f, c."""
    i, o, _, c = gates
    out: Array = np.tanh(np.tanh(c) / (1 + np.exp(-i))) / (1 + np.exp(-o))
    return out


def recurrent(b: Branch) -> None:
    """Add an LSTM, of real numbers or of integers, on units as inputs and as states."""
    hidden, columns, ways = 3, b.pick(3, 5), b.pick(1, 2)
    size, integers = 4 * hidden, b.chance()
    W, R = (b.whole(-100, 100, ways, size, n).astype(np.int8) for n in (columns, hidden))
    units_of_x = b.feed(np.eye(columns, dtype=np.float32)[None], "x")
    nothing = b.feed(np.zeros((1, hidden, columns), np.float32), "n")
    state = b.feed(np.tile(np.eye(hidden, dtype=np.float32), (ways, 1, 1)), "h")
    direction = {"hidden_size": hidden, "direction": "bidirectional" if ways == 2 else "forward"}
    if integers:
        each = b.chance()
        sides = (ways, size) if each else (ways,)
        stored = [b.constant(n, np.swapaxes(a, 1, 2)) for n, a in (("W", W), ("R", R))]
        scales = []
        for n in "WR":
            scales.append(b.constant(f"{n}s", b.positive(*sides) / 50))
            zeros = b.whole(0, 1, *sides) if each else b.whole(-5, 5, *sides)  # as it demands
            scales.append(b.constant(f"{n}z", zeros.astype(np.int8)))
        tail = ["", "", "", "", "", *scales]
        given = [[*tail[:2], start, *tail[3:]] for start in ("", state)]
        operator, options = "DynamicQuantizeLSTM", {**direction, **COM}
    else:
        gain = b.constant("gain", b.positive(1, size, 1) / 50)
        floats = [b.constant(n, a.astype(np.float32)) for n, a in (("W", W), ("R", R))]
        stored = [b.add("Mul", one, gain) for one in floats]
        given = [["", "", start] for start in ("", state)]
        operator, options = "LSTM", direction
    for x, rest in zip((units_of_x, nothing), given, strict=True):
        b.out(b.add(operator, x, *stored, *rest, **options))
    b.named = [b.name("W"), b.name("R")]

    def hold(results: Mapping[str, Array], layers: Mapping[str, list[Array]]) -> None:
        for word, y in zip("WR", b.outputs, strict=True):
            found = layers[b.name(word)]
            for way in range(ways):
                sums = [found[4 * way + gate][0].T for gate in range(4)]
                np.testing.assert_allclose(cell(sums), results[y][0, way], atol=2e-5)

    b.hold = hold


def linear_model(b: Branch) -> None:
    """Add a linear model with its weights in attributes."""
    outputs, columns = b.pick(2, 3, 4), int(b.rng.integers(3, 7))
    x = b.feed(np.eye(columns, dtype=np.float32))
    kind = b.pick("LinearRegressor", "LinearClassifier", "SVMClassifier", "support vectors")
    numbers = b.normal(outputs, columns).ravel().tolist()
    given = {"name": b.name("model"), "classlabels_ints": list(range(outputs)), **ML}
    root = f"{b.name('model')}.coefficients"
    if kind == "LinearRegressor":
        del given["classlabels_ints"]
        y = b.add(kind, x, coefficients=numbers, targets=outputs, **given)
    elif kind == "LinearClassifier":
        zeros = [0.0] * outputs
        y = b.add(kind, x, count=2, coefficients=numbers, intercepts=zeros, **given)[1]
    elif kind == "SVMClassifier":
        y = b.add(kind, x, count=2, coefficients=numbers, rho=[0.0], **LINEAR, **given)[1]
    else:
        counts = [int(n) for n in b.rng.integers(1, 4, outputs)]
        total, pairs = sum(counts), outputs * (outputs - 1) // 2
        y = b.add(
            "SVMClassifier",
            x,
            count=2,
            coefficients=b.normal(outputs - 1, total).ravel().tolist(),
            support_vectors=b.normal(total, columns).ravel().tolist(),
            vectors_per_class=counts,
            rho=[0.0] * pairs,
            **LINEAR,
            **given,
        )[1]
        root = f"{b.name('model')}.support_vectors"
    b.out(y)
    one = kind == "support vectors" and outputs == 2  # a vector, which is no layer
    b.truth = lambda results: {} if one else {root: [results[y].T[None]]}


KINDS = [
    *(product, product, convolution, transposed_convolution, integer_convolution),
    *(experts_of_einsum, turned_stack, integer_product, static_product, table_and_product, table),
    *(nbits, nbits, bnb4, block_table, experts, packed_experts, recurrent, linear_model),
]


def drawn(seed: int) -> list[Branch]:
    """Return one to three branches: the first of each kind in turn, the others at random."""
    rng = np.random.default_rng(seed)
    kinds = [KINDS[seed % len(KINDS)]]
    kinds += [KINDS[int(n)] for n in rng.integers(0, len(KINDS), int(rng.integers(0, 3)))]
    out = []
    for number, kind in enumerate(kinds):
        branch = Branch(f"{kind.__name__}{number}", rng)
        kind(branch)
        out.append(branch)
    return out


def model_of(branches: Sequence[Branch]) -> onnx.ModelProto:
    """Return a graph with all branches side by side."""
    inputs = [
        helper.make_tensor_value_info(n, helper.np_dtype_to_tensor_dtype(a.dtype), a.shape)
        for b in branches
        for n, a in b.feeds.items()
    ]
    outputs = [helper.make_empty_tensor_value_info(n) for b in branches for n in b.outputs]
    constants = [numpy_helper.from_array(a, n) for b in branches for n, a in b.arrays.items()]
    nodes = [made for b in branches for made in b.nodes]
    graph = helper.make_graph(nodes, "g", inputs, outputs, constants)
    return helper.make_model(graph, opset_imports=OPSETS, ir_version=10)


def results_of(branches: Sequence[Branch]) -> dict[str, Array]:
    """Return what onnxruntime computes, by name."""
    names = [n for b in branches for n in b.outputs]
    feeds = {n: a for b in branches for n, a in b.feeds.items()}
    found = session(model_of(branches)).run(names, feeds)
    return dict(zip(names, found, strict=True))


def compare(
    branches: Sequence[Branch], results: Mapping[str, Array], layers: Mapping[str, list[Array]]
) -> None:
    """
    Raise an AssertionError if layers differ from the matrices that the results reveal.

    `layers` are the stacks of matrices by the name of their tensor, in order.
    """
    wanted: dict[str, list[Array]] = {}
    for b in branches:
        truth = b.truth(results)
        wanted |= truth | {name: layers.get(name, []) for name in b.named}
    assert sorted(layers) == sorted(wanted)
    for b in branches:
        for name, stacks in b.truth(results).items():
            assert [x.shape for x in layers[name]] == [x.shape for x in stacks], name
            for ours, theirs in zip(layers[name], stacks, strict=True):
                atol = b.tolerance * max(np.abs(theirs).max(), 1e-30)
                np.testing.assert_allclose(ours, theirs, rtol=0, atol=atol, err_msg=name)
        if b.hold is not None:
            b.hold(results, layers)
