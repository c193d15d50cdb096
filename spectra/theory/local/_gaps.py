r"""
Probability that an interval holds no eigenvalue, as Fredholm determinants of the sine kernel.

On even and odd functions the kernel :math:`S(x - y)`, :math:`S(x) = \sin(\pi x) / (\pi x)`, of an
interval of length s is :math:`S(x - y) \pm S(x + y)` on its half. With the determinants
:math:`D_\pm(s)` the probabilities are :math:`D_+(s)` (beta 1), :math:`D_+(s) D_-(s)` (2) and
:math:`(D_+(2s) + D_-(2s)) / 2` (4). Their slope is minus the survival function of the spacing.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from spectra._typing import FloatArray

__all__ = ["END", "polynomials"]

END = {1: 10.0, 2: 7.0, 4: 5.0}
"""Spacing for each beta beyond which the survival function is below 1e-20."""

_NODES = 40
_DEGREE = 80


@cache
def _pairs() -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return differences and sums of the nodes of an interval of length 1/2, and weights."""
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    x = (nodes + 1) / 4
    root = np.sqrt(weights / 4)
    return np.subtract.outer(x, x), np.add.outer(x, x), np.multiply.outer(root, root)


def _determinant(s: float, sign: int) -> tuple[float, float]:
    """Return the determinant on even or odd functions, and its slope."""
    differences, sums, weights = _pairs()
    kernel = s * (np.sinc(s * differences) + sign * np.sinc(s * sums)) * weights
    slope = (np.cos(np.pi * s * differences) + sign * np.cos(np.pi * s * sums)) * weights
    rest = np.eye(_NODES) - kernel
    value = float(np.linalg.det(rest))
    return value, -value * float(np.trace(np.linalg.solve(rest, slope)))


def _slope(s: float, beta: int) -> float:
    """Return the slope of the probability of no eigenvalue in an interval of length s."""
    even, even_slope = _determinant(2 * s if beta == 4 else s, 1)
    if beta == 1:
        return even_slope
    odd, odd_slope = _determinant(2 * s if beta == 4 else s, -1)
    return even_slope * odd + even * odd_slope if beta == 2 else even_slope + odd_slope


@cache
def polynomials(beta: int) -> tuple[np.polynomial.Chebyshev, np.polynomial.Chebyshev]:
    """Return the survival function and the density of the spacing, as polynomials up to the end."""
    survival = np.polynomial.Chebyshev.interpolate(
        lambda s: np.array([-_slope(x, beta) for x in s.tolist()]), _DEGREE, domain=[0, END[beta]]
    )
    return survival, -survival.deriv()
