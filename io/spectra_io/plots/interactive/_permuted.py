"""Interactive figure of the spectrum of a layer beside that of its permuted elements."""

from __future__ import annotations

from typing import TYPE_CHECKING

import spectra.results.plotdata as _plotdata
import spectra_io.plots._labels as _labels
import spectra_io.plots._ranges as _ranges
from spectra_io.plots._matrices import matrices
from spectra_io.plots._palette import DATA, TAIL
from spectra_io.plots.interactive._drawing import INK, Drawing, axis
from spectra_io.plots.interactive._markup import markup, name_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    import numpy.typing as npt
    import plotly.graph_objects as go

    from spectra import Layer

__all__ = ["permuted"]


def permuted(
    data: npt.ArrayLike | Layer | Mapping[str, object],
    /,
    *,
    layer: str | None = None,
    replicas: int = 1,
    rng: int | np.random.Generator | None = 0,
) -> go.Figure:
    """
    Draw the spectral density of a layer and that of its elements in random order.

    Parameters
    ----------
    data : array_like, Spectrum, Layer, or Model
        Matrix or stack of matrices, a layer, or a model with the name of a layer. The result of
        :func:`spectra.analyze` does not keep the matrices.
    layer : str, optional
        Name of the layer of a model.
    replicas : int, default: 1
        Number of random orders.
    rng : int, numpy.random.Generator or None, default: 0
        Seed of the orders.

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
    spectra.results.plotdata.permuted : Numbers of the figure.
    spectra_io.plots.permuted : The same with matplotlib, and what the figure says.

    References
    ----------
    Martin & Mahoney (2021), Journal of Machine Learning Research 22(165).

    Examples
    --------
    >>> import numpy as np
    >>> permuted(np.random.default_rng(0).standard_normal((60, 40))).layout.yaxis.type
    'log'
    """
    drawing = Drawing()
    found, name = matrices(data, layer)
    numbers = _plotdata.permuted(found, replicas=replicas, rng=rng, name=name)
    labels, heights = _labels.permuted(numbers), _ranges.permuted_heights(numbers)
    drawing.bars(numbers.density, numbers.edges, DATA, labels["layer"])
    drawing.outline(
        numbers.permuted_density, numbers.edges, TAIL, labels["permuted"], floor=heights[0] / 1e3,
        dash="dash",
    )  # fmt: skip
    drawing.vertical(numbers.largest_permuted, heights, INK, labels["largest"], logarithmic=True)
    start, end = float(numbers.edges[0]), float(numbers.edges[-1])
    return drawing.done(
        title=name_of(name),
        x=axis(markup(labels["x"]), start, end, logarithmic=True),
        y=axis(markup(labels["y"]), *heights, logarithmic=True, lines=3),
        caption=numbers.caption,
    )
