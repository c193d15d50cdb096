"""Ensembles of matrices whose independent elements have power-law tails."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

import spectra._checks as _checks
from spectra.theory.ensembles._drawing import (
    checked_shape,
    checked_stack,
    expected_spikes,
    noise_edges,
    positive,
)
from spectra.theory.ensembles._sample import Sample

if TYPE_CHECKING:
    from spectra._typing import FloatArray

__all__ = ["levy", "pareto", "student_t", "symmetric_pareto"]

_BOUNDED = 4.0  # tail index of elements above which the spectrum has an upper edge


def _heavy(W: FloatArray, mu: float, variance: float, spikes: tuple[float, ...] = ()) -> Sample:
    """Return the sample with edges or exponent, whichever the tail index implies."""
    if mu > _BOUNDED:
        return Sample(W, *noise_edges((W.shape[-2], W.shape[-1]), variance), spikes=spikes)
    return Sample(W, alpha=1 + mu / 2, spikes=spikes)


def student_t(
    shape: tuple[int, int],
    /,
    *,
    df: float,
    num: int | None = None,
    rng: int | np.random.Generator | None = None,
) -> Sample:
    r"""
    Draw a matrix of independent elements that follow Student's t distribution.

    Parameters
    ----------
    shape : (int, int)
        Rows and columns.
    df : float
        Degrees of freedom: the tail index :math:`\mu` of the elements. 1 gives the Cauchy
        distribution.
    num : int or None, default: None
        Number of matrices in a stack; None for a single one.
    rng : int, numpy.random.Generator or None, default: None
        Seed or generator of the random numbers; None draws different ones each time.

    Returns
    -------
    Sample
        The matrix with both edges if `df` is above 4, with alpha if not.

    Raises
    ------
    ArgumentError
        If an argument is out of range or of a wrong type.

    Notes
    -----
    The variance of the elements is :math:`\mu / (\mu - 2)`.

    References
    ----------
    Auffinger, Ben Arous & Peche (2009), doi:10.1214/08-AIHP188.

    Examples
    --------
    >>> import numpy as np
    >>> student_t((20, 10), df=1.0, rng=np.random.default_rng(0)).alpha
    1.5
    """
    checked, mu = checked_shape(shape), positive(df, "df")
    W = _checks.generator(rng).standard_t(mu, checked_stack(num) + checked)
    return _heavy(W, mu, mu / (mu - 2) if mu > 2 else math.inf)


def pareto(
    shape: tuple[int, int],
    /,
    *,
    mu: float,
    num: int | None = None,
    rng: int | np.random.Generator | None = None,
) -> Sample:
    r"""
    Draw a matrix of independent, positive elements that follow the Pareto II (Lomax) distribution.

    Parameters
    ----------
    shape : (int, int)
        Rows and columns.
    mu : float
        Tail index of the elements.
    num : int or None, default: None
        Number of matrices in a stack; None for a single one.
    rng : int, numpy.random.Generator or None, default: None
        Seed or generator of the random numbers; None draws different ones each time.

    Returns
    -------
    Sample
        The matrix with both edges if `mu` is above 4, with alpha if not. There is a spike if `mu`
        is above 2 and the mean of the elements is large enough to stand out from the noise.

    Raises
    ------
    ArgumentError
        If an argument is out of range or of a wrong type.

    See Also
    --------
    symmetric_pareto : The same with random signs, so that the mean is 0 and there is no spike.

    Notes
    -----
    :math:`P(w > x) = (1 + x)^{-\mu}` from 0 up, as in :meth:`numpy.random.Generator.pareto` and the
    published calibrations of alpha. The mean :math:`m = 1 / (\mu - 1)` of all elements is a matrix
    of rank one and singular value :math:`m \sqrt{NM}`. With the variance
    :math:`\sigma^2 = \mu / ((\mu - 1)^2 (\mu - 2))` it gives an eigenvalue at
    :math:`m^2 NM + \sigma^2 (N + M) + \sigma^4 / m^2`, which lies above all others for
    :math:`\mu > 2`; a power law fitted to the spectrum counts this eigenvalue as part of the tail.
    For :math:`\mu` up to 4 it lies above the others only in the limit of large size, because single
    elements give eigenvalues nearly as large.

    References
    ----------
    Martin & Mahoney (2021), JMLR 22(165), Table 3. Benaych-Georges & Nadakuditi (2012),
    doi:10.1016/j.jmva.2012.04.019, section 3.1, for the spike.

    Examples
    --------
    >>> import numpy as np
    >>> sample = pareto((400, 100), mu=5.0, rng=np.random.default_rng(0))
    >>> round(sample.upper_edge), round(sample.spikes[0])
    (94, 2552)
    """
    checked, tail = checked_shape(shape), positive(mu, "mu")
    W = _checks.generator(rng).pareto(tail, checked_stack(num) + checked)
    if tail <= 2:
        return _heavy(W, tail, math.inf)
    mean, variance = 1 / (tail - 1), tail / ((tail - 1) ** 2 * (tail - 2))
    strength = mean * math.sqrt(min(checked) / variance)
    return _heavy(W, tail, variance, expected_spikes(checked, math.sqrt(variance), [strength]))


def symmetric_pareto(
    shape: tuple[int, int],
    /,
    *,
    mu: float,
    num: int | None = None,
    rng: int | np.random.Generator | None = None,
) -> Sample:
    r"""
    Draw a matrix of independent Pareto II elements with random signs.

    Parameters
    ----------
    shape : (int, int)
        Rows and columns.
    mu : float
        Tail index of the elements.
    num : int or None, default: None
        Number of matrices in a stack; None for a single one.
    rng : int, numpy.random.Generator or None, default: None
        Seed or generator of the random numbers; None draws different ones each time.

    Returns
    -------
    Sample
        The matrix with both edges if `mu` is above 4, with alpha if not.

    Raises
    ------
    ArgumentError
        If an argument is out of range or of a wrong type.

    See Also
    --------
    pareto : The same elements without signs; their mean is a matrix of rank one.

    Notes
    -----
    The signs take away the mean, and with it the spike of :func:`pareto`. The variance of the
    elements is then their second moment :math:`2 / ((\mu - 1)(\mu - 2))`, which is larger by
    the square of the mean, :math:`1 / (\mu - 1)^2`, than the variance of the one-sided elements;
    so are the edges. The tail index, and so alpha, is the same: :math:`P(|w| > x) = (1 + x)^{-\mu}`
    for both.

    References
    ----------
    Auffinger, Ben Arous & Peche (2009), doi:10.1214/08-AIHP188.

    Examples
    --------
    >>> import numpy as np
    >>> sample = symmetric_pareto((20, 10), mu=3.0, rng=np.random.default_rng(0))
    >>> sample.alpha, sample.spikes
    (2.5, ())
    """
    checked, tail = checked_shape(shape), positive(mu, "mu")
    random = _checks.generator(rng)
    drawn = checked_stack(num) + checked
    signs = random.integers(0, 2, drawn) * 2.0 - 1
    W = signs * random.pareto(tail, drawn)
    return _heavy(W, tail, 2 / ((tail - 1) * (tail - 2)) if tail > 2 else math.inf)


def levy(
    shape: tuple[int, int],
    /,
    *,
    mu: float,
    num: int | None = None,
    rng: int | np.random.Generator | None = None,
) -> Sample:
    r"""
    Draw a matrix of independent elements that follow a symmetric stable distribution.

    Parameters
    ----------
    shape : (int, int)
        Rows and columns.
    mu : float
        Tail index of the elements, at most 2. 1 gives the Cauchy distribution, 2 a Gaussian of
        variance 2.
    num : int or None, default: None
        Number of matrices in a stack; None for a single one.
    rng : int, numpy.random.Generator or None, default: None
        Seed or generator of the random numbers; None draws different ones each time.

    Returns
    -------
    Sample
        The matrix with alpha if `mu` is below 2, with both edges if `mu` is 2.

    Raises
    ------
    ArgumentError
        If an argument is out of range or of a wrong type.

    Notes
    -----
    The characteristic function is :math:`\exp(-|t|^\mu)`. With U uniform on
    :math:`(-\pi/2, \pi/2)` and E exponential,

    .. math:: w = \frac{\sin \mu U}{(\cos U)^{1/\mu}}
              \left( \frac{\cos((1 - \mu) U)}{E} \right)^{(1 - \mu) / \mu}.

    References
    ----------
    Chambers, Mallows & Stuck (1976), doi:10.1080/01621459.1976.10480344. Cizeau & Bouchaud (1994),
    doi:10.1103/PhysRevE.50.1810, for the spectra.

    Examples
    --------
    >>> import numpy as np
    >>> levy((20, 10), mu=1.5, rng=np.random.default_rng(0)).alpha
    1.75
    """
    checked, tail = checked_shape(shape), positive(mu, "mu", most=2.0)
    random = _checks.generator(rng)
    drawn = checked_stack(num) + checked
    U = random.uniform(-math.pi / 2, math.pi / 2, drawn)
    E = random.standard_exponential(drawn)
    power = (1 - tail) / tail
    W = np.sin(tail * U) / np.cos(U) ** (1 / tail) * (np.cos((1 - tail) * U) / E) ** power
    return _heavy(W, tail, math.inf) if tail < 2 else Sample(W, *noise_edges(checked, 2.0))
