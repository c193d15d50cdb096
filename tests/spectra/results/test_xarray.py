"""The Dataset as users of xarray expect it: plots, tables, stores, several models together."""

import json
import re
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import xarray as xr

import spectra
import spectra_io
from spectra.errors import ArgumentError
from spectra.results import dataset, plotdata, reading, scale_collapse
from tests.builders import EXAMPLES

MNIST = EXAMPLES / "mnist_mlp.safetensors"
RNG = np.random.default_rng(0)
OTHER = {
    "fc2.weight": RNG.standard_normal((60, 50)),
    "conv.weight": RNG.standard_normal((30, 20, 3, 3)),
    "bad.weight": np.full((4, 4), np.nan),
}


@pytest.fixture(name="ds", scope="module")
def analysed():
    return spectra.analyze(spectra_io.open_model(MNIST))


@pytest.fixture(name="both", scope="module")
def two_networks(ds):
    """Two networks that share one name of a layer."""
    models = pd.Index(["mnist", "other"], name="model")
    return xr.concat([ds, spectra.analyze(OTHER)], models, join="outer")


def test_alpha_is_plotted_against_layers(ds):
    (line,) = ds.alpha.plot()
    assert line.get_ydata().tolist() == ds.alpha.values.tolist()
    plt.close("all")


def test_alpha_is_plotted_against_depth(ds):
    (line,) = ds.alpha.plot(x="depth")
    assert line.get_xdata().tolist() == [1, 2, 3]
    plt.close("all")


def test_a_long_name_is_the_label_of_an_axis(ds):
    ds.alpha.plot()
    assert plt.gca().get_ylabel().startswith("power-law exponent of the tail")
    plt.close("all")


def test_text_is_text(ds):
    assert ds.layer.dtype.kind == "U"
    for name in ("tensor_name", "layer_type", "status_reason"):
        assert ds[name].dtype.kind == "U"
    assert ds.depth.values.tolist() == [1, 2, 3]


def test_a_table_has_one_row_per_layer(ds):
    for frame in (spectra.table(ds), ds.drop_dims("mode").to_dataframe()):
        assert frame.index.tolist() == ["fc1", "fc2", "fc3"]
        assert frame.alpha.tolist() == ds.alpha.values.tolist()
    tensors = spectra.describe(spectra_io.open_model(MNIST))
    assert len(tensors.to_dataframe()) == len(spectra.table(tensors)) == 6
    # layers times eigenvalues, as everywhere in xarray, and no tensors between them
    assert set(ds.dims) == {"layer", "mode"}


@pytest.mark.slow
def test_a_group_of_variables_is_selected_by_its_attribute(ds):
    full = spectra.analyze(spectra_io.open_model(MNIST), measures=spectra.measures.ALL)
    for group, member in {"noise": "num_spikes", "tail": "alpha", "size": "norm"}.items():
        chosen = full.filter_by_attrs(group=group)
        assert member in chosen
        assert {v.attrs["group"] for v in chosen.data_vars.values()} == {group}
    assert all("group" in v.attrs for v in full.data_vars.values())


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Consolidated metadata:UserWarning")
@pytest.mark.filterwarnings("ignore:The data type:FutureWarning")  # not in its format 3 yet
def test_zarr_and_netcdf_take_the_dataset(ds, tmp_path):
    ds.to_zarr(tmp_path / "ds.zarr")
    ds.to_netcdf(tmp_path / "ds.nc", engine="h5netcdf")
    for back in (xr.open_zarr(tmp_path / "ds.zarr"), xr.load_dataset(tmp_path / "ds.nc")):
        again = dataset.restored(back.load())
        xr.testing.assert_equal(again, ds)
        assert spectra.labels(again.verdict).equals(spectra.labels(ds.verdict))


def test_labels_of_several_models(both):
    words = spectra.labels(both.status)
    there = {"fc1": "computed", "fc2": "computed", "fc3": "computed", "conv": "", "bad": ""}
    assert words.sel(model="mnist").to_series().to_dict() == there
    assert words.sel(model="other", layer="bad").item() == "not_finite"


def test_table_of_several_models_has_a_row_per_pair(both, ds):
    frame = spectra.table(both)
    assert frame.index.names == ["model", "layer"]
    assert len(frame) == 3 + 3
    alone = spectra.table(ds)
    together = frame.reset_index("model").query("model == 'mnist'")
    pd.testing.assert_frame_equal(together[list(alone)], alone, check_dtype=False)
    assert frame.N.dtype == np.int64
    assert set(frame.loc["other"].index) == {"fc2", "conv", "bad"}


def test_summary_of_several_models_averages_over_layers_only(both, ds):
    means = spectra.summary(both)
    assert means.alpha.dims == ("model",)
    alone = [spectra.summary(d) for d in (ds, spectra.analyze(OTHER))]
    for name in alone[0].data_vars:
        expected = [one[name].item() for one in alone]
        np.testing.assert_allclose(means[name].values, expected, rtol=1e-12, err_msg=str(name))
    assert means.num_layers.values.tolist() == [3, 3]


PARQUET = pytest.param(".parquet", marks=pytest.mark.slow)  # with pyarrow, of the extra dev


@pytest.mark.parametrize("ending", [".nc", ".csv", ".json", PARQUET])
def test_several_models_are_saved_in_every_format(both, ds, tmp_path, ending):
    path = tmp_path / f"both{ending}"
    spectra_io.save(both, path)
    if ending == ".nc":
        back = spectra_io.load(path)
        assert spectra.table(back).equals(spectra.table(both))
        return
    if ending == ".json":
        document = json.loads(path.read_text())
        rows = pd.DataFrame(document["layers"])
        assert [row["model"] for row in document["summary"]] == ["mnist", "other"]
        assert [row["num_layers"] for row in document["summary"]] == [3, 3]
    else:
        rows = pd.read_csv(path) if ending == ".csv" else pd.read_parquet(path).reset_index()
    assert len(rows) == 6
    mine = rows[rows.model == "mnist"].set_index("layer")
    np.testing.assert_allclose(mine.alpha, ds.alpha, rtol=1e-14)


@pytest.mark.slow
def test_concatenated_twice(ds, tmp_path):
    """Models by checkpoints: every row is a pair of both."""
    steps = xr.concat([ds, ds], pd.Index([10, 20], name="step"), join="outer")
    grid = xr.concat([steps, steps], pd.Index(["a", "b"], name="model"), join="outer")
    assert spectra.summary(grid).alpha.dims == ("model", "step")
    assert len(spectra.table(grid)) == 4 * 3
    for ending in (".nc", ".csv", ".json", ".parquet"):
        spectra_io.save(grid, tmp_path / f"grid{ending}")
    back = spectra_io.load(tmp_path / "grid.nc")
    pd.testing.assert_frame_equal(spectra.table(back), spectra.table(grid))
    document = json.loads((tmp_path / "grid.json").read_text())
    pairs = {(row["model"], row["step"]) for row in document["summary"]}
    assert pairs == {("a", 10), ("a", 20), ("b", 10), ("b", 20)}


@pytest.mark.parametrize(
    "function",
    [lambda ds: plotdata.esd(ds, layer="fc2"), plotdata.correlation_flow, scale_collapse.find],
)
def test_what_is_for_one_model_says_so(both, function):
    with pytest.raises(ArgumentError, match=r"choose one with ds.isel\(model=0\)"):
        function(both)
    function(both.isel(model=0))


@pytest.mark.parametrize("function", [spectra.table, spectra.summary, plotdata.correlation_flow])
def test_a_model_is_not_a_result(function):
    words = r"`ds` must be .*result of spectra.analyze.*got Model"
    with pytest.raises(ArgumentError, match=words):
        function(spectra_io.open_model(MNIST))


def test_a_code_without_a_meaning_is_refused(ds):
    with pytest.raises(ArgumentError, match=r"has the code 9, its flag_values are \[0, 1, "):
        spectra.labels(ds.verdict.copy(data=[9, 1, 2]))


def test_a_null_character_in_a_name_is_shown():
    model = {"a\0": np.eye(3), "b": np.eye(3)}
    ds = spectra.analyze(model)
    assert ds.layer.values.tolist() == ["a\\x00", "b"]
    assert spectra.describe(model).tensor.values.tolist() == ["a\\x00", "b"]


def test_a_result_says_how_it_was_made(ds):
    model = spectra_io.open_model(MNIST)
    known = {
        "model": "mnist_mlp.safetensors",
        "model_format": "safetensors",
        "model_fingerprint": model.fingerprint,
        "measures": "size, rank(tolerance=1e-06), energy_spread, foreseen_traps, tail_fit, "
        "hill_fit(variant='code'), evidence(confidence=0.9, resamples=100), training_phase",
        "pool": 1,
        "tail": "{}",
        "significance": 0.05,
        "rng": 0,
        "rtol": 1e-6,
        "source": f"weightspectra {spectra.__version__}",
    }
    assert {name: ds.attrs[name] for name in known} == known
    assert re.fullmatch("[0-9a-f]{32}", model.fingerprint)


def test_a_second_run_is_told_from_the_first(ds):
    model = spectra_io.open_model(MNIST)
    for options in ({"rng": 1}, {"tail": {"xmin": 1.0}}, {"significance": 0.01}, {"rtol": 0.1}):
        assert spectra.analyze(model, measures=[], **options).attrs != ds.attrs
    array = dict(model.items())
    changed = {name: np.array(tensor.read()) for name, tensor in array.items()}
    changed["fc3.bias"][0] += 1e-6
    other = spectra.analyze(changed)
    assert other.attrs["model_fingerprint"] != ds.attrs["model_fingerprint"]
    copy = {name: np.array(tensor.read()) for name, tensor in array.items()}
    same = spectra.analyze(dict(reversed(copy.items())))
    assert same.attrs["model_fingerprint"] == ds.attrs["model_fingerprint"]


def test_the_same_network_in_two_formats_has_one_fingerprint(ds):
    """Tensors of the same names, types and numbers, whatever file they are in."""
    other = spectra.analyze(spectra_io.open_model(EXAMPLES / "mnist_mlp.onnx"))
    assert other.attrs["model_format"] == "onnx"
    assert other.attrs["model_fingerprint"] == ds.attrs["model_fingerprint"]


def named(names, seed=0):
    rng = np.random.default_rng(seed)
    return spectra.analyze({name: rng.standard_normal((40, 30)) for name in names})


def test_layers_of_concatenated_models_keep_their_order():
    """An outer join sorts the layers by name; depth remembers."""
    one, two = named(["z", "m", "a"]), named(["z", "m", "a", "b"], seed=1)
    both = xr.concat([one, two], pd.Index(["one", "two"], name="model"), join="outer")
    frame = spectra.table(both)
    assert frame.loc["one"].index.tolist() == ["z", "m", "a"]
    assert frame.loc["two"].index.tolist() == ["z", "m", "a", "b"]
    assert frame.depth.tolist() == [1, 2, 3, 1, 2, 3, 4]
    assert frame.depth.dtype == np.int64
    first = both.isel(model=0)
    assert spectra.table(first).index.tolist() == ["z", "m", "a"]
    assert reading.one_model(first).depth.values.tolist() == [1, 2, 3]
    figure = plotdata.correlation_flow(both.isel(model=1))
    assert figure.layer == ["z", "m", "a", "b"]
    assert figure.depth.tolist() == [1, 2, 3, 4]


def test_a_table_keeps_the_order_that_a_person_gave(ds):
    turned = ds.sortby("alpha")
    assert spectra.table(turned).index.tolist() == turned.layer.values.tolist()


@pytest.mark.slow
def test_labels_of_what_a_model_lacks_survive_a_file(both, tmp_path):
    spectra_io.save(both, tmp_path / "both.nc")
    back = spectra_io.load(tmp_path / "both.nc")
    for name in ("status", "verdict"):
        assert (spectra.labels(back[name]) == spectra.labels(both[name])).all()
        assert back[name].equals(both[name])


@pytest.mark.slow
def test_tensors_of_several_models_keep_their_labels(ds, both, tmp_path):
    models = pd.Index(["other", "mnist"], name="model")
    tensors = [spectra.describe(OTHER), spectra.describe(spectra_io.open_model(MNIST))]
    every = xr.concat(tensors, models, join="outer")
    spectra_io.save(both, tmp_path / "both.nc", tensors=every)
    back = spectra_io.load(tmp_path / "both.nc", group="tensors")
    assert back.model.values.tolist() == ["other", "mnist"]
    pd.testing.assert_frame_equal(spectra.table(back), spectra.table(every))


def test_collapse_keeps_the_depth_of_the_layers():
    ds = named([f"w{i}" for i in range(9)]).isel(layer=slice(2, None))
    found = scale_collapse.find(ds)
    assert found.depth.equals(ds.depth)
    assert {"collapsed", "norm"} <= set(xr.merge([ds, found], compat="override"))


def test_what_cannot_be_saved_or_loaded_says_so(ds, tmp_path):
    with pytest.raises(ArgumentError, match="`ds` must be a Dataset with results, got Model"):
        spectra_io.save(spectra_io.open_model(MNIST), tmp_path / "x.nc")  # type: ignore[arg-type]
    spectra_io.save(ds, tmp_path / "x.nc")
    with pytest.raises(spectra.errors.ModelFormatError, match="has no group 'tensors'"):
        spectra_io.load(tmp_path / "x.nc", group="tensors")
    spectra_io.save(ds, tmp_path / "x.json")
    with pytest.raises(spectra.errors.ModelFormatError, match=r"only \.nc and \.csv are loaded"):
        spectra_io.load(tmp_path / "x.json")
    spectra_io.save(ds, tmp_path / "x.csv")
    with pytest.raises(spectra.errors.ModelFormatError, match="has no group 'tensors'"):
        spectra_io.load(tmp_path / "x.csv", group="tensors")


def test_options_that_a_result_records_can_be_given_again(ds):
    model = {"w": RNG.standard_normal((40, 30))}
    every: list[Any] = [{"xmin": (0.1, 50.0)}, {"xmin": 3.0, "estimator": "n"}]
    for options in every:
        first = spectra.analyze(model, tail=options, rng=2**70)
        attrs = first.attrs
        tail = json.loads(attrs["tail"])
        again = spectra.analyze(model, tail=tail, rng=int(attrs["rng"]))
        assert again.identical(first)


def test_kernel_positions_apart_are_told_from_pooled_ones():
    model = {"c": RNG.standard_normal((6, 5, 2, 2))}
    assert [spectra.analyze(model, pool=pool).attrs["pool"] for pool in (True, False)] == [1, 0]
