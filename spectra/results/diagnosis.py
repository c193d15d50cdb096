"""Judge a layer by all its evidence: one verdict, the reason, and the reading of its alpha."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

from spectra.noise.phases import NEAR, SIGNIFICANCE, Phase
from spectra.noise.traps import Cause
from spectra.results.variables import Status
from spectra.results.verdicts import Reading, Verdict, reading_of_alpha
from spectra.tails.support import Likelier, Support

if TYPE_CHECKING:
    from collections.abc import Mapping
    from enum import IntEnum

__all__ = ["NAMES", "Diagnosis", "judge"]

NAMES = ("verdict", "verdict_reason", "alpha_reading")
"""Names of the variables of a diagnosis."""

_BY_PHASE = {
    Phase.NOT_CLASSIFIED: Verdict.TOO_SMALL_TO_TELL,
    Phase.RANDOM_LIKE: Verdict.LIKE_NOISE,
    Phase.BLEEDING_OUT: Verdict.NOISE_AND_SIGNAL,
    Phase.BULK_AND_SPIKES: Verdict.NOISE_AND_SIGNAL,
    Phase.HEAVY_TAILED: Verdict.HEAVY_TAILED,
    Phase.RANK_COLLAPSE: Verdict.BROKEN,
    Phase.OTHER: Verdict.STRUCTURED,
}
_TINIEST = 1e-99  # smallest p-value that is written as a number
_UNREADABLE = {
    Status.NOT_FINITE: "weights that are not finite",
    Status.ALL_ZERO: "all weights are zero",
}


class Diagnosis(NamedTuple):
    """
    Verdict on a layer.

    Examples
    --------
    >>> Diagnosis._fields
    ('verdict', 'reason', 'reading')
    """

    verdict: Verdict
    """What the evidence says of the layer."""
    reason: str
    """The numbers that decided."""
    reading: Reading
    """How the literature reads alpha, where the verdict is heavy-tailed."""


def judge(row: Mapping[str, Any], /) -> Diagnosis:
    """
    Judge a layer by its row of results.

    Parameters
    ----------
    row : mapping of str to number
        Results of the layer: its `status` and, where that is computed, the variables of
        :func:`spectra.measures.training_phase`; `alpha`; and, if they are there, the variables of
        :func:`spectra.measures.randomized`, which decide whether it is trapped, and of
        :func:`spectra.measures.equal_scales` and :func:`spectra.measures.element_law`, which name
        a cause in the reason.

    Returns
    -------
    Diagnosis
        Verdict by the first of these rules that holds, with its reason:

        1. *broken*: weights that are not finite or all zero, or a rank that has collapsed (the
           phase is rank collapse);
        2. *trapped*: the elements were permuted, and spikes are left (`num_traps` above 0, `trap_p`
           at most 0.0001);
        3. *too small to tell*: fewer than 10 nonzero eigenvalues per matrix, or fewer than 20 in
           all without any above the bulk;
        4. *like noise*: no eigenvalue above the bulk (Tracy-Widom test at 0.0001), and a bulk that
           fits the Marchenko-Pastur law (`phase_bulk_p` at least 0.0001);
        5. *heavy-tailed*: the bulk does not fit, and at least 20 eigenvalues above it support a
           power law;
        6. *noise and signal*: eigenvalues above a bulk that fits, or whose distance from the law is
           at most 0.05;
        7. *structured*: no single law explains the spectrum.

        A layer without a spectrum, and one whose phase was not measured, is not judged. The reading
        of alpha is that of :func:`spectra.results.verdicts.reading_of_alpha`.

    Notes
    -----
    How often the rules err, measured by ``tests/rates`` (``docs/rates.md`` has the whole table):
    noise of five kinds of elements and ten shapes is called like noise or too small to tell in 99 %
    of matrices, heavy-tailed in none. Noise with up to M / 5 spikes, equal or half-normal, is
    called heavy-tailed in none. Matrices of Levy, Pareto and Student elements (tail index 1 to 1.8)
    are called heavy-tailed in 9 of 10 cases at 1000 x 500, in 8 of 10 at 400 x 200. A signal below
    1.3 times the limit of detection reads like noise.

    Examples
    --------
    >>> import numpy as np
    >>> from spectra import measures, spectrum
    >>> rng = np.random.default_rng(0)
    >>> for W in (rng.standard_normal((400, 200)), rng.standard_t(1.5, (400, 200))):
    ...     found = measures.training_phase(spectrum(W))
    ...     print(judge({**found, "status": 1}).verdict.name)
    LIKE_NOISE
    HEAVY_TAILED
    """
    status = Status(row.get("status", Status.COMPUTED))
    if status in _UNREADABLE:
        _, colon, where = str(row.get("status_reason", "")).partition(":")
        return Diagnosis(Verdict.BROKEN, f"{_UNREADABLE[status]}{colon}{where}", Reading.NONE)
    if status is not Status.COMPUTED or "phase" not in row:
        return Diagnosis(Verdict.NOT_JUDGED, "", Reading.NONE)
    verdict = _verdict(row)
    heavy = verdict is Verdict.HEAVY_TAILED
    reading = reading_of_alpha(row.get("alpha", math.nan)) if heavy else Reading.NONE
    return Diagnosis(verdict, _reason(row, verdict), reading)


def _verdict(row: Mapping[str, Any]) -> Verdict:
    phase = Phase(row["phase"])
    trapped = row.get("trap_p", math.nan) <= SIGNIFICANCE and row.get("num_traps", 0) > 0
    if phase is not Phase.RANK_COLLAPSE and trapped:
        return Verdict.TRAPPED
    if phase is Phase.BULK_DECAY:
        near = row["phase_bulk_p"] >= SIGNIFICANCE or row["phase_bulk_D"] <= NEAR
        return Verdict.NOISE_AND_SIGNAL if near else Verdict.STRUCTURED
    return _BY_PHASE[phase]


def _reason(row: Mapping[str, Any], verdict: Verdict) -> str:
    """Return the numbers behind a verdict in words."""
    if verdict is Verdict.BROKEN:
        return f"{100 * row['phase_zero_share']:.0f} % of the eigenvalues are negligible"
    if verdict is Verdict.TRAPPED:
        cause = _word(Cause(row["trap_cause"]))
        why = row.get("trap_where") or cause
        return f"spikes left when the elements are permuted (p {_p(row['trap_p'])}): {why}"
    if verdict is Verdict.TOO_SMALL_TO_TELL:
        if math.isnan(row["phase_num"]):
            return "fewer than 10 nonzero eigenvalues per matrix"
        return f"{int(row['phase_num'])} eigenvalues, none above the bulk"
    above = int(row["phase_num_excess"])
    spikes = f"{above or 'no'} eigenvalue{'s' if above != 1 else ''} above the bulk at 0.0001"
    return f"bulk {_fit(row)}; {spikes}{_law(row)}{_cause(row, above)}"


def _fit(row: Mapping[str, Any]) -> str:
    """Return how near the bulk is to noise; of one that is so by its distance also the limit."""
    numbers = f"p {_p(row['phase_bulk_p'])}, D {row['phase_bulk_D']:.2g}"
    if row["phase_bulk_p"] >= SIGNIFICANCE:
        return f"as noise ({numbers})"
    near = row["phase_bulk_D"] <= NEAR
    return f"nearly as noise ({numbers}, at most {NEAR:g})" if near else f"not as noise ({numbers})"


def _cause(row: Mapping[str, Any], above: int) -> str:
    """Return what else would make such a spectrum, if that was measured: scales, rare elements."""
    if above and row.get("whitened_num_spikes") == 0:
        scatter = "rows scatter by {row_scatter:.0%}, columns by {column_scatter:.0%}"
        return f"; none is left once rows and columns have equal scales ({scatter.format_map(row)})"
    rare = row.get("kurtosis", 0.0) > row.get("M", math.inf) / 10
    if rare and not above and row["phase_bulk_p"] < SIGNIFICANCE:
        return f"; the law is not exact for rare elements (excess kurtosis {row['kurtosis']:.0f})"
    return ""


def _law(row: Mapping[str, Any]) -> str:
    """Return what the eigenvalues above the bulk say of a power law; nothing if they are few."""
    support = Support(row["phase_excess_support"])
    if support is Support.SUPPORTED:
        numbers = f"p {_p(row['phase_excess_p'])}, alpha {row['phase_excess_alpha']:.2f}"
        return f"; these follow a power law ({numbers})"
    likelier = Likelier(row["phase_excess_likelier"])
    if support is Support.REJECTED and likelier is not Likelier.NONE:
        return f"; for these a law other than the power law is likelier: {_word(likelier)}"
    if support is Support.REJECTED:
        return f"; these follow no power law (p {_p(row['phase_excess_p'])})"
    unsure = support is Support.NOT_DISTINGUISHABLE
    return "; these may follow a power law or an exponential" if unsure else ""


def _word(flag: IntEnum) -> str:
    return flag.name.lower().replace("_", " ")


def _p(p: float) -> str:
    """Return a p-value, small ones as a power of ten."""
    if p < _TINIEST:
        return f"<{_TINIEST:.0e}"
    return f"{p:.2g}" if p >= 1e-3 else f"{p:.0e}"
