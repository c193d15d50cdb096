"""Parts of a weight: blocks of rows, rows in groups, one matrix of a stack; its transpose."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from spectra.dtypes import FLOATS
from spectra.models.lazy import derived, rows
from spectra.models.tensors import Weight

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from spectra._typing import AnyArray
    from spectra.models.tensors import Tensor

__all__ = ["alternating", "blocks", "grouped", "places", "setting", "single", "upright", "whole"]

_NESTED = (
    *("text_config", "llm_config", "language_config", "attn_config", "ffn_config"),
    *("vlm_config", "thinker_config", "language_model_config"),
)
_DEEPEST = 3  # configurations in configurations
_MAX_SETTING = 1 << 40


def whole(tensor: Tensor, /) -> Weight | None:
    """
    Return all of a tensor as one weight, stored or dequantized.

    Parameters
    ----------
    tensor : Tensor
        The tensor.

    Returns
    -------
    Weight or None
        ``None`` if the tensor has several weights already, or its numbers are not real floats and
        have no scale.

    Examples
    --------
    >>> import numpy as np, spectra
    >>> whole(spectra.models.arrays.from_array("w", np.ones((3, 2)))).shape
    (3, 2)
    """
    if len(tensor.weights) == 1 and not tensor.weights[0].label:
        return tensor.weights[0]
    if tensor.weights or tensor.dtype not in FLOATS:
        return None
    return Weight("", tensor.shape, tensor.source)


def upright(weight: Weight, /) -> Weight:
    """
    Return a matrix that is stored (in, out) as (out, in).

    Parameters
    ----------
    weight : Weight
        A matrix.

    Returns
    -------
    Weight
        The transposed matrix, with the same label.

    Examples
    --------
    >>> import numpy as np
    >>> from spectra.models.lazy import Held
    >>> upright(Weight("", (1, 2), Held(np.array([[1, 2]])))).read().tolist()
    [[1], [2]]
    """
    return Weight(weight.label, weight.shape[::-1], derived(np.transpose, weight.source))


def blocks(weight: Weight, labels: Sequence[str], sizes: Sequence[int], /) -> tuple[Weight, ...]:
    """
    Cut a matrix into blocks of rows.

    Parameters
    ----------
    weight : Weight
        A matrix.
    labels : sequence of str
        One label per block.
    sizes : sequence of int
        Number of rows of each block; their sum is that of the matrix.

    Returns
    -------
    tuple of Weight
        The blocks, from the first row on.

    Examples
    --------
    >>> import numpy as np
    >>> from spectra.models.lazy import Held
    >>> W = Weight("", (3, 2), Held(np.arange(6).reshape(3, 2)))
    >>> [part.read().tolist() for part in blocks(W, ["a", "b"], [1, 2])]
    [[[0, 1]], [[2, 3], [4, 5]]]
    """
    found, start = [], 0
    for label, size in zip(labels, sizes, strict=True):
        shape = (size, *weight.shape[1:])
        found.append(Weight(label, shape, rows(weight.source, start, start + size)))
        start += size
    return tuple(found)


def _every(matrix: AnyArray, *, start: int, step: int) -> AnyArray:
    return matrix[start::step]


def alternating(weight: Weight, labels: Sequence[str], /) -> tuple[Weight, ...]:
    """
    Split a matrix whose rows belong to its parts in turn.

    Parameters
    ----------
    weight : Weight
        A matrix; the number of its rows is a multiple of that of the parts.
    labels : sequence of str
        One label per part.

    Returns
    -------
    tuple of Weight
        The parts, in the order of their first rows.

    Examples
    --------
    >>> import numpy as np
    >>> from spectra.models.lazy import Held
    >>> W = Weight("", (4, 1), Held(np.array([[1], [2], [3], [4]])))
    >>> [part.read().ravel().tolist() for part in alternating(W, ["a", "b"])]
    [[1, 3], [2, 4]]
    """
    step = len(labels)
    shape = (weight.shape[0] // step, *weight.shape[1:])
    return tuple(
        Weight(label, shape, derived(_every, weight.source, start=start, step=step))
        for start, label in enumerate(labels)
    )


def _members(W: AnyArray, *, groups: int, per: int, first: int, last: int) -> AnyArray:
    columns = W.shape[1]
    return W.reshape(groups, per, -1, columns)[:, first:last].reshape(-1, columns)


def grouped(
    weight: Weight, labels: Sequence[str], members: Sequence[int], /, *, groups: int
) -> tuple[Weight, ...]:
    """
    Collect the rows of each kind of head from a matrix in which all kinds alternate by group.

    Parameters
    ----------
    weight : Weight
        A matrix whose rows are ordered by group, head in the group, row in the head.
    labels : sequence of str
        One label per kind of head.
    members : sequence of int
        Number of consecutive heads of each kind in a group.
    groups : int
        Number of groups.

    Returns
    -------
    tuple of Weight
        One matrix per kind; empty if the rows cannot be divided evenly.

    Examples
    --------
    >>> import numpy as np
    >>> from spectra.models.lazy import Held
    >>> W = Weight("", (4, 1), Held(np.array([[1], [2], [3], [4]])))
    >>> [part.read().ravel().tolist() for part in grouped(W, ["a", "b"], [1, 1], groups=2)]
    [[1, 3], [2, 4]]
    """
    per = sum(members)
    if groups < 1 or per < 1 or weight.shape[0] % (groups * per):
        return ()
    head, found, first = weight.shape[0] // (groups * per), [], 0
    for label, count in zip(labels, members, strict=True):
        cut = {"groups": groups, "per": per, "first": first, "last": first + count}
        shape = (groups * count * head, weight.shape[1])
        found.append(Weight(label, shape, derived(_members, weight.source, **cut)))
        first += count
    return tuple(found)


def _first(array: AnyArray) -> AnyArray:
    out: AnyArray = array[0]
    return out


def single(weight: Weight, label: str, index: int, /) -> Weight:
    """
    Return one matrix of a stack, without reading the others.

    Parameters
    ----------
    weight : Weight
        A stack along its first axis.
    label : str
        Label of the matrix.
    index : int
        Position in the stack.

    Returns
    -------
    Weight
        The matrix, with one axis less.

    Examples
    --------
    >>> import numpy as np
    >>> from spectra.models.lazy import Held
    >>> single(Weight("", (2, 1, 2), Held(np.arange(4).reshape(2, 1, 2))), "1", 1).read()
    array([[2, 3]])
    """
    return Weight(label, weight.shape[1:], derived(_first, rows(weight.source, index, index + 1)))


def places(config: Mapping[str, Any], /) -> list[Mapping[str, Any]]:
    """
    Return a configuration and those of the language model that are nested in it.

    Parameters
    ----------
    config : mapping of str
        Configuration of a model.

    Returns
    -------
    list of mapping
        The outer configuration first.

    Examples
    --------
    >>> places({"vlm_config": {"text_config": {"n_head": 4}}})[-1]
    {'n_head': 4}
    """
    found, level = [config], [config]
    for _ in range(_DEEPEST):
        inner = (place.get(key) for place in level for key in _NESTED)
        level = [place for place in inner if isinstance(place, dict)]
        found += level
    return found


def setting(config: Mapping[str, Any], /, *names: str) -> int | None:
    """
    Look up a size in a model's configuration.

    Parameters
    ----------
    config : mapping
        The parsed configuration; that of a part of the model may be nested in it.
    *names : str
        Names of the size in different families of models.

    Returns
    -------
    int or None
        The first value that is a positive whole number; ``None`` if there is none.

    Examples
    --------
    >>> setting({"text_config": {"n_head": 4}, "num_heads": True}, "num_heads", "n_head")
    4
    """
    for place in places(config):
        for name in names:
            value = place.get(name)
            if type(value) is int and 0 < value < _MAX_SETTING:
                return value
    return None
