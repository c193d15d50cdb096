"""What lies beside the weights: folders as people have them on disk."""

import json
import pickle
from typing import Any

import numpy as np
import pytest

import spectra
from spectra_io import open_model
from spectra_io.formats.configs import read_config
from spectra_io.storage.files import LocalFile
from tests.builders import f32, write, write_index, write_safetensors

FUSED = {"h.qkv_proj.weight": f32(20, 12), "lm_head.weight": f32(6, 12), "wte.weight": f32(6, 12)}
CONFIG = {"hidden_size": 12, "num_attention_heads": 6, "num_key_value_heads": 2}


def folder_of(path, config=None):
    """Return a folder with everything that a model comes with."""
    write_safetensors(path / "model-00001-of-00002.safetensors", {"h.qkv_proj.weight": f32(20, 12)})
    rest = {name: array for name, array in FUSED.items() if "qkv" not in name}
    write_safetensors(path / "model-00002-of-00002.safetensors", rest)
    places = {name: f"model-0000{1 if 'qkv' in name else 2}-of-00002.safetensors" for name in FUSED}
    write_index(path, places)
    write_safetensors(path / "consolidated.safetensors", {"all": f32(2, 2)})
    for name in ("tokenizer.json", "generation_config.json", "README.md", "pytorch_model.bin"):
        write(path / name, "{}")
    (path / "original").mkdir()
    write_safetensors(path / "original" / "model.safetensors", {"other": f32(2, 2)})
    if config is not None:
        write(path / "config.json", config if isinstance(config, str) else json.dumps(config))
    return path


def test_a_folder_as_people_have_it(tmp_path):
    model = open_model(folder_of(tmp_path, CONFIG))
    assert set(model) == set(FUSED)
    names = [layer.name for layer in spectra.layers(model)]
    assert names == ["h.qkv_proj[q]", "h.qkv_proj[k]", "h.qkv_proj[v]", "lm_head", "wte"]


def test_the_configuration_is_found_from_the_index_and_from_a_file_too(tmp_path):
    folder_of(tmp_path, {**CONFIG, "tie_word_embeddings": True})
    by_index = spectra.layers(open_model(tmp_path / "model.safetensors.index.json"))
    assert {x.name: x.reason for x in by_index}["lm_head"] == "the same numbers as wte.weight"
    by_file = spectra.layers(open_model(tmp_path / "model-00001-of-00002.safetensors"))
    assert len(by_file) == 3


@pytest.mark.parametrize(
    "config", [None, "", "{", "[]", "null", "3", '{"hidden_size": "12"}', "[" * 100_000, "\udcff"]
)
def test_a_configuration_that_says_nothing_stops_nothing(tmp_path, config):
    folder_of(tmp_path)
    if config is not None:
        (tmp_path / "config.json").write_bytes(config.encode(errors="surrogateescape"))
    layers = spectra.layers(open_model(tmp_path))
    assert [layer.name for layer in layers] == ["h.qkv_proj", "lm_head", "wte"]
    assert "left whole" in layers[0].tensor.note


def test_a_configuration_of_gigabytes_is_not_read(tmp_path):
    file = write_safetensors(tmp_path / "m.safetensors", {"w": f32(2, 2)})
    with (tmp_path / "config.json").open("wb") as stream:
        stream.truncate(1 << 33)
    assert read_config(LocalFile(file)) == {}


def test_a_configuration_is_not_followed_out_of_the_folder(tmp_path):
    model = tmp_path / "model"
    model.mkdir()
    write(tmp_path / "secret.json", '{"hidden_size": 12}')
    (model / "config.json").symlink_to("../secret.json")
    file = write_safetensors(model / "m.safetensors", {"w": f32(2, 2)})
    assert read_config(LocalFile(file)) == {}


def test_an_adapter_with_its_configuration(tmp_path):
    arrays = {"q.lora_A.weight": f32(2, 8), "q.lora_B.weight": f32(6, 2)}
    write_safetensors(tmp_path / "adapter_model.safetensors", arrays)
    write(tmp_path / "adapter_config.json", '{"lora_alpha": 16, "r": 2}')
    model = open_model(tmp_path)
    assert {tensor.note for tensor in model.values()} == {"LoRA of q, rank 2, alpha 16"}


@pytest.mark.parametrize("part", ["lokr_w1", "hada_w1_a", "prompt_embeddings"])
def test_an_adapter_of_another_kind_with_its_configuration(tmp_path, part):
    name = part if part.startswith("prompt") else f"q.{part}"
    write_safetensors(tmp_path / "adapter_model.safetensors", {name: f32(2, 8)})
    write(tmp_path / "adapter_config.json", '{"peft_type": "LOKR"}')
    assert open_model(tmp_path).config["adapter"] == {"peft_type": "LOKR"}


def test_an_update_of_factors_is_one_layer_of_a_folder(tmp_path):
    arrays = {"q.lokr_w1": f32(2, 3), "q.lokr_w2": f32(4, 5)}
    write_safetensors(tmp_path / "adapter_model.safetensors", arrays)
    write(tmp_path / "adapter_config.json", '{"peft_type": "LOKR", "alpha": 6, "r": 2}')
    ds = spectra.analyze(pickle.loads(pickle.dumps(open_model(tmp_path))))
    assert ds.layer.values.tolist() == ["q"]
    expected = (3 * np.linalg.norm(arrays["q.lokr_w1"]) * np.linalg.norm(arrays["q.lokr_w2"])) ** 2
    assert float(ds.eigenvalue.sum()) == pytest.approx(expected, rel=1e-6)


def test_the_older_configuration_of_gptq(tmp_path):
    words = {"fc.qweight": np.ones((2, 8), "<i4"), "fc.qzeros": np.zeros((2, 1), "<i4")}
    arrays: dict[str, Any] = {**words, "fc.scales": np.ones((2, 8))}
    np.savez(tmp_path / "m.npz", **arrays)
    write(tmp_path / "quantize_config.json", '{"bits": 4, "checkpoint_format": "gptq_v2"}')
    (layer,) = [x for x in spectra.layers(open_model(tmp_path)) if x.taken]
    assert layer.matrices()[0, 0, 0] == 1  # zero points as they are, not one more


def test_a_mapping_is_a_model_already():
    assert open_model({"w": f32(3, 2)})["w"].role == "dense"
