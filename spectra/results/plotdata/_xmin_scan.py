"""Numbers of the figure of distance and alpha against xmin."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from spectra.errors import ArgumentError
from spectra.results.plotdata._source import source, tail_of
from spectra.results.plotdata._units import unit_words
from spectra.tails.ambiguity import local_minima, rival
from spectra.tails.power_law import scan

if TYPE_CHECKING:
    from typing import Any

    import numpy.typing as npt
    import xarray as xr

    from spectra._typing import FloatArray

__all__ = ["XminScan", "xmin_scan"]

_SHORTEST = 10  # fewest data in a tail that is a rival


class XminScan(NamedTuple):
    """
    Distance and exponent for every start of the tail.

    Examples
    --------
    >>> XminScan._fields[:3]
    ('xmin', 'D', 'alpha')
    """

    xmin: FloatArray
    """Starts of the tail, ascending, in weight units squared."""
    D: FloatArray
    """Kolmogorov-Smirnov distance of each tail from its power law."""
    alpha: FloatArray
    """Exponent of each tail."""
    sigma: FloatArray
    """Standard error of each exponent."""
    num_tail: FloatArray
    """Number of eigenvalues in each tail."""
    chosen: float
    """Start of the fitted tail."""
    rivals: FloatArray
    """Starts of the other local minima of D that a test at 10 % does not reject, ascending."""
    rival_alpha: float
    """Exponent of a rival tail that contradicts the fit; ``nan`` if none does."""
    rival_xmin: float
    """Start of that tail; ``nan`` if none contradicts the fit."""
    name: str
    """Name of the layer on one line; empty for plain eigenvalues."""
    exponent: int
    """Power of four that is the unit of the eigenvalues, 0 for all but extreme weights."""
    caption: str
    """Sentences with the numbers of the figure."""


def xmin_scan(data: xr.Dataset | npt.ArrayLike, /, *, layer: str | None = None) -> XminScan:
    """
    Compute distance and exponent of the power law for every start of the tail.

    Parameters
    ----------
    data : xarray.Dataset, Spectrum or array_like
        Result of :func:`spectra.analyze`, a Spectrum, or eigenvalues.
    layer : str, optional
        Name of the layer; by default the only layer of the Dataset.

    Returns
    -------
    XminScan
        Numbers of the figure. Tails of equal eigenvalues are left out.

    Raises
    ------
    UnknownNameError
        If there is no such layer.
    ArgumentError
        If the layer has no power law, with the reason.

    See Also
    --------
    spectra.tails.ambiguity.local_minima : The minima, of which the plausible ones are rivals here
        if they have at least 10 eigenvalues.

    Examples
    --------
    >>> import numpy as np
    >>> figure = xmin_scan(np.random.default_rng(0).pareto(1.5, 300) + 1)
    >>> bool(figure.xmin[figure.D.argmin()] == figure.chosen)
    True
    """
    found = source(data, layer=layer)
    tail = tail_of(found)
    what = f"layer {found.name!r}" if found.name else "the spectrum"
    if math.isnan(tail.alpha):
        msg = f"{what} has no tail to search: {tail.words}"
        raise ArgumentError(msg)
    options: dict[str, Any] = {k: v for k, v in found.options.items() if k != "xmin"}
    every = scan(found.nonzero, **options)
    kept = np.isfinite(every.alpha)
    minima = local_minima(found.nonzero, **options)
    usable = minima.plausible & (minima.num_tail >= _SHORTEST) & (minima.xmin != tail.xmin)
    other = rival(minima)
    contradiction = (
        f" Alpha is ambiguous: another tail that fits has {other:.2f}."
        if math.isfinite(other)
        else " No other tail that fits has a clearly different alpha."
    )
    same = minima.xmin[minima.alpha == other]
    D = np.interp(tail.xmin, every.xmin[kept], every.D[kept]) if kept.any() else math.nan
    return XminScan(
        np.asarray(every.xmin)[kept], np.asarray(every.D)[kept], np.asarray(every.alpha)[kept],
        np.asarray(every.sigma)[kept], np.asarray(every.num_tail)[kept], tail.xmin,
        minima.xmin[usable], other, float(same[0]) if len(same) else math.nan, found.name,
        found.exponent,
        f"Distance of the tail of {found.name or 'a matrix'} from a power law, and its exponent, "
        f"for every start xmin. The fit starts at {tail.xmin:.3g} with D = {D:.3f} and "
        f"{tail.words}.{contradiction}{unit_words(found.exponent)}",
    )  # fmt: skip
