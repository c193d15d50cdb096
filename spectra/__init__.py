"""
Eigenvalue spectra of trained networks, judged by random matrix theory.

A model goes in, an :class:`xarray.Dataset` with one row per layer comes out. Everything here is a
pure function of arrays; the package ``spectra_io`` opens files, saves results and draws.

From a model to results

- :func:`analyze`: compute the spectrum of every layer and measure it
- :func:`describe`: list every tensor of a model, and why it is not analysed
- :func:`summary`: average the layers of a model
- :func:`table`: one row per layer as a pandas table, codes in words
- :func:`labels`: put words for the codes of a variable

The steps in between

- :func:`from_arrays`: make a :class:`Model` of NumPy arrays
- :func:`layers`: turn the tensors of a model into stacks of matrices, each a :class:`Layer`
- :func:`spectrum`: compute the :class:`Spectrum` of a matrix, the one thing a measure is given
- :func:`eigenvalues`: compute the eigenvalues of ``W.T @ W``

Everything else, by subject; ``names`` are modules, ``names.with_a_dot`` their functions

- :mod:`spectra.models`: what a file stores and what the network computes with: ``tensors``,
  ``arrays``, ``lazy``, ``layers``, ``roles``, ``structure``; tensors by name
  (``selection.by_name``), real numbers of quantized weights (``quantization``), LoRA pairs with
  their update and its spectrum (``adapters.pairs``, ``adapters.delta``, ``adapters.eigenvalues``)
- :mod:`spectra.linalg`: ``eigen``, ``norms``, ``ranks``, singular vectors (``vectors.largest``),
  outlying ``elements``
- :mod:`spectra.tails`: the fit (``power_law.fit``), its error bars (``bootstrap.interval``) and
  p-value (``bootstrap.goodness_of_fit``), other laws (``alternatives``,
  ``truncated_power_law``), ``ambiguity``, ``outliers``, the Hill estimate (``hill.alpha``)
- :mod:`spectra.noise`: laws (``marchenko_pastur.edges``, ``tracy_widom.isf``), ``bulk``,
  ``spikes``, the ``signal`` behind them, thresholds on singular values (``truncation``),
  ``spacings``, ``permutation``, traps and their causes (``traps.find``), ``baselines`` of the
  tail metrics, ``erg``, ``phases``
- :mod:`spectra.theory`: heavy-tailed matrices of known alpha and others (``ensembles``),
  ``free_probability``, laws of neighbouring eigenvalues (``local.spacing_law``)
- :mod:`spectra.measures`: what ``analyze`` can measure of a spectrum, and groups of measures
- :mod:`spectra.results`: every variable of a Dataset (``variables.VARIABLES``), ``verdicts``,
  ``scale_collapse``, rows (``dataset``) and tables (``reading``), the numbers of figures
  (``plotdata``)
- :mod:`spectra.weightwatcher`: WeightWatcher's table, column for column (``analyze``), and its
  other methods (``describe``, ``summary``, ``distances``, ``get_ESD``)
- ``spectra.stored``: results that are kept in a store, and the runs in it (``runs``, ``load_run``)
- ``spectra.costs``: time and memory of a layer before it is analysed (``seconds``, ``memory``)
- :mod:`spectra.multiple_tests`: several tests taken together
- :mod:`spectra.dtypes`: a table of number types, with their bits and names in file formats
- :mod:`spectra.errors`: what can go wrong, all of it a :class:`SpectraError`; a file that is not
  a model (``ModelFormatError``)

A measure of your own returns names that a :class:`Variable` declares. A :class:`Tensor` reads its
numbers only when asked.

Examples
--------
>>> import numpy as np
>>> ds = analyze({"fc": np.random.default_rng(0).standard_normal((64, 32))})
>>> ds.num_evals.item()
32
"""

from spectra import (
    dtypes,
    errors,
    linalg,
    measures,
    models,
    multiple_tests,
    noise,
    results,
    tails,
    theory,
    weightwatcher,
)
from spectra._spectrum import Spectrum, spectrum
from spectra._version import __version__ as __version__
from spectra.analysis import analyze, describe
from spectra.errors import SpectraError
from spectra.linalg.eigen import eigenvalues
from spectra.models.arrays import from_arrays
from spectra.models.layers import Layer, layers
from spectra.models.model import Model
from spectra.models.tensors import Tensor
from spectra.results.reading import labels, table
from spectra.results.summary import summary
from spectra.results.variables import Variable

__all__ = [
    "Layer",
    "Model",
    "SpectraError",
    "Spectrum",
    "Tensor",
    "Variable",
    "analyze",
    "describe",
    "dtypes",
    "eigenvalues",
    "errors",
    "from_arrays",
    "labels",
    "layers",
    "linalg",
    "measures",
    "models",
    "multiple_tests",
    "noise",
    "results",
    "spectrum",
    "summary",
    "table",
    "tails",
    "theory",
    "weightwatcher",
]
