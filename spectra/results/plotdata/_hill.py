"""Numbers of the Hill plot."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

import spectra.tails.hill as _hill
from spectra.errors import ArgumentError
from spectra.results.plotdata._source import source, tail_of

if TYPE_CHECKING:
    import numpy.typing as npt
    import xarray as xr

    from spectra._typing import FloatArray

__all__ = ["Hill", "hill"]


class Hill(NamedTuple):
    """
    Hill estimates of alpha for every length of the tail.

    Examples
    --------
    >>> Hill._fields[:2]
    ('k', 'alpha')
    """

    k: npt.NDArray[np.int64]
    """Numbers of eigenvalues in the tail."""
    alpha: FloatArray
    """Exponent of each tail; finite."""
    low: FloatArray
    """Exponent less its standard error."""
    high: FloatArray
    """Exponent plus its standard error."""
    fitted: float
    """Exponent of the power-law fit; ``nan`` without a fit."""
    num_tail: int
    """Number of eigenvalues in the fitted tail; 0 without a fit."""
    half: float
    """Exponent of the larger half of the eigenvalues, as in published programs."""
    name: str
    """Name of the layer on one line; empty for plain eigenvalues."""
    caption: str
    """Sentences with the numbers of the figure."""


def hill(data: xr.Dataset | npt.ArrayLike, /, *, layer: str | None = None) -> Hill:
    """
    Compute the Hill estimate of alpha for every length of the tail.

    Parameters
    ----------
    data : xarray.Dataset, Spectrum or array_like
        Result of :func:`spectra.analyze`, a Spectrum, or eigenvalues.
    layer : str, optional
        Name of the layer; by default the only layer of the Dataset.

    Returns
    -------
    Hill
        Numbers of the figure.

    Raises
    ------
    UnknownNameError
        If there is no such layer.
    ArgumentError
        If the layer has fewer than two different eigenvalues that are not zero.

    Examples
    --------
    >>> import numpy as np
    >>> figure = hill(np.random.default_rng(0).pareto(1.5, 300) + 1)
    >>> len(figure.k), round(float(figure.alpha[-1]), 1)
    (299, 2.3)
    """
    found = source(data, layer=layer)
    tail, curve = tail_of(found), _hill.curve(found.nonzero)
    there = np.isfinite(curve.alpha)
    if not there.any():
        what = f"layer {found.name!r}" if found.name else "the spectrum"
        num = len(found.nonzero)
        msg = f"{what} has no two different eigenvalues for a Hill plot: {num} nonzero"
        raise ArgumentError(msg)
    k, alpha, sigma = curve.k[there], curve.alpha[there], curve.sigma[there]
    half = _hill.half(found.nonzero)
    fitted = (
        f" The power-law fit has {tail.words} with {tail.num} eigenvalues."
        if math.isfinite(tail.alpha)
        else ""
    )
    return Hill(
        k, alpha, alpha - sigma, alpha + sigma, tail.alpha, tail.num, half, found.name,
        f"Hill estimates of alpha from the k largest eigenvalues of {found.name or 'a matrix'}; a "
        f"power law holds where they are constant. The larger half gives {half:.2f}.{fitted}",
    )  # fmt: skip
