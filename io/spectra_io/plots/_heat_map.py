"""Draw the spectra of all layers of a model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

import spectra.results.plotdata as _plotdata
import spectra_io.plots._model_parts as _parts
from spectra_io.plots._canvas import fit_labels, fresh_axes, height_of, ink, title, width_of
from spectra_io.plots._depth import name_layers

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

__all__ = ["heat_map"]

_BESIDE = 1.6  # inches beside the axes, with the colour bar


def heat_map(ds: xr.Dataset, /, *, relative: bool = True, ax: Axes | None = None) -> Axes:
    """
    Draw the spectral densities of all layers of a model, side by side.

    Parameters
    ----------
    ds : xarray.Dataset
        Result of :func:`spectra.analyze`.
    relative : bool, default: True
        Whether to divide eigenvalues by the mean eigenvalue of their layer.
    ax : matplotlib.axes.Axes, optional
        Axes to draw in; by default the axes of a new figure, ``ax.figure``.

    Returns
    -------
    matplotlib.axes.Axes
        Axes with the drawing.

    Raises
    ------
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
    >>> heat_map(ds).get_yscale()
    'log'
    """
    numbers = _plotdata.heat_map(ds, relative=relative)
    ax = fresh_axes(ax)
    words, ordered = _parts.heat_map(numbers, ds, brief=height_of(ax) <= 3)
    num = len(numbers.layer)
    shown, highest = _parts.colours(numbers)
    mesh = ax.pcolormesh(
        np.arange(num + 1) + 0.5,
        numbers.edges,
        np.ma.masked_invalid(shown).T,
        cmap="viridis",
        vmin=0,
        vmax=highest,
        rasterized=True,
    )
    bar = ax.get_figure(root=True).colorbar(mesh, ax=ax, pad=0.02)  # type: ignore[union-attr]
    bar.set_label(words["color"])
    size = 2.0 if num > 100 else 4.0 if width_of(ax) < 4.5 else 5.0
    ax.plot(np.arange(1, num + 1), numbers.largest, "_", color=ink(), markersize=size)
    ax.set_yscale("log")
    ax.set_ylim(numbers.edges[0], 1.25 * numbers.edges[-1])
    name_layers(ax, numbers.layer, ordered)
    ax.set_ylabel(words["y"])
    ax.set_xlabel("\n".join(filter(None, [ax.get_xlabel(), words["left out"]])))
    title(ax, words["title"], beside=_BESIDE)
    fit_labels(ax)
    return ax
