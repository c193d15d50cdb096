"""Numbers of the figure of the spread of singular vectors against their eigenvalues."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from spectra._checks import real_numbers
from spectra.errors import ArgumentError, counted
from spectra.linalg.elements import alive
from spectra.linalg.vectors import inverse_participation, inverse_participation_of_noise, largest
from spectra.results.plotdata._units import scaled_stack, unit_words

if TYPE_CHECKING:
    import numpy.typing as npt

    from spectra._typing import AnyArray, FloatArray

__all__ = ["Vectors", "vectors"]

_FAR = 4.0  # standard deviations of the inverse participation ratio of random directions


class Vectors(NamedTuple):
    """
    Effective number of elements of each singular vector, against its eigenvalue.

    Examples
    --------
    >>> Vectors._fields[:2]
    ('eigenvalue', 'participation')
    """

    eigenvalue: FloatArray
    """Eigenvalues that are not zero, the largest first, in weight units squared."""
    participation: FloatArray
    """Effective number of elements of each vector, 1 / sum of v^4: 1 to the number of elements."""
    localized: AnyArray
    """Whether each vector is on fewer elements than random directions are."""
    noise: float
    """Effective number of elements of random directions, (n + 2) / 3."""
    noise_low: float
    """Effective number of elements below which a vector is localized."""
    elbow: float
    """Eigenvalue at which most vectors from it up are localized; ``nan`` if there is none."""
    num_elbow: int
    """Number of eigenvalues from the elbow up."""
    name: str
    """Name of the layer on one line; empty without one."""
    exponent: int
    """Power of four that is the unit of the eigenvalues, 0 for all but extreme weights."""
    caption: str
    """Sentences with the numbers of the figure."""


def vectors(W: npt.ArrayLike, /, *, name: str = "") -> Vectors:
    r"""
    Compute on how many elements each singular vector of a matrix is spread.

    Parameters
    ----------
    W : array_like, shape (m, n), or Spectrum
        One matrix; of several, the vectors of each are taken. Rows and columns of zeros, which
        dead neurons leave, do not count as elements.
    name : str, optional
        Name of the layer, for the caption.

    Returns
    -------
    Vectors
        Numbers of the figure, for the vectors of the shorter side.

    Raises
    ------
    ArgumentError
        If the matrix is all zero or not finite.

    Notes
    -----
    A vector is localized if its inverse participation ratio is more than 4 standard deviations
    above that of random directions, :math:`3 / (n + 2)` with a variance of
    :math:`24 (n - 1) / ((n + 2)^2 (n + 4) (n + 6))`. The elbow is the cut that has the most
    localized less others above it, if at least two thirds above it are localized.

    References
    ----------
    Thamm, Staats & Rosenow (2022), doi:10.1103/PhysRevE.106.054124, for weight matrices.

    Examples
    --------
    >>> import numpy as np
    >>> W = np.random.default_rng(0).standard_normal((200, 100))
    >>> W[7, 9] = 50.0
    >>> figure = vectors(W)
    >>> figure.num_elbow, round(float(figure.participation[0]), 1), figure.noise
    (1, 1.1, 34.0)
    """
    stack, exponent = scaled_stack(W)
    stack = real_numbers(stack, "W")
    what = f"layer {name!r}" if name else "the matrix"
    if not np.isfinite(stack).all():
        msg = f"{what} has no singular vectors to draw: it holds a nan or an infinity"
        raise ArgumentError(msg)
    if not stack.any():
        msg = f"{what} has no singular vectors to draw: it is all zero"
        raise ArgumentError(msg)
    n = max(min(alive(matrix).shape) for matrix in stack)
    values, ratios = _pairs(stack)
    mean = inverse_participation_of_noise(n)
    variance = 24 * (n - 1) / ((n + 2) ** 2 * (n + 4) * (n + 6))
    limit = mean + _FAR * math.sqrt(variance)
    localized = ratios > limit
    few = int(localized.sum())
    score = np.cumsum(np.where(localized, 1, -1))
    best = int(score.argmax())
    num = best + 1 if score[best] > 0 and localized[: best + 1].mean() >= 2 / 3 else 0
    said = (
        f"Most of the {num} vectors from {values[num - 1]:.3g} up are localized."
        if num > 1
        else f"The vector of the largest eigenvalue, {values[0]:.3g}, is localized."
        if num
        else "No cut has mostly localized vectors above it."
    )
    return Vectors(
        values, 1 / ratios, localized, 1 / mean, 1 / limit,
        float(values[num - 1]) if num else math.nan, num, name, exponent,
        f"Effective number of elements of the singular vectors of {name or 'a matrix'}, of {n}. "
        f"Random directions have {1 / mean:.3g}; {few} of {counted(len(values), 'vector')} "
        f"{'has' if few == 1 else 'have'} less than {1 / limit:.3g}. {said}{unit_words(exponent)}",
    )  # fmt: skip


def _pairs(stack: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the eigenvalues that are not zero and the ratios of their vectors, largest first."""
    n = min(stack.shape[1:])
    found = [largest(W, num=n) for W in stack]
    values = np.concatenate([pairs.eigenvalues for pairs in found])
    ratios = np.concatenate([inverse_participation(pairs.vectors) for pairs in found])
    kept = values > values.max() * n * np.finfo(np.float64).eps  # the rest is rounding
    order = np.argsort(-values[kept], kind="stable")
    return values[kept][order], ratios[kept][order]
