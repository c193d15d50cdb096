"""Free multiplicative convolution: the law of the product of independent, rotated matrices."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from spectra.errors import ArgumentError
from spectra.theory.free_probability import free_cumulants
from spectra.theory.laws._landmarks import landmarks, middle
from spectra.theory.laws._maps import scaled
from spectra.theory.laws._rotations import joint_beta, rotation
from spectra.theory.laws._series import product_moments
from spectra.theory.laws._subordination import Tracker, fixed_points, without_noise
from spectra.theory.laws._support import intervals_of

if TYPE_CHECKING:
    from spectra._typing import AnyArray, FloatArray
    from spectra.theory.laws._maps import L
    from spectra.theory.laws._transforms import Transforms

__all__ = ["free_product"]


def free_product(a: L, b: L, /) -> L:
    r"""
    Make the law of the product of two large independent matrices, one of them randomly rotated.

    Parameters
    ----------
    a, b : Law
        Laws of numbers from 0 up; ``a @ b`` is the same.

    Returns
    -------
    Law
        The free multiplicative convolution, the law of
        :math:`A^{1/2} O B O^T A^{1/2}` with a random rotation O, which is its model if both laws
        have one. ``marchenko_pastur(ratio) @ population`` is the law of correlated noise.

    Raises
    ------
    ArgumentError
        If a law has numbers below 0, or is an atom at 0.

    Notes
    -----
    Subordination: :math:`z G(z) = u_a G_a(u_a) = u_b G_b(u_b)` with
    :math:`u_a = z / (u_b - 1 / G_b(u_b))` and the same for b. Against closed forms (two
    Marchenko-Pastur laws, two projections) the density is exact to 1e-8 and better. At 0 the
    product has the larger of both atoms.

    References
    ----------
    Voiculescu (1987); Biane (1998), doi:10.1007/PL00004384; Belinschi & Bercovici (2007),
    doi:10.1007/s11854-007-0009-5.

    Examples
    --------
    >>> from spectra.theory import laws
    >>> square = free_product(laws.marchenko_pastur(1.0), laws.marchenko_pastur(1.0))
    >>> round(square.edges[1], 9), square.moments(3).round(6)
    (6.75, array([ 1.,  3., 12.]))
    """
    for one, other in ((a, b), (b, a)):
        if one.edges[0] < 0 or one.edges[1] <= 0:
            msg = f"a free product takes laws of numbers from 0 up, got {one.name}"
            raise ArgumentError(msg)
        if not one.intervals and len(one.atoms) == 1:
            return scaled(other, one.atoms[0][0])

    def step(z: AnyArray, u: AnyArray) -> AnyArray:
        other = z / (u - 1 / a.stieltjes(u))
        return np.asarray(z / (other - 1 / b.stieltjes(other)))

    beta = joint_beta(a.beta, b.beta)

    def transform(z: AnyArray) -> AnyArray:
        return at(z, fixed_points(step, z, scale=None))

    def at(z: AnyArray, w: AnyArray) -> AnyArray:
        return without_noise(z, np.asarray(w * a.stieltjes(w) / z))

    tracker = Tracker(step, scale=None)

    def tracked(x: FloatArray) -> FloatArray:
        with np.errstate(all="ignore"):
            return np.maximum(-at(x + 0j, tracker(x)).imag / math.pi, 0.0)

    def model(size: int, num: int, rng: np.random.Generator) -> FloatArray:
        assert a.model is not None
        assert b.model is not None
        parts = a.model(size, num, rng), b.model(size, num, rng)
        found = np.empty((num, size))
        for row, (left, right) in enumerate(zip(*np.sqrt(parts), strict=True)):
            half = left[:, None] * rotation(size, beta, rng) * right
            found[row] = np.square(np.linalg.svd(half, compute_uv=False)[::-1])
        return found

    def cumulants(num: int) -> FloatArray:
        return free_cumulants(product_moments(a.moments(num), b.moments(num)))

    sa, sb = a.s_transform, b.s_transform
    low, high = a.edges[0] * b.edges[0], a.edges[1] * b.edges[1]
    places = np.multiply.outer(landmarks(a), landmarks(b)).ravel()
    intervals = intervals_of(tracked, low, high, places=places)
    law = type(a)(
        f"({a.name}) @ ({b.name})",
        intervals,
        transform,
        atoms=_atoms(a, b),
        alpha=min(a.alpha, b.alpha),
        middle=middle(a) * middle(b),
        model=model if a.model is not None and b.model is not None and beta == beta else None,
        cumulants=cumulants if min(a.alpha, b.alpha) == math.inf else None,
        s_transform=None if sa is None or sb is None else lambda z: sa(z) * sb(z),
        beta=beta,
        tracked=tracked,
        least=1e-12,
    )
    return law if math.isinf(high) else law._require_all()


def _atoms(a: Transforms, b: Transforms) -> tuple[tuple[float, float], ...]:
    found: dict[float, float] = {}
    zero = max(dict(a.atoms).get(0.0, 0.0), dict(b.atoms).get(0.0, 0.0))
    if zero:
        found[0.0] = zero
    for x, p in a.atoms:
        for y, q in b.atoms:
            if x * y != 0 and p + q - 1 > 1e-12:
                found[x * y] = p + q - 1
    return tuple(sorted(found.items()))
