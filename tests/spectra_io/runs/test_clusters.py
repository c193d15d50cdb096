"""A Dask cluster of two processes: results, what is sent, workers that die, wrong addresses."""

import os
import pickle
from operator import attrgetter
from typing import Any

import numpy as np
import pytest
import xarray as xr

import spectra
import spectra_io
from spectra._executing import executed
from spectra.errors import ArgumentError
from spectra_io.commands import main as cli
from spectra_io.runs.clusters import connected
from spectra_io.runs.executors import WithProgress
from tests.builders import f32, write_safetensors

distributed = pytest.importorskip("distributed")
dask = pytest.importorskip("dask")
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]


@pytest.fixture(scope="module")
def cluster():
    settings = {"distributed.scheduler.allowed-failures": 1}
    with (
        dask.config.set(settings),
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
        ) as found,
    ):
        yield found


@pytest.fixture
def path(tmp_path):
    arrays = {f"w{i}": f32(40 + i, 20 + i) for i in range(6)}
    return write_safetensors(tmp_path / "m.safetensors", arrays)


def test_results_of_its_executor_and_of_ours(cluster, path):
    model = spectra_io.open_model(path)
    expected = spectra.analyze(model)
    with distributed.Client(cluster.scheduler_address) as client:
        theirs = spectra.analyze(model, executor=client.get_executor())
        with pytest.raises(ArgumentError, match=r"use client.get_executor\(\)"):
            spectra.analyze(model, executor=client)
    with connected(cluster.scheduler_address) as (pool, num):
        assert num == 4
        ours = spectra.analyze(model, executor=WithProgress(pool, workers=num))
    xr.testing.assert_allclose(theirs, expected, rtol=1e-12)
    xr.testing.assert_allclose(ours, expected, rtol=1e-12)


def test_the_command_line(cluster, path, tmp_path, capsys):
    arguments = ["analyze", str(path), "--scheduler", cluster.scheduler_address]
    with pytest.raises(SystemExit) as ended:
        cli.main([*arguments, "-o", str(tmp_path / "r.nc")])
    assert ended.value.code == 0
    expected = spectra.analyze(spectra_io.open_model(path))
    found = spectra_io.load(tmp_path / "r.nc")
    np.testing.assert_allclose(found.eigenvalue, expected.eigenvalue, rtol=1e-12)
    with pytest.raises(SystemExit) as ended:
        cli.main([*arguments, "--memory", "1GB"])
    assert ended.value.code == 1
    assert "a Dask worker has --memory-limit" in capsys.readouterr().err


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:1", "nonsense://x", ""])
def test_no_scheduler(address, path, capsys):
    with pytest.raises(ArgumentError, match=f"no Dask scheduler answers at {address!r}"):
        connected(address).__enter__()


def fatal(layer):
    if layer.name == "w3":
        os._exit(1)
    return layer.M


def test_a_worker_that_dies_costs_its_layer(cluster, path):
    layers = spectra.layers(spectra_io.open_model(path))
    with connected(cluster.scheduler_address) as (pool, num):
        executor = WithProgress(pool, workers=num)
        found = executed(executor, fatal, layers, key=attrgetter("name"))
    assert found.lost.keys() >= {"w3"}
    assert "worker process died" in found.lost["w3"].reason
    assert found.values.items() <= {x.name: x.M for x in layers}.items()
    assert len(found.values) + len(found.lost) == 6


def test_what_is_sent_is_small(tmp_path):
    """The scheduler sees a function and a place in a file for each layer, and the results."""
    sent: list[int] = []

    class Counting:
        def map(self, function, items):
            for item in items:
                result = function(item)
                sent.append(len(pickle.dumps((function, item))) + len(pickle.dumps(result)))
                yield result

    path = write_safetensors(tmp_path / "m.safetensors", {"w": f32(1024, 512)})
    spectra.analyze(spectra.layers(spectra_io.open_model(path)), executor=Counting())
    assert 64 * sent[0] < 1e6
    assert 64 * sent[0] > 64 * 512 * 8  # the eigenvalues at least


def test_joblib_as_on_the_page(path):
    joblib = pytest.importorskip("joblib")

    parallel: Any = joblib.Parallel

    class Joblib(parallel):
        def map(self, function, items):
            return self(joblib.delayed(function)(item) for item in items)

    model = spectra_io.open_model(path)
    ds = spectra.analyze(model, executor=Joblib(n_jobs=2, return_as="generator_unordered"))
    xr.testing.assert_allclose(ds, spectra.analyze(model), rtol=1e-12)
