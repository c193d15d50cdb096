r"""
Deformations of low rank: the outliers that a signal adds to the spectrum of any random matrix.

A matrix with a known law of eigenvalues is changed by a matrix of low rank in a direction that is
independent of the first matrix. An eigenvalue leaves the bulk if the change is strong enough (the
transition of Baik, Ben Arous & Peche). Where it goes, and how far its eigenvector points in the
direction of the signal, follows from the Cauchy transform :math:`G(z) = \int \rho(x) / (z - x) dx`
of the law. For noise of independent elements :mod:`spectra.noise.signal` has closed forms.

A law is given as an object with `stieltjes`, a function of z, and `edges`, its two ends, or by the
function alone and the ends beside it. Either sign of the transform is understood.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

import spectra._checks as _checks
from spectra.errors import ArgumentError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy.typing as npt

    from spectra._typing import AnyArray, FloatArray

__all__ = ["Outliers", "Overlapping", "additive", "multiplicative", "rectangular", "wigner"]

_STEPS = 100  # halvings of an interval, down to neighbouring numbers
_STEP = 1e-4  # imaginary step of a derivative, over the distance to the edge
_STRONGEST = 1e7  # of a multiplied direction, with seven digits left
_NEAR = 1e-9  # distance from the edge at which a transform is taken for that of the edge


class Outliers(NamedTuple):
    """
    Outliers of deformed matrices, and their eigenvectors.

    Examples
    --------
    >>> Outliers._fields
    ('eigenvalue', 'overlap')
    """

    eigenvalue: FloatArray
    """Expected eigenvalues; the edge of the law for signals that are too weak."""
    overlap: FloatArray
    """Squared cosines of the angles between eigenvectors and signals; 0 if they are too weak."""


class Overlapping(NamedTuple):
    """
    Outliers of deformed rectangular matrices, and their singular vectors.

    Examples
    --------
    >>> Overlapping._fields
    ('eigenvalue', 'short', 'long')
    """

    eigenvalue: FloatArray
    """Expected squares of singular values; the edge of the law for signals that are too weak."""
    short: FloatArray
    """Squared cosines of the vectors along the shorter side."""
    long: FloatArray
    """Squared cosines of the vectors along the longer side."""


def wigner(strength: npt.ArrayLike, /, *, variance: npt.ArrayLike = 1.0) -> Outliers:
    r"""
    Compute the outliers of a Wigner matrix plus a symmetric matrix of low rank.

    Parameters
    ----------
    strength : array_like
        Eigenvalues :math:`\theta` of the signal, of either sign.
    variance : array_like, default: 1.0
        Variance :math:`s^2` of the semicircle: that of the elements times their number in a row.

    Returns
    -------
    Outliers
        Eigenvalues :math:`\theta + s^2 / \theta` and overlaps :math:`1 - s^2 / \theta^2` for
        strengths beyond s, the edges of the semicircle and 0 for the others.

    Raises
    ------
    ArgumentError
        If `variance` is not above 0.

    References
    ----------
    Feral & Peche (2007), doi:10.1007/s00220-007-0209-3; Benaych-Georges & Nadakuditi (2011),
    doi:10.1016/j.aim.2011.02.007.

    Examples
    --------
    >>> found = wigner([0.5, 2.0, -2.0])
    >>> found.eigenvalue, found.overlap
    (array([ 2. ,  2.5, -2.5]), array([0.  , 0.75, 0.75]))
    """
    square = _checks.numbers("variance", variance, above=0)
    theta, std = _checks.as_real(strength, "strength"), square**0.5
    far = np.copysign(np.maximum(np.abs(theta), std), theta)
    overlap = np.asarray(1 - square / far**2).clip(min=0)
    return Outliers(far + square / far, overlap)


class _Above(NamedTuple):
    """Cauchy transform of a law on one side of its support, mirrored to lie above the edge."""

    function: Callable[[AnyArray], AnyArray]
    edge: float
    factor: float  # 1 or -1, so that the transform is positive
    side: float  # 1 above the law, -1 below

    def G(self, z: AnyArray) -> AnyArray:
        """Return the Cauchy transform of the mirrored law."""
        return np.asarray(self.factor * self.side * self.function(self.side * z))


def _law(law: Any, edges: Sequence[float] | None, side: float = 1.0) -> _Above:
    """Return the transform of a law, whichever way it is given."""
    function = getattr(law, "stieltjes", law)
    ends = getattr(law, "edges", None) if edges is None else edges
    ends = ends() if callable(ends) else ends
    if not callable(function) or ends is None:
        msg = (
            "`law` must have `stieltjes` and `edges`, or be a function of z with `edges` given, "
            f"got {law!r}"
        )
        raise ArgumentError(msg)
    every = side * np.asarray(ends, dtype=np.float64)
    if not (every.size and np.isfinite(every).all()):
        msg = f"`edges` must be finite numbers, the ends of the law, got {ends!r}"
        raise ArgumentError(msg)
    edge = float(every.max())
    width = edge - float(every.min()) or abs(edge) or 1.0
    far = np.asarray(function(np.array([side * (edge + width) + 0j])))
    return _Above(function, edge, float(np.sign(side * far.real[0])), side)


def _solved(
    target: FloatArray, transform: Callable[[AnyArray], AnyArray], edge: float
) -> tuple[FloatArray, npt.NDArray[np.bool_], FloatArray]:
    """Return where a falling transform has a value, whether it has, and its slope there."""

    def real(z: FloatArray) -> FloatArray:
        return np.asarray(transform(z.astype(np.complex128)).real)

    scale = abs(edge) or 1.0
    low = np.full(target.shape, edge + _NEAR * scale)
    seen = real(low) > target
    width = np.full(target.shape, scale)
    while (short := seen & (real(edge + width) > target)).any():
        width = np.where(short, 2 * width, width)
    high = edge + width
    for _ in range(_STEPS):
        middle = (low + high) / 2
        above = real(middle) > target
        low, high = np.where(above, middle, low), np.where(above, high, middle)
    found = np.where(seen, (low + high) / 2, edge + scale)
    step = _STEP * (found - edge)
    slope = np.asarray(transform(found + 1j * step).imag / step)
    return np.where(seen, found, edge), seen, slope


def _positive(strength: npt.ArrayLike) -> FloatArray:
    theta = _finite(strength)
    if not (theta >= 0).all():
        msg = f"`strength` must not be negative, got {strength!r}"
        raise ArgumentError(msg)
    return theta


def _finite(strength: npt.ArrayLike) -> FloatArray:
    theta = _checks.real_numbers(strength, "strength")
    if not np.isfinite(theta).all():
        msg = f"`strength` must be finite, got {strength!r}"
        raise ArgumentError(msg)
    return theta


def _inverse(theta: FloatArray, power: int = 1) -> FloatArray:
    with np.errstate(divide="ignore"):
        return np.asarray(1 / theta**power)


def additive(
    strength: npt.ArrayLike, law: Any, /, *, edges: Sequence[float] | None = None
) -> Outliers:
    r"""
    Compute the outliers of a symmetric matrix of any law plus a matrix of low rank.

    Parameters
    ----------
    strength : array_like
        Eigenvalues :math:`\theta` of the signal, of either sign.
    law : object or callable
        Law of the eigenvalues without the signal: an object with `stieltjes` and `edges`, or its
        Cauchy transform, a function of an array of complex numbers.
    edges : sequence of float, optional
        Ends of the law; those of `law` by default.

    Returns
    -------
    Outliers
        Eigenvalues z with :math:`G(z) = 1 / \theta` and overlaps
        :math:`-1 / (\theta^2 G'(z))`, above the law for positive and below it for negative
        strengths.

    Raises
    ------
    ArgumentError
        If `law` has no transform or no edges, or a strength is not finite.

    References
    ----------
    Benaych-Georges & Nadakuditi (2011), doi:10.1016/j.aim.2011.02.007, theorems 2.1 and 2.2.

    Examples
    --------
    >>> semicircle = lambda z: (z - np.sqrt(z - 2) * np.sqrt(z + 2)) / 2
    >>> found = additive([0.5, 2.0, -2.0], semicircle, edges=(-2.0, 2.0))
    >>> found.eigenvalue.round(6), found.overlap.round(6)
    (array([ 2. ,  2.5, -2.5]), array([0.  , 0.75, 0.75]))
    """
    theta = _finite(strength)
    eigenvalue, overlap = np.empty(theta.shape), np.zeros(theta.shape)
    for side in (1.0, -1.0):
        here = theta < 0 if side < 0 else theta >= 0
        mirrored, size = _law(law, edges, side), np.abs(theta[here])
        found, seen, slope = _solved(_inverse(size), mirrored.G, mirrored.edge)
        eigenvalue[here] = side * found
        overlap[here] = np.where(seen, -1 / (np.where(seen, size, 1) ** 2 * slope), 0)
    return Outliers(eigenvalue, overlap)


def multiplicative(
    strength: npt.ArrayLike, law: Any, /, *, edges: Sequence[float] | None = None
) -> Outliers:
    r"""
    Compute the outliers of a positive matrix of any law, multiplied along a few directions.

    Parameters
    ----------
    strength : array_like
        Strengths :math:`\theta \ge 0`: the matrix X becomes :math:`D X D` with
        :math:`D^2 = 1 + \theta u u^T`, as a sample covariance does if the variance in the
        direction u is :math:`1 + \theta`.
    law : object or callable
        Law of the eigenvalues of X, as in :func:`additive`.
    edges : sequence of float, optional
        Ends of the law; those of `law` by default.

    Returns
    -------
    Outliers
        Eigenvalues z with :math:`T(z) = z G(z) - 1 = 1 / \theta` and overlaps
        :math:`-(1 + \theta) / (\theta^2 z T'(z))`.

    Raises
    ------
    ArgumentError
        If `law` has no transform or no edges, or a strength is negative or above 1e7.

    References
    ----------
    Benaych-Georges & Nadakuditi (2011), doi:10.1016/j.aim.2011.02.007, theorem 2.7.

    Examples
    --------
    Marchenko-Pastur law of ratio 1/4, a variance of 3 in one direction:

    >>> marchenko_pastur = lambda z: (
    ...     z - 0.75 - np.sqrt(z - 0.25) * np.sqrt(z - 2.25)) / (0.5 * z)
    >>> found = multiplicative([2.0], marchenko_pastur, edges=(0.25, 2.25))
    >>> found.eigenvalue.round(6), found.overlap.round(6)
    (array([3.375]), array([0.833333]))
    """
    theta, above = _positive(strength), _law(law, edges)
    if (theta > _STRONGEST).any():
        msg = (
            f"`strength` must be at most {_STRONGEST:g}, beyond which z G(z) - 1 loses its digits; "
            f"the outlier is then 1 + strength times the mean of the law, got {strength!r}"
        )
        raise ArgumentError(msg)

    def transform(z: AnyArray) -> AnyArray:
        return np.asarray(z * above.G(z) - 1)

    found, seen, slope = _solved(_inverse(theta), transform, above.edge)
    size = np.where(seen, theta, 1)
    return Outliers(found, np.where(seen, -(1 + size) / (size**2 * found * slope), 0))


def rectangular(
    strength: npt.ArrayLike, law: Any, ratio: float, /, *, edges: Sequence[float] | None = None
) -> Overlapping:
    r"""
    Compute the outliers of a rectangular matrix of any law plus a matrix of low rank.

    Parameters
    ----------
    strength : array_like
        Singular values :math:`\theta \ge 0` of the signal, in the unit of the matrix W.
    law : object or callable
        Law of the M eigenvalues of ``W.T @ W`` without the signal, as in :func:`additive`.
    ratio : float
        M/N, above 0 and at most 1.
    edges : sequence of float, optional
        Ends of the law; those of `law` by default.

    Returns
    -------
    Overlapping
        Eigenvalues y of ``W.T @ W`` with
        :math:`D(y) = G (\gamma y G + 1 - \gamma) = 1 / \theta^2`, and the overlaps
        :math:`-G / (\theta^2 D')` and
        :math:`-(\gamma G + (1 - \gamma) / y) / (\theta^2 D')`.

    Raises
    ------
    ArgumentError
        If `law` has no transform or no edges, a strength is negative or `ratio` is out of range.

    See Also
    --------
    spectra.noise.signal.overlaps : Closed form for noise of independent elements.

    References
    ----------
    Benaych-Georges & Nadakuditi (2012), doi:10.1016/j.jmva.2012.04.019, theorems 2.8 and 2.9.

    Examples
    --------
    >>> marchenko_pastur = lambda z: (
    ...     z - 0.75 - np.sqrt(z - 0.25) * np.sqrt(z - 2.25)) / (0.5 * z)
    >>> found = rectangular([0.5, 2.0], marchenko_pastur, 0.25, edges=(0.25, 2.25))
    >>> found.eigenvalue.round(6), found.short.round(4)
    (array([2.25  , 5.3125]), array([0.    , 0.9265]))
    """
    _checks.number("ratio", ratio, above=0, at_most=1)
    theta, above = _positive(strength), _law(law, edges)
    if (theta > _STRONGEST).any():
        msg = (
            f"`strength` must be at most {_STRONGEST:g}, beyond which z G(z) - 1 loses its digits; "
            f"the outlier is then 1 + strength times the mean of the law, got {strength!r}"
        )
        raise ArgumentError(msg)

    def transform(z: AnyArray) -> AnyArray:
        g = above.G(z)
        return np.asarray(g * (ratio * z * g + 1 - ratio))

    found, seen, slope = _solved(_inverse(theta, 2), transform, above.edge)
    inside = np.where(seen, found, above.edge + (abs(above.edge) or 1.0))
    g = above.G(inside.astype(np.complex128)).real
    size = -(np.where(seen, theta, 1) ** 2) * slope
    short = np.where(seen, g / size, 0)
    long = np.where(seen, (ratio * g + (1 - ratio) / inside) / size, 0)
    return Overlapping(found, short, long)
