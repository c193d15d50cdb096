"""Draw alpha against depth."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

import spectra.results.plotdata as _plotdata
from spectra.errors import one_line
from spectra.results.reading import one_model
from spectra.results.verdicts import OVER_TRAINED_BELOW, UNDER_TRAINED_ABOVE
from spectra.tails.support import Support
from spectra_io.plots._canvas import BAND, BULK, fresh_axes, short

if TYPE_CHECKING:
    import numpy.typing as npt
    import xarray as xr
    from matplotlib.axes import Axes

    from spectra._typing import FloatArray

__all__ = ["correlation_flow"]

_MAX_NAMES = 40  # layer names that can be read on one axis


def correlation_flow(ds: xr.Dataset, /, *, ax: Axes | None = None) -> Axes:
    r"""
    Draw alpha against depth, with its intervals, the band from 2 to 6 and the alpha of noise.

    Parameters
    ----------
    ds : xarray.Dataset
        Result of :func:`spectra.analyze`.
    ax : matplotlib.axes.Axes, optional
        Axes to draw in; by default the axes of a new figure, ``ax.figure``.

    Returns
    -------
    matplotlib.axes.Axes
        Axes with the drawing.

    Raises
    ------
    ArgumentError
        If the Dataset lacks the power-law fit.

    Examples
    --------
    >>> import numpy as np, spectra
    >>> rng = np.random.default_rng(0)
    >>> ds = spectra.analyze({f"fc{i}": rng.pareto(2, (90, 60)) for i in range(3)})
    >>> correlation_flow(ds).get_ylabel()
    'power-law exponent $\\alpha$'
    """
    ds = one_model(ds)
    numbers = _plotdata.correlation_flow(ds)
    ax = fresh_axes(ax)
    low, high = OVER_TRAINED_BELOW, UNDER_TRAINED_ABOVE
    ax.axhspan(low, high, color=BAND, alpha=0.15, label=f"well trained: {low:g} to {high:g}")
    _draw_alphas(ax, ds, numbers)
    highest = [*numbers.alpha, *numbers.high, *numbers.noise[np.isfinite(numbers.noise)]]
    top = 1.05 * float(np.max(highest, initial=high))
    ax.set(ylim=(0, top), xlim=(0.5, max(1, ds.sizes["layer"]) + 0.5))
    if top > 5 * high:
        ax.set_yscale("symlog", linthresh=high, linscale=2)
    _name_layers(ax, [str(name) for name in ds.layer.values])
    ax.set_ylabel(r"power-law exponent $\alpha$")
    missing = ds.sizes["layer"] - len(numbers.alpha)
    without = f" ({missing} without a fit)" if missing else ""
    ax.set_xlabel(f"{ax.get_xlabel()}{without}")
    ax.set_title("correlation flow", loc="left", pad=22)
    ax.legend(
        frameon=False, loc="lower left", bbox_to_anchor=(0, 1), borderaxespad=0,
        ncols=4, fontsize=8, columnspacing=1.2, handletextpad=0.4,
    )  # fmt: skip
    ax.spines[["top", "right"]].set_visible(False)
    return ax


def _draw_alphas(ax: Axes, ds: xr.Dataset, numbers: _plotdata.CorrelationFlow) -> None:
    """Draw alpha with its intervals, hollow without a supported power law, and alpha of noise."""
    place, alpha, below, above, noise = _with_gaps(numbers, ds.sizes["layer"])
    label = r"$\alpha$ ± $\sigma$"
    if (
        "interval_confidence" in ds
        and (confidences := ds.interval_confidence.dropna("layer").values).size
    ):
        label = rf"$\alpha$, {100 * confidences[0]:g} % interval"
    ax.errorbar(
        place, alpha, yerr=(below, above),
        color=BULK, marker="o", markersize=5, linewidth=1, capsize=2, label=label,
    )  # fmt: skip
    if len(doubtful := _doubtful(ds)):
        ax.plot(
            place[doubtful], alpha[doubtful], "o",
            color=BULK, markerfacecolor="white", markersize=5, zorder=5,
            label="power law not supported",
        )  # fmt: skip
    if np.isfinite(noise).any():
        ax.plot(place, noise, "_", color="0.5", markersize=12, label="pure noise", zorder=1)


def _doubtful(ds: xr.Dataset) -> npt.NDArray[np.int64]:
    """Return the positions of the layers whose power law is judged and not supported."""
    if "power_law_support" not in ds:
        return np.empty(0, dtype=np.int64)
    return np.flatnonzero((ds.power_law_support > 0) & (ds.power_law_support != Support.SUPPORTED))


def _with_gaps(numbers: _plotdata.CorrelationFlow, num: int) -> list[FloatArray]:
    """Return depth, alpha, its errors below and above, and noise; ``nan`` for unfitted layers."""
    fitted = numbers.depth.astype(int) - 1
    errors = (numbers.alpha - numbers.low, numbers.high - numbers.alpha)
    every = [np.arange(1.0, num + 1)]
    for values in (numbers.alpha, *(np.maximum(e, 0.0) for e in errors), numbers.noise):
        column = np.full(num, np.nan)
        column[fitted] = values
        every.append(column)
    return every


def _name_layers(ax: Axes, names: list[str]) -> None:
    if len(names) > _MAX_NAMES:
        ax.set_xlabel("layer, in the order of the model")
        return
    ax.set_xticks(range(1, len(names) + 1), short([one_line(name) for name in names]))
    ax.tick_params("x", labelrotation=60 if len(names) > 5 else 0, labelsize=7)
    for label in ax.get_xticklabels():
        label.set_parse_math(False)
        label.set_horizontalalignment("right" if len(names) > 5 else "center")
    ax.set_xlabel("layer")
