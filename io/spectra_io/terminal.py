"""What a person sees in a terminal, and a program in a pipe."""

from __future__ import annotations

import math
import os
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import xarray as xr
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text
from threadpoolctl import threadpool_limits

from spectra.analysis import summary
from spectra.dataset import records, table
from spectra.errors import one_line
from spectra.variables import Status

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

__all__ = [
    "ProgressBar",
    "layer_table",
    "left_out_line",
    "note",
    "show",
    "summary_line",
    "tensor_table",
]

_WIDE = 100_000  # columns: nothing is wrapped or cut in a pipe
_STYLES = {"over-trained": "red", "well-trained": "green", "under-trained": "yellow"}


class _Column(NamedTuple):
    head: str
    name: str
    digits: int | None = None


_LAYER_COLUMNS = (
    _Column("layer", "layer"),
    _Column("N", "N"),
    _Column("M", "M"),
    _Column("rf", "rf"),
    _Column("alpha", "alpha", 2),
    _Column("sigma", "sigma", 2),
    _Column("D", "D", 3),
    _Column("tail", "num_pl_spikes", 0),
    _Column("log_norm", "log_norm", 2),
    _Column("stable_rank", "stable_rank", 1),
    _Column("alpha_weighted", "alpha_weighted", 2),
    _Column("verdict", "verdict"),
)
_TENSOR_COLUMNS = (
    _Column("tensor", "tensor"),
    _Column("role", "tensor_role"),
    _Column("dtype", "tensor_dtype"),
    _Column("shape", "tensor_shape"),
    _Column("layers", "tensor_layers"),
    _Column("not taken because", "tensor_reason"),
)


def _console(*, stderr: bool = False) -> Console:
    console = Console(stderr=stderr, highlight=False)
    if not console.is_terminal:
        console.width = _WIDE
    return console


def note(text: str) -> None:
    """
    Say something to the person, beside the data.

    Parameters
    ----------
    text : str
        One line, written to stderr.

    Examples
    --------
    >>> note("three tensors were left out")
    """
    console = _console(stderr=True)
    console.print(Text(one_line(text)), soft_wrap=True)


def show(shown: Table | str) -> None:
    """
    Write data to stdout: fitted to a terminal, or plain and uncut to a pipe.

    Parameters
    ----------
    shown : rich.table.Table or str
        What to write.

    Examples
    --------
    >>> show("3 layers")
    3 layers
    """
    console = _console()
    try:
        if console.is_terminal:
            console.print(shown)
        else:
            with console.capture() as captured:
                console.print(shown, soft_wrap=isinstance(shown, str))
            for line in captured.get().splitlines():
                console.file.write(line.rstrip() + "\n")
        console.file.flush()
    except BrokenPipeError:  # the reader has seen enough: let what follows go nowhere
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


_FOLDED = 26
_LEFT = {"layer", "verdict", "tensor", "tensor_role", "tensor_dtype", "tensor_reason"}
_EXPENDABLE = ("alpha_weighted", "log_norm", "rf", "stable_rank", "sigma", "tensor_dtype")


def _cell(value: Any, digits: int | None) -> Text:
    if isinstance(value, float) and math.isnan(value):
        return Text("-")
    text = one_line(value if digits is None else f"{value:z.{digits}f}")
    return Text(text or "-", style=_STYLES.get(text, ""))


def _table(columns: Sequence[_Column], rows: Sequence[dict[str, Any]]) -> Table:
    """Lay out rows, without the columns that a narrow terminal has no room for."""
    cells = {c: [_cell(row[c.name], c.digits) for row in rows] for c in columns}
    width = {c: max(len(c.head), *map(len, cells[c]), 0) for c in columns}
    folded = {columns[0], columns[-1]}  # names and reasons
    width |= {c: min(width[c], _FOLDED) for c in folded}
    kept = list(columns)
    for name in _EXPENDABLE:
        if sum(width[c] + 2 for c in kept) - 2 > _console().width:
            kept = [c for c in kept if c.name != name]
    shown = Table(box=None, pad_edge=False, header_style="bold")
    for c in kept:
        side: Literal["left", "right"] = "left" if c.name in _LEFT else "right"
        shown.add_column(
            c.head, justify=side, overflow="fold", no_wrap=c not in folded, min_width=width[c]
        )
    for row in zip(*(cells[c] for c in kept), strict=True):
        shown.add_row(*row)
    return shown


def _verdict(row: dict[str, Any]) -> str:
    """Return the verdict in words, with the reason if there is none."""
    if row["verdict"] != "not_fitted":
        return str(row["verdict"]).replace("_", "-")
    computed = row["status"] == Status.COMPUTED.name.lower()
    why = row["fit_status"] if computed else row["status"]
    return f"not fitted: {why.replace('_', ' ')}"


def layer_table(ds: xr.Dataset) -> Table:
    """
    Lay out the results of an analysis, one line a layer.

    Parameters
    ----------
    ds : xarray.Dataset
        Result of :func:`spectra.analyze`.

    Returns
    -------
    rich.table.Table
        For :func:`show`.

    Examples
    --------
    >>> import numpy as np, spectra
    >>> show(layer_table(spectra.analyze({"fc": 2 * np.eye(3)})))  # doctest: +ELLIPSIS
    layer  N  M  alpha  sigma  D  tail  log_norm  stable_rank  alpha_weighted  verdict
    fc     3  3      -      -  -     0      1.08          3.0               -  not fitted: too ...
    """
    missing = dict.fromkeys((c.name for c in _LAYER_COLUMNS), math.nan)
    defaults = {**missing, "verdict": "not_fitted", "fit_status": "not measured"}
    rows = [{**defaults, **row} for row in records(ds)]
    shown = [{**row, "verdict": _verdict(row)} for row in rows]
    pooled = any(row["rf"] > 1 for row in rows)
    return _table([c for c in _LAYER_COLUMNS if c.name != "rf" or pooled], shown)


def tensor_table(ds: xr.Dataset) -> Table:
    """
    Lay out every tensor of a model, one line each.

    Parameters
    ----------
    ds : xarray.Dataset
        Result of :func:`spectra.describe` or :func:`spectra.analyze`.

    Returns
    -------
    rich.table.Table
        For :func:`show`.

    Examples
    --------
    >>> import numpy as np, spectra
    >>> show(tensor_table(spectra.describe({"fc": np.eye(3)})))
    tensor  role   dtype    shape  layers  not taken because
    fc      dense  float64    3x3       1  -
    """
    return _table(_TENSOR_COLUMNS, records(ds, dim="tensor"))


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
    layers, fitted = (int(means.get(n, xr.DataArray(0))) for n in ("num_layers", "num_fitted"))
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
    sizes = left.groupby("tensor_reason").tensor_size.agg(["sum", "count"])
    largest = sizes.sort_values(["sum", "count"], ascending=False)
    most = [f"{count} x {reason}" for reason, count in largest["count"].items()]
    rest = f"; and {len(most) - 3} other reasons (spectra describe)" if len(most) > 3 else ""
    share = left.tensor_size.sum() / max(1, int(ds.tensor_size.sum()))
    return (
        f"not analysed: {len(left)} of {ds.sizes['tensor']} tensors, {share:.1%} of the elements: "
        f"{'; '.join(most[:3])}{rest}"
    ).replace("%", " %", 1)


class ProgressBar:
    """
    An executor that works here, on all cores, and shows how far it is, on a terminal only.

    Each core takes a layer and one thread of linear algebra: on matrices of common sizes several
    threads for one are often slower, much so on a busy machine.

    Examples
    --------
    >>> list(ProgressBar().map(abs, [-1, 2]))
    [1, 2]
    """

    def map(self, function: Callable[..., Any], /, items: Iterable[Any]) -> Iterator[Any]:
        """
        Apply a function to items.

        Parameters
        ----------
        function : callable
            What to do with each.
        items : iterable
            To what.

        Yields
        ------
        object
            The results, in order.
        """
        work = list(items)
        console = _console(stderr=True)
        columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
        progress = Progress(
            *columns, console=console, transient=True, disable=not console.is_terminal
        )
        pool = ThreadPoolExecutor(os.cpu_count())
        with progress, threadpool_limits(1, "blas"):
            try:
                yield from progress.track(pool.map(function, work), total=len(work))
            finally:  # an interrupt waits for the layers in work, not for those to come
                pool.shutdown(cancel_futures=True)
