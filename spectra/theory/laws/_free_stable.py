"""Free stable laws: what sums of independent, rotated matrices with heavy tails tend to."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

import spectra._checks as _checks
from spectra.errors import ArgumentError
from spectra.theory.laws._closed import cauchy, semicircle
from spectra.theory.laws._law import Law
from spectra.theory.laws._subordination import fixed_points

if TYPE_CHECKING:
    from spectra._typing import AnyArray, FloatArray

__all__ = ["free_stable"]

_LEAST = 0.1  # index, below which numbers of the law leave the range of float64


def free_stable(index: float, /, *, asymmetry: float = 0.0, scale: float = 1.0) -> Law:
    r"""
    Make a free stable law: the free sum of two of them is the same law, scaled.

    Parameters
    ----------
    index : float
        Index of stability s, from 0.1 to 2: the density falls off with alpha of s + 1.
    asymmetry : float, default: 0.0
        Difference of the weights of the upper and of the lower tail over their sum, from -1 to 1.
        At 1 and an index below 1 all numbers are above 0: a free Levy law.
    scale : float, default: 1.0
        Number that the law of scale 1 is multiplied by.

    Returns
    -------
    Law
        The law, which has no random matrix model of its own.

    Raises
    ------
    ArgumentError
        If an argument is out of range, or the index is 1 and the law asymmetric: such a law is
        stable only with a shift.

    See Also
    --------
    free_sum : Free sums: ``law + law`` is ``law.scaled(2 ** (1 / index))``.

    Notes
    -----
    The inverse of 1/G is :math:`w + \varphi(w)`. With :math:`\rho` from 0 to 1, which is 1/2 for
    symmetric laws,

    .. math:: \varphi(w) = -e^{i \pi s \rho} w^{1 - s} \quad (s < 1), \qquad
              \varphi(w) = e^{i \pi (s - 2) \rho} w^{1 - s} \quad (s > 1).

    The places where it is real are explicit functions of the angle of w, which are inverted by
    bisection: the density is exact to 1e-12, and so are shares, also where a law has a sharp
    shoulder (close to an index of 2 or 1, or to an asymmetry of 1). Index 2 is the semicircle law
    of variance ``scale ** 2``, 1 the Cauchy law, and 1/2 with asymmetry 1 the inverse of the
    Marchenko-Pastur law of ratio 1.

    The eigenvalues of *Levy matrices*, with independent elements of heavy tails, do **not** follow
    a free stable law (Cizeau & Bouchaud 1994), though both fall off with the same alpha: their
    eigenvectors are localized and no random rotation leads from one to the other. Sums of many
    randomly rotated matrices with heavy-tailed eigenvalues do follow it.

    References
    ----------
    Bercovici & Pata (1999), doi:10.2307/121080, with an appendix of Biane on the density. Cizeau &
    Bouchaud (1994), doi:10.1103/PhysRevE.50.1810, for Levy matrices.

    Examples
    --------
    >>> law = free_stable(0.5, asymmetry=1.0)
    >>> law.edges, law.alpha, law.pdf([1.0]).round(6)
    ((0.25, inf), 1.5, array([0.275664]))
    """
    _checks.number("index", index)
    _checks.number("asymmetry", asymmetry)
    _checks.number("scale", scale, above=0)
    s, beta = float(index), float(asymmetry)
    if not (_LEAST <= s <= 2 and -1 <= beta <= 1) or (s == 1 and beta != 0):
        msg = (
            f"`index` must be from {_LEAST} to 2 and `asymmetry` from -1 to 1, and 0 at an index of"
            f" 1, got {index!r} and {asymmetry!r}"
        )
        raise ArgumentError(msg)
    name = f"free stable law of index {s:g}, asymmetry {beta:g} and scale {float(scale):g}"
    if s in (1, 2):
        known = cauchy() if s == 1 else semicircle()
        return known.scaled(float(scale)).named(name)
    return _unit(s, beta).scaled(float(scale)).named(name)


def _unit(s: float, beta: float) -> Law:
    """Return the law of scale 1."""
    turn = s if s < 1 else 2 - s
    rho = 0.5 + math.atan(beta * math.tan(math.pi * turn / 2)) / (math.pi * turn)
    rho = {1.0: 1.0, -1.0: 0.0}.get(beta, rho)
    factor = -np.exp(1j * math.pi * s * rho) if s < 1 else np.exp(1j * math.pi * (s - 2) * rho)

    def step(z: AnyArray, w: AnyArray) -> AnyArray:
        return np.asarray(z - factor * w ** (1 - s))

    def transform(z: AnyArray) -> AnyArray:
        points = np.ravel(z)
        real = points.imag == 0
        found = np.empty(points.shape, np.complex128)
        found[real] = 1 / _boundary(points[real].real, s, rho)
        if not real.all():
            found[~real] = 1 / fixed_points(step, points[~real], scale=1.0)
        return found.reshape(np.shape(z))

    sign = 1.0 if s > 1 else -1.0
    edge = sign * s * abs(s - 1) ** ((1 - s) / s)  # of a law without an upper tail
    side = -1.0 if beta < 0 else 1.0
    return Law(
        "",
        ((-edge if rho == 1 else -math.inf, edge if rho == 0 else math.inf),),
        transform,
        alpha=s + 1,
        middle=side * (0.5 if s > 1 or abs(beta) < 1 else 1 + abs(edge)),
        r_transform=(lambda z: _one_sided(z, s, side)) if abs(beta) == 1 else None,
    )


def _one_sided(z: AnyArray, s: float, side: float) -> FloatArray:
    """Return R of a law with one tail, at places of the other side of 0."""
    size = -side * np.real(z)
    power = np.where(size >= 0, np.abs(size), np.nan) ** (s - 1)
    return np.asarray(-side * (power if s > 1 else -power), np.float64)


def _boundary(x: FloatArray, s: float, rho: float) -> AnyArray:
    """Return 1/G on the real line, by its angle from the side on which x lies."""
    turning = _place(np.array([math.pi / 2]), s, rho)[0]
    found = np.empty(x.shape, np.complex128)
    right = x >= turning
    found[right] = _from_the_right(x[right], s, rho)
    found[~right] = -np.conj(_from_the_right(-x[~right], s, 1 - rho))
    return found


def _radius(angle: FloatArray, s: float, rho: float) -> FloatArray:
    part = math.pi * s * rho + (1 - s) * angle if s < 1 else _turned(angle, s, rho)
    return np.asarray((np.sin(part) / np.sin(angle)) ** (1 / s), np.float64)


def _turned(angle: FloatArray, s: float, rho: float) -> FloatArray:
    return np.asarray(math.pi * (2 - s) * rho + (s - 1) * angle, np.float64)


def _place(angle: FloatArray, s: float, rho: float) -> FloatArray:
    """Return where 1/G has this angle; it falls as the angle grows."""
    part = s * (math.pi * rho - angle) if s < 1 else _turned(angle, s, rho) + angle
    return _radius(angle, s, rho) ** (1 - s) * np.asarray(np.sin(part) / np.sin(angle))


def _from_the_right(x: FloatArray, s: float, rho: float) -> AnyArray:
    """Return 1/G where its angle is at most a right one, by bisection in the logarithm of that."""
    low, high = np.full(x.shape, -690.0), np.full(x.shape, math.log(math.pi / 2))
    for _ in range(62):
        middle = (low + high) / 2
        beyond = _place(np.exp(middle), s, rho) > x
        low, high = np.where(beyond, middle, low), np.where(beyond, high, middle)
    angle = np.exp((low + high) / 2)
    found = np.asarray(_radius(angle, s, rho) * np.exp(1j * angle), np.complex128)
    if rho == 0:
        edge = s * abs(s - 1) ** ((1 - s) / s) * (1 if s > 1 else -1)
        outside = x >= edge
        found[outside] = _outside(x[outside], s)
    return found


def _outside(x: FloatArray, s: float) -> FloatArray:
    """Return 1/G above the upper edge of a law without an upper tail."""
    sign = 1.0 if s > 1 else -1.0
    low = np.full(x.shape, math.log(abs(s - 1)) / s)
    high = np.maximum(np.log(np.abs(x) + 1) + 3, 3 / s)
    for _ in range(62):
        middle = (low + high) / 2
        w = np.exp(middle)
        short = w + sign * w ** (1 - s) < x
        low, high = np.where(short, middle, low), np.where(short, high, middle)
    return np.asarray(np.exp((low + high) / 2), np.float64)
