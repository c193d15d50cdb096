"""A law of eigenvalues: one kind of object, whatever the law."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import spectra._checks as _checks
from spectra.errors import ArgumentError
from spectra.theory.laws import _free_product, _free_sum, _maps
from spectra.theory.laws._transforms import Transforms

if TYPE_CHECKING:
    import numpy as np

    from spectra._typing import FloatArray

__all__ = ["Law"]


@dataclass(frozen=True, eq=False)
class Law(Transforms):
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
        A place inside an interval that has an infinite end, near typical eigenvalues.
    width : float, optional
        Distance from the middle over which the density changes; the size of the middle by default.
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
        Places of single eigenvalues of the model, which have no probability in the limit, the
        largest first.
    least : float, default: 1e-30
        Share that the density resolves: smaller ones are left out of its integrals.
    tracked : callable, optional
        The density as a function of places, which may keep what it needs for others nearby.
    moved : tuple of (Law, float, float), optional
        The law, factor and shift that this law is made of, whose integrals it shares.

    Examples
    --------
    >>> from spectra.theory import laws
    >>> law = laws.marchenko_pastur(0.25)
    >>> law.edges, law.pdf([0.1, 1.0]).round(4)
    ((0.25, 2.25), array([0.    , 0.6164]))
    """

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
        return _maps.scaled(self, factor)

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
        return _maps.shifted(self, by)

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
        return _maps.inverse(self)

    def __add__(self, other: Law) -> Law:
        """Return the free sum, see :func:`spectra.theory.laws.free_sum`."""
        return _free_sum.free_sum(self, other) if isinstance(other, Law) else NotImplemented

    def __matmul__(self, other: Law) -> Law:
        """Return the free product, see :func:`spectra.theory.laws.free_product`."""
        return _free_product.free_product(self, other) if isinstance(other, Law) else NotImplemented

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
