"""Stores in folders: whole parts or none, several writers, disks that are full, and runs."""

import json
import os
import pickle
import random
import subprocess
import sys
import textwrap
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
import xarray as xr

import spectra
import spectra_io
from spectra import measures
from spectra.errors import ArgumentError, ModelFormatError, SpectraError, StoreWarning
from spectra.stored import runs
from spectra.stored._parts import Part
from spectra_io.results.stores import open_store
from tests.builders import SHARED, environment

WANTED = [measures.size, measures.tail_fit]
MODEL = {f"{n}.weight": np.random.default_rng(n).standard_normal((30, 20 + n)) for n in range(4)}


def analyzed(store=None, model=MODEL, **options):
    return spectra.analyze(model, measures=WANTED, store=store, **options)


@pytest.fixture
def store(tmp_path):
    return open_store(tmp_path / "results.store")


# ---- the folder


def test_a_folder_is_a_mapping(store):
    parts = {"ab/ab12-34": b"one", "cd/cd12-34": b"", "ab/ab56-78": bytes(range(256)) * 999}
    store.update(parts)
    assert dict(store) == parts
    assert (list(store), len(store)) == (sorted(parts), 3)
    assert store.under("ab/ab1") == ["ab/ab12-34"]
    assert store.under("ef/") == []
    assert "cd/cd12-34" in store
    assert "cd/cd12-35" not in store
    store["ab/ab12-34"] = b"two"
    del store["cd/cd12-34"]
    assert dict(pickle.loads(pickle.dumps(store))) == {**dict(store), "ab/ab12-34": b"two"}
    with pytest.raises(KeyError):
        del store["cd/cd12-34"]
    assert list((store.folder / "partial").iterdir()) == []


@pytest.mark.parametrize("name", ["../x/ab-12", "ab/../../x-1", "/etc/passwd", "ab", "ab/x", "", 3])
def test_other_names_are_refused(store, name):
    with pytest.raises(KeyError):
        store[name] = b"x"
    with pytest.raises(KeyError):
        store[name]
    assert name not in store


def test_what_else_lies_in_the_folder_is_no_part(store):
    store["ab/ab12-34"] = b"one"
    (store.folder / "ab" / "ab12-34.tmp").write_bytes(b"x")
    (store.folder / "ab" / ".nfs0001").write_bytes(b"x")
    (store.folder / "notes.txt").write_bytes(b"x")
    (store.folder / "partial" / "ab12-34").write_bytes(b"x")
    (store.folder / "ab" / "ab99-99").mkdir()
    assert [name for name in store if name in store] == ["ab/ab12-34"]
    with pytest.raises(ModelFormatError, match="not a part of a store"):
        store["ab/ab99-99"]


def test_a_store_is_opened_again_and_an_empty_folder_becomes_one(tmp_path):
    empty = tmp_path / "empty"
    empty.mkdir()
    for folder in (empty, empty, str(empty)):
        assert open_store(folder).folder == empty
    (empty / "spectra-store.json").unlink()  # as if another process was about to write it
    assert open_store(empty).folder == empty


def test_other_folders_are_refused(tmp_path):
    file = tmp_path / "file"
    file.write_bytes(b"x")
    other = tmp_path / "other"
    other.mkdir()
    (other / "config.json").write_text("{}")
    newer = open_store(tmp_path / "newer").folder
    (newer / "spectra-store.json").write_text(json.dumps({"format": "x", "version": 2}))
    for path, words in [
        (file, "not a folder"),
        (file / "x", "Not a directory"),
        (other, "a folder of something else"),
        (newer, "a store of another version"),
        (tmp_path / "a" / "b", "No such file or directory"),
        ("a\0b", "null"),
        ("x" * 300, "too long"),
    ]:
        with pytest.raises(ArgumentError, match=words):
            open_store(path)
    assert [*other.iterdir()] == [other / "config.json"]


def test_old_files_that_are_not_complete_are_deleted(store):
    folder = store.folder / "partial"
    for name, age in [("old", 7200), ("new", 60)]:
        (folder / name).write_bytes(b"x")
        then = time.time() - age
        os.utime(folder / name, (then, then))
    open_store(store.folder)
    assert [path.name for path in folder.iterdir()] == ["new"]


# ---- analyses


def test_a_store_in_a_folder_gives_the_results_again(store):
    plain = analyzed()
    for _ in range(2):
        xr.testing.assert_identical(analyzed(store), plain)
    xr.testing.assert_identical(spectra_io.load(store.folder), plain)
    tensors = spectra_io.load(store.folder, group="tensors")
    xr.testing.assert_identical(tensors, spectra.describe(MODEL))


@pytest.mark.slow
def test_workers_in_other_processes_write_to_it(store):
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as executor:
        found = analyzed(store, executor=executor)
    xr.testing.assert_identical(found, analyzed())
    again = open_store(store.folder)
    num = len(again)
    xr.testing.assert_identical(analyzed(again), found)
    assert len(again) == num == len(MODEL) + 1


@pytest.mark.slow
def test_a_dict_is_a_copy_in_other_processes():
    with (
        ProcessPoolExecutor(2, mp_context=get_context("spawn")) as executor,
        pytest.warns(StoreWarning, match="give one that they share"),
    ):
        analyzed({}, executor=executor)


def test_a_mapper_of_fsspec_is_a_store(tmp_path):
    fsspec = pytest.importorskip("fsspec")
    mapper = fsspec.get_mapper((tmp_path / "mapped").as_uri())
    plain = analyzed()
    for _ in range(2):
        xr.testing.assert_identical(analyzed(mapper), plain)
    (run,) = runs(mapper)
    xr.testing.assert_identical(spectra.stored.load_run(mapper, run.name), plain)
    more = spectra.analyze(MODEL, measures=[*WANTED, measures.hill_fit], store=mapper)
    assert "alpha_hill" in more


def test_runs_are_loaded_by_name(store, tmp_path):
    with pytest.raises(ModelFormatError, match="holds no run that has ended"):
        spectra_io.load(store.folder)
    found = [analyzed(store, rng=seed) for seed in (0, 1)]
    with pytest.raises(ModelFormatError, match=r"holds 2 runs; name one of them: .*4 of 4 layers"):
        spectra_io.load(store.folder)
    loaded = [spectra_io.load(store.folder / run.name) for run in runs(store)]
    assert sorted(ds.attrs["rng"] for ds in loaded) == [0, 1]
    assert all(ds.identical(found[ds.attrs["rng"]]) for ds in loaded)
    with pytest.raises(SpectraError, match="no run 'runs/x' in the store"):
        spectra_io.load(store.folder / "runs" / "x")
    with pytest.raises(ModelFormatError, match="has the group 'tensors' only"):
        spectra_io.load(store.folder, group="layers")


@pytest.mark.slow
@pytest.mark.shared
def test_real_networks_are_the_same_with_one_store_for_all(store):
    folders = ("wildbg", "unitree", "dtln", "ultraface")
    paths = [path for name in folders for path in (SHARED / "models" / name).rglob("*.onnx")]
    paths = [path for path in paths if path.stat().st_size < 1_500_000]
    assert len(paths) > 5
    for path in paths:
        model = spectra_io.open_model(path)
        for pool in (True, False):
            plain = spectra.analyze(model, measures=WANTED, pool=pool)
            for _ in range(2):
                found = spectra.analyze(model, measures=WANTED, pool=pool, store=store)
                xr.testing.assert_identical(found, plain)
    assert all(spectra_io.load(store.folder / run.name).sizes for run in runs(store))


# ---- disks


def test_a_failing_disk_costs_no_result(store):
    analyzed(store, {"0.weight": MODEL["0.weight"]})
    (store.folder / "partial").rmdir()
    (store.folder / "partial").write_bytes(b"")  # nothing can be written any more
    with pytest.warns(StoreWarning, match="3 x results not stored: File exists"):
        xr.testing.assert_identical(analyzed(store), analyzed())


RUN = """
import sys
import numpy as np
import spectra
from spectra import measures
from spectra_io.results.stores import open_store
rng = np.random.default_rng(0)
model = {{f"{{n}}.weight": rng.standard_normal((30, 20 + n)) for n in range(4)}}
store = open_store(sys.argv[1])
{limit}
ds = spectra.analyze(model, measures=[measures.size, measures.tail_fit], store=store)
print(int((ds.status == 1).sum()), len(store))
"""


def run(path, limit=""):
    code = RUN.format(limit=limit)
    command = [sys.executable, "-c", code, str(path)]
    return subprocess.run(command, capture_output=True, text=True, env=environment(), check=False)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="limits of POSIX")
def test_a_full_disk_costs_no_result_and_leaves_no_piece(tmp_path):
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (700, 700))"
    done = run(tmp_path / "s", limit=limit)
    assert done.stdout == "4 0\n"
    assert done.stderr.count("StoreWarning: 4 x results not stored: File too large") == 1
    assert [path for path in (tmp_path / "s").rglob("*") if path.is_file()] == [
        tmp_path / "s" / "spectra-store.json"
    ]
    assert run(tmp_path / "s").stdout == "4 5\n"


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs another user")
def test_a_read_only_store_is_read(tmp_path):
    """As another user, because root may write everywhere."""
    imports = "spectra.analyze({'a': np.eye(9)}, store={}, measures=[measures.size])"
    nobody = f"{imports}; import os; os.setuid(65534)"
    with TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        folder = open_store(Path(name) / "s").folder
        done = run(folder, limit=nobody)
        assert done.stdout == "4 0\n"
        assert "StoreWarning: 4 x results not stored: Permission denied" in done.stderr
        assert run(folder).stdout == "4 5\n"
        done = run(folder, limit=nobody)
        assert done.stdout == "4 5\n"
        assert "StoreWarning: 1 x run not stored: Permission denied" in done.stderr


# ---- several processes, and their ends

LAYERS = 40
WORK = textwrap.dedent(
    """
    import sys
    from concurrent.futures import ThreadPoolExecutor
    import numpy as np
    import spectra, spectra_io
    from spectra import measures

    folder, log, answer = sys.argv[1:]

    def counted(spectrum):
        with open(log, "a") as file:
            file.write(f"{spectrum.lambda_max!r}\\n")
        return {"alpha_hill": spectrum.lambda_max}

    rng = np.random.default_rng(0)
    model = {f"{n}.weight": rng.standard_normal((90 + n, 60)) for n in range(40)}
    store = spectra_io.open_store(folder)
    print("ready", flush=True)
    with ThreadPoolExecutor(2) as executor:
        asked = [*measures.CORE, counted]
        ds = spectra.analyze(model, measures=asked, store=store, executor=executor)
    spectra_io.save(ds, answer)
    """
)


class Runs:
    """Processes that analyse one model with one store, each with a log of its computations."""

    def __init__(self, folder, script):
        self.folder, self.script, self.num = folder, script, 0

    def start(self, store="store"):
        self.num += 1
        log = self.folder / f"{self.num}.log"
        log.touch()
        paths = [self.folder / store, self.log, self.folder / f"{self.num}.nc"]
        process = subprocess.Popen(
            [sys.executable, self.script, *map(str, paths)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment(),
        )
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        return process

    @property
    def log(self):
        return self.folder / "log"

    def computed(self):
        return Counter(self.log.read_text().split()) if self.log.exists() else Counter()

    def loaded(self, num):
        return spectra_io.load(self.folder / f"{num}.nc")


@pytest.fixture
def processes(tmp_path):
    script = tmp_path / "work.py"
    script.write_text(WORK)
    return Runs(tmp_path, script)


def parts(store):
    """Return every part of a store, none of which may be damaged, by its largest eigenvalue."""
    found = {name: Part.from_bytes(store[name]) for name in store if not name.startswith("runs/")}
    return {repr(float(part.by_matrix.max())) for part in found.values()}


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")
def test_twenty_kills_cost_the_layers_in_work_only(processes, tmp_path):
    store = open_store(tmp_path / "store")
    draw = random.Random(0)
    for kill in range(20):
        done, before = parts(store), processes.computed()
        process = processes.start()
        while kill % 5 and processes.computed() == before and process.poll() is None:
            time.sleep(0.001)  # four of five are killed when layers are under way
        time.sleep(draw.uniform(0.0, 0.1))
        process.kill()
        process.communicate()
        again = processes.computed() - before
        assert not done & again.keys()  # what is stored is never computed again
    killed = len(parts(store))
    process = processes.start()
    assert process.communicate()[1] == ""
    assert killed > 5
    computed = processes.computed()
    assert len(computed) == LAYERS
    assert computed.total() <= LAYERS + 2 * 20  # two threads
    processes.log.unlink()
    whole = processes.start("whole")
    assert whole.communicate()[1] == ""
    xr.testing.assert_identical(processes.loaded(21), processes.loaded(22))
    other = open_store(tmp_path / "whole")
    assert dict(store) == dict(other)
    xr.testing.assert_identical(spectra_io.load(store.folder), spectra_io.load(other.folder))
    assert set(processes.computed().values()) == {1}


@pytest.mark.slow
def test_two_processes_share_a_store(processes, tmp_path):
    both = [processes.start(), processes.start()]
    assert [process.communicate()[1] for process in both] == ["", ""]
    xr.testing.assert_identical(processes.loaded(1), processes.loaded(2))
    assert max(processes.computed().values()) <= 2
    store = open_store(tmp_path / "store")
    assert (len(parts(store)), len(runs(store))) == (LAYERS, 1)
    third = processes.start()
    assert third.communicate()[1] == ""
    xr.testing.assert_identical(processes.loaded(1), processes.loaded(3))
    assert processes.computed().total() <= 2 * LAYERS
