"""Lay out the noise and signal of the layers as a text table."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING, Any

from spectra.noise.spikes import FEWEST_TO_TEST
from spectra.results.claims import claims
from spectra.results.reading import records
from spectra.results.variables import Status
from spectra_io.terminal.columns import Column, TextTable, column, laid_out

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["NOISE_COLUMNS", "noise_table", "phases_line"]

NOISE_COLUMNS = (
    Column("layer", "layer", left=True),
    column("N", expendable=7),
    column("M", expendable=8),
    column("rf", expendable=4, optional=True),
    column("noise_std", expendable=5),
    column("num_spikes"),
    column("spike_p", expendable=11),
    column("mp_softrank", expendable=9),
    column("bulk_p", expendable=6),
    column("spacing_ratio", expendable=2),
    column("rand_jsd", expendable=1),
    column("num_traps"),
    column("trap_p", expendable=3),
    column("trap_where", expendable=12, optional=True),
    column("collapsed", expendable=10, optional=True),
    column("phase"),
)
"""Columns of :func:`noise_table`."""

_SMALL = {
    "by_frobenius_norm": "Frobenius norm",
    "by_spectral_norm": "spectral norm",
    "by_both": "both norms",
}
_TINIEST = 1e-99  # smallest probability that is shown as a number
_SURE = 0.1  # standard error below which a mean spacing ratio is shown
_NUMBERS = (
    *("spike_p", "bulk_p", "noise_std", "num_spikes", "mp_softrank", "rand_jsd"),
    *("spacing_ratio", "spacing_ratio_error", "num_traps", "trap_p"),
)


def _probability(p: float) -> str:
    """Return a probability as text, a small one as a power of ten."""
    if math.isnan(p):
        return "-"
    if p < _TINIEST:
        return f"<{_TINIEST:.0e}"
    if p >= 0.00995:
        return f"{p:.2f}"
    digit, _, power = f"{p:.0e}".partition("e")
    return f"{digit}e{int(power)}"


def _phase(row: dict[str, Any]) -> str:
    """Return the phase in words, or the status of a layer without a spectrum."""
    computed = row["status"] == Status.COMPUTED.name.lower()
    return str(row["phase"] if computed else row["status"]).replace("_", " ")


def _cause(row: dict[str, Any]) -> str:
    return row["trap_where"] or ("unexplained" if row["trap_cause"] == "unexplained" else "-")


def _if_sure(row: dict[str, Any]) -> float:
    """Return the mean spacing ratio; ``nan`` if it is the mean of too few spacings."""
    sure = row["spacing_ratio_error"] < _SURE
    return float(row["spacing_ratio"]) if sure else math.nan


def noise_table(ds: xr.Dataset, /) -> TextTable:
    """
    Lay out the noise and signal of a model as a table of one row per layer.

    Parameters
    ----------
    ds : xarray.Dataset
        Result of :func:`spectra.analyze` with :data:`spectra.measures.RANDOM_MATRIX`. The column of
        collapsed scales is shown if :func:`spectra.results.scale_collapse.find` is merged into it.

    Returns
    -------
    TextTable
        Table with the :data:`NOISE_COLUMNS`.

    Examples
    --------
    >>> import numpy as np, spectra
    >>> W = np.random.default_rng(0).standard_normal((100, 50)) + 1
    >>> ds = spectra.analyze({"fc": W}, measures=spectra.measures.RANDOM_MATRIX)
    >>> noise_table(ds).rows[0][-3:]
    ['<1e-99', 'mean 0.995', 'bulk and spikes']
    """
    words = {"trap_where": "", "trap_cause": "", "phase": "not_classified", "collapsed": ""}
    missing = dict.fromkeys(_NUMBERS, math.nan)
    rows = [{**words, **missing, **row} for row in records(ds)]
    pooled = any(row["rf"] > 1 for row in rows)
    shown = [
        {
            **row,
            "rf": row["rf"] if pooled else math.nan,
            "noise_std": f"{row['noise_std']:.3g}" if row["noise_std"] > 0 else "-",
            "spike_p": _probability(row["spike_p"]),
            "mp_softrank": f"{row['mp_softrank']:.3g}" if row["mp_softrank"] > 0 else "-",
            "bulk_p": _probability(row["bulk_p"]),
            "spacing_ratio": _if_sure(row),
            "rand_jsd": row["rand_jsd"] if row["num_evals"] >= FEWEST_TO_TEST else math.nan,
            "trap_p": _probability(row["trap_p"]),
            "trap_where": _cause(row),
            "collapsed": _SMALL.get(row["collapsed"], "-"),
            "phase": _phase(row),
        }
        for row in rows
    ]
    return laid_out(NOISE_COLUMNS, shown)


def phases_line(ds: xr.Dataset, /) -> str:
    """
    Count the layers in each phase, and those with spikes and traps beside chance, in one line.

    Parameters
    ----------
    ds : xarray.Dataset
        Result of :func:`spectra.analyze`, as in :func:`noise_table`.

    Returns
    -------
    str
        Line of text.

    Examples
    --------
    >>> import numpy as np, spectra
    >>> W = np.random.default_rng(0).standard_normal((100, 50))
    >>> phases_line(spectra.analyze({"fc": W}, measures=spectra.measures.RANDOM_MATRIX))
    '1 layer: 1 random like; spikes in 0 (0.05 by chance), traps in 0 (0.05 by chance)'
    """
    rows = records(ds)
    counted = Counter(str(row.get("phase", "not_classified")) for row in rows).most_common()
    phases = ", ".join(f"{num} {phase.replace('_', ' ')}" for phase, num in counted)
    head = f"{len(rows)} layer{'' if len(rows) == 1 else 's'}"
    if not rows:
        return head
    found = claims(ds, significance=float(ds.attrs["significance"]))
    counts = [_claimed(found, name) for name in ("spike", "trap") if name in found.claim.values]
    return f"{head}: {'; '.join([phases, ', '.join(counts)] if counts else [phases])}"


def _claimed(found: xr.Dataset, name: str) -> str:
    """Return how many layers have spikes or traps, beside chance, and how many are sure."""
    one = found.sel(claim=name)
    num, sure = int(one.num_significant), int(one.num_sure)
    beside = f"{one.num_by_chance.item():.2g} by chance" + (f", {sure} sure" if num else "")
    return f"{name}s in {num} ({beside})"
