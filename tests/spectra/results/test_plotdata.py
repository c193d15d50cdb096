"""Numbers of the figures, held against other ways to compute them."""

import numpy as np
import pytest
import scipy.stats
import xarray as xr

import spectra
from spectra.errors import ArgumentError, UnknownNameError
from spectra.models.arrays import from_array
from spectra.noise import marchenko_pastur
from spectra.results import plotdata
from spectra.theory import compare, laws, scan

Q = np.linalg.qr(np.random.default_rng(0).standard_normal((60, 60)))[0]
NARROW = {
    "projector": Q[:, :30] @ Q[:, :30].T,
    "rotation": Q,
    "stored in single precision": Q.astype(np.float32),
    "identity": 3.0 * np.eye(30),
    "tiny": 1e-120 * Q,
    "one eigenvalue": np.ones((5, 1)),
    "bent by rounding": np.diag(1 + 1e-15 * np.arange(40)),
}


@pytest.mark.parametrize("name", NARROW)
def test_equal_eigenvalues_are_one_bar(name):
    """The density of a bar as narrow as rounding was 1e15, or a division by zero."""
    tensors = {"w": from_array("w", NARROW[name], role="dense")}  # a column would be a vector
    ds = spectra.analyze(tensors).isel(layer=0)
    figure = plotdata.esd(spectra.analyze(tensors), layer="w")
    widths, largest = np.diff(figure.edges), ds.eigenvalue.values[0]
    assert (widths > 0).all()
    assert (figure.density > 0).sum() == 1
    assert figure.edges[-1] / figure.edges[0] == pytest.approx(10)
    assert figure.density.max() * largest < 30
    drawn = 1 - figure.num_left_out / ds.num_evals.item()
    assert figure.density @ widths == pytest.approx(drawn)
    bar = int(figure.density.argmax())
    assert figure.edges[bar] < largest < figure.edges[bar + 1]


def test_a_narrow_spectrum_keeps_its_shape():
    """The bulk of a matrix of a million rows is 1 % wide, and a bulk nevertheless."""
    singular = np.sqrt(np.linspace(1.0, 1.01, 50))
    figure = plotdata.esd(spectra.analyze({"w": np.diag(singular)}), layer="w")
    assert figure.edges[[0, -1]] == pytest.approx([1.0, 1.01])
    assert (figure.density > 0).all()


def rng(seed=0):
    return np.random.default_rng(seed)


@pytest.mark.parametrize("scale", ["log-log", "lin-log", "lin-lin"])
def test_every_scale_has_the_mass_of_what_it_shows(scale):
    W = rng().pareto(1.2, (200, 120))
    W[:, :7] = 0
    figure = plotdata.esd(spectra.spectrum(W), scale=scale)
    widths = np.diff(np.log10(figure.edges)) if scale == "lin-log" else np.diff(figure.edges)
    shown = 120 - figure.num_left_out - figure.num_beyond
    assert figure.density @ widths == pytest.approx(shown / 120)
    assert (figure.num_zero, "7 are zero" in figure.caption) == (7, True)
    assert (figure.num_beyond > 0) == (scale == "lin-lin")


@pytest.mark.parametrize("shape", [(300, 100), (200, 200)])
@pytest.mark.parametrize("scale", ["log-log", "lin-log", "lin-lin"])
def test_law_of_noise_of_plain_eigenvalues_has_mass_1(shape, scale):
    values = spectra.eigenvalues(rng(1).standard_normal(shape))
    figure = plotdata.esd(values, N=shape[0], scale=scale)
    x = np.log10(figure.bulk) if scale == "lin-log" else figure.bulk
    below = np.mean(values < figure.bulk[0])
    assert np.trapezoid(figure.bulk_density, x) == pytest.approx(1 - below, abs=0.02)
    assert len(plotdata.esd(values, scale=scale).bulk) == 0  # unknown without N


def test_a_nan_layer_and_a_zero_layer_are_told_apart():
    weights = {"zero": np.zeros((9, 9)), "nan": np.full((9, 9), np.nan), "ok": np.eye(9)}
    ds = spectra.analyze(weights)
    for function in (plotdata.esd, plotdata.hill, plotdata.noise, plotdata.tail_laws):
        with pytest.raises(ArgumentError, match=r"'zero' .*weights are all zero"):
            function(ds, layer="zero")
        with pytest.raises(ArgumentError, match=r"'nan' .*hold a nan or an infinity"):
            function(ds, layer="nan")
        with pytest.raises(UnknownNameError):
            function(ds, layer="gone")
    for of_matrices in (plotdata.permuted, plotdata.vectors):
        with pytest.raises(ArgumentError, match="all zero"):
            of_matrices(weights["zero"])
        with pytest.raises(ArgumentError, match="nan or an infinity"):
            of_matrices(weights["nan"])
    with pytest.raises(ArgumentError, match="`layer` must name one of 3 layers: 'zero', 'nan'"):
        plotdata.esd(ds)


def test_survival_functions_are_those_of_scipy():
    x = 1 + rng().pareto(1.5, 400)
    figure = plotdata.tail_laws(x, xmin=1.0)
    p = figure.parameters
    wanted = {
        "power_law": scipy.stats.pareto(p["power_law"]["alpha"] - 1),
        "exponential": scipy.stats.expon(1, 1 / p["exponential"]["Lambda"]),
        "lognormal": scipy.stats.lognorm(
            p["lognormal"]["sigma"], scale=np.exp(p["lognormal"]["mu"])
        ),
    }
    for law, known in wanted.items():
        expected = known.sf(figure.x) / known.sf(1.0)
        np.testing.assert_allclose(figure.laws[law], expected, rtol=1e-8, err_msg=law)
    order = np.argsort(x)
    np.testing.assert_allclose(figure.eigenvalue, x[order])
    np.testing.assert_allclose(figure.ccdf, np.arange(400, 0, -1) / 400)


def test_survival_of_a_truncated_power_law_is_its_integral():
    x = 1 + rng().exponential(size=500)
    figure = plotdata.tail_laws(x, xmin=1.0)
    alpha, cut = (figure.parameters["truncated_power_law"][k] for k in ("alpha", "Lambda"))
    for at in (0, 100, 199):
        tail, whole = (
            scipy.integrate.quad(lambda t: t**-alpha * np.exp(-cut * t), low, np.inf)[0]
            for low in (figure.x[at], 1.0)
        )
        assert figure.laws["truncated_power_law"][at] == pytest.approx(tail / whole, rel=1e-6)


def test_scan_finds_the_fit_and_a_planted_rival():
    body = 1 + rng(2).pareto(0.8, 600)
    tail = 60 * (1 + rng(3).pareto(4.0, 150))
    figure = plotdata.xmin_scan(np.concatenate([body[body < 60], tail]))
    assert figure.xmin[figure.D.argmin()] == figure.chosen
    assert np.isin(figure.rivals, figure.xmin).all()
    there = figure.xmin == figure.rival_xmin
    assert figure.alpha[there] == pytest.approx(figure.rival_alpha)


def test_noise_of_a_spiked_matrix_has_its_edge_and_its_spike():
    W = rng().standard_normal((500, 250)) + 0.2 * np.outer(np.ones(500), np.ones(250))
    figure = plotdata.noise(spectra.eigenvalues(W), N=500)
    lower, upper = marchenko_pastur.edges(0.5, mean_eigenvalue=500)
    assert figure.lower == pytest.approx(lower, rel=0.05)
    assert figure.upper == pytest.approx(upper, rel=0.02)
    assert len(figure.spikes) == 1
    assert figure.edge_low < upper < figure.edge_high * 1.01
    with pytest.raises(ArgumentError, match="has 9 matrices, each with a law of its own"):
        plotdata.noise(spectra.analyze({"c": rng().standard_normal((20, 16, 3, 3))}))
    with pytest.raises(ArgumentError, match="`N` must be given"):
        plotdata.noise([1.0, 2.0])


def test_largest_of_noise_is_in_its_band_in_nine_of_ten_cases():
    inside = []
    for seed in range(60):
        values = spectra.eigenvalues(rng(seed).standard_normal((120, 60)))
        figure = plotdata.noise(values, N=120)
        inside.append(figure.edge_low < values[-1] < figure.edge_high)
    assert 45 <= sum(inside) <= 60


def test_spread_of_random_directions_and_of_a_planted_element():
    assert 1 / plotdata.vectors(rng().standard_normal((90, 60))).noise == pytest.approx(3 / 62)
    shares = [plotdata.vectors(rng(i).standard_normal((90, 60))).localized.mean() for i in range(9)]
    assert np.mean(shares) < 0.01
    v = rng().standard_normal((40000, 30))
    ratios = np.sum(v**4, axis=1) / np.sum(v**2, axis=1) ** 2
    assert np.var(ratios) == pytest.approx(24 * 29 / (32**2 * 34 * 36), rel=0.05)
    dead = rng().standard_normal((90, 60))
    dead[:, ::2] = 0
    assert plotdata.vectors(dead).noise == pytest.approx(32 / 3)


def test_flow_has_a_trend_outliers_kinds_and_the_order_of_a_network():
    weights = {f"h.{i}.attn.q": rng(i).standard_t(3, (60, 40)) for i in range(9)}
    weights["h.4.mlp.up_proj"] = np.diag(np.linspace(0.999, 1, 40))
    ds = spectra.analyze(weights, measures=[spectra.measures.tail_fit])
    figure = plotdata.correlation_flow(ds)
    known = scipy.stats.kendalltau(figure.depth, figure.alpha)
    assert figure.trend == (known.statistic, known.pvalue, 10)
    assert [figure.layer[i] for i in np.flatnonzero(figure.apart)] == ["h.4.mlp.up_proj"]
    assert "h.4.mlp.up_proj" in figure.caption
    assert figure.kind == ["attention"] * 9 + ["mlp"]
    names = ["lm_head", "model.embed_tokens", "model.layers.0.mlp.up_proj"]
    few = spectra.analyze({name: rng().pareto(2, (60, 40)) for name in names})
    assert plotdata.correlation_flow(few).names == names
    few.attrs["model_format"] = "safetensors"
    assert plotdata.correlation_flow(few).names == [names[1], names[2], names[0]]


def test_several_models_are_a_mapping_a_list_or_a_dimension():
    runs = [spectra.analyze({"a": rng(i).pareto(2, (60, 40))}) for i in range(2)]
    both = xr.concat(runs, "step")
    for given in (runs, {"x": runs[0], "y": runs[1]}, both):
        flows = list(plotdata.correlation_flows(given).values())
        assert [float(f.alpha[0]) for f in flows] == [float(ds.alpha[0]) for ds in runs]
    assert list(plotdata.correlation_flows(both)) == ["step 0", "step 1"]
    assert sum(c.sum() for c in plotdata.histogram(both).counts.values()) == 2
    with pytest.raises(ArgumentError, match="one number per layer"):
        plotdata.histogram(both, column="verdict")
    with pytest.raises(UnknownNameError, match="no variable 'alfa'"):
        plotdata.histogram(both, column="alfa")


def test_regression_is_that_of_scipy_and_groups_may_disagree():
    x = np.concatenate([np.arange(6.0), np.arange(6.0) + 10])
    y = np.concatenate([-np.arange(6.0), 20 - np.arange(6.0)]) + 0.1 * rng().standard_normal(12)
    figure = plotdata.regression([*x, np.nan], [*y, 1.0], groups=[*"aaaaaabbbbbb", "b"])
    known = scipy.stats.linregress(x, y)
    assert figure.overall[:3] == pytest.approx((known.slope, known.intercept, known.rvalue))
    assert figure.overall.slope > 0
    assert all(line.slope < 0 for line in figure.lines.values())
    assert figure.num_left_out == 1


def test_heat_map_rows_have_the_mass_of_what_they_show():
    weights = {"a": rng().pareto(2, (90, 60)), "b": rng().standard_normal((90, 60))}
    ds = spectra.analyze(weights, measures=[spectra.measures.size])
    figure = plotdata.heat_map(ds)
    shares = figure.density.sum(axis=1) * np.diff(np.log10(figure.edges))[0]
    assert (1 - shares).sum() * 60 == pytest.approx(figure.num_left_out)
    means = [np.mean(W**2) * 90 for W in weights.values()]
    largest = ds.eigenvalue.sel(mode=1).values / means
    np.testing.assert_allclose(figure.largest, largest)


def test_permuting_keeps_a_trap_and_destroys_a_correlation():
    W = rng().standard_normal((120, 80))
    trap = W.copy()
    trap[3, 4] = 60
    correlated = W + 0.5 * np.outer(np.ones(120), np.ones(80)) * np.sign(rng(1).normal(size=80))
    kept, lost = plotdata.permuted(trap), plotdata.permuted(correlated)
    assert kept.largest / kept.largest_permuted == pytest.approx(1, abs=0.05)
    assert lost.largest / lost.largest_permuted > 3
    for figure in (kept, lost):
        mass = figure.density @ np.diff(figure.edges)
        assert mass == pytest.approx(1 - figure.num_left_out / 80)


def test_hill_estimates_are_the_maximum_likelihood_ones():
    x = 1 + rng().pareto(1.5, 100)
    figure = plotdata.hill(x)
    top = np.sort(x)[::-1]
    k = 20
    wanted = 1 + 1 / np.mean(np.log(top[:k] / top[k]))
    assert figure.alpha[figure.k == k] == pytest.approx(wanted)


def test_two_tails_and_a_law_of_theory():
    values = spectra.eigenvalues(rng().pareto(2, (90, 60)))
    figure = plotdata.erg(values)
    rescaled = values[values >= figure.edge] / values.mean()
    assert np.log(rescaled).sum() >= 0
    assert np.log(values[-figure.num_erg - 1 :] / values.mean()).sum() < 0
    law = plotdata.theory(scipy.stats.norm(2, 3), data=[1.0, 2.0, 3.0])
    np.testing.assert_allclose(law.density, scipy.stats.norm.pdf(law.x, 2, 3))
    assert law.histogram @ np.diff(law.edges) == pytest.approx(1)
    with pytest.raises(ArgumentError, match="`x` must be given"):
        plotdata.theory(np.exp)


def test_captions_count_one_in_the_singular():
    rest = np.random.default_rng(0).standard_normal((40, 30))
    ranked = rest + np.outer(np.arange(40) - 19.5, np.arange(30) - 14.5) / 20
    rest[0, 0] = 40
    ds = spectra.analyze({"fc": rest, "zero": np.zeros((9, 9))})
    assert "of 1 layer:" in plotdata.heat_map(ds).caption
    assert plotdata.correlation_flow(ds).caption.startswith("Alpha of 1 layer against depth.")
    assert "1 layer, median" in plotdata.histogram(ds).caption
    assert "1 of 30 vectors has less than" in plotdata.vectors(rest).caption
    assert "The vector of the largest eigenvalue" in plotdata.vectors(rest).caption
    assert "1 of 30 eigenvalues is above it." in plotdata.permuted(ranked).caption
    assert ", of which 1 is zero." in plotdata.esd([0, *range(1, 40)]).caption


def test_a_comparison_is_drawn_along_the_law():
    law = laws.semicircle()
    draws = law.spectra(40, num=30, rng=0)
    ds = compare(draws, law, rng=1)
    figure = plotdata.comparison(ds)
    counted = np.array([np.mean(draws <= x) for x in figure.x])
    np.testing.assert_allclose(figure.difference, counted - figure.q, atol=1e-9)
    assert figure.caption == ds.attrs["sentence"]
    assert (figure.reach, figure.num, figure.size) == (ds.attrs["detectable"], 30, 40)
    single = plotdata.comparison(compare(draws[0], law, rng=1))
    assert np.isnan(single.error).all()
    assert np.isfinite(single.reach)
    lone = compare(draws[:3], laws.cauchy(), rng=1)
    figure = plotdata.comparison(lone)
    assert np.isnan([figure.reach, figure.p, *figure.expected]).all()
    assert figure.verdict == "not judged"


def test_convergence_has_the_line_of_the_rate():
    ds = scan(
        lambda n, rng: rng.standard_normal((2 * n, n)),
        lambda n: laws.marchenko_pastur(0.5, mean=2.0 * n),
        [24, 6, 12],
        num=400,
        rng=0,
    )
    figure = plotdata.convergence(ds)
    assert figure.size.tolist() == [24, 6, 12]
    assert figure.rate == ds.attrs["rate"]
    falling = np.log(figure.fitted[0] / figure.fitted[1]) / np.log(24 / 6)
    assert falling == pytest.approx(-figure.rate)
    apart = (figure.fitted - figure.distance)[figure.clear] / figure.error[figure.clear]
    assert np.abs(apart).max() < 3
    assert f"to the power of -{figure.rate:.2f}" in figure.caption
    ds["verdict"] = ("size", ["consistent", "different", "different"])
    assert "Draws differ from the model at sizes 6, 12." in plotdata.convergence(ds).caption


@pytest.mark.parametrize("figure", [plotdata.comparison, plotdata.convergence])
@pytest.mark.parametrize("what", [xr.Dataset(), xr.Dataset({"x": 1}), None, [1.0]])
def test_other_datasets_are_no_comparison(figure, what):
    with pytest.raises(ArgumentError, match="must be a result of spectra"):
        figure(what)


def test_atoms_are_no_part_of_the_histogram():
    law = laws.marchenko_pastur(4.0)
    draws = law.spectra(40, num=25, rng=0)
    figure = plotdata.theory(law, data=draws)
    assert (figure.atoms.tolist(), figure.share.tolist()) == ([0.0], [0.75])
    assert figure.data_share == pytest.approx([0.75])
    assert figure.histogram @ np.diff(figure.edges) == pytest.approx(0.25)
    assert np.trapezoid(figure.density, figure.x) == pytest.approx(0.25, abs=1e-4)
    assert figure.name == law.name
    assert "0.75 of the law is at 0 itself, and 0.75 of the numbers." in figure.caption
    only = plotdata.theory(laws.discrete([0.0, 2.5]), data=[0.0, 2.5, 2.5, 1.0])
    assert only.data_share.tolist() == [0.25, 0.5]
    assert not len(only.x)


def test_a_law_with_a_gap_is_drawn_to_its_edges():
    law = laws.discrete([-1.0, 1.0]) + laws.semicircle(variance=0.2)
    figure = plotdata.theory(law)
    ends = [x for interval in law.intervals for x in interval]
    assert len(ends) == 4
    assert set(ends) <= set(figure.x)
    assert np.trapezoid(figure.density, figure.x) == pytest.approx(1, abs=1e-4)
    wide = plotdata.theory(laws.cauchy())
    assert np.trapezoid(wide.density, wide.x) == pytest.approx(0.96, abs=0.01)
