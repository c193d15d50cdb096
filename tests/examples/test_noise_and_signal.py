"""Noise and signal: windows of the shipped network, what is left out of it, and kept tests."""

import numpy as np
import pandas as pd
import pytest

from tests.builders import EXAMPLES, REPO

ARTICLES = EXAMPLES.parent / "articles"
SHARED = REPO.parent / "shared"


@pytest.fixture(autouse=True)
def trainings(monkeypatch):
    monkeypatch.syspath_prepend(ARTICLES)


@pytest.fixture
def found(page):
    return page("noise_and_signal")


def test_spikes_stand_above_the_bulk(found):
    core = found["core"]
    assert core.num_spikes.values.tolist() == [32, 14]
    np.testing.assert_allclose(core.bulk_max, [2.87, 2.75], atol=0.01)
    np.testing.assert_allclose(core.max_rand_eval, [4.6, 4.8], rtol=0.1)  # scatter over orders
    assert core.num_traps.values.tolist() == [0, 0]


def test_the_signal_is_in_the_first_two_windows(found):
    fc1, fc2 = (found["tests"][name]["trained"].p for name in ("fc1", "fc2"))
    assert fc1[0] < 1e-100
    assert fc1[1] == pytest.approx(0.01, abs=0.005)
    assert fc2[1] == pytest.approx(6e-8, rel=0.1)
    assert min(fc1[2:].min(), fc2[2:].min(), fc2[0]) > 0.05


def test_the_start_is_noise(found):
    p = [found["tests"][name]["at the start"].p for name in ("fc1", "fc2")]
    assert np.min(p) > 0.05 / 20
    spread = found["spread"]["fc1", "at the start"]
    assert np.abs(spread.entropy / spread.error).max() < 3.5
    rejected = found["spread"]["fc1", "trained"].rejected
    assert rejected[[1, 10]].tolist() == pytest.approx([0.87, 0.07], abs=0.005)


def test_pairs_of_equal_values_are_told_from_noise_by_spacings_alone(found):
    rng = np.random.default_rng(0)
    left, right = (np.linalg.qr(rng.standard_normal((300, 300)))[0] for _ in range(2))
    values = np.repeat(np.linspace(4, 1, 150), 2) + np.tile([1e-4, 0], 150)
    pairs = found["windows"](left * np.sqrt(values) @ right)
    assert max(pairs.spacing_p) < 1e-6  # all ratios of spacings are about 0, those of noise 0.53
    assert max(pairs.p) < 1e-5
    assert min(*pairs.short_p, *pairs.long_p) > 1e-3
    W = rng.standard_normal((300, 300))
    assert min(found["windows"](W).spacing_p) > 1e-3


def test_spacings_of_the_network_are_those_of_noise(found):
    for name, (W, _) in found["layers"].items():
        p = found["tests"][name]["trained"].spacing_p
        assert np.min(p) > 1e-3
        gaps = -np.diff(np.linalg.svd(W, compute_uv=False) ** 2)
        ratios = np.minimum(gaps[1:], gaps[:-1]) / np.maximum(gaps[1:], gaps[:-1])
        assert ratios.mean() == pytest.approx(0.5307, abs=4 * 0.25 / np.sqrt(len(ratios)))


def test_printed_lines_are_short(found):
    assert max(map(len, found["printed"].splitlines())) <= 80


def test_the_start_is_that_of_the_network(found):
    for name, first, last in (("fc1", 0.21, 0.47), ("fc2", 0.19, 0.48)):
        kept = found["stay"][name].overlap.diagonal()
        assert kept[[0, -1]].tolist() == pytest.approx([first, last], abs=0.01)
        assert kept.min() > 4 * found["stay"][name].noise.max()
    kept = [found["stay"][name].overlap.diagonal()[2:] for name in ("fc1", "fc2")]
    assert (np.min(kept), np.max(kept)) == pytest.approx((0.18, 0.48), abs=0.005)


def test_strong_outputs_are_strong_inputs(found):
    trained, start = (found["neighbours"][name] for name in ("trained", "at the start"))
    assert trained.overlap[0, 0] == pytest.approx(0.22, abs=0.01)
    np.testing.assert_allclose(start.overlap, start.noise, atol=0.012)
    squares = {state: np.mean(angles**2) for state, angles in found["angles"].items()}
    assert squares["trained"] == pytest.approx(30 * trained.overlap[0, 0] / 10, rel=1e-6)
    assert squares["at the start"] == pytest.approx(0.1, abs=0.03)


def test_the_smallest_tenth_may_go(found):
    losses = found["losses"].set_index(["layer", "band"])
    for name in ("fc1", "fc2"):
        last = losses.loc[name, 10]
        assert abs(last.loss) < 3 * last.error < 0.001
    first = losses.loc[[("fc1", 1), ("fc2", 1)]]
    assert first.loss.tolist() == pytest.approx([3.04, 2.95], abs=0.005)
    assert first.accuracy.tolist() == pytest.approx([0.088, 0.063], abs=5e-4)  # guesses: 0.1
    errors = np.hypot(losses.error, losses.noise_scatter)
    more = (losses.loss - losses.noise) / errors
    assert more[more > 3].index.tolist() == [("fc1", 1), ("fc1", 2), ("fc2", 1)]
    quoted = losses.loc[[("fc1", 9), ("fc2", 9), ("fc2", 6)], ["loss", "error", "noise"]]
    expected = [[0.0015, 0.0003, 0.0009], [0.0009, 0.0003, -0.0001], [-0.0018, 0.0005, 0.0002]]
    np.testing.assert_allclose(quoted, expected, atol=6e-5)


def test_published_layers_have_structure_at_the_ends(found):
    sure, num = found["sure"], found["num"]
    assert num == 54
    assert sure.loc["as it is"].tolist() == [47, 9, 3, 2, 0, 0, 0, 1, 2, 7]
    assert sure.loc["any order", 10] == 0
    lowest = found["lowest"]
    structured = lowest[lowest["as it is"] < found["SURE"]]
    assert (structured["equal variances"] < found["SURE"]).sum() == 4
    assert (found["either"]["equal variances"] < found["SURE"]).sum() == 6
    counts = found["learned"].groupby("model").layer.nunique()
    assert len(counts) == 9
    assert counts["speech denoiser"] == 17
    assert found["untrained"].min() > 0.05 / 20
    assert found["fixed"].max() < 1e-100


def test_windows_of_checkpoints_stay_in_part(found):
    right = found["average"].right.unstack("series")
    assert right["football player, 2.0 M to 5.3 M steps"].min() > 0.85
    again = right["molecules, trained again"]
    assert again[1] > 2 * again[3]
    assert again[10] == pytest.approx(0.116, abs=0.001)
    last = found["error"].loc["molecules, trained again", 10]
    assert last[["right", "left"]].tolist() == pytest.approx([0.011, 0.048], abs=0.001)
    assert found["last"].left.agg(["min", "max"]).tolist() == pytest.approx(
        [0.118, 0.345], abs=0.001
    )
    tuned = right["classifier, 230 to 2300 steps"]
    assert tuned.loc[2:9].agg(["min", "max"]).tolist() == pytest.approx([0.44, 0.51], abs=0.005)
    assert tuned.loc[[1, 10]].tolist() == pytest.approx([0.65, 0.60], abs=0.005)


def test_leaving_a_window_out_takes_what_it_holds():
    from trainings.digits import Digits
    from trainings.networks import Layer
    from trainings.parts_of_spectra import removed

    rng = np.random.default_rng(0)
    n = 20
    x = rng.standard_normal((400, n))
    digits = Digits(x.astype(np.float32), (x[:, 0] > 0).astype(np.int64))
    strong = np.diag([5.0, *np.linspace(1, 0.1, n - 1)]).astype(np.float32)
    last, bias = np.zeros((10, n), np.float32), np.zeros(10, np.float32)
    last[1, 0] = bias[0] = 1  # the first input, which is strong, tells the labels
    zero = np.zeros(n, np.float32)
    network = [Layer(strong, zero), Layer(strong, zero), Layer(last, bias)]
    table = removed(network, digits)
    for layer in ("fc1", "fc2"):
        one = table[table.layer == layer]
        assert one.largest.iloc[0] == pytest.approx(5)
        loss, error = one.loss.to_numpy(), one.error.to_numpy()
        assert loss[0] > 0.5
        np.testing.assert_allclose([loss[1:], error[1:]], 0, atol=1e-6)


@pytest.mark.shared
@pytest.mark.slow
def test_kept_losses_are_those_of_the_digits(found):
    from trainings.digits import read_train_and_test
    from trainings.parts_of_spectra import read, removed

    if not (SHARED / "data" / "mnist").exists():
        pytest.skip("the digits are not here")
    fresh = removed(read(), read_train_and_test(SHARED / "data" / "mnist")[1])
    kept = pd.read_csv(ARTICLES / "results/noise_and_signal_removed.csv")
    np.testing.assert_allclose(fresh.loss, kept.loss, rtol=1e-3, atol=1e-5)
    np.testing.assert_allclose(fresh.accuracy, kept.accuracy, atol=2e-4)


@pytest.mark.shared
@pytest.mark.slow
def test_kept_tests_are_those_of_the_published_networks(monkeypatch):
    from trainings import parts_of_spectra

    if not (SHARED / "models").exists():
        pytest.skip("the published networks are not here")
    some = {name: parts_of_spectra.PUBLISHED[name] for name in ("backgammon", "walking robot")}
    monkeypatch.setattr(parts_of_spectra, "PUBLISHED", some)
    fresh = parts_of_spectra.census(SHARED / "models")
    kept = pd.read_csv(ARTICLES / "results/noise_and_signal_windows.csv")
    kept = kept[kept.model.isin(some)]
    assert fresh.layer.tolist() == kept.layer.tolist()
    logs = [np.log(np.maximum(one.p.to_numpy(), 1e-30)) for one in (fresh, kept)]
    np.testing.assert_allclose(logs[0], logs[1], rtol=0.01, atol=0.01)
    after = pd.read_csv(ARTICLES / "results/noise_and_signal_checkpoints.csv")
    fresh = parts_of_spectra.moved(SHARED / "models")
    np.testing.assert_allclose(fresh.right, after.right, atol=0.005)


def test_no_later_window_costs_more_than_noise(page):
    losses = page("noise_and_signal")["losses"]
    excess = losses.loss - losses.noise
    farther = excess / np.hypot(losses.error, losses.noise_scatter)
    assert (farther[losses.band >= 4] < 2).all()
    assert (farther[(losses.band == 1)] > 100).all()
