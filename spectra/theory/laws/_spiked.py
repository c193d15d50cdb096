"""The Marchenko-Pastur law with single eigenvalues outside, those of a planted signal."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from spectra.errors import ArgumentError
from spectra.noise.signal import eigenvalue, limit
from spectra.theory import ensembles
from spectra.theory.laws._closed import marchenko_pastur

if TYPE_CHECKING:
    from spectra._typing import FloatArray
    from spectra.theory.laws._law import Law

__all__ = ["spiked"]


def spiked(ratio: float, /, *, strengths: Iterable[float], mean: float = 1.0) -> Law:
    r"""
    Make the Marchenko-Pastur law with spikes: noise W plus a planted signal of low rank.

    Parameters
    ----------
    ratio : float
        Columns over rows of W, above 0.
    strengths : iterable of float
        Singular values of the signal, as those of :func:`spectra.theory.ensembles.spiked`: in units
        of :math:`\sigma \sqrt N`, with N the longer side.
    mean : float, default: 1.0
        Mean of the law of the noise: rows of W times the variance of its elements.

    Returns
    -------
    Law
        The law of the noise: few single eigenvalues have a probability of 0. ``spikes`` has the
        places that they tend to, the largest first, one for each strength above
        :math:`\gamma^{1/4}` with :math:`\gamma` the shorter over the longer side. Its model are
        eigenvalues of ``ensembles.spiked``, spikes among them.

    Raises
    ------
    ArgumentError
        If an argument is out of range.

    See Also
    --------
    marchenko_pastur : The law without spikes.

    Notes
    -----
    A strength :math:`\theta` makes an eigenvalue at
    :math:`\sigma^2 N (1 + \theta^2)(\gamma + \theta^2) / \theta^2`. ``scaled``, ``shifted`` and
    ``inverse`` move the spikes too; free sums and products have none.

    References
    ----------
    Benaych-Georges & Nadakuditi (2012), doi:10.1016/j.jmva.2012.04.019, section 3.1.

    Examples
    --------
    >>> law = spiked(0.25, strengths=[0.5, 2.0], mean=400.0)
    >>> law.edges, law.spikes
    ((100.0, 900.0), (2125.0,))
    """
    law = marchenko_pastur(ratio, mean=mean)
    theta = np.array(list(strengths) if isinstance(strengths, Iterable) else strengths, np.float64)
    if theta.ndim != 1 or not (np.isfinite(theta) & (theta >= 0)).all():
        msg = f"`strengths` must be finite numbers, none negative, got {strengths!r}"
        raise ArgumentError(msg)
    c, m = float(ratio), float(mean)
    gamma = min(c, 1 / c)
    visible = np.sort(theta[theta > limit(gamma)])[::-1]
    places = m * max(c, 1.0) * eigenvalue(visible, gamma)

    def model(size: int, num: int, rng: np.random.Generator) -> FloatArray:
        rows = max(round(size / c), 1)
        drawn = ensembles.spiked(
            (rows, size), strengths=theta, std=math.sqrt(m / rows), num=num, rng=rng
        )
        found = np.zeros((num, size))
        values = np.linalg.svd(drawn.W, compute_uv=False)
        found[:, size - values.shape[1] :] = np.square(values[:, ::-1])
        return found

    return replace(
        law,
        name=f"{law.name} with {len(visible)} spikes",
        spikes=tuple(places.tolist()),
        model=model,
        largest=law.largest if not len(visible) else None,
    )
