"""Traces, axes and legends of the interactive figures."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from spectra.errors import SpectraError

if TYPE_CHECKING:
    import numpy.typing as npt

    from spectra._typing import FloatArray

__all__ = ["DASHES", "INK", "SYMBOLS", "Drawing", "axis", "graph_objects"]

INK = "#7f7f7f"  # told apart from light and from dark paper, whatever the template
DASHES = ("solid", "dash", "dashdot", "dot", "longdashdot")
SYMBOLS = ("circle", "square", "triangle-up", "diamond", "triangle-down", "cross", "x", "star")
_MISSING = "interactive figures need the package plotly: pip install 'weightspectra[plotly]'"
_LINE, _PLOT = 18.0, 330.0  # pixels: a line of the legend, and the height of the axes
_FEW_TICKS, _MANY_TICKS = 1.0, 3.0  # powers of ten on an axis with ticks at 1, 2 and 5
_FAR = 1e3  # factor by which a line goes on below the axes, for readers who move them


def graph_objects() -> Any:
    """Return the module of plotly that makes figures; without plotly say how to install it."""
    try:
        import plotly.graph_objects as objects
    except ImportError as error:
        raise SpectraError(_MISSING) from error
    return objects


def axis(
    words: str, low: float, high: float, *, logarithmic: bool = False, lines: int = 0, **more: Any
) -> dict[str, Any]:
    """Return an axis with its ends, the upper one raised by the height of lines of a legend."""
    if logarithmic:
        low, high = math.log10(low), math.log10(high)
        if _FEW_TICKS < high - low < _MANY_TICKS:
            more = {"dtick": "D2"} | more  # labels of all digits would lie over each other
    share = min(0.6, _LINE * lines / _PLOT)
    high += (high - low) * share / (1 - share)
    kind = {"type": "log", "exponentformat": "power"} if logarithmic else {"type": "linear"}
    return {"title": {"text": words}, "range": [low, high], **kind, **more}


class Drawing:
    """Figure of plotly in the making; without plotly an error."""

    def __init__(self) -> None:
        """Make an empty figure."""
        self._objects = graph_objects()
        self.figure: Any = self._objects.Figure()

    def add(self, kind: str = "Scatter", /, **options: Any) -> None:
        """Add a trace, which is in the legend if it has a name."""
        chosen = {"showlegend": bool(options.get("name")), **options}
        self.figure.add_trace(getattr(self._objects, kind)(**chosen))

    def bars(
        self, density: npt.ArrayLike, edges: FloatArray, color: str, name: str = "", *,
        what: str = "λ", height: str = "density", opacity: float = 0.45,
    ) -> None:  # fmt: skip
        """Draw a histogram as bars."""
        low, high = edges[:-1], edges[1:]
        self.add(
            "Bar", x=(low + high) / 2, y=density, width=high - low, name=name,
            marker={"color": color, "opacity": opacity, "line": {"width": 0}},
            customdata=np.column_stack([low, high]),
            hovertemplate=f"{what} from %{{customdata[0]:.4g}} to %{{customdata[1]:.4g}}<br>"
            f"{height} %{{y:.4g}}<extra>{name}</extra>",
        )  # fmt: skip

    def outline(
        self, density: FloatArray, edges: FloatArray, color: str, name: str, *,
        floor: float = 0.0, dash: str = "solid",
    ) -> None:  # fmt: skip
        """Draw the outline of a histogram, down to a floor where it is empty."""
        heights = np.maximum(np.repeat(density, 2), floor)
        self.line(
            np.repeat(edges, 2), np.concatenate([[floor], heights, [floor]]), color, name,
            dash=dash, width=1.8,
        )  # fmt: skip

    def line(
        self, x: npt.ArrayLike, y: npt.ArrayLike, color: str, name: str = "", *,
        dash: str = "solid", width: float = 1.8, hover: str = "", **more: Any,
    ) -> None:  # fmt: skip
        """Draw a line."""
        self.add(
            x=x, y=y, mode="lines", name=name,
            hovertemplate=f"{hover or _POINT}<extra>{name}</extra>",
            line={"color": color, "dash": dash, "width": width}, **more,
        )  # fmt: skip

    def marks(
        self, x: npt.ArrayLike, y: npt.ArrayLike, color: str, symbol: Any, name: str = "", *,
        size: float = 7.0, hover: str = "", opacity: float = 1.0, **more: Any,
    ) -> None:  # fmt: skip
        """Draw marks."""
        self.add(
            x=x, y=y, mode="markers", name=name,
            hovertemplate=f"{hover or _POINT}<extra>{name}</extra>",
            marker={"color": color, "symbol": symbol, "size": size, "opacity": opacity}, **more,
        )  # fmt: skip

    def entry(self, label: str, color: str, symbol: str, *, size: float = 8.0, **more: Any) -> None:
        """Add an entry to the legend that has no points of its own."""
        marker = {"color": color, "symbol": symbol, "size": size}
        self.add(x=[None], y=[None], mode="markers", name=label, marker=marker, **more)

    def vertical(self, x: float, heights: tuple[float, float], color: str, name: str, *,
                 dash: str = "dot", logarithmic: bool = False) -> None:  # fmt: skip
        """Draw a vertical line at a value, from below the axes to the room for the legend."""
        low, high = heights
        ends = [low / _FAR if logarithmic else low, high]
        hover = f"{name}<br>%{{x:.4g}}"
        self.line([x, x], ends, color, name, dash=dash, width=1.5, hover=hover)

    def horizontal(self, y: float, ends: tuple[float, float], color: str, name: str = "", *,
                   dash: str = "dot") -> None:  # fmt: skip
        """Draw a horizontal line at a value."""
        self.line(list(ends), [y, y], color, name, dash=dash, width=1.2, hover="%{y:.4g}")

    def band(
        self, x: npt.ArrayLike, low: npt.ArrayLike, high: npt.ArrayLike, color: str,
        name: str = "", *, opacity: float = 0.2, **more: Any,
    ) -> None:  # fmt: skip
        """Fill between two lines."""
        across = np.concatenate([np.asarray(x), np.asarray(x)[::-1]])
        around = np.concatenate([np.asarray(low), np.asarray(high)[::-1]])
        self.add(
            x=across, y=around, mode="lines", fill="toself", fillcolor=_faint(color, opacity),
            line={"width": 0, "color": color}, name=name, hoverinfo="skip", **more,
        )  # fmt: skip

    def write(self, text: str, x: float, y: float, *, side: int = 1, up: float = 0) -> None:
        """Write text beside a point; on a logarithmic axis the point is a logarithm."""
        self.figure.add_annotation(
            text=text,
            x=x,
            y=y,
            showarrow=False,
            font={"size": 10},
            yshift=up,
            xshift=7 * side,
            xanchor="left" if side > 0 else "right",
        )

    def done(
        self, *, title: str, x: dict[str, Any], y: dict[str, Any], caption: str, remark: str = "",
        legend: str = "inside", **layout: Any,
    ) -> Any:  # fmt: skip
        """Return the figure with its title, axes, legend and caption."""
        said: dict[str, Any] = {"text": title, "yref": "container", "y": 0.95, "yanchor": "top"}
        if remark:
            said["subtitle"] = {"text": remark}
        self.figure.update_layout(
            overwrite=True,  # at once, which takes a fourth of the time
            title=said, xaxis=x, yaxis=y, legend=_LEGENDS[legend], barmode="overlay", bargap=0,
            meta={"caption": caption}, hoverlabel={"align": "left"},
            margin={"t": 70 if title else 40, "b": 60}, **layout,
        )  # fmt: skip
        return self.figure


_POINT = "%{x:.4g}, %{y:.4g}"
_INSIDE = {"bgcolor": "rgba(0,0,0,0)", "font": {"size": 11}}
_LEGENDS: dict[str, dict[str, Any]] = {
    "inside": {"x": 0.995, "y": 0.995, "xanchor": "right", "yanchor": "top", **_INSIDE},
    "left": {"x": 0.005, "y": 0.995, "xanchor": "left", "yanchor": "top", **_INSIDE},
    "below": {"x": 0.005, "y": 0.005, "xanchor": "left", "yanchor": "bottom", **_INSIDE},
    "beside": {"font": {"size": 11}},
}


def _faint(color: str, opacity: float) -> str:
    red, green, blue = (int(color[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity})"
