"""
Drop-in replacement for WeightWatcher 0.7.7: same arguments, same columns, same numbers.

- :func:`analyze`: the details table
- :func:`describe`: the layers of the table, without spectra
- :func:`summary`: averages of the table
- :func:`get_ESD`: the eigenvalues of one layer
- :func:`distances`: the :class:`Distances` between the layers of two models

The functions of this library are called with WeightWatcher's conventions:

- every 2-D tensor is a dense layer and every 4-D tensor a Conv2D, whatever its use in the network;
- layers have WeightWatcher's numbers, names and order;
- the eigenvalues of a convolution are multiplied by c/2, where c is 1 for a pooled layer and the
  number of kernel positions for a layer of a single position;
- eigenvalues up to 1e-5 are left out of the fit, whatever the scale of the weights;
- ``sv_min`` is the largest of the smallest singular values of the slices;
- after a failed fit alpha and the other numbers of the fit are -1, with the warning over-trained;
- elements are shuffled by NumPy's legacy generator, layer by layer.

An argument or a method of WeightWatcher that is not here raises an error that says what to use.
"""

from typing import TYPE_CHECKING

from spectra.weightwatcher._arguments import METHODS as _METHODS
from spectra.weightwatcher._distances import Distances, distances
from spectra.weightwatcher._esd import get_ESD
from spectra.weightwatcher._summary import describe, summary
from spectra.weightwatcher._table import analyze

__all__ = ["Distances", "analyze", "describe", "distances", "get_ESD", "summary"]

if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        """Say what to use in place of a method of WeightWatcher."""
        advice = f": {_METHODS[name]}" if name in _METHODS else ""
        msg = f"module 'spectra.weightwatcher' has no attribute {name!r}{advice}"
        raise AttributeError(msg)
