"""Parts: rows, groups of rows and slices of what a tensor stands for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from spectra.models.lazy import derived, rows
from spectra.models.tensors import Weight

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from spectra._typing import AnyArray
    from spectra.models.tensors import Tensor

__all__ = ["blocks", "grouped", "setting", "single", "whole"]

_NESTED = ("text_config", "llm_config", "language_config", "attn_config", "ffn_config")
_MOST = 1 << 40


def whole(tensor: Tensor, /) -> Weight | None:
    """
    Return all of a tensor as one weight, whether it is stored or computed.

    Parameters
    ----------
    tensor : Tensor
        Of any kind.

    Returns
    -------
    Weight or None
        ``None`` if it has been taken apart already, or is integers without a scale.

    Examples
    --------
    >>> import numpy as np, spectra
    >>> whole(spectra.models.arrays.from_array("w", np.ones((3, 2)))).shape
    (3, 2)
    """
    if len(tensor.weights) == 1 and not tensor.weights[0].label:
        return tensor.weights[0]
    real = tensor.dtype.startswith(("float", "bfloat"))
    return None if tensor.weights or not real else Weight("", tensor.shape, tensor.source)


def blocks(weight: Weight, labels: Sequence[str], sizes: Sequence[int], /) -> tuple[Weight, ...]:
    """
    Cut a matrix into blocks of rows.

    Parameters
    ----------
    weight : Weight
        A matrix.
    labels : sequence of str
        One for each block.
    sizes : sequence of int
        Their rows; together those of the matrix.

    Returns
    -------
    tuple of Weight
        The blocks.

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


def _members(W: AnyArray, *, groups: int, per: int, first: int, last: int) -> AnyArray:
    columns = W.shape[1]
    return W.reshape(groups, per, -1, columns)[:, first:last].reshape(-1, columns)


def grouped(
    weight: Weight, labels: Sequence[str], members: Sequence[int], /, *, groups: int
) -> tuple[Weight, ...]:
    """
    Collect the rows of a matrix that repeats the same heads in every group.

    Parameters
    ----------
    weight : Weight
        A matrix whose rows are (group, head, number in the head).
    labels : sequence of str
        One for each kind of head.
    members : sequence of int
        How many heads of each kind follow one another in a group.
    groups : int
        How many groups there are.

    Returns
    -------
    tuple of Weight
        One matrix for each kind; empty if the rows cannot be divided so.

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
    Take one of a stack, reading no other.

    Parameters
    ----------
    weight : Weight
        The stack, along its first axis.
    label : str
        Name of the part.
    index : int
        Which one.

    Returns
    -------
    Weight
        With one axis less.

    Examples
    --------
    >>> import numpy as np
    >>> from spectra.models.lazy import Held
    >>> single(Weight("", (2, 1, 2), Held(np.arange(4).reshape(2, 1, 2))), "1", 1).read()
    array([[2, 3]])
    """
    return Weight(label, weight.shape[1:], derived(_first, rows(weight.source, index, index + 1)))


def setting(config: Mapping[str, Any], /, *names: str) -> int | None:
    """
    Look up a size in a model's configuration.

    Parameters
    ----------
    config : mapping
        As parsed; that of a part of the model may be inside it.
    *names : str
        What the size is called in one family of models or another.

    Returns
    -------
    int or None
        The first that is a positive whole number.

    Examples
    --------
    >>> setting({"text_config": {"n_head": 4}, "num_heads": True}, "num_heads", "n_head")
    4
    """
    nested = (config.get(key) for key in _NESTED)
    for place in (config, *(inner for inner in nested if isinstance(inner, dict))):
        for name in names:
            value = place.get(name)
            if type(value) is int and 0 < value < _MOST:
                return value
    return None
