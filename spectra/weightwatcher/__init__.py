"""
Drop-in replacement for WeightWatcher 0.7.7: same arguments, same columns, same numbers.

The functions of this library are called with WeightWatcher's conventions:

- every 2-D tensor is a dense layer and every 4-D tensor a Conv2D, whatever its use in the network;
- the eigenvalues of a convolution are multiplied by c/2, where c is 1 for a pooled layer and the
  number of kernel positions for a layer of a single position;
- eigenvalues up to 1e-5 are left out of the fit, whatever the scale of the weights;
- ``sv_min`` is the largest of the smallest singular values of the slices;
- after a failed fit alpha and the other numbers of the fit are -1, with the warning over-trained;
- elements are shuffled by NumPy's legacy generator, layer by layer.
"""

from spectra.weightwatcher._table import analyze

__all__ = ["analyze"]
