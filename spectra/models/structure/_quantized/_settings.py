"""Settings of quantization in the configuration of a model."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "block_size",
    "group_size",
    "is_power_of_two",
    "quantization",
    "scheme",
    "whole_number",
]

_NESTED = ("text_config", "llm_config", "language_config", "thinker_config", "model_config")
_KEYS = ("quantization_config", "compression_config", "quantization")
_CLASSES = frozenset({"Linear", "Embedding", "Conv2d", "LinearBase", "Conv1D"})


def quantization(config: Mapping[str, Any], /) -> Mapping[str, Any]:
    """
    Return the settings of quantization, wherever a configuration has them.

    Parameters
    ----------
    config : mapping of str
        Configuration of a model; that of its language model may be nested in it.

    Returns
    -------
    mapping of str
        Empty if the configuration has none.

    Examples
    --------
    >>> quantization({"text_config": {"quantization_config": {"bits": 4}}})
    {'bits': 4}
    """
    if not config:
        return {}
    nested = (config.get(key) for key in _NESTED)
    for place in (config, *(inner for inner in nested if isinstance(inner, dict))):
        for key in _KEYS:
            if isinstance(found := place.get(key), dict) and found:
                return found
    return {}


def is_power_of_two(number: int, /) -> bool:
    """
    Return whether a number is a power of two, as the sizes of blocks are.

    Parameters
    ----------
    number : int
        The number.

    Returns
    -------
    bool
        True for 1, 2, 4 and so on.

    Examples
    --------
    >>> is_power_of_two(128), is_power_of_two(100)
    (True, False)
    """
    return number > 0 and number & (number - 1) == 0


def group_size(columns: int, groups: int, stated: object, /) -> int | None:
    """
    Return how many columns share a scale.

    Parameters
    ----------
    columns, groups : int
        Numbers of columns, and of scales per row.
    stated : object
        Size of a group as a configuration states it.

    Returns
    -------
    int or None
        The size that is stated, if it gives as many groups; equal shares if none is stated and they
        are powers of two, or there is a single group; ``None`` if it is not known.

    Examples
    --------
    >>> group_size(320, 3, 128), group_size(256, 2, None), group_size(320, 3, None)
    (128, 128, None)
    """
    size = whole_number(stated)
    if size is not None and groups > 1:
        return size if -(-columns // size) == groups else None
    if groups == 1:
        return max(columns, 1)
    share, rest = divmod(columns, groups) if groups else (0, 1)
    return share if not rest and is_power_of_two(share) else None


def whole_number(value: object, /) -> int | None:
    """
    Return a value of a configuration if it is a positive whole number.

    Parameters
    ----------
    value : object
        The value.

    Returns
    -------
    int or None
        The number; ``None`` for anything else.

    Examples
    --------
    >>> whole_number(4), whole_number(True), whole_number("4")
    (4, None, None)
    """
    return value if type(value) is int and value > 0 else None


def block_size(module: str, config: Mapping[str, Any], /) -> tuple[int, int] | None:
    """
    Return rows and columns of the blocks that have one scale.

    Parameters
    ----------
    module : str
        Name of the module of the weights.
    config : mapping of str
        Configuration of a model.

    Returns
    -------
    tuple of int, or None
        ``weight_block_size`` of the configuration, or the ``block_structure`` of the group of the
        module; ``None`` if it has neither.

    Examples
    --------
    >>> block_size("fc", {"quantization_config": {"weight_block_size": [128, 128]}})
    (128, 128)
    """
    sides = quantization(config).get("weight_block_size")
    if sides is None:
        sides = scheme(module, config).get("block_structure")
    if not isinstance(sides, list) or len(sides) != 2:
        return None
    rows, columns = map(whole_number, sides)
    return (rows, columns) if rows and columns else None


_PLAIN = re.compile(r"[\w.-]*\Z")


def _is_target(module: str, target: str) -> bool | None:
    """Return whether a target of a group names a module; None for an expression not understood."""
    if not target.startswith("re:"):
        return module == target or module.endswith(f".{target}")
    pattern = target.removeprefix("re:").removeprefix("^")
    open_end = not pattern.endswith("$")
    pieces = pattern.removesuffix("$").replace("\\.", ".").split(".*")
    if not all(_PLAIN.match(piece) for piece in pieces):
        return None
    first, *rest = pieces
    if not module.startswith(first):
        return False
    place = len(first)
    for piece in rest:
        found = module.find(piece, place)
        if found < 0:
            return False
        place = found + len(piece)
    return open_end or (module.endswith(pieces[-1]) if rest else place == len(module))


def scheme(module: str, config: Mapping[str, Any], /) -> Mapping[str, Any]:
    """
    Return the settings of the weights of one module, as compressed-tensors groups them.

    Parameters
    ----------
    module : str
        Name of the module.
    config : mapping of str
        Configuration of the model.

    Returns
    -------
    mapping of str
        The ``weights`` of the group that names the module, or else of the only group that names a
        class of modules; empty if there is none, or more than one, or if an expression among the
        targets is more than names joined by ``.*``: expressions of a file are not run.

    Examples
    --------
    >>> groups = {"group_0": {"targets": ["Linear"], "weights": {"num_bits": 8}}}
    >>> scheme("model.fc", {"quantization_config": {"config_groups": groups}})
    {'num_bits': 8}
    """
    groups = quantization(config).get("config_groups")
    by_name, by_class = [], []
    for group in groups.values() if isinstance(groups, dict) else ():
        targets = group.get("targets") if isinstance(group, dict) else None
        weights = group.get("weights") if isinstance(group, dict) else None
        if not isinstance(targets, list) or not isinstance(weights, dict):
            continue
        words = [target for target in targets if isinstance(target, str)]
        named = [_is_target(module, word) for word in words if word not in _CLASSES]
        if None in named and True not in named:
            return {}
        if True in named:
            by_name.append(weights)
        if any(word in _CLASSES for word in words):
            by_class.append(weights)
    found = by_name or by_class
    return found[0] if len(found) == 1 else {}
