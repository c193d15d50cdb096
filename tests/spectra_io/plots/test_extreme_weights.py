"""Figures of weights whose eigenvalues float64 cannot hold: their unit is the same everywhere."""

import math

import matplotlib.pyplot as plt
import numpy as np
import pytest

import spectra
from spectra import measures
from spectra.results import plotdata
from spectra_io import plots

POWERS = [-531, 531]  # about 1e-160 and 1e160
OF_RESULTS = ("esd", "erg", "noise", "tail_laws", "xmin_scan", "hill")
OF_MATRICES = ("permuted", "vectors")
PLACES = {
    "esd": ["edges", "tail", "bulk"],
    "noise": ["edges", "lower", "upper", "edge_low", "edge_high", "spikes"],
    "tail_laws": ["eigenvalue", "x"],
    "xmin_scan": ["xmin", "chosen", "rivals"],
    "hill": [],
    "erg": ["xmin", "edge"],
    "permuted": ["edges", "largest", "largest_permuted"],
    "vectors": ["eigenvalue", "elbow"],
}


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


def ordinary():
    return np.random.default_rng(0).pareto(1.5, (60, 40))


def analysed(model):
    chosen = [measures.tail_fit, measures.bulk_fit, measures.size]
    return spectra.analyze(model, measures=chosen)


def logs(numbers, name):
    """Return the logarithms of places on the axis, in weight units."""
    of = numbers.esd if name == "erg" else numbers
    values = [np.ravel(getattr(numbers, field)) for field in PLACES[name]]
    unit = 2 * of.exponent * math.log10(2)
    return np.log10(np.concatenate(values)) + unit


@pytest.mark.parametrize("power", POWERS)
@pytest.mark.parametrize("name", [*OF_RESULTS, *OF_MATRICES])
@pytest.mark.parametrize("given", ["plain", pytest.param("Spectrum", marks=pytest.mark.slow)])
def test_figures_of_extreme_weights_have_their_unit(name, power, given):
    W = ordinary()
    huge = np.ldexp(W, power)
    if name in OF_MATRICES:
        one, other = (huge, W) if given == "plain" else map(spectra.spectrum, (huge, W))
    else:
        make = spectra.spectrum if given == "Spectrum" else lambda M: analysed({"w": M})
        one, other = make(huge), make(W)
    compute, draw = getattr(plotdata, name), getattr(plots, name)
    found, usual = compute(one), compute(other)
    ax = draw(one)
    ax.figure.canvas.draw()
    if name == "hill":
        np.testing.assert_allclose(found.alpha, usual.alpha)
        return
    np.testing.assert_allclose(
        logs(found, name), logs(usual, name) + 2 * power * math.log10(2), atol=1e-9
    )
    unit = found.esd.exponent if name == "erg" else found.exponent
    assert f"in units of 4^{unit}." in found.caption
    assert f"in units of $4^{{{unit}}}$" in ax.get_xlabel()
    assert "units" not in usual.caption + draw(other).get_xlabel()


@pytest.mark.parametrize("power", POWERS)
def test_a_heat_map_of_eigenvalues_has_one_unit_for_all_layers(power):
    W = ordinary()
    extreme = {"one": np.ldexp(W, power), "two": np.ldexp(W, power - 3)}
    found = plotdata.heat_map(analysed(extreme), relative=False)
    usual = plotdata.heat_map(analysed({"one": W, "two": np.ldexp(W, -3)}), relative=False)
    unit = 2 * found.exponent * math.log10(2)
    np.testing.assert_allclose(
        np.log10(found.edges) + unit, np.log10(usual.edges) + 2 * power * math.log10(2), atol=1e-9
    )
    np.testing.assert_allclose(found.density, usual.density)
    assert found.largest[0] == pytest.approx(64 * found.largest[1])
    ax = plots.heat_map(analysed(extreme), relative=False)
    ax.figure.canvas.draw()
    assert f"in units of $4^{{{found.exponent}}}$" in ax.get_ylabel()
    assert f"in units of 4^{found.exponent}." in found.caption


def test_a_heat_map_relative_to_the_mean_needs_no_unit():
    W = ordinary()
    ds = analysed({f"w{i}": np.ldexp(W, i) for i in (-531, 0, 531)})
    found = plotdata.heat_map(ds)
    assert found.exponent == 0
    np.testing.assert_allclose(found.density[0], found.density[1])
    np.testing.assert_allclose(found.largest, found.largest[0])


@pytest.mark.parametrize("column", ["lambda_max", "sv_max"])
def test_layers_of_unequal_scale_keep_their_order(column):
    W = ordinary()
    ds = analysed({f"w{i}": np.ldexp(W, i) for i in (-531, 0, 531)})
    found = plotdata.histogram(ds, column=column, bins=30)
    (counts,) = found.counts.values()
    apart = np.flatnonzero(counts)
    assert counts[apart].tolist() == [1, 1, 1]
    assert found.logarithmic
    mapped = plotdata.heat_map(ds, relative=False)
    power = 2 * 531 * math.log10(2)
    assert np.diff(np.log10(mapped.largest[1:])) == pytest.approx(power)
    assert mapped.largest[0] < mapped.edges[0]
    for ax in (plots.heat_map(ds, relative=False), plots.histogram(ds, column=column)):
        ax.figure.canvas.draw()


@pytest.mark.parametrize("power", POWERS)
def test_a_histogram_says_its_unit(power):
    W = ordinary()
    ds = analysed({"a": np.ldexp(W, power), "b": np.ldexp(W, power + 2)})
    usual = plotdata.histogram(analysed({"a": W, "b": 4 * W}), column="lambda_max")
    found = plotdata.histogram(ds, column="lambda_max")
    base, _, rest = found.units.partition("^")
    unit = int(rest.split()[0]) * math.log10(int(base))
    assert rest.split()[1] == "w2"
    np.testing.assert_allclose(
        np.log10(found.edges) + unit, np.log10(usual.edges) + 2 * power * math.log10(2), atol=1e-9
    )
    assert plotdata.histogram(ds, column="alpha").units == ""
    ax = plots.histogram(ds, column="lambda_max")
    ax.figure.canvas.draw()
    assert f"[{found.units}]" in ax.get_xlabel()
