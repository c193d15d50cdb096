"""Alpha of LoRA layers, from the configuration of an adapter."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Alphas", "alpha_of", "alphas_of", "finite"]

_PLAIN = re.compile(r"\^?[\w.-]+\Z")
_WRAPPER = "base_model.model."  # prefix of peft before the layer names of the model


def finite(value: object) -> float:
    """Return a value of a configuration as a float; nan if it is not a finite number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return math.nan
    try:
        return float(value) if math.isfinite(value) else math.nan
    except OverflowError:
        return math.nan


class Alphas(NamedTuple):
    """The alphas of a configuration: the default, plain keys of the pattern, and other keys."""

    default: float
    named: dict[str, tuple[int, float]]  # order in the pattern and alpha, by layer name
    unclear: float  # order of the first key that is a regular expression


def alphas_of(config: Mapping[str, Any]) -> Alphas:
    """Parse `lora_alpha` and `alpha_pattern`; regular expressions are counted and not run."""
    given, named, unclear = config.get("alpha_pattern"), dict[str, tuple[int, float]](), math.inf
    for order, (key, value) in enumerate(given.items() if isinstance(given, dict) else ()):
        name = str(key).replace("\\.", ".").removesuffix("$")
        if _PLAIN.match(name):
            named.setdefault(name, (order, finite(value)))
        else:
            unclear = min(unclear, order)
    return Alphas(finite(config.get("lora_alpha")), named, unclear)


def alpha_of(name: str, alphas: Alphas) -> float:
    """Return the alpha of a layer: a key matches the whole name or, without ``^``, its end."""
    own = name.removeprefix(_WRAPPER)
    parts = own.split(".") if alphas.named else []
    ends = [".".join(parts[start:]) for start in range(len(parts))]
    matches = [alphas.named[end] for end in (f"^{own}", *ends) if end in alphas.named]
    every: list[tuple[float, float]] = [*matches, (alphas.unclear, math.nan)]
    order, alpha = min(every, key=lambda match: match[0])
    return alphas.default if order == math.inf else alpha
