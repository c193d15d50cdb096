"""Analyses on a device: the results of NumPy, their place in a store, and failures of a device."""

from typing import Any

import array_api_strict
import numpy as np
import pytest

import spectra
from spectra import measures, stored
from spectra.errors import ArgumentError
from spectra.linalg import devices
from spectra.noise.permutation import permuted_spectra
from spectra.results.variables import Status

LIBRARY: Any = array_api_strict  # with attributes of its own
RNG: Any = np.random.default_rng(0)
MODEL: dict[str, Any] = {
    "a": RNG.standard_normal((60, 40)),
    "b": RNG.standard_normal((30, 20)).astype(np.float32),
}


def found_strict(module, rest):
    place = LIBRARY.Device("CPU_DEVICE")
    return devices.Device(f"strict:{rest or 'a'}", module, place, f"strict {module.version}", True)


@pytest.fixture
def library(monkeypatch):
    """Add a library that counts its spectra, as a device."""
    row = devices._Library("array_api_strict", found_strict, "pip install array-api-strict")
    monkeypatch.setitem(devices._LIBRARIES, "strict", row)
    monkeypatch.setattr(LIBRARY, "version", "1", raising=False)
    monkeypatch.setattr(LIBRARY, "num_spectra", 0, raising=False)
    eigvalsh = LIBRARY.linalg.eigvalsh

    def counted(x):
        LIBRARY.num_spectra += 1
        return eigvalsh(x)

    monkeypatch.setattr(LIBRARY.linalg, "eigvalsh", counted)
    return LIBRARY


def test_results_are_those_of_numpy(library):
    chosen = [*measures.CORE, *measures.RANDOM_MATRIX]
    ours = spectra.analyze(MODEL, measures=chosen)
    there = spectra.analyze(MODEL, measures=chosen, device="strict")
    assert library.num_spectra > 2 + 5  # and those of the random orders
    assert there.attrs["device"] == "strict 1"
    assert "device" not in ours.attrs
    assert list(ours.data_vars) == list(there.data_vars)
    for name, values in ours.data_vars.items():
        if values.dtype.kind == "f":
            np.testing.assert_allclose(there[name], values, rtol=1e-9, err_msg=str(name))
        elif values.dtype.kind in "iub":
            np.testing.assert_array_equal(there[name], values, err_msg=str(name))
    scale = ours.eigenvalue.max("mode")
    assert float((abs(ours.eigenvalue - there.eigenvalue) / scale).max()) < 1e-12


def test_a_stack_and_its_random_orders_use_the_device(library):
    found = spectra.spectrum(np.stack([MODEL["a"], MODEL["a"] + 1]), device="strict")
    assert library.num_spectra == 2
    assert found.device == "strict"
    measures.randomized(found, replicas=3)
    assert library.num_spectra == 2 + 2 * 3
    drawn = permuted_spectra(found, rng=1).eigenvalues
    there = permuted_spectra(found, rng=1, device="strict").eigenvalues
    np.testing.assert_allclose(there, drawn, rtol=0, atol=1e-12 * drawn.max())


@pytest.mark.parametrize("function", [spectra.analyze, spectra.eigenvalues, spectra.spectrum])
@pytest.mark.parametrize("word", ["gpu", "strict:7:x", 1])
def test_a_wrong_device_is_refused_before_the_work(library, function, word):
    class Unread:
        shape = (3, 2)

        def __array__(self, dtype=None, copy=None):
            raise AssertionError

    model = {"a": np.eye(2)} if function is spectra.analyze else Unread()
    with pytest.raises(ArgumentError, match="`device` must be cuda or cuda:1"):
        function(model, device=word)


def test_a_device_that_fails_costs_the_layer(monkeypatch, library):
    eigvalsh = library.linalg.eigvalsh

    def full(x):
        if x.shape == (40, 40):
            msg = "out of memory\nin a kernel"
            raise RuntimeError(msg)
        return eigvalsh(x)

    monkeypatch.setattr(library.linalg, "eigvalsh", full)
    ds = spectra.analyze(MODEL, device="strict")
    assert ds.status.values.tolist() == [Status.NOT_READ, Status.COMPUTED]
    reason = ds.status_reason.values[0]
    assert reason.startswith("not read: device strict:a: RuntimeError: out of memory in a kernel; ")


def test_no_convergence_costs_the_layer(monkeypatch, library):
    def fails(x):
        msg = "no convergence"
        raise np.linalg.LinAlgError(msg)

    monkeypatch.setattr(library.linalg, "eigvalsh", fails)
    ds = spectra.analyze(MODEL, device="strict")
    assert ds.status.values.tolist() == [Status.NOT_CONVERGED] * 2


def test_a_store_tells_libraries_and_their_versions_apart_but_not_devices(monkeypatch, library):
    store: dict[str, bytes] = {}
    spectra.analyze(MODEL, store=store)
    assert library.num_spectra == 0
    first = spectra.analyze(MODEL, store=store, device="strict:a")
    assert library.num_spectra == 2
    again = spectra.analyze(MODEL, store=store, device="strict:b")
    assert library.num_spectra == 2
    assert again.identical(first)
    monkeypatch.setattr(library, "version", "2")
    spectra.analyze(MODEL, store=store, device="strict:a")
    assert library.num_spectra == 4
    assert len(stored.runs(store)) == 3
