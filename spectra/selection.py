"""Selection: some of a model's tensors, by name, role or size."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from spectra.arrays import from_arrays
from spectra.errors import ArgumentError
from spectra.roles import ROLES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import numpy.typing as npt

    from spectra.tensors import Tensor

__all__ = ["by_name", "by_role", "by_size", "matches"]

_WILD = frozenset("*?[")


def matches(name: str, pattern: str, /) -> bool:
    """
    Tell whether a pattern matches a name.

    Parameters
    ----------
    name : str
        Name of a tensor.
    pattern : str
        With ``*``, ``?`` or ``[...]`` it must match the whole name, as in a shell; without, the
        name must contain it.

    Returns
    -------
    bool
        Whether it does.

    Examples
    --------
    >>> matches("h.0.q_proj.weight", "q_proj"), matches("h.0.q_proj.weight", "h.?.q_proj")
    (True, False)
    """
    return fnmatchcase(name, pattern) if _WILD & {*pattern} else pattern in name


def by_name(
    tensors: Mapping[str, Tensor | npt.ArrayLike],
    /,
    *,
    include: Iterable[str] = (),
    exclude: Iterable[str] = (),
) -> dict[str, Tensor]:
    """
    Select tensors whose names match.

    Parameters
    ----------
    tensors : mapping of str to Tensor or array_like
        The model.
    include : iterable of str, optional
        Patterns, see :func:`matches`, one of which must match; all names do if there are none.
    exclude : iterable of str, optional
        Patterns of which none may match.

    Returns
    -------
    dict of str to Tensor
        Those that stay, in the same order. A quantized tensor keeps its scales, whether they are
        selected or not.

    Raises
    ------
    ArgumentError
        If `tensors` is not a mapping, or patterns are one string.

    Examples
    --------
    >>> import numpy as np
    >>> model = {"fc1.weight": np.ones((3, 2)), "fc1.bias": np.ones(3), "fc2.weight": np.eye(3)}
    >>> list(by_name(model, include=["fc1"], exclude=["*.bias"]))
    ['fc1.weight']
    """
    for word, patterns in (("include", include), ("exclude", exclude)):
        if isinstance(patterns, str):
            msg = f"`{word}` must be several patterns, as in [{patterns!r}], got a string"
            raise ArgumentError(msg)
    wanted, unwanted = list(include), list(exclude)
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
        Of :data:`spectra.roles.ROLES`.

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
    if unknown := sorted(set(roles) - set(ROLES)):
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
        If `tensors` is not a mapping.

    Examples
    --------
    >>> import numpy as np
    >>> list(by_size({"small": np.eye(2), "large": np.eye(9)}, at_least=50))
    ['large']
    """
    return {
        name: tensor
        for name, tensor in from_arrays(tensors).items()
        if at_least <= tensor.size and (at_most is None or tensor.size <= at_most)
    }
