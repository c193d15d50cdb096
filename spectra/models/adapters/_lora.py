"""LoRA: the matrices of each module put together, or the reason why they are not."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from spectra.dtypes import FLOATS
from spectra.models.adapters._names import alpha_of
from spectra.models.adapters._settings import Told, expert_parameters, told, unread_variant

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from spectra.models.adapters._names import Group
    from spectra.models.tensors import Tensor

__all__ = ["Lora", "found"]

_STACKS = {"experts", "base_layer"}  # last parts of modules whose parameters PEFT wraps directly


@dataclass(frozen=True, slots=True)
class Lora:
    """
    The LoRA tensors of one module.

    `experts` is the number of experts that A and B stack, 0 for an ordinary module; `why` is the
    reason why the update is not known, empty if it is.
    """

    stem: str
    parts: Mapping[str, Tensor]
    beside: Tensor | None
    told: Told
    embedding: bool = False
    experts: int = 0
    why: str = ""
    adaptive_rank: float = math.nan

    @property
    def A(self) -> Tensor:
        """Down-projection."""
        return self.parts["A"]

    @property
    def B(self) -> Tensor:
        """Up-projection."""
        return self.parts["B"]

    @property
    def middle(self) -> Tensor | None:
        """Tensor between B and A: a Tucker core, or the singular values of AdaLoRA."""
        return self.parts.get("mid") or self.parts.get("E")

    @property
    def magnitude(self) -> Tensor | None:
        """Norms of DoRA."""
        return self.parts.get("lora_magnitude_vector") or self.parts.get("dora_scale")


def _shapes(*tensors: Tensor) -> str:
    return " and ".join("x".join(map(str, tensor.shape)) for tensor in tensors)


def _why_apart(A: Tensor, B: Tensor, middle: Tensor | None) -> str:
    """Return the reason why the product of B, middle and A is not defined, or "" if it is."""
    if A.ndim not in range(2, 6) or B.ndim not in range(2, 6):
        return f"{A.ndim}-D and {B.ndim}-D, not put together"
    if math.prod(B.shape[2:]) != 1:
        return f"both halves have kernels, {_shapes(A, B)}: not put together"
    rank, given = A.shape[0], B.shape[1]
    if middle is None or middle.ndim == 2:
        if rank != given and A.ndim > 2 and given and rank % given == 0:
            return f"of a convolution in {rank // given} groups: not put together"
        if rank != given:
            return f"ranks {rank} and {given} do not fit"
        if middle is None or (A.ndim == B.ndim == 2 and middle.shape == (rank, 1)):
            return ""
        return f"singular values {_shapes(middle)} do not fit rank {rank}"
    if (
        middle.ndim not in range(3, 6)
        or middle.shape[:2] != (given, rank)
        or math.prod(A.shape[2:]) != 1
    ):
        return f"its core {_shapes(middle)} does not fit {_shapes(B, A)}"
    return ""


def _experts(group: Group, config: Mapping[str, Any], rank: float) -> tuple[int, str]:
    """Return how many experts A and B stack, 0 if none, and the reason why that is not known."""
    rows = group.parts["A"].shape[0]
    if not expert_parameters(config, group.stem):
        plain = "target_modules" in config and not config.get("target_parameters")
        if plain or group.stem.rpartition(".")[2] not in _STACKS:
            return 0, ""
        return 0, "of a stack of experts: no config with `target_parameters` says how to divide it"
    if not {group.parts["A"].dtype, group.parts["B"].dtype} <= {*FLOATS}:
        return 0, "of a stack of experts, not in real numbers"
    if math.isnan(rank) or rank < 1 or rank % 1 or rows % rank:
        return 0, f"of a stack of experts: {rows} rows are not a multiple of rank {rank:g}"
    return (int(rows // rank) if rows > rank else 0), ""


def _why(group: Group, config: Mapping[str, Any], told_of: Told) -> tuple[int, str]:
    """Return the number of experts, and the reason why the update of a group is not known."""
    parts = group.parts
    if variant := unread_variant(config):
        return 0, f"{variant}: not read"
    if "lora_diag" in parts:
        return 0, "KaSA, which changes the base: not read"
    middle = parts.get("mid") or parts.get("E")
    if why := _why_apart(parts["A"], parts["B"], middle):
        return 0, why
    magnitudes = {"lora_magnitude_vector", "dora_scale"} & parts.keys()
    stacked = expert_parameters(config, group.stem)  # PEFT has no DoRA for these
    if config.get("use_dora") is True and not magnitudes and not stacked:
        return 0, "DoRA by the config, its magnitudes are not there"
    return _experts(group, config, told_of.rank)


def found(
    every: Iterable[Group], tensors: Mapping[str, Tensor], config: Mapping[str, Any], /
) -> list[Lora]:
    """Return the LoRA of every module whose two halves are there; reads headers only."""
    groups = [group for group in every if {"A", "B"} <= group.parts.keys()]
    settings = told(config, [group.stem for group in groups])
    loras = []
    for group in groups:
        said = settings[group.stem]
        experts, why = _why(group, config, said)
        beside = alpha_of(group.stem, tensors)
        embedding = group.family == "lora_embedding_"
        adaptive = said.rank if "E" in group.parts else math.nan
        loras.append(Lora(group.stem, group.parts, beside, said, embedding, experts, why, adaptive))
    return loras
