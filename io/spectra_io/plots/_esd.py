"""Draw the spectral density of a layer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import spectra.results.plotdata as _plotdata
from spectra.errors import one_line
from spectra.results.reading import labels, one_model, select
from spectra_io.plots._canvas import BULK, NOISE, TAIL, fresh_axes, short

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

    from spectra._typing import FloatArray

__all__ = ["esd"]


def _fit_label(ds: xr.Dataset, layer: str) -> str:
    row = select(ds, layer)
    if not row.alpha.notnull().item():
        return f"no fit: {labels(row.fit_status).item().replace('_', ' ')}"
    alpha, num = row.alpha.item(), int(row.num_tail.item())
    if "alpha_low" in row and row.alpha_low.notnull().item():
        sure = f"({row.alpha_low.item():.2f} to {row.alpha_high.item():.2f})"
    else:
        sure = f"± {row.sigma.item():.2f}"
    return rf"$\alpha$ = {alpha:.2f} {sure}, {num} of {row.num_evals.item()} eigenvalues"


def _unit(ds: xr.Dataset, layer: str) -> str:
    """Return the unit of the eigenvalues of a layer of extreme weights; empty for others."""
    row = select(ds, layer)
    exponent = row.scale_exponent.item() if "scale_exponent" in row else 0
    return rf", in units of $4^{{{exponent:.0f}}}$" if exponent else ""


def esd(ds: xr.Dataset, /, *, layer: str, ax: Axes | None = None) -> Axes:
    """
    Draw the spectral density of a layer with the fitted tail, both axes logarithmic.

    Parameters
    ----------
    ds : xarray.Dataset
        Result of :func:`spectra.analyze`.
    layer : str
        Name of the layer.
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
        If the layer has no positive eigenvalue, or the Dataset lacks the power-law fit.

    Examples
    --------
    >>> import numpy as np, spectra
    >>> ds = spectra.analyze({"fc": np.random.default_rng(0).pareto(1.5, (200, 100))})
    >>> esd(ds, layer="fc").get_xscale()
    'log'
    """
    ds = one_model(ds)
    numbers = _plotdata.esd(ds, layer=layer)
    ax = fresh_axes(ax)
    ax.stairs(numbers.density, numbers.edges, fill=True, color=BULK, alpha=0.55)
    ax.stairs(numbers.density, numbers.edges, color=BULK, linewidth=1)
    label = _fit_label(ds, layer)
    if numbers.bulk_density.any():
        law = "noise: Marchenko-Pastur law"
        ax.plot(numbers.bulk, numbers.bulk_density, color=NOISE, linewidth=1.5, label=law)
    if len(numbers.tail):
        ax.plot(numbers.tail, numbers.tail_density, color=TAIL, linewidth=2, label=label)
        ax.axvline(numbers.tail[0], color=TAIL, linestyle=":", label="start of the tail")
        ax.legend(loc="upper right", framealpha=0.9, edgecolor="none")
    elif label:
        ax.text(0.03, 0.05, label, transform=ax.transAxes)
    drawn = [*numbers.density[numbers.density > 0], *numbers.tail_density]
    headroom = 12 if len(numbers.bulk) else 3  # for a legend of three lines, or two
    ax.set(xscale="log", yscale="log", ylim=(min(drawn) / 2, max(drawn) * headroom))
    _few_ticks(ax, numbers.edges)
    less = f" ({numbers.num_left_out} smaller ones not shown)" if numbers.num_left_out else ""
    ax.set_xlabel(rf"eigenvalue $\lambda$ of $W^T W${_unit(ds, layer)}{less}")
    ax.set_ylabel(r"density $\rho(\lambda)$")
    judged = "power_law_support" in ds and bool(select(ds, layer).power_law_support.item())
    name = short([one_line(layer)], 40 if judged else 60)[0]
    ax.set_title(name, loc="left", parse_math=False)
    if judged:
        word = labels(select(ds, layer).power_law_support).item().replace("_", " ")
        ax.set_title(f"power law: {word}", loc="right", fontsize="medium")
    ax.spines[["top", "right"]].set_visible(False)
    return ax


def _few_ticks(ax: Axes, edges: FloatArray) -> None:
    """Label 1, 2 and 5 times the powers of ten on an axis of fewer than 1.5 decades."""
    from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

    if edges[-1] < 30 * edges[0]:
        ax.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        ax.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    ax.xaxis.set_minor_formatter(NullFormatter())
