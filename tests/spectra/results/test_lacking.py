"""Measures that failed, and arrays that are not analysed, as a diagnosis tells them."""

import json
from typing import Any

import numpy as np
import pytest

import spectra
import spectra_io
from spectra import measures
from spectra.errors import SpectraWarning
from spectra.results.lacking import lacking_layers, lacking_lines
from spectra.results.left_out import left_out_line


def own(spectrum):
    """Fail on squares of 4, and return what is not a number on squares of 5."""
    if spectrum.N == 5:
        return {"alpha": "much"}
    return {"alpha": 1 / (spectrum.N - 4)}


ARRAYS = {
    **{f"h.{i}": np.eye(4) for i in range(3)},
    "five": np.eye(5),
    "good": np.eye(6),
    "dead": np.zeros((4, 4)),
}


@pytest.fixture(scope="module")
def ds():
    with pytest.warns(SpectraWarning):
        return spectra.analyze(ARRAYS, measures=[*measures.CORE, own])


def test_layers_and_reasons(ds):
    found = lacking_layers(ds)
    assert [*found] == ["h.0", "h.1", "h.2", "five"]
    assert found["h.1"] == "measure own: ZeroDivisionError: division by zero"
    assert found["five"].startswith("measure own: ")
    assert "alpha" in found["five"]


def test_a_diagnosis_names_measure_and_layer(ds):
    seen = ds.spectra.diagnosis()
    assert seen.sentence.endswith("; 4 of them lack values of a measure that failed")
    assert seen.failures == tuple(lacking_lines(ds))
    words = "measure own: ZeroDivisionError: division by zero"
    assert seen.failures[0] == f"values missing in 3 layers, at first 'h.0': {words}"
    assert seen.failures[1].startswith("values missing in 1 layer, 'five': measure own: ")
    for line in seen.failures:
        assert line in str(seen).splitlines()
    assert "ZeroDivisionError" in seen._repr_html_()


def test_nothing_is_said_of_measures_that_do_not_fail():
    seen = spectra.analyze({"fc": np.eye(4)}).spectra.diagnosis()
    assert (seen.num_lacking, seen.failures, seen.left_out) == (0, (), "")
    assert str(seen) == seen.sentence == "1 layer: 1 too small to tell"


def test_three_reasons_are_named_and_the_others_counted():
    def fails(spectrum):
        raise ValueError(spectrum.N)

    model = {f"l{n}": np.eye(n) for n in range(2, 8)}
    with pytest.warns(SpectraWarning):
        lines = lacking_lines(spectra.analyze(model, measures=fails))
    assert len(lines) == 4
    assert lines[-1] == "values missing for 3 other reasons (status_reason)"


def test_results_without_a_status_lack_nothing(ds):
    assert lacking_layers(ds.drop_vars("status_reason")) == {}


ODD: dict[str, Any] = {
    "v": np.ones(4),
    "number": 1.0,
    "words": ["a", "b"],
    "word": "hello",
    "ids": np.eye(3, dtype=int),
}


def test_arrays_that_are_not_matrices_are_said():
    model = {"fc": np.eye(4), "nan": np.full((4, 4), np.nan), **ODD}
    ds = spectra.analyze(model)
    line = left_out_line(spectra.describe(model), ds)
    assert line.startswith("not analysed: 6 of 7 tensors, ")
    assert ds.attrs["not_analysed"] == line
    assert str(ds.spectra.diagnosis()).splitlines()[-1] == line
    assert line in spectra.analyze(spectra.layers(model)).spectra.diagnosis().left_out


@pytest.mark.parametrize("name", ODD)
def test_every_kind_of_array_has_a_reason(name):
    seen = spectra.analyze({name: ODD[name]}).spectra.diagnosis()
    assert seen.num_layers == 0
    assert seen.left_out.startswith("not analysed: 1 of 1 tensors, ")
    reason = spectra.describe({name: ODD[name]}).tensor_reason.item()
    assert reason
    assert seen.left_out.endswith(f"1 x {reason}")


def test_files_keep_what_was_not_analysed(tmp_path):
    ds = spectra.analyze({"fc": np.eye(4), "v\udc80": np.ones(3), "a": np.ones(3)})
    spectra_io.save(ds, tmp_path / "r.nc")
    assert spectra_io.load(tmp_path / "r.nc").spectra.diagnosis() == ds.spectra.diagnosis()
    spectra_io.save(ds, tmp_path / "r.json")
    found = json.loads((tmp_path / "r.json").read_text())["triage"]
    assert found["not_analysed"] == ds.attrs["not_analysed"] != ""
    assert found["failures"] == []


def test_the_notebook_shows_no_markup_of_names():
    ds = spectra.analyze({"fc": np.eye(4)}).assign_attrs(not_analysed="<b>x</b>")
    assert "<b>" not in ds.spectra.diagnosis()._repr_html_()
