"""Selection: choose tensors of a model by name, role or size."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

import spectra._checks as _checks
from spectra.errors import ArgumentError
from spectra.models.arrays import from_arrays
from spectra.models.layers import layers
from spectra.models.roles import ROLES

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    from spectra.models.model import Model
    from spectra.models.tensors import Tensor

__all__ = ["by_name", "by_role", "by_size", "matches"]

_WILD = frozenset("*?[")
_LONGEST = 1000  # characters of a shell pattern; its translation takes time as their square
_SHOWN = 20  # characters of a longer pattern in the message


def matches(name: str, pattern: str | re.Pattern[str], /) -> bool:
    """
    Return whether a pattern matches a name.

    Parameters
    ----------
    name : str
        Name of a tensor.
    pattern : str or compiled regular expression
        A string without wildcards matches every name that contains it. A string with ``*``, ``?``
        or ``[...]`` is a shell pattern and must match the whole name, or be contained in it as it
        is written. A regular expression must match some part of the name.

    Returns
    -------
    bool
        Whether the pattern matches.

    Raises
    ------
    ArgumentError
        If `pattern` is neither a string nor compiled from one, or is a shell pattern of more than
        1000 characters.

    Notes
    -----
    Upper and lower case are different. Shell patterns are fast on every name; a regular expression
    takes the time that Python needs for it, which can be exponential in the length of the name.

    Examples
    --------
    >>> matches("h.0.q_proj.weight", "q_proj"), matches("h.0.q_proj.weight", "h.?.q_proj")
    (True, False)
    >>> matches("w[0]", "w[0]"), matches("h.10.weight", re.compile("^h[.][0-9]+[.]"))
    (True, True)
    """
    if isinstance(pattern, re.Pattern) and isinstance(pattern.pattern, str):
        return pattern.search(name) is not None
    if not isinstance(pattern, str):
        msg = f"a pattern must be a string, or compiled from one, got {pattern!r}"
        raise ArgumentError(msg)
    if pattern in name or not _WILD & {*pattern}:
        return pattern in name
    if len(pattern) > _LONGEST:
        shown = f"{pattern[:_SHOWN]!r}..."
        msg = f"a pattern may have {_LONGEST} characters, got {len(pattern)}: {shown}"
        raise ArgumentError(msg)
    return fnmatchcase(name, pattern)


def _several(word: str, patterns: object) -> list[str | re.Pattern[str]]:
    """Return the patterns of an argument as a list; refuse a single pattern."""
    if isinstance(patterns, str | bytes | re.Pattern) or not isinstance(patterns, Iterable):
        msg = f"`{word}` must be several patterns, as in ['q_proj', '*.bias'], got {patterns!r}"
        raise ArgumentError(msg)
    return list(patterns)


def by_name(
    tensors: Mapping[str, Tensor | npt.ArrayLike],
    /,
    *,
    include: Iterable[str | re.Pattern[str]] = (),
    exclude: Iterable[str | re.Pattern[str]] = (),
) -> Model:
    """
    Select tensors by patterns of their names: as stored, in the network, and of their parts.

    Parameters
    ----------
    tensors : mapping of str to Tensor or array_like
        The model.
    include : iterable of str or compiled regular expression, optional
        Patterns, see :func:`matches`, of which at least one must match. Without any pattern every
        name matches.
    exclude : iterable of str or compiled regular expression, optional
        Patterns; a tensor whose name matches any of them is left out.

    Returns
    -------
    Model
        The selected tensors in the order of the model, each with all of its layers. A quantized
        tensor can be read whether or not its scales are selected.

    Raises
    ------
    ArgumentError
        If `tensors` is not a mapping, or `include` or `exclude` are not several patterns.

    Examples
    --------
    >>> import numpy as np
    >>> model = {"fc1.weight": np.ones((3, 2)), "fc1.bias": np.ones(3), "fc2.weight": np.eye(3)}
    >>> list(by_name(model, include=["fc1"], exclude=["*.bias"]))
    ['fc1.weight']
    """
    wanted, unwanted = _several("include", include), _several("exclude", exclude)
    model = from_arrays(tensors)
    names = {name: {name, tensor.alias or name} for name, tensor in model.items()}
    if any(tensor.alias or len(tensor.weights) > 1 for tensor in model.values()):
        for layer in layers(model):
            if layer.tensor.alias or layer.name.endswith("]"):  # not the name without an ending
                names[layer.tensor.name].add(layer.name)

    def fits(name: str, patterns: list[str | re.Pattern[str]]) -> bool:
        return any(matches(one, pattern) for one in names[name] for pattern in patterns)

    return model.select(
        name for name in model if (not wanted or fits(name, wanted)) and not fits(name, unwanted)
    )


def by_role(tensors: Mapping[str, Tensor | npt.ArrayLike], /, *roles: str) -> Model:
    """
    Select tensors by their roles.

    Parameters
    ----------
    tensors : mapping of str to Tensor or array_like
        The model.
    *roles : str
        Roles, keys of :data:`spectra.models.roles.ROLES`.

    Returns
    -------
    Model
        The tensors with one of the roles, in the order of the model.

    Raises
    ------
    ArgumentError
        If `tensors` is not a mapping, or a role is not known.

    Examples
    --------
    >>> import numpy as np
    >>> list(by_role({"fc.weight": np.eye(3), "conv.weight": np.ones((8, 3, 5, 5))}, "conv"))
    ['conv.weight']
    """
    for role in roles:
        _checks.choice("roles", role, sorted(ROLES))
    model = from_arrays(tensors)
    return model.select(name for name, tensor in model.items() if tensor.role in roles)


def by_size(
    tensors: Mapping[str, Tensor | npt.ArrayLike],
    /,
    *,
    at_least: int = 0,
    at_most: int | None = None,
) -> Model:
    """
    Select tensors by their number of elements.

    Parameters
    ----------
    tensors : mapping of str to Tensor or array_like
        The model.
    at_least : int, default: 0
        Smallest number of elements.
    at_most : int, optional
        Largest number of elements; unlimited by default.

    Returns
    -------
    Model
        The tensors whose number of elements lies between the two, both included, in the order of
        the model.

    Raises
    ------
    ArgumentError
        If `tensors` is not a mapping, or a size is not a number from 0.

    Examples
    --------
    >>> import numpy as np
    >>> list(by_size({"small": np.eye(2), "large": np.eye(9)}, at_least=50))
    ['large']
    """
    for word, size in (("at_least", at_least), ("at_most", at_most)):
        if size is not None or word == "at_least":
            _checks.number(word, size, at_least=0, at_most=math.inf, what="a number of elements")
    model = from_arrays(tensors)
    return model.select(
        name
        for name, tensor in model.items()
        if at_least <= tensor.size and (at_most is None or tensor.size <= at_most)
    )
