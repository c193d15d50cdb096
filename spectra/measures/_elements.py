"""Measure of the elements that make spikes by themselves."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import spectra.noise.large_elements as _large

if TYPE_CHECKING:
    from collections.abc import Mapping

    from spectra._spectrum import Spectrum

__all__ = ["foreseen_traps"]

_NAMES = ("num_large", "large_strength", "large_where", "mean_strength")


def foreseen_traps(spectrum: Spectrum, /) -> Mapping[str, Any]:
    """
    Find the elements, and the mean, that make spikes in any order of the elements.

    Parameters
    ----------
    spectrum : Spectrum
        Spectrum of one layer, with its matrices. The noise is that of its
        :attr:`~spectra.Spectrum.spikes`.

    Returns
    -------
    mapping of str to float or str
        `num_large`, `large_strength`, `large_where` and `mean_strength`, of the matrices with at
        least 10 nonzero eigenvalues; ``nan`` and empty without one, and for a Spectrum made of
        eigenvalues.

    See Also
    --------
    randomized : The traps that are left when the elements are permuted.

    Examples
    --------
    >>> import numpy as np
    >>> from spectra import spectrum
    >>> W = np.random.default_rng(0).standard_normal((200, 100))
    >>> W[4, 2] = 100.0
    >>> found = foreseen_traps(spectrum(W))
    >>> found["num_large"], found["large_where"]
    (1.0, 'element (4, 2)')
    """
    matrices = spectrum.each_matrix()
    noise = [spikes.bulk.variance for spikes in spectrum.spikes] if len(matrices) else []
    found = [
        _large.find(W, variance=variance, live=live)
        for W, live, variance in zip(matrices, spectrum.live_elements, noise, strict=True)
        if variance > 0
    ]
    if not found:
        return dict(zip(_NAMES, (math.nan, math.nan, "", math.nan), strict=True))
    largest = max(range(len(found)), key=lambda i: found[i].strength)
    place = found[largest].where
    return {
        "num_large": float(sum(each.num for each in found)),
        "large_strength": found[largest].strength,
        "large_where": f"matrix {largest}: {place}" if place and spectrum.rf > 1 else place,
        "mean_strength": max(each.mean_strength for each in found),
    }
