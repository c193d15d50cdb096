"""Packed weights: recognize quantized tensors by the names of the scales beside them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from spectra.models.lazy import derived, rows
from spectra.models.quantization import awq, gptq, mxfp4, packed_int4, scaled_blocks
from spectra.models.roles import from_name
from spectra.models.tensors import MOST_PARTS, Weight

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from spectra._typing import AnyArray
    from spectra.models.tensors import Tensor

__all__ = ["unpacked"]

_WORD = 32  # bits


class _Found(NamedTuple):
    """The weights of a packed tensor and the names of its scales, or a note why it has none."""

    helpers: tuple[str, ...]
    weights: tuple[Weight, ...] = ()
    note: str = ""


def _quantization(config: Mapping[str, Any]) -> Mapping[str, Any]:
    found = config.get("quantization_config")
    return found if isinstance(found, dict) else {}


def _words(stem: str, tensors: Mapping[str, Tensor], config: Mapping[str, Any]) -> _Found:
    """Read GPTQ and AWQ layers: the same names, packed along inputs or along outputs."""
    names = [f"{stem}.{part}" for part in ("qzeros", "scales", "g_idx")]
    given = tuple(name for name in names if name in tensors)
    if len(given) < 2 or given[:2] != tuple(names[:2]):
        return _Found(given, note="its scales or zero points are missing")
    main, zeros, scales = (tensors[n] for n in (f"{stem}.qweight", *names[:2]))
    if not main.ndim == zeros.ndim == scales.ndim == 2 or main.dtype not in ("int32", "uint32"):
        return _Found(given, note="weights, zero points and scales must be matrices of int32")
    (length, width), (groups, out) = main.shape, scales.shape
    if width == out and out and groups and zeros.shape[0] == groups:
        bits = zeros.shape[1] * _WORD // out
        # a word may have room for more outputs than there are
        if bits in (2, 3, 4, 8) and zeros.shape[1] == -(-out * bits // _WORD):
            newer = _quantization(config).get("checkpoint_format") == "gptq_v2"
            sources = [t.source for t in (main, zeros, scales, *(tensors[n] for n in given[2:]))]
            source = derived(gptq, *sources, bits=bits, zero_offset=0 if newer else 1)
            shape = (out, length * _WORD // bits)
            note = f"GPTQ, {bits} bits, {groups} groups"
            return _Found(given, (Weight("", shape, source),), note)
    if width * 8 == out and groups and zeros.shape == (groups, width) and length % groups == 0:
        source = derived(awq, main.source, zeros.source, scales.source)
        return _Found(given, (Weight("", (out, length), source),), f"AWQ, 4 bits, {groups} groups")
    shapes = ", ".join("x".join(map(str, t.shape)) for t in (main, zeros, scales))
    return _Found(given, note=f"weights, zero points and scales {shapes} fit neither GPTQ nor AWQ")


def _expert(blocks: AnyArray, scales: AnyArray) -> AnyArray:
    return mxfp4(blocks[0], scales[0])


def _blocks(stem: str, tensors: Mapping[str, Tensor], config: Mapping[str, Any]) -> _Found:
    """Read the MXFP4 blocks of one matrix, or of a stack of experts."""
    name = f"{stem}_scales"
    if name not in tensors:
        return _Found((), note="its scales are missing")
    main, scales = tensors[f"{stem}_blocks"], tensors[name]
    if main.shape[:-1] != scales.shape or main.ndim not in (3, 4) or main.dtype != "uint8":
        return _Found((name,), note="blocks and scales do not fit together")
    shape = (main.shape[-3], main.shape[-2] * main.shape[-1] * 2)
    note = f"MXFP4, blocks of {2 * main.shape[-1]}"
    if main.ndim == 3:
        return _Found(
            (name,), (Weight("", shape, derived(mxfp4, main.source, scales.source)),), note
        )
    if main.shape[0] > MOST_PARTS:
        return _Found((name,), note=f"{main.shape[0]} experts; at most {MOST_PARTS} are analysed")
    return _Found(
        (name,),
        tuple(
            Weight(
                str(e),
                shape,
                derived(_expert, rows(main.source, e, e + 1), rows(scales.source, e, e + 1)),
            )
            for e in range(main.shape[0])
        ),
        note,
    )


def _block_size(config: Mapping[str, Any]) -> tuple[int, int] | None:
    size = _quantization(config).get("weight_block_size")
    good = isinstance(size, list) and len(size) == 2 and all(type(n) is int and n > 0 for n in size)
    return (size[0], size[1]) if good and isinstance(size, list) else None


def _scaled_expert(W: AnyArray, scale: AnyArray, *, block: tuple[int, int] | None) -> AnyArray:
    return scaled_blocks(W[0], scale[0], block=block)


def _scaled(stem: str, tensors: Mapping[str, Tensor], config: Mapping[str, Any]) -> _Found | None:
    """Read 8-bit weights with one scale, or a scale per row, or a scale per block."""
    main = tensors[f"{stem}.weight"]
    names = [f"{stem}.weight_scale_inv", f"{stem}.weight_scale", f"{stem}.input_scale"]
    given = tuple(name for name in names if name in tensors)
    if not main.dtype.startswith(("float8", "int8")) or not {*names[:2]} & {*given}:
        return None  # a scale of the activations does not make the weights quantized
    scale, block = tensors[given[0]], _block_size(config)
    note = f"{main.dtype} times {given[0].rpartition('.')[2]}"
    if main.ndim == 2 and scale.ndim <= 2:
        source = derived(scaled_blocks, main.source, scale.source, block=block)
        return _Found(given, (Weight("", main.shape, source),), note)
    stack = main.ndim == scale.ndim == 3 and main.shape[0] == scale.shape[0] <= MOST_PARTS
    if not stack:
        return _Found(given, note="weights and scales do not fit together")
    each = [
        (rows(main.source, e, e + 1), rows(scale.source, e, e + 1)) for e in range(main.shape[0])
    ]
    parts = (derived(_scaled_expert, *sources, block=block) for sources in each)
    return _Found(
        given, tuple(Weight(str(e), main.shape[1:], p) for e, p in enumerate(parts)), note
    )


def _four_bits(stem: str, tensors: Mapping[str, Tensor], config: Mapping[str, Any]) -> _Found:
    """Read the pack-quantized layout, without reading the tensor that holds the shape."""
    names = [f"{stem}.weight_{part}" for part in ("scale", "shape", "zero_point", "g_idx")]
    given = tuple(name for name in names if name in tensors)
    main, scale = tensors[f"{stem}.weight_packed"], tensors.get(names[0])
    if scale is None:
        return _Found(given, note="its scales are missing")
    groups = _first_group(_quantization(config))
    plain = not {names[2], names[3]} & set(given) and groups.get("num_bits", 4) == 4
    if not plain or main.ndim != 2 or scale.ndim != 2 or main.dtype != "int32":
        return _Found(given, note="packed in a layout that is not read")
    columns = main.shape[1] * 8
    source = derived(packed_int4, main.source, scale.source, columns=columns)
    return _Found(given, (Weight("", (main.shape[0], columns), source),), "4 bits, packed")


def _first_group(quantization: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the settings of the weights in the first group of a quantization configuration."""
    groups = quantization.get("config_groups")
    first = next(iter(groups.values()), None) if isinstance(groups, dict) else None
    weights = first.get("weights") if isinstance(first, dict) else None
    return weights if isinstance(weights, dict) else {}


def _bitsandbytes(
    stem: str, tensors: Mapping[str, Tensor], config: Mapping[str, Any]
) -> _Found | None:
    """Recognize tensors packed by bitsandbytes, whose codes are not read."""
    parts = ("absmax", "quant_map", "nested_absmax", "nested_quant_map")
    states = (f"quant_state.bitsandbytes__{kind}" for kind in ("nf4", "fp4"))
    names = [f"{stem}.weight.{part}" for part in (*parts, *states)] + [f"{stem}.SCB"]
    given = tuple(name for name in names if name in tensors)
    if not given or tensors[f"{stem}.weight"].dtype not in ("uint8", "int8"):
        return None
    return _Found(given, note="packed by bitsandbytes, which is not read")


_LAYOUTS: tuple[
    tuple[str, Callable[[str, Mapping[str, Tensor], Mapping[str, Any]], _Found | None]], ...
] = (
    (".qweight", _words),
    ("_blocks", _blocks),
    (".weight_packed", _four_bits),
    (".weight", _scaled),
    (".weight", _bitsandbytes),
)


def _noted(tensors: dict[str, Tensor], name: str, stem: str, found: _Found) -> None:
    """Set role, note and weights of a packed tensor, and role and note of its scales."""
    main, helpers = tensors[name], found.helpers
    if found.weights:
        shape = (1, *found.weights[0].shape) if found.weights[0].label else found.weights[0].shape
        role = from_name(f"{stem}.weight", shape)
        tensors[name] = replace(main, role=role, note=found.note, weights=found.weights)
    elif helpers or name.endswith((".qweight", "_packed")):
        tensors[name] = replace(main, role="quantized", note=found.note)
    for helper in helpers:
        note = f"scale of {name}" if "zero" not in helper else f"zero points of {name}"
        tensors[helper] = replace(tensors[helper], role="scale", note=note)


def unpacked(tensors: dict[str, Tensor], config: Mapping[str, Any], /) -> dict[str, Tensor]:
    """
    Recognize quantized weights by the names of their scales.

    Parameters
    ----------
    tensors : dict of str to Tensor
        A model.
    config : mapping of str
        Configuration of the model; ``quantization_config`` has settings that names do not show.

    Returns
    -------
    dict of str to Tensor
        The model; tensors of GPTQ, AWQ, scaled 8-bit numbers, MXFP4 and packed 4-bit integers have
        their dequantized weights, scales and zero points a note with the tensor they belong to.

    Examples
    --------
    >>> import numpy as np, spectra
    >>> arrays = {"fc.weight": np.ones((4, 2), np.int8), "fc.weight_scale": np.ones((4, 1))}
    >>> [(layer.name, layer.reason) for layer in spectra.layers(arrays)]
    [('fc', ''), ('fc.weight_scale', 'scale of fc.weight')]
    """
    found = dict(tensors)
    for name in tensors:
        for ending, layout in _LAYOUTS:
            stem = name.removesuffix(ending)
            result = layout(stem, tensors, config) if stem != name else None
            if result is not None:
                _noted(found, name, stem, result)
                break
    return found
