"""Quantized blocks: read in parts, against the package gguf, which dequantizes the whole tensor."""

import importlib.metadata
import sys

import gguf
import numpy as np
import pytest
from gguf import GGML_QUANT_SIZES, GGMLQuantizationType, quants

import spectra
from spectra.dtypes import BLOCKS, BY_GGML, BlockType
from spectra.models.lazy import rows
from spectra_io import open_model
from spectra_io.formats.gguf_model import blocks
from spectra_io.formats.gguf_model.blocks import Blocks, stored_type
from spectra_io.storage.files import LocalFile
from tests.builders import copied, f32, gguf_bytes, memory_to_open, write

READ = {  # every type that gguf 0.18 and later dequantize
    *("q4_0", "q4_1", "q5_0", "q5_1", "q8_0", "q2_k", "q3_k", "q4_k", "q5_k", "q6_k"),
    *("iq1_s", "iq1_m", "iq2_xxs", "iq2_xs", "iq2_s", "iq3_xxs", "iq3_s", "iq4_nl", "iq4_xs"),
    *("tq1_0", "tq2_0", "mxfp4"),
}
QUANTIZED = ["Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "TQ1_0", "TQ2_0", "MXFP4"]


@pytest.fixture
def without_gguf(monkeypatch):
    """Python as it is without the extra."""
    blocks._why_not.cache_clear()
    for name in [name for name in sys.modules if name.split(".")[0] == "gguf"]:
        monkeypatch.setitem(sys.modules, name, None)
    yield
    blocks._why_not.cache_clear()


def random_blocks(name, *shape, seed=0):
    """Return the bytes of a tensor; blocks of any bytes are valid."""
    block = BLOCKS[name]
    size = (*shape[:-1], shape[-1] // block.elements * block.num_bytes)
    return np.random.default_rng(seed).integers(0, 256, size, dtype=np.uint8)


def opened(folder, name, shape, raw, tensor="fc.weight"):
    content = gguf_bytes({tensor: (BLOCKS[name].ggml, shape, raw.tobytes())})
    return open_model(write(folder / "m.gguf", content))[tensor]


def dequantized(raw, name):
    with np.errstate(all="ignore"):
        return quants.dequantize(raw, GGMLQuantizationType[name.upper()])


@pytest.mark.parametrize("kind", GGMLQuantizationType, ids=lambda kind: kind.name)
def test_sizes_are_those_of_gguf(kind):
    known = BY_GGML[kind.value]
    elements, num_bytes = GGML_QUANT_SIZES[kind]
    if isinstance(known, BlockType):
        assert known == BlockType(kind.name.lower(), kind.value, elements, num_bytes)
        assert BLOCKS[known.name] is known
    else:
        assert (elements, known.bits) == (1, 8 * num_bytes)
        kinds = {"F": "float", "B": "bfloat", "I": "int"}
        assert known.name == f"{kinds[kind.name[0]]}{known.bits}"


@pytest.mark.parametrize("name", sorted(BLOCKS))
def test_random_blocks_are_read_as_gguf_reads_the_whole_tensor(tmp_path, name):
    shape = (6, 2 * BLOCKS[name].elements)
    raw = random_blocks(name, *shape)
    tensor = copied(opened(tmp_path, name, shape, raw))
    assert (tensor.shape, tensor.dtype, tensor.size) == (shape, name, shape[0] * shape[1])
    if name not in READ and tensor.role == "quantized":
        return
    assert tensor.role == "dense"
    expected = dequantized(raw, name)
    np.testing.assert_array_equal(tensor.read(), expected)
    np.testing.assert_array_equal(rows(tensor.source, 2, 5)(), expected[2:5])
    np.testing.assert_array_equal(tensor.weights[0].read(), expected)


@pytest.mark.parametrize("name", ["q4_0", "q4_k"])
def test_parts_of_a_tensor_of_several_steps_fit_together(tmp_path, monkeypatch, name):
    monkeypatch.setattr(blocks, "_AT_ONCE", 3 * BLOCKS[name].elements)
    shape = (5, 4 * BLOCKS[name].elements)
    raw = random_blocks(name, *shape)
    found = opened(tmp_path, name, shape, raw).read()
    np.testing.assert_array_equal(found, dequantized(raw, name))


@pytest.mark.parametrize("name", QUANTIZED)
def test_quantized_numbers_are_near_the_numbers(tmp_path, name):
    kind = GGMLQuantizationType[name]
    W = f32(8, 512)
    raw = quants.quantize(W, kind)
    tensor = opened(tmp_path, name.lower(), W.shape, raw)
    np.testing.assert_array_equal(tensor.read(), quants.dequantize(raw, kind))
    coarse = {"TQ1_0": 0.9, "TQ2_0": 0.9, "MXFP4": 0.2}  # ternary, and one bit of mantissa
    error = np.linalg.norm(tensor.read() - W) / np.linalg.norm(W)
    assert 0 < error < coarse.get(name, 0.1)


def test_rows_of_a_stack_are_whole_matrices(tmp_path):
    raw = random_blocks("q4_0", 3, 4, 32)
    tensor = opened(tmp_path, "q4_0", (3, 4, 32), raw, "blk.0.ffn_up_exps.weight")
    expected = dequantized(raw, "q4_0")
    for expert, part in enumerate(tensor.weights):
        np.testing.assert_array_equal(part.read(), expected[expert])
    (second, first) = (rows(tensor.source, i, i + 1) for i in (1, 0))
    assert isinstance(first, Blocks)
    assert isinstance(second, Blocks)
    assert second.offset - first.offset == 4 * 18  # only these bytes are read


def test_rows_that_are_not_whole_blocks_are_cut_after_reading(tmp_path):
    raw = random_blocks("q8_0", 2, 32)
    path = write(tmp_path / "raw", raw.tobytes())
    source = Blocks(LocalFile(path), 0, BLOCKS["q8_0"], (4, 16))
    expected = dequantized(raw, "q8_0").reshape(4, 16)
    np.testing.assert_array_equal(source(), expected)
    np.testing.assert_array_equal(rows(source, 1, 3)(), expected[1:3])
    assert source.stored.shape == (68,)


def test_a_vector_of_blocks(tmp_path):
    raw = random_blocks("q8_0", 64)
    tensor = opened(tmp_path, "q8_0", (64,), raw, "blk.0.attn_norm.weight")
    assert (tensor.role, tensor.weights) == ("norm", ())
    np.testing.assert_array_equal(tensor.read(), dequantized(raw, "q8_0"))
    np.testing.assert_array_equal(rows(tensor.source, 3, 9)(), tensor.read()[3:9])


@pytest.mark.parametrize("shape", [(0, 32), (4, 0), (0,)])
def test_empty_tensors(tmp_path, shape):
    tensor = opened(tmp_path, "q8_0", shape, np.zeros(0, np.uint8))
    assert tensor.read().shape == shape
    assert tensor.source.stored().size == 0


def test_the_scale_may_be_infinite_or_not_a_number(tmp_path):
    raw = random_blocks("q8_0", 2, 32)
    raw[:, :2] = np.array([[np.inf], [np.nan]], np.float16).view(np.uint8)
    values = opened(tmp_path, "q8_0", (2, 32), raw).read()
    assert not np.isfinite(values[0]).any()
    assert np.isnan(values[1]).all()


def test_without_gguf_tensors_are_listed_with_what_to_do(tmp_path, without_gguf):
    content = gguf_bytes(
        {
            "a.weight": (12, (2, 256), random_blocks("q4_k", 2, 256).tobytes()),
            "b.weight": (0, (2, 3), f32(2, 3).tobytes()),
            "c.weight": (99, (2, 256), b""),
        }
    )
    model = open_model(write(tmp_path / "m.gguf", content))
    a, b, c = spectra.layers(model)
    what = "needs the package gguf: pip install 'weightspectra[gguf]'"
    assert a.reason == f"quantized (q4_k): {what}"
    assert (b.reason, b.matrices().shape) == ("", (1, 2, 3))
    assert c.reason.startswith("quantized (ggml_99): ggml type 99 is not known")
    with pytest.raises(spectra.SpectraError, match=r"m.gguf: blocks of type q4_k: needs the pack"):
        model["a.weight"].read()
    with pytest.raises(spectra.SpectraError, match="ggml type 99 is not known"):
        model["c.weight"].read()


def test_the_fingerprint_is_of_the_stored_bytes(tmp_path, monkeypatch, request):
    raw = random_blocks("q4_k", 4, 256)
    content = gguf_bytes({"w": (12, (4, 256), raw.tobytes())})
    path = write(tmp_path / "m.gguf", content)
    found = open_model(path).fingerprint
    monkeypatch.setattr(quants, "dequantize", None)  # not called
    assert open_model(path).fingerprint == found
    changed = write(tmp_path / "n.gguf", content[:-1] + bytes([content[-1] ^ 1]))
    assert open_model(changed).fingerprint != found
    request.getfixturevalue("without_gguf")
    assert open_model(path).fingerprint == found


def test_a_type_that_gguf_cannot_dequantize_names_itself_and_the_version(tmp_path):
    tensor = opened(tmp_path, "q8_k", (2, 256), random_blocks("q8_k", 2, 256))
    (layer,) = spectra.layers({"w": tensor})
    version = importlib.metadata.version("gguf")
    assert layer.reason == (
        f"quantized (q8_k): gguf {version} cannot dequantize this type; a newer version may"
    )


def test_a_type_that_only_a_newer_gguf_knows(monkeypatch):
    class Newer:
        name = "Q9_X"

    monkeypatch.setattr(gguf, "GGMLQuantizationType", lambda number: Newer)
    monkeypatch.setattr(gguf, "GGML_QUANT_SIZES", {Newer: (64, 40)})
    assert stored_type(77) == ("q9_x", 77, 64, 40)


@pytest.mark.parametrize("number", [4, 5, 31, 33, 36, 38, 77, (1 << 32) - 1])
def test_numbers_of_no_type(number):
    assert stored_type(number) is None


def test_a_large_matrix_takes_little_more_memory_than_its_numbers(tmp_path):
    def file(name, side):
        raw = random_blocks("q4_k", side, side)
        return write(tmp_path / name, gguf_bytes({"w": (12, (side, side), raw.tobytes())}))

    grown, _ = memory_to_open(file("small.gguf", 256), file("big.gguf", 2048))
    assert grown < 1.6 * 4 * 2048**2
