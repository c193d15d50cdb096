"""Settings of quantization in the configuration of a model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["block_size", "quantization", "scheme", "whole_number"]

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
    nested = (config.get(key) for key in _NESTED)
    for place in (config, *(inner for inner in nested if isinstance(inner, dict))):
        for key in _KEYS:
            if isinstance(found := place.get(key), dict) and found:
                return found
    return {}


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


def block_size(config: Mapping[str, Any], /) -> tuple[int, int] | None:
    """
    Return rows and columns of the blocks that have one scale.

    Parameters
    ----------
    config : mapping of str
        Configuration of a model.

    Returns
    -------
    tuple of int, or None
        ``weight_block_size`` of the configuration; ``None`` if it has none.

    Examples
    --------
    >>> block_size({"quantization_config": {"weight_block_size": [128, 128]}})
    (128, 128)
    """
    sides = quantization(config).get("weight_block_size")
    if not isinstance(sides, list) or len(sides) != 2:
        return None
    rows, columns = map(whole_number, sides)
    return (rows, columns) if rows and columns else None


def _is_target(module: str, target: object) -> bool:
    """Return whether a target of a group names a module; of expressions only ``re:.*NAME``."""
    if not isinstance(target, str):
        return False
    plain = target.removeprefix("re:").removeprefix(".*").removesuffix("$").replace("\\.", ".")
    return bool(plain) and (module == plain or module.endswith(f".{plain.removeprefix('.')}"))


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
        class of modules; empty if there is none, or more than one.

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
        if any(_is_target(module, target) for target in targets):
            by_name.append(weights)
        if any(isinstance(target, str) and target in _CLASSES for target in targets):
            by_class.append(weights)
    found = by_name or by_class
    return found[0] if len(found) == 1 else {}
