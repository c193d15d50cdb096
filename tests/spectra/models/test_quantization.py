"""Layouts of quantized weights, against loops over bits and onnxruntime."""

from functools import partial

import numpy as np
import onnxruntime as ort
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from onnx import TensorProto, helper, numpy_helper

from spectra.errors import ModelFormatError
from spectra.models import quantization
from tests.builders import f32

OPSETS = [helper.make_opsetid("", 21), helper.make_opsetid("com.microsoft", 1)]


def run(node, arrays, feeds=None, output="y"):
    """Return what onnxruntime makes of one operator with constant inputs."""
    given = feeds or {}
    inputs = [
        helper.make_tensor_value_info(n, TensorProto.FLOAT, a.shape) for n, a in given.items()
    ]
    result = helper.make_tensor_value_info(output, TensorProto.UNDEFINED, None)
    result.type.Clear()
    constants = [numpy_helper.from_array(a, n) for n, a in arrays.items()]
    graph = helper.make_graph([node], "g", inputs, [result], constants)
    model = helper.make_model(graph, opset_imports=OPSETS, ir_version=10)
    options = ort.SessionOptions()
    options.log_severity_level = 4
    session = ort.InferenceSession(model.SerializeToString(), options)
    return session.run(None, given)[0]


def bits_of(numbers, bits, word):
    """Pack numbers low bits first into words, one bit after the other."""
    total = sum(int(n) << (i * bits) for i, n in enumerate(numbers))
    count = -(-len(numbers) * bits // word)
    return [(total >> (i * word)) & ((1 << word) - 1) for i in range(count)]


def packed(matrix, bits, word, dtype):
    """Pack every row."""
    rows = [bits_of(row, bits, word) for row in matrix]
    return np.array(rows, np.uint64).astype(f"u{np.dtype(dtype).itemsize}").view(dtype)


def integers(shape, bits, seed=0):
    return np.random.default_rng(seed).integers(0, 1 << bits, shape)


@given(bits=st.integers(1, 8), count=st.integers(1, 40), word=st.sampled_from([8, 16, 32, 64]))
def test_numbers_come_out_of_words_as_they_went_in(bits, count, word):
    numbers = integers(count, bits)
    words = packed([numbers], bits, word, f"u{word // 8}")
    np.testing.assert_array_equal(quantization.unpack(words, bits)[0, :count], numbers)


AFFINE = {
    "all": (None, 0, ()),
    "rows": (0, 0, (4,)),
    "columns": (1, 0, (6,)),
    "blocks of columns": (1, 2, (4, 3)),
    "blocks of rows": (0, 2, (2, 6)),
    "a block cut short": (1, 4, (4, 2)),
}


@pytest.mark.parametrize(
    "dtype", ["int8", "uint8", "int16", "int32", "float8_e4m3fn", "int4", "uint4"]
)
@pytest.mark.parametrize(("axis", "block", "shape"), AFFINE.values(), ids=AFFINE)
@pytest.mark.parametrize("real", [np.float32, np.float16])
def test_affine_number_by_number_and_as_onnxruntime_has_it(dtype, axis, block, shape, real):
    import ml_dtypes  # noqa: F401  (registers the types)

    q = integers((4, 6), 3).astype(dtype)
    scale = np.abs(f32(*shape, seed=1)).astype(real).reshape(shape)
    zero = integers(shape, 2, seed=2).astype(dtype).reshape(shape)
    zero = np.zeros_like(zero) if dtype.startswith("float") else zero  # as ONNX has it
    ours = quantization.affine(q, scale, zero, axis=axis, block_size=block)
    assert ours.dtype == real
    for place in np.ndindex(4, 6):
        at: tuple[int, ...] = ()
        if axis is not None:
            along = place[axis] // block if block else place[axis]
            at = (*place[:axis], along, *place[axis + 1 :]) if block else (along,)
        assert ours[place] == real(float(q[place]) - float(zero[at])) * scale[at]
    kernels = dtype != "int32" and not (block and 6 % block) and real is np.float32
    if kernels:  # what onnxruntime has on every machine
        options = ({} if axis is None else {"axis": axis}) | (
            {"block_size": block} if block else {}
        )
        names = {"q": q, "scale": scale, "zero": zero}
        made = helper.make_node("DequantizeLinear", [*names], ["y"], **options)
        np.testing.assert_array_equal(ours, run(made, names))


@pytest.mark.parametrize("shape", [(3,), (4, 1), (2, 6)])
def test_scales_of_another_shape_are_refused(shape):
    with pytest.raises(ModelFormatError, match="scales of an array"):
        quantization.affine(np.ones((4, 6), np.int8), np.ones(shape, np.float32), axis=0)


@pytest.mark.parametrize("bits", [2, 4, 8])
@pytest.mark.parametrize(("columns", "block"), [(64, 32), (48, 32), (16, 16)])
@pytest.mark.parametrize("zeros", ["none", "packed", "float"])
def test_nbits_as_onnxruntime_multiplies_by_it(bits, columns, block, zeros):
    rows, blocks = 6, -(-columns // block)
    q = integers((rows * blocks, block), bits)
    B = packed(q, bits, 8, np.uint8).reshape(rows, blocks, -1)
    scales = np.abs(f32(rows * blocks, seed=1)) + 0.1
    given = integers((rows, blocks), bits, seed=3)
    points = {
        "none": None,
        "packed": packed(given, bits, 8, np.uint8),
        "float": given.astype(np.float32).ravel(),
    }[zeros]
    sizes = {"rows": rows, "columns": columns, "bits": bits, "block_size": block}
    ours = quantization.nbits(B, scales, points, **sizes)
    slow = np.empty((rows, blocks, block), np.float32)
    for r, b in np.ndindex(rows, blocks):
        zero = (1 << (bits - 1)) if points is None else given[r, b]
        slow[r, b] = (q[r * blocks + b] - np.float32(zero)) * scales[r * blocks + b]
    np.testing.assert_array_equal(ours, slow.reshape(rows, -1)[:, :columns])
    if bits == 2 or zeros == "float":
        return  # onnxruntime has these on some machines only
    inputs = {"B": B, "scales": scales} | ({} if points is None else {"zeros": points.ravel()})
    node = helper.make_node(
        "MatMulNBits",
        ["x", *inputs],
        ["y"],
        domain="com.microsoft",
        N=rows,
        K=columns,
        bits=bits,
        block_size=block,
    )
    theirs = run(node, inputs, {"x": np.eye(columns, dtype=np.float32)})
    np.testing.assert_allclose(ours.T, theirs, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("bits", [2, 3, 4, 8])
@pytest.mark.parametrize("order", ["in order", "by index"])
@pytest.mark.parametrize("offset", [0, 1])
def test_gptq_number_by_number(bits, order, offset):
    rows, columns, groups = 32, 32, 4
    q, zeros = integers((rows, columns), bits), integers((groups, columns), bits, seed=1)
    scales = np.abs(f32(groups, columns)).astype(np.float16)
    index = np.random.default_rng(2).integers(0, groups, rows)
    index = np.arange(rows) // 8 if order == "in order" else index
    stored = (zeros - offset) % (1 << bits)  # 0 is kept as all ones
    ours = quantization.gptq(
        packed(q.T, bits, 32, np.int32).T,
        packed(stored, bits, 32, np.int32),
        scales,
        *([index] if order == "by index" else []),
        bits=bits,
        zero_offset=offset,
    )
    for i, o in np.ndindex(rows, columns):
        g = index[i]
        assert ours[o, i] == np.float32(scales[g, o]) * np.float32(q[i, o] - zeros[g, o])


def test_awq_number_by_number():
    rows, columns, groups = 8, 16, 2
    q, zeros = integers((rows, columns), 4), integers((groups, columns), 4, seed=1)
    scales = np.abs(f32(groups, columns)).astype(np.float16)

    def words(matrix):
        turns = [0, 2, 4, 6, 1, 3, 5, 7]
        return packed(
            [[row[8 * w + t] for w in range(2) for t in turns] for row in matrix], 4, 32, np.int32
        )

    ours = quantization.awq(words(q), words(zeros), scales)
    for i, o in np.ndindex(rows, columns):
        g = i // 4
        assert ours[o, i] == np.float32(scales[g, o]) * np.float32(q[i, o] - zeros[g, o])


def test_packed_integers_number_by_number():
    q = integers((3, 24), 4)
    scale = f32(3, 3)
    ours = quantization.packed_integers(packed(q, 4, 32, np.int32), scale, bits=4, columns=24)
    for o, i in np.ndindex(3, 24):
        assert ours[o, i] == np.float32(q[o, i] - 8) * scale[o, i // 8]


def test_mxfp4_number_by_number():
    """Sign, two bits of exponent, one of mantissa; times a power of two."""
    codes = integers((2, 3, 32), 4)
    blocks = packed(codes.reshape(6, 32), 4, 8, np.uint8).reshape(2, 3, 16)
    scales = integers((2, 3), 8, seed=1).astype(np.uint8)
    scales[0, 0], scales[1, 2] = 255, 0
    ours = quantization.mxfp4(blocks, scales).reshape(2, 3, 32)
    for place in np.ndindex(2, 3, 32):
        code, power = int(codes[place]), int(scales[place[:2]])
        sign, exponent, mantissa = code >> 3, (code >> 1) & 3, code & 1
        size = mantissa / 2 if exponent == 0 else (1 + mantissa / 2) * 2.0 ** (exponent - 1)
        expected = (
            np.nan if power == 255 else np.float32((-size if sign else size) * 2.0 ** (power - 127))
        )
        np.testing.assert_equal(ours[place], np.float32(expected))


@given(st.data())
def test_blocks_number_by_number(data):
    m, n = data.draw(st.integers(1, 9)), data.draw(st.integers(1, 9))
    rows, columns = data.draw(st.integers(1, 4)), data.draw(st.integers(1, 4))
    W = data.draw(hnp.arrays(np.int8, (m, n)))
    scale = f32(-(-m // rows), -(-n // columns))
    ours = quantization.scaled_blocks(W, scale, block=(rows, columns))
    for i, j in np.ndindex(m, n):
        expected = scale[i // rows, j // columns] if scale.size > 1 else scale[0, 0]
        if scale.shape != (m, 1):
            assert ours[i, j] == np.float32(W[i, j]) * expected


@pytest.mark.parametrize("shape", [(300, 260), (128, 128), (129, 1)])
def test_blocks_of_128_are_known_by_their_number(shape):
    W = f32(*shape)
    scale = f32(-(-shape[0] // 128), -(-shape[1] // 128), seed=1)
    ours = quantization.scaled_blocks(W, scale)
    every = scale.repeat(128, axis=0).repeat(128, axis=1)[: shape[0], : shape[1]]
    np.testing.assert_array_equal(ours, W * every)


@pytest.mark.parametrize("shape", [(), (1,), (5,), (5, 1)])
def test_one_scale_for_all_or_for_each_row(shape):
    W, scale = f32(5, 3), f32(*shape, seed=1).reshape(shape)
    np.testing.assert_array_equal(quantization.scaled_blocks(W, scale), W * scale.reshape(-1, 1))


def broken():
    words = np.zeros((2, 8), np.int32)
    yield lambda: quantization.gptq(words, words, np.ones((3, 8)))
    yield lambda: quantization.gptq(
        words, np.zeros((2, 1), np.int32), np.ones((2, 8)), np.full(16, 2)
    )
    yield lambda: quantization.gptq(words, np.zeros((0, 1), np.int32), np.ones((0, 8)))
    yield lambda: quantization.awq(words, words, np.ones((2, 8)))
    yield lambda: quantization.awq(words, np.zeros((0, 8), np.int32), np.ones((0, 64)))
    yield lambda: quantization.mxfp4(np.zeros((2, 16), np.uint8), np.zeros(3, np.uint8))
    yield lambda: quantization.mxfp4(np.zeros(16, np.uint8), np.zeros((), np.uint8))
    yield lambda: quantization.scaled_blocks(np.ones((4, 4)), np.ones((2, 0)))
    yield lambda: quantization.scaled_blocks(np.ones((4, 4)), np.ones((2, 2)), block=(4, 4))
    yield lambda: quantization.packed_integers(words, np.ones((3, 1)), bits=4, columns=8)
    yield lambda: quantization.packed_integers(words, np.ones((2, 0)), bits=4, columns=8)
    yield lambda: quantization.nbits(
        np.zeros(4, np.uint8), np.ones(1), rows=1, columns=4, bits=4, block_size=4
    )
    for groups in ([0, 1, 2, 0], [0, -1, 0, 0], [0, 0]):
        g_idx, sizes = np.array(groups), {"rows": 1, "columns": 4, "bits": 4, "block_size": 2}
        yield partial(quantization.nbits, np.zeros(2, np.uint8), np.ones(2), None, g_idx, **sizes)
    yield lambda: quantization.unpack(words, 9)


@pytest.mark.parametrize("call", list(broken()))
def test_what_does_not_fit_together_is_refused(call):
    with pytest.raises(ModelFormatError):
        call()
