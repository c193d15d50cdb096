"""Numbers of the figure of a spectrum beside that of the permuted elements."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

import spectra._checks as _checks
from spectra._spectral import spectrum_of
from spectra.errors import ArgumentError
from spectra.linalg.eigen import eigenvalues
from spectra.noise.permutation import permuted_spectra
from spectra.results.plotdata._bins import log_edges
from spectra.results.plotdata._units import scaled_stack, unit_words

if TYPE_CHECKING:
    import numpy.typing as npt

    from spectra._typing import FloatArray

__all__ = ["Permuted", "permuted"]

_SHOWN = 0.01  # of the median: smaller eigenvalues are counted but not drawn


class Permuted(NamedTuple):
    """
    Spectral density of a layer before and after its elements are permuted.

    Examples
    --------
    >>> Permuted._fields[:3]
    ('edges', 'density', 'permuted_density')
    """

    edges: FloatArray
    """Bin edges of both densities, evenly spaced in the logarithm, in weight units squared."""
    density: FloatArray
    """Share of the eigenvalues of the layer in each bin over the width of the bin."""
    permuted_density: FloatArray
    """The same of the permuted matrices, over all replicas."""
    largest: float
    """Largest eigenvalue of the layer."""
    largest_permuted: float
    """Largest eigenvalue of the permuted matrices; the median over the replicas."""
    num_above: int
    """Number of eigenvalues of the layer above `largest_permuted`."""
    num_left_out: int
    """Number of eigenvalues of the layer too small to draw."""
    exponent: int
    """Power of four that is the unit of the eigenvalues, 0 for all but extreme weights."""
    caption: str
    """Sentences with the numbers of the figure."""


def permuted(
    matrices: npt.ArrayLike,
    /,
    *,
    replicas: int = 1,
    rng: int | np.random.Generator | None = 0,
    name: str = "",
) -> Permuted:
    """
    Compute the spectral densities of a layer and of its permuted elements.

    Parameters
    ----------
    matrices : array_like, shape (m, n) or (rf, m, n), or Spectrum
        Matrices of the layer; the elements of each are permuted among themselves.
    replicas : int, default: 1
        Number of random orders.
    rng : int, numpy.random.Generator or None, default: 0
        Seed of the orders.
    name : str, optional
        Name of the layer, for the caption.

    Returns
    -------
    Permuted
        Numbers of the figure.

    Raises
    ------
    ArgumentError
        If the matrices are all zero or not finite, or an argument is wrong.

    See Also
    --------
    spectra.noise.traps.find : Test whether an eigenvalue survives the permutation, and why.

    Examples
    --------
    >>> import numpy as np
    >>> W = np.random.default_rng(0).standard_normal((100, 50))
    >>> W[0, 0] = 40.0  # one huge element: a trap
    >>> figure = permuted(W)
    >>> round(figure.largest), round(figure.largest_permuted)
    (1732, 1727)
    """
    _checks.count("replicas", replicas)
    stack, exponent = scaled_stack(matrices)
    what = f"layer {name!r}" if name else "the matrix"
    if not np.isfinite(stack).all():
        msg = f"{what} has no spectrum to draw: it holds a nan or an infinity"
        raise ArgumentError(msg)
    if not stack.size or not stack.any():
        msg = f"{what} has no spectrum to draw: it is all zero"
        raise ArgumentError(msg)
    if (found := spectrum_of(matrices)) is not None:
        own = np.sort(np.asarray(found, np.float64))
    else:
        own = np.sort(np.concatenate([eigenvalues(W) for W in stack]))
    drawn = permuted_spectra(stack, replicas=replicas, rng=rng).eigenvalues
    start = _SHOWN * float(np.median(own[own > 0]))
    edges = log_edges(np.concatenate([own[own >= start], drawn[drawn >= start]]))
    widths = np.diff(edges)
    top = float(np.median(drawn.reshape(replicas, -1).max(axis=1)))
    above = int((own > top).sum())
    subject = name or "a matrix"
    ratio = own[-1] / top
    return Permuted(
        edges=edges,
        density=np.histogram(own, edges)[0] / (own.size * widths),
        permuted_density=np.histogram(drawn, edges)[0] / (drawn.size * widths),
        largest=float(own[-1]),
        largest_permuted=top,
        num_above=above,
        num_left_out=int((own < edges[0]).sum()),
        exponent=exponent,
        caption=(
            f"Spectral density of {subject} and of its elements in random order. The largest "
            f"eigenvalue is {own[-1]:.3g}, that of the permuted elements {top:.3g} "
            f"({ratio:.3g} times less); {above} of {own.size} eigenvalues "
            f"{'is' if above == 1 else 'are'} above it."
            f"{unit_words(exponent)}"
        ),
    )
