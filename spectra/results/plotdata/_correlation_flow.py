"""Numbers of the figure of alpha against depth."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from spectra.errors import counted, one_line
from spectra.results.plotdata._kinds import kind, network_order
from spectra.results.plotdata._source import need
from spectra.results.reading import labels
from spectra.results.several import by_model
from spectra.results.triage import Concern, findings
from spectra.results.variables import Status

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import xarray as xr

    from spectra._typing import AnyArray, FloatArray

__all__ = ["CorrelationFlow", "Trend", "correlation_flow", "correlation_flows"]

_FEWEST = 5  # layers among which one can lie apart
_FAR = 4.0  # robust standard deviations of ln(alpha - 1) of a layer that lies apart
_SPREAD = 1.4826  # standard deviation over median absolute deviation, for normal data
_LEAST_SPREAD = 0.05  # smallest standard deviation, for layers that are nearly alike
_HUGE = 1e4  # exponents that are written as a power of ten
_UNORDERED = ("safetensors", "npz")  # formats that keep no order of layers


class Trend(NamedTuple):
    """
    Rank correlation of a quantity with depth.

    Examples
    --------
    >>> Trend(1.0, 0.0833, 4).words
    'τ = 1.00, p = 0.083, 4 layers'
    """

    tau: float
    """Kendall's rank correlation, from -1 to 1; ``nan`` for fewer than 4 layers."""
    p: float
    """Probability of a correlation at least as far from 0 without a trend."""
    num: int
    """Number of layers."""

    @property
    def words(self) -> str:
        """Correlation, its p-value and the number of layers, in words."""
        if not np.isfinite(self.tau):
            return "too few layers for a trend"
        p = f"p = {self.p:.2g}" if self.p >= 1e-4 else "p < 0.0001"
        return f"τ = {self.tau:.2f}, {p}, {self.num} layers".replace("-", "\N{MINUS SIGN}")


class CorrelationFlow(NamedTuple):
    """
    Alpha of the fitted layers against their depth.

    Examples
    --------
    >>> CorrelationFlow._fields[:6]
    ('layer', 'depth', 'alpha', 'low', 'high', 'noise')
    """

    layer: list[str]
    """Names of the layers with a fit."""
    depth: FloatArray
    """Place of each layer, 1 for the first of the model; layers without a fit leave gaps."""
    alpha: FloatArray
    """Power-law exponents."""
    low: FloatArray
    """Lower ends of the intervals of alpha, or alpha less one standard error without intervals."""
    high: FloatArray
    """Upper ends of the intervals of alpha, or alpha plus one standard error without intervals."""
    noise: FloatArray
    """Exponents of pure noise of the same shapes; ``nan`` if not measured."""
    kind: list[str]
    """Kind of each layer: attention, mlp, embedding, convolution and others."""
    support: list[str]
    """What the data say of each power law; empty if it was not judged."""
    apart: AnyArray
    """Whether the alpha of each layer lies far from those of most layers."""
    trapped: AnyArray
    """Whether each layer is trapped, or has elements that make spikes in any order."""
    missing: dict[str, str]
    """Layers without a fit, and the reason of each."""
    missing_depth: FloatArray
    """Places of the layers without a fit."""
    names: list[str]
    """Names of all layers by their place."""
    ordered: bool
    """Whether the file keeps the order of its layers; else they are in the order of names."""
    trend: Trend
    """Rank correlation of alpha with depth."""
    model: str
    """Name of the model; empty if it has none."""
    caption: str
    """Sentences with the numbers of the figure."""


def correlation_flow(ds: xr.Dataset, /) -> CorrelationFlow:
    """
    Collect alpha of every fitted layer, in the order of the model.

    Parameters
    ----------
    ds : xarray.Dataset
        Result of :func:`spectra.analyze`, with the measure :func:`~spectra.measures.tail_fit`.

    Returns
    -------
    CorrelationFlow
        Numbers of the figure.

    Raises
    ------
    ArgumentError
        If the Dataset lacks the power-law fit.

    Notes
    -----
    Files of safetensors and npz keep no order: their layers are in the natural order of names, with
    embeddings first and the output layer last. A layer lies apart if ln(alpha - 1) is more than
    4 robust standard deviations from its median. The trend is Kendall's rank correlation, whose
    p-value is exact for few layers.

    Examples
    --------
    >>> import numpy as np, spectra
    >>> rng = np.random.default_rng(0)
    >>> ds = spectra.analyze({"a": rng.pareto(2, (99, 50)), "b": np.eye(3)})
    >>> figure = correlation_flow(ds)
    >>> figure.layer, figure.missing
    (['a'], {'b': 'too few eigenvalues'})
    """
    ds = need(ds, "alpha", "sigma")
    names = [str(name) for name in ds.layer.values]
    roles = ds.layer_type.values.tolist() if "layer_type" in ds else [""] * len(names)
    kinds = [kind(name, str(role)) for name, role in zip(names, roles, strict=True)]
    ordered = ds.attrs.get("model_format", "") not in _UNORDERED
    order = list(range(len(names))) if ordered else network_order(kinds)
    ds, names, kinds = ds.isel(layer=order), [names[i] for i in order], [kinds[i] for i in order]
    there = np.isfinite(ds.alpha.values)
    at, fitted = np.flatnonzero(there), ds.isel(layer=np.flatnonzero(there))
    alpha, sigma = fitted.alpha.values, fitted.sigma.values
    ends = (fitted.get(name) for name in ("alpha_low", "alpha_high"))
    low, high = (
        alpha + side * sigma if end is None else end.fillna(fitted.alpha).values
        for side, end in zip((-1, 1), ends, strict=True)
    )
    noise = fitted.get("alpha_noise")
    depth = at.astype(np.float64) + 1
    apart, trend = _apart(alpha), trend_of(depth, alpha)
    missing = {names[i]: _reason(ds.isel(layer=i)) for i in np.flatnonzero(~there)}
    model = one_line(ds.attrs.get("model", ""))
    layer = [names[i] for i in at]
    caught = {f.layer for f in findings(ds) if f.concern is Concern.TRAPPED}
    trapped = np.array([name in caught for name in layer], dtype=bool)
    return CorrelationFlow(
        layer=layer,
        depth=depth,
        alpha=alpha,
        low=low,
        high=high,
        noise=np.full(len(alpha), np.nan) if noise is None else noise.values,
        kind=[kinds[i] for i in at],
        support=_supports(fitted),
        apart=apart,
        trapped=trapped,
        missing=missing,
        missing_depth=np.flatnonzero(~there).astype(np.float64) + 1,
        names=names,
        ordered=ordered,
        trend=trend,
        model=model,
        caption=_caption(
            model, layer, alpha, apart, trapped, missing, trend, _outside(layer, alpha, low, high)
        ),
    )


def correlation_flows(
    models: xr.Dataset | Mapping[str, xr.Dataset] | Sequence[xr.Dataset], /
) -> dict[str, CorrelationFlow]:
    """
    Collect alpha of the layers of several models.

    Parameters
    ----------
    models : Dataset with another dimension, mapping of str to Dataset, or sequence of Dataset
        Results of :func:`spectra.analyze`: concatenated, by name, or one after the other.

    Returns
    -------
    dict of str to CorrelationFlow
        Numbers of the figure of each model.

    Raises
    ------
    ArgumentError
        If there is no model, or a Dataset lacks the power-law fit.

    Examples
    --------
    >>> import numpy as np, spectra
    >>> rng = np.random.default_rng(0)
    >>> runs = [spectra.analyze({"a": rng.pareto(2, (60, 40))}) for _ in range(2)]
    >>> [flow.layer for flow in correlation_flows({"one": runs[0], "two": runs[1]}).values()]
    [['a'], ['a']]
    """
    return {name: correlation_flow(ds) for name, ds in by_model(models).items()}


def trend_of(depth: FloatArray, values: FloatArray) -> Trend:
    """Return the rank correlation of values with depth."""
    from scipy.stats import kendalltau

    num = len(values)
    if num < 4 or np.ptp(values) == 0:
        return Trend(float("nan"), float("nan"), num)
    found = kendalltau(depth, values)
    return Trend(float(found.statistic), float(found.pvalue), num)


def _apart(alpha: FloatArray) -> AnyArray:
    if len(alpha) < _FEWEST:
        return np.zeros(len(alpha), dtype=bool)
    x = np.log(np.maximum(alpha - 1, 1e-12))
    middle = np.median(x)
    spread = max(_SPREAD * float(np.median(np.abs(x - middle))), _LEAST_SPREAD)
    far: AnyArray = np.abs(x - middle) > _FAR * spread
    return far


def _supports(ds: xr.Dataset) -> list[str]:
    if "power_law_support" not in ds:
        return [""] * ds.sizes["layer"]
    words = labels(ds.power_law_support).values.tolist()
    return ["" if word == "not_fitted" else word.replace("_", " ") for word in words]


def _reason(row: xr.Dataset) -> str:
    if "status" in row and row.status.item() != Status.COMPUTED:
        return str(labels(row.status).item()).replace("_", " ")
    return str(labels(row.fit_status).item()).replace("_", " ") if "fit_status" in row else "no fit"


def _alpha(value: float) -> str:
    """Return an exponent with as many digits as all others; a huge one as a power of ten."""
    return f"{value:.2f}" if value < _HUGE else f"{value:.2e}"


def _outside(layer: list[str], alpha: FloatArray, low: FloatArray, high: FloatArray) -> str:
    """Return the sentence on the layers whose alpha is not in its interval; empty without one."""
    found = [one_line(layer[i]) for i in np.flatnonzero((alpha < low) | (alpha > high))]
    if not found:
        return ""
    more = f" and {len(found) - 5} more" if len(found) > 5 else ""
    why = "most resamples have their tail start elsewhere"
    return f"Outside of the interval, since {why}: {', '.join(found[:5])}{more}."


def _caption(
    model: str,
    layer: list[str],
    alpha: FloatArray,
    apart: AnyArray,
    trapped: AnyArray,
    missing: dict[str, str],
    trend: Trend,
    outside: str,
) -> str:
    """Return sentences on the layers of a model."""
    words = [
        f"Alpha of {counted(len(alpha), 'layer')}{f' of {model}' if model else ''} against depth."
    ]
    if len(alpha):
        low, middle, high = np.quantile(alpha, [0, 0.5, 1])
        words.append(f"Median {_alpha(middle)}, from {_alpha(low)} to {_alpha(high)}.")
    if np.isfinite(trend.tau):
        words.append(f"Rank correlation with depth: {trend.words}.")
    if apart.any():
        far = [f"{one_line(layer[i])} ({_alpha(alpha[i])})" for i in np.flatnonzero(apart)]
        more = f" and {len(far) - 5} more" if len(far) > 5 else ""
        words.append(f"Far from most: {', '.join(far[:5])}{more}.")
    words.append(outside)
    if trapped.any():
        caught = [one_line(layer[i]) for i in np.flatnonzero(trapped)]
        more = f" and {len(caught) - 5} more" if len(caught) > 5 else ""
        words.append(
            f"Trapped, or with large elements or a large mean: {', '.join(caught[:5])}{more}."
        )
    if missing:
        lost = [f"{one_line(name)} ({why})" for name, why in missing.items()]
        more = f" and {len(lost) - 5} more" if len(lost) > 5 else ""
        words.append(f"Without a fit: {', '.join(lost[:5])}{more}.")
    return " ".join(word for word in words if word)
