"""Statistics of the elements of a matrix, and detection of huge elements."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from spectra._spectral import matrix_of
from spectra.errors import ArgumentError
from spectra.linalg import far_elements
from spectra.linalg._numbers import numbers_of
from spectra.linalg.live_elements import LiveElements, pieces, read
from spectra.multiple_tests import significance_each

if TYPE_CHECKING:
    import numpy.typing as npt

    from spectra._typing import AnyArray, FloatArray
    from spectra.linalg._numbers import Numbers

__all__ = [
    "Elements",
    "alive",
    "excess_kurtosis",
    "huge",
    "look",
    "sample_kurtosis",
    "spread",
    "where",
]

_SIGNIFICANCE, _PASSES = 0.05, 20
_MOST = 1 << 16  # elements used for the kurtosis
MAD_TO_STD = 1.482602218505602  # standard deviation of a normal law over its median abs. deviation


class Elements(NamedTuple):
    """
    Statistics of the elements of a matrix.

    Examples
    --------
    >>> Elements._fields
    ('mean', 'median', 'scale', 'limit', 'size')
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

    Raises
    ------
    ArgumentError
        If `W` is not a matrix of real numbers.

    Examples
    --------
    >>> alive([[0.0, 0.0], [0.0, 2.0]])
    array([[2.]])
    """
    array = np.asarray(matrix_of(W))
    if array.ndim != 2:
        msg = f"`W` must be a matrix, got {array.ndim}-D"
        raise ArgumentError(msg)
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
    array = np.asarray(matrix_of(sample, "sample"))
    zeros = array.size - np.count_nonzero(array)
    if zeros == array.size:
        return 0.0
    kept = array[array != 0] if zeros else array
    with np.errstate(invalid="ignore"):  # of bfloat16 that is not a number
        largest = float(np.maximum(float(kept.max()), -float(kept.min())))
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
    return _spread(numbers_of(*_row(np.asarray(matrix_of(distance, "distance")))))


def _spread(distance: Numbers) -> float:
    zeros = distance.size - distance.num(_positive)
    off = distance.size - zeros
    if not off:
        return 0.0
    rough = MAD_TO_STD * float(distance.median(skip=zeros if 2 * off < distance.size else 0))
    unit = math.ldexp(1.0, math.frexp(rough)[1] - 1)  # so that no square overflows
    square = distance.mean(
        lambda values: (values > 0) & (values <= 4 * rough), lambda values: (values / unit) ** 2
    )
    return rough if math.isnan(square) else math.sqrt(square) * unit


def _positive(values: AnyArray) -> AnyArray:
    positive: AnyArray = values > 0
    return positive


def _row(array: AnyArray) -> tuple[AnyArray, LiveElements]:
    """Return elements of any number of axes as one row, all of them live, zeros too."""
    row = array.reshape(1, -1)
    every = np.ones(1, bool), np.ones(row.size, bool)
    return row, LiveElements(*every, math.nan, math.nan, math.nan, np.zeros(0))


def _as_matrix(array: AnyArray, live: LiveElements | None = None) -> tuple[AnyArray, LiveElements]:
    """Return a matrix with its live lines; elements of other numbers of axes as one row."""
    if array.ndim != 2:
        return _row(array)
    return array, read(array) if live is None else live


def _largest_normal(num: int, significance: float) -> float:
    """Return the size that the largest of `num` normal numbers exceeds at this significance."""
    from scipy.special import ndtri

    return -float(ndtri(significance_each(significance, max(1, num)) / 2))


def look(
    W: npt.ArrayLike,
    /,
    *,
    significance: float = _SIGNIFICANCE,
    live: LiveElements | None = None,
) -> Elements:
    """
    Summarise the elements and set the limit for huge ones, ignoring all-zero rows and columns.

    Parameters
    ----------
    W : array_like
        Matrix, or elements of a matrix, in weight units.
    significance : float, default: 0.05
        Probability that any element of a normal sample is huge.
    live : LiveElements, optional
        What :func:`spectra.linalg.live_elements.read` found in W, if already known.

    Returns
    -------
    Elements
        Mean, median and scale of the elements, and the limit beyond which an element is huge.

    Raises
    ------
    ArgumentError
        If `significance` is not between 0 and 1.

    Notes
    -----
    The numbers are exact for elements of any number. No copy of them is made: medians are found by
    counting the elements by 16 bits of them at a time.

    Examples
    --------
    >>> look([1.0, 2.0, 3.0, 1e9]).median
    2.5
    """
    numbers = numbers_of(*_as_matrix(np.asarray(matrix_of(W)), live))
    z = _largest_normal(numbers.size, significance)
    if not numbers.size or numbers.has_nan:
        return Elements(0.0, math.nan if numbers.size else 0.0, 0.0, math.inf, numbers.size)
    median = numbers.median()
    scale = _spread(numbers.apart(median))
    limit = z * scale if scale > 0 else math.inf
    mean = numbers.mean(lambda values: np.abs(values - median) <= limit, lambda values: values)
    return Elements(0.0 if math.isnan(mean) else mean, float(median), scale, limit, numbers.size)


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
    array = np.asarray(matrix_of(W))
    matrix, live = _as_matrix(array)
    elements = look(array, significance=significance, live=live)
    marked = np.zeros(matrix.shape, bool)
    for piece in pieces(matrix):
        height, width = piece.values.shape
        apart = np.abs(piece.values.astype(np.float64) - elements.median)
        part = marked[piece.row : piece.row + height, piece.column : piece.column + width]
        np.greater(apart, elements.limit, out=part)
    marked[~live.rows] = False
    marked[:, ~live.columns] = False
    return marked.reshape(array.shape)


def where(W: npt.ArrayLike, /, *, limit: float | None = None) -> str:
    """
    Describe where the huge elements of a matrix are: rows, columns, or single elements.

    Parameters
    ----------
    W : array_like, shape (m, n)
        Matrix in weight units.
    limit : float, optional
        Distance from the median beyond which an element counts, by default that of :func:`look`.

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
        If `W` is not a matrix.

    Examples
    --------
    >>> import numpy as np
    >>> W = np.random.default_rng(0).standard_normal((50, 40))
    >>> W[3, 7] = 100.0
    >>> where(W)
    'element (3, 7)'
    >>> W[12] *= 20
    >>> where(W)
    'row 12'
    """
    array = np.asarray(matrix_of(W))
    if array.ndim != 2:
        msg = f"`W` must be a matrix, got {array.ndim}-D"
        raise ArgumentError(msg)
    live = read(array)
    elements = look(array, live=live)
    beyond = elements.limit if limit is None else limit
    return far_elements.find(array, centre=elements.median, limit=beyond, live=live).where
