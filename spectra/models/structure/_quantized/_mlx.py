"""MLX: words of 32 bits with scales, and offsets called ``biases``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from spectra.models.lazy import derived, rows
from spectra.models.quantization import exponents, grouped, nvfp4, unpack
from spectra.models.quantization._microscaling import as_float8
from spectra.models.structure._quantized._arrays import mxfp4_rows
from spectra.models.structure._quantized._found import Found, dims, module_of
from spectra.models.structure._quantized._settings import quantization, whole_number
from spectra.models.tensors import MOST_PARTS, Weight

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from spectra._typing import AnyArray
    from spectra.models.structure._quantized._names import Names
    from spectra.models.tensors import Tensor

__all__ = ["mlx"]

_WORD = 32  # bits
_BITS, _GROUPS = (2, 3, 4, 5, 6, 8), (32, 64, 128)
_FLOATS = {64: "nvfp4", 128: "mxfp4", 256: "mxfp8"}
"""Mode of a layer without offsets, by the bits that share a scale."""


def _first(
    words: AnyArray, scales: AnyArray, *biases: AnyArray, mode: str = "", bits: int = 0
) -> AnyArray:
    """Return the real numbers of the only matrix of a stack."""
    if biases:
        return _affine(words[0], scales[0], biases[0][0], bits=bits)
    return _floats(words[0], scales[0], mode=mode)


def _weights(
    stored: Sequence[Tensor], shape: tuple[int, int], **options: Any
) -> tuple[Weight, ...]:
    """Return the weight of a matrix, or one for each expert of a stack."""
    main = stored[0]
    if main.ndim == 2:
        function = _affine if len(stored) == 3 else _floats
        return (Weight("", shape, derived(function, *(t.source for t in stored), **options)),)
    each = range(main.shape[0])
    cuts = ([rows(t.source, e, e + 1) for t in stored] for e in each)
    return tuple(
        Weight(str(e), shape, derived(_first, *cut, **options))
        for e, cut in zip(each, cuts, strict=True)
    )


def _affine(words: AnyArray, scales: AnyArray, biases: AnyArray, *, bits: int) -> AnyArray:
    return grouped(unpack(words, bits), scales, biases)


def _floats(words: AnyArray, scales: AnyArray, *, mode: str) -> AnyArray:
    packed = np.ascontiguousarray(words).astype("<u4").view(np.uint8)
    if mode == "nvfp4":
        return nvfp4(packed, scales)
    if mode == "mxfp4":
        return mxfp4_rows(packed, scales)
    return grouped(as_float8(packed), exponents(scales))


def _settings(module: str, config: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return mode, bits and size of groups of one module."""
    common = quantization(config)
    own = common.get(module)
    return {**common, **own} if isinstance(own, dict) else common


def mlx(name: str, names: Names, config: Mapping[str, Any], /) -> Found | None:
    """
    Read weights that MLX quantized.

    Parameters
    ----------
    name : str
        Name of a tensor.
    names : Names
        The tensors of the model.
    config : mapping of str
        Configuration of the model, whose ``quantization`` states bits and sizes of groups.

    Returns
    -------
    Found or None
        The weight; ``None`` if the tensor is not of uint32 with ``scales`` beside it.

    Examples
    --------
    >>> from spectra.models.structure._quantized._names import Names
    >>> mlx("w", Names({}), {})
    """
    if not name.endswith(".weight") or names.tensors[name].dtype != "uint32":
        return None
    module = names.module(name)
    main, scales, biases = names.tensors[name], module.get("scales"), module.get("biases")
    if scales is None:
        return None
    helpers = (scales.name, *([biases.name] if biases else []))
    groups = scales.shape[-1] if scales.ndim == main.ndim else 0
    stack = main.ndim == 3 and main.shape[0] <= MOST_PARTS
    fits = (main.ndim == 2 or stack) and groups and scales.shape[:-1] == main.shape[:-1]
    if not fits or (biases and biases.shape != scales.shape) or main.shape[-1] * _WORD % groups:
        return Found(helpers, note=f"words {dims(main)} and scales {dims(scales)} of MLX")
    together = main.shape[-1] * _WORD // groups  # bits that share a scale
    settings = _settings(module_of(name), config)
    if biases is None:
        return _of_floats(helpers, names, name, together, settings)
    stated = (whole_number(settings.get("bits")), whole_number(settings.get("group_size")))
    every = (1, *_BITS) if stated[0] == 1 else _BITS
    fitting = [(b, g) for b in every for g in _GROUPS if b * g == together]
    chosen = [s for s in fitting if s == stated] if any(stated) else fitting
    if len(chosen) != 1:
        found = " or ".join(f"{b} bits in groups of {g}" for b, g in fitting) or "no known layout"
        says = "the config says otherwise" if any(stated) else "no config says which"
        return Found(helpers, note=f"MLX, {found}: {says}")
    bits, size = chosen[0]
    shape = (main.shape[-2], groups * size)
    weights = _weights((main, scales, biases), shape, bits=bits)
    return Found(helpers, weights, f"MLX, {bits} bits, groups of {size}")


def _of_floats(
    helpers: tuple[str, ...], names: Names, name: str, together: int, settings: Mapping[str, Any]
) -> Found:
    """Read the modes of MLX that have no offsets."""
    main, scales = names.tensors[name], names.tensors[helpers[0]]
    mode = _FLOATS.get(together, "")
    if not mode or scales.dtype != "uint8" or settings.get("mode", mode) != mode:
        note = f"MLX without biases, {together} bits per {scales.dtype} scale: no mode that is read"
        return Found(helpers, note=note)
    columns = main.shape[-1] * (4 if mode == "mxfp8" else 8)
    weights = _weights((main, scales), (main.shape[-2], columns), mode=mode)
    return Found(helpers, weights, f"MLX, {mode.upper()}")
