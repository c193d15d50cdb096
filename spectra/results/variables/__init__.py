"""Variables: everything a Dataset may hold, each declared once."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from spectra.results.variables._certainty import ERROR, NOISE
from spectra.results.variables._declaration import Variable
from spectra.results.variables._methods import METHOD
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

_DECLARED = (
    *(*DIAGNOSIS, *POWER_LAW, *NULLS, *EVIDENCE, *NORMS, *RANKS, *SPREAD, *LARGE),
    *(*BULK, *WHITENED, *WINDOWS, *SPIKES, *RANDOMIZED, *DIRECTIONS, *PHASE, *COLLAPSE),
    *(*LAYERS, *TENSORS, *SUMMARY),
)
_NAMES = {v.name for v in _DECLARED}


def _certain(variable: Variable) -> Variable:
    """Return a variable with what noise gives for it, how sure it is, and the page on it."""
    name = variable.name
    noise = NOISE.get(name, f"{name}_noise" if f"{name}_noise" in _NAMES else "")
    return replace(variable, noise=noise, error=ERROR.get(name, ""), method=METHOD.get(name, ""))


VARIABLES: Mapping[str, Variable] = {v.name: _certain(v) for v in _DECLARED}
"""All variables by name."""
