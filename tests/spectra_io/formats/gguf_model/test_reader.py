"""GGUF models: parts of split files, folders, URLs, shapes of other tools, and configurations."""

import pickle
import struct

import fsspec
import gguf
import numpy as np
import pytest
from gguf import GGMLQuantizationType, quants

import spectra
from spectra.errors import ModelFormatError, ModelNotFoundError
from spectra_io import open_model
from tests.builders import copied, f32, gguf_bytes, gguf_key, gguf_string, message_of, write

U16, U32, I32, F32, STRING, ARRAY, I64 = 2, 4, 5, 6, 8, 9, 11


def number(key, value, kind=U32, code="I"):
    return gguf_key(key, kind, struct.pack(f"<{code}", value))


def text(key, value):
    return gguf_key(key, STRING, gguf_string(value))


def tensor(*shape, seed=0):
    return 0, shape, f32(*shape, seed=seed).tobytes()


def split_by_gguf(folder, count=3):
    """Write a model in parts, one tensor in each."""
    writer = gguf.GGUFWriter(folder / "m.gguf", "llama", split_max_tensors=1)
    writer.add_embedding_length(4)
    for number in range(count):
        writer.add_tensor(f"blk.{number}.attn_q.weight", f32(4, 4, seed=number))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return sorted(folder.glob("*.gguf"))


@pytest.mark.parametrize("chosen", [0, 1, 2, None], ids=["first", "second", "last", "folder"])
def test_a_split_model_is_opened_as_a_whole(tmp_path, chosen):
    folder = tmp_path / "net"
    folder.mkdir()
    paths = split_by_gguf(folder)
    assert [path.name for path in paths] == [f"m-0000{n}-of-00003.gguf" for n in (1, 2, 3)]
    path = folder if chosen is None else paths[chosen]
    model = open_model(path)
    assert (model.name, model.format, len(model)) == (path.name, "gguf", 3)
    assert (model.config["model_type"], model.config["hidden_size"]) == ("llama", 4)
    for i in range(3):
        np.testing.assert_array_equal(model[f"blk.{i}.attn_q.weight"].read(), f32(4, 4, seed=i))


def test_a_missing_part_is_named(tmp_path):
    paths = split_by_gguf(tmp_path)
    paths[1].unlink()
    for path in (paths[0], paths[2], tmp_path):
        with pytest.raises(ModelNotFoundError, match=r"m-00002-of-00003\.gguf: no such file"):
            open_model(path)


def test_a_part_of_another_name_says_which_it_is(tmp_path):
    paths = split_by_gguf(tmp_path)
    message = message_of(paths[1].rename(tmp_path / "renamed.gguf"))
    assert "renamed.gguf: part 2 of 3 by its metadata; rename it" in message
    assert "-00002-of-00003.gguf" in message


def test_parts_that_have_changed_places_are_refused(tmp_path):
    paths = split_by_gguf(tmp_path)
    paths[0].rename(tmp_path / "x")
    paths[1].rename(paths[0])
    (tmp_path / "x").rename(paths[1])
    assert "00001-of-00003.gguf: part 2 of 3 by its metadata" in message_of(tmp_path)


def parts(folder, *models):
    for i, (tensors, *keys) in enumerate(models):
        place = [number("split.no", i, U16, "H"), number("split.count", len(models), U16, "H")]
        name = f"m-{i + 1:05}-of-{len(models):05}.gguf"
        write(folder / name, gguf_bytes(tensors, [*place, *keys]))
    return folder


def test_a_tensor_in_two_parts_is_refused(tmp_path):
    message = message_of(parts(tmp_path, ({"w": tensor(2, 2)},), ({"w": tensor(2, 2)},)))
    assert "tensor 'w' is in another part of the model too" in message


def test_the_number_of_tensors_of_all_parts_is_checked(tmp_path):
    total = number("split.tensors.count", 3, I32, "i")
    folder = parts(tmp_path, ({"v": tensor(2, 2)}, total), ({"w": tensor(2, 2)},))
    assert "2 tensors in all parts; the metadata say 3" in message_of(folder)


def test_places_that_are_no_numbers(tmp_path):
    path = write(tmp_path / "m.gguf", gguf_bytes({}, [text("split.no", "one")]))
    assert "split.no and split.count must be whole numbers" in message_of(path)


@pytest.mark.parametrize(
    "name", ["m-00000-of-00000.gguf", "m-00004-of-00003.gguf", "m-1-of-2.gguf"]
)
def test_names_that_are_not_those_of_parts(tmp_path, name):
    path = write(tmp_path / name, gguf_bytes({"w": tensor(2, 2)}))
    assert list(open_model(path)) == list(open_model(tmp_path)) == ["w"]


@pytest.mark.parametrize("stem", ["a\nb", "a-00001-of-00002", "g<1>", "ä"])
def test_parts_of_any_name(tmp_path, stem):
    for i in (1, 2):
        place = [number("split.no", i - 1), number("split.count", 2)]
        path = tmp_path / f"{stem}-0000{i}-of-00002.gguf"
        write(path, gguf_bytes({f"w{i}": tensor(2, 2)}, place))
    assert list(open_model(path)) == list(open_model(tmp_path)) == ["w1", "w2"]


def test_two_models_in_a_folder(tmp_path):
    for name in ("m-Q4_0.gguf", "m-Q8_0.gguf"):
        write(tmp_path / name, gguf_bytes({"w": tensor(2, 2)}))
    message = message_of(tmp_path)
    assert message.endswith("more than one GGUF file (m-Q4_0.gguf, m-Q8_0.gguf); name one of them")


def test_a_split_model_beside_another_one(tmp_path):
    split_by_gguf(tmp_path)
    write(tmp_path / "mmproj.gguf", gguf_bytes({"w": tensor(2, 2)}))
    assert "more than one GGUF file" in message_of(tmp_path)
    assert len(open_model(tmp_path / "m-00001-of-00003.gguf")) == 3


def test_a_file_of_any_name_is_known_by_its_content(tmp_path):
    model = open_model(write(tmp_path / "weights", gguf_bytes({"w": tensor(2, 2)})))
    assert (model.format, list(model)) == ("gguf", ["w"])


def test_a_text_called_gguf(tmp_path):
    assert "found text; expected" in message_of(write(tmp_path / "m.gguf", "words"))
    assert "an empty file" in message_of(write(tmp_path / "m.gguf", ""))


def test_a_config_beside_the_file_is_not_read(tmp_path):
    write(tmp_path / "config.json", '{"hidden_size": 3}')
    model = open_model(write(tmp_path / "m.gguf", gguf_bytes({"w": tensor(2, 2)})))
    assert model.config == {"gguf": {}}


def test_a_url_of_one_part(tmp_path):
    memory = fsspec.filesystem("memory")
    for path in split_by_gguf(tmp_path):
        memory.pipe_file(f"/gguf-site/{path.name}", path.read_bytes())
    model = open_model("memory://gguf-site/m-00002-of-00003.gguf")
    assert (model.name, model.local, len(model)) == ("m-00002-of-00003.gguf", False, 3)
    found = copied(model["blk.2.attn_q.weight"]).read()
    np.testing.assert_array_equal(found, f32(4, 4, seed=2))


def test_only_the_blocks_of_a_part_are_fetched():
    W = f32(64, 32)
    raw = quants.quantize(W, GGMLQuantizationType.Q8_0)
    content = gguf_bytes({"blk.0.ffn_up_exps.weight": (8, (4, 16, 32), raw.tobytes())})
    memory = fsspec.filesystem("memory")
    memory.pipe_file("/gguf-one/m.gguf", content)
    part = open_model("memory://gguf-one/m.gguf")["blk.0.ffn_up_exps.weight"].weights[2]
    memory.pipe_file("/gguf-one/m.gguf", content.replace(raw[:32].tobytes(), bytes(32 * 34)))
    expected = quants.dequantize(raw[32:48], GGMLQuantizationType.Q8_0)
    np.testing.assert_array_equal(part.read(), expected)


def original(name, *shape, kind=I32, code="i"):
    value = struct.pack(f"<IQ{len(shape)}{code}", kind, len(shape), *shape)
    return gguf_key(f"comfy.gguf.orig_shape.{name}", ARRAY, value)


@pytest.mark.parametrize(("kind", "code"), [(I32, "i"), (I64, "q")])
def test_kernels_that_were_flattened_for_their_blocks(tmp_path, kind, code):
    W = f32(16, 8, 4, 4).reshape(8, 256)
    raw = quants.quantize(W, GGMLQuantizationType.Q8_0)
    keys = [original("conv.weight", 16, 8, 4, 4, kind=kind, code=code)]
    content = gguf_bytes({"conv.weight": (8, (8, 256), raw.tobytes())}, keys)
    model = open_model(write(tmp_path / "m.gguf", content))
    expected = quants.dequantize(raw, GGMLQuantizationType.Q8_0).reshape(16, 8, 4, 4)
    found = model["conv.weight"]
    assert (found.shape, found.role) == ((16, 8, 4, 4), "conv")
    np.testing.assert_array_equal(found.read(), expected)
    (layer,) = spectra.layers(model)
    np.testing.assert_array_equal(layer.matrices()[5], expected[:, :, 1, 1])
    assert len(model.fingerprint) == 32


@pytest.mark.parametrize(
    ("key", "words"),
    [
        (original("w", 3, 5), "is (2, 8), before it was flattened (3, 5): not as many numbers"),
        (original("w", -2, -8), "which no array can have"),
        (original("w", *[1] * 40), "which no array can have"),
        (text("comfy.gguf.orig_shape.w", "16"), "must be a list of whole numbers, is '16'"),
        (
            gguf_key("comfy.gguf.orig_shape.w", ARRAY, struct.pack("<IQ1f", F32, 1, 16)),
            "must be a list of whole numbers, is [16.0]",
        ),
    ],
)
def test_flattened_shapes_that_lie(tmp_path, key, words):
    message = message_of(write(tmp_path / "m.gguf", gguf_bytes({"w": tensor(2, 8)}, [key])))
    assert "tensor 'w'" in message
    assert words in message


def test_a_model_goes_to_another_process_and_is_analysed(tmp_path):
    from concurrent.futures import ThreadPoolExecutor

    raw = quants.quantize(f32(40, 64), GGMLQuantizationType.Q8_0)
    content = gguf_bytes({"blk.0.attn_q.weight": (8, (40, 64), raw.tobytes())})
    model = pickle.loads(pickle.dumps(open_model(write(tmp_path / "m.gguf", content))))
    with ThreadPoolExecutor() as executor:
        ds = spectra.analyze(model, executor=executor, rng=0)
    whole = quants.dequantize(raw, GGMLQuantizationType.Q8_0)
    same = spectra.analyze({"blk.0.attn_q.weight": whole}, rng=0)
    np.testing.assert_array_equal(ds.eigenvalue, same.eigenvalue)
    listed = spectra.describe(model)
    assert listed.tensor_dtype.item() == "q8_0"
    assert listed.tensor_size.item() == 40 * 64


def test_an_adapter(tmp_path):
    keys = [
        text("general.architecture", "llama"),
        text("general.type", "adapter"),
        gguf_key("adapter.lora.alpha", F32, struct.pack("<f", 16)),
    ]
    tensors = {
        "blk.0.attn_q.weight.lora_a": tensor(4, 8),
        "blk.0.attn_q.weight.lora_b": tensor(6, 4),
    }
    model = open_model(write(tmp_path / "m.gguf", gguf_bytes(tensors, keys)))
    (pair,) = spectra.models.adapters.pairs(model, model.config["adapter"])
    assert (pair.name, pair.rank, pair.scale) == ("blk.0.attn_q.weight", 4, 4.0)
    assert [t.role for t in model.values()] == ["lora_A", "lora_B"]
    assert "rank 4, alpha 16" in pair.A.note


def test_a_part_that_is_damaged_is_named(tmp_path):
    paths = split_by_gguf(tmp_path)
    write(paths[2], paths[2].read_bytes()[:-40])
    with pytest.raises(ModelFormatError, match=r"00003-of-00003\.gguf: tensor 'blk\.2\."):
        open_model(paths[0])
