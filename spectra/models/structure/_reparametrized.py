"""Reparametrized weights: weight norm and spectral norm, stored as factors of the weight."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from spectra.dtypes import FLOATS
from spectra.errors import ModelFormatError
from spectra.models.lazy import derived
from spectra.models.roles import from_name
from spectra.models.tensors import Tensor, Weight

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from spectra._typing import AnyArray

__all__ = ["composed"]

_NEW = re.compile(r"^(.*)parametrizations\.([^.]+)\.(original[0-9]*)\Z")
_OLD = re.compile(r"^(.*weight[a-z_0-9]*)_(v|orig)\Z")
_LONGEST = 1000  # characters of a name
_LIKE = 0.9  # cosine of u and W v, by which an axis is known; 1 for singular vectors
_TINY = 1e-300


def _norm(v: AnyArray, axes: tuple[int, ...]) -> AnyArray:
    """Return the 2-norm over some axes, each result scaled so that squares do not overflow."""
    largest = np.maximum(np.abs(v).max(axis=axes, keepdims=True, initial=0), np.finfo(float).tiny)
    out: AnyArray = largest * np.sqrt(np.square(v / largest).sum(axis=axes, keepdims=True))
    return out


def _weight_norm(g: AnyArray, v: AnyArray) -> AnyArray:
    """Return gain times direction, the norm taken over the axes that the gain does not have."""
    wide, gain = v.astype(np.float64), g.astype(np.float64)
    axes = tuple(i for i in range(v.ndim) if g.ndim != v.ndim or g.shape[i] == 1)
    if not axes:
        axes = (0,)
    with np.errstate(divide="ignore", invalid="ignore"):
        out: AnyArray = (gain * wide / _norm(wide, axes)).astype(np.result_type(v, np.float32))
    return out


def _spectral_norm(W: AnyArray, u: AnyArray, v: AnyArray) -> AnyArray:
    """Return a weight divided by its largest singular value, u and v being its singular vectors."""
    wide, left, right = (a.astype(np.float64) for a in (W, u, v))
    sigma = _largest_value(wide, left.reshape(-1), right.reshape(-1))
    with np.errstate(divide="ignore", invalid="ignore"):
        out: AnyArray = (wide / sigma).astype(np.result_type(W, np.float32))
    return out


def _largest_value(W: AnyArray, u: AnyArray, v: AnyArray) -> float:
    """Return u' W v, W unfolded along the axis that the vectors belong to."""
    axes = [i for i, n in enumerate(W.shape) if (n, W.size // n) == (u.size, v.size)]
    flat = [np.moveaxis(W, i, 0).reshape(W.shape[i], -1) for i in axes]
    if W.ndim == 2 or len(flat) == 1:  # PyTorch takes the rows of a matrix
        return float(u @ flat[0] @ v)
    images = [unfolded @ v for unfolded in flat]
    fits = [float(u @ image) / max(float(np.linalg.norm(image)), _TINY) for image in images]
    best = int(np.argmax(fits))
    if fits[best] < _LIKE:
        msg = "the vectors of a spectral norm belong to no axis of the weight"
        raise ModelFormatError(msg)
    return float(u @ images[best])


def _is_gain(g: Tensor, v: Tensor) -> bool:
    """Return whether a tensor has the shape of the gain of a weight norm."""
    if g.size == 1:
        return True
    longer = [i for i, n in enumerate(g.shape) if n > 1]
    same = g.ndim == v.ndim and all(g.shape[i] in (1, v.shape[i]) for i in range(v.ndim))
    return same and len(longer) == 1


def _are_vectors(W: Tensor, u: Tensor, v: Tensor) -> bool:
    rest = [(n, W.size // n) for n in W.shape if n]
    return (u.size, v.size) in rest and u.ndim == v.ndim == 1


def _factors(
    name: str, tensors: Mapping[str, Tensor], nested: Collection[str]
) -> tuple[str, str, list[Tensor | None]] | None:
    """Return the name of a weight, the kind of its factors, and the factors; None for others."""
    if len(name) > _LONGEST:
        return None
    if match := _NEW.match(name):
        module, weight, which = match.groups()
        own = f"{module}parametrizations.{weight}."
        if which == "original1":
            return f"{module}{weight}", "weight norm", [tensors.get(f"{own}original0")]
        if which == "original":
            if f"{own}1" in nested:
                return f"{module}{weight}", "spectral norm", [None]
            vectors = [tensors.get(f"{own}0.{part}") for part in ("_u", "_v")]
            return f"{module}{weight}", "spectral norm", vectors
        return None
    if match := _OLD.match(name):
        weight, which = match.groups()
        if which == "v":
            return weight, "weight norm", [tensors.get(f"{weight}_g")]
        vectors = [tensors.get(f"{weight}_{part}") for part in "uv"]
        return weight, "spectral norm", vectors
    return None


def _composed(tensor: Tensor, weight: str, kind: str, factors: list[Tensor | None]) -> Tensor:
    """Return a stored factor with the weight that the network computes with, or the reason."""
    found = [factor for factor in factors if factor is not None]
    real = all(t.dtype in FLOATS for t in (tensor, *found))
    if len(found) < len(factors):
        known = "the rest of it is not here" if kind == "weight norm" else "not known how"
        return replace(tensor, role="unknown", note=f"a parametrized weight, {known}")
    fits = _is_gain(found[0], tensor) if kind == "weight norm" else _are_vectors(tensor, *found)
    if not real or not fits or not tensor.size:
        shapes = ", ".join("x".join(map(str, t.shape)) for t in (tensor, *found))
        return replace(tensor, role="unknown", note=f"{kind}, its factors {shapes} do not fit")
    if kind == "weight norm":
        source = derived(_weight_norm, found[0].source, tensor.source)
    else:
        source = derived(_spectral_norm, tensor.source, *(t.source for t in found))
    role = from_name(weight, tensor.shape)
    made = (Weight("", tensor.shape, source),)
    return replace(tensor, role=role, note=f"computed by {kind}", weights=made)


def composed(tensors: dict[str, Tensor], config: Mapping[str, Any], /) -> dict[str, Tensor]:
    r"""
    Compute weights of their stored factors: weight norm and spectral norm of PyTorch.

    Parameters
    ----------
    tensors : dict of str to Tensor
        A model.
    config : mapping of str
        Not used.

    Returns
    -------
    dict of str to Tensor
        The model; direction or unscaled weight have the weight that the network computes with, the
        other factors the role "scale".

    Notes
    -----
    Weight norm is :math:`g v / \lVert v \rVert`, the norm taken over all axes but that of the gain;
    spectral norm is :math:`W / (u^T W v)`.

    References
    ----------
    Salimans and Kingma (2016), Weight Normalization, arXiv:1602.07868, equation 2; Miyato et al.
    (2018), Spectral Normalization, arXiv:1802.05957, equation 9.

    Examples
    --------
    >>> import numpy as np, spectra
    >>> arrays = {"fc.weight_g": np.array([[5.0]]), "fc.weight_v": np.array([[6.0, 8.0]])}
    >>> found = spectra.from_arrays(arrays)["fc.weight_v"]
    >>> found.note, found.weights[0].read()
    ('computed by weight norm', array([[3., 4.]]))
    """
    found = dict(tensors)
    nested = {name.rpartition(".")[0] for name in tensors if "parametrizations" in name}
    for name, tensor in tensors.items():
        factors = (
            _factors(name, tensors, nested) if tensor.ndim >= 2 and not tensor.weights else None
        )
        if factors is None:
            continue
        weight, kind, others = factors
        found[name] = _composed(tensor, weight, kind, others)
        for other in others:
            if other is not None and found[name].weights:
                note = f"factor of {weight} ({kind})"
                found[other.name] = replace(other, role="scale", note=note, weights=())
    return found
