"""Parts of the figure of alpha against depth, for any library that draws it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from spectra.results.plotdata import KINDS
from spectra.results.verdicts import UNDER_TRAINED_ABOVE
from spectra_io.plots._palette import PALETTE

if TYPE_CHECKING:
    from spectra._typing import FloatArray
    from spectra.results.plotdata import CorrelationFlow

__all__ = [
    "BAND",
    "MOST_BARS",
    "MOST_NAMED",
    "NEIGHBOURS",
    "NOISE",
    "TRAPPED",
    "Beyond",
    "Kind",
    "axis_of_models",
    "bars",
    "beyond",
    "ends",
    "farthest",
    "heights",
    "is_many",
    "kinds",
    "missing",
    "order",
    "places",
    "smoothed",
    "supports",
    "trapped",
    "trend",
]

BAND = "2 to 6: band of the literature"
NOISE = "α of pure noise"
TRAPPED = "trapped, or large elements or mean"
MOST_BARS = 150  # layers whose intervals can be told apart
MOST_NAMED = 6  # names of layers that lie apart
NEIGHBOURS = 20  # layers from which on a line shows the median of neighbours
_LINEAR = 10.0  # largest alpha of a linear axis
_END = 100.0  # largest alpha of a logarithmic axis; layers beyond it are marked at its end


class Kind(NamedTuple):
    """Layers of one kind, and how they are drawn."""

    kind: str
    label: str
    color: str
    """Colour; empty for that of the text."""
    style: int
    """Number of the mark."""


def kinds(flow: CorrelationFlow) -> list[Kind]:
    """Return the kinds of layers that have a fit; a single kind is drawn as layers of no kind."""
    there = [kind for kind in KINDS if kind in flow.kind]
    if len(there) == 1:
        return [
            Kind(kind, "layers" if kind == "other" else _layers_of(kind), PALETTE[0], 0)
            for kind in there
        ]
    styles = [(kind, KINDS.index(kind)) for kind in there]
    return [
        Kind(kind, _layers_of(kind), "" if kind == "other" else PALETTE[i % len(PALETTE)], i)
        for kind, i in styles
    ]


def _layers_of(kind: str) -> str:
    return f"{kind} layers"


def is_many(models: object) -> bool:
    """Return whether several models were given, even if there is one of them."""
    import xarray as xr

    return isinstance(models, Mapping | Sequence) and not isinstance(models, xr.Dataset)


def bars(models: Any) -> str:
    """Return the words for the intervals of alpha in the result of one model."""
    import xarray as xr

    if not isinstance(models, xr.Dataset) or "interval_confidence" not in models:
        return "α ± σ"
    known = models.interval_confidence.values
    known = known[np.isfinite(known)]
    return f"{100 * float(known[0]):g} % interval" if known.size else "α ± σ"


def supports(flow: CorrelationFlow) -> dict[str, str]:
    """Return the words for full, hollow and crossed marks, as the table has them, if any is."""
    counts = Counter(flow.support)
    like, few = counts["not distinguishable"], counts["too few points"]
    hollow = f"not distinguishable: {like}, too few points: {few}"  # the longest of a legend
    if not few:
        hollow = f"power law not distinguishable: {like}"
    elif not like:
        hollow = f"too few points for a power law: {few}"
    said = {
        "full": (counts["supported"], f"power law supported: {counts['supported']}"),
        "hollow": (like + few, hollow),
        "crossed": (counts["rejected"], f"power law rejected: {counts['rejected']}"),
    }
    return {mark: words for mark, (num, words) in said.items() if num}


def missing(flow: CorrelationFlow, *, why: bool = True) -> str:
    """Return the words for the layers without a fit, with the reason if they have the same."""
    reasons = Counter(flow.missing.values()).most_common()
    said = f", {reasons[0][0]}" if len(reasons) == 1 and why else ""
    return f"no fit{said}: {len(flow.missing)}"


def trend(flow: CorrelationFlow) -> str:
    """Return the words for the trend of one model; empty without one."""
    return f"trend: {flow.trend.words}" if np.isfinite(flow.trend.tau) else ""


def order(ordered: bool) -> str:
    """Return the words for an axis of layers that has no room for their names."""
    return f"layer, in the order of {'the model' if ordered else 'their names'}"


def heights(flows: Sequence[CorrelationFlow]) -> tuple[bool, float, float]:
    """Return whether the axis of alpha is logarithmic, and its ends; linear ones are up to 10."""
    every = np.concatenate([[UNDER_TRAINED_ABOVE], *(flow.alpha for flow in flows)])
    top = float(every.max())
    lost = any(flow.missing for flow in flows)
    if top > _LINEAR:
        return True, 0.85 if lost else 1.0, min(1.3 * top, _END)
    ends = np.concatenate([[top], *(flow.high for flow in flows)])
    return False, 0.6 if lost else 1.0, 1.06 * min(float(ends.max()), 1.3 * top)


def farthest(flow: CorrelationFlow, most: int) -> list[int]:
    """Return the layers farthest from most, but not beyond the axis, the largest alpha first."""
    apart = np.flatnonzero(flow.apart & (flow.alpha <= _END))
    far = np.abs(np.log(np.maximum(flow.alpha - 1, 1e-12) / np.median(flow.alpha - 1)))
    chosen = sorted(apart, key=lambda i: -far[i])[:most]
    return [int(i) for i in sorted(chosen, key=lambda i: -flow.alpha[i])]


def places(flows: Sequence[CorrelationFlow]) -> list[FloatArray]:
    """Return the places of the layers of each model: from 0 to 1 if models differ in depth."""
    if _of_one_depth(flows):
        return [flow.depth for flow in flows]
    return [(flow.depth - 0.5) / max(1, len(flow.names)) for flow in flows]


def _of_one_depth(flows: Sequence[CorrelationFlow]) -> bool:
    return len({len(flow.names) for flow in flows}) == 1


def ends(flows: Sequence[CorrelationFlow]) -> list[float]:
    """Return the ends of the axis of the layers of several models."""
    return [0.5, max(1, len(flows[0].names)) + 0.5] if _of_one_depth(flows) else [-0.03, 1.03]


def axis_of_models(flows: Sequence[CorrelationFlow]) -> tuple[list[str], str]:
    """Return the names of the layers if all models have the same, and the words of their axis."""
    first = flows[0]
    if all(flow.names == first.names for flow in flows):
        return first.names, order(first.ordered)
    same = _of_one_depth(flows)
    return [], order(True) if same else "depth relative to the whole model"


class Beyond(NamedTuple):
    """Layer whose alpha is beyond the end of the axis."""

    name: str
    x: float
    alpha: float
    trapped: bool
    side: int
    """Side of the mark on which there is room for the name: 1 to the right, -1 to the left."""


def beyond(flows: Sequence[CorrelationFlow], end: float) -> list[Beyond]:
    """Return the layers whose alpha is beyond the end of the axis, the largest alpha first."""
    at = places(flows)
    every = np.concatenate(at)
    middle = (every.min() + every.max()) / 2 if len(every) else 0.0
    found = [
        Beyond(name, float(x), float(alpha), bool(caught), -1 if x > middle else 1)
        for each, flow in zip(at, flows, strict=True)
        for name, x, alpha, caught in zip(flow.layer, each, flow.alpha, flow.trapped, strict=True)
        if alpha > end
    ]
    return sorted(found, key=lambda layer: -layer.alpha)


def trapped(flows: Sequence[CorrelationFlow]) -> tuple[FloatArray, FloatArray, str]:
    """Return the places and alphas of trapped layers, and the words for them; empty without one."""
    x = [at[flow.trapped] for at, flow in zip(places(flows), flows, strict=True)]
    y = np.concatenate([flow.alpha[flow.trapped] for flow in flows])
    return np.concatenate(x), y, f"{TRAPPED}: {len(y)}" if len(y) else ""


def smoothed(values: FloatArray) -> FloatArray:
    """Return the running median over neighbours, fewer at the ends; of few values themselves."""
    num = len(values)
    half = (max(3, num // 12) | 1) // 2 if num >= NEIGHBOURS else 0
    return np.array([np.median(values[max(0, i - half) : i + half + 1]) for i in range(num)])
