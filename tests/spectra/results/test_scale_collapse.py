"""Scale collapse: a planted layer is found, and nothing else."""

import math

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

import spectra
from spectra.errors import ArgumentError
from spectra.results import scale_collapse
from spectra.results.verdicts import Collapse

INITIALISERS = {
    "fan-in": lambda rows, columns: columns**-0.5,
    "Glorot": lambda rows, columns: (2 / (rows + columns)) ** 0.5,
    "constant": lambda rows, columns: 0.02,
}


def noise(initialiser="Glorot", num=20, seed=0):
    """Return layers of noise of different shapes, up to four times as long as wide."""
    rng = np.random.default_rng(seed)
    shapes = rng.integers(20, 81, (num, 2)).tolist()
    std = INITIALISERS[initialiser]
    return {f"fc{i}": std(*shape) * rng.standard_normal(shape) for i, shape in enumerate(shapes)}


def analysed(model):
    return spectra.analyze(model, measures=[spectra.measures.size])


def collapsed(found):
    return found.layer.values[found.collapsed.values > Collapse.NO].tolist()


def by_hand(values):
    """Return the robust z as in the book, in its units of 0.6745 / MAD."""
    middle = np.median(values)
    return 0.6745 * (values - middle) / np.median(np.abs(values - middle))


@pytest.mark.parametrize("initialiser", INITIALISERS)
@pytest.mark.parametrize("seed", range(5))
def test_the_planted_layer_is_found_and_no_other(initialiser, seed):
    model = noise(initialiser, seed=seed)
    assert collapsed(scale_collapse.find(analysed(model))) == []
    model["fc7"] /= 100
    found = scale_collapse.find(analysed(model))
    assert collapsed(found) == ["fc7"]
    # its own scale and that of its peers differ by their shapes, by up to 2 (sides of 20 to 80)
    assert found.excess_rms.sel(layer="fc7") == pytest.approx(-2, abs=math.log10(2))


def test_a_uniformly_rescaled_model_has_none():
    ds, small = analysed(noise()), analysed({n: W / 100 for n, W in noise().items()})
    assert collapsed(scale_collapse.find(small)) == []
    found = scale_collapse.find(small, reference=ds)
    assert collapsed(found) == []
    np.testing.assert_allclose(found.excess_rms, 0, atol=1e-12)


def test_scales_and_z_are_what_they_say():
    model = noise()
    found = scale_collapse.find(analysed(model))
    W = [np.asarray(matrix) for matrix in model.values()]
    rms = np.array([np.log10(np.sqrt(np.mean(w**2))) for w in W])
    long = np.array([max(w.shape) for w in W])
    edge = [np.linalg.norm(w, 2) / sum(np.sqrt(w.shape)) for w in W]
    np.testing.assert_allclose(found.log_rms, rms)
    np.testing.assert_allclose(found.log_edge, np.log10(edge))
    # 0.6745 and 1.4826 are rounded inverses: 0.6745 * 1.4826 = 1.00001
    np.testing.assert_allclose(found.z_rms, by_hand(rms + np.log10(long) / 2), rtol=2e-5)
    np.testing.assert_allclose(found.z_edge, by_hand(np.log10(edge * np.sqrt(long))), rtol=2e-5)
    assert (found.num_peers == 20).all()


def test_both_scales_of_noise_are_its_standard_deviation():
    W = 0.3 * np.random.default_rng(0).standard_normal((600, 400))
    found = scale_collapse.find(analysed({"fc": W}))
    # rms: 5 standard errors of 1 / sqrt(2 N M); edge: half of 6 scales of Tracy and Widom
    edge = math.sqrt(600) + math.sqrt(400)
    scale = edge * (600**-0.5 + 400**-0.5) ** (1 / 3)
    assert 10 ** found.log_rms.item() == pytest.approx(0.3, rel=5 / math.sqrt(2 * W.size))
    assert 10 ** found.log_edge.item() == pytest.approx(0.3, rel=3 * scale / edge**2)


def test_a_small_spectral_norm_alone_is_found():
    """Of equal singular values the largest is as small as the Frobenius norm lets it be."""
    rng = np.random.default_rng(0)
    model = {f"fc{i}": np.outer(*rng.standard_normal((2, 100))) for i in range(9)}
    model["flat"] = 10 * np.linalg.qr(rng.standard_normal((100, 100)))[0]  # rms 1
    found = scale_collapse.find(analysed(model)).sel(layer="flat")
    assert abs(found.z_rms) < 3.5
    assert found.z_edge < -3.5
    assert found.collapsed > Collapse.NO


def test_convolutions_are_compared_by_all_their_matrices():
    rng = np.random.default_rng(0)
    shapes = [(32, 16, k, k) for k in (1, 1, 3, 3, 5, 5)]
    model = {f"c{i}": rng.standard_normal(s) / np.prod(s[1:]) ** 0.5 for i, s in enumerate(shapes)}
    found = scale_collapse.find(analysed(model))
    # fan-in is 16 k^2, N rf is 32 k^2: all are sqrt(2); 5 standard errors of the smallest layer
    rms = 10**found.log_rms.values * np.sqrt([32 * s[2] ** 2 for s in shapes])
    np.testing.assert_allclose(rms, math.sqrt(2), rtol=5 / math.sqrt(2 * 512))
    # a median within the same error, in decades
    assert np.abs(found.excess_rms).max() < 2 * 5 / math.sqrt(2 * 512) / math.log(10)


def test_peers_are_of_the_same_type_if_there_are_five():
    def tensor(name, role, scale):
        W = scale * np.random.default_rng(len(name)).standard_normal((30, 20))
        return spectra.Tensor(name, W.shape, "float64", role, lambda: W)

    model = [tensor("d" * i, "dense", 1.0) for i in range(1, 6)]
    model += [tensor("e" * i, "embedding", 0.01) for i in range(1, 5)]
    found = scale_collapse.find(analysed({t.name: t for t in model}))
    assert found.num_peers.values.tolist() == [5] * 5 + [9] * 4
    fifth = [*model, tensor("eeeee", "embedding", 0.01)]
    found = scale_collapse.find(analysed({t.name: t for t in fifth}))
    assert found.num_peers.values.tolist() == [5] * 10
    assert collapsed(found) == []  # each is as small as its kind


def test_a_reference_knows_what_was_small_from_the_start():
    before = noise()
    before["fc7"] /= 100
    after = {name: 1.1 * W for name, W in before.items()}
    after["fc3"] = after["fc3"] / 10
    found = scale_collapse.find(analysed(after), reference=analysed(before))
    assert collapsed(found) == ["fc3"]
    np.testing.assert_allclose(found.excess_rms.sel(layer="fc3"), -1)
    # all others are equal to within rounding, so the spread is its floor
    np.testing.assert_allclose(found.z_rms.sel(layer="fc3"), -1 / 0.02)
    assert found.z_rms.sel(layer="fc7") == pytest.approx(0, abs=1e-9)


def test_layers_that_only_one_model_has_are_not_compared():
    after, before = noise(num=8), noise(num=8)
    del before["fc2"]
    before["fc5"][:] = 0
    before["other"] = np.eye(30)
    found = scale_collapse.find(analysed(after), reference=analysed(before))
    lost = found.sel(layer=["fc2", "fc5"])
    assert np.isnan(lost.z_rms).all()
    assert np.isfinite(lost.log_rms).all()
    assert (lost.collapsed == Collapse.NOT_COMPARED).all()
    assert (found.num_peers.drop_sel(layer=["fc2", "fc5"]) == 6).all()


def test_layers_without_a_spectrum_are_left_out():
    model = {**noise(num=5), "zero": np.zeros((9, 9)), "bad": np.full((9, 9), np.nan)}
    model["empty"] = np.empty((3, 0))
    found = scale_collapse.find(analysed(model))
    lost = found.isel(layer=slice(5, None))
    for name in ("log_rms", "log_edge", "excess_rms", "excess_edge", "z_rms", "z_edge"):
        assert np.isnan(lost[name]).all()
        assert np.isfinite(found[name][:5]).all()
    assert found.collapsed.values.tolist() == [Collapse.NO] * 5 + [Collapse.NOT_COMPARED] * 3


def test_fewer_than_five_layers_say_nothing():
    model = noise(num=4)
    model["fc0"] /= 1000
    found = scale_collapse.find(analysed(model))
    assert np.isnan(found.z_rms).all()
    assert np.isnan(found.excess_edge).all()
    assert (found.collapsed == Collapse.NOT_COMPARED).all()
    assert scale_collapse.find(analysed({})).sizes["layer"] == 0


def test_both_conditions_are_needed():
    model = {f"fc{i}": np.eye(10) for i in range(9)}
    model["fc0"] = np.eye(10) / 2.9
    found = scale_collapse.find(analysed(model))
    assert found.z_rms.sel(layer="fc0") < -3.5  # the others do not differ at all
    assert collapsed(found) == []
    assert collapsed(scale_collapse.find(analysed(model), factor=2.8)) == ["fc0"]
    spread = {f"fc{i}": 10.0**i * np.eye(10) for i in range(9)}
    found = scale_collapse.find(analysed(spread))
    assert found.excess_rms.min() == pytest.approx(-4)
    assert collapsed(found) == []  # 4 decades, and 4 / (2 * 1.4826) spreads
    assert collapsed(scale_collapse.find(analysed(spread), threshold=1.3)) == ["fc0"]


@pytest.mark.slow
@given(st.floats(1e-6, 1e6), st.integers(0, 9))
def test_a_common_scale_changes_nothing(scale, planted):
    model = noise(num=10)
    model[f"fc{planted}"] /= 30
    one = scale_collapse.find(analysed(model))
    other = scale_collapse.find(analysed({name: scale * W for name, W in model.items()}))
    np.testing.assert_allclose(other.log_rms - one.log_rms, math.log10(scale), atol=1e-9)
    scales = ["log_rms", "log_edge"]
    xr.testing.assert_allclose(other.drop_vars(scales), one.drop_vars(scales), atol=1e-9)


def test_words_for_the_flag_and_attributes():
    found = scale_collapse.find(analysed(noise(num=5)))
    assert spectra.labels(found.collapsed).values.tolist() == ["no"] * 5
    for variable in found.data_vars.values():
        assert variable.dims == ("layer",)
        assert {"long_name", "formula", "references"} <= set(variable.attrs)


def test_misuse_says_what_is_wanted():
    ds = analysed(noise(num=5))
    with pytest.raises(ArgumentError, match=r"the Dataset must be a result .* it lacks norm$"):
        scale_collapse.find(ds.drop_vars("norm"))
    with pytest.raises(ArgumentError, match=r"`reference` must be a result .* lacks the dimension"):
        scale_collapse.find(ds, reference=ds.sel(layer="fc0"))
    for threshold in (0.0, -1.0, math.inf, math.nan):
        with pytest.raises(ArgumentError, match="`threshold` must be a finite number above 0"):
            scale_collapse.find(ds, threshold=threshold)
    for factor in (0.9, math.inf, math.nan):
        with pytest.raises(ArgumentError, match="`factor` must be a finite number from 1"):
            scale_collapse.find(ds, factor=factor)


def test_which_norm_is_small_is_said():
    rng = np.random.default_rng(5)
    model = {f"fc{i}": rng.standard_normal((60, 40)) for i in range(12)}
    for i in range(4):  # one large singular value beside the noise: the norms differ
        model[f"fc{i}"] += 12 * np.outer(rng.standard_normal(60), rng.standard_normal(40)) / 7
    model["tiny"] = 1e-3 * rng.standard_normal((60, 40))
    found = scale_collapse.find(spectra.analyze(model, measures=[spectra.measures.size]))
    words = spectra.labels(found.collapsed).to_series()
    assert words["tiny"] == "by_both"
    flat = {f"fc{i}": rng.standard_normal((60, 40)) for i in range(12)}
    for i in range(12):
        flat[f"fc{i}"] += np.outer(rng.standard_normal(60), rng.standard_normal(40))
    left, _, right = np.linalg.svd(rng.standard_normal((60, 40)), full_matrices=False)
    flat["orthogonal"] = 6 * left @ right  # as large in all, without a large direction
    found = scale_collapse.find(spectra.analyze(flat, measures=[spectra.measures.size]))
    assert spectra.labels(found.collapsed).to_series()["orthogonal"] == "by_spectral_norm"
