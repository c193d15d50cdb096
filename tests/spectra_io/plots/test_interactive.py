"""Interactive figures: their numbers are those of the core, and names are no markup."""

import inspect
import json
import re
import sys
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import plotly.graph_objects as go
import plotly.io as pio
import pytest

import spectra
from spectra.errors import ArgumentError, SpectraError, UnknownNameError
from spectra.measures import tail_fit
from spectra.noise import marchenko_pastur
from spectra.results import plotdata
from spectra.tails.support import Support
from spectra.theory import laws
from spectra_io import plots
from spectra_io.plots import interactive
from spectra_io.plots._palette import PALETTE
from spectra_io.plots.interactive._drawing import INK
from tests.spectra_io.plots.test_pictures import compared, scanned

NAMES = sorted(name for name in plots.__all__ if callable(getattr(plots, name)))
FIGURES = [name for name in NAMES if name not in {"check", "to_file"}]
HOSTILE = (
    "</script><script>x</script><img src=x onerror=y><b>$\\alpha$ %{x} %{customdata} &lt;i&gt;"
    '<a href="javascript:z">'
)
OURS = re.compile(r"</?(br|sup|sub|extra)>|%\{(x|y|z|customdata(\[\d\])?)(:\.\d[gf])?\}")


@pytest.fixture(scope="module", name="weights")
def made():
    rng = np.random.default_rng(0)
    trapped = rng.standard_normal((120, 60))
    trapped[3, 4] = 40
    return {
        "heavy": rng.standard_t(2.2, (120, 60)),
        "trapped": trapped,
        "noise": rng.standard_normal((80, 60)),
    }


@pytest.fixture(scope="module", name="ds")
def analysed(weights):
    return spectra.analyze({**weights, "zero": np.zeros((9, 9)), "tiny": np.eye(5)})


def deep(num, seed=0):
    rng = np.random.default_rng(seed)
    parts = ["self_attn.q_proj", "self_attn.o_proj", "mlp.up_proj", "mlp.down_proj"]
    names = [f"layers.{i // 4}.{parts[i % 4]}" for i in range(num)]
    return spectra.analyze(
        {name: rng.standard_t(2.5, (50, 30)) for name in names}, measures=tail_fit
    )


@pytest.fixture(scope="module", name="big")
def analysed_big():
    return deep(86)


def every(ds, weights, layer="heavy"):
    """Return every figure, of one layer or of all."""
    x, y = pd.Series([1, 2, 3, 5.0], name=layer), [2, 4, 5, 4.0]
    of_points = {"groups": [layer, layer, layer, "b"], "names": [layer] * 4}
    return {
        "comparison": interactive.comparison(compared().assign_attrs(law=layer)),
        "comparison_one": interactive.comparison(compared("one")),
        "convergence": interactive.convergence(scanned()),
        "convergence_unknown": interactive.convergence(scanned(3)),
        "correlation_flow": interactive.correlation_flow(ds),
        "models": interactive.correlation_flow({layer: ds, "other": ds}),
        "erg": interactive.erg(ds, layer=layer),
        "esd": interactive.esd(ds, layer=layer),
        "heat_map": interactive.heat_map(ds),
        "hill": interactive.hill(ds, layer=layer),
        "histogram": interactive.histogram({layer: ds}),
        "law": interactive.law(marchenko_pastur, 0.5, data=[0.5, 1.0, 2.0]),
        "law_atoms": interactive.law(laws.marchenko_pastur(2.0).named(layer), data=[[0.0, 1.0]]),
        "noise": interactive.noise(ds, layer=layer),
        "permuted": interactive.permuted(weights, layer=layer),
        "regression": interactive.regression(x, y, **of_points),
        "tail_laws": interactive.tail_laws(ds, layer=layer),
        "vectors": interactive.vectors(weights, layer=layer),
        "xmin_scan": interactive.xmin_scan(ds, layer=layer),
    }  # fmt: skip


@pytest.fixture(scope="module", name="figures")
def drawn(ds, weights):
    return every(ds, weights)


def has_line(figure, x, y):
    """Return whether a trace of a figure has just these points."""
    return any(
        len(trace.x) == len(x)
        and np.array_equal(np.asarray(trace.x, float), x, equal_nan=True)
        and np.array_equal(np.asarray(trace.y, float), y, equal_nan=True)
        for trace in figure.data
        if trace.x is not None and None not in trace.x and len(trace.x)
    )


def has_bars(figure, density, edges):
    bars = [trace for trace in figure.data if trace.type == "bar"]
    return any(
        np.array_equal(bar.y, density)
        and np.array_equal(bar.customdata, np.column_stack([edges[:-1], edges[1:]]))
        and np.allclose(bar.x - bar.width / 2, edges[:-1])
        and np.allclose(bar.x + bar.width / 2, edges[1:])
        for bar in bars
    )


def words_of(part):
    """Give every text of a figure that plotly shows, but not the caption, which it does not."""
    if isinstance(part, dict):
        for key, value in part.items():
            if key not in {"template", "meta"}:
                yield from words_of(value)
    elif isinstance(part, list | tuple) or (isinstance(part, np.ndarray) and part.dtype == object):
        for value in part:
            yield from words_of(value)
    elif isinstance(part, str):
        yield part


# ---- names and arguments


def test_names_are_those_of_the_figures_of_matplotlib():
    assert interactive.__all__ == plots.__all__
    assert len(FIGURES) == 15


@pytest.mark.parametrize("name", FIGURES)
def test_arguments_are_those_of_the_figures_of_matplotlib(name):
    theirs = inspect.signature(getattr(plots, name)).parameters
    own = inspect.signature(getattr(interactive, name)).parameters
    assert list(own.values()) == [p for p in theirs.values() if p.name != "ax"]


@pytest.mark.parametrize("name", NAMES)
def test_without_plotly_the_extra_is_named_before_any_work(name, monkeypatch):
    monkeypatch.setitem(sys.modules, "plotly", None)
    monkeypatch.delitem(sys.modules, "plotly.graph_objects")
    two = name in {"regression", "to_file"}
    arguments = (None, None) if two else (None,)
    with pytest.raises(SpectraError, match=r"plotly: pip install 'weightspectra\[plotly\]'"):
        getattr(interactive, name)(*arguments)


# ---- numbers


def test_figures_of_a_layer_have_the_numbers_of_the_core(figures, ds, weights):
    esd = plotdata.esd(ds, layer="heavy")
    for name in ("esd", "erg"):
        assert has_bars(figures[name], esd.density, esd.edges)
        assert has_line(figures[name], esd.tail, esd.tail_density)
        assert has_line(figures[name], esd.bulk, esd.bulk_density)
    erg = plotdata.erg(ds, layer="heavy")
    starts = [trace.x[0] for trace in figures["erg"].data[-2:]]
    assert starts == [erg.xmin, erg.edge]
    noise = plotdata.noise(ds, layer="heavy")
    assert has_bars(figures["noise"], noise.density, noise.edges)
    assert has_line(figures["noise"], noise.x, noise.law)
    assert any(np.array_equal(trace.x, noise.spikes) for trace in figures["noise"].data)
    hill = plotdata.hill(ds, layer="heavy")
    assert has_line(figures["hill"], hill.k, hill.alpha)
    assert has_line(figures["hill"], [hill.num_tail], [hill.fitted])
    scan = plotdata.xmin_scan(ds, layer="heavy")
    assert has_line(figures["xmin_scan"], scan.xmin, scan.D)
    kept = scan.num_tail >= 5
    assert has_line(figures["xmin_scan"], scan.xmin[kept], scan.alpha[kept])
    laws = plotdata.tail_laws(ds, layer="heavy")
    assert has_line(figures["tail_laws"], laws.eigenvalue, laws.ccdf)
    assert all(has_line(figures["tail_laws"], laws.x, y) for y in laws.laws.values())


def test_figures_of_matrices_and_laws_have_the_numbers_of_the_core(figures, weights):
    both = plotdata.permuted(weights["heavy"])
    assert has_bars(figures["permuted"], both.density, both.edges)
    outline = figures["permuted"].data[1]
    drawn, there = np.asarray(outline.y[1:-1:2]), both.permuted_density > 0
    np.testing.assert_array_equal(drawn[there], both.permuted_density[there])
    np.testing.assert_array_equal(outline.x, np.repeat(both.edges, 2))
    assert figures["permuted"].data[2].x == (both.largest_permuted,) * 2
    spread = plotdata.vectors(weights["heavy"])
    for there in (spread.localized, ~spread.localized):
        if there.any():
            x, y = spread.eigenvalue[there], spread.participation[there]
            assert has_line(figures["vectors"], x, y)
    law = plotdata.theory(marchenko_pastur, 0.5, data=[0.5, 1.0, 2.0])
    assert has_line(figures["law"], law.x, law.density)
    assert has_bars(figures["law"], law.histogram, law.edges)
    law = plotdata.theory(laws.marchenko_pastur(2.0), data=[0.0, 1.0])
    assert has_line(figures["law_atoms"], law.x, law.density)
    (mark,) = (t for t in figures["law_atoms"].data if t.name and "share" in t.name)
    assert (list(mark.x), list(mark.customdata)) == ([0.0], [0.5])


def test_figures_of_comparisons_have_the_numbers_of_the_core(figures):
    found = plotdata.comparison(compared())
    for y in (found.difference, found.expected, found.expected - found.reach):
        assert has_line(figures["comparison"], found.q, y)
    band = figures["comparison"].data[0]
    assert len(band.x) == 2 * len(found.q)
    assert not any("error" in str(trace.name) for trace in figures["comparison_one"].data)
    scan = plotdata.convergence(scanned())
    there = scan.clear & ~scan.different
    assert there.any()
    assert has_line(figures["convergence"], scan.size[there], scan.distance[there])
    assert has_line(figures["convergence"], scan.size, scan.fitted)
    unknown = figures["convergence_unknown"]
    assert any("upper limit" in str(trace.name) for trace in unknown.data)
    assert "There is no rate" in unknown.layout.meta["caption"]


@pytest.mark.parametrize("which", ["three", "ds", "big"])
def test_figures_of_models_have_the_numbers_of_the_core(which, ds, big):
    given = {"three": deep(3), "ds": ds, "big": big}[which]
    flow = plotdata.correlation_flow(given)
    figure = interactive.correlation_flow(given)
    points = {
        (x, y): words[0]
        for trace in figure.data
        if trace.error_y.array is not None
        for x, y, words in zip(trace.x, trace.y, trace.customdata, strict=True)
    }
    expected = zip(flow.depth, flow.alpha, strict=True)
    assert points == dict(zip(expected, flow.layer, strict=True))
    heat = plotdata.heat_map(given)
    cells, marks = interactive.heat_map(given).data
    there = heat.density.T > 0
    np.testing.assert_array_equal(np.asarray(cells.z)[there], heat.density.T[there])
    assert np.isnan(np.asarray(cells.z)[~there]).all()
    np.testing.assert_array_equal(cells.y, heat.edges)
    np.testing.assert_array_equal(marks.y, heat.largest)
    assert list(marks.customdata) == heat.layer
    counts = plotdata.histogram(given)
    ((_, layers),) = counts.counts.items()
    assert has_bars(interactive.histogram(given), layers, counts.edges)


def test_several_models_and_groups_have_the_numbers_of_the_core(ds, big):
    figure = interactive.correlation_flow({"one": ds, "two": ds})
    flow = plotdata.correlation_flow(ds)
    assert sum(has_line(go.Figure([trace]), flow.depth, flow.alpha) for trace in figure.data) == 4
    unequal = interactive.correlation_flow({"one": ds, "big": big})
    assert unequal.layout.xaxis.title.text.startswith("depth relative to the whole model")
    shares = interactive.histogram({"one": ds, "big": big})
    assert shares.layout.yaxis.title.text == "share of layers"
    x, y, groups = [1, 2, 3, 4, 6, 7, 8.0], [3, 2, 2, 1, 6, 5, np.nan], list("aaaabbb")
    figure = interactive.regression(x, y, groups=groups)
    numbers = plotdata.regression(x, y, groups=groups)
    for group in "ab":
        there = numbers.group == group
        assert has_line(figure, numbers.x[there], numbers.y[there])
    assert figure.layout.title.subtitle.text == "1 point without numbers"
    ends = np.array([1.0, 7.0])
    line = numbers.overall
    assert has_line(figure, ends, line.intercept + line.slope * ends)


@pytest.mark.parametrize("layer", ["noise", "trapped", "tiny", "zero", "gone"])
def test_other_layers_are_drawn_or_refused_as_by_matplotlib(layer, ds, weights):
    model = {**weights, "zero": np.zeros((9, 9)), "tiny": np.eye(5)}
    for name in ("esd", "erg", "hill", "noise", "tail_laws", "xmin_scan", "permuted", "vectors"):
        data = model if name in {"permuted", "vectors"} else ds
        said = []
        for library in (plots, interactive):
            try:
                getattr(library, name)(data, layer=layer)
                said.append("drawn")
            except (ArgumentError, UnknownNameError) as error:
                said.append(f"{type(error).__name__}: {error}")
        assert said[0] == said[1]
        if layer in {"zero", "gone"}:
            assert said[0] != "drawn"
    plt.close("all")


@pytest.mark.parametrize("scale", ["log-log", "lin-log", "lin-lin"])
def test_scales_of_a_density(ds, scale):
    figure = interactive.esd(ds, layer="heavy", scale=scale)
    numbers = plotdata.esd(ds, layer="heavy", scale=scale)
    kinds = {"log": "log", "lin": "linear"}
    vertical, horizontal = scale.split("-")
    assert figure.layout.xaxis.type == kinds[horizontal]
    assert figure.layout.yaxis.type == kinds[vertical]
    assert has_bars(figure, numbers.density, numbers.edges)
    assert has_line(figure, numbers.tail, numbers.tail_density)


# ---- words and colours


def test_what_matplotlib_writes_is_written(ds, big):
    words = set(words_of(interactive.correlation_flow(big).to_dict()))
    trend = plotdata.correlation_flow(big).trend.words
    assert {f"trend: {trend}", "layer, in the order of the model"} <= words
    ax = plots.correlation_flow(ds)
    entries = set(ax.get_legend_handles_labels()[1])
    plt.close("all")
    assert entries <= {trace.name for trace in interactive.correlation_flow(ds).data}
    esd = interactive.esd(ds, layer="heavy")
    assert esd.layout.title.text == "heavy"
    assert esd.layout.xaxis.title.text == "eigenvalue λ of W<sup>T</sup>W"
    assert esd.layout.meta["caption"] == plotdata.esd(ds, layer="heavy").caption
    remark = interactive.noise(ds, layer="trapped").layout.title.subtitle.text
    assert remark.startswith("largest: p")


def entry_of(figure, start):
    """Return the entry of the legend that starts with a word."""
    (trace,) = [t for t in figure.data if t.name and t.name.startswith(start)]
    return trace


def test_trapped_layers_have_a_square_and_say_so(ds):
    far = ds.copy(deep=True)
    far.alpha.loc["trapped"] = 1e4
    flow = plotdata.correlation_flow(ds)
    there = flow.trapped
    assert there.any()
    assert not there.all()
    several: list[tuple[Any, int]] = [(ds, 1), (far, 1), ({"one": ds, "two": ds}, 2)]
    for given, num in several:
        figure = interactive.correlation_flow(given)
        squares = entry_of(figure, "trapped, or large elements or mean")
        assert squares.name.endswith(f": {num * int(there.sum())}")
        assert list(squares.x) == num * list(flow.depth[there])
        own = plotdata.correlation_flow(far if given is far else ds)
        assert list(squares.y) == num * list(own.alpha[there])
        assert squares.marker.symbol == "square-open"
        said = [
            text
            for trace in figure.data
            if trace.customdata is not None
            for text in map(str, np.ravel(np.asarray(trace.customdata, dtype=object)))
            if "trapped, or large elements or mean" in text
        ]
        assert len(said) == num * int(there.sum())
    written = [note.text for note in interactive.correlation_flow(far).layout.annotations]
    assert "↑ □ trapped: 1e+04" in written
    bare = interactive.correlation_flow(deep(3))
    assert not any(str(trace.name).startswith("trapped or") for trace in bare.data)


def test_layers_beyond_the_axis_are_named_at_their_relative_depth():
    ds = deep(12)
    ds.alpha[7] = 1e5
    figure = interactive.correlation_flow({"one": ds, "half": ds.isel(layer=slice(0, 6))})
    assert figure.layout.xaxis.range == (-0.03, 1.03)
    other = ds.assign_coords(layer=[f"other.{i}" for i in range(12)])
    alike = interactive.correlation_flow({"one": ds, "other": other})
    assert alike.layout.xaxis.range == (0.5, 12.5)
    (note,) = figure.layout.annotations
    assert (note.x, note.text) == (7.5 / 12, "↑ layers.1.mlp.down_proj: 1e+05")


def test_extreme_weights_have_their_unit_on_the_axis(weights):
    model = {"heavy": weights["heavy"] * 1e160}
    ds = spectra.analyze(model)
    unit = int(ds.scale_exponent.item())
    assert unit
    for name in ("esd", "erg", "noise", "tail_laws", "xmin_scan", "permuted", "vectors"):
        given = model if name in {"permuted", "vectors"} else ds
        figure = getattr(interactive, name)(given, layer="heavy")
        assert f", in units of 4<sup>{unit}</sup>" in figure.layout.xaxis.title.text
        assert f"in units of 4^{unit}" in figure.layout.meta["caption"]
    heat = interactive.heat_map(ds, relative=False)
    exponent = plotdata.heat_map(ds, relative=False).exponent
    assert heat.layout.yaxis.title.text.endswith(f", in units of 4<sup>{exponent}</sup>")
    histogram = interactive.histogram(ds, column="lambda_max")
    units = plotdata.histogram(ds, column="lambda_max").units
    assert histogram.layout.xaxis.title.text.endswith(f"[{units}]")


def test_a_heat_map_says_how_many_layers_are_empty(ds):
    assert "empty: 1 without a spectrum" in interactive.heat_map(ds).layout.xaxis.title.text
    assert "1 layer has no spectrum." in plotdata.heat_map(ds).caption


def test_a_tail_says_why_its_power_law_is_not_supported(ds):
    ds = ds.copy(deep=True)
    for support in ("too few points", "not distinguishable", "rejected"):
        ds.power_law_support.loc["heavy"] = Support[support.replace(" ", "_").upper()]
        said = f"{support}{' from an exponential' * support.startswith('not')}"
        names = [str(trace.name) for trace in interactive.esd(ds, layer="heavy").data]
        assert any(name.endswith(f"<br>power law: {said}") for name in names)
        assert f"; power law: {said}." in plotdata.esd(ds, layer="heavy").caption
        flow = interactive.correlation_flow(ds)
        traces = [t.customdata for t in flow.data if t.error_y.array is not None]
        (own,) = [words for trace in traces for words in trace if words[0] == "heavy"]
        assert f"<br>power law: {support}" in own[2]


def test_colours_are_those_of_matplotlib_and_paper_that_of_the_template(figures):
    allowed = {*PALETTE, INK, "rgba(0,0,0,0)"}
    for figure in figures.values():
        colors = {t.line.color for t in figure.data if t.type == "scatter"}
        colors |= {t.marker.color for t in figure.data if t.type in {"scatter", "bar"}}
        assert colors - {None} <= allowed
        assert figure.layout.paper_bgcolor is figure.layout.plot_bgcolor is None
        assert figure.layout.font.color is None


@pytest.mark.parametrize("name", ["plotly_white", "plotly_dark"])
def test_marks_are_told_apart_from_light_and_dark_paper(name):
    def light(color):
        rgb = re.findall(r"\d+", color) if "rgb" in color else None
        values = rgb or [int(color[i : i + 2], 16) for i in (1, 3, 5)]
        linear = (np.array(values, float) / 255) ** 2.2
        return float(linear @ [0.2126, 0.7152, 0.0722])

    paper = {"plotly_white": "#ffffff", "plotly_dark": pio.templates[name].layout.plot_bgcolor}
    a, b = sorted([light(INK), light(paper[name])])
    assert (b + 0.05) / (a + 0.05) > 3


def test_marks_say_the_layer_and_the_numbers_when_pointed_at(figures):
    for figure in figures.values():
        for trace in figure.data:
            empty = trace.x is None or len(trace.x) == 0 or trace.x[0] is None
            if trace.hoverinfo == "skip" or empty:
                continue
            assert "%{" in trace.hovertemplate
    flow = figures["correlation_flow"]
    shown = [t.customdata for t in flow.data if t.error_y.array is not None]
    assert "heavy" in np.concatenate(shown)


def test_hostile_names_are_neither_markup_nor_mathematics_nor_templates(weights):
    heavy = {HOSTILE: weights["heavy"]}
    ds = spectra.analyze({**heavy, "zero": np.zeros((9, 9)), "b": weights["noise"]})
    ds.attrs["model"] = HOSTILE
    for figure in every(ds, heavy, layer=HOSTILE).values():
        for text in words_of(figure.to_dict()):
            left = OURS.sub("", text)
            assert not re.search(r"[<>$]|%\{", left), text


# ---- files


@pytest.fixture(scope="module", name="page")
def written(tmp_path_factory, weights):
    path = tmp_path_factory.mktemp("page") / "a.html"
    ds = spectra.analyze({HOSTILE: weights["heavy"]})
    ds.attrs["model"] = HOSTILE
    interactive.to_file(interactive.correlation_flow(ds), path)
    return path


def test_a_page_loads_nothing_and_sends_nothing(page):
    text = page.read_text(encoding="utf-8")
    (program,) = re.findall(r"<script[^>]*>/\*\*\n\* plotly.*?</script>", text, re.DOTALL)
    rest = text.replace(program, "")
    assert len(program) > 1e6
    assert not re.search(r"(src|href)\s*=\s*[\"']?\s*(https?:|//)|@import|url\(", rest)
    assert "default-src 'none'" in rest
    assert '"showSendToCloud": false' in rest


def test_hostile_names_inject_nothing_in_a_page(page, tmp_path, weights):
    good = tmp_path / "good.html"
    ds = spectra.analyze({"a": weights["heavy"]})
    interactive.to_file(interactive.correlation_flow(ds), good)
    text, other = (path.read_text(encoding="utf-8") for path in (page, good))
    for tag in ("<script", "</script", "<img", "<a ", "<b>", "onerror=y>"):
        assert text.lower().count(tag) == other.lower().count(tag)
    (title,) = re.findall(r"<title>(.*?)</title>", text.partition("<body>")[0])
    assert title.startswith("&lt;/script&gt;&lt;script&gt;")
    (caption,) = re.findall(r"<figcaption>(.*?)</figcaption>", text)
    assert "&lt;img src=x onerror=y&gt;" in caption


def test_a_title_of_another_maker_injects_nothing_in_a_page(tmp_path):
    figure = go.Figure(layout={"title": "</title><script>x</script>", "meta": [1]})
    interactive.to_file(figure, tmp_path / "a.html")
    assert "<script>x" not in (tmp_path / "a.html").read_text(encoding="utf-8")


def test_only_an_earlier_page_is_replaced(page, tmp_path):
    before = page.read_bytes()
    interactive.to_file(interactive.law(marchenko_pastur, 0.5), page)
    assert page.read_bytes() != before
    page.write_bytes(before)
    other = tmp_path / "other.html"
    other.write_text("<html>my page</html>")
    with pytest.raises(ArgumentError, match="not a result of this program"):
        interactive.check(other)
    with pytest.raises(ArgumentError, match=r"must end in \.html"):
        interactive.check(tmp_path / "a.png")


def test_the_same_figure_is_the_same_page(tmp_path):
    for name in ("a.html", "b.html"):
        interactive.to_file(interactive.law(marchenko_pastur, 0.5), tmp_path / name)
    assert (tmp_path / "a.html").read_bytes() == (tmp_path / "b.html").read_bytes()


def test_figures_can_be_sent_as_json(figures):
    for figure in figures.values():
        assert json.loads(figure.to_json())["data"]
