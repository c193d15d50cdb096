"""Floats whose inputs the network multiplies by factors, as AWQ and SmoothQuant leave them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from spectra.models.lazy import derived
from spectra.models.structure._quantized._arrays import with_inputs
from spectra.models.structure._quantized._found import Found, dims
from spectra.models.tensors import Weight

if TYPE_CHECKING:
    from collections.abc import Mapping

    from spectra.models.structure._quantized._names import Names

__all__ = ["scaled_inputs"]


def scaled_inputs(name: str, names: Names, config: Mapping[str, Any], /) -> Found | None:
    """
    Read floats beside a ``pre_quant_scale``, which the network multiplies the inputs by.

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
        The weight times the factors of its columns; ``None`` without such factors.

    Examples
    --------
    >>> import numpy as np, spectra
    >>> arrays = {"fc.weight": np.eye(2), "fc.pre_quant_scale": np.array([1.0, 3.0])}
    >>> spectra.from_arrays(arrays)["fc.weight"].note
    'times the factors of the inputs'
    """
    factors = names.module(name).get("pre_quant_scale")
    if factors is None or not name.endswith(".weight"):
        return None
    main = names.tensors[name]
    if main.ndim != 2 or factors.shape != (main.shape[1],):
        note = f"factors {dims(factors)} of the inputs of {dims(main)}"
        return Found((factors.name,), note=note)
    source = derived(with_inputs, main.source, factors.source)
    weight = Weight("", main.shape, source)
    return Found((factors.name,), (weight,), "times the factors of the inputs")
