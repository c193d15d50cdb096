"""Whether random matrices obey a law, at their size and to what precision."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

import spectra._checks as _checks
from spectra.errors import ArgumentError
from spectra.noise import spacings, tracy_widom
from spectra.theory._draws import spectra_of
from spectra.theory._features import (
    NUM_MOMENTS,
    LawNumbers,
    cdf_of,
    groups,
    law_numbers,
    numbers_of,
)
from spectra.theory._two_samples import Group, Judged, compared, flipped, relabelled

if TYPE_CHECKING:
    from collections.abc import Callable

    import xarray as xr

    from spectra._typing import Executor, FloatArray

__all__ = ["compare"]

_PERMUTATIONS = 1999
_FEWEST = 8  # draws that can be judged without a model
_REDRAWS = 500
_STATISTICS = ("distribution", "mean", "second moment", "least", "largest", "spacing ratio")


def compare(
    draws: Any,
    law: Any,
    /,
    *,
    num: int = 100,
    model: Callable[[int, int, np.random.Generator], FloatArray] | None = None,
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
        draws a matrix or a spectrum. Symmetric matrices count by their own eigenvalues, others by
        those of ``W.T @ W``, not divided by the number of rows.
    law : Law or object with cdf and ppf
        A law of :mod:`spectra.theory.laws`, or a distribution such as those of `scipy.stats`, in
        the unit of the eigenvalues.
    num : int, default: 100
        How often a function is called.
    model : callable, optional
        Function of a size, a number and a generator that draws spectra of that size which obey the
        law, shape (num, size); by default ``law.spectra``.
    num_redraws : int, optional
        Spectra that are drawn from the model; by default as many as there are draws, 500 at least.
    significance : float, default: 0.05
        Probability to call draws of the model different.
    rng : int, numpy.random.Generator or None, default: None
        Seed or generator of the random numbers; None draws different ones each time.
    executor : Executor, optional
        Executor that calls a function of draws, such as a ThreadPoolExecutor or one of
        :mod:`spectra_io.runs`, which shows progress.

    Returns
    -------
    xarray.Dataset
        Along ``statistic``: ``drawn`` (mean over the draws), its standard ``error``, ``redrawn``
        (mean of the model at this size), ``limit`` (of the law) and ``p``. The statistics are
        the largest difference of the distribution function from that of the law, mean, second
        moment, least and largest eigenvalue, and the mean ratio of spacings. Along ``x``, quantiles
        of the law: ``cdf_drawn``, ``cdf_error``, ``cdf_redrawn`` and ``cdf_law``. Along
        ``order``: ``moment_drawn``, ``moment_error``, ``moment_limit``. ``eigenvalue`` are the
        spectra. Attributes: ``verdict`` (*consistent*, *different*, *not judged*), ``p``,
        ``sentence``, ``basis``, ``difference`` of the distribution functions of draws and
        redraws, ``detectable`` (a difference that 95 % of redraws stay below), ``size``,
        ``num``, ``num_redraws``, ``significance``, ``law``, and ``tracy_widom_p`` where the
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
    of the six.

    Without a model, draws are compared with the limit itself by flipping the signs of their
    differences (``basis`` *draws*), which takes eight draws at least, and takes the corrections of
    a finite size for a difference.

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
    _checks.count("num", num)
    _checks.share("significance", significance)
    _checks.executor(executor)
    # of its own: draws made with the same seed would otherwise be like the redraws
    (random,) = _checks.generator(rng).spawn(1)
    spectra = spectra_of(draws, num, random, executor)
    taken = law_numbers(law)
    redraws = _redrawn(law, model, spectra, num_redraws, random)
    features = groups(spectra, redraws, taken)
    found = _tested(features, len(spectra), redraws is not None, random)
    return _assembled(spectra, redraws, taken, found, float(significance))


def _redrawn(
    law: Any,
    model: Callable[[int, int, np.random.Generator], FloatArray] | None,
    spectra: FloatArray,
    num_redraws: int | None,
    rng: np.random.Generator,
) -> FloatArray | None:
    """Return spectra of the model, or None if there is none."""
    if model is None:
        model = getattr(law, "model", None)
    if model is None:
        return None
    if num_redraws is None:
        num_redraws = max(len(spectra), _REDRAWS)
    _checks.count("num_redraws", num_redraws, at_least=2)
    size = spectra.shape[1]
    found = np.sort(_checks.real_numbers(model(size, int(num_redraws), rng), "model"), axis=-1)
    if found.shape != (num_redraws, size):
        msg = f"`model` must draw spectra of shape {(num_redraws, size)}, got {found.shape}"
        raise ArgumentError(msg)
    return found


def _tested(
    features: list[Group], num_drawn: int, against_model: bool, rng: np.random.Generator
) -> Judged | None:
    rows = len(features[0].features)
    if against_model:
        own = np.where(np.arange(rows) < num_drawn, 1 / num_drawn, -1 / (rows - num_drawn))
        weights = relabelled(num_drawn, rows, rng)
    elif num_drawn >= _FEWEST:
        own, weights = np.full(rows, 1 / rows), flipped(rows, rng)
    else:
        return None
    return compared(own, weights, features, _PERMUTATIONS, combine=len(features) - 1)


def _standard_error(values: FloatArray) -> FloatArray:
    num = len(values)
    if num < 2:
        return np.full(values.shape[1:], np.nan)
    error: FloatArray = values.std(axis=0, ddof=1) / math.sqrt(num)
    return error


def _ratio_of(beta: float) -> float:
    return {1.0: spacings.GOE, 2.0: spacings.GUE, 4.0: spacings.GSE}.get(beta, math.nan)


def _assembled(
    spectra: FloatArray,
    redraws: FloatArray | None,
    law: LawNumbers,
    found: Judged | None,
    significance: float,
) -> xr.Dataset:
    import xarray as xr

    num, size = spectra.shape
    counted, numbers = cdf_of(spectra, law.x), numbers_of(spectra)
    cdf, redrawn_cdf = counted.mean(axis=0), np.full(len(law.x), np.nan)
    redrawn = np.full(len(_STATISTICS), np.nan)
    if redraws is not None:
        redrawn_cdf = cdf_of(redraws, law.x).mean(axis=0)
        redrawn = np.append(np.abs(redrawn_cdf - law.cdf).max(), numbers_of(redraws).mean(axis=0))
    p = np.full(len(_STATISTICS), np.nan)
    if found is not None:
        p[: len(found.p)] = found.p
    distance = float(np.abs(cdf - law.cdf).max())
    with np.errstate(over="ignore", invalid="ignore"):
        powers = np.stack([np.mean(spectra**k, axis=1) for k in range(1, NUM_MOMENTS + 1)], axis=1)
        moment_error = _standard_error(powers)
    beta = float(getattr(law.law, "beta", math.nan))
    limits = [0.0, *law.moments[:2], *law.edges, _ratio_of(beta)]
    nan = np.full(1, np.nan)
    ds = xr.Dataset(
        {
            "drawn": ("statistic", np.append(distance, numbers.mean(axis=0))),
            "error": ("statistic", np.append(nan, _standard_error(numbers))),
            "redrawn": ("statistic", redrawn),
            "limit": ("statistic", np.array(limits)),
            "p": ("statistic", p),
            "cdf_drawn": ("x", cdf),
            "cdf_error": ("x", _standard_error(counted)),
            "cdf_redrawn": ("x", redrawn_cdf),
            "cdf_law": ("x", law.cdf),
            "moment_drawn": ("order", powers.mean(axis=0)),
            "moment_error": ("order", moment_error),
            "moment_limit": ("order", law.moments),
            "eigenvalue": (("draw", "mode"), spectra),
        },
        coords={
            "statistic": list(_STATISTICS),
            "x": law.x,
            "order": np.arange(1, NUM_MOMENTS + 1),
        },
    )
    ds.attrs = {
        "law": law.name,
        "size": size,
        "num": num,
        "num_redraws": 0 if redraws is None else len(redraws),
        "significance": significance,
        **_judged(found, redraws is not None, significance),
    }
    ds.attrs |= _tracy_widom(spectra, law.law, beta)
    ds.attrs["sentence"] = _sentence(ds)
    return ds


def _judged(found: Judged | None, against_model: bool, significance: float) -> dict[str, Any]:
    if found is None:
        missing = math.nan
        return {
            "verdict": "not judged",
            "basis": "none",
            "p": missing,
            "difference": missing,
            "detectable": missing,
        }
    return {
        "verdict": "different" if found.combined <= significance else "consistent",
        "basis": "redraws" if against_model else "draws",
        "p": found.combined,
        "difference": float(found.statistics[0, -1]),
        "detectable": float(np.quantile(found.statistics[1:, -1], 0.95)),
    }


def _tracy_widom(spectra: FloatArray, law: Any, beta: float) -> dict[str, float]:
    """Return the p-value of the largest eigenvalues against the Tracy-Widom law, if it applies."""
    from scipy.interpolate import PchipInterpolator
    from scipy.stats import kstest

    largest = getattr(law, "largest", None)
    if largest is None or beta not in (1, 2, 4):
        return {}
    centre, width = largest(spectra.shape[1])
    scaled = (spectra[:, -1] - centre) / width
    # between 71 places of its body the law is smooth to 1e-5, and thousands would take seconds
    places = np.linspace(-8.0, 6.0, 71)
    cdf = PchipInterpolator(places, tracy_widom.cdf(places, beta=int(beta)))
    p = kstest(scaled, lambda s: cdf(np.clip(s, -8.0, 6.0))).pvalue
    return {"tracy_widom_p": float(p)}


def _sentence(ds: xr.Dataset) -> str:
    a = ds.attrs
    single = a["num"] == 1
    who = "One spectrum" if single else f"{a['num']} spectra"
    who += f" of {a['size']} eigenvalues"
    if a["verdict"] == "not judged":
        return (
            f"{who}: not judged against the {a['law']}, which has no model to redraw; "
            f"{_FEWEST} draws at least, or a model, are needed."
        )
    at = "at this size" if a["basis"] == "redraws" else "in the limit of large size"
    precision = (
        f"their distribution function differs by {a['difference']:.2g}, and chance alone by up to "
        f"{a['detectable']:.2g} in 95 of 100 cases"
    )
    if a["verdict"] == "consistent":
        word, why = "agrees with" if single else "agree with", ""
    else:
        few = max(float(ds.p.min()), a["significance"] / int(ds.p.notnull().sum()))
        named = ", ".join(ds.statistic.values[(ds.p <= few).values].tolist())
        word, why = "differs from" if single else "differ from", f"; {named}"
    return f"{who} {word} the {a['law']} {at} (p {a['p']:.2g}{why}): {precision}."
