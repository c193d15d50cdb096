"""safetensors files: every type, shards, and what must not be followed or believed."""

import json
import multiprocessing
import os
import pickle
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

import spectra
from spectra.errors import ModelFormatError
from spectra_io import open_model
from tests.builders import (
    copied,
    damaged,
    environment,
    examples,
    f32,
    memory_to_open,
    message_of,
    names_and_values,
    read_all_or_complain,
    safetensors_bytes,
    write,
    write_index,
    write_safetensors,
)

INTEGERS = {
    "I8": "int8", "I16": "int16", "I32": "int32", "I64": "int64",
    "U8": "uint8", "U16": "uint16", "U32": "uint32", "U64": "uint64",
}  # fmt: skip
EIGHT_BITS = {
    "F8_E4M3": "float8_e4m3fn", "F8_E5M2": "float8_e5m2", "F8_E8M0": "float8_e8m0fnu",
    "F8_E4M3FNUZ": "float8_e4m3fnuz", "F8_E5M2FNUZ": "float8_e5m2fnuz",
}  # fmt: skip
REFUSED_PATHS = [
    "../outside.safetensors",
    "sub/../../outside.safetensors",
    "..\\outside.safetensors",
    "/etc/passwd",
    "C:\\outside.safetensors",
    "",
    "nul\0.safetensors",
]


@pytest.fixture
def outside(tmp_path):
    """Return the folder of a model, beside a file that it must not reach."""
    folder = tmp_path / "model"
    (folder / "sub").mkdir(parents=True)
    write_safetensors(tmp_path / "outside.safetensors", {"w": f32(2, 2)})
    return folder


@pytest.fixture(scope="module")
def scratch(tmp_path_factory):
    return tmp_path_factory.mktemp("damaged")


@pytest.mark.parametrize(
    ("stored", "dtype"), [("F64", np.float64), ("F32", np.float32), ("F16", np.float16)]
)
def test_floats_are_read_as_stored(tmp_path, stored, dtype):
    values = f32(3, 4).astype(np.dtype(dtype).newbyteorder("<"))
    content = safetensors_bytes({"fc.weight": (stored, (3, 4), values.tobytes())})
    tensor = open_model(write(tmp_path / "m.safetensors", content))["fc.weight"]
    assert (tensor.shape, tensor.dtype, tensor.role) == ((3, 4), np.dtype(dtype).name, "dense")
    assert tensor.read().dtype == dtype
    np.testing.assert_array_equal(tensor.read(), values)


def test_bfloat16_is_the_upper_half_of_a_float32(tmp_path):
    halves = (f32(4, 3).view("<u4") >> 16).astype("<u2")
    content = safetensors_bytes({"w": ("BF16", (4, 3), halves.tobytes())})
    tensor = open_model(write(tmp_path / "m.safetensors", content))["w"]
    by_hand = (halves.astype("<u4") << 16).view("<f4")
    assert tensor.dtype == "bfloat16"
    np.testing.assert_array_equal(tensor.read().astype(np.float32), by_hand)
    assert spectra.layers({"w": tensor})[0].taken


@pytest.mark.parametrize(("stored", "name"), INTEGERS.items())
def test_integers_are_read_but_are_no_layer(tmp_path, stored, name):
    values = np.arange(6, dtype=np.dtype(name).newbyteorder("<")).reshape(2, 3)
    content = safetensors_bytes({"w": (stored, (2, 3), values.tobytes())})
    model = open_model(write(tmp_path / "m.safetensors", content))
    np.testing.assert_array_equal(model["w"].read(), values)
    assert [layer.reason for layer in spectra.layers(model)] == [f"{name}: integers"]


def test_booleans_are_read_but_are_no_layer(tmp_path):
    content = safetensors_bytes({"mask": ("BOOL", (2, 2), b"\1\0\0\1")})
    model = open_model(write(tmp_path / "m.safetensors", content))
    assert model["mask"].read().tolist() == [[True, False], [False, True]]
    assert spectra.layers(model)[0].reason == "bool: not real numbers"


@pytest.mark.parametrize(("stored", "dtype"), EIGHT_BITS.items())
def test_every_code_of_eight_bits(tmp_path, stored, dtype):
    codes = np.arange(256, dtype=np.uint8)
    path = write(
        tmp_path / "m.safetensors", safetensors_bytes({"w": (stored, (16, 16), bytes(codes))})
    )
    tensor = open_model(path)["w"]
    assert (tensor.dtype, tensor.read().dtype.name) == (dtype, dtype)
    expected = codes.view(dtype).reshape(16, 16)
    np.testing.assert_array_equal(tensor.read().astype(float), expected.astype(float))
    (layer,) = spectra.layers({"w": tensor})
    advice = 'without a scale beside them: if there is none, say so by "dtype" in config.json'
    wanted = "float8_e8m0fnu: not read" if "e8m0" in dtype else f"quantized ({dtype}): {advice}"
    assert layer.reason == wanted


FEW_BITS = {"F4": (4, 2, 1, 1), "F6_E2M3": (6, 2, 3, 1), "F6_E3M2": (6, 3, 2, 3)}


@pytest.mark.parametrize("stored", FEW_BITS)
def test_numbers_of_fewer_bits_than_a_byte(tmp_path, stored):
    """Sign, exponent and mantissa of every code, by the definition of the format."""
    bits, exponents, mantissas, bias = FEW_BITS[stored]
    codes = np.arange(1 << bits)
    total = sum(int(code) << (bits * i) for i, code in enumerate(codes))
    raw = total.to_bytes(len(codes) * bits // 8, "little")
    path = write(
        tmp_path / "m.safetensors", safetensors_bytes({"w": (stored, (2, len(codes) // 2), raw)})
    )
    expected = []
    for code in codes.tolist():
        exponent = (code >> mantissas) & ((1 << exponents) - 1)
        mantissa = (code & ((1 << mantissas) - 1)) / (1 << mantissas)
        size = (
            2.0 ** (1 - bias) * mantissa
            if exponent == 0
            else 2.0 ** (exponent - bias) * (1 + mantissa)
        )
        expected.append(-size if code >> (bits - 1) else size)
    found = open_model(path)["w"].read().astype(float).ravel()
    assert found.tolist() == expected
    with safe_open(path, framework="numpy") as theirs:
        assert theirs.get_slice("w").get_shape() == list(open_model(path)["w"].shape)


def test_complex_numbers_are_listed_with_the_reason(tmp_path):
    path = write(tmp_path / "m.safetensors", safetensors_bytes({"w": ("C64", (2, 3), bytes(48))}))
    (layer,) = spectra.layers(open_model(path))
    assert layer.reason == "complex64: not real numbers"


def test_what_the_library_itself_saves(tmp_path):
    arrays: dict[str, npt.NDArray[Any]] = {"a.weight": f32(5, 3), "b.bias": np.arange(4.0)}
    save_file(arrays, tmp_path / "m.safetensors", metadata={"format": "np"})
    model = open_model(tmp_path / "m.safetensors")
    assert list(model) == ["a.weight", "b.bias"]
    for name, array in arrays.items():
        np.testing.assert_array_equal(model[name].read(), array)


def test_nothing_is_transposed(tmp_path):
    values = np.arange(6, dtype="<f4").reshape(2, 3)
    path = write_safetensors(tmp_path / "m.safetensors", {"w": values})
    assert open_model(str(path))["w"].read().tolist() == [[0, 1, 2], [3, 4, 5]]


def test_empty_tensors(tmp_path):
    arrays = {"no_rows": f32(0, 3), "no_columns": f32(3, 0)}
    model = open_model(write_safetensors(tmp_path / "m.safetensors", arrays))
    assert {n: t.read().shape for n, t in model.items()} == {n: a.shape for n, a in arrays.items()}


def test_numbers_without_dimensions(tmp_path):
    path = write_safetensors(tmp_path / "m.safetensors", {"scale": np.array(2.5, "<f4")})
    model = open_model(path)
    assert (model["scale"].shape, model["scale"].read().item()) == ((), 2.5)
    assert spectra.layers(model)[0].reason == "0-D: a number has no spectrum"


def test_a_model_without_tensors(tmp_path):
    assert open_model(write(tmp_path / "m.safetensors", safetensors_bytes({}))) == {}


def test_layer_2_comes_before_layer_10(tmp_path):
    names = ["h.10.w", "h.2.w", "h.1.w", "a", "h.2.a", "lm_head", "h.02.w", "2", "10"]
    write_safetensors(tmp_path / "m.safetensors", {name: f32(2, 2) for name in names})
    found = list(open_model(tmp_path / "m.safetensors"))
    numbered = [name for name in found if name.startswith("h.") and name.endswith("w")]
    assert [int(name.split(".")[1]) for name in numbered] == [1, 2, 2, 10]
    assert found.index("2") < found.index("10")
    assert found.index("a") < found.index("h.1.w") < found.index("lm_head")


def test_names_of_thousands_of_digits(tmp_path):
    names = ["1" * 5000, "2" * 5000]
    path = write_safetensors(tmp_path / "m.safetensors", {name: f32(2, 2) for name in names})
    assert list(open_model(path)) == names


@pytest.mark.parametrize("size", range(96, 1056, 8))
def test_every_size_of_header(tmp_path, size):
    stored = {"w": ("F32", (2, 2), f32(2, 2).tobytes())}
    path = write(tmp_path / "m.safetensors", safetensors_bytes(stored, header_size=size))
    assert open_model(path)["w"].read().tolist() == f32(2, 2).tolist()


def test_known_by_its_content_whatever_it_is_called(tmp_path):
    path = write_safetensors(tmp_path / "weights.bin", {"w": f32(2, 2)})
    assert list(open_model(path)) == ["w"]


def test_big_files_are_opened_without_reading_them(tmp_path):
    small = write_safetensors(tmp_path / "small.safetensors", {"w": f32(2, 2)})
    side, big = 28_000, tmp_path / "big.safetensors"  # 3.1 GB, on disk as holes
    end = 4 * side * side
    header = {
        "huge": {"dtype": "F32", "shape": [side, side], "data_offsets": [0, end]},
        "w": {"dtype": "F32", "shape": [2, 2], "data_offsets": [end, end + 16]},
    }
    text = json.dumps(header).encode()
    with big.open("wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        file.seek(end, 1)
        file.write(f32(2, 2).tobytes())
    grown, total = memory_to_open(small, big)
    assert grown < 50e6
    assert total == f32(2, 2).sum()


def test_shards_of_an_index(tmp_path):
    write_safetensors(tmp_path / "a.safetensors", {"h.10": f32(2, 3), "h.2": f32(3, 3)})
    write_safetensors(tmp_path / "b.safetensors", {"h.1": f32(4, 3)})
    weight_map = {"h.10": "a.safetensors", "h.2": "a.safetensors", "h.1": "b.safetensors"}
    index = write_index(tmp_path, weight_map)
    by_index = open_model(index)
    assert list(by_index) == ["h.1", "h.2", "h.10"]
    assert by_index["h.1"].read().tolist() == f32(4, 3).tolist()
    assert names_and_values(open_model(tmp_path)) == names_and_values(by_index)


def test_shards_without_an_index(tmp_path):
    write_safetensors(tmp_path / "a.safetensors", {"h.10": f32(2, 3), "h.2": f32(3, 3)})
    write_safetensors(tmp_path / "b.safetensors", {"h.1": f32(4, 3)})
    model = open_model(tmp_path)
    assert list(model) == ["h.1", "h.2", "h.10"]
    assert model["h.10"].read().tolist() == f32(2, 3).tolist()


def test_shards_in_folders_below(tmp_path):
    (tmp_path / "parts").mkdir()
    write_safetensors(tmp_path / "parts" / "a.safetensors", {"w": f32(2, 2)})
    model = open_model(write_index(tmp_path, {"w": "parts/a.safetensors"}))
    assert model["w"].read().tolist() == f32(2, 2).tolist()


def test_a_folder_with_one_file(tmp_path):
    write_safetensors(tmp_path / "model.safetensors", {"w": f32(2, 2)})
    assert list(open_model(tmp_path)) == ["w"]


@pytest.mark.parametrize("location", REFUSED_PATHS)
def test_an_index_cannot_lead_out_of_its_folder(outside, location):
    with pytest.raises(ModelFormatError, match="outside the model's folder"):
        open_model(write_index(outside, {"w": location}))


def test_a_link_out_of_the_folder_is_refused(outside):
    (outside / "a.safetensors").symlink_to("../outside.safetensors")
    with pytest.raises(ModelFormatError, match="a link that leads outside the model's folder"):
        open_model(write_index(outside, {"w": "a.safetensors"}))


def test_a_linked_folder_out_of_the_folder_is_refused(outside):
    (outside / "parts").symlink_to(outside.parent, target_is_directory=True)
    with pytest.raises(ModelFormatError, match="a link that leads outside the model's folder"):
        open_model(write_index(outside, {"w": "parts/outside.safetensors"}))


def test_a_link_inside_the_folder_is_followed(outside):
    write_safetensors(outside / "sub" / "real.safetensors", {"w": f32(2, 2)})
    (outside / "a.safetensors").symlink_to("sub/real.safetensors")
    assert list(open_model(write_index(outside, {"w": "a.safetensors"}))) == ["w"]


def hub_snapshot(cache: Path) -> Path:
    """Lay out a cache as huggingface_hub does, with one blob, and return the snapshot."""
    snapshot = cache / "models--a--b" / "snapshots" / "0123abc"
    snapshot.mkdir(parents=True)
    (cache / "models--a--b" / "blobs").mkdir()
    write_safetensors(cache / "models--a--b" / "blobs" / "feed", {"w": f32(2, 2)})
    return snapshot


def test_links_of_a_hub_cache_are_followed(tmp_path):
    snapshot = hub_snapshot(tmp_path)
    (snapshot / "a.safetensors").symlink_to("../../blobs/feed")
    write_index(snapshot, {"w": "a.safetensors"})
    assert open_model(snapshot)["w"].read().tolist() == f32(2, 2).tolist()


@pytest.mark.parametrize("target", ["../../../secret", "../secret", "../../secret"])
def test_links_of_a_hub_cache_lead_to_its_blobs_only(tmp_path, target):
    snapshot = hub_snapshot(tmp_path)
    write_safetensors(snapshot / target, {"w": f32(2, 2)})
    (snapshot / "a.safetensors").symlink_to(target)
    with pytest.raises(ModelFormatError, match="a link that leads outside the model's folder"):
        open_model(write_index(snapshot, {"w": "a.safetensors"}))


def test_a_link_in_a_circle(tmp_path):
    (tmp_path / "a.safetensors").symlink_to("a.safetensors")
    assert "a.safetensors" in message_of(write_index(tmp_path, {"w": "a.safetensors"}))


@pytest.mark.parametrize("name", ["a" * 300, "\ud800"], ids=["too long", "not UTF-8"])
def test_a_shard_that_no_disk_can_hold(tmp_path, name):
    message = message_of(write_index(tmp_path, {"w": f"{name}.safetensors"}))
    assert "model.safetensors.index.json" in message


def test_complaints_are_one_line_whatever_the_index_says(tmp_path):
    message = message_of(write_index(tmp_path, {"w": "a\nb\x1b[31m.safetensors"}))
    assert message.isprintable()


@pytest.mark.parametrize(
    "text",
    ["", "no JSON", "{", "[" * 200_000, '{"weight_map":' * 200_000, b"\xff\xfe", b"\x00" * 100],
    ids=["empty", "words", "open", "deep list", "deep object", "bytes", "zeros"],
)
def test_an_index_that_is_not_json(tmp_path, text):
    path = write(tmp_path / "model.safetensors.index.json", text)
    with pytest.raises(ModelFormatError, match=r"index\.json: not a JSON index of shards"):
        open_model(path)


@pytest.mark.parametrize(
    "text",
    ["{}", "[]", "null", "3", '{"weight_map": 3}', '{"weight_map": ["a"]}',
     '{"weight_map": {"w": 3}}', '{"weight_map": {"w": null}}', '{"weight_map": {"w": ["a"]}}'],
)  # fmt: skip
def test_an_index_without_a_map(tmp_path, text):
    path = write(tmp_path / "model.safetensors.index.json", text)
    with pytest.raises(ModelFormatError, match="must map tensors to files under 'weight_map'"):
        open_model(path)


def test_an_index_too_big_to_be_one(tmp_path):
    path = tmp_path / "model.safetensors.index.json"
    with path.open("wb") as file:
        file.truncate(1 << 30)
    with pytest.raises(ModelFormatError, match=f"an index of {1 << 30} bytes"):
        open_model(path)


def test_an_index_that_names_itself(tmp_path):
    path = write_index(tmp_path, {"w": "model.safetensors.index.json"})
    assert str(path) in message_of(path)


def test_two_indexes_in_a_folder(tmp_path):
    for name in "ab":
        write(tmp_path / f"{name}.safetensors.index.json", '{"weight_map": {}}')
    with pytest.raises(ModelFormatError, match=r"a\.safetensors\.index\.json, b\.safetensors\."):
        open_model(tmp_path)


def test_a_file_that_lost_its_end_after_opening(tmp_path):
    path = write_safetensors(tmp_path / "m.safetensors", {"w": f32(20, 20)})
    tensor = open_model(path)["w"]
    write(path, path.read_bytes()[:-8])
    with pytest.raises(
        ModelFormatError, match=r"m\.safetensors: .* changed .*: 1672 bytes then, 1664 now"
    ):
        tensor.read()


def test_handles_survive_pickling(tmp_path):
    tensor = open_model(write_safetensors(tmp_path / "m.safetensors", {"w": f32(2, 3)}))["w"]
    assert copied(tensor).read().tolist() == f32(2, 3).tolist()


def test_handles_are_small(tmp_path):
    tensor = open_model(write_safetensors(tmp_path / "m.safetensors", {"w": f32(300, 300)}))["w"]
    assert len(pickle.dumps(tensor)) < 1000


@pytest.mark.slow
def test_handles_read_in_another_process_and_folder(tmp_path, monkeypatch):
    write_safetensors(tmp_path / "m.safetensors", {"w": f32(2, 3)})
    monkeypatch.chdir(tmp_path)
    tensor = open_model("m.safetensors")["w"]
    monkeypatch.chdir("/")
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        there = pool.submit(spectra.Tensor.read, tensor).result(timeout=60)
    assert there.tolist() == f32(2, 3).tolist()


VALID = safetensors_bytes(
    {
        "h.0.weight": ("F32", (2, 3), f32(2, 3).tobytes()),
        "h.10.bias": ("BF16", (3,), bytes(6)),
        "ids": ("I64", (2,), bytes(16)),
    }
)


@examples(5)
@given(damaged(VALID))
def test_damaged_files_raise_only_our_errors(scratch, content):
    read_all_or_complain(write(scratch / "m.safetensors", content))


@examples(3)
@given(damaged(b'{"metadata": {}, "weight_map": {"w": "a.safetensors", "v": "a.safetensors"}}'))
def test_damaged_indexes_raise_only_our_errors(scratch, content):
    write_safetensors(scratch / "a.safetensors", {"w": f32(2, 2), "v": f32(2, 2)})
    read_all_or_complain(write(scratch / "m.safetensors.index.json", content))


@pytest.mark.slow
def test_bfloat16_is_read_by_a_process_that_imports_nothing_else(tmp_path):
    content = safetensors_bytes({"w": ("BF16", (1, 2), b"\x80\x3f\x00\x40")})
    path = write(tmp_path / "m.safetensors", content)
    code = "import sys, spectra_io; print(spectra_io.open_model(sys.argv[1])['w'].read().tolist())"
    command = [sys.executable, "-c", code, str(path)]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("[[1.0, 2.0]]\n", "")


def header_bytes(text: bytes, data: bytes) -> bytes:
    return len(text).to_bytes(8, "little") + text + data


DTYPES = ["F32", "F16", "F4", "F6_E2M3", "U8", "F8_E8M0", "C64", "F33", "f32", "", None, 3]
sizes = st.sampled_from([0, 1, 2, 3, 4, 8, -1, 1 << 31, 1 << 62, 1 << 64, 2.0, True, None, "2"])
entries = st.fixed_dictionaries(
    {
        "dtype": st.sampled_from(DTYPES),
        "shape": st.lists(sizes, max_size=3) | st.just(3),
        "data_offsets": st.lists(st.integers(0, 24) | sizes, min_size=1, max_size=3),
    },
    optional={"more": st.just(1)},
)
tensor_names = st.sampled_from(["a", "b", "__metadata__", "", "\u00e9", "a.weight"])
metadata = st.none() | st.dictionaries(st.just("k"), st.just("v") | st.just(1), max_size=1)


@examples(20)
@given(
    st.dictionaries(tensor_names, entries | metadata, max_size=3),
    st.integers(0, 30),
    st.sampled_from([b"", b" ", b"\n", b"}", b"\0"]),
    st.sampled_from([b"", b" ", b"\xef\xbb\xbf"]),
)
def test_what_the_library_refuses_is_refused(scratch, header, count, after, before):
    """And what it accepts is accepted: no name stands twice in what json makes."""
    content = header_bytes(before + json.dumps(header).encode() + after, bytes(count))
    path = write(scratch / "checked.safetensors", content)
    try:
        with safe_open(path, framework="numpy") as theirs:
            expected = {n: theirs.get_slice(n).get_shape() for n in theirs.keys()}  # noqa: SIM118
    except (SafetensorError, ValueError):
        expected = None
    try:
        found = {name: list(tensor.shape) for name, tensor in open_model(path).items()}
    except ModelFormatError:
        found = None
    assert found == expected


@examples(10)
@given(st.data())
def test_valid_headers_are_read_as_the_library_reads_them(scratch, data):
    widths = {"F64": 64, "F32": 32, "BF16": 16, "I8": 8, "F8_E5M2": 8, "F6_E3M2": 6, "F4": 4}
    header, place = {}, 0
    for i in range(data.draw(st.integers(0, 4))):
        dtype = data.draw(st.sampled_from(sorted(widths)))
        shape = data.draw(st.lists(st.sampled_from([0, 1, 2, 4, 8]), max_size=3))
        bits = widths[dtype] * int(np.prod(shape, dtype=int))
        stop = place + bits // 8 + data.draw(st.sampled_from([0, 0, 0, 0, 1]))
        header[f"t{i}"] = {"dtype": dtype, "shape": shape, "data_offsets": [place, stop]}
        place = stop
    order = data.draw(st.permutations(sorted(header)))
    text = json.dumps({name: header[name] for name in order}).encode()
    path = write(scratch / "valid.safetensors", header_bytes(text, bytes(place)))
    try:
        with safe_open(path, framework="numpy") as theirs:
            expected = {n: theirs.get_slice(n).get_shape() for n in theirs.keys()}  # noqa: SIM118
    except SafetensorError:
        expected = None
    try:
        found = {name: list(tensor.shape) for name, tensor in open_model(path).items()}
    except ModelFormatError:
        found = None
    assert found == expected


BROKEN = {
    "a name twice": (b'{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},'
                     b'"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}', "stands in it twice"),
    "overlap": (b'{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},'
                b'"b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}}', "overlaps tensor 'a'"),
    "a gap": (b'{"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}', "a gap after the header"),
    "a type": (b'{"a":{"dtype":"F33","shape":[1],"data_offsets":[0,1]}}', "has the type 'F33'"),
    "a size": (b'{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,1]}}', "4 U8 take 4 bytes"),
    "an overflow": (b'{"a":{"dtype":"U8","shape":[4294967296,4294967296],"data_offsets":[0,0]}}',
                    "has the shape 4294967296x4294967296"),
}  # fmt: skip


@pytest.mark.parametrize("case", BROKEN)
def test_what_is_wrong_with_a_header_is_named(tmp_path, case):
    text, words = BROKEN[case]
    assert words in message_of(write(tmp_path / "m.safetensors", header_bytes(text, b"123")))


@pytest.mark.parametrize(
    "text", [b"[" * 10_000_000, b'{"a":' * 2_000_000, b'{"' + b"a" * 10_000_000]
)
def test_headers_nested_or_long_without_end(tmp_path, text):
    message_of(write(tmp_path / "m.safetensors", header_bytes(text, b"")))


@pytest.mark.parametrize("shared", [True, False])
def test_a_hard_link_may_lead_out_of_the_folder(outside, shared):
    (outside.parent / "model").mkdir(exist_ok=True)
    source = write_safetensors(outside.parent / "elsewhere.safetensors", {"w": f32(2, 2)})
    os.link(source, outside.parent / "model" / "a.safetensors")
    if not shared:
        source.unlink()
    index = write_index(outside.parent / "model", {"w": "a.safetensors"})
    if shared:
        assert "has 2 hard links" in message_of(index)
    else:
        assert open_model(index)["w"].shape == (2, 2)


def test_headers_of_too_many_tensors(tmp_path, monkeypatch):
    path = write_safetensors(tmp_path / "m.safetensors", {f"w{i}": f32(1, 1) for i in range(60)})
    assert len(open_model(path)) == 60
    monkeypatch.setattr("spectra_io.formats.safetensors_header._MAX_TENSORS", 57)
    assert "a header of more than 57 tensors, the most that are read" in message_of(path)


def test_headers_of_too_many_values(tmp_path, monkeypatch):
    monkeypatch.setattr("spectra_io.formats.safetensors_header._MAX_TENSORS", 10)
    path = write(tmp_path / "m.safetensors", safetensors_bytes({"w": ("F32", [1] * 301, bytes(4))}))
    assert "the header is refused: it holds 303 values; at most 176 are read" in message_of(path)
