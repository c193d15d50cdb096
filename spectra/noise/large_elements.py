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

import numpy as np

import spectra._checks as _checks
from spectra._spectral import matrix_of
from spectra.linalg.elements import Elements, where

if TYPE_CHECKING:
    import numpy.typing as npt

    from spectra._typing import AnyArray

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


def find(W: npt.ArrayLike, /, *, variance: float) -> LargeElements:
    r"""
    Find the elements of a matrix that make spikes by themselves, and the strength of its mean.

    Parameters
    ----------
    W : array_like, shape (m, n)
        Matrix in weight units.
    variance : float
        Variance of the noise elements, as of :func:`spectra.noise.bulk.estimate`, in weight units
        squared.

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
    array = np.asarray(matrix_of(W))
    used = array != 0
    rows, columns = used.any(axis=1), used.any(axis=0)
    live = array if rows.all() and columns.all() else array[np.ix_(rows, columns)]
    if not live.size:
        return LargeElements(math.nan, math.nan, "", math.nan)
    std, root = math.sqrt(variance), math.sqrt(math.sqrt(live.size))
    limit, mean = std * root, _mean(live)
    most = max(float(live.max()) - mean, mean - float(live.min()))
    if most <= limit:
        return LargeElements(0, most / limit, "", abs(mean) * root / std)
    apart = np.abs(live.astype(np.float64) - mean)
    large = apart > limit
    distance = np.zeros(array.shape)  # dead rows and columns have no place
    distance[np.ix_(rows, columns)] = apart
    place = where(Elements(mean, mean, std, limit, live.size, distance))
    others = _mean(live[~large])
    return LargeElements(int(large.sum()), most / limit, place, abs(others) * root / std)


def _mean(values: AnyArray) -> float:
    return float(values.mean(dtype=np.float64)) if values.size else 0.0
