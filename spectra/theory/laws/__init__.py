r"""
Laws of eigenvalues as objects of one kind, which are composed like functions.

A law has ``pdf``, ``cdf``, ``sf``, ``ppf``, ``moments``, ``free_cumulants``, ``R``, ``S``,
``stieltjes``, ``edges``, ``sample`` (independent numbers) and ``spectra`` (eigenvalues of random
matrices of finite size). ``law.scaled(c)``, ``law.shifted(d)`` and ``law.inverse()`` are the laws
of c X, X + d and of the inverse of X; ``a + b`` and ``a @ b`` are free sums and products.

The Stieltjes transform is :math:`G(z) = \int \rho(dx) / (z - x)`. Laws of ``W.T @ W`` are in the
unit of its eigenvalues, not divided by the number of rows; their mean is the number of rows times
the variance of the elements.
"""

from spectra.theory.laws._closed import cauchy, discrete, marchenko_pastur, semicircle
from spectra.theory.laws._free_product import free_product
from spectra.theory.laws._free_stable import free_stable
from spectra.theory.laws._free_sum import free_sum
from spectra.theory.laws._high_temperature import high_temperature
from spectra.theory.laws._high_temperature_fit import HighTemperatureFit, fit_high_temperature
from spectra.theory.laws._jacobi import jacobi
from spectra.theory.laws._law import Law
from spectra.theory.laws._spiked import spiked

__all__ = [
    "HighTemperatureFit",
    "Law",
    "cauchy",
    "discrete",
    "fit_high_temperature",
    "free_product",
    "free_stable",
    "free_sum",
    "high_temperature",
    "jacobi",
    "marchenko_pastur",
    "semicircle",
    "spiked",
]
