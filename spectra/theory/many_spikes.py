r"""
Spikes whose number is a share of the size: the bands that they make in the spectrum.

For a few spikes every signal has an eigenvalue of its own place
(:func:`spectra.noise.signal.eigenvalue`). If a share of all eigenvalues belongs to the signal, the
spikes repel each other into a band, they widen and shift the bulk, and beyond a certain share the
band and the bulk are one. The bands are the support of the free convolution of the noise with the
law of the signal, in the limit of large size.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

import spectra._checks as _checks
from spectra.errors import ArgumentError
from spectra.noise import signal

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from spectra._typing import FloatArray

__all__ = ["Bands", "largest_share", "rectangular", "symmetric"]

_POINTS = 400  # at which the slope between two atoms is looked at, before its maximum is searched

_SHARES = np.append(np.geomspace(1e-4, 0.1, 7), np.linspace(0.15, 0.95, 17)).tolist()
"""Shares of spikes at which a gap is looked for; it may close and open again."""

_FAR = 10.0  # strength from which all shares leave a gap, at any ratio; 3 is enough
_HALVINGS = 25


class Bands(NamedTuple):
    """
    Bands of a spectrum, the lowest first.

    Examples
    --------
    >>> Bands._fields
    ('edges', 'shares')
    """

    edges: FloatArray
    """Lower and upper edge of every band, shape (num, 2)."""
    shares: FloatArray
    """Shares of all eigenvalues in the bands, shape (num,)."""


class _Map(NamedTuple):
    """Function whose rising parts are the gaps of a spectrum, and its slope."""

    value: Callable[[FloatArray], FloatArray]
    slope: Callable[[FloatArray], FloatArray]


def _atoms(strengths: npt.ArrayLike, shares: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Return the distinct eigenvalues of the signal, ascending, and their shares; 0 included."""
    place = np.atleast_1d(_checks.real_numbers(strengths, "strengths"))
    mass = np.atleast_1d(_checks.real_numbers(shares, "shares"))
    if place.shape != mass.shape and 1 not in (place.size, mass.size):
        msg = (
            "`strengths` and `shares` must be of one length, got "
            f"{place.shape} and {mass.shape} numbers"
        )
        raise ArgumentError(msg)
    place, mass = np.broadcast_arrays(place, mass)
    if place.ndim != 1 or not np.isfinite(place).all():
        msg = f"`strengths` must be finite numbers in one dimension, got {strengths!r}"
        raise ArgumentError(msg)
    if not ((mass > 0).all() and mass.sum() <= 1 + 1e-12):
        msg = f"`shares` must be above 0 and add up to at most 1, got {shares!r}"
        raise ArgumentError(msg)
    rest = 1 - mass.sum()
    if rest > 1e-12:
        place, mass = np.append(place, 0.0), np.append(mass, rest)
    distinct, which = np.unique(place, return_inverse=True)
    return distinct, np.bincount(which, weights=mass).astype(np.float64)


def _root(f: Callable[[FloatArray], FloatArray], a: float, b: float) -> float:
    from scipy.optimize import brentq

    with np.errstate(all="ignore"):
        ends = float(f(np.asarray(a))), float(f(np.asarray(b)))
    if not (min(ends) <= 0 <= max(ends)):
        msg = (
            "the edges of these bands are not found to the precision of float64: `strengths`, "
            "`shares` and `ratio` differ by too many orders of magnitude"
        )
        raise ArgumentError(msg)
    xtol = 1e-16 * max(abs(a), abs(b), 1e-284)
    return float(brentq(f, a, b, xtol=xtol, rtol=4 * np.finfo(float).eps))


def _rising(function: _Map, low: float, high: float) -> tuple[float, float] | None:
    """Return the part of an interval on which a function rises, None if there is none."""
    from scipy.optimize import minimize_scalar

    angles = (np.arange(_POINTS) + 0.5) * math.pi / _POINTS
    grid = low + (high - low) * (1 - np.cos(angles)) / 2
    slopes = function.slope(grid)
    i = int(slopes.argmax())
    near = (grid[max(i - 1, 0)], grid[min(i + 1, _POINTS - 1)])
    found = minimize_scalar(
        lambda w: -float(function.slope(w)), bounds=near, method="bounded", options={"xatol": 0}
    )
    top = found.x if -found.fun > slopes[i] else grid[i]
    if not function.slope(top) > 0:
        return None
    least = 16 * float(np.spacing(max(abs(low), abs(high))))  # beyond the rounding of an end
    left, right = low + max(1e-13 * (top - low), least), high - max(1e-13 * (high - top), least)
    return _root(function.slope, left, top), _root(function.slope, top, right)


def _bands(
    function: _Map,
    atoms: FloatArray,
    mass: FloatArray,
    outer: tuple[float, float],
    ends: FloatArray,
) -> Bands:
    """Return the bands between two outer edges, given the ends of the intervals after atoms."""
    edges, shares = [outer[0]], []
    total = 0.0
    for place, end, share in zip(atoms[:-1], ends, mass[:-1], strict=True):
        total += float(share)
        gap = _rising(function, float(place), float(end))
        if gap is not None:
            edges += [float(function.value(np.asarray(w))) for w in gap]
            shares.append(total)
            total = 0.0
    edges.append(outer[1])
    shares.append(total + float(mass[-1]))
    return Bands(np.reshape(edges, (-1, 2)), np.array(shares))


def symmetric(
    strengths: npt.ArrayLike, shares: npt.ArrayLike, /, *, variance: float = 1.0
) -> Bands:
    r"""
    Compute the bands of a Wigner matrix plus a symmetric signal of many equal eigenvalues.

    Parameters
    ----------
    strengths : array_like, shape (k,)
        Eigenvalues of the signal, of either sign.
    shares : array_like, shape (k,)
        Shares of all eigenvalues that they have; the rest of the signal is 0.
    variance : float, default: 1.0
        Variance :math:`s^2` of the semicircle.

    Returns
    -------
    Bands
        Edges, and the share of the eigenvalues in every band.

    Raises
    ------
    ArgumentError
        If the shares are not above 0 or add up to more than 1.

    See Also
    --------
    spectra.theory.deformations.wigner : Eigenvalues of a few spikes.

    Notes
    -----
    Edges are the values of :math:`w + s^2 G_S(w)` where its slope is 0 (Biane 1997), with the
    Cauchy transform :math:`G_S` of the signal.

    References
    ----------
    Biane (1997), doi:10.1512/iumj.1997.46.1467.

    Examples
    --------
    >>> found = symmetric([4.0], [0.1])
    >>> found.edges.round(2), found.shares
    (array([[-1.92,  1.86],
           [ 3.61,  4.84]]), array([0.9, 0.1]))
    """
    _checks.number("variance", variance, above=0)
    atoms, mass = _atoms(strengths, shares)

    def value(w: FloatArray) -> FloatArray:
        gap = np.asarray(w)[..., None] - atoms
        return np.asarray(w + variance * (mass / gap).sum(axis=-1))

    def slope(w: FloatArray) -> FloatArray:
        gap = np.asarray(w)[..., None] - atoms
        return np.asarray(1 - variance * (mass / gap**2).sum(axis=-1))

    std, function = math.sqrt(variance), _Map(value, slope)
    low = _root(slope, atoms[0] - 2 * std, atoms[0] - std * math.sqrt(mass[0]) / 2)
    high = _root(slope, atoms[-1] + std * math.sqrt(mass[-1]) / 2, atoms[-1] + 2 * std)
    outer = float(value(np.asarray(low))), float(value(np.asarray(high)))
    return _bands(function, atoms, mass, outer, atoms[1:])


def rectangular(strengths: npt.ArrayLike, shares: npt.ArrayLike, ratio: float, /) -> Bands:
    r"""
    Compute the bands of rectangular noise plus a signal of many equal singular values.

    Parameters
    ----------
    strengths : array_like, shape (k,)
        Singular values of the signal, in units of :math:`\sigma \sqrt N`.
    shares : array_like, shape (k,)
        Shares of all M singular values that they have; the rest of the signal is 0.
    ratio : float
        M/N, above 0 and at most 1.

    Returns
    -------
    Bands
        Edges in units of the mean eigenvalue of the noise, :math:`\sigma^2 N`, and the share of
        the M eigenvalues in every band.

    Raises
    ------
    ArgumentError
        If a strength is negative, the shares are not above 0 or add up to more than 1, or `ratio`
        is out of range.

    See Also
    --------
    spectra.noise.signal.eigenvalue : Eigenvalues of a few spikes.

    Notes
    -----
    Edges are the values of :math:`w h^2 + (1 - \gamma) h` where its slope is 0 and
    :math:`h = 1 - \gamma \int dH(s) / (s - w) > 0`, with the law H of the squared strengths.

    References
    ----------
    Dozier & Silverstein (2007), doi:10.1016/j.jmva.2006.09.006; Vallet, Loubaton & Mestre (2012),
    doi:10.1109/TIT.2011.2173718, for the edges.

    Examples
    --------
    >>> found = rectangular([2.0], [0.05], 0.5)
    >>> found.edges.round(2), found.shares
    (array([[0.09, 2.79],
           [4.67, 6.59]]), array([0.95, 0.05]))
    """
    _checks.number("ratio", ratio, above=0, at_most=1, what="M/N,")
    theta = _checks.real_numbers(strengths, "strengths")
    if not (theta >= 0).all():
        msg = f"`strengths` must not be negative, got {strengths!r}"
        raise ArgumentError(msg)
    atoms, mass = _atoms(theta**2, shares)

    def h(w: FloatArray) -> FloatArray:
        return np.asarray(1 - ratio * (mass / (atoms - np.asarray(w)[..., None])).sum(axis=-1))

    def value(w: FloatArray) -> FloatArray:
        return np.asarray(w * h(w) ** 2 + (1 - ratio) * h(w))

    def slope(w: FloatArray) -> FloatArray:
        fall = -ratio * (mass / (atoms - np.asarray(w)[..., None]) ** 2).sum(axis=-1)
        return np.asarray(h(w) ** 2 + (2 * w * h(w) + 1 - ratio) * fall)

    function = _Map(value, slope)
    far = 4 * (atoms[-1] + 1) + 4
    high = _root(slope, atoms[-1] + ratio * mass[-1] / far, atoms[-1] + far)
    upper = float(value(np.asarray(high)))
    ends = _zeros(h, atoms, ratio * mass)
    lower = _lowest(function, float(ends[0]), -far)
    return _bands(function, atoms, mass, (lower, upper), ends[1:])


def _zeros(
    h: Callable[[FloatArray], FloatArray], atoms: FloatArray, mass: FloatArray
) -> FloatArray:
    """Return the zeros of h below every atom, each above the atom before."""
    before = np.append(atoms[0] - 1 - mass.sum(), atoms[:-1])
    found = []
    for low, high, share in zip(before, atoms, mass, strict=True):
        width = high - low
        near = max(min(share, width) * 1e-12, 4 * float(np.spacing(abs(high))))
        start = low if low < atoms[0] else low + near
        found.append(_root(h, start, high - near))
    return np.array(found)


def _lowest(function: _Map, end: float, start: float) -> float:
    """Return the lower edge, the largest value of a function up to an end, 0 at least."""
    from scipy.optimize import minimize_scalar

    found = minimize_scalar(
        lambda w: -float(function.value(w)),
        bounds=(start, end),
        method="bounded",
        options={"xatol": 1e-13},
    )
    return max(0.0, -float(found.fun))


def largest_share(strength: npt.ArrayLike, ratio: float, /) -> FloatArray:
    r"""
    Compute the largest share of spikes that has a band of its own.

    Parameters
    ----------
    strength : array_like
        Singular value of all spikes, in units of :math:`\sigma \sqrt N`.
    ratio : float
        M/N, above 0 and at most 1.

    Returns
    -------
    ndarray
        Share of the M singular values above which the bulk and the band of the spikes are one; 0
        for strengths up to :func:`spectra.noise.signal.limit`, 1 if there is always a gap.

    Raises
    ------
    ArgumentError
        If `ratio` is out of range, or a strength is negative.

    Examples
    --------
    >>> largest_share([0.5, 1.1, 2.0], 0.5).round(3)
    array([0.   , 0.023, 1.   ])
    """
    _checks.number("ratio", ratio, above=0, at_most=1, what="M/N,")
    theta = _checks.real_numbers(strength, "strength")
    if not (theta >= 0).all():
        msg = f"`strength` must be numbers from 0, got {strength!r}"
        raise ArgumentError(msg)
    found = np.empty(theta.shape)
    for place in np.ndindex(*theta.shape):
        found[place] = _closing(float(theta[place]), ratio)
    return found


def _closing(theta: float, ratio: float) -> float:
    """Return the least share of spikes that has no gap below its band."""

    def apart(share: float) -> bool:
        return len(rectangular([theta], [share], ratio).shares) > 1

    if theta <= signal.limit(ratio):
        return 0.0
    theta = min(theta, _FAR)
    low = 0.0
    for high in _SHARES:
        if not apart(high):
            break
        low = high
    else:
        return 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if apart(middle) else (low, middle)
    return low
