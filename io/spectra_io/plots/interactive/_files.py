"""Write interactive figures to files that need no network."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

from spectra_io.plots.interactive._drawing import graph_objects
from spectra_io.storage.outputs import check_writable, written

if TYPE_CHECKING:
    from pathlib import Path

    import plotly.graph_objects as go

__all__ = ["FORMATS", "check", "to_file"]

FORMATS = (".html",)
"""Endings of the file names that :func:`to_file` writes."""

_MARK = '<meta name="generator" content="weightspectra">'
_START = 4096  # bytes of a page in which the mark is
_POLICY = (  # the page loads nothing, whatever stands in it
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:"
)
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
{mark}
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
html, body, figure {{ height: 100%; margin: 0; }}
body {{ background: {paper}; color: {ink}; font-family: sans-serif; }}
figure {{ display: flex; flex-direction: column-reverse; }}
.drawing {{ flex: 1; min-height: 22rem; position: relative; }}
.drawing > div {{ position: absolute; inset: 0; }}
figcaption {{ font-size: 0.85rem; line-height: 1.4; padding: 0 1.5rem 1rem; }}
</style>
</head>
<body>
<figure>
<figcaption>{caption}</figcaption>
<div class="drawing">{drawing}</div>
</figure>
</body>
</html>
"""
_CONFIG = {
    "displaylogo": False,
    "responsive": True,
    "showSendToCloud": False,  # no button that sends the data to plotly's servers
}


def _is_figure(path: Path) -> bool:
    """Return whether a file is a page of ours, which names this program as its maker."""
    with path.open("rb") as file:
        return _MARK.encode() in file.read(_START)


def check(path: Path, /) -> None:
    """
    Check that an interactive figure can be written to a file, before the analysis.

    Parameters
    ----------
    path : Path
        File to write.

    Raises
    ------
    SpectraError
        If plotly is not installed.
    ArgumentError
        If the ending is not one of :data:`FORMATS`, the file cannot be written, or it exists and
        is not a figure that :func:`to_file` wrote.

    Examples
    --------
    >>> from pathlib import Path
    >>> check(Path("figure.png"))
    Traceback (most recent call last):
        ...
    spectra.errors.ArgumentError: figure.png: its name must end in .html
    """
    graph_objects()
    check_writable(path, FORMATS, is_ours=_is_figure)


def to_file(figure: go.Figure, path: Path, /) -> None:
    """
    Write an interactive figure to a page of HTML that needs no network, with its caption.

    Parameters
    ----------
    figure : plotly.graph_objects.Figure
        Figure of this package, or any other of plotly.
    path : Path
        File to write, which :func:`check` accepts.

    Raises
    ------
    SpectraError
        If plotly is not installed.
    ArgumentError
        If :func:`check` rejects the file.

    Notes
    -----
    The page holds plotly's program, which is most of its 5 MB.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from spectra.noise import tracy_widom
    >>> from spectra_io.plots import interactive
    >>> path = Path(tempfile.mkdtemp()) / "law.html"
    >>> to_file(interactive.law(tracy_widom), path)
    >>> path.read_text(encoding="utf-8").startswith("<!doctype html>")
    True
    """
    check(path)
    drawing = figure.to_html(
        config=_CONFIG, include_plotlyjs=True, full_html=False, div_id="figure",
        default_width="100%", default_height="100%",
    )  # fmt: skip
    style = figure.layout.template.layout
    meta = figure.layout.meta
    page = _PAGE.format(
        mark=_MARK,
        policy=_POLICY,
        title=_plain(figure.layout.title.text or "figure"),
        paper=_plain(style.paper_bgcolor or "white"),
        ink=_plain(style.font.color or "black"),
        drawing=drawing,
        caption=html.escape(str(meta["caption"])) if isinstance(meta, dict) else "",
    )
    with written(path) as partial:
        partial.write_text(page, encoding="utf-8", newline="\n")


def _plain(text: object) -> str:
    """Return text of plotly, in which entities stand for letters, as text of HTML."""
    return html.escape(html.unescape(str(text)))
