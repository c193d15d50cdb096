"""Memory that a run may use: what the user says, or a share of what is free here."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import TYPE_CHECKING

from spectra.errors import ArgumentError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["PROGRAM", "SHARE", "free", "parsed"]

PROGRAM = 240_000_000
"""Bytes of the program itself, with its libraries."""

SHARE = 0.8
"""Share of the free memory that a run uses unless it is told how much."""

_UNITS = {"": 1, "K": 1, "M": 2, "G": 3, "T": 4}
_SIZE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([KMGT])(i?)B?\s*", re.IGNORECASE | re.ASCII)
_V1 = ("memory.limit_in_bytes", "memory.usage_in_bytes")
_V2 = ("memory.max", "memory.current")


def parsed(text: str, /) -> int:
    """
    Return the bytes that a text such as "4GB" says, of which the program itself takes some.

    Parameters
    ----------
    text : str
        Number with one of the units kB, MB, GB and TB (of 1000), KiB, MiB, GiB and TiB (of 1024);
        the B may be left out.

    Returns
    -------
    int
        Number of bytes.

    Raises
    ------
    ArgumentError
        If the text is not a size, or one that the program alone needs.

    Examples
    --------
    >>> parsed("4GB"), parsed("1.5 GiB"), parsed("512m")
    (4000000000, 1610612736, 512000000)
    """
    found = _SIZE.fullmatch(text)
    if found is None:
        msg = f"must be a number with a unit, such as 4GB, 512MB or 1.5GiB; got {text!r}"
        raise ArgumentError(msg)
    number, unit, binary = found.groups()
    size = float(number) * (1024 if binary else 1000) ** _UNITS[unit.upper()]
    if not PROGRAM < size < math.inf:
        msg = (
            f"must be more than the {PROGRAM // 10**6}MB that the program itself takes, such as "
            f"1GB; got {text!r}"
        )
        raise ArgumentError(msg)
    return int(size)


def free(root: Path = Path("/"), /) -> float:
    """
    Return the memory that is free for this process, limits of control groups included.

    Parameters
    ----------
    root : Path, optional
        Folder with the folders ``proc`` and ``sys``.

    Returns
    -------
    float
        Bytes; infinity where the system does not tell, as it does on Linux.

    Examples
    --------
    >>> free() > 0
    True
    """
    found = [_of_machine(root), *(_left(folder, names) for folder, names in _groups(root))]
    return max(0.0, min(found))


def _of_machine(root: Path) -> float:
    """Return the bytes that programs can have without swapping."""
    lines = _read(root / "proc" / "meminfo").splitlines()
    line = next((line for line in lines if line.startswith("MemAvailable:")), "")
    return 1024.0 * int(line.split()[1]) if line else math.inf


def _groups(root: Path) -> Iterator[tuple[Path, tuple[str, str]]]:
    """Yield the folders of the control groups of this process, and the names of their files."""
    top = root / "sys" / "fs" / "cgroup"
    for line in _read(root / "proc" / "self" / "cgroup").splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers and "memory" not in controllers.split(","):
            continue
        names = _V1 if controllers else _V2
        start = top / "memory" if controllers else top
        folder = start / path.lstrip("/")
        while folder != start.parent:
            yield folder, names
            folder = folder.parent


def _left(folder: Path, names: tuple[str, str]) -> float:
    """Return the bytes that a control group leaves, those of cached files included."""
    limit, used = (_read(folder / name).strip() for name in names)
    if not (limit.isdigit() and used.isdigit()):  # no limit, or not a group of this process
        return math.inf
    lines = (line.split() for line in _read(folder / "memory.stat").splitlines())
    stat = {line[0]: int(line[1]) for line in lines if len(line) == 2}
    cached = stat.get("total_inactive_file", stat.get("inactive_file", 0))
    return float(int(limit) - int(used) + cached)


def _read(path: Path) -> str:
    """Return the text of a file of the system, empty if there is none."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
