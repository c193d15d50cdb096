"""Paths: those in files lead nowhere but inside the model's folder; results replace whole."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path, PurePosixPath, PureWindowsPath
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from spectra.errors import ArgumentError, ModelFormatError, ModelNotFoundError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

__all__ = ["check_writable", "inside", "is_inside", "written"]


def _hub_blobs(folder: Path) -> Path | None:
    """Return where a hub cache keeps the files that ``snapshots/REVISION`` links to."""
    return folder.parent.parent / "blobs" if folder.parent.name == "snapshots" else None


def _is_contained(path: Path, folder: Path) -> bool:
    root = folder.resolve()
    roots = [root, blobs] if (blobs := _hub_blobs(root)) else [root]
    return any(path.resolve().is_relative_to(allowed) for allowed in roots)


def is_inside(location: str, /) -> bool:
    r"""
    Tell whether a path leads nowhere but down, by what is written.

    Parameters
    ----------
    location : str
        A path in a file, of whatever system.

    Returns
    -------
    bool
        Whether it is relative and without a step up.

    Examples
    --------
    >>> is_inside("shards/1.safetensors"), is_inside("../secret"), is_inside("C:\\secret")
    (True, False, False)
    """
    parts = {*PurePosixPath(location).parts, *PureWindowsPath(location).parts}
    windows = PureWindowsPath(location)
    absolute = PurePosixPath(location).is_absolute() or windows.drive or windows.root
    return bool(location) and ".." not in parts and not absolute and "\0" not in location


def inside(folder: Path, location: str, *, asked_by: str) -> Path:
    """
    Return the path of a file that a model refers to.

    Parameters
    ----------
    folder : Path
        The model's folder.
    location : str
        What the model says, relative to it.
    asked_by : str
        Who says so, for the message.

    Returns
    -------
    Path
        An existing regular file in `folder`, or one in the cache that `folder` is a snapshot of.

    Raises
    ------
    ModelFormatError
        If the path leads out of the folder, or the file has another name somewhere (a hard link).
    ModelNotFoundError
        If there is no such file.

    Examples
    --------
    >>> inside(Path("/models"), "../secret", asked_by="tensor 'w'")
    Traceback (most recent call last):
        ...
    spectra.errors.ModelFormatError: tensor 'w' refers to '../secret', outside the model's folder
    """
    if not is_inside(location):
        msg = f"{asked_by} refers to {location!r}, outside the model's folder"
        raise ModelFormatError(msg)
    path = folder / location
    try:
        contained, there = _is_contained(path, folder), path.is_file()
    except (OSError, RuntimeError, ValueError) as error:  # too long, a circle of links, no text
        msg = f"{asked_by} refers to {location!r}, which cannot be a file: {error}"
        raise ModelFormatError(msg) from error
    if not contained:
        msg = f"{asked_by} refers to {location!r}, a link that leads outside the model's folder"
        raise ModelFormatError(msg)
    if not there:
        msg = f"{path}: no such file; {asked_by} refers to it"
        raise ModelNotFoundError(msg)
    if (links := path.stat().st_nlink) > 1:
        msg = (
            f"{path} has {links} hard links, so it may be a file from outside the model's folder; "
            f"{asked_by} refers to it; copy it"
        )
        raise ModelFormatError(msg)
    return path


def check_writable(path: Path, endings: Collection[str], /) -> None:
    """
    Check that a file can be written, before there is anything to lose.

    Parameters
    ----------
    path : Path
        Where to write.
    endings : collection of str
        What its name may end in.

    Raises
    ------
    ArgumentError
        If its name ends otherwise, or nothing can be written there.

    Examples
    --------
    >>> check_writable(Path("a.txt"), [".csv", ".json"])
    Traceback (most recent call last):
        ...
    spectra.errors.ArgumentError: a.txt: its name must end in .csv or .json
    """
    if path.suffix.lower() not in endings:
        *most, last = endings
        msg = f"{path}: its name must end in {', '.join(most)} or {last}"
        raise ArgumentError(msg)
    if path.is_dir() or not path.parent.is_dir():
        what = f"{path} is a" if path.is_dir() else f"{path.parent} is no"
        msg = f"{path}: cannot be written, {what} folder"
        raise ArgumentError(msg)
    try:
        with TemporaryDirectory(dir=path.parent, prefix=".spectra-"):
            pass
    except OSError as error:
        msg = f"{path}: nothing can be written to {path.parent}: {error.strerror}"
        raise ArgumentError(msg) from error


@contextmanager
def written(path: Path, /) -> Iterator[Path]:
    """
    Give a path to write to, which takes its place when all is written.

    Parameters
    ----------
    path : Path
        Where the file shall be.

    Yields
    ------
    Path
        Where to write it, in a folder beside it that goes away.

    Examples
    --------
    >>> with TemporaryDirectory() as folder:
    ...     with written(Path(folder) / "a.txt") as path:
    ...         _ = path.write_text("hello")
    ...     (Path(folder) / "a.txt").read_text()
    'hello'
    """
    with TemporaryDirectory(dir=path.parent, prefix=".spectra-") as folder:
        partial = Path(folder) / path.name
        yield partial
        partial.replace(path)
