"""What the configuration of an adapter gives its layers for alpha."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Alphas", "alpha_of", "alphas_of", "finite"]

_PLAIN = re.compile(r"\^?[\w.-]+\Z")
_WRAPPER = "base_model.model."  # what peft puts before the names of the model's own layers


def finite(value: object) -> float:
    """Return what a configuration gives as a finite number; nan if it is anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return math.nan
    try:
        return float(value) if math.isfinite(value) else math.nan
    except OverflowError:
        return math.nan


class Alphas(NamedTuple):
    """What a configuration gives all layers, and which the first keys of its pattern match."""

    default: float
    named: dict[str, tuple[int, float]]
    unclear: float


def alphas_of(config: Mapping[str, Any]) -> Alphas:
    """Sort the keys of a pattern; those that are more than a name are not run, only respected."""
    given, named, unclear = config.get("alpha_pattern"), dict[str, tuple[int, float]](), math.inf
    for order, (key, value) in enumerate(given.items() if isinstance(given, dict) else ()):
        name = str(key).replace("\\.", ".").removesuffix("$")
        if _PLAIN.match(name):
            named.setdefault(name, (order, finite(value)))
        else:
            unclear = min(unclear, order)
    return Alphas(finite(config.get("lora_alpha")), named, unclear)


def alpha_of(name: str, alphas: Alphas) -> float:
    """Return the alpha of a layer: a key is its whole name or, without ``^``, the end of it."""
    own = name.removeprefix(_WRAPPER)
    parts = own.split(".") if alphas.named else []
    ends = [".".join(parts[start:]) for start in range(len(parts))]
    matches = [alphas.named[end] for end in (f"^{own}", *ends) if end in alphas.named]
    every: list[tuple[float, float]] = [*matches, (alphas.unclear, math.nan)]
    order, alpha = min(every, key=lambda match: match[0])
    return alphas.default if order == math.inf else alpha
