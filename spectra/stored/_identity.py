"""Identities: digests of measures, of their options, and of the version of the method."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib import metadata, resources
from typing import TYPE_CHECKING

import numpy as np

from spectra._version import __version__
from spectra.stored._descriptions import Describer, homes_of
from spectra.stored._references import NoIdentityError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from importlib.resources.abc import Traversable

__all__ = ["NoIdentityError", "digest", "identity", "method_version"]

_DIGITS = 32  # hexadecimal digits of a digest: 128 bits
_WORD = 16  # of the digest of the source


def digest(*values: object) -> str:
    """Return the digest of plain values and tuples of them."""
    return hashlib.sha256(ascii(values).encode("ascii")).hexdigest()[:_DIGITS]


def identity(value: object, /) -> str:
    """
    Return a digest of a function with its options, or of other values, by content.

    Functions of this package, of Python and of libraries with a version count by their name and
    that version; any other function by its code, its defaults, and all that its code refers to; an
    object by its class and its state. Raises :class:`NoIdentityError` if it refers to an object
    whose content cannot be told.
    """
    try:
        return digest(Describer(homes_of(value)).of(value))
    except RecursionError as error:
        msg = "objects that hold themselves"
        raise NoIdentityError(msg) from error


def _sources(folder: Traversable, path: str = "") -> Iterator[tuple[str, str]]:
    """Yield the name and the digest of each file of a package, in no particular order."""
    for item in folder.iterdir():
        if item.is_dir() and item.name != "__pycache__":
            yield from _sources(item, f"{path}{item.name}/")
        elif item.name.endswith((".py", ".pyc", ".so", ".pyd")):
            yield f"{path}{item.name}", hashlib.sha256(item.read_bytes()).hexdigest()


@cache
def _installed() -> tuple[str, str]:
    """Return the digest of the source of this package, and the version of SciPy, read once."""
    source = digest(*sorted(_sources(resources.files("spectra"))))
    return source[:_WORD], metadata.version("scipy")


def method_version() -> str:
    """
    Return the version of the method in words: this package with its source, NumPy and SciPy.

    The source tells two states of a version in development apart. Random draws and the last digits
    of linear algebra depend on the libraries.
    """
    source, scipy = _installed()
    return f"weightspectra {__version__} (source {source}), NumPy {np.__version__}, SciPy {scipy}"
