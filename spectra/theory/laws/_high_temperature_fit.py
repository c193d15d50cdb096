"""A fit of the Marchenko-Pastur law at high temperature to eigenvalues."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

import spectra._checks as _checks
from spectra.errors import ArgumentError
from spectra.theory.laws._high_temperature import MOST, MOST_LEVELS, high_temperature, least

if TYPE_CHECKING:
    import numpy.typing as npt

    from spectra._typing import FloatArray
    from spectra.theory.laws._law import Law

__all__ = ["HighTemperatureFit", "fit_high_temperature"]

_AT_LIMIT = 1e-2  # relative distance of the repulsion from its limits
_STEP = 1e-3  # of derivatives, in logarithms of the parameters


class HighTemperatureFit(NamedTuple):
    """
    Fitted law with its parameters, their standard errors, and the logarithm of the likelihood.

    ``at_limit`` says that the best repulsion is the least or the greatest that the law can have, so
    that a number beyond it may fit as well or better; `repulsion_error` says nothing then.

    Examples
    --------
    >>> HighTemperatureFit._fields[1:4]
    ('ratio', 'repulsion', 'mean')
    """

    law: Law
    ratio: float
    repulsion: float
    mean: float
    repulsion_error: float
    mean_error: float
    log_likelihood: float
    at_limit: bool


def fit_high_temperature(
    eigenvalues: npt.ArrayLike,
    /,
    *,
    ratio: float,
    inverse: bool = False,
    num: int = 30,
    rng: int | np.random.Generator | None = None,
) -> HighTemperatureFit:
    r"""
    Fit the Marchenko-Pastur law at high temperature, or its inverse, to eigenvalues.

    Parameters
    ----------
    eigenvalues : array_like, shape (n,)
        Eigenvalues above 0, in any order.
    ratio : float
        Columns over rows, between 0 and 1, which is not fitted: at a small repulsion only the
        product of the repulsion and ``1 / ratio - 1`` can be told from eigenvalues.
    inverse : bool, default: False
        Fit the law of 1/x, which has a power law at the upper end. `repulsion` and `mean` are
        those of the law of the inverted eigenvalues.
    num : int, default: 30
        Number of spectra that are drawn from the fitted law for the standard errors.
    rng : int, numpy.random.Generator or None, default: None
        Seed or generator of the random numbers; None draws different ones each time.

    Returns
    -------
    HighTemperatureFit
        The law, repulsion and mean of the greatest likelihood, and their standard errors;
        `at_limit` is true where the repulsion is at a limit of the law.

    Raises
    ------
    ArgumentError
        If there are fewer than 10 eigenvalues, some are not above 0, or `ratio` is out of range.

    See Also
    --------
    high_temperature : Make the law, with its limits.

    Notes
    -----
    The likelihood takes the eigenvalues as independent, as Hodgkinson and others do. They repel
    each other, and fluctuate less: errors from the curvature of the likelihood would be too large.
    Here they are a sandwich: the variance of the score is that of `num` spectra drawn from the
    model itself. They are standard errors only for eigenvalues that come from such a model.
    Repulsions stay inside the limits of the law (see :func:`high_temperature`); where the best one
    is at a limit, ``at_limit`` is true: eigenvalues that repel each other more, as those of
    ordinary matrices, may follow :func:`marchenko_pastur`.

    References
    ----------
    Hodgkinson and others (2025), arXiv:2506.03470. White (1982), doi:10.2307/1912526, for the
    sandwich.

    Examples
    --------
    >>> from spectra.theory import laws
    >>> drawn = laws.high_temperature(0.5, repulsion=10.0).spectra(400, rng=0)[0]
    >>> fit = fit_high_temperature(drawn, ratio=0.5, rng=1)
    >>> round(fit.repulsion), round(fit.mean, 2), fit.repulsion_error < 2
    (10, 0.98, True)
    """
    values = _checks.one_dimensional(eigenvalues, "eigenvalues")
    _checks.number("ratio", ratio, above=0, below=1)
    _checks.count("num", num, at_least=2)
    if len(values) < 10 or not (np.isfinite(values) & (values > 0)).all():
        msg = (
            "`eigenvalues` must be at least 10 finite numbers above 0, got "
            f"{len(values)}, the least {values.min(initial=math.inf):g}; leave zeros out"
        )
        raise ArgumentError(msg)
    g, unit = float(ratio), float(np.exp(np.mean(np.log(values))))
    scaled = unit / values if inverse else values / unit
    bounds = [
        (math.log(1.001 * least(g)), math.log(0.999 * min(MOST, MOST_LEVELS * g))),
        (-60.0, 60.0),
    ]
    best = _maximum(scaled, g, bounds)
    errors = _errors(best, g, bounds, len(values), num, _checks.generator(rng))
    repulsion, mean = np.exp(best).tolist()
    law = high_temperature(g, repulsion=repulsion, mean=mean)
    law = law.inverse().scaled(unit) if inverse else law.scaled(unit)
    moved = mean / unit if inverse else mean * unit
    slope = np.log(values**2 / unit if inverse else np.full(len(values), unit))
    return HighTemperatureFit(
        law,
        g,
        repulsion,
        moved,
        repulsion * float(errors[0]),
        moved * float(errors[1]),
        float(np.sum(_log_densities(scaled, g, best) - slope)),
        bool(np.min(np.abs(np.subtract(bounds[0], best[0]))) < _AT_LIMIT),
    )


def _log_densities(x: FloatArray, ratio: float, at: FloatArray) -> FloatArray:
    """Return logarithms of the density, for logarithms of the repulsion and of the mean."""
    repulsion, mean = np.exp(at).tolist()
    heights = high_temperature(ratio, repulsion=repulsion, mean=mean).pdf(x)
    logarithms: FloatArray = np.log(np.maximum(heights, 1e-300))
    return logarithms


def _maximum(x: FloatArray, ratio: float, bounds: list[tuple[float, float]]) -> FloatArray:
    """Return logarithms of the repulsion and of the mean at the greatest likelihood."""
    from scipy.optimize import minimize

    def loss(at: FloatArray) -> float:
        return -float(np.mean(_log_densities(x, ratio, at)))

    mean = math.log(float(np.mean(x)))
    low, high = bounds[0]
    starts = [np.array([k, mean]) for k in np.linspace(low, high, 9)[1:-1]]
    start = min(starts, key=loss)
    simplex = start + np.array([[0.0, 0.0], [0.3, 0.0], [0.0, 0.1]])
    options = {"initial_simplex": np.clip(simplex, *np.transpose(bounds)), "xatol": 1e-5}
    found = minimize(loss, start, method="Nelder-Mead", bounds=bounds, options=options)
    return np.asarray(found.x, np.float64)


def _errors(
    best: FloatArray,
    ratio: float,
    bounds: list[tuple[float, float]],
    size: int,
    num: int,
    rng: np.random.Generator,
) -> FloatArray:
    """Return relative standard errors: the spread of scores of drawn spectra, by the curvature."""
    centre = np.clip(best, bounds[0][0] + _STEP, bounds[0][1] - _STEP)
    centre[1] = best[1]
    repulsion, mean = np.exp(centre).tolist()
    law = high_temperature(ratio, repulsion=repulsion, mean=mean)
    drawn = np.maximum(law.spectra(size, num=num, rng=rng), 1e-290)
    slopes = []
    for step in _STEP * np.eye(2):
        above, below = (_log_densities(drawn, ratio, centre + sign * step) for sign in (1, -1))
        slopes.append((above - below) / (2 * _STEP))
    information = np.mean([[s * t for s in slopes] for t in slopes], axis=(2, 3))
    scores = np.mean(slopes, axis=2)  # of each spectrum
    inverse = np.linalg.inv(information)
    covariance = inverse @ np.cov(scores) @ inverse
    return np.sqrt(np.diag(covariance))
