r"""
Free probability: the spectra of sums of large matrices, and metrics derived from a spectrum.

Free cumulants are to large random matrices what cumulants are to independent numbers: those of a
sum are the sums. The R-transform :math:`R(z) = \sum_n k_n z^{n-1}` holds all of them. Its integral
up to an eigenvalue, summed over the eigenvalues, is a metric of a layer: which one depends on the
law that the layer is taken to follow, and R is the only thing to choose.
"""

from spectra.theory.free_probability._capacity import capacity, generating_function
from spectra.theory.free_probability._cumulants import (
    free_cumulants,
    moments,
    moments_from_cumulants,
    truncated_power_law_cumulants,
)
from spectra.theory.free_probability._transforms import (
    LevyConvention,
    cauchy_R,
    inverse_marchenko_pastur_R,
    levy_R,
    marchenko_pastur_R,
    series_R,
    spikes_R,
    wigner_R,
)

__all__ = [
    "LevyConvention",
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
