"""Lines below the table of layers: averages, and counts beside chance."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from spectra.noise.phases import SIGNIFICANCE
from spectra.results.claims import claims
from spectra.results.verdicts import Verdict

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["averages_line", "claims_line"]

_OF_ALL = ("log_norm", "log_spectral_norm", "stable_rank", "entropy")
_OF_HEAVY = ("alpha", "alpha_weighted", "log_alpha_norm", "D")


def averages_line(ds: xr.Dataset, /) -> str:
    """
    Average the layers of a model in one line, saying over how many.

    Parameters
    ----------
    ds : xarray.Dataset
        Result of :func:`spectra.analyze` for one model.

    Returns
    -------
    str
        Means of the norms and ranks over all layers that have them, and of alpha and what is made
        of it over the heavy-tailed layers; empty if there is nothing to average.

    Notes
    -----
    An alpha of noise, or of noise and a few spikes, is no exponent of anything, and is not
    averaged here. :func:`spectra.summary` has the means over all layers with a fit.

    Examples
    --------
    >>> import numpy as np, spectra
    >>> averages_line(spectra.analyze({"a": np.eye(3), "b": np.eye(3), "c": np.zeros((3, 3))}))
    'mean of 2 layers: log_norm 0.48, log_spectral_norm 0.00, stable_rank 3.00, entropy 1.00'
    """
    has_heavy = "verdict" in ds
    heavy = ds.verdict.values == Verdict.HEAVY_TAILED if has_heavy else np.zeros(0, dtype=bool)
    parts = [_means(ds, _OF_ALL, "")]
    if heavy.any():
        parts.append(_means(ds.isel(layer=heavy), _OF_HEAVY, "heavy-tailed "))
    return "; ".join(part for part in parts if part)


def _means(ds: xr.Dataset, names: tuple[str, ...], kind: str) -> str:
    known = [name for name in names if name in ds]
    counts = {name: int(ds[name].notnull().sum()) for name in known}
    num = max(counts.values(), default=0)
    if not num:
        return ""
    shown = [
        f"{name} {float(ds[name].mean()):.2f}" + (f" (of {counts[name]})" * (counts[name] < num))
        for name in known
        if counts[name] and not math.isnan(float(ds[name].mean()))
    ]
    return f"mean of {num} {kind}layer{'' if num == 1 else 's'}: {', '.join(shown)}"


def claims_line(ds: xr.Dataset, /) -> str:
    """
    Count the layers with spikes and traps beside chance, in one line.

    Parameters
    ----------
    ds : xarray.Dataset
        Result of :func:`spectra.analyze` for one model.

    Returns
    -------
    str
        Numbers for the tests that `ds` holds, at its significance, beside how many there would be
        by chance, and of those that are found how many are so at the significance of the verdicts;
        empty if it holds none.

    Examples
    --------
    >>> import numpy as np, spectra
    >>> W = np.random.default_rng(0).standard_normal((100, 50))
    >>> claims_line(spectra.analyze({"fc": W}, measures=spectra.measures.RANDOM_MATRIX))
    'of 1 layer 0 with spikes at 0.05 (0.05 by chance); 0 with traps at 0.05 (0.05 by chance)'
    """
    found = claims(ds, significance=float(ds.attrs["significance"]))
    strict = {"spike": _num_above, "trap": _num_trapped}
    counts = [
        _claimed(found.sel(claim=name), name, count(ds))
        for name, count in strict.items()
        if name in found.claim.values
    ]
    num = ds.sizes["layer"]
    noun = "layer" if num == 1 else "layers"
    return f"of {num} {noun} {'; '.join(counts)}" if counts and num else ""


def _claimed(one: xr.Dataset, name: str, num_strict: int) -> str:
    """Return the count of one kind beside chance, and the one that the verdicts rest on."""
    num = int(one.num_significant)
    level, chance = one.attrs["significance"], one.num_by_chance.item()
    strict = f", {num_strict} at the {SIGNIFICANCE} of the verdicts" if num else ""
    return f"{num} with {name}s at {level:g} ({chance:.2g} by chance){strict}"


def _num_above(ds: xr.Dataset) -> int:
    """Count the layers with an eigenvalue above the bulk in the words of the verdicts."""
    if "phase_num_excess" in ds:
        return int((ds.phase_num_excess > 0).sum())
    return int((ds.spike_p <= SIGNIFICANCE).sum())


def _num_trapped(ds: xr.Dataset) -> int:
    """Count the layers that are trapped in the words of the verdicts."""
    return int(((ds.trap_p <= SIGNIFICANCE) & (ds.num_traps > 0)).sum())
