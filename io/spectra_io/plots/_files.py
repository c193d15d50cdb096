"""Figures written to files, without a display."""

from __future__ import annotations

import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING

from spectra_io.plots._canvas import FIGSIZE
from spectra_io.storage.paths import check_writable, written

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from matplotlib.axes import Axes


__all__ = ["FORMATS", "check", "to_file"]

FORMATS = (".png", ".pdf", ".svg")
"""Endings of the pictures that :func:`to_file` writes."""


def check(path: Path, /) -> None:
    """
    Check that a figure can be written, before there is anything to draw.

    Parameters
    ----------
    path : Path
        Where to.

    Raises
    ------
    ArgumentError
        If the ending is not one of a picture, or there is no folder to write to.

    Examples
    --------
    >>> from pathlib import Path
    >>> check(Path("figure.txt"))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    spectra.errors.ArgumentError: figure.txt: its name must end in .png, .pdf or .svg
    """
    check_writable(path, FORMATS)


@contextmanager
def to_file(path: Path, /) -> Iterator[Axes]:
    """
    Give axes to draw in, and write them to a file afterwards, without a display.

    Parameters
    ----------
    path : Path
        Where to, as :func:`check` allows.

    Yields
    ------
    matplotlib.axes.Axes
        Empty axes.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> path = Path(tempfile.mkdtemp()) / "figure.svg"
    >>> with to_file(path) as ax:
    ...     _ = ax.plot([1, 2])
    >>> path.stat().st_size > 0
    True
    """
    from matplotlib.figure import Figure

    check(path)
    figure = Figure(figsize=FIGSIZE, dpi=150, layout="constrained")
    yield figure.subplots()
    with warnings.catch_warnings():  # a name may hold letters that the font lacks
        warnings.filterwarnings("ignore", message="Glyph", category=UserWarning)
        with written(path) as partial:
            figure.savefig(partial)
