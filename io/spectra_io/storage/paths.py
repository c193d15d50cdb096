"""Paths: keep references inside the folder of a model."""

from __future__ import annotations

from pathlib import Path, PurePosixPath, PureWindowsPath

from spectra.errors import ModelFormatError, ModelNotFoundError

__all__ = ["check_contained", "inside", "is_inside"]


def _hub_blobs(folder: Path) -> Path | None:
    """Return the folder to which a hub cache links from ``snapshots/REVISION``, if it is one."""
    return folder.parent.parent / "blobs" if folder.parent.name == "snapshots" else None


def check_contained(real: str | Path, folder: Path, location: str, *, asked_by: str) -> None:
    """
    Refuse a file outside the folder of a model, and outside the hub cache of a snapshot.

    Parameters
    ----------
    real : path-like
        Path of the file, all links resolved.
    folder : Path
        Folder of the model.
    location : str
        Path of the file, as the model states it.
    asked_by : str
        Name of what refers to the file, for the message.

    Raises
    ------
    ModelFormatError
        If the file is elsewhere.

    Examples
    --------
    >>> check_contained("/etc/passwd", Path("/models"), "w.bin", asked_by="tensor 'w'")
    Traceback (most recent call last):
        ...
    spectra.errors.ModelFormatError: tensor 'w' refers to 'w.bin', a link that leads outside the \
model's folder
    """
    root = folder.resolve()
    roots = [root, blobs] if (blobs := _hub_blobs(root)) else [root]
    if not any(Path(real).is_relative_to(allowed) for allowed in roots):
        msg = f"{asked_by} refers to {location!r}, a link that leads outside the model's folder"
        raise ModelFormatError(msg)


def is_inside(location: str, /) -> bool:
    r"""
    Return whether a relative path stays inside its folder (lexical check).

    Parameters
    ----------
    location : str
        A path as a file states it, in the notation of POSIX or Windows.

    Returns
    -------
    bool
        Whether the path is relative, not empty, and without ``..``.

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
    Return the path of a file to which a model refers.

    Parameters
    ----------
    folder : Path
        Folder of the model.
    location : str
        Path of the file relative to the folder, as the model states it.
    asked_by : str
        Name of what refers to the file, for the message.

    Returns
    -------
    Path
        An existing regular file in `folder`, or in the hub cache of which `folder` is a snapshot.

    Raises
    ------
    ModelFormatError
        If the path leads out of the folder, or the file has hard links.
    ModelNotFoundError
        If there is no such file, or none can be.

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
        real, there = path.resolve(), path.is_file()
    except (OSError, RuntimeError, ValueError) as error:  # too long, a circle of links, not text
        msg = f"{asked_by} refers to {location!r}, which cannot be a file: {error}"
        raise ModelNotFoundError(msg) from error
    check_contained(real, folder, location, asked_by=asked_by)
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
