"""The 5+1 phases: made on purpose and named, and those that a network reaches by batch size."""

import numpy as np
import pytest

from spectra.noise import phases, tracy_widom
from tests.builders import EXAMPLES, SHARED

ARTICLES = EXAMPLES.parent / "articles"
DIGITS = SHARED / "data/mnist"


@pytest.fixture
def result(page):
    return page("five_plus_one_phases")


def test_each_phase_is_made_and_named(result):
    named = result["made"].named
    assert named.index.tolist() == [phase.name.lower() for phase in phases.Phase][1:7]
    assert (named >= 17).all()
    assert named[["random_like", "bulk_and_spikes", "rank_collapse"]].eq(20).all()


def test_those_named_otherwise_have_the_reasons_given(result):
    others = result["others"]
    assert len(others) == (20 - result["made"].named).sum()
    heavy = others[others.meant == "heavy_tailed"].sort_values("p")
    assert heavy.named.tolist() == 3 * ["bulk_decay"]
    assert heavy.likelier.tolist() == ["none", "truncated_power_law", "truncated_power_law"]
    assert heavy.p.iloc[0] == pytest.approx(0.08, abs=0.005)
    assert heavy.p.iloc[1] > 0.1
    bleeds = others[others.meant == "bleeding_out"]
    assert bleeds.named.tolist() == ["bulk_and_spikes"]
    assert bleeds.reach.tolist() == pytest.approx([18], abs=0.5)


def test_the_evidence_is_that_of_theory(result):
    made, (N, M) = result["made"], result["SHAPE"]
    centre, width = tracy_widom.scale(N - 3, M - 3)
    for name, strength, error in (("bulk_and_spikes", 3.0, 0.05), ("bleeding_out", 1.15, 0.5)):
        square = strength**2  # the eigenvalue of a planted strength: Baik & Silverstein
        eigenvalue = N * (1 + square) * (M / N + square) / square
        assert made.reach[name] == pytest.approx((eigenvalue - centre) / width, rel=error)
    assert made["above"]["bulk_and_spikes"] == 3
    assert made["above"]["random_like"] == 0
    assert made.zeros["rank_collapse"] == pytest.approx(1 / 3)
    assert made["bulk D"]["random_like"] < 0.015 < 0.04 < made["bulk D"]["heavy_tailed"]


def test_the_network_goes_through_five_phases_in_order(result):
    reached = result["reached"]
    names = {key: [phase.name.lower() for phase in found] for key, found in reached.items()}
    for layer in ("fc1", "fc2"):
        assert names[layer, 512] == 3 * ["random_like"]
        assert {*names[layer, 256]} == {"random_like", "bleeding_out"}
        for batch in (8, 16, 32, 64, 128):
            assert names[layer, batch] == 3 * ["bulk_and_spikes"]
        assert names[layer, 1] == 3 * ["heavy_tailed"]
    assert names["fc1", 256].count("bleeding_out") == 1
    assert names["fc2", 256].count("bleeding_out") == 2
    assert names["fc2", 2] == 3 * ["bulk_decay"]
    assert names["fc2", 4].count("bulk_decay") == 2
    assert "bulk_decay" not in {
        name for (layer, _), n in names.items() if layer == "fc1" for name in n
    }
    assert phases.Phase.RANK_COLLAPSE not in {
        phase for found in reached.values() for phase in found
    }
    assert result["zeros"] == 0


def test_smaller_batches_have_heavier_tails_at_most_sizes(result):
    def seeds(layer, *batches):
        """Return alphas of the batches in their order, one column for each seed."""
        return result["by_seed"][f"alpha {layer}"].loc[list(batches)].to_numpy()

    def ends(layer, *batches):
        values = seeds(layer, *batches)
        return [values.min(), values.max()]

    assert (np.diff(seeds("fc1", 128, 64, 32, 16, 8, 4, 2), axis=0) < 0).all()
    assert (np.diff(seeds("fc1", 2, 1), axis=0) > 0).all()
    assert (np.diff(seeds("fc2", 128, 64, 32, 16, 8), axis=0) < 0).all()
    assert (np.diff(seeds("fc2", 8, 2), axis=0) > 0).all()
    assert (np.diff(seeds("fc2", 2, 1), axis=0) < 0).all()
    assert ends("fc1", 128)[0] == pytest.approx(6.2, abs=0.05)
    assert ends("fc1", 2) == pytest.approx([1.5, 1.5], abs=0.05)
    assert ends("fc1", 1) == pytest.approx([1.75, 1.89], abs=0.005)
    assert ends("fc2", 128)[0] == pytest.approx(4.5, abs=0.05)
    assert ends("fc2", 8) == pytest.approx([2.4, 2.5], abs=0.05)
    assert ends("fc2", 2) == pytest.approx([2.6, 2.6], abs=0.05)
    assert ends("fc2", 1) == pytest.approx([1.9, 2.3], abs=0.05)
    noise = np.array([ends(layer, 512, 256) for layer in ("fc1", "fc2")])
    assert [noise.min(), noise.max()] == pytest.approx([4.4, 16.5], abs=0.05)


def test_the_heavy_tailed_network_is_broken_and_large_batches_are_best(result):
    test, train = (
        dict(zip(result["BATCHES"], result["runs"][kind], strict=True))
        for kind in ("test", "train")
    )
    assert (test[1] < 0.2).all()
    assert train[1].mean() == pytest.approx(0.13, abs=0.005)
    means = {batch: values.mean() for batch, values in test.items()}
    assert sorted(means, key=lambda batch: means[batch])[-2:] == [256, 512]
    assert [means[batch] for batch in (64, 16, 256, 512)] == pytest.approx(
        [0.823, 0.851, 0.879, 0.885], abs=0.001
    )
    assert (test[32] > test[64]).all()
    assert means[32] - means[64] < test[64].std(ddof=1)
    assert means[64] == min(mean for batch, mean in means.items() if batch >= 8)
    assert np.ptp([means[batch] for batch in (32, 16, 8)]) < 0.004
    assert max(mean for batch, mean in means.items() if batch < 256) < 0.8515
    assert [test[1].min(), test[1].max()] == pytest.approx([0.10, 0.19], abs=0.005)
    assert test[64].std(ddof=1) == pytest.approx(0.028, abs=0.0005)
    assert test[512].mean() - test[8].mean() > 3 * np.hypot(test[512].std(), test[8].std())
    assert test[512].std(ddof=1) < 0.01 > test[8].std(ddof=1)
    assert train[8].mean() > 0.99
    assert train[512].mean() == pytest.approx(0.77, abs=0.01)
    assert result["table"].test[512] == "0.885 ± 0.005"
    assert result["table"]["spikes fc2"][8] == "24.7 ± 0.6"


def test_the_tables_are_narrow(result):
    assert max(map(len, result["printed"].splitlines())) <= 80


def test_a_short_training_makes_such_results(monkeypatch):
    monkeypatch.syspath_prepend(ARTICLES)
    from trainings.digits import made_up
    from trainings.phases_by_batch_size import series

    rng = np.random.default_rng(0)
    digits, others = made_up(500, rng), made_up(200, rng)
    found = series(digits, others, batches=(10, 100), seeds=(0, 1), epochs=3)
    assert found["batch"].tolist() == [10, 100]
    assert found["fc1"].shape == (2, 2, 300)
    assert found["fc2"].shape == (2, 2, 200)
    assert found["test"].shape == found["train"].shape == (2, 2)
    assert (found["test"][0] > 0.9).all()
    assert (found["train"] < 0.9).all()  # random labels are counted
    grown = (
        found["fc2"][..., 0]
        if found["fc2"][0, 0, 0] > found["fc2"][0, 0, -1]
        else found["fc2"][..., -1]
    )
    assert (grown[0] > grown[1]).all()  # the small batch moved farther


@pytest.mark.shared
def test_the_kept_results_are_those_of_the_training(monkeypatch):
    monkeypatch.syspath_prepend(ARTICLES)
    from trainings.digits import read_train_and_test
    from trainings.phases_by_batch_size import run

    with np.load(ARTICLES / "results/five_plus_one_phases.npz") as kept:
        place = kept["batch"].tolist().index(512)
        found = run(*read_train_and_test(DIGITS), batch=512, seed=1)
        assert found.test == pytest.approx(kept["test"][place, 1], abs=0.003)
        for layer, evals in zip(("fc1", "fc2"), found.evals, strict=True):
            assert np.allclose(evals, kept[layer][place, 1], rtol=0.01, atol=1e-3)
