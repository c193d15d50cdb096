"""Numbers of the figure of a tail with every fitted law."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple, get_args

import numpy as np

import spectra.tails.alternatives as _alternatives
import spectra.tails.truncated_power_law as _truncated
from spectra.errors import ArgumentError, counted
from spectra.noise.phases import SIGNIFICANCE
from spectra.results.plotdata._source import source, tail_of
from spectra.results.plotdata._units import unit_words
from spectra.tails.alternatives import Law
from spectra.tails.support import FEWEST

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt
    import xarray as xr

    from spectra._typing import FloatArray
    from spectra.tails.alternatives import Vuong

__all__ = ["TailLaws", "tail_laws"]

_POINTS = 200
_REACH = 40.0  # exp(-40) is negligible beside the rounding of an integral


class TailLaws(NamedTuple):
    """
    Survival function of a tail, and of every law fitted to it.

    Examples
    --------
    >>> TailLaws._fields[:3]
    ('eigenvalue', 'ccdf', 'x')
    """

    eigenvalue: FloatArray
    """Eigenvalues of the tail, ascending, in weight units squared."""
    ccdf: FloatArray
    """Share of the tail that is at least as large as each eigenvalue."""
    x: FloatArray
    """Points at which the laws are computed, from the start to the end of the tail."""
    laws: dict[str, FloatArray]
    """Probability of a larger value under each law, at the points."""
    parameters: dict[str, Mapping[str, float]]
    """Parameters of each law, as in :func:`spectra.tails.alternatives.fit`."""
    tests: dict[str, Vuong]
    """Likelihood-ratio tests of the power law against each other law."""
    limits: list[str]
    """Laws whose likeliest member is the power law itself."""
    name: str
    """Name of the layer on one line; empty for plain eigenvalues."""
    exponent: int
    """Power of four that is the unit of the eigenvalues, 0 for all but extreme weights."""
    caption: str
    """Sentences with the numbers of the figure."""


def tail_laws(
    data: xr.Dataset | npt.ArrayLike, /, *, layer: str | None = None, xmin: float | None = None
) -> TailLaws:
    """
    Compute the survival function of a tail, and of every law fitted to it.

    Parameters
    ----------
    data : xarray.Dataset, Spectrum or array_like
        Result of :func:`spectra.analyze`, a Spectrum, or eigenvalues.
    layer : str, optional
        Name of the layer; by default the only layer of the Dataset.
    xmin : float, optional
        Start of the tail; by default that of the power-law fit.

    Returns
    -------
    TailLaws
        Numbers of the figure. All laws are fitted by maximum likelihood to the same data, from
        `xmin` up; the power law of the fitted tail has the alpha of the fit, which is another below
        20 eigenvalues (see :func:`spectra.tails.power_law.fit`).

    Raises
    ------
    UnknownNameError
        If there is no such layer.
    ArgumentError
        If the layer has no tail of at least two different eigenvalues.

    Examples
    --------
    >>> import numpy as np
    >>> figure = tail_laws(np.random.default_rng(0).pareto(1.5, 500) + 1, xmin=1.0)
    >>> sorted(figure.laws)[:2], round(float(figure.ccdf[0]), 3)
    (['exponential', 'lognormal'], 1.0)
    """
    found = source(data, layer=layer)
    tail = tail_of(found)
    start = tail.xmin if xmin is None else xmin
    what = f"layer {found.name!r}" if found.name else "the spectrum"
    if math.isnan(start):
        msg = f"{what} has no tail to draw: {tail.words}; give its start as xmin"
        raise ArgumentError(msg)
    values = found.nonzero[found.nonzero >= start]
    if len(values) < 2 or values[0] == values[-1]:
        msg = f"{what} has fewer than two different eigenvalues from {start:.3g} up"
        raise ArgumentError(msg)
    is_fitted = start == tail.xmin and len(values) == tail.num
    tests = _alternatives.compare(values, xmin=start)
    x = np.geomspace(start, values[-1], _POINTS)
    laws, parameters, limits = {}, {}, []
    for law in get_args(Law):
        fitted = _alternatives.fit(values, law=law, xmin=start).parameters
        if law == "power_law" and is_fitted:
            fitted = {"alpha": tail.alpha}
        survival = _survival(law, fitted, x, start)
        if survival is None or (law != "power_law" and tests[law].ratio == 0):
            limits.append(law)
            continue
        laws[law], parameters[law] = survival, fitted
    ccdf = 1 - np.searchsorted(values, values, side="left") / len(values)
    return TailLaws(
        values, ccdf, x, laws, parameters, {str(k): v for k, v in tests.items()}, limits,
        found.name, found.exponent,
        _caption(found.name or "a matrix", start, values, tests, limits)
        + _judged_by(found.row)
        + unit_words(found.exponent),
    )  # fmt: skip


def _judged_by(row: xr.Dataset | None) -> str:
    """Return the sentence on the eigenvalues that the word on the power law rests on."""
    if row is None or not {"support_num", "phase_num_excess"} <= {*row.data_vars}:
        return ""
    above, num = (float(row[name].item()) for name in ("phase_num_excess", "support_num"))
    if not (above >= 0 and num > 0):
        return ""
    if above >= FEWEST:
        part = f", of which the largest {num:.0f} are fitted" if num < above else ""
        return (
            f" These tests are of the whole tail; the verdict, and the word on the power law, "
            f"rest on the {above:.0f} eigenvalues above the noise{part}."
        )
    start = f"Only {counted(int(above), 'eigenvalue')}" if above else "No eigenvalue"
    return (
        f" {start} {'are' if above > 1 else 'is'} above the noise at {SIGNIFICANCE:g}: the word "
        "on the power law is of the whole tail, which can be rejected but not supported."
    )


def _survival(
    law: Law, fitted: Mapping[str, float], x: FloatArray, xmin: float
) -> FloatArray | None:
    """Return the probability of a value above x; None if the law is a power law in its limit."""
    if not all(math.isfinite(value) for value in fitted.values()):
        return None
    z: FloatArray = np.log(x / xmin)
    if law == "power_law":
        return _exp(-(fitted["alpha"] - 1) * z)
    if law == "exponential":
        return _exp(-fitted["Lambda"] * (x - xmin))
    if law == "lognormal":
        from scipy.special import log_ndtr

        height = (fitted["mu"] - np.log([xmin, *x])) / fitted["sigma"]
        below: FloatArray = log_ndtr(height)
        return _exp(below[1:] - below[0])
    if law == "stretched_exponential":
        if not (fitted["beta"] > 0 and fitted["Lambda"] > 0):
            return None
        powers = np.exp(fitted["beta"] * (math.log(fitted["Lambda"]) + np.log([xmin, *x])))
        return _exp(powers[0] - powers[1:])
    return _truncated_survival(fitted["alpha"] - 1, fitted["Lambda"] * xmin, z)


def _exp(x: FloatArray) -> FloatArray:
    value: FloatArray = np.exp(x)
    return value


def _truncated_survival(rate: float, cutoff: float, z: FloatArray) -> FloatArray | None:
    """Integrate the density of the log-excess from z up."""
    if cutoff == 0:
        return None
    nodes, weights = np.polynomial.legendre.leggauss(80)
    reach = np.log1p(_REACH / (cutoff * np.exp(z)))
    reach = np.minimum(reach, _REACH / rate) if rate > 0 else reach
    points = z[:, None] + reach[:, None] * (nodes + 1) / 2
    density = np.exp(_truncated.log_density(points, rate, cutoff))
    survival: FloatArray = reach * (density @ weights) / 2
    return survival


def _caption(
    subject: str, xmin: float, values: FloatArray, tests: Mapping[Law, Vuong], limits: list[str]
) -> str:
    said = [
        f"{law.replace('_', ' ')} R = {test.R:.2f}, p = {test.p:.2g}"
        for law, test in tests.items()
        if law not in limits and math.isfinite(test.R)
    ]
    same = (
        f" No better than the power law: {', '.join(law.replace('_', ' ') for law in limits)}."
        if limits
        else ""
    )
    against = f" Power law against {'; '.join(said)}; R below 0 is against it." if said else ""
    return (
        f"Tail of {subject}: {len(values)} eigenvalues from {xmin:.3g} to {values[-1]:.3g}."
        f"{against}{same}"
    )
