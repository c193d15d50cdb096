"""Figures: their numbers, and that what is drawn is these numbers."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.patches import StepPatch

import spectra
import spectra_io
from spectra.errors import ArgumentError, UnknownNameError
from spectra.results import plotdata


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


@pytest.fixture(name="ds")
def analysed():
    rng = np.random.default_rng(0)
    conv = rng.pareto(1.5, (20, 10, 3, 3))
    return spectra.analyze(
        {
            "fc": rng.pareto(1.5, (200, 100)),
            "rank1": np.outer(np.arange(1, 30.0), np.arange(1, 20.0)),
            "equal": np.eye(30),
            "zero": np.zeros((5, 5)),
            "conv": conv,
        }
    )


@pytest.mark.parametrize("layer", ["fc", "conv", "rank1", "equal"])
def test_density_has_the_mass_of_the_eigenvalues_shown(ds, layer):
    numbers = plotdata.esd(ds, layer=layer)
    values = ds.eigenvalue.sel(layer=layer).dropna("mode")
    share = 1 - numbers.num_left_out / values.size
    assert numbers.density @ np.diff(numbers.edges) == pytest.approx(share)
    shown = values[values >= numbers.edges[0]]
    assert shown.size + numbers.num_left_out == values.size
    start = ds.xmin.sel(layer=layer).fillna(ds.lambda_max.sel(layer=layer))
    assert numbers.num_left_out == (values < 0.01 * start).sum()
    assert numbers.num_left_out > 0 or layer != "rank1"


def test_tail_has_the_mass_of_the_points_in_it(ds):
    numbers, row = plotdata.esd(ds, layer="fc"), ds.sel(layer="fc")
    alpha, xmin, xmax = (row[n].item() for n in ("alpha", "xmin", "xmax"))
    assert (numbers.tail[0], numbers.tail[-1]) == (pytest.approx(xmin), pytest.approx(xmax))
    share = row.num_tail.item() / row.num_evals.item()
    exact = share * (1 - (xmax / xmin) ** (1 - alpha))
    assert np.trapezoid(numbers.tail_density, numbers.tail) == pytest.approx(exact, rel=0.02)


@pytest.mark.parametrize("layer", ["fc", "conv", "rank1", "equal"])
def test_esd_is_drawn(ds, layer):
    ax = spectra_io.plots.esd(ds, layer=layer)
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")
    numbers = plotdata.esd(ds, layer=layer)
    steps = ax.patches[0]
    assert isinstance(steps, StepPatch)
    np.testing.assert_array_equal(steps.get_data()[0], numbers.density)
    legend = ax.get_legend()
    words = [t.get_text() for t in (*ax.texts, *(legend.texts if legend else []))]
    fitted = ds.alpha.sel(layer=layer).notnull()
    assert any((r"$\alpha$" if fitted else "no fit") in text for text in words)
    ax.figure.canvas.draw()


def test_layer_without_eigenvalues_cannot_be_drawn(ds):
    with pytest.raises(ArgumentError, match="no positive eigenvalue"):
        spectra_io.plots.esd(ds, layer="zero")
    with pytest.raises(UnknownNameError, match="no layer 'fd'"):
        spectra_io.plots.esd(ds, layer="fd")


def test_correlation_flow_has_a_point_for_each_fitted_layer(ds):
    numbers = plotdata.correlation_flow(ds)
    assert numbers.layer == ["fc", "conv"]
    assert numbers.depth.tolist() == [1, 5]
    ax = spectra_io.plots.correlation_flow(ds)
    drawn = np.asarray(ax.lines[0].get_xydata())
    np.testing.assert_array_equal(drawn[[0, 4]], np.c_[numbers.depth, numbers.alpha])
    assert np.isnan(drawn[1:4, 1]).all()
    assert "(3 without a fit)" in ax.get_xlabel()
    ax.figure.canvas.draw()


@pytest.mark.slow
def test_flow_of_huge_alphas_and_of_many_layers_can_be_drawn():
    rng = np.random.default_rng(0)
    model = {f"layer{i}": rng.standard_normal((30, 20)) for i in range(60)}
    model["orthogonal"] = np.linalg.qr(rng.standard_normal((40, 40)))[0].astype(np.float32)
    ds = spectra.analyze(model)
    assert ds.alpha.max() > 1e4
    ax = spectra_io.plots.correlation_flow(ds)
    assert ax.get_ylim()[1] > ds.alpha.max()
    ax.figure.canvas.draw()


def test_drawing_needs_the_fit():
    ds = spectra.analyze({"w": np.eye(9)}, measures=[spectra.measures.size])
    with pytest.raises(ArgumentError, match="lacks alpha"):
        plotdata.esd(ds, layer="w")


def test_given_axes_are_used(ds):
    _, ax = plt.subplots()
    assert spectra_io.plots.esd(ds, layer="fc", ax=ax) is ax


def test_flow_shows_intervals_noise_and_what_is_not_supported(ds):
    numbers = plotdata.correlation_flow(ds)
    fitted = ds.sel(layer=numbers.layer)
    assert list(numbers.low) == list(fitted.alpha_low)
    assert list(numbers.high) == list(fitted.alpha_high)
    assert list(numbers.noise) == list(fitted.alpha_noise)
    ax = spectra_io.plots.correlation_flow(ds)
    words = set(ax.get_legend_handles_labels()[1])
    assert {r"$\alpha$, 90 % interval", "pure noise", "power law not supported"} <= words
    hollow = next(line for line in ax.lines if line.get_label() == "power law not supported")
    supported = spectra.tails.support.Support.SUPPORTED
    judged = (ds.power_law_support > 0) & (ds.power_law_support != supported)
    assert np.array_equal(hollow.get_xdata(), np.flatnonzero(judged) + 1)


def test_flow_without_evidence_has_standard_errors():
    weights = {"w": np.random.default_rng(0).pareto(1.5, (100, 60))}
    ds = spectra.analyze(weights, measures=[spectra.measures.tail_fit])
    numbers = plotdata.correlation_flow(ds)
    assert numbers.high - numbers.alpha == pytest.approx(ds.sigma.values)
    assert numbers.alpha - numbers.low == pytest.approx(ds.sigma.values)
    words = spectra_io.plots.correlation_flow(ds).get_legend_handles_labels()[1]
    assert r"$\alpha$ ± $\sigma$" in words
    assert spectra_io.plots.esd(ds, layer="w").get_title(loc="right") == ""


def test_density_says_whether_it_is_a_power_law(ds):
    word = spectra.labels(ds.power_law_support.sel(layer="fc")).item().replace("_", " ")
    assert spectra_io.plots.esd(ds, layer="fc").get_title(loc="right") == f"power law: {word}"
    assert spectra_io.plots.esd(ds, layer="equal").get_title(loc="right") == ""


def test_density_has_the_law_of_the_noise_if_it_is_fitted():
    rng = np.random.default_rng(0)
    layer = {"fc": rng.standard_normal((400, 200)), "conv": rng.standard_normal((30, 20, 3, 3))}
    ds = spectra.analyze(layer, measures=[spectra.measures.tail_fit, spectra.measures.bulk_fit])
    numbers = plotdata.esd(ds, layer="fc")
    area = np.trapezoid(numbers.bulk_density, numbers.bulk)
    # all of noise is bulk; the points leave out what is below the start of the figure
    below = np.mean(ds.eigenvalue.sel(layer="fc").values[:200] < numbers.edges[0])
    assert area == pytest.approx(1 - below, abs=0.01)
    density = np.interp(
        np.sqrt(numbers.edges[1:] * numbers.edges[:-1]), numbers.bulk, numbers.bulk_density
    )
    # eigenvalues of noise are within three places of where the law has them (M D, see test_bulk)
    difference = 200 * np.diff(numbers.edges) * (density - numbers.density)
    assert np.abs(difference).max() < 3
    words = spectra_io.plots.esd(ds, layer="fc").get_legend_handles_labels()[1]
    assert words[0] == "noise: Marchenko-Pastur law"
    assert len(plotdata.esd(ds, layer="conv").bulk) == 0
    assert "noise" not in spectra_io.plots.esd(ds, layer="conv").get_legend_handles_labels()[1][0]
