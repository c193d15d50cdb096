"""Missing tensors: tensors that a model names and its files do not hold, each with the reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

from spectra.errors import ModelFormatError, ModelNotFoundError, counted
from spectra.models.tensors import Tensor
from spectra_io.formats.names import listed
from spectra_io.storage.answers import Forbidden

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Absent", "absent", "missing", "missing_notes", "not_there"]

_HEAD = "missing: "
_REASONS = 3  # that have a note of their own
_SHOWN = 300  # characters of a reason


@dataclass(frozen=True, slots=True)
class Absent:
    """
    The numbers of a missing tensor: an error, raised when they are read.

    Parameters
    ----------
    reason : str
        The file and what happened to it, without folders.
    message : str
        Message of the error.
    gone : bool
        Whether there is no such file, or the file is damaged.

    Examples
    --------
    >>> Absent("a.safetensors: no such file", "/m/a.safetensors: no such file", gone=True)()
    Traceback (most recent call last):
        ...
    spectra.errors.ModelNotFoundError: /m/a.safetensors: no such file
    """

    reason: str
    message: str
    gone: bool

    def __call__(self) -> NoReturn:
        """
        Raise the error.

        Raises
        ------
        ModelNotFoundError
            If the file does not exist.
        ModelFormatError
            If the file is damaged, or holds no such tensor.
        """
        raise (ModelNotFoundError if self.gone else ModelFormatError)(self.message)


def absent(reason: str, error: Exception, /) -> Absent:
    """
    Return what stands for numbers that cannot be had.

    Parameters
    ----------
    reason : str
        The file and what happened to it, without folders.
    error : Exception
        Error to raise when the numbers are read; a ``FileNotFoundError`` means that the file does
        not exist.

    Returns
    -------
    Absent
        The source of a tensor.

    Examples
    --------
    >>> absent("a.safetensors: no such file", FileNotFoundError("/m/a.safetensors")).gone
    True
    """
    return Absent(reason[:_SHOWN], str(error), isinstance(error, FileNotFoundError))


def missing(
    name: str, source: Absent, /, *, shape: tuple[int, ...] = (0,), dtype: str = ""
) -> Tensor:
    """
    Return the tensor that stands for a missing one.

    Parameters
    ----------
    name : str
        Name of the tensor.
    source : Absent
        Reason and error.
    shape : tuple of int, default: (0,)
        Shape, if it is known.
    dtype : str, default: ""
        Type, if it is known.

    Returns
    -------
    Tensor
        Tensor with the role "missing" and the reason as its note.

    Examples
    --------
    >>> tensor = missing("w", absent("a.safetensors: no such file", FileNotFoundError()))
    >>> tensor, tensor.note
    (<Tensor 'w' missing>, 'missing: a.safetensors: no such file')
    """
    return Tensor(name, shape, dtype, "missing", source, f"{_HEAD}{source.reason}")


def not_there(error: ModelNotFoundError, /) -> str:
    """
    Return why a file cannot be had, in a few words.

    Parameters
    ----------
    error : ModelNotFoundError
        The error.

    Returns
    -------
    str
        That there is no such file, or that the server does not give it to us.

    Examples
    --------
    >>> not_there(ModelNotFoundError("/m/a.safetensors: no such file"))
    'no such file'
    """
    return "forbidden by the server" if isinstance(error, Forbidden) else "no such file"


def missing_notes(tensors: Mapping[str, Tensor], /) -> tuple[str, ...]:
    """
    Say which tensors of a model are missing, in a sentence per file.

    Parameters
    ----------
    tensors : mapping of str to Tensor
        A model.

    Returns
    -------
    tuple of str
        Sentences for the notes of the model, the file of the most tensors first.

    Examples
    --------
    >>> gone = absent("a.safetensors: no such file", FileNotFoundError())
    >>> missing_notes({"w": missing("w", gone)})
    ('1 tensor is missing: w (a.safetensors: no such file)',)
    """
    by_file: dict[str, dict[str, str]] = {}
    for name, tensor in tensors.items():
        if tensor.role == "missing":
            reason = tensor.note.removeprefix(_HEAD)
            by_file.setdefault(reason.partition(": ")[0], {})[name] = reason
    most = sorted(by_file.values(), key=len, reverse=True)
    notes = [f"{_so_many(len(lost))}: {listed(lost)} ({_why(lost)})" for lost in most[:_REASONS]]
    if rest := sum(map(len, most[_REASONS:])):
        notes.append(f"{_so_many(rest)} for {counted(len(most) - _REASONS, 'other reason')}")
    return tuple(notes)


def _so_many(number: int) -> str:
    return f"{counted(number, 'tensor')} {'is' if number == 1 else 'are'} missing"


def _why(lost: Mapping[str, str]) -> str:
    """Return the first reason, and say whether there are others."""
    first, *others = dict.fromkeys(lost.values())
    return f"{first}; and the like" if others else first
