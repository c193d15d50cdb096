r"""
Free probability: the spectra of sums of large matrices, and metrics derived from a spectrum.

Free cumulants are to large random matrices what cumulants are to independent numbers: those of a
sum are the sums. The R-transform :math:`R(z) = \sum_n k_n z^{n-1}` holds all of them. Its integral
up to an eigenvalue, summed over the eigenvalues, is a metric of a layer: which one depends on the
law that the layer is taken to follow, and R is the only thing to choose.
"""

from __future__ import annotations

import math
from functools import cache
from numbers import Integral, Real
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from spectra.errors import ArgumentError
from spectra.samples import real_numbers

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from spectra._typing import FloatArray

__all__ = [
    "LevyConvention",
    "capacity",
    "cauchy_R",
    "free_cumulants",
    "generating_function",
    "inverse_marchenko_pastur_R",
    "levy_R",
    "marchenko_pastur_R",
    "moments",
    "moments_from_cumulants",
    "series_R",
    "spikes_R",
    "truncated_power_law_cumulants",
    "wigner_R",
]

LevyConvention = Literal["setol", "2019"]
"""Which power of z follows from an exponent; see :func:`levy_R`."""

_LOBATTO, _LEGENDRE = 12, (15, 21)  # nodes of the rules that must agree
_INSIDE = 1e-12  # how far from an end, relative to the width, R is asked for
_AGREED = 1e-12  # their difference, relative to the integral of |R|
_HALVINGS = 1100  # from any number down to the smallest
_MOST = 1 << 14  # pieces at a time, beyond which R is taken for noise


def _check_number(name: str, value: object, *, above: float) -> None:
    real = isinstance(value, Real) and not isinstance(value, bool)
    if not (real and above < float(value) < math.inf):  # type: ignore[arg-type]
        wanted = "a finite number" if above == -math.inf else f"a finite number above {above:g}"
        msg = f"`{name}` must be {wanted}, got {value!r}"
        raise ArgumentError(msg)


def _check_count(name: str, value: object) -> None:
    if not isinstance(value, Integral) or isinstance(value, bool) or value < 1:
        msg = f"`{name}` must be a whole number, at least 1, got {value!r}"
        raise ArgumentError(msg)


def _one_dimensional(values: npt.ArrayLike, name: str) -> FloatArray:
    x = real_numbers(values, name)
    if x.ndim != 1:
        msg = f"`{name}` must be one-dimensional, got shape {x.shape}"
        raise ArgumentError(msg)
    return x


def moments(x: npt.ArrayLike, /, *, num: int) -> FloatArray:
    r"""
    Compute the moments of data about zero.

    Parameters
    ----------
    x : array_like, shape (n,)
        Data in any order and unit.
    num : int
        How many moments, at least 1.

    Returns
    -------
    ndarray, shape (num,)
        The means of :math:`x, x^2, \ldots`; ``nan`` if there are no data, ``inf`` beyond the range
        of float64.

    Raises
    ------
    ArgumentError
        If an argument is wrong.

    Notes
    -----
    Of the eigenvalues of a matrix they are its normalised traces. Of heavy-tailed eigenvalues the
    higher ones are little more than powers of the largest, and converge to nothing.

    Examples
    --------
    >>> moments([1.0, 2.0, 3.0], num=2)
    array([2.        , 4.66666667])
    """
    _check_count("num", num)
    data = _one_dimensional(x, "x")
    if not len(data):
        return np.full(num, np.nan)
    with np.errstate(over="ignore", invalid="ignore"):
        return np.array([np.mean(data**k) for k in range(1, num + 1)])


def _smaller_blocks(moments: FloatArray, cumulants: FloatArray, order: int) -> float:
    """Sum over the non-crossing partitions of `order` things into more than one block."""
    series = np.concatenate([[1.0], moments[: order - 1]])
    power, total = series, 0.0
    for size in range(1, order):  # of the first block; the power of the series fills its gaps
        total += float(cumulants[size - 1]) * float(power[order - size])
        power = np.convolve(power, series)[:order]
    return total


def free_cumulants(moments: npt.ArrayLike, /) -> FloatArray:
    r"""
    Compute the free cumulants that belong to moments.

    Parameters
    ----------
    moments : array_like, shape (n,)
        The first n moments about zero, see :func:`moments`.

    Returns
    -------
    ndarray, shape (n,)
        The first n free cumulants; ``nan`` or ``inf`` from the order on at which the moments are.

    Raises
    ------
    ArgumentError
        If `moments` is not one-dimensional.

    See Also
    --------
    moments_from_cumulants : The way back.

    Notes
    -----
    :math:`m_n = \sum_{s=1}^n k_s [z^{n-s}] M(z)^s` with :math:`M(z) = 1 + \sum_n m_n z^n`, solved
    for one cumulant after the other. They differ from the classical ones from the fourth on:
    :math:`k_4 = m_4 - 4 m_3 m_1 - 2 m_2^2 + 10 m_2 m_1^2 - 5 m_1^4`.

    Large terms cancel at high orders: of noise with M/N = 0.3, eight digits are left at order 10,
    three at order 15, none at 18. Only the first cumulant changes when data are shifted, so that a
    mean that is large beside the spread is better subtracted before.

    References
    ----------
    Voiculescu (1986), doi:10.1016/0022-1236(86)90062-5. Nica & Speicher (2006), Lectures on the
    Combinatorics of Free Probability, lecture 11.

    Examples
    --------
    >>> free_cumulants([0.0, 1.0, 0.0, 2.0, 0.0, 5.0])  # the semicircle
    array([0., 1., 0., 0., 0., 0.])
    """
    m = _one_dimensional(moments, "moments")
    k = np.zeros(len(m))
    with np.errstate(over="ignore", invalid="ignore"):
        for i in range(len(m)):
            k[i] = m[i] - _smaller_blocks(m, k, i + 1)
    return k


def moments_from_cumulants(cumulants: npt.ArrayLike, /) -> FloatArray:
    """
    Compute the moments that belong to free cumulants.

    Parameters
    ----------
    cumulants : array_like, shape (n,)
        The first n free cumulants.

    Returns
    -------
    ndarray, shape (n,)
        The first n moments about zero; ``nan`` or ``inf`` from the order on at which the cumulants
        are.

    Raises
    ------
    ArgumentError
        If `cumulants` is not one-dimensional.

    See Also
    --------
    free_cumulants : The way there.

    References
    ----------
    Nica & Speicher (2006), Lectures on the Combinatorics of Free Probability, lecture 11.

    Examples
    --------
    >>> moments_from_cumulants([1.0, 0.5, 0.25])  # noise with M/N = 0.5
    array([1.  , 1.5 , 2.75])
    """
    k = _one_dimensional(cumulants, "cumulants")
    m = np.zeros(len(k))
    with np.errstate(over="ignore", invalid="ignore"):
        for i in range(len(k)):
            m[i] = k[i] + _smaller_blocks(m, k, i + 1)
    return m


def series_R(z: npt.ArrayLike, cumulants: npt.ArrayLike, /) -> FloatArray:
    r"""
    Compute the R-transform from the first free cumulants.

    Parameters
    ----------
    z : array_like
        Where.
    cumulants : array_like, shape (n,)
        The first n free cumulants, at least one.

    Returns
    -------
    ndarray
        :math:`\sum_n k_n z^{n-1}`, of the shape of `z`; ``inf`` or ``nan`` beyond the range of
        float64.

    Raises
    ------
    ArgumentError
        If an argument is wrong.

    Notes
    -----
    A polynomial, even where the whole series diverges: at the largest of heavy-tailed eigenvalues
    its last term is all there is.

    Examples
    --------
    >>> series_R([0.0, 0.5], [1.0, 0.5, 0.25])
    array([1.    , 1.3125])
    """
    k = _one_dimensional(cumulants, "cumulants")
    if not len(k):
        msg = "`cumulants` must be at least one number, got none"
        raise ArgumentError(msg)
    with np.errstate(over="ignore", invalid="ignore"):
        return np.asarray(np.polynomial.polynomial.polyval(real_numbers(z, "z"), k), np.float64)


def wigner_R(z: npt.ArrayLike, /, *, variance: float = 1.0) -> FloatArray:
    r"""
    Compute the R-transform of the semicircle: a random symmetric matrix.

    Parameters
    ----------
    z : array_like
        Where.
    variance : float, default: 1.0
        Mean square of the eigenvalues.

    Returns
    -------
    ndarray
        :math:`\sigma^2 z`.

    Raises
    ------
    ArgumentError
        If an argument is wrong.

    See Also
    --------
    capacity : With this R, half the variance times the sum of squares.

    References
    ----------
    Voiculescu (1986), doi:10.1016/0022-1236(86)90062-5.

    Examples
    --------
    >>> wigner_R([0.0, 1.0], variance=2.0)
    array([0., 2.])
    """
    _check_number("variance", variance, above=0)
    with np.errstate(over="ignore"):
        return variance * real_numbers(z, "z")


def marchenko_pastur_R(z: npt.ArrayLike, /, *, ratio: float, variance: float = 1.0) -> FloatArray:
    r"""
    Compute the R-transform of the Marchenko-Pastur law: ``W.T @ W`` for noise W.

    Parameters
    ----------
    z : array_like
        Where.
    ratio : float
        M/N, above 0.
    variance : float, default: 1.0
        N times that of the elements: the mean eigenvalue.

    Returns
    -------
    ndarray
        :math:`\sigma^2 / (1 - \gamma \sigma^2 z)`; ``inf`` at the pole
        :math:`1 / (\gamma \sigma^2)` and ``nan`` beyond it, because no integral from below
        converges there.

    Raises
    ------
    ArgumentError
        If an argument is wrong.

    Notes
    -----
    The free cumulants are :math:`\sigma^{2n} \gamma^{n-1}`.

    References
    ----------
    Nica & Speicher (2006), Lectures on the Combinatorics of Free Probability, lecture 12.

    Examples
    --------
    >>> marchenko_pastur_R([0.0, 1.0, 2.0, 3.0], ratio=0.5)
    array([ 1.,  2., inf, nan])
    """
    _check_number("ratio", ratio, above=0)
    _check_number("variance", variance, above=0)
    with np.errstate(over="ignore", divide="ignore"):
        rest = np.asarray(1 - ratio * (variance * real_numbers(z, "z")))
        value: FloatArray = np.where(rest >= 0, variance / rest, np.nan)
    return value


def inverse_marchenko_pastur_R(z: npt.ArrayLike, /, *, Q: float) -> FloatArray:
    r"""
    Compute the R-transform of the inverse of noise, the mean eigenvalue being 1.

    Parameters
    ----------
    z : array_like
        Where.
    Q : float
        N/M of the noise, above 1.

    Returns
    -------
    ndarray
        :math:`(\kappa - \sqrt{\kappa (\kappa - 2 z)}) / z` with :math:`\kappa = (Q - 1) / 2`;
        beyond the branch point :math:`\kappa / 2` its real part, :math:`\kappa / z`.

    Raises
    ------
    ArgumentError
        If an argument is wrong.

    Notes
    -----
    The inverse has a tail like that of a power law. With it the metric of an eigenvalue beyond the
    branch point is :math:`\kappa \ln(\lambda / \lambda_{min})`.

    References
    ----------
    Martin & Hinrichs (2025), arXiv:2507.17912.

    Examples
    --------
    >>> inverse_marchenko_pastur_R([0.0, 0.5, 2.0], Q=3.0)
    array([1. , 2. , 0.5])
    """
    _check_number("Q", Q, above=1)
    kappa = (Q - 1) / 2
    x = np.asarray(real_numbers(z, "z"))
    with np.errstate(over="ignore", divide="ignore"):
        # the formula of the first line times its conjugate: nothing cancels near zero
        before = 2 / (1 + np.sqrt(np.maximum(1 - 2 * (x / kappa), 0.0)))
        value: FloatArray = np.where(2 * x > kappa, kappa / x, before)
    return value


def spikes_R(z: npt.ArrayLike, /, *, spikes: npt.ArrayLike, num: int) -> FloatArray:
    r"""
    Compute the R-transform of a few separate eigenvalues, to the lowest order in their share.

    Parameters
    ----------
    z : array_like
        Where.
    spikes : array_like, shape (k,)
        The eigenvalues.
    num : int
        Eigenvalues in all, at least 1; the others count as zero.

    Returns
    -------
    ndarray
        :math:`\sum_i \lambda_i / M` everywhere: the first free cumulant.

    Raises
    ------
    ArgumentError
        If an argument is wrong.

    References
    ----------
    Martin & Hinrichs (2025), arXiv:2507.17912.

    Examples
    --------
    >>> spikes_R([0.0, 1.0], spikes=[3.0, 5.0], num=4)
    array([2., 2.])
    """
    _check_count("num", num)
    level = np.sum(_one_dimensional(spikes, "spikes")) / num
    return np.full(np.shape(real_numbers(z, "z")), level)


def cauchy_R(
    z: npt.ArrayLike, /, *, location: float = 0.0, scale: float = 1.0
) -> npt.NDArray[np.complex128]:
    r"""
    Compute the R-transform of the Cauchy law.

    Parameters
    ----------
    z : array_like
        Where.
    location : float, default: 0.0
        Median a of the law.
    scale : float, default: 1.0
        Half width g of the law, above 0.

    Returns
    -------
    ndarray of complex
        :math:`a + i g` everywhere. Only the real part enters an integral of
        :func:`generating_function`.

    Raises
    ------
    ArgumentError
        If an argument is wrong.

    Notes
    -----
    The law has no moments, so that R holds no cumulants. Approached from the other half of the
    complex plane it is :math:`a - i g`.

    References
    ----------
    Martin & Hinrichs (2025), arXiv:2507.17912.

    Examples
    --------
    >>> cauchy_R([0.0, 1.0], location=2.0)
    array([2.+1.j, 2.+1.j])
    """
    _check_number("location", location, above=-math.inf)
    _check_number("scale", scale, above=0)
    return np.full(np.shape(real_numbers(z, "z")), complex(location, scale))


def levy_R(
    z: npt.ArrayLike, /, *, alpha: float, scale: float = 1.0, convention: LevyConvention = "setol"
) -> FloatArray:
    r"""
    Compute the R-transform of a heavy-tailed random matrix with a power-law exponent.

    Parameters
    ----------
    z : array_like
        Where, not negative.
    alpha : float
        Exponent of the density of eigenvalues, above 0.
    scale : float, default: 1.0
        The factor b, above 0.
    convention : {"setol", "2019"}, default: "setol"
        The power of z: alpha - 2 for ``"setol"``, where the index of the stable law is alpha - 1;
        alpha - 1 for ``"2019"``, where it is alpha.

    Returns
    -------
    ndarray
        :math:`b z^{\alpha - 2}` or :math:`b z^{\alpha - 1}`; ``inf`` at 0 if the power is negative,
        ``nan`` below 0 if it is not whole.

    Raises
    ------
    ArgumentError
        If an argument is wrong.

    See Also
    --------
    capacity : With this R, a Schatten norm.

    References
    ----------
    Martin & Hinrichs (2025), arXiv:2507.17912, for ``"setol"``. The older convention leads to the
    alpha-hat of Martin & Mahoney (2020), arXiv:1901.08278.

    Examples
    --------
    >>> levy_R([1.0, 2.0], alpha=3.0), levy_R([1.0, 2.0], alpha=3.0, convention="2019")
    (array([1., 2.]), array([1., 4.]))
    """
    if convention not in get_args(LevyConvention):
        msg = (
            f"`convention` must be one of {', '.join(get_args(LevyConvention))}, got {convention!r}"
        )
        raise ArgumentError(msg)
    _check_number("alpha", alpha, above=0)
    _check_number("scale", scale, above=0)
    power = alpha - 2 if convention == "setol" else alpha - 1
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        return scale * real_numbers(z, "z") ** power


def truncated_power_law_cumulants(
    alpha: float, lower: float, upper: float, /
) -> tuple[float, float]:
    r"""
    Compute the first two free cumulants of a power law between two ends.

    Parameters
    ----------
    alpha : float
        Exponent of the density :math:`p(x) \sim x^{-\alpha}`, above 0.
    lower : float
        Where the law starts, above 0.
    upper : float
        Where it ends, above `lower`.

    Returns
    -------
    k1 : float
        The mean.
    k2 : float
        The variance. Digits are lost if the ends are close: at a relative distance d the relative
        error is about 1e-15 over the square of d.

    Raises
    ------
    ArgumentError
        If an argument is out of range.

    Notes
    -----
    :math:`m_j = I_j / I_0` with :math:`I_j = \int_a^b x^{j - \alpha} dx`, which is a logarithm if
    :math:`\alpha = j + 1`. Without an end there is no mean for :math:`\alpha \le 2` and no variance
    for :math:`\alpha \le 3`.

    References
    ----------
    Martin & Hinrichs (2025), arXiv:2507.17912, for alpha 2, 3 and 4.

    Examples
    --------
    >>> [round(k, 6) for k in truncated_power_law_cumulants(2.0, 1.0, 10.0)]
    [2.558428, 3.454447]
    """
    from scipy.special import exprel

    _check_number("alpha", alpha, above=0)
    _check_number("lower", lower, above=0)
    _check_number("upper", upper, above=lower)
    length = math.log1p((upper - lower) / lower)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        # in units of lower, over ln(x / lower): exprel(u) = (e^u - 1) / u, 1 at the logarithms
        norm, first, second = exprel((np.array([1.0, 2.0, 3.0]) - alpha) * length)
        mean = first / norm
        spread = second / norm - mean**2
        return float(lower * mean), float(lower * (lower * spread))


@cache
def _rules() -> list[tuple[FloatArray, FloatArray]]:
    """Return nodes and weights of rules on 0 to 1, the best last."""
    # the ends of a Lobatto rule see a step or branch point that all nodes of the others lie beyond,
    # the middle of a Legendre rule a pole there, whose sides cancel; two may agree by chance
    last = np.polynomial.Legendre.basis(_LOBATTO - 1)
    nodes = np.concatenate([[-1.0], np.sort(last.deriv().roots().real), [1.0]])
    rules = [(nodes, 2 / (_LOBATTO * (_LOBATTO - 1) * last(nodes) ** 2))]
    rules += [np.polynomial.legendre.leggauss(num) for num in _LEGENDRE]
    inside = (_INSIDE, 1 - _INSIDE)
    return [(np.clip((nodes + 1) / 2, *inside), weights / 2) for nodes, weights in rules]


def _real(r: Callable[[FloatArray], npt.ArrayLike], z: FloatArray) -> FloatArray:
    value: FloatArray = np.broadcast_to(np.real(np.asarray(r(z))), z.shape).astype(np.float64)
    return value


def _integrate(
    r: Callable[[FloatArray], npt.ArrayLike], start: FloatArray, width: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Integrate R by all rules: the best, how far the others are from it, and that of abs(R)."""
    found: list[FloatArray] = []
    for nodes, weights in _rules():
        z = start[:, None] + width[:, None] * nodes
        values = _real(r, z.ravel()).reshape(z.shape)
        found.append(width * (values @ weights))
    *others, best = found
    doubt = np.max([np.abs(other - best) for other in others], axis=0)
    return best, doubt, np.abs(width) * (np.abs(values) @ weights)


def _pieces(
    r: Callable[[FloatArray], npt.ArrayLike], start: FloatArray, end: FloatArray
) -> FloatArray:
    """Integrate from each start to its end, halved while the rules differ; ``nan`` if in vain."""
    total, owner, whole = np.zeros(len(start)), np.arange(len(start)), None
    most = _MOST + 2 * len(start)
    for _ in range(_HALVINGS):
        best, doubt, size = _integrate(r, start, end - start)
        whole = size if whole is None else whole
        total[owner[~np.isfinite(size)]] = np.nan
        settled = doubt <= _AGREED * whole[owner]
        np.add.at(total, owner[settled], best[settled])
        left = ~settled & np.isfinite(total[owner])
        owner, start, end = owner[left], start[left], end[left]
        if not 0 < len(owner) < most:
            break
        middle = start + (end - start) / 2
        start, end = np.concatenate([start, middle]), np.concatenate([middle, end])
        owner = np.concatenate([owner, owner])
    total[owner] = np.nan
    return total


def _outward(
    r: Callable[[FloatArray], npt.ArrayLike], lower: float, points: FloatArray
) -> FloatArray:
    """Integrate from `lower` to each of the points, which lie one beyond the other."""
    start = np.concatenate([[lower], points[:-1]])
    # over nothing the integral is 0, even where R is not finite
    pieces = np.where(start == points, 0.0, _pieces(r, start, points))
    return np.asarray(np.cumsum(pieces), np.float64)


def generating_function(
    x: npt.ArrayLike, r: Callable[[FloatArray], npt.ArrayLike], /, *, lower: float = 0.0
) -> FloatArray:
    r"""
    Integrate an R-transform up to each of some values.

    Parameters
    ----------
    x : array_like
        Upper limits, in any order and of any shape.
    r : callable
        R, from a one-dimensional array to an array of as many or one number; of complex ones the
        real part counts.
    lower : float, default: 0.0
        Lower limit of all integrals.

    Returns
    -------
    ndarray
        :math:`G(x) = \int_{lower}^{x} \Re R(z) dz`, of the shape of `x`, with an error below
        1e-9 of the integral of the absolute value; ``nan`` where the integral does not converge,
        where R is not finite on the way, and where `x` is not.

    Raises
    ------
    ArgumentError
        If an argument is wrong.

    See Also
    --------
    capacity : The sum.

    Notes
    -----
    A Gauss-Lobatto rule of 12 nodes and Gauss-Legendre rules of 15 and 21 must agree between
    neighbouring values; where they do not, as at a branch point, the interval is halved until they
    do or it vanishes. Integrals that hardly converge, of powers of z below -0.9, are ``nan`` too.

    References
    ----------
    Tanaka (2008), doi:10.1088/1742-6596/95/1/012002.

    Examples
    --------
    >>> generating_function([1.0, 2.0], wigner_R)
    array([0.5, 2. ])
    """
    _check_number("lower", lower, above=-math.inf)
    values = np.asarray(real_numbers(x, "x"))
    found = np.full(values.shape, np.nan)
    finite = np.isfinite(values)
    with np.errstate(over="ignore", invalid="ignore"):
        for side, step in ((finite & (values >= lower), 1), (finite & (values < lower), -1)):
            points, place = np.unique(values[side], return_inverse=True)
            if len(points):
                found[side] = _outward(r, float(lower), points[::step])[::step][place]
    return found


def capacity(
    eigenvalues: npt.ArrayLike, r: Callable[[FloatArray], npt.ArrayLike], /, *, lower: float = 0.0
) -> float:
    r"""
    Compute the metric that follows from an R-transform.

    Parameters
    ----------
    eigenvalues : array_like, shape (n,)
        Those of the tail, or all.
    r : callable
        R, as in :func:`generating_function`.
    lower : float, default: 0.0
        Where the integrals start; the smallest eigenvalue of the tail in the paper.

    Returns
    -------
    float
        :math:`\sum_i G(\lambda_i)`; ``nan`` if one of the integrals does not converge, 0 if there
        are no eigenvalues.

    Raises
    ------
    ArgumentError
        If an argument is wrong.

    Notes
    -----
    For a large matrix A of size N that follows the law of R, and X of small rank with the given
    eigenvalues, it is the limit of :math:`N^{-1} \ln E\, e^{N \operatorname{Tr} X U A U^*}` over
    all rotations U. That holds for small eigenvalues; beyond, the formula is carried on. In the
    second paper it is the square of the quality of a layer, the tail of which takes the place of X.

    With the R of

    * the semicircle it is :math:`\sigma^2 / 2` times the sum of squares: the squared Frobenius norm
      of the matrix with these eigenvalues, or of W if its singular values are given;
    * the heavy-tailed law, convention ``"2019"``, it is :math:`(b / \alpha) \sum_i
      \lambda_i^\alpha`, the Schatten norm of :func:`spectra.norms.log_schatten`, whose logarithm is
      about :math:`\alpha \log \lambda_{max}`: alpha-hat;
    * the inverse Marchenko-Pastur law, from a `lower` beyond the branch point, it is
      :math:`\kappa \sum_i \ln(\lambda_i / lower)`.

    References
    ----------
    Tanaka (2008), doi:10.1088/1742-6596/95/1/012002. Martin & Hinrichs (2025), arXiv:2507.17912.

    Examples
    --------
    >>> capacity([1.0, 2.0], lambda z: wigner_R(z, variance=2.0))
    5.0
    """
    x = _one_dimensional(eigenvalues, "eigenvalues")
    with np.errstate(over="ignore", invalid="ignore"):
        return float(np.sum(generating_function(x, r, lower=lower)))
