"""The accessor ds.spectra of results."""

import subprocess
import sys

import numpy as np
import pytest

import spectra
import spectra_io
from spectra.results.triage import Triage


@pytest.fixture(scope="module")
def ds():
    rng = np.random.default_rng(0)
    return spectra.analyze({"a": rng.standard_normal((60, 30)), "b": np.zeros((9, 9))})


def test_methods_are_the_functions(ds):
    assert isinstance(ds.spectra.diagnosis(), Triage)
    assert ds.spectra.diagnosis().findings[0].layer == "b"
    assert ds.spectra.table().equals(spectra.table(ds))
    assert ds.spectra.summary().identical(spectra.summary(ds))


def test_figures_by_name(ds):
    ax = ds.spectra.plot.esd("a")
    assert ax.get_xscale() == "log"
    assert {"esd", "correlation_flow"} <= {*dir(ds.spectra.plot)}
    with pytest.raises(AttributeError, match="no figure 'ESD'; there are"):
        _ = ds.spectra.plot.ESD


def test_a_loaded_result_has_it(ds, tmp_path):
    spectra_io.save(ds, tmp_path / "r.nc")
    assert spectra_io.load(tmp_path / "r.nc").spectra.diagnosis() == ds.spectra.diagnosis()


def test_without_the_package_that_draws():
    code = """
import numpy as np, spectra
ds = spectra.analyze({"a": np.zeros((9, 9))})
print(ds.spectra.diagnosis().num_layers)
try:
    ds.spectra.plot
except spectra.SpectraError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    needed = "figures need the package that draws them: import spectra_io"
    assert done.stdout.splitlines() == ["1", needed]
