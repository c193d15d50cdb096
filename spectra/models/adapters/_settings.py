"""Settings: alpha and rank of each module, from the configuration of an adapter."""

from __future__ import annotations

import math
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from spectra.models.adapters._patterns import first_matches

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = ["NOTHING", "Told", "expert_parameters", "finite", "told", "unread_variant"]

NOTHING: Mapping[str, Any] = MappingProxyType({})
_WRAPPER = "base_model.model."  # prefix of PEFT before the names of the modules
_VARIANTS = {
    "use_qalora": "QA-LoRA, which pools its inputs",
    "use_bdlora": "BD-LoRA, whose blocks lie elsewhere",
    "kasa_config": "KaSA, which changes the base",
    "monteclora_config": "MonteCLoRA, which draws random numbers",
}


class Told(NamedTuple):
    """What a configuration says of a module; alpha and rank are ``nan`` where it says nothing."""

    alpha: float = math.nan
    rank: float = math.nan
    why: str = ""


def finite(value: object) -> float:
    """Return a value of a configuration as a float; nan if it is not a finite number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return math.nan
    try:
        return float(value) if math.isfinite(value) else math.nan
    except OverflowError:
        return math.nan


def _values(
    config: Mapping[str, Any], pattern: str, default: object, names: Iterable[str]
) -> dict[str, tuple[float, str]]:
    """Return the value of each name by a pattern, with a reason where the pattern is not clear."""
    given = config.get(pattern)
    given = given if isinstance(given, dict) else {}
    found = {}
    for name, (key, why) in first_matches([k for k in given if isinstance(k, str)], names).items():
        value = math.nan if why else finite(default if key is None else given[key])
        found[name] = value, f"key {why} of {pattern}" if why else ""
    return found


def expert_parameters(config: Mapping[str, Any], module: str, /) -> list[str]:
    """Return the names of the stacked parameters of a module that `target_parameters` lists."""
    own, given = _own(module), config.get("target_parameters")
    names = given if isinstance(given, list | tuple) else []
    listed = [name.rpartition(".") for name in names if isinstance(name, str)]
    return sorted({f"{own}.{p}" for m, _, p in listed if m and f".{own}".endswith(f".{m}")})


def _own(module: str) -> str:
    """Return the name of a module in the base model."""
    return module.removeprefix(_WRAPPER).replace(".base_layer", "")


def unread_variant(config: Mapping[str, Any], /) -> str:
    """Return the name of a variant of LoRA whose update is not scale * B @ A; "" if none is on."""
    return next((words for key, words in _VARIANTS.items() if config.get(key)), "")


def _agreed(values: Sequence[tuple[float, str]], what: str) -> tuple[float, str]:
    """Return the value that all names of a module share, or nan and the reason."""
    if len({repr(value) for value, _ in values}) == 1:
        return values[0]
    return math.nan, f"the config has several {what} for it"


def told(config: Mapping[str, Any], modules: Iterable[str], /) -> dict[str, Told]:
    """Look up alpha and rank of modules in a configuration, as PEFT does."""
    names = {m: expert_parameters(config, m) or [_own(m)] for m in dict.fromkeys(modules)}
    every = [name for own in names.values() for name in own]
    adaptive = config.get("peft_type") == "ADALORA"  # its rank_pattern lists the singular values
    alpha = config.get("lora_alpha", config.get("alpha"))
    alphas = _values({} if adaptive else config, "alpha_pattern", alpha, every)
    rank = config.get("init_r" if adaptive else "r")
    ranks = _values({} if adaptive else config, "rank_pattern", rank, every)
    found = {}
    for module, own in names.items():
        alpha, no_alpha = _agreed([alphas[name] for name in own], "alphas")
        rank, no_rank = _agreed([ranks[name] for name in own], "ranks")
        found[module] = Told(alpha, rank, no_alpha or no_rank)
    return found
