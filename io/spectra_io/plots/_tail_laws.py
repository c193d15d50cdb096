"""Draw a tail with every fitted law."""

from __future__ import annotations

from typing import TYPE_CHECKING

import spectra.results.plotdata as _plotdata
from spectra_io.plots._canvas import (
    LINES,
    finish,
    fresh_axes,
    height_of,
    ink,
    legend,
    round_ticks,
    title,
    width_of,
)
from spectra_io.plots._palette import PALETTE

if TYPE_CHECKING:
    import numpy.typing as npt
    import xarray as xr
    from matplotlib.axes import Axes

__all__ = ["tail_laws"]


def tail_laws(
    data: xr.Dataset | npt.ArrayLike,
    /,
    *,
    layer: str | None = None,
    xmin: float | None = None,
    ax: Axes | None = None,
) -> Axes:
    """
    Draw the share of larger eigenvalues in a tail, and the same of every law fitted to it.

    Parameters
    ----------
    data : xarray.Dataset, Spectrum or array_like
        Result of :func:`spectra.analyze`, a Spectrum, or eigenvalues of ``W.T @ W``.
    layer : str, optional
        Name of the layer; by default the only layer of the Dataset.
    xmin : float, optional
        Start of the tail; by default that of the power-law fit.
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
        If the layer has no tail of at least two different eigenvalues.

    See Also
    --------
    spectra.results.plotdata.tail_laws : Numbers of the figure.
    spectra.tails.alternatives.compare : Tests between the laws.

    Notes
    -----
    R in the legend is the likelihood ratio of the power law to the other law over its standard
    deviation: below 0 the other law is likelier, and p says whether that is more than chance.

    Examples
    --------
    >>> import numpy as np
    >>> tail_laws(np.random.default_rng(0).pareto(1.5, 300) + 1).get_ylabel()
    'share of the tail that is larger'
    """
    numbers = _plotdata.tail_laws(data, layer=layer, xmin=xmin)
    ax = fresh_axes(ax)
    ax.plot(numbers.eigenvalue, numbers.ccdf, "o", color=ink(), markersize=3.5, alpha=0.6,
            label="eigenvalues")  # fmt: skip
    for i, (law, survival) in enumerate(numbers.laws.items()):
        ax.plot(
            numbers.x, survival, color=PALETTE[(i + 1) % len(PALETTE)], linewidth=1.8,
            linestyle=LINES[i], label=_label(law, numbers, width_of(ax) > 4),
        )  # fmt: skip
    if numbers.limits:
        same = ", ".join(law.replace("_", " ") for law in numbers.limits)
        ax.plot([], [], linestyle="none", label=f"as the power law: {same}")
    least = 1 / len(numbers.eigenvalue)
    lines = len(numbers.laws) + 1 + bool(numbers.limits)
    inches = height_of(ax) * 0.75
    share = min(0.5, 0.17 * lines / inches)  # for the legend, below the tail
    ax.set(xscale="log", yscale="log", ylim=((least / 1.5) ** (1 / (1 - share)), 1.3))
    round_ticks(ax, numbers.eigenvalue[0], numbers.eigenvalue[-1])
    ax.set_xlabel(r"eigenvalue $\lambda$ of $W^T W$")
    ax.set_ylabel("share of the tail that is larger")
    title(ax, numbers.name)
    finish(ax)
    legend(ax, loc="lower left")
    return ax


def _label(law: str, numbers: _plotdata.TailLaws, wide: bool) -> str:
    """Return the name of a law with its parameters, and its test against the power law."""
    symbols = {"alpha": "α", "Lambda": "Λ", "mu": "µ", "sigma": "σ", "beta": "β"}
    words = law.replace("_", " ")
    if wide:
        values = numbers.parameters[law].items()
        words += f" ({', '.join(f'{symbols[name]} = {value:.3g}' for name, value in values)})"
    test = numbers.tests.get(law)
    return words if test is None else f"{words}: R = {test.R:.1f}, p = {test.p:.2g}"
