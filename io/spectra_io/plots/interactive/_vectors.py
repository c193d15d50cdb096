"""Interactive figure of the spread of singular vectors against their eigenvalues."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

import spectra.results.plotdata as _plotdata
import spectra_io.plots._labels as _labels
import spectra_io.plots._ranges as _ranges
from spectra_io.plots._matrices import matrices
from spectra_io.plots._palette import DATA, TAIL
from spectra_io.plots.interactive._drawing import INK, Drawing, axis
from spectra_io.plots.interactive._markup import markup, name_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt
    import plotly.graph_objects as go

    from spectra import Layer

__all__ = ["vectors"]


def vectors(
    data: npt.ArrayLike | Layer | Mapping[str, object], /, *, layer: str | None = None
) -> go.Figure:
    """
    Draw on how many elements each singular vector is spread, against its eigenvalue.

    Parameters
    ----------
    data : array_like, Spectrum, Layer, or Model
        Matrix or stack of matrices, a layer, or a model with the name of a layer. The result of
        :func:`spectra.analyze` does not keep the matrices.
    layer : str, optional
        Name of the layer of a model.

    Returns
    -------
    plotly.graph_objects.Figure
        Interactive figure.

    Raises
    ------
    SpectraError
        If plotly is not installed.
    UnknownNameError
        If there is no such layer.
    ArgumentError
        If the layer is all zero or not finite, or `data` has no matrices.

    See Also
    --------
    spectra.results.plotdata.vectors : Numbers of the figure, and what the elbow is.

    Examples
    --------
    >>> import numpy as np
    >>> vectors(np.random.default_rng(0).standard_normal((60, 40))).layout.xaxis.type
    'log'
    """
    drawing = Drawing()
    found, name = matrices(data, layer)
    numbers = _plotdata.vectors(found, name=name)
    labels, heights = _labels.vectors(numbers), _ranges.participation_heights(numbers)
    x, y, far = numbers.eigenvalue, numbers.participation, numbers.localized
    size = 4 if len(x) > 200 else 7
    hover = "λ = %{x:.4g}<br>on %{y:.3g} elements"
    drawing.marks(
        x[~far], y[~far], DATA, "circle", labels["spread"], size=size, opacity=0.6, hover=hover
    )
    drawing.marks(
        x[far], y[far], TAIL, "triangle-up", labels["localized"], size=size + 2, hover=hover
    )
    ends = float(x[-1]) / 1.1, float(x[0]) * 1.1
    drawing.horizontal(numbers.noise, ends, INK, labels["noise"], dash="solid")
    drawing.horizontal(numbers.noise_low, ends, INK, labels["limit"], dash="dash")
    if np.isfinite(numbers.elbow):
        drawing.vertical(numbers.elbow, heights, TAIL, labels["elbow"], logarithmic=True)
    return drawing.done(
        title=name_of(name),
        x=axis(markup(labels["x"]), *ends, logarithmic=True),
        y=axis(markup(labels["y"]), *heights, logarithmic=True, lines=5),
        caption=numbers.caption,
    )
