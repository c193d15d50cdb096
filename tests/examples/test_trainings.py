"""Training in plain NumPy: gradients, an early end, frozen layers, and digits as they are kept."""

import gzip

import numpy as np
import pytest

from tests.builders import EXAMPLES

ARTICLES = EXAMPLES.parent / "articles"


@pytest.fixture(autouse=True)
def trainings(monkeypatch):
    monkeypatch.syspath_prepend(ARTICLES)


def test_gradients_are_slopes_of_the_loss():
    from trainings.digits import made_up
    from trainings.networks import Layer, gradients, loss, start

    rng = np.random.default_rng(0)
    digits = made_up(20, rng, size=9)
    digits = digits._replace(x=digits.x.astype(float))
    network = [Layer(w.astype(float), b + 0.1) for w, b in start((9, 7, 10), rng)]
    _, slopes = gradients(network, digits, [1, 0])
    for place, layer in enumerate(network):
        for part, slope in zip(layer, slopes[1 - place], strict=True):
            where = tuple(rng.integers(0, size) for size in part.shape)
            part[where] += 1e-3
            above = loss(network, digits)
            part[where] -= 2e-3
            below = loss(network, digits)
            part[where] += 1e-3
            assert slope[where] == pytest.approx((above - below) / 2e-3, rel=1e-3, abs=1e-6)


def test_training_learns_stops_and_changes_only_what_it_may():
    from trainings.digits import made_up
    from trainings.networks import accuracy, start, train

    rng = np.random.default_rng(1)
    digits, others = made_up(400, rng, size=30), made_up(200, rng, size=30)
    before = start((30, 20, 10), rng)
    found = train(before, digits, batch=10, rate=0.2, rng=rng, momentum=0.5, layers=[0])
    assert accuracy(before, others) < 0.4 < 0.95 < accuracy(found.network, others)
    assert len(found.losses) < 200
    assert min(found.losses[:-3]) - 0.001 <= min(found.losses[-3:])
    assert not np.array_equal(found.network[0].weight, before[0].weight)
    assert np.array_equal(found.network[1].weight, before[1].weight)
    short = train(before, digits, batch=10, rate=0.2, rng=rng, epochs=2, decay=1.0)
    assert len(short.losses) == 2
    assert np.linalg.norm(short.network[0].weight) < np.linalg.norm(before[0].weight)


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_digits_are_read_as_they_are_kept(tmp_path, pack):
    from trainings.digits import read_train_and_test

    def write(name, array):
        head = bytes([0, 0, 8, array.ndim])
        sizes = b"".join(size.to_bytes(4, "big") for size in array.shape)
        (tmp_path / name).write_bytes(pack(head + sizes + array.tobytes()))

    pixels = np.arange(2 * 4 * 4, dtype=np.uint8).reshape(2, 4, 4)
    for part in ("train", "t10k"):
        write(f"{part}-images-idx3-ubyte", pixels)
        write(f"{part}-labels-idx1-ubyte", np.array([3, 9], np.uint8))
    train, test = read_train_and_test(tmp_path)
    assert train.x.shape == test.x.shape == (2, 16)
    assert train.y.tolist() == [3, 9]
    np.savez(tmp_path / "subset.npz", x=pixels[:1], y=np.array([5]))
    assert read_train_and_test(tmp_path)[0].y.tolist() == [5]


def test_a_share_of_the_labels_is_drawn_at_random():
    from trainings.digits import made_up, with_random_labels

    rng = np.random.default_rng(2)
    digits = made_up(10_000, rng, size=3)
    spoiled = with_random_labels(digits, 0.2, rng)
    assert (spoiled.y != digits.y).mean() == pytest.approx(0.18, abs=0.02)


def test_digits_that_are_not_there_are_named(tmp_path):
    from trainings.digits import read_test, read_train_and_test

    with pytest.raises(FileNotFoundError, match="t10k-images-idx3-ubyte and t10k-labels-idx1"):
        read_test(tmp_path)
    np.savez(tmp_path / "other.npz", weights=np.ones(3))
    with pytest.raises(ValueError, match=r"other.npz has no arrays `x` and `y`.*weights"):
        read_train_and_test(tmp_path)


def test_networks_that_are_not_there_are_named(tmp_path):
    from trainings.networks_of_others import check

    (tmp_path / "a.onnx").touch()
    check(tmp_path, ["a.onnx"])
    with pytest.raises(FileNotFoundError, match=r"lacks 2 of 3 networks.*: b.onnx, c.onnx"):
        check(tmp_path, ["a.onnx", "b.onnx", "c.onnx"])


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["--out", "x"], "one of the arguments --digits --models is required"),
        (["--digits", "."], "--out"),
        (["--digits", ".", "--models", ".", "--out", "x"], "not allowed with"),
        (["--models", "nowhere", "--out", "x"], "nowhere is not a folder"),
    ],
)
def test_a_training_says_what_it_needs(given, message, monkeypatch, capsys):
    from trainings import command

    monkeypatch.setattr("sys.argv", ["training", *given])
    with pytest.raises(SystemExit):
        command.read(command.parser("Train.", "digits", "models"))
    assert message in capsys.readouterr().err


def test_a_training_makes_the_folder_of_its_results(tmp_path, monkeypatch):
    from trainings import command

    out = tmp_path / "new" / "results"
    monkeypatch.setattr("sys.argv", ["training", "--digits", str(tmp_path), "--out", str(out)])
    assert command.read(command.parser("Train.", "digits")).out == out
    assert out.is_dir()
