"""Words of the figures stay within them and beside each other, in two sizes and for many layers."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

import spectra
from spectra import measures
from spectra_io import plots
from tests.spectra_io.plots.test_pictures import FIGURES, weights

SIZES = [(3.2, 2.4), (8.0, 5.0)]
LONG = "model.layers.{}.self_attn.some_projection"


@pytest.fixture(scope="module", name="ds")
def analysed():
    everything = {**weights(), "nan": np.full((9, 9), np.nan), "tiny": np.ones((8, 6))}
    named = {f"model.layers.{i}.mlp.{name}": W for i, (name, W) in enumerate(everything.items())}
    ds = spectra.analyze(named)
    short = ds.assign_coords(layer=list(everything))
    return {"long": ds, "short": short}


def deep(num):
    """Return results of so many layers, some of them without a fit or with a huge alpha."""
    rng = np.random.default_rng(0)
    model = {LONG.format(i): rng.pareto(2, (14, 10)) for i in range(num)}
    if num > 3:
        model |= {LONG.format(i): np.full((8, 6), np.nan) for i in range(4, num, 31)}
    ds = spectra.analyze(model, measures=[measures.tail_fit])
    ds.alpha[1::17] = 1e7
    return ds.assign_attrs(model="some-long-name-of-a-model.safetensors")


def words_of(figure):
    """Return the words that are drawn, with their boxes; no turned ones, whose boxes are empty."""
    renderer = figure.canvas.get_renderer()
    for ax in figure.axes:
        titles = [
            ax.get_title(loc) and title
            for loc, title in (
                ("left", ax._left_title),
                ("center", ax.title),
                ("right", ax._right_title),
            )
        ]
        found = [*titles, ax.xaxis.label, ax.yaxis.label, *ax.texts, ax.get_legend()]
        for axis in (ax.xaxis, ax.yaxis):
            low, high = sorted(axis.get_view_interval())
            seen = [tick.label1 for tick in axis.get_major_ticks() if low <= tick.get_loc() <= high]
            found += [label for label in seen if label.get_rotation() == 0]
        for thing in found:
            text = thing.get_text() if hasattr(thing, "get_text") else "legend"
            if thing and thing.get_visible() and text:
                yield text, thing.get_window_extent(renderer)


def check(draw, size):
    figure, ax = plt.subplots(figsize=size, layout="constrained")
    draw(ax)
    figure.canvas.draw()
    found = list(words_of(figure))
    width, height = figure.get_size_inches() * figure.dpi
    out = [t for t, b in found if b.x0 < -1 or b.y0 < -1 or b.x1 > width + 1 or b.y1 > height + 1]
    laid = [
        (text, other)
        for i, (text, a) in enumerate(found)
        for other, b in found[:i]
        if min(a.x1, b.x1) - max(a.x0, b.x0) > 1 and min(a.y1, b.y1) - max(a.y0, b.y0) > 1
    ]
    shares = ax.get_position()
    plt.close(figure)
    assert not out
    assert not laid
    assert shares.width > 0.4
    assert shares.height > 0.25


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", FIGURES)
def test_words_of_each_figure_have_room(name, size, ds):
    check(lambda ax: FIGURES[name](ds["short"], ax), size)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("layer", ["heavy", "trapped", "noise"])
@pytest.mark.parametrize("name", ["esd", "tail_laws", "xmin_scan", "hill", "noise", "erg"])
def test_words_of_layers_with_long_names_have_room(name, layer, size, ds):
    found = ds["long"]
    (long,) = [str(n) for n in found.layer.values if str(n).endswith(layer)]
    check(lambda ax: getattr(plots, name)(found, layer=long, ax=ax), size)


@pytest.mark.parametrize("num", [3, 86, pytest.param(400, marks=pytest.mark.slow)])
def test_words_of_models_have_room(num):
    ds = deep(num)
    half = {"a model": ds, "one of half the layers": ds.isel(layer=slice(0, 1 + num // 2))}
    for size in SIZES:
        check(lambda ax: plots.correlation_flow(ds, ax=ax), size)
        check(lambda ax: plots.heat_map(ds, ax=ax), size)
        check(lambda ax: plots.histogram(ds, ax=ax), size)
        check(lambda ax: plots.correlation_flow(half, ax=ax), size)


def test_layers_beyond_the_axis_are_at_their_relative_depth():
    ds = deep(86)
    ax = plots.correlation_flow({"one": ds, "two": ds.isel(layer=slice(0, 40))})
    assert "relative" in ax.get_xlabel()
    marks = [np.asarray(line.get_xdata()) for line in ax.lines if line.get_marker() == "^"]
    assert sum(map(len, marks)) > 5
    assert max(x.max(initial=0) for x in marks) < 1
    plt.close("all")


def test_a_heat_map_says_how_many_layers_are_empty():
    ax = plots.heat_map(deep(86))
    assert "empty: 3 without a spectrum" in ax.get_xlabel()
    plt.close("all")
