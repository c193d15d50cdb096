"""Random matrices of known kinds, for the rates at which words err."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.stats import levy_stable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from spectra._typing import FloatArray

    Rng = np.random.Generator

__all__ = ["GROUPS", "Case", "cases", "draw"]

Shape = tuple[int, int]
NOISE_SHAPES: tuple[Shape, ...] = (
    *((10, 10), (16, 16), (30, 30), (100, 10), (64, 32), (100, 100), (300, 100)),
    *((300, 300), (512, 128), (5000, 200)),
)
SPIKED_SHAPES: tuple[Shape, ...] = (
    *((100, 100), (300, 100), (400, 100), (300, 300), (600, 300), (1000, 500)),
)
HEAVY_SHAPES: tuple[Shape, ...] = ((400, 200), (1000, 500), (2000, 1000))
UNEQUAL_SHAPES: tuple[Shape, ...] = ((300, 300), (600, 300), (1000, 500))
STRENGTHS = (1.1, 1.5, 2.5, 5.0, 10.0)


class Case(NamedTuple):
    """One kind of matrix."""

    group: str
    kind: str
    shape: Shape
    num_spikes: int = 0
    strength: float = 0.0
    """Strength of the spikes, in units of the limit of detection."""


def _gaussian(rng: Rng, shape: Shape) -> FloatArray:
    return rng.standard_normal(shape)


def _uniform(rng: Rng, shape: Shape) -> FloatArray:
    return rng.uniform(-1, 1, shape)


def _signs(rng: Rng, shape: Shape) -> FloatArray:
    return rng.choice([-1.0, 1.0], shape)


def _laplace(rng: Rng, shape: Shape) -> FloatArray:
    return rng.laplace(size=shape)


def _pruned(rng: Rng, shape: Shape, *, kept: float) -> FloatArray:
    return rng.standard_normal(shape) * (rng.random(shape) < kept)


def _levy(rng: Rng, shape: Shape, *, mu: float) -> FloatArray:
    return np.asarray(levy_stable.rvs(mu, 0, size=shape, random_state=rng), np.float64)


def _pareto(rng: Rng, shape: Shape, *, mu: float) -> FloatArray:
    return (rng.pareto(mu, shape) + 1) * _signs(rng, shape)


def _student(rng: Rng, shape: Shape, *, mu: float) -> FloatArray:
    return rng.standard_t(mu, shape)


def _rows(rng: Rng, shape: Shape, *, scatter: float) -> FloatArray:
    return rng.standard_normal(shape) * rng.lognormal(0, scatter, (shape[0], 1))


def _columns(rng: Rng, shape: Shape, *, scatter: float) -> FloatArray:
    return rng.standard_normal(shape) * rng.lognormal(0, scatter, (1, shape[1]))


def _neighbours(rng: Rng, shape: Shape, *, correlation: float) -> FloatArray:
    W, fresh = rng.standard_normal(shape), np.sqrt(1 - correlation**2)
    for j in range(1, shape[1]):
        W[:, j] = correlation * W[:, j - 1] + fresh * W[:, j]
    return W


def _product(rng: Rng, shape: Shape) -> FloatArray:
    made: FloatArray = rng.standard_normal(shape) @ rng.standard_normal((shape[1], shape[1]))
    return made


HEAVY_LAWS = {"Levy": _levy, "Pareto": _pareto, "Student": _student}
ELEMENTS: dict[str, Callable[[Rng, Shape], FloatArray]] = {
    "Gaussian": _gaussian,
    "uniform": _uniform,
    "signs": _signs,
    "Laplace": _laplace,
    "half pruned": partial(_pruned, kept=0.5),
    **{
        f"{name} {mu:g}": partial(law, mu=mu)
        for name, law in HEAVY_LAWS.items()
        for mu in (1.0, 1.4, 1.8)
    },
    **{f"Student {mu:g}": partial(_student, mu=mu) for mu in (2.5, 3.0, 4.0, 6.0)},
    **{f"rows scattered by {s:.0%}": partial(_rows, scatter=s) for s in (0.1, 0.5)},
    **{f"columns scattered by {s:.0%}": partial(_columns, scatter=s) for s in (0.1, 0.5, 1.0)},
    **{f"neighbours correlated by {r}": partial(_neighbours, correlation=r) for r in (0.7, 0.9)},
    "product of two": _product,
    "nine tenths pruned": partial(_pruned, kept=0.1),
}
NOISE = ("Gaussian", "uniform", "signs", "Laplace", "half pruned")
HEAVY = tuple(f"{law} {mu:g}" for law in HEAVY_LAWS for mu in (1.0, 1.4, 1.8))
UNEQUAL = tuple(kind for kind in ELEMENTS if kind not in {*NOISE, *HEAVY})
SPIKES = ("equal spikes", "half-normal spikes")
SCATTER: dict[str, Callable[[Rng, int], FloatArray]] = {
    "equal spikes": lambda _, k: np.ones(k),
    "half-normal spikes": lambda rng, k: np.abs(rng.standard_normal(k)),
    "Pareto spikes": lambda rng, k: rng.pareto(3.0, k) + 1,
}
GROUPS = {"noise": NOISE, "noise and spikes": SPIKES, "heavy tails": HEAVY, "other": UNEQUAL}


def draw(case: Case, seed: int, /) -> FloatArray:
    """Draw a matrix of a kind."""
    text = repr(case).encode()
    rng = np.random.default_rng([seed, len(text), *text])
    if case.group != "noise and spikes":
        return ELEMENTS[case.kind](rng, case.shape)
    N, M = case.shape
    k = case.num_spikes
    in_limits = 1 + (case.strength - 1) * SCATTER[case.kind](rng, k)
    left, right = (np.linalg.qr(rng.standard_normal((side, k)))[0] for side in (N, M))
    signal: FloatArray = np.sqrt(N) * (left * (in_limits * (M / N) ** 0.25)) @ right.T
    return signal + rng.standard_normal(case.shape)


def cases(group: str, /) -> Iterator[Case]:
    """Yield the cases of a group."""
    shapes = {"noise": NOISE_SHAPES, "heavy tails": HEAVY_SHAPES, "other": UNEQUAL_SHAPES}
    if group in shapes:
        for shape in shapes[group]:
            yield from (Case(group, kind, shape) for kind in GROUPS[group])
        return
    for shape in SPIKED_SHAPES:
        M = shape[1]
        for kind in SPIKES:
            for k in sorted({1, 5, 10, 20, 30, M // 10, M // 5}):
                if k <= M // 5:
                    yield from (Case(group, kind, shape, k, strength) for strength in STRENGTHS)
