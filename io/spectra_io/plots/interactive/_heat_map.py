"""Interactive figure of the spectra of all layers of a model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

import spectra.results.plotdata as _plotdata
import spectra_io.plots._model_parts as _parts
from spectra_io.plots.interactive._drawing import INK, Drawing, axis
from spectra_io.plots.interactive._layer_axis import layer_axis
from spectra_io.plots.interactive._markup import markup, name_of

if TYPE_CHECKING:
    import plotly.graph_objects as go
    import xarray as xr

__all__ = ["heat_map"]


def heat_map(ds: xr.Dataset, /, *, relative: bool = True) -> go.Figure:
    """
    Draw the spectral densities of all layers of a model, side by side.

    Parameters
    ----------
    ds : xarray.Dataset
        Result of :func:`spectra.analyze`.
    relative : bool, default: True
        Whether to divide eigenvalues by the mean eigenvalue of their layer.

    Returns
    -------
    plotly.graph_objects.Figure
        Interactive figure.

    Raises
    ------
    SpectraError
        If plotly is not installed.
    ArgumentError
        If no layer has a positive eigenvalue.

    See Also
    --------
    spectra.results.plotdata.heat_map : Numbers of the figure.

    Notes
    -----
    Colour is the share of the eigenvalues of a layer per decade; marks are the largest eigenvalues.
    A layer without a spectrum is an empty column.

    Examples
    --------
    >>> import numpy as np, spectra
    >>> rng = np.random.default_rng(0)
    >>> ds = spectra.analyze({f"fc{i}": rng.standard_normal((90, 60)) for i in range(3)})
    >>> heat_map(ds).data[0].type
    'heatmap'
    """
    drawing = Drawing()
    numbers = _plotdata.heat_map(ds, relative=relative)
    words, ordered = _parts.heat_map(numbers, ds)
    shown, highest = _parts.colours(numbers)
    places = np.arange(1, len(numbers.layer) + 1)
    names = np.array([name_of(name) for name in numbers.layer], dtype=object)
    drawing.add(
        "Heatmap", x=places, y=numbers.edges, z=shown.T, colorscale="Viridis", zmin=0,
        zmax=highest, colorbar={"title": {"text": words["color"], "side": "right"}},
        customdata=np.broadcast_to(names, shown.T.shape),
        hovertemplate="%{customdata}<br>from about %{y:.3g}: %{z:.3g} per decade<extra></extra>",
    )  # fmt: skip
    drawing.marks(
        places, numbers.largest, INK, "line-ew-open", size=max(3.0, min(24.0, 350 / len(places))),
        customdata=names, hover="%{customdata}<br>largest eigenvalue %{y:.4g}",
    )  # fmt: skip
    ends = float(numbers.edges[0]), 1.25 * float(numbers.edges[-1])
    return drawing.done(
        title=name_of(words["title"]),
        x=layer_axis(numbers.layer, ordered, words["left out"]),
        y=axis(markup(words["y"]), *ends, logarithmic=True),
        caption=numbers.caption,
    )
