"""Pairs: the low-rank update of a module, as two matrices and a scale."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from spectra.models.adapters._lora import found
from spectra.models.adapters._names import grouped
from spectra.models.adapters._settings import NOTHING, finite
from spectra.models.lazy import derived, rows

if TYPE_CHECKING:
    from collections.abc import Mapping

    from spectra._typing import AnyArray
    from spectra.models.adapters._lora import Lora
    from spectra.models.tensors import Tensor

__all__ = ["Pair", "expert_halves", "pairs"]


@dataclass(frozen=True, slots=True)
class Pair:
    """
    A LoRA update, scale * B @ A, with its two matrices.

    Parameters
    ----------
    name : str
        Layer that the update belongs to, with the number of the expert in brackets if its
        adapter stacks experts.
    A : Tensor
        Down-projection, (rank, in) or (rank, in, positions...); for an embedding (rank, tokens).
    B : Tensor
        Up-projection, (out, rank) or (out, rank, 1...).
    alpha : float
        Numerator of the scale; ``nan`` if neither file nor configuration has it.
    rooted : bool, default: False
        Whether the denominator of the scale is the square root of the rank (rsLoRA).
    middle : Tensor, optional
        Tensor between B and A: the core (rank, rank, positions...) of a convolution in Tucker
        form, or the singular values (rank, 1) of AdaLoRA.
    magnitude : Tensor, optional
        Norms of DoRA, to which the sum of the base and the update is scaled.
    divisor : float, optional
        Denominator of the scale where it is not the rank, as in AdaLoRA.
    embedding : bool, default: False
        Whether the update is added to an embedding (tokens, dimension), the transpose of B @ A.

    Examples
    --------
    >>> import numpy as np, spectra
    >>> from spectra.models.arrays import from_array
    >>> A, B = (from_array(n, np.ones(s)) for n, s in [("A", (2, 4)), ("B", (3, 2))])
    >>> pair = Pair("fc", A, B, alpha=16.0)
    >>> pair.rank, pair.scale, pair.shape
    (2, 8.0, (3, 4))
    """

    name: str
    A: Tensor
    B: Tensor
    alpha: float
    rooted: bool = False
    middle: Tensor | None = None
    magnitude: Tensor | None = None
    divisor: float | None = None
    embedding: bool = False

    @property
    def rank(self) -> int:
        """Number of rows of A, and of columns of B."""
        return self.A.shape[0]

    @property
    def scale(self) -> float:
        """Factor of the product, alpha / rank or alpha / sqrt(rank)."""
        divisor = self.rank if self.divisor is None else self.divisor
        if not divisor:
            return math.nan
        return self.alpha / (math.sqrt(divisor) if self.rooted else divisor)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the update and of the weight that it is added to."""
        middle = self.middle
        positions = middle.shape[2:] if middle and middle.ndim > 2 else self.A.shape[2:]
        if self.embedding:
            return self.A.shape[1], self.B.shape[0]
        return self.B.shape[0], self.A.shape[1], *positions


def _columns(matrix: AnyArray, *, start: int, step: int) -> AnyArray:
    return matrix[:, start::step]


def expert_halves(lora: Lora, expert: int, /) -> tuple[Tensor, Tensor]:
    """Return A and B of one expert: consecutive rows of A, every so many columns of B."""
    A, B, rank = lora.A, lora.B, lora.A.shape[0] // lora.experts
    first = expert * rank
    cut = derived(_columns, B.source, start=expert, step=lora.experts)
    return (
        replace(A, shape=(rank, A.shape[1]), source=rows(A.source, first, first + rank)),
        replace(B, shape=(B.shape[0], rank), source=cut),
    )


def _alpha(lora: Lora) -> float:
    """Return alpha from the tensor beside the pair, or else from the adapter configuration."""
    if lora.beside is not None:
        return finite(float(lora.beside.read().astype(np.float64).item()))
    return lora.told.alpha


def _pairs(lora: Lora, rooted: bool) -> list[Pair]:
    pair = Pair(
        lora.stem, lora.A, lora.B, _alpha(lora), rooted, lora.middle, lora.magnitude,
        embedding=lora.embedding,
    )  # fmt: skip
    if "E" in lora.parts:
        alpha = pair.alpha if not pair.alpha <= 0 else lora.adaptive_rank
        return [replace(pair, alpha=alpha, rooted=False, divisor=lora.adaptive_rank + 1e-5)]
    if not lora.experts:
        return [pair]
    return [
        replace(pair, name=f"{lora.stem}[{expert}]", A=A, B=B)
        for expert in range(lora.experts)
        for A, B in [expert_halves(lora, expert)]
    ]


def _own(tensors: Mapping[str, Tensor]) -> Mapping[str, Any]:
    """Return the configuration of an adapter that a model was opened with; empty without one."""
    given = getattr(tensors, "config", {}).get("adapter")  # of a Model
    return given if isinstance(given, dict) else NOTHING


def pairs(tensors: Mapping[str, Tensor], /, config: Mapping[str, Any] | None = None) -> list[Pair]:
    """
    Find the LoRA pairs of an adapter by tensor names.

    Parameters
    ----------
    tensors : mapping of str to Tensor
        Tensors of the adapter by name: the model that :func:`spectra_io.open_model` makes of an
        ``adapter_model.safetensors``.
    config : mapping of str, optional
        The parsed ``adapter_config.json``, by default that of the model; with `lora_alpha`,
        `alpha_pattern`, `r`, `rank_pattern`, `use_rslora`, `use_dora` and `target_parameters`. A
        tensor ``.alpha`` beside the pair, as in kohya's files, takes precedence.

    Returns
    -------
    list of Pair
        Pairs for which the update is defined, in the order of the model; one per expert where
        `target_parameters` lists stacked experts.

    Raises
    ------
    ModelError
        If an alpha is in the file and cannot be read.

    Notes
    -----
    Names of peft, diffusers, kohya and LyCORIS are known. Keys of `alpha_pattern` and
    `rank_pattern` are regular expressions, matched as peft matches them; the first that matches the
    name of a layer, or its end after a dot, counts. An expression that is not valid, or takes too
    long, makes alpha ``nan``; the note of the tensor says which. The rank is that of the matrices,
    whatever the configuration says.

    The stacked experts of peft's `target_parameters` share one A of E * r rows and one B of E * r
    columns, with r from the configuration: expert e has rows e * r to (e + 1) * r of A and
    columns e, e + E, e + 2 E ... of B.

    Examples
    --------
    >>> import numpy as np, spectra
    >>> arrays = {"q.lora_A.weight": np.ones((2, 4)), "q.lora_B.weight": np.ones((3, 2))}
    >>> [(p.name, p.rank, p.scale) for p in pairs(spectra.from_arrays(arrays), {"lora_alpha": 4})]
    [('q', 2, 2.0)]
    """
    if config is None:
        config = _own(tensors)
    rooted = config.get("use_rslora") is True
    every = found(grouped(tensors), tensors, config)
    return [pair for lora in every if not lora.why for pair in _pairs(lora, rooted)]
