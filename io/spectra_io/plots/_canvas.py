"""Marks, sizes, titles and legends shared by the figures of matplotlib."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

from spectra.errors import one_line
from spectra_io.plots._names import short

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.artist import Artist
    from matplotlib.axes import Axes

    from spectra._typing import FloatArray

__all__ = [
    "FIGSIZE",
    "LINES",
    "MARKS",
    "finish",
    "fit_labels",
    "fitting",
    "fresh_axes",
    "height_of",
    "ink",
    "label_of",
    "legend",
    "legend_above",
    "overlaid",
    "paper",
    "room",
    "round_ticks",
    "steps",
    "title",
    "width_of",
]

MARKS = ("o", "s", "^", "D", "v", "P", "X", "*")
LINES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)))
FIGSIZE = (7.0, 4.2)  # inches
_SIGNS = re.compile(r"[\\${}^_]|(?<=\\)[a-z]+")  # of mathematics, that are not drawn
_CHARACTERS = 10.5  # of a title, per inch
_BESIDE = 0.85  # inches beside the axes, of ticks and the label
_LETTER = 0.58  # width of a letter, in units of its size
_HANDLE = 4.0  # width of a mark of the legend and of the gaps beside it, in units of the size
_LEAST = 5.0  # size of the smallest letters, in points
_NAMED = 16  # characters of a name that tell it from others


def fresh_axes(ax: Axes | None) -> Axes:
    """Return the axes given, or the axes of a new figure."""
    if ax is not None:
        return ax
    import matplotlib.pyplot as plt

    _, fresh = plt.subplots(figsize=FIGSIZE, layout="constrained")
    return fresh


def ink() -> str:
    """Return the colour of text in the style: dark on light paper, light on dark."""
    from matplotlib import rcParams

    return str(rcParams["text.color"])


def paper(ax: Axes) -> object:
    """Return the colour of the paper, for hollow marks."""
    return ax.get_facecolor()


def width_of(ax: Axes) -> float:
    """Return the width of the axes in inches, as far as it is known before drawing."""
    spec = ax.get_subplotspec()
    columns = spec.get_gridspec().ncols if spec is not None else 1
    return _inches(ax)[0] / columns * 0.8


def height_of(ax: Axes) -> float:
    """Return the height of the figure in inches."""
    return _inches(ax)[1]


def _inches(ax: Axes) -> tuple[float, float]:
    figure = ax.get_figure(root=True)
    width, height = FIGSIZE if figure is None else figure.get_size_inches()
    return float(width), float(height)


def fitting(size: float, letters: float, inches: float) -> float:
    """Return the size of letters, in points, with which so many of them are within some inches."""
    return max(_LEAST, min(size, 72 * inches / (_LETTER * max(1.0, letters))))


def label_of(name: str, length: int = 32) -> str:
    """Return a name from a file as a label of a legend, which leaves out those with ``_``."""
    (word,) = short([one_line(name)], length)
    return f" {word}" if word.startswith("_") else word


def title(ax: Axes, name: str, right: str = "", pad: float = 6.0, beside: float = _BESIDE) -> None:
    """Write a name above the axes, as it is, shortened, and a smaller remark beside or below it."""
    inches = width_of(ax) / 0.8 - beside
    full = int(inches * _CHARACTERS)
    room = full - int(0.85 * len(right))
    if right and name and room < min(len(name), _NAMED):  # one above the other
        (word,) = short([one_line(name)], full)
        size = fitting(10, max(len(word), len(right)), inches)
        ax.set_title(f"{word}\n{right}", loc="left", fontsize=size, parse_math=False, pad=pad)
        return
    if name and room >= 4:
        (word,) = short([one_line(name)], room)
        ax.set_title(word, loc="left", fontsize="large", parse_math=False, pad=pad)
    size = fitting(8.3, len(right), inches)
    ax.set_title(right, loc="right", fontsize=size, parse_math=False, pad=pad)


def legend(ax: Axes, **options: Any) -> None:
    """Draw the legend, its names as they are, without mathematics in them."""
    handles, labels = ax.get_legend_handles_labels()
    if not handles:
        return
    chosen: dict[str, Any] = {"fontsize": 8.3, "framealpha": 0.8, "edgecolor": "none"} | options
    lines = [line for label in labels for line in label.split("\n")]
    letters = chosen.get("ncols", 1) * (max(map(len, lines)) + _HANDLE / _LETTER)
    chosen["fontsize"] = fitting(chosen["fontsize"], letters, width_of(ax) / 0.8 - _BESIDE)
    drawn = ax.legend(handles, labels, **chosen)
    for text in drawn.get_texts():
        text.set_parse_math(False)


def legend_above(ax: Axes) -> float:
    """Draw the legend above the axes in columns, and return its height in points."""
    labels = ax.get_legend_handles_labels()[1]
    width = width_of(ax)
    size = 6.0 if width < 3 else 7.0 if width < 4.5 else 8.0
    entry = 0.05 * size + max(map(len, labels), default=0) * size * 0.0072
    columns = max(1, min(4, int(width / entry)))
    legend(
        ax, frameon=False, loc="lower left", bbox_to_anchor=(0, 1), borderaxespad=0,
        ncols=columns, fontsize=size, columnspacing=1.2, handletextpad=0.4, labelspacing=0.3,
    )  # fmt: skip
    return -(-len(labels) // columns) * 1.36 * size + 8


def overlaid(ax: Axes, handles: Sequence[Artist], label: str) -> None:
    """Add an entry to the legend whose marks lie over each other."""
    from matplotlib.container import Container

    ax.add_container(Container(handles, label=label))


def room(ax: Axes, lines: int, *, logarithmic: bool = True) -> None:
    """Raise the upper end of the vertical axis by the height of so many lines of a legend."""
    inches = height_of(ax) * 0.7
    share = min(0.6, 0.19 * lines / inches)
    low, high = ax.get_ylim()
    if logarithmic:
        ax.set_ylim(low, high * (high / low) ** (share / (1 - share)))
    else:
        ax.set_ylim(low, high + (high - low) * share / (1 - share))


def round_ticks(ax: Axes, low: float, high: float) -> None:
    """Label a logarithmic horizontal axis, also one with fewer than two powers of ten."""
    from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

    powers = math.floor(math.log10(high)) - math.ceil(math.log10(low)) + 1
    if powers < 2:
        few = high > 5 * low
        ax.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if few else (1, 1.5, 2, 3, 4, 5, 7)))
        ax.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    if high < 1.6 * low:  # too narrow for round numbers of a logarithm
        from matplotlib.ticker import MaxNLocator

        ax.xaxis.set_major_locator(MaxNLocator(4))
        ax.xaxis.set_major_formatter(StrMethodFormatter("{x:.4g}"))
    ax.xaxis.set_minor_formatter(NullFormatter())


def steps(ax: Axes, density: FloatArray, edges: FloatArray, color: str, label: str = "") -> None:
    """Draw a histogram as a filled outline."""
    ax.stairs(density, edges, fill=True, color=color, alpha=0.35, label=label or None)
    ax.stairs(density, edges, color=color, linewidth=1)


def finish(ax: Axes) -> None:
    """Take away the upper and the right spine, and fit the labels of the axes to their lengths."""
    ax.spines[["top", "right"]].set_visible(False)
    fit_labels(ax)


def fit_labels(ax: Axes) -> None:
    """Shrink the labels of axes that are shorter than the words."""
    inches = (width_of(ax) / 0.8 - _BESIDE / 2, 0.68 * height_of(ax))
    for label, length in zip((ax.xaxis.label, ax.yaxis.label), inches, strict=True):
        lines = [_SIGNS.sub("", line) for line in label.get_text().split("\n")]
        label.set_fontsize(fitting(float(label.get_fontsize()), max(map(len, lines)), length))
