"""Notes: the use of every tensor of an adapter, with the matrices that it stands for."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from spectra.dtypes import FLOATS
from spectra.models.adapters._families import FAMILIES, families
from spectra.models.adapters._lora import found
from spectra.models.adapters._names import alpha_of, grouped
from spectra.models.adapters._pairs import expert_halves
from spectra.models.adapters._products import products
from spectra.models.adapters._settings import NOTHING
from spectra.models.lazy import derived
from spectra.models.tensors import Weight

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from spectra.models.adapters._lora import Lora
    from spectra.models.adapters._names import Group
    from spectra.models.tensors import Tensor

__all__ = ["noted"]

_RESIDUAL = ("pissa", "olora", "corda", "loftq", "lora_ga")  # change the base at the start


class _Mark(NamedTuple):
    """The note on a tensor; its role and weights where they are not those by its name."""

    note: str
    role: str = ""
    weights: tuple[Weight, ...] | None = None


def _factor(note: str) -> _Mark:
    return _Mark(note, "factor", ())


def _flat(tensor: Tensor) -> tuple[Weight, ...] | None:
    """Return a kernel as the matrix by which the update is a product; None for a matrix."""
    if tensor.ndim == 2 or tensor.weights or tensor.dtype not in FLOATS:
        return None
    shape = tensor.shape[0], math.prod(tensor.shape[1:])
    return (Weight("", shape, derived(np.reshape, tensor.source, shape=shape)),)


def _of_experts(lora: Lora) -> list[tuple[Weight, ...]]:
    """Return the weights of A and of B, one per expert."""
    halves = [expert_halves(lora, expert) for expert in range(lora.experts)]
    return [
        tuple(Weight(str(e), t.shape, t.source) for e, t in enumerate(side))
        for side in zip(*halves, strict=True)
    ]


def _words(lora: Lora, config: Mapping[str, Any]) -> str:
    """Return layer, rank and alpha of a pair, without reading the file."""
    rank, said = lora.A.shape[0] // max(1, lora.experts), lora.told
    words = [f"{'AdaLoRA' if 'E' in lora.parts else 'LoRA'} of {lora.stem}", f"rank {rank}"]
    if lora.beside is not None:
        words.append("alpha beside it")
    else:
        words.append("alpha not known" if math.isnan(said.alpha) else f"alpha {said.alpha:g}")
        words += [said.why] if said.why else []
    if said.rank != rank and not math.isnan(said.rank) and "E" not in lora.parts:
        words.append(f"the config says rank {said.rank:g}")
    if lora.experts:
        words.append(f"{lora.experts} experts")
    if lora.magnitude is not None:
        words.append("DoRA: the update is not B @ A alone, it needs the base")
    start = config.get("init_lora_weights")
    if isinstance(start, str) and start.lower().startswith(_RESIDUAL):
        words.append(f"added to the residual that {start[:20]} left of the base")
    return ", ".join(words)


def _lora_marks(
    groups: Sequence[Group], tensors: Mapping[str, Tensor], config: Mapping[str, Any]
) -> dict[str, _Mark]:
    marks: dict[str, _Mark] = {}
    for lora in found(groups, tensors, config):
        A, B, of = lora.A.name, lora.B.name, f"LoRA of {lora.stem}"
        if lora.why:
            plain = lora.A.ndim == lora.B.ndim == 2 and "ranks" in lora.why
            mark = _Mark(f"{of}, {lora.why}") if plain else _factor(f"{of}, {lora.why}")
            marks |= {A: mark, B: mark}
        elif lora.experts:
            note = _words(lora, config)
            one, other = _of_experts(lora)
            marks |= {A: _Mark(note, "", one), B: _Mark(note, "", other)}
        else:
            note = _words(lora, config)
            marks |= {A: _Mark(note, "", _flat(lora.A)), B: _Mark(note, "", _flat(lora.B))}
        if core := lora.parts.get("mid"):
            mark = _Mark(f"core between the halves of the {of}", "conv")
            marks[core.name] = _factor(f"{of}, {lora.why}") if lora.why else mark
        if E := lora.parts.get("E"):
            marks[E.name] = _factor(f"singular values of the AdaLoRA of {lora.stem}")
    return marks


def _other_marks(groups: Sequence[Group], tensors: Mapping[str, Tensor]) -> dict[str, _Mark]:
    """Return marks of DoRA magnitudes, alphas, halves without another, and full differences."""
    marks = {}
    for group in groups:
        halves = {"A", "B"} & group.parts.keys()
        for part, tensor in group.parts.items():
            if part in {"lora_magnitude_vector", "dora_scale"}:
                marks[tensor.name] = _factor(f"DoRA magnitudes of {group.stem}")
            elif part == "lora_diag":
                marks[tensor.name] = _factor(f"singular values of the KaSA of {group.stem}")
            elif part in halves and len(halves) == 1:
                marks[tensor.name] = _Mark("half of a LoRA pair, the other is not there")
            elif part in {"mid", "E"} and len(halves) < 2:
                marks[tensor.name] = _factor(f"part of the LoRA of {group.stem}, without a pair")
        if kept := alpha_of(group.stem, tensors):
            marks[kept.name] = _factor(f"alpha of the update of {group.stem}")
    for name, tensor in tensors.items() if groups else ():
        if name.endswith(".diff") and tensor.ndim > 1:
            marks[name] = _Mark(f"difference that is added to {name.removesuffix('.diff')}")
        elif ".modules_to_save." in name:
            marks[name] = _Mark("trained in full beside the adapter")
    return marks


def _product_marks(
    groups: Sequence[Group], tensors: Mapping[str, Tensor], config: Mapping[str, Any]
) -> dict[str, _Mark]:
    marks: dict[str, _Mark] = {}
    for stem, kind, factors, weight, note in products(groups, tensors, config):
        words = note if weight is None else f"factor of the {kind} update of {stem}"
        marks |= {tensor.name: _factor(words) for tensor in factors}
        if weight is not None:
            names = [tensor.name for tensor in factors]
            main = next((n for n in names if "_w1" in n), names[0])
            marks[main] = _Mark(note, "update", (weight,))
    return marks


def _family_marks(tensors: Mapping[str, Tensor]) -> dict[str, _Mark]:
    marks = {}
    for name, (family, module) in families(tensors).items():
        of = f"{family} of {module}" if module else family
        marks[name] = _factor(f"{of}: {FAMILIES[family][1]}")
    return marks


def noted(tensors: dict[str, Tensor], config: Mapping[str, Any], /) -> dict[str, Tensor]:
    """
    Annotate the tensors of an adapter with the update that they belong to.

    Parameters
    ----------
    tensors : dict of str to Tensor
        A model.
    config : mapping of str
        Configuration of the model, with that of the adapter under ``"adapter"``.

    Returns
    -------
    dict of str to Tensor
        The same tensors with notes. Kernels of LoRA have one matrix each, stacked experts one per
        expert. One factor of a LoKr or LoHa update has the role "update" and the update as its
        weight; the other factors, and tensors of other families, have the role "factor".

    Examples
    --------
    >>> import numpy as np, spectra
    >>> arrays = {"q.lora_A.weight": np.ones((2, 4)), "q.lora_B.weight": np.ones((3, 2))}
    >>> spectra.from_arrays(arrays)["q.lora_A.weight"].note
    'LoRA of q, rank 2, alpha not known'
    """
    given = config.get("adapter")
    adapter = given if isinstance(given, dict) else NOTHING
    groups = grouped(tensors)
    marks = _family_marks(tensors) | _other_marks(groups, tensors)
    marks |= _lora_marks(groups, tensors, adapter) | _product_marks(groups, tensors, adapter)
    out = {}
    for name, tensor in tensors.items():
        if mark := marks.get(name):
            note = f"{tensor.note}, {mark.note}".removeprefix(", ")
            if mark.role in ("factor", "update"):  # whatever its name says besides
                note = mark.note
            weights = tensor.weights if mark.weights is None else mark.weights
            tensor = replace(tensor, note=note, role=mark.role or tensor.role, weights=weights)
        out[name] = tensor
    return out
