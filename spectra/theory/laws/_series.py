"""Moments of a free product from those of its factors, by power series."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from spectra._typing import FloatArray

__all__ = ["product_moments"]


def product_moments(a: FloatArray, b: FloatArray) -> FloatArray:
    r"""
    Return the moments of the free product of laws with these moments, the first of each not 0.

    The inverse :math:`\chi` of :math:`\psi(u) = \sum_k m_k u^k` gives
    :math:`S(z) = \chi(z) (1 + z) / z`, and S of the product is the product of both (Voiculescu
    1987).
    """
    num = len(a)
    chi = np.convolve(_reversed(a), _reversed(b))[:num]  # of chi(z) / z
    both = np.convolve(chi, [1.0, 1.0])[:num]  # times 1 + z, since S has it twice and chi once
    return _reversed(both)


def _reversed(f: FloatArray) -> FloatArray:
    """Return the coefficients of the inverse of a series without a constant (Lagrange)."""
    num = len(f)
    quotient = np.zeros(num)  # z / f(z)
    quotient[0] = 1 / f[0]
    for k in range(1, num):
        quotient[k] = -quotient[0] * np.dot(f[1 : k + 1][::-1], quotient[:k])
    power, found = np.zeros(num), np.empty(num)
    power[0] = 1.0
    for n in range(1, num + 1):
        power = np.convolve(power, quotient)[:num]
        found[n - 1] = power[n - 1] / n
    return found
