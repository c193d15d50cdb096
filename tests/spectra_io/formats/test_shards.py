"""Shards: the index decides, and what is missing costs no other tensor."""

import json
import pickle
import re
import sys

import fsspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import spectra
from spectra.errors import ModelError, ModelFormatError, ModelNotFoundError
from spectra.models import selection
from spectra_io import open_model
from spectra_io.formats import safetensors_header, shards
from tests.builders import (
    examples,
    f32,
    message_of,
    read_all_or_complain,
    safetensors_bytes,
    write,
    write_index,
    write_safetensors,
)

INDEX = "model.safetensors.index.json"


def shard(*names, seed=0):
    """Return the bytes of a file whose tensors have one number each, that of the seed."""
    tensors = {n: ("F32", (2, 2), np.full((2, 2), seed, "<f4").tobytes()) for n in names}
    return safetensors_bytes(tensors)


def folder_of(path, weight_map, **files):
    """Write an index and files ``NAME.safetensors``."""
    for name, content in files.items():
        write(path / f"{name}.safetensors", content)
    write_index(path, {name: f"{file}.safetensors" for name, file in weight_map.items()})
    return path


def value(model, name):
    return float(model[name].read().flat[0])


def reasons(model):
    """Return the reasons for which tensors are not taken, by name."""
    return {layer.tensor.name: layer.reason for layer in spectra.layers(model) if not layer.taken}


def test_the_index_decides_where_a_name_is_twice(tmp_path):
    folder_of(
        tmp_path,
        {"a": "base", "b": "overlay"},
        base=shard("a", "b", seed=1),
        overlay=shard("b", seed=2),
    )
    model = open_model(tmp_path)
    assert (value(model, "a"), value(model, "b")) == (1, 2)
    assert model.notes == (
        f"1 tensor is in several files, read from the file that {INDEX} names: b "
        "(not from base.safetensors)",
    )


@examples(1)
@given(st.data())
def test_any_index_over_any_shards(tmp_path_factory, data):
    """Every name is read from the file that the index names; what it lacks is missing."""
    folder = tmp_path_factory.mktemp("any")
    files = ["p", "q", "r"]
    held = {f: data.draw(st.sets(st.sampled_from("abcd")), label=f) for f in files}
    mapping = data.draw(st.dictionaries(st.sampled_from("abcd"), st.sampled_from(files)))
    for seed, (file, names) in enumerate(held.items()):
        write(folder / f"{file}.safetensors", shard(*sorted(names), seed=seed))
    write_index(folder, {name: f"{file}.safetensors" for name, file in mapping.items()})
    opened = set(mapping.values())
    had = {name for name, file in mapping.items() if name in held[file]}
    others = {
        name: [file for file in files if file in opened and name in held[file]]
        for name in {n for file in opened for n in held[file]} - mapping.keys()
    }
    alone = {name: where[0] for name, where in others.items() if len(where) == 1}
    if (mapping or others) and not had and not alone:
        with pytest.raises(ModelFormatError, match=r"which the index .* says is there"):
            open_model(folder)
        return
    model = open_model(folder)
    assert set(model) == mapping.keys() | others.keys()
    missing = {name for name, tensor in model.items() if tensor.role == "missing"}
    assert missing == set(model) - had - alone.keys()
    for name in had:
        assert value(model, name) == files.index(mapping[name])
    for name, file in alone.items():
        assert value(model, name) == files.index(file)


LOST = {
    "gone": (None, "no such file"),
    "empty": (b"", "found an empty file"),
    "cut": (shard("v")[:-1], "truncated: tensor 'v' ends at byte"),
    "cut in the header": (shard("v")[:20], "truncated"),
    "a pointer": (b"version https://git-lfs.github.com/spec/v1\n", "a Git LFS pointer"),
    "a web page": (b"Entry not found", "found text"),
    "no JSON": (b"\x05\0\0\0\0\0\0\0{abc}", "its header is not JSON"),
    "an entry of no type": (
        shard("v").replace(b'"F32"', b'"F33"'),
        "tensor 'v' has the type 'F33'",
    ),
}


@pytest.mark.parametrize("kind", LOST)
def test_a_lost_shard_costs_its_own_tensors(tmp_path, kind):
    content, words = LOST[kind]
    files = {"a": shard("w", seed=1)} | ({"b": content} if content is not None else {})
    model = open_model(folder_of(tmp_path, {"w": "a", "v": "b", "u": "b"}, **files))
    assert list(model) == ["u", "v", "w"]
    assert value(model, "w") == 1
    for name in "uv":
        assert (model[name].role, model[name].shape, model[name].dtype) == ("missing", (0,), "")
        assert reasons(model)[name].startswith("missing: b.safetensors: ")
        assert words in reasons(model)[name]
        assert str(tmp_path) not in reasons(model)[name]
        error = ModelNotFoundError if kind == "gone" else ModelFormatError
        with pytest.raises(error, match=re.escape(str(tmp_path))):
            model[name].read()
    (note,) = model.notes
    assert note.startswith("2 tensors are missing: u, v (b.safetensors: ")
    assert note.isprintable()


@pytest.mark.parametrize("kind", LOST)
def test_nothing_is_had_where_everything_is_lost(tmp_path, kind):
    content, words = LOST[kind]
    files = {"b": content} if content is not None else {}
    folder_of(tmp_path, {"v": "b", "w": "c"}, c=b"", **files)
    if kind == "gone":
        assert f"{tmp_path / 'b.safetensors'}: {words}" in message_of(tmp_path)
    else:
        assert f"{tmp_path / 'b.safetensors'}: " in message_of(tmp_path)
        assert words in message_of(tmp_path)


def test_a_shard_that_is_a_folder_costs_its_own_tensors(tmp_path):
    folder_of(tmp_path, {"w": "a", "v": "b"}, a=shard("w"))
    (tmp_path / "b.safetensors").mkdir()
    assert reasons(open_model(tmp_path))["v"] == "missing: b.safetensors: no such file"


def test_a_link_in_a_circle_costs_its_own_tensors(tmp_path):
    folder_of(tmp_path, {"w": "a", "v": "b"}, a=shard("w"))
    (tmp_path / "b.safetensors").symlink_to("b.safetensors")
    assert reasons(open_model(tmp_path))["v"] == "missing: b.safetensors: no such file"


def test_a_shard_that_cannot_be_read_costs_its_own_tensors(tmp_path, monkeypatch):
    def refusing(file):
        if file.name == "b.safetensors":
            raise PermissionError(13, "Permission denied", str(file))
        return read(file)

    read = safetensors_header.read_header
    monkeypatch.setattr("spectra_io.formats.safetensors_files.read_header", refusing)
    folder_of(tmp_path, {"w": "a", "v": "b"}, a=shard("w"), b=shard("v"))
    assert reasons(open_model(tmp_path))["v"] == "missing: b.safetensors: Permission denied"


def test_a_tensor_that_its_shard_lacks(tmp_path):
    folder_of(tmp_path, {"w": "a", "v": "a", "u": "b"}, a=shard("w"), b=shard("v", "u"))
    model = open_model(tmp_path)
    reason = f"a.safetensors does not hold it, although {INDEX} says so; b.safetensors does"
    assert reasons(model)["v"] == f"missing: {reason}"
    assert model.notes == (f"1 tensor is missing: v ({reason})",)
    with pytest.raises(ModelFormatError, match=r"tensor 'v': a\.safetensors does not hold it"):
        model["v"].read()


def test_tensors_that_the_index_does_not_name(tmp_path):
    folder_of(
        tmp_path, {"w": "a", "v": "b"}, a=shard("w", "more", "both"), b=shard("v", "both", seed=1)
    )
    model = open_model(tmp_path)
    assert value(model, "more") == 0
    assert "hold a tensor of this name, and no index" in reasons(model)["both"]
    assert any(
        note.startswith(f"2 tensors of the shards not named by {INDEX}") for note in model.notes
    )


def test_one_shard_spelled_in_two_ways_is_one_file(tmp_path):
    write(tmp_path / "a.safetensors", shard("w", "v", "more"))
    write_index(tmp_path, {"w": "a.safetensors", "v": "./a.safetensors"})
    model = open_model(tmp_path)
    assert {tensor.role for tensor in model.values()} == {"dense"}
    assert len(model.notes) == 1  # on the tensor that the index does not name


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="they do not tell the case apart")
def test_one_shard_in_another_case_is_not_there(tmp_path):
    write(tmp_path / "a.safetensors", shard("w", "v"))
    write_index(tmp_path, {"w": "a.safetensors", "v": "A.safetensors"})
    assert reasons(open_model(tmp_path)) == {"v": "missing: A.safetensors: no such file"}


@pytest.mark.parametrize("location", ["../b.safetensors", "/etc/passwd", "", "c:\\b.safetensors"])
def test_an_index_that_leads_elsewhere_is_refused_whole(tmp_path, location):
    write(tmp_path / "a.safetensors", shard("w"))
    write_index(tmp_path, {"w": "a.safetensors", "v": location})
    with pytest.raises(ModelFormatError, match="outside the model's folder"):
        open_model(tmp_path)


def test_an_index_of_very_many_files_is_refused(tmp_path):
    write_index(tmp_path, {f"t{i}": f"{i}.safetensors" for i in range(5000)})
    assert "an index of 5000 files; at most 4096 are read" in message_of(tmp_path)


def test_an_index_of_very_many_tensors_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("spectra_io.formats.shards._MAX_TENSORS", 3)
    write(tmp_path / "a.safetensors", shard("a", "b", "c"))
    write_index(tmp_path, dict.fromkeys("abc", "a.safetensors"))
    assert len(open_model(tmp_path)) == 3
    write_index(tmp_path, dict.fromkeys("abcd", "a.safetensors"))
    assert "an index of 4 tensors; at most 3 are read" in message_of(tmp_path)


def test_notes_are_short_whatever_is_missing(tmp_path):
    names = {"x" * 9000 + str(i): f"s{i % 40}" for i in range(400)}
    model = open_model(folder_of(tmp_path, {"w": "a", **names}, a=shard("w")))
    assert len(model) == 401
    assert len(model.notes) == 4
    assert model.notes[-1] == "370 tensors are missing for 37 other reasons"
    assert max(map(len, model.notes)) < 1000


def test_the_index_of_a_url_is_read_alike(tmp_path):
    files = {"base": shard("a", "b", "c"), "overlay": shard("b", seed=2)}
    weight_map = {"a": "base", "b": "overlay", "c": "gone", "d": "base"}
    folder_of(tmp_path, weight_map, **files)
    memory = fsspec.filesystem("memory")
    for path in tmp_path.iterdir():
        memory.pipe_file(f"/indexed/{path.name}", path.read_bytes())
    here, there = open_model(tmp_path), open_model("memory://indexed")
    assert there.notes == here.notes
    assert reasons(there) == reasons(here)
    assert value(there, "b") == value(here, "b") == 2
    with pytest.raises(ModelNotFoundError, match=r"indexed/gone\.safetensors: no such file"):
        there["c"].read()


def test_the_index_of_a_url_leads_nowhere_else():
    memory = fsspec.filesystem("memory")
    memory.pipe_file("/hostile/a.safetensors", shard("w"))
    mapping = {"w": "a.safetensors", "v": "../indexed/base.safetensors"}
    memory.pipe_file(f"/hostile/{INDEX}", json.dumps({"weight_map": mapping}).encode())
    with pytest.raises(ModelFormatError, match="outside the model's folder"):
        open_model("memory://hostile")


# ---- a model with missing tensors everywhere


@pytest.fixture
def partial(tmp_path):
    return open_model(
        folder_of(
            tmp_path,
            {"fc.weight": "a", "h.weight": "gone", "n.bias": "gone"},
            a=safetensors_bytes({"fc.weight": ("F32", (9, 9), f32(9, 9).tobytes())}),
        )
    )


def test_missing_tensors_are_described(partial):
    ds = spectra.describe(partial)
    assert ds.tensor_role.values.tolist() == ["dense", "missing", "missing"]
    assert ds.tensor_shape.values.tolist() == ["9x9", "", ""]
    assert ds.tensor_dtype.values.tolist() == ["float32", "", ""]
    assert ds.tensor_size.values.tolist() == [81, 0, 0]
    assert ds.attrs["num_tensors"] == 3
    assert ds.attrs["model_notes"] == "\n".join(partial.notes)


def test_missing_tensors_are_selected(partial):
    assert list(selection.by_role(partial, "missing")) == ["h.weight", "n.bias"]
    assert list(selection.by_size(partial, at_least=1)) == ["fc.weight"]
    chosen = selection.by_name(partial, include=["fc"])
    assert (list(chosen), chosen.notes) == (["fc.weight"], partial.notes)


def test_missing_tensors_have_a_fingerprint(partial, tmp_path):
    again = open_model(tmp_path)
    assert len(partial.fingerprint) == 32
    assert partial.fingerprint == again.fingerprint
    assert partial == again
    assert partial.fingerprint != partial.select(["fc.weight"]).fingerprint


def test_missing_tensors_are_pickled(partial):
    copied = pickle.loads(pickle.dumps(partial))
    assert copied == partial
    assert copied.notes == partial.notes
    with pytest.raises(ModelNotFoundError, match="no such file"):
        copied["h.weight"].read()


@pytest.mark.parametrize("ending", ["nc", "json", "csv"])
def test_missing_tensors_are_saved(partial, tmp_path, ending):
    import spectra_io

    ds, tensors = spectra.analyze(partial), spectra.describe(partial)
    path = tmp_path / f"r.{ending}"
    spectra_io.save(ds, path, tensors=tensors)
    if ending == "nc":
        assert spectra_io.load(path).attrs["model_notes"] == ds.attrs["model_notes"]
        assert spectra_io.load(path, group="tensors").identical(tensors)


def test_a_missing_scale_costs_its_weight(tmp_path):
    codes = np.ones((4, 4), np.uint8).tobytes()
    tensors = {
        "fc.weight": ("F8_E4M3", (4, 4), codes),
        "up.weight": ("F32", (4, 4), f32(4, 4).tobytes()),
    }
    weight_map = {"fc.weight": "a", "fc.weight_scale_inv": "b", "up.weight": "a", "up.bias": "b"}
    model = open_model(folder_of(tmp_path, weight_map, a=safetensors_bytes(tensors)))
    said = reasons(model)
    assert "needs fc.weight_scale_inv, which is missing" in said["fc.weight"]
    assert model["up.weight"].role == "dense"
    assert spectra.analyze(model).layer.values.tolist() == ["up"]


# ---- several files without an index


def test_numbered_shards_of_which_one_is_damaged(tmp_path):
    write(tmp_path / "model-00001-of-00002.safetensors", shard("w", seed=3))
    write(tmp_path / "model-00002-of-00002.safetensors", shard("v")[:-1])
    model = open_model(tmp_path)
    assert (list(model), value(model, "w")) == (["w"], 3)
    (note,) = model.notes
    assert note.startswith("not read: model-00002-of-00002.safetensors: truncated: tensor 'v'")


def test_numbered_shards_that_hold_a_name_twice(tmp_path):
    write(tmp_path / "model-00001-of-00002.safetensors", shard("w", "v"))
    write(tmp_path / "model-00002-of-00002.safetensors", shard("w", "u"))
    model = open_model(tmp_path)
    assert reasons(model).keys() == {"w"}
    assert "no index names one of them" in reasons(model)["w"]


def test_files_of_one_network_twice(tmp_path):
    for step in (100, 200, 1000):
        write(tmp_path / f"step-{step}.safetensors", shard("w", seed=step))
    message = message_of(tmp_path)
    assert "step-200.safetensors: tensor 'w' is in step-100.safetensors too" in message
    names = "step-100.safetensors, step-200.safetensors, step-1000.safetensors"
    assert message.endswith(f"found {names}; name one of them")


@pytest.mark.parametrize("kind", ["cut", "empty", "a web page"])
def test_several_files_that_are_all_damaged(tmp_path, kind):
    for name in "ab":
        write(tmp_path / f"{name}.safetensors", LOST[kind][0])
    with pytest.raises(ModelError, match=r"a\.safetensors"):
        open_model(tmp_path)


@examples(2)
@given(st.binary(max_size=60), st.integers(0, 60), st.integers(0, 60))
def test_a_shard_of_any_bytes_raises_only_our_errors(tmp_path_factory, junk, start, stop):
    folder = tmp_path_factory.mktemp("junk")
    whole = shard("v")
    write(folder / "b.safetensors", whole[:start] + junk + whole[stop:])
    write_safetensors(folder / "a.safetensors", {"w": f32(2, 2)})
    write_index(folder, {"w": "a.safetensors", "v": "b.safetensors"})
    read_all_or_complain(folder)
    assert open_model(folder)["w"].role == "dense"


def test_an_index_with_a_name_twice(tmp_path):
    """Json would take the last, as with headers."""
    write_safetensors(tmp_path / "a.safetensors", {"w": f32(2, 2)})
    write_safetensors(tmp_path / "b.safetensors", {"w": f32(3, 3)})
    text = '{"weight_map": {"w": "a.safetensors", "w": "b.safetensors"}}'
    message = message_of(write(tmp_path / "model.safetensors.index.json", text))
    assert "index.json: the index is refused: 'w' stands in it twice" in message


def test_an_index_of_too_many_values(tmp_path, monkeypatch):
    write_safetensors(tmp_path / "a.safetensors", {"w": f32(2, 2)})
    monkeypatch.setattr(shards, "_MAX_TENSORS", 100)
    names = ["w", *(f"v{i}" for i in range(2000))]
    path = write_index(tmp_path, dict.fromkeys(names, "a.safetensors"))
    assert "at most 1224 are read" in message_of(path)


def test_an_index_of_too_many_missing_tensors(tmp_path, monkeypatch):
    write_safetensors(tmp_path / "a.safetensors", {"w": f32(2, 2)})
    names = {"w": "a.safetensors", **{f"v{i}": "a.safetensors" for i in range(50)}}
    path = write_index(tmp_path, names)
    assert len(open_model(path)) == 51
    monkeypatch.setattr(shards, "_MAX_MISSING", 49)
    message = message_of(path)
    assert "50 of the tensors that it names are missing; at most 49 are listed" in message
    assert "a.safetensors does not hold it" in message


def test_an_index_that_is_mostly_brackets(tmp_path):
    text = '{"weight_map": {"w": "a.safetensors"}, "x": [' + "[]," * 10_000 + "[]]}"
    message = message_of(write(tmp_path / "model.safetensors.index.json", text))
    assert "not a JSON index of shards: it is mostly brackets" in message
