"""
Fit the tail as WeightWatcher 0.7.7 does, by its names and conventions.

The options ``fit``, ``pl_package``, ``xmax``, ``fix_fingers`` and their thresholds are arguments of
its ``analyze``. WeightWatcher's fits with the powerlaw package fail with the current version of
that package. The fits here give the numbers of powerlaw 1.5 without the package, or better numbers
where its optimizer stopped short of the maximum.
"""

from __future__ import annotations

import math
from numbers import Integral
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, get_args

import numpy as np

import spectra._checks as _checks
import spectra.tails.log_excess as _excess
import spectra.tails.outliers as _fingers
import spectra.tails.power_law as _power_law
import spectra.tails.truncated_power_law as _truncated
from spectra.errors import ArgumentError
from spectra.results.verdicts import Reading, reading_of_alpha
from spectra.tails.options import SMALL_SAMPLE_TAIL, FitOptions
from spectra.tails.power_law import PowerLawFit
from spectra.tails.samples import FitStatus
from spectra.tails.xmin_search import search

if TYPE_CHECKING:
    from spectra._typing import FloatArray

__all__ = ["FixFingers", "Options", "Package", "Shape", "row"]

Shape = Literal["PL", "power_law", "TPL", "truncated_power_law", "E_TPL"]
"""Fitted law: power law, truncated power law, or truncated from the peak of the spectrum up."""

Package = Literal["ww", "powerlaw"]
"""Conventions of the fit: WeightWatcher's own, or those of powerlaw 1.5."""

FixFingers = Literal[False, "xmin_peak", "clip_xmax"]
"""Correction for fingers, a few large outliers."""

_THRESHOLD = 1e-5  # WeightWatcher's EVALS_THRESH
_MAX_FINGERS = 10
_LARGEST = float(np.finfo(np.float64).max)
_WEIGHTWATCHER: FitOptions = {"ties": "each"}
_POWERLAW: FitOptions = {"estimator": "n", "ties": "distinct"}
_WARNING = {Reading.OVER_TRAINED: "over-trained", Reading.UNDER_TRAINED: "under-trained"}


class Options(NamedTuple):
    """
    Options of a fit, by the names of WeightWatcher's ``analyze``.

    Examples
    --------
    >>> Options(fix_fingers="clip_xmax").finger_thresh
    1.0
    """

    fit: Shape = "PL"
    """Law to fit."""
    pl_package: Package = "ww"
    """Conventions of the fit; every law but a plain power law needs ``"powerlaw"``."""
    xmax: int | Literal["force"] | None = None
    """Number of the largest eigenvalues to leave out; ``"force"`` ends the law at the largest."""
    fix_fingers: FixFingers = False
    """Correction for fingers."""
    xmin_max: float | None = None
    """Largest xmin that ``"xmin_peak"`` tries; 1.5 times the peak by default."""
    max_fingers: int = _MAX_FINGERS
    """Most eigenvalues that ``"clip_xmax"`` drops; no effect below half of the eigenvalues."""
    finger_thresh: float = 1.0
    """Smallest fall of alpha for which ``"clip_xmax"`` drops eigenvalues."""

    @property
    def truncated(self) -> bool:
        """Whether the law is a truncated power law."""
        return self.fit not in {"PL", "power_law"}

    def check(self) -> None:
        """
        Reject the option combinations WeightWatcher rejects.

        Raises
        ------
        ArgumentError
            If an option is unknown or out of range, or two options contradict each other.
        """
        for name, allowed in (("fit", Shape), ("pl_package", Package), ("fix_fingers", FixFingers)):
            _checks.choice(name, getattr(self, name), get_args(allowed))
        limits = {"xmin_max": self.xmin_max or 1.0, "finger_thresh": self.finger_thresh}
        for name, value in {**limits, "max_fingers": self.max_fingers}.items():
            _checks.number(name, value, above=0, at_most=math.inf, what="a number")
        whole = isinstance(self.xmax, Integral) and not isinstance(self.xmax, bool)
        if not (self.xmax is None or self.xmax == "force" or (whole and self.xmax)):
            msg = f"`xmax` must be None, 'force' or an integer other than 0, got {self.xmax!r}"
            raise ArgumentError(msg)
        self._check_combinations()

    def _check_combinations(self) -> None:
        needing = {
            f"fit={self.fit!r}": self.truncated,
            "fix_fingers='xmin_peak'": self.fix_fingers == "xmin_peak",
            "xmax='force'": self.xmax == "force",
        }
        for option, used in needing.items():
            if used and self.pl_package != "powerlaw":
                msg = f"{option} needs pl_package='powerlaw', got {self.pl_package!r}"
                raise ArgumentError(msg)
        if self.truncated and self.fix_fingers == "clip_xmax":
            msg = f"fix_fingers='clip_xmax' is for plain power laws, got fit={self.fit!r}"
            raise ArgumentError(msg)


def row(eigenvalues: FloatArray, options: Options, /, *, exponent: int = 0) -> dict[str, Any]:
    """
    Fit the tail, and return WeightWatcher's columns of the fit.

    Parameters
    ----------
    eigenvalues : ndarray, shape (n,)
        All eigenvalues of a layer, ascending; eigenvalues up to 1e-5 are left out of the fit.
    options : Options
        Options of the fit, which :meth:`Options.check` accepts.
    exponent : int, default: 0
        Power of two that the weights were divided by; xmin and xmax are in that unit too.

    Returns
    -------
    dict
        `alpha`, `xmin`, `xmax`, `D`, `sigma`, `num_pl_spikes`, `status` and `warning`; `Lambda`
        for a truncated law; `num_fingers` and `raw_alpha` with ``"clip_xmax"``. The numbers are -1
        after a failed fit.

    Examples
    --------
    >>> import numpy as np
    >>> row(np.linspace(1, 2, 50), Options())["warning"]
    'under-trained'
    """
    if isinstance(options.xmax, Integral):
        eigenvalues = _fingers.clip(eigenvalues, min(abs(options.xmax), len(eigenvalues)))
    with np.errstate(over="ignore", under="ignore"):
        x = eigenvalues[eigenvalues > np.ldexp(_THRESHOLD, -2 * exponent)]
    law = _truncated_row if options.truncated else _power_law_row
    found = law(x, options, exponent)
    if not math.isfinite(found["alpha"]):
        failed = dict.fromkeys([*found, "num_pl_spikes"], -1)
        fingers = {"num_fingers": 0} if "num_fingers" in found else {}
        words = {"xmax": None, "status": "failed", "warning": "over-trained"}
        return {**failed, **fingers, **words}
    return {
        **found,
        "num_pl_spikes": int(np.sum(eigenvalues >= found["xmin"])),
        "status": "success",
        "warning": _WARNING.get(reading_of_alpha(found["alpha"]), ""),
    }


def _range(x: FloatArray, options: Options, exponent: int) -> tuple[float, float] | None:
    """Return the range of xmin near the peak; its lower end is a logarithm, WeightWatcher's bug."""
    if not (options.fix_fingers == "xmin_peak" or options.fit == "E_TPL") or not len(x):
        return None
    peak = _fingers.peak(x)
    decades = 2 * exponent * math.log10(2)
    low = max(math.log10(0.95 * peak) + decades, 0.0)
    high = options.xmin_max or math.nan
    if exponent:  # peak is in the unit of the eigenvalues, the others in that of the weights
        with np.errstate(over="ignore", under="ignore"):
            low, high = np.ldexp([low, high], -2 * exponent).clip(max=_LARGEST).tolist()
    high = 1.5 * peak if math.isnan(high) else high
    return low, max(low, high)  # an empty range is a failed fit


def _truncated_row(x: FloatArray, options: Options, exponent: int) -> dict[str, Any]:
    found = _truncated.fit(x, xmin=_range(x, options, exponent))
    names = ("alpha", "xmin", "D", "Lambda")
    xmax = found.xmax if options.xmax == "force" else None
    return {**{name: getattr(found, name) for name in names}, "xmax": xmax, "sigma": math.nan}


def _power_law_row(x: FloatArray, options: Options, exponent: int) -> dict[str, Any]:
    clipped = options.fix_fingers == "clip_xmax"
    found, fingers = _clipped(x, options) if clipped else (_fit(x, options, exponent), {})
    ends = options.pl_package == "ww" or options.xmax == "force"
    xmax = {"xmax": found.xmax if ends else None}
    names = ("alpha", "xmin", "D", "sigma")
    return {**{name: getattr(found, name) for name in names}, **xmax, **fingers}


def _clipped(x: FloatArray, options: Options) -> tuple[PowerLawFit, dict[str, Any]]:
    """Fit without the fingers: as in WeightWatcher, drop two or more and report one fewer."""
    raised = int(min(options.max_fingers, len(x))) if options.max_fingers >= len(x) / 2 else 0
    most = max(raised, _MAX_FINGERS)
    found = _fingers.clip_xmax(
        x,
        drop=options.finger_thresh,
        lengths=range(2, min(most, len(x))),
        **(_POWERLAW if options.pl_package == "powerlaw" else _WEIGHTWATCHER),
    )
    num = max(0, found.num_fingers - 1)
    return found.fit, {"num_fingers": num, "raw_alpha": found.raw_alpha}


def _fit(x: FloatArray, options: Options, exponent: int) -> PowerLawFit:
    if options.pl_package == "powerlaw":
        if options.xmax == "force":
            return _forced_fit(x)
        return _power_law.fit(x, xmin=_range(x, options, exponent), estimator="n", ties="distinct")
    small = 2 <= len(x) < SMALL_SAMPLE_TAIL and x[-1] > x[0]
    return _small_fit(x) if small else _power_law.fit(x, **_WEIGHTWATCHER)


def _small_fit(x: FloatArray) -> PowerLawFit:
    """Fit fewer than eight eigenvalues: all of them, with WeightWatcher's sigma for alpha = 0."""
    logs = np.log(x / x[0])
    alpha = 1 + (len(x) - 1) / logs.sum()
    model = -np.expm1((1 - alpha) * logs)
    D = float(np.max(np.abs(model - np.arange(len(x)) / len(x))))
    sigma = -1 / math.sqrt(len(x))
    xmin, xmax = float(x[0]), float(x[-1])
    return PowerLawFit(float(alpha), xmin, xmax, D, sigma, len(x), FitStatus.FITTED)


def _forced_fit(x: FloatArray) -> PowerLawFit:
    """Fit alpha of the law without an end, but D of the law that ends at the largest eigenvalue."""
    plain = _power_law.fit(x, **_POWERLAW)
    if plain.status is not FitStatus.FITTED:
        return plain
    unbounded = _power_law.tails(np.log(x[None]), **_POWERLAW)
    length = np.log(x[-1]) - unbounded.log_xmin
    bounded = unbounded._replace(
        cdf=_excess.bounded_cdf, parameters=(*unbounded.parameters, np.maximum(length, 1e-300))
    )
    (start,), (D,) = search(bounded)
    rate, num = float(bounded.parameters[0][0, start]), len(x) - int(start)
    return plain._replace(
        alpha=1 + rate, xmin=float(x[start]), D=float(D), sigma=rate / math.sqrt(num), num_tail=num
    )
