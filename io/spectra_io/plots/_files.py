"""Write figures to files, without a display."""

from __future__ import annotations

import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING

from spectra_io.plots._canvas import FIGSIZE
from spectra_io.storage.outputs import check_writable, written

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from matplotlib.axes import Axes


__all__ = ["FORMATS", "check", "to_file"]

_PROGRAM = "weightspectra"
_MARKS = {  # where each format names the program, and what its file has then
    ".png": ("Software", f"Software\0{_PROGRAM}"),
    ".pdf": ("Creator", f"/Creator ({_PROGRAM})"),
    ".svg": ("Creator", f"<dc:title>{_PROGRAM}</dc:title>"),
}
FORMATS = tuple(_MARKS)
"""Endings of the file names that :func:`to_file` writes."""

_MOST = 1 << 26  # bytes of a figure that is looked at


def _is_figure(path: Path) -> bool:
    """Return whether a file is a figure of ours, which names this program as its maker."""
    mark = _MARKS.get(path.suffix.lower(), ("", "\0"))[1]
    with path.open("rb") as file:
        return mark.encode() in file.read(_MOST)


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
        If the ending is not one of :data:`FORMATS`, the file cannot be written, or it exists and
        is not a figure that :func:`to_file` wrote.

    Examples
    --------
    >>> from pathlib import Path
    >>> check(Path("figure.txt"))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    spectra.errors.ArgumentError: figure.txt: its name must end in .png, .pdf or .svg
    """
    check_writable(path, FORMATS, is_ours=_is_figure)


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
            figure.savefig(partial, metadata={_MARKS[path.suffix.lower()][0]: _PROGRAM})
