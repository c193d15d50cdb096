r"""
Spherical integrals: the mean of an exponential of two matrices over all rotations of one of them.

With the eigenvalues a of a matrix A and b of a matrix B of the same size,

.. math:: I(a, b) = E \exp \operatorname{tr}(A U B U^*) = E \exp \sum_{ij} a_i b_j |U_{ij}|^2,

where U is uniform over the orthogonal (beta = 1) or the unitary (beta = 2) matrices. For unitary
matrices the integral of Harish-Chandra, Itzykson and Zuber is a determinant; for a matrix A of rank
one it is an integral over one number; otherwise it is a mean over random rotations. The functions
have no limit of large size in them: that limit is the sum of
:func:`spectra.theory.free_probability.generating_function`.
"""

from __future__ import annotations

import math
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal, localcontext
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np

import spectra._checks as _checks
from spectra.errors import ArgumentError
from spectra.theory.ensembles._drawing import orthonormal, unitary

if TYPE_CHECKING:
    import numpy.typing as npt

    from spectra._typing import AnyArray, FloatArray, Numbers

__all__ = ["log_rank_one", "log_unitary", "overlaps"]

_NODES = np.linspace(0, 1, 301)  # of the path, from the saddle to its end
_BEND = 0.5  # of the path to the left; below 1 the integrand falls all along it, whatever b is
_AT_ONCE = 10_000  # eigenvalues in an array
_LARGE = 10.0  # argument of Stirling's series
_BERNOULLI = (1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360, 1 / 156)
_FALL = 45.0  # of the logarithm of the integrand, along the path
_DIGITS = 50  # of the determinant at least, beside those that small differences take away
_SHORT = Context(prec=40, Emax=MAX_EMAX, Emin=MIN_EMIN)  # for logarithms, which are only added
_BETAS = (0.05, 1000.0)  # for which the path has nodes enough
_MOST = 1e150  # product of strength and eigenvalue, whose square is a float
_LARGEST = 1e17  # exponent of e whose power is a decimal number
_WORK = 7e9  # of a determinant, in about the products of a digit
_AGREED = 1e-13  # difference of two precisions, relative to the logarithm or to 1


def _finite(values: npt.ArrayLike, name: str) -> FloatArray:
    found = _checks.one_dimensional(values, name)
    if not len(found) or not np.isfinite(found).all():
        msg = f"`{name}` must be one or more finite numbers, got {values!r}"
        raise ArgumentError(msg)
    return found


def _pair(a: npt.ArrayLike, b: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
    one, other = _finite(a, "a"), _finite(b, "b")
    if len(one) != len(other):
        msg = f"`a` and `b` must be of the same length, got {len(one)} and {len(other)}"
        raise ArgumentError(msg)
    return one, other


def _check_exponents(one: FloatArray, other: FloatArray, names: str, most: float) -> None:
    """Refuse eigenvalues whose products are too large to compute with."""
    largest = float(np.abs(one).max(initial=0.0)) * float(np.abs(other).max(initial=0.0))
    if not largest <= most:
        msg = f"products of {names} must be at most {most:.3g} in size, got {largest:.3g}"
        raise ArgumentError(msg)


def _at_saddle(y: FloatArray, beta: float) -> float:
    """Return the logarithm of the mean of exp(sum of y u^2) over all unit vectors u."""
    half, d = beta / 2, y.max() - y
    total = half * len(y)
    low, high = half, total  # the saddle, right of all singularities at -d
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if half * np.sum(1 / (middle + d)) > 1 else (low, middle)
    width = (half * np.sum((high + d) ** -2.0)) ** -0.5

    def step(v: FloatArray) -> AnyArray:
        return np.asarray(width * (1j * np.sinh(v) - _BEND * (np.cosh(v) - 1)))

    def falls(v: FloatArray) -> AnyArray:  # of the exponent from its value at the saddle
        found = step(v)
        for part in np.array_split(high + d, -(-len(d) // _AT_ONCE)):
            found = found - half * np.log1p(step(v)[:, None] / part).sum(axis=1)
        return np.asarray(found)

    end = 1.0
    while falls(np.array([end]))[0].real > -_FALL:
        end *= 1.25
    v = end * _NODES
    values = (width * (np.cosh(v) + 1j * _BEND * np.sinh(v)) * np.exp(falls(v))).real
    integral = (values.sum() - values[0] / 2) * v[1] / np.pi
    shift = high + y.max() - total  # of the saddle, from where it is for y = 0
    top = shift - half * np.log1p((shift - y) / total).sum()
    return float(_stirling(total) + top + math.log(integral / math.sqrt(total)))


def _stirling(x: float) -> float:
    """Return ln Gamma(x) - (x - 1/2) ln(x) + x, to float64."""
    if x < _LARGE:
        return math.lgamma(x) - (x - 0.5) * math.log(x) + x
    return math.log(2 * math.pi) / 2 + sum(c / x ** (2 * k + 1) for k, c in enumerate(_BERNOULLI))


def log_rank_one(
    strength: npt.ArrayLike, eigenvalues: npt.ArrayLike, /, *, beta: float = 1.0
) -> Numbers:
    r"""
    Compute the spherical integral of a matrix and a matrix of rank one, at any beta.

    Parameters
    ----------
    strength : array_like
        The eigenvalue :math:`\theta` of the matrix of rank one, of either sign.
    eigenvalues : array_like, shape (n,)
        The eigenvalues b of the other matrix, in any order.
    beta : float, default: 1.0
        1 for real, 2 for complex vectors; any number from 0.05 to 1000.

    Returns
    -------
    float or ndarray
        :math:`\ln E \exp(\theta \, u^* B u)` over all unit vectors u, of the shape of `strength`,
        to about 1e-12 of the logarithm or of 1, whichever is larger, for beta n up to 1e5.

    Raises
    ------
    ArgumentError
        If an argument is out of range or of a wrong type.

    See Also
    --------
    log_unitary : The same for a matrix of any rank, at beta 2.

    Notes
    -----
    With :math:`\kappa = \beta n / 2` the mean is

    .. math:: \frac{\Gamma(\kappa)}{2 \pi i} \int e^s \prod_j (s - \theta b_j)^{-\beta/2} ds

    along a path around all singularities; a hyperbola through the saddle is used. For large n,
    :math:`\frac{2}{\beta n}` times the logarithm at :math:`\beta n \theta / 2` tends to
    :math:`\int_0^\theta R(z) dz` as long as :math:`\theta \le G(b_{max})`, with the Stieltjes
    transform G, and grows with the slope :math:`b_{max} - 1/\theta` beyond.

    References
    ----------
    Guionnet & Maida (2005), doi:10.1016/j.jfa.2004.09.015, for the limit.

    Examples
    --------
    >>> log_rank_one([1.0, 2.0], [0.0, 1.0], beta=2).round(6)
    array([0.541325, 1.161439])
    >>> np.log((np.exp([1.0, 2.0]) - 1) / [1.0, 2.0]).round(6)
    array([0.541325, 1.161439])
    """
    b = _finite(eigenvalues, "eigenvalues")
    _checks.number("beta", beta, at_least=_BETAS[0], at_most=_BETAS[1])
    theta = _checks.numbers("strength", strength)
    _check_exponents(np.ravel(theta), b, "`strength` and `eigenvalues`", _MOST)
    found = [_at_saddle(each * b, float(beta)) for each in np.ravel(theta)]
    return np.reshape(found, np.shape(theta)) if np.ndim(theta) else found[0]


def _repeats(values: FloatArray) -> list[tuple[Decimal, int]]:
    """Return each value, descending, with the number of equal values before it."""
    groups = (list(same) for _, same in groupby(sorted(values.tolist(), reverse=True)))
    return [(Decimal(value), before) for same in groups for before, value in enumerate(same)]


def _power(x: Decimal, power: int) -> Decimal:
    return x**power if power else Decimal(1)


def _element(a: tuple[Decimal, int], b: tuple[Decimal, int]) -> Decimal:
    """Return the derivative of exp(a b) by a and by b, as often as each is a repetition."""
    (x, r), (y, s) = a, b
    factor = sum(
        math.comb(r, k) * math.perm(s, k) * _power(y, r - k) * _power(x, s - k)
        for k in range(min(r, s) + 1)
    )
    return (x * y).exp() * factor / (math.factorial(r) * math.factorial(s))


def _log_determinant(rows: list[list[Decimal]]) -> Decimal:
    """Return the logarithm of the size of a determinant; ``NaN`` if no digit of it is left."""
    total = Decimal(0)
    while rows:
        top = max(rows, key=lambda row: abs(row[0]))
        if not top[0]:
            return Decimal("NaN")
        total += _SHORT.ln(abs(top[0]))
        shares = [(row, row[0] / top[0]) for row in rows if row is not top]
        rows = [
            [x - share * y for x, y in zip(row[1:], top[1:], strict=True)] for row, share in shares
        ]
    return total


def _log_vandermonde(values: list[tuple[Decimal, int]]) -> Decimal:
    """Return the sum of the logarithms of all differences that are not zero."""
    x = [value for value, _ in values]
    gaps = (high - low for i, high in enumerate(x) for low in x[i + 1 :])
    return sum((_SHORT.ln(gap) for gap in gaps if gap), Decimal(0))


def _lost(values: FloatArray) -> float:
    """Return the number of digits that cancel because eigenvalues are close to each other."""
    gaps = np.abs(values[:, None] - values)[np.triu_indices(len(values), 1)]
    return float(-np.log10(gaps[(gaps > 0) & (gaps < 1)]).sum())


def _check_work(n: int, digits: int) -> None:
    """Refuse determinants that take more than a minute or so."""
    if n**2 * digits**1.7 + 20 * n**3 * digits > _WORK:
        msg = (
            f"`a` and `b` have {n} eigenvalues each, of which the determinant would need {digits} "
            "decimals or more: pass fewer, take those that are close as equal, or draw `overlaps`"
        )
        raise ArgumentError(msg)


def _with_digits(a: FloatArray, b: FloatArray, digits: int) -> float:
    _check_work(len(a), digits)
    with localcontext(prec=digits, Emax=MAX_EMAX, Emin=MIN_EMIN):
        one, other = _repeats(a), _repeats(b)
        factorials = sum((_SHORT.ln(Decimal(math.factorial(k))) for k in range(len(a))), Decimal(0))
        determinant = _log_determinant([[_element(x, y) for y in other] for x in one])
        return float(factorials + determinant - _log_vandermonde(one) - _log_vandermonde(other))


def log_unitary(a: npt.ArrayLike, b: npt.ArrayLike, /) -> float:
    r"""
    Compute the integral of Harish-Chandra, Itzykson and Zuber, over all unitary matrices.

    Parameters
    ----------
    a, b : array_like, shape (n,)
        Eigenvalues of the two matrices, in any order; repeated ones are taken to their limit.

    Returns
    -------
    float
        :math:`\ln E \exp \operatorname{tr}(A U B U^*)`, to about 1e-13 of the logarithm or of 1,
        whichever is larger.

    Raises
    ------
    ArgumentError
        If an argument is out of range or of a wrong type, or the eigenvalues are so many or so
        close to each other that it would take minutes.

    See Also
    --------
    overlaps : Draws of the exponent, also for orthogonal matrices.

    Notes
    -----
    .. math:: I(a, b) = \prod_{k=1}^{n-1} k! \; \frac{\det e^{a_i b_j}}
              {\prod_{i<j} (a_i - a_j)(b_i - b_j)}.

    The digits of the determinant cancel, so that it is computed with more and more decimals until
    two precisions agree. It takes 0.1 s for n = 20 and 3 to 11 s for n = 40.

    References
    ----------
    Itzykson & Zuber (1980), doi:10.1063/1.524438.

    Examples
    --------
    >>> round(log_unitary([1.0, 0.0], [2.0, 0.0]), 6)
    1.161439
    """
    one, other = _pair(a, b)
    _check_exponents(one, other, "`a` and `b`", _LARGEST)
    _check_work(len(one), _DIGITS)
    digits = _DIGITS + int(_lost(one) + _lost(other))
    before, found = math.nan, _with_digits(one, other, digits)
    while not abs(found - before) <= _AGREED * max(1.0, abs(found)):
        digits += digits // 2
        before, found = found, _with_digits(one, other, digits)
    return found


def overlaps(
    a: npt.ArrayLike,
    b: npt.ArrayLike,
    /,
    *,
    num: int,
    beta: int = 1,
    rng: int | np.random.Generator | None = None,
) -> FloatArray:
    r"""
    Draw the trace of the product of two matrices of which one is rotated at random.

    Parameters
    ----------
    a, b : array_like, shape (n,)
        Eigenvalues of the two matrices, in any order.
    num : int
        Number of rotations.
    beta : {1, 2}, default: 1
        1 for orthogonal, 2 for unitary matrices.
    rng : int, numpy.random.Generator or None, default: None
        Seed or generator of the random numbers; None draws different ones each time.

    Returns
    -------
    ndarray, shape (num,)
        Draws of :math:`\operatorname{tr}(A U B U^*)`. Their mean is tr A tr B / n; the logarithm of
        the mean of their exponentials is the spherical integral.

    Raises
    ------
    ArgumentError
        If an argument is out of range or of a wrong type.

    Notes
    -----
    The mean of exponentials rests on the few largest draws. It is an estimate only where their
    variance is of the order of 1; beyond it is too small.

    Examples
    --------
    >>> x = overlaps([2.0, 0.0], [1.0, 0.0], num=4000, beta=2, rng=0)
    >>> bool(abs(np.log(np.mean(np.exp(x))) - log_rank_one(2.0, [1.0, 0.0], beta=2)) < 0.03)
    True
    """
    one, other = _pair(a, b)
    _checks.count("num", num)
    _checks.choice("beta", beta, (1, 2))
    random, n = _checks.generator(rng), len(one)
    draw = unitary if beta == 2 else lambda size, rng: orthonormal((size, size), rng)
    return np.array([one @ np.abs(draw(n, random)) ** 2 @ other for _ in range(num)])
