"""Estimate time and memory of a whole analysis before it starts, as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from spectra import costs
from spectra_io.runs.budgets import PROGRAM
from spectra_io.terminal.columns import Column, TextTable
from spectra_io.terminal.quantities import duration, memory

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from spectra.costs import Rates
    from spectra.measures import Measure
    from spectra.models.layers import Layer

__all__ = ["Estimate", "cost_table", "estimate"]

_LISTED = 5  # most expensive layers that the table names
_SHAPE = (Column("N", "N"), Column("M", "M"), Column("rf", "rf"))


class Estimate(NamedTuple):
    """
    Time and memory of an analysis.

    Examples
    --------
    >>> Estimate(2.0, 1 << 20).seconds
    2.0
    """

    seconds: float
    """Seconds from the first layer to the last."""
    memory: int
    """Bytes at the peak, those of the program included."""


def estimate(
    layers: Sequence[Layer], measures: Sequence[Measure], rates: Rates, /, *, workers: int
) -> Estimate:
    """
    Estimate time and memory of the analysis of all layers.

    Parameters
    ----------
    layers : sequence of Layer
        Layers that are taken.
    measures : sequence of callable
        Measures to take.
    rates : Rates
        Seconds that one worker takes for a unit of work.
    workers : int
        Number of layers in work at a time.

    Returns
    -------
    Estimate
        Time if the most expensive layers are taken first; memory if the largest meet.

    Examples
    --------
    >>> import numpy as np, spectra
    >>> from spectra.costs import TYPICAL
    >>> layers = spectra.layers({"a": np.ones((64, 32)), "b": np.ones((64, 32))})
    >>> both, one = (estimate(layers, spectra.measures.CORE, TYPICAL, workers=n) for n in (2, 1))
    >>> round(one.seconds / both.seconds)
    2
    """
    times = [costs.seconds(layer, measures=measures, rates=rates) for layer in layers]
    held = sorted((costs.memory(layer, measures=measures) for layer in layers), reverse=True)
    last = costs.makespan(sorted(times, reverse=True), workers=workers)
    return Estimate(last, PROGRAM + sum(held[:workers]))


def cost_table(
    layers: Sequence[Layer],
    commands: Mapping[str, Sequence[Measure]],
    rates: Rates,
    /,
    *,
    workers: int,
) -> TextTable:
    """
    Lay out the estimates of the most expensive layers, and of all together.

    Parameters
    ----------
    layers : sequence of Layer
        Layers that are taken.
    commands : mapping of str to sequence of callable
        Measures of each command, by its name; the first one orders the layers.
    rates : Rates
        Seconds that one worker takes for a unit of work.
    workers : int
        Number of layers in work at a time.

    Returns
    -------
    TextTable
        One row per layer of the five most expensive ones, and a row of all.

    Examples
    --------
    >>> import numpy as np, spectra
    >>> from spectra.costs import TYPICAL
    >>> layers = spectra.layers({"a": np.ones((64, 32))})
    >>> cost_table(layers, {"analyze": spectra.measures.CORE}, TYPICAL, workers=2).rows[0]
    ['a', '64', '32', '1', 'under 1 s', '3 MB']
    """
    first = next(iter(commands.values()))
    ordered = sorted(layers, key=lambda layer: -costs.seconds(layer, measures=first, rates=rates))
    rows = []
    for layer in ordered[:_LISTED]:
        row = [layer.name, str(layer.N), str(layer.M), str(layer.rf)]
        for chosen in commands.values():
            row.append(duration(costs.seconds(layer, measures=chosen, rates=rates)))
            row.append(memory(costs.memory(layer, measures=chosen)))
        rows.append(row)
    last = [f"all {len(layers)} layers", "", "", ""]
    for chosen in commands.values():
        whole = estimate(layers, chosen, rates, workers=workers)
        last += [duration(whole.seconds), memory(whole.memory)]
    heads = [Column(head, name) for name in commands for head in (name, "memory")]
    return TextTable((Column("layer", "layer", left=True), *_SHAPE, *heads), [*rows, last])
