"""The contents of a report: every number is that of the Dataset, every name is text."""

import base64
import gzip
import json
import re
import tomllib
from html.parser import HTMLParser

import numpy as np
import pytest

import spectra
from spectra import measures
from spectra.errors import ArgumentError, SpectraError
from spectra.results.dataset import from_rows
from spectra.results.reading import in_words, records
from spectra.results.variables import VARIABLES
from spectra.results.verdicts import Verdict
from spectra_io import report
from spectra_io.report import _comparisons, _contents, _links
from spectra_io.report._names import brief
from spectra_io.report._pictures import _thinned
from spectra_io.report._words import WORDS
from tests.builders import REPO

ASKED = [*measures.CORE, measures.bulk_fit]
HOSTILE = {
    "markup": "<img src=x onerror=alert(1)>",
    "script": "</script><script>document.title='owned'</script>",
    "template": "{{ 7*7 }}{% raw %}${x}`",
    "quote": "\"' onmouseover='alert(1)",
    "plotly": "<a href='javascript:alert(1)'>%{x}</a>$\\alpha$",
    "turned": "abc\u202etxt.exe \u0627\u0644\u0648\u0632\u0646",
    "long": "x" * 10_000,
}


def analyzed(seed=0, names=("a", "b", "c"), **options):
    rng = np.random.default_rng(seed)
    model = {name: rng.standard_normal((60 + 20 * i, 40)) for i, name in enumerate(names)}
    return spectra.analyze(model, measures=ASKED, **options)


@pytest.fixture(scope="module")
def ds():
    return analyzed()


def data_of(page):
    packed = re.search(r'id="data">([A-Za-z0-9+/=]+)</script>', page)
    assert packed is not None
    return json.loads(gzip.decompress(base64.b64decode(packed[1])))


class Elements(HTMLParser):
    """Tags and attributes of a page outside its scripts, as a browser reads them."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.text = [], []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text.append(data)


def test_numbers_are_those_of_the_dataset(ds):
    data = data_of(report.page({"net": ds}))
    names = [variable[0] for variable in data["variables"]]
    for layer in data["layers"]:
        ((value, sure, noise),) = [layer["models"][0][names.index("alpha")]]
        row = ds.sel(layer=layer["name"])
        assert float(value) == pytest.approx(row.alpha.item(), rel=1e-3)
        low, high = (float(x) for x in re.findall(r"[\d.]+", sure)[:2])
        assert (low, high) == pytest.approx((row.alpha_low.item(), row.alpha_high.item()), rel=1e-3)
        assert float(noise) == pytest.approx(row.alpha_noise.item(), rel=1e-3)
        assert layer["models"][0][names.index("verdict")][0] == "like noise"


def test_a_missing_number_is_a_dash_without_an_error():
    rng = np.random.default_rng(0)
    broken = rng.standard_normal((30, 20))
    broken[3, 4] = np.nan
    model = {"zero": np.zeros((30, 20)), "nan": broken, "a": rng.standard_normal((40, 30))}
    data = data_of(report.page(spectra.analyze(model, measures=ASKED)))
    place = [variable[0] for variable in data["variables"]].index("alpha")
    found = {layer["name"]: layer for layer in data["layers"]}
    for name in ("zero", "nan"):
        assert found[name]["models"][0][place][:2] == ["-", ""]
        assert found[name]["pictures"] == [[]]


def test_pictures_have_captions_and_short_lines(ds):
    data = data_of(report.page(ds))
    for layer in data["layers"]:
        ((density, laws),) = layer["pictures"]
        assert layer["name"] in density["caption"]
        assert {trace["type"] for trace in density["data"]} == {"bar", "scatter"}
        assert all(len(trace["x"]) <= 64 for trace in laws["data"] if trace["mode"] == "lines")


def test_points_of_many_layers_keep_their_names():
    rng = np.random.default_rng(0)
    model = {f"layers.{i}.w": rng.standard_normal((30, 20)) for i in range(150)}
    ds = spectra.analyze(model, measures=[measures.size, measures.tail_fit])
    flow = data_of(report.page(ds))["pictures"][0]
    marks = [t for t in flow["data"] if t.get("customdata") and "markers" in t["mode"]]
    named = [
        (x, y, said)
        for t in marks
        for x, y, said in zip(t["x"], t["y"], t["customdata"], strict=True)
    ]
    assert len(named) >= 150
    found = 0
    for x, y, said in named:
        name = said if isinstance(said, str) else said[0]
        if match := re.match(r"layers\.(\d+)\.w", name):
            row = ds.sel(layer=match[0])
            assert round(x) == int(match[1]) + 1
            found += y == pytest.approx(row.alpha.item(), rel=1e-3)
    assert found == 150


def test_long_tails_keep_marks_beside_their_numbers():
    x = np.arange(300.0)
    trace = {
        "type": "scatter",
        "mode": "markers",
        "x": x,
        "y": 2 * x,
        "customdata": [str(i) for i in range(300)],
        "marker": {"color": list(range(300)), "size": 5},
    }
    found = _thinned(trace)
    assert len(found["x"]) < 125
    assert found["x"][-1] == 299
    for i, y, word, color in zip(
        found["x"], found["y"], found["customdata"], found["marker"]["color"], strict=True
    ):
        assert (y, word, color) == (2 * i, str(int(i)), int(i))
    assert found["marker"]["size"] == 5


def test_counts_have_all_their_digits_and_other_numbers_four():
    (row,) = records(
        from_rows({"fc": {"matrix_rank": 12345.0, "alpha": 2.34567, "rank_loss": 0.0}})
    )
    words = [
        _contents.numbers(row, [VARIABLES[name]])[0][0]
        for name in ("matrix_rank", "alpha", "rank_loss")
    ]
    assert words == ["12,345", "2.346", "0"]


def test_numbers_in_another_unit_say_so():
    W = np.random.default_rng(0).standard_normal((60, 40))
    ds = spectra.analyze({"fc": W * 1e-200}, measures=ASKED)
    data = data_of(report.page({"tiny": ds, "plain": spectra.analyze({"fc": W}, measures=ASKED)}))
    place = [v[0] for v in data["variables"]].index("norm")
    tiny, plain = (row[place][0] for row in data["layers"][0]["models"])
    number, _, power = tiny.partition(" x 2^")
    assert np.log10(float(number)) + int(power) * np.log10(2) == pytest.approx(
        np.log10(float(plain)) - 400, abs=0.01
    )


def test_averages_say_which_layers_are_left_out_and_why():
    rng = np.random.default_rng(0)
    one = {"a": rng.standard_normal((60, 40)), "b": rng.standard_normal((60, 40))}
    two = {"a": one["a"], "b": one["a"][:50], "c": one["b"]}
    page = report.page(
        {"x": spectra.analyze(one, measures=ASKED), "y": spectra.analyze(two, measures=ASKED)}
    )
    assert "common layers, averaged below (without 1 of different shapes, 1 not in all mod" in page


def test_every_verdict_is_explained(ds):
    page = report.page(ds)
    words = {in_words(word.name.lower()) for word in Verdict if word.value}
    assert words <= set(re.findall(r"<dt>(.*?)</dt>", page))


def test_what_is_not_an_analysis_is_refused(ds):
    with pytest.raises(ArgumentError, match=r"must be the result of spectra.analyze, lacks"):
        report.page(ds[["alpha"]])


def test_layers_of_one_name_stand_beside_one_another():
    models = {"first": analyzed(0), "second": analyzed(1, names=("b", "d"))}
    data = data_of(report.page(models))
    there = {
        layer["name"]: [row is not None for row in layer["models"]] for layer in data["layers"]
    }
    assert there == {"a": [True, False], "b": [True, True], "c": [True, False], "d": [False, True]}
    assert list(there) == ["a", "b", "d", "c"]


@pytest.mark.parametrize(
    ("orders", "merged"),
    [
        (["xyb", "abqy"], "xyabq"),
        (["ab", "azb", "azwbe"], "azwbe"),
        (["ab", "cd"], "abcd"),
        ([""], ""),
    ],
)
def test_layers_that_the_first_model_lacks_stand_where_others_have_them(orders, merged):
    assert _comparisons.merged(orders) == list(merged)


@pytest.mark.parametrize(
    ("names", "shorter"),
    [
        (["step 0", "step 1"], ["step 0", "step 1"]),
        (["net.safetensors"], ["net.safetensors"]),
        (["mnist_mlp.safetensors", "mnist_mlp.onnx"], ["safetensors", "onnx"]),
        ([f"runs/llama/step-{i}00/model.safetensors" for i in (1, 2)], ["100", "200"]),
        (["model-base.safetensors", "model.safetensors"], ["model-base", "model"]),
        (["ppo__Agent-0.52c8d1.onnx", "ppo__Agent-1999936.b2ec8f.onnx"], ["0", "1999936"]),
        (["ppo__Agent-7.52c8d1.onnx", "ppo__Agent-7.b2ec8f.onnx"], ["52c8d1", "b2ec8f"]),
        (
            ["agent-1.52c8d1.onnx", "agent-2.b2ec8f.onnx", "agent-1.c2ec8f.onnx"],
            ["1.52c8d1", "2.b2ec8f", "1.c2ec8f"],
        ),
    ],
)
def test_models_have_short_names_that_tell_them_apart(names, shorter):
    assert brief(names) == shorter


def test_long_names_of_models_that_differ_in_their_middle_are_numbered():
    found = brief([f"{30 * 'x'}{letter}{30 * 'x'}" for letter in "ab"])
    assert len(set(found)) == 2
    assert max(map(len, found)) <= 24


def test_each_number_and_figure_links_a_page_of_the_documentation(ds):
    whole = report.page({"net": ds})
    data = data_of(whole)
    pages = {variable[-1] for variable in data["variables"]} | {*_links.FIGURES.values()}
    pages |= {_links.page_of(variable) for variable in VARIABLES.values()}
    pages |= {
        picture["page"] for layer in data["layers"] for p in layer["pictures"] for picture in p
    }
    assert [page for page in pages if not (REPO / "docs" / page).exists()] == []
    links = [attrs for tag, attrs in Elements(whole).tags if tag == "a"]
    outside = [attrs for attrs in links if not attrs["href"].startswith("#")]
    assert all(attrs["rel"] == "noopener noreferrer" for attrs in outside)
    for attrs in outside:
        assert (
            REPO / "docs" / attrs["href"].removeprefix(_links.DOCUMENTATION).lstrip("/")
        ).exists()


def test_the_address_of_the_documentation_is_that_of_the_project():
    project = tomllib.loads((REPO / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["urls"]["Documentation"] == _links.DOCUMENTATION


def test_the_page_is_the_same_each_time(ds):
    assert report.page(ds) == report.page(ds)


@pytest.mark.parametrize("place", ["layer", "model"])
@pytest.mark.parametrize("name", HOSTILE.values(), ids=HOSTILE)
def test_names_are_text(place, name):
    ds = analyzed(names=(name, "b") if place == "layer" else ("a", "b"))
    title = {name if place == "model" else "net": ds}
    hostile, plain = (
        Elements(report.page(title)),
        Elements(report.page({"net": analyzed(names=("a", "b"))})),
    )
    others = [each for each in hostile.tags if each[0] != "wbr"]
    assert not any(attrs for tag, attrs in hostile.tags if tag == "wbr")
    assert [tag for tag, _ in others] == [tag for tag, _ in plain.tags]
    assert [sorted(attrs) for _, attrs in others] == [sorted(attrs) for _, attrs in plain.tags]
    assert not any("\u202e" in text for text in hostile.text)
    text = re.sub(r"`[^`]*`", "", report.markdown(title))  # code is text
    assert "<img" not in text
    assert "<script" not in text


def test_the_page_loads_nothing_from_elsewhere(ds):
    page = report.page(ds)
    elements = Elements(page).tags
    assert not [tag for tag, attrs in elements if {"src", "srcset"} & attrs.keys()]
    assert not [tag for tag, _ in elements if tag in {"link", "iframe", "object", "embed"}]
    policy = next(attrs["content"] for _, attrs in elements if "http-equiv" in attrs)
    assert "default-src 'none'" in policy


def test_a_report_of_many_layers_is_small():
    """300 layers of noise, with the pictures of each."""
    ds = analyzed(names=tuple("abc"))
    per_layer = len(report.page(analyzed(names=tuple("abcdefghijklmnopqrst")))) - len(
        report.page(ds)
    )
    assert len(report.page(ds)) + 297 * per_layer / 17 < 5_000_000


def test_markdown_has_the_findings_and_folds_the_table(ds):
    text = report.markdown({"net": ds})
    assert text.startswith("# Spectra of net\n")
    assert "3 like noise" in text
    assert "<details><summary>All layers</summary>\n\n|" in text


def test_several_models_in_markdown_have_a_column_each():
    text = report.markdown({"first": analyzed(0), "second": analyzed(1)})
    assert "|  | first | second |" in text
    assert "| `layers` | 3 | 3 |" in text


def test_files_are_replaced_only_if_they_are_reports(ds, tmp_path):
    for name in ("a.html", "a.md"):
        path = tmp_path / name
        report.to_file(ds, path)
        report.to_file(ds, path)
        own = path.read_text("utf-8")
        path.write_text(f"A card of mine.\n\n{own}", encoding="utf-8")
        with pytest.raises(ArgumentError, match="not a result of this program"):
            report.to_file(ds, path)


def test_without_the_packages_the_error_says_what_to_install(ds, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "jinja2", None)
    with pytest.raises(SpectraError, match=r"pip install 'weightspectra\[report\]'"):
        report.page(ds)


def test_no_model_is_an_error():
    with pytest.raises(ArgumentError, match="at least one model"):
        report.page([])


def test_words_are_those_of_the_page_on_reading_the_table():
    _, _, page = (REPO / "docs" / "reading.md").read_text("utf-8").partition("## Words")
    rows = re.findall(r"^\| (\*\*.*?) \| (.*) \|$", page, re.MULTILINE)

    def plain(text):
        text = re.sub(r" ?\(\[page\]\([^)]*\)\)", "", text)
        return re.sub(r"[*`]", "", text)

    explained = {plain(word): plain(meaning) for word, meaning in rows}
    assert {word: explained.get(word) for word in WORDS} == WORDS


def test_the_page_says_that_few_eigenvalues_above_the_noise_can_reject(ds):
    said = "where they are fewer than 20, by the whole tail, which can be rejected but not"
    assert said in report.page(ds)


def test_an_alpha_outside_of_its_interval_is_told(ds):
    ds = ds.copy(deep=True)
    ds.alpha_high.loc["a"] = ds.alpha.sel(layer="a").item() - 0.1
    data = data_of(report.page(ds))
    place = [variable[0] for variable in data["variables"]].index("alpha")
    sure = {layer["name"]: layer["models"][0][place][1] for layer in data["layers"]}
    assert "; the value is outside" in sure["a"]
    assert "outside" not in sure["b"]


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        *(("spike_p", 0.0, "<1e-99"), ("bulk_p", 3.2e-7, "3e-7"), ("p_value", 0.25, "0.25")),
        *(("spike_p", np.nan, "-"), ("D", 1e-5, "1e-05")),
    ],
)
def test_small_probabilities_are_powers_of_ten(name, value, said):
    assert _contents.numbers({name: value}, [VARIABLES[name]])[0][0] == said


def test_formulas_name_no_functions():
    formulas = {name: _contents.formula_of(variable) for name, variable in VARIABLES.items()}
    assert not [said for said in formulas.values() if "spectra." in said or "this library" in said]
    assert formulas["verdict"] == ""
    assert formulas["D"].startswith("max |S - P|")
