"""
Minima of D(xmin): the tails that fit nearly as well as the best, and whether they agree.

The fitted tail is the one of smallest distance, but a spectrum may have several that are as good,
with other exponents. Then alpha is ambiguous, however small its standard error.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from spectra.tails.log_excess import STEPHENS_AT_10, stephens
from spectra.tails.power_law import Scan, scan

if TYPE_CHECKING:
    from typing import Unpack

    import numpy.typing as npt

    from spectra._typing import AnyArray, FloatArray
    from spectra.tails.options import FitOptions

__all__ = ["Minima", "local_minima", "rival"]

SHORTEST = 10  # data in a tail for its standard error to mean anything


class Minima(NamedTuple):
    """
    The local minima of D as a function of xmin, by ascending xmin.

    Examples
    --------
    >>> Minima._fields
    ('xmin', 'alpha', 'sigma', 'D', 'num_tail', 'plausible')
    """

    xmin: FloatArray
    """Where the tails start."""
    alpha: FloatArray
    """Their exponents."""
    sigma: FloatArray
    """Their asymptotic standard errors."""
    D: FloatArray
    """Their Kolmogorov-Smirnov distances, smaller than those of both neighbours."""
    num_tail: FloatArray
    """Numbers of data in them."""
    plausible: AnyArray
    """Whether a test at the 10 % level does not tell the tail from a power law."""


def local_minima(eigenvalues: npt.ArrayLike, /, **options: Unpack[FitOptions]) -> Minima:
    r"""
    Find all local minima of the distance as a function of the threshold.

    Parameters
    ----------
    eigenvalues : array_like, shape (n,), or Spectrum
        Data in any order; zeros are left out.
    **options
        As in :func:`spectra.tails.power_law.fit`.

    Returns
    -------
    Minima
        Of which the smallest is the fit; of equal neighbours, the one that starts first.

    Raises
    ------
    ArgumentError
        If `eigenvalues` is not one-dimensional or a keyword is wrong.

    See Also
    --------
    spectra.tails.power_law.scan : The distance for every threshold.

    Notes
    -----
    Takes :math:`O(n^2)` time. Most minima are ripples between neighbouring data: a true power law
    has one for every five data. `plausible` is the test of
    :func:`spectra.tails.log_excess.stephens`.

    Examples
    --------
    >>> import numpy as np
    >>> from spectra.tails.power_law import fit
    >>> x = np.random.default_rng(0).pareto(1.5, 300) + 1
    >>> found = local_minima(x)
    >>> bool(found.xmin[found.D.argmin()] == fit(x).xmin)
    True
    """
    every = scan(eigenvalues, **options)
    padded = np.concatenate([[np.inf], every.D, [np.inf]])
    before, here, after = padded[:-2], padded[1:-1], padded[2:]
    lowest = (here < before) & (here <= after)
    found = Scan(*(values[lowest & np.isfinite(every.alpha)] for values in every))
    plausible = stephens(found.D, found.num_tail) <= STEPHENS_AT_10
    return Minima(found.xmin, found.alpha, found.sigma, found.D, found.num_tail, plausible)


def rival(minima: Minima, /, *, errors: float = 2.5) -> float:
    """
    Find a tail that is plausible too and has another exponent.

    Parameters
    ----------
    minima : Minima
        All of them.
    errors : float, default: 2.5
        How many combined standard errors two exponents must differ by.

    Returns
    -------
    float
        Of the two plausible minima that differ most, in units of their combined standard error,
        the exponent of the one further from the best fit's; ``nan`` if none differ by more than
        `errors`: alpha is not ambiguous.

    Notes
    -----
    Minima with fewer than 10 data in the tail are left out.

    Examples
    --------
    >>> import numpy as np
    >>> rival(local_minima(np.random.default_rng(0).pareto(1.5, 300) + 1))
    nan
    """
    usable = minima.plausible & (minima.num_tail >= SHORTEST)
    if usable.sum() < 2:
        return float("nan")
    alpha, sigma = minima.alpha[usable], minima.sigma[usable]
    apart = np.abs(alpha[:, None] - alpha) / np.hypot(sigma[:, None], sigma)
    if apart.max() <= errors:
        return float("nan")
    pair = alpha[list(np.unravel_index(apart.argmax(), apart.shape))]
    best = minima.alpha[minima.D.argmin()]
    return float(pair[np.abs(pair - best).argmax()])
