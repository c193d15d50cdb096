"""Measure of rows and columns of unequal scale."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

import spectra.noise.biwhitening as _biwhitening
import spectra.noise.spikes as _spikes
from spectra._spectral import matrices_of
from spectra.linalg.eigen import eigenvalues
from spectra.linalg.elements import alive
from spectra.multiple_tests import combined, significance_each
from spectra.noise.spikes import FEWEST_TO_TEST

if TYPE_CHECKING:
    from collections.abc import Mapping

    from spectra._spectrum import Spectrum
    from spectra.linalg._changed import Changed

__all__ = ["equal_scales"]

# The kurtosis moves the law because the mean squares of rows vary, by (kurtosis + 2) over their
# length. The scaling makes them equal.
_KURTOSIS = -2.0

_NAMES = (
    *("whitened_num_spikes", "whitened_spike_p", "whitened_bulk_p", "row_scatter"),
    *("row_scatter_noise", "column_scatter", "column_scatter_noise"),
)


def equal_scales(spectrum: Spectrum, /) -> Mapping[str, float]:
    """
    Count the spikes that are left when all rows and columns have the same scale.

    Parameters
    ----------
    spectrum : Spectrum
        Spectrum of one layer, with its matrices.

    Returns
    -------
    mapping of str to float
        `whitened_num_spikes`, `whitened_spike_p` and `whitened_bulk_p`, as `num_spikes`, `spike_p`
        and `bulk_p` of the matrices after :func:`spectra.noise.biwhitening.whiten`; `row_scatter`
        and `column_scatter`, mean over the matrices, each with the value of noise; over the
        matrices with at least 10 rows and columns, ``nan`` without one.

    Raises
    ------
    ArgumentError
        If the spectrum has no matrices.

    Examples
    --------
    >>> import numpy as np
    >>> from spectra import spectrum
    >>> W = np.random.default_rng(0).standard_normal((400, 200)) * np.linspace(0.5, 2, 200)
    >>> found = equal_scales(spectrum(W))
    >>> spectrum(W).spikes[0].num > 20, found["whitened_num_spikes"]
    (True, 0.0)
    """
    live = [W for W in map(alive, matrices_of(spectrum)) if min(W.shape) >= FEWEST_TO_TEST]
    every = [(W, _biwhitening.scales(W)) for W in live]
    usable = [(W, found) for W, found in every if np.isfinite(found.rows).all()]
    if not usable:
        return dict.fromkeys(_NAMES, math.nan)
    tests = _tested([_biwhitening.whitened(W, known=found) for W, found in usable], spectrum)
    scatter = np.mean([found.scatter for _, found in usable], axis=0)
    lengths = [W.shape[::-1] for W, _ in usable]  # elements of a row, and of a column
    noise = np.mean([[*map(_biwhitening.scatter_of_noise, pair)] for pair in lengths], axis=0)
    numbers = (*tests, scatter[0], noise[0], scatter[1], noise[1])
    return dict(zip(_NAMES, map(float, numbers), strict=True))


def _tested(white: list[Changed], spectrum: Spectrum) -> tuple[float, float, float]:
    """Return number and p-value of the spikes of all matrices, and the p-value of their bulk."""
    each = significance_each(spectrum.significance, len(white))
    found = [
        _spikes.detect(eigenvalues(W), max(W.shape), significance=each, kurtosis=_KURTOSIS)
        for W in white
    ]
    num = float(np.nansum([one.num for one in found]))
    return num, combined([one.p for one in found]), combined([one.bulk.p for one in found])
