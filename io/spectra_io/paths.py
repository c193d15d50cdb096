"""Paths found in files: followed only inside the model's folder."""

from __future__ import annotations

from pathlib import Path, PurePosixPath, PureWindowsPath

from spectra.errors import ModelFormatError, ModelNotFoundError

__all__ = ["inside"]


def _hub_blobs(folder: Path) -> Path | None:
    """Return where a hub cache keeps the files that ``snapshots/REVISION`` links to."""
    return folder.parent.parent / "blobs" if folder.parent.name == "snapshots" else None


def _is_contained(path: Path, folder: Path) -> bool:
    root = folder.resolve()
    roots = [root, blobs] if (blobs := _hub_blobs(root)) else [root]
    return any(path.resolve().is_relative_to(allowed) for allowed in roots)


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
        If the path leads out of the folder.
    ModelNotFoundError
        If there is no such file.

    Examples
    --------
    >>> inside(Path("/models"), "../secret", asked_by="tensor 'w'")
    Traceback (most recent call last):
        ...
    spectra.errors.ModelFormatError: tensor 'w' refers to '../secret', outside the model's folder
    """
    parts = {*PurePosixPath(location).parts, *PureWindowsPath(location).parts}
    absolute = PurePosixPath(location).is_absolute() or PureWindowsPath(location).drive
    if ".." in parts or absolute or not location or "\0" in location:
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
    return path
