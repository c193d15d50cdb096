"""Models side by side: counts of verdicts and averages, one column per model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spectra.results.reading import records
from spectra.results.summary import summary
from spectra.results.variables import VARIABLES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import xarray as xr

    from spectra.results.triage import Triage

__all__ = ["merged", "side_by_side"]

_AVERAGES = ("log_norm", "log_spectral_norm", "stable_rank", "entropy")


def side_by_side(
    models: Mapping[str, xr.Dataset], seen: Sequence[Triage]
) -> list[tuple[str, list[str]]]:
    """Return rows of a table: a label, and the text for each model."""
    common, why = _common(models)
    sums = [summary(ds.sel(layer=common)) for ds in models.values()] if common else []
    words = dict.fromkeys(word for each in seen for word in each.verdicts)
    rows = [("layers", [str(each.num_layers) for each in seen])]
    rows += [(word, [str(each.verdicts.get(word, 0)) for each in seen]) for word in words]
    rows += [("to look at first", [str(len(each.findings)) for each in seen])]
    if sums:
        rows.append((f"common layers, averaged below{why}", [str(len(common))] * len(seen)))
    for name in _AVERAGES:
        if sums and all(name in found for found in sums):
            texts = [_text(found[name].item()) for found in sums]
            rows.append((f"mean {VARIABLES[name].head or name}", texts))
    return rows


def merged(orders: Sequence[Sequence[str]]) -> list[str]:
    """Return all names, those that the first order lacks where a later one has them."""
    order = list(orders[0]) if orders else []
    for names in orders[1:]:
        known, waiting, after = {*order}, list[str](), dict[str, list[str]]()
        before: dict[str, list[str]] = {}
        last: str | None = None
        for name in names:
            if name not in known:
                (waiting if last is None else after[last]).append(name)
                continue
            if last is None:
                before[name] = waiting
            last = name
            after[name] = []
        order = [x for name in order for x in (*before.get(name, ()), name, *after.get(name, ()))]
        order += waiting if last is None else []
    return order


def _common(models: Mapping[str, xr.Dataset]) -> tuple[list[str], str]:
    """Return the layers with a spectrum of one shape in all models, and why others are not."""
    every = [
        {row["layer"]: (row["N"], row["M"], row["rf"]) for row in records(ds) if row["norm"] > 0}
        for ds in models.values()
        if "norm" in ds
    ]
    if len(every) < len(models):
        return [], ""
    common = [name for name, shape in every[0].items() if all(o.get(name) == shape for o in every)]
    others = {name for rows in every for name in rows} - {*common}
    reshaped = sum(all(name in rows for rows in every) for name in others)
    reasons = [(reshaped, "of different shapes"), (len(others) - reshaped, "not in all models")]
    said = ", ".join(f"{num} {reason}" for num, reason in reasons if num)
    return common, f" (without {said})" if said else ""


def _text(mean: float) -> str:
    return "-" if mean != mean else f"{mean:.3f}"
