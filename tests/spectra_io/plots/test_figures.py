"""Figures: their numbers, and that what is drawn is these numbers."""

from collections import Counter

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
    middle = values[values > 1e-12 * values.max()].median()
    start = np.fmin(ds.xmin.sel(layer=layer), middle)
    assert numbers.num_left_out == (values < 0.01 * start).sum()
    assert (numbers.num_zero > 0) == (layer == "rank1")


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
    assert any(("α = " if fitted else "no power law") in text for text in words)
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
    drawn = {tuple(at) for line in ax.lines for at in np.asarray(line.get_xydata()).tolist()}
    assert set(zip(numbers.depth, numbers.alpha, strict=True)) <= drawn
    assert numbers.missing == {
        "rank1": "too few eigenvalues", "equal": "equal eigenvalues", "zero": "all zero",
    }  # fmt: skip
    assert "no fit: 3" in ax.get_legend_handles_labels()[1]
    assert {"all zero", "equal eigenvalues"} <= {text.get_text() for text in ax.texts}
    ax.figure.canvas.draw()


@pytest.mark.slow
def test_flow_of_huge_alphas_and_of_many_layers_can_be_drawn():
    rng = np.random.default_rng(0)
    model = {f"layer{i}": rng.standard_normal((30, 20)) for i in range(60)}
    model["orthogonal"] = np.linalg.qr(rng.standard_normal((40, 40)))[0].astype(np.float32)
    ds = spectra.analyze(model)
    assert ds.alpha.max() > 1e4
    ax = spectra_io.plots.correlation_flow(ds)
    assert ax.get_ylim()[1] <= 100
    assert any("orthogonal" in text.get_text() for text in ax.texts)
    assert [t for t in ax.get_yticks() if t < 5] == [1, 1.5, 2, 3, 4]
    ax.figure.canvas.draw()


def test_flow_needs_the_fit_and_a_density_fits_it_itself():
    weights = {"fc": np.random.default_rng(0).pareto(1.5, (200, 100))}
    bare = spectra.analyze(weights, measures=[spectra.measures.size])
    with pytest.raises(ArgumentError, match="lacks alpha"):
        plotdata.correlation_flow(bare)
    numbers, given = plotdata.esd(bare), plotdata.esd(spectra.analyze(weights))
    np.testing.assert_allclose(numbers.tail_density, given.tail_density)
    assert len(numbers.bulk)  # the law of noise needs no columns


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
    assert {"90 % interval", "α of pure noise"} <= words
    said = ds.power_law_support.sel(layer=numbers.layer)
    assert numbers.support == [word.replace("_", " ") for word in spectra.labels(said).values]
    hollow = [n for word, n in Counter(numbers.support).items() if word != "supported"]
    starts = ("power law not", "power law rejected", "not distinguishable", "too few")
    kinds = [word for word in words if word.startswith(starts)]
    counted = [int(part.split(": ")[1]) for words in kinds for part in words.split(", ")]
    assert sum(counted) == sum(hollow)


def test_flow_without_evidence_has_standard_errors():
    weights = {"w": np.random.default_rng(0).pareto(1.5, (100, 60))}
    ds = spectra.analyze(weights, measures=[spectra.measures.tail_fit])
    numbers = plotdata.correlation_flow(ds)
    assert numbers.high - numbers.alpha == pytest.approx(ds.sigma.values)
    assert numbers.alpha - numbers.low == pytest.approx(ds.sigma.values)
    words = spectra_io.plots.correlation_flow(ds).get_legend_handles_labels()[1]
    assert "α ± σ" in words
    labels = spectra_io.plots.esd(ds, layer="w").get_legend_handles_labels()[1]
    assert not any("power law" in label for label in labels)


def test_density_says_whether_it_is_a_power_law(ds):
    word = spectra.labels(ds.power_law_support.sel(layer="fc")).item().replace("_", " ")
    labels = spectra_io.plots.esd(ds, layer="fc").get_legend_handles_labels()[1]
    assert any(f"power law: {word}" in label for label in labels)


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


def _squares(ax):
    (drawn,) = [line for line in ax.lines if str(line.get_label()).startswith("trapped")]
    return drawn.get_label(), np.asarray(drawn.get_xydata())


def test_flow_marks_trapped_layers():
    rng = np.random.default_rng(0)
    model = {name: rng.standard_normal((60, 40)) for name in ("a", "huge", "permuted", "large")}
    model["huge"][3, 4], model["large"][5, 6] = 50, 30
    ds = spectra.analyze(model)
    ds.alpha.loc["huge"] = 1e4  # beyond the end of the axis
    found = plotdata.correlation_flow(ds)
    assert dict(zip(found.layer, found.trapped.tolist(), strict=True)) == {
        "a": False, "huge": True, "permuted": False, "large": True,
    }  # fmt: skip
    assert "Trapped, or with large elements or a large mean: huge, large." in found.caption
    for given, num in ((ds, 2), ({"one": ds, "two": ds}, 4), ([ds, ds.isel(layer=[0, 1])], 3)):
        ax = spectra_io.plots.correlation_flow(given)
        label, places = _squares(ax)
        assert label.endswith(f": {num}")
        low, high = ax.get_ylim()
        assert len(places) == num
        assert ((places[:, 1] > low) & (places[:, 1] < high)).all()


def test_flow_marks_layers_whose_elements_were_permuted():
    rng = np.random.default_rng(0)
    model = {"a": rng.standard_normal((60, 40)), "b": rng.standard_normal((60, 40))}
    model["b"][3, 4] = 30
    chosen = [*spectra.measures.CORE, spectra.measures.randomized]
    ds = spectra.analyze(model, measures=chosen).drop_vars(["large_strength"], errors="ignore")
    assert spectra.labels(ds.verdict).values.tolist()[1] == "trapped"
    assert plotdata.correlation_flow(ds).trapped.tolist() == [False, True]
    bare = spectra.analyze(model, measures=[spectra.measures.tail_fit])
    assert not plotdata.correlation_flow(bare).trapped.any()
    labels = spectra_io.plots.correlation_flow(bare).get_legend_handles_labels()[1]
    assert not any("trapped" in label for label in labels)
