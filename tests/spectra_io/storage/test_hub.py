"""Models on a hub: by id, revision and path; only parts of files are fetched; secrets are kept."""

import json
import logging
import pickle
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import spectra
import spectra_io
from spectra.errors import ArgumentError, ModelError, ModelNotFoundError
from spectra_io import open_model
from spectra_io.commands.main import main
from spectra_io.storage import hub_answers, hub_files
from spectra_io.storage.answers import Forbidden
from spectra_io.storage.hub_ids import parsed
from tests.builders import environment, f32, write, write_index, write_safetensors
from tests.hub import MAIN, OLD, TOKEN, hub_at
from tests.servers import impatient, serving

LARGE = f32(2000, 300)
SHARDS = {
    "model-00001-of-00002.safetensors": {"a.weight": f32(40, 30), "b.weight": LARGE},
    "model-00002-of-00002.safetensors": {"c.weight": f32(50, 20, seed=1)},
}


@pytest.fixture
def hub(tmp_path, monkeypatch, request):
    """Serve a sharded model, an older revision of it with one file, and a model in a folder."""
    impatient(monkeypatch, request.node.name)
    new, old = tmp_path / "hub" / MAIN, tmp_path / "hub" / OLD
    (new / "onnx").mkdir(parents=True)
    old.mkdir()
    for name, arrays in SHARDS.items():
        write_safetensors(new / name, arrays)
    write_index(new, {tensor: name for name, arrays in SHARDS.items() for tensor in arrays})
    write(new / "config.json", json.dumps({"hidden_size": 30}))
    write(new / "README.md", "words")
    shutil.copy("examples/models/mnist_mlp.onnx", new / "onnx" / "model.onnx")
    write_safetensors(old / "model.safetensors", {"old.weight": f32(30, 20)})
    with hub_at(tmp_path / "hub", monkeypatch) as made:
        yield made


def of_files(hub):
    return [asked for asked in hub.log if not isinstance(asked, str)]


@pytest.mark.parametrize("text", ["org/name", "hf://org/name", "hf://org/name/", "org/name@main"])
def test_shards_with_index_and_configuration(hub, text):
    model = open_model(text)
    assert list(model) == ["a.weight", "b.weight", "c.weight"]
    assert dict(model.config) == {"hidden_size": 30}
    assert (model.format, model.local, model.fingerprint) == ("safetensors", False, "")
    assert model.name == ("name@main" if "@" in text else "name")
    assert model.notes[0].endswith(f": read at commit {MAIN}")
    np.testing.assert_array_equal(model["c.weight"].read(), f32(50, 20, seed=1))


@pytest.mark.parametrize("revision", ["v1", "refs/pr/1", OLD])
def test_a_revision(hub, revision):
    assert list(open_model(f"org/name@{revision}")) == ["old.weight"]
    quoted = revision.replace("/", "%2F")
    assert list(open_model(f"hf://org/name@{quoted}/model.safetensors")) == ["old.weight"]


def test_a_file_and_a_folder_of_a_model(hub):
    assert open_model("hf://org/name/onnx/model.onnx").format == "onnx"
    assert next(iter(open_model("hf://org/name/onnx"))) == "fc1.weight"
    one = open_model("hf://org/name/model-00002-of-00002.safetensors")
    assert list(one) == ["c.weight"]
    with pytest.raises(ModelNotFoundError, match="no weights in this folder, found nothing"):
        open_model("hf://org/name/other")


def test_all_files_are_of_the_commit_that_was_opened(hub):
    model = open_model("org/name")
    hub.revisions["main"] = OLD
    assert model["a.weight"].read().shape == (40, 30)


def test_only_headers_are_fetched_and_then_only_what_is_read(hub):
    size = sum((hub.folder / MAIN / name).stat().st_size for name in SHARDS)
    assert size > 2_400_000
    model = open_model("org/name")
    assert hub.sent < 150_000
    before = hub.sent
    model["c.weight"].read()
    assert hub.sent - before < 10_000
    before = hub.sent
    np.testing.assert_array_equal(model["b.weight"].read(), LARGE)
    assert LARGE.nbytes <= hub.sent - before < LARGE.nbytes + 70_000
    assert all("Range" in asked.headers for asked in of_files(hub))


def test_small_files_are_fetched_once_into_the_cache_of_the_hub(hub, tmp_path):
    open_model("org/name")
    kept = {p.name for p in (tmp_path / "cache").rglob("snapshots/*/*")}
    assert kept == {"config.json", "model.safetensors.index.json"}
    asked = [path for path in hub.log if isinstance(path, str)]
    assert sorted(Path(path).name for path in asked) == sorted(kept)
    open_model("org/name")
    assert [path for path in hub.log if isinstance(path, str)] == asked


def test_files_in_the_cache_are_not_fetched(hub):
    from huggingface_hub import hf_hub_download

    for name in SHARDS:
        hf_hub_download("org/name", name, endpoint=hub.url)
    hub.log.clear()
    model = open_model("org/name")
    np.testing.assert_array_equal(model["b.weight"].read(), LARGE)
    assert of_files(hub) == []


def test_a_file_that_changes_in_the_cache_is_refused(hub, tmp_path):
    from huggingface_hub import hf_hub_download

    path = Path(hf_hub_download("org/name", next(iter(SHARDS)), endpoint=hub.url)).resolve()
    model = open_model("org/name")
    write(path, path.read_bytes()[:-1])
    with pytest.raises(ModelError, match="cache of the hub has changed"):
        model["b.weight"].read()
    np.testing.assert_array_equal(open_model("org/name")["b.weight"].read(), LARGE)


def test_a_cache_that_cannot_be_written_is_done_without(hub, tmp_path):
    write(tmp_path / "cache", "a file")
    assert dict(open_model("org/name").config) == {"hidden_size": 30}


def test_weights_travel_to_other_processes(hub):
    tensor = pickle.loads(pickle.dumps(open_model("org/name")["c.weight"]))
    np.testing.assert_array_equal(tensor.read(), f32(50, 20, seed=1))


@pytest.fixture
def store(hub):
    """Serve the files of weights on another port, to which the hub redirects."""
    with serving(hub.folder) as made:
        hub.store = made
        yield made


def test_a_redirect_to_another_host_is_followed_only_if_it_is_named(hub, store, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    hub.token = TOKEN
    with pytest.raises(ModelError, match=r"redirects to another host, 127.0.0.1:\d+; if you trust"):
        open_model("org/name")
    assert store.log == []
    host = store.url.partition("//")[2]
    model = open_model("org/name", redirect_to=[host])
    np.testing.assert_array_equal(model["b.weight"].read(), LARGE)
    assert store.sent < LARGE.nbytes + 200_000
    assert store.log
    assert not any("Authorization" in asked.headers for asked in store.log)


def test_the_hosts_of_the_hub_itself_need_no_name(hub, store, monkeypatch):
    """The package says which they are; numbers and names without a dot are not taken."""
    from huggingface_hub import constants

    hosts = frozenset({"hub.example", "127.0.0.1", "localhost"})
    monkeypatch.setattr(constants, "HF_URL_HOSTS", hosts, raising=False)
    assert hub_files.own_hosts() == ("hub.example", "*.hub.example")
    with pytest.raises(ModelError, match="redirects to another host"):
        open_model("org/name")


def test_a_token_is_sent_and_asked_for(hub, monkeypatch):
    hub.token = TOKEN
    with pytest.raises(ModelNotFoundError, match="or a private one: for that, set HF_TOKEN"):
        open_model("org/name")
    monkeypatch.setenv("HF_TOKEN", "hf_wrong")
    with pytest.raises(Forbidden, match="does not accept the token"):
        open_model("org/name")
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    assert len(open_model("org/name")) == 3


def test_a_gated_model_says_so(hub):
    hub.gated = True
    with pytest.raises(Forbidden, match="403 Forbidden"):
        open_model("org/name@v1")
    hub.down = (403, {"X-Error-Code": "GatedRepo"})
    with pytest.raises(Forbidden, match="only who were granted access; set HF_TOKEN"):
        open_model("org/name")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("org/nothing", "org/nothing: no such file or folder; it looks like the id of a model"),
        ("hf://org/nothing", "^hf://org/nothing: no model of this id on the hub"),
        ("org/name@v9", "hf://org/name@v9: the model has no such revision"),
        ("org/na--me", "not an id of a model"),
    ],
)
def test_what_is_not_there(hub, text, words):
    with pytest.raises(ModelNotFoundError, match=words):
        open_model(text)


def test_no_network(hub, monkeypatch):
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(ModelError, match=r"the hub cannot be reached \(ConnectError\)"):
        open_model("org/name")
    monkeypatch.setattr(constants, "ENDPOINT", "nonsense")
    with pytest.raises(ModelError, match="the hub cannot be reached"):
        open_model("org/name")


def test_a_hub_that_fails(hub):
    hub.down = (500, {})
    with pytest.raises(ModelError, match="the hub answers with the status 500"):
        open_model("org/name")


def test_a_hub_that_goes_away_costs_a_layer(hub):
    model = open_model("org/name")
    hub.down = (500, {})
    ds = spectra.analyze(model, measures=[spectra.measures.size])
    lost = ds.sel(layer="b").status_reason.item()
    assert "500 Internal Server Error, in 12 attempts" in lost


def test_without_the_extra(hub, monkeypatch):
    monkeypatch.setattr(hub_answers, "find_spec", lambda name: None)
    install = r'pip install "weightspectra\[hub\]"'
    with pytest.raises(ModelNotFoundError, match=f"no such file or folder; .* {install}"):
        open_model("org/name")
    with pytest.raises(ArgumentError, match=install):
        open_model("hf://org/name")
    assert hub.log == []


def test_a_path_is_a_path(hub, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "org").mkdir()
    with pytest.raises(ModelNotFoundError, match="write hf://org/name"):
        open_model("org/name")
    with pytest.raises(ModelNotFoundError, match="no such file or folder; expected"):
        open_model(Path("elsewhere/name"))
    with pytest.raises(ModelNotFoundError, match="no such file or folder; expected"):
        open_model("elsewhere/model.onnx")
    (tmp_path / "org" / "name").mkdir()
    write_safetensors(tmp_path / "org" / "name" / "model.safetensors", {"here": f32(9, 8)})
    assert list(open_model("org/name")) == ["here"]
    assert hub.log == []


@pytest.mark.parametrize(
    "text",
    [
        *("gpt2", "a/b/c", "/a/b", "./a/b", "../b", "a/..", "~/x", "a/b.onnx", "a/b.BIN", "C:/a"),
        *("hf://gpt2", "hf://datasets/a/b", "hf://u:p@h/x", "hf://org/name?x=1", "https://a/b"),
        *("a b/c", "a/b@", "a/b@c d", "a/b\n", "-a/b", "é/b"),
    ],
)
def test_what_is_no_id(text):
    assert parsed(text) is None


def test_no_file_outside_the_model_is_asked_for(hub):
    folder = hub.folder / MAIN
    (folder / "model.safetensors.index.json").unlink()
    for name in SHARDS:
        (folder / name).unlink()
    write_index(folder, {"w": "../../other/name/model.safetensors"})
    with pytest.raises(ModelError, match="outside the model's folder"):
        open_model("org/name")


def said_by(error):
    while error is not None:
        yield from (str(error), repr(error), str(vars(error)))
        error = error.__cause__ or error.__context__


def test_a_token_is_shown_nowhere(hub, store, tmp_path, monkeypatch, capfd, caplog):
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    hub.token = TOKEN
    host = store.url.partition("//")[2]
    model = open_model("org/name", redirect_to=[host])
    ds = spectra.analyze(model, measures=[spectra.measures.size])
    shown = [repr(model), *map(repr, model.values()), str(ds.to_dict()), str(model.notes)]
    for source in (tensor.source for tensor in model.values()):
        file = getattr(source, "file")  # noqa: B009
        shown += [repr(source), repr(file), repr(file.reader), repr(file.facts)]
        shown += [str(vars(file.reader.web.connections))]
    travelling = pickle.dumps(model)
    outputs = [tmp_path / f"result.{kind}" for kind in ("nc", "csv", "json")]
    words = ["analyze", "org/name", "--redirect-to", host, "--resamples", "0"]
    for command in (
        words + [w for path in outputs for w in ("-o", str(path))],
        ["describe", "org/name"],
    ):
        with pytest.raises(SystemExit):
            main(command)
    shown += [path.read_bytes().decode("latin-1") for path in outputs]
    shown.append(str(spectra_io.load(outputs[0]).to_dict()))
    hub.token = "hf_another"
    with pytest.raises(ModelError) as caught:
        open_model("org/name")
    shown += said_by(caught.value)
    out, err = capfd.readouterr()
    assert "log_norm" in out
    for text in (*shown, out, err, travelling.decode("latin-1")):
        assert TOKEN not in text
        assert "SECRET" not in text
    assert TOKEN not in caplog.text


def test_the_package_of_the_hub_waits_until_it_is_needed():
    """Opening local files never imports it."""
    code = """
import sys, spectra_io
spectra_io.open_model(sys.argv[1])
print('huggingface_hub' in sys.modules)
"""
    command = [sys.executable, "-c", code, "examples/models/mnist_mlp.safetensors"]
    ran = subprocess.run(command, capture_output=True, text=True, env=environment())
    assert ran.stdout.strip() == "False"
