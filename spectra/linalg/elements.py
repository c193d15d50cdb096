"""Elements: what the numbers in a matrix are like, and which of them are huge."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from spectra.errors import ArgumentError
from spectra.multiple_tests import significance_each

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from spectra._typing import AnyArray, FloatArray

__all__ = ["Elements", "alive", "excess_kurtosis", "huge", "look", "spread", "where"]

_SIGNIFICANCE, _PASSES = 0.05, 20
_MOST = 1 << 19
_NAMED = 3  # rows, columns or elements that are named
_MAD = 1.482602218505602  # standard deviation of a normal law over its median absolute deviation


class Elements(NamedTuple):
    """
    What the elements of a matrix are like.

    Examples
    --------
    >>> Elements._fields
    ('mean', 'median', 'scale', 'limit', 'size', 'distance')
    """

    mean: float
    """Of those that are not huge."""
    median: float
    """Of all."""
    scale: float
    """Standard deviation, but for the huge."""
    limit: float
    """Distance from the median beyond which an element is huge."""
    size: int
    """How many there are, rows and columns of zeros left out."""
    distance: AnyArray
    """From the median, of each element of the whole matrix."""

    @property
    def mean_is_visible(self) -> bool:
        """Whether the mean is at least half of what makes a spike: std (N M)**(-1/4)."""
        return bool(2 * abs(self.mean) * self.size**0.25 > self.scale)

    @property
    def spiking(self) -> float:
        """From where on an element makes a spike by itself: std (N M)**(1/4), the BBP limit."""
        return max(self.limit, self.scale * math.sqrt(math.sqrt(self.size)))


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
    z = _largest_normal(len(kept), _SIGNIFICANCE)
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


def _largest_normal(num: int, significance: float) -> float:
    """Return what the largest of so many normal numbers exceeds with that probability, by size."""
    from scipy.special import ndtri

    return -float(ndtri(significance_each(significance, max(1, num)) / 2))


def look(W: npt.ArrayLike, /, *, significance: float = _SIGNIFICANCE) -> Elements:
    """
    Look at the elements of a matrix: rows and columns of zeros have no say in what is ordinary.

    Parameters
    ----------
    W : array_like
        In weight units.
    significance : float, default: 0.05
        Probability that any element of a normal sample is huge.

    Returns
    -------
    Elements
        Their mean, median and scale, and from where on they are huge.

    Raises
    ------
    ArgumentError
        If `significance` is not between 0 and 1.

    Examples
    --------
    >>> look([1.0, 2.0, 3.0, 1e9]).median
    2.5
    """
    W = np.asarray(W)
    array = W if W.dtype in (np.float32, np.float64) else W.astype(np.float64)
    live = alive(array) if array.ndim == 2 else array
    median = np.median(live) if live.size else array.dtype.type(0)
    apart = np.abs(live - median)
    scale = spread(apart)
    limit = scale * _largest_normal(live.size, significance) if scale > 0 else math.inf
    ordinary = live[apart <= limit]
    mean = float(ordinary.mean(dtype=np.float64)) if ordinary.size else 0.0
    distance = apart if live.size == array.size else np.abs(array - median)
    return Elements(mean, float(median), scale, limit, live.size, distance)


def huge(W: npt.ArrayLike, /, *, significance: float = _SIGNIFICANCE) -> npt.NDArray[np.bool_]:
    r"""
    Mark the elements that are too large for a normal law.

    Parameters
    ----------
    W : array_like
        In weight units.
    significance : float, default: 0.05
        Probability of marking any element of a normal sample.

    Returns
    -------
    ndarray of bool
        Where :math:`|w - median|` is above z times the standard deviation, which is that of
        :func:`spread`; z is exceeded by the largest of so many normal numbers with
        probability `significance`.

    Raises
    ------
    ArgumentError
        If `significance` is not between 0 and 1.

    Examples
    --------
    >>> huge([0.1, -0.3, 0.2, 12.0, -0.1]).tolist()
    [False, False, False, True, False]
    """
    elements = look(W, significance=significance)
    return elements.distance > elements.limit


def where(elements: Elements, /, *, limit: float | None = None) -> str:
    """
    Say where the huge elements of a matrix are: in a few rows, in a few columns, or which they are.

    Parameters
    ----------
    elements : Elements
        Of a matrix.
    limit : float, optional
        Distance from the median beyond which they count, `elements.limit` by default.

    Returns
    -------
    str
        Rows, if those with far more of the elements beyond `limit` than chance explains hold at
        least half of them, and three or more each; else columns by the same rule; else elements.
        The first three, fullest or largest first, are named. Empty if there are none.

    Raises
    ------
    ArgumentError
        If they are not those of a matrix.

    Examples
    --------
    >>> import numpy as np
    >>> W = np.random.default_rng(0).standard_normal((50, 40))
    >>> W[3, 7] = 100.0
    >>> where(look(W))
    'element (3, 7)'
    >>> W[12] *= 20
    >>> where(look(W))
    'row 12'
    """
    if elements.distance.ndim != 2:
        msg = f"`elements` must be those of a matrix, got {elements.distance.ndim}-D"
        raise ArgumentError(msg)
    mask = elements.distance > (elements.limit if limit is None else limit)
    for axis, word in ((1, "row"), (0, "column")):
        found = _crowded(mask.sum(axis=axis))
        if len(found):
            return _listed(word, found.tolist())
    places = np.argwhere(mask)
    largest = np.argsort(-elements.distance[mask], kind="stable")[:_NAMED]
    named = places[largest].tolist()
    return _listed("element", [*map(tuple, named)], len(places))


def _crowded(counts: npt.NDArray[np.int_]) -> npt.NDArray[np.int_]:
    """Return the lines that hold most of the marks, the fullest first, if not by chance."""
    from scipy.special import pdtrc

    total, lines = int(counts.sum()), len(counts)
    by_chance = pdtrc(np.maximum(counts - 1, 0), total / max(lines, 1))
    crowded = np.flatnonzero((by_chance < 0.01 / max(lines, 1)) & (counts >= _NAMED))
    enough = 2 * counts[crowded].sum() >= max(total, 1)
    order = np.argsort(-counts[crowded], kind="stable")
    return crowded[order] if enough else crowded[:0]


def _listed(word: str, items: Sequence[object], num: int = 0) -> str:
    """Name the first of the items, and say how many there are, `num` if not all are given."""
    num = num or len(items)
    if not num:
        return ""
    more = f" and {num - _NAMED} more" if num > _NAMED else ""
    return f"{word}{'' if num == 1 else 's'} {', '.join(map(str, items[:_NAMED]))}{more}"
