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
_ADVICE = 'if there is none, say so by "dtype" in config.json'
_LONGEST = 100  # characters of a name that are looked at
_MOST = 64  # tensors of a module


def _why_plain(tensor: Tensor, names: Names, config: Mapping[str, Any]) -> str:
    """Return what says that narrow floats are stored as they are; empty if nothing does."""
    stated = (str(config.get(k)).removeprefix("torch.") for k in ("dtype", "torch_dtype"))
    if tensor.dtype in stated:
        return "as the config says"
    vectors = (t for t in names.tensors.values() if t.ndim == 1 and t.size > 1)
    alike = any(t.dtype == tensor.dtype for t in vectors)
    return "as vectors of the model are stored so too" if alike else ""


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


def _of_floats(tensor: Tensor, plain: Mapping[str, str], quantized: bool) -> Tensor:
    if not quantized and (why := plain.get(tensor.dtype, "")):
        return replace(tensor, note=f"{tensor.dtype} as it is, {why}")
    why = "others of the model have scales" if quantized else _ADVICE
    note = f"without a scale beside them: {why}"
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
    plain = {t.dtype: t for t in tensors.values() if is_narrow_float(t.dtype)}
    reasons = {dtype: _why_plain(t, names, config) for dtype, t in plain.items()}
    quantized = bool(quantization(config)) or any(map(is_helper, tensors))
    for name, tensor in tensors.items():
        if tensor.role in ("scale", "quantized") or tensor.weights or tensor.ndim < 2:
            continue
        if "." in name and is_helper(name):  # an array of that name alone helps no other
            found[name] = replace(
                tensor,
                role="scale",
                note="a scale, zero point or factor that no quantized weight uses",
            )
        elif is_narrow_float(tensor.dtype):
            found[name] = _of_floats(tensor, reasons, quantized)
        elif tensor.dtype.startswith(("float", "bfloat")):
            other = _integers_beside(tensor, names)
            if other is not None and other.name != name and not names.tensors[other.name].weights:
                note = f"beside {other.name}, {other.dtype} in a layout that is not known"
                found[name] = replace(tensor, role="scale", note=note)
    return found
