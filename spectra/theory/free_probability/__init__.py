r"""
Free probability: the spectra of sums of large matrices, and metrics derived from a spectrum.

Free cumulants correspond, for large random matrices, to the cumulants of independent numbers: the
free cumulants of a sum of independent matrices are the sums of their free cumulants. The
R-transform :math:`R(z) = \sum_n k_n z^{n-1}` is their generating function. Its integral up to an
eigenvalue, summed over the eigenvalues, is a metric of a layer. The law that the layer is assumed
to follow fixes R, and R fixes the metric.
"""

from spectra.theory.free_probability._capacity import capacity, generating_function
from spectra.theory.free_probability._cumulants import (
    free_cumulants,
    moments,
    moments_from_cumulants,
    truncated_power_law_cumulants,
)
from spectra.theory.free_probability._transforms import (
    LevyVariant,
    cauchy_R,
    inverse_marchenko_pastur_R,
    levy_R,
    marchenko_pastur_R,
    series_R,
    spikes_R,
    wigner_R,
)

__all__ = [
    "LevyVariant",
    "capacity",
    "cauchy_R",
    "free_cumulants",
    "generating_function",
    "inverse_marchenko_pastur_R",
    "levy_R",
    "marchenko_pastur_R",
    "moments",
    "moments_from_cumulants",
    "series_R",
    "spikes_R",
    "truncated_power_law_cumulants",
    "wigner_R",
]
