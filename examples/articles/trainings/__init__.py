"""Trainings in plain NumPy whose results the pages show, and the folders of both."""

from pathlib import Path

__all__ = ["EXAMPLES", "RESULTS"]

EXAMPLES = Path(__file__).parents[2]
"""Folder of the examples, in which `models` are."""
RESULTS = EXAMPLES / "articles" / "results"
"""Folder of the results that are kept."""
