"""
Fit the Weibull law to the absolute values of the elements of a matrix.

References
----------
Rinne (2008), The Weibull Distribution, section 11.3.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

import spectra._checks as _checks
from spectra._spectral import in_blocks
from spectra.linalg.live_elements import evenly_spaced

if TYPE_CHECKING:
    import numpy.typing as npt

    from spectra._typing import FloatArray

__all__ = ["SHAPE_OF_NORMAL", "shape"]

SHAPE_OF_NORMAL = 1.26276
"""Shape of largest likelihood for infinitely many normal elements."""

_MOST = 1 << 19  # elements that are fitted: the error of the shape is then 0.001
_STEPS = 100
_OF_LOGS = math.pi / math.sqrt(6)  # shape times the standard deviation of the logarithms


def shape(W: npt.ArrayLike, /) -> float:
    r"""
    Estimate the shape of the Weibull law of the absolute values of the elements.

    Parameters
    ----------
    W : array_like
        Elements in weight units, of any number of axes. A matrix of a file is read in blocks.

    Returns
    -------
    float
        The shape k of :math:`P(|w| > x) = \exp(-(x / c)^k)` of largest likelihood, over the
        elements that are not zero: 1 for an exponential law (Laplace elements), 1.263 for normal
        elements, less for heavier tails; ``nan`` for fewer than two different absolute values.

    Raises
    ------
    ArgumentError
        If `W` is not an array of real numbers.

    Notes
    -----
    k solves :math:`\sum x^k \ln x / \sum x^k - 1/k = \overline{\ln x}`, whose left side grows with
    k, by Newton's method. From more than half a million elements evenly spaced ones are taken.

    Other estimators than that of largest likelihood give normal elements another shape; an
    article on trained layers has 1.20.

    References
    ----------
    arXiv:2605.18898, for the shapes of trained layers.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> [round(shape(draw(size=(400, 400))), 2) for draw in (rng.standard_normal, rng.laplace)]
    [1.26, 1.0]
    """
    x = np.abs(_sample(W))
    x = x[x > 0]
    if not len(x) or not np.isfinite(x).all() or x.min() == x.max():
        return math.nan
    mantissas, exponents = np.frexp(x)  # so that a power of two changes no bit
    logs = np.log(mantissas) + (exponents - exponents.max()) * math.log(2)
    logs -= logs.max()
    mean, spread = float(logs.mean()), float(logs.std())
    k = _OF_LOGS / spread if spread else math.nan
    for _ in range(_STEPS):
        powers = np.exp(k * logs)
        first = float(powers @ logs / powers.sum())
        variance = float(powers @ (logs - first) ** 2 / powers.sum())
        step = (first - 1 / k - mean) / (variance + 1 / k**2)
        k = max(k - step, k / 2)
        if not abs(step) >= 1e-10 * k:
            return k
    return math.nan


def _sample(W: npt.ArrayLike) -> FloatArray:
    """Return the elements, or evenly spaced ones of many; those of a matrix of a file in blocks."""
    parts = in_blocks(W)
    if parts is not None:
        return evenly_spaced(W, -(-math.prod(parts.shape) // _MOST) or 1)
    flat = (W if isinstance(W, np.ndarray) else _checks.real_numbers(W, "W")).ravel()
    return _checks.real_numbers(flat[:: -(-flat.size // _MOST) or 1], "W")
