"""LoRA adapters: low-rank updates of weights, stored as two matrices and a scale."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from spectra.errors import ModelFormatError
from spectra.models._alphas import Alphas, alpha_of, alphas_of, finite

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from spectra._typing import FloatArray
    from spectra.models.tensors import Tensor

__all__ = ["Pair", "delta", "eigenvalues", "noted", "pairs"]

_NOTHING: Mapping[str, Any] = MappingProxyType({})
_DOWN = re.compile(r"^(.+?)\.?(lora_A|lora_embedding_A|lora_down|lora\.down)((?:\.[^.]+)*)\Z")
_UP = {"lora_A": "lora_B", "lora_embedding_A": "lora_embedding_B"}
_UP |= {"lora_down": "lora_up", "lora.down": "lora.up"}
_DORA = re.compile(r"^(.+?)\.?(lora_magnitude_vector|dora_scale)((?:\.[^.]+)*)\Z")
_MAX_NAME = 1000


@dataclass(frozen=True, slots=True)
class Pair:
    """
    A LoRA update, scale * B @ A, with its two matrices.

    Parameters
    ----------
    name : str
        Layer that the update belongs to.
    A : Tensor
        Down-projection, (rank, in); for an embedding (rank, tokens).
    B : Tensor
        Up-projection, (out, rank).
    alpha : float
        Numerator of the scale; ``nan`` if neither file nor configuration has it.
    rooted : bool, default: False
        Whether the denominator of the scale is the square root of the rank (rsLoRA).

    Examples
    --------
    >>> import numpy as np, spectra
    >>> from spectra.models.arrays import from_array
    >>> A, B = (from_array(n, np.ones(s)) for n, s in [("A", (2, 4)), ("B", (3, 2))])
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
        """Number of rows of A, and of columns of B."""
        return self.A.shape[0]

    @property
    def scale(self) -> float:
        """Factor of the product, alpha / rank or alpha / sqrt(rank)."""
        if not self.rank:
            return math.nan
        return self.alpha / (math.sqrt(self.rank) if self.rooted else self.rank)


def _real(tensor: Tensor) -> FloatArray:
    """Read A or B as float64, dequantized where the file stores quantized numbers."""
    values = (tensor.weights[0] if len(tensor.weights) == 1 else tensor).read()
    kind = values.dtype
    if kind.kind not in "fiub" and not kind.name.startswith(("bfloat", "float")):
        msg = f"{tensor.name}: half of a LoRA pair must be real numbers, found {kind.name}"
        raise ModelFormatError(msg)
    return np.asarray(values, np.float64)


def delta(pair: Pair, /) -> FloatArray:
    """
    Return the update of a LoRA pair as a matrix.

    Parameters
    ----------
    pair : Pair
        The pair.

    Returns
    -------
    array of float, shape (out, in)
        Scale * B @ A, in weight units; B @ A if alpha is not known. For an embedding, the shape is
        (dimension, tokens).

    Raises
    ------
    ModelError
        If the file cannot be read, or A or B are not real numbers.

    Notes
    -----
    DoRA scales the sum of weights and update; the function returns the update before that.

    References
    ----------
    Hu et al. (2021), LoRA, arXiv:2106.09685, equation 3.

    Examples
    --------
    >>> import spectra
    >>> A = spectra.models.arrays.from_array("A", [[1.0, 0.0]])
    >>> B = spectra.models.arrays.from_array("B", [[2.0], [3.0]])
    >>> delta(Pair("fc", A, B, alpha=1.0))
    array([[2., 0.],
           [3., 0.]])
    """
    with np.errstate(over="ignore", invalid="ignore"):
        out: FloatArray = _known_scale(pair) * (_real(pair.B) @ _real(pair.A))
    return out


def _known_scale(pair: Pair) -> float:
    return 1.0 if math.isnan(pair.scale) else pair.scale


def eigenvalues(pair: Pair, /) -> FloatArray:
    r"""
    Return the eigenvalues of a LoRA update, without those that its rank forces to be zero.

    Parameters
    ----------
    pair : Pair
        The pair.

    Returns
    -------
    array of float, shape (min(rank, out, in),)
        Eigenvalues as of :func:`spectra.eigenvalues`, ascending, in weight units squared; of B @ A
        if alpha is not known. All ``nan`` if an element is not finite.

    Raises
    ------
    ModelError
        If the file cannot be read, or A or B are not real numbers.

    Notes
    -----
    With :math:`B = Q_B R_B` and :math:`A^T = Q_A R_A`, the eigenvalues are those of the small
    matrix :math:`R_B R_A^T`, which has rank squared elements instead of out times in.

    Examples
    --------
    >>> import spectra
    >>> A = spectra.models.arrays.from_array("A", [[1.0, 0.0]])
    >>> B = spectra.models.arrays.from_array("B", [[2.0], [3.0]])
    >>> eigenvalues(Pair("fc", A, B, alpha=1.0)).round(9)
    array([13.])
    """
    with np.errstate(over="ignore", invalid="ignore"):
        (_, left), (_, right) = np.linalg.qr(_real(pair.B)), np.linalg.qr(_real(pair.A).T)
        small = _known_scale(pair) * (left @ right.T)
        if not np.isfinite(small).all():
            return np.full(min(small.shape), np.nan)
        out: FloatArray = np.square(np.linalg.svd(small, compute_uv=False)[::-1])
    return out


def _alpha(stem: str, tensors: Mapping[str, Tensor], alphas: Alphas) -> float:
    """Return alpha from the tensor beside the pair, or else from the adapter configuration."""
    kept = tensors.get(f"{stem}.alpha")
    if kept is not None and kept.size == 1 and kept.dtype.startswith(("float", "bfloat", "int")):
        return finite(float(kept.read().astype(np.float64).item()))
    return alpha_of(stem, alphas)


def _halves(tensors: Mapping[str, Tensor]) -> Iterator[tuple[str, Tensor, Tensor]]:
    """Yield layer, A and B for every pair that has the names of one, whatever the shapes."""
    for name, tensor in tensors.items():
        if match := _DOWN.match(name) if len(name) < _MAX_NAME else None:
            stem, kind, rest = match.groups()
            dot = "." if name[len(stem) : len(stem) + 1] == "." else ""
            other = tensors.get(f"{stem}{dot}{_UP[kind]}{rest}")
            if other is not None:
                yield stem, tensor, other


def _why_apart(A: Tensor, B: Tensor) -> str:
    """Return the reason why B @ A is not defined, or "" if it is."""
    if A.ndim != 2 or B.ndim != 2:
        return f"{A.ndim}-D and {B.ndim}-D, not put together"
    return "" if B.shape[1] == A.shape[0] else f"ranks {A.shape[0]} and {B.shape[1]} do not fit"


def pairs(tensors: Mapping[str, Tensor], /, config: Mapping[str, Any] = _NOTHING) -> list[Pair]:
    """
    Find the LoRA pairs of an adapter by tensor names.

    Parameters
    ----------
    tensors : mapping of str to Tensor
        Tensors of the adapter by name: the model that :func:`spectra_io.open_model` makes of an
        ``adapter_model.safetensors``.
    config : mapping of str, optional
        The parsed ``adapter_config.json``, with `lora_alpha`, `alpha_pattern` and `use_rslora`. A
        tensor ``.alpha`` beside the pair, as in kohya's files, takes precedence.

    Returns
    -------
    list of Pair
        Pairs for which B @ A is defined, in the order of the model.

    Raises
    ------
    ModelError
        If an alpha is in the file and cannot be read.

    Notes
    -----
    peft reads the keys of `alpha_pattern` as regular expressions; the first that matches the name
    of a layer, or the end of the name after a dot, counts. Here, only keys that are plain names are
    compared: expressions from a file are not run. If an expression comes before every plain key
    that matches, alpha is ``nan``.

    Examples
    --------
    >>> import numpy as np, spectra
    >>> arrays = {"q.lora_A.weight": np.ones((2, 4)), "q.lora_B.weight": np.ones((3, 2))}
    >>> [(p.name, p.rank, p.scale) for p in pairs(spectra.from_arrays(arrays), {"lora_alpha": 4})]
    [('q', 2, 2.0)]
    """
    alphas, rooted = alphas_of(config), config.get("use_rslora") is True
    return [
        Pair(stem, A, B, _alpha(stem, tensors, alphas), rooted)
        for stem, A, B in _halves(tensors)
        if not _why_apart(A, B)
    ]


def _note(stem: str, A: Tensor, B: Tensor, beside: bool, alphas: Alphas) -> str:
    """Return the note on a pair: layer, rank and alpha, without reading the file."""
    if why := _why_apart(A, B):
        return f"LoRA of {stem}, {why}"
    alpha = alpha_of(stem, alphas)
    words = "alpha not known" if math.isnan(alpha) else f"alpha {alpha:g}"
    return f"LoRA of {stem}, rank {A.shape[0]}, {'alpha beside it' if beside else words}"


def noted(tensors: dict[str, Tensor], config: Mapping[str, Any], /) -> dict[str, Tensor]:
    """
    Annotate lora_A and lora_B with rank and alpha.

    Parameters
    ----------
    tensors : dict of str to Tensor
        A model.
    config : mapping of str
        Configuration of the model, with that of the adapter under ``"adapter"``.

    Returns
    -------
    dict of str to Tensor
        The same tensors with notes.

    Examples
    --------
    >>> import numpy as np, spectra
    >>> arrays = {"q.lora_A.weight": np.ones((2, 4)), "q.lora_B.weight": np.ones((3, 2))}
    >>> spectra.from_arrays(arrays)["q.lora_A.weight"].note
    'LoRA of q, rank 2, alpha not known'
    """
    adapter = config.get("adapter")
    alphas = alphas_of(adapter if isinstance(adapter, dict) else _NOTHING)
    notes = {
        name: "half of a LoRA pair, the other is not there"
        for name, tensor in tensors.items()
        if tensor.role in {"lora_A", "lora_B"}
    }
    for stem, A, B in _halves(tensors):
        note = _note(stem, A, B, f"{stem}.alpha" in tensors, alphas)
        notes |= {A.name: note, B.name: note}
    for name in tensors:
        if match := _DORA.match(name) if len(name) < _MAX_NAME else None:
            notes[name] = f"DoRA magnitudes of {match[1]}"
    return {
        name: replace(tensor, note=f"{tensor.note}, {notes[name]}".removeprefix(", "))
        if name in notes
        else tensor
        for name, tensor in tensors.items()
    }
