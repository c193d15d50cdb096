"""Lists of the runs that a store holds, by what tells them apart."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence, Set
    from pathlib import Path

    from spectra import stored

__all__ = ["several_runs"]

_LISTED = 10  # runs that a message names
_WHEN = "%Y-%m-%d %H:%M"
_MEASURE = re.compile(r"[^,()]+(?:\([^()]*\))?")  # with its options
_SHARED = ("source", "tail", "significance", "rng", "rtol", "pool", "device")


def several_runs(path: Path, runs: Sequence[stored.Run], /) -> str:
    """
    Say which runs a store holds, the latest first, by what tells them apart.

    Parameters
    ----------
    path : Path
        Folder of the store.
    runs : sequence of Run
        Its runs.

    Returns
    -------
    str
        A message with the file of each run, its model, the measures and options that others lack,
        and when it was stored.

    Examples
    --------
    >>> from pathlib import Path
    >>> from spectra.stored import Run
    >>> run = Run("runs/0", "net.onnx", num_layers=3, num_reached=3, num_variables=40, attrs={})
    >>> several_runs(Path("a.store"), [run])  # doctest: +ELLIPSIS
    'a.store: the store holds 1 runs; name one of them: a.store/runs/0 (net.onnx, 3 of 3 layers, ...
    """
    when = {run.name: _time(path / run.name) for run in runs}
    latest = sorted(runs, key=lambda run: -when[run.name])
    common = set.intersection(*(_options(run) for run in runs))
    listed = [
        f"{path / run.name} ({_words(run, common)}, {time.strftime(_WHEN, at)})"
        for run in latest[:_LISTED]
        for at in [time.localtime(when[run.name])]
    ]
    more = f" and {len(runs) - _LISTED} more" if len(runs) > _LISTED else ""
    return f"{path}: the store holds {len(runs)} runs; name one of them: {', '.join(listed)}{more}"


def _time(file: Path) -> float:
    """Return when a file was written, in seconds; 0 if it is gone."""
    try:
        return file.stat().st_mtime
    except OSError:
        return 0.0


def _options(run: stored.Run) -> set[str]:
    """Return the measures of a run, with their options, and the options that all share."""
    measures = _MEASURE.findall(str(run.attrs.get("measures", "")))
    shared = (f"{name}={run.attrs.get(name)}" for name in _SHARED)
    return {each.strip() for each in measures} | {*shared}


def _words(run: stored.Run, common: Set[str]) -> str:
    """Return what a run is of in a few words, and what it has measured that others have not."""
    fingerprint = str(run.attrs.get("model_fingerprint", ""))[:8]
    counts = f"{run.num_reached} of {run.num_layers} layers"
    own = " ".join(sorted(_options(run) - common))
    words = (run.model or "arrays", fingerprint, counts, own and f"with {own}")
    return ", ".join(word for word in words if word)
