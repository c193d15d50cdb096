"""GPTQ, AWQ and AutoRound: packed words called ``qweight``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from spectra.models.lazy import derived
from spectra.models.quantization import awq, gptq
from spectra.models.structure._quantized._found import Found, dims
from spectra.models.structure._quantized._settings import (
    group_size,
    is_power_of_two,
    quantization,
)
from spectra.models.tensors import Weight

if TYPE_CHECKING:
    from collections.abc import Mapping

    from spectra.models.structure._quantized._names import Names

__all__ = ["words"]

_WORD = 32  # bits
_EXCEPTIONS = frozenset({"dynamic", "extra_config", "layer_config", "mixed_bits", "modules"})
_PARTS = ("qzeros", "scales", "g_idx")


def _has_plain_zeros(settings: Mapping[str, Any]) -> bool:
    """Return whether zero points are stored as they are, and not one less."""
    if settings.get("checkpoint_format") == "gptq_v2":
        return True
    packing = str(settings.get("packing_format", ""))
    native = not any(word in packing for word in ("gptq", "awq"))
    return settings.get("quant_method") == "auto-round" and native


def _has_borrowed(settings: Mapping[str, Any]) -> bool:
    """Return whether one was taken from whole words of zero points, as GPTQModel does."""
    meta = settings.get("meta")
    made_by = str(meta.get("quantizer", "")) if isinstance(meta, dict) else ""
    return "pack_dtype" in settings or "gptqmodel" in made_by


def _contradiction(bits: int, groups: int, ordered: bool, settings: Mapping[str, Any]) -> str:
    """Return how the configuration contradicts the file, or which part it says is missing."""
    stated, mixed = settings.get("bits"), {*settings} & _EXCEPTIONS
    if type(stated) is int and stated != bits and not mixed:
        return f"{bits} bits by the shapes, {stated} by the config"
    if settings.get("desc_act") is True and not ordered and groups > 1:
        return "the config says that inputs are ordered, and g_idx is missing"
    return ""


def words(name: str, names: Names, config: Mapping[str, Any], /) -> Found | None:
    """
    Read GPTQ and AWQ layers: the same names, packed along inputs or along outputs.

    Parameters
    ----------
    name : str
        Name of a tensor.
    names : Names
        The tensors of the model.
    config : mapping of str
        Configuration of the model.

    Returns
    -------
    Found or None
        The weight; ``None`` if the tensor is not called ``qweight``.

    Examples
    --------
    >>> import numpy as np
    >>> from spectra.models.structure._quantized._names import Names
    >>> words("w", Names({}), {})
    """
    stem = name.removesuffix(".qweight")
    if stem == name:
        return None
    given = tuple(n for part in _PARTS if (n := f"{stem}.{part}") in names.tensors)
    if given[:2] != (f"{stem}.qzeros", f"{stem}.scales"):
        return None if not given else Found(given, note="its scales or zero points are missing")
    main, zeros, scales = (names.tensors[n] for n in (name, *given[:2]))
    if not main.ndim == zeros.ndim == scales.ndim == 2 or main.dtype not in ("int32", "uint32"):
        return Found(given, note="weights, zero points and scales must be matrices of int32")
    (length, width), (groups, out) = main.shape, scales.shape
    settings = quantization(config)
    if width == out and out and groups and zeros.shape[0] == groups:
        bits = zeros.shape[1] * _WORD // out
        # a word may have room for more outputs than there are
        if bits in (2, 3, 4, 8) and zeros.shape[1] == -(-out * bits // _WORD):
            symmetric = settings.get("sym") is True
            offset = 0 if _has_plain_zeros(settings) else 1
            shape = (out, length * _WORD // bits)
            if why := _contradiction(bits, groups, len(given) > 2, settings):
                return Found(given, note=f"GPTQ: {why}")
            size = group_size(shape[1], groups, settings.get("group_size"))
            if size is None and len(given) < 3:
                note = (
                    f"GPTQ, {groups} groups of {shape[1]} inputs, and no config says of what size"
                )
                return Found(given, note=note)
            carry = _WORD % bits == 0 and _has_borrowed(settings)
            options: dict[str, Any] = {"bits": bits, "zero_offset": offset, "carry": carry}
            options |= {"group_size": size, "symmetric": symmetric}
            sources = [t.source for t in (main, zeros, scales)]
            sources += [names.tensors[n].source for n in given[2:]]
            note = f"GPTQ, {bits} bits, {groups} groups"
            return Found(given, (Weight("", shape, derived(gptq, *sources, **options)),), note)
    even = groups and length % groups == 0 and is_power_of_two(length // groups)
    if width * 8 == out and zeros.shape == (groups, width) and (even or groups == 1):
        source = derived(awq, main.source, zeros.source, scales.source)
        return Found(given, (Weight("", (out, length), source),), f"AWQ, 4 bits, {groups} groups")
    shapes = ", ".join(map(dims, (main, zeros, scales)))
    return Found(given, note=f"weights, zero points and scales {shapes} fit neither GPTQ nor AWQ")
