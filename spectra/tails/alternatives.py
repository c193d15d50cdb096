r"""
Alternative laws for a tail, and likelihood-ratio tests against the power law.

All laws describe x above xmin, have their usual parameters, and are fitted by maximum likelihood in
terms of the log-excess z = ln(x / xmin). The lognormal, the stretched exponential and the truncated
power law contain the power law as a limit (mu to minus infinity, beta to 0, Lambda to 0): their
likelihood is never lower than the likelihood of the power law, and where the limit is likeliest
they are the power law. Only the exponential does not contain the power law.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal, NamedTuple, get_args

import numpy as np

import spectra._checks as _checks
import spectra.tails.truncated_power_law as _truncated
from spectra.errors import ArgumentError
from spectra.tails.options import fixed_threshold
from spectra.tails.samples import logarithms, prepare

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    import numpy.typing as npt

    from spectra._typing import FloatArray

__all__ = ["AlternativeFit", "Law", "Vuong", "compare", "fit", "vuong"]

Law = Literal[
    "power_law", "exponential", "lognormal", "stretched_exponential", "truncated_power_law"
]
"""Names of the laws."""

_LIMIT = -100.0  # mean over standard deviation of ln(x / xmin) where a lognormal is a power law
_FARTHEST = 1e6  # largest value that the searches try


class AlternativeFit(NamedTuple):
    """
    Fit of a law to a tail.

    Examples
    --------
    >>> round(fit([1.0, 2.0, 4.0], law="exponential", xmin=1.0).parameters["Lambda"], 4)
    0.75
    """

    parameters: Mapping[str, float]
    """Parameters by their names in the powerlaw package; infinite or 0 at the power-law limit."""
    log_likelihoods: FloatArray
    """Logarithm of the density at each datum of the tail, in ascending order of the data."""


class Vuong(NamedTuple):
    """
    Likelihood-ratio test between two laws.

    Examples
    --------
    >>> Vuong._fields
    ('ratio', 'R', 'p')
    """

    ratio: float
    """Difference of the log-likelihoods of all data; positive if the first law is likelier."""
    R: float
    """`ratio` over its standard deviation: a standard normal number if neither law is better."""
    p: float
    """Probability of a ratio at least as far from 0 if neither law is better; 1 for equal laws."""


def _power_law(z: FloatArray) -> tuple[dict[str, float], FloatArray]:
    rate = 1 / z.mean()
    return {"alpha": 1 + rate}, math.log(rate) - rate * z


def _exponential(z: FloatArray) -> tuple[dict[str, float], FloatArray]:
    largest = float(z.max())
    growth = np.exp(z - largest) - math.exp(-largest)  # x / xmin - 1, over its largest
    mean = float(growth.mean())
    log_rate = -math.log(mean) - largest
    return {"Lambda": math.exp(log_rate)}, log_rate - growth / mean + z


def _moments_of_normal_above_0(mean: float) -> tuple[float, float]:
    """Return E(t) and E(t^2)/E(t)^2 of a normal variable of variance 1, truncated below 0."""
    from scipy.special import erfcx

    first = mean + math.sqrt(2 / math.pi) / erfcx(-mean / math.sqrt(2))
    return first, (1 + mean * first) / first**2


def _lognormal(z: FloatArray) -> tuple[dict[str, float], FloatArray]:
    """Fit a normal law of z truncated below 0; the ratio E(z^2) / E(z)^2 fixes its shape."""
    from scipy.optimize import brentq
    from scipy.special import log_ndtr

    target = float(np.mean(z**2) / z.mean() ** 2)
    if target >= _moments_of_normal_above_0(_LIMIT)[1]:
        return {"mu": -math.inf, "sigma": math.inf}, _power_law(z)[1]
    if target <= _moments_of_normal_above_0(_FARTHEST)[1]:
        mean = _FARTHEST
    else:
        mean = brentq(
            lambda m: _moments_of_normal_above_0(m)[1] - target, _LIMIT, _FARTHEST, xtol=1e-12
        )
    scale = _moments_of_normal_above_0(mean)[0] / z.mean()
    normal = -((scale * z - mean) ** 2) / 2 - math.log(2 * math.pi) / 2 - log_ndtr(mean)
    return {"mu": mean / scale, "sigma": 1 / scale}, normal + math.log(scale)


def _stretched_exponential(z: FloatArray) -> tuple[dict[str, float], FloatArray]:
    """Fit a Weibull law above xmin: ``(exp(beta z) - 1) / beta`` is exponential."""
    from scipy.optimize import brentq

    t = z / z.mean()
    largest = float(t.max())

    def stretched(beta: float) -> FloatArray:
        """Return ``(exp(beta t) - 1) / beta``, divided by ``exp(beta * largest)``."""
        value: FloatArray = (np.exp(beta * (t - largest)) - math.exp(-beta * largest)) / beta
        return value

    def slope(beta: float) -> float:
        """Return the derivative of the mean log-likelihood in beta, at the best scale."""
        s = stretched(beta)
        return 1 - float(np.mean((t * np.exp(beta * (t - largest)) - s) / beta) / s.mean())

    low, high = 1e-4, 1.0  # below `low`, beta is 0, the power law, to within rounding
    if slope(low) <= 0:
        return {"Lambda": math.inf, "beta": 0.0}, _power_law(z)[1]
    while slope(high) > 0 and high < _FARTHEST:
        high *= 2
    best = brentq(slope, low, high, xtol=1e-12) if slope(high) < 0 else high
    s, beta = stretched(best), best / z.mean()
    log_rate = -math.log(s.mean() * z.mean()) - best * largest
    # survival exp(-(Lambda x)**beta), in units of xmin
    scale = float(np.exp((log_rate - math.log(beta)) / beta))
    parameters = {"Lambda": scale, "beta": float(beta)}
    return parameters, log_rate + beta * z - s / s.mean()


def _truncated_power_law(z: FloatArray) -> tuple[dict[str, float], FloatArray]:
    means = np.array([z.mean()]), np.array([np.expm1(z).mean()])
    rate, cutoff = (float(value[0]) for value in _truncated.most_likely(*means))
    parameters = {"alpha": 1 + rate, "Lambda": cutoff}
    return parameters, _truncated.log_density(z, rate, cutoff)


_LAWS: dict[str, Callable[[FloatArray], tuple[dict[str, float], FloatArray]]] = {
    "power_law": _power_law,
    "exponential": _exponential,
    "lognormal": _lognormal,
    "stretched_exponential": _stretched_exponential,
    "truncated_power_law": _truncated_power_law,
}


def _in_units(parameters: dict[str, float], xmin: float) -> dict[str, float]:
    """Convert parameters of the law of ``x / xmin`` to parameters of the law of x."""
    scaled = {"Lambda": lambda v: v / xmin, "mu": lambda v: v + math.log(xmin)}
    return {k: float(scaled.get(k, float)(value)) for k, value in parameters.items()}


def _excess(eigenvalues: npt.ArrayLike, xmin: float) -> FloatArray:
    """Return ``ln(x / xmin)`` of the data from `xmin` up, ascending."""
    x, _, options = prepare(eigenvalues, xmin=float(xmin))
    log_x, scaled = logarithms(x[None], options)
    excess: FloatArray = log_x[0] - math.log(fixed_threshold(scaled["xmin"]) or 1.0)
    return excess


def _fit(z: FloatArray, law: Law) -> tuple[dict[str, float], FloatArray]:
    """Return the parameters for ``x / xmin``, and the log-density of z; ``nan`` without a fit."""
    if len(z) < 2 or not z[-1] > z[0]:
        return {}, np.full(len(z), math.nan)
    with np.errstate(all="ignore"):  # data too many orders of magnitude apart for the law
        return _LAWS[law](z)


def fit(eigenvalues: npt.ArrayLike, /, *, law: Law, xmin: float) -> AlternativeFit:
    r"""
    Fit a law to the tail above a threshold, by maximum likelihood.

    Parameters
    ----------
    eigenvalues : array_like, shape (n,), or Spectrum
        Data in any order and unit.
    law : {"power_law", "exponential", "lognormal", "stretched_exponential", "truncated_power_law"}
        Name of the law.
    xmin : float
        Start of the tail, for instance from a power-law fit.

    Returns
    -------
    AlternativeFit
        Parameters, and the log-likelihood of each datum from `xmin` up. With fewer than two
        different data, no parameters and ``nan``.

    Raises
    ------
    ArgumentError
        If `law` is unknown, or `xmin` is not positive.

    See Also
    --------
    compare : All alternatives against the power law.

    Notes
    -----
    Densities above xmin, up to normalisation: :math:`x^{-\alpha}`; :math:`e^{-\Lambda x}`;
    :math:`x^{-1} e^{-(\ln x - \mu)^2 / 2 \sigma^2}`;
    :math:`x^{\beta - 1} e^{-(\Lambda x)^\beta}`; :math:`x^{-\alpha} e^{-\Lambda x}`. Each fit
    is a problem in one variable, or a convex one, so that the maximum found is the only one;
    general optimizers, as in the powerlaw package, may stop before the maximum. The truncated power
    law has :math:`\alpha \ge 1` here, as in that package: it is a power law with a cut-off. For
    data that fall off faster than an exponential its likelihood without that bound has its maximum
    at a smaller, even negative alpha, and the exponential law, alpha 0, may be likelier than it.

    References
    ----------
    Clauset, Shalizi & Newman (2009), doi:10.1137/070710111, table 2.1.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.random.default_rng(0).lognormal(1.0, 0.5, 2000)
    >>> {k: round(v, 1) for k, v in fit(x, law="lognormal", xmin=0.5).parameters.items()}
    {'mu': 1.0, 'sigma': 0.5}
    """
    _checks.choice("law", law, get_args(Law))
    _checks.number("xmin", xmin, above=0, what="the start of the tail, a finite number")
    z = _excess(eigenvalues, xmin)
    parameters, density = _fit(z, law)
    with np.errstate(all="ignore"):
        return AlternativeFit(_in_units(parameters, xmin), density - z - math.log(xmin))


def vuong(one: npt.ArrayLike, other: npt.ArrayLike, /, *, nested: bool = False) -> Vuong:
    r"""
    Test which of two laws is likelier, by the likelihood ratio.

    Parameters
    ----------
    one, other : array_like, shape (n,)
        Log-likelihoods of the same data under each law.
    nested : bool, default: False
        Whether `one` is a special case of `other` with one parameter less; p is then from the test
        of Wilks, and 1 if the special case is the likeliest.

    Returns
    -------
    Vuong
        Log-likelihood ratio, normalised ratio and p-value; ``nan`` if a likelihood is not finite.

    Raises
    ------
    ArgumentError
        If `one` and `other` differ in shape.

    Notes
    -----
    :math:`R = \sum l_i / (\sigma \sqrt n)` for the differences :math:`l_i` of standard deviation
    :math:`\sigma` (divided by n), and :math:`p = \mathrm{erfc}(|R| / \sqrt 2)`; nested,
    :math:`p = P(\chi^2_1 > 2 |\sum l_i|)`.

    References
    ----------
    Vuong (1989), doi:10.2307/1912557. Clauset, Shalizi & Newman (2009), doi:10.1137/070710111,
    section 5 and appendix C.

    Examples
    --------
    >>> found = vuong([0.0, 1.0, 0.0, 1.0], [0.0, 0.0, 0.0, 0.0])
    >>> found.ratio, found.R, round(found.p, 4)
    (2.0, 2.0, 0.0455)
    """
    if np.shape(one) != np.shape(other):
        shapes = f"{np.shape(one)} and {np.shape(other)}"
        msg = f"`one` and `other` must be likelihoods of the same data, got shapes {shapes}"
        raise ArgumentError(msg)
    differences = np.subtract(one, other)
    if not np.isfinite(differences).all() or not differences.size:
        return Vuong(math.nan, math.nan, math.nan)
    ratio = float(differences.sum())
    spread = float(differences.std()) * math.sqrt(differences.size)
    R = ratio / spread if spread > 0 else math.copysign(math.inf, ratio) if ratio else 0.0
    p = math.erfc(math.sqrt(abs(ratio))) if nested else math.erfc(abs(R) / math.sqrt(2))
    return Vuong(ratio, R, p)


def compare(
    eigenvalues: npt.ArrayLike,
    /,
    *,
    xmin: float,
    laws: Iterable[Law] = get_args(Law)[1:],
) -> dict[Law, Vuong]:
    """
    Test the power law against every alternative on the same tail.

    Parameters
    ----------
    eigenvalues : array_like, shape (n,), or Spectrum
        Data in any order and unit.
    xmin : float
        Start of the tail, for instance from a power-law fit.
    laws : iterable of str, default: all but the power law
        Names of the alternatives, as in :func:`fit`.

    Returns
    -------
    dict of str to Vuong
        Test against each alternative; a positive ratio favours the power law.

    Raises
    ------
    ArgumentError
        If `xmin` is not positive, or a law is unknown.

    Notes
    -----
    The ratios do not depend on the unit of the data; with a factor that is a power of two they are
    the same to the last bit. The ratio against a law that contains the power law as a limit is
    never positive. It is 0, with a p of 1, where the likeliest law of that kind is the power law
    itself. The p of the truncated power law is from the nested test; the limits of the other two
    laws have no such test.

    References
    ----------
    Clauset, Shalizi & Newman (2009), doi:10.1137/070710111, section 5.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.random.default_rng(0).pareto(1.5, 1000) + 1
    >>> found = compare(x, xmin=1.0)
    >>> found["exponential"].R > 3, found["lognormal"].p > 0.1
    (True, True)
    """
    _checks.number("xmin", xmin, above=0, what="the start of the tail, a finite number")
    chosen = tuple(laws)
    for law in chosen:
        _checks.choice("law", law, get_args(Law))
    z = _excess(eigenvalues, xmin)
    plain = _fit(z, "power_law")[1]  # of z; the densities of x differ by the same factor
    return {
        law: vuong(plain, _fit(z, law)[1], nested=law == "truncated_power_law") for law in chosen
    }
