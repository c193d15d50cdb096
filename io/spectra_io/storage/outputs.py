"""Outputs: refuse to replace what is not a result, and write files whole or not at all."""

from __future__ import annotations

import os
import stat
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from spectra.errors import ArgumentError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

__all__ = ["check_writable", "written"]

_OF_A_MODEL = frozenset({"config.json", "adapter_config.json", "quantize_config.json"})
_INDEX = ".safetensors.index.json"


def _place(path: Path) -> Path:
    """Return the file that a path stands for, all links followed."""
    return Path(os.path.realpath(path))


def _why_not_the_name(path: Path, endings: Collection[str]) -> str:
    """Return why nothing may be written under a name; empty if it may."""
    if path.suffix.lower() not in endings:
        *most, last = endings
        before = f"{', '.join(most)} or " if most else ""
        return f"its name must end in {before}{last}"
    if path.name.lower() in _OF_A_MODEL or path.name.lower().endswith(_INDEX):
        return "a file of a model has this name; choose another name"
    return ""


def _why_not_the_file(path: Path, place: Path, is_ours: Callable[[Path], bool]) -> str:
    """Return why a file may not be replaced; empty if it may, or if there is none."""
    if place.is_symlink():
        return "a link that leads nowhere, or in a circle"
    if not place.exists():
        return ""
    if not place.is_file():
        return "a device, a pipe or a socket; results are written to files only"
    if not os.access(place, os.W_OK):
        return "cannot be written, it is read-only"
    if place.stat().st_size and not is_ours(path):
        return "not replaced, because it is not a result of this program; choose another name"
    return ""


def _why_not_the_folder(place: Path) -> str:
    """Return why no file can be made in a folder; empty if one can."""
    folder = place.parent
    if place.is_dir() or not folder.is_dir():
        return (
            f"cannot be written, {f'{place} is a' if place.is_dir() else f'{folder} is no'} folder"
        )
    try:
        with TemporaryDirectory(dir=folder, prefix=".spectra-"):
            return ""
    except OSError as error:
        return f"nothing can be written to {folder}: {error.strerror}"


def check_writable(
    path: Path, endings: Collection[str], /, *, is_ours: Callable[[Path], bool]
) -> None:
    """
    Check that a file can be written and may be replaced, before its content is computed.

    Parameters
    ----------
    path : Path
        The file to be written; of a link the file that it leads to.
    endings : collection of str
        Allowed endings of its name, in lower case.
    is_ours : callable
        Function of the path of an existing file that is not empty: whether this program wrote it.

    Raises
    ------
    ArgumentError
        If the name has another ending or is that of a file of a model, the file cannot be written,
        or it exists and is not one that this program wrote.

    Examples
    --------
    >>> check_writable(Path("a.txt"), [".csv", ".json"], is_ours=bool)
    Traceback (most recent call last):
        ...
    spectra.errors.ArgumentError: a.txt: its name must end in .csv or .json
    >>> check_writable(Path("net/config.json"), [".csv", ".json"], is_ours=bool)
    Traceback (most recent call last):
        ...
    spectra.errors.ArgumentError: net/config.json: a file of a model has this name; choose another \
name
    """
    try:
        why = _why_not_the_name(path, endings)
        place = _place(path)
        why = why or _why_not_the_name(place, [*endings, place.suffix.lower()])
        why = why or _why_not_the_folder(place) or _why_not_the_file(path, place, is_ours)
    except (OSError, ValueError) as error:  # too long, a null character, no access
        why = f"cannot be written: {getattr(error, 'strerror', None) or error}"
    if why:
        msg = f"{path}: {why}"
        raise ArgumentError(msg)


@contextmanager
def written(path: Path, /) -> Iterator[Path]:
    """
    Write a file under a temporary path and move it to its place when it is complete.

    Parameters
    ----------
    path : Path
        The file to be written, which :func:`check_writable` accepts; an existing file is replaced
        and its permissions are kept. A link stays, and the file that it leads to is replaced.

    Yields
    ------
    Path
        The temporary path, in a folder beside the file that is deleted at the end.

    Raises
    ------
    OSError
        If the file cannot be written; ``filename`` is `path`.

    Examples
    --------
    >>> with TemporaryDirectory() as folder:
    ...     with written(Path(folder) / "a.txt") as path:
    ...         _ = path.write_text("hello")
    ...     (Path(folder) / "a.txt").read_text()
    'hello'
    """
    place = _place(path)
    try:
        with TemporaryDirectory(dir=place.parent, prefix=".spectra-") as folder:
            partial = Path(folder) / path.name
            yield partial
            if place.exists():
                partial.chmod(stat.S_IMODE(place.stat().st_mode))
            partial.replace(place)
    except OSError as error:
        if error.errno is None:
            raise
        raise OSError(error.errno, error.strerror, str(path)) from error
