"""Variables: everything a Dataset may hold, each declared once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spectra.results.variables._declaration import Variable
from spectra.results.variables._model import LAYERS, SUMMARY, TENSORS, Status
from spectra.results.variables._noise import (
    BULK,
    DIRECTIONS,
    LARGE,
    PHASE,
    RANDOMIZED,
    SPIKES,
    WHITENED,
    WINDOWS,
)
from spectra.results.variables._sizes import COLLAPSE, NORMS, RANKS, SPREAD
from spectra.results.variables._tails import DIAGNOSIS, EVIDENCE, NULLS, POWER_LAW

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["VARIABLES", "Status", "Variable"]

VARIABLES: Mapping[str, Variable] = {
    v.name: v
    for v in (
        *(*DIAGNOSIS, *POWER_LAW, *NULLS, *EVIDENCE, *NORMS, *RANKS, *SPREAD, *LARGE),
        *(*BULK, *WHITENED, *WINDOWS, *SPIKES, *RANDOMIZED, *DIRECTIONS, *PHASE, *COLLAPSE),
        *(*LAYERS, *TENSORS, *SUMMARY),
    )
}
"""All variables by name."""
