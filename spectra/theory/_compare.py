"""Whether random matrices obey a law, at their size and to what precision."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

import spectra._checks as _checks
from spectra.errors import ArgumentError
from spectra.noise import spacings, tracy_widom
from spectra.theory._draws import Draws, spectra_of
from spectra.theory._features import (
    NUM_MOMENTS,
    LawNumbers,
    cdf_of,
    groups,
    law_numbers,
    numbers_of,
    without_rounding,
)
from spectra.theory._two_samples import Judged, compared, relabelled

if TYPE_CHECKING:
    from collections.abc import Callable

    import xarray as xr

    from spectra._typing import Executor, FloatArray

    Model = Callable[[int, int, np.random.Generator], FloatArray]

__all__ = ["compare"]

_PERMUTATIONS = 1999
_LABELLINGS = 6  # of draws and redraws, times the significance, that there must be at least
_PERMUTED = 20  # labels, times the significance
_LEAST = 1e-5  # significance
_REDRAWS, _SPLITS = 500, 500
_STATISTICS = ("distribution", "mean", "second moment", "least", "largest", "spacing ratio")


def compare(
    draws: Any,
    law: Any,
    /,
    *,
    num: int = 100,
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
    num : int, default: 100
        How often a function is called.
    model : callable or "independent", optional
        Function of a size, a number and a generator that draws spectra of that size which obey the
        law, shape (num, size); ``"independent"`` draws independent numbers from the law. By default
        the ``model`` of the law.
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
    of the six.

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
    _checks.count("num", num)
    _checks.number("significance", significance, at_least=_LEAST, below=1)
    _checks.executor(executor)
    # of its own: draws made with the same seed would otherwise be like the redraws
    (random,) = _checks.generator(rng).spawn(1)
    taken = law_numbers(law)
    drawn = spectra_of(draws, num, random, executor, zeros=0.0 in taken.atoms)
    _check_kinds(drawn, taken, law if model is None else None)
    spectra = without_rounding(drawn.eigenvalues, taken)
    redraws = _redrawn(law, model, spectra, num_redraws, significance, random)
    found = None
    if redraws is not None:
        redraws = without_rounding(redraws, taken)
        found = _tested(spectra, redraws, taken, significance, random)
    ds = _assembled(spectra, redraws, taken, found, float(significance))
    ds.attrs["eigenvalues_of"] = drawn.of
    ds.attrs["sentence"] = _sentence(ds)
    return ds


def _check_kinds(drawn: Draws, law: LawNumbers, model_of: Any) -> None:
    """Refuse matrices whose eigenvalues cannot be those of the law, or of its model."""
    if drawn.of == "W.T @ W" and law.edges[0] < 0:
        msg = (
            f"the matrices are not symmetric, so that they count by the eigenvalues of W.T @ W, "
            f"none of which is negative; {_the(law.name)} begins at {law.edges[0]:g}; pass the "
            "eigenvalues themselves if they are those of another matrix"
        )
        raise ArgumentError(msg)
    if drawn.are_complex and getattr(model_of, "beta", math.nan) == 1:
        msg = (
            f"the matrices are complex, and the model of {_the(law.name)} is real: make the law "
            "with beta=2, or pass the `model` of complex matrices"
        )
        raise ArgumentError(msg)


def _redrawn(
    law: Any,
    model: Model | Literal["independent"] | None,
    spectra: FloatArray,
    num_redraws: int | None,
    significance: float,
    rng: np.random.Generator,
) -> FloatArray | None:
    """Return spectra of the model, or None if there is none."""
    num, size = spectra.shape
    draw: Model | None = getattr(law, "model", None) if model is None else None
    if model == "independent":
        draw = _independent(law)
    elif model is not None:
        draw = model
    if draw is None:
        return None
    fewest = 2
    while math.comb(num + fewest, num) * significance < _LABELLINGS:
        fewest += 1 + fewest // 8
    if num_redraws is None:
        num_redraws = max(num, _REDRAWS, fewest)
    if not num_redraws >= fewest:
        msg = (
            f"`num_redraws` must be at least {fewest} to judge {num} spectra at a significance of "
            f"{significance:g}, got {num_redraws}"
        )
        raise ArgumentError(msg)
    found = np.sort(_checks.real_numbers(draw(size, int(num_redraws), rng), "model"), axis=-1)
    if found.shape != (num_redraws, size) or not np.isfinite(found).all():
        msg = f"`model` must draw finite spectra of shape {(num_redraws, size)}, got {found.shape}"
        raise ArgumentError(msg)
    return found


def _independent(law: Any) -> Model:
    def draw(size: int, num: int, rng: np.random.Generator) -> FloatArray:
        return np.asarray(law.ppf(rng.random((num, size))), np.float64)

    return draw


class _Found(NamedTuple):
    """p-values, and the difference of the distribution functions with what chance gives."""

    judged: Judged
    difference: float
    detectable: float


def _tested(
    spectra: FloatArray,
    redraws: FloatArray,
    law: LawNumbers,
    significance: float,
    rng: np.random.Generator,
) -> _Found:
    num, others = len(spectra), len(redraws)
    rows = num + others
    own = np.where(np.arange(rows) < num, 1 / num, -1 / others)
    permutations = max(_PERMUTATIONS, math.ceil(_PERMUTED / significance))
    features = groups(spectra, redraws, law)
    judged = compared(own, relabelled(num, rows, rng), features, permutations)
    apart = np.abs(own @ features[0].features).max()
    # of redraws alone, since draws that differ would widen what chance gives
    part = max(1, min(num, others // 2))
    chance = features[0].features[num:]
    weights = relabelled(part, others, rng)(_SPLITS)
    wider = math.sqrt((1 / num + 1 / others) / (1 / part + 1 / (others - part)))
    detectable = wider * np.quantile(np.abs(weights @ chance).max(axis=1), 0.95)
    return _Found(judged, float(apart), float(detectable))


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
    found: _Found | None,
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
        p = found.judged.p
    cdf_error = _standard_error(counted)
    worst = int(np.abs(cdf - law.cdf).argmax())
    distance = float(abs(cdf[worst] - law.cdf[worst]))
    with np.errstate(over="ignore", invalid="ignore"):
        powers = np.stack([np.mean(spectra**k, axis=1) for k in range(1, NUM_MOMENTS + 1)], axis=1)
        moment_error = _standard_error(powers)
    beta = float(getattr(law.law, "beta", math.nan))
    limits = [0.0, *law.moments[:2], *law.edges, _ratio_of(beta)]
    errors = np.append(cdf_error[worst], _standard_error(numbers))
    ds = xr.Dataset(
        {
            "drawn": ("statistic", np.append(distance, numbers.mean(axis=0))),
            "error": ("statistic", errors),
            "redrawn": ("statistic", redrawn),
            "limit": ("statistic", np.array(limits)),
            "p": ("statistic", p),
            "cdf_drawn": ("x", cdf),
            "cdf_error": ("x", cdf_error),
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
        **_judged(found, significance),
    }
    ds.attrs |= _tracy_widom(spectra, law.law, beta)
    return ds


def _judged(found: _Found | None, significance: float) -> dict[str, Any]:
    if found is None:
        unknown = dict.fromkeys(("p", "difference", "detectable"), math.nan)
        return {"verdict": "not judged", **unknown}
    p = found.judged.combined
    return {
        "verdict": "different" if p <= significance else "consistent",
        "p": p,
        "difference": found.difference,
        "detectable": found.detectable,
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
            f"{who}: not judged, since {_the(a['law'])} has no model of random matrices to compare "
            "with; give one, or model='independent' for numbers that do not repel each other."
        )
    at = "as its model has it at this size"
    if a["eigenvalues_of"] != "given":
        at += f", by the eigenvalues of {a['eigenvalues_of']}"
    precision = (
        f"{'its' if single else 'their'} distribution function differs by {a['difference']:.2g}, "
        f"and chance alone by up to {a['detectable']:.2g} in 95 of 100 cases"
    )
    if a["verdict"] == "consistent":
        word, why = "agrees with" if single else "agree with", ""
    else:
        few = max(float(ds.p.min()), a["significance"] / int(ds.p.notnull().sum()))
        named = ", ".join(ds.statistic.values[(ds.p <= few).values].tolist())
        word, why = "differs from" if single else "differ from", f"; {named}"
    return f"{who} {word} {_the(a['law'])} {at} (p {a['p']:.2g}{why}): {precision}."


def _the(name: str) -> str:
    """Return the name of a law with its article; a name that has one keeps it."""
    return name if name.split(" ")[0].lower() in ("a", "an", "the") else f"the {name}"
