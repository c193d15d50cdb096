r"""
Find layers whose scale has collapsed: their weights are unusually small.

Small means compared with the other layers of the model, or with the same layers of a reference
model. Norms cannot be compared directly, because they grow with the size of a layer. An initialiser
gives the elements a standard deviation of about :math:`1/\sqrt{N}` times a number that all layers
share, where N is the longer side of a matrix, and most trained networks keep this relation. The
number compared is therefore the standard deviation times :math:`\sqrt{N}`, which for noise of any
size is the largest singular value over :math:`1 + \sqrt{M/N}`.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

import spectra._checks as _checks
from spectra.errors import ArgumentError
from spectra.linalg.elements import MAD_TO_STD
from spectra.results.dataset import from_rows
from spectra.results.reading import one_model
from spectra.results.variables import Status
from spectra.results.variables._sizes import COLLAPSE
from spectra.results.verdicts import Collapse

if TYPE_CHECKING:
    import numpy.typing as npt
    import xarray as xr

    from spectra._typing import AnyArray, FloatArray

    _Chosen = npt.NDArray[np.bool_]

__all__ = ["NAMES", "find"]

NAMES = tuple(variable.name for variable in COLLAPSE)
"""Names of the variables of :func:`find`."""

_CODES = {"rms": 1, "edge": 2}  # added to Collapse.NO: by one norm, by the other, by both
_FEWEST = 5  # peers from which a median and a spread are taken
_FLOOR = 0.02  # smallest spread, in decades: differences of 5 % are ordinary
_NEEDED = ("norm", "spectral_norm", "N", "M", "rf", "layer_type", "status")


def _check(ds: xr.Dataset, what: str) -> xr.Dataset:
    missing = [name for name in _NEEDED if name not in ds]
    if missing or "layer" not in ds.dims:
        lack = ", ".join(missing) or "the dimension layer"
        msg = f"{what} must be a result of spectra.analyze, it lacks {lack}"
        raise ArgumentError(msg)
    return one_model(ds)


def _check_options(threshold: float, factor: float) -> None:
    _checks.number("threshold", threshold, above=0)
    _checks.number("factor", factor, at_least=1)


def _scales(ds: xr.Dataset) -> tuple[dict[str, FloatArray], FloatArray]:
    """Return both scales in decades, and the term that makes them independent of the size."""
    N, M, rf = (ds[name].values.astype(np.float64) for name in ("N", "M", "rf"))
    computed = ds.status.values == Status.COMPUTED
    norm, spectral_norm = (
        np.where(computed, ds[name].values, np.nan) for name in ("norm", "spectral_norm")
    )
    with np.errstate(divide="ignore", invalid="ignore"):  # empty layers
        rms = 0.5 * (np.log10(norm) - np.log10(N * M * rf))
        edge = 0.5 * np.log10(spectral_norm) - np.log10(np.sqrt(N) + np.sqrt(M))
        unit = ds.scale_exponent.values * math.log10(2) if "scale_exponent" in ds else 0.0
        return {"rms": rms + unit, "edge": edge + unit}, 0.5 * np.log10(N * rf)


def _of_reference(ds: xr.Dataset, reference: xr.Dataset) -> dict[str, FloatArray]:
    """Return the size-independent scales of the layers of the same names in the reference."""
    scales, size = _scales(reference)
    places = {name: place for place, name in enumerate(reference.layer.values.tolist())}
    index = np.array([places.get(name, -1) for name in ds.layer.values.tolist()], dtype=np.intp)
    padded = {name: np.append(values + size, np.nan) for name, values in scales.items()}
    return {name: values[index] for name, values in padded.items()}


def _peers(types: AnyArray, usable: _Chosen) -> list[_Chosen]:
    """Return for each layer the layers to compare it with, as a mask."""
    by_type = {kind: usable & (types == kind) for kind in set(types.tolist())}
    return [mine if (mine := by_type[kind]).sum() >= _FEWEST else usable for kind in types]


def _compare(x: FloatArray, peers: list[_Chosen]) -> tuple[FloatArray, FloatArray]:
    """Return the height of each layer above the median of its peers, in decades and in spreads."""
    excess, z = np.full((2, len(x)), np.nan)
    for i, chosen in enumerate(peers):
        if chosen.sum() >= _FEWEST:
            excess[i] = x[i] - np.median(x[chosen])
            spread = MAD_TO_STD * np.median(np.abs(x[chosen] - np.median(x[chosen])))
            z[i] = excess[i] / max(spread, _FLOOR)
    return excess, z


def _judge(
    compared: dict[str, FloatArray], types: AnyArray, threshold: float, factor: float
) -> dict[str, AnyArray]:
    """Compare each layer with its peers by both scales, and return the columns of the result."""
    usable = np.isfinite(compared["rms"]) & np.isfinite(compared["edge"])
    peers = _peers(types, usable)
    columns = {"num_peers": np.array([float(chosen.sum()) for chosen in peers])}
    verdict = np.full(len(usable), int(Collapse.NO))
    for name, x in compared.items():
        excess, z = _compare(x, peers)
        columns |= {f"excess_{name}": excess, f"z_{name}": z}
        verdict += _CODES[name] * ((z < -threshold) & (excess < -math.log10(factor)))
    judged = usable & (columns["num_peers"] >= _FEWEST)
    return {
        **columns,
        "num_peers": np.where(usable, columns["num_peers"], np.nan),
        "collapsed": np.where(judged, verdict, Collapse.NOT_COMPARED),
    }


def find(
    ds: xr.Dataset,
    /,
    *,
    reference: xr.Dataset | None = None,
    threshold: float = 3.5,
    factor: float = 3.0,
) -> xr.Dataset:
    r"""
    Find the layers whose spectral or Frobenius norm is unusually small.

    Parameters
    ----------
    ds : xarray.Dataset
        Result of :func:`spectra.analyze`.
    reference : xarray.Dataset, optional
        Result for another model with layers of the same names, such as the model before
        fine-tuning or pruning. The change of scale since then is compared instead of the scale.
    threshold : float, default: 3.5
        Number of spreads below the median of its peers from which a layer is collapsed.
    factor : float, default: 3.0
        Factor below the median of its peers that a collapsed layer must exceed as well.

    Returns
    -------
    xarray.Dataset
        Variables along ``layer``: the scales `log_rms` and `log_edge` of an element, computed from
        the Frobenius and from the spectral norm; `excess_rms` and `excess_edge`, in decades above
        the median of the peers; `z_rms` and `z_edge`; `num_peers`; and the flag `collapsed`, with
        the norm by which the layer meets both conditions. A layer without a spectrum, without a
        counterpart in `reference`, or with fewer than 5 peers, itself included, is not compared.

    Raises
    ------
    ArgumentError
        If a Dataset lacks a variable or the dimension ``layer``, or an option is out of range.

    Notes
    -----
    With :math:`s = \|W\|_F / \sqrt{NM}` or :math:`s = \|W\|_2 / (\sqrt N + \sqrt M)`, for a
    convolution over all its matrices together, and x the decimal logarithm of
    :math:`s \sqrt{N \cdot rf}` (less the x of the reference),
    :math:`z = (x - median) / \max(1.4826\,MAD, 0.02)`. Peers are the layers of the same
    ``layer_type`` if there are 5, else all layers. The spread is at least 0.02 decades so that
    equal layers are not infinitely unusual; the second condition spares a layer that is only
    slightly smaller than peers that hardly differ.

    Limitations: if the standard deviation of the weights is the same for all shapes, as some
    initialisers of language models make it, large layers appear :math:`\sqrt{N}` times larger, and
    a layer whose longer side is ten times shorter than that of its peers appears three times
    smaller. Layers with more outputs than inputs appear larger, by up to :math:`\sqrt{N/M}`; the
    positions of a kernel of k x k, if each is a layer, appear k times smaller than other layers. A
    reference with the same shapes removes all three errors. If half of the peers or more have
    collapsed, no layer stands out. A layer of zeros has a status, and is not compared. Small
    weights before a normalisation may be harmless, the weights of a last layer are often small on
    purpose, and the spread of five to ten peers is a rough estimate.

    References
    ----------
    Iglewicz & Hoaglin (1993), How to Detect and Handle Outliers, for the threshold. Glorot & Bengio
    (2010), PMLR 9:249-256, and He et al. (2015), doi:10.1109/ICCV.2015.123, for initialisers.

    Examples
    --------
    >>> import numpy as np, spectra
    >>> rng = np.random.default_rng(0)
    >>> model = {f"fc{i}": rng.standard_normal((40, 20)) for i in range(8)}
    >>> model["fc3"] *= 0.01
    >>> found = find(spectra.analyze(model, measures=[spectra.measures.size]))
    >>> found.layer.values[found.collapsed > Collapse.NO].tolist()
    ['fc3']
    """
    ds = _check(ds, "the Dataset")
    _check_options(threshold, factor)
    scales, size = _scales(ds)
    compared = {name: values + size for name, values in scales.items()}
    if reference is not None:
        reference = _check(reference, "`reference`")
        before = _of_reference(ds, reference)
        compared = {name: x - before[name] for name, x in compared.items()}
    columns = {f"log_{name}": values for name, values in scales.items()}
    columns |= _judge(compared, ds.layer_type.values, threshold, factor)
    rows = {
        name: {key: values[i] for key, values in columns.items()}
        for i, name in enumerate(ds.layer.values.tolist())
    }
    found = from_rows(rows, always=NAMES, attrs=ds.attrs)
    return found.assign_coords(depth=ds.depth) if "depth" in ds.coords else found
