"""Spectra of matrices, of arrays, or of a function that draws them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

import spectra._checks as _checks
from spectra._executing import every_result
from spectra._one_thread import one_thread
from spectra._sparse import from_sparse
from spectra._spectral import spectrum_of
from spectra.errors import ArgumentError
from spectra.linalg.eigen import eigenvalues

if TYPE_CHECKING:
    from collections.abc import Callable

    from spectra._typing import AnyArray, Executor, FloatArray

__all__ = ["Draws", "spectra_of"]

_CALLS = 100  # of a function, unless `num` says how many
_TASKS = 64
_ROUNDING = 1e-6  # over the largest element, in which float32 matrices are symmetric too


class Draws(NamedTuple):
    """Spectra of one size, what they are eigenvalues of, and whether elements were complex."""

    eigenvalues: FloatArray
    of: str
    are_complex: bool


class _Task(NamedTuple):
    """A few draws of a function, with random numbers of their own."""

    draw: Callable[[np.random.Generator], Any]
    first: int
    rngs: list[np.random.Generator]

    def __str__(self) -> str:
        return f"draws {self.first + 1} to {self.first + len(self.rngs)}"


def _first(task: _Task) -> int:
    return task.first


def _drawn(task: _Task) -> list[AnyArray]:
    return [_one_draw(task.draw(rng)) for rng in task.rngs]


def _one_draw(drawn: Any) -> AnyArray:
    """Return what a function drew; refuse rows in order, which are spectra and no matrix."""
    found = _checked(drawn, "a draw")
    if found.ndim == 2 and found.dtype.kind != "c" and (np.diff(found, axis=1) >= 0).all():
        msg = (
            f"a function must draw one matrix or one spectrum, got rows in order of shape "
            f"{found.shape}: return one of them, or pass them all as an array"
        )
        raise ArgumentError(msg)
    return found


def _of_function(
    draw: Callable[[np.random.Generator], Any],
    num: int,
    rng: np.random.Generator,
    executor: Executor | None,
) -> list[AnyArray]:
    rngs = rng.spawn(num)
    size = -(-num // _TASKS)
    tasks = [_Task(draw, i, rngs[i : i + size]) for i in range(0, num, size)]
    with one_thread():
        found = every_result(executor, _drawn, tasks, key=_first, what="draws")
    return [one for part in found for one in part]


def _checked(drawn: Any, what: str) -> AnyArray:
    """Return a matrix, or a spectrum in ascending order, with finite numbers."""
    given = getattr(drawn, "W", drawn)
    _require_no_mask(given, what)
    taken = spectrum_of(given)
    if taken is not None:
        return np.sort(np.ravel(np.asarray(taken, np.float64)))
    array = np.asarray(from_sparse(given))
    if array.ndim not in (1, 2) or array.dtype.kind not in "biufc" or not array.size:
        msg = (
            f"{what} must be a matrix or the eigenvalues of one, got shape {array.shape} of "
            f"{array.dtype}"
        )
        raise ArgumentError(msg)
    if array.ndim == 1:
        array = np.sort(_checks.one_dimensional(array, what))
    if not np.isfinite(array).all():
        msg = f"{what} must be finite to be compared with a law"
        raise ArgumentError(msg)
    return array


def _listed(draws: Any) -> list[AnyArray]:
    """Return the matrices or spectra of an array or a sequence."""
    if isinstance(draws, list | tuple) and not hasattr(draws, "W"):
        if not len(draws):
            msg = "`draws` must be matrices or spectra, got none"
            raise ArgumentError(msg)
        for one in draws:
            _require_no_mask(one, "a draw")
            if np.ndim(one) == 1 and spectrum_of(one) is None:
                _require_order(one)
        if any(np.ndim(one) > 0 for one in draws):
            return [_checked(one, f"draw {i}") for i, one in enumerate(draws)]
    if spectrum_of(draws) is not None:
        return [_checked(draws, "draws")]
    _require_no_mask(getattr(draws, "W", draws), "`draws`")
    array = np.asarray(getattr(draws, "W", draws))
    if array.ndim == 1 or (array.ndim == 2 and hasattr(draws, "W")):
        return [_checked(array, "draws")]
    if array.ndim == 3:
        return [_checked(matrix, "draws") for matrix in array]
    if array.ndim != 2:
        msg = (
            "`draws` must be a spectrum, spectra of shape (num, n), matrices of shape (num, rows, "
            f"columns), or a function that draws one, got shape {array.shape}"
        )
        raise ArgumentError(msg)
    for row in array:
        _require_order(row)
    return [_checked(row, "draws") for row in array]


def _require_no_mask(given: Any, what: str) -> None:
    """Refuse masked elements, without which there is no matrix, and a spectrum has another size."""
    if np.ma.is_masked(given):
        msg = (
            f"{what} must have no masked elements to be compared with a law; replace them, as by "
            "filled(0), or leave them out of each spectrum, as by compressed()"
        )
        raise ArgumentError(msg)


def _require_order(row: Any) -> None:
    """Refuse a row that is in no order, which is that of a matrix."""
    steps = np.diff(_checks.real_numbers(row, "draws"))
    if not ((steps >= 0).all() or (steps <= 0).all()):
        msg = (
            "`draws` of two dimensions are spectra, one in each row, in order; these rows are in "
            "no order: pass one matrix as W[None]"
        )
        raise ArgumentError(msg)


def _is_symmetric(matrix: AnyArray) -> bool:
    """Return whether a matrix equals its conjugate transpose to within rounding."""
    if matrix.shape[0] != matrix.shape[1]:
        return False
    apart = np.abs(matrix - matrix.conj().T).max()
    return bool(apart <= _ROUNDING * np.abs(matrix).max())


def _values_of(matrix: AnyArray, own: bool, zeros: bool) -> FloatArray:
    """Return the eigenvalues of a symmetric matrix itself, or those of ``W.T @ W``."""
    if own:
        return np.asarray(np.linalg.eigvalsh(matrix), np.float64)
    if matrix.dtype.kind == "c":
        found = np.square(np.linalg.svd(matrix, compute_uv=False)[::-1], dtype=np.float64)
    else:
        found = eigenvalues(matrix)
    return np.pad(found, (matrix.shape[1] - len(found), 0)) if zeros else found


def spectra_of(
    draws: Any,
    num: int | None,
    rng: np.random.Generator,
    executor: Executor | None,
    *,
    zeros: bool = False,
) -> Draws:
    """
    Return spectra of one size, each row ascending.

    Draws are one spectrum, spectra of shape (num, n), matrices of shape (num, rows, columns), a
    sequence of matrices or spectra, a Sample, or a function of a generator that draws one. If all
    matrices are symmetric, they count by their own eigenvalues, otherwise by those of ``W.T @ W``:
    as many as the shorter side, or all of them with `zeros`.
    """
    if callable(draws):
        calls = _CALLS if num is None else num
        _checks.count("num", calls)
        taken = _of_function(draws, int(calls), rng, executor)
    elif num is None:
        taken = _listed(draws)
    else:
        msg = (
            f"`num` is how often a function of a generator is called, got {num!r} with draws that "
            "are there already; leave it out, or pass as many draws"
        )
        raise ArgumentError(msg)
    matrices = [one for one in taken if one.ndim == 2]
    own = len(matrices) > 0 and all(_is_symmetric(matrix) for matrix in matrices)
    with one_thread():
        rows = [_values_of(one, own, zeros) if one.ndim == 2 else one for one in taken]
    sizes = sorted({len(row) for row in rows})
    if len(sizes) != 1 or sizes[0] < 3:
        msg = (
            "the spectra that are compared with a law must all have the same number of "
            f"eigenvalues, at least 3; got {sizes}; compare those of each size by themselves"
        )
        raise ArgumentError(msg)
    of = ("W" if own else "W.T @ W") if matrices else "given"
    return Draws(np.array(rows), of, any(matrix.dtype.kind == "c" for matrix in matrices))
