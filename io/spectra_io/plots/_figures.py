"""Figures, drawn from the numbers that :mod:`spectra.results.plotdata` returns."""

from __future__ import annotations

import warnings
from contextlib import contextmanager
from itertools import takewhile
from typing import TYPE_CHECKING

import numpy as np

import spectra.results.plotdata as _plotdata
from spectra.errors import one_line
from spectra.results.dataset import labels, select
from spectra.results.verdicts import OVER_TRAINED_BELOW, UNDER_TRAINED_ABOVE, Support
from spectra_io.storage.paths import check_writable, written

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import numpy.typing as npt
    import xarray as xr
    from matplotlib.axes import Axes

    from spectra._typing import FloatArray

__all__ = ["FORMATS", "check", "correlation_flow", "esd", "to_file"]

FORMATS = (".png", ".pdf", ".svg")
"""Endings of the pictures that :func:`to_file` writes."""

_BULK, _TAIL, _BAND, _NOISE = "#4c72b0", "#c44e52", "#55a868", "#333333"
FIGSIZE = (7.0, 4.2)  # inches
_MAX_NAMES = 40  # layer names that can be read on one axis


def _axes(ax: Axes | None) -> Axes:
    if ax is not None:
        return ax
    import matplotlib.pyplot as plt

    _, fresh = plt.subplots(figsize=FIGSIZE, layout="constrained")
    return fresh


def _fit_label(ds: xr.Dataset, layer: str) -> str:
    row = select(ds, layer)
    if not row.alpha.notnull().item():
        return f"no fit: {labels(row.fit_status).item().replace('_', ' ')}"
    alpha, num = row.alpha.item(), int(row.num_pl_spikes.item())
    if "alpha_low" in row and row.alpha_low.notnull().item():
        sure = f"({row.alpha_low.item():.2f} to {row.alpha_high.item():.2f})"
    else:
        sure = f"± {row.sigma.item():.2f}"
    return rf"$\alpha$ = {alpha:.2f} {sure}, {num} of {row.num_evals.item()} eigenvalues"


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
        Where to draw; by default in a new figure, ``ax.figure``.

    Returns
    -------
    matplotlib.axes.Axes
        With the drawing.

    Raises
    ------
    UnknownNameError
        If there is no such layer.
    ArgumentError
        If it has no positive eigenvalue.

    Examples
    --------
    >>> import numpy as np, spectra
    >>> ds = spectra.analyze({"fc": np.random.default_rng(0).pareto(1.5, (200, 100))})
    >>> esd(ds, layer="fc").get_xscale()
    'log'
    """
    numbers = _plotdata.esd(ds, layer=layer)
    ax = _axes(ax)
    ax.stairs(numbers.density, numbers.edges, fill=True, color=_BULK, alpha=0.55)
    ax.stairs(numbers.density, numbers.edges, color=_BULK, linewidth=1)
    label = _fit_label(ds, layer)
    if numbers.bulk_density.any():
        law = "noise: Marchenko-Pastur law"
        ax.plot(numbers.bulk, numbers.bulk_density, color=_NOISE, linewidth=1.5, label=law)
    if len(numbers.tail):
        ax.plot(numbers.tail, numbers.tail_density, color=_TAIL, linewidth=2, label=label)
        ax.axvline(numbers.tail[0], color=_TAIL, linestyle=":", label="start of the tail")
        ax.legend(loc="upper right", framealpha=0.9, edgecolor="none")
    elif label:
        ax.text(0.03, 0.05, label, transform=ax.transAxes)
    drawn = [*numbers.density[numbers.density > 0], *numbers.tail_density]
    headroom = 12 if len(numbers.bulk) else 3  # for a legend of three lines, or of two
    ax.set(xscale="log", yscale="log", ylim=(min(drawn) / 2, max(drawn) * headroom))
    _few_ticks(ax, numbers.edges)
    less = f" ({numbers.num_left_out} smaller ones not shown)" if numbers.num_left_out else ""
    ax.set_xlabel(rf"eigenvalue $\lambda$ of $W^T W${less}")
    ax.set_ylabel(r"density $\rho(\lambda)$")
    judged = "power_law" in ds and bool(select(ds, layer).power_law.item())
    name = _short([one_line(layer)], 40 if judged else 60)[0]
    ax.set_title(name, loc="left", parse_math=False)
    if judged:
        word = labels(select(ds, layer).power_law).item().replace("_", " ")
        ax.set_title(f"power law: {word}", loc="right", fontsize="medium")
    ax.spines[["top", "right"]].set_visible(False)
    return ax


def correlation_flow(ds: xr.Dataset, /, *, ax: Axes | None = None) -> Axes:
    r"""
    Draw alpha against depth with its interval, the band from 2 to 6, and what noise would have.

    Parameters
    ----------
    ds : xarray.Dataset
        Result of :func:`spectra.analyze`.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default in a new figure, ``ax.figure``.

    Returns
    -------
    matplotlib.axes.Axes
        With the drawing.

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
    numbers = _plotdata.correlation_flow(ds)
    ax = _axes(ax)
    low, high = OVER_TRAINED_BELOW, UNDER_TRAINED_ABOVE
    ax.axhspan(low, high, color=_BAND, alpha=0.15, label=f"well trained: {low:g} to {high:g}")
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
    """Draw alpha with its interval, hollow where no power law is supported, and that of noise."""
    place, alpha, below, above, noise = _with_gaps(numbers, ds.sizes["layer"])
    label = r"$\alpha$ ± $\sigma$"
    if "interval_level" in ds and (levels := ds.interval_level.dropna("layer").values).size:
        label = rf"$\alpha$, {100 * levels[0]:g} % interval"
    ax.errorbar(
        place, alpha, yerr=(below, above),
        color=_BULK, marker="o", markersize=5, linewidth=1, capsize=2, label=label,
    )  # fmt: skip
    if len(doubtful := _doubtful(ds)):
        ax.plot(
            place[doubtful], alpha[doubtful], "o",
            color=_BULK, markerfacecolor="white", markersize=5, zorder=5,
            label="power law not supported",
        )  # fmt: skip
    if np.isfinite(noise).any():
        ax.plot(place, noise, "_", color="0.5", markersize=12, label="pure noise", zorder=1)


def _doubtful(ds: xr.Dataset) -> npt.NDArray[np.int64]:
    """Return the layers whose power law is judged, and not supported."""
    if "power_law" not in ds:
        return np.empty(0, dtype=np.int64)
    return np.flatnonzero((ds.power_law > 0) & (ds.power_law != Support.SUPPORTED))


def _few_ticks(ax: Axes, edges: FloatArray) -> None:
    """Label 1, 2 and 5 where there is hardly a power of ten to label."""
    from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

    if edges[-1] < 30 * edges[0]:
        ax.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        ax.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    ax.xaxis.set_minor_formatter(NullFormatter())


def _with_gaps(numbers: _plotdata.CorrelationFlow, num: int) -> list[FloatArray]:
    """Return depth, alpha, its errors below and above, and noise; ``nan`` for layers unfitted."""
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
    ax.set_xticks(range(1, len(names) + 1), _short([one_line(name) for name in names]))
    ax.tick_params("x", labelrotation=60 if len(names) > 5 else 0, labelsize=7)
    for label in ax.get_xticklabels():
        label.set_parse_math(False)
        label.set_horizontalalignment("right" if len(names) > 5 else "center")
    ax.set_xlabel("layer")


def _short(names: Sequence[str], length: int = 32) -> list[str]:
    """Shorten names at their common end, then in the middle."""
    backwards = zip(*(reversed(name) for name in names), strict=False)
    common = sum(1 for _ in takewhile(lambda ends: len(set(ends)) == 1, backwards))
    cut = [f"{name[:-common]}…" if common > 8 and len(names) > 1 else name for name in names]
    half = length // 2
    return [n if len(n) <= length else f"{n[:half]}…{n[-half + 1 :]}" for n in cut]


def check(path: Path, /) -> None:
    """
    Check that a figure can be written, before there is anything to draw.

    Parameters
    ----------
    path : Path
        Where to.

    Raises
    ------
    ArgumentError
        If the ending is not one of a picture, or there is no folder to write to.

    Examples
    --------
    >>> from pathlib import Path
    >>> check(Path("figure.txt"))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    spectra.errors.ArgumentError: figure.txt: its name must end in .png, .pdf or .svg
    """
    check_writable(path, FORMATS)


@contextmanager
def to_file(path: Path, /) -> Iterator[Axes]:
    """
    Give axes to draw in, and write them to a file afterwards, without a display.

    Parameters
    ----------
    path : Path
        Where to, as :func:`check` allows.

    Yields
    ------
    matplotlib.axes.Axes
        Empty axes.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> path = Path(tempfile.mkdtemp()) / "figure.svg"
    >>> with to_file(path) as ax:
    ...     _ = ax.plot([1, 2])
    >>> path.stat().st_size > 0
    True
    """
    from matplotlib.figure import Figure

    check(path)
    figure = Figure(figsize=FIGSIZE, dpi=150, layout="constrained")
    yield figure.subplots()
    with warnings.catch_warnings():  # a name may hold letters that the font lacks
        warnings.filterwarnings("ignore", message="Glyph", category=UserWarning)
        with written(path) as partial:
            figure.savefig(partial)
