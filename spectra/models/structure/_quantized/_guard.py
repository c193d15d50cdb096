"""Guard: leave out numbers whose meaning depends on tensors that were not found or understood."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from spectra.models.structure._quantized._names import Names, is_helper
from spectra.models.structure._quantized._scaled import is_narrow_float
from spectra.models.structure._quantized._settings import quantization

if TYPE_CHECKING:
    from collections.abc import Mapping

    from spectra.models.tensors import Tensor

__all__ = ["guarded"]

_COUNTS = re.compile(
    r"(_ids?|_idx|_index|index|indices|_tracked|mask|_len(gths?)?|counts?|steps?)\Z"
)
_WORDS = frozenset({"int8", "uint8", "int16", "uint16", "int32", "uint32"})
_LONGEST = 100  # characters of a name that are looked at
_MOST = 64  # tensors of a module


def _is_plain_cast(tensor: Tensor, names: Names, config: Mapping[str, Any]) -> bool:
    """Return whether the whole model is stored in a narrow type, as its config or vectors say."""
    if tensor.dtype in (
        str(config.get(k)).removeprefix("torch.") for k in ("dtype", "torch_dtype")
    ):
        return True
    if quantization(config) or any(is_helper(name) for name in names.tensors):
        return False
    return any(
        t.dtype == tensor.dtype and t.ndim == 1 and t.size > 1 for t in names.tensors.values()
    )


def _integers_beside(tensor: Tensor, names: Names) -> Tensor | None:
    """Return a tensor of words in the same module, which a float may be the scale of."""
    parts = names.module(tensor.name)
    if len(parts) > _MOST:
        return None
    return next(
        (
            other
            for part, other in parts.items()
            if other.dtype in _WORDS and other.size > 1 and not _COUNTS.search(part[-_LONGEST:])
        ),
        None,
    )


def _of_floats(tensor: Tensor, names: Names, config: Mapping[str, Any]) -> Tensor:
    if _is_plain_cast(tensor, names, config):
        return replace(tensor, note=f"{tensor.dtype} as it is, as the whole model is stored so")
    quantized = quantization(config) or any(is_helper(name) for name in names.tensors)
    why = "others of the model have scales" if quantized else "a scale may be missing"
    note = f"floats of 8 bits or fewer without a scale beside them: {why}"
    return replace(tensor, role="quantized", note=note, weights=())


def guarded(tensors: dict[str, Tensor], config: Mapping[str, Any], /) -> dict[str, Tensor]:
    """
    Leave out narrow floats without a scale, and helpers of quantized weights that are not read.

    Parameters
    ----------
    tensors : dict of str to Tensor
        A model whose quantized weights have been looked for.
    config : mapping of str
        Configuration of the model.

    Returns
    -------
    dict of str to Tensor
        The model. Floats of at most 8 bits without a scale have the role "quantized", unless the
        configuration or vectors of the same type say that the whole model is stored so. Floats
        called like a scale, or beside integers in an unknown layout, have the role "scale".

    Examples
    --------
    >>> import numpy as np, spectra
    >>> arrays = {"fc.B": np.ones((2, 4), np.int32), "fc.t": np.ones((2, 4))}
    >>> [layer.reason for layer in spectra.layers(arrays)]
    ['int32: integers', 'beside fc.B, int32 in a layout that is not known']
    """
    names, found = Names(tensors), dict(tensors)
    for name, tensor in tensors.items():
        if tensor.role in ("scale", "quantized") or tensor.weights or tensor.ndim < 2:
            continue
        if is_helper(name):
            found[name] = replace(tensor, role="scale", note="scale of weights that were not found")
        elif is_narrow_float(tensor.dtype):
            found[name] = _of_floats(tensor, names, config)
        elif tensor.dtype.startswith(("float", "bfloat")):
            other = _integers_beside(tensor, names)
            if other is not None and other.name != name and not names.tensors[other.name].weights:
                note = f"beside {other.name}, {other.dtype} in a layout that is not known"
                found[name] = replace(tensor, role="scale", note=note)
    return found
