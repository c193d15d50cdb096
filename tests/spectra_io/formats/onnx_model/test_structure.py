"""The structure of an ONNX file: whatever protobuf allows is read, within limits that are named."""

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from spectra.errors import ModelFormatError
from spectra_io import open_model
from spectra_io.formats.onnx_model import structure
from spectra_io.storage import windows
from spectra_io.storage.files import LocalFile
from tests.builders import external, f32, graph, message_of, varint, write

SHAPE = (24, 32)
COUNT = 24 * 32


def field(number, content):
    return varint(number << 3 | 2) + varint(len(content)) + content


def numeric(number, value):
    return varint(number << 3) + varint(value)


def fixed(number, raw):
    return varint(number << 3 | (5 if len(raw) == 4 else 1)) + raw


def group(number, content=b""):
    return varint(number << 3 | 3) + content + varint(number << 3 | 4)


def tensor(data, *, name=b"w", kind=TensorProto.FLOAT, shape=SHAPE):
    sides = b"".join(numeric(1, side) for side in shape)
    return sides + numeric(2, kind) + field(8, name) + data


NODE = field(1, b"x") + field(1, b"w") + field(2, b"y") + field(4, b"MatMul")
VERSION = numeric(1, 8)


def model_of(*tensors, nodes=(NODE,), more=b""):
    parts = [*(field(1, node) for node in nodes), *(field(5, one) for one in tensors), more]
    return VERSION + field(7, b"".join(parts))


def opened(folder, content):
    return open_model(write(folder / "m.onnx", content))


def in_pieces(number, values, encode, cuts):
    """Return the field of a tensor with packed runs and single numbers in turn."""
    out, packed = b"", True
    for start, stop in zip([0, *cuts], [*cuts, len(values)], strict=True):
        some = [encode(value) for value in values[start:stop]]
        if packed:
            out += field(number, b"".join(some))
        else:
            wire = {4: 5, 10: 1}.get(number, 0)
            out += b"".join(varint(number << 3 | wire) + one for one in some)
        packed = not packed
    return out


KINDS = {
    "float": (4, TensorProto.FLOAT, f32(COUNT), lambda v: np.float32(v).tobytes()),
    "double": (10, TensorProto.DOUBLE, f32(COUNT) * 1.0, lambda v: np.float64(v).tobytes()),
    "int32": (5, TensorProto.INT32, np.arange(COUNT) - 9, lambda v: varint(int(v) % 2**64)),
    "int64": (7, TensorProto.INT64, np.arange(COUNT) * 999, lambda v: varint(int(v))),
    "uint64": (11, TensorProto.UINT64, np.arange(COUNT) * 999, lambda v: varint(int(v))),
    "float16": (5, TensorProto.FLOAT16, np.arange(COUNT), lambda v: varint(int(v))),
}
CUTS = {
    "packed, then single": [300],
    "single, then packed": [0, 40],
    "packed twice": [500, 500],
    "in turn": [100, 101, 400, 402, 700],
    "single": [0],
    "one single": [COUNT - 1],
    "packed": [],
}


@pytest.mark.parametrize("cuts", CUTS.values(), ids=CUTS)
@pytest.mark.parametrize("kind", KINDS)
def test_numbers_partly_packed(tmp_path, kind, cuts):
    number, data_type, values, encode = KINDS[kind]
    made = tensor(in_pieces(number, values, encode, cuts), kind=data_type)
    expected = numpy_helper.to_array(TensorProto.FromString(made))
    found = opened(tmp_path, model_of(made))["w"].read()
    assert found.dtype == expected.dtype
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("large", [True, False])
def test_of_raw_numbers_given_twice_the_last_count(tmp_path, large):
    shape = SHAPE if large else (4, 3)
    first, second = f32(*shape), f32(*shape, seed=1)
    content = model_of(tensor(field(9, first.tobytes()) + field(9, second.tobytes()), shape=shape))
    np.testing.assert_array_equal(opened(tmp_path, content)["w"].read(), second)


def test_numbers_in_two_places_are_refused(tmp_path):
    """An attribute given twice is merged: its array was taken from the first, wherever it was."""
    first = tensor(field(9, f32(*SHAPE).tobytes()), name=b"")
    second = field(9, f32(4, 3).tobytes())
    attribute = field(1, b"value") + field(5, first) + field(5, second) + numeric(20, 4)
    constant = field(2, b"w") + field(4, b"Constant") + field(5, attribute)
    assert "two places" in message_of(write(tmp_path / "m.onnx", model_of(nodes=(constant, NODE))))


UNKNOWN = {
    "a number": numeric(900, 2**63),
    "bytes": field(901, b"z" * 3000),
    "8 bytes": fixed(902, b"8 bytes."),
    "4 bytes": fixed(903, b"4by."),
    "a field of a large number": field(300_000, b"z" * 3000) + numeric(1 << 28, 7),
    "a group": group(904, numeric(1, 1)),
    "an empty group": group(905),
    "groups in groups": group(906, group(1, group(906, field(5, b"x" * 2000)))),
}
RAW = field(9, f32(*SHAPE).tobytes())
PLACES = {
    "model": lambda more: model_of(tensor(RAW)) + more,
    "before the graph": lambda more: more + model_of(tensor(RAW)),
    "graph": lambda more: model_of(tensor(RAW), more=more),
    "tensor": lambda more: model_of(tensor(RAW + more)),
    "before the numbers": lambda more: model_of(tensor(more + RAW)),
    "node": lambda more: model_of(tensor(RAW), nodes=(NODE + more,)),
    "declared": lambda more: model_of(tensor(RAW), more=field(11, field(1, b"x") + more)),
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("what", UNKNOWN)
def test_unknown_fields_are_passed_over(tmp_path, what, place):
    content = PLACES[place](UNKNOWN[what])
    onnx.ModelProto.FromString(content)
    model = opened(tmp_path, content)
    np.testing.assert_array_equal(model["w"].read(), f32(*SHAPE))
    assert model["w"].role == "dense"


BROKEN = {
    "a group that does not end": varint(904 << 3 | 3),
    "a group that does not begin": varint(904 << 3 | 4),
    "a group that ends as another": varint(904 << 3 | 3) + varint(905 << 3 | 4),
    "groups without end": (varint(904 << 3 | 3) + numeric(1, 0)) * 50_000,
    "deep groups": b"\x03" * 5000 + b"\x04" * 5000,
    "wire type 6": varint(904 << 3 | 6),
    "wire type 7": varint(904 << 3 | 7),
    "a length beyond the end": varint(904 << 3 | 2) + varint(2**63),
    "a number of eleven bytes": varint(904 << 3) + b"\x80" * 10 + b"\x01",
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("what", BROKEN)
def test_broken_fields_are_refused(tmp_path, what, place):
    path = write(tmp_path / "m.onnx", PLACES[place](BROKEN[what]))
    assert "not an ONNX file, or a truncated one" in message_of(path)


OWN = {structure.FIELD: "9", structure.OFFSET: "0", structure.LENGTH: str(4 * COUNT)}


@pytest.mark.parametrize("keys", [OWN, {structure.OFFSET: "7"}, {"weightspectra.more": "1"}])
@pytest.mark.parametrize("order", [1, -1])
def test_notes_of_our_own_in_a_file_are_not_believed(tmp_path, keys, order):
    write(tmp_path / "w.bin", f32(*SHAPE).tobytes())
    entries = dict([*{"location": "w.bin", **keys}.items()][::order])
    made = graph([helper.make_node("MatMul", ["x", "w"], ["y"])], [external("w", SHAPE, entries)])
    found = opened(tmp_path, helper.make_model(made).SerializeToString())
    np.testing.assert_array_equal(found["w"].read(), f32(*SHAPE))


@pytest.mark.parametrize("shape", [SHAPE, (4, 3)])
def test_such_notes_beside_numbers_in_the_file(tmp_path, shape):
    one = numpy_helper.from_array(f32(*shape), "w")
    for key, value in OWN.items():
        one.external_data.add(key=key, value=value)
    content = helper.make_model(graph([], [one])).SerializeToString()
    np.testing.assert_array_equal(opened(tmp_path, content)["w"].read(), f32(*shape))


def test_such_notes_in_place_of_numbers_in_the_file(tmp_path):
    one = TensorProto(name="w", dims=SHAPE, data_type=TensorProto.FLOAT)
    for key, value in OWN.items():
        one.external_data.add(key=key, value=value)
    content = helper.make_model(graph([], [one])).SerializeToString()
    path = write(tmp_path / "m.onnx", content + field(900, bytes(4096)))
    assert "tensor 'w' is 24x32 float32, 768 numbers; found 0" in message_of(path)


def test_such_notes_and_nothing_else(tmp_path):
    made = graph([], [external("w", SHAPE, OWN)])
    path = write(tmp_path / "m.onnx", helper.make_model(made).SerializeToString() + bytes(4096))
    assert "m.onnx" in message_of(path)


def test_an_entry_whose_last_key_is_our_own(tmp_path):
    """Protobuf takes the last of two keys in one entry."""
    write(tmp_path / "w.bin", f32(*SHAPE).tobytes())
    twice = field(1, b"location") + field(1, structure.OFFSET.encode()) + field(2, b"0")
    plain = field(1, b"location") + field(2, b"w.bin")
    content = model_of(tensor(field(13, twice) + field(13, plain) + numeric(14, 1)))
    np.testing.assert_array_equal(opened(tmp_path, content)["w"].read(), f32(*SHAPE))


def test_a_file_called_as_our_notes_are(tmp_path):
    write(tmp_path / "weightspectra.bin", f32(*SHAPE).tobytes())
    made = graph([], [external("w", SHAPE, {"location": "weightspectra.bin"})])
    found = opened(tmp_path, helper.make_model(made).SerializeToString())
    np.testing.assert_array_equal(found["w"].read(), f32(*SHAPE))


def test_external_data_win_over_numbers_in_the_message(tmp_path):
    """As for the onnx library, which fills the message from the file."""
    write(tmp_path / "w.bin", f32(*SHAPE, seed=1).tobytes())
    one = external("w", SHAPE, {"location": "w.bin"})
    one.raw_data = f32(*SHAPE).tobytes()
    content = helper.make_model(graph([], [one])).SerializeToString()
    np.testing.assert_array_equal(opened(tmp_path, content)["w"].read(), f32(*SHAPE, seed=1))


def test_entries_of_external_data_that_nothing_asks_for(tmp_path):
    one = numpy_helper.from_array(f32(4, 3), "w")
    one.external_data.add(key="location", value="gone.bin")
    content = helper.make_model(graph([], [one])).SerializeToString()
    np.testing.assert_array_equal(opened(tmp_path, content)["w"].read(), f32(4, 3))


LIMITS = {
    "_MAX_FIELDS": (40, "its structure has more than 40 fields"),
    "_MOST": ({"node": 3}, "more than 3 operators"),
    "_MAX_KEPT": (100, "besides the numbers of its tensors"),
}


def test_the_number_of_tensors_is_limited(tmp_path, monkeypatch):
    path = write(tmp_path / "m.onnx", model_of(tensor(RAW), *[tensor(RAW, name=b"v")] * 9))
    open_model(path)
    monkeypatch.setattr(structure, "_MOST", {"tensor": 9})
    assert "more than 9 tensors, the most that are read" in message_of(path)


@pytest.mark.parametrize("name", LIMITS)
def test_limits_are_named(tmp_path, monkeypatch, name):
    path = write(tmp_path / "m.onnx", model_of(tensor(RAW), nodes=[NODE] * 10))
    open_model(path)
    number, words = LIMITS[name]
    monkeypatch.setattr(structure, name, number)
    assert words in message_of(path)
    assert "truncated" not in message_of(path)


def test_a_type_longer_than_any_real_one_is_left_out(tmp_path):
    def declared(sides):
        shape = field(2, b"".join(field(1, numeric(1, 7)) for _ in range(sides)))
        return field(11, field(1, b"x") + field(2, field(1, numeric(1, 1) + shape)))

    content = model_of(tensor(RAW), more=declared(3) + declared(10_000))
    made = structure.read(LocalFile(write(tmp_path / "m.onnx", content)))
    assert [len(i.type.tensor_type.shape.dim) for i in made.graph.input] == [3, 0]
    assert [i.name for i in made.graph.input] == ["x", "x"]


def some_graph(depth):
    """Return a graph with arrays of many sizes, and graphs inside its operators."""
    tensors = [numpy_helper.from_array(f32(n, 9, seed=n), f"w{n}") for n in (1, 29, 30, 600)]
    nodes = [
        helper.make_node("MatMul", ["x", t.name], [f"y{t.name}"], name="n" * 70) for t in tensors
    ]
    if depth:
        nodes.append(helper.make_node("If", ["c"], ["z"], then_branch=some_graph(depth - 1)))
    return graph(nodes, tensors, name=f"g{depth}")


MADE = helper.make_model(some_graph(3)).SerializeToString()


@given(st.integers(21, 5000))
def test_the_borders_of_the_buffer_do_not_matter(tmp_path_factory, block):
    file = LocalFile(write(tmp_path_factory.getbasetemp() / "borders.onnx", MADE))
    expected = structure.read(file)
    before = windows._BLOCK
    windows._BLOCK = block
    try:
        assert structure.read(file) == expected
    finally:
        windows._BLOCK = before


def test_what_is_left_is_the_message_without_its_large_arrays(tmp_path):
    def strip(made):
        for one in made.initializer:
            if len(one.raw_data) > 1024:
                one.ClearField("raw_data")
            one.ClearField("external_data")
        for node in made.node:
            for attribute in node.attribute:
                strip(attribute.g)

    found = structure.read(LocalFile(write(tmp_path / "m.onnx", MADE)))
    whole = onnx.ModelProto.FromString(MADE)
    strip(found.graph)
    strip(whole.graph)
    assert found == whole


def test_a_message_deeper_than_protobuf_reads(tmp_path):
    content = b""
    for _ in range(200):
        content = field(1, field(5, field(6, content)))
    with pytest.raises(ModelFormatError, match="not an ONNX file"):
        opened(tmp_path, VERSION + field(7, content))
