"""Whether random matrices obey a law, at their size and to what precision."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Literal

import spectra._checks as _checks
from spectra.errors import ArgumentError
from spectra.theory._comparison import STATISTICS, assembled, with_article
from spectra.theory._draws import Draws, spectra_of
from spectra.theory._features import LawNumbers, law_numbers, without_rounding
from spectra.theory._redraws import drawn_by, fewest, model_of

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    import xarray as xr

    from spectra._typing import Executor, FloatArray

    Model = Callable[[int, int, np.random.Generator], FloatArray]

__all__ = ["compare"]

_LEAST = 1e-5  # significance
_REDRAWS = 500


def compare(
    draws: Any,
    law: Any,
    /,
    *,
    num: int | None = None,
    model: Model | Literal["independent"] | None = None,
    num_redraws: int | None = None,
    significance: float = 0.05,
    rng: int | np.random.Generator | None = None,
    executor: Executor | None = None,
) -> xr.Dataset:
    r"""
    Test whether random matrices obey a law, at their size.

    Parameters
    ----------
    draws : array_like, sequence or callable
        Spectra of shape (num, n) or (n,), in order; matrices of shape (num, rows, columns); a list
        of either; a Sample of :mod:`spectra.theory.ensembles`; or a function of a generator that
        draws a matrix or a spectrum. If all matrices are symmetric to within
        rounding, they count by their own eigenvalues, otherwise by those of ``W.T @ W``, not
        divided by the number of rows.
    law : Law or object with cdf and ppf
        A law of :mod:`spectra.theory.laws`, or a distribution such as those of `scipy.stats`, in
        the unit of the eigenvalues.
    num : int, optional
        How often a function is called, 100 times by default; only for a function.
    model : callable or "independent", optional
        Function of a size, a number and a generator that draws spectra of that size which obey the
        law, shape (num, size); ``"independent"`` draws independent numbers from the law. By default
        the ``model`` of the law.
    num_redraws : int, optional
        Spectra that are drawn from the model, in 64 parts; by default as many as there are draws,
        500 at least.
    significance : float, default: 0.05
        Probability to call draws of the model different.
    rng : int, numpy.random.Generator or None, default: None
        Seed or generator of the random numbers; None draws different ones each time.
    executor : Executor, optional
        Executor of the parts of draws and redraws, such as a ThreadPoolExecutor or one of
        :mod:`spectra_io.runs`, which shows progress. The numbers are the same with any executor.
        A model that cannot be sent to another process, as those of laws, is called in this one.

    Returns
    -------
    xarray.Dataset
        Along ``statistic``: ``drawn`` (mean over the draws), its standard ``error``, ``redrawn``
        (mean of the model at this size), ``limit`` (of the law) and ``p``. The statistics are
        the largest difference of the distribution function from that of the law (*distribution*),
        mean, second moment, least and largest eigenvalue, the mean ratio of spacings, the largest
        difference of the distribution function of unfolded spacings from that of the redraws
        (*spacings*), and that of the rescaled largest eigenvalue from the Tracy-Widom law, if the
        law has it. Along ``x``, quantiles
        of the law: ``cdf_drawn``, ``cdf_error``, ``cdf_redrawn`` and ``cdf_law``. Along
        ``order``: ``moment_drawn``, ``moment_error``, ``moment_limit``. ``eigenvalue`` are the
        spectra. Attributes: ``verdict`` (*consistent*, *different*, *not judged*), ``p``,
        ``sentence``, ``difference`` of the distribution functions of draws and
        redraws, ``detectable`` (a difference that 95 % of redraws stay below), ``size``,
        ``eigenvalues_of`` (*W*, *W.T @ W* or *given*), ``num``, ``num_redraws``,
        ``significance``, ``law``, and ``tracy_widom_p`` where the
        largest eigenvalue has that law.

    Raises
    ------
    ArgumentError
        If the draws are no spectra of one size, or an argument is out of range.

    See Also
    --------
    scan : The same at several sizes.

    Notes
    -----
    Eigenvalues repel each other, so the usual error of a distribution function is far too large,
    and at a finite size even the right ensemble differs from its limit. So draws are compared with
    redraws of the model at their own size. If they obey the law, both are exchangeable: labels are
    permuted 1,999 times, and the p-value is exact at any size and number. Distribution functions
    are compared by their largest difference over its standard deviation, single numbers by the
    ranks of their place and of their spread. The p-value of all together is that of the smallest
    of the eight. Spacings are unfolded by the law, without one in twenty at each end. A law with
    spikes has the largest of them as the limit of the largest eigenvalue.

    So *different* may mean that the limit is right and the ensemble another: symmetric matrices of
    signs have the semicircle as their limit, but their diagonal has not the variance of the
    Gaussian ensemble, which shows in the second moment. ``redrawn`` and ``limit`` tell the two
    apart. A law without a model is *not judged*: ``model="independent"`` says that its numbers do
    not repel each other, or give a function.

    Eigenvalues of W.T @ W include the zeros of a matrix with more columns than rows if the law has
    an atom at 0. Eigenvalues as close to an atom as 1e-8 of the largest count as those of the atom.

    References
    ----------
    Westfall & Young (1993), Resampling-Based Multiple Testing, section 2.3.

    Examples
    --------
    >>> import numpy as np
    >>> from spectra.theory import compare, laws
    >>> W = np.random.default_rng(0).standard_normal((20, 60, 30))
    >>> compare(W, laws.marchenko_pastur(0.5, mean=60.0), rng=1).verdict
    'consistent'
    >>> compare(W, laws.marchenko_pastur(0.5, mean=62.0), rng=1).verdict
    'different'
    """
    _checks.number("significance", significance, at_least=_LEAST, below=1)
    _checks.executor(executor)
    # of its own: draws made with the same seed would otherwise be like the redraws
    (random,) = _checks.generator(rng).spawn(1)
    taken = law_numbers(law)
    draw = model_of(law, model)
    drawn = spectra_of(draws, num, random, executor, zeros=0.0 in taken.atoms)
    _check_kinds(drawn, taken, law if model is None else None)
    spectra = without_rounding(drawn.eigenvalues, taken)
    redraws = None
    if draw is not None:
        count = _num_redraws(len(spectra), num_redraws, significance)
        redrawn = drawn_by(draw, spectra.shape[1], count, random, executor)
        redraws = without_rounding(redrawn, taken)
    return assembled(spectra, redraws, taken, float(significance), drawn.of, random)


def _check_kinds(drawn: Draws, law: LawNumbers, model_of: Any) -> None:
    """Refuse matrices whose eigenvalues cannot be those of the law, or of its model."""
    if drawn.of == "W.T @ W" and law.edges[0] < 0:
        msg = (
            f"the matrices are not symmetric, so that they count by the eigenvalues of W.T @ W, "
            f"none of which is negative; {with_article(law.name)} begins at {law.edges[0]:g}; pass "
            "the eigenvalues themselves if they are those of another matrix"
        )
        raise ArgumentError(msg)
    if drawn.are_complex and getattr(model_of, "beta", math.nan) == 1:
        msg = (
            f"the matrices are complex, and the model of {with_article(law.name)} is real: make "
            "the law with beta=2, or pass the `model` of complex matrices"
        )
        raise ArgumentError(msg)


def _num_redraws(num: int, wanted: int | None, significance: float) -> int:
    """Return the number of redraws, enough for a p-value of the significance."""
    least = fewest(num, len(STATISTICS) / significance)
    if wanted is None:
        return max(num, _REDRAWS, least)
    _checks.count("num_redraws", wanted)
    if wanted < least:
        msg = (
            f"`num_redraws` must be at least {least} to judge {num} spectra at a significance of "
            f"{significance:g}, got {wanted}"
        )
        raise ArgumentError(msg)
    return int(wanted)
