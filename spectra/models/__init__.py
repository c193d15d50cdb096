"""Models: what a file stores, and the real matrices that the network computes with."""

from spectra.models import (
    adapters,
    arrays,
    layers,
    lazy,
    model,
    quantization,
    roles,
    selection,
    structure,
    tensors,
)

__all__ = [
    "adapters",
    "arrays",
    "layers",
    "lazy",
    "model",
    "quantization",
    "roles",
    "selection",
    "structure",
    "tensors",
]
