"""Order of the pages of the articles."""

from __future__ import annotations

__all__ = ["PAGES", "in_order"]

PAGES = (
    "is_your_layer_over_trained",
    "is_your_model_over_trained",
    "latent_space",
    "heavy_tailed_matrices",
    "five_plus_one_phases",
    "correlation_flow",
    "simpsons_paradox",
    "capacity",
    "real_power_laws",
    "noise_and_signal",
)
"""Names of the scripts, in the order in which they are read."""


def in_order(name: str) -> int:
    """Return the place of a script among the pages."""
    return PAGES.index(name.removesuffix(".py"))
