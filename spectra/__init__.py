"""
Eigenvalue spectra of trained networks, judged by random matrix theory.

Pure functions, arrays in, arrays and Datasets out; :mod:`spectra_io` opens files and draws.

Examples
--------
>>> import numpy as np
>>> ds = analyze({"fc": np.random.default_rng(0).standard_normal((64, 32))})
>>> ds.num_evals.item()
32
"""

from spectra import (
    alternatives,
    bootstrap,
    bulk,
    elements,
    ensembles,
    erg,
    fingers,
    free_probability,
    hill,
    lora,
    marchenko_pastur,
    measures,
    minima,
    naming,
    nulls,
    phases,
    plotdata,
    power_law,
    quantization,
    randomization,
    roles,
    scale_collapse,
    selection,
    sidak,
    sources,
    spacings,
    spiked,
    spikes,
    tracy_widom,
    traps,
    truncated_power_law,
    truncation,
    vectors,
    weightwatcher,
)
from spectra.analysis import analyze, describe
from spectra.arrays import from_array, from_arrays
from spectra.averages import summary
from spectra.dataset import build, labels, select, table
from spectra.eigen import Spectrum, eigenvalues, spectrum
from spectra.errors import (
    ArgumentError,
    ModelError,
    ModelFormatError,
    ModelNotFoundError,
    SpectraError,
    UnknownNameError,
)
from spectra.tensors import Tensor, Weight
from spectra.variables import VARIABLES, Status, Variable
from spectra.verdicts import Likelier, Support, Verdict, judge, likelier, weigh
from spectra.views import Layer, layers

__version__ = "0.1.0.dev0"

__all__ = [
    "VARIABLES",
    "ArgumentError",
    "Layer",
    "Likelier",
    "ModelError",
    "ModelFormatError",
    "ModelNotFoundError",
    "SpectraError",
    "Spectrum",
    "Status",
    "Support",
    "Tensor",
    "UnknownNameError",
    "Variable",
    "Verdict",
    "Weight",
    "alternatives",
    "analyze",
    "bootstrap",
    "build",
    "bulk",
    "describe",
    "eigenvalues",
    "elements",
    "ensembles",
    "erg",
    "fingers",
    "free_probability",
    "from_array",
    "from_arrays",
    "hill",
    "judge",
    "labels",
    "layers",
    "likelier",
    "lora",
    "marchenko_pastur",
    "measures",
    "minima",
    "naming",
    "nulls",
    "phases",
    "plotdata",
    "power_law",
    "quantization",
    "randomization",
    "roles",
    "scale_collapse",
    "select",
    "selection",
    "sidak",
    "sources",
    "spacings",
    "spectrum",
    "spiked",
    "spikes",
    "summary",
    "table",
    "tracy_widom",
    "traps",
    "truncated_power_law",
    "truncation",
    "vectors",
    "weigh",
    "weightwatcher",
]
