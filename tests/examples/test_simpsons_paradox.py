"""Simpson's paradox: metrics of a grid of networks against their accuracy, grouped and not."""

import numpy as np
import pandas as pd
import pytest
import scipy.stats

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
        one = result["found"].loc[name].drop("between depths")
        assert (one.tau_high < 0).all()
        assert one.p.to_numpy() == pytest.approx(1 / 501)
        assert (result["by_seed"].loc[name] < 0).all()
    taus = result["taus"]
    assert taus.loc["log_spectral_norm", "between depths"] == 1
    assert taus.loc["log_product_spectral_norm", "between depths"] == -1
    assert (taus["within depth"][["log_spectral_norm", "log_product_spectral_norm"]] < -0.4).all()
    assert (result["found"].loc["random numbers"].p > 0.2).all()


def test_small_batches_and_weight_decay_lower_alpha(result):
    """The one with more of the random labels learned, the other with fewer."""
    networks = result["networks"].assign(alpha=result["metrics"].alpha)
    by_batch, by_decay = (
        networks.groupby(name)[["alpha", "train"]].mean() for name in ("batch", "decay")
    )
    assert by_batch.alpha.is_monotonic_increasing
    assert by_decay.alpha.is_monotonic_decreasing
    assert by_batch.train[64] < by_batch.train[4]
    assert by_decay.train.is_monotonic_decreasing


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
    from trainings.grid_of_networks import table

    rng = np.random.default_rng(0)
    digits, others = made_up(400, rng), made_up(200, rng)
    found = table(digits, others, depths=[2], decays=[0.0, 0.02], batches=[20], seeds=[0], epochs=3)
    assert found.columns.tolist() == kept.columns.tolist()
    assert found.layer.tolist() == 2 * ["fc1", "fc2", "fc3"]
    assert (found.test > 0.9).all()
    assert (found.train < 0.9).all()  # random labels are counted
    plain, decayed = (layers.log_norm.to_numpy() for _, layers in found.groupby("decay"))
    assert (decayed < plain).all()


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
    for name in ("log_norm", "log_spectral_norm", "stable_rank"):
        assert found[name].to_numpy() == pytest.approx(before[name].to_numpy(), rel=0.01)
