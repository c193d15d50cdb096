"""Lay out results as text tables, for a terminal or a pipe."""

from __future__ import annotations

import math
import re
from collections import Counter
from typing import Any

import xarray as xr

from spectra.results.reading import records, table
from spectra.results.summary import summary
from spectra.results.variables import Status
from spectra_io.terminal.columns import Column, TextTable, column, laid_out

__all__ = [
    "LAYER_COLUMNS",
    "TENSOR_COLUMNS",
    "layer_table",
    "summary_line",
    "tensor_table",
]

LAYER_COLUMNS = (
    Column("layer", "layer", left=True),
    column("N", expendable=9),
    column("M", expendable=10),
    column("rf", expendable=4, optional=True),
    column("alpha"),
    column("alpha_low", expendable=12, optional=True),
    column("alpha_rival", expendable=6, optional=True),
    column("sigma", expendable=11, optional=True),
    column("alpha_noise", expendable=11, optional=True),
    column("D", expendable=7),
    column("num_tail"),
    column("support_p", expendable=8, optional=True),
    column("power_law_support", expendable=13, optional=True),
    column("likelier_law", expendable=3, optional=True),
    column("log_norm", expendable=2),
    column("stable_rank", expendable=5),
    column("alpha_weighted", expendable=1),
    column("alpha_reading", expendable=9, optional=True),
    column("verdict"),
)
"""Columns of :func:`layer_table`."""

TENSOR_COLUMNS = (
    Column("tensor", "tensor", left=True),
    column("tensor_role", expendable=5),
    column("tensor_dtype", expendable=1),
    column("tensor_shape", expendable=4)._replace(left=False),
    column("tensor_layers", expendable=3),
    column("tensor_note", expendable=2, optional=True),
    column("tensor_reason"),
)
"""Columns of :func:`tensor_table`."""


_FLAGS = ("power_law_support", "likelier_law", "alpha_reading")


def _verdict(row: dict[str, Any]) -> str:
    """Return the verdict in words; of a broken layer with its reason."""
    verdict, status = row["verdict"], row["status"]
    if verdict in {"broken", "not_judged"} and status != Status.COMPUTED.name.lower():
        return f"{_words(verdict)}: {_words(status)}" if verdict == "broken" else _words(status)
    return _words(verdict)


def _words(flag: object) -> str:
    if flag in {"not_fitted", "none", "not_judged"}:
        return "-"
    return re.sub("_(tailed|trained)", r"-\1", str(flag)).replace("_", " ")


def _interval(row: dict[str, Any]) -> str:
    low, high = row["alpha_low"], row["alpha_high"]
    if math.isnan(low):
        return "-"
    return f"{low:.{1 if high < 100 else 0}f}-{high:.{1 if high < 100 else 0}f}"


def layer_table(ds: xr.Dataset, /) -> TextTable:
    """
    Lay out the results of an analysis as a table of one row per layer.

    Parameters
    ----------
    ds : xarray.Dataset
        Result of :func:`spectra.analyze`.

    Returns
    -------
    TextTable
        Table with the :data:`LAYER_COLUMNS`.

    Examples
    --------
    >>> import numpy as np, spectra
    >>> sheet = layer_table(spectra.analyze({"fc": 2 * np.eye(3)}))
    >>> sheet.rows[0][-1]
    'too small to tell'
    """
    missing = dict.fromkeys((c.name for c in LAYER_COLUMNS), math.nan)
    words = {"verdict": "not_judged", "alpha_reading": "none"}
    words |= {"power_law_support": "not_fitted", "likelier_law": "none"}
    defaults = {**missing, "alpha_high": math.nan, **words}
    rows = [{**defaults, **row} for row in records(ds)]
    pooled, measured = any(row["rf"] > 1 for row in rows), "alpha_low" in ds
    shown = [
        {
            **row,
            **{name: _words(row[name]) for name in _FLAGS},
            "verdict": _verdict(row),
            "alpha_low": _interval(row),
            "rf": row["rf"] if pooled else math.nan,
            "sigma": math.nan if measured else row["sigma"],
        }
        for row in rows
    ]
    confidences = [row.get("interval_confidence", math.nan) for row in rows]
    head = f"{100 * max((c for c in confidences if c > 0), default=0.9):g} %"
    columns = [c._replace(head=head) if c.name == "alpha_low" else c for c in LAYER_COLUMNS]
    return laid_out(columns, shown)


def tensor_table(ds: xr.Dataset, /) -> TextTable:
    """
    Lay out the tensors of a model as a table of one row per tensor.

    Parameters
    ----------
    ds : xarray.Dataset
        Result of :func:`spectra.describe`.

    Returns
    -------
    TextTable
        Table with the :data:`TENSOR_COLUMNS`.

    Examples
    --------
    >>> import numpy as np, spectra
    >>> for line in tensor_table(spectra.describe({"fc": np.eye(3)})).lines():
    ...     print(line)
    tensor  role   dtype    shape  layers  not taken because
    fc      dense  float64    3x3       1  -
    """
    return laid_out(TENSOR_COLUMNS, records(ds))


def summary_line(ds: xr.Dataset) -> str:
    """
    Summarize an analysis in one line: counts of layers, and means over them.

    Parameters
    ----------
    ds : xarray.Dataset
        Result of :func:`spectra.analyze`.

    Returns
    -------
    str
        Line of text.

    Examples
    --------
    >>> import numpy as np, spectra
    >>> summary_line(spectra.analyze({"fc": np.eye(3)})).partition("; ")[0]
    '1 layer, 0 fitted (1 too small to tell)'
    """
    means = summary(ds)
    counts = ("num_layers", "num_fitted", "num_supported")
    layers, fitted, supported = (int(means.get(n, xr.DataArray(0))) for n in counts)
    shown = [
        f"{name} {value.item():.2f}"
        for name, value in means.data_vars.items()
        if "cell_methods" in value.attrs and not math.isnan(value.item())
    ]
    line = f"{layers} layer{'' if layers == 1 else 's'}, {fitted} fitted"
    verdicts = Counter(table(ds).get("verdict", []))
    verdicts.pop("not_judged", None)
    if verdicts:
        line += f" ({', '.join(f'{n} {_words(word)}' for word, n in sorted(verdicts.items()))})"
    if "power_law_support" in ds and fitted:
        line += f", power law supported in {supported}"
    return f"{line}; mean {', '.join(shown)}" if shown else line
