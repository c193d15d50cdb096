"""Spectra drawn from the model of a law, in parts that an executor takes."""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

import spectra._checks as _checks
from spectra._executing import every_result, is_unsent
from spectra._one_thread import one_thread
from spectra.errors import ArgumentError

if TYPE_CHECKING:
    from collections.abc import Callable

    from spectra._typing import Executor, FloatArray

    Model = Callable[[int, int, np.random.Generator], FloatArray]

__all__ = ["drawn_by", "fewest", "model_of"]

_TASKS = 64


class _Task(NamedTuple):
    """A few spectra of a model, with random numbers of their own."""

    draw: Model
    size: int
    first: int
    num: int
    rng: np.random.Generator

    def __str__(self) -> str:
        return f"redraws {self.first + 1} to {self.first + self.num}"


def _independent(law: Any, size: int, num: int, rng: np.random.Generator) -> FloatArray:
    return np.asarray(law.ppf(rng.random((num, size))), np.float64)


def model_of(law: Any, model: Model | Literal["independent"] | None) -> Model | None:
    """Return the function that draws spectra which obey the law, None if there is none."""
    if model == "independent":
        return partial(_independent, law)
    found: Model | None = getattr(law, "model", None) if model is None else model
    if found is not None and not callable(found):
        msg = f"`model` must be a function that draws spectra, or 'independent', got {model!r}"
        raise ArgumentError(msg)
    return found


def fewest(num: int, labellings: float) -> int:
    """Return the least number of redraws of which there are so many labellings with the draws."""
    found = 2
    while math.comb(num + found, num) < labellings:
        found += 1 + found // 8
    return found


def drawn_by(
    draw: Model, size: int, num: int, rng: np.random.Generator, executor: Executor | None
) -> FloatArray:
    """
    Return spectra of a model, shape (num, size), each row ascending.

    A model that cannot be sent to another process, as those of laws, is called here.
    """
    step = -(-num // _TASKS)
    starts = range(0, num, step)
    rngs = rng.spawn(len(starts))
    tasks = [
        _Task(draw, size, first, min(step, num - first), one)
        for first, one in zip(starts, rngs, strict=True)
    ]
    with one_thread():
        try:
            found = _all(tasks, executor)
        except ArgumentError as error:
            if executor is None or not is_unsent(error.__cause__):
                raise
            found = _all(tasks, None)
    if len(found) > 1 and _repeated(*found[:2]):
        msg = (
            "`model` must draw other spectra with each generator that it is given, got the same "
            "ones twice; take its random numbers from the generator"
        )
        raise ArgumentError(msg)
    return np.concatenate(found)


def _all(tasks: list[_Task], executor: Executor | None) -> list[FloatArray]:
    return every_result(executor, _drawn, tasks, key=_first, what="parts of the redraws")


def _first(task: _Task) -> int:
    return task.first


def _drawn(task: _Task) -> FloatArray:
    drawn = task.draw(task.size, task.num, task.rng)
    found = np.sort(_checks.real_numbers(drawn, "model"), axis=-1)
    if found.shape != (task.num, task.size) or not np.isfinite(found).all():
        msg = (
            f"`model` must draw finite spectra of shape (num, size), here "
            f"{(task.num, task.size)}, got {found.shape}"
        )
        raise ArgumentError(msg)
    return found


def _repeated(one: FloatArray, other: FloatArray) -> bool:
    """Return whether two parts are the same, though the spectra in them differ."""
    return len(one) > 1 and (one[0] != one[1]).any() and np.array_equal(one[: len(other)], other)
