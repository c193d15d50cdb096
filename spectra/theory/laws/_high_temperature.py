"""The Marchenko-Pastur law at a high temperature, where eigenvalues hardly repel each other."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import spectra._checks as _checks
from spectra.errors import ArgumentError
from spectra.theory import ensembles
from spectra.theory.laws._associated import associated_laguerre
from spectra.theory.laws._law import Law

if TYPE_CHECKING:
    import numpy as np

    from spectra._typing import AnyArray, FloatArray

__all__ = ["MOST", "MOST_LEVELS", "high_temperature", "least"]

MOST = 200.0  # repulsion, above which the edges are too sharp for the integrals
MOST_LEVELS = 4000.0  # repulsion over ratio; the time grows with it
_LEAST = 0.1  # twice the power of the distribution function at 0


def least(ratio: float) -> float:
    """Return the least repulsion at which no share of the law is below 1e-300."""
    return _LEAST / (1 / ratio - 1)


def high_temperature(ratio: float, /, *, repulsion: float, mean: float = 1.0) -> Law:
    r"""
    Make the Marchenko-Pastur law at high temperature (HTMP), whose eigenvalues hardly repel.

    Parameters
    ----------
    ratio : float
        Columns over rows, between 0 and 1.
    repulsion : float
        Index beta of the repulsion times the number of eigenvalues, :math:`\kappa = \beta n`.
    mean : float, default: 1.0
        Mean of the law.

    Returns
    -------
    Law
        The law of numbers from 0 up. Its model are the eigenvalues of
        :func:`spectra.theory.ensembles.laguerre` of ``beta = repulsion / size``. Its
        :meth:`~Law.inverse` has the power law :math:`x^{-\alpha}` at the upper end, with
        :math:`\alpha = 1 + \kappa (1 / \gamma - 1) / 2`, and :math:`\gamma` the ratio.

    Raises
    ------
    ArgumentError
        If an argument is out of range: the repulsion is at most 200, and 4,000 times the ratio, and
        at least ``0.1 / (1 / ratio - 1)``.

    See Also
    --------
    fit_high_temperature : Fit the law to eigenvalues.
    marchenko_pastur : The limit of a large repulsion.

    Notes
    -----
    With :math:`b = \kappa / 2`, :math:`c = b / \gamma`, :math:`a = c - b - 1` and
    :math:`y = c x / \text{mean}` the density of y is

    .. math:: \frac{y^a e^{-y}}{\Gamma(b + 1) \Gamma(c) |U(b, -a, -y)|^2},

    with Tricomi's function U: the measure of the associated Laguerre polynomials with levels
    :math:`n + b`. For b to 0 at a fixed a it becomes the gamma law of the shape a + 1; for b to
    infinity it becomes the Marchenko-Pastur law. U is computed to 1e-11, by an integral and
    recurrences. Shares are exact to 1e-10 up to a repulsion of 100, and to 1e-7 up to 200.

    Hodgkinson and others propose the inverse law for trained layers: it has a power law with
    an exponent of any size. A matrix of independent elements has beta of 1, so a repulsion
    as large as its size; no ensemble of matrices proper is known that has this law, and a good fit
    says nothing of the cause.

    References
    ----------
    Allez, Bouchaud, Majumdar & Vivo (2013), doi:10.1088/1751-8113/46/1/015001. Trinh & Trinh
    (2021), arXiv:1907.12267. Hodgkinson and others (2025), arXiv:2506.03470.

    Examples
    --------
    >>> law = high_temperature(0.5, repulsion=4.0)
    >>> law.pdf([0.1, 1.0]).round(6), law.inverse().alpha
    (array([0.957007, 0.365853]), 3.0)
    """
    _checks.number("ratio", ratio, above=0, below=1)
    _checks.number("repulsion", repulsion, above=0)
    _checks.number("mean", mean, above=0)
    g, m, b = float(ratio), float(mean), float(repulsion) / 2
    c = b / g
    kappa = 2 * b
    if not (least(g) <= kappa <= min(MOST, MOST_LEVELS * g)):
        msg = (
            f"`repulsion` must be from {least(g):.3g} to {min(MOST, MOST_LEVELS * g):.3g} at a "
            f"ratio of {g:g}, got {repulsion!r}; above, `marchenko_pastur` is as good, and below, "
            "numbers of the law are too small for float64"
        )
        raise ArgumentError(msg)

    def transform(z: AnyArray) -> AnyArray:
        return associated_laguerre(z / m * c, b, c) / m * c

    def model(size: int, num: int, rng: np.random.Generator) -> FloatArray:
        rows = max(round(size / g), size)
        beta = kappa / size
        drawn = ensembles.laguerre((rows, size), beta=beta, num=num, rng=rng)
        return drawn / rows * m

    return Law(
        f"Marchenko-Pastur law of ratio {g:g} and mean {m:g} at a repulsion of {kappa:g}",
        ((0.0, math.inf),),
        transform,
        middle=m,
        power=c - b - 1,
        model=model,
    )
