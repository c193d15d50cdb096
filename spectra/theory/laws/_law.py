"""A law of eigenvalues: one kind of object, whatever the law."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING

import numpy as np

import spectra._checks as _checks
from spectra.errors import ArgumentError
from spectra.theory.laws._outside import inverse_outside
from spectra.theory.laws._quadrature import halves

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from spectra._typing import AnyArray, FloatArray
    from spectra.theory.laws._quadrature import Half

__all__ = ["Law"]

_MASS = 1e-6  # by which the mass of a law may differ from 1 before its numbers are refused


def _power(x: FloatArray, k: int) -> FloatArray:
    return x**k


@dataclass(frozen=True, eq=False)
class Law:
    r"""
    Distribution of eigenvalues: a density on intervals, and atoms.

    A law is made by a function of :mod:`spectra.theory.laws`, and other laws are made of it by
    :meth:`scaled`, :meth:`shifted`, :meth:`inverse`, ``+`` (free sum) and ``@`` (free product).

    Parameters
    ----------
    name : str
        Name in words, for messages and figures.
    intervals : tuple of (float, float)
        Intervals on which the density is above 0, ascending; an end may be infinite.
    transform : callable
        The Stieltjes transform :math:`G(z) = \int \rho(dx) / (z - x)`, as a function of an array of
        complex numbers in the upper half-plane or on the real line, where it is the limit from
        above.
    atoms : tuple of (float, float), optional
        Single eigenvalues with a probability of their own, as (place, probability).
    alpha : float, default: inf
        Exponent of the density at infinity, :math:`\rho(x) \sim |x|^{-\alpha}`; moments from
        ``alpha - 1`` on are infinite.
    middle : float, optional
        A place inside an interval that has an infinite end, of the size of typical eigenvalues.
    power : float, optional
        Exponent of the density at 0 if the law begins there, :math:`\rho(x) \sim x^p`; the
        :meth:`inverse` has alpha of 2 more. It is taken from the density by default.
    model : callable, optional
        Function of a size, a number and a generator that draws the eigenvalues of that many random
        matrices of finite size whose spectrum tends to the law, shape (num, size).
    r_transform, s_transform : callable, optional
        Closed forms of R and S.
    cumulants : callable, optional
        Closed form of the free cumulants, a function of their number.
    largest : callable, optional
        Function of a size that returns the centre and the width of the largest eigenvalue of the
        model, which follows the Tracy-Widom law.
    beta : float, default: nan
        Index of the model's repulsion: 1 for real, 2 for complex matrices.
    spikes : tuple of float, optional
        Places of single eigenvalues of the model, which have no probability in the limit.

    Examples
    --------
    >>> from spectra.theory import laws
    >>> law = laws.marchenko_pastur(0.25)
    >>> law.edges, law.pdf([0.1, 1.0]).round(4)
    ((0.25, 2.25), array([0.    , 0.6164]))
    """

    name: str
    intervals: tuple[tuple[float, float], ...]
    transform: Callable[[AnyArray], AnyArray] = field(repr=False)
    atoms: tuple[tuple[float, float], ...] = ()
    alpha: float = math.inf
    middle: float | None = None
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

    @property
    def edges(self) -> tuple[float, float]:
        """Least and greatest place of the law, atoms included."""
        places = [x for interval in self.intervals for x in interval]
        places += [place for place, _ in self.atoms]
        return min(places), max(places)

    @cached_property
    def _halves(self) -> tuple[Half, ...]:
        found: list[Half] = []
        for low, high in self.intervals:
            inside = self.middle if math.isinf(high - low) else (low + high) / 2
            found += halves((low, high), 0.0 if inside is None else inside, self.pdf)
        total = sum(half.mass for half in found) + sum(mass for _, mass in self.atoms)
        if not abs(total - 1) < _MASS:
            msg = (
                f"the density of {self.name} has a total of {total:.9g} in place of 1; "
                "its integrals cannot be trusted, so none is given"
            )
            raise ArgumentError(msg)
        return tuple(found)

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
            G(z), of the shape of `z`; the sign is such that G(z) is about 1/z far away.

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
            :math:`-\operatorname{Im} G(x) / \pi` inside the intervals, 0 elsewhere; atoms are
            listed in ``atoms``.

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
        heights = np.zeros(values.shape)
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
            From 0 to 1, by integrals of the density with an error of about 1e-12.

        Raises
        ------
        ArgumentError
            If the density does not add up to 1.

        Examples
        --------
        >>> from spectra.theory import laws
        >>> laws.marchenko_pastur(2.0).cdf([-1.0, 0.0, 6.0])
        array([0. , 0.5, 1. ])
        """
        values = _checks.real_numbers(x, "x")
        total = sum((half.integral_to(values) for half in self._halves), np.zeros(values.shape))
        for place, mass in self.atoms:
            total = total + mass * (values >= place)
        return np.clip(total, 0.0, 1.0)

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
            1 minus :meth:`cdf`.

        Examples
        --------
        >>> from spectra.theory import laws
        >>> laws.semicircle().sf([0.0]).round(12)
        array([0.5])
        """
        return 1 - self.cdf(x)

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
            Means of x, x**2, ...; ``inf`` from the order ``alpha - 1`` of a heavy tail on, ``nan``
            if both tails are heavy.

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
        infinite = math.nan if math.isinf(self.edges[0]) else math.inf
        return np.array(
            [
                infinite if k >= self.alpha - 1 else self.mean_of(partial(_power, k=k))
                for k in range(1, num + 1)
            ]
        )

    def free_cumulants(self, num: int, /) -> FloatArray:
        """
        Compute the first free cumulants, which add in a free sum.

        Parameters
        ----------
        num : int
            Number of cumulants, at least 1.

        Returns
        -------
        ndarray, shape (num,)
            By a closed form where there is one, otherwise from the moments; then ten are exact to
            about eight digits, see :func:`spectra.theory.free_probability.free_cumulants`.

        Examples
        --------
        >>> from spectra.theory import laws
        >>> laws.marchenko_pastur(0.5).free_cumulants(3)
        array([1.  , 0.5 , 0.25])
        """
        _checks.count("num", num)
        if self.cumulants is not None:
            return self.cumulants(num)
        from spectra.theory.free_probability import free_cumulants

        return free_cumulants(self.moments(num))

    def R(self, z: npt.ArrayLike, /) -> FloatArray:
        r"""
        Compute the R-transform, :math:`R(G(x)) = x - 1/G(x)` for x outside the law.

        Parameters
        ----------
        z : array_like
            Real numbers; R is known between the values of G at the lower and the upper edge.

        Returns
        -------
        ndarray
            R(z), ``nan`` where it is not known; the mean of the law at 0.

        Raises
        ------
        ArgumentError
            If `z` is not real, or the law reaches to infinity and has no closed form.

        Examples
        --------
        >>> from spectra.theory import laws
        >>> laws.semicircle(variance=2.0).R([0.0, 0.5])
        array([0., 1.])
        """
        values = _checks.real_numbers(z, "z")
        if self.r_transform is not None:
            with np.errstate(all="ignore"):
                return np.asarray(np.real(self.r_transform(values)), np.float64)
        at = inverse_outside(self._real, self.edges, values, self.name)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(values == 0, self.moments(1)[0], at - 1 / values)

    def S(self, z: npt.ArrayLike, /) -> FloatArray:
        r"""
        Compute the S-transform of a law of numbers from 0 up, which multiplies in a free product.

        Parameters
        ----------
        z : array_like
            Real numbers above minus the probability of eigenvalues other than 0.

        Returns
        -------
        ndarray
            :math:`S(z) = \frac{1 + z}{z} \chi(z)`, with :math:`\chi` the inverse of
            :math:`\psi(u) = \int \frac{u x}{1 - u x} \rho(dx)`; ``nan`` where it is not known.

        Raises
        ------
        ArgumentError
            If the law has numbers below 0, or `z` is not real.

        Examples
        --------
        >>> from spectra.theory import laws
        >>> laws.marchenko_pastur(0.5).S([-0.5, 0.0, 1.0]).round(6)
        array([1.333333, 1.      , 0.666667])
        """
        values = _checks.real_numbers(z, "z")
        if self.edges[0] < 0:
            msg = f"S is for laws of numbers from 0 up; {self.name} begins at {self.edges[0]:g}"
            raise ArgumentError(msg)
        if self.s_transform is not None:
            with np.errstate(all="ignore"):
                return np.asarray(np.real(self.s_transform(values)), np.float64)
        at = inverse_outside(
            lambda x: x * self._real(x) - 1, (0.0, self.edges[1]), values, self.name
        )
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(values == 0, 1 / self.moments(1)[0], (1 + values) / (values * at))

    def _real(self, x: FloatArray) -> FloatArray:
        """Return G at places outside the law."""
        return self.stieltjes(x).real

    def sample(self, num: int, /, *, rng: int | np.random.Generator | None = None) -> FloatArray:
        """
        Draw independent numbers from the law.

        Parameters
        ----------
        num : int
            How many.
        rng : int, numpy.random.Generator or None, default: None
            Seed or generator of the random numbers; None draws different ones each time.

        Returns
        -------
        ndarray, shape (num,)
            Numbers without the repulsion of eigenvalues; :meth:`spectra` draws these.

        Examples
        --------
        >>> from spectra.theory import laws
        >>> laws.semicircle().sample(3, rng=0).round(3)
        array([ 0.434, -0.741, -1.66 ])
        """
        _checks.count("num", num)
        return self.ppf(_checks.generator(rng).random(num))

    def spectra(
        self, size: int, /, *, num: int = 1, rng: int | np.random.Generator | None = None
    ) -> FloatArray:
        """
        Draw eigenvalues of random matrices of finite size whose spectrum tends to the law.

        Parameters
        ----------
        size : int
            Number of eigenvalues of each matrix.
        num : int, default: 1
            Number of matrices.
        rng : int, numpy.random.Generator or None, default: None
            Seed or generator of the random numbers; None draws different ones each time.

        Returns
        -------
        ndarray, shape (num, size)
            Eigenvalues, each row ascending, in the unit of the law.

        Raises
        ------
        ArgumentError
            If the law has no such model, or an argument is out of range.

        Examples
        --------
        >>> from spectra.theory import laws
        >>> laws.semicircle().spectra(100, num=3, rng=0).shape
        (3, 100)
        """
        _checks.count("size", size)
        _checks.count("num", num)
        if self.model is None:
            msg = (
                f"{self.name} has no random matrix model, so its spectra cannot be drawn; "
                "`sample` draws independent numbers"
            )
            raise ArgumentError(msg)
        return self.model(int(size), int(num), _checks.generator(rng))

    def scaled(self, factor: float, /) -> Law:
        """
        Return the law of the eigenvalues times a number.

        Parameters
        ----------
        factor : float
            Number other than 0.

        Returns
        -------
        Law
            The law of ``factor * x``.

        Examples
        --------
        >>> from spectra.theory import laws
        >>> laws.semicircle().scaled(3.0).edges
        (-6.0, 6.0)
        """
        from spectra.theory.laws._maps import scaled

        return scaled(self, factor)

    def shifted(self, by: float, /) -> Law:
        """
        Return the law of the eigenvalues plus a number.

        Parameters
        ----------
        by : float
            A finite number.

        Returns
        -------
        Law
            The law of ``x + by``.

        Examples
        --------
        >>> from spectra.theory import laws
        >>> laws.semicircle().shifted(3.0).edges
        (1.0, 5.0)
        """
        from spectra.theory.laws._maps import shifted

        return shifted(self, by)

    def inverse(self) -> Law:
        """
        Return the law of the inverse matrix.

        Returns
        -------
        Law
            The law of ``1 / x``.

        Raises
        ------
        ArgumentError
            If 0 is an atom or inside an interval.

        Examples
        --------
        >>> from spectra.theory import laws
        >>> laws.marchenko_pastur(0.25).inverse().edges
        (0.4444444444444444, 4.0)
        """
        from spectra.theory.laws._maps import inverse

        return inverse(self)

    def __add__(self, other: Law) -> Law:
        """Return the free sum, see :func:`spectra.theory.laws.free_sum`."""
        from spectra.theory.laws._free_sum import free_sum

        return free_sum(self, other)

    def __matmul__(self, other: Law) -> Law:
        """Return the free product, see :func:`spectra.theory.laws.free_product`."""
        from spectra.theory.laws._free_product import free_product

        return free_product(self, other)

    def named(self, name: str, /) -> Law:
        """
        Return the same law with another name.

        Parameters
        ----------
        name : str
            Name in words.

        Returns
        -------
        Law
            The law.

        Examples
        --------
        >>> from spectra.theory import laws
        >>> laws.semicircle().named("noise of an embedding").name
        'noise of an embedding'
        """
        return replace(self, name=name)
