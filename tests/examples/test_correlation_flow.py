"""Correlation flow: what the kept trainings show, the planted collapse, and published series."""

import itertools

import numpy as np
import pytest
from scipy.stats import kendalltau
from scipy.stats import t as student

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


def test_p_values_are_those_of_all_orders(page):
    """Of one seed the p-value is that of SciPy; of four it is counted order by order."""
    found = page("correlation_flow")
    one, other = np.array([1.0, 2, 3, 4]), np.array([1.0, 3, 2, 4])
    exact = kendalltau(one, other, method="exact").pvalue
    assert found["exact_p"]([(one, other)]) == pytest.approx(exact)
    differences = [kendalltau(one, order)[0] for order in itertools.permutations(one)]
    orders = np.round(3 * np.array(differences)).astype(int)
    null = np.ones(1)
    for _ in range(4):
        null = np.convolve(null, np.bincount(orders + 3, minlength=7) / 24)
    sums = np.arange(len(null)) - 12
    for name, thirds in (("alpha", -12), ("alpha_hat", -8), ("scatter", 5), ("log_norm", 12)):
        assert found["quality"][name][0] * 12 == pytest.approx(thirds)
        expected = null[np.abs(sums) >= abs(thirds)].sum()
        assert found["quality_p"][name] == pytest.approx(expected)
    assert found["quality_p"]["scatter"] == pytest.approx(0.13, abs=0.005)
    assert found["quality_p"]["alpha_hat"] == pytest.approx(0.009, abs=0.0006)
    assert found["quality_p"]["tau"] == pytest.approx(0.012, abs=0.0006)
    assert found["quality"]["tau"] == pytest.approx((0.62, 0.12), abs=0.006)


def test_the_flow_of_the_best_rises(page):
    means, errors = page("correlation_flow")["means"], page("correlation_flow")["errors"]
    assert means.tau["10000 digits"] == pytest.approx(0.833, abs=0.001)
    assert means.tau["10000 digits"] - 5 * errors.tau["10000 digits"] > 0.5
    assert abs(means.tau["300 digits"]) < 2 * errors.tau["300 digits"]
    assert means.scatter["untrained"] > 1.5 * means.scatter.iloc[1:].max()
    others = [each.scatter.mean() for each in page("correlation_flow")["each"].values()]
    assert sorted(others)[-2] < 0.3


def test_the_figure_has_the_layers_of_the_table(page):
    found = page("correlation_flow")
    for flows in (found["shown"], found["both"]):
        for kind, ds in flows.items():
            shapes = set(zip(ds.N.values.tolist(), ds.M.values.tolist(), strict=True))
            assert shapes == {(128, 128)}, kind
    for kind, ds in found["shown"].items():
        trend = spectra.results.plotdata.correlation_flow(ds).trend
        assert trend.tau == pytest.approx(found["each"][kind].tau[0])
        assert trend.num == 6


def test_alpha_layer_by_layer(page):
    flows = page("correlation_flow")["by_depth"]
    change, error = flows.loc["change"], flows.loc["its error"]
    most = change[["fc2", "fc3", "fc4", "fc6"]]
    assert most.between(-2.2, -1.75).all()
    assert change[["fc5", "fc7"]].to_list() == pytest.approx([-0.65, -0.55], abs=0.006)
    assert error[["fc5", "fc7"]].to_list() == pytest.approx([0.19, 0.51], abs=0.006)
    for kind, rank, alpha in (
        ("untrained", 1, 3.45), ("300 digits", 1, 2.86), ("1000 digits", 1, 2.40),
        ("3000 digits", 1, 2.25), ("10000 digits", 3, 2.35),
    ):  # fmt: skip
        assert flows.loc[kind].rank()["fc8"] == rank
        assert flows.loc[kind, "fc8"] == pytest.approx(alpha, abs=0.006)


def test_alphas_fall_in_the_fine_tunes(page):
    found = page("correlation_flow")
    for kind, mean, error, count in (
        ("fine-tuned", -0.88, 0.11, 24), ("trained on", -0.19, 0.08, 23)
    ):  # fmt: skip
        assert found["changes"][kind] == pytest.approx((mean, error), abs=0.006)
        assert (found["fell"][kind].sum(), found["fell"][kind].size) == (count, 24)
    assert found["apart"] == pytest.approx((-0.69, 0.11), abs=0.006)
    t = found["apart"][0] / found["apart"][1]
    assert found["apart_p"] == pytest.approx(2 * student.sf(abs(t), 3))
    assert found["apart_p"] == pytest.approx(0.008, abs=0.0005)


def test_scales_of_layers_of_other_shapes(page):
    """By hand: the largest singular value over 1 + sqrt(M / N), beside the median layer."""
    found = page("correlation_flow")
    ds = found["found"]["nothing planted"]
    weights = [layer.weight for layer in found["small"]]
    scales = []
    for weight in weights:
        small, large = sorted(weight.shape)
        top = np.linalg.svd(weight, compute_uv=False)[0]
        scales.append(np.log10(top / (1 + np.sqrt(small / large))))
    expected = np.array(scales) - np.median(scales)
    assert {weight.shape for weight in weights} == {(60, 64), (60, 60), (10, 60)}
    np.testing.assert_allclose(ds.excess_edge, expected, atol=1e-5)
    shrunk, reference = (found["of"](kind) for kind in ("distilled in groups", "distilled"))
    ratio = 0.5 * np.log10(shrunk.spectral_norm / reference.spectral_norm).values
    kept = found["shrunk"][0].excess_edge
    np.testing.assert_allclose(kept, ratio - np.median(ratio), atol=1e-5)


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
    for series, first, last in (
        ("backgammon, one hidden layer", 3.42, 2.89), ("file types", 16.41, 6.57),
        ("backgammon, three hidden layers", 3.19, 6.08), ("molecules", 5.38, 4.52),
        ("fine-tuned classifier", 3.55, 5.10),
    ):  # fmt: skip
        hats = table.loc[series].alpha_hat.iloc[[0, -1]].tolist()
        assert hats == pytest.approx([first, last], abs=0.006)
    every = page("correlation_flow")["orders"]
    assert every["file types"]["alpha_hat"] == pytest.approx((-1, 1 / 3))
    assert abs(every["football player"]["alpha_hat"][0]) < 0.5
    for series, alphas in (
        ("backgammon, one hidden layer", [3.13, 3.51]), ("football player", [7.24, 7.89, 7.47]),
        ("file types", [3.13, 3.93, 3.46]), ("fine-tuned classifier", [2.04, 2.00, 2.02]),
        ("molecules", [3.02, 3.07]),
    ):  # fmt: skip
        assert table.loc[series].alpha.tolist() == pytest.approx(alphas, abs=0.006)
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
    ends = single[["alpha_low", "alpha_high"]].iloc[[0, -1]].to_numpy().ravel()
    assert ends == pytest.approx([1.66, 2.02, 2.22, 13.25], abs=0.006)
    assert single.alpha_high.iloc[-1] < single.alpha.iloc[-1]


def test_printed_lines_fit_the_column_of_the_site(page):
    assert max(map(len, page("correlation_flow")["printed"].splitlines())) <= 80


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
