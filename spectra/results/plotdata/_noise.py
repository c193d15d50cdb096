"""Numbers of the figure of the noise of a layer and its spikes."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

import spectra.noise.tracy_widom as _tw
from spectra.errors import ArgumentError
from spectra.results.plotdata._bins import even_edges
from spectra.results.plotdata._source import bulk_of, source
from spectra.results.plotdata._units import unit_words

if TYPE_CHECKING:
    import numpy.typing as npt
    import xarray as xr

    from spectra._typing import FloatArray

__all__ = ["Noise", "noise"]

_POINTS = 400


class Noise(NamedTuple):
    """
    Bulk of a spectrum with its law, the fluctuation of its edge, and the spikes above it.

    Examples
    --------
    >>> Noise._fields[:4]
    ('edges', 'density', 'x', 'law')
    """

    edges: FloatArray
    """Evenly spaced bin edges from the smallest eigenvalue to the end of the noise."""
    density: FloatArray
    """Share of all eigenvalues in each bin over its width; spikes are in no bin."""
    x: FloatArray
    """Points from the lower to the upper edge."""
    law: FloatArray
    """Marchenko-Pastur law at the points, times the share of eigenvalues in the bulk."""
    lower: float
    """Lower edge of the law, in weight units squared."""
    upper: float
    """Upper edge of the law, in weight units squared."""
    edge_low: float
    """Value that the largest eigenvalue of noise is below in 5 % of cases, by Tracy-Widom."""
    edge_high: float
    """Value that the largest eigenvalue of noise is above in 5 % of cases, by Tracy-Widom."""
    spikes: FloatArray
    """Eigenvalues that are too large for noise, ascending."""
    num_zero: int
    """Number of eigenvalues that are zero to within rounding, in no bin."""
    p: float
    """Probability of a largest eigenvalue at least as large in pure noise."""
    name: str
    """Name of the layer on one line; empty for plain eigenvalues."""
    exponent: int
    """Power of four that is the unit of the eigenvalues, 0 for all but extreme weights."""
    caption: str
    """Sentences with the numbers of the figure."""


def noise(
    data: xr.Dataset | npt.ArrayLike, /, *, layer: str | None = None, N: int | None = None
) -> Noise:
    """
    Compute the law of the noise of a layer, the fluctuation of its edge, and the spikes.

    Parameters
    ----------
    data : xarray.Dataset, Spectrum or array_like
        Result of :func:`spectra.analyze`, a Spectrum, or eigenvalues of ``W.T @ W``. The noise is
        fitted here if the Dataset lacks the measure :func:`~spectra.measures.bulk_fit`.
    layer : str, optional
        Name of the layer; by default the only layer of the Dataset.
    N : int, optional
        Longer side of the matrix, needed with plain eigenvalues.

    Returns
    -------
    Noise
        Numbers of the figure.

    Raises
    ------
    UnknownNameError
        If there is no such layer.
    ArgumentError
        If the layer has several matrices, which have a law each, or too few eigenvalues.

    Notes
    -----
    The band of the edge is for noise of the sides of the bulk: N and M less the number of spikes.
    Eigenvalues are spikes by the tests of :func:`spectra.noise.spikes.detect`, which know that the
    variance is an estimate, so that an eigenvalue near the end of the band may be either.

    Examples
    --------
    >>> import numpy as np, spectra
    >>> rng = np.random.default_rng(0)
    >>> W = rng.standard_normal((400, 200))
    >>> W += 0.2 * np.outer(rng.standard_normal(400), rng.standard_normal(200))
    >>> figure = noise(spectra.spectrum(W))
    >>> len(figure.spikes), bool(figure.edge_high < figure.spikes[0])
    (1, True)
    """
    found = source(data, layer=layer, N=N)
    what = f"layer {found.name!r}" if found.name else "the spectrum"
    if found.rf != 1:
        msg = (
            f"{what} has {found.rf} matrices, each with a law of its own: draw one of them, as "
            "from spectra.analyze(model, pool=False)"
        )
        raise ArgumentError(msg)
    if found.row is None and found.N is None:
        msg = "`N` must be given with plain eigenvalues: the longer side of the matrix"
        raise ArgumentError(msg)
    bulk = bulk_of(found)
    if bulk is None:
        num = len(found.nonzero)
        msg = f"{what} has too few eigenvalues for a law of noise: {num} nonzero, 10 are needed"
        raise ArgumentError(msg)
    total = len(found.eigenvalues)
    values = found.nonzero[: bulk.num]
    columns = bulk.num
    rows = max(columns, round(columns / bulk.ratio)) if bulk.ratio > 0 else columns
    centre, width = (float(v) for v in _tw.scale(rows, columns))
    variance = bulk.mean / rows
    low, high = (variance * (centre + width * s) for s in (_tw.ppf(0.05), _tw.isf(0.05)))
    end = max(bulk.upper, high, float(values[-1]) if len(values) else 0.0)
    edges = even_edges(values, end)
    start = bulk.lower or 1e-4 * bulk.upper  # at zero the law of a square matrix has no bound
    x = bulk.upper - (bulk.upper - start) * np.linspace(1, 0, _POINTS) ** 2
    number = len(bulk.spikes)
    spiked = f"{number or 'No'} {'eigenvalue is' if number == 1 else 'eigenvalues are'} larger"
    return Noise(
        edges, np.histogram(values, edges)[0] / (total * np.diff(edges)), x,
        bulk.num / total * bulk.pdf(x), bulk.lower, bulk.upper, low, high, bulk.spikes,
        found.num_zero, bulk.p, found.name, found.exponent,
        f"Bulk of {found.name or 'a matrix'}: {bulk.num} of {total} eigenvalues. The "
        f"Marchenko-Pastur law of its noise ends at {bulk.upper:.3g}; the largest eigenvalue of "
        f"noise lies between {low:.3g} and {high:.3g} in 90 % of cases. {spiked} than noise "
        f"explains.{unit_words(found.exponent)}",
    )  # fmt: skip
