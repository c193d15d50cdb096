"""Analysis of arrays, by width and by measure."""

import numpy as np

import spectra
from spectra import measures


def heavy(shape, seed=0):
    """Return a heavy-tailed matrix."""
    return np.random.default_rng(seed).standard_t(3, shape).astype(np.float32)


class Analysis:
    """The default analysis of one square layer."""

    params = (64, 256, 768, 2048)
    param_names = ("width",)

    def setup(self, width):
        """Make the layer, and import what is imported late."""
        self.model = {"w": heavy((width, width))}
        spectra.analyze({"w": heavy((40, 30))})

    def time_default(self, width):
        """Time the default measures."""
        spectra.analyze(self.model)

    def time_bare(self, width):
        """Time the spectrum with norms, ranks and the bare fit."""
        spectra.analyze(self.model, measures=[measures.size, measures.rank, measures.tail_fit])

    def peakmem_default(self, width):
        """Measure the peak of memory of the default measures."""
        spectra.analyze(self.model)


class Measures:
    """One measure of a layer whose spectrum is known."""

    params = tuple(measure.__name__ for measure in measures.ALL)
    param_names = ("measure",)

    def setup(self, name):
        """Make a Spectrum, and compute what measures share."""
        self.measure = getattr(measures, name)
        self.spectrum = spectra.spectrum(heavy((512, 256)))
        measures.training_phase(self.spectrum)
        measures.tail_fit(self.spectrum)

    def time_measure(self, name):
        """Time the measure."""
        self.measure(self.spectrum)
