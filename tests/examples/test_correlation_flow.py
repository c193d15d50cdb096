"""Correlation flow: what the kept trainings show, the planted collapse, and published series."""

import itertools

import numpy as np
import pytest
from scipy.stats import kendalltau

import spectra
from spectra.tails import power_law
from tests.builders import EXAMPLES, REPO

ARTICLES = EXAMPLES.parent / "articles"
MODELS = REPO.parent / "shared" / "models"
pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def trainings(monkeypatch):
    monkeypatch.syspath_prepend(ARTICLES)


def test_kept_alphas_are_those_of_kept_eigenvalues(page):
    best = page("correlation_flow")["of"]("10000 digits").sel(
        layer=page("correlation_flow")["HIDDEN"]
    )
    for evals, kept in zip(
        np.load(ARTICLES / "results/correlation_flow_evals.npy"),
        (best.sel(layer=name) for name in best.layer.values),
        strict=True,
    ):
        fit = power_law.fit(evals)
        assert fit.alpha == pytest.approx(kept.alpha.item(), rel=1e-6)
        assert fit.num_tail == kept.num_tail.item()
        assert evals.max() == pytest.approx(kept.spectral_norm.item(), rel=1e-6)


def test_kept_alphas_of_untrained_networks_are_those_of_their_starts(page):
    from trainings.networks import start
    from trainings.series_of_networks import Setting

    for seed in page("correlation_flow")["seeds"]:
        begin = start(Setting().widths, np.random.default_rng(seed))
        found = spectra.analyze({f"fc{i}": layer.weight for i, layer in enumerate(begin, 1)})
        kept = page("correlation_flow")["of"]("untrained", seed)
        for name in ("alpha", "alpha_noise", "log_norm", "log_spectral_norm"):
            np.testing.assert_allclose(kept[name], found[name], rtol=1e-5)


def test_kept_alphas_agree_with_their_errors_and_norms(page):
    for ds in (page("correlation_flow")["runs"], page("correlation_flow")["public"]):
        np.testing.assert_allclose(ds.alpha_weighted, ds.alpha * ds.log_spectral_norm, rtol=1e-6)
    runs = page("correlation_flow")["runs"]
    np.testing.assert_allclose(runs.alpha - 1, runs.sigma * np.sqrt(runs.num_tail), rtol=1e-6)


def test_alpha_falls_as_networks_get_better(page):
    found = page("correlation_flow")
    means = found["means"]
    assert np.all(np.diff(means.accuracy) > 0.01)
    alphas = means.alpha[list(found["SIZES"])]
    assert np.all(np.diff(alphas) < -0.3)  # four standard errors
    assert alphas.iloc[[0, -1]].tolist() == pytest.approx([4.61, 3.12], abs=0.01)
    assert np.all(means.noise[list(found["SIZES"])] > alphas)
    for kind, less, error in (
        ("untrained", 1.18, 0.11), ("300 digits", -0.32, 0.06), ("10000 digits", -0.71, 0.09)
    ):  # fmt: skip
        assert means["alpha - noise"][kind] == pytest.approx(less, abs=0.005)
        assert found["errors"]["alpha - noise"][kind] == pytest.approx(error, abs=0.005)
    mean, error = found["quality"]["alpha"]
    assert (mean, error) == pytest.approx((-1, 0))
    assert found["quality"]["log_norm"][0] == pytest.approx(1)
    assert found["quality"]["log_spectral"][0] == pytest.approx(1)


@pytest.mark.parametrize("num", [4, 6])
def test_chance_is_the_scatter_over_all_orders(page, num):
    orders = itertools.permutations(range(num))
    taus = [kendalltau(range(num), order)[0] for order in orders]
    assert page("correlation_flow")["chance"](num) == pytest.approx(np.std(taus))


def test_the_flow_of_the_best_rises(page):
    means, errors = page("correlation_flow")["means"], page("correlation_flow")["errors"]
    assert means.tau["10000 digits"] == pytest.approx(0.833, abs=0.001)
    assert means.tau["10000 digits"] - 5 * errors.tau["10000 digits"] > 0.5
    assert abs(means.tau["300 digits"]) < 2 * errors.tau["300 digits"]
    assert means.scatter["untrained"] > 1.5 * means.scatter.iloc[1:].max()


def test_alphas_fall_in_the_fine_tunes(page):
    found = page("correlation_flow")
    (tuned, error), (on, other) = (found["changes"][name] for name in ("fine-tuned", "trained on"))
    assert tuned + 3 * error < on - 3 * other
    assert (found["fell"].sum(), found["fell"].size) == (30, 32)


def test_a_penalty_on_all_layers_names_none_and_moves_alphas(page):
    found = page("correlation_flow")
    assert found["ratio"]["distilled"] > 3 * found["ratio"]["distilled in groups"]
    assert found["collapses"] == 0
    mean, error = found["shift"]
    assert mean + 10 * error < -1
    right = found["each"]["distilled in groups"].accuracy - found["each"]["distilled"].accuracy
    assert abs(right.mean()) < 0.01
    found_alphas = [
        found["of"]("distilled in groups", seed).alpha.sel(layer=found["HIDDEN"])
        for seed in found["seeds"]
    ]
    assert (np.min(found_alphas), np.max(found_alphas)) == pytest.approx((1.4, 1.6), abs=0.05)
    means = [found["each"][kind].alpha.mean() for kind in found["pair"]]
    assert means == pytest.approx([3.13, 1.50], abs=0.01)


def test_the_planted_collapse_is_found(page):
    found = page("correlation_flow")
    assert found["collapsed"] == {
        "by its peers": ["fc4"],
        "by the layers before": ["fc4"],
        "nothing planted": [],
    }
    assert found["difference"] < 1e-4
    np.testing.assert_allclose(found["after"].alpha, found["before"].alpha, rtol=1e-5)
    excess = found["found"]["by the layers before"].excess_edge
    assert excess.sel(layer="fc4").item() == pytest.approx(-1, abs=1e-3)
    assert excess.sel(layer="fc5").item() == pytest.approx(1, abs=1e-3)


def test_published_series(page):
    table = page("correlation_flow")["table"]
    players = table.loc["backgammon, three hidden layers"]
    assert players.alpha.idxmax() == "version 8"
    orders = page("correlation_flow")["orders"]["backgammon, three hidden layers"]
    assert orders["alpha"][0] == pytest.approx(-0.2)
    assert orders["alpha_hat"][0] == pytest.approx(0.8)
    assert players.alpha_hat.iloc[-1] > 1.8 * players.alpha_hat.iloc[0]
    assert np.ptp(table.loc["fine-tuned classifier"].alpha) < 0.05
    assert table.alpha["molecules", "transferred"] > table.alpha["molecules", "first data"]
    again = page("correlation_flow")["again"]
    change = again.alpha["transferred"] - again.alpha["first data"]
    assert change.tolist() == pytest.approx([-0.61, 1.37, 0.01, -0.18], abs=0.01)
    for one, other in (("first data", "transferred"), ("transferred", "first data")):
        assert np.all(again.alpha[one] < again.alpha_high[other])
        assert np.all(again.alpha[one] > again.alpha_low[other])
    single = page("correlation_flow")["single"]
    assert single.alpha.iloc[[0, -1]].tolist() == pytest.approx([1.80, 13.35], abs=0.01)
    assert single.sigma.iloc[[0, -1]].tolist() == pytest.approx([0.09, 4.12], abs=0.01)


def test_a_short_training_shows_the_same():
    from trainings.digits import made_up
    from trainings.series_of_networks import Setting, analyzed, eigenvalues

    rng = np.random.default_rng(0)
    digits, others = made_up(400, rng, size=50), made_up(200, rng, size=50)
    setting = Setting(
        widths=(50, 40, 40, 40, 10), sizes=(40, 400), tuned=40, steps=600, seeds=1, rate=0.03
    )
    ds = analyzed(digits, others, setting)
    assert ds.kind.values.tolist()[:3] == ["untrained", "40 digits", "400 digits"]
    by_kind = dict(zip(ds.kind.values.tolist(), range(ds.sizes["model"]), strict=True))
    right = {kind: ds.accuracy.values[i] for kind, i in by_kind.items()}
    assert right["untrained"] < 0.5 < 0.9 < right["400 digits"]
    assert right["fine-tuned"] > 0.9
    best = ds.isel(model=by_kind["400 digits"]).sel(layer=["fc2", "fc3"])
    alphas = [power_law.fit(evals).alpha for evals in eigenvalues(digits, 0, setting)]
    np.testing.assert_allclose(alphas, best.alpha, rtol=1e-5)
    norm = {kind: ds.norm.sel(layer=["fc2", "fc3"]).values[i].mean() for kind, i in by_kind.items()}
    assert norm["distilled in groups"] < 0.7 * norm["distilled"]
    assert norm["distilled"] == pytest.approx(norm["400 digits"], rel=0.3)


@pytest.mark.shared
def test_kept_results_are_those_of_the_published_networks(page):
    from trainings.series_of_networks import published

    if not MODELS.exists():
        pytest.skip("the published networks are not here")
    kept, found = page("correlation_flow")["public"], published(MODELS)
    for name in ("alpha", "alpha_noise", "alpha_weighted", "log_spectral_norm"):
        np.testing.assert_allclose(found[name], kept[name], rtol=1e-5)
