r"""
Exponent alpha of the spectrum of a matrix whose elements have the tail index mu.

The elements are independent, and one of them is above x with a probability that falls like
:math:`x^{-\mu}`. Theory gives the exponent of a matrix without end, and simulation the exponent
that is fitted to a matrix of a given size. From :math:`\mu = 2` on the two have little in common.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple, get_args

import numpy as np

import spectra._checks as _checks
from spectra.errors import ArgumentError
from spectra.linalg.eigen import eigenvalues
from spectra.tails import power_law
from spectra.theory import ensembles

if TYPE_CHECKING:
    import numpy.typing as npt

    from spectra._typing import FloatArray

__all__ = ["Elements", "Exponents", "Fitted", "exponents", "fitted"]

Elements = Literal["symmetric_pareto", "pareto", "student_t", "levy"]
"""Laws of the elements, functions of :mod:`spectra.theory.ensembles`."""

_GAUSSIAN = 100.0  # elements of a larger tail index are drawn from a normal law


class Exponents(NamedTuple):
    """
    Exponents of the density of eigenvalues in the limit of large size.

    Examples
    --------
    >>> Exponents._fields
    ('bulk', 'largest')
    """

    bulk: FloatArray
    """Exponent of the law of all eigenvalues; ``inf`` for a law that ends."""
    largest: FloatArray
    """Exponent of the few largest eigenvalues; ``inf`` where they stay at the end of the law."""


class Fitted(NamedTuple):
    """
    Exponents alpha that are fitted to matrices of a finite size.

    Examples
    --------
    >>> Fitted._fields
    ('mean', 'std', 'alpha')
    """

    mean: FloatArray
    """Means over the matrices, one per tail index."""
    std: FloatArray
    """Standard deviations of one matrix; ``nan`` if only one was drawn."""
    alpha: FloatArray
    """Exponent of every matrix, with the matrices along the last axis."""


def _indices(mu: npt.ArrayLike) -> FloatArray:
    found = _checks.real_numbers(mu, "mu")
    if not (found > 0).all():
        msg = f"`mu` must be above 0, got {mu!r}"
        raise ArgumentError(msg)
    return found


def exponents(mu: npt.ArrayLike, /) -> Exponents:
    r"""
    Compute the exponents of a spectrum in theory, from the tail index of the elements.

    Parameters
    ----------
    mu : array_like
        Tail indices of the elements, above 0; ``inf`` for elements without a power law.

    Returns
    -------
    Exponents
        :math:`1 + \mu/2` of all eigenvalues for :math:`\mu < 2`, and of the largest eigenvalues for
        :math:`\mu < 4`; ``inf`` above. Neither depends on the ratio of the sides.

    Raises
    ------
    ArgumentError
        If `mu` is not above 0.

    See Also
    --------
    spectra.tails.exponents.convert : Convert mu into the exponent of the elements' own density.

    References
    ----------
    Belinschi, Dembo & Guionnet (2009), doi:10.1007/s00220-009-0822-4, for :math:`\mu < 2`;
    Auffinger, Ben Arous & Peche (2009), doi:10.1214/08-AIHP188, for the largest eigenvalues; Martin
    & Mahoney (2021), JMLR 22(165), table 1.

    Examples
    --------
    >>> found = exponents([1.0, 3.0, 5.0])
    >>> found.bulk, found.largest
    (array([1.5, inf, inf]), array([1.5, 2.5, inf]))
    """
    index = _indices(mu)
    power = 1 + index / 2
    bulk = np.where(index < 2, power, np.inf)
    return Exponents(bulk, np.where(index < 4, power, np.inf))


def fitted(
    mu: npt.ArrayLike,
    shape: tuple[int, int],
    /,
    *,
    elements: Elements = "symmetric_pareto",
    num: int = 6,
    rng: int | np.random.Generator | None = None,
) -> Fitted:
    r"""
    Measure the alpha that is fitted to random matrices with elements of given tail indices.

    Parameters
    ----------
    mu : array_like
        Tail indices of the elements, above 0; elements above 100 are normal.
    shape : (int, int)
        Rows and columns.
    elements : {"symmetric_pareto", "pareto", "student_t", "levy"}, default: "symmetric_pareto"
        Law of the elements. Levy elements have tail indices below 2 only.
    num : int, default: 6
        Number of matrices per tail index.
    rng : int, numpy.random.Generator or None, default: None
        Seed or generator of the random numbers; None draws different ones each time.

    Returns
    -------
    Fitted
        Mean, spread and single values of alpha, each beginning with the axes of `mu`. The alpha of
        a matrix without a fit is ``nan``, as of one with a handful of eigenvalues, and so are the
        mean and the spread of its tail index.

    Raises
    ------
    ArgumentError
        If an argument is out of range.

    Notes
    -----
    Alpha is that of :func:`spectra.tails.power_law.fit` with its defaults. The page on tail indices
    has a table.

    Examples
    --------
    >>> found = fitted([0.5, 3.0], (200, 100), rng=0)
    >>> found.mean.round(1), found.alpha.shape
    (array([1.2, 3.4]), (2, 6))
    """
    index = _indices(mu)
    _checks.choice("elements", elements, get_args(Elements))
    _checks.count("num", num)
    random = _checks.generator(rng)
    alpha = np.empty((*index.shape, num))
    for place in np.ndindex(*index.shape):
        for i in range(num):
            W = _drawn(float(index[place]), shape, elements, random)
            alpha[(*place, i)] = power_law.fit(eigenvalues(W)).alpha
    spread = alpha.std(axis=-1, ddof=1) if num > 1 else np.full(index.shape, np.nan)
    return Fitted(alpha.mean(axis=-1), spread, alpha)


def _drawn(
    mu: float, shape: tuple[int, int], elements: Elements, random: np.random.Generator
) -> FloatArray:
    """Return a matrix of elements of a tail index."""
    if mu > _GAUSSIAN:
        return ensembles.gaussian(shape, rng=random).W
    if elements == "student_t":
        return ensembles.student_t(shape, df=mu, rng=random).W
    draw = {"pareto": ensembles.pareto, "levy": ensembles.levy}.get(
        elements, ensembles.symmetric_pareto
    )
    return draw(shape, mu=mu, rng=random).W
