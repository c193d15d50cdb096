"""A layer trained with smaller and smaller batches: alpha, accuracy, and what makes them."""

import csv

import numpy as np
import pytest

from tests.builders import REPO

NAME = "is_your_layer_over_trained"
BATCHES = (32, 16, 8, 4, 2, 1)
DIGITS = REPO.parent / "shared/data/mnist"


@pytest.fixture
def batch_sizes(monkeypatch):
    monkeypatch.syspath_prepend(REPO / "examples/articles")
    from trainings import batch_sizes

    return batch_sizes


def test_alpha_falls_with_the_batch_while_there_is_a_power_law(page):
    series = page(NAME)["series"]
    random, right = series("random", "alpha"), series("right", "alpha")
    assert ((random[32] > random[16]) & (random[16] > random[8])).all()
    means = [right[batch].mean() for batch in BATCHES]
    assert means == sorted(means, reverse=True)
    assert means[0] < 2
    assert random[8].mean() == pytest.approx(1.83, abs=0.05)


def test_the_accuracy_turns_only_with_random_labels(page):
    series = page(NAME)["series"]
    random, right = series("random", "test_accuracy"), series("right", "test_accuracy")
    assert (random[8] > random[32]).all()
    assert (random[8] - random[1] > 0.02).all()
    assert (np.diff([right[batch].item() for batch in BATCHES]) > 0).all()


def test_where_it_falls_there_is_no_power_law(page):
    series = page(NAME)["series"]
    assert min(series("random", "D")[batch].min() for batch in (2, 1)) > 0.1
    assert max(series("random", "D")[batch].max() for batch in (32, 16, 8)) < 0.08
    words = {
        row["power_law_support"]
        for row in page(NAME)["table"]
        if row["series"] == "random" and int(row["batch"]) <= 4
    }
    assert words == {"rejected"}


def test_a_larger_rate_does_what_a_smaller_batch_does(page):
    """Within 0.005 of the loss, which falls by 0.07 to 0.14 from one size to the next."""
    differences = page(NAME)["differences"]
    means = {key: each.mean() for key, each in differences.items()}
    for batch in (16, 8, 4):
        assert abs(means[batch, "loss"]) < 0.005
        assert abs(means[batch, "test_accuracy"]) < 0.003
        assert abs(means[batch, "alpha"]) < 0.1
    assert max(means[batch, "test_accuracy"] for batch in (2, 1)) < -0.003


def test_alphas_of_the_eigenvalues_are_those_of_the_weights_and_of_the_table(page):
    values = page(NAME)
    with (REPO / "examples/articles/results/batch_sizes.csv").open(encoding="utf-8") as file:
        for kept, row in zip(csv.DictReader(file), values["table"], strict=True):
            assert row["alpha"] == pytest.approx(float(kept["alpha"]), rel=1e-6)
            assert row["D"] == pytest.approx(float(kept["D"]), rel=1e-6)
            if (row["series"], row["seed"]) == ("random", "1"):
                found = values["ds"].sel(layer=f"batch_{row['batch']}")
                assert row["alpha"] == pytest.approx(float(found.alpha), rel=1e-6)
                assert row["D"] == pytest.approx(float(found.D), rel=1e-6)


def test_results_are_gathered_and_not_trained_again(batch_sizes, tmp_path, monkeypatch, capsys):
    """A short run with made-up digits, so that it runs anywhere."""
    from trainings.digits import made_up

    rng = np.random.default_rng(0)
    digits = made_up(200, rng), made_up(100, rng)
    monkeypatch.setattr(batch_sizes, "read_train_and_test", lambda _: digits)
    given = ["batch_sizes", "--digits", "", "--work", str(tmp_path / "work"), "--seeds", "1"]
    given += ["--epochs", "2", "--batches", "32", "4", "--out", str(tmp_path)]
    for printed in (6, 0):
        monkeypatch.setattr("sys.argv", given)
        batch_sizes.main()
        assert len(capsys.readouterr().out.splitlines()) == printed
    with (tmp_path / "batch_sizes.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["series"], row["batch"], row["rate"]) for row in rows] == [
        *(("random", batch, "0.01") for batch in ("32", "4")),
        *(("right", batch, "0.01") for batch in ("32", "4")),
        *(("rates", "32", rate) for rate in ("0.01", "0.08")),
    ]
    assert rows[0]["alpha"] == rows[4]["alpha"] != rows[2]["alpha"]  # the same training
    assert np.load(tmp_path / "batch_sizes_evals.npy").shape == (6, 100)
    given[given.index("--epochs") + 1] = "1"
    batch_sizes.main()
    assert len(capsys.readouterr().out.splitlines()) == 6  # other trainings


@pytest.mark.slow
@pytest.mark.shared
def test_digits_give_the_kept_numbers(batch_sizes, page):
    """Within what another order of sums changes in 200 epochs."""
    from trainings.digits import read_train_and_test

    digits, test = read_train_and_test(DIGITS)
    found = batch_sizes.layer_trained(digits, test, batch=32, seed=1, share=0.2)
    kept, *_ = page(NAME)["table"]
    assert (kept["series"], kept["seed"], kept["batch"]) == ("random", "1", "32")
    assert found.loss == pytest.approx(float(kept["loss"]), abs=0.002)
    assert found.test_accuracy == pytest.approx(float(kept["test_accuracy"]), abs=0.005)
