"""Files that are written: what is never replaced, and how the rest is."""

import json
import os
import shutil
import socket
import stat
import sys
from importlib.util import find_spec
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from matplotlib.figure import Figure
from onnx import helper

import spectra
import spectra_io
from spectra.errors import ArgumentError
from spectra_io import plots
from spectra_io.commands import main as cli
from spectra_io.commands import steps, work
from tests.builders import external, f32, graph, write, write_index, write_onnx, write_safetensors

PARQUET = [".parquet"] if find_spec("pyarrow") else []
RESULTS = [".nc", ".csv", ".json", *PARQUET]
FIGURES = [".png", ".pdf", ".svg"]
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="links, pipes and permissions of POSIX")


@pytest.fixture(scope="module")
def ds():
    return spectra.analyze({"fc": np.eye(4)})


@pytest.fixture
def save(ds):
    """Return a function that writes a result or a figure to a path, and the words of a refusal."""

    def call(path: Path) -> str:
        try:
            if path.suffix.lower() in FIGURES:
                with plots.to_file(path) as ax:
                    ax.plot([1, 2])
            else:
                spectra_io.save(ds, path)
        except ArgumentError as error:
            return str(error).removeprefix(f"{path}: ")
        return ""

    return call


def foreign(path):
    """Write a file of the format of its ending that is not a result of ours."""
    match path.suffix:
        case ".nc":
            with h5py.File(path, "w") as file:
                file["temperature"] = [1.0]
                file["norm"] = [1.0]
        case ".csv":
            path.write_text("name,alpha\nfc,2.5\n")
        case ".json":
            path.write_text(json.dumps({"attributes": {}, "layers": []}))
        case ".parquet":
            pd.DataFrame({"name": ["fc"], "alpha": [2.5]}).to_parquet(path)
        case _:
            figure = Figure()
            figure.subplots().set_title("weightspectra")
            figure.savefig(path)
    return path.read_bytes()


@pytest.mark.parametrize("ending", [*RESULTS, *FIGURES])
def test_a_file_that_is_not_a_result_is_not_replaced(save, tmp_path, ending):
    path = tmp_path / f"a{ending}"
    before = foreign(path)
    assert save(path).startswith("not replaced, because it is not a result of this program")
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("ending", [*RESULTS, *FIGURES])
@pytest.mark.parametrize(
    "content", ["text", "\0" * 200, "layer\nfc\n", '{"attributes": 1}', "PAR1"]
)
def test_content_of_another_format_is_not_replaced(save, tmp_path, ending, content):
    path = write(tmp_path / f"a{ending}", content)
    assert save(path).startswith("not replaced")
    assert path.read_text() == content


@pytest.mark.parametrize("ending", [*RESULTS, *FIGURES])
def test_a_result_is_replaced(save, tmp_path, ending):
    path = tmp_path / f"a{ending}"
    assert save(path) == ""
    path.chmod(0o640)
    os.utime(path, (0, 0))
    assert save(path) == ""
    assert path.stat().st_mtime > 0
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("ending", RESULTS)
def test_results_of_every_shape_are_recognised(tmp_path, ds, ending):
    """Of no layers, of several models, of a measure alone, with tensors, with hostile names."""
    both = pd.Index(["a", "b"], name="model")
    for made in (
        spectra.analyze({}),
        spectra.analyze({"=1+1,\n": np.eye(3), "b": np.eye(2)}, measures=spectra.measures.size),
        xr.concat([ds, ds], both, join="outer"),
        ds.drop_attrs(),
    ):
        for _ in range(2):
            spectra_io.save(made, tmp_path / f"r{ending}", tensors=spectra.describe({}))


@pytest.mark.parametrize("ending", [*RESULTS, *FIGURES])
def test_an_empty_file_is_filled(save, tmp_path, ending):
    """As mktemp makes it."""
    path = write(tmp_path / f"a{ending}", "")
    assert save(path) == ""
    assert path.stat().st_size > 0


@pytest.mark.parametrize(
    "name",
    ["config.json", "adapter_config.json", "quantize_config.json", "model.safetensors.index.json"],
)
@pytest.mark.parametrize("spelling", [str.lower, str.upper, str.title])
def test_names_that_a_reader_looks_for_are_not_taken(save, tmp_path, name, spelling):
    """Though there is no such file: it would become a part of the model beside it."""
    assert save(tmp_path / spelling(name)) == (
        "a file of a model has this name; choose another name"
    )
    assert list(tmp_path.iterdir()) == []


# ---- parts of a model


@pytest.fixture
def model(tmp_path):
    """Return a folder with every kind of file that models are made of, and the models in it."""
    folder = tmp_path / "net"
    folder.mkdir()
    write_safetensors(folder / "shard.csv", {"fc.weight": f32(30, 20)})  # any name will do
    write_index(folder, {"fc.weight": "shard.csv"})
    write(folder / "config.json", '{"model_type": "bert"}')
    write(folder / "tokenizer.json", '{"version": "1.0"}')
    weights = external("w", (30, 20), {"location": "w.nc"})
    write(folder / "w.nc", f32(30, 20).tobytes())
    made = graph([helper.make_node("MatMul", ["x", "w"], ["y"])], [weights])
    write_onnx(folder / "m.onnx", made)
    np.savez(folder / "m.npz", fc=f32(30, 20))
    shutil.copy(folder / "m.npz", folder / "m.json")
    return folder


def no_work(*_, **__):
    pytest.fail("a file was opened")


def refused(capsys, *arguments):
    """Return the complaint of a command that did no work."""
    capsys.readouterr()
    with pytest.raises(SystemExit) as stopped:
        cli.main([str(argument) for argument in arguments])
    out, err = capsys.readouterr()
    assert (stopped.value.code, out) == (1, "")
    assert len(err.splitlines()) == 1
    return err


def spellings(path):
    """Yield ways to name a file."""
    yield path
    yield path.parent / "." / path.name
    yield path.parent / ".." / path.parent.name / path.name
    link = path.parent.parent / f"link{path.suffix}"
    link.symlink_to(path)
    yield link
    chain = path.parent.parent / f"chain{path.suffix}"
    chain.symlink_to(link.name)
    yield chain
    hard = path.parent.parent / f"hard{path.suffix}"
    os.link(path, hard)
    yield hard
    folder = path.parent.parent / "folder"
    folder.symlink_to(path.parent)
    yield folder / path.name


PARTS = {
    "index": ("model.safetensors.index.json", "model.safetensors.index.json"),
    "shard": ("model.safetensors.index.json", "shard.csv"),
    "config": ("model.safetensors.index.json", "config.json"),
    "beside": ("model.safetensors.index.json", "tokenizer.json"),
    "external data": ("m.onnx", "w.nc"),
    "the file itself": ("m.json", "m.json"),
}


@POSIX
@pytest.mark.parametrize("command", ["analyze", "noise"])
@pytest.mark.parametrize(("named", "part"), PARTS.values(), ids=PARTS)
def test_no_part_of_a_model_is_replaced(capsys, monkeypatch, model, command, named, part):
    monkeypatch.setattr(steps, "open_model", no_work)
    before = {path: path.read_bytes() for path in model.iterdir()}
    for output in spellings(model / part):
        message = refused(capsys, command, model / named, "-o", output)
        assert message.startswith(f"spectra: {output}: ")
        assert "choose another name" in message
    assert {path: path.read_bytes() for path in model.iterdir()} == before


def test_no_part_of_a_model_is_replaced_by_a_figure(capsys, monkeypatch, tmp_path):
    monkeypatch.setattr(steps, "open_model", no_work)
    path = write_safetensors(tmp_path / "m.png", {"fc": f32(30, 20)})
    before = path.read_bytes()
    assert "choose another name" in refused(capsys, "plot", path, "-o", path)
    assert path.read_bytes() == before


def test_a_model_of_any_name_is_a_model(model):
    """What the tests above protect is read."""
    for named in {named for named, _ in PARTS.values()}:
        assert any(layer.taken for layer in spectra.layers(spectra_io.open_model(model / named)))


# ---- what is not a file


@POSIX
@pytest.mark.parametrize("ending", [".csv", ".png"])
def test_a_link_stays_and_its_target_is_replaced(save, tmp_path, ending):
    target = tmp_path / "far" / f"r{ending}"
    target.parent.mkdir()
    link = tmp_path / f"link{ending}"
    link.symlink_to(target)
    assert save(link) == ""  # a link to a file that is not there yet
    os.utime(target, (0, 0))
    assert save(link) == ""
    assert link.is_symlink()
    assert target.stat().st_mtime > 0
    assert sorted(tmp_path.iterdir()) == sorted([target.parent, link])


@POSIX
def test_a_link_that_leads_nowhere_is_refused(save, tmp_path):
    circle = tmp_path / "a.csv"
    circle.symlink_to("b.csv")
    (tmp_path / "b.csv").symlink_to("a.csv")
    assert "a link that leads nowhere" in save(circle)
    lost = tmp_path / "lost.csv"
    lost.symlink_to("gone/r.csv")
    assert save(lost) == f"cannot be written, {tmp_path}/gone is no folder"


@POSIX
def test_pipes_sockets_and_devices_are_refused_and_stay(save, tmp_path, monkeypatch):
    pipe = tmp_path / "pipe.csv"
    os.mkfifo(pipe)
    device = tmp_path / "full.csv"
    device.symlink_to("/dev/full")
    address = tmp_path / "socket.csv"
    with socket.socket(socket.AF_UNIX) as opened:
        monkeypatch.chdir(tmp_path)  # the path of a socket must be short
        opened.bind(address.name)
        for path in (pipe, device, address):
            assert save(path) == ("a device, a pipe or a socket; results are written to files only")
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert stat.S_ISSOCK(address.stat().st_mode)
    assert device.is_symlink()


@POSIX
@pytest.mark.parametrize("mode", [0o640, 0o600, 0o666])
def test_permissions_of_an_existing_file_are_kept(save, tmp_path, mode):
    path = tmp_path / "r.csv"
    save(path)
    path.chmod(mode)
    save(path)
    assert stat.S_IMODE(path.stat().st_mode) == mode


@POSIX
def test_permissions_of_a_new_file_are_those_of_any(save, tmp_path):
    save(tmp_path / "r.csv")
    other = write(tmp_path / "other", "")
    assert (tmp_path / "r.csv").stat().st_mode == other.stat().st_mode


@POSIX
def test_a_read_only_file_is_not_replaced(save, tmp_path, monkeypatch):
    path = tmp_path / "r.csv"
    save(path)
    path.chmod(0o444)
    if os.access(path, os.W_OK):  # as root
        monkeypatch.setattr(os, "access", lambda *_: False)
    assert save(path) == "cannot be written, it is read-only"


@pytest.mark.parametrize("name", ["x" * 300 + ".csv", "a\0.csv"])
def test_names_that_no_file_can_have(save, tmp_path, name):
    path = tmp_path / name
    with pytest.raises(ArgumentError, match="written"):
        spectra_io.save(spectra.analyze({}), path)


def test_a_file_that_comes_in_between_is_not_replaced(run, tmp_path, monkeypatch, ds):
    path = write_safetensors(tmp_path / "m.safetensors", {"fc": f32(30, 20)})
    output = tmp_path / "r.csv"

    def analyzed(*_, **__):
        output.write_text("mine\n")
        return ds

    monkeypatch.setattr(work, "analyzed", analyzed)
    code, out, err = run("analyze", path, "-o", output)
    assert code == 1
    assert "fc" in out
    assert "r.csv: not written: not replaced, because it is not a result" in err
    assert err.endswith("; the results are only in the table above\n")
    assert output.read_text() == "mine\n"


@pytest.fixture
def run(capsys):
    def call(*arguments):
        capsys.readouterr()
        with pytest.raises(SystemExit) as stopped:
            cli.main([str(argument) for argument in arguments])
        return (stopped.value.code, *capsys.readouterr())

    return call
