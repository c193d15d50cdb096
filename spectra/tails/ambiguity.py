"""
Local minima of D(xmin): tails that fit nearly as well as the best, and a test of ambiguity.

The fitted tail has the smallest distance, but a spectrum may have several tails that fit nearly as
well with other exponents. Then alpha is ambiguous, however small its standard error.
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

SHORTEST = 10  # fewest data in a tail for a meaningful standard error


class Minima(NamedTuple):
    """
    Local minima of D as a function of xmin, by ascending xmin.

    Examples
    --------
    >>> Minima._fields
    ('xmin', 'alpha', 'sigma', 'D', 'num_tail', 'plausible')
    """

    xmin: FloatArray
    """Starts of the tails."""
    alpha: FloatArray
    """Exponents of the tails."""
    sigma: FloatArray
    """Asymptotic standard errors of alpha."""
    D: FloatArray
    """Kolmogorov-Smirnov distances, smaller than the distances of both neighbours."""
    num_tail: FloatArray
    """Numbers of data in the tails."""
    plausible: AnyArray
    """Whether a test at 10 % does not reject the power law."""


def local_minima(
    eigenvalues: npt.ArrayLike, /, *, plausible: bool = False, **options: Unpack[FitOptions]
) -> Minima:
    r"""
    Find all local minima of the distance D as a function of the threshold xmin.

    Parameters
    ----------
    eigenvalues : array_like, shape (n,), or Spectrum
        Data in any order; zeros are left out.
    plausible : bool, default: False
        Whether only the plausible minima and the fit are needed, as by :func:`rival`. They are
        found in a fraction of the time, and others may be missing.
    **options
        Options of the fit, as in :func:`spectra.tails.power_law.fit`.

    Returns
    -------
    Minima
        Local minima, of which the smallest is the fit; of equal neighbours, the first.

    Raises
    ------
    ArgumentError
        If `eigenvalues` is not one-dimensional or a keyword is wrong.

    See Also
    --------
    spectra.tails.power_law.scan : Distance for every threshold.

    Notes
    -----
    The search takes :math:`O(n^2)` time. Most minima are fluctuations between neighbouring data: a
    true power law has one per five data. `plausible` is the test of
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
    every = scan(eigenvalues, plausible=plausible, **options)
    padded = np.concatenate([[np.inf], every.D, [np.inf]])
    before, here, after = padded[:-2], padded[1:-1], padded[2:]
    lowest = (here < before) & (here <= after)
    found = Scan(*(values[lowest & np.isfinite(every.alpha)] for values in every))
    kept = stephens(found.D, found.num_tail) <= STEPHENS_AT_10
    return Minima(found.xmin, found.alpha, found.sigma, found.D, found.num_tail, kept)


def rival(minima: Minima, /, *, errors: float = 2.5) -> float:
    """
    Find the exponent of another plausible tail, if two plausible exponents differ.

    Parameters
    ----------
    minima : Minima
        All local minima, from :func:`local_minima`.
    errors : float, default: 2.5
        Number of combined standard errors by which two exponents must differ.

    Returns
    -------
    float
        Of the two plausible exponents that differ most, in units of their combined standard error,
        the one further from the exponent of the best fit; ``nan`` if none differ by more than
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
