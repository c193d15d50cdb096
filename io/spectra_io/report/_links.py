"""Links of a report: the pages of the documentation that explain its numbers and figures."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spectra.results.variables import Variable

__all__ = ["DOCUMENTATION", "FIGURES", "page_of"]

DOCUMENTATION = "https://github.com/weightspectra/weightspectra/tree/main/docs"
"""Address of the documentation."""

FIGURES = {
    "correlation_flow": "methods/power-law.md",
    "esd": "methods/spikes.md",
    "heat_map": "methods/eigenvalues.md",
    "tail_laws": "methods/other-laws.md",
}
"""Page on the method of each figure."""


def page_of(variable: Variable, /) -> str:
    """Return the page on the method of a variable, or on all variables if it has no method."""
    return f"methods/{variable.method}.md" if variable.method else "variables.md"
