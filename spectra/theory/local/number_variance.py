r"""
Number variance: the variance of the number of eigenvalues in an interval of a given length.

Of independent numbers it is the length itself; of random matrices it grows as
:math:`\frac{2}{\beta \pi^2} \ln L`, because the eigenvalues hold each other in place. With the
two-level cluster function :math:`Y_2 = 1 - R_2` it is

.. math:: \Sigma^2(L) = L - 2 \int_0^L (L - r)\, Y_2(r)\, dr.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

import spectra._checks as _checks
from spectra.theory.local._arguments import ascending, known_beta, lengths_of
from spectra.theory.local._intervals import Intervals, over_draws

if TYPE_CHECKING:
    import numpy.typing as npt

    from spectra._typing import FloatArray

__all__ = ["expected", "measure"]


def expected(lengths: npt.ArrayLike, /, *, beta: int = 1) -> FloatArray:
    r"""
    Compute the number variance in a large random matrix.

    Parameters
    ----------
    lengths : array_like
        Lengths of the intervals, in mean spacings.
    beta : {0, 1, 2, 4}, default: 1
        0 for independent numbers, 1 for real matrices, 2 for complex ones, 4 for quaternions.

    Returns
    -------
    ndarray
        Number variances, of the shape of `lengths`.

    Raises
    ------
    ArgumentError
        If a length is negative or not finite, or `beta` is not 0, 1, 2 or 4.

    Notes
    -----
    The integrals are closed:
    :math:`\pi^2 \Sigma^2_2(L) = \ln(2 \pi L) + \gamma + 1 - \cos(2 \pi L) - Ci(2 \pi L)
    + \pi^2 L (1 - \frac{2}{\pi} Si(2 \pi L))`,
    :math:`\Sigma^2_1(L) = 2 \Sigma^2_2(L) + (Si(\pi L) / \pi)^2 - Si(\pi L) / \pi` and
    :math:`\Sigma^2_4(L) = \Sigma^2_2(2L) / 2 + (Si(2 \pi L) / (2 \pi))^2`.

    References
    ----------
    Mehta (2004), Random Matrices, chapter 16; Guhr, Mueller-Groeling & Weidenmueller (1998),
    doi:10.1016/S0370-1573(97)00088-4.

    Examples
    --------
    >>> expected([0.0, 1.0, 10.0]).round(5)
    array([0.     , 0.44633, 0.90869])
    """
    from scipy.special import sici

    L = lengths_of(lengths)
    if known_beta(beta) == 0:
        return L
    if beta == 2:
        return _complex(L)
    within: FloatArray = sici(np.pi * L * (2 if beta == 4 else 1))[0] / np.pi
    if beta == 1:
        return 2 * _complex(L) + within**2 - within
    return _complex(2 * L) / 2 + within**2 / 4


def _complex(L: FloatArray) -> FloatArray:
    """Return the number variance of complex matrices."""
    from scipy.special import sici

    x = 2 * np.pi * np.where(L > 0, L, 1.0)
    sine, cosine = sici(x)
    logs = np.log(x) + np.euler_gamma - cosine + 2 * np.sin(x / 2) ** 2
    found = logs / np.pi**2 + x / (2 * np.pi) * (1 - 2 / np.pi * sine)
    return np.where(L > 0, found, 0.0)


def measure(
    unfolded: npt.ArrayLike, lengths: npt.ArrayLike, /, *, intervals: int = 1000
) -> tuple[FloatArray, FloatArray]:
    """
    Compute the number variance of unfolded eigenvalues, and its standard error.

    Parameters
    ----------
    unfolded : array_like, shape (..., n)
        Unfolded eigenvalues, in any order; leading axes are draws. Cut off the ends of the
        spectrum, where neighbours do not lie as inside it.
    lengths : array_like
        Lengths of the intervals, in mean spacings.
    intervals : int, default: 1000
        Number of intervals of each length, spread evenly over each draw.

    Returns
    -------
    value : ndarray
        Mean over intervals and draws of (number - length)**2, of the shape of `lengths`; ``nan``
        for lengths beyond the range of the eigenvalues.
    error : ndarray
        Standard error of the mean over draws, ``nan`` for one draw.

    Raises
    ------
    ArgumentError
        If `unfolded` is one number, a length is negative or not finite, or `intervals` is not a
        whole number from 1.

    See Also
    --------
    spectra.theory.local.unfolding : Unfold eigenvalues; what an unfolding follows is lost here.

    Examples
    --------
    >>> import numpy as np
    >>> draws = np.random.default_rng(0).uniform(0, 200, (50, 200))
    >>> value, error = measure(draws, [1.0, 4.0])
    >>> abs(value - expected([1.0, 4.0], beta=0)) < 4 * error
    array([ True,  True])
    """
    _checks.count("intervals", intervals)
    draws, L = ascending(unfolded, "unfolded"), lengths_of(lengths)

    def squares(found: Intervals) -> FloatArray:
        off: FloatArray = found.counts - found.length
        return off**2

    return over_draws(squares, draws, L, int(intervals))
