"""Files on a disk: read as they were when they were found, or not at all."""

import errno
import os
import pickle
import re
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from spectra.errors import ModelError, ModelFormatError, ModelNotFoundError
from spectra_io import open_model
from spectra_io.storage import descriptors, files
from spectra_io.storage.byte_ranges import ByteRange
from spectra_io.storage.files import LocalFile
from spectra_io.storage.paths import inside
from tests.builders import environment, f32, safetensors_bytes, write, write_index

CONTENT = bytes(range(200))

linked = pytest.mark.skipif(os.name == "nt", reason="links need a privilege on Windows")


@pytest.fixture
def path(tmp_path):
    return write(tmp_path / "numbers", CONTENT)


@pytest.mark.parametrize(
    ("start", "stop"), [(0, 200), (3, 9), (199, 300), (5, 5), (9, 3), (500, 600)]
)
def test_parts_are_read(path, start, stop):
    assert bytes(LocalFile(path).read(start, stop)) == CONTENT[start:stop]
    with LocalFile(path).opened() as data:
        assert data[start:stop] == CONTENT[start:stop]
        assert len(data) == 200


def test_numbers_are_in_memory_and_cannot_be_changed(path):
    found = LocalFile(path).read(1, 9)
    assert not found.flags.writeable
    assert not isinstance(found, np.memmap)
    assert not isinstance(found.base, np.memmap)


def cut(path):
    os.truncate(path, 100)


def lengthened(path):
    with path.open("ab") as file:
        file.write(b"more")


def rewritten(path):
    """Write other bytes of the same length, at another time, into the same file."""
    write(path, CONTENT[::-1])
    os.utime(path, ns=(1, 1))


def replaced(path):
    """Put another file of the same length and time into its place."""
    before = path.stat()
    other = write(path.with_name("other"), CONTENT[::-1])
    other.replace(path)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def emptied(path):
    write(path, b"")


def made_a_link(path):
    """Put a link into its place, to a file of the same length and time."""
    before = path.stat()
    other = write(path.with_name("other"), CONTENT[::-1])
    os.utime(other, ns=(before.st_atime_ns, before.st_mtime_ns))
    path.unlink()
    path.symlink_to(other)


def made_a_pipe(path):
    path.unlink()
    os.mkfifo(path)


def made_a_folder(path):
    path.unlink()
    path.mkdir()


def removed(path):
    path.unlink()


CHANGES = [cut, lengthened, rewritten, replaced, emptied]
if os.name != "nt":
    CHANGES += [made_a_link, made_a_pipe, made_a_folder, removed]


@pytest.mark.parametrize("change", CHANGES)
def test_a_file_that_changed_is_not_read(path, change):
    file = LocalFile(path)
    change(path)
    with pytest.raises((ModelFormatError, FileNotFoundError)) as caught:
        file.read(0, 10)
    assert str(path) in str(caught.value)
    with pytest.raises((ModelFormatError, FileNotFoundError)), file.opened():
        pytest.fail("it was opened")
    with pytest.raises((ModelFormatError, FileNotFoundError)):
        file.gather([(0, 3), (100, 3)], 6)


_EACH = """
import pickle, sys
for numbers in pickle.load(sys.stdin.buffer):
    try:
        print(numbers())
    except OSError as error:
        print(type(error).__name__)
"""


def test_nor_by_another_process(tmp_path):
    changed = []
    for change in CHANGES:
        path = write(tmp_path / change.__name__, CONTENT)
        changed.append(ByteRange(LocalFile(path), 0, "uint8", (2,)))
        change(path)
    same = ByteRange(LocalFile(write(tmp_path / "same", CONTENT)), 0, "uint8", (2,))
    done = subprocess.run(
        [sys.executable, "-c", _EACH], input=pickle.dumps([*changed, same]),
        capture_output=True, env=environment(), check=True,
    )  # fmt: skip
    *refused, read = done.stdout.decode().splitlines()
    assert read == "[0 1]"
    assert set(refused) <= {"ModelFormatError", "ModelNotFoundError"}
    assert len(refused) == len(CHANGES)


@pytest.mark.parametrize("change", [cut, lengthened, rewritten])
def test_nor_one_that_changes_while_it_is_read(path, monkeypatch, change):
    def slow(descriptor, spans, size):
        found = descriptors.filled(descriptor, spans, size)
        change(path)
        return found

    monkeypatch.setattr(files, "filled", slow)
    with pytest.raises(ModelFormatError, match="changed since the model was opened"):
        LocalFile(path).read(0, 10)
    write(path, CONTENT)
    with (
        pytest.raises(ModelFormatError, match="changed since the model was opened"),
        LocalFile(path).opened() as data,
    ):
        data[3:5]


@pytest.mark.parametrize("number", [errno.EIO, errno.ESTALE, errno.EACCES])
@pytest.mark.parametrize("step", ["regular", "filled"])
def test_a_disk_or_network_that_is_lost_is_an_error_with_the_name_of_the_file(
    path, monkeypatch, number, step
):
    file = LocalFile(path)

    def lost(*_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(files, step, lost)
    words = re.escape(f"{path}: {os.strerror(number)}")
    with pytest.raises(ModelError, match=f"^{words}$"):
        file.read(0, 10)
    with pytest.raises(ModelError, match=f"^{words}$"):
        file.gather([(0, 3)], 3)
    with pytest.raises(ModelError, match=f"^{words}$"), file.opened() as data:
        data[3:5]


def test_the_message_says_what_changed(path):
    file = LocalFile(path)
    cut(path)
    with pytest.raises(ModelFormatError, match="200 bytes then, 100 now"):
        file.read(0, 10)
    write(path, CONTENT[::-1])
    os.utime(path, ns=(1, 1))
    with pytest.raises(ModelFormatError, match="it was replaced or written to"):
        file.read(0, 10)


@linked
def test_without_the_flag_of_the_system_a_link_is_found_out_too(path, monkeypatch):
    """As on Windows, which has no O_NOFOLLOW."""
    monkeypatch.setattr(descriptors, "_FLAGS", os.O_RDONLY)
    file = LocalFile(path)
    made_a_link(path)
    with pytest.raises(ModelFormatError, match="changed since the model was opened"):
        file.read(0, 10)


def test_on_another_machine_only_the_length_is_compared(path, monkeypatch):
    """Numbers of a file system, and times of a copy, differ there."""
    sent = pickle.dumps(LocalFile(path))
    monkeypatch.setattr("platform.node", lambda: "elsewhere")
    replaced(path)
    assert bytes(pickle.loads(sent).read(0, 200)) == CONTENT[::-1]
    cut(path)
    with pytest.raises(ModelFormatError, match="200 bytes then, 100 now"):
        pickle.loads(sent).read(0, 200)


def test_a_file_that_is_not_there_yet(tmp_path):
    file = LocalFile(tmp_path / "later")
    for use in (file.size, lambda: file.read(0, 1)):
        with pytest.raises(FileNotFoundError):
            use()
    write(file.path, b"abc")
    assert bytes(file.read(0, 9)) == b"abc"


def test_references_are_equal_while_the_file_is_the_same(path):
    first, second = LocalFile(path), LocalFile(path)
    assert first == second == pickle.loads(pickle.dumps(first))
    assert len({first, second}) == 1
    cut(path)
    assert LocalFile(path) != first


@linked
def test_links_of_a_hub_cache_are_followed(tmp_path):
    blobs, snapshot = tmp_path / "m" / "blobs", tmp_path / "m" / "snapshots" / "abc"
    blobs.mkdir(parents=True)
    snapshot.mkdir(parents=True)
    write(blobs / "0a1b", safetensors_bytes({"w": ("F32", (4, 3), f32(4, 3).tobytes())}))
    (snapshot / "model.safetensors").symlink_to("../../blobs/0a1b")
    write_index(snapshot, {"w": "model.safetensors"})
    for place in (
        snapshot,
        snapshot / "model.safetensors",
        snapshot / "model.safetensors.index.json",
    ):
        np.testing.assert_array_equal(open_model(place)["w"].read(), f32(4, 3))
    tensor = open_model(snapshot)["w"]
    os.truncate(blobs / "0a1b", 50)
    with pytest.raises(ModelFormatError, match=r"abc/model\.safetensors: .* changed"):
        tensor.read()


@linked
def test_a_link_is_followed_once(tmp_path):
    """Where it points later does not matter."""
    write(tmp_path / "a", b"aaa")
    write(tmp_path / "b", b"bbb")
    (tmp_path / "link").symlink_to("a")
    file = LocalFile(tmp_path / "link")
    (tmp_path / "link").unlink()
    (tmp_path / "link").symlink_to("b")
    assert bytes(file.read(0, 3)) == b"aaa"


@linked
def test_a_link_that_turns_outside_between_check_and_opening(tmp_path, monkeypatch):
    folder = tmp_path / "model"
    folder.mkdir()
    secret = write(tmp_path / "secret", b"secret")
    write(folder / "w.bin", b"public")

    def race(*arguments, **more):
        found = inside(*arguments, **more)
        found.unlink()
        found.symlink_to(secret)
        return found

    monkeypatch.setattr("spectra_io.storage.files.inside", race)
    with pytest.raises(ModelFormatError, match="a link that leads outside the model's folder"):
        LocalFile(folder / "m.onnx").beside("w.bin", asked_by="tensor 'w'")


def count_descriptors():
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs /proc")
def test_no_descriptor_stays_open(path):
    file, before = LocalFile(path), count_descriptors()
    found = [file.read(i % 100, 200) for i in range(500)]
    with file.opened() as data:
        data[:5]
    for _ in range(3):
        with pytest.raises(RuntimeError), file.opened() as data:
            raise RuntimeError
    cut(path)
    for _ in range(100):
        with pytest.raises(ModelFormatError):
            file.read(0, 10)
    made_a_link(path)
    for _ in range(100):
        with pytest.raises(ModelError):
            file.read(0, 10)
    assert count_descriptors() == before
    assert len(found) == 500


_FEW = """
import resource, sys
import numpy as np
resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
import spectra
from concurrent.futures import ThreadPoolExecutor
from spectra_io import open_model
model = open_model(sys.argv[1])
with ThreadPoolExecutor(8) as pool:
    sums = list(pool.map(lambda tensor: float(tensor.read().sum()), model.values()))
ds = spectra.analyze(model)
print(len(sums), sum(sums), set(spectra.labels(ds.status).values))
"""


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs RLIMIT_NOFILE")
def test_hundreds_of_shards_with_few_descriptors(tmp_path):
    places = {}
    for i in range(300):
        one = ("F32", (3, 2), np.full((3, 2), i, "<f4").tobytes())
        write(tmp_path / f"s{i}.safetensors", safetensors_bytes({f"layers.{i}.weight": one}))
        places[f"layers.{i}.weight"] = f"s{i}.safetensors"
    write_index(tmp_path, places)
    done = subprocess.run(
        [sys.executable, "-c", _FEW, str(tmp_path)],
        capture_output=True, text=True, env=environment(), check=True,
    )  # fmt: skip
    assert done.stdout.split() == ["300", str(6.0 * sum(range(300))), *done.stdout.split()[2:]]
    assert "not_read" not in done.stdout


def test_threads_do_not_disturb_each_other(path):
    file = LocalFile(path)
    wrong = []

    def work(seed):
        rng = np.random.default_rng(seed)
        for _ in range(300):
            start, stop = sorted(rng.integers(0, 201, 2).tolist())
            if bytes(file.read(start, stop)) != CONTENT[start:stop]:
                wrong.append((start, stop))

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert not wrong


def in_blocks(numbers, step, axis):
    found = numbers.blocks(step, axis)
    assert found is not None
    return found


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("step", [1, 3, 7, 50])
@pytest.mark.parametrize("axis", [0, 1])
def test_blocks_of_a_matrix(tmp_path, order, step, axis):
    W = f32(9, 7).astype(f"{order}f4")
    path = write(tmp_path / "w", b"head" + W.tobytes() + b"tail")
    numbers = ByteRange(LocalFile(path), 4, "float32", (9, 7), order)
    found = list(in_blocks(numbers, step, axis))
    assert max(block.shape[axis] for block in found) <= step
    np.testing.assert_array_equal(np.concatenate(found, axis=axis), W)


def test_a_block_reads_its_own_bytes_only(tmp_path):
    """A file with a hole of 8 TB, which no machine could hold or read through."""
    if not sys.platform.startswith("linux"):
        pytest.skip("needs a file system with holes")
    path = tmp_path / "holes"
    rows, columns = 1 << 20, 1 << 20
    with path.open("wb") as file:
        try:
            file.truncate(8 * rows * columns)
        except OSError:
            pytest.skip("the file system has a limit")
    numbers = ByteRange(LocalFile(path), 0, "float64", (rows, columns))
    assert next(in_blocks(numbers, 2, 0)).shape == (2, columns)
    assert numbers.rows(rows - 1, rows)().shape == (1, columns)


def test_blocks_of_a_file_that_is_cut_between_them(tmp_path):
    path = write(tmp_path / "w", f32(20, 30).tobytes())
    for axis in (0, 1):
        blocks = in_blocks(ByteRange(LocalFile(path), 0, "float32", (20, 30)), 4, axis)
        next(blocks)
        os.truncate(path, 2000)
        with pytest.raises(ModelFormatError, match="changed since"):
            next(blocks)
        write(path, f32(20, 30).tobytes())


def test_beside_names_what_is_wrong(tmp_path):
    file = LocalFile(write(tmp_path / "m.onnx", b"x"))
    with pytest.raises(ModelNotFoundError):
        file.beside("gone", asked_by="x")
    with pytest.raises(ModelFormatError):
        file.beside("../gone", asked_by="x")
    assert file.beside("m.onnx", asked_by="x") == LocalFile(Path(tmp_path) / "m.onnx")
