"""Quantized weights: found by the names beside them, read, or left out with the reason."""

from spectra.models.structure._quantized._guard import guarded
from spectra.models.structure._quantized._rules import unpacked
from spectra.models.structure._quantized._unread import NOT_READ

__all__ = ["NOT_READ", "guarded", "unpacked"]
