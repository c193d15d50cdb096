"""Layouts that are recognised by their names, and not read."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from spectra.models.structure._quantized._found import Found
from spectra.models.structure._quantized._settings import quantization

if TYPE_CHECKING:
    from collections.abc import Mapping

    from spectra.models.structure._quantized._names import Names

__all__ = ["NOT_READ", "unread"]

NOT_READ: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "AQLM": ("codes", "codebooks"),
        "EETQ": ("qweight", "weight_scales"),
        "EXL2": ("q_weight", "q_scale"),
        "EXL3": ("trellis", "suh"),
        "HIGGS": ("weight", "scales", "tables"),
        "Marlin": ("B", "s"),
        "Marlin with 2:4 sparsity": ("B_24", "B_meta", "s"),
        "QuIP#": ("Qidxs",),
        "SpQR": ("dense_weights", "row_offsets"),
        "SqueezeLLM": ("qweight", "lookup_table"),
        "quanto's packed 2 and 4 bits": ("_data._data",),
        "SVDQuant": ("qweight", "wscales"),
        "torchao's packed 4 bits": ("_weight_qdata", "_weight_scale_and_zero"),
        "VPTQ": ("indices", "centroids.weight"),
    }
)
"""Names of tensors by which a layout is known, below the name of their module."""

_BY_FIRST = {
    first: [(layout, parts) for layout, parts in NOT_READ.items() if parts[0] == first]
    for first in {parts[0] for parts in NOT_READ.values()}
}
_NOTE = "packed in the layout of {}, not read; save it dequantized"
_PLAIN = ("bias", "in_features", "out_features")


def unread(name: str, names: Names, config: Mapping[str, Any], /) -> Found | None:
    """
    Recognize a layout that is not read.

    Parameters
    ----------
    name : str
        Name of a tensor.
    names : Names
        The tensors of the model.
    config : mapping of str
        Configuration of the model, for the layout of BitNet.

    Returns
    -------
    Found or None
        The name of the layout in a note; ``None`` for any other tensor.

    Examples
    --------
    >>> from spectra.models.structure._quantized._names import Names
    >>> unread("w", Names({}), {})
    """
    module, _, part = name.rpartition(".")
    if part == "_data" and module.endswith("._data"):
        module, part = module.removesuffix("._data"), "_data._data"
    parts = names.modules.get(module, {})
    for layout, (first, *others) in _BY_FIRST.get(part, ()):
        if all(_is_there(module, other, names) for other in others):
            helpers = tuple(t.name for p, t in parts.items() if p not in (first, *_PLAIN))
            more = (f"{module}.{other}" for other in others if "." in other)
            return Found(
                (*helpers, *more),
                note=f"packed in the layout of {layout}, not read; save it dequantized",
            )
    bitnet = quantization(config).get("quant_method") == "bitnet" and part == "weight"
    if bitnet and names.tensors[name].dtype == "uint8":
        helpers = tuple(t.name for p, t in parts.items() if p == "weight_scale")
        return Found(helpers, note=_NOTE.format("BitNet"))
    return None


def _is_there(module: str, part: str, names: Names) -> bool:
    return f"{module}.{part}" in names.tensors
