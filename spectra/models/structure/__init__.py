"""
Infer structure from tensor names and config.json.

Structure is: quantized weights, gates, experts, fused projections, tied weights.
"""

from spectra.models.structure._gates import GATES
from spectra.models.structure._interpretation import interpret
from spectra.models.structure._quantized import NOT_READ

__all__ = ["GATES", "NOT_READ", "interpret"]
