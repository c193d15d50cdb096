r"""
Scale rows and columns so that noise of unequal variances becomes noise of one variance.

Noise whose elements have the variances :math:`r_i c_j` has no Marchenko-Pastur bulk: its largest
eigenvalues look like spikes. Divided by the square roots of these variances it is noise of one
variance, and only a signal is left above the edge.

References
----------
Landa, Zhang & Kluger (2022), doi:10.1137/21M1456807.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple, overload

import numpy as np

import spectra._checks as _checks
from spectra._spectral import BLOCK, largest, matrix_of
from spectra.errors import ArgumentError
from spectra.linalg._changed import Changed
from spectra.linalg._packing import live_lines
from spectra.linalg.elements import alive

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from spectra._typing import AnyArray, FloatArray, Numbers

__all__ = ["Scales", "scales", "scatter_of_noise", "whiten", "whitened"]

_STEPS = 100
_CLOSE = 1e-6  # largest relative change of a variance at which the iteration ends


class Scales(NamedTuple):
    """
    Standard deviations of the rows and columns of a matrix, whose products are those of elements.

    Examples
    --------
    >>> Scales._fields
    ('rows', 'columns')
    """

    rows: FloatArray
    """Factor of each row, with a root mean square of about 1."""
    columns: FloatArray
    """Factor of each column, in weight units."""

    @property
    def scatter(self) -> tuple[float, float]:
        """Standard deviation of the natural logarithms, of the rows and of the columns."""
        if np.isnan(self.rows).any():
            return math.nan, math.nan
        units = (math.frexp(float(side.max()))[1] for side in self)  # which change no bit
        in_unit = (np.ldexp(side, -unit) for side, unit in zip(self, units, strict=True))
        rows, columns = (float(np.std(np.log(side))) for side in in_unit)
        return rows, columns


def scales(W: npt.ArrayLike, /) -> Scales:
    r"""
    Find the scales of rows and columns that make every row and column of equal mean square.

    Parameters
    ----------
    W : array_like, shape (m, n)
        Matrix in weight units, without rows or columns of zeros.

    Returns
    -------
    Scales
        :math:`a_i` and :math:`b_j` such that each row and each column of :math:`(W_{ij} / a_i
        b_j)^2` has the mean 1; ``nan`` where the squares of the elements are outside the range of
        float64.

    Raises
    ------
    ArgumentError
        If `W` is not a matrix of finite numbers, or has a row or a column of zeros.

    Notes
    -----
    Rows and columns are divided in turn (Sinkhorn's iteration), at most 100 times, until no scale
    changes by more than 1e-6. Very sparse matrices need not converge.

    References
    ----------
    Landa, Zhang & Kluger (2022), doi:10.1137/21M1456807, algorithm 1.

    Examples
    --------
    >>> import numpy as np
    >>> W = np.random.default_rng(0).choice([-1.0, 1.0], (4, 3)) * [[1], [2], [3], [4]]
    >>> found = scales(W)
    >>> (found.rows / found.rows[0]).round(6), found.scatter[1] < 1e-6
    (array([1., 2., 3., 4.]), True)
    """
    array = np.asarray(matrix_of(W))
    if array.ndim != 2:
        raise ArgumentError(_wanted(array))
    size = float(largest(_parts(array))) if array.size else 0.0
    if not math.isfinite(size) or not size:
        raise ArgumentError(_wanted(array))
    if not all(lines.all() for lines in live_lines(array)):
        msg = "`W` has a row or a column of zeros: leave it out with spectra.linalg.elements.alive"
        raise ArgumentError(msg)
    exponent = math.frexp(size)[1]
    with np.errstate(all="ignore"):
        rows, columns = _of_squares(_Squares(array, exponent))
        unit = float(rows.mean())
        found = Scales(np.sqrt(rows / unit), np.ldexp(np.sqrt(columns * unit), exponent))
    usable = all(np.isfinite(side).all() and (side > 0).all() for side in found)
    return found if usable else Scales(*(np.full(len(side), math.nan) for side in found))


def _wanted(array: AnyArray) -> str:
    return f"`W` must be a matrix of finite numbers, not all zero, got shape {array.shape}"


def _parts(array: AnyArray) -> Iterator[AnyArray]:
    """Yield parts of whole rows."""
    step = max(1, BLOCK // max(1, array.shape[1]))
    return (array[start : start + step] for start in range(0, len(array), step))


class _Squares:
    """Squares of a matrix over a power of two, in float64; in parts, but of a small matrix kept."""

    def __init__(self, array: AnyArray, exponent: int) -> None:
        self.shape = array.shape
        self._array, self._exponent = array, exponent
        self._kept = [*self._computed()] if array.size <= BLOCK else None

    def __iter__(self) -> Iterator[FloatArray]:
        return self._computed() if self._kept is None else iter(self._kept)

    def _computed(self) -> Iterator[FloatArray]:
        for part in _parts(self._array):
            wide = part.astype(np.float64)
            np.ldexp(wide, -self._exponent, out=wide)
            yield np.square(wide, out=wide)


def _of_squares(squares: _Squares) -> tuple[FloatArray, FloatArray]:
    """Return variances of rows and columns, by dividing rows and columns in turn."""
    m, n = squares.shape
    rows, columns = np.ones(m), sum((part.sum(axis=0) for part in squares), np.zeros(n)) / m
    for _ in range(_STEPS):
        before, rows, total, end = rows, np.empty(m), np.zeros(n), 0
        for part in squares:
            start, end = end, end + len(part)
            rows[start:end] = part @ (1 / columns) / n
            total += (1 / rows[start:end]) @ part
        columns = total / m
        if not np.max(np.abs(rows / before - 1)) > _CLOSE:
            break
    return rows, columns


def whiten(W: npt.ArrayLike, /, *, known: Scales | None = None) -> FloatArray:
    """
    Divide rows and columns by their scales.

    Parameters
    ----------
    W : array_like, shape (m, n)
        Matrix in weight units; rows and columns of zeros are left out.
    known : Scales, optional
        Scales of the other rows and columns, if they are already known.

    Returns
    -------
    ndarray
        Matrix without unit, whose rows and columns have a mean square of 1; ``nan`` as the scales.

    Raises
    ------
    ArgumentError
        If `W` is not a matrix of finite numbers, or all zero.

    Examples
    --------
    >>> import numpy as np
    >>> W = np.random.default_rng(0).standard_normal((40, 30)) * np.linspace(1, 5, 30)
    >>> bool(np.allclose((whiten(W) ** 2).mean(axis=0), 1, atol=1e-4))
    True
    """
    live = alive(W)
    return np.asarray(whitened(live, known=scales(live) if known is None else known))


def whitened(W: AnyArray, /, *, known: Scales) -> Changed:
    """
    Return a matrix whose rows and columns are divided by their scales when it is read, in blocks.

    Parameters
    ----------
    W : array, shape (m, n)
        Matrix in weight units, without rows or columns of zeros.
    known : Scales
        Scales of its rows and columns.

    Returns
    -------
    matrix in blocks
        The matrix of :func:`whiten`, for :func:`spectra.eigenvalues`.

    Examples
    --------
    >>> import numpy as np
    >>> from spectra import eigenvalues
    >>> W = np.diag([2.0, 3.0])
    >>> eigenvalues(whitened(W, known=Scales(np.ones(2), np.array([2.0, 3.0]))))
    array([1., 1.])
    """

    def divided(part: FloatArray, rows: slice, columns: slice) -> FloatArray:
        part /= known.rows[rows, np.newaxis]
        part /= known.columns[columns]
        return part

    return Changed(W, divided)


@overload
def scatter_of_noise(num: float, /) -> float: ...
@overload
def scatter_of_noise(num: npt.ArrayLike, /) -> Numbers: ...
def scatter_of_noise(num: npt.ArrayLike, /) -> Numbers:
    r"""
    Return the scatter of the scales of noise of one variance.

    Parameters
    ----------
    num : array_like
        Number of elements of a row or column.

    Returns
    -------
    float or ndarray
        :math:`1 / \sqrt{2 n}`, the standard deviation of the logarithm of the root mean square of
        n normal numbers.

    Raises
    ------
    ArgumentError
        If `num` is not above 0.

    Examples
    --------
    >>> scatter_of_noise(200)
    0.05
    """
    found = 1 / np.sqrt(2 * _checks.numbers("num", num, above=0))
    return np.asarray(found) if np.ndim(num) else float(found)
