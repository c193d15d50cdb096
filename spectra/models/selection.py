"""Selection: some of a model's tensors, by name, role or size."""

from __future__ import annotations

import re
from collections.abc import Iterable
from fnmatch import fnmatchcase
from numbers import Real
from typing import TYPE_CHECKING

from spectra.errors import ArgumentError
from spectra.models.arrays import from_arrays
from spectra.models.roles import ROLES

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    from spectra.models.tensors import Tensor

__all__ = ["by_name", "by_role", "by_size", "matches"]

_WILD = frozenset("*?[")
_LONGEST = 1000  # characters of a pattern to be translated, which takes their square


def matches(name: str, pattern: str | re.Pattern[str], /) -> bool:
    """
    Tell whether a pattern matches a name.

    Parameters
    ----------
    name : str
        Name of a tensor.
    pattern : str or compiled regular expression
        The name must contain it or, if it has ``*``, ``?`` or ``[...]``, match it as a whole, as in
        a shell. A regular expression must be found in the name.

    Returns
    -------
    bool
        Whether it does.

    Raises
    ------
    ArgumentError
        If `pattern` is neither, or is a shell's and has more than 1000 characters.

    Notes
    -----
    Capitals count. A shell's pattern is fast on any name; a regular expression is searched
    for as it is, and may.

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
        msg = f"a pattern may have {_LONGEST} characters, got {len(pattern)}: {pattern[:20]!r}..."
        raise ArgumentError(msg)
    return fnmatchcase(name, pattern)


def _several(word: str, patterns: object) -> list[str | re.Pattern[str]]:
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
) -> dict[str, Tensor]:
    """
    Select tensors whose names match.

    Parameters
    ----------
    tensors : mapping of str to Tensor or array_like
        The model.
    include : iterable of str or compiled regular expression, optional
        Patterns, see :func:`matches`, one of which must match; all names do if there are none.
    exclude : iterable of str or compiled regular expression, optional
        Patterns of which none may match.

    Returns
    -------
    dict of str to Tensor
        Those that stay, in the same order. A quantized tensor keeps its scales, whether they are
        selected or not.

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
    return {
        name: tensor
        for name, tensor in from_arrays(tensors).items()
        if (not wanted or any(matches(name, pattern) for pattern in wanted))
        and not any(matches(name, pattern) for pattern in unwanted)
    }


def by_role(tensors: Mapping[str, Tensor | npt.ArrayLike], /, *roles: str) -> dict[str, Tensor]:
    """
    Select tensors by what the network uses them for.

    Parameters
    ----------
    tensors : mapping of str to Tensor or array_like
        The model.
    *roles : str
        Of :data:`spectra.models.roles.ROLES`.

    Returns
    -------
    dict of str to Tensor
        Those that have one of the roles, in the same order.

    Raises
    ------
    ArgumentError
        If there is no such role.

    Examples
    --------
    >>> import numpy as np
    >>> list(by_role({"fc.weight": np.eye(3), "conv.weight": np.ones((8, 3, 5, 5))}, "conv"))
    ['conv.weight']
    """
    if unknown := [role for role in roles if not isinstance(role, str) or role not in ROLES]:
        msg = f"roles must be of {', '.join(sorted(ROLES))}; got {unknown[0]!r}"
        raise ArgumentError(msg)
    return {n: tensor for n, tensor in from_arrays(tensors).items() if tensor.role in roles}


def by_size(
    tensors: Mapping[str, Tensor | npt.ArrayLike],
    /,
    *,
    at_least: int = 0,
    at_most: int | None = None,
) -> dict[str, Tensor]:
    """
    Select tensors by how many elements they have.

    Parameters
    ----------
    tensors : mapping of str to Tensor or array_like
        The model.
    at_least : int, default: 0
        Elements.
    at_most : int, optional
        Elements.

    Returns
    -------
    dict of str to Tensor
        Those in between, in the same order.

    Raises
    ------
    ArgumentError
        If `tensors` is not a mapping, or a size is not a number.

    Examples
    --------
    >>> import numpy as np
    >>> list(by_size({"small": np.eye(2), "large": np.eye(9)}, at_least=50))
    ['large']
    """
    for word, size in (("at_least", at_least), ("at_most", at_most)):
        if not (isinstance(size, Real) or (size is None and word == "at_most")):
            msg = f"`{word}` must be a number of elements, got {size!r}"
            raise ArgumentError(msg)
    return {
        name: tensor
        for name, tensor in from_arrays(tensors).items()
        if at_least <= tensor.size and (at_most is None or tensor.size <= at_most)
    }
