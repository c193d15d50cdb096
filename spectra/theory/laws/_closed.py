"""Laws with a closed form: semicircle, Marchenko-Pastur, Cauchy, and single eigenvalues."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

import spectra._checks as _checks
from spectra.errors import ArgumentError
from spectra.noise import tracy_widom
from spectra.theory import ensembles
from spectra.theory.laws._law import Law

if TYPE_CHECKING:
    import numpy.typing as npt

    from spectra._typing import AnyArray, FloatArray

__all__ = ["cauchy", "discrete", "marchenko_pastur", "semicircle"]


def semicircle(*, variance: float = 1.0, beta: float = 1.0) -> Law:
    r"""
    Make Wigner's semicircle law, the law of large random symmetric matrices.

    Parameters
    ----------
    variance : float, default: 1.0
        Variance of the law: for a matrix of size n with elements of standard deviation s,
        :math:`n s^2`.
    beta : float, default: 1.0
        Index of the model's repulsion: 1 for real symmetric, 2 for complex Hermitian matrices.

    Returns
    -------
    Law
        The density :math:`\sqrt{4 \sigma^2 - x^2} / (2 \pi \sigma^2)`. Its model is the Gaussian
        ensemble of that beta.

    Raises
    ------
    ArgumentError
        If `variance` or `beta` is not a number above 0.

    References
    ----------
    Wigner (1958), doi:10.2307/1970008.

    Examples
    --------
    >>> semicircle(variance=4.0).edges
    (-4.0, 4.0)
    """
    _checks.number("variance", variance, above=0)
    _checks.number("beta", beta, above=0)
    s2 = float(variance)
    edge = 2 * math.sqrt(s2)

    def transform(z: AnyArray) -> AnyArray:
        # 2 / (z + root) has no cancellation far away
        return np.asarray(2 / (z + np.sqrt(z - edge) * np.sqrt(z + edge)))

    def model(size: int, num: int, rng: np.random.Generator) -> FloatArray:
        return ensembles.hermite(size, beta=beta, num=num, std=math.sqrt(s2 / size), rng=rng)

    def largest(size: int) -> tuple[float, float]:
        # shifted as for noise (Johnstone & Ma 2012, doi:10.1214/11-AAP799)
        n, std = size + 1 / 2 - 1 / beta, math.sqrt(s2 / size)
        return 2 * std * math.sqrt(n), std * n ** (-1 / 6) * (2 ** (-1 / 6) if beta == 4 else 1)

    def cumulants(num: int) -> FloatArray:
        return np.where(np.arange(1, num + 1) == 2, s2, 0.0)

    return Law(
        f"semicircle law of variance {s2:g}",
        ((-edge, edge),),
        transform,
        model=model,
        r_transform=lambda z: s2 * z,
        cumulants=cumulants,
        largest=largest,
        beta=float(beta),
    )


def marchenko_pastur(ratio: float, /, *, mean: float = 1.0, beta: float = 1.0) -> Law:
    r"""
    Make the Marchenko-Pastur law, the law of ``W.T @ W`` for noise W.

    Parameters
    ----------
    ratio : float
        Columns over rows of W, above 0. Above 1, a share of ``1 - 1 / ratio`` of the eigenvalues
        is zero.
    mean : float, default: 1.0
        Mean of the law: rows of W times the variance of its elements.
    beta : float, default: 1.0
        Index of the model's repulsion: 1 for real, 2 for complex matrices.

    Returns
    -------
    Law
        The law, in units of ``W.T @ W``. Its model are Gaussian matrices of that many columns.

    Raises
    ------
    ArgumentError
        If an argument is not a number above 0.

    See Also
    --------
    spectra.noise.marchenko_pastur : Functions of the law for ratios up to 1, exact in both tails.

    References
    ----------
    Marchenko & Pastur (1967), doi:10.1070/SM1967v001n04ABEH001994.

    Examples
    --------
    >>> marchenko_pastur(0.25, mean=400.0).edges
    (100.0, 900.0)
    >>> marchenko_pastur(4.0).atoms
    ((0.0, 0.75),)
    """
    _checks.number("ratio", ratio, above=0)
    _checks.number("mean", mean, above=0)
    _checks.number("beta", beta, above=0)
    c, m = float(ratio), float(mean)
    low, high = m * (1 - math.sqrt(c)) ** 2, m * (1 + math.sqrt(c)) ** 2

    def transform(z: AnyArray) -> AnyArray:
        root = np.sqrt(z - low) * np.sqrt(z - high)
        far = 2 / (z - m * (1 - c) + root)
        if c <= 1:
            return np.asarray(far)
        near = (z - m * (1 - c) - root) / (2 * c * m * z)  # the same; the other cancels at 0
        return np.asarray(np.where(np.abs(z) > low, far, near))

    def model(size: int, num: int, rng: np.random.Generator) -> FloatArray:
        rows = max(round(size / c), 1)
        found = np.zeros((num, size))
        nonzero = min(rows, size)
        found[:, size - nonzero :] = ensembles.laguerre(
            (rows, size), beta=beta, num=num, std=math.sqrt(m / rows), rng=rng
        )
        return found

    def largest(size: int) -> tuple[float, float]:
        rows = max(round(size / c), 1)
        centre, width = tracy_widom.scale(rows, size, beta=int(beta))
        return float(centre) * m / rows, float(width) * m / rows

    def cumulants(num: int) -> FloatArray:
        k = np.arange(1, num + 1)
        powers: FloatArray = m**k * c ** (k - 1.0)
        return powers

    return Law(
        f"Marchenko-Pastur law of ratio {c:g} and mean {m:g}",
        ((low, high),),
        transform,
        atoms=((0.0, 1 - 1 / c),) if c > 1 else (),
        model=model,
        r_transform=lambda z: np.where(c * m * z < 1, m / (1 - c * m * z), np.nan),
        s_transform=lambda z: np.where(1 + c * z > 0, 1 / (m * (1 + c * z)), np.nan),
        cumulants=cumulants,
        largest=largest,
        beta=float(beta),
    )


def cauchy(*, width: float = 1.0) -> Law:
    r"""
    Make the Cauchy law, which is free stable with index 1.

    Parameters
    ----------
    width : float, default: 1.0
        Half the width at half the height.

    Returns
    -------
    Law
        The density :math:`w / (\pi (x^2 + w^2))`. It has no moments, and no model.

    Raises
    ------
    ArgumentError
        If `width` is not a number above 0.

    References
    ----------
    Bercovici & Pata (1999), doi:10.2307/121080.

    Examples
    --------
    >>> cauchy().cdf([0.0, 1.0]).round(9)
    array([0.5 , 0.75])
    """
    _checks.number("width", width, above=0)
    w = float(width)
    return Law(
        f"Cauchy law of width {w:g}",
        ((-math.inf, math.inf),),
        lambda z: 1 / (z + 1j * w),
        alpha=2.0,
        middle=0.0,
        width=w,
    )


def discrete(places: npt.ArrayLike, shares: npt.ArrayLike | None = None, /) -> Law:
    """
    Make the law of a matrix with a few distinct eigenvalues.

    Parameters
    ----------
    places : array_like, shape (n,)
        The eigenvalues.
    shares : array_like, shape (n,), optional
        Their probabilities, which add up to 1; equal ones by default.

    Returns
    -------
    Law
        The law. Its model repeats the eigenvalues in these shares, rounded.

    Raises
    ------
    ArgumentError
        If the places are not finite, or the shares are no probabilities.

    Notes
    -----
    ``marchenko_pastur(ratio) @ discrete(population)`` is the Marchenko-Pastur law of correlated
    noise with these variances; ``discrete([0, 1], [1 - p, p])`` is a projection.

    References
    ----------
    Silverstein (1995), doi:10.1006/jmva.1995.1083.

    Examples
    --------
    >>> discrete([0.0, 1.0], [0.25, 0.75]).moments(2)
    array([0.75, 0.75])
    """
    values = _checks.one_dimensional(places, "places")
    if shares is None:
        weights = np.full(len(values), 1 / max(len(values), 1))
    else:
        weights = _checks.one_dimensional(shares, "shares")
    right = len(values) == len(weights) > 0 and np.isfinite(values).all()
    if not right or not (weights > 0).all() or abs(weights.sum() - 1) > 1e-9:
        msg = (
            "`places` must be finite numbers, and `shares` as many numbers above 0 that add up to 1"
            f", got {places!r} and {shares!r}"
        )
        raise ArgumentError(msg)
    distinct, where = np.unique(values, return_inverse=True)
    mass = np.bincount(where, weights)

    def transform(z: AnyArray) -> AnyArray:
        return np.asarray(np.sum(mass / (z[..., None] - distinct), axis=-1))

    def model(size: int, num: int, rng: np.random.Generator) -> FloatArray:
        counts = np.diff(np.round(np.concatenate([[0], np.cumsum(mass)]) * size).astype(int))
        return np.tile(np.repeat(distinct, counts), (num, 1))

    return Law(
        f"law of {len(distinct)} eigenvalues",
        (),
        transform,
        atoms=tuple(zip(distinct.tolist(), mass.tolist(), strict=True)),
        model=model,
    )
