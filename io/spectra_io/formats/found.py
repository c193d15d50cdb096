"""Found: the tensors of the files of a model, with notes on how they were read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from spectra.models.tensors import Tensor

__all__ = ["Found"]


class Found(NamedTuple):
    """
    The tensors that a reader found, and what it has to say of the files.

    Examples
    --------
    >>> Found({}).notes
    ()
    """

    tensors: dict[str, Tensor]
    """Tensors by name."""
    notes: tuple[str, ...] = ()
    """Sentences for the notes of the model."""
    files: frozenset[str] = frozenset()
    """Files that the first file names, as paths below its folder."""
    config: dict[str, Any] | None = None
    """Configuration, if the files state it themselves."""
