"""Keep pytest from importing the sweep, except its tests: it needs torch and transformers."""

from pathlib import Path

collect_ignore = [
    p.name for p in Path(__file__).parent.glob("*.py") if not p.name.startswith("test_")
]
