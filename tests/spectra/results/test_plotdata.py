"""Numbers of the figures: histograms of spectra that are equal, nearly equal or narrow."""

import numpy as np
import pytest

import spectra
from spectra.models.arrays import from_array
from spectra.results import plotdata

Q = np.linalg.qr(np.random.default_rng(0).standard_normal((60, 60)))[0]
NARROW = {
    "projector": Q[:, :30] @ Q[:, :30].T,
    "rotation": Q,
    "stored in single precision": Q.astype(np.float32),
    "identity": 3.0 * np.eye(30),
    "tiny": 1e-120 * Q,
    "one eigenvalue": np.ones((5, 1)),
    "bent by rounding": np.diag(1 + 1e-15 * np.arange(40)),
}


@pytest.mark.parametrize("name", NARROW)
def test_equal_eigenvalues_are_one_bar(name):
    """The density of a bar as narrow as rounding was 1e15, or a division by zero."""
    tensors = {"w": from_array("w", NARROW[name], role="dense")}  # a column would be a vector
    ds = spectra.analyze(tensors).isel(layer=0)
    figure = plotdata.esd(spectra.analyze(tensors), layer="w")
    widths, largest = np.diff(figure.edges), ds.eigenvalue.values[0]
    assert (widths > 0).all()
    assert (figure.density > 0).sum() == 1
    assert figure.edges[-1] / figure.edges[0] == pytest.approx(10)
    assert figure.density.max() * largest < 30
    drawn = 1 - figure.num_left_out / ds.num_evals.item()
    assert figure.density @ widths == pytest.approx(drawn)
    bar = int(figure.density.argmax())
    assert figure.edges[bar] < largest < figure.edges[bar + 1]


def test_a_narrow_spectrum_keeps_its_shape():
    """The bulk of a matrix of a million rows is 1 % wide, and a bulk nevertheless."""
    singular = np.sqrt(np.linspace(1.0, 1.01, 50))
    figure = plotdata.esd(spectra.analyze({"w": np.diag(singular)}), layer="w")
    assert figure.edges[[0, -1]] == pytest.approx([1.0, 1.01])
    assert (figure.density > 0).all()
