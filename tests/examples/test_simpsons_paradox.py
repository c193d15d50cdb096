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
    setting = ["depth", "decay", "batch"]
    test = networks.test.first().groupby(setting).mean()
    for name in ("alpha", "log_spectral_norm", "log_product_spectral_norm"):
        column = networks[name.replace("product_", "")]
        metric = (column.sum() if "product" in name else column.mean()).groupby(setting).mean()
        assert len(metric) == 48
        tau = scipy.stats.kendalltau(metric, test)
        assert result["found"].tau[name, "all"] == pytest.approx(tau.statistic)
        assert result["found"].p[name, "all"] == pytest.approx(max(tau.pvalue, 1 / 2001), abs=0.04)
        for grouping, value in (("depth", 3), ("batch", 16), ("decay", 0.002)):
            part = metric.index.get_level_values(grouping) == value
            tau = scipy.stats.kendalltau(metric[part], test[part])
            found = result["relations"][name, grouping].sel(group=str(value))
            assert found.group_tau.item() == pytest.approx(tau.statistic)
            assert found.group_p.item() == pytest.approx(tau.pvalue, abs=0.04)  # four errors


def test_seeds_of_a_setting_are_no_independent_points(result):
    found = result["between_seeds"]
    assert found["test"] == pytest.approx(0.72, abs=0.005)
    assert min(found["alpha"], found["log_spectral_norm"]) > 0.95
    assert abs(found["random numbers"]) < 0.3  # two errors
    assert len(result["values"]) == len(result["accuracies"]) == 48
    assert (result["relations"]["alpha", "batch"].num.sel(points="all") == 48).all()


def values_of(result, name, places):
    one = result["found"].loc[name]
    return [one.tau[place] for place in places], [one.p[place] for place in places]


GROUPED = ("all", "within depth", "within batch", "within decay")


@pytest.mark.parametrize(
    ("name", "taus", "p"),
    [
        ("alpha", [0.07, 0.11, -0.52, 0.23], [0.49, 0.33, 0.0005, 0.0345]),
        ("alpha_weighted", [-0.03, -0.07, -0.39, 0.44], [0.75, 0.56, 0.001, 0.001]),
        ("log_alpha_norm", [-0.04, -0.08, -0.37, 0.48], [0.73, 0.48, 0.001, 0.0005]),
        ("log_spectral_norm", [-0.46, -0.57, -0.31, -0.24], [0.0005, 0.0005, 0.0105, 0.0295]),
        ("log_product_spectral_norm", [-0.48, -0.57, -0.52, -0.35], [0.0005] * 3 + [0.001]),
        ("log_norm", [-0.28, -0.38, -0.30, 0.07], [0.003, 0.0005, 0.0085, 0.55]),
    ],
)
def test_the_relations_of_the_text(result, name, taus, p):
    found = values_of(result, name, GROUPED)
    assert found[0] == pytest.approx(taus, abs=0.006)
    assert found[1] == pytest.approx(p, abs=0.006)


def test_signs_that_change_with_the_grouping(result):
    for name in ("alpha_weighted", "log_alpha_norm", "alpha"):
        one, seeds = result["found"].loc[name], result["by_seed"].loc[name]
        assert one.tau_high["within batch"] < 0 < one.tau_low["within decay"]
        assert (seeds["batch"] < 0).all()
        assert (seeds["decay"] > 0).all()
    hat = result["by_seed"].loc["alpha_weighted"]
    assert hat["batch"].to_list() == pytest.approx([-0.46, -0.33], abs=0.006)
    assert hat["decay"].to_list() == pytest.approx([0.34, 0.30], abs=0.006)


def test_what_holms_rule_leaves(result):
    assert len(result["tested"]) == 32
    assert (result["tested"] <= 0.05).sum() == 22
    passed = set(result["significant"].index)
    assert len(passed) == 15
    for name in ("alpha_weighted", "log_alpha_norm"):
        assert {kind for one, kind in passed if one == name} == {"within batch", "within decay"}
    assert {kind for one, kind in passed if one == "alpha"} == {"within batch"}
    assert {k for one, k in passed if one == "log_spectral_norm"} == {"all", "within depth"}
    assert {k for one, k in passed if one == "log_product_spectral_norm"} == set(GROUPED)


def test_spectral_norms_keep_their_sign(result):
    seeds = result["by_seed"]
    for name in ("log_spectral_norm", "log_product_spectral_norm"):
        one = result["found"].loc[name].drop("between depth")
        assert (one.tau_high < 0).all()
        assert (seeds.loc[name] < 0).all()
    assert seeds.loc["log_spectral_norm", "decay"].to_list() == pytest.approx(
        [-0.34, -0.10], abs=0.006
    )
    assert seeds.loc["log_product_spectral_norm"].max() == pytest.approx(-0.19, abs=0.006)
    between = result["found"].xs("between depth", level="points")
    assert between.tau["log_spectral_norm"] == 1
    assert between.tau["log_product_spectral_norm"] == -1
    assert between.p.min() == pytest.approx(0.083, abs=0.001)


def test_random_numbers_say_nothing(result):
    one = result["found"].loc["random numbers"].drop("between depth")
    assert one.tau.between(-0.035, 0.085).all()
    assert one.p.min() == pytest.approx(0.43, abs=0.01)


def test_alpha_changes_with_batches_and_weight_decay(result):
    by_batch, by_decay = (result["means"][name] for name in ("batch", "decay"))
    assert by_batch.alpha.to_list() == pytest.approx([1.85, 2.54, 4.67], abs=0.01)
    assert by_batch.train.to_list() == pytest.approx([0.882, 0.898, 0.811], abs=0.001)
    assert by_batch.test.to_list() == pytest.approx([0.838, 0.814, 0.873], abs=0.001)
    assert by_batch.group_tau.to_list() == pytest.approx([-0.62, -0.35, -0.58], abs=0.006)
    assert by_batch.group_p.drop(16).max() < 0.0035
    assert by_batch.group_p[16] == pytest.approx(0.061, abs=0.001)
    assert by_decay.alpha.is_monotonic_decreasing
    assert by_decay.train.is_monotonic_decreasing
    assert by_decay.test.is_monotonic_increasing
    ends = [by_decay.group_tau.min(), by_decay.group_tau.max()]
    assert ends == pytest.approx([0.18, 0.30], abs=0.006)
    ends = [by_decay.group_p.min(), by_decay.group_p.max()]
    assert ends == pytest.approx([0.19, 0.46], abs=0.006)


def test_one_seed_and_one_batch_size_give_the_sign_within_decays(result):
    by_seed, pairs = result["by_seed"].loc["alpha"], result["pairs"]
    assert by_seed["decay"].to_list() == pytest.approx([0.41, 0.08], abs=0.006)
    assert by_seed["batch"].to_list() == pytest.approx([-0.50, -0.42], abs=0.006)
    assert pairs.loc["4 and 16"].to_list() == pytest.approx([-0.52, -0.02, -0.64], abs=0.006)
    assert pairs["means"].drop("4 and 16").to_list() == pytest.approx([0.46, 0.41], abs=0.006)


def test_one_failed_network_makes_much_of_the_scatter(result):
    failed = result["networks"].loc[result["failed"]]
    assert failed.to_list() == pytest.approx([0.651, 0.675], abs=0.0006)
    names = ["alpha", "log_product_spectral_norm", "training accuracy"]
    within = 100 * result["found"].rmse.xs("within batch", level="points")[names]
    assert within.to_list() == pytest.approx([2.50, 2.37, 2.84], abs=0.006)
    assert result["without"][0] == pytest.approx(0.0374, abs=6e-5)
    assert result["without"][2] == pytest.approx(0.0285, abs=6e-5)
    over_all = result["found"].rmse.xs("all", level="points")
    assert 100 * over_all.min() == pytest.approx(3.13, abs=0.006)
    spared = result["spared"]
    assert len(result["values"][result["others"]]) == 47
    within = 100 * spared.rmse.xs("within batch", level="points")[names[:2]]
    assert within.to_list() == pytest.approx([1.74, 1.85], abs=0.006)
    alpha = spared.loc["alpha"]
    assert alpha.tau[["within batch", "within decay"]].to_list() == pytest.approx(
        [-0.57, 0.26], abs=0.006
    )
    assert alpha.p["within decay"] == pytest.approx(0.02, abs=0.003)
    whole = result["found"].tau[spared.index].drop("between depth", level="points")
    assert (spared.tau[whole.index] - whole).abs().max() < 0.08


def test_printed_lines_fit_the_column_of_the_site(result):
    assert max(map(len, result["printed"].splitlines())) <= 80


def test_a_reader_can_change_the_parameters(monkeypatch):
    """Other groupings, of which none is the depth, and fewer permutations."""
    monkeypatch.chdir(ARTICLES)
    source = (ARTICLES / "simpsons_paradox.py").read_text(encoding="utf-8")
    for old, new in (
        ('GROUPINGS = ("depth", "batch", "decay")', 'GROUPINGS = ("decay", "batch")'),
        ("RESAMPLES = 2000", "RESAMPLES = 9"),
        ("CONFIDENCE = 0.9", "CONFIDENCE = 0.8"),
    ):
        assert source.count(old) == 1
        source = source.replace(old, new)
    variables: dict[str, Any] = {}
    with mpl.rc_context({"backend": "agg"}):
        exec(source, variables)
    columns = ["all", "within decay", "within batch", "between decay"]
    assert variables["found"].loc["alpha"].index.to_list() == columns
    assert variables["found"].p.drop("between decay", level="points").min() == pytest.approx(0.1)


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
