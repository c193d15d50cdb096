"""Draw the spectrum of a layer beside that of its permuted elements."""

from __future__ import annotations

from typing import TYPE_CHECKING

import spectra.results.plotdata as _plotdata
import spectra_io.plots._labels as _labels
import spectra_io.plots._ranges as _ranges
from spectra_io.plots._canvas import (
    finish,
    fresh_axes,
    ink,
    legend,
    room,
    round_ticks,
    steps,
    title,
)
from spectra_io.plots._matrices import matrices
from spectra_io.plots._palette import DATA, TAIL

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    import numpy.typing as npt
    from matplotlib.axes import Axes

    from spectra import Layer

__all__ = ["permuted"]


def permuted(
    data: npt.ArrayLike | Layer | Mapping[str, object],
    /,
    *,
    layer: str | None = None,
    replicas: int = 1,
    rng: int | np.random.Generator | None = 0,
    ax: Axes | None = None,
) -> Axes:
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
    ax : matplotlib.axes.Axes, optional
        Axes to draw in; by default the axes of a new figure, ``ax.figure``.

    Returns
    -------
    matplotlib.axes.Axes
        Axes with the drawing.

    Raises
    ------
    UnknownNameError
        If there is no such layer.
    ArgumentError
        If the layer is all zero or not finite, or `data` has no matrices.

    See Also
    --------
    spectra.results.plotdata.permuted : Numbers of the figure.
    spectra.noise.traps.find : Test whether an eigenvalue survives the permutation, and why.

    Notes
    -----
    An eigenvalue of the layer above the line has structure that the order of the elements makes. If
    the line itself is far above the bulk, single huge elements make it: a correlation trap. Of pure
    noise, the largest eigenvalue is above that of one random order in half of the cases.

    References
    ----------
    Martin & Mahoney (2021), Journal of Machine Learning Research 22(165).

    Examples
    --------
    >>> import numpy as np
    >>> permuted(np.random.default_rng(0).standard_normal((60, 40))).get_yscale()
    'log'
    """
    found, name = matrices(data, layer)
    numbers = _plotdata.permuted(found, replicas=replicas, rng=rng, name=name)
    labels = _labels.permuted(numbers)
    ax = fresh_axes(ax)
    steps(ax, numbers.density, numbers.edges, DATA, labels["layer"])
    ax.stairs(
        numbers.permuted_density, numbers.edges, color=TAIL, linewidth=1.8, linestyle="--",
        label=labels["permuted"],
    )  # fmt: skip
    ax.axvline(
        numbers.largest_permuted, color=ink(), linestyle=":", linewidth=1.5,
        label=labels["largest"],
    )  # fmt: skip
    ax.set(xscale="log", yscale="log", ylim=_ranges.permuted_heights(numbers))
    round_ticks(ax, numbers.edges[0], numbers.edges[-1])
    ax.set_xlabel(labels["x"])
    ax.set_ylabel(labels["y"])
    title(ax, name)
    finish(ax)
    room(ax, 3)
    legend(ax, loc="upper right")
    return ax
