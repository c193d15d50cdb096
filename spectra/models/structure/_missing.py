"""Missing tensors: leave out the tensors that cannot be understood without them."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from spectra.dtypes import BY_NAME, FLOATS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from spectra.models.tensors import Tensor

__all__ = ["restored"]

_HELPER = re.compile(  # the end of a name of what a weight depends on
    r"""[._](?:
        (?:q?weight[._])?_?(?:scales?|zeros?|zero_points?|qzeros|g_idx|shape|absmax|biases|shift)
            (?:[._]?(?:inv|2|and_zero))?
      | (?:q?weight[._])?(?:nested_)?(?:quant_map|absmax|quant_state(?:\.\w+)?)
      | weights?_(?:scales?|s|g|v|u|orig)
      | scale_weight | SCB | weight\.original[01] | _?q?data | codebooks?
    )$""",
    re.VERBOSE,
)
_MAIN = re.compile(r"[._](?:q?weight(?:_packed)?|blocks|packed|W_q)$")
_LONGEST = 1000  # characters of a name in which endings are looked for
_WIDE = 16  # bits of a float that needs no scale to be a real number


def _stem(name: str) -> tuple[str, bool]:
    """Return the name of what a tensor is part of, and whether it is a helper there."""
    if len(name) > _LONGEST:
        return name, False
    base = _HELPER.sub("", name)
    return _MAIN.sub("", base).rstrip("._"), base != name


def _left_out(tensor: Tensor, needed: str) -> Tensor:
    """Return a tensor that is not taken, because it means nothing without another."""
    wide = tensor.dtype in FLOATS and BY_NAME[tensor.dtype].bits >= _WIDE
    note = f"needs {needed}, which is missing"
    return replace(tensor, role="constant" if wide else "quantized", note=note, weights=())


def _needed(missing: Iterable[str]) -> dict[tuple[str, bool], str]:
    """Return the first missing tensor of each stem, helpers and others apart."""
    found: dict[tuple[str, bool], str] = {}
    for name in missing:
        found.setdefault(_stem(name), name)
    return found


def restored(found: Mapping[str, Tensor], tensors: Mapping[str, Tensor], /) -> dict[str, Tensor]:
    """
    Put missing tensors back, and leave out the tensors whose helper or weight is missing.

    Parameters
    ----------
    found : mapping of str to Tensor
        Interpreted tensors of a model, without the missing ones.
    tensors : mapping of str to Tensor
        All tensors of the model.

    Returns
    -------
    dict of str to Tensor
        All tensors in the order of `tensors`. A weight whose scale, zero point, length or the like
        is missing is not taken, and neither are the helpers of a missing weight; a bias is not a
        helper.

    Examples
    --------
    >>> import numpy as np
    >>> from spectra.models.arrays import from_array
    >>> codes = from_array("fc.weight", np.ones((3, 2), np.int8))
    >>> scale = from_array("fc.weight_scale", np.zeros(0), role="missing")
    >>> restored({"fc.weight": codes}, {"fc.weight": codes, scale.name: scale})["fc.weight"].note
    'needs fc.weight_scale, which is missing'
    """
    if len(found) == len(tensors):
        return dict(found)
    needed = _needed(name for name in tensors if name not in found)
    everything = dict(tensors)
    for name, tensor in found.items():
        stem, helps = _stem(name)
        other = needed.get((stem, True)) or (needed.get((stem, False)) if helps else None)
        everything[name] = _left_out(tensor, other) if other else tensor
    return everything
