"""Statistics of the elements of a matrix, and detection of huge elements."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from spectra._spectral import matrix_of
from spectra.errors import ArgumentError
from spectra.multiple_tests import significance_each

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from spectra._typing import AnyArray, FloatArray

__all__ = [
    "Elements",
    "alive",
    "excess_kurtosis",
    "huge",
    "look",
    "places_in_words",
    "sample_kurtosis",
    "spread",
    "where",
]

_SIGNIFICANCE, _PASSES = 0.05, 20
_MOST = 1 << 16  # elements used for the kurtosis
_NAMED = 3  # rows, columns or elements listed in a description
MAD_TO_STD = 1.482602218505602  # standard deviation of a normal law over its median abs. deviation


class Elements(NamedTuple):
    """
    Statistics of the elements of a matrix.

    Examples
    --------
    >>> Elements._fields
    ('mean', 'median', 'scale', 'limit', 'size', 'distance')
    """

    mean: float
    """Mean of the elements that are not huge."""
    median: float
    """Median of all elements."""
    scale: float
    """Standard deviation without huge elements, see :func:`spread`."""
    limit: float
    """Distance from the median beyond which an element is huge."""
    size: int
    """Number of elements, all-zero rows and columns not counted."""
    distance: AnyArray
    """Distance of each element of the whole matrix from the median."""

    @property
    def mean_is_visible(self) -> bool:
        """Whether the mean is above half of std (N M)**(-1/4), the mean that makes a spike."""
        return bool(2 * abs(self.mean) * self.size**0.25 > self.scale)

    @property
    def spiking(self) -> float:
        """Distance at which one element makes a spike, std (N M)**(1/4) (BBP), at least `limit`."""
        return max(self.limit, self.scale * math.sqrt(math.sqrt(self.size)))


def alive(W: npt.ArrayLike, /) -> AnyArray:
    """
    Return a matrix without its all-zero rows and columns (dead neurons).

    Parameters
    ----------
    W : array_like, shape (m, n)
        Matrix in weight units.

    Returns
    -------
    ndarray
        The other rows and columns; a view of W if none is all-zero.

    Examples
    --------
    >>> alive([[0.0, 0.0], [0.0, 2.0]])
    array([[2.]])
    """
    array = np.asarray(matrix_of(W))
    used = array != 0
    rows, columns = used.any(axis=1), used.any(axis=0)
    return array if rows.all() and columns.all() else array[rows][:, columns]


def excess_kurtosis(W: npt.ArrayLike, /) -> float:
    r"""
    Compute the excess kurtosis of the elements of a matrix, without huge elements.

    Parameters
    ----------
    W : array_like, shape (m, n)
        Matrix in weight units.

    Returns
    -------
    float
        Fourth central moment over the squared variance, minus 3: 0 for normal elements, about 3 for
        Laplace elements, :math:`3 (1/f - 1)` for normal elements of which only a share f is not
        zero; 0 if all elements are equal, or one is not finite.

    Notes
    -----
    The excess kurtosis shifts the bulk edge of a finite matrix by the factor
    :math:`1 + \kappa / \sqrt{NM}`, for non-normal elements by much more than a Tracy-Widom unit.
    Outliers, elements further from the mean of the nonzero elements than the largest of a normal
    sample of the same size, are removed iteratively, because outliers create spikes rather than
    shift the bulk edge. From more than 65,536 elements a sample of that size is used; its error is
    0.02 for normal elements, which moves the edge by 8e-5 of its height at most.

    References
    ----------
    Hwang, Lee & Schnelli (2019), doi:10.1214/19-AAP1472, for square matrices; the dependence on
    the shape is from second-order perturbation theory, and was measured.

    Examples
    --------
    >>> import numpy as np
    >>> W = np.random.default_rng(0).laplace(size=(400, 200))
    >>> W[3, 4] = 1e6
    >>> round(excess_kurtosis(W), 1)
    2.2
    """
    return sample_kurtosis(_sample(np.asarray(matrix_of(W))))


def sample_kurtosis(sample: npt.ArrayLike, /) -> float:
    """
    Compute the excess kurtosis of a sample of elements, without huge ones.

    Parameters
    ----------
    sample : array_like, shape (n,)
        Elements, such as the sample of :func:`spectra.linalg.live_elements.read`.

    Returns
    -------
    float
        As in :func:`excess_kurtosis`.

    Examples
    --------
    >>> import numpy as np
    >>> round(sample_kurtosis(np.random.default_rng(0).laplace(size=50_000)), 1)
    2.2
    """
    array = np.asarray(sample)
    zeros = array.size - np.count_nonzero(array)
    if zeros == array.size:
        return 0.0
    kept = array[array != 0] if zeros else array
    with np.errstate(invalid="ignore"):  # of bfloat16 that is not a number
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
    shift = mean * zeros / num  # change of the mean when the zeros are included
    if shift:
        mean -= shift
        squares = (kept - mean) ** 2
    variance = (float(squares.sum()) + zeros * mean**2) / num
    if not variance > 0:
        return 0.0
    squares /= variance  # scaled before they are squared again
    return float((squares @ squares + zeros * (mean**2 / variance) ** 2) / num - 3)


def _sample(W: AnyArray) -> AnyArray:
    """Return the elements, or a strided sample of many, with the same share of each column."""
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
    Estimate the standard deviation of elements from distances to the median, without huge ones.

    Parameters
    ----------
    distance : array_like
        Absolute differences from the median.

    Returns
    -------
    float
        Standard deviation of the elements within four times the estimate from the median distance
        (on a coarse grid, the width of a step). Elements equal to the median, such as the zeros of
        a pruned layer, are not counted if they are the majority; 0 if all elements are equal.

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
    rough = MAD_TO_STD * float(np.median(off if 2 * len(off) < len(values) else values))
    near = off[off <= 4 * rough].astype(np.float64)
    unit = math.ldexp(1.0, math.frexp(rough)[1] - 1)  # so that no square overflows
    return math.sqrt(float(np.mean((near / unit) ** 2))) * unit if len(near) else rough


def _largest_normal(num: int, significance: float) -> float:
    """Return the size that the largest of `num` normal numbers exceeds at this significance."""
    from scipy.special import ndtri

    return -float(ndtri(significance_each(significance, max(1, num)) / 2))


def look(W: npt.ArrayLike, /, *, significance: float = _SIGNIFICANCE) -> Elements:
    """
    Summarise the elements and set the limit for huge ones, ignoring all-zero rows and columns.

    Parameters
    ----------
    W : array_like
        Matrix, or elements of a matrix, in weight units.
    significance : float, default: 0.05
        Probability that any element of a normal sample is huge.

    Returns
    -------
    Elements
        Mean, median and scale of the elements, and the limit beyond which an element is huge.

    Raises
    ------
    ArgumentError
        If `significance` is not between 0 and 1.

    Examples
    --------
    >>> look([1.0, 2.0, 3.0, 1e9]).median
    2.5
    """
    W = np.asarray(matrix_of(W))
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
        Matrix, or elements of a matrix, in weight units.
    significance : float, default: 0.05
        Probability of marking any element of a normal sample.

    Returns
    -------
    ndarray of bool
        True where :math:`|w - median|` is above z times the standard deviation from
        :func:`spread`; the largest of a normal sample of the same size exceeds z in absolute value
        with probability `significance`.

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
    Describe where the huge elements of a matrix are: rows, columns, or single elements.

    Parameters
    ----------
    elements : Elements
        Statistics of the elements of a matrix, from :func:`look`.
    limit : float, optional
        Distance from the median beyond which an element counts, by default `elements.limit`.

    Returns
    -------
    str
        Rows, if the rows with three or more elements beyond `limit`, and far more than by chance,
        hold at least half of these elements; otherwise columns by the same rule; otherwise single
        elements. The first three are named, fullest or largest first. Empty if no element is beyond
        `limit`.

    Raises
    ------
    ArgumentError
        If `elements` are not from a matrix.

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
        msg = f"`elements` must be from a matrix, got {elements.distance.ndim}-D"
        raise ArgumentError(msg)
    mask = elements.distance > (elements.limit if limit is None else limit)
    places = np.argwhere(mask)
    largest = np.argsort(-elements.distance[mask], kind="stable")[:_NAMED]
    return places_in_words(mask.sum(axis=1), mask.sum(axis=0), places[largest].tolist())


def places_in_words(
    by_row: npt.NDArray[np.int_], by_column: npt.NDArray[np.int_], largest: Sequence[Sequence[int]]
) -> str:
    """
    Describe where marked elements of a matrix are.

    Parameters
    ----------
    by_row, by_column : array of int
        Number of marked elements in each row and in each column.
    largest : sequence of (int, int)
        Row and column of the first marked elements to name.

    Returns
    -------
    str
        Rows, columns or elements by the rules of :func:`where`.

    Examples
    --------
    >>> import numpy as np
    >>> places_in_words(np.array([0, 1]), np.array([1, 0]), [(1, 0)])
    'element (1, 0)'
    """
    for counts, word in ((by_row, "row"), (by_column, "column")):
        found = _crowded(counts)
        if len(found):
            return _listed(word, found.tolist())
    return _listed("element", [*map(tuple, largest)], int(by_row.sum()))


def _crowded(counts: npt.NDArray[np.int_]) -> npt.NDArray[np.int_]:
    """Return the lines with more marks than by chance, fullest first, if they hold half of all."""
    from scipy.special import pdtrc

    total, lines = int(counts.sum()), len(counts)
    by_chance = pdtrc(np.maximum(counts - 1, 0), total / max(lines, 1))
    crowded = np.flatnonzero((by_chance < 0.01 / max(lines, 1)) & (counts >= _NAMED))
    enough = 2 * counts[crowded].sum() >= max(total, 1)
    order = np.argsort(-counts[crowded], kind="stable")
    return crowded[order] if enough else crowded[:0]


def _listed(word: str, items: Sequence[object], num: int = 0) -> str:
    """List the first items and the number of further ones, of `num` in total if given."""
    num = num or len(items)
    if not num:
        return ""
    more = f" and {num - _NAMED} more" if num > _NAMED else ""
    return f"{word}{'' if num == 1 else 's'} {', '.join(map(str, items[:_NAMED]))}{more}"
