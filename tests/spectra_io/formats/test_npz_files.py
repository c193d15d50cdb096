"""npz and npy files: every layout of NumPy's, and archives that lie."""

import io
import zipfile

import numpy as np
import pytest
from hypothesis import given

import spectra
from spectra.errors import ModelFormatError
from spectra.models.lazy import blocks, rows
from spectra_io import open_model
from tests.builders import copied, damaged, examples, f32, message_of, read_all_or_complain, write

ARRAYS = {
    "C order": f32(5, 3),
    "Fortran order": np.asfortranarray(f32(5, 3)),
    "big-endian": f32(5, 3).astype(">f8"),
    "integers": np.arange(6).reshape(2, 3),
    "booleans": np.array([True, False]),
    "a number": np.array(2.5),
    "empty": np.zeros((0, 4)),
    "three axes": f32(2, 3, 4),
    "half": f32(4, 2).astype(np.float16),
    "complex": np.ones((2, 2), complex),
}


@pytest.fixture(scope="module")
def scratch(tmp_path_factory):
    return tmp_path_factory.mktemp("scratch")


def npz(save=np.savez, **arrays):
    stream = io.BytesIO()
    save(stream, **arrays)
    return stream.getvalue()


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
@pytest.mark.parametrize("kind", ARRAYS)
def test_arrays_are_read_as_numpy_reads_them(tmp_path, save, kind):
    path = write(tmp_path / "m.npz", npz(save, **{"a/b": f32(2, 2), "w": ARRAYS[kind]}))
    model = open_model(path)
    with np.load(path) as theirs:
        assert list(model) == theirs.files
        expected = theirs["w"]
    found = copied(model["w"])
    assert (found.shape, found.dtype) == (expected.shape, expected.dtype.name)
    np.testing.assert_array_equal(found.read(), expected)


@pytest.mark.parametrize("version", [(1, 0), (2, 0), (3, 0)])
def test_every_version_of_an_npy_file(tmp_path, version):
    stream = io.BytesIO()
    np.lib.format.write_array(stream, f32(4, 3), version=version)
    model = open_model(write(tmp_path / "weight.npy", stream.getvalue()))
    np.testing.assert_array_equal(model["weight"].read(), f32(4, 3))


def test_names_say_what_arrays_are(tmp_path):
    arrays = {"l.weight_ih_l0": f32(8, 3), "l.weight_hh_l0": f32(8, 2), "fc.weight": f32(4, 2)}
    names = [
        layer.name for layer in spectra.layers(open_model(write(tmp_path / "m.npz", npz(**arrays))))
    ]
    assert names[:2] == ["l.weight_ih_l0[i]", "l.weight_ih_l0[f]"]
    assert names[-1] == "fc"


@pytest.mark.parametrize("name", ["m.npz", "weights", "weights.bin"])
def test_known_by_its_content_whatever_it_is_called(tmp_path, name):
    assert list(open_model(write(tmp_path / name, npz(w=f32(2, 2))))) == ["w"]


def test_a_folder_with_one(tmp_path):
    write(tmp_path / "m.npz", npz(w=f32(2, 2)))
    assert list(open_model(tmp_path)) == ["w"]


OBJECTS = {
    "pickled": np.array([{}, None], dtype=object),
    "records": np.zeros(3, [("a", "f4"), ("b", "i4")]),
}


@pytest.mark.parametrize("kind", OBJECTS)
def test_objects_are_listed_and_never_opened(tmp_path, kind):
    path = write(tmp_path / "m.npz", npz(w=OBJECTS[kind], v=f32(2, 2)))
    model = open_model(path)
    assert spectra.layers(model)[0].reason == "object: not real numbers"
    with pytest.raises(ModelFormatError, match="which is never opened"):
        model["w"].read()


def archive(*members, method=zipfile.ZIP_STORED):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as made:
        for name, content in members:
            made.writestr(name, content)
    return stream.getvalue()


def header(text):
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text


HEADERS = {
    "no header": b"",
    "other bytes": b"hello",
    "a version of the future": b"\x93NUMPY\x09\x00" + bytes(20),
    "no dictionary": header(b"[1, 2]"),
    "a call": header(b"__import__('os')"),
    "keys left out": header(b"{'descr': '<f4'}"),
    "too few numbers": header(b"{'descr': '<f4', 'fortran_order': False, 'shape': (3,)}")
    + bytes(8),
    "too many": header(b"{'descr': '<f4', 'fortran_order': False, 'shape': (3,)}") + bytes(16),
    "a huge shape": header(b"{'descr': '<f4', 'fortran_order': False, 'shape': (1 << 40,)}"),
    "an overflow": header(
        b"{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296)}"
    ),
    "a negative side": header(b"{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}"),
    "no type": header(b"{'descr': 'what', 'fortran_order': False, 'shape': (1,)}") + bytes(4),
    "nested": header(b"(" * 5000),
}


@pytest.mark.parametrize("text", HEADERS.values(), ids=HEADERS)
def test_arrays_that_are_none(tmp_path, text):
    assert "array 'w'" in message_of(write(tmp_path / "m.npz", archive(("w.npy", text))))
    assert "array 'w'" in message_of(write(tmp_path / "w.npy", text))


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_that_stands_twice(tmp_path):
    member = npz(w=f32(2, 2))
    with zipfile.ZipFile(io.BytesIO(member)) as made:
        content = made.read("w.npy")
    path = write(tmp_path / "m.npz", archive(("w.npy", content), ("w.npy", content)))
    assert "array 'w' is in it 2 times" in message_of(path)


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("where", ["first", "last"])
@pytest.mark.parametrize("text", [*HEADERS.values(), None], ids=[*HEADERS, "a name twice"])
def test_a_damaged_array_costs_no_other(tmp_path, text, where):
    good = member(v=f32(2, 2))
    bad = [("w.npy", text)] if text is not None else 2 * member(w=f32(3, 3))
    parts = [*bad, *good] if where == "first" else [*good, *bad]
    model = open_model(write(tmp_path / "m.npz", archive(*parts)))
    assert list(model) == (["w", "v"] if where == "first" else ["v", "w"])
    np.testing.assert_array_equal(model["v"].read(), f32(2, 2))
    assert (model["w"].role, model["w"].shape) == ("missing", (0,))
    assert model["w"].note.startswith("missing: m.npz: array 'w' ")
    assert model.notes[0].startswith("1 tensor is missing: w (m.npz: array 'w' ")
    with pytest.raises(ModelFormatError, match="array 'w'"):
        model["w"].read()


def member(**arrays):
    """Return the names and contents of arrays in an archive."""
    with zipfile.ZipFile(io.BytesIO(npz(**arrays))) as made:
        return [(name, made.read(name)) for name in made.namelist()]


@pytest.mark.parametrize("flag", [1, 0x40, 0x20])
def test_an_encrypted_array_costs_no_other(tmp_path, flag):
    content = archive(*member(v=f32(2, 2), w=f32(3, 3)))
    changed = bytearray(content)
    place = content.index(b"PK\1\2", content.index(b"PK\1\2") + 1)
    changed[place + 8] |= flag
    path = write(tmp_path / "m.npz", bytes(changed))
    model = open_model(path)
    assert model["v"].role == "dense"
    assert model["w"].role == "missing"


def test_a_compression_that_numpy_does_not_use_costs_no_other(tmp_path):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as made:
        for (name, content), method in zip(
            member(v=f32(2, 2), w=f32(3, 3)), (zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA), strict=True
        ):
            made.writestr(name, content, method)
    model = open_model(write(tmp_path / "m.npz", stream.getvalue()))
    np.testing.assert_array_equal(model["v"].read(), f32(2, 2))
    assert "compressed in a way" in model["w"].note


def test_a_cut_local_header_costs_no_other(tmp_path):
    content = bytearray(archive(*member(v=f32(2, 2), w=f32(3, 3))))
    second = content.index(b"PK\3\4", 4)
    content[second : second + 4] = b"\0\0\0\0"
    model = open_model(write(tmp_path / "m.npz", bytes(content)))
    assert [tensor.role for tensor in model.values()] == ["dense", "missing"]


def test_an_archive_of_something_else(tmp_path):
    message = message_of(write(tmp_path / "m.npz", archive(("data.pkl", b"..."))))
    assert "found a zip archive" in message


def test_an_empty_archive_is_an_empty_model(tmp_path):
    assert open_model(write(tmp_path / "m.npz", npz())) == {}


def test_a_size_that_compression_cannot_have(tmp_path):
    content = npz(np.savez_compressed, w=np.zeros((100, 100), np.float32))
    with zipfile.ZipFile(io.BytesIO(content)) as made:
        size = made.infolist()[0].file_size
    lie = content.replace(size.to_bytes(4, "little"), (1 << 31).to_bytes(4, "little"))
    assert "cannot come from" in message_of(write(tmp_path / "m.npz", lie))


def test_compressed_numbers_that_go_on_and_on(tmp_path):
    """The header asks for less than there is: no more is kept."""
    small, large = (npz(np.savez_compressed, w=np.zeros(n, np.float32)) for n in (10, 10_000_000))
    with zipfile.ZipFile(io.BytesIO(small)) as made:
        content, size = made.read("w.npy"), made.infolist()[0].file_size
    with zipfile.ZipFile(io.BytesIO(large)) as made:
        longer = made.infolist()[0].file_size
    lie = large.replace(longer.to_bytes(4, "little"), size.to_bytes(4, "little"))
    lie = lie.replace(longer.to_bytes(8, "little"), size.to_bytes(8, "little"))
    assert len(content) == size
    read_all_or_complain(write(tmp_path / "m.npz", lie))


def random_array(rng):
    """Return an array of any type, shape and order, of the kinds that compress in odd ways."""
    kind = rng.choice(["f2", "<f4", ">f4", "<f8", "i1", "u2", ">i8", "?", "c8"])
    shape = tuple(rng.integers(0, rng.choice([2, 9, 300]), rng.integers(0, 4)).tolist())
    out = np.asarray(rng.standard_normal(shape) * 50).astype(kind)
    how = rng.integers(6)
    if how == 0:
        out = np.zeros_like(out)
    elif how == 1 and out.ndim:
        out[len(out) // 10 :] = 0  # a tail of zeros, as of padding
    elif how == 2:
        out = np.full_like(out, 1)
    elif how == 3 and out.ndim:
        out[: len(out) // 2] = 0
    return np.asfortranarray(out) if rng.random() < 0.4 else out


@pytest.mark.parametrize("seed", range(10))
def test_random_compressed_archives_are_read_as_numpy_reads_them(tmp_path, seed):
    rng = np.random.default_rng(seed)
    for case in range(10):
        arrays = {f"a{i}": random_array(rng) for i in range(rng.integers(1, 5))}
        path = write(tmp_path / f"{case}.npz", npz(np.savez_compressed, **arrays))
        model = open_model(path)
        with np.load(path) as theirs:
            assert list(model) == theirs.files
            for name in theirs.files:
                expected, found = theirs[name], copied(model[name]).read()
                assert found.dtype == expected.dtype
                assert found.flags.f_contiguous == expected.flags.f_contiguous
                np.testing.assert_array_equal(found, expected)


ZEROS_AT_THE_END = {
    "all zeros": np.zeros((4096, 256), "<f4"),
    "one number": np.full((1024, 1024), 0.1, "<f4"),
    "a tail of zeros": np.concatenate([f32(100, 1024), np.zeros((924, 1024), "<f4")]),
    "a tail of half zeros": np.concatenate([f32(400, 512), np.zeros((3696, 512))]).astype("<f2"),
    "all but a byte": np.zeros((1 << 20) - 129, "u1"),
    "a byte more": np.zeros((1 << 20) - 127, "u1"),
}


@pytest.mark.parametrize("kind", ZEROS_AT_THE_END)
def test_compressed_numbers_are_read_to_their_end(tmp_path, kind):
    """The decompressor may hold numbers back when all compressed bytes are consumed."""
    path = write(tmp_path / "m.npz", npz(np.savez_compressed, w=ZEROS_AT_THE_END[kind]))
    np.testing.assert_array_equal(open_model(path)["w"].read(), ZEROS_AT_THE_END[kind])


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
@pytest.mark.parametrize("order", "CF")
@pytest.mark.parametrize("axis", [0, 1])
def test_blocks_of_arrays(tmp_path, save, order, axis):
    W = np.asarray(f32(50, 30), order=order)
    source = open_model(write(tmp_path / "m.npz", npz(save, w=W)))["w"].source
    found = blocks(source, 7, axis)
    if found is None:  # of a compressed array, the other way than it is stored
        assert save is np.savez_compressed
        assert axis == (order == "C")
        return
    parts = list(found)
    assert max(part.shape[axis] for part in parts) == 7
    np.testing.assert_array_equal(np.concatenate(parts, axis=axis), W)


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_a_wrong_checksum_is_damage(tmp_path, save):
    """As for NumPy, which reads none of the array either."""
    content = bytearray(npz(save, v=f32(2, 2), w=f32(80, 60)))
    with zipfile.ZipFile(io.BytesIO(content)) as made:
        info = made.getinfo("w.npy")
    place = content.rindex(b"PK\1\2") + 16
    assert int.from_bytes(content[place : place + 4], "little") == info.CRC
    content[place] ^= 1
    path = write(tmp_path / "m.npz", bytes(content))
    with np.load(path) as theirs, pytest.raises(zipfile.BadZipFile):
        theirs["w"]
    model = open_model(path)
    np.testing.assert_array_equal(model["v"].read(), f32(2, 2))
    for read in (model["w"].read, lambda: rows(model["w"].source, 1, 3)()):
        with pytest.raises(ModelFormatError, match="Bad CRC-32"):
            read()
    ds = spectra.analyze(model)
    assert "Bad CRC-32" in ds.status_reason.sel(layer="w").item()
    assert ds.status_reason.sel(layer="v").item() == ""


def test_a_flipped_number_is_damage(tmp_path):
    content = bytearray(npz(w=f32(80, 60)))
    content[content.index(f32(80, 60)[70].tobytes()) + 2] ^= 0x40
    model = open_model(write(tmp_path / "m.npz", bytes(content)))
    with pytest.raises(ModelFormatError, match="Bad CRC-32"):
        model["w"].read()


CUTS = {
    "the last byte": (slice(-1), "truncated"),
    "the directory": (slice(-90), "truncated"),
    "half": (slice(600), "truncated"),
}


@pytest.mark.parametrize("cut", CUTS)
def test_a_truncated_archive_is_called_that(tmp_path, cut):
    place, words = CUTS[cut]
    message = message_of(write(tmp_path / "m.npz", npz(w=f32(20, 20), v=f32(5, 5))[place]))
    assert words in message
    assert "PyTorch" not in message
    assert "not a zip file" not in message


def test_the_reason_of_damage_is_named(tmp_path):
    content = npz(w=f32(20, 20))
    wrong = content.replace(b"w.npy", b"v.npy", 1)  # in the header of the array alone
    message = message_of(write(tmp_path / "m.npz", wrong))
    assert "array 'w' is damaged: File name in directory" in message
    assert "PyTorch" not in message
    place = content.rindex(b"PK\5\6") + 16
    elsewhere = content[:place] + (1 << 31).to_bytes(4, "little") + content[place + 4 :]
    message = message_of(write(tmp_path / "m.npz", elsewhere))
    assert "array 'w' is damaged: its header, at byte -" in message


def test_sides_that_are_true_count_as_one(tmp_path):
    """As numpy reads them."""
    stream = io.BytesIO()
    header = {"descr": "<f4", "fortran_order": False, "shape": (True, True)}
    np.lib.format.write_array_header_1_0(stream, header)
    member = io.BytesIO()
    with zipfile.ZipFile(member, "w") as archive:
        archive.writestr("w.npy", stream.getvalue() + bytes(4))
    model = open_model(write(tmp_path / "m.npz", member.getvalue()))
    assert [type(side) for side in model["w"].shape] == [int, int]
    assert spectra.describe(model).sizes["tensor"] == 1


def test_members_that_overlap_cost_no_other(tmp_path):
    """Else a few bytes could stand for thousands of arrays."""
    content = bytearray(npz(np.savez_compressed, v=f32(2, 2), w=f32(9, 9)))
    place = content.index(b"PK\1\2") + 20
    length = int.from_bytes(content[place : place + 4], "little")
    content[place : place + 4] = (length + 100).to_bytes(4, "little")
    model = open_model(write(tmp_path / "m.npz", bytes(content)))
    assert "shares bytes with another member" in model["v"].note
    np.testing.assert_array_equal(model["w"].read(), f32(9, 9))


@pytest.mark.parametrize("count", [400, 70_000])
def test_an_archive_of_too_many_members(tmp_path, count, monkeypatch):
    if count == 400:
        monkeypatch.setattr("spectra_io.formats.npz_files._MAX_MEMBERS", 300)
    else:
        monkeypatch.setattr("spectra_io.formats.zip_members._MOST", 1 << 20)
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as made:
        for i in range(400):
            made.writestr(f"{i}.npy", b"")
    content = stream.getvalue()
    if count > 400:
        start, end = content.index(b"PK\1\2"), content.index(b"PK\5\6")
        directory, tail = content[start:end] * (count // 400), bytearray(content[end:])
        tail[12:16] = len(directory).to_bytes(4, "little")
        content = content[:start] + directory + bytes(tail)
    message = message_of(write(tmp_path / "m.npz", content))
    assert (
        "400 arrays; at most 300" if count == 400 else "its directory takes more than 1 MB"
    ) in message


VALID = npz(w=f32(3, 2), v=np.arange(4.0))
COMPRESSED = npz(np.savez_compressed, w=f32(3, 2), v=np.arange(4.0))


@examples(5)
@given(damaged(VALID) | damaged(COMPRESSED))
def test_damaged_archives_raise_only_our_errors(scratch, content):
    read_all_or_complain(write(scratch / "damaged.npz", content))
