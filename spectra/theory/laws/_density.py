"""The density of a law of eigenvalues, its integrals and its moments."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import TYPE_CHECKING

import numpy as np

import spectra._checks as _checks
from spectra.errors import ArgumentError
from spectra.theory.laws._quadrature import halves, integrated

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Self

    import numpy.typing as npt

    from spectra._typing import AnyArray, FloatArray
    from spectra.theory.laws._quadrature import Half

__all__ = ["Density"]

_OVERLOOKED = 1e-3  # by which it differs if an interval was overlooked
_MASS = 1e-6  # by which the mass of a law may differ from 1 before its numbers are refused


def _power(x: FloatArray, k: int) -> FloatArray:
    return x**k


@dataclass(frozen=True, eq=False)
class Density:
    """Density on intervals, and atoms; its fields are described at the class Law."""

    name: str
    intervals: tuple[tuple[float, float], ...]
    transform: Callable[[AnyArray], AnyArray] = field(repr=False)
    atoms: tuple[tuple[float, float], ...] = ()
    alpha: float = math.inf
    middle: float | None = None
    width: float | None = None
    power: float | None = None
    model: Callable[[int, int, np.random.Generator], FloatArray] | None = field(
        default=None, repr=False
    )
    r_transform: Callable[[AnyArray], AnyArray] | None = field(default=None, repr=False)
    s_transform: Callable[[AnyArray], AnyArray] | None = field(default=None, repr=False)
    cumulants: Callable[[int], FloatArray] | None = field(default=None, repr=False)
    largest: Callable[[int], tuple[float, float]] | None = field(default=None, repr=False)
    beta: float = math.nan
    spikes: tuple[float, ...] = ()
    least: float = 1e-30
    tracked: Callable[[FloatArray], FloatArray] | None = field(default=None, repr=False)
    moved: tuple[Self, float, float] | None = field(default=None, repr=False)

    @property
    def edges(self) -> tuple[float, float]:
        """Least and greatest place of the law, atoms included."""
        places = [x for interval in self.intervals for x in interval]
        places += [place for place, _ in self.atoms]
        return min(places), max(places)

    @cached_property
    def _halves(self) -> tuple[Half, ...]:
        if self.moved is not None:
            law, factor, by = self.moved
            return tuple(half.moved(factor, by) for half in law._halves)
        longest = -math.log(self.least) / (self.alpha - 1)  # beyond, the law has less than that
        maps = [
            half
            for each in self.intervals
            for half in halves(each, *self._inside(each), longest=longest)
        ]
        found = integrated(maps, self.tracked or self.pdf, least=self.least) if maps else ()
        total = sum(half.mass for half in found) + sum(mass for _, mass in self.atoms)
        if not abs(total - 1) < _MASS:
            msg = (
                f"the density of {self.name} has a total of {total:.9g} in place of 1; "
                "its integrals cannot be trusted, so none is given"
            )
            if abs(total - 1) < _OVERLOOKED:
                msg += "; its density and its transforms hold"
            raise ArgumentError(msg)
        return found

    def _inside(self, interval: tuple[float, float]) -> tuple[float, float]:
        """Return a place inside an interval, and the distance over which the density changes."""
        low, high = interval
        middle = self.middle or 0.0
        width = (abs(middle) or 1.0) if self.width is None else self.width
        if math.isfinite(high - low):
            return (low + high) / 2, width
        if low < middle < high:
            return middle, width
        return (low + width if math.isfinite(low) else high - width), width

    def _require_all(self) -> Self:
        """Return the law; refuse one of which an interval was overlooked."""
        try:
            _ = self._halves
        except ArgumentError as error:
            if not str(error).endswith("hold"):
                raise
        return self

    def stieltjes(self, z: npt.ArrayLike, /) -> AnyArray:
        r"""
        Compute the Stieltjes transform :math:`G(z) = \int \rho(dx) / (z - x)`.

        Parameters
        ----------
        z : array_like
            Complex numbers. On the real line, G is its limit from the upper half-plane.

        Returns
        -------
        ndarray of complex
            G(z), of the shape of `z`; the sign is such that G(z) is about 1/z far away, and it is 0
            at infinity.

        Examples
        --------
        >>> from spectra.theory import laws
        >>> laws.semicircle().stieltjes([2.5, 2.5j]).round(4)
        array([0.5+0.j    , 0. -0.3508j])
        """
        points = np.asarray(z, dtype=np.complex128)
        upper = np.where(points.imag < 0, points.conj(), points)
        with np.errstate(all="ignore"):
            found = np.asarray(self.transform(upper + 0j), np.complex128)
        found = np.where(np.isinf(points), 0, np.where(np.isnan(points), np.nan, found))
        return np.where(points.imag < 0, found.conj(), found)

    def pdf(self, x: npt.ArrayLike, /) -> FloatArray:
        r"""
        Compute the density of the continuous part.

        Parameters
        ----------
        x : array_like
            Places.

        Returns
        -------
        ndarray
            :math:`-\operatorname{Im} G(x) / \pi` inside the intervals, 0 elsewhere, ``nan``
            of ``nan``; atoms are listed in ``atoms``.

        Examples
        --------
        >>> from spectra.theory import laws
        >>> laws.semicircle().pdf([-3.0, 0.0]).round(4)
        array([0.    , 0.3183])
        """
        values = _checks.real_numbers(x, "x")
        inside = np.zeros(values.shape, dtype=bool)
        for low, high in self.intervals:
            inside |= (values > low) & (values < high)
        heights = np.where(np.isnan(values), np.nan, 0.0)
        heights[inside] = np.maximum(-self.stieltjes(values[inside]).imag / math.pi, 0.0)
        return heights

    def cdf(self, x: npt.ArrayLike, /) -> FloatArray:
        """
        Compute the probability of an eigenvalue up to x, atoms included.

        Parameters
        ----------
        x : array_like
            Places.

        Returns
        -------
        ndarray
            From 0 to 1, by integrals of the density with an error of about 1e-12; ``nan`` of
            ``nan``.

        Raises
        ------
        ArgumentError
            If the density does not add up to 1.

        Examples
        --------
        >>> from spectra.theory import laws
        >>> laws.marchenko_pastur(2.0).cdf([-1.0, 0.0, 6.0]).round(12)
        array([0. , 0.5, 1. ])
        """
        values = _checks.real_numbers(x, "x")
        total = sum((half.integral_to(values) for half in self._halves), np.zeros(values.shape))
        for place, mass in self.atoms:
            total = total + mass * (values >= place)
        total = np.where(values >= self.edges[1], 1.0, total)
        return np.clip(np.where(np.isnan(values), np.nan, total), 0.0, 1.0)

    def sf(self, x: npt.ArrayLike, /) -> FloatArray:
        """
        Compute the probability of an eigenvalue above x.

        Parameters
        ----------
        x : array_like
            Places.

        Returns
        -------
        ndarray
            1 minus :meth:`cdf`, integrated from above, so that small tails far out keep their
            digits.

        Examples
        --------
        >>> from spectra.theory import laws
        >>> laws.semicircle().sf([0.0]).round(12)
        array([0.5])
        """
        values = _checks.real_numbers(x, "x")
        total = sum((half.integral_from(values) for half in self._halves), np.zeros(values.shape))
        for place, mass in self.atoms:
            total = total + mass * (values < place)
        total = np.where((values < self.edges[0]) | (values == -np.inf), 1.0, total)
        return np.clip(np.where(np.isnan(values), np.nan, total), 0.0, 1.0)

    def ppf(self, q: npt.ArrayLike, /) -> FloatArray:
        """
        Compute the least place up to which the probability is q.

        Parameters
        ----------
        q : array_like
            Probabilities from 0 to 1; 0 and 1 give the edges.

        Returns
        -------
        ndarray
            Places, of the shape of `q`.

        Raises
        ------
        ArgumentError
            If a number is no probability, or the density does not add up to 1.

        Examples
        --------
        >>> from spectra.theory import laws
        >>> laws.marchenko_pastur(0.25).ppf([0.0, 0.5, 1.0]).round(6)
        array([0.25    , 0.916004, 2.25    ])
        """
        shares = _checks.real_numbers(q, "q")
        if not np.all((shares >= 0) & (shares <= 1)):
            msg = f"`q` must be probabilities, from 0 to 1, got {q!r}"
            raise ArgumentError(msg)
        found = np.full(shares.shape, self.edges[1])
        reached, left = 0.0, np.ones(shares.shape, dtype=bool)
        for piece, mass in self._pieces():
            here = left & (shares <= reached + mass)
            if isinstance(piece, float):
                found[here] = piece
            else:
                found[here] = piece.place_of(np.clip(shares[here] - reached, 0, mass))
            left &= ~here
            reached += mass
        found[shares == 0] = self.edges[0]
        found[shares == 1] = self.edges[1]
        return found

    def _pieces(self) -> list[tuple[Half | float, float]]:
        """Return atoms and halves of intervals with their masses, in ascending order."""
        pieces: list[tuple[float, Half | float, float]] = []
        pieces += [(float(half.x[0]), half, half.mass) for half in self._halves]
        pieces += [(place, place, mass) for place, mass in self.atoms]
        return [(piece, mass) for _, piece, mass in sorted(pieces, key=lambda piece: piece[0])]

    def mean_of(self, function: Callable[[FloatArray], AnyArray], /) -> float:
        """
        Compute the mean of a function of the eigenvalue.

        Parameters
        ----------
        function : callable
            Function of an array of eigenvalues, smooth inside the intervals.

        Returns
        -------
        float
            Its mean over the law, atoms included.

        Examples
        --------
        >>> import numpy as np
        >>> from spectra.theory import laws
        >>> round(laws.marchenko_pastur(0.5).mean_of(np.log), 5)
        -0.30685
        """
        parts = [half.mean_of(function) for half in self._halves]
        parts += [mass * float(function(np.array([place]))[0]) for place, mass in self.atoms]
        return math.fsum(parts)

    def moments(self, num: int, /) -> FloatArray:
        """
        Compute the first moments about zero.

        Parameters
        ----------
        num : int
            Number of moments, at least 1.

        Returns
        -------
        ndarray, shape (num,)
            Means of x, x**2, ...; infinite from the order ``alpha - 1`` of a heavy tail on, and
            ``nan`` there if both tails are heavy and the order is odd.

        Examples
        --------
        >>> from spectra.theory import laws
        >>> laws.semicircle().moments(4).round(12) + 0.0
        array([0., 1., 0., 2.])
        """
        _checks.count("num", num)
        if self.cumulants is not None:
            from spectra.theory.free_probability import moments_from_cumulants

            return moments_from_cumulants(self.cumulants(num))
        return np.array(
            [
                self._infinite(k) if k >= self.alpha - 1 else self.mean_of(partial(_power, k=k))
                for k in range(1, num + 1)
            ]
        )

    def _infinite(self, k: int) -> float:
        """Return the moment of an order at which a heavy tail makes it infinite."""
        low, high = self.edges
        if k % 2 == 0 or math.isfinite(low):
            return math.inf
        return math.nan if math.isinf(high) else -math.inf
