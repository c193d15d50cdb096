"""Checks of arguments, directions, edges and positions of spikes, shared by all ensembles."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

import spectra._checks as _checks
import spectra.noise.marchenko_pastur as _mp
from spectra.errors import ArgumentError
from spectra.noise.signal import eigenvalue, limit

if TYPE_CHECKING:
    from collections.abc import Iterable

    from spectra._typing import AnyArray, FloatArray

__all__ = [
    "checked_shape",
    "checked_stack",
    "expected_spikes",
    "noise_edges",
    "orthonormal",
    "positive",
    "unitary",
]


def checked_shape(shape: tuple[int, int]) -> tuple[int, int]:
    if not isinstance(shape, tuple) or len(shape) != 2:
        msg = f"`shape` must be (rows, columns), got {shape!r}"
        raise ArgumentError(msg)
    _checks.count("rows", shape[0])
    _checks.count("columns", shape[1])
    return int(shape[0]), int(shape[1])


def checked_stack(num: int | None) -> tuple[int, ...]:
    """Return the leading axis of a stack of `num` matrices; no axis for None."""
    if num is None:
        return ()
    _checks.count("num", num, what="None or a whole number")
    return (int(num),)


def positive(value: float, name: str, *, most: float | None = None) -> float:
    _checks.number(name, value, above=0, at_most=most)
    return float(value)


def noise_edges(shape: tuple[int, int], variance: float) -> tuple[float, float]:
    """Return the edges of the spectrum of independent elements of that variance."""
    long, short = max(shape), min(shape)
    return _mp.edges(short / long, mean_eigenvalue=variance * long)


def expected_spikes(
    shape: tuple[int, int], std: float, strengths: Iterable[float]
) -> tuple[float, ...]:
    """Return the eigenvalues of the strengths above the limit, given in units of std sqrt(N)."""
    long, short = max(shape), min(shape)
    visible = sorted((s for s in strengths if s > limit(short / long)), reverse=True)
    return tuple((std**2 * long * eigenvalue(visible, short / long)).tolist())


def orthonormal(shape: tuple[int, ...], random: np.random.Generator) -> FloatArray:
    """Draw matrices of orthonormal columns, uniformly over all directions."""
    return np.asarray(_uniform(random.standard_normal(shape)), np.float64)


def unitary(size: int, random: np.random.Generator) -> AnyArray:
    """Draw a complex unitary matrix, uniformly over all."""
    return _uniform(
        random.standard_normal((size, size)) + 1j * random.standard_normal((size, size))
    )


def _uniform(drawn: AnyArray) -> AnyArray:
    """Return the factor Q of matrices whose R has a positive diagonal (arXiv:math-ph/0609050)."""
    Q, R = np.linalg.qr(drawn)
    diagonal = np.diagonal(R, axis1=-2, axis2=-1)
    return np.asarray(Q * np.where(diagonal == 0, 1.0, np.sign(diagonal))[..., None, :])
