"""Spectra of matrices, of arrays, or of a function that draws them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

import spectra._checks as _checks
from spectra._executing import every_result
from spectra._spectral import spectrum_of
from spectra.errors import ArgumentError
from spectra.linalg.eigen import eigenvalues

if TYPE_CHECKING:
    from collections.abc import Callable

    from spectra._typing import AnyArray, Executor, FloatArray

__all__ = ["spectra_of"]

_TASKS = 64


class _Task(NamedTuple):
    """A few draws of a function, with random numbers of their own."""

    draw: Callable[[np.random.Generator], Any]
    first: int
    rngs: list[np.random.Generator]


def _spectrum(drawn: Any, what: str) -> FloatArray:
    """Return the eigenvalues of a matrix, or a spectrum, ascending."""
    matrix = getattr(drawn, "W", drawn)
    taken = spectrum_of(matrix)
    if taken is not None:
        return np.sort(np.ravel(np.asarray(taken, np.float64)))
    array = np.asarray(matrix)
    if array.ndim == 2 and array.dtype.kind in "biufc":
        return _of_matrix(array)
    values = _checks.one_dimensional(matrix, what)
    if not len(values) or not np.isfinite(values).all():
        msg = f"{what} must be a matrix or finite eigenvalues, got {len(values)} of them"
        raise ArgumentError(msg)
    return np.sort(values)


def _of_matrix(matrix: AnyArray) -> FloatArray:
    """Return the eigenvalues of a symmetric matrix itself, of any other those of ``W.T @ W``."""
    if not np.isfinite(matrix).all():
        msg = "a matrix that is compared with a law must be finite"
        raise ArgumentError(msg)
    if matrix.shape[0] == matrix.shape[1] and np.array_equal(matrix, matrix.conj().T):
        return np.asarray(np.linalg.eigvalsh(matrix), np.float64)
    if matrix.dtype.kind == "c":
        singular = np.linalg.svd(matrix, compute_uv=False)[::-1]
        return np.asarray(singular**2, np.float64)
    return eigenvalues(matrix)


def _drawn(task: _Task) -> list[FloatArray]:
    return [_spectrum(task.draw(rng), "a draw") for rng in task.rngs]


def _of_function(
    draw: Callable[[np.random.Generator], Any],
    num: int,
    rng: np.random.Generator,
    executor: Executor | None,
) -> list[FloatArray]:
    rngs = rng.spawn(num)
    size = -(-num // _TASKS)
    tasks = [_Task(draw, i, rngs[i : i + size]) for i in range(0, num, size)]
    found = every_result(executor, _drawn, tasks, key=lambda task: task.first, what="draws")
    return [values for part in found for values in part]


def spectra_of(
    draws: Any,
    num: int,
    rng: np.random.Generator,
    executor: Executor | None,
) -> FloatArray:
    """
    Return spectra of one size as an array, shape (num, n), each row ascending.

    Draws are one spectrum, spectra of shape (num, n), matrices of shape (num, rows, columns), a
    sequence of matrices or spectra, a Sample, or a function of a generator that draws one.
    """
    if callable(draws):
        rows = _of_function(draws, num, rng, executor)
    elif isinstance(draws, list | tuple) and not hasattr(draws, "W") and np.ndim(draws[0]) > 0:
        rows = [_spectrum(one, f"draw {i}") for i, one in enumerate(draws)]
    else:
        rows = _of_array(getattr(draws, "W", draws))
    sizes = sorted({len(row) for row in rows})
    if len(sizes) != 1 or sizes[0] < 3:
        msg = (
            "the spectra that are compared with a law must all have the same number of "
            f"eigenvalues, at least 3; got {sizes}; compare those of each size by themselves"
        )
        raise ArgumentError(msg)
    return np.array(rows)


def _of_array(draws: object) -> list[FloatArray]:
    if spectrum_of(draws) is not None:
        return [_spectrum(draws, "draws")]
    array = np.asarray(draws)
    if array.ndim == 3:
        return [_spectrum(matrix, "draws") for matrix in array]
    if array.ndim == 1:
        return [_spectrum(array, "draws")]
    if array.ndim != 2:
        msg = (
            "`draws` must be a spectrum, spectra of shape (num, n), matrices of shape (num, rows, "
            f"columns), or a function that draws one, got shape {array.shape}"
        )
        raise ArgumentError(msg)
    steps = np.diff(_checks.real_numbers(array, "draws"), axis=1)
    if not ((steps >= 0).all() or (steps <= 0).all()):
        msg = (
            "`draws` of two dimensions are spectra, one in each row, in order; these rows are in "
            "no order: pass one matrix as W[None]"
        )
        raise ArgumentError(msg)
    return [_spectrum(row, "draws") for row in array]
