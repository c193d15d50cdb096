"""
WeightWatcher's words: the columns and numbers of WeightWatcher 0.7.7, for those who have them.

The same functions as everywhere in this library, with WeightWatcher's conventions switched on:

- every 2-D tensor is a dense layer and every 4-D one a Conv2D, whatever uses them;
- the eigenvalues of a convolution are multiplied by c/2, c being 1 for a pooled layer and the
  number of kernel positions for a single one;
- eigenvalues up to 1e-5 are left out of the fit, whatever the scale of the weights;
- ``sv_min`` is the largest of the smallest singular values of the slices;
- a failed fit has -1 for alpha and its like, and reads over-trained;
- elements are shuffled by NumPy's old generator, layer by layer.
"""

from spectra.weightwatcher._table import analyze

__all__ = ["analyze"]
