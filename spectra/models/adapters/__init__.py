"""
Adapters: updates of weights, stored as factors and a scale.

A LoRA update is a pair of matrices (``Pair``, ``pairs``); ``delta`` returns it as a matrix or
kernel, ``eigenvalues`` its spectrum. ``noted`` marks the tensors of an adapter, and makes one layer
of each LoKr and LoHa update.
"""

from spectra.models.adapters._notes import noted
from spectra.models.adapters._pairs import Pair, pairs
from spectra.models.adapters._updates import delta, eigenvalues

__all__ = ["Pair", "delta", "eigenvalues", "noted", "pairs"]
