r"""
Units of eigenvalues, each with a name, and conversion of one into another.

The convention of this library is the first row: eigenvalues of ``W.T @ W``, not divided by
anything. With N and M for the longer and the shorter side of W, and :math:`\sigma^2` for the
variance of its elements:

======================== =========================================================================
name                     number
======================== =========================================================================
eigenvalues              eigenvalues :math:`\lambda` of ``W.T @ W``
divided_by_N             :math:`\lambda / N`, eigenvalues of the sample covariance matrix
scaled                   :math:`\lambda / (N \sigma^2)`: the Marchenko-Pastur law, with mean 1
tracy_widom              :math:`(\lambda / \sigma^2 - \mu) / w`, centre and width of the largest
                         eigenvalue of noise by :func:`spectra.noise.tracy_widom.scale`
weightwatcher_conv2d     :math:`\lambda / 2`, those of a pooled convolution in WeightWatcher's table
singular_values          singular values s of W, :math:`\sqrt\lambda`
scaled_singular_values   :math:`s / (\sigma \sqrt N)`: strengths, thresholds and shrinkage
symmetric                eigenvalues x of W itself, a symmetric matrix of N rows
semicircle               :math:`x / (\sigma \sqrt N)`: the semicircle law from -2 to 2
symmetric_tracy_widom    :math:`(x / \sigma - 2 \sqrt n) / w` with :math:`n = N + 1/2 - 1/\beta` and
                         :math:`w = n^{-1/6}` (beta 4: times :math:`2^{-1/6}`), for the largest one
======================== =========================================================================
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple, get_args

import numpy as np

import spectra._checks as _checks
import spectra.noise.tracy_widom as _tw
from spectra.errors import ArgumentError

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from spectra._typing import FloatArray, Numbers

__all__ = ["Unit", "convert"]

Unit = Literal[
    "eigenvalues",
    "divided_by_N",
    "scaled",
    "tracy_widom",
    "weightwatcher_conv2d",
    "singular_values",
    "scaled_singular_values",
    "symmetric",
    "semicircle",
    "symmetric_tracy_widom",
]
"""Names of the units; the module has a table."""


class _Noise(NamedTuple):
    """Size and variance of the noise that a unit refers to."""

    N: FloatArray
    M: FloatArray
    variance: Numbers
    beta: int


class _Scale(NamedTuple):
    """A number without a unit, and where its zero and its one lie: x = zero + one * number."""

    of: str
    zero_and_one: Callable[[_Noise], tuple[Numbers, Numbers]]


def _largest(noise: _Noise) -> tuple[Numbers, Numbers]:
    centre, width = _tw.scale(noise.N, noise.M, beta=noise.beta)
    return centre * noise.variance, width * noise.variance


def _largest_symmetric(noise: _Noise) -> tuple[Numbers, Numbers]:
    n, std = noise.N + (0.5 - 1 / noise.beta), np.sqrt(noise.variance)
    width = n ** (-1 / 6) * (2 ** (-1 / 6) if noise.beta == 4 else 1)
    return 2 * np.sqrt(n) * std, width * std


def _std(noise: _Noise) -> tuple[Numbers, Numbers]:
    return 0.0, np.sqrt(noise.N * noise.variance)


_ROUNDING = 1e-12  # of the largest number, or of the edge of noise, below which zeros may lie

_SQUARE, _ROOT, _OWN = "eigenvalues of W.T @ W", "singular values of W", "eigenvalues of W itself"

_SCALES = {
    "eigenvalues": _Scale(_SQUARE, lambda _: (0.0, 1.0)),
    "divided_by_N": _Scale(_SQUARE, lambda noise: (0.0, noise.N)),
    "scaled": _Scale(_SQUARE, lambda noise: (0.0, noise.N * noise.variance)),
    "tracy_widom": _Scale(_SQUARE, _largest),
    "weightwatcher_conv2d": _Scale(_SQUARE, lambda _: (0.0, 2.0)),
    "singular_values": _Scale(_ROOT, lambda _: (0.0, 1.0)),
    "scaled_singular_values": _Scale(_ROOT, _std),
    "symmetric": _Scale(_OWN, lambda _: (0.0, 1.0)),
    "semicircle": _Scale(_OWN, _std),
    "symmetric_tracy_widom": _Scale(_OWN, _largest_symmetric),
}


def convert(
    values: npt.ArrayLike,
    source: Unit,
    target: Unit,
    /,
    *,
    N: npt.ArrayLike,
    M: npt.ArrayLike,
    variance: npt.ArrayLike = 1.0,
    beta: int = 1,
) -> FloatArray:
    r"""
    Convert eigenvalues from one unit into another.

    Parameters
    ----------
    values : array_like
        Numbers in the unit `source`.
    source, target : str
        Names of the unit of `values` and of the result: ``"eigenvalues"``, ``"divided_by_N"``,
        ``"scaled"``, ``"tracy_widom"``, ``"weightwatcher_conv2d"``, ``"singular_values"`` and
        ``"scaled_singular_values"`` of rectangular matrices; ``"symmetric"``, ``"semicircle"`` and
        ``"symmetric_tracy_widom"`` of symmetric ones. The module has a table of them.
    N, M : array_like
        Longer and shorter side of W, equal for a symmetric matrix.
    variance : array_like, default: 1.0
        Variance of the elements of noise in W, above 0.
    beta : {1, 2, 4}, default: 1
        1 for real matrices, 2 for complex ones, 4 for quaternions; it matters for Tracy-Widom units
        only.

    Returns
    -------
    ndarray
        The same numbers in the unit `target`, in the same order. `values`, `N`, `M` and `variance`
        broadcast as in NumPy. Eigenvalues below 0 by rounding are 0 as singular values.

    Raises
    ------
    ArgumentError
        If a unit is unknown; if one of the units is of a symmetric matrix and the other of a
        rectangular one, as the signs are lost; if N or M is below 1 or M above N, or `variance` or
        `beta` is out of range; if a singular value is negative, or the square of one would be.

    See Also
    --------
    spectra.tails.exponents.convert : Convert the exponent of a tail.

    Notes
    -----
    Small eigenvalues lose digits in Tracy-Widom units, in which 0 is the edge of the noise: their
    absolute error is that of the centre. The shift of N in those of symmetric matrices makes the
    error of the law smaller (Johnstone and Ma 2012). WeightWatcher multiplies the eigenvalues of
    one position of a kernel by c/2, with the number c of positions; those of dense layers are the
    eigenvalues here.

    References
    ----------
    Johnstone & Ma (2012), doi:10.1214/11-AAP819.

    Examples
    --------
    >>> convert([100.0, 900.0], "eigenvalues", "scaled", N=400, M=100)
    array([0.25, 2.25])
    >>> convert([100.0, 900.0], "eigenvalues", "singular_values", N=400, M=100)
    array([10., 30.])
    >>> convert([-40.0, 40.0], "symmetric", "semicircle", N=400, M=400)
    array([-2.,  2.])
    """
    for name, word in (("source", source), ("target", target)):
        _checks.choice(name, word, get_args(Unit))
    noise = _noise(N, M, variance, beta)
    x = _checks.real_numbers(values, "values")
    given, wanted = _SCALES[source], _SCALES[target]
    if _OWN in (given.of, wanted.of) and (noise.N != noise.M).any():
        msg = f"`N` and `M` must be equal for a symmetric matrix, got {N!r} and {M!r}"
        raise ArgumentError(msg)
    if source == target:
        shapes = x.shape, noise.N.shape, noise.M.shape, np.shape(noise.variance)
        return np.broadcast_to(x, np.broadcast_shapes(*shapes)).copy()
    zero, one = given.zero_and_one(noise)
    y = np.asarray(zero + one * x)
    if given.of != wanted.of:
        y = _changed(y, given.of, (source, target), float(np.max(zero, initial=0.0)))
    zero, one = wanted.zero_and_one(noise)
    return np.asarray((y - zero) / one)


def _noise(N: npt.ArrayLike, M: npt.ArrayLike, variance: npt.ArrayLike, beta: int) -> _Noise:
    """Return the checked size and variance of noise."""
    longer, shorter = _checks.real_numbers(N, "N"), _checks.real_numbers(M, "M")
    if not (np.isfinite(longer).all() and ((shorter >= 1) & (longer >= shorter)).all()):
        msg = (
            "`N` and `M` must be the longer and the shorter side of a matrix, from 1 on, "
            f"got {N!r} and {M!r}"
        )
        raise ArgumentError(msg)
    _checks.choice("beta", beta, (1, 2, 4))
    return _Noise(longer, shorter, _checks.numbers("variance", variance, above=0), int(beta))


def _changed(x: FloatArray, given: str, names: tuple[Unit, Unit], edge: float) -> FloatArray:
    """Return squares of singular values, or roots of eigenvalues; refuse where signs are lost."""
    source, target = names
    if _OWN in (given, _SCALES[target].of):
        msg = (
            f"{source!r} are {given} and {target!r} are {_SCALES[target].of}, which lack the "
            "signs: convert 'symmetric' into 'eigenvalues' by squaring"
        )
        raise ArgumentError(msg)
    largest = np.abs(x[np.isfinite(x)]).max(initial=edge)
    if (x < -_ROUNDING * largest).any():
        msg = f"`values` in {source!r} must be from 0 for {target!r}, got {x.min():g} as {given}"
        raise ArgumentError(msg)
    return x**2 if given == _ROOT else np.sqrt(np.maximum(x, 0.0))
