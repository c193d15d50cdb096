"""Elements: what the numbers in a matrix are like, whatever their order."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from spectra._typing import AnyArray, FloatArray

__all__ = ["alive", "excess_kurtosis", "spread"]

_LEVEL, _PASSES = 0.05, 20
_MOST = 1 << 19
_MAD = 1.482602218505602  # standard deviation of a normal law over its median absolute deviation


def alive(W: npt.ArrayLike, /) -> AnyArray:
    """
    Return a matrix without the rows and columns that are zero, those of dead neurons.

    Parameters
    ----------
    W : array_like, shape (m, n)
        In weight units.

    Returns
    -------
    ndarray
        The others; a view of W if none is zero.

    Examples
    --------
    >>> alive([[0.0, 0.0], [0.0, 2.0]])
    array([[2.]])
    """
    array = np.asarray(W)
    used = array != 0
    rows, columns = used.any(axis=1), used.any(axis=0)
    return array if rows.all() and columns.all() else array[rows][:, columns]


def excess_kurtosis(W: npt.ArrayLike, /) -> float:
    r"""
    Compute the excess kurtosis of the elements of a matrix, but for those that are huge.

    Parameters
    ----------
    W : array_like, shape (m, n)
        In weight units.

    Returns
    -------
    float
        Fourth central moment over the squared variance, less 3: 0 for normal elements, about 3 for
        those of a Laplace law, :math:`3 (1/f - 1)` if only a share f is not zero; 0 if all are
        equal, or one is not finite.

    Notes
    -----
    It shifts the edge of the bulk of a finite matrix by the factor :math:`1 + \kappa / \sqrt{NM}`:
    for elements that are not normal much more than a Tracy-Widom unit. Elements further from the
    mean of those that are not zero than the largest of as many normal ones would be are left out,
    again and again until there are no others: what they do is no shift of an edge. Of more than
    half a million elements a sample of that size will do: its error is 0.007 for normal elements.

    References
    ----------
    Hwang, Lee & Schnelli (2019), doi:10.1214/19-AAP1472, for square matrices; the dependence on
    the shape is from second-order perturbation theory, and measured.

    Examples
    --------
    >>> import numpy as np
    >>> W = np.random.default_rng(0).laplace(size=(400, 200))
    >>> W[3, 4] = 1e6
    >>> round(excess_kurtosis(W), 1)
    2.2
    """
    from scipy.special import ndtri

    array = _sample(np.asarray(W))
    zeros = array.size - np.count_nonzero(array)
    if zeros == array.size:
        return 0.0
    kept = array[array != 0] if zeros else array
    largest = float(np.maximum(kept.max(), -kept.min()))
    if not math.isfinite(largest):
        return 0.0
    kept = kept.astype(np.float64) / largest  # so that no fourth power overflows
    mean, squares = _centred_squares(kept)
    z = -float(ndtri(_LEVEL / 2 / len(kept)))
    for _ in range(_PASSES):
        limit = z**2 * float(squares.mean())
        if squares.max() <= limit:
            break
        kept = kept[squares <= limit]
        mean, squares = _centred_squares(kept)
    num = len(kept) + zeros
    shift = mean * zeros / num  # from the mean of those kept to that of the zeros as well
    if shift:
        mean -= shift
        squares = (kept - mean) ** 2
    variance = (float(squares.sum()) + zeros * mean**2) / num
    if not variance > 0:
        return 0.0
    squares /= variance  # before they are squared once more
    return float((squares @ squares + zeros * (mean**2 / variance) ** 2) / num - 3)


def _sample(W: AnyArray) -> AnyArray:
    """Return the elements, or every so many of very many, the same share of every column."""
    stride = -(-W.size // _MOST)
    while stride > 1 and math.gcd(stride, W.shape[-1]) > 1:
        stride += 1
    return W.ravel()[::stride] if stride > 1 else W.ravel()


def _centred_squares(x: FloatArray) -> tuple[float, FloatArray]:
    mean = float(x.mean())
    squares: FloatArray = x - mean
    squares *= squares
    return mean, squares


def spread(distance: npt.ArrayLike, /) -> float:
    """
    Estimate the standard deviation of elements by distances from the median, but for the huge.

    Parameters
    ----------
    distance : array_like
        Absolute differences from the median.

    Returns
    -------
    float
        That of the elements within four times what the median distance gives, which for a coarse
        grid is the width of a step. Elements at the median itself, as the zeros of a pruned layer
        are, do not count if they are the most; 0 if all are.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.abs(np.random.default_rng(0).standard_normal(10_000))
    >>> x[:10] = 1e6
    >>> round(spread(x), 1)
    1.0
    """
    values: AnyArray = np.asarray(distance).ravel()
    off = values[values > 0]
    if not len(off):
        return 0.0
    rough = _MAD * float(np.median(off if 2 * len(off) < len(values) else values))
    near = off[off <= 4 * rough].astype(np.float64)
    return math.sqrt(float(np.mean(near**2))) if len(near) else rough
