"""Numbers of the figure of a spectral density."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal, NamedTuple, get_args

import numpy as np

import spectra._checks as _checks
from spectra.errors import counted
from spectra.results.plotdata._bins import even_edges, log_edges
from spectra.results.plotdata._source import bulk_of, source, tail_of
from spectra.results.plotdata._units import unit_words

if TYPE_CHECKING:
    import numpy.typing as npt
    import xarray as xr

    from spectra._typing import FloatArray
    from spectra.results.plotdata._source import Bulk, Source, Tail

__all__ = ["ESD", "Scale", "esd"]

Scale = Literal["log-log", "lin-log", "lin-lin"]
"""Scales of the vertical and the horizontal axis."""

_TAIL_POINTS = 50
_BULK_POINTS = 400
_SHOWN = 0.01  # of xmin, or of the median: smaller eigenvalues are counted but not drawn
_FAR = 4.0  # times the edge of the bulk, or the 90 % quantile: the end of a linear axis


class ESD(NamedTuple):
    """
    Empirical spectral density of a layer, with its fitted tail and bulk.

    Examples
    --------
    >>> ESD._fields[:2]
    ('edges', 'density')
    """

    edges: FloatArray
    """Bin edges in weight units squared, evenly spaced as the horizontal axis is."""
    density: FloatArray
    """Share of all eigenvalues in each bin over its width: in decades for ``lin-log``."""
    tail: FloatArray
    """Points from `xmin` to `xmax`, in weight units squared; empty without a fit."""
    tail_density: FloatArray
    """Fitted power law at the points of the tail, times the share of eigenvalues in the tail."""
    bulk: FloatArray
    """Points from the lower to the upper edge of the bulk; empty if no bulk is known."""
    bulk_density: FloatArray
    """Marchenko-Pastur law at the points of the bulk, times the share of eigenvalues in it."""
    num_left_out: int
    """Number of eigenvalues too small to draw, zeros included."""
    num_zero: int = 0
    """Number of eigenvalues that are zero to within rounding; they are among those left out."""
    num_beyond: int = 0
    """Number of eigenvalues beyond the end of a linear axis."""
    name: str = ""
    """Name of the layer on one line; empty for plain eigenvalues."""
    fit: str = ""
    """Alpha with its interval and the size of the tail, or the reason why there is no fit."""
    support: str = ""
    """What the data say of the power law; empty if it was not judged."""
    exponent: int = 0
    """Power of four that is the unit of the eigenvalues, 0 for all but extreme weights."""
    caption: str = ""
    """Sentences with the numbers of the figure."""


def esd(
    data: xr.Dataset | npt.ArrayLike,
    /,
    *,
    layer: str | None = None,
    N: int | None = None,
    scale: Scale = "log-log",
) -> ESD:
    """
    Compute the spectral density of a layer and of its fitted tail and bulk.

    Parameters
    ----------
    data : xarray.Dataset, Spectrum or array_like
        Result of :func:`spectra.analyze`, a Spectrum, or eigenvalues of ``W.T @ W``. Power law and
        noise are fitted here if the Dataset lacks them.
    layer : str, optional
        Name of the layer; by default the only layer of the Dataset.
    N : int, optional
        Longer side of the matrix, for plain eigenvalues; without it no law of noise is fitted.
    scale : {"log-log", "lin-log", "lin-lin"}, default: "log-log"
        Scales of the vertical and of the horizontal axis.

    Returns
    -------
    ESD
        Numbers of the figure.

    Raises
    ------
    UnknownNameError
        If there is no such layer.
    ArgumentError
        If the layer has no positive eigenvalue, with the reason, or an argument is wrong.

    Notes
    -----
    Eigenvalues that are zero to within rounding have no place on a logarithmic axis and no density
    on a linear one: they are counted in `num_zero`, and in the denominator of every density.

    Examples
    --------
    >>> import numpy as np, spectra
    >>> ds = spectra.analyze({"fc": np.random.default_rng(0).pareto(1.5, (200, 100))})
    >>> figure = esd(ds, layer="fc")
    >>> round(float(figure.density @ np.diff(figure.edges)), 12), figure.num_left_out
    (1.0, 0)
    """
    _checks.choice("scale", scale, get_args(Scale))
    found = source(data, layer=layer, N=N)
    tail, bulk = tail_of(found), bulk_of(found)
    values, total = found.nonzero, len(found.eigenvalues)
    if scale == "lin-lin":
        low, high = 0.0, _end(values, bulk)
        x = values[values <= high]
        edges = even_edges(x, high)
    else:
        low, high = _start(values, tail), math.inf
        x = values[values >= low]
        edges = log_edges(x)
    per_decade = scale == "lin-log"
    widths = np.diff(np.log10(edges)) if per_decade else np.diff(edges)
    density = np.histogram(x, edges)[0] / (total * widths)
    in_tail, tail_density = _tail(tail, total, high)
    in_bulk, bulk_density = _bulk(bulk, total, edges[0], even=scale == "lin-lin")
    if per_decade:
        tail_density = tail_density * in_tail * math.log(10)
        bulk_density = bulk_density * in_bulk * math.log(10)
    beyond = int((values > high).sum())
    return ESD(
        edges, density, in_tail, tail_density, in_bulk, bulk_density,
        total - len(x) - beyond, found.num_zero, beyond, found.name, _fit(tail, total),
        tail.support, found.exponent, caption_of(found, tail, bulk),
    )  # fmt: skip


def _start(values: FloatArray, tail: Tail) -> float:
    """Return the start of a logarithmic axis: tiny eigenvalues would squeeze all others."""
    middle = float(np.median(values))
    return _SHOWN * (middle if math.isnan(tail.alpha) else min(tail.xmin, middle))


def _end(values: FloatArray, bulk: Bulk | None) -> float:
    """Return the end of a linear axis: a few huge eigenvalues would squeeze all others."""
    most = max(float(np.quantile(values, 0.9)), bulk.upper if bulk else 0.0)
    return min(float(values[-1]), _FAR * most)


def _tail(tail: Tail, total: int, end: float) -> tuple[FloatArray, FloatArray]:
    """Return points and density of the power law, as far as the axis goes."""
    if not tail.alpha > 1 or tail.xmin >= end:
        return np.empty(0), np.empty(0)
    x = np.geomspace(tail.xmin, min(tail.xmax, end), _TAIL_POINTS)
    height = tail.num / total * (tail.alpha - 1) / tail.xmin
    return x, height * (x / tail.xmin) ** -tail.alpha


def _bulk(
    bulk: Bulk | None, total: int, start: float, *, even: bool
) -> tuple[FloatArray, FloatArray]:
    """Return points and density of the law of noise from `start` up."""
    if bulk is None or max(bulk.lower, start) >= bulk.upper:
        return np.empty(0), np.empty(0)
    low = bulk.lower if even else max(bulk.lower, start)
    x = (np.linspace if even and low else np.geomspace)(
        max(low, start), bulk.upper, _BULK_POINTS
    )  # at zero the law of a square matrix has no bound
    return x, bulk.num / total * bulk.pdf(x)


def _fit(tail: Tail, total: int) -> str:
    if math.isnan(tail.alpha):
        return tail.words
    return f"{tail.words}, {tail.num} of {total} eigenvalues"


def caption_of(found: Source, tail: Tail, bulk: Bulk | None) -> str:
    """Return sentences on a spectrum, its power law and its noise."""
    subject = found.name or "a matrix"
    zero = (
        f", of which {found.num_zero} {'is' if found.num_zero == 1 else 'are'} zero"
        if found.num_zero
        else ""
    )
    words = [
        f"Spectral density of {subject}: {counted(len(found.eigenvalues), 'eigenvalue')}{zero}."
    ]
    if math.isnan(tail.alpha):
        words.append(f"{tail.words[0].upper()}{tail.words[1:]}.")
    else:
        other = " from an exponential" if tail.support == "not distinguishable" else ""
        support = f"; power law: {tail.support}{other}" if tail.support else ""
        words.append(
            f"Tail of {tail.num} eigenvalues from {tail.xmin:.3g} up with {tail.words}{support}."
        )
    if bulk is not None:
        above = len(bulk.spikes)
        verb = "eigenvalue is" if above == 1 else "eigenvalues are"
        words.append(
            f"Noise by the Marchenko-Pastur law ends at {bulk.upper:.3g}; "
            f"{above or 'no'} {verb} too large for it at {found.significance:g}."
        )
        within = int(((found.nonzero >= tail.xmin) & (found.nonzero <= bulk.upper)).sum())
        if within:
            words.append(f"Of the tail {within} of {tail.num} lie within the noise.")
    return " ".join(words) + unit_words(found.exponent)
