"""Names of quantized tensors: what lies beside a weight, and what its name says."""

from __future__ import annotations

import re
from bisect import bisect_left
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from spectra.models.tensors import Tensor

__all__ = ["Companions", "Names", "is_helper"]

_MOST = 32  # tensors beside one; the richest layout has eight
_STORED = re.compile(r"(\._weight_qdata|\.weight\._data|\._data|_qdata)\Z")
_KINDS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "scale": frozenset({"scale", "scales", "scale_inv", "s"}),
        "overall": frozenset({"scale_2"}),
        "divisor": frozenset({"global_scale"}),
        "zero": frozenset({"zero_point", "zero_points", "zero", "zeros", "zp"}),
        "offset": frozenset({"biases", "shift"}),
        "shape": frozenset({"shape"}),
        "order": frozenset({"g_idx"}),
        "maximum": frozenset({"scb"}),
        "inputs": frozenset({"pre_quant_scale"}),
        "comfy": frozenset({"comfy_quant"}),
    }
)
"""Use of a tensor beside quantized weights, by the words of its name."""

_ACTIVATIONS = re.compile(r"(^|_)(input|output|act|activation|activations)(_|\Z)|^[qkv]_scale\Z")
_HELPER = re.compile(
    r"(^|_)(scales?|wscales|scale_inv|zero_?points?|zeros|qzeros|zp|absmax|amax|scb|g_idx|biases"
    r"|quant_map|shift|scale_and_zero|perm|global_scale|scale_2|pre_quant_scale|smooth(_factor)?)\Z"
)
_HARMLESS = frozenset({"bias", "format", "packed", "g", "v", "u", "orig", "amax"})
_PREFIX, _ENDING = re.compile(r"^(weight_|weight\._?)"), re.compile(r"_weights?\Z")


def _word(text: str) -> str:
    """Return the name of a companion in lower case, without the word weight."""
    return _ENDING.sub("", _PREFIX.sub("", text.lower().strip("_"))).strip("_")


class Companions(NamedTuple):
    """The tensors beside quantized weights, by their use."""

    known: dict[str, Tensor]
    """By use: scale, overall, divisor, zero, offset, shape, order, maximum, inputs, comfy."""
    aside: tuple[Tensor, ...]
    """Scales of activations, which do not change the weights."""
    unknown: tuple[Tensor, ...]
    """Tensors that belong to the weights by their name, in a way that is not known."""

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all of them."""
        return tuple(t.name for t in (*self.known.values(), *self.aside, *self.unknown))


def is_helper(name: str, /) -> bool:
    """
    Return whether a tensor is called like a scale, zero point or order of quantized weights.

    Parameters
    ----------
    name : str
        Name of the tensor.

    Returns
    -------
    bool
        Whether the last part of the name, in any of the spellings, names such a helper.

    Examples
    --------
    >>> [is_helper(f"fc.{n}") for n in ("weight_scale", "scale_weight", "scaled", "weight")]
    [True, True, False, False]
    """
    last = name[-100:].rpartition(".")[2]
    return bool(_HELPER.search(_word(last)))


class Names:
    """
    The tensors of a model, found by module and by the beginning of their names.

    Parameters
    ----------
    tensors : mapping of str to Tensor
        A model.

    Examples
    --------
    >>> import numpy as np, spectra
    >>> arrays = {"fc.weight": np.ones((2, 2), np.int8), "fc.weight_scale": np.ones(2)}
    >>> list(Names(spectra.from_arrays(arrays)).companions("fc.weight").known)
    ['scale']
    """

    def __init__(self, tensors: Mapping[str, Tensor]) -> None:
        """Sort the names, and list the parts of each module."""
        self.tensors = tensors
        self._sorted = sorted(tensors)
        self.modules: dict[str, dict[str, Tensor]] = {}
        for name, tensor in tensors.items():
            module, _, part = name.rpartition(".")
            self.modules.setdefault(module, {})[part] = tensor

    def after(self, stem: str) -> dict[str, Tensor]:
        """Return the tensors whose names begin with `stem`, by the rest of the name."""
        found: dict[str, Tensor] = {}
        start = bisect_left(self._sorted, stem)
        for name in self._sorted[start : start + _MOST]:
            if not name.startswith(stem):
                break
            found[name[len(stem) :]] = self.tensors[name]
        return found

    def module(self, name: str) -> dict[str, Tensor]:
        """Return the tensors of the module of a tensor, by the last part of the name."""
        module = name.rpartition(".")[0]
        return self.modules.get(module, {}) if module else {}

    def beside(self, name: str) -> dict[str, Tensor]:
        """Return the tensors stored beside a weight, by the part of the name that differs."""
        stem = _STORED.sub("", name)
        if stem != name:
            stem += ".weight" if ".weight._data" in name[-20:] else ""
            stem += "._weight" if name.endswith("._weight_qdata") else ""
        found = {**self.after(f"{stem}_"), **self.after(f"{stem}.")}
        if name.endswith((".weight", "._weight_qdata", ".weight._data")):
            module = stem.removesuffix(".weight").removesuffix("._weight")
            own = self.modules.get(module, {})
            parts = own if len(own) <= _MOST else {}
            found = {**{p: t for p, t in parts.items() if p != "weight"}, **found}
        return {part: tensor for part, tensor in found.items() if tensor.name != name}

    def _is_odd(self, name: str, part: str, tensor: Tensor) -> bool:
        """Return whether a tensor is called ``weight_...`` beside weights, and not a bias."""
        own = tensor.name.startswith((f"{name}_", f"{name}."))
        alike = tensor.dtype == self.tensors[name].dtype if name in self.tensors else False
        return own and not alike and "." not in part and part.strip("_") not in _HARMLESS

    def companions(self, name: str) -> Companions:
        """Return the tensors beside a weight that say what its numbers mean."""
        known: dict[str, Tensor] = {}
        aside: list[Tensor] = []
        unknown: list[Tensor] = []
        for part, tensor in sorted(self.beside(name).items()):
            word = _word(part)
            use = next((use for use, words in _KINDS.items() if word in words), "")
            if _ACTIVATIONS.search(word):
                aside.append(tensor)
            elif use and known.setdefault(use, tensor) is tensor:
                continue
            elif use or is_helper(part) or self._is_odd(name, part, tensor):
                unknown.append(tensor)
        return Companions(known, tuple(aside), tuple(unknown))
