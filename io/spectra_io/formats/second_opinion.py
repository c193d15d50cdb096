"""Second opinion: ask the safetensors library about a file that was refused here."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from spectra_io.formats.contents import found_in
from spectra_io.storage.files import LocalFile

if TYPE_CHECKING:
    from spectra_io.storage.files import File

__all__ = ["ask_safetensors"]

_MAX_HEADER = 1 << 20  # bytes; the library takes many times that memory to parse it
_LONGEST = 120  # characters of its complaint
_PREFIX = "Error while deserializing header: "


def ask_safetensors(file: File, /) -> str:
    """
    Ask the safetensors library whether it opens a file.

    Parameters
    ----------
    file : File
        A file that was refused as a safetensors file.

    Returns
    -------
    str
        The end of a message, for instance "; safetensors 0.8.0 opens it". Empty for a file that is
        not on a disk, holds something else altogether, or has a header of more than 1 MB.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> path = Path(tempfile.mkdtemp()) / "model.safetensors"
    >>> _ = path.write_bytes(bytes(8))
    >>> ask_safetensors(LocalFile(path))  # doctest: +ELLIPSIS
    '; safetensors ... refuses it too: ...'
    """
    if not isinstance(file, LocalFile) or found_in(file):
        return ""
    length = int.from_bytes(bytes(file.read(0, 8)), "little")
    if length > _MAX_HEADER:
        return ""
    try:
        with TemporaryDirectory(prefix="spectra-") as folder:
            return _verdict(_without_numbers(file, 8 + length, Path(folder)))
    except OSError:  # no room for a copy
        return ""


def _without_numbers(file: LocalFile, stop: int, folder: Path) -> Path:
    """Write a copy of a file that has a hole in place of its numbers."""
    copy = folder / "copy.safetensors"
    with copy.open("wb") as stream:
        stream.write(file.read(0, stop).tobytes())
        stream.truncate(file.size())
    return copy


def _verdict(path: Path) -> str:
    """Return the verdict on a file that nobody changes: the library maps it into memory."""
    import importlib.metadata

    from safetensors import SafetensorError, safe_open

    library = f"safetensors {importlib.metadata.version('safetensors')}"
    try:
        with safe_open(path, framework="numpy"):
            return f"; {library} opens it"
    except (SafetensorError, OSError) as error:
        reason = " ".join(str(error).removeprefix(_PREFIX).split())
        return f"; {library} refuses it too: {reason:.{_LONGEST}}"
