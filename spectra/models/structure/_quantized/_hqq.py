"""HQQ: words called ``W_q``, with their settings stored as tensors beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from spectra.models.lazy import derived
from spectra.models.quantization import hqq as dequantized
from spectra.models.structure._quantized._found import Found, small_numbers
from spectra.models.tensors import Weight

if TYPE_CHECKING:
    from collections.abc import Mapping

    from spectra.models.structure._quantized._names import Names

__all__ = ["hqq"]

_BITS = (1, 2, 3, 4, 8)
_MOST = 1 << 40


def hqq(name: str, names: Names, config: Mapping[str, Any], /) -> Found | None:
    """
    Read weights of HQQ, whose scales and zero points are not quantized themselves.

    Parameters
    ----------
    name : str
        Name of a tensor.
    names : Names
        The tensors of the model.
    config : mapping of str
        Not used.

    Returns
    -------
    Found or None
        The weight; ``None`` if the tensor is not called ``W_q``.

    Examples
    --------
    >>> from spectra.models.structure._quantized._names import Names
    >>> hqq("w", Names({}), {})
    """
    if name.rpartition(".")[2] != "W_q":
        return None
    parts = names.module(name)
    main, scale, zero = parts["W_q"], parts.get("scale"), parts.get("zero")
    helpers = tuple(t.name for p, t in parts.items() if p not in ("W_q", "bias"))
    bits, shape = (small_numbers(parts.get(part)) for part in ("nbits", "shape"))
    known = bits is not None and bits.size == 1 and bits.dtype.kind in "iu"
    sides = shape is not None and shape.shape == (2,) and shape.dtype.kind in "iu"
    if bits is None or shape is None or not known or not sides or scale is None or zero is None:
        return Found(helpers, note="HQQ, its bits, shape, scales or zero points are not beside it")
    count, (rows, columns) = int(bits.item()), map(int, shape)
    if count not in _BITS or not (rows > 0 and columns > 0 and rows * columns < _MOST):
        return Found(helpers, note=f"HQQ, {count} bits of a weight {rows}x{columns}")
    options = {"bits": count, "shape": (rows, columns)}
    source = derived(dequantized, main.source, scale.source, zero.source, **options)
    return Found(helpers, (Weight("", (rows, columns), source),), f"HQQ, {count} bits")
