"""Write figures to files, without a display."""

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
"""Endings of the file names that :func:`to_file` writes."""


def check(path: Path, /) -> None:
    """
    Check that a figure can be written to a file, before the analysis.

    Parameters
    ----------
    path : Path
        File to write.

    Raises
    ------
    ArgumentError
        If the ending is not one of :data:`FORMATS`, or the folder cannot be written to.

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
    Give empty axes, and write them to a file when the block ends, without a display.

    Parameters
    ----------
    path : Path
        File to write, which :func:`check` accepts.

    Yields
    ------
    matplotlib.axes.Axes
        Axes to draw in.

    Raises
    ------
    ArgumentError
        If :func:`check` rejects the file.

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
    with warnings.catch_warnings():  # a layer name may hold letters that the font lacks
        warnings.filterwarnings("ignore", message="Glyph", category=UserWarning)
        with written(path) as partial:
            figure.savefig(partial)
