"""CSV tables: write the layers so that no spreadsheet runs a cell, and read them back."""

from __future__ import annotations

import math
import re
import unicodedata
from typing import TYPE_CHECKING, Any

import numpy as np

from spectra.errors import ModelFormatError, one_line
from spectra.results.dataset import restored
from spectra.results.reading import table
from spectra.results.variables import VARIABLES

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    import pandas as pd
    import xarray as xr

    from spectra.results.variables import Variable

__all__ = ["as_text", "defused", "for_log", "is_header", "read", "written_back"]

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)
_RUN = re.compile(  # what a spreadsheet would run
    r"""[\s"'`\u00b4\u2018\u2019\u201c\u201d]*[=+\-\u2212@]|'"""
)
_QUOTED = re.compile(r'[,;|"]|^ | $')
_ESCAPE = re.compile(r"\\(?:[\\nrt]|x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8})")


def defused(text: str, /) -> str:
    r"""
    Make a text safe to open in a spreadsheet: on one line, and never a formula.

    Parameters
    ----------
    text : str
        Text of a cell, which may come from a file.

    Returns
    -------
    str
        The text with backslashes and what cannot be printed as escapes (``\n``, ``\x1b``), after an
        apostrophe if it starts with ``=``, ``+``, ``-``, ``@`` (of any width, also after spaces and
        quotes) or with an apostrophe.

    Examples
    --------
    >>> defused("=1+1"), defused("fc1"), defused("'x"), defused("two\nlines")
    ("'=1+1", 'fc1', "''x", 'two\\nlines')
    """
    line = "".join(c if c.isprintable() and c != "\\" else _escaped(c) for c in text)
    risky = _RUN.match(line) or _RUN.match(unicodedata.normalize("NFKC", line))
    return f"'{line}" if risky else line


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


def written_back(text: str, /) -> str:
    r"""
    Return the text that :func:`defused` has made safe.

    Parameters
    ----------
    text : str
        Text of a cell.

    Returns
    -------
    str
        The text as it was, without the apostrophe and the escapes.

    Examples
    --------
    >>> [written_back(defused(text)) for text in ("=1+1", "'x", "two\nlines")]
    ['=1+1', "'x", 'two\nlines']
    """
    plain = text.removeprefix("'")
    return _ESCAPE.sub(lambda found: found[0].encode("ascii").decode("unicode_escape"), plain)


def _cell(value: Any) -> str:
    """Return a value as the text of a cell; empty for a missing number."""
    if not isinstance(value, str):
        missing = isinstance(value, float | np.floating) and math.isnan(value)
        return "" if missing else str(value)
    text = defused(value)
    return '"{}"'.format(text.replace('"', '""')) if _QUOTED.search(text) else text


def as_text(ds: xr.Dataset, /) -> str:
    """
    Return the table of the layers as CSV.

    Parameters
    ----------
    ds : xarray.Dataset
        Results, as for :func:`spectra.table`.

    Returns
    -------
    str
        A line of names and a line per row, separated by commas. Texts are :func:`defused`; those
        with a comma, a semicolon or a quote are quoted.

    Examples
    --------
    >>> from spectra.results.dataset import from_rows
    >>> print(as_text(from_rows({"=1+1": {"alpha": -2.5}})), end="")
    layer,depth,alpha
    '=1+1,1,-2.5
    """
    frame = table(ds).reset_index()
    rows: list[Iterable[Any]] = [map(str, frame), *frame.itertuples(index=False, name=None)]
    return "".join(",".join(map(_cell, row)) + "\n" for row in rows)


def for_log(text: str, /) -> str:
    r"""
    Return a table of the layers so that the log of a build obeys nothing in it.

    Parameters
    ----------
    text : str
        Result of :func:`as_text`.

    Returns
    -------
    str
        The table with two more escapes, which :func:`read` takes back as all others: of ``##``
        anywhere, and of ``::`` at the start of a line.

    Examples
    --------
    >>> print(for_log("layer,alpha\n::error::x,2\n##[y],3"))
    layer,alpha
    \x3a:error::x,2
    #\x23[y],3
    """
    return re.sub("^:(?=:)", r"\\x3a", text.replace("##", r"#\x23"), flags=re.MULTILINE)


def is_header(names: Iterable[str], /) -> bool:
    """
    Return whether names are those of a table of layers.

    Parameters
    ----------
    names : iterable of str
        Names of columns.

    Returns
    -------
    bool
        Whether ``layer`` is one of them, and the name of a variable.

    Examples
    --------
    >>> is_header(["layer", "depth", "alpha"]), is_header(["name", "alpha"])
    (True, False)
    """
    columns = set(names)
    return "layer" in columns and bool(columns & {"depth", *VARIABLES})


def _codes(words: pd.Series[str], variable: Variable) -> pd.Series[float]:
    meanings = variable.attrs["flag_meanings"].split()
    codes = dict(zip(meanings, variable.attrs["flag_values"].tolist(), strict=True))
    return words.map({"": math.nan, **codes}).astype(float)


def _column(name: str, texts: pd.Series[str]) -> pd.Series[Any]:
    """Return the values of a column, of the type that its variable declares."""
    variable = VARIABLES.get(name)
    if variable is not None and variable.kind == "flag":
        return _codes(texts, variable)
    if name == "depth" or (variable is not None and variable.kind != "str"):
        return texts.map(_number)
    if variable is None and texts.map(_is_number).all():
        return texts.map(_number)
    return texts.map(written_back)


def _number(text: str) -> float:
    return float(text or math.nan)


def _is_number(text: str) -> bool:
    return bool(_NUMBER.fullmatch(text)) or text in {"", "inf", "-inf"}


def read(path: Path, /) -> xr.Dataset:
    r"""
    Read a table of layers that was written as CSV.

    Parameters
    ----------
    path : Path
        File that :func:`spectra_io.save` wrote.

    Returns
    -------
    xarray.Dataset
        Variables of one value per layer, codes instead of words, texts as they were, with the
        attributes of the declared variables. What the file lacks is not there: eigenvalues, and the
        attributes of the whole.

    Raises
    ------
    ModelFormatError
        If the file is not such a table.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> path = Path(tempfile.mkdtemp()) / "r.csv"
    >>> _ = path.write_text("layer,depth,alpha\n'=1+1,1,-2.5\n")
    >>> read(path).alpha.sel(layer="=1+1").item()
    -2.5
    """
    import pandas as pd

    try:
        frame = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8")
        names = [str(name) for name in frame]
        if not is_header(names):
            msg = f"no columns of a table of layers, found {', '.join(names[:4])}"
            raise ValueError(msg)
        dims = names[: names.index("layer") + 1]
        columns = {name: _column(name, frame[name]) for name in names if name != "layer"}
        columns["layer"] = frame["layer"].map(written_back)
        ds = pd.DataFrame(columns).set_index(dims).to_xarray()
    except (ValueError, KeyError, OSError) as error:
        msg = f"{path}: not a table that this library wrote: {one_line(error)}"
        raise ModelFormatError(msg) from error
    for name in set(map(str, ds.data_vars)) & VARIABLES.keys():
        ds[name].attrs = VARIABLES[name].attrs
    return restored(ds.set_coords([name for name in ("depth",) if name in ds]))
