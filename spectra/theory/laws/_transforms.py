"""The transforms of a law of eigenvalues, which add or multiply in free sums and products."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

import spectra._checks as _checks
from spectra.errors import ArgumentError
from spectra.theory.laws._density import Density
from spectra.theory.laws._outside import inverse_outside

if TYPE_CHECKING:
    import numpy.typing as npt

    from spectra._typing import FloatArray

__all__ = ["Transforms"]


@dataclass(frozen=True, eq=False)
class Transforms(Density):
    """Density of eigenvalues with its free cumulants, R and S."""

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
            R(z), the mean of the law at 0. Beyond the values of G at the edges, a law with a closed
            form gives the analytic continuation of R, and ``nan`` is given where there is none.

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
