"""Simpson's paradox: metrics of a grid of networks against their accuracy, grouped and not."""

from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
import scipy.stats

import spectra
from spectra.tails import power_law
from tests.builders import EXAMPLES, SHARED

ARTICLES = EXAMPLES.parent / "articles"


@pytest.fixture
def result(page):
    return page("simpsons_paradox")


@pytest.fixture
def kept():
    return pd.read_csv(ARTICLES / "results/simpsons_paradox.csv")


def test_the_grid_is_whole(kept, monkeypatch):
    monkeypatch.syspath_prepend(ARTICLES)
    from trainings import grid_of_networks as training

    grid = (training.DEPTHS, training.DECAYS, training.BATCHES, training.SEEDS)
    networks = kept.groupby(["depth", "decay", "batch", "seed"])
    assert len(networks) == np.prod([len(values) for values in grid])
    assert all(len(layers) == depth + 1 for (depth, *_), layers in networks)
    assert kept.notna().all().all()
    assert kept.alpha_weighted.to_numpy() == pytest.approx(
        kept.alpha * kept.log_spectral_norm, rel=1e-4
    )
    over_the_largest = kept.log_alpha_norm - kept.alpha_weighted  # of a sum of M powers
    assert over_the_largest.between(0, np.log10(kept.M)).all()


@pytest.mark.parametrize("place", range(3))
def test_the_kept_alphas_are_those_of_the_kept_eigenvalues(kept, monkeypatch, place):
    """Fitted again, by the library and by the formula of Clauset, Shalizi and Newman."""
    monkeypatch.syspath_prepend(ARTICLES)
    from trainings import grid_of_networks as training

    batch = training.BATCHES[place]
    rows = kept.query(f"depth == 2 and decay == 0.0005 and batch == {batch} and seed == 1")
    every = np.load(ARTICLES / "results/simpsons_paradox_evals.npy")[place].astype(float)
    for evals, (_, row) in zip(every, rows[rows.M > 10].iterrows(), strict=True):
        found = power_law.fit(evals)
        tail = evals[evals >= found.xmin]
        assert row.alpha == pytest.approx(1 + len(tail) / np.log(tail / found.xmin).sum(), rel=1e-4)
        assert row.alpha == pytest.approx(found.alpha, rel=1e-4)
        assert pytest.approx(found.D, rel=1e-3) == row.D
        assert row.log_norm == pytest.approx(np.log10(evals.sum()), rel=1e-4)
        assert row.log_spectral_norm == pytest.approx(np.log10(evals.max()), rel=1e-4)
        assert row.log_alpha_norm == pytest.approx(np.log10((evals**row.alpha).sum()), rel=1e-4)


def test_the_taus_are_those_of_scipy(result, kept):
    """Computed from the kept layers again, for one depth, batch size and decay each."""
    networks = kept[kept.M > 10].groupby(["depth", "decay", "batch", "seed"])
    for name in ("alpha", "log_spectral_norm", "log_product_spectral_norm"):
        column = networks[name.replace("product_", "")]
        metric = column.sum() if "product" in name else column.mean()
        test = networks.test.first()
        tau = scipy.stats.kendalltau(metric, test).statistic
        assert result["taus"].loc[name, "all"] == pytest.approx(tau)
        for grouping, value in (("depth", 3), ("batch", 16), ("decay", 0.002)):
            part = metric.index.get_level_values(grouping) == value
            tau = scipy.stats.kendalltau(metric[part], test[part]).statistic
            found = result["relations"][name, grouping].group_tau.sel(group=str(value))
            assert found.item() == pytest.approx(tau)


def test_alpha_changes_sign_with_the_grouping(result):
    found = result["found"]
    alpha = found.loc["alpha"]
    assert alpha.tau["all"] == pytest.approx(0.09, abs=0.02)
    assert alpha.p["all"] > 0.1 > 0.05 > alpha.p["within decay"]
    assert alpha.tau["within depth"] == pytest.approx(0.12, abs=0.02)
    for name in ("alpha", "alpha_weighted", "log_alpha_norm", "stable_rank"):
        one = found.loc[name]
        assert one.tau_high["within batch"] < 0 < one.tau_low["within decay"]
        seeds = result["by_seed"].loc[name]
        assert (seeds["within batch"] < 0).all()
        assert (seeds["within decay"] > 0).all()


def test_spectral_norms_keep_their_sign(result):
    for name in ("log_spectral_norm", "log_product_spectral_norm"):
        one = result["found"].loc[name].drop("between depth")
        assert (one.tau_high < 0).all()
        assert one.p.to_numpy() == pytest.approx(1 / (result["RESAMPLES"] + 1))
        assert (result["by_seed"].loc[name] < 0).all()
    taus = result["taus"]
    assert taus.loc["log_spectral_norm", "between depth"] == 1
    assert taus.loc["log_product_spectral_norm", "between depth"] == -1
    assert (taus["within depth"][["log_spectral_norm", "log_product_spectral_norm"]] < -0.4).all()
    assert (result["found"].loc["random numbers"].p > 0.2).all()


def test_alpha_changes_with_batches_and_weight_decay(result):
    by_batch, by_decay = (result["means"][name] for name in ("batch", "decay"))
    assert by_batch.alpha.to_list() == pytest.approx([1.85, 2.54, 4.67], abs=0.01)
    assert by_batch.train.to_list() == pytest.approx([0.882, 0.898, 0.811], abs=0.001)
    assert by_batch.test.to_list() == pytest.approx([0.838, 0.814, 0.873], abs=0.001)
    assert by_batch.group_tau.to_list() == pytest.approx([-0.56, -0.23, -0.52], abs=0.01)
    assert by_batch.group_p[16] > 0.05 > by_batch.group_p.drop(16).max()
    assert by_decay.alpha.is_monotonic_decreasing
    assert by_decay.train.is_monotonic_decreasing
    assert by_decay.test.is_monotonic_increasing
    assert by_decay.group_tau.between(0.18, 0.33).all()
    assert by_decay.group_p.between(0.02, 0.23).all()


def test_one_seed_and_one_batch_size_give_the_sign_within_decays(result):
    alpha = result["by_seed"].loc["alpha", "within decay"]
    assert alpha.to_list() == pytest.approx([0.41, 0.08], abs=0.005)
    pairs = result["pairs"]
    assert pairs.loc["4 and 16"].to_list() == pytest.approx([-0.29, -0.02, -0.64], abs=0.005)
    assert (pairs.drop("4 and 16") > 0).all(axis=None)


def test_a_reader_can_change_the_parameters(monkeypatch):
    """Other groupings, of which none is the depth, and fewer permutations."""
    monkeypatch.chdir(ARTICLES)
    source = (ARTICLES / "simpsons_paradox.py").read_text(encoding="utf-8")
    for old, new in (
        ('GROUPINGS = ("depth", "batch", "decay")', 'GROUPINGS = ("decay", "seed")'),
        ("RESAMPLES = 500", "RESAMPLES = 9"),
        ("CONFIDENCE = 0.9", "CONFIDENCE = 0.8"),
    ):
        assert source.count(old) == 1
        source = source.replace(old, new)
    variables: dict[str, Any] = {}
    with mpl.rc_context({"backend": "agg"}):
        exec(source, variables)
    columns = ["all", "within decay", "within seed", "between decay"]
    assert variables["taus"].columns.to_list() == columns
    assert variables["found"].p.drop("between decay", level="points").min() == pytest.approx(0.1)


def test_the_scatter_around_lines(result):
    errors = result["errors"]["within batch"]
    names = errors.index.drop(["random numbers", "training accuracy", "without"])
    assert errors[names].idxmin() == "log_product_spectral_norm"
    assert errors["alpha"] == pytest.approx(3.13, abs=0.02)
    assert errors["without"] == pytest.approx(3.43, abs=0.02)
    assert result["errors"]["all"].min() == pytest.approx(3.67, abs=0.02)


def test_a_short_training_makes_such_a_table(kept, monkeypatch):
    monkeypatch.syspath_prepend(ARTICLES)
    from trainings.digits import made_up
    from trainings.grid_of_networks import eigenvalues, table, trained

    rng = np.random.default_rng(0)
    digits, others = made_up(400, rng), made_up(200, rng)
    found = table(digits, others, depths=[2], decays=[0.0, 0.02], batches=[20], seeds=[0], epochs=3)
    assert found.columns.tolist() == kept.columns.tolist()
    assert found.layer.tolist() == 2 * ["fc1", "fc2", "fc3"]
    assert (found.test > 0.9).all()
    assert (found.train < 0.9).all()  # random labels are counted
    plain, decayed = (layers.log_norm.to_numpy() for _, layers in found.groupby("decay"))
    assert (decayed < plain).all()
    network, _ = trained(digits, depth=2, decay=0.0, batch=20, seed=0, epochs=3)
    alphas = [power_law.fit(spectra.eigenvalues(layer.weight)).alpha for layer in network]
    assert found.alpha[:3].to_list() == pytest.approx(alphas, rel=1e-6)
    assert eigenvalues(digits, batches=[20, 40], epochs=1).shape == (2, 2, 150)


@pytest.mark.shared
def test_the_kept_results_are_those_of_the_training(kept, monkeypatch):
    monkeypatch.syspath_prepend(ARTICLES)
    from trainings.digits import read_train_and_test
    from trainings.grid_of_networks import of_network

    train_on, test_on = read_train_and_test(SHARED / "data/mnist")
    found = of_network(train_on, test_on, depth=2, decay=0.0005, batch=64, seed=1)
    one = "depth == 2 and decay == 0.0005 and batch == 64 and seed == 1"
    before = kept.query(one).reset_index(drop=True)
    assert found.test[0] == pytest.approx(before.test[0], abs=0.003)
    assert found.alpha.to_numpy() == pytest.approx(before.alpha.to_numpy(), rel=0.05)
    for name in ("log_norm", "log_spectral_norm", "stable_rank"):
        assert found[name].to_numpy() == pytest.approx(before[name].to_numpy(), rel=0.01)
