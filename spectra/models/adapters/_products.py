"""LoKr and LoHa: updates that are a Kronecker product, or a product of elements, of factors."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from spectra.dtypes import FLOATS
from spectra.models.adapters._names import alpha_of
from spectra.models.adapters._settings import Told, finite, told
from spectra.models.adapters._updates import MOST_ELEMENTS
from spectra.models.lazy import derived
from spectra.models.tensors import Weight

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from spectra._typing import AnyArray, FloatArray
    from spectra.models.adapters._names import Group
    from spectra.models.tensors import Tensor

__all__ = ["Product", "products"]

_NAMES = {"lokr": "LoKr", "hada": "LoHa"}


class Product(NamedTuple):
    """The factors of an update; its weight and a note, or the reason why it has none."""

    stem: str
    kind: str
    factors: tuple[Tensor, ...]
    weight: Weight | None
    note: str


def _kernel(given: Mapping[str, AnyArray], half: str) -> FloatArray:
    """Return one factor of a product, from itself, from two matrices, or with a Tucker core."""
    prefix, which = half[:5], half[-1]
    if half in given:
        return np.asarray(given[half], np.float64)
    a, b = (np.asarray(given[f"{half}_{x}"], np.float64) for x in "ab")
    core = given.get(f"{prefix}t{which}")
    if core is None:
        out: FloatArray = np.tensordot(a, b, 1)
    else:
        with_b = np.einsum("ij...,jr->ir...", np.asarray(core, np.float64), b, optimize=True)
        out = np.einsum("ir...,ip->pr...", with_b, a, optimize=True)
    return out


def _update(*arrays: AnyArray, names: tuple[str, ...], alpha: float, divisor: float) -> FloatArray:
    """Compute an update of LoKr or LoHa; an array called alpha replaces the number."""
    given = dict(zip(names, arrays, strict=True))
    if "alpha" in given:
        alpha = finite(float(given["alpha"].astype(np.float64).item()))
    scale = alpha / divisor if divisor else math.nan
    scale = 1.0 if math.isnan(scale) else scale
    if any(name.startswith("hada") for name in names):
        out = _kernel(given, "hada_w1")
        out *= _kernel(given, "hada_w2")
    else:
        w1, w2 = _kernel(given, "lokr_w1"), _kernel(given, "lokr_w2")
        out = np.asarray(np.kron(w1.reshape(*w1.shape, *[1] * (w2.ndim - w1.ndim)), w2))
    out *= scale
    return out


class _Shape(NamedTuple):
    """Shape of a factor and rank of its halves, 0 if it is whole; or the reason why not."""

    shape: tuple[int, ...] = ()
    rank: int = 0
    why: str = ""


def _shape(parts: Mapping[str, Tensor], half: str) -> _Shape:
    whole, a, b = (parts.get(name) for name in (half, f"{half}_a", f"{half}_b"))
    core = parts.get(f"{half[:5]}t{half[-1]}")
    if whole is not None and a is None and b is None and core is None:
        return _Shape(whole.shape)
    if whole is not None or a is None or b is None:
        return _Shape(why=f"{half}, or its halves {half}_a and {half}_b, are not there")
    if a.ndim != 2 or b.ndim < 2 or (core and b.ndim != 2):
        return _Shape(why=f"{half}_a and {half}_b are {a.ndim}-D and {b.ndim}-D")
    if core is None:
        rank, known = b.shape[0], a.shape[1] == b.shape[0]
        shape = a.shape[0], *b.shape[1:]
    else:
        rank, known = a.shape[0], core.shape[:2] == (a.shape[0], b.shape[0])
        shape = a.shape[1], b.shape[1], *core.shape[2:]
        known = known and rank * math.prod(shape[1:]) <= MOST_ELEMENTS
    return _Shape(shape, rank) if known else _Shape(why=f"the halves of {half} do not fit")


def _whole_shape(kind: str, first: _Shape, second: _Shape, *, peft: bool) -> _Shape:
    """Return the shape and rank of an update, from those of its two factors."""
    if why := first.why or second.why:
        return _Shape(why=why)
    one, two, rank = first.shape, second.shape, second.rank or first.rank
    if kind == "hada":
        return _Shape(one, rank) if one == two else _Shape(why="its two factors do not fit")
    if len(one) != 2 or len(two) not in range(2, 6):
        return _Shape(why=f"its factors are {len(one)}-D and {len(two)}-D")
    if peft and len(two) == 3:
        return _Shape(why="peft multiplies the axes of a 3-D factor in another order, not read")
    return _Shape((one[0] * two[0], one[1] * two[1], *two[2:]), rank)


def _scale(group: Group, rank: int, said: Told, beside: bool, peft: bool) -> tuple[float, str]:
    """Return the divisor of alpha, nan if the scale is 1 or not known, and words for a note."""
    if not rank and not peft:
        return math.nan, "scale 1"  # LyCORIS ignores the alpha of whole factors
    divisor = rank or said.rank
    if beside:
        return divisor, "alpha beside it"
    if math.isnan(said.alpha) or math.isnan(divisor):
        return math.nan, f"{'rank' if math.isnan(divisor) else 'alpha'} not known"
    return divisor, f"alpha {said.alpha:g}"


def _product(group: Group, tensors: Mapping[str, Tensor], said: Told, peft: bool) -> Product:
    kind, parts = group.family, dict(group.parts)
    name = _NAMES[kind]
    factors = tuple(parts.values())
    halves = [_shape(parts, f"{kind}_w{which}") for which in "12"]
    shape, rank, why = _whole_shape(kind, *halves, peft=peft)
    if not why and "dora_scale" in parts:
        why = "its DoRA magnitudes need the weight that it was trained on"
    if not why and not all(t.dtype in FLOATS for t in factors):
        why = "its factors are not floats"
    if not why and math.prod(shape) > MOST_ELEMENTS:
        why = f"{math.prod(shape)} elements; at most {MOST_ELEMENTS} are computed"
    if why:
        return Product(group.stem, name, factors, None, f"{name} of {group.stem}: {why}")
    beside = alpha_of(group.stem, tensors)
    divisor, words = _scale(group, rank, said, beside is not None, peft)
    given = {**parts} if beside is None else {**parts, "alpha": beside}
    source = derived(
        _update, *(t.source for t in given.values()),
        names=tuple(given), alpha=said.alpha, divisor=divisor,
    )  # fmt: skip
    sizes = "x".join(map(str, shape))
    words += f", {said.why}" if said.why else ""
    if "conv" in group.stem and len(shape) == 2:
        words += ", the positions of a kernel are among its columns"
    note = f"{name} update of {group.stem}, {sizes}, {words}"
    return Product(group.stem, name, factors, Weight("", shape, source), note)


def products(
    every: Iterable[Group], tensors: Mapping[str, Tensor], config: Mapping[str, Any], /
) -> list[Product]:
    """Return the LoKr and LoHa updates of an adapter; reads headers only."""
    groups = [group for group in every if group.family in _NAMES]
    settings = told(config, [group.stem for group in groups])
    by_config = config.get("peft_type") in {"LOKR", "LOHA"}
    return [
        _product(g, tensors, settings[g.stem], by_config or g.stem.startswith("base_model.model."))
        for g in groups
    ]
