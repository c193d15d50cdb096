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
    assert random[32].size == 3
    assert right[32].size == 1
    assert ((random[32] > random[16]) & (random[16] > random[8])).all()
    assert all((random[batch] > random[8]).all() for batch in (4, 2, 1))
    means = [right[batch].mean() for batch in BATCHES]
    assert means == sorted(means, reverse=True)
    assert means[0] < 2
    assert [means[0], means[-1]] == pytest.approx([1.89, 1.51], abs=0.005)
    found = [random[batch].mean() for batch in (32, 8, 4)]
    assert found == pytest.approx([2.16, 1.83, 1.90], abs=0.005)


def test_the_accuracy_turns_only_with_random_labels(page):
    series = page(NAME)["series"]
    random, right = series("random", "test_accuracy"), series("right", "test_accuracy")
    assert (random[8] > random[32]).all()
    assert (random[8] > random[4]).all()
    assert (random[8] - random[1] > 0.02).all()
    assert (np.diff([right[batch].item() for batch in BATCHES]) > 0).all()
    means = {batch: each.mean() for batch, each in random.items()}
    assert max(means, key=lambda batch: means[batch]) == 8
    assert means[4] - means[1] > 0.8 * (means[8] - means[1])  # most is lost at 2 and 1
    ends = [means[8], means[1], right[32].item(), right[1].item()]
    assert ends == pytest.approx([0.916, 0.889, 0.909, 0.930], abs=0.0006)


def test_the_order_of_the_printed_accuracies_is_that_of_the_article(page):
    printed = {32: 0.890, 4: 0.894, 2: 0.885}
    for name, same in (("random", True), ("right", False)):
        found = page(NAME)["series"](name, "test_accuracy")
        means = {batch: found[batch].mean() for batch in printed}
        orders = [sorted(printed, key=lambda batch: each[batch]) for each in (means, printed)]
        assert (orders[0] == orders[1]) is same
        if same:
            higher = [means[batch] - printed[batch] for batch in printed]
            assert higher == pytest.approx([0.02] * 3, abs=0.0025)


def test_the_loss_falls_smoothly(page):
    falls = {}
    for name in ("random", "right"):
        losses = page(NAME)["series"](name, "loss")
        assert (np.diff([losses[batch] for batch in BATCHES], axis=0) < 0).all()
        falls[name] = -np.diff([losses[batch].mean() for batch in BATCHES])
    ends = [f(falls[name]) for name in ("random", "right") for f in (min, max)]
    assert ends == pytest.approx([0.065, 0.144, 0.028, 0.054], abs=0.001)


def test_a_limit_of_2_does_not_tell_where_the_accuracy_falls(page):
    series = page(NAME)["series"]
    alpha = series("random", "alpha")
    assert (alpha[16] < 2).all()
    assert (series("random", "alpha_low")[8] < 2).all()
    assert (series("random", "alpha_high")[8] > 2).all()
    both = np.concatenate([alpha[2], alpha[1]])
    assert [both.min(), both.max()] == pytest.approx([2.26, 5.40], abs=0.005)


def test_the_interval_and_not_D_tells_where_alpha_is_read(page):
    series, table = page(NAME)["series"], page(NAME)["table"]
    D = series("random", "D")
    assert max(D[batch].max() for batch in (32, 16, 8)) == pytest.approx(0.073, abs=0.0005)
    small = np.concatenate([D[batch] for batch in (4, 2, 1)])
    assert [small.min(), small.max()] == pytest.approx([0.098, 0.155], abs=0.0006)
    right = series("right", "D")
    assert [right[32].item(), right[16].item()] == pytest.approx([0.100, 0.094], abs=0.0005)
    shown = [row for row in table if row["series"] != "rates"]
    words = {row["power_law_support"] for row in shown if row["series"] == "right"}
    assert words == {"rejected"}
    assert "supported" not in {row["power_law_support"] for row in shown}
    wide = [row["series"] == "random" and row["batch"] <= 4 for row in shown]
    widths = np.array([row["alpha_high"] - row["alpha_low"] for row in shown])
    assert widths[wide].min() == pytest.approx(1, abs=0.005)
    assert widths[np.invert(wide)].max() == pytest.approx(0.68, abs=0.005)
    tails = np.concatenate([series("random", "num_tail")[batch] for batch in (2, 1)])
    assert (tails.min(), tails.max()) == (9, 50)


def test_the_bulk_is_like_noise_only_at_large_batches(page):
    ds = page(NAME)["ds"]
    p = {batch: float(ds.bulk_p.sel(layer=f"batch_{batch}")) for batch in BATCHES}
    assert max(p[batch] for batch in (4, 2, 1)) < 1e-9 < p[8] < 0.01 < 0.3 < min(p[32], p[16])
    spikes = ds.num_spikes.sel(layer=[f"batch_{batch}" for batch in (4, 2, 1)])
    assert spikes.values.tolist() == [50, 50, 50]


def test_a_larger_rate_does_what_a_smaller_batch_does(page):
    """Within 0.005 of the loss, which falls by 0.06 to 0.14 from one size to the next."""
    differences = page(NAME)["differences"]
    assert len(differences) == 15
    means = {key: each.mean() for key, each in differences.items()}
    for batch in BATCHES[1:]:
        assert abs(means[batch, "loss"]) < 0.0055
        assert -0.005 < means[batch, "test_accuracy"] < 0
        assert abs(means[batch, "alpha"]) < 0.06 or batch < 4
    assert page(NAME)["told"] == [(1, "alpha")]
    assert page(NAME)["printed"].count("*") == 1


def test_the_tables_are_narrow(page):
    assert max(map(len, page(NAME)["printed"].splitlines())) <= 80


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
    assert (kept["series"], kept["seed"], kept["batch"]) == ("random", "1", 32)
    assert found.loss == pytest.approx(float(kept["loss"]), abs=0.002)
    assert found.test_accuracy == pytest.approx(float(kept["test_accuracy"]), abs=0.005)
