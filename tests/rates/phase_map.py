"""
Draw a map of the phases: which spectrum is called what, over number, strength and law of spikes.

``python -m tests.rates.phase_map`` writes ``docs/images/phases.png``, a few minutes on two cores.
"""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import NamedTuple

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from spectra import spectrum
from spectra.noise.phases import Phase, decide, second
from tests.rates.matrices import SCATTER, Case, draw

PICTURE = Path(__file__).resolve().parents[2] / "docs" / "images" / "phases.png"
SHAPE = (600, 300)
NUMS = (1, 3, 10, 20, 30, 60, 100, 140)
STRENGTHS = (1.05, 1.2, 1.5, 2.0, 3.0, 5.0, 10.0)
ELEMENTS = (1.0, 1.4, 1.8, 2.5, 3.0, 4.0, 6.0)
SIZES = ((100, 50), (400, 200), (1000, 500))
DRAWS = 5
COLOURS = {
    Phase.RANDOM_LIKE: "#bdbdbd",
    Phase.BLEEDING_OUT: "#9ecae1",
    Phase.BULK_AND_SPIKES: "#3182bd",
    Phase.BULK_DECAY: "#fdae6b",
    Phase.HEAVY_TAILED: "#d62728",
    Phase.OTHER: "#d9c7e8",
}


class Cell(NamedTuple):
    """The most frequent phase of a few matrices of a kind, and another that is as near."""

    phase: Phase
    other: Phase


def _cell(case: Case) -> Cell:
    found = [spectrum(draw(case, seed)).phase_evidence for seed in range(DRAWS)]
    names = Counter(decide(one) for one in found).most_common(2)
    near = Counter(second(one) for one in found).most_common(1)[0]
    if len(names) > 1:
        return Cell(names[0][0], names[1][0])
    return Cell(names[0][0], near[0] if near[1] > DRAWS // 2 else Phase.NOT_CLASSIFIED)


def _panels() -> dict[str, list[list[Case]]]:
    """Return the kinds of matrices by panel, strength or tail index upwards, number rightwards."""
    spiked = {
        kind: [[Case("noise and spikes", kind, SHAPE, k, s) for k in NUMS] for s in STRENGTHS]
        for kind in SCATTER
    }
    student = [[Case("elements", f"Student {mu:g}", shape) for shape in SIZES] for mu in ELEMENTS]
    return {**spiked, "Student": student}


def main() -> None:
    """Draw the map."""
    panels = _panels()
    with ProcessPoolExecutor(2) as pool:
        cells = {
            name: [list(pool.map(_cell, row)) for row in rows] for name, rows in panels.items()
        }
    mpl.rcParams["font.size"] = 9
    figure = Figure(figsize=(11, 3.6), layout="constrained")
    axes = figure.subplots(1, len(cells), width_ratios=[8, 8, 8, 3.5])
    for ax, (name, rows) in zip(axes, cells.items(), strict=True):
        for y, row in enumerate(rows):
            for x, cell in enumerate(row):
                box = {"edgecolor": "white", "linewidth": 0.6}
                ax.fill([x, x + 1, x + 1, x], [y, y, y + 1, y + 1], COLOURS[cell.phase], **box)
                if cell.other in COLOURS:
                    ax.fill([x, x + 1, x + 1], [y, y, y + 1], COLOURS[cell.other], linewidth=0)
        spikes = name in SCATTER
        columns = NUMS if spikes else ["{}x{}".format(*shape) for shape in SIZES]
        ax.set_xticks(
            np.arange(len(columns)) + 0.5, map(str, columns), rotation=0 if spikes else 90
        )
        upwards = STRENGTHS if spikes else ELEMENTS
        ax.set_yticks(np.arange(len(upwards)) + 0.5, [f"{value:g}" for value in upwards])
        ax.set(title=name, xlabel="number of spikes" if spikes else "")
        ax.tick_params(length=0)
        ax.set_xlim(0, len(columns))
        ax.set_ylim(0, len(upwards))
    axes[0].set_ylabel("strength over the limit of detection")
    axes[-1].set_ylabel("tail index of the elements")
    patches = [
        Patch(facecolor=colour, edgecolor="#888888", label=phase.name.lower().replace("_", " "))
        for phase, colour in COLOURS.items()
    ]
    figure.legend(handles=patches, loc="outside lower center", ncols=len(patches), frameon=False)
    figure.savefig(PICTURE, dpi=110)


if __name__ == "__main__":
    main()
