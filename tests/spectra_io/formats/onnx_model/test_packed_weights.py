"""Weights that operators of onnxruntime take in few bits, against the formulas of their pages."""

import itertools
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from onnx import helper, numpy_helper

import spectra
from spectra_io import open_model
from tests.builders import f32, graph, write_onnx

COM = {"domain": "com.microsoft"}


def node(operator: str, inputs: list[str], outputs: list[str], **options: Any) -> Any:
    return helper.make_node(operator, inputs, outputs, **COM, **options)


def opened(path, nodes, arrays):
    tensors = [numpy_helper.from_array(np.asarray(a), name) for name, a in arrays.items()]
    return open_model(write_onnx(path / "m.onnx", graph(nodes, tensors)))


def matrices(path, nodes, arrays):
    model = opened(path, nodes, arrays)
    layers = [layer for layer in spectra.layers(model) if layer.taken]
    return {layer.name: layer.matrices()[0] for layer in layers}, model


def reason(path, nodes, arrays, name):
    found, model = matrices(path, nodes, arrays)
    assert name not in {key.partition("[")[0] for key in found}
    return next(x.reason for x in spectra.layers(model) if x.tensor.name == name)


def codes(shape, bits, seed=0):
    return np.random.default_rng(seed).integers(0, 1 << bits, shape)


def packed(numbers, bits):
    """Return numbers packed into bytes along the last axis, low bits first, padded with zeros."""
    apart = (np.asarray(numbers)[..., np.newaxis] >> np.arange(bits)) & 1
    flat = apart.reshape(*apart.shape[:-2], -1).astype(np.uint8)
    return np.packbits(flat, axis=-1, bitorder="little")


def blocked(numbers, scales, zeros, block):
    """Return (number - zero point) * scale for each block of the last axis."""
    length = numbers.shape[-1]
    wide = np.repeat(scales, block, axis=-1)[..., :length]
    points = zeros if np.ndim(zeros) == 0 else np.repeat(zeros, block, axis=-1)[..., :length]
    return (numbers - np.float32(1) * points) * wide


def nbits(rows, columns, bits, block, seed=0):
    """Return codes, scales and zero points of a matrix, and the bytes that MatMulNBits takes."""
    blocks = -(-columns // block)
    q = codes((rows, blocks * block), bits, seed)
    scales = np.abs(f32(rows, blocks, seed=seed + 1)) + np.float32(0.1)
    zeros = codes((rows, blocks), bits, seed + 2)
    return q, scales, zeros, packed(q.reshape(rows, blocks, block), bits)


@pytest.mark.parametrize("bits", [2, 4, 8])
@pytest.mark.parametrize(("columns", "block"), [(64, 16), (70, 32), (16, 16)])
@pytest.mark.parametrize("zeros", ["none", "packed", "float", "flat"])
def test_blocks_of_few_bits(tmp_path, bits, columns, block, zeros):
    rows = 6
    q, scales, points, B = nbits(rows, columns, bits, block)
    wanted = blocked(q, scales, 1 << (bits - 1) if zeros == "none" else points, block)[:, :columns]
    arrays = {"B": B, "s": scales.ravel() if zeros == "flat" else scales}
    if zeros != "none":
        held = packed(points, bits)
        kinds = {"packed": held, "flat": held.ravel(), "float": points.astype(np.float32)}
        arrays["z"] = kinds[zeros]
    inputs = ["x", "B", "s"] + (["z"] if zeros != "none" else [])
    made = node("MatMulNBits", inputs, ["y"], N=rows, K=columns, bits=bits, block_size=block)
    found, model = matrices(tmp_path, [made], arrays)
    np.testing.assert_allclose(found["B"], wanted, rtol=1e-6)
    assert {model[name].note for name in arrays if name != "B"} == {"scale of B"}


@pytest.mark.parametrize("padded", [False, True])
@pytest.mark.parametrize("order", ["identity", "shuffled"])
def test_blocks_in_the_groups_of_their_inputs(tmp_path, padded, order):
    q, scales, _, B = nbits(6, 70, 4, 16)
    groups = np.arange(80) // 16
    if order == "shuffled":
        groups = np.random.default_rng(5).permutation(groups)
    wanted = (q[:, :70].astype(np.float32) - 8) * scales[:, groups[:70]]
    given = (groups if padded else groups[:70]).astype(np.int32)
    made = node("MatMulNBits", ["x", "B", "s", "", "g"], ["y"], N=6, K=70, block_size=16)
    found, model = matrices(tmp_path, [made], {"B": B, "s": scales, "g": given})
    np.testing.assert_allclose(found["B"], wanted, rtol=1e-6)
    assert (model["g"].role, model["g"].note) == ("scale", "scale of B")


def test_groups_that_are_not_there(tmp_path):
    _, scales, _, B = nbits(6, 64, 4, 16)
    arrays = {"B": B, "s": scales, "g": np.full(64, 4, np.int32)}
    made = node("MatMulNBits", ["x", "B", "s", "", "g"], ["y"], N=6, K=64, block_size=16)
    model = opened(tmp_path, [made], arrays)
    (layer,) = [layer for layer in spectra.layers(model) if layer.taken]
    with pytest.raises(spectra.errors.ModelFormatError, match="fit together"):
        layer.matrices()


def test_the_parts_of_a_packed_product(tmp_path):
    q, scales, _, B = nbits(8, 32, 4, 16)
    nodes = [
        node("MatMulNBits", ["x", "B", "s"], ["y"], N=8, K=32, block_size=16),
        helper.make_node("Split", ["y"], ["p", "q"], axis=-1),
        *(helper.make_node("Softmax", [name], [f"s{name}"]) for name in "pq"),
    ]
    found, _ = matrices(tmp_path, nodes, {"B": B, "s": scales})
    wanted = blocked(q, scales, 8, 16)
    np.testing.assert_allclose(np.concatenate([*found.values()]), wanted, rtol=1e-6)
    assert len(found) == 2


KIN: dict[str, Any] = {  # operator: weights by name, with their rows, columns, and attributes
    "MatMulNBitsMlp": (
        ["x", "", "n", "gate", "sg", "bg", "up", "su", "bu"],
        {"gate": (6, 64), "up": (6, 64)},
        {"N": 6, "K": 64, "bits": 4, "block_size": 16, "activation": "silu"},
    ),
    "MatMulNBitsQkv": (
        ["x", "", "n", "q", "sq", "bq", "k", "sk", "bk", "v", "sv", "bv"],
        {"q": (8, 64), "k": (4, 64), "v": (4, 64)},
        {"Nq": 8, "Nkv": 4, "K": 64, "bits": 4, "block_size": 16},
    ),
    "MatMulNBitsQLoRA": (
        ["x", "W", "sW", "A", "sA", "B", "sB"],
        {"W": (6, 64), "A": (3, 64), "B": (6, 3)},
        {"N": 6, "K": 64, "bits": 4, "block_size": 16, "lora_bits": 8, "lora_block_size": 16},
    ),
}


@pytest.mark.parametrize("operator", KIN)
def test_several_packed_weights_of_one_operator(tmp_path, operator):
    inputs, weights, options = KIN[operator]
    arrays: dict[str, Any] = {}
    wanted = {}
    for seed, (name, (rows, columns)) in enumerate(weights.items()):
        bits = 8 if operator == "MatMulNBitsQLoRA" and name != "W" else 4
        q, scales, _, B = nbits(rows, columns, bits, 16, seed)
        scale = inputs[inputs.index(name) + 1]
        arrays |= {name: B, scale: scales}
        wanted[name] = blocked(q, scales, 1 << (bits - 1), 16)[:, :columns]
    found, model = matrices(tmp_path, [node(operator, inputs, ["y"], **options)], arrays)
    assert list(found) == list(wanted)
    for name, matrix in wanted.items():
        np.testing.assert_allclose(found[name], matrix, rtol=1e-6)
    assert all(model[name].role == "scale" for name in arrays if name not in wanted)


UNFIT: dict[str, Any] = {
    "3 bits": ({"bits": 3}, {}, "input 1 of MatMulNBits, 3 bits: not read"),
    "packed for a device": ({"weight_prepacked": 1}, {}, "one kind of device"),
    "no rows": ({"N": 0}, {}, "0 x 64 in blocks of 16"),
    "blocks of 12": ({"block_size": 12}, {}, "64 in blocks of 12"),
    "other rows": ({"N": 7}, {}, "input 1 has the shape 6x4x8, not 7x4x8"),
    "other columns": ({"K": 80}, {}, "input 1 has the shape 6x4x8, not 6x5x8"),
    "blocks first": ({}, {"B": np.zeros((4, 6, 8), np.uint8)}, "shape 4x6x8, not 6x4x8"),
    "flat": ({}, {"B": np.zeros((6, 32), np.uint8)}, "shape 6x32, not 6x4x8"),
    "scales of a row": ({}, {"s": f32(6)}, "input 2 has the shape 6, not 6x4"),
    "a zero point a byte": ({}, {"z": np.zeros((24, 1), np.uint8)}, "shape 24x1, not 6x2"),
    "zero points of a row": ({}, {"z": f32(6, 1)}, "input 3 has the shape 6x1, not 6x4"),
    "an order of blocks": ({}, {"g": np.zeros(4, np.int32)}, "shape 4, not 64"),
    "an order and zero points": (
        {},
        {"g": np.zeros(64, np.int32), "z": np.zeros((6, 2), np.uint8)},
        "input 4 beside packed zero points",
    ),
    "an order of 8 bits": (
        {"bits": 8},
        {"g": np.zeros(64, np.int32), "B": np.zeros((6, 4, 16), np.uint8)},
        "input 4 beside 8 bits",
    ),
}


@pytest.mark.parametrize("case", UNFIT)
def test_blocks_are_checked_by_shape(tmp_path, case):
    options, changed, words = UNFIT[case]
    _, scales, _, B = nbits(6, 64, 4, 16)
    arrays: dict[str, Any] = {"B": B, "s": scales, **changed}
    inputs = ["x", "B", "s", "z" if "z" in arrays else "", "g" if "g" in arrays else ""]
    sizes = {"N": 6, "K": 64, "bits": 4, "block_size": 16, **options}
    why = reason(tmp_path, [node("MatMulNBits", inputs, ["y"], **sizes)], arrays, "B")
    assert why.startswith("quantized (uint8): input 1 of MatMulNBits, ")
    assert words in why


NF4 = [-1, -0.6961928, -0.52507305, -0.3949175, -0.28444138, -0.18477343, -0.091050036, 0]
NF4 += [0.0795803, 0.1609302, 0.2461123, 0.33791524, 0.44070983, 0.562617, 0.72295684, 1]
FP4 = [0, 0.0052083333, 2 / 3, 1, 1 / 3, 1 / 2, 1 / 6, 1 / 4]
FP4 += [-x for x in FP4]


@pytest.mark.parametrize("kind", [0, 1])
@pytest.mark.parametrize("turned", [0, 1])
@pytest.mark.parametrize(("rows", "columns"), [(6, 24), (3, 5)])
def test_blocks_of_bitsandbytes(tmp_path, kind, turned, rows, columns):
    q = codes(rows * columns, 4)
    absmax = np.abs(f32(-(-q.size // 16), seed=1)) + np.float32(0.5)
    padded = np.append(q, np.zeros(q.size % 2, int))
    held = (padded[0::2] << 4 | padded[1::2]).astype(np.uint8)
    flat = np.array([(FP4, NF4)[kind][c] for c in q]) * np.repeat(absmax, 16)[: q.size]
    options = {"N": rows, "K": columns, "block_size": 16, "quant_type": kind}
    options |= {} if turned else {"transB": 0}
    made = node("MatMulBnb4", ["x", "B", "a"], ["y"], **options)
    found, model = matrices(tmp_path, [made], {"B": held, "a": absmax})
    wanted = flat.reshape(rows, columns)
    np.testing.assert_allclose(found["B"], wanted if turned else wanted.T, rtol=1e-6)
    assert model["a"].note == "scale of B"


UNFIT_BNB4 = {
    "another type": ({"quant_type": 2}, "quant_type 2"),
    "no type": ({"quant_type": -1}, "quant_type -1"),
    "blocks of 24": ({"block_size": 24}, "blocks of 24"),
    "no rows": ({"N": 0}, "0 x 24"),
    "other columns": ({"K": 26}, "input 1 has the shape 72, not 78"),
    "other blocks": ({"block_size": 32}, "input 2 has the shape 9, not 5"),
}


@pytest.mark.parametrize("case", UNFIT_BNB4)
def test_blocks_of_bitsandbytes_are_checked(tmp_path, case):
    changed, words = UNFIT_BNB4[case]
    options = {"N": 6, "K": 24, "block_size": 16, "quant_type": 1, **changed}
    arrays = {"B": np.zeros(72, np.uint8), "a": f32(9)}
    made = node("MatMulBnb4", ["x", "B", "a"], ["y"], **options)
    assert words in reason(tmp_path, [made], arrays, "B")


E2M1 = [0, 0.5, 1, 1.5, 2, 3, 4, 6]
E2M1 += [-x for x in E2M1]


def test_blocks_of_four_bit_floats(tmp_path):
    """NVFP4: a scale for 16 numbers, in bytes of 8-bit floats, and one for all."""
    q = codes((5, 64), 4)
    scales = np.abs(f32(5, 4, seed=1)).astype(ml_dtypes.float8_e4m3fn)
    arrays = {"B": packed(q, 4), "s": scales.view(np.uint8), "t": np.float32(0.5)}
    made = node("MatMulBlockQuantizedFp4Weight", ["x", "B", "s", "t"], ["y"])
    found, _ = matrices(tmp_path, [made], arrays)
    wanted = np.array(E2M1)[q] * np.repeat(scales.astype(np.float32), 16, axis=1) * 0.5
    np.testing.assert_allclose(found["B"], wanted, rtol=1e-6)
    short = {**arrays, "s": arrays["s"][:, :3]}
    assert "input 2 has the shape 5x3, not 5x4" in reason(tmp_path, [made], short, "B")
    odd = node("MatMulBlockQuantizedFp4Weight", ["x", "B", "s", "t"], ["y"], block_size=48)
    assert "in blocks of 48" in reason(tmp_path, [odd], arrays, "B")


@pytest.mark.parametrize("block", [32, 24])
def test_blocks_of_eight_bit_floats(tmp_path, block):
    W = f32(5, 64).astype(ml_dtypes.float8_e4m3fn)
    scales = np.abs(f32(5, -(-64 // block), seed=1))
    made = node("MatMulBlockQuantizedFp8Weight", ["x", "B", "s"], ["y"], block_size=block)
    found, _ = matrices(tmp_path, [made], {"B": W, "s": scales})
    wanted = W.astype(np.float32) * np.repeat(scales, block, axis=1)[:, :64]
    np.testing.assert_allclose(found["B"], wanted, rtol=1e-6)
    why = reason(tmp_path, [made], {"B": W, "s": scales[:, :1]}, "B")
    assert "input 2 has the shape 5x1" in why


def test_what_one_kind_of_processor_packs_is_not_read(tmp_path):
    made = node("MatMulFpQ4", ["x", "B", "n"], ["y"])
    why = reason(tmp_path, [made], {"B": np.zeros(72, np.uint8), "n": np.array([8, 16])}, "B")
    assert why.endswith("input 1 of MatMulFpQ4, packed for one kind of processor: not read")


def table(bits, kind, shape, axis, block, seed=0):
    """Return codes, scales, zero points and the middle of the range of a table."""
    least = -(1 << (bits - 1)) if kind == "int4" else 0
    q = codes(shape, bits, seed) + least
    sides = tuple(-(-n // block) if i == axis else n for i, n in enumerate(shape))
    scales = np.abs(f32(*sides, seed=seed + 1)) + np.float32(0.1)
    return q, scales, codes(sides, bits, seed + 2) + least, 1 << (bits - 1)


TABLES = [(2, "uint8"), (4, "uint8"), (8, "uint8"), (4, "int4"), (4, "uint4")]


@pytest.mark.parametrize(("bits", "kind"), TABLES)
@pytest.mark.parametrize("zeros", [False, True])
@pytest.mark.parametrize(("columns", "block"), [(64, 16), (40, 32)])
def test_tables_in_blocks(tmp_path, bits, kind, zeros, columns, block):
    q, scales, points, middle = table(bits, kind, (7, columns), 1, block)
    small = kind == "uint8" and bits < 8
    arrays: dict[str, Any] = {"t": packed(q, bits) if small else q.astype(kind), "s": scales}
    if zeros:
        arrays["z"] = packed(points, bits) if small else points.astype(kind)
    options = {"block_size": block, "quantize_axis": -1} | ({"bits": bits} if bits != 4 else {})
    inputs = ["t", "i", "s"] + (["z"] if zeros else [])
    found, model = matrices(
        tmp_path, [node("GatherBlockQuantized", inputs, ["y"], **options)], arrays
    )
    default = middle if kind == "uint8" else 0
    wanted = blocked(q, scales, points if zeros else default, block)
    np.testing.assert_allclose(found["t"], wanted, rtol=1e-6)
    assert model["t"].role == "embedding"
    assert {model[name].note for name in arrays if name != "t"} == {"scale of t"}


def test_tables_in_blocks_of_rows(tmp_path):
    """The attributes left out: 4 bits, blocks of 128 along the second axis; here of the first."""
    q, scales, _, _ = table(4, "int4", (40, 6), 0, 16)
    made = node("GatherBlockQuantized", ["t", "i", "s"], ["y"], quantize_axis=0, block_size=16)
    found, _ = matrices(tmp_path, [made], {"t": q.astype("int4"), "s": scales})
    np.testing.assert_allclose(found["t"], blocked(q.T, scales.T, 0, 16).T, rtol=1e-6)
    q, scales, _, _ = table(4, "int4", (6, 200), 1, 128)
    plain = node("GatherBlockQuantized", ["t", "i", "s"], ["y"])
    found, _ = matrices(tmp_path, [plain], {"t": q.astype("int4"), "s": scales})
    np.testing.assert_allclose(found["t"], blocked(q, scales, 0, 128), rtol=1e-6)


@pytest.mark.parametrize("kind", ["float8_e4m3fn", "float8_e5m2", "float4_e2m1fn"])
@pytest.mark.parametrize("form", ["each", "per row", "one row"])
def test_tables_of_narrow_floats(tmp_path, kind, form):
    q = f32(6, 32).astype(kind)
    block = 0 if form == "per row" else 16
    shape = {"each": (6, 2), "per row": (6, 1), "one row": (1, 2)}[form]
    scales = np.abs(f32(*shape, seed=1))
    made = node("GatherBlockQuantized", ["t", "i", "s"], ["y"], block_size=block)
    found, _ = matrices(tmp_path, [made], {"t": q, "s": scales})
    wanted = q.astype(np.float32) * np.repeat(scales, 32 // shape[1], axis=1)
    np.testing.assert_allclose(found["t"], wanted, rtol=1e-6)


UNFIT_TABLES: dict[str, Any] = {
    "3 bits": ({"bits": 3}, {}, "3 bits along axis 1"),
    "another axis": ({"quantize_axis": 2}, {}, "axis 2"),
    "no blocks": ({"block_size": 0}, {}, "blocks of 0"),
    "packed along another axis": ({"quantize_axis": 0}, {}, "packed along the last axis"),
    "other scales": ({}, {"s": f32(7, 3)}, "input 2 has the shape 7x3, not 7x4"),
    "one scale": ({}, {"s": f32(1, 4)}, "input 2 has the shape 1x4, not 7x4"),
    "other zero points": ({}, {"z": np.zeros((7, 4), np.uint8)}, "shape 7x4, not 7x2"),
    "integers of 16 bits": ({}, {"t": np.zeros((7, 64), np.int16)}, "int16: not read"),
}


@pytest.mark.parametrize("case", UNFIT_TABLES)
def test_tables_are_checked_by_shape(tmp_path, case):
    options, changed, words = UNFIT_TABLES[case]
    arrays: dict[str, Any] = {"t": np.zeros((7, 32), np.uint8), "s": f32(7, 4), **changed}
    inputs = ["t", "i", "s"] + (["z"] if "z" in arrays else [])
    made = node("GatherBlockQuantized", inputs, ["y"], **{"block_size": 16, **options})
    assert words in reason(tmp_path, [made], arrays, "t")


def test_narrow_floats_have_no_zero_points(tmp_path):
    q = f32(6, 32).astype("float8_e4m3fn")
    made = node("GatherBlockQuantized", ["t", "i", "s", "z"], ["y"], block_size=16)
    arrays = {"t": q, "s": f32(6, 2), "z": q[:, :2]}
    assert "input 3 beside floats" in reason(tmp_path, [made], arrays, "t")


E, H, INNER = 3, 32, 48
FUSIONS = {0: ("relu", None), 1: ("swiglu", 2), 2: ("swiglu", 1)}


def halves(fusion, W):
    """Return gate and up of a matrix."""
    return (W[0::2], W[1::2]) if fusion == 1 else (W[: len(W) // 2], W[len(W) // 2 :])


def expected(stacks, fusion):
    """Return the layers of experts by name."""
    out = {}
    for name, stack in stacks.items():
        for index, W in enumerate(stack):
            if name == "fc1" and fusion:
                for half, part in zip(("gate", "up"), halves(fusion, W), strict=True):
                    out[f"{name}[{index}.{half}]"] = part
            else:
                out[f"{name}[{index}]"] = W
    return out


@pytest.mark.parametrize("fusion", [0, 1, 2])
@pytest.mark.parametrize("activation", ["relu", "swiglu"])
@pytest.mark.parametrize("turned", [False, True])
def test_experts(tmp_path, fusion, activation, turned):
    fused = fusion if activation == "swiglu" else 0
    wide = 2 * INNER if fused else INNER
    stacks = {"fc1": f32(E, wide, H), "fc2": f32(E, H, INNER, seed=1), "fc3": f32(E, INNER, H)}
    stored = {n: W.swapaxes(1, 2) if turned else W for n, W in stacks.items()}
    inputs = ["x", "r", "fc1", "b", "fc2", "", "fc3"]
    made = node("MoE", inputs, ["y"], swiglu_fusion=fusion, activation_type=activation)
    found, model = matrices(tmp_path, [made], {**stored, "b": f32(E, wide)})
    wanted = expected(stacks, fused)
    assert sorted(found) == sorted(wanted)
    for name, W in wanted.items():
        np.testing.assert_array_equal(found[name], W)
    assert model["fc1"].role == "experts"


def test_experts_that_do_not_fit_together(tmp_path):
    arrays = {"fc1": f32(E, INNER, H), "fc2": f32(E, H, INNER + 2)}
    made = node("MoE", ["x", "r", "fc1", "", "fc2"], ["y"])
    assert "fc1 and fc2 do not fit together" in reason(tmp_path, [made], arrays, "fc1")


def quantized_experts(bits, block, zeros, fusion, seed=0):
    """Return the stored arrays of QMoE, and the real matrices."""
    arrays, stacks = {}, {}
    sizes = {"fc1": (2 * INNER if fusion else INNER, H), "fc2": (H, INNER)}
    for number, (name, (rows, columns)) in enumerate(sizes.items()):
        q = codes((E, rows, columns), bits, seed + number)
        arrays[name] = packed(q, bits)
        sides = (E, rows, columns // block) if block else (E, rows)
        scales = np.abs(f32(*sides, seed=seed + 7 + number)) + np.float32(0.1)
        points = codes(sides, bits, seed + 9 + number)
        arrays[f"s{number + 1}"] = scales
        if zeros:
            arrays[f"z{number + 1}"] = packed(points, bits)
        size, wide = block or columns, scales if block else scales[..., None]
        middle = 1 << (bits - 1)
        given = (points if block else points[..., None]) if zeros else middle
        stacks[name] = blocked(q, wide, given, size)
    return arrays, stacks


@pytest.mark.parametrize(
    ("bits", "block"), [(2, 0), (4, 0), (8, 0), (2, 16), (3, 16), (4, 16), (8, 16)]
)
@pytest.mark.parametrize("zeros", [False, True])
@pytest.mark.parametrize("fusion", [0, 1, 2])
def test_packed_experts(tmp_path, bits, block, zeros, fusion):
    arrays, stacks = quantized_experts(bits, block, zeros, fusion)
    inputs = ["x", "r", "fc1", "s1", "b", "fc2", "s2"]
    inputs += ["", "", "", "", "z1", "z2"] if zeros else []
    options = {"expert_weight_bits": bits} | ({"block_size": block} if block else {})
    options |= {"swiglu_fusion": fusion, "activation_type": "swiglu" if fusion else "relu"}
    made = node("QMoE", inputs, ["y"], **options)
    found, model = matrices(tmp_path, [made], arrays)
    wanted = expected(stacks, fusion)
    assert sorted(found) == sorted(wanted)
    for name, W in wanted.items():
        np.testing.assert_allclose(found[name], W, rtol=1e-6)
    for name in arrays.keys() - {"fc1", "fc2"}:
        assert model[name].note == f"scale of fc{name[1]}"


@pytest.mark.parametrize("block", [0, 16])
def test_experts_of_eight_bit_floats(tmp_path, block):
    stacks = {"fc1": f32(E, INNER, H), "fc2": f32(E, H, INNER, seed=1)}
    stored = {n: W.astype(ml_dtypes.float8_e4m3fn) for n, W in stacks.items()}
    arrays: dict[str, Any] = dict(stored)
    wanted = {}
    for number, (name, W) in enumerate(stored.items()):
        shape = (E, -(-W.shape[1] // block), -(-W.shape[2] // block)) if block else (E,)
        scales = np.abs(f32(*shape, seed=number + 3))
        arrays[f"s{number + 1}"] = scales
        spread = np.kron(scales, np.ones((block, block))) if block else scales[:, None, None]
        wanted[name] = W.astype(np.float32) * spread[:, : W.shape[1], : W.shape[2]]
    inputs = ["x", "r", "fc1", "s1" if block else "", "", "fc2", "s2" if block else ""]
    inputs += [""] * 8 + (["s1", "s2"] if not block else [])
    options = {"quant_type": "fp8"} | ({"block_size": block} if block else {})
    found, _ = matrices(tmp_path, [node("QMoE", inputs, ["y"], **options)], arrays)
    for name, W in expected(wanted, 0).items():
        np.testing.assert_allclose(found[name], W, rtol=1e-6)
    assert len(found) == 2 * E


UNFIT_EXPERTS: dict[str, Any] = {
    "5 bits": ({"expert_weight_bits": 5}, {}, "input 2 of QMoE, 5 bits in blocks of 0: not read"),
    "3 bits": ({"fc1_expert_weight_bits": 3}, {}, "3 bits in blocks of 0: not read"),
    "bits of its own": ({"fc1_expert_weight_bits": 8}, {}, "input 11 has the shape 3x24, not 3x48"),
    "fp4": ({"quant_type": "fp4"}, {}, "quant_type fp4"),
    "blocks": ({"block_size": 16}, {}, "its scale is not known"),
    "packed for a device": ({"weights_prepacked": 1}, {}, "packed for one kind of device"),
    "inputs first": (
        {},
        {"fc1": np.zeros((E, H, INNER // 2), np.uint8), "fc2": np.zeros((E, INNER, 16), np.uint8)},
        "packed for one kind of device",
    ),
    "scales of other experts": ({}, {"s1": f32(E + 1, INNER)}, "input 3 has the shape 4x48"),
    "other zero points": ({}, {"z1": np.zeros((E, INNER), np.uint8)}, "input 11 has the shape"),
}


@pytest.mark.parametrize("case", UNFIT_EXPERTS)
def test_packed_experts_are_checked(tmp_path, case):
    options, changed, words = UNFIT_EXPERTS[case]
    arrays = {**quantized_experts(4, 0, True, 0)[0], **changed}
    inputs = ["x", "r", "fc1", "s1", "", "fc2", "s2", "", "", "", "", "z1", "z2"]
    why = reason(tmp_path, [node("QMoE", inputs, ["y"], **options)], arrays, "fc1")
    assert words in why


def test_square_experts_must_say_that_they_are_not_packed_for_a_device(tmp_path):
    """Both orders of the sides have the same shape then."""
    arrays = {"fc1": packed(codes((E, H, H), 4), 4), "s1": np.abs(f32(E, H))}
    inputs = ["x", "r", "fc1", "s1", "", "fc1", "s1"]
    silent, said = (node("QMoE", inputs, ["y"], **o) for o in ({}, {"weights_prepacked": 0}))
    assert "not said to be not" in reason(tmp_path, [silent], arrays, "fc1")
    assert len(matrices(tmp_path, [said], arrays)[0]) == E


def test_thousands_of_experts_are_not_taken_apart(tmp_path):
    arrays = {"fc1": np.zeros((3000, 2, 2), np.float32), "fc2": np.zeros((3000, 2, 2), np.float32)}
    made = node("MoE", ["x", "r", "fc1", "", "fc2"], ["y"])
    assert "3000 experts: not read" in reason(tmp_path, [made], arrays, "fc1")


def test_one_expert_is_read_without_the_others(tmp_path):
    """The stack is cut before it is dequantized."""
    arrays, _ = quantized_experts(4, 0, False, 1)
    inputs = ["x", "r", "fc1", "s1", "", "fc2", "s2"]
    made = node("QMoE", inputs, ["y"], swiglu_fusion=1, activation_type="swiglu")
    model = opened(tmp_path, [made], arrays)
    for one, two in itertools.pairwise(model["fc1"].weights):
        assert one.read().shape == two.read().shape == (INNER, H)
