"""Models side by side: counts of verdicts and averages, one column per model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spectra.results.summary import summary
from spectra.results.triage import triage
from spectra.results.variables import VARIABLES

if TYPE_CHECKING:
    from collections.abc import Mapping

    import xarray as xr

__all__ = ["side_by_side"]

_AVERAGES = ("log_norm", "log_spectral_norm", "stable_rank", "entropy")


def side_by_side(models: Mapping[str, xr.Dataset]) -> list[tuple[str, list[str]]]:
    """Return rows of a table: a label, and the text for each model."""
    seen = [triage(ds) for ds in models.values()]
    sums = [summary(ds) for ds in models.values()]
    words = dict.fromkeys(word for each in seen for word in each.verdicts)
    rows = [("layers", [str(each.num_layers) for each in seen])]
    rows += [(word, [str(each.verdicts.get(word, 0)) for each in seen]) for word in words]
    rows += [("to look at first", [str(len(each.findings)) for each in seen])]
    for name in _AVERAGES:
        if all(name in found for found in sums):
            texts = [f"{found[name].item():.3f}" for found in sums]
            rows.append((f"mean {VARIABLES[name].head or name}", texts))
    return rows
