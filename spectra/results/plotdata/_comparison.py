"""Numbers of the figure of draws beside the law that they are compared with."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from spectra.errors import ArgumentError

if TYPE_CHECKING:
    import xarray as xr

    from spectra._typing import FloatArray

__all__ = ["Comparison", "comparison"]

_NEEDED = ("x", "cdf_drawn", "cdf_error", "cdf_redrawn", "cdf_law")


class Comparison(NamedTuple):
    """
    Difference of the distribution function of draws from that of a law.

    Examples
    --------
    >>> Comparison._fields[:3]
    ('q', 'x', 'difference')
    """

    q: FloatArray
    """Probabilities of the law, ascending."""
    x: FloatArray
    """Quantiles of the law at these probabilities, in the unit of the eigenvalues."""
    difference: FloatArray
    """Mean distribution function of the draws at the quantiles, less that of the law."""
    error: FloatArray
    """Standard error of the difference; nan for a single spectrum."""
    expected: FloatArray
    """Difference that redraws of the model have at this size; nan for a law without a model."""
    reach: float
    """Distance from `expected`, or from 0 without a model, that chance stays within in 95 % of
    cases; nan if the draws are not judged."""
    size: int
    """Number of eigenvalues of a spectrum."""
    num: int
    """Number of spectra."""
    name: str
    """Name of the law."""
    verdict: str
    """*consistent*, *different* or *not judged*."""
    p: float
    """p-value of the comparison, nan if the draws are not judged."""
    caption: str
    """Sentence with the verdict and the precision."""


def comparison(ds: xr.Dataset, /) -> Comparison:
    """
    Compute the difference of draws from the law that they are compared with, along the law.

    Parameters
    ----------
    ds : xarray.Dataset
        Result of :func:`spectra.theory.compare`.

    Returns
    -------
    Comparison
        Numbers of the figure.

    Raises
    ------
    ArgumentError
        If the Dataset is not a result of ``compare``.

    See Also
    --------
    convergence : Distance from the law at several sizes.

    Examples
    --------
    >>> from spectra.theory import compare, ensembles, laws
    >>> W = ensembles.gaussian((60, 30), num=20, rng=0).W
    >>> figure = comparison(compare(W, laws.marchenko_pastur(0.5, mean=60.0), rng=1))
    >>> figure.verdict, bool(abs(figure.difference - figure.expected).max() < figure.reach)
    ('consistent', True)
    """
    missing = [name for name in _NEEDED if name not in getattr(ds, "variables", ())]
    if missing or "sentence" not in ds.attrs:
        msg = (
            "`ds` must be a result of spectra.theory.compare, got one that lacks "
            f"{', '.join(missing) or 'its sentence'}"
        )
        raise ArgumentError(msg)
    law = np.asarray(ds.cdf_law, np.float64)
    num = len(law)
    return Comparison(
        q=(np.arange(num) + 0.5) / num,
        x=np.asarray(ds.x, np.float64),
        difference=np.asarray(ds.cdf_drawn, np.float64) - law,
        error=np.asarray(ds.cdf_error, np.float64),
        expected=np.asarray(ds.cdf_redrawn, np.float64) - law,
        reach=float(ds.attrs.get("detectable", math.nan)),
        size=int(ds.attrs["size"]),
        num=int(ds.attrs["num"]),
        name=str(ds.attrs["law"]),
        verdict=str(ds.attrs["verdict"]),
        p=float(ds.attrs["p"]),
        caption=str(ds.attrs["sentence"]),
    )
