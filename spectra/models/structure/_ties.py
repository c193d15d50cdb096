"""Tied weights: mark tensors that share their numbers with another tensor."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from spectra.models.lazy import Held

if TYPE_CHECKING:
    from collections.abc import Mapping

    from spectra.models.tensors import Tensor

__all__ = ["tied"]

_HEADS = ("lm_head.weight", "output.weight", "embed_out.weight")
_EMBEDDINGS = (
    "embed_tokens.weight",
    "wte.weight",
    "tok_embeddings.weight",
    "word_embeddings.weight",
)


def _place(tensor: Tensor) -> Hashable | None:
    """Return a key that is equal for two tensors with the same array or place in a file."""
    source = tensor.source
    if not tensor.size:
        return None
    if isinstance(source, Held):
        return (id(source.array), tensor.shape)
    try:
        hash(source)
    except TypeError:  # the type is hashable, but not its content
        return None
    return source


def _head(tensors: Mapping[str, Tensor], config: Mapping[str, Any]) -> tuple[str, str] | None:
    """Return the names of the output layer and embedding that the configuration ties."""
    inner = config.get("text_config")
    says = [c.get("tie_word_embeddings") for c in (config, inner) if isinstance(c, dict)]
    if True not in says:
        return None
    heads = [n for n in tensors if n.endswith(_HEADS)]
    tables = [n for n in tensors if n.endswith(_EMBEDDINGS)]
    if len(heads) == len(tables) == 1 and tensors[heads[0]].shape == tensors[tables[0]].shape:
        return heads[0], tables[0]
    return None


def tied(tensors: dict[str, Tensor], config: Mapping[str, Any], /) -> dict[str, Tensor]:
    """
    Mark every tensor that shares its numbers with an earlier tensor.

    Parameters
    ----------
    tensors : dict of str to Tensor
        A model.
    config : mapping of str
        Configuration of the model; ``tie_word_embeddings`` ties output layer and embedding.

    Returns
    -------
    dict of str to Tensor
        The model; the second and later tensors of the same numbers have the role "tied".

    Examples
    --------
    >>> import numpy as np, spectra
    >>> W = np.ones((3, 2))
    >>> spectra.layers({"a.weight": W, "b.weight": W})[1].reason
    'the same numbers as a.weight'
    """
    found, first = dict(tensors), dict[Hashable, str]()
    for name, tensor in tensors.items():
        place = _place(tensor)
        if place is not None and (other := first.setdefault(place, name)) != name:
            note = f"the same numbers as {other}"
            found[name] = replace(tensor, role="tied", note=note, weights=())
    if pair := _head(tensors, config):
        note = f"tied to {pair[1]} by the config"
        found[pair[0]] = replace(tensors[pair[0]], role="tied", note=note, weights=())
    return found
