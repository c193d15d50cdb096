"""LoRA: updates of low rank, kept as two matrices and a scale."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from spectra._typing import FloatArray
    from spectra.tensors import Tensor

__all__ = ["Pair", "delta", "eigenvalues", "noted", "pairs"]

_NOTHING: Mapping[str, Any] = MappingProxyType({})
_DOWN = re.compile(r"^(.+?)\.?(lora_A|lora_embedding_A|lora_down|lora\.down)((?:\.\w+)*)$")
_UP = {"lora_A": "lora_B", "lora_embedding_A": "lora_embedding_B"}
_UP |= {"lora_down": "lora_up", "lora.down": "lora.up"}
_MAX_NAME = 1000


@dataclass(frozen=True, slots=True)
class Pair:
    """
    The two matrices of an update, scale * B @ A.

    Parameters
    ----------
    name : str
        The layer that is updated.
    A : Tensor
        Down-projection, (rank, in); of an embedding (rank, tokens).
    B : Tensor
        Up-projection, (out, rank).
    alpha : float
        Numerator of the scale; ``nan`` if neither file nor configuration says it.
    rooted : bool, default: False
        Whether the scale has the root of the rank for its denominator (rsLoRA).

    Examples
    --------
    >>> import numpy as np, spectra
    >>> A, B = (spectra.from_array(n, np.ones(s)) for n, s in [("A", (2, 4)), ("B", (3, 2))])
    >>> pair = Pair("fc", A, B, alpha=16.0)
    >>> pair.rank, pair.scale
    (2, 8.0)
    """

    name: str
    A: Tensor
    B: Tensor
    alpha: float
    rooted: bool = False

    @property
    def rank(self) -> int:
        """Columns of B, rows of A."""
        return self.A.shape[0]

    @property
    def scale(self) -> float:
        """What the product is multiplied by, alpha / rank or alpha / sqrt(rank)."""
        if not self.rank:
            return math.nan
        return self.alpha / (math.sqrt(self.rank) if self.rooted else self.rank)


def _real(tensor: Tensor) -> FloatArray:
    array: FloatArray = tensor.read().astype(np.float64)
    return array


def delta(pair: Pair, /) -> FloatArray:
    """
    Return the update itself.

    Parameters
    ----------
    pair : Pair
        Its two matrices.

    Returns
    -------
    array of float, shape (out, in)
        Scale * B @ A, in weight units; without a known alpha, of scale 1.

    Raises
    ------
    ModelError
        If the file cannot be read.

    References
    ----------
    Hu et al. (2021), LoRA, arXiv:2106.09685, equation 3.

    Examples
    --------
    >>> import spectra
    >>> A = spectra.from_array("A", [[1.0, 0.0]])
    >>> B = spectra.from_array("B", [[2.0], [3.0]])
    >>> delta(Pair("fc", A, B, alpha=1.0))
    array([[2., 0.],
           [3., 0.]])
    """
    out: FloatArray = _known_scale(pair) * (_real(pair.B) @ _real(pair.A))
    return out


def _known_scale(pair: Pair) -> float:
    return 1.0 if math.isnan(pair.scale) else pair.scale


def eigenvalues(pair: Pair, /) -> FloatArray:
    r"""
    Return the eigenvalues of an update that are not zero by its rank.

    Parameters
    ----------
    pair : Pair
        Its two matrices.

    Returns
    -------
    array of float, shape (min(rank, out, in),)
        Ascending, in weight units squared, as :func:`spectra.eigenvalues`; those of scale 1 if
        alpha is not known.

    Raises
    ------
    ModelError
        If the file cannot be read.

    Notes
    -----
    With :math:`B = Q_B R_B` and :math:`A^T = Q_A R_A` they are those of the small matrix
    :math:`R_B R_A^T`, which takes rank squared, not out times in, numbers.

    Examples
    --------
    >>> import spectra
    >>> A = spectra.from_array("A", [[1.0, 0.0]])
    >>> B = spectra.from_array("B", [[2.0], [3.0]])
    >>> eigenvalues(Pair("fc", A, B, alpha=1.0)).round(9)
    array([13.])
    """
    (_, left), (_, right) = np.linalg.qr(_real(pair.B)), np.linalg.qr(_real(pair.A).T)
    small = left @ right.T
    singular = np.linalg.svd(_known_scale(pair) * small, compute_uv=False)
    out: FloatArray = np.square(singular[::-1])
    return out


def _setting_of(name: str, pattern: Any, default: float) -> float:
    """Return what a configuration gives the layers whose names end as its keys say."""
    if isinstance(pattern, dict):
        for key, value in pattern.items():
            number = isinstance(value, int | float) and not isinstance(value, bool)
            if number and (name == key or name.endswith(f".{key}")):
                return float(value)
    return default


def _alpha(name: str, stem: str, tensors: Mapping[str, Tensor], config: Mapping[str, Any]) -> float:
    """Return alpha as a tensor beside the pair or the configuration of the adapter gives it."""
    kept = tensors.get(f"{stem}.alpha")
    if kept is not None and kept.size == 1 and kept.dtype.startswith(("float", "bfloat")):
        return float(kept.read().astype(np.float64).item())
    given = config.get("lora_alpha")
    number = isinstance(given, int | float) and not isinstance(given, bool)
    return _setting_of(
        name, config.get("alpha_pattern"), float(given) if number and given else math.nan
    )


def _matched(name: str) -> re.Match[str] | None:
    return _DOWN.match(name) if len(name) < _MAX_NAME else None


def pairs(tensors: Mapping[str, Tensor], /, config: Mapping[str, Any] = _NOTHING) -> list[Pair]:
    """
    Find the pairs of an adapter by their names.

    Parameters
    ----------
    tensors : mapping of str to Tensor
        What :func:`spectra_io.open_model` returns for an ``adapter_model.safetensors``.
    config : mapping of str, optional
        The parsed ``adapter_config.json``, which has `lora_alpha`, `alpha_pattern` and
        `use_rslora`.

    Returns
    -------
    list of Pair
        Those whose shapes fit together, in the order of the model.

    Examples
    --------
    >>> import numpy as np, spectra
    >>> arrays = {"q.lora_A.weight": np.ones((2, 4)), "q.lora_B.weight": np.ones((3, 2))}
    >>> [(p.name, p.rank, p.scale) for p in pairs(spectra.from_arrays(arrays), {"lora_alpha": 4})]
    [('q', 2, 2.0)]
    """
    found = []
    for name, tensor in tensors.items():
        if not (match := _matched(name)):
            continue
        stem, kind, rest = match.groups()
        dot = "." if name[len(stem) : len(stem) + 1] == "." else ""
        other = tensors.get(f"{stem}{dot}{_UP[kind]}{rest}")
        fits = other is not None and other.ndim == tensor.ndim == 2
        if other is not None and fits and other.shape[1] == tensor.shape[0]:
            alpha = _alpha(stem, stem, tensors, config)
            rooted = config.get("use_rslora") is True
            found.append(Pair(stem, tensor, other, alpha, rooted))
    return found


def noted(tensors: dict[str, Tensor], config: Mapping[str, Any], /) -> dict[str, Tensor]:
    """
    Say of each half of a pair which rank and scale it has.

    Parameters
    ----------
    tensors : dict of str to Tensor
        A model.
    config : mapping of str
        Its configuration, that of the adapter under ``"adapter"``.

    Returns
    -------
    dict of str to Tensor
        The same with notes.

    Examples
    --------
    >>> import numpy as np, spectra
    >>> arrays = {"q.lora_A.weight": np.ones((2, 4)), "q.lora_B.weight": np.ones((3, 2))}
    >>> spectra.from_arrays(arrays)["q.lora_A.weight"].note
    'LoRA of q, rank 2, alpha not known'
    """
    adapter = config.get("adapter")
    settings = adapter if isinstance(adapter, dict) else _NOTHING
    found = dict(tensors)
    for name, tensor in tensors.items():
        if tensor.role in {"lora_A", "lora_B"}:
            found[name] = replace(tensor, note="half of a LoRA pair, the other is not there")
    for pair in pairs({n: t for n, t in tensors.items() if not n.endswith(".alpha")}, settings):
        given = math.nan if math.isnan(pair.alpha) else pair.alpha
        alpha = "alpha not known" if math.isnan(given) else f"alpha {given:g}"
        for half in (pair.A, pair.B):
            note = f"LoRA of {pair.name}, rank {pair.rank}, {alpha}"
            found[half.name] = replace(half, note=note)
    return found
