"""Text of the cells of the table of layers."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from spectra.noise.spikes import FEWEST_TO_TEST
from spectra.results.reading import in_words
from spectra.results.variables import VARIABLES, Status

if TYPE_CHECKING:
    from collections.abc import Collection

__all__ = ["cells", "probability"]

_SMALL = {
    "by_frobenius_norm": "Frobenius norm",
    "by_spectral_norm": "spectral norm",
    "by_both": "both norms",
}
_TINIEST = 1e-99  # smallest probability that is shown as a number
_SURE = 0.1  # standard error below which a mean spacing ratio is shown
_FLAGS = [name for name, v in VARIABLES.items() if v.flags is not None and v.dims == ("layer",)]
_COMPUTED = Status.COMPUTED.name.lower()


def probability(p: float, /) -> str:
    """
    Return a probability as text, a small one as a power of ten.

    Parameters
    ----------
    p : float
        Probability, or ``nan``.

    Returns
    -------
    str
        Two digits, or one digit and the power; "-" for ``nan``.

    Examples
    --------
    >>> probability(0.123), probability(3.2e-7), probability(1e-200)
    ('0.12', '3e-7', '<1e-99')
    """
    if math.isnan(p):
        return "-"
    if p < _TINIEST:
        return f"<{_TINIEST:.0e}"
    if p >= 0.00995:
        return f"{p:.2f}"
    digit, _, power = f"{p:.0e}".partition("e")
    return f"{digit}e{int(power)}"


def cells(
    row: dict[str, Any], /, *, pooled: bool, measured: bool, asked: Collection[str] = ()
) -> dict[str, Any]:
    """
    Return what the table of layers shows of a row of results, by the name of the column.

    Parameters
    ----------
    row : dict
        Row of :func:`spectra.results.reading.records`.
    pooled : bool
        Whether any layer has several matrices.
    measured : bool
        Whether the layers have intervals, beside which `sigma` is not shown.
    asked : collection of str, optional
        Variables that are shown in any case, because the user has named them.

    Returns
    -------
    dict
        The values, as text where they are not plain numbers; names that the row lacks are missing.

    Examples
    --------
    >>> row = {"status": "computed", "verdict": "like_noise", "rf": 1, "num_evals": 30}
    >>> cells(row, pooled=False, measured=False)["verdict"]
    'like noise'
    """
    number = {name: row.get(name, math.nan) for name in _NUMBERS}
    is_hidden = {
        "rf": not pooled,
        "sigma": measured,
        "spacing_ratio": not number["spacing_ratio_error"] < _SURE,
        "rand_jsd": row["num_evals"] < FEWEST_TO_TEST,
    }
    return {
        **row,
        **{name: math.nan for name, hides in is_hidden.items() if hides and name not in asked},
        **{name: in_words(row[name]) for name in _FLAGS if name in row},
        "verdict": _verdict(row),
        "alpha_low": _interval(number["alpha_low"], number["alpha_high"], number["alpha"]),
        "noise_std": _digits(number["noise_std"]),
        "mp_softrank": _digits(number["mp_softrank"]),
        "spike_p": probability(number["spike_p"]),
        "bulk_p": probability(number["bulk_p"]),
        "trap_p": probability(number["trap_p"]),
        "trap_where": _cause(row),
        "collapsed": _SMALL.get(row.get("collapsed", ""), "-"),
        "phase": in_words(row.get("phase", "") if row["status"] == _COMPUTED else row["status"]),
    }


_NUMBERS = (
    *("alpha", "alpha_low", "alpha_high", "noise_std", "mp_softrank", "spike_p", "bulk_p"),
    *("trap_p", "spacing_ratio_error"),
)


def _verdict(row: dict[str, Any]) -> str:
    """Return the verdict in words; of a broken layer, or one without a verdict, with its status."""
    verdict, status = row.get("verdict", "not_judged"), row["status"]
    if status == _COMPUTED:
        return in_words(verdict)
    return f"broken: {in_words(status)}" if verdict == "broken" else in_words(status)


def _interval(low: float, high: float, alpha: float) -> str:
    """Return an interval, with a star if alpha lies outside."""
    if math.isnan(low):
        return "-"
    digits = 1 if high < 100 else 0
    star = "*" if alpha < low or alpha > high else ""
    return f"{low:.{digits}f}-{high:.{digits}f}{star}"


def _digits(value: float) -> str:
    return f"{value:.3g}" if value > 0 else "-"


def _cause(row: dict[str, Any]) -> str:
    unexplained = row.get("trap_cause") == "unexplained"
    return row.get("trap_where") or ("unexplained" if unexplained else "-")
