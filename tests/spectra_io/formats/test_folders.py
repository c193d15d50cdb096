"""Folders as people have them: which files are read, and what is said of the others."""

import random
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import spectra
import spectra_io
from spectra.errors import ModelError
from spectra_io import open_model
from spectra_io.formats import folders
from spectra_io.formats.folder_notes import part_note, set_notes
from tests.builders import examples, f32, graph, message_of, safetensors_bytes, write, write_onnx

INDEX = "{}.safetensors.index.json"


def one(name, seed=0):
    """Return the bytes of a file with one tensor of one number, over and over."""
    raw = np.full((2, 2), seed, "<f4").tobytes()
    return safetensors_bytes({name: ("F32", (2, 2), raw)})


def filled(folder, *names, tensor=None):
    """Write safetensors files, each with a tensor called as the file, or all as given."""
    for seed, name in enumerate(names):
        write(folder / f"{name}.safetensors", one(tensor or name, seed))
    return folder


def indexed(folder, stem, **weight_map):
    text = ", ".join(f'"{name}": "{place}.safetensors"' for name, place in weight_map.items())
    write(folder / INDEX.format(stem), f'{{"weight_map": {{{text}}}}}')


CHOSEN = {  # names of the files -> those that are read, and those in the note
    ("model",): ("model", ""),
    ("model", "consolidated"): ("model", "consolidated.safetensors"),
    ("consolidated", "adapter_model"): ("consolidated", "adapter_model.safetensors"),
    ("model", "model.fp16"): ("model", "model.fp16.safetensors"),
    ("model.fp16", "vae"): ("model.fp16", "vae.safetensors"),
    ("model", "adapter_model"): ("model", "adapter_model.safetensors"),
    ("model", "model_1", "model_2"): ("model", "model_1.safetensors, model_2.safetensors"),
    ("model", "optimizer", "a", "b", "c", "d", "e"): (
        "model",
        "a.safetensors, b.safetensors, c.safetensors, d.safetensors, e.safetensors and 1 more",
    ),
    ("diffusion_pytorch_model", "diffusion_pytorch_model.fp16"): (
        "diffusion_pytorch_model",
        "diffusion_pytorch_model.fp16.safetensors",
    ),
    ("diffusion_pytorch_model", "model"): ("model", "diffusion_pytorch_model.safetensors"),
    ("adapter_model", "step-100"): ("adapter_model", "step-100.safetensors"),
    ("model", "model-00001-of-00002", "model-00002-of-00002"): (
        "model",
        "model-*-of-00002.safetensors",
    ),
}


@pytest.mark.parametrize("names", CHOSEN, ids=" ".join)
@pytest.mark.parametrize("same", [True, False], ids=["the same network", "other names"])
def test_one_of_several_files_is_chosen_and_said(tmp_path, names, same):
    read, rest = CHOSEN[names]
    model = open_model(filled(tmp_path, *names, tensor="w" if same else None))
    (name,) = model
    assert float(model[name].read()[0, 0]) == names.index(read)
    if not rest:
        assert model.notes == ()
        return
    (note,) = model.notes
    assert note.startswith(f"read {read}.safetensors, not {rest}; ")
    if "*" not in rest:
        other = rest.partition(",")[0]
        assert note.endswith(f"; name another file to read it: {tmp_path.name}/{other}")
        assert open_model(tmp_path / other).notes == ()


SETS = {
    ("model-00001-of-00002", "model-00002-of-00002"): (2, ()),
    ("model-00001-of-00002", "model-00002-of-00002", "consolidated"): (2, ("consolidated",)),
    ("model.fp16-00001-of-00002", "model.fp16-00002-of-00002", "other"): (2, ("other",)),
    ("model-00001-of-00002.fp16", "model-00002-of-00002.fp16"): (2, ()),
    ("net-1-of-3", "net-2-of-3", "net-3-of-3", "extra"): (3, ("extra",)),
    ("net_1-of-2", "net_2-of-2"): (2, ()),
    ("model-1-of-2", "model-2-of-2", "model.fp16-1-of-2", "model.fp16-2-of-2"): (
        2,
        ("model.fp16-*-of-2",),
    ),
}


@pytest.mark.parametrize("names", SETS, ids=" ".join)
def test_a_numbered_set_is_one_model(tmp_path, names):
    count, rest = SETS[names]
    model = open_model(filled(tmp_path, *names))
    assert sorted(model) == sorted(names[:count])
    assert len(model.notes) == bool(rest)
    assert all(f"{name}.safetensors" in model.notes[0] for name in rest)


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        ([1, 3], "model-*-of-00003.safetensors: 1 of 3 files is not there (number 2)"),
        ([2], "model-*-of-00003.safetensors: 2 of 3 files are not there (numbers 1, 3)"),
        ([1, 2, 3], None),
    ],
)
def test_a_number_that_is_not_there_is_said(tmp_path, numbers, words):
    model = open_model(filled(tmp_path, *(f"model-0000{n}-of-00003" for n in numbers)))
    assert len(model) == len(numbers)
    assert model.notes == ((words,) if words else ())


@given(st.sets(st.integers(0, 12)), st.integers(0, 999_999_999))
def test_missing_numbers_are_counted(numbers, total):
    names = [f"m-{n:05}-of-{total}.safetensors" for n in numbers]
    if not names or not total:
        return
    present = [n for n in numbers if 1 <= n <= total]
    notes = set_notes(names)
    assert len(notes) == (len(present) < total)
    if notes:
        assert f"{total - len(present)} of {total} file" in notes[0]
        said = notes[0].partition("(number")[2].strip("s )").partition(" and ")[0].split(", ")
        first = [n for n in range(1, 20) if n not in numbers and n <= total]
        assert [int(n) for n in said] == first[:5]


def test_a_part_that_is_opened_alone_says_so(tmp_path):
    filled(tmp_path, "model-00001-of-00003")
    (note,) = open_model(tmp_path / "model-00001-of-00003.safetensors").notes
    assert note.startswith("model-00001-of-00003.safetensors is one of 3 files; ")
    assert part_note("model-00001-of-00001.safetensors") == []


def test_files_of_no_usual_name_are_parts_and_it_is_said(tmp_path):
    model = open_model(filled(tmp_path, "b", "a"))
    assert list(model) == ["a", "b"]
    (note,) = model.notes
    assert note.startswith("read a.safetensors and b.safetensors as parts of one model, because ")


def test_parts_of_a_usual_name_stay_together(tmp_path):
    model = open_model(filled(tmp_path, "model.part1", "model.part2", "other"))
    assert list(model) == ["model.part1", "model.part2"]
    assert model.notes[0].startswith(
        "read model.part1.safetensors, model.part2.safetensors, not other.safetensors; "
    )


@pytest.mark.parametrize(
    "names", [("a", "b"), ("model.fp16", "model.bf16"), ("step-100", "step-200", "step-300")]
)
def test_several_models_are_refused_with_a_list(tmp_path, names):
    message = message_of(filled(tmp_path, *names, tensor="w"))
    assert all(f"{name}.safetensors" in message for name in names)
    assert message.endswith("; name one of them")


@pytest.mark.parametrize(
    "names",
    [
        ("a-1-of-2", "a-2-of-2", "b-1-of-2", "b-2-of-2"),
        ("model-1-of-2", "model-2-of-2", "model-1-of-3"),
    ],
)
def test_several_sets_are_refused_with_a_list(tmp_path, names):
    message = message_of(filled(tmp_path, *names))
    assert "found more than one set of safetensors files" in message
    assert message.endswith("; put the files of one of them into a folder of its own")


# ---- indexes


def test_an_index_wins(tmp_path):
    filled(tmp_path, "model", "part-1", "part-2", "adapter_model")
    indexed(tmp_path, "model", **{"part-1": "part-1", "part-2": "part-2"})
    model = open_model(tmp_path)
    assert list(model) == ["part-1", "part-2"]
    (note,) = model.notes
    assert note == (
        f"read the files that {INDEX.format('model')} names, not adapter_model.safetensors, "
        "model.safetensors; name another file to read it: "
        f"{tmp_path.name}/adapter_model.safetensors"
    )


def test_the_usual_index_of_several_is_chosen(tmp_path):
    filled(tmp_path, "model-1-of-1", "model.fp16-1-of-1", "consolidated-1-of-1")
    for stem in ("model", "model.fp16", "consolidated"):
        indexed(tmp_path, stem, **{f"{stem}-1-of-1": f"{stem}-1-of-1"})
    model = open_model(tmp_path)
    assert list(model) == ["model-1-of-1"]
    (note,) = model.notes
    for stem in ("model.fp16", "consolidated"):
        assert INDEX.format(stem) in note
    assert note.endswith(f"{tmp_path.name}/{INDEX.format('consolidated')}")
    assert list(open_model(tmp_path / INDEX.format("consolidated"))) == ["consolidated-1-of-1"]


def test_several_unusual_indexes_are_refused(tmp_path):
    for stem in "ab":
        indexed(tmp_path, stem)
    assert "found more than one index (a.safetensors.index.json, b." in message_of(tmp_path)


def test_files_that_the_index_forgets_are_said(tmp_path):
    filled(tmp_path, "model-00001-of-00002", "model-00002-of-00002", "model-mtp-of-00005")
    names = [f"model-0000{n}-of-00002" for n in (1, 2)]
    indexed(tmp_path, "model", **{name: name for name in names})
    model = open_model(tmp_path)
    assert sorted(model) == names
    assert "not model-mtp-of-00005.safetensors; " in model.notes[0]


def test_an_index_of_files_below_says_nothing_of_them(tmp_path):
    (tmp_path / "parts").mkdir()
    filled(tmp_path / "parts", "a")
    indexed(tmp_path, "model", a="./parts/a")
    assert open_model(tmp_path).notes == ()


# ---- several formats


def with_every_format(folder):
    filled(folder, "model")
    np.savez(folder / "model.npz", w=f32(2, 2))
    write_onnx(folder / "model.onnx", graph())
    write(folder / "pytorch_model.bin", "...")
    write(folder / "vocabulary.npy", "...")
    return folder


def test_other_formats_are_said(tmp_path):
    model = open_model(with_every_format(tmp_path))
    assert model.format == "safetensors"
    (note,) = model.notes
    assert note == (
        "read model.safetensors, not model.npz, model.onnx; "
        f"name another file to read it: {tmp_path.name}/model.npz"
    )


def test_several_onnx_files_are_refused_with_a_short_list(tmp_path):
    for i in range(9):
        write_onnx(tmp_path / f"{i}.onnx", graph())
    message = message_of(tmp_path)
    assert "found more than one ONNX file (0.onnx, 1.onnx, 2.onnx, 3.onnx, 4.onnx and 4 " in message
    assert message.endswith("name one of them")


@pytest.mark.parametrize("ending", ["onnx", "npz"])
def test_usual_names_do_not_choose_between_other_formats(tmp_path, ending):
    for name in ("model", "encoder"):
        write(tmp_path / f"{name}.{ending}", "...")
    assert "found more than one" in message_of(tmp_path)


# ---- links


def test_a_part_that_links_to_nothing_is_said(tmp_path):
    filled(tmp_path, "model-00001-of-00002")
    (tmp_path / "model-00002-of-00002.safetensors").symlink_to("blob")
    model = open_model(tmp_path)
    assert list(model) == ["model-00001-of-00002"]
    (note,) = model.notes
    assert note.startswith("not read: model-00002-of-00002.safetensors, a link to")


def test_a_chosen_file_that_links_to_nothing_is_not_replaced(tmp_path):
    filled(tmp_path, "consolidated")
    (tmp_path / "model.safetensors").symlink_to("blob")
    assert "model.safetensors: no such file" in message_of(tmp_path)


def test_a_link_out_of_the_folder_is_refused_even_unchosen(tmp_path):
    (tmp_path / "net").mkdir()
    filled(tmp_path, "secret")
    filled(tmp_path / "net", "model")
    (tmp_path / "net" / "other.safetensors").symlink_to("../secret.safetensors")
    assert "leads outside the model's folder" in message_of(tmp_path / "net")


# ---- any names


NAMES = st.lists(
    st.sampled_from(
        ["model", "model.fp16", "model.bf16", "a", "b", "consolidated", "adapter_model", "x-1-of-2",
         "x-2-of-2", "model-1-of-2", "model-2-of-2", "model-1-of-3", "y-1-of-1", "z_3-of-2", "",
         "-1-of-2", "model-0-of-0", "a\nb", "step-100"]
    ),
    min_size=1,
    unique=True,
)  # fmt: skip


@examples(5)
@given(NAMES, st.randoms())
def test_the_choice_does_not_depend_on_the_order(names, shuffled):
    files = [f"{name}.safetensors" for name in names]
    other = files[:]
    shuffled.shuffle(other)

    def chosen(some):
        try:
            return folders.choose(some, folder="net")
        except spectra.SpectraError as error:
            return str(error)

    assert chosen(files) == chosen(other)
    if not isinstance(found := chosen(files), str):
        assert set(found) <= set(files)
        again = [name for name in files if name in set(found)]
        assert chosen(again) == found


@examples(1)
@given(NAMES, st.booleans())
def test_any_folder_is_opened_or_refused(tmp_path_factory, names, same):
    folder = filled(tmp_path_factory.mktemp("any"), *names, tensor="w" if same else None)
    try:
        model = open_model(folder)
    except ModelError as error:
        assert str(error).startswith(str(folder))  # noqa: PT017
        return
    read = {name for name, tensor in model.items() if tensor.role != "missing"}
    assert read
    assert all(note == note.strip() and note.isprintable() for note in model.notes)
    spectra.describe(model)


def test_a_set_of_which_no_tensor_is_in_one_file_only_is_refused(tmp_path):
    folder = filled(tmp_path, "x-1-of-2", "x-2-of-2", tensor="w")
    with pytest.raises(ModelError, match=r"'w' is in x-1-of-2\.safetensors too"):
        open_model(folder)


def test_very_many_files_make_a_short_note(tmp_path):
    names = [f"checkpoint-{i}" for i in range(300)]
    random.Random(0).shuffle(names)
    model = open_model(filled(tmp_path, "model", *names))
    assert len(model.notes[0]) < 500
    assert "and 295 more; " in model.notes[0]


def test_the_open_folder_is_named_where_it_is_a_dot(tmp_path, monkeypatch):
    filled(tmp_path, "model", "other")
    monkeypatch.chdir(tmp_path)
    (note,) = open_model(Path()).notes
    assert note.endswith(f"{tmp_path.name}/other.safetensors")


def test_notes_are_in_the_saved_result(tmp_path):
    filled(tmp_path, "model", "other")
    model = open_model(tmp_path)
    ds = spectra.analyze(model)
    spectra_io.save(ds, tmp_path / "r.nc")
    assert spectra_io.load(tmp_path / "r.nc").attrs["model_notes"] == model.notes[0]
