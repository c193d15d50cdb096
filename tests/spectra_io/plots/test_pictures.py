"""Pictures of the figures, beside those kept, in sizes and styles; names that look like markup."""

from dataclasses import replace
from functools import cache
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.testing.compare import compare_images

import spectra
from spectra.noise import tracy_widom
from spectra.theory import compare, laws, scan
from spectra_io import plots

KEPT = Path(__file__).parent / "baselines"
DRAWN_WITH = "3.11"  # minor version of matplotlib; another one draws letters elsewhere
TOLERANCE = 12.0  # root mean square of a pixel, of 255
NAMES = ["a$b$", "w$\\x$", "a_b^c{}%#&~\\", "$", "_hidden", "a\nb\x1b[31m", "long_" * 40, "é ß Ω"]


def weights():
    rng = np.random.default_rng(0)
    heavy = rng.standard_t(2.2, (120, 60))
    trapped = rng.standard_normal((120, 60))
    trapped[3, 4] = 40
    return {"heavy": heavy, "trapped": trapped, "noise": rng.standard_normal((80, 60))}


@cache
def compared(draws="same"):
    """Return a comparison with a law of draws that obey it or not, of one, or without a model."""
    law = laws.marchenko_pastur(0.5, mean=60.0)
    W = np.random.default_rng(0).standard_normal((1 if draws == "one" else 30, 60, 30))
    if draws == "bare":
        law = replace(law, name="law without a model, and with a long name", model=None)
    return compare(1.1 * W if draws == "different" else W, law, rng=1)


@cache
def scanned(num=400):
    """Return a scan, with a rate or with too few draws for one."""
    return scan(
        lambda n, rng: rng.standard_normal((2 * n, n)),
        lambda n: laws.marchenko_pastur(0.5, mean=2.0 * n),
        [6, 12, 24],
        num=num,
        rng=0,
    )


@pytest.fixture(scope="module", name="ds")
def analysed():
    everything = {**weights(), "zero": np.zeros((9, 9)), "tiny": np.eye(5)}
    return spectra.analyze(everything)


FIGURES = {
    "esd": lambda ds, ax: plots.esd(ds, layer="heavy", ax=ax),
    "esd_linear": lambda ds, ax: plots.esd(ds, layer="heavy", scale="lin-lin", ax=ax),
    "correlation_flow": lambda ds, ax: plots.correlation_flow(ds, ax=ax),
    "models": lambda ds, ax: plots.correlation_flow({"one": ds, "two": ds}, ax=ax),
    "histogram": lambda ds, ax: plots.histogram(ds, column="stable_rank", ax=ax),
    "heat_map": lambda ds, ax: plots.heat_map(ds, ax=ax),
    "tail_laws": lambda ds, ax: plots.tail_laws(ds, layer="heavy", ax=ax),
    "xmin_scan": lambda ds, ax: plots.xmin_scan(ds, layer="heavy", ax=ax),
    "hill": lambda ds, ax: plots.hill(ds, layer="heavy", ax=ax),
    "noise": lambda ds, ax: plots.noise(ds, layer="trapped", ax=ax),
    "erg": lambda ds, ax: plots.erg(ds, layer="heavy", ax=ax),
    "permuted": lambda _, ax: plots.permuted(weights(), layer="trapped", ax=ax),
    "vectors": lambda _, ax: plots.vectors(weights(), layer="trapped", ax=ax),
    "regression": lambda _, ax: plots.regression(
        [1, 2, 3, 4, 6, 7, 8], [3, 2, 2, 1, 6, 5, 4], groups=list("aaaabbb"), ax=ax
    ),
    "law": lambda _, ax: plots.law(tracy_widom, ax=ax),
    "law_atoms": lambda _, ax: plots.law(
        laws.marchenko_pastur(2.0), data=laws.marchenko_pastur(2.0).spectra(60, num=9, rng=0), ax=ax
    ),
    "comparison": lambda _, ax: plots.comparison(compared(), ax=ax),
    "comparison_different": lambda _, ax: plots.comparison(compared("different"), ax=ax),
    "comparison_one": lambda _, ax: plots.comparison(compared("one"), ax=ax),
    "comparison_bare": lambda _, ax: plots.comparison(compared("bare"), ax=ax),
    "convergence": lambda _, ax: plots.convergence(scanned(), ax=ax),
    "convergence_unknown": lambda _, ax: plots.convergence(scanned(3), ax=ax),
}


def picture(name, ds, path, *, style="default", size=(4.0, 3.0)):
    with plt.style.context(style):
        figure, ax = plt.subplots(figsize=size, layout="constrained")
        FIGURES[name](ds, ax)
        figure.savefig(path, dpi=50, metadata={"Software": ""})
        plt.close(figure)
    return figure, ax


@pytest.mark.skipif(not mpl.__version__.startswith(f"{DRAWN_WITH}."), reason="other matplotlib")
@pytest.mark.parametrize("name", FIGURES)
def test_pictures_are_those_kept(name, ds, tmp_path):
    picture(name, ds, tmp_path / f"{name}.png")
    kept = tmp_path / "kept.png"
    kept.write_bytes((KEPT / f"{name}.png").read_bytes())
    assert compare_images(str(kept), str(tmp_path / f"{name}.png"), TOLERANCE) is None


@pytest.mark.parametrize("name", FIGURES)
@pytest.mark.parametrize("size", [(4.0, 3.0), (8.0, 5.0)])
def test_words_stay_within_the_picture_and_are_seen_on_dark_paper(name, size, ds):
    with plt.style.context("dark_background"):
        figure, ax = plt.subplots(figsize=size, layout="constrained")
        FIGURES[name](ds, ax)
        figure.canvas.draw()
    width, height = figure.get_size_inches() * figure.dpi
    legend = ax.get_legend()
    texts = [t for t in (ax.title, ax.xaxis.label, ax.yaxis.label, *ax.texts) if t.get_text()]
    for words in [*texts, *([legend] if legend else [])]:
        box = words.get_window_extent()
        assert box.x0 > -3
        assert box.x1 < width + 3
        assert box.y0 > -3
        assert box.y1 < height + 3
    for text in (ax.title, ax.xaxis.label, *(legend.get_texts() if legend else [])):
        assert text.get_color() != "black"
    plt.close(figure)


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_names_are_drawn_as_they_are(name):
    W = np.random.default_rng(0).pareto(2, (60, 40))
    ds = spectra.analyze({name: W})
    every = [
        plots.esd(ds, layer=name), plots.hill(ds, layer=name), plots.xmin_scan(ds, layer=name),
        plots.tail_laws(ds, layer=name), plots.noise(ds, layer=name), plots.erg(ds, layer=name),
        plots.permuted({name: W}), plots.vectors({name: W}), plots.heat_map(ds),
        plots.correlation_flow(ds), plots.correlation_flow({name: ds, "b": ds}),
        plots.histogram({name: ds}), plots.regression([1, 2, 3], [1, 2, 4], groups=[name] * 3),
        plots.comparison(compared().assign_attrs(law=name)), plots.law(laws.cauchy().named(name)),
    ]  # fmt: skip
    for ax in every:
        ax.figure.canvas.draw()
        legend = ax.get_legend()
        assert not any(t.get_parse_math() for t in (legend.get_texts() if legend else []))
    plt.close("all")


def test_a_dataset_keeps_no_matrices(ds):
    for function in (plots.permuted, plots.vectors):
        with pytest.raises(spectra.errors.ArgumentError, match="does not keep the matrices"):
            function(ds, layer="heavy")


if __name__ == "__main__":  # write the pictures anew
    mpl.use("Agg")
    KEPT.mkdir(exist_ok=True)
    result = spectra.analyze({**weights(), "zero": np.zeros((9, 9)), "tiny": np.eye(5)})
    for each in FIGURES:
        picture(each, result, KEPT / f"{each}.png")
