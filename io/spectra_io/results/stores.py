"""Stores: folders that take the results of an analysis as they come, a file for each part."""

from __future__ import annotations

import json
import os
import re
import secrets
import stat
import time
from collections.abc import Iterator, MutableMapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from spectra import stored
from spectra.errors import ArgumentError, ModelFormatError
from spectra_io.results.run_lists import several_runs

if TYPE_CHECKING:
    from collections.abc import Sequence

    import xarray as xr

__all__ = ["FolderStore", "holds_runs", "is_store", "load", "open_store"]

_MARKER = "spectra-store.json"
_FORMAT = {"format": "weightspectra store", "version": 1}
_PARTIAL = "partial"  # folder of files that are not complete
_NAME = re.compile(r"(?:[0-9a-f]{2}|runs)/[0-9a-f]+-[0-9a-f]+")
_OLD = 3600.0  # seconds after which nobody completes a file any more
_MOST = 1 << 32  # bytes of a part: more than the eigenvalues of any layer take


class FolderStore(MutableMapping[str, bytes]):
    """
    Folder with a file for each part, which appears when it is complete, or not at all.

    A mapping of names to bytes, which several processes may share. It can be pickled, so that the
    workers of an executor write to it. Made by :func:`open_store`.

    Parameters
    ----------
    folder : Path
        The folder, which exists.

    Examples
    --------
    >>> import tempfile
    >>> store = open_store(Path(tempfile.mkdtemp()) / "results.store")
    >>> store["ab/ab12-34"] = b"eigenvalues"
    >>> list(store), store["ab/ab12-34"]
    (['ab/ab12-34'], b'eigenvalues')
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __repr__(self) -> str:
        """Return the path of the folder."""
        return f"<FolderStore {str(self.folder)!r}>"

    def _file(self, name: str) -> Path:
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise KeyError(name)
        return self.folder / name

    def __getitem__(self, name: str, /) -> bytes:
        """Return the bytes of a part."""
        file = self._file(name)
        try:
            found = file.stat()
            if not stat.S_ISREG(found.st_mode) or found.st_size > _MOST:
                msg = f"{file}: not a part of a store"
                raise ModelFormatError(msg)
            return file.read_bytes()
        except (FileNotFoundError, NotADirectoryError) as error:
            raise KeyError(name) from error

    def __setitem__(self, name: str, data: bytes, /) -> None:
        """Write a part to a file of its own, which gets its name when it is on the disk."""
        file = self._file(name)
        file.parent.mkdir(exist_ok=True)
        _write(self.folder, file, data)

    def __delitem__(self, name: str, /) -> None:
        """Delete the file of a part."""
        try:
            self._file(name).unlink()
        except FileNotFoundError as error:
            raise KeyError(name) from error

    def __contains__(self, name: object, /) -> bool:
        """Return whether there is a part of this name, without reading it."""
        return isinstance(name, str) and bool(_NAME.fullmatch(name)) and self._file(name).is_file()

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names of all parts."""
        for folder in sorted(self.folder.iterdir()):
            yield from self.under(f"{folder.name}/") if folder.is_dir() else ()

    def __len__(self) -> int:
        """Return the number of parts."""
        return sum(1 for _ in self)

    def under(self, prefix: str, /) -> list[str]:
        """
        Return the names that begin with a prefix, from the one folder that has them.

        Parameters
        ----------
        prefix : str
            Beginning of names, with the slash.

        Returns
        -------
        list of str
            Names in their order.
        """
        folder, _, beginning = prefix.partition("/")
        try:
            files = sorted(file.name for file in (self.folder / folder).iterdir())
        except (FileNotFoundError, NotADirectoryError):
            return []
        names = (f"{folder}/{name}" for name in files if name.startswith(beginning))
        return [name for name in names if _NAME.fullmatch(name)]


def _write(folder: Path, file: Path, data: bytes) -> None:
    """Write a file under another name, and rename it when its bytes are on the disk."""
    partial = folder / _PARTIAL
    partial.mkdir(exist_ok=True)
    temporary = partial / f"{secrets.token_hex(8)}"
    try:
        with temporary.open("xb") as writer:
            writer.write(data)
            writer.flush()
            os.fsync(writer.fileno())
        temporary.replace(file)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _why_not(folder: Path) -> str:
    """Return why a folder cannot be a store; empty if it is one, or is empty."""
    if not folder.is_dir():
        return "not a folder; a store is a folder of its own"
    if is_store(folder):
        try:
            found = json.loads((folder / _MARKER).read_bytes())
        except ValueError:
            found = None
        return "" if found == _FORMAT else "a store of another version of the program"
    others = {item.name for item in folder.iterdir()} - {_PARTIAL, _MARKER}
    return "a folder of something else; a store needs a new or an empty folder" if others else ""


def _cleaned(folder: Path) -> None:
    """Delete old files that were not completed, because their process was killed."""
    for file in (folder / _PARTIAL).glob("*"):
        with suppress(OSError):  # another process deletes it too, or the folder is read-only
            if time.time() - file.stat().st_mtime > _OLD:
                file.unlink()


def is_store(folder: Path, /) -> bool:
    """
    Return whether a folder is a store.

    Parameters
    ----------
    folder : Path
        Folder, or any other path.

    Returns
    -------
    bool
        Whether :func:`open_store` has made it.

    Examples
    --------
    >>> is_store(Path("nowhere"))
    False
    """
    return (folder / _MARKER).is_file()


def holds_runs(path: Path, /) -> bool:
    """
    Return whether runs can be loaded from a path: whether it is a store, or a run in one.

    Parameters
    ----------
    path : Path
        Any path.

    Returns
    -------
    bool
        Whether :func:`load` takes it.

    Examples
    --------
    >>> holds_runs(Path("nowhere"))
    False
    """
    try:
        return is_store(path) or (path.parent.name == "runs" and is_store(path.parent.parent))
    except OSError:  # too long, no access
        return False


def open_store(path: str | os.PathLike[str], /) -> FolderStore:
    """
    Open a folder as a store of results, and make it if there is none.

    Parameters
    ----------
    path : path-like
        A store, an empty folder, or a new one whose parent exists.

    Returns
    -------
    FolderStore
        Store for :func:`spectra.analyze`. Files older than an hour that a killed process has left
        incomplete are deleted.

    Raises
    ------
    ArgumentError
        If `path` is something else, or a new folder cannot be written.

    See Also
    --------
    spectra_io.load : The Dataset of a run in a store.

    Examples
    --------
    >>> import tempfile, numpy as np, spectra
    >>> store = open_store(Path(tempfile.mkdtemp()) / "results.store")
    >>> first = spectra.analyze({"fc": np.eye(20)}, store=store)
    >>> again = spectra.analyze({"fc": np.eye(20)}, store=store)  # nothing is computed
    >>> load(store.folder).identical(again)
    True
    """
    folder = Path(path)
    try:
        folder.mkdir(exist_ok=True)
        why = _why_not(folder)
        if not why and not is_store(folder):
            _write(folder, folder / _MARKER, f"{json.dumps(_FORMAT)}\n".encode())
        _cleaned(folder)
    except FileExistsError:
        why = "not a folder; a store is a folder of its own"
    except (OSError, ValueError) as error:  # no access, too long, a null character
        why = f"cannot be a store: {getattr(error, 'strerror', None) or error}"
    if why:
        msg = f"{folder}: {why}"
        raise ArgumentError(msg)
    return FolderStore(folder.absolute())


def load(path: Path, /, *, tensors: bool = False) -> xr.Dataset:
    """
    Load the Dataset of a run from a store.

    Parameters
    ----------
    path : Path
        Folder of a store that holds one run, or the file of a run in its folder ``runs``. For the
        tensors also a store with several runs of one model.
    tensors : bool, default: False
        Whether to load the tensors in place of the layers.

    Returns
    -------
    xarray.Dataset
        Dataset as :func:`spectra.analyze` returned it.

    Raises
    ------
    ModelFormatError
        If the store holds no run, or several, or the run is damaged.

    Examples
    --------
    >>> import tempfile
    >>> load(open_store(tempfile.mkdtemp()).folder)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    spectra.errors.ModelFormatError: ...: the store holds no run that has ended; analyze the model \
with this store, which goes on with the layers that are done
    """
    if not is_store(path):
        store = FolderStore(path.parent.parent)
        return stored.load_run(store, f"{path.parent.name}/{path.name}", tensors=tensors)
    store = FolderStore(path)
    found = stored.runs(store)
    if not found:
        msg = (
            f"{path}: the store holds no run that has ended; analyze the model with this store, "
            "which goes on with the layers that are done"
        )
        raise ModelFormatError(msg)
    if len(found) > 1 and not (tensors and _have_one_model(store, found)):
        msg = several_runs(path, found)
        raise ModelFormatError(msg)
    return stored.load_run(store, found[0].name, tensors=tensors)


def _have_one_model(store: FolderStore, runs: Sequence[stored.Run]) -> bool:
    """Return whether the tensors of all runs are equal."""
    first, *others = (stored.load_run(store, run.name, tensors=True) for run in runs)
    return all(first.equals(other) for other in others)
