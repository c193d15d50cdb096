"""Ensembles of eigenvalues alone, at any beta, by tridiagonal and bidiagonal matrices."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

import spectra._checks as _checks
from spectra.errors import ArgumentError
from spectra.theory.ensembles._drawing import checked_shape, positive

if TYPE_CHECKING:
    from spectra._typing import FloatArray

__all__ = ["hermite", "jacobi", "laguerre"]


def _tridiagonal(diagonal: FloatArray, beside: FloatArray) -> FloatArray:
    """Return the eigenvalues of symmetric tridiagonal matrices, one per row, ascending."""
    from scipy.linalg import eigvalsh_tridiagonal

    values = np.empty_like(diagonal)
    for row, *matrix in zip(values, diagonal, beside, strict=True):
        row[:] = eigvalsh_tridiagonal(*matrix, lapack_driver="sterf", check_finite=False)
    return values


def _bidiagonal(square: FloatArray, beside: FloatArray) -> FloatArray:
    """Return the squared singular values of bidiagonal matrices of these squared elements."""
    diagonal = square.copy()  # of the matrix times its transpose
    diagonal[:, :-1] += beside
    return np.maximum(_tridiagonal(diagonal, np.sqrt(beside * square[:, 1:])), 0)


def hermite(
    size: int,
    /,
    *,
    beta: float = 1.0,
    num: int = 1,
    std: float = 1.0,
    rng: int | np.random.Generator | None = None,
) -> FloatArray:
    r"""
    Draw the eigenvalues of symmetric Gaussian matrices, at any beta, without the matrices.

    Parameters
    ----------
    size : int
        Number of rows and of columns.
    beta : float, default: 1.0
        Strength of the repulsion of eigenvalues: 1 for real, 2 for complex, 4 for quaternion
        elements; any number above 0.
    num : int, default: 1
        Number of matrices.
    std : float, default: 1.0
        Standard deviation :math:`\sigma` of the elements off the diagonal; that of complex elements
        is the root of the mean of :math:`|w|^2`.
    rng : int, numpy.random.Generator or None, default: None
        Seed or generator of the random numbers; None draws different ones each time.

    Returns
    -------
    ndarray, shape (num, size)
        Eigenvalues of the matrices themselves, each row ascending.

    Raises
    ------
    ArgumentError
        If an argument is out of range or of a wrong type.

    See Also
    --------
    wigner : Draw such a matrix itself, for beta = 1.

    Notes
    -----
    The density of the eigenvalues is in proportion to

    .. math:: \prod_{i < j} |\lambda_i - \lambda_j|^\beta
              \exp\Bigl(-\frac{\beta}{4 \sigma^2} \sum_i \lambda_i^2\Bigr),

    that of a tridiagonal matrix with independent normal variables of variance
    :math:`2 \sigma^2 / \beta` on the diagonal and :math:`\sigma \chi_{\beta k} / \sqrt\beta` beside
    it, k from n - 1 down to 1. At every beta the eigenvalues fill a semicircle between
    :math:`\pm 2 \sigma \sqrt n`.

    References
    ----------
    Dumitriu & Edelman (2002), doi:10.1063/1.1507823.

    Examples
    --------
    >>> import numpy as np
    >>> found = hermite(100, beta=2.0, num=3, rng=np.random.default_rng(0))
    >>> found.shape, bool((np.abs(found) < 22).all())
    ((3, 100), True)
    """
    _checks.count("size", size)
    _checks.count("num", num)
    n, count = int(size), int(num)
    repulsion, scale = positive(beta, "beta"), positive(std, "std")
    random = _checks.generator(rng)
    diagonal = math.sqrt(2) * random.standard_normal((count, n))
    beside = np.sqrt(random.chisquare(repulsion * np.arange(n - 1, 0, -1), (count, n - 1)))
    return scale * (_tridiagonal(diagonal, beside) / math.sqrt(repulsion))


def laguerre(
    shape: tuple[int, int],
    /,
    *,
    beta: float = 1.0,
    num: int = 1,
    std: float = 1.0,
    rng: int | np.random.Generator | None = None,
) -> FloatArray:
    r"""
    Draw the squared singular values of Gaussian matrices, at any beta, without the matrices.

    Parameters
    ----------
    shape : (int, int)
        Rows and columns of the matrices, N and M being the longer and the shorter side.
    beta : float, default: 1.0
        Strength of the repulsion of eigenvalues: 1 for real, 2 for complex, 4 for quaternion
        elements; any number above 0.
    num : int, default: 1
        Number of matrices.
    std : float, default: 1.0
        Standard deviation :math:`\sigma` of the elements of the matrices; that of complex elements
        is the root of the mean of :math:`|w|^2`.
    rng : int, numpy.random.Generator or None, default: None
        Seed or generator of the random numbers; None draws different ones each time.

    Returns
    -------
    ndarray, shape (num, M)
        Eigenvalues of ``W.T @ W``, each row ascending, in weight units squared.

    Raises
    ------
    ArgumentError
        If an argument is out of range or of a wrong type.

    See Also
    --------
    gaussian : Draw such a matrix itself, for beta = 1.

    Notes
    -----
    Reflections from both sides make a Gaussian matrix bidiagonal, with independent elements:
    :math:`\sigma \chi_{\beta (N - i)} / \sqrt\beta` on the diagonal and
    :math:`\sigma \chi_{\beta (M - 1 - i)} / \sqrt\beta` beside it, i = 0, 1, ... The distribution
    is exact, and the time per matrix is :math:`O(M^2)` instead of :math:`O(N M^2)`. The density of
    the eigenvalues is in proportion to

    .. math:: \prod_{i < j} |\lambda_i - \lambda_j|^\beta
              \prod_i \lambda_i^{\beta (N - M + 1) / 2 - 1} e^{-\beta \lambda_i / (2 \sigma^2)}.

    At every beta they fill the Marchenko-Pastur law between
    :math:`\sigma^2 (\sqrt N \pm \sqrt M)^2`. Errors of rounding are a few eps times the largest
    eigenvalue, with eps = 2.2e-16; an eigenvalue below that may come out as zero.

    References
    ----------
    Dumitriu & Edelman (2002), doi:10.1063/1.1507823.

    Examples
    --------
    >>> import numpy as np
    >>> found = laguerre((400, 100), num=3, rng=np.random.default_rng(0))
    >>> found.shape, bool((found.max(axis=1) < 1000).all())
    ((3, 100), True)
    """
    _checks.count("num", num)
    checked, count = checked_shape(shape), int(num)
    repulsion, scale = positive(beta, "beta"), positive(std, "std")
    N, M = max(checked), min(checked)
    random = _checks.generator(rng)
    square = random.chisquare(repulsion * (N - np.arange(M)), (count, M))
    beside = random.chisquare(repulsion * np.arange(M - 1, 0, -1), (count, M - 1))
    return scale**2 * (_bidiagonal(square, beside) / repulsion)


def _checked_sides(sides: tuple[int, int, int]) -> tuple[int, int, int]:
    if not isinstance(sides, tuple) or len(sides) != 3:
        msg = f"`sides` must be (n, m1, m2), got {sides!r}"
        raise ArgumentError(msg)
    _checks.count("n", sides[0])
    n = int(sides[0])
    for name, side in zip(("m1", "m2"), sides[1:], strict=True):
        _checks.count(name, side, at_least=n, what="a whole number not below n")
    return n, int(sides[1]), int(sides[2])


def jacobi(
    sides: tuple[int, int, int],
    /,
    *,
    beta: float = 1.0,
    num: int = 1,
    rng: int | np.random.Generator | None = None,
) -> FloatArray:
    r"""
    Draw the eigenvalues that compare two Gaussian matrices (MANOVA), at any beta.

    Parameters
    ----------
    sides : (int, int, int)
        Columns n of both matrices, and their rows m1 and m2, neither of which is below n.
    beta : float, default: 1.0
        Strength of the repulsion of eigenvalues: 1 for real, 2 for complex, 4 for quaternion
        elements; any number above 0.
    num : int, default: 1
        Number of spectra.
    rng : int, numpy.random.Generator or None, default: None
        Seed or generator of the random numbers; None draws different ones each time.

    Returns
    -------
    ndarray, shape (num, n)
        Eigenvalues of :math:`A (A + B)^{-1}`, between 0 and 1, each row ascending. A and B are
        ``W.T @ W`` of the two matrices.

    Raises
    ------
    ArgumentError
        If an argument is out of range or of a wrong type.

    See Also
    --------
    laguerre : Eigenvalues of A alone.

    Notes
    -----
    The same are the squared singular values of m1 rows of a uniform matrix of m1 + m2 rows and n
    orthonormal columns, and squared cosines of angles between random subspaces. The density is in
    proportion to

    .. math:: \prod_{i < j} |\lambda_i - \lambda_j|^\beta \prod_i
              \lambda_i^{\beta (m_1 - n + 1) / 2 - 1}
              (1 - \lambda_i)^{\beta (m_2 - n + 1) / 2 - 1},

    that of a bidiagonal matrix made of independent cosines c, c' and sines s, s': with i from n
    down to 1, :math:`c_i^2` follows the beta distribution of parameters
    :math:`\beta (m_1 - n + i) / 2` and :math:`\beta (m_2 - n + i) / 2`, :math:`c_i'^2` that of
    :math:`\beta i / 2` and :math:`\beta (m_1 + m_2 - 2 n + 1 + i) / 2`. The diagonal is
    :math:`c_n, c_{n-1} s_{n-1}', \ldots, c_1 s_1'`, and beside it are
    :math:`s_n c_{n-1}', \ldots, s_2 c_1'`. With :math:`m = m_1 + m_2` Wachter's law ends at
    :math:`(\sqrt{m_1 (m - n)} \pm \sqrt{n m_2})^2 / m^2`.

    References
    ----------
    Killip & Nenciu (2004), doi:10.1155/S1073792804141597. Edelman & Sutton (2008),
    doi:10.1007/s10208-006-0215-9. Wachter (1980), doi:10.1214/aos/1176345134, for the law.

    Examples
    --------
    >>> import numpy as np
    >>> found = jacobi((50, 100, 200), num=3, rng=np.random.default_rng(0))
    >>> found.shape, round(float(found.mean()), 1)  # the mean is m1 / (m1 + m2)
    ((3, 50), 0.3)
    """
    n, first, second = _checked_sides(sides)
    _checks.count("num", num)
    count, half = int(num), positive(beta, "beta") / 2
    random = _checks.generator(rng)
    i = np.arange(n, 0, -1)
    cosines = random.beta(half * (first - n + i), half * (second - n + i), (count, n))
    i = i[1:]
    others = random.beta(half * i, half * (first + second - 2 * n + 1 + i), (count, n - 1))
    square = cosines.copy()
    square[:, 1:] *= 1 - others
    return np.minimum(_bidiagonal(square, (1 - cosines[:, :-1]) * others), 1)
