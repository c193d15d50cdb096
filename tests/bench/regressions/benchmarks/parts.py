"""Eigenvalues, fits, files and the start of the program."""

import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

import spectra
import spectra_io
from spectra.linalg import eigen
from spectra.tails import bootstrap, power_law


class Eigenvalues:
    """Eigenvalues of tall, square and nearly singular matrices."""

    params = (((2048, 512), (1024, 1024), (2048, 2048), (16384, 256)),)
    param_names = ("shape",)

    def setup(self, shape):
        """Make a matrix, and one with two equal columns."""
        self.W = np.random.default_rng(0).standard_t(3, shape).astype(np.float32)
        self.singular = self.W.copy()
        self.singular[:, 1] = self.singular[:, 0]

    def time_eigenvalues(self, shape):
        """Time the eigenvalues."""
        eigen.eigenvalues(self.W)

    def time_singular(self, shape):
        """Time those of a nearly singular matrix."""
        eigen.eigenvalues(self.singular)

    def peakmem_singular(self, shape):
        """Measure the peak of memory of a nearly singular matrix."""
        eigen.eigenvalues(self.singular)


class Tails:
    """Power laws fitted to samples of several sizes."""

    params = (100, 1000, 10_000)
    param_names = ("size",)

    def setup(self, size):
        """Draw a sample."""
        self.x = np.random.default_rng(0).pareto(1.5, size) + 1

    def time_fit(self, size):
        """Time a fit."""
        power_law.fit(self.x)

    def time_goodness(self, size):
        """Time the goodness of fit of 100 samples."""
        bootstrap.goodness_of_fit(self.x, resamples=100)


class Files:
    """A file of many small tensors."""

    def setup(self):
        """Write the file."""
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "m.safetensors"
        save_file({f"l{i}.weight": np.ones((8, 6), np.float32) for i in range(2000)}, self.path)

    def teardown(self):
        """Remove the file."""
        self.folder.cleanup()

    def time_open(self):
        """Time the opening."""
        spectra_io.open_model(self.path)

    def time_describe(self):
        """Time the list of tensors."""
        spectra.describe(spectra_io.open_model(self.path))


class Start:
    """The start of the program."""

    def time_help(self):
        """Time the shortest command."""
        subprocess.run(
            [sys.executable, "-m", "weightspectra", "--help"], check=True, capture_output=True
        )
