r"""
Find what would make a trap of a matrix without permuting it: large elements, and the mean.

In noise of standard deviation :math:`\sigma` a signal of rank one is seen in the spectrum from a
singular value of :math:`\sigma (N M)^{1/4}` on (Baik, Ben Arous & Peche 2005). A single element w
is such a signal, with the singular value :math:`|w|`, and so is a mean m, with :math:`|m| \sqrt{N
M}`. Neither depends on the order of the elements.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import spectra._checks as _checks
from spectra._spectral import matrix_of
from spectra.linalg import far_elements
from spectra.linalg.live_elements import read

if TYPE_CHECKING:
    import numpy.typing as npt

    from spectra.linalg.live_elements import LiveElements

__all__ = ["LargeElements", "find"]


class LargeElements(NamedTuple):
    """
    Elements, and the mean, that make spikes in any order of the elements.

    Examples
    --------
    >>> LargeElements._fields
    ('num', 'strength', 'where', 'mean_strength')
    """

    num: float
    """Number of elements that make a spike by themselves."""
    strength: float
    """Largest distance of an element from the mean, over the distance that makes a spike."""
    where: str
    """Rows, columns or elements that are that large; empty without one."""
    mean_strength: float
    """Absolute mean of the other elements, over the mean that makes a spike."""


def find(
    W: npt.ArrayLike, /, *, variance: float, live: LiveElements | None = None
) -> LargeElements:
    r"""
    Find the elements of a matrix that make spikes by themselves, and the strength of its mean.

    Parameters
    ----------
    W : array_like, shape (m, n)
        Matrix in weight units. That of a layer of a file is read in blocks.
    variance : float
        Variance of the noise elements, as of :func:`spectra.noise.bulk.estimate`, in weight units
        squared.
    live : LiveElements, optional
        What :func:`spectra.linalg.live_elements.read` found in W, if already known.

    Returns
    -------
    LargeElements
        Numbers for W without its all-zero rows and columns, ``nan`` if none is left; places are
        those in W.

    Raises
    ------
    ArgumentError
        If `variance` is not finite and above 0.

    See Also
    --------
    spectra.noise.traps.find : The traps that are left when the elements are permuted.

    Notes
    -----
    At a strength of 1 the spike is at the edge of the bulk; at 1.5 it is seen. The largest element
    of normal noise has a strength of about :math:`\sqrt{2 \ln(N M)} / (N M)^{1/4}`, 0.8 for 10 x 10
    and 0.16 for 1000 x 1000 matrices, its mean one of :math:`(N M)^{-1/4}`.

    Examples
    --------
    >>> import numpy as np
    >>> W = np.random.default_rng(0).standard_normal((200, 100))
    >>> W[4, 2] = 100.0
    >>> found = find(W, variance=1.0)
    >>> found.num, found.where, round(found.strength, 1)
    (1, 'element (4, 2)', 8.4)
    """
    _checks.number("variance", variance, above=0)
    matrix = matrix_of(W)
    elements = read(matrix) if live is None else live
    if not elements.size:
        return LargeElements(math.nan, math.nan, "", math.nan)
    std, root = math.sqrt(variance), math.sqrt(math.sqrt(elements.size))
    limit, mean = std * root, elements.mean
    most = max(elements.high - mean, mean - elements.low)
    if most <= limit:
        return LargeElements(0, most / limit, "", abs(mean) * root / std)
    found = far_elements.find(matrix, centre=mean, limit=limit, live=elements)
    others = abs(found.total_of_others) / max(1, elements.size - found.num)
    return LargeElements(found.num, most / limit, found.where, others * root / std)
