r"""
Test whether the smallest eigenvalue is too small for noise.

Above the bulk a signal shows as spikes; below it, a direction that the layer has learned not to
pass on shows as an eigenvalue too small for noise.

References
----------
Ma (2012), doi:10.3150/10-BEJ334, theorem 2; Edelman (1988), doi:10.1137/0609045, for square
matrices.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import spectra._checks as _checks
import spectra.noise.tracy_widom as _tw
from spectra.noise.bulk import FEWEST_IN_BULK, nonzero

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["isf", "p_value"]


def p_value(
    eigenvalues: npt.ArrayLike, N: int | None = None, /, *, variance: float, num_spikes: int = 0
) -> float:
    r"""
    Return the probability of as small a smallest eigenvalue in noise.

    Parameters
    ----------
    eigenvalues : array_like, shape (M,), or Spectrum
        All eigenvalues of ``W.T @ W``, in weight units squared; a Spectrum of one matrix.
    N : int, optional
        Longer side of W; not given with a Spectrum, which knows it.
    variance : float
        Variance of the noise elements, in weight units squared.
    num_spikes : int, default: 0
        Number of the largest eigenvalues that are spikes: the rest is noise of that many rows and
        columns less.

    Returns
    -------
    float
        The p-value of the smallest nonzero eigenvalue, small if it is too small; ``nan`` for fewer
        than 8 nonzero eigenvalues beside the spikes.

    Raises
    ------
    ArgumentError
        If `N` is less than the number of eigenvalues, or another argument is out of range.

    Notes
    -----
    With more rows than columns the logarithm of the smallest eigenvalue follows the Tracy-Widom law
    turned round, about :math:`\ln \mu + \tau^2 / 8` with :math:`\mu = (\sqrt{N - 1/2} - \sqrt{M -
    1/2})^2` and the width :math:`\tau = (\sqrt{N - 1/2} - \sqrt{M - 1/2}) ((M - 1/2)^{-1/2} - (N -
    1/2)^{-1/2})^{1/3} / \mu`. Of a square matrix :math:`x = N \lambda_{min} / \sigma^2` has the
    distribution :math:`1 - e^{-x/2 - \sqrt x}`. With the variance of
    :func:`spectra.noise.bulk.estimate` a test at 5 % rejects 4 to 5 % of noise matrices of seven
    shapes from 60 x 20 to 1000 x 100 and 110 x 100, and 1 % of 400 x 300. Between the two laws, a
    column or two from square, larger p-values are too small: 71 % of those of 101 x 100 are below
    0.5.

    Examples
    --------
    >>> import numpy as np
    >>> W = np.random.default_rng(0).standard_normal((400, 200))
    >>> p_value(np.linalg.eigvalsh(W.T @ W), 400, variance=1.0) > 0.05
    True
    >>> W[:, 0] *= 0.2
    >>> p_value(np.linalg.eigvalsh(W.T @ W), 400, variance=1.0) < 1e-6
    True
    """
    _checks.number("variance", variance, above=0)
    values, N = nonzero(eigenvalues, N)
    _checks.count("num_spikes", num_spikes, at_least=0, at_most=len(values))
    rows, columns = N - num_spikes, len(values) - num_spikes
    if columns < FEWEST_IN_BULK:
        return math.nan
    smallest = float(values[0]) / variance
    if rows == columns:
        x = rows * smallest
        return -math.expm1(-x / 2 - math.sqrt(x))
    centre, width = _scale(rows, columns)
    return float(_tw.sf((centre - math.log(smallest)) / width))


def _scale(N: int, M: int) -> tuple[float, float]:
    """Return centre and width of the law of the logarithm of the smallest eigenvalue."""
    longer, shorter = math.sqrt(N - 0.5), math.sqrt(M - 0.5)
    middle = (longer - shorter) ** 2
    width = (longer - shorter) * (1 / shorter - 1 / longer) ** (1 / 3) / middle
    return math.log(middle) + width**2 / 8, width


def isf(q: float, N: int, M: int, /) -> float:
    """
    Return the smallest eigenvalue that noise exceeds with a probability.

    Parameters
    ----------
    q : float
        Probability of a larger smallest eigenvalue, above 0 and below 1.
    N, M : int
        Longer and shorter side of the matrix.

    Returns
    -------
    float
        Smallest eigenvalue of ``W.T @ W``, over the variance of the elements.

    Raises
    ------
    ArgumentError
        If `q` is not between 0 and 1, or the sides are not whole numbers from 1, N at least M.

    Examples
    --------
    >>> round(isf(0.5, 400, 200), 1)
    36.5
    """
    _checks.share("q", q)
    _checks.count("M", M)
    _checks.count("N", N, at_least=M)
    if N == M:
        root = math.sqrt(1 - 2 * math.log(q)) - 1  # of x / 2 + sqrt(x) = -ln q
        return root**2 / N
    centre, width = _scale(N, M)
    return math.exp(centre - width * float(_tw.isf(1 - q)))
