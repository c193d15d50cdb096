"""Comparisons with a law at several sizes, and the rate at which a spectrum tends to it."""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

import spectra._checks as _checks
from spectra.errors import ArgumentError
from spectra.theory._compare import compare

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import xarray as xr

    from spectra._typing import Executor

__all__ = ["scan"]

_PER_SIZE = ("verdict", "p", "difference", "detectable", "num_redraws")


def scan(
    draw: Callable[[int, np.random.Generator], Any],
    law: Any,
    sizes: Iterable[int],
    /,
    *,
    num: int = 100,
    model: Any = None,
    num_redraws: int | None = None,
    significance: float = 0.05,
    rng: int | np.random.Generator | None = None,
    executor: Executor | None = None,
) -> xr.Dataset:
    r"""
    Compare an ensemble with a law at several sizes, and measure how fast it tends to the law.

    Parameters
    ----------
    draw : callable
        Function of a size and a generator that draws a matrix or a spectrum.
    law : Law, or function of a size
        The law, or a function that returns the law of a size, if its unit depends on it.
    sizes : iterable of int
        Sizes, two at least for a rate.
    num : int, default: 100
        Draws of each size.
    model : callable or "independent", optional
        Model of the law, see :func:`compare`.
    num_redraws : int, optional
        Spectra of each size that are drawn from the model.
    significance : float, default: 0.05
        Probability, at each size, to call draws of the model different.
    rng : int, numpy.random.Generator or None, default: None
        Seed or generator of the random numbers; None draws different ones each time.
    executor : Executor, optional
        Executor of draws and redraws, see :func:`compare`.

    Returns
    -------
    xarray.Dataset
        What :func:`compare` returns, along ``size``, but for ``eigenvalue`` and the quantiles of
        the law, of which ``q`` is the probability; ``verdict``, ``p``, ``difference`` and
        ``detectable`` of each size. Attributes ``sentence``, ``rate`` and ``rate_error``: the
        distance between the mean distribution function and the law falls as ``size ** -rate``.
        Distances that are chance alone do not count, ``distance_error`` says what chance gives.
        Both are ``nan`` if fewer than
        two sizes have a distance of more than twice that.

    Raises
    ------
    ArgumentError
        If there is no size, or :func:`compare` refuses the draws.

    See Also
    --------
    compare : One size.

    Notes
    -----
    The distance is the root of the mean square difference between the mean distribution function
    and the law, over quantiles of the law, less the mean square that chance alone gives. For
    Gaussian matrices the bulk tends to its law with a rate of 1.

    References
    ----------
    Goetze & Tikhomirov (2016), doi:10.1214/15-AAP1145, on the rate.

    Examples
    --------
    >>> from spectra.theory import ensembles, laws, scan
    >>> found = scan(
    ...     lambda n, rng: ensembles.hermite(n, rng=rng)[0],
    ...     lambda n: laws.semicircle(variance=n),
    ...     [20, 40, 80],
    ...     rng=0,
    ... )
    >>> found.verdict.values.tolist()
    ['consistent', 'consistent', 'consistent']
    """
    import xarray as xr

    counts = list(sizes)
    if not counts:
        msg = "`sizes` must be whole numbers from 3, got none"
        raise ArgumentError(msg)
    for size in counts:
        _checks.count("sizes", size, at_least=3)
    random = _checks.generator(rng)
    found = []
    for size in counts:
        one = compare(
            partial(draw, int(size)),
            law if callable(getattr(law, "cdf", None)) else law(int(size)),
            num=num,
            model=model,
            num_redraws=num_redraws,
            significance=significance,
            rng=random,
            executor=executor,
        )
        found.append(_along_size(one))
    ds = xr.concat(found, dim="size", combine_attrs="drop_conflicts")
    distance, error = _distances(ds)
    ds["distance"] = ("size", distance)
    ds["distance_error"] = ("size", error)
    rate, rate_error = _rate(np.array(counts, float), distance, error)
    said = f"The distance falls as size ** -{rate:.2f} (error {rate_error:.2f})."
    if math.isnan(rate):
        said = f"The distances are chance alone: take more draws than {num} of each size."
    ds.attrs |= {"rate": rate, "rate_error": rate_error, "sentence": said}
    return ds


def _along_size(one: xr.Dataset) -> xr.Dataset:
    """Return a comparison with its size as a coordinate, and its judgement as variables."""
    num = one.sizes["x"]
    q = (np.arange(num) + 0.5) / num
    flat = one.drop_vars("eigenvalue").assign_coords(q=("x", q)).swap_dims(x="q").reset_coords("x")
    flat = flat.rename(p="p_of_statistic")
    for name in _PER_SIZE:
        flat[name] = one.attrs[name]
    flat.attrs = {k: one.attrs[k] for k in ("num", "significance")}
    return flat.assign_coords(size=one.attrs["size"])


def _distances(ds: xr.Dataset) -> tuple[Any, Any]:
    """Return the distance of the mean distribution function from the law, and that of chance."""
    chance = (ds.cdf_error**2).mean("q")
    apart = ((ds.cdf_drawn - ds.cdf_law) ** 2).mean("q") - chance
    return np.sqrt(np.maximum(apart, 0)).values, np.sqrt(chance).values


def _rate(sizes: Any, distance: Any, error: Any) -> tuple[float, float]:
    """Return the slope of the logarithm of the distance, and its standard error."""
    known = distance > 2 * error
    if known.sum() < 2 or len(np.unique(sizes[known])) < 2:
        return math.nan, math.nan
    x, y = np.log(sizes[known]), np.log(distance[known])
    weight = (distance[known] / error[known]) ** 2
    mean = np.average(x, weights=weight)
    spread = float(np.sum(weight * (x - mean) ** 2))
    slope = float(np.sum(weight * (x - mean) * (y - np.average(y, weights=weight))) / spread)
    return -slope, 1 / math.sqrt(spread)
