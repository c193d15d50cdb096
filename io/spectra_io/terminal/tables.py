"""Sheets: results as rows of words, for a terminal or a pipe."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

import xarray as xr

from spectra.errors import one_line
from spectra.results.dataset import records, table
from spectra.results.summary import summary
from spectra.results.variables import Status

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = [
    "Column",
    "Sheet",
    "laid_out",
    "layer_sheet",
    "left_out_line",
    "summary_line",
    "tensor_sheet",
]

_ALIKE = {  # reasons that name another tensor, counted together
    "scale": "scale of quantized weights",
    "tied": "the same numbers as another tensor",
}
_PADDED = 120  # characters; what is longer is not cut, but does not push the others aside


class Column(NamedTuple):
    """
    One column of a sheet.

    Examples
    --------
    >>> Column("tail", "num_pl_spikes", digits=0).left
    False
    """

    head: str
    """What stands above it."""
    name: str
    """The variable in it."""
    digits: int | None = None
    """Digits after the point, of a number."""
    left: bool = False
    """Whether it is words, and so aligned to the left."""
    expendable: int = 0
    """What a narrow screen goes without: 1 first, 0 never."""
    optional: bool = False
    """Whether it is left out where it is empty in every row."""


class Sheet(NamedTuple):
    """
    Rows of words under their heads.

    Examples
    --------
    >>> list(Sheet((Column("layer", "layer", left=True), Column("N", "N")), [["fc", "3"]]).lines())
    ['layer  N', 'fc     3']
    """

    columns: tuple[Column, ...]
    """What is in each row."""
    rows: list[list[str]]
    """The words, as many in each row as there are columns."""

    def widths(self) -> list[int]:
        """
        Measure the columns.

        Returns
        -------
        list of int
            Characters of the longest entry of each.
        """
        heads = [column.head for column in self.columns]
        return [max(map(len, entries)) for entries in zip(heads, *self.rows, strict=True)]

    def lines(self) -> Iterator[str]:
        """
        Lay out the sheet as plain text, a line a row.

        Yields
        ------
        str
            The heads, then the rows, in aligned columns.
        """
        widths = [min(width, _PADDED) for width in self.widths()]
        for row in [[column.head for column in self.columns], *self.rows]:
            cells = (
                text.ljust(width) if column.left else text.rjust(width)
                for text, width, column in zip(row, widths, self.columns, strict=True)
            )
            yield "  ".join(cells).rstrip()


_LAYER_COLUMNS = (
    Column("layer", "layer", left=True),
    Column("N", "N", expendable=9),
    Column("M", "M", expendable=10),
    Column("rf", "rf", expendable=4, optional=True),
    Column("alpha", "alpha", 2),
    Column("interval", "interval", expendable=13, optional=True),
    Column("rival", "alpha_rival", 2, expendable=6, optional=True),
    Column("sigma", "sigma", 2, expendable=11, optional=True),
    Column("noise", "alpha_noise", 2, expendable=11, optional=True),
    Column("D", "D", 3, expendable=7),
    Column("tail", "num_pl_spikes", 0),
    Column("p", "p_value", 2, expendable=8, optional=True),
    Column("power law", "power_law", left=True, expendable=12, optional=True),
    Column("likelier", "likelier_law", left=True, expendable=3, optional=True),
    Column("log_norm", "log_norm", 2, expendable=2),
    Column("stable_rank", "stable_rank", 1, expendable=5),
    Column("alpha_weighted", "alpha_weighted", 2, expendable=1),
    Column("verdict", "verdict", left=True),
)
_TENSOR_COLUMNS = (
    Column("tensor", "tensor", left=True),
    Column("role", "tensor_role", left=True, expendable=5),
    Column("dtype", "tensor_dtype", left=True, expendable=1),
    Column("shape", "tensor_shape", expendable=4),
    Column("layers", "tensor_layers", expendable=3),
    Column("what it is", "tensor_note", left=True, expendable=2, optional=True),
    Column("not taken because", "tensor_reason", left=True),
)


def _text(value: Any, digits: int | None) -> str:
    if isinstance(value, float) and math.isnan(value):
        return "-"
    return one_line(value if digits is None else f"{value:z.{digits}f}") or "-"


def laid_out(columns: Sequence[Column], rows: Sequence[dict[str, Any]], /) -> Sheet:
    """
    Put rows into columns as words.

    Parameters
    ----------
    columns : sequence of Column
        What to show.
    rows : sequence of dict
        Values by the names of the columns.

    Returns
    -------
    Sheet
        A dash for what is missing; without the optional columns that are empty in every row.

    Examples
    --------
    >>> laid_out([Column("a", "a", 1), Column("b", "b", optional=True)], [{"a": 1.0, "b": ""}]).rows
    [['1.0']]
    """
    texts = [[_text(row[c.name], c.digits) for c in columns] for row in rows]
    return _with_something_to_say(Sheet(tuple(columns), texts))


def _verdict(row: dict[str, Any]) -> str:
    """Return the verdict in words, with the reason if there is none."""
    if row["verdict"] != "not_fitted":
        return str(row["verdict"]).replace("_", "-")
    computed = row["status"] == Status.COMPUTED.name.lower()
    why = row["fit_status"] if computed else row["status"]
    return f"not fitted: {why.replace('_', ' ')}"


def _words(flag: object) -> str:
    return "-" if flag in {"not_fitted", "none"} else str(flag).replace("_", " ")


def _interval(row: dict[str, Any]) -> str:
    low, high = row["alpha_low"], row["alpha_high"]
    if math.isnan(low):
        return "-"
    return f"{low:.{1 if high < 100 else 0}f}-{high:.{1 if high < 100 else 0}f}"


def layer_sheet(ds: xr.Dataset, /) -> Sheet:
    """
    Lay out the results of an analysis, one line a layer.

    Parameters
    ----------
    ds : xarray.Dataset
        Result of :func:`spectra.analyze`.

    Returns
    -------
    Sheet
        The rows.

    Examples
    --------
    >>> import numpy as np, spectra
    >>> sheet = layer_sheet(spectra.analyze({"fc": 2 * np.eye(3)}))
    >>> sheet.rows[0][-1]
    'not fitted: too few eigenvalues'
    """
    missing = dict.fromkeys((c.name for c in _LAYER_COLUMNS), math.nan)
    words = {"verdict": "not_fitted", "fit_status": "not measured", "power_law": "not_fitted"}
    ends = {"alpha_low": math.nan, "alpha_high": math.nan}
    defaults = {**missing, **ends, **words, "likelier_law": "none"}
    rows = [{**defaults, **row} for row in records(ds)]
    pooled, measured = any(row["rf"] > 1 for row in rows), "alpha_low" in ds
    shown = [
        {
            **row,
            **{name: _words(row[name]) for name in ("power_law", "likelier_law")},
            "verdict": _verdict(row),
            "interval": _interval(row),
            "rf": row["rf"] if pooled else math.nan,
            "sigma": math.nan if measured else row["sigma"],
        }
        for row in rows
    ]
    levels = {row["interval_level"] for row in rows if row.get("interval_level", math.nan) > 0}
    head = f"{100 * max(levels, default=0.9):g} %"
    columns = [c._replace(head=head) if c.name == "interval" else c for c in _LAYER_COLUMNS]
    return laid_out(columns, shown)


def _with_something_to_say(sheet: Sheet) -> Sheet:
    """Leave out the optional columns that are empty in every row."""
    said = zip(*sheet.rows, strict=True) if sheet.rows else [("-",)] * len(sheet.columns)
    kept = [
        i
        for i, (column, words) in enumerate(zip(sheet.columns, said, strict=True))
        if not column.optional or set(words) != {"-"}
    ]
    rows = [[row[i] for i in kept] for row in sheet.rows]
    return Sheet(tuple(sheet.columns[i] for i in kept), rows)


def tensor_sheet(ds: xr.Dataset, /) -> Sheet:
    """
    Lay out every tensor of a model, one line each.

    Parameters
    ----------
    ds : xarray.Dataset
        Result of :func:`spectra.describe` or :func:`spectra.analyze`.

    Returns
    -------
    Sheet
        The rows.

    Examples
    --------
    >>> import numpy as np, spectra
    >>> for line in tensor_sheet(spectra.describe({"fc": np.eye(3)})).lines():
    ...     print(line)
    tensor  role   dtype    shape  layers  not taken because
    fc      dense  float64    3x3       1  -
    """
    return laid_out(_TENSOR_COLUMNS, records(ds, dim="tensor"))


def summary_line(ds: xr.Dataset) -> str:
    """
    Sum up an analysis in one line.

    Parameters
    ----------
    ds : xarray.Dataset
        Result of :func:`spectra.analyze`.

    Returns
    -------
    str
        The line.

    Examples
    --------
    >>> import numpy as np, spectra
    >>> summary_line(spectra.analyze({"fc": np.eye(3)}))
    '1 layer, 0 fitted; mean log_norm 0.48, log_spectral_norm 0.00, stable_rank 3.00, entropy 1.00'
    """
    means = summary(ds)
    counts = ("num_layers", "num_fitted", "num_supported")
    layers, fitted, supported = (int(means.get(n, xr.DataArray(0))) for n in counts)
    shown = [
        f"{name} {value.item():.2f}"
        for name, value in means.data_vars.items()
        if value.dtype.kind == "f" and not math.isnan(value.item())
    ]
    line = f"{layers} layer{'' if layers == 1 else 's'}, {fitted} fitted"
    verdicts = Counter(table(ds).get("verdict", []))
    verdicts.pop("not_fitted", None)
    if verdicts:
        counted = (f"{n} {word.replace('_', '-')}" for word, n in sorted(verdicts.items()))
        line += f" ({', '.join(counted)})"
    if "power_law" in ds and fitted:
        line += f", power law supported in {supported}"
    return f"{line}; mean {', '.join(shown)}" if shown else line


def left_out_line(ds: xr.Dataset) -> str:
    """
    Say how much of a model was not analysed and why, the largest part first.

    Parameters
    ----------
    ds : xarray.Dataset
        Result of :func:`spectra.analyze`.

    Returns
    -------
    str
        The line; empty if all was analysed.

    Examples
    --------
    >>> import numpy as np, spectra
    >>> left_out_line(spectra.analyze({"fc": np.eye(3), "v": np.ones(1)}))
    'not analysed: 1 of 2 tensors, 10.0 % of the elements: 1 x 1-D: a vector has no spectrum'
    """
    left = table(ds, dim="tensor").query("tensor_reason != ''")
    if left.empty:
        return ""
    reasons = left.tensor_role.map(_ALIKE).fillna(left.tensor_reason)
    sizes = left.groupby(reasons).tensor_size.agg(["sum", "count"])
    largest = sizes.sort_values(["sum", "count"], ascending=False)
    most = [f"{count} x {reason}" for reason, count in largest["count"].items()]
    rest = f"; and {len(most) - 3} other reasons (spectra describe)" if len(most) > 3 else ""
    share = left.tensor_size.sum() / max(1, int(ds.tensor_size.sum()))
    return (
        f"not analysed: {len(left)} of {ds.sizes['tensor']} tensors, "
        f"{100 * share:.1f} % of the elements: {'; '.join(most[:3])}{rest}"
    )
