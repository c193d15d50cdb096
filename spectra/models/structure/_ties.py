"""Tied weights: mark tensors that share their numbers with another tensor."""

from __future__ import annotations

import re
from collections.abc import Hashable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from spectra._sparse import Sparse
from spectra.models.lazy import Held
from spectra.models.structure._parts import whole

if TYPE_CHECKING:
    from collections.abc import Mapping

    from spectra.models.tensors import Tensor

__all__ = ["tied"]

_HEADS = re.compile(
    r"(^|\.)(lm_head|shared|output|embed_out|head|out_proj|decoder|predictions\.decoder|generator)\.weight\Z"
)
_LONGEST = 200  # characters at the end of a name that are looked at


def _place(tensor: Tensor) -> Hashable | None:
    """Return a key that is equal for two tensors with the same array or place in a file."""
    source = tensor.source
    if not tensor.size or tensor.role == "missing":
        return None
    if isinstance(source, Held):
        return (id(source.array), tensor.shape)
    if isinstance(source, Sparse):
        return (id(source.sparse), tensor.shape)
    try:
        hash(source)
    except TypeError:  # the type is hashable, but not its content
        return None
    return source


def _is_hashable(key: Hashable) -> bool:
    try:
        hash(key)
    except TypeError:  # as of a place: the content is not
        return False
    return True


def _may_be_tied(config: Mapping[str, Any]) -> bool:
    """Return whether the configuration leaves it open that output layer and embedding are one."""
    return config.get("tie_word_embeddings") is not False


def _may_be_copy(tensor: Tensor, *, graph: bool) -> bool:
    """Return whether a tensor may be a copy of an embedding, or an embedding."""
    if tensor.role == "embedding" or _HEADS.search(tensor.name[-_LONGEST:]):
        return True
    return graph and tensor.role == "dense"


def _twins(tensors: Mapping[str, Tensor], *, graph: bool) -> dict[str, str]:
    """Return the name of the tensor with which each that may be a copy is compared."""
    tables: dict[Hashable, list[Tensor]] = {}
    aliases: dict[Hashable, list[Tensor]] = {}
    for tensor in tensors.values():
        if tensor.alias and tensor.weights:
            key = (tensor.alias, tensor.shape, tensor.dtype)
            aliases.setdefault(key, []).append(tensor)
        matrix = whole(tensor) if _may_be_copy(tensor, graph=graph) else None
        if matrix is not None and len(matrix.shape) == 2 and (graph or not tensor.weights):
            tables.setdefault((matrix.shape, tensor.dtype), []).append(tensor)
    found = {t.name: group[0].name for group in aliases.values() for t in group[1:]}
    for group in tables.values():
        embeddings = [tensor for tensor in group if tensor.role == "embedding"]
        if embeddings or not graph:
            first = (embeddings or group)[0]
            found |= {t.name: first.name for t in group if t is not first and t.name not in found}
    return found


def tied(
    tensors: dict[str, Tensor], config: Mapping[str, Any], /, *, graph: bool = False
) -> dict[str, Tensor]:
    """
    Mark every tensor that shares its numbers with an earlier tensor, or may do so.

    Parameters
    ----------
    tensors : dict of str to Tensor
        A model.
    config : mapping of str
        Configuration of the model. Where its ``tie_word_embeddings`` is False, a stored output
        layer is one of its own; that of a part of the model does not count.
    graph : bool, default: False
        Whether a graph says how the tensors are used. It says which matrices multiply, but not
        which is the output layer; so every matrix of the shape of an embedding is compared.

    Returns
    -------
    dict of str to Tensor
        The model. The second and later tensors with the same array, or the same place in a file,
        have the role "tied". Output layers and embeddings of one shape name their `twin`, with
        which :func:`~spectra.models.structure._copies.without_copies` compares their numbers.

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
        key = (
            (place, tensor.weights) if place is not None and _is_hashable(tensor.weights) else None
        )
        if key is not None and (other := first.setdefault(key, name)) != name:
            note = f"the same numbers as {other}"
            found[name] = replace(tensor, role="tied", note=note, weights=())
    if _may_be_tied(config):
        for name, twin in _twins(found, graph=graph).items():
            found[name] = replace(found[name], twin=twin)
    return found
