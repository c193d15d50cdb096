"""Same names: tell the weights of one module apart by what an attention does with them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from spectra_io.formats.onnx_model.graph.fates import role

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spectra_io.formats.onnx_model.graph.surroundings import Place
    from spectra_io.formats.onnx_model.graph.values import Stored, Use

__all__ = ["Named", "tell_apart"]


class Named(NamedTuple):
    """
    A use of a tensor, by an operator that tells the name of its module only.

    Examples
    --------
    >>> Named._fields
    ('stored', 'number', 'result')
    """

    stored: Stored
    """The tensor."""
    number: int
    """Index of the use in the list `stored.uses`."""
    result: Place
    """Result of the operator."""


def tell_apart(alike: Sequence[Named], /) -> None:
    """
    Label tensors that would have one name as q, k and v, if that is what all of them are.

    Parameters
    ----------
    alike : sequence of Named
        Uses that give one name.

    Examples
    --------
    >>> tell_apart([])
    """
    if len({id(one.stored) for one in alike}) < max(2, len(alike)):
        return
    uses = [one.stored.uses[one.number] for one in alike]
    labels = [_labels(use, one.result) for use, one in zip(uses, alike, strict=True)]
    every = [label for given in labels for label in given]
    if not all(every) or len(set(every)) < len(every):
        return
    for use, one, given in zip(uses, alike, labels, strict=True):
        pairs = zip(given, use.parts, strict=True)
        parts = tuple((label, value, groups) for label, (_, value, groups) in pairs)
        one.stored.uses[one.number] = replace(use, parts=parts)


def _labels(use: Use, result: Place) -> list[str]:
    """Return the labels of the parts of a tensor; of a whole one what its result is used for."""
    labels = [label for label, _, _ in use.parts]
    return [role(result)] if labels == [""] else labels
