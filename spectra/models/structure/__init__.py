"""
Infer structure from tensor names and config.json.

Structure is: quantized weights, gates, experts, fused projections, tied weights.
"""

from spectra.models.structure._gates import GATES
from spectra.models.structure._interpretation import interpret

__all__ = ["GATES", "interpret"]
