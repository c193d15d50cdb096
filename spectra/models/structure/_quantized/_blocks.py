"""4-bit floats in bytes: MXFP4 of gpt-oss and NVFP4 of ModelOpt, matrices and stacks of experts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from spectra.models.lazy import derived, rows
from spectra.models.quantization import mxfp4, nvfp4
from spectra.models.structure._quantized._arrays import mxfp4_rows, with_inputs
from spectra.models.structure._quantized._found import Found, dims
from spectra.models.structure._quantized._names import is_helper
from spectra.models.tensors import MOST_PARTS, Weight

if TYPE_CHECKING:
    from collections.abc import Mapping

    from spectra._typing import AnyArray
    from spectra.models.structure._quantized._names import Companions, Names
    from spectra.models.tensors import Tensor

__all__ = ["blocks", "four_bit_bytes"]

_MX_BYTES = 16  # of a block of 32 numbers


def _first(blocks: AnyArray, scales: AnyArray) -> AnyArray:
    return mxfp4(blocks[0], scales[0])


def _first_mx(packed: AnyArray, scales: AnyArray) -> AnyArray:
    return mxfp4_rows(packed[0], scales[0])


def _first_nv(packed: AnyArray, scales: AnyArray, *overall: AnyArray) -> AnyArray:
    whole = [w[0] if w.ndim and len(w) == 1 else w for w in overall]
    return nvfp4(packed[0], scales[0], *whole)


def blocks(name: str, names: Names, config: Mapping[str, Any], /) -> Found | None:
    """
    Read the MXFP4 blocks of one matrix, or of a stack of experts.

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
        The weights; ``None`` if the tensor is not called ``_blocks`` or is not of bytes.

    Examples
    --------
    >>> from spectra.models.structure._quantized._names import Names
    >>> blocks("w", Names({}), {})
    """
    stem = name.removesuffix("_blocks")
    if stem == name or names.tensors[name].dtype != "uint8":
        return None
    scales = names.tensors.get(f"{stem}_scales")
    if scales is None:
        return Found(note="MXFP4 blocks, their scales are missing")
    main, given = names.tensors[name], (scales.name,)
    fits = main.shape[:-1] == scales.shape and main.ndim in (3, 4) and scales.dtype == "uint8"
    if not fits:
        return Found(given, note="blocks and scales do not fit together")
    shape = (main.shape[-3], main.shape[-2] * main.shape[-1] * 2)
    note = f"MXFP4, blocks of {2 * main.shape[-1]}"
    if main.ndim == 3:
        source = derived(mxfp4, main.source, scales.source)
        return Found(given, (Weight("", shape, source),), note)
    if main.shape[0] > MOST_PARTS:
        return Found(given, note=f"{main.shape[0]} experts; at most {MOST_PARTS} are analysed")
    each = [(rows(main.source, e, e + 1), rows(scales.source, e, e + 1)) for e in _range(main)]
    return Found(
        given,
        tuple(Weight(str(e), shape, derived(_first, *both)) for e, both in enumerate(each)),
        note,
    )


def _range(stack: Tensor) -> range:
    return range(stack.shape[0])


def _is_nv(main: Tensor, scale: Tensor) -> bool:
    return scale.dtype == "float8_e4m3fn" and main.shape[-1] == 8 * scale.shape[-1]


def _is_mx(main: Tensor, scale: Tensor) -> bool:
    power = scale.dtype in ("uint8", "float8_e8m0fnu")
    return power and main.shape[-1] == _MX_BYTES * scale.shape[-1]


def _of_bytes(main: Tensor, beside: Companions) -> Found | None:
    """Return weights of bytes that have two numbers each, by type and shape of their scales."""
    scale, overall = beside.known["scale"], beside.known.get("overall")
    nv, mx = _is_nv(main, scale), _is_mx(main, scale) and overall is None
    if not (nv or mx) or scale.shape[:-1] != main.shape[:-1]:
        return None
    shape = (main.shape[-2], main.shape[-1] * 2)
    words = "NVFP4, blocks of 16" if nv else "MXFP4, blocks of 32"
    if beside.unknown or {*beside.known} - {"scale", "overall", "inputs"}:
        return Found(beside.names, note=f"{words}, with helpers that are not known")
    if main.ndim == 2 and (overall is None or overall.size == 1):
        parts = [t.source for t in (main, scale, overall) if t]
        source = derived(nvfp4 if nv else mxfp4_rows, *parts)
        inputs = beside.known.get("inputs")
        if inputs is None:
            return Found(beside.names, (Weight("", shape, source),), words)
        if inputs.shape == (shape[1],):
            source = derived(with_inputs, source, inputs.source)
            words += ", and factors of the inputs"
            return Found(beside.names, (Weight("", shape, source),), words)
    experts = main.shape[0] <= MOST_PARTS
    each = overall is None or overall.size == 1 or overall.shape[:1] == main.shape[:1]
    if main.ndim != 3 or not experts or not each:
        return Found(beside.names, note=f"{words}, a stack {dims(main)} that is not known")
    made = []
    for e in _range(main):
        cut = [rows(t.source, e, e + 1) for t in (main, scale)]
        if overall is not None:
            cut.append(overall.source if overall.size == 1 else rows(overall.source, e, e + 1))
        made.append(Weight(str(e), shape, derived(_first_nv if nv else _first_mx, *cut)))
    return Found(beside.names, tuple(made), words)


def four_bit_bytes(name: str, names: Names, config: Mapping[str, Any], /) -> Found | None:
    """
    Read bytes with two 4-bit floats each, known by the type and shape of the scales beside them.

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
        The weights; ``None`` for anything else.

    Examples
    --------
    >>> import ml_dtypes, numpy as np, spectra
    >>> arrays = {
    ...     "fc.weight": np.zeros((2, 8), np.uint8),
    ...     "fc.weight_scale": np.ones((2, 1)).astype(ml_dtypes.float8_e4m3fn),
    ... }
    >>> spectra.from_arrays(arrays)["fc.weight"].note
    'NVFP4, blocks of 16'
    """
    main = names.tensors[name]
    if main.dtype != "uint8" or main.ndim not in (2, 3) or is_helper(name):
        return None
    beside = names.companions(name)
    scale = beside.known.get("scale")
    return _of_bytes(main, beside) if scale is not None and scale.ndim == main.ndim else None
