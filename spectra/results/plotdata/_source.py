"""One layer to draw: its eigenvalues, its power law and the law of its noise, however given."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

import spectra._checks as _checks
import spectra.noise.marchenko_pastur as _mp
import spectra.noise.spikes as _spikes
import spectra.tails.power_law as _power_law
from spectra._spectral import spectrum_of, zero_below
from spectra.errors import ArgumentError, one_line
from spectra.results.reading import labels, one_model, select
from spectra.results.variables import Status
from spectra.tails.options import given, in_unit
from spectra.tails.samples import FitStatus

if TYPE_CHECKING:
    import xarray as xr

    from spectra._typing import FloatArray
    from spectra.tails.options import FitOptions

__all__ = ["Bulk", "Source", "Tail", "bulk_of", "need", "of_layer", "source", "tail_of"]

_WHY = {
    Status.NOT_FINITE: "its weights hold a nan or an infinity",
    Status.ALL_ZERO: "its weights are all zero",
    Status.EMPTY: "it has no elements",
    Status.NOT_CONVERGED: "its eigenvalues did not converge",
    Status.NOT_READ: "its weights could not be read",
}


class Source(NamedTuple):
    """Eigenvalues of one layer, and where they come from."""

    name: str
    """Name of the layer on one line; empty for plain eigenvalues."""
    eigenvalues: FloatArray
    """All eigenvalues, ascending, finite, of which at least one is positive."""
    zero: float
    """Largest number that is zero to within rounding."""
    N: int | None
    """Longer side of the matrix, if known."""
    rf: int
    """Number of matrices."""
    row: xr.Dataset | None
    """Results of the layer, if a Dataset is given."""
    spectrum: Any
    """Spectrum, if one is given."""
    exponent: int
    """Power of two that the weights were divided by, mostly 0."""
    options: FitOptions
    """Options of the power-law fit, in the unit of the eigenvalues."""
    significance: float
    """Probability of finding any spike in noise."""

    @property
    def nonzero(self) -> FloatArray:
        """Eigenvalues that are not zero to within rounding."""
        return self.eigenvalues[self.eigenvalues > self.zero]

    @property
    def num_zero(self) -> int:
        """Number of eigenvalues that are zero to within rounding."""
        return len(self.eigenvalues) - len(self.nonzero)


class Tail(NamedTuple):
    """Power law of a layer; `alpha` is ``nan`` without a fit."""

    alpha: float
    low: float
    high: float
    xmin: float
    xmax: float
    num: int
    words: str
    """Exponent with its interval, or the reason why there is no fit."""
    support: str
    """What the data say of the power law; empty if it was not judged."""


class Bulk(NamedTuple):
    """Law of the noise of one matrix."""

    lower: float
    upper: float
    spikes: FloatArray
    """Eigenvalues that are too large for noise, ascending."""
    num: int
    """Number of eigenvalues that the law is for."""
    p: float
    """Probability of a largest eigenvalue at least as large in pure noise."""

    @property
    def ratio(self) -> float:
        """Ratio of the sides, M / N, which the edges give."""
        root = math.sqrt(self.lower / self.upper)
        return ((1 - root) / (1 + root)) ** 2

    @property
    def mean(self) -> float:
        """Mean eigenvalue of the law."""
        return ((math.sqrt(self.upper) + math.sqrt(self.lower)) / 2) ** 2

    def pdf(self, x: FloatArray) -> FloatArray:
        """Return the density of the law, of mass 1."""
        mean = self.mean
        value: FloatArray = _mp.pdf(np.asarray(x) / mean, self.ratio) / mean
        return value


def need(ds: xr.Dataset, *names: str) -> xr.Dataset:
    """Return the results of one model; refuse those without some variables."""
    ds = one_model(ds)
    missing = [name for name in names if name not in ds]
    if missing:
        msg = f"the Dataset must have {', '.join(names)}, it lacks {', '.join(missing)}"
        raise ArgumentError(msg)
    return ds


def source(data: object, /, *, layer: str | None = None, N: int | None = None) -> Source:
    """Return the layer to draw: one of a Dataset, a Spectrum, or plain eigenvalues."""
    import xarray as xr

    if isinstance(data, xr.Dataset):
        if N is not None:
            msg = f"`N` must be left out with a Dataset, which has it, got {N!r}"
            raise ArgumentError(msg)
        return of_layer(need(data, "eigenvalue"), layer)
    if layer is not None:
        msg = f"`layer` chooses from the result of spectra.analyze, got {type(data).__name__}"
        raise ArgumentError(msg)
    if (found := spectrum_of(data)) is not None:
        if N is not None:
            msg = f"`N` must be left out with a Spectrum, which has it, got {N!r}"
            raise ArgumentError(msg)
        values = np.sort(np.asarray(found, np.float64))
        every: Any = found
        longer, chosen = int(every.N), every.tail_options
        return _checked(
            Source(
                "", values, 0.0, longer, len(found.by_matrix), None, found, every.exponent,
                chosen, every.significance,
            )
        )  # fmt: skip
    if N is not None:
        _checks.count("N", N, what="the longer side of the matrix, a whole number")
    values = np.sort(_eigenvalues(data))
    return _checked(Source("", values, 0.0, N, 1, None, None, 0, given(None), 0.05))


def _eigenvalues(data: Any) -> FloatArray:
    hint = "the result of spectra.analyze, a spectra.Spectrum, or eigenvalues"
    if isinstance(data, dict) or hasattr(data, "keys"):
        msg = f"the first argument must be {hint}, got {type(data).__name__}"
        raise ArgumentError(msg)
    values = _checks.real_numbers(data)
    if values.ndim != 1:
        more = "; spectra.spectrum(W) has those of a matrix" if values.ndim > 1 else ""
        msg = f"the first argument must be {hint}, 1-D, got shape {values.shape}{more}"
        raise ArgumentError(msg)
    return values


def of_layer(ds: xr.Dataset, layer: str | None) -> Source:
    """Return a layer of the results of one model; the only one if none is named."""
    if layer is None:
        names = [str(name) for name in ds.layer.values]
        if len(names) != 1:
            few = ", ".join(map(repr, names[:3])) + (", ..." if len(names) > 3 else "")
            msg = f"`layer` must name one of {len(names)} layers: {few}"
            raise ArgumentError(msg)
        layer = names[0]
    row = select(ds, layer)
    _check_status(row, layer)
    exponent = int(row.scale_exponent.item()) if "scale_exponent" in row else 0
    options = given(json.loads(ds.attrs.get("tail", "{}")))
    longer = int(row.N.item()) if "N" in row else None
    return _checked(
        Source(
            one_line(layer), np.sort(row.eigenvalue.dropna("mode").values), 0.0, longer,
            int(row.rf.item()) if "rf" in row else 1, row, None, exponent,
            in_unit(options, exponent), float(ds.attrs.get("significance", 0.05)),
        )
    )  # fmt: skip


def _check_status(row: xr.Dataset, layer: str) -> None:
    """Refuse a layer without a spectrum, with its reason."""
    if "status" not in row or row.status.item() == Status.COMPUTED:
        return
    reason = _WHY[Status(int(row.status.item()))]
    if "status_reason" in row and (told := str(row.status_reason.item())):
        reason = f"{reason} ({told})"
    msg = f"layer {layer!r} has no positive eigenvalue to draw: {reason}"
    raise ArgumentError(msg)


def _checked(found: Source) -> Source:
    """Refuse eigenvalues without a spectrum to draw, and add the threshold of zero."""
    values = found.eigenvalues
    what = f"layer {found.name!r}" if found.name else "the spectrum"
    lost = int((~np.isfinite(values)).sum())
    if lost:
        msg = f"{what} cannot be drawn: {lost} of {len(values)} eigenvalues are not finite"
        raise ArgumentError(msg)
    if not len(values) or not values[-1] > 0:
        reason = "all are zero" if len(values) else "there are none"
        if len(values) and values[-1] < 0:
            reason = "all are negative"
        msg = f"{what} has no positive eigenvalue to draw: {reason}"
        raise ArgumentError(msg)
    if values[0] < -1e-9 * values[-1]:
        msg = f"eigenvalues of W.T @ W must not be negative, got {values[0]:.3g}"
        raise ArgumentError(msg)
    longer = max(found.N or 0, len(values))
    return found._replace(eigenvalues=values.clip(min=0), zero=zero_below(values[-1], longer))


def tail_of(found: Source) -> Tail:
    """Return the power law of a layer: that of the Dataset or the Spectrum, or else a new fit."""
    row = found.row
    wanted = ("alpha", "sigma", "xmin", "xmax", "num_tail", "fit_status")
    if row is not None and all(name in row for name in wanted):
        alpha, sigma, xmin, xmax, num = (float(row[name].item()) for name in wanted[:5])
        status = FitStatus(int(row.fit_status.item()))
    else:
        fit = _power_law.fit(found.nonzero, **found.options)
        alpha, sigma, xmin, xmax, num = fit.alpha, fit.sigma, fit.xmin, fit.xmax, fit.num_tail
        status = fit.status
    if math.isnan(alpha):
        words = f"no power law: {status.name.lower().replace('_', ' ')}"
        return Tail(alpha, alpha, alpha, alpha, alpha, 0, words, "")
    low, high = alpha - sigma, alpha + sigma
    sure = f"± {sigma:.2f}"
    if row is not None and "alpha_low" in row and row.alpha_low.notnull().item():
        low, high = row.alpha_low.item(), row.alpha_high.item()
        inside = low <= alpha <= high
        sure = f"({low:.2f} to {high:.2f})" if inside else f"outside {low:.2f} to {high:.2f}"
    support = ""
    if row is not None and "power_law_support" in row and row.power_law_support.item():
        support = str(labels(row.power_law_support).item()).replace("_", " ")
    return Tail(alpha, low, high, xmin, xmax, int(num), f"α = {alpha:.2f} {sure}", support)


def bulk_of(found: Source) -> Bulk | None:
    """Return the law of the noise of a layer of one matrix, given or fitted; None without one."""
    if found.rf != 1:
        return None
    values, row = found.nonzero, found.row
    wanted = ("bulk_min", "bulk_max", "num_spikes")
    if row is not None and all(name in row for name in wanted):
        lower, upper, num = (float(row[name].item()) for name in wanted)
        p = float(row.spike_p.item()) if "spike_p" in row else math.nan
    elif found.N is None:
        return None
    else:
        detected = (
            _spikes.detect(values, found.N, significance=found.significance)
            if found.spectrum is None
            else found.spectrum.spikes[0]
        )
        lower, upper = detected.bulk.lower, detected.bulk.upper
        num, p = detected.num, detected.p
    if math.isnan(num) or not upper > 0:
        return None
    rest = len(values) - int(num)
    return Bulk(lower, upper, values[rest:], rest, p)
