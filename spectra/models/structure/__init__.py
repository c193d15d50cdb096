"""Names: what those of a model's tensors, and its configuration, say about them together."""

from spectra.models.structure._interpretation import interpret

__all__ = ["interpret"]
