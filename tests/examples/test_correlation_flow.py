"""Correlation flow: what the kept trainings show, the planted collapse, and published series."""

import numpy as np
import pytest

from tests.builders import EXAMPLES, REPO

ARTICLES = EXAMPLES.parent / "articles"
MODELS = REPO.parent / "shared" / "models"
pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def trainings(monkeypatch):
    monkeypatch.syspath_prepend(ARTICLES)


def test_alpha_falls_as_networks_get_better(page):
    found = page("correlation_flow")
    means = found["means"]
    assert np.all(np.diff(means.accuracy) > 0.01)
    alphas = means.alpha[list(found["SIZES"])]
    assert np.all(np.diff(alphas) < -0.3)  # four standard errors
    assert alphas.iloc[[0, -1]].tolist() == pytest.approx([4.61, 3.12], abs=0.01)
    assert np.all(means.noise[list(found["SIZES"])] > alphas)
    mean, error = found["quality"]["alpha"]
    assert (mean, error) == pytest.approx((-1, 0))
    assert found["quality"]["log_norm"][0] == pytest.approx(1)
    assert found["quality"]["log_spectral"][0] == pytest.approx(1)


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


def test_a_short_training_shows_the_same():
    from trainings.digits import made_up
    from trainings.series_of_networks import Setting, analyzed

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
