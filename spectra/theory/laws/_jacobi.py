"""Wachter's law, the limit of eigenvalues that compare two matrices of noise (MANOVA)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

import spectra._checks as _checks
from spectra.errors import ArgumentError
from spectra.theory import ensembles
from spectra.theory.laws._law import Law

if TYPE_CHECKING:
    from spectra._typing import AnyArray, FloatArray

__all__ = ["jacobi"]


def jacobi(first: float, second: float, /, *, beta: float = 1.0) -> Law:
    r"""
    Make Wachter's law, the law of :math:`A (A + B)^{-1}` for A and B of two matrices of noise.

    Parameters
    ----------
    first, second : float
        Columns over rows of the first and of the second matrix: ``n / m1`` and ``n / m2`` of
        ``ensembles.jacobi((n, m1, m2))``. Both matrices together have more rows than columns:
        ``1 / first + 1 / second > 1``.
    beta : float, default: 1.0
        Index of the model's repulsion: 1 for real, 2 for complex matrices.

    Returns
    -------
    Law
        The law of numbers from 0 to 1. A `first` above 1 makes an atom at 0 of
        ``1 - 1 / first``, a `second` above 1 one at 1 of ``1 - 1 / second``. Its model are the
        eigenvalues of :func:`spectra.theory.ensembles.jacobi`.

    Raises
    ------
    ArgumentError
        If an argument is not a number above 0, or there are too few rows.

    See Also
    --------
    marchenko_pastur : The law of A alone, which this law tends to for a `second` close to 0.

    Notes
    -----
    With the shares :math:`p = m_1 / (m_1 + m_2)` and :math:`q = n / (m_1 + m_2)` the edges are
    :math:`\bigl(\sqrt{p (1 - q)} \pm \sqrt{q (1 - p)}\bigr)^2`, and

    .. math:: G(z) = \frac{1}{z} \Bigl(1 + \frac{2 p}{z - p - q
              + \sqrt{(z - \lambda_-)(z - \lambda_+)}}\Bigr),
              \qquad S(z) = \frac{1 + q z}{p + q z}.

    The product of two free projections of the ranks p and q has the same eigenvalues, and zeros.

    References
    ----------
    Wachter (1980), doi:10.1214/aos/1176345134. Collins (2005), doi:10.1007/s00440-005-0428-5, for
    the product of projections.

    Examples
    --------
    >>> law = jacobi(0.5, 0.25)
    >>> [round(edge, 6) for edge in law.edges], law.moments(1).round(9)
    ([0.037525, 0.740253], array([0.33333333]))
    >>> jacobi(2.0, 0.5).atoms
    ((0.0, 0.5),)
    """
    for name, value in (("first", first), ("second", second), ("beta", beta)):
        _checks.number(name, value, above=0)
    c, d = float(first), float(second)
    if not 1 / c + 1 / d > 1:
        msg = (
            "`first` and `second` must leave more rows than columns, with 1 / first + 1 / second "
            f"above 1, got {first!r} and {second!r}"
        )
        raise ArgumentError(msg)
    both = c + d
    p, q = d / both, c * d / both
    low, high = _edges(c, d)

    def transform(z: AnyArray) -> AnyArray:
        # two forms of each solution of a quadratic equation: the one without cancellation
        ahead, root = z - p - q, np.sqrt(z - low) * np.sqrt(z - high)
        plus, minus = ahead + root, root - ahead
        psi = np.where(abs(plus) >= abs(minus), 2 * p * q / plus, minus / (2 * (z - 1)))
        to_p, to_q = p + psi, q + psi
        found = np.where(abs(to_p) >= abs(to_q), psi * (1 + psi) / to_p, to_q / z) / q
        return np.asarray(found)

    def model(size: int, num: int, rng: np.random.Generator) -> FloatArray:
        rows = max(round(size / c), 1), max(round(size / d), 1)
        return _drawn(size, max(rows[0], size - rows[1]), rows[1], beta, num, rng)

    atoms = ((0.0, 1 - 1 / c),) if c > 1 else ()
    return Law(
        f"Wachter's law of the ratios {c:g} and {d:g}",
        ((low, high),),
        transform,
        atoms=(*atoms, (1.0, 1 - 1 / d)) if d > 1 else atoms,
        model=model,
        s_transform=lambda z: np.where((1 + c * z > 0), (1 + q * z) / (p + q * z), np.nan),
        beta=float(beta),
    )


def _edges(c: float, d: float) -> tuple[float, float]:
    """Return the edges, with the distances from 0 and from 1 exact where they are small."""
    both = c + d
    p, q, others = d / both, c * d / both, (c + d - c * d) / both
    root, beside = math.sqrt(p * others), math.sqrt(q * c / both)
    below, above = (root - beside) ** 2, (root + beside) ** 2
    low = (p * (1 - c)) ** 2 / above
    if above > 0.5:
        above = 1 - (c / both * (1 - d)) ** 2 / (1 - below)
    return low, above


def _drawn(
    n: int, first: int, second: int, beta: float, num: int, rng: np.random.Generator
) -> FloatArray:
    """Draw n eigenvalues of each of num pairs, of which either matrix may have fewer than n rows.

    The eigenvalues other than 0 and 1 are squared cosines between a subspace of n and one of
    `first` dimensions, or 1 minus those of a complement; there are as many as the least dimension.
    """
    rest = first + second - n
    sides = {
        n: ((n, first, second), False),
        first: ((first, n, rest), False),
        second: ((second, n, rest), True),
        rest: ((rest, first, second), True),
    }
    least = min(sides)
    found = np.zeros((num, n))
    found[:, n - max(n - second, 0) :] = 1.0
    if least:
        shape, mirrored = sides[least]
        inner = ensembles.jacobi(shape, beta=beta, num=num, rng=rng)
        start = max(n - first, 0)
        found[:, start : start + least] = 1 - inner[:, ::-1] if mirrored else inner
    return found
