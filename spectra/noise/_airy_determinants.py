r"""
The Tracy-Widom laws as Fredholm determinants, computed by Gauss-Legendre quadrature.

With the kernel :math:`B_s(x, y) = Ai(x + y + s)` on the positive half-line and
:math:`D_\mp(s) = \det(1 \mp B_s)`, the distribution functions are
:math:`F_1(s) = D_-(s)`, :math:`F_2(s) = D_-(s) D_+(s)` and
:math:`F_4(s) = (D_-(\sqrt2 s) + D_+(\sqrt2 s)) / 2`. The kernel becomes a matrix, whose
eigenvalues :math:`b_i` give :math:`\ln D_\mp = \sum_i \ln(1 \mp b_i)`. With
:math:`m = \ln(D_- D_+) / 2` and :math:`d = \ln(D_+ / D_-) / 2` there is no loss of digits in
:math:`1 - F_4 = -e^m \cosh d + 1` where it is small.
"""

from __future__ import annotations

import math
from functools import cache, lru_cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from spectra._typing import FloatArray

__all__ = ["height", "log_cdf", "stretch"]

_NODES = 48
_END = 16.0  # of the half-line: Ai falls as exp(-2/3 x**1.5), and is 1e-19 at 16
_LOWEST, _HIGHEST = -12.0, 100.0  # the cdf is below 1e-27 at the one; Ai is 0 beyond the other


@cache
def _nodes() -> tuple[FloatArray, FloatArray]:
    """Return the sums x + y of the quadrature nodes, and the roots of the products of weights."""
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    x = _END * (nodes + 1) / 2
    root = np.sqrt(_END / 2 * weights)
    return np.add.outer(x, x), np.multiply.outer(root, root)


def stretch(beta: int) -> float:
    """Return the number by which an argument of the law is multiplied for the kernel."""
    return math.sqrt(2) if beta == 4 else 1.0


@lru_cache(maxsize=4096)
def log_cdf(s: float, beta: int) -> float:
    """Return ln F, exact relative to 1 - F where that is small."""
    from scipy.special import airy

    s *= stretch(beta)
    if not _LOWEST <= s <= _HIGHEST:
        return 0.0 if s > 0 else -math.inf
    sums, weights = _nodes()
    b = np.linalg.eigvalsh(airy(sums + s)[0] * weights)
    if beta == 1:
        return float(np.sum(np.log1p(-b)))
    if beta == 2:
        return float(np.sum(np.log1p(-(b**2))))
    m, d = float(np.sum(np.log1p(-(b**2)))) / 2, float(np.sum(np.arctanh(b)))
    missing = -math.expm1(m) * math.cosh(d) - 2 * math.sinh(d / 2) ** 2
    return math.log1p(-max(missing, 0.0)) if missing < 0.5 else m + math.log(math.cosh(d))


def height(s: float, beta: int) -> float:
    """Return the density, the derivative of F."""
    from scipy.special import airy

    s *= stretch(beta)
    if not _LOWEST <= s <= _HIGHEST:
        return 0.0
    sums, weights = _nodes()
    value, slope = (function * weights for function in airy(sums + s)[:2])
    one = np.eye(_NODES)
    if beta == 1:
        return -math.exp(log_cdf(s, 1)) * float(np.trace(np.linalg.solve(one - value, slope)))
    solved = np.linalg.solve(one - value @ value, slope)
    d_slope, m_slope = float(np.trace(solved)), -float(np.sum(value * solved.T))
    if beta == 2:
        return math.exp(log_cdf(s, 2)) * 2 * m_slope
    b = np.linalg.eigvalsh(value)
    m, d = float(np.sum(np.log1p(-(b**2)))) / 2, float(np.sum(np.arctanh(b)))
    return stretch(4) * math.exp(m) * (m_slope * math.cosh(d) + d_slope * math.sinh(d))
