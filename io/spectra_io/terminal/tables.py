"""Tables of results as rows of words, for a terminal or a pipe."""

from __future__ import annotations

import math
import textwrap
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

import xarray as xr

from spectra.errors import one_line, unknown_name
from spectra.results.dataset import records, table
from spectra.results.summary import summary
from spectra.results.variables import VARIABLES, Status

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = [
    "LAYER_COLUMNS",
    "TENSOR_COLUMNS",
    "Column",
    "TextTable",
    "column",
    "laid_out",
    "layer_table",
    "left_out_line",
    "legend",
    "summary_line",
    "tensor_table",
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
    >>> Column("tail", "num_tail", digits=0).left
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


class TextTable(NamedTuple):
    """
    Rows of words under their heads.

    Examples
    --------
    >>> columns = (Column("layer", "layer", left=True), Column("N", "N"))
    >>> list(TextTable(columns, [["fc", "3"]]).lines())
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
        Lay out the sheet as plain text, one line per row.

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


def column(name: str, /, *, expendable: int = 0, optional: bool = False) -> Column:
    """
    Make the column of a variable, with the head and digits that its declaration has.

    Parameters
    ----------
    name : str
        Name of the variable.
    expendable : int, default: 0
        Order in which a narrow screen drops columns: 1 first, 0 never.
    optional : bool, default: False
        Whether the column is left out where it is empty in every row.

    Returns
    -------
    Column
        Aligned to the left if it holds words.

    Raises
    ------
    UnknownNameError
        If there is no such variable.

    Examples
    --------
    >>> column("num_tail").head
    'tail'
    """
    if name not in VARIABLES:
        raise unknown_name(name, VARIABLES, what="variable")
    variable = VARIABLES[name]
    words = variable.kind in {"str", "flag"}
    return Column(variable.head or name, name, variable.digits, words, expendable, optional)


LAYER_COLUMNS = (
    Column("layer", "layer", left=True),
    column("N", expendable=9),
    column("M", expendable=10),
    column("rf", expendable=4, optional=True),
    column("alpha"),
    column("alpha_low", expendable=13, optional=True),
    column("alpha_rival", expendable=6, optional=True),
    column("sigma", expendable=11, optional=True),
    column("alpha_noise", expendable=11, optional=True),
    column("D", expendable=7),
    column("num_tail"),
    column("p_value", expendable=8, optional=True),
    column("power_law_support", expendable=12, optional=True),
    column("likelier_law", expendable=3, optional=True),
    column("log_norm", expendable=2),
    column("stable_rank", expendable=5),
    column("alpha_weighted", expendable=1),
    column("verdict"),
)
"""Columns of the table of layers."""

TENSOR_COLUMNS = (
    Column("tensor", "tensor", left=True),
    column("tensor_role", expendable=5),
    column("tensor_dtype", expendable=1),
    column("tensor_shape", expendable=4)._replace(left=False),
    column("tensor_layers", expendable=3),
    column("tensor_note", expendable=2, optional=True),
    column("tensor_reason"),
)
"""Columns of the table of tensors."""


def legend(columns: Sequence[Column], /) -> str:
    """
    Explain the columns of a table, from the declarations of their variables.

    Parameters
    ----------
    columns : sequence of Column
        Columns; one that shows no variable is not explained.

    Returns
    -------
    str
        The lines.

    Examples
    --------
    >>> print(legend([column("N"), column("p_value")]))
    N  longer side of one matrix
    p  share of true power laws that fit no better; small: not a power law
    """
    known = [(c.head, VARIABLES[c.name]) for c in columns if c.name in VARIABLES]
    width = max((len(head) for head, _ in known), default=0) + 2
    indent = " " * width
    lines = [
        textwrap.fill(head.ljust(width) + (v.help or v.long_name), 78, subsequent_indent=indent)
        for head, v in known
    ]
    return "\n".join(lines)


def _text(value: Any, digits: int | None) -> str:
    if isinstance(value, float) and math.isnan(value):
        return "-"
    as_is = digits is None or isinstance(value, str)
    return one_line(value if as_is else f"{value:z.{digits}f}") or "-"


def laid_out(columns: Sequence[Column], rows: Sequence[dict[str, Any]], /) -> TextTable:
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
    TextTable
        A dash for what is missing; without the optional columns that are empty in every row.

    Examples
    --------
    >>> laid_out([Column("a", "a", 1), Column("b", "b", optional=True)], [{"a": 1.0, "b": ""}]).rows
    [['1.0']]
    """
    texts = [[_text(row[c.name], c.digits) for c in columns] for row in rows]
    return _without_empty_columns(TextTable(tuple(columns), texts))


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


def layer_table(ds: xr.Dataset, /) -> TextTable:
    """
    Lay out the results of an analysis, one line per layer.

    Parameters
    ----------
    ds : xarray.Dataset
        Result of :func:`spectra.analyze`.

    Returns
    -------
    TextTable
        The rows.

    Examples
    --------
    >>> import numpy as np, spectra
    >>> sheet = layer_table(spectra.analyze({"fc": 2 * np.eye(3)}))
    >>> sheet.rows[0][-1]
    'not fitted: too few eigenvalues'
    """
    missing = dict.fromkeys((c.name for c in LAYER_COLUMNS), math.nan)
    words = {"verdict": "not_fitted", "fit_status": "not measured"}
    words |= {"power_law_support": "not_fitted", "likelier_law": "none"}
    defaults = {**missing, "alpha_high": math.nan, **words}
    rows = [{**defaults, **row} for row in records(ds)]
    pooled, measured = any(row["rf"] > 1 for row in rows), "alpha_low" in ds
    shown = [
        {
            **row,
            **{name: _words(row[name]) for name in ("power_law_support", "likelier_law")},
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


def _without_empty_columns(sheet: TextTable) -> TextTable:
    """Leave out the optional columns that are empty in every row."""
    said = zip(*sheet.rows, strict=True) if sheet.rows else [("-",)] * len(sheet.columns)
    kept = [
        i
        for i, (column, words) in enumerate(zip(sheet.columns, said, strict=True))
        if not column.optional or set(words) != {"-"}
    ]
    rows = [[row[i] for i in kept] for row in sheet.rows]
    return TextTable(tuple(sheet.columns[i] for i in kept), rows)


def tensor_table(ds: xr.Dataset, /) -> TextTable:
    """
    Lay out the tensors of a model, one line each.

    Parameters
    ----------
    ds : xarray.Dataset
        Result of :func:`spectra.describe`.

    Returns
    -------
    TextTable
        The rows.

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
    if "power_law_support" in ds and fitted:
        line += f", power law supported in {supported}"
    return f"{line}; mean {', '.join(shown)}" if shown else line


def left_out_line(tensors: xr.Dataset, ds: xr.Dataset | None = None) -> str:
    """
    Return how much of a model is not analysed and why, the largest part first.

    Parameters
    ----------
    tensors : xarray.Dataset
        Result of :func:`spectra.describe`.
    ds : xarray.Dataset, optional
        Result of :func:`spectra.analyze`, for the tensors that could not be read.

    Returns
    -------
    str
        The line; empty if all was analysed.

    Examples
    --------
    >>> import numpy as np, spectra
    >>> left_out_line(spectra.describe({"fc": np.eye(3), "v": np.ones(1)}))
    'not analysed: 1 of 2 tensors, 10.0 % of the elements: 1 x 1-D: a vector has no spectrum'
    """
    every = table(tensors)
    if ds is not None:
        failed = table(ds).query("status_reason != ''").set_index("tensor_name").status_reason
        unread = failed[~failed.index.duplicated()].reindex(every.index, fill_value="")
        every["tensor_reason"] = every["tensor_reason"].where(every["tensor_reason"] != "", unread)
    left = every.query("tensor_reason != ''")
    if left.empty:
        return ""
    reasons = left.tensor_role.map(_ALIKE).fillna(left.tensor_reason)
    sizes = left.groupby(reasons).tensor_size.agg(["sum", "count"])
    largest = sizes.sort_values(["sum", "count"], ascending=False)
    most = [f"{count} x {reason}" for reason, count in largest["count"].items()]
    rest = f"; and {len(most) - 3} other reasons (spectra describe)" if len(most) > 3 else ""
    share = left.tensor_size.sum() / max(1, int(every.tensor_size.sum()))
    return (
        f"not analysed: {len(left)} of {len(every)} tensors, "
        f"{100 * share:.1f} % of the elements: {'; '.join(most[:3])}{rest}"
    )
