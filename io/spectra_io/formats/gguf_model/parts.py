"""Parts: the files of a model that was split, called ``NAME-00001-of-00003.gguf``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from spectra.errors import ModelFormatError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import TypeVar

    from spectra_io.storage.files import File

    F = TypeVar("F", bound=File)

__all__ = ["check_part", "parts_of", "whole_name"]

_PART = re.compile(r"(?s)(.*)-([0-9]{5})-of-([0-9]{5})(\.gguf)\Z")


def _place(name: str) -> tuple[int, int]:
    """Return the number of a part, counted from 1, and that of all parts; 1, 1 for a whole file."""
    match = _PART.match(name)
    number, count = (int(match[2]), int(match[3])) if match else (1, 1)
    return (number, count) if 1 <= number <= count else (1, 1)


def whole_name(name: str, /) -> str:
    """
    Return the name that all parts of a split model share.

    Parameters
    ----------
    name : str
        Name of a file.

    Returns
    -------
    str
        The name without the number of the part; `name` itself for a file that is not a part.

    Examples
    --------
    >>> whole_name("m-00002-of-00003.gguf"), whole_name("m.gguf")
    ('m-of-00003.gguf', 'm.gguf')
    """
    return _PART.sub(r"\1-of-\3\4", name) if _place(name) != (1, 1) else name


def parts_of(file: File, /) -> list[File]:
    """
    Return all parts of a split model, given one of them.

    Parameters
    ----------
    file : File
        One of the parts, or a file that is not split.

    Returns
    -------
    list of File
        The parts in their order; `file` alone, if its name is not that of a part.

    Raises
    ------
    ModelNotFoundError
        If a part is missing.

    Examples
    --------
    >>> from pathlib import Path
    >>> from spectra_io.storage.files import LocalFile
    >>> [part.name for part in parts_of(LocalFile(Path("m.gguf")))]
    ['m.gguf']
    """
    own, count = _place(file.name)
    found = []
    for number in range(1, count + 1):
        name = _PART.sub(rf"\g<1>-{number:05}-of-\3\4", file.name)
        found.append(file if number == own else file.beside(name, asked_by=f"part {file.name}"))
    return found


def check_part(file: File, metadata: Mapping[str, Any], /) -> None:
    """
    Check that the name of a file says which part of a model it is.

    Parameters
    ----------
    file : File
        The file.
    metadata : mapping of str
        Its metadata; ``split.no``, counted from 0, and ``split.count`` of a split model.

    Raises
    ------
    ModelFormatError
        If the metadata say something else than the name.

    Examples
    --------
    >>> from pathlib import Path
    >>> from spectra_io.storage.files import LocalFile
    >>> check_part(LocalFile(Path("m.gguf")), {"split.no": 0, "split.count": 2})
    Traceback (most recent call last):
        ...
    spectra.errors.ModelFormatError: m.gguf: part 1 of 2 by its metadata; rename it so that its \
name ends in -00001-of-00002.gguf, beside the other parts
    """
    number, count = _place(file.name)
    own, of = metadata.get("split.no", 0), metadata.get("split.count", 1)
    if type(own) is not int or type(of) is not int:
        msg = f"{file}: split.no and split.count must be whole numbers, are {own!r} and {of!r}"
        raise ModelFormatError(msg)
    if (own + 1, max(of, 1)) != (number, count):
        msg = (
            f"{file}: part {own + 1} of {of} by its metadata; rename it so that its name ends in "
            f"-{own + 1:05}-of-{of:05}.gguf, beside the other parts"
        )
        raise ModelFormatError(msg)
