"""Numbers of the figure of the tails of the power law and of the trace-log condition."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import spectra.noise.erg as _erg
from spectra.results.plotdata._esd import ESD
from spectra.results.plotdata._esd import esd as _esd
from spectra.results.plotdata._source import source, tail_of
from spectra.results.plotdata._units import unit_words

if TYPE_CHECKING:
    import numpy.typing as npt
    import xarray as xr

__all__ = ["ERG", "erg"]


class ERG(NamedTuple):
    """
    Spectral density with the starts of two tails: power law and trace-log condition.

    Examples
    --------
    >>> ERG._fields
    ('esd', 'xmin', 'edge', 'num_tail', 'num_erg', 'mean_log', 'caption')
    """

    esd: ESD
    """Spectral density of the layer."""
    xmin: float
    """Start of the tail of the power law; ``nan`` without a fit."""
    edge: float
    """Start of the tail whose eigenvalues, rescaled to mean 1, multiply to 1."""
    num_tail: int
    """Number of eigenvalues in the tail of the power law."""
    num_erg: int
    """Number of eigenvalues in the tail of the trace-log condition."""
    mean_log: float
    """Mean logarithm over the tail of the power law, 0 where both are the same tail."""
    caption: str
    """Sentences with the numbers of the figure."""


def erg(
    data: xr.Dataset | npt.ArrayLike, /, *, layer: str | None = None, N: int | None = None
) -> ERG:
    """
    Compute the spectral density of a layer, and where its two tails start.

    Parameters
    ----------
    data : xarray.Dataset, Spectrum or array_like
        Result of :func:`spectra.analyze`, a Spectrum, or eigenvalues of ``W.T @ W``.
    layer : str, optional
        Name of the layer; by default the only layer of the Dataset.
    N : int, optional
        Longer side of the matrix, for the law of noise of plain eigenvalues.

    Returns
    -------
    ERG
        Numbers of the figure.

    Raises
    ------
    UnknownNameError
        If there is no such layer.
    ArgumentError
        If the layer has no positive eigenvalue, with the reason.

    References
    ----------
    Martin & Hinrichs (2025), arXiv:2507.17912.

    Examples
    --------
    >>> figure = erg([0.5, 1.0, 1.5, 2.0, 5.0])
    >>> figure.edge, figure.num_erg
    (1.5, 3)
    """
    found = source(data, layer=layer, N=N)
    tail, other = tail_of(found), _erg.tail(found.eigenvalues)
    mean = math.nan if math.isnan(tail.xmin) else _erg.mean_log(found.eigenvalues, start=tail.xmin)
    subject = found.name or "a matrix"
    law = (
        f"the power law starts at {tail.xmin:.3g} ({tail.num} eigenvalues)"
        if math.isfinite(tail.xmin)
        else tail.words
    )
    return ERG(
        _esd(data, layer=layer, N=N), tail.xmin, other.edge, tail.num, other.num, mean,
        f"Two tails of {subject}: the trace-log condition starts at {other.edge:.3g} "
        f"({other.num} of {len(found.eigenvalues)} eigenvalues), {law}."
        f"{unit_words(found.exponent)}",
    )  # fmt: skip
