"""Headers of GGUF files: what gguf writes, and every way in which a header can lie."""

import struct

import gguf
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spectra.errors import ModelFormatError
from spectra_io import open_model
from spectra_io.formats.gguf_model import cursor, header, metadata
from spectra_io.formats.gguf_model.header import read_header
from spectra_io.storage.files import LocalFile
from tests.builders import (
    damaged,
    examples,
    f32,
    gguf_bytes,
    gguf_entry,
    gguf_key,
    gguf_string,
    message_of,
    read_all_or_complain,
    write,
)

U8, I8, U16, I16, U32, I32, F32, BOOL, STRING, ARRAY, U64, I64, F64 = range(13)
NUMBERS = {
    U8: "B", I8: "b", U16: "H", I16: "h", U32: "I", I32: "i", F32: "f", BOOL: "?", U64: "Q",
    I64: "q", F64: "d",
}  # fmt: skip
W = {"w": (0, (2, 3), f32(2, 3).tobytes())}


def array(kind, count, items):
    return struct.pack("<IQ", kind, count) + items


def strings(*texts):
    return array(STRING, len(texts), b"".join(map(gguf_string, texts)))


def head(tensors=0, keys=0, version=3, magic=b"GGUF", order="<"):
    return magic + struct.pack(f"{order}IQQ", version, tensors, keys)


def with_entries(*entries, keys=(), data=bytes(256)):
    made = head(len(entries), len(keys)) + b"".join([*keys, *entries])
    return made + bytes(-len(made) % 32) + data


class Counted:
    """A file on a disk that counts the bytes that are read."""

    def __init__(self, path):
        self.file, self.reads = LocalFile(path), []
        self.name, self.size, self.beside = self.file.name, self.file.size, self.file.beside
        self.opened = self.file.opened

    def read(self, start, stop, /):
        found = self.file.read(start, stop)
        self.reads.append((start, start + len(found)))
        return found


@pytest.fixture(scope="module")
def scratch(tmp_path_factory):
    return tmp_path_factory.mktemp("scratch")


def written_by_gguf(path, endian=gguf.GGUFEndian.LITTLE):
    writer = gguf.GGUFWriter(path, "llama", endianess=endian)
    writer.add_embedding_length(64)
    writer.add_head_count([4, 2])
    writer.add_rope_freq_base(10000.5)
    writer.add_bool("llama.flag", True)
    writer.add_int64("llama.negative", -7)
    writer.add_chat_template("{{ " + "x" * 5000 + " }}")
    writer.add_token_list([f"token {i}" for i in range(3000)])
    writer.add_token_scores([0.5] * 3000)
    writer.add_tensor("token_embd.weight", f32(10, 64))
    writer.add_tensor("blk.0.attn_q.weight", f32(32, 64).astype(np.float16))
    writer.add_tensor("blk.0.ffn_up_exps.weight", f32(2, 3, 64).astype(np.float64))
    writer.add_tensor("blk.0.attn_norm.weight", f32(5))
    for dtype in ("int8", "int16", "int32", "int64"):
        writer.add_tensor(dtype, np.arange(-3, 4, dtype=dtype))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


@pytest.mark.parametrize("endian", gguf.GGUFEndian, ids=lambda endian: endian.name)
def test_names_shapes_types_and_places_are_those_of_gguf(tmp_path, endian):
    path = written_by_gguf(tmp_path / "m.gguf", endian)
    found, theirs = read_header(LocalFile(path)), gguf.GGUFReader(path)
    assert found.start == theirs.data_offset
    assert found.alignment == theirs.alignment
    assert [e.name for e in found.entries] == [t.name for t in theirs.tensors]
    for entry, tensor in zip(found.entries, theirs.tensors, strict=True):
        assert entry.shape == tuple(reversed(tensor.shape.tolist()))
        assert entry.kind == tensor.tensor_type
        assert found.start + entry.offset == tensor.data_offset
    model = open_model(path)
    for tensor in theirs.tensors:
        np.testing.assert_array_equal(model[tensor.name].read(), tensor.data)


def test_short_values_are_kept_and_long_ones_skipped(tmp_path):
    found = read_header(LocalFile(written_by_gguf(tmp_path / "m.gguf"))).metadata
    assert found == {
        "general.architecture": "llama",
        "llama.embedding_length": 64,
        "llama.attention.head_count": [4, 2],
        "llama.rope.freq_base": 10000.5,
        "llama.flag": True,
        "llama.negative": -7,
    }


@pytest.mark.parametrize("kind", NUMBERS)
@pytest.mark.parametrize("order", "<>")
def test_every_type_of_number(tmp_path, kind, order):
    raw = struct.pack(f"{order}{NUMBERS[kind]}", 1)
    many = struct.pack(f"{order}IQ", kind, 3) + 3 * raw
    keys = [gguf_key("one", kind, raw, order), gguf_key("many", ARRAY, many, order)]
    content = gguf_bytes({}, keys, order=order)
    found = read_header(LocalFile(write(tmp_path / "m.gguf", content)))
    assert found.metadata == {"one": 1, "many": [1, 1, 1]}
    assert found.order == order


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16", "float64", "int32", "int8"])
def test_big_endian_numbers(tmp_path, dtype):
    import ml_dtypes

    kind = {"float32": 0, "float16": 1, "bfloat16": 30, "float64": 28, "int32": 26, "int8": 24}
    values = np.array([[1, -2, 3], [4, 5, 100]]).astype(dtype)
    bits = values.view(f"u{values.itemsize}")
    raw = bits.astype(bits.dtype.newbyteorder(">")).tobytes()
    content = gguf_bytes({"w": (kind[dtype], (2, 3), raw)}, order=">")
    tensor = open_model(write(tmp_path / "m.gguf", content))["w"]
    np.testing.assert_array_equal(tensor.read().astype(dtype), values)
    little = gguf_bytes({"w": (kind[dtype], (2, 3), values.tobytes())})
    same = open_model(write(tmp_path / "n.gguf", little))
    assert open_model(tmp_path / "m.gguf").fingerprint == same.fingerprint
    assert ml_dtypes.__version__


def test_big_endian_blocks_are_left_out(tmp_path):
    content = gguf_bytes({"a.weight": (2, (1, 32), bytes(18))}, order=">")
    tensor = open_model(write(tmp_path / "m.gguf", content))["a.weight"]
    assert (tensor.role, tensor.note) == (
        "quantized",
        "blocks in big-endian order are not read",
    )


def test_version_2(tmp_path):
    model = open_model(write(tmp_path / "m.gguf", gguf_bytes(W, version=2)))
    np.testing.assert_array_equal(model["w"].read(), f32(2, 3))


@pytest.mark.parametrize("alignment", [1, 8, 64, 4096])
def test_alignment(tmp_path, alignment):
    keys = [gguf_key("general.alignment", U32, struct.pack("<I", alignment))]
    content = gguf_bytes({**W, "v": W["w"]}, keys, alignment=alignment)
    model = open_model(write(tmp_path / "m.gguf", content))
    np.testing.assert_array_equal(model["v"].read(), f32(2, 3))


def test_a_scalar_and_an_empty_file(tmp_path):
    model = open_model(write(tmp_path / "m.gguf", gguf_bytes({"x": (0, (), b"\0\0\x80?")})))
    assert model["x"].read() == 1
    assert len(open_model(write(tmp_path / "n.gguf", head()))) == 0


def test_arrays_in_arrays_are_skipped(tmp_path):
    inner = array(U8, 2, b"\1\2")
    value = array(ARRAY, 2, inner + array(ARRAY, 1, strings("a", "bc")))
    keys = [gguf_key("nested", ARRAY, value), gguf_key("after", U8, b"\5")]
    assert read_header(LocalFile(write(tmp_path / "m", gguf_bytes(W, keys)))).metadata == {
        "after": 5
    }


def test_a_vocabulary_larger_than_a_window(tmp_path):
    texts = strings(*[f"{'t' * (i % 90)}{i}" for i in range(20_000)])
    scores = array(F32, 1 << 20, bytes(4 << 20))
    keys = [gguf_key("t", ARRAY, texts), gguf_key("s", ARRAY, scores), gguf_key("x", U8, b"\5")]
    path = write(tmp_path / "m.gguf", gguf_bytes(W, keys))
    file = Counted(path)
    found = read_header(file)
    assert found.metadata == {"x": 5}
    assert [entry.name for entry in found.entries] == ["w"]
    assert len(texts) < sum(stop - start for start, stop in file.reads) < len(texts) + (2 << 20)


PAST = "truncated"
LIES = {
    "nothing but the magic number": (b"GGUF", PAST),
    "another magic number": (head(magic=b"GGUX"), "not a GGUF file"),
    "version 1": (head(version=1), "version 1; read are versions 2 and 3"),
    "version 4": (head(version=4), "version 4;"),
    "version 1, big-endian": (head(version=1, order=">"), "version 1;"),
    "more tensors than bytes": (head(tensors=1000), "1000 tensors cannot be in the last"),
    "endless tensors": (head(tensors=1 << 63), "at most 65536 are read"),
    "more keys than bytes": (head(keys=50), "50 keys"),
    "endless keys": (head(keys=(1 << 64) - 1), "keys of metadata"),
    "a key past the end": (head(keys=1) + struct.pack("<Q", 99) + bytes(20), PAST),
    "an endless key": (head(keys=1) + b"\xff" * 8 + bytes(20), "at most 65535 are read"),
    "a key that is not UTF-8": (gguf_bytes(W, [gguf_key(b"\xff\xfe", U8, b"\0")]), "is not UTF-8"),
    "a key twice": (gguf_bytes(W, [gguf_key("a", U8, b"\0")] * 2), "'a' is in the metadata twice"),
    "a value of an unknown type": (gguf_bytes(W, [gguf_key("a", 13, bytes(8))]), "unknown type 13"),
    "a string past the end": (
        gguf_bytes(W, [gguf_key("a", STRING, struct.pack("<Q", 1 << 40))]),
        PAST,
    ),
    "an array of an unknown type": (
        gguf_bytes(W, [gguf_key("a", ARRAY, array(99, 1, bytes(8)))]),
        "values of the unknown type 99",
    ),
    "an array past the end": (
        gguf_bytes(W, [gguf_key("a", ARRAY, array(F64, 1 << 50, b""))]),
        PAST,
    ),
    "an array of 2^60 and more": (
        gguf_bytes(W, [gguf_key("a", ARRAY, array(U8, (1 << 64) - 1, b""))]),
        "are read",
    ),
    "strings past the end": (gguf_bytes(W, [gguf_key("a", ARRAY, array(STRING, 4, b""))]), PAST),
    "one string of many past the end": (
        gguf_bytes(W, [gguf_key("a", ARRAY, array(STRING, 2, gguf_string("ok") + b"\xff" * 8))]),
        PAST,
    ),
    "too many arrays in arrays": (
        gguf_bytes(W, [gguf_key("a", ARRAY, array(ARRAY, 5000, array(U8, 0, b"") * 5000))]),
        "5000 arrays of the value of 'a'; at most 4096 are read",
    ),
    "arrays too deep": (
        gguf_bytes(W, [gguf_key("a", ARRAY, array(ARRAY, 1, b"") * 9 + array(U8, 0, b""))]),
        "more than 4 deep",
    ),
    "a name twice": (
        with_entries(gguf_entry("w", (2,), 0, 0), gguf_entry("w", (2,), 0, 32)),
        "tensor 'w' is in the file twice",
    ),
    "a name that is not UTF-8": (with_entries(gguf_entry(b"\xff", (2,), 0, 0)), "is not UTF-8"),
    "a name too long": (with_entries(gguf_entry("w" * 2000, (2,), 0, 0)), "at most 1024 are read"),
    "five sides": (
        with_entries(gguf_entry("w", (1, 1, 1, 1, 1), 0, 0)),
        "tensor 'w' has 5 sides; a GGUF file has at most 4",
    ),
    "endless sides": (
        with_entries(gguf_string("w") + struct.pack("<I", (1 << 32) - 1) + bytes(40)),
        "tensor 'w' has 4294967295 sides",
    ),
    "sides that overflow": (
        with_entries(gguf_entry("w", (1 << 32, 1 << 32), 0, 0)),
        "tensor 'w' has the shape 4294967296x4294967296, which no array can have",
    ),
    "no numbers, but an endless side": (
        with_entries(gguf_entry("w", (0, (1 << 64) - 1), 0, 0)),
        "which no array can have",
    ),
    "an offset that is not aligned": (
        with_entries(gguf_entry("w", (2,), 0, 4)),
        "tensor 'w' starts at byte 4, not a multiple of 32",
    ),
    "an offset past the end": (with_entries(gguf_entry("w", (2,), 0, 320)), PAST),
    "an endless offset": (with_entries(gguf_entry("w", (2,), 0, (1 << 64) - 32)), PAST),
    "an empty tensor past the end": (with_entries(gguf_entry("w", (0,), 0, 1 << 40)), PAST),
    "an unknown type past the end": (with_entries(gguf_entry("w", (4,), 99, 1 << 40)), PAST),
    "tensors that overlap": (
        with_entries(gguf_entry("a", (16,), 0, 0), gguf_entry("b", (2,), 0, 32)),
        "tensor 'b' starts at byte 32, tensor 'a' ends at byte 64",
    ),
    "tensors at one place": (
        with_entries(gguf_entry("a", (16,), 0, 0), gguf_entry("b", (16,), 0, 0)),
        "tensor 'b' starts at byte 0",
    ),
    "rows that are not whole blocks": (
        with_entries(gguf_entry("w", (4, 40), 2, 0)),
        "tensor 'w' has rows of 40 numbers, which blocks of 32 (q4_0) do not fill",
    ),
    "one number in a block": (with_entries(gguf_entry("w", (), 12, 0)), "rows of 1 numbers"),
    "an alignment of 0": (
        gguf_bytes(W, [gguf_key("general.alignment", U32, bytes(4))]),
        "general.alignment must be a power of two",
    ),
    "an alignment of 33": (
        gguf_bytes(W, [gguf_key("general.alignment", U32, b"\x21\0\0\0")]),
        "is 33",
    ),
    "an alignment in words": (
        gguf_bytes(W, [gguf_key("general.alignment", STRING, gguf_string("32"))]),
        "must be a power of two",
    ),
}


@pytest.mark.parametrize("lie", LIES)
def test_headers_that_lie(tmp_path, lie):
    content, words = LIES[lie]
    path = write(tmp_path / "m.gguf", content)
    message = message_of(path)
    assert message.startswith(f"{path}: ")
    assert words in message
    assert message.isprintable()


@pytest.mark.parametrize("order", "<>")
def test_a_file_cut_off_anywhere_is_refused(tmp_path, order):
    keys = [
        gguf_key("general.architecture", STRING, gguf_string("llama", order), order),
        gguf_key("n", U32, struct.pack(f"{order}I", 3), order),
    ]
    numbers = f32(2, 8).tobytes()
    tensors = {"blk.0.w": (0, (2, 8), numbers), "b": (0, (2, 4), numbers[:32])}
    whole = gguf_bytes(tensors, keys, order=order)
    path = tmp_path / "m.gguf"
    assert len(open_model(write(path, whole))) == 2
    for size in range(len(whole)):
        with pytest.raises(ModelFormatError, match=r"m\.gguf"):
            open_model(write(path, whole[:size]))


def test_the_padding_of_the_last_tensor_may_be_missing(tmp_path):
    whole = gguf_bytes(W)
    path = write(tmp_path / "m.gguf", whole[:-8])
    assert open_model(path)["w"].read().shape == (2, 3)
    assert "truncated" in message_of(write(path, whole[:-9]))


def test_an_unknown_type_loses_its_own_row_only(tmp_path):
    content = with_entries(gguf_entry("a", (4, 4), 99, 0), gguf_entry("b.weight", (2, 3), 0, 96))
    model = open_model(write(tmp_path / "m.gguf", content))
    assert (model["a"].role, model["b.weight"].role) == ("quantized", "dense")
    assert model["b.weight"].read().shape == (2, 3)


def test_a_header_that_never_ends(tmp_path, monkeypatch):
    monkeypatch.setattr(cursor, "_MAX_HEADER", 4096)
    keys = [gguf_key("a", ARRAY, array(U8, 8000, bytes(8000)))]
    path = write(tmp_path / "m.gguf", gguf_bytes(W, keys))
    assert "a header of more than 4096 bytes, up to the value of 'a'" in message_of(path)


@pytest.mark.parametrize(("limit", "content"), [
    ("_MAX_TENSORS", with_entries(*(gguf_entry(f"{i}", (0,), 0, 0) for i in range(9)))),
    ("_MAX_KEYS", gguf_bytes({}, [gguf_key(f"{i}", U8, b"\0") for i in range(9)])),
])  # fmt: skip
def test_limits_are_kept(tmp_path, monkeypatch, limit, content):
    path = write(tmp_path / "m.gguf", content)
    module = header if hasattr(header, limit) else metadata
    monkeypatch.setattr(module, limit, 9)
    open_model(path)
    monkeypatch.setattr(module, limit, 8)
    assert "at most 8 are read" in message_of(path)


KEPT = gguf_bytes(
    {
        "blk.0.attn_qkv.weight": (2, (4, 32), bytes(72)),
        "blk.0.ffn_up_exps.weight": (1, (2, 2, 4), bytes(32)),
        "x": (26, (3,), bytes(12)),
    },
    [
        gguf_key("general.architecture", STRING, gguf_string("llama")),
        gguf_key("llama.attention.head_count", U32, struct.pack("<I", 2)),
        gguf_key("tokens", ARRAY, strings("a", "b", "c")),
        gguf_key("scores", ARRAY, array(F32, 3, bytes(12))),
    ],
)


@examples(2)
@given(content=damaged(KEPT))
def test_damaged_files_raise_only_our_errors(scratch, content):
    read_all_or_complain(write(scratch / "m.gguf", content))


@given(st.lists(st.binary(max_size=20), max_size=40), st.integers(8, 64))
def test_strings_are_skipped_whatever_their_lengths(scratch, texts, window):
    first, cursor._FIRST = cursor._FIRST, window
    try:
        raw = b"".join(map(gguf_string, texts))
        file = LocalFile(write(scratch / "s", raw + b"x"))
        found = cursor.Cursor(file, 0, "<")
        found.skip_texts(len(texts), "texts")
        assert (found.place, found.take(1, "x")) == (len(raw), b"x")
    finally:
        cursor._FIRST = first
