r"""
Spiked matrices: the effect of noise on a signal of low rank, and its inverse.

The model is W = S + Z. The noise Z has N rows, M <= N columns and independent elements of variance
1/N; the singular values :math:`\theta_i` of the signal S are called *strengths*. `ratio` is
:math:`\gamma = M/N`. For noise of variance :math:`\sigma^2` divide W by :math:`\sigma \sqrt N`, and
the eigenvalues by the mean eigenvalue of the noise, :math:`\sigma^2 N`. A signal of a strength
below a limit leaves no trace in the eigenvalues. A stronger one makes a spike: an eigenvalue
outside the bulk, larger than that of the signal, whose singular vectors point only partly in the
direction of the signal. (The transition of Baik, Ben Arous & Peche 2005,
doi:10.1214/009117905000000233.)

References
----------
Benaych-Georges & Nadakuditi (2012), doi:10.1016/j.jmva.2012.04.019, section 3.1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

import spectra._checks as _checks
from spectra.errors import ArgumentError

if TYPE_CHECKING:
    import numpy.typing as npt

    from spectra._typing import FloatArray

__all__ = ["Overlaps", "eigenvalue", "limit", "overlaps", "strength"]


class Overlaps(NamedTuple):
    """
    Squared cosines of the angles between the singular vectors of a spike and of its signal.

    Examples
    --------
    >>> Overlaps._fields
    ('short', 'long')
    """

    short: FloatArray
    """Squared cosines of the vectors along the shorter side, with M elements."""
    long: FloatArray
    """Squared cosines of the vectors along the longer side, with N elements."""


def _ratios(ratio: npt.ArrayLike) -> FloatArray:
    """Return ratios of the sides as an array."""
    found = _checks.real_numbers(ratio, "ratio")
    if not ((found > 0) & (found <= 1)).all():
        msg = f"`ratio` must be M/N, above 0 and at most 1, got {ratio!r}"
        raise ArgumentError(msg)
    return found


def limit(ratio: npt.ArrayLike, /) -> FloatArray:
    r"""
    Compute the largest strength at which a signal leaves no trace in the eigenvalues.

    Parameters
    ----------
    ratio : array_like
        M/N, above 0 and at most 1.

    Returns
    -------
    ndarray
        :math:`\gamma^{1/4}`.

    Raises
    ------
    ArgumentError
        If `ratio` is out of range.

    Examples
    --------
    >>> limit([1.0, 0.0625])
    array([1. , 0.5])
    """
    return np.asarray(_ratios(ratio) ** 0.25)


def eigenvalue(strength: npt.ArrayLike, ratio: npt.ArrayLike, /) -> FloatArray:
    r"""
    Compute the expected eigenvalue of the spike of a signal.

    Parameters
    ----------
    strength : array_like
        Singular values of the signal, in units of :math:`\sigma \sqrt N`.
    ratio : array_like
        M/N, above 0 and at most 1.

    Returns
    -------
    ndarray
        :math:`(1 + \theta^2)(\gamma + \theta^2) / \theta^2` for strengths above the limit, and the
        upper edge of the bulk for the others, in units of the mean eigenvalue of the noise.

    Raises
    ------
    ArgumentError
        If `ratio` is out of range.

    Examples
    --------
    >>> eigenvalue([0.5, 1.0, 2.0], 1.0)
    array([4.  , 4.  , 6.25])
    """
    share = _ratios(ratio)
    square = np.maximum(_checks.as_real(strength, "strength"), limit(share)) ** 2
    found: FloatArray = (1 + square) * (share + square) / square
    return found


def strength(eigenvalue: npt.ArrayLike, ratio: npt.ArrayLike, /) -> FloatArray:
    r"""
    Estimate the strength of the signal behind a spike.

    Parameters
    ----------
    eigenvalue : array_like
        Eigenvalues of spikes, in units of the mean eigenvalue of the noise.
    ratio : array_like
        M/N, above 0 and at most 1.

    Returns
    -------
    ndarray
        The inverse of :func:`eigenvalue`: :math:`\theta^2 = (y + \sqrt{y^2 - 4 \gamma}) / 2` with
        :math:`y = \lambda - 1 - \gamma`; 0 for eigenvalues up to the upper edge of the bulk.

    Raises
    ------
    ArgumentError
        If `ratio` is out of range.

    Examples
    --------
    >>> strength([3.0, 4.0, 6.25], 1.0)
    array([0., 0., 2.])
    """
    values, share = _checks.as_real(eigenvalue, "eigenvalue"), _ratios(ratio)
    visible = values > (1 + np.sqrt(share)) ** 2
    y = np.where(visible, values - 1 - share, 2.0)
    root = np.sqrt(np.maximum(y**2 - 4 * share, 0.0))
    return np.where(visible, np.sqrt((y + root) / 2), 0.0)


def overlaps(strength: npt.ArrayLike, ratio: npt.ArrayLike, /) -> Overlaps:
    r"""
    Compute the overlap of the singular vectors of a spike with those of its signal.

    Parameters
    ----------
    strength : array_like
        Singular values of the signal, in units of :math:`\sigma \sqrt N`.
    ratio : array_like
        M/N, above 0 and at most 1.

    Returns
    -------
    Overlaps
        Squared cosines :math:`1 - \gamma (1 + \theta^2) / (\theta^2 (\theta^2 + \gamma))` along
        the shorter side and :math:`1 - (\gamma + \theta^2) / (\theta^2 (\theta^2 + 1))` along the
        longer side; 0 for strengths up to the limit.

    Raises
    ------
    ArgumentError
        If `ratio` is out of range.

    Examples
    --------
    >>> overlaps([1.0, 2.0], 1.0).short
    array([0.  , 0.75])
    """
    share = _ratios(ratio)
    square = np.maximum(_checks.as_real(strength, "strength"), limit(share)) ** 2
    short = np.asarray(1 - share * (1 + square) / (square * (square + share)))
    long = np.asarray(1 - (share + square) / (square * (square + 1)))
    return Overlaps(short.clip(min=0), long.clip(min=0))
