"""Recognition: whether a file is a result that this program wrote."""

from __future__ import annotations

import csv
from itertools import islice
from typing import TYPE_CHECKING

from spectra.results.variables import VARIABLES
from spectra_io.results.csv_tables import is_header

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

__all__ = ["JSON_HEAD", "is_result"]

JSON_HEAD = b'{\n "attributes": {'
"""The first bytes of results in JSON."""

_LONGEST = 1 << 16  # bytes of the line of names


def _is_netcdf(path: Path) -> bool:
    import h5py

    with h5py.File(path, "r") as file:
        names = set(file)
    return bool(names & {"layer", "tensor"}) and bool(names & VARIABLES.keys())


def _is_csv(path: Path) -> bool:
    with path.open("rb") as file:
        head = file.readline(_LONGEST).decode("utf-8")
    return any(is_header(names) for names in islice(csv.reader([head]), 1))


def _is_json(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(JSON_HEAD)) == JSON_HEAD


def _is_parquet(path: Path) -> bool:
    from pyarrow import parquet

    return is_header(parquet.read_schema(path).names)


_KINDS: Mapping[str, Callable[[Path], bool]] = {
    ".nc": _is_netcdf,
    ".csv": _is_csv,
    ".json": _is_json,
    ".parquet": _is_parquet,
}


def is_result(path: Path, /) -> bool:
    r"""
    Return whether a file is a result that this program wrote, by its first bytes or its names.

    Parameters
    ----------
    path : Path
        An existing file, whose ending states the format.

    Returns
    -------
    bool
        Whether a netCDF file or a table has layers or tensors with one of our variables, or a JSON
        file begins like ours.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> path = Path(tempfile.mkdtemp()) / "r.csv"
    >>> _ = path.write_text("name,price\n")
    >>> is_result(path)
    False
    """
    kind = _KINDS.get(path.suffix.lower())
    try:
        return kind is not None and kind(path)
    except (OSError, ValueError, KeyError, RuntimeError, ImportError, csv.Error):
        return False  # not in the format of its ending, or it cannot be read
