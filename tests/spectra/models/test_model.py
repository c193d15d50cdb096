"""A model knows its name, its format and its content; the content is told by its fingerprint."""

import copy
import hashlib
import pickle
import weakref

import ml_dtypes
import numpy as np
import pytest
from onnx import numpy_helper

import spectra
from spectra.errors import ArgumentError, ModelFormatError, UnknownNameError
from spectra.models import selection
from spectra.models.arrays import from_array
from spectra.models.lazy import derived
from spectra.models.model import Model
from spectra.models.structure import interpret
from spectra.models.tensors import Tensor
from spectra_io import open_model
from tests.builders import (
    f32,
    graph,
    write,
    write_index,
    write_onnx,
    write_safetensors,
)

W, B = f32(4, 3), f32(4, seed=1)
ARRAYS = {"fc.weight": W, "fc.bias": B}
"""Two tensors."""


def fingerprint(arrays):
    return spectra.from_arrays(arrays).fingerprint


def test_a_model_is_a_mapping_in_the_order_given():
    model = spectra.from_arrays({"b": W, "a": B})
    assert list(model) == ["b", "a"]
    assert len(model) == 2
    assert "a" in model
    assert "c" not in model
    assert model.get("c") is None
    assert model == dict(model)
    assert model == spectra.from_arrays(dict(model))
    assert model != model.select(["a"])


def test_what_is_known_of_arrays():
    model = spectra.from_arrays(ARRAYS)
    assert (model.name, model.format, model.config) == ("", "arrays", {})
    assert repr(model) == "<Model '' arrays, 2 tensors>"
    assert spectra.from_arrays(model) is model


def test_a_model_cannot_be_changed():
    config = {"hidden_size": 3}
    model = Model(spectra.from_arrays(ARRAYS), "m", "npz", config)
    config["hidden_size"] = 4
    assert model.config == {"hidden_size": 3}
    with pytest.raises(AttributeError):
        model.name = "other"  # type: ignore[misc]
    with pytest.raises(TypeError):
        model["w"] = model["fc.weight"]  # type: ignore[index]
    with pytest.raises(TypeError):
        model.config["hidden_size"] = 5  # type: ignore[index]


def test_a_repr_is_one_line():
    assert repr(Model({}, "two\nlines", "onnx")).isprintable()


@pytest.mark.parametrize("known", [False, True])
def test_a_model_goes_to_another_process(tmp_path, known):
    write(tmp_path / "config.json", '{"hidden_size": 3}')
    model = open_model(write_safetensors(tmp_path / "m.safetensors", ARRAYS))
    expected = model.fingerprint if known else fingerprint(ARRAYS)
    for again in (pickle.loads(pickle.dumps(model)), copy.copy(model), copy.deepcopy(model)):
        assert again == model
        assert repr(again) == repr(model)
        assert again.config == {"hidden_size": 3}
        assert again.fingerprint == expected
        with pytest.raises(TypeError):
            again.config["hidden_size"] = 5  # type: ignore[index]


def test_the_fingerprint_is_the_digest_that_is_documented():
    total = hashlib.sha256()
    for name, dtype, shape, raw in (
        ("fc.bias", "float32", (4,), B.tobytes()),
        ("fc.weight", "float32", (4, 3), W.tobytes()),
    ):
        total.update(repr((name, dtype, shape, hashlib.sha256(raw).hexdigest())).encode())
    assert fingerprint(ARRAYS) == total.hexdigest()[:32]


def test_the_same_weights_have_the_same_fingerprint_in_every_format(tmp_path):
    files = {name: tmp_path / name for name in ("one", "shards", "npz", "onnx", "elsewhere")}
    for folder in files.values():
        folder.mkdir()
    write_safetensors(files["one"] / "m.safetensors", ARRAYS)
    write_safetensors(files["elsewhere"] / "renamed.safetensors", dict(reversed(ARRAYS.items())))
    write(files["elsewhere"] / "config.json", '{"hidden_size": 3}')
    write_safetensors(files["shards"] / "a.safetensors", {"fc.weight": W})
    write_safetensors(files["shards"] / "b.safetensors", {"fc.bias": B})
    write_index(files["shards"], {"fc.weight": "a.safetensors", "fc.bias": "b.safetensors"})
    np.savez(files["npz"] / "m.npz", **{"fc.weight": W, "fc.bias": B})  # type: ignore[arg-type]
    write_onnx(
        files["onnx"] / "m.onnx",
        graph([], [numpy_helper.from_array(a, name) for name, a in ARRAYS.items()]),
    )
    found = {name: open_model(folder).fingerprint for name, folder in files.items()}
    assert found == dict.fromkeys(files, fingerprint(ARRAYS))


def test_the_layout_in_memory_does_not_count():
    for array in (np.asfortranarray(W), W.astype(">f4"), np.repeat(W, 2, axis=1)[:, ::2]):
        assert fingerprint({**ARRAYS, "fc.weight": array}) == fingerprint(ARRAYS)
    assert fingerprint({np.str_("w"): W}) == fingerprint({"w": W})


def changed():
    array = W.copy()
    array[-1, -1] = np.nextafter(array[-1, -1], 2, dtype=np.float32)
    return array


OTHERS = {
    "element": {"fc.weight": changed(), "fc.bias": B},
    "name": {"fc.Weight": W, "fc.bias": B},
    "names exchanged": {"fc.weight": B, "fc.bias": W},
    "type": {"fc.weight": W.view(np.int32), "fc.bias": B},
    "wider type": {"fc.weight": W.astype(float), "fc.bias": B},
    "shape": {"fc.weight": W.reshape(3, 4), "fc.bias": B},
    "one less": {"fc.weight": W},
    "one more": {**ARRAYS, "more": B},
    "none": {},
}


def test_any_change_gives_another_fingerprint():
    found = [fingerprint(arrays) for arrays in (ARRAYS, *OTHERS.values())]
    assert len({*found}) == len(found)


def test_every_fingerprint_has_32_hexadecimal_digits():
    for arrays in (ARRAYS, *OTHERS.values()):
        assert len(fingerprint(arrays)) == 32
        assert int(fingerprint(arrays), 16) >= 0


ANY_ARRAY = {
    "scalar": np.array(2.5),
    "empty": np.zeros((0, 4)),
    "words": np.array(["a", "bc"]),
    "booleans": np.array([True, False]),
    "complex": np.ones((2, 2), ">c16"),
    "bfloat16": W.astype(ml_dtypes.bfloat16),
    "int4": np.ones((2, 3), ml_dtypes.int4),
    "objects": np.array([None, {}], object),
    "dates": np.array(["2020-01-01"], "M8[D]"),
}


def test_arrays_of_every_type_have_a_fingerprint():
    found = [fingerprint({"w": array}) for array in ANY_ARRAY.values()]
    assert len({*found}) == len(found)
    again = [fingerprint({"w": array.copy()}) for array in ANY_ARRAY.values()]
    assert again == found


def refuse():
    message = "damaged"
    raise ModelFormatError(message)


def vanish():
    raise FileNotFoundError


def test_an_unreadable_tensor_enters_by_its_header():
    kept = from_array("fc.bias", B)
    found = [
        Model({"w": Tensor("w", shape, dtype, "dense", refuse), "fc.bias": kept}).fingerprint
        for shape, dtype in [((2, 2), "float32"), ((2, 2), "float16"), ((4, 1), "float32")]
    ]
    assert len({*found}) == 3
    assert all(found)


def test_a_file_that_vanishes_is_unreadable_too():
    """As it is for analyze, which passes over the layer."""
    gone = Model({"w": Tensor("w", (2, 2), "float32", "dense", vanish)})
    there = Model({"w": from_array("w", np.zeros((2, 2), np.float32))})
    assert gone.fingerprint != there.fingerprint
    assert len(gone.fingerprint) == 32


def test_numbers_are_read_once_and_one_tensor_after_the_other():
    read: list[tuple[str, int]] = []
    alive: list[weakref.ref[np.ndarray]] = []

    def source(name):
        def numbers():
            read.append((name, sum(array() is not None for array in alive)))
            array = np.ones((2, 2))
            alive.append(weakref.ref(array))
            return array

        return numbers

    tensors = {n: Tensor(n, (2, 2), "float64", "dense", source(n)) for n in "bac"}
    model = Model(tensors, format="npz")
    assert read == []
    assert model.fingerprint == model.fingerprint
    assert read == [("a", 0), ("b", 0), ("c", 0)]


def test_a_model_elsewhere_is_not_read():
    tensor = Tensor("w", (2, 2), "float32", "dense", vanish)
    assert Model({"w": tensor}, local=False).fingerprint == ""


def test_tensors_of_files_in_a_plain_mapping_are_not_read_for_a_fingerprint(tmp_path):
    elsewhere = {"w": Tensor("w", (2, 2), "float32", "dense", vanish), "v": W}
    assert fingerprint(elsewhere) == ""
    model = open_model(write_safetensors(tmp_path / "m.safetensors", ARRAYS))
    assert fingerprint(dict(model)) == ""
    assert fingerprint(model) == fingerprint(ARRAYS)
    held = from_array("w", W)
    computed = Tensor("w", W.shape, "float32", "dense", derived(np.negative, held.source))
    assert fingerprint({"w": held}) == fingerprint({"w": W})
    assert fingerprint({"w": computed}) == fingerprint({"w": -W})


def test_a_selection_keeps_what_is_known_of_the_model():
    model = Model(spectra.from_arrays(ARRAYS), "m.npz", "npz", {"hidden_size": 3}, local=False)
    chosen = model.select(iter(["fc.bias"]))
    assert list(chosen) == ["fc.bias"]
    assert (chosen.name, chosen.format, chosen.local) == ("m.npz", "npz", False)
    assert chosen.config == {"hidden_size": 3}
    for some in (
        selection.by_name(model, include=["bias"]),
        selection.by_role(model, "bias"),
        selection.by_size(model, at_most=4),
    ):
        assert some == chosen
        assert repr(some) == repr(chosen) == "<Model 'm.npz' npz, 1 tensor>"


def test_a_selection_has_the_order_of_the_model_and_a_fingerprint_of_its_own():
    model = spectra.from_arrays({**ARRAYS, "more": B})
    assert model.fingerprint != fingerprint(ARRAYS)
    chosen = model.select(["fc.bias", "fc.weight", "fc.bias"])
    assert list(chosen) == list(ARRAYS)
    assert chosen.fingerprint == fingerprint(ARRAYS)


def test_a_selection_of_arrays_is_a_model():
    chosen = selection.by_name(ARRAYS, include=["bias"])
    assert repr(chosen) == "<Model '' arrays, 1 tensor>"


def test_wrong_selections():
    model = spectra.from_arrays(ARRAYS)
    with pytest.raises(ArgumentError, match="must be several names"):
        model.select("fc.weight")
    with pytest.raises(UnknownNameError, match=r"no tensor 'fc\.weigh'; .*'fc\.weight'"):
        model.select(["fc.weigh"])


def test_a_role_that_is_given_is_kept():
    given = from_array("fc.weight", W, role="embedding")
    model = spectra.from_arrays({"fc.weight": given, "embed.weight": W})
    assert [tensor.role for tensor in model.values()] == ["embedding", "embedding"]
    assert model["fc.weight"] is given
    assert spectra.from_arrays(dict(model))["fc.weight"] is given


def test_roles_are_guessed_once(monkeypatch):
    from spectra.models.structure import _interpretation

    asked = []

    def guess(name, shape):
        asked.append(name)
        return "dense"

    monkeypatch.setattr(_interpretation, "from_name", guess)
    monkeypatch.setattr(spectra.models.arrays, "from_name", guess)
    model = spectra.from_arrays(ARRAYS)
    assert asked == list(ARRAYS)
    assert {name: t.role for name, t in interpret(model).items()} == dict.fromkeys(ARRAYS, "dense")


def test_files_are_read_in_parts(tmp_path, monkeypatch):
    """The digest is that of the whole, and no part is larger than it may be."""
    arrays = {"a": f32(200, 60), "b": f32(7), "c": f32(1, 250)}
    path = write_safetensors(tmp_path / "m.safetensors", arrays)
    expected = fingerprint(arrays)
    monkeypatch.setattr("spectra.models.model._BLOCK", 1000)
    sizes = []
    read = Tensor.read

    def noted(tensor):
        values = read(tensor)
        sizes.append(values.nbytes)
        return values

    monkeypatch.setattr(Tensor, "read", noted)
    assert open_model(path).fingerprint == expected
    assert max(sizes) <= 1000
    assert len(sizes) > 40


def test_a_tensor_that_only_says_that_it_is_huge_is_not_read():
    def never():
        raise AssertionError

    huge = Model({"w": Tensor("w", (1 << 20, 1 << 20), "float32", "dense", never)})
    assert len(huge.fingerprint) == 32


def test_arrays_in_memory_may_change():
    array = np.ones((3, 2))
    model = spectra.from_arrays({"w": array})
    before = model.fingerprint
    array[0, 0] = 7
    assert model.fingerprint != before


def test_a_model_of_arrays_may_have_a_name():
    model = spectra.from_arrays({"w": W}, name="mine")
    assert model.name == "mine"
    assert spectra.analyze(model).attrs["model"] == "mine"


def test_results_are_not_a_model():
    with pytest.raises(ArgumentError, match="must be a mapping of names to arrays, got Dataset"):
        spectra.analyze(spectra.analyze({"w": W}))  # type: ignore[arg-type]
