"""Names of adapters: which tensors belong to the update of one module."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from spectra.models.adapters._families import family_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from spectra.models.tensors import Tensor

__all__ = ["Group", "alpha_of", "grouped"]

_MAX_NAME = 1000
_WORDS = ("lora", "lokr_", "hada_", "dora_scale")
_PART = re.compile(
    r"^(?:(?P<stem>.+?)(?P<dot>[._/]))?"
    r"(?P<part>lora_embedding_[AB]|lora_[ABEab]|lora_(?:down|up|mid)"
    r"|lora(?P<number>\d?)\.(?:down|up|mid)|lora_linear_layer\.(?:down|up)"
    r"|lora_magnitude_vector|lora_diag|dora_scale"
    r"|lokr_(?:w[12](?:_[ab])?|t[12])|hada_(?:w[12]_[ab]|t[12]))"
    r"(?P<rest>(?:\.[^.]+)*)\Z"
)
_KINDS = {"down": "A", "up": "B", "A": "A", "B": "B", "E": "E", "mid": "mid"}
_KINDS |= {"a": "A", "b": "B"}  # of GGUF


class Group(NamedTuple):
    """The tensors of one module and adapter, by their part: A, B, mid, E, lokr_w1 and so on."""

    stem: str
    family: str
    parts: dict[str, Tensor]


def _parsed(name: str) -> tuple[str, str, str, str] | None:
    """Return module, family, part and name of the adapter; None if a name is of another kind."""
    if not any(word in name for word in _WORDS) or family_of(name):  # such as poly_lora_A
        return None
    match = _PART.match(name) if len(name) < _MAX_NAME else None
    if not match or match["rest"].endswith(".bias"):
        return None
    stem, part = match["stem"] or "", match["part"]
    if match["number"]:
        stem = f"{stem}_lora{match['number']}"
    adapter = match["rest"].removesuffix(".weight")
    if part.startswith(("lokr", "hada")):
        return stem, part[:4], part, adapter
    if part in {"lora_magnitude_vector", "dora_scale", "lora_diag"}:
        return stem, "", part, adapter
    kind = re.split(r"[._]", part)[-1]
    return stem, part.removesuffix(kind), _KINDS[kind], adapter


def grouped(tensors: Mapping[str, Tensor], /) -> list[Group]:
    """Collect the tensors of every module that an adapter changes, in the order of the model."""
    groups: dict[tuple[str, str, str], Group] = {}
    extras: dict[tuple[str, str], dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        if found := _parsed(name):
            stem, family, part, adapter = found
            if family:
                group = groups.setdefault((stem, family, adapter), Group(stem, family, {}))
                group.parts.setdefault(part, tensor)
            else:
                extras.setdefault((stem, adapter), {})[part] = tensor
    for (stem, _, adapter), group in groups.items():
        group.parts.update(extras.get((stem, adapter), {}))
    known = {(stem, adapter) for stem, _, adapter in groups}
    alone = [Group(key[0], "", parts) for key, parts in extras.items() if key not in known]
    return [*groups.values(), *alone]


def alpha_of(stem: str, tensors: Mapping[str, Tensor], /) -> Tensor | None:
    """Return the tensor ``.alpha`` beside the matrices of a module, if it is one real number."""
    kept = tensors.get(f"{stem}.alpha")
    kinds: Iterable[str] = ("float", "bfloat", "int", "uint")
    return kept if kept and kept.size == 1 and kept.dtype.startswith(tuple(kinds)) else None
