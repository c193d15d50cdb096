"""
Measure how often the words err on matrices of known kinds, and write the page of rates.

``python -m tests.rates.run`` prints the tables, with ``--page`` it writes them to
``docs/rates.md``. Half an hour on two cores, ``--num 3`` for a glance.
"""

from __future__ import annotations

import argparse
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

import spectra
from spectra import measures
from spectra.results.verdicts import Verdict
from spectra.tails.support import Support
from tests.rates.matrices import GROUPS, Case, cases, draw

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["Outcome", "outcomes"]

PAGE = Path(__file__).resolve().parents[2] / "docs" / "rates.md"

NUMS = {"noise": 200, "noise and spikes": 10, "heavy tails": 30, "other": 20}
WORDS = (*("TOO_SMALL_TO_TELL", "LIKE_NOISE", "NOISE_AND_SIGNAL", "HEAVY_TAILED", "STRUCTURED"),)
MEASURES = (measures.tail_fit, measures.evidence, measures.bulk_fit, measures.training_phase)
HEAD = """# How often the words err

Made by `make rates`, which draws matrices of known kinds, judges them as `spectra.analyze` does and
counts. Figures are percent, nothing for none; the standard error of a rate of 5 % over 100 matrices
is 2 points. The last columns are the p-value of the whole tail, any spike at 5 %, and how often the
90 % interval of alpha holds the median alpha of matrices of the same kind.
[Metrics](metrics.md) says what each number is worth.
"""


class Outcome(NamedTuple):
    """Words that one matrix was given."""

    case: Case
    verdict: Verdict
    support: Support
    rejected: bool
    spike: bool
    alpha: float
    interval: tuple[float, float]


def _judged(case: Case, seed: int) -> Outcome:
    ds = spectra.analyze({"w": draw(case, seed)}, measures=MEASURES).isel(layer=0)
    return Outcome(
        case,
        Verdict(ds.verdict.item()),
        Support(ds.power_law_support.item()),
        ds.p_value.item() <= 0.1,
        ds.spike_p.item() <= 0.05,
        ds.alpha.item(),
        (ds.alpha_low.item(), ds.alpha_high.item()),
    )


def _one(work: tuple[Case, int]) -> Outcome:
    return _judged(*work)


def outcomes(chosen: Iterable[Case], num: int, /, *, workers: int = 2) -> list[Outcome]:
    """Judge `num` matrices of each case."""
    work = [(case, seed) for case in chosen for seed in range(num)]
    with ProcessPoolExecutor(workers) as pool:
        return list(pool.map(_one, work, chunksize=4))


def percent(found: Iterable[bool]) -> str:
    """Return the share in percent; nothing for none at all."""
    every = list(found)
    share = 100 * float(np.mean(every)) if every else 0.0
    return "" if not share else f"{share:.0f}" if share >= 1 else f"{share:.1g}"


def covers(found: Iterable[Outcome]) -> list[bool]:
    """Say of each interval of alpha whether it holds the median alpha of the same kind."""
    some = [one for one in found if np.isfinite([one.alpha, *one.interval]).all()]
    alphas: dict[Case, list[float]] = {}
    for one in some:
        alphas.setdefault(one.case, []).append(one.alpha)
    middle = {case: float(np.median(values)) for case, values in alphas.items()}
    return [one.interval[0] <= middle[one.case] <= one.interval[1] for one in some]


def table(found: list[Outcome], title: str, by: Callable[[Outcome], str]) -> str:
    """Return the rates of the words as a Markdown table, a row for each kind."""
    words = [word.lower().replace("_", " ") for word in WORDS]
    last = ["supported", "p up to 0.1", "a spike at 5 %", "interval covers"]
    head = [title, "matrices", *words, *last]
    lines = ["| " + " | ".join(head) + " |", "| " + " | ".join(["---"] * len(head)) + " |"]
    for name, num in Counter(map(by, found)).items():
        rows = [one for one in found if by(one) == name]
        cells = [percent(one.verdict is Verdict[word] for one in rows) for word in WORDS]
        cells.append(percent(one.support is Support.SUPPORTED for one in rows))
        cells += [percent(one.rejected for one in rows), percent(one.spike for one in rows)]
        cells.append(percent(covers(rows)))
        lines.append("| " + " | ".join([name, str(num), *cells]) + " |")
    return "\n".join(lines)


def _sides(one: Outcome) -> str:
    return "{} x {}".format(*one.case.shape)


def _spikes(one: Outcome) -> str:
    case = one.case
    many = "20 and more" if case.num_spikes >= 20 else "up to 15"
    return f"{case.kind}, {many}, {case.strength:g} times the limit"


def _kind_and_sides(one: Outcome) -> str:
    return f"{one.case.kind}, {_sides(one)}"


SECTIONS: dict[str, tuple[str, Callable[[Outcome], str]]] = {
    "noise": ("Noise", _sides),
    "noise and spikes": ("Noise and spikes", _spikes),
    "heavy tails": ("Elements of a heavy tail", _kind_and_sides),
    "other": ("Other structure", lambda one: one.case.kind),
}


def main() -> None:
    """Print or write the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--num", type=int, help="matrices of each case")
    parser.add_argument("--page", action="store_true")
    parser.add_argument("--group", choices=[*GROUPS])
    chosen = parser.parse_args()
    parts = [HEAD]
    for group in [chosen.group] if chosen.group else GROUPS:
        title, by = SECTIONS[group]
        found = outcomes(cases(group), chosen.num or NUMS[group])
        parts += [f"## {title}\n", table(found, title.lower(), by) + "\n"]
        if group == "noise":
            parts.append(table(found, "elements", lambda one: one.case.kind) + "\n")
    text = "\n".join(parts)
    if chosen.page:
        PAGE.write_text(text, "utf-8")
    else:
        print(text)


if __name__ == "__main__":
    main()
