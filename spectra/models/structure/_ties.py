"""Tied weights: mark tensors that share their numbers with another tensor."""

from __future__ import annotations

import re
from collections.abc import Hashable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from spectra.dtypes import FLOATS
from spectra.errors import SpectraError
from spectra.models.lazy import Held, rows

if TYPE_CHECKING:
    from collections.abc import Mapping

    from spectra._typing import AnyArray
    from spectra.models.tensors import Tensor

__all__ = ["tied", "without_copies"]

_HEADS = re.compile(
    r"(^|\.)(lm_head|shared|output|embed_out|head|out_proj|decoder|predictions\.decoder|generator)\.weight\Z"
)
_LONGEST = 200  # characters at the end of a name that are looked at
_FIRST = 1 << 16  # bytes compared at first, and of a tensor at a URL at each end
_BLOCK = 1 << 26  # bytes compared at a time


def _place(tensor: Tensor) -> Hashable | None:
    """Return a key that is equal for two tensors with the same array or place in a file."""
    source = tensor.source
    if not tensor.size or tensor.role == "missing":
        return None
    if isinstance(source, Held):
        return (id(source.array), tensor.shape)
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


def _twins(tensors: Mapping[str, Tensor]) -> dict[str, str]:
    """Return, for output layers and embeddings of one shape, the name of the first embedding."""
    groups: dict[Hashable, list[Tensor]] = {}
    for tensor in tensors.values():
        table = tensor.role == "embedding" or _HEADS.search(tensor.name[-_LONGEST:])
        if table and tensor.ndim == 2 and not tensor.weights and tensor.dtype in FLOATS:
            groups.setdefault((tensor.shape, tensor.dtype), []).append(tensor)
    found: dict[str, str] = {}
    for group in groups.values():
        first = next((t for t in group if t.role == "embedding"), group[0])
        found |= {t.name: first.name for t in group if t is not first}
    return found


def tied(tensors: dict[str, Tensor], config: Mapping[str, Any], /) -> dict[str, Tensor]:
    """
    Mark every tensor that shares its numbers with an earlier tensor, or may do so.

    Parameters
    ----------
    tensors : dict of str to Tensor
        A model.
    config : mapping of str
        Configuration of the model. Where its ``tie_word_embeddings`` is False, a stored output
        layer is one of its own; that of a part of the model does not count.

    Returns
    -------
    dict of str to Tensor
        The model. The second and later tensors with the same array, or the same place in a file,
        have the role "tied". Output layers and embeddings of one shape name their `twin`, with
        which :func:`without_copies` compares their numbers.

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
        for name, twin in _twins(found).items():
            found[name] = replace(found[name], twin=twin)
    return found


def _cut(tensor: Tensor, start: int, stop: int) -> AnyArray:
    part = rows(tensor.source, start, stop)
    return replace(tensor, shape=(stop - start, *tensor.shape[1:]), source=part).read()


def _same(one: Tensor, other: Tensor, start: int, stop: int) -> bool:
    a, b = (_cut(tensor, start, stop) for tensor in (one, other))
    return np.ascontiguousarray(a).tobytes() == np.ascontiguousarray(b).tobytes()


def _equal(one: Tensor, other: Tensor, whole: bool) -> bool:
    """Return whether two matrices of one shape have the same numbers; the ends, if not whole."""
    count, width = one.shape[0], max(1, one.size * 8 // max(1, one.shape[0]))
    few, many = max(1, _FIRST // width), max(1, _BLOCK // width)
    ends = [(0, min(few, count)), (max(0, count - few), count)]
    middle = [(start, min(start + many, count)) for start in range(few, count - few, many)]
    spans = ends + middle if whole else ends
    try:
        return all(_same(one, other, start, stop) for start, stop in spans)
    except (SpectraError, OSError):  # told when the tensor is analysed
        return False


def without_copies(tensors: Mapping[str, Tensor], /, *, whole: bool = True) -> dict[str, Tensor]:
    """
    Compare every tensor with its twin, and leave out copies.

    Parameters
    ----------
    tensors : mapping of str to Tensor
        A model.
    whole : bool, default: True
        Whether all numbers are compared, or the first and the last rows.

    Returns
    -------
    dict of str to Tensor
        The model; copies have the role "tied".

    Examples
    --------
    >>> import numpy as np, spectra
    >>> arrays = {"embed_tokens.weight": np.eye(3), "lm_head.weight": np.eye(3)}
    >>> without_copies(spectra.from_arrays(arrays))["lm_head.weight"].note
    'the same numbers as embed_tokens.weight'
    """
    found = dict(tensors)
    for name, tensor in tensors.items():
        twin = tensors.get(tensor.twin)
        if twin is None or twin.shape != tensor.shape or twin.dtype != tensor.dtype:
            continue
        if tensor.role != "tied" and _equal(tensor, twin, whole):
            where = "" if whole else ", by the first and last rows"
            note = f"the same numbers as {twin.name}{where}"
            found[name] = replace(tensor, role="tied", note=note, weights=())
    return found
