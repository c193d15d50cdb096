"""Numbers of the figure of the distance from a law at several sizes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from spectra.errors import ArgumentError

if TYPE_CHECKING:
    import numpy.typing as npt
    import xarray as xr

    from spectra._typing import FloatArray

__all__ = ["Convergence", "convergence"]

_NEEDED = ("size", "distance", "distance_error", "verdict")
_CLEAR = 2.0  # times what chance gives, above which a distance counts for the rate


class Convergence(NamedTuple):
    """
    Distance of an ensemble from its law at several sizes, with the rate at which it falls.

    Examples
    --------
    >>> Convergence._fields[:3]
    ('size', 'distance', 'error')
    """

    size: npt.NDArray[np.int64]
    """Numbers of eigenvalues, in the order of the scan."""
    distance: FloatArray
    """Root of the mean square difference between mean distribution function and law, chance
    taken off; 0 where chance alone is larger."""
    error: FloatArray
    """Distance that chance alone gives with so many draws."""
    clear: npt.NDArray[np.bool_]
    """Whether the distance is above twice its error, so that it counts for the rate."""
    different: npt.NDArray[np.bool_]
    """Whether the draws differ from the model at their size."""
    rate: float
    """Distances fall as ``size ** -rate``; nan if fewer than two are clear."""
    rate_error: float
    """Standard error of the rate."""
    fitted: FloatArray
    """Distances of the fitted rate at the sizes; nan without a rate."""
    caption: str
    """Sentences with the numbers of the figure."""


def convergence(ds: xr.Dataset, /) -> Convergence:
    """
    Compute the distance of an ensemble from its law against size, and the fitted rate.

    Parameters
    ----------
    ds : xarray.Dataset
        Result of :func:`spectra.theory.scan`.

    Returns
    -------
    Convergence
        Numbers of the figure.

    Raises
    ------
    ArgumentError
        If the Dataset is not a result of ``scan``.

    See Also
    --------
    comparison : Difference from the law at one size.

    Examples
    --------
    >>> from spectra.theory import ensembles, laws, scan
    >>> found = scan(
    ...     lambda n, rng: ensembles.hermite(n, rng=rng)[0],
    ...     lambda n: laws.semicircle(variance=n),
    ...     [20, 40, 80],
    ...     rng=0,
    ... )
    >>> convergence(found).different.any()
    np.False_
    """
    missing = [name for name in _NEEDED if name not in getattr(ds, "variables", ())]
    if missing or "rate" not in ds.attrs:
        msg = (
            "`ds` must be a result of spectra.theory.scan, got one that lacks "
            f"{', '.join(missing) or 'its rate'}"
        )
        raise ArgumentError(msg)
    size = np.atleast_1d(np.asarray(ds["size"], np.int64))
    distance, error = np.asarray(ds.distance, np.float64), np.asarray(ds.distance_error, np.float64)
    rate, rate_error = float(ds.attrs["rate"]), float(ds.attrs["rate_error"])
    clear = distance > _CLEAR * error
    different = np.asarray(ds.verdict == "different")
    return Convergence(
        size=size,
        distance=distance,
        error=error,
        clear=clear,
        different=different,
        rate=rate,
        rate_error=rate_error,
        fitted=_fitted(size, distance, error, clear, rate),
        caption=_caption(size, different, rate, rate_error),
    )


def _fitted(size: Any, distance: Any, error: Any, clear: Any, rate: float) -> FloatArray:
    """Return the line of the rate through the weighted mean of the clear distances."""
    if math.isnan(rate):
        return np.full(len(size), np.nan)
    x, y = np.log(size), np.log(np.where(clear, distance, 1.0))
    weight = np.where(clear, (distance / error) ** 2, 0.0)
    line: FloatArray = np.exp(
        np.average(y, weights=weight) - rate * (x - np.average(x, weights=weight))
    )
    return line


def _caption(size: Any, different: Any, rate: float, rate_error: float) -> str:
    sizes = f"{len(size)} sizes from {size.min()} to {size.max()}" if len(size) > 1 else "one size"
    if math.isnan(rate):
        fall = "There is no rate, as fewer than two distances are above twice what chance gives."
    else:
        fall = f"It falls as size to the power of -{rate:.2f} (standard error {rate_error:.2g})."
    worse = [str(n) for n in size[different]]
    where = f"size{'s' * (len(worse) > 1)} {', '.join(worse)}"
    apart = f" Draws differ from the model at {where}." if worse else ""
    return f"Distance of the mean distribution function from the law at {sizes}. {fall}{apart}"
