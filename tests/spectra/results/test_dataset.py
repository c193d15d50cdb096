"""The Dataset: labels, padding, words for codes, averages, files."""

import dataclasses
import json
import tracemalloc

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import spectra
import spectra_io
from spectra.errors import ArgumentError, ModelFormatError, UnknownNameError
from spectra.results.dataset import from_rows
from spectra.results.reading import records


def model():
    rng = np.random.default_rng(0)
    return {
        "big.weight": rng.standard_normal((60, 40)),
        "big.bias": np.zeros(60),
        "small.weight": rng.standard_normal((5, 3)),
        "bad.weight": np.full((4, 4), np.nan),
    }


@pytest.fixture(name="ds")
def analysed():
    return spectra.analyze(model())


def test_modes_run_from_the_largest_and_are_padded(ds):
    assert ds.mode.values.tolist() == list(range(1, 41))
    small = ds.eigenvalue.sel(layer="small")
    assert np.isnan(small[3:]).all()
    assert (np.diff(ds.eigenvalue.sel(layer="big")) < 0).all()
    assert small[0] == ds.lambda_max.sel(layer="small")
    assert np.isnan(ds.eigenvalue.sel(layer="bad")).all()


def test_every_tensor_is_in_the_ledger(ds):
    tensors = spectra.describe(model())
    assert list(tensors.tensor.values) == ["big.weight", "big.bias", "small.weight", "bad.weight"]
    assert tensors.tensor_layers.values.tolist() == [1, 0, 1, 1]
    assert tensors.tensor_reason.values.tolist() == ["", "bias: not a weight matrix", "", ""]
    assert tensors.tensor_size.sum().item() == 2400 + 60 + 15 + 16
    counts = {"num_tensors": 4, "num_tensors_taken": 3}
    counts |= {"num_elements": 2491, "num_elements_taken": 2431}
    for result in (ds, tensors):
        assert {name: result.attrs[name] for name in counts} == counts


def test_describing_reads_no_numbers():
    rng = np.random.default_rng(0)
    given = {
        n: spectra.models.arrays.from_array(n, rng.random(s))
        for n, s in [("a", (5, 3)), ("b", (2,))]
    }

    def never():
        raise AssertionError

    broken = {n: dataclasses.replace(t, source=never) for n, t in given.items()}
    xr.testing.assert_identical(spectra.describe(broken), spectra.describe(given))
    layers = [layer for layer in spectra.layers(broken) if layer.taken]
    computed = spectra.analyze(given)
    for name in ("N", "M", "Q", "rf", "num_evals"):
        assert computed[name].values.tolist() == [getattr(layer, name) for layer in layers]


def test_summary_is_the_mean_of_what_there_is(ds):
    means = spectra.summary(ds)
    assert means.num_layers == 3
    assert means.num_fitted == 1
    assert means.alpha == ds.alpha.sel(layer="big")
    assert means.log_norm == pytest.approx(np.mean(ds.log_norm.values[:2]))
    assert means.log_norm.attrs["cell_methods"] == "layer: mean"


def test_a_model_without_layers_is_an_empty_table():
    ds = spectra.analyze({"v": np.zeros(3)})
    assert ds.sizes["layer"] == 0
    assert spectra.summary(ds).num_layers == 0
    assert spectra.describe({"v": np.zeros(3)}).tensor_reason.item().startswith("1-D")
    assert spectra.table(ds).empty


def test_unreadable_tensor_stops_no_other_and_says_why():
    def lost():
        msg = "disk on fire"
        raise OSError(msg)

    broken = spectra.Tensor("broken", (5, 5), "float32", "dense", lost)
    ds = spectra.analyze(
        {"broken": broken, "good": spectra.models.arrays.from_array("good", np.eye(5))}
    )
    assert spectra.labels(ds.status).values.tolist() == ["not_read", "computed"]
    assert ds.status_reason.sel(layer="broken").item() == "not read: disk on fire"


def test_tensor_of_another_shape_than_it_says_is_not_read():
    liar = spectra.Tensor("liar", (5, 5), "float32", "dense", lambda: np.zeros((2, 3)))
    ds = spectra.analyze(
        {"liar": liar, "good": spectra.models.arrays.from_array("good", np.eye(5))}
    )
    assert spectra.labels(ds.status).values.tolist() == ["not_read", "computed"]


def test_words_for_codes(ds):
    assert spectra.labels(ds.status).values.tolist() == ["computed", "computed", "not_finite"]
    assert (
        spectra.table(ds).loc["big", "verdict"]
        == spectra.results.verdicts.Verdict(ds.verdict[0].item()).name.lower()
    )
    with pytest.raises(ArgumentError, match="flag_values"):
        spectra.labels(ds.alpha)


def test_unknown_layer_names_the_nearest(ds):
    with pytest.raises(UnknownNameError, match=r"no layer 'bigg'; the nearest .*'big'"):
        spectra.results.reading.select(ds, "bigg")


def test_rows_of_unknown_names_are_refused():
    with pytest.raises(UnknownNameError, match="no variable 'alhpa'"):
        spectra.results.dataset.from_rows({"fc": {"alhpa": 1.0}})
    with pytest.raises(ArgumentError, match="so a layer cannot have it"):
        spectra.results.dataset.from_rows({"fc": {"tensor_role": "dense"}})


def test_netcdf_keeps_everything(ds, tmp_path):
    tensors = spectra.describe(model())
    spectra_io.save(ds, tmp_path / "ds.nc", tensors=tensors)
    xr.testing.assert_identical(spectra_io.load(tmp_path / "ds.nc"), ds)
    xr.testing.assert_identical(spectra_io.load(tmp_path / "ds.nc", group="tensors"), tensors)
    xr.testing.assert_identical(xr.load_dataset(tmp_path / "ds.nc").alpha, ds.alpha)
    assert [p.name for p in tmp_path.iterdir()] == ["ds.nc"]


@pytest.mark.slow
def test_netcdf_of_no_layers_and_no_tensors(tmp_path):
    for none in ({"b": np.zeros(3)}, {}):
        ds = spectra.analyze(none)
        spectra_io.save(ds, tmp_path / "ds.nc")
        xr.testing.assert_identical(spectra_io.load(tmp_path / "ds.nc"), ds)


@pytest.mark.parametrize("ending", ["csv", pytest.param("parquet", marks=pytest.mark.slow)])
def test_tables_keep_the_layers(ds, tmp_path, ending):
    path = tmp_path / f"ds.{ending}"
    spectra_io.save(ds, path)
    back = pd.read_csv(path, index_col="layer") if ending == "csv" else pd.read_parquet(path)
    assert back.index.tolist() == ["big", "small", "bad"]
    np.testing.assert_allclose(back.alpha, ds.alpha, rtol=1e-14)
    assert back.verdict.tolist() == spectra.labels(ds.verdict).values.tolist()


def test_json_is_strict_and_keeps_layers_tensors_and_summary(ds, tmp_path):
    spectra_io.save(ds, tmp_path / "ds.json", tensors=spectra.describe(model()))

    def refuse(constant):
        raise AssertionError(constant)

    document = json.loads((tmp_path / "ds.json").read_text(), parse_constant=refuse)
    assert [row["layer"] for row in document["layers"]] == ["big", "small", "bad"]
    assert document["layers"][0]["alpha"] == ds.alpha[0]
    assert document["layers"][1]["alpha"] is None
    assert document["tensors"][1]["tensor_reason"] == "bias: not a weight matrix"
    assert document["summary"]["num_layers"] == 3


def test_a_failed_save_leaves_the_old_file(ds, tmp_path, monkeypatch):
    path = tmp_path / "ds.nc"
    spectra_io.save(ds, path)
    before = path.read_bytes()

    def full(*_, **__):
        msg = "no space left"
        raise OSError(msg)

    monkeypatch.setattr(xr.Dataset, "to_netcdf", full)
    with pytest.raises(OSError, match="no space left"):
        spectra_io.save(ds, path)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["ds.nc"]


def test_what_is_no_netcdf_is_refused(tmp_path):
    (tmp_path / "a.nc").write_text("hello")
    with pytest.raises(ModelFormatError, match="not a netCDF file"):
        spectra_io.load(tmp_path / "a.nc")


def test_summary_has_these_means_and_products_and_no_other(ds):
    means = ["alpha", "alpha_weighted", "log_alpha_norm", "log_norm", "log_spectral_norm"]
    counts = ["num_layers", "num_not_reached", "num_fitted", "num_supported"]
    products = ["log_product_norm", "log_product_spectral_norm"]
    found = spectra.summary(ds)
    assert list(found) == [*means, "stable_rank", "entropy", "D", *products, *counts]
    assert np.isnan(found.log_product_norm)  # a layer has none
    kept = ds.isel(layer=[0, 1])
    product = spectra.summary(kept).log_product_norm.item()
    assert product == pytest.approx(float(kept.log_norm.sum()))
    with pytest.raises(ArgumentError, match="with a dimension layer, got dimensions"):
        spectra.summary(ds.sel(layer="big"))


@pytest.mark.parametrize("model", [{}, {"w": np.zeros((3, 3))}, {"w": np.full((3, 3), np.nan)}])
def test_a_model_without_a_spectrum_has_all_variables(model):
    ds = spectra.analyze(model)
    full = spectra.analyze({"w": np.eye(3)})
    assert set(ds.data_vars) == set(full.data_vars)
    assert spectra.summary(ds).num_fitted == 0
    spectra_io.plots.correlation_flow(ds)


@pytest.mark.parametrize("error", [OSError("gone"), ValueError("odd"), MemoryError()])
def test_whatever_reading_raises_stops_no_other(error):
    def lost():
        raise error

    model = {"broken": spectra.Tensor("broken", (9, 9), "float32", "dense", lost)}
    model["good"] = spectra.models.arrays.from_array("good", np.diag(np.arange(1.0, 10)))
    ds = spectra.analyze(model)
    assert spectra.labels(ds.status).values.tolist() == ["not_read", "computed"]
    assert spectra.weightwatcher.analyze(model).status.tolist() == ["failed", "success"]


def test_a_solver_that_gives_up_stops_no_other(monkeypatch):
    def stubborn(matrix, **_):
        msg = "did not converge"
        raise np.linalg.LinAlgError(msg)

    monkeypatch.setattr(np.linalg, "svd", stubborn)
    ds = spectra.analyze({"bad": np.ones((5, 5)), "good": np.eye(5)})
    assert spectra.labels(ds.status).values.tolist() == ["not_converged", "computed"]
    assert ds.status_reason.values.tolist() == ["no eigenvalues: did not converge", ""]


def test_a_table_too_large_for_memory_is_refused_before_the_work():
    wide = spectra.Tensor("wide", (50_000, 50_000), "float32", "dense", lambda: np.empty(0))
    layers = spectra.layers({f"w{i}": wide for i in range(20_000)})
    with pytest.raises(ArgumentError, match="do not fit one table"):
        spectra.analyze(layers)


def test_damaged_netcdf_is_refused(ds, tmp_path):
    path = tmp_path / "ds.nc"
    spectra_io.save(ds, path)
    whole = path.read_bytes()
    for cut in (10, 100, 1000, len(whole) // 2):
        path.write_bytes(whole[:cut])
        with pytest.raises(ModelFormatError, match="not a netCDF file"):
            spectra_io.load(path)


def test_names_that_positions_would_repeat_are_numbered():
    model = {"c": np.ones((2, 2, 1, 1)), "c[0,0]": np.eye(2)}
    names = [layer.name for layer in spectra.layers(model, pool=False)]
    assert names == ["c[0,0]", "c[0,0]#2"]


def test_arrays_of_a_layer_that_is_not_measured_are_as_long_as_the_others():
    """The largest layer is all zero: it has eigenvalues, and no spikes."""
    model = {"zero": np.zeros((50, 40)), "fc": np.random.default_rng(0).standard_normal((30, 20))}
    ds = spectra.analyze(
        model, measures=[spectra.measures.spike_signals, spectra.measures.spacing_ratios]
    )
    assert ds.sizes["mode"] == 40
    assert ds.eigenvalue.sel(layer="zero").notnull().all()
    assert ds.spike_strength.sel(layer="zero").isnull().all()
    assert int(ds.local_spacing_ratio.sel(layer="fc").notnull().sum()) == 20


ODD = {
    "zero": np.zeros((20, 12)),
    "equal": np.ones((20, 12)),
    "identity": np.eye(20, 12),
    "rank one": np.outer(np.arange(20.0), np.arange(12.0)),
    "nan": np.full((20, 12), np.nan),
    "one": np.ones((1, 1)),
    "row": np.ones((1, 12)),
    "huge": 1e150 * np.random.default_rng(1).standard_normal((20, 12)),
    "tiny": 1e-150 * np.random.default_rng(2).standard_normal((20, 12)),
    "an outlier": np.where(np.arange(240).reshape(20, 12) == 7, 1e20, 1.0),
    "sparse": np.random.default_rng(3).standard_normal((20, 12)) * (np.arange(12) % 4 == 0),
    "conv": np.random.default_rng(4).standard_normal((20, 12, 3, 1)) * [[[[1.0], [0.0], [2.0]]]],
}


@pytest.mark.parametrize("name", ODD)
def test_no_layer_spoils_another(name):
    """Warnings are errors here; the good layer is what it is alone."""
    good = np.random.default_rng(0).standard_normal((40, 30))
    alone = spectra.analyze({"good": good}, measures=spectra.measures.ALL)
    both = spectra.analyze({"odd": ODD[name], "good": good}, measures=spectra.measures.ALL)
    together = both.sel(layer=["good"]).isel(mode=slice(30)).drop_vars("depth")
    xr.testing.assert_identical(
        together.drop_attrs(deep=False), alone.drop_attrs(deep=False).drop_vars("depth")
    )


@pytest.mark.parametrize("use", [spectra.describe, spectra.analyze])
def test_names_of_very_different_lengths_take_no_more_than_their_characters(use, tmp_path):
    """Numpy pads every name to the longest: 156 MB here."""
    names = [*(f"w{i}" for i in range(40)), "n" * 1_000_000]
    tracemalloc.start()
    ds = use({name: np.ones((3, 2)) for name in names})
    frame = spectra.table(ds)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 50e6
    assert list(frame.index) == names
    spectra_io.save(ds, tmp_path / "m.nc")
    again = spectra_io.load(tmp_path / "m.nc")
    assert spectra.table(again).index.tolist() == names


def test_long_texts_are_whole_and_are_not_padded(monkeypatch):
    monkeypatch.setattr("spectra.results.dataset._MOST", 1000)
    rows = {f"w{i}": {"status_reason": "x" * 50 * i, "layer_type": "dense"} for i in range(10)}
    ds = from_rows(rows)
    assert ds.status_reason.dtype == object
    assert ds.status_reason.values.tolist() == ["x" * 50 * i for i in range(10)]
    assert ds.layer_type.dtype == np.dtype("<U5")
    assert spectra.table(ds).status_reason.tolist() == ds.status_reason.values.tolist()


def test_records_have_plain_numbers_and_texts():
    rng = np.random.default_rng(0)
    ds = spectra.analyze({"a": rng.standard_normal((40, 30)), "b": np.zeros((3, 2))})
    for found in (ds, spectra.describe({"a": np.ones((3, 2)), "b": np.ones(3)})):
        ours = records(found)
        theirs = spectra.table(found).reset_index().to_dict(orient="records")
        assert len(ours) == len(theirs) == 2
        for one, other in zip(ours, theirs, strict=True):
            assert list(one) == list(other)
            assert {type(value) for value in one.values()} <= {int, float, str, np.str_}
            np.testing.assert_equal(one, other)
