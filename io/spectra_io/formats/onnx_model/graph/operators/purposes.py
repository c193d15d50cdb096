"""Purposes: the role of each input of an operator, and the rule that makes weights of the input."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spectra_io.formats.onnx_model.graph.operators._attributes import (
    KEPT,
    classifier,
    regressor,
    vector_classifier,
    vector_regressor,
)
from spectra_io.formats.onnx_model.graph.operators._cells import gates, integer_gates
from spectra_io.formats.onnx_model.graph.operators._choices import chosen
from spectra_io.formats.onnx_model.graph.operators._experts import experts, packed_experts
from spectra_io.formats.onnx_model.graph.operators._integers import (
    integers,
    scaled,
    scaled_gemm,
    unknown_scale,
)
from spectra_io.formats.onnx_model.graph.operators._kernels import kernel, transposed_kernel
from spectra_io.formats.onnx_model.graph.operators._packed import (
    Blocks,
    bnb4_weight,
    fp4_blocks,
    fp8_blocks,
    nbits_weight,
    unread,
)
from spectra_io.formats.onnx_model.graph.operators._parts import Purpose
from spectra_io.formats.onnx_model.graph.operators._products import (
    einsum,
    gemm,
    gemm_left,
    heads,
    left_factor,
    right_factor,
)
from spectra_io.formats.onnx_model.graph.operators._tables import block_table, table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from spectra_io.formats.onnx_model.graph.calls import Call

__all__ = ["ROLES", "biases", "kept", "place", "purpose"]

_LEFT = (left_factor, gemm_left)
_DENSE = {0: Purpose("dense", left_factor), 1: Purpose("dense", right_factor)}
_GEMM = {0: Purpose("dense", gemm_left), 1: Purpose("dense", gemm), 2: Purpose("bias")}
_CONV = {1: Purpose("conv", kernel), 2: Purpose("bias")}
_CELL = {1: Purpose("recurrent", gates), 2: Purpose("recurrent", gates), 3: Purpose("bias")}
_NORM, _BIAS, _TABLE = Purpose("norm"), Purpose("bias"), Purpose("embedding", table)
_SCALE = Purpose("scale")

_STANDARD: dict[str, dict[int, Purpose]] = {
    "Gemm": _GEMM,
    "MatMul": _DENSE,
    "Einsum": {0: Purpose("dense", einsum), 1: Purpose("dense", einsum)},
    "Conv": _CONV,
    "ConvTranspose": {1: Purpose("conv", transposed_kernel), 2: _BIAS},
    "Gather": {0: _TABLE},
    "LSTM": {**_CELL, 7: _BIAS},
    "GRU": _CELL,
    "RNN": _CELL,
    "BatchNormalization": dict.fromkeys(range(1, 5), _NORM),
    "InstanceNormalization": dict.fromkeys((1, 2), _NORM),
    "LayerNormalization": dict.fromkeys((1, 2), _NORM),
    "GroupNormalization": dict.fromkeys((1, 2), _NORM),
    "RMSNormalization": {1: _NORM},
    "DequantizeLinear": {0: Purpose("quantized", unknown_scale)},
    "QLinearConv": {3: Purpose("conv", scaled(kernel, 4, 5, 0)), 8: _BIAS},
    "QLinearMatMul": {
        0: Purpose("dense", scaled(left_factor, 1, 2, -2)),
        3: Purpose("dense", scaled(right_factor, 4, 5, -1)),
    },
    "ConvInteger": {1: Purpose("conv", integers(kernel, 1, 3, 0))},
    "MatMulInteger": {
        0: Purpose("dense", integers(left_factor, 0, 2, -2)),
        1: Purpose("dense", integers(right_factor, 1, 3, -1)),
    },
}
_MICROSOFT: dict[str, dict[int, Purpose]] = {
    "FusedGemm": _GEMM,
    "FusedMatMul": _DENSE,
    "GemmFastGelu": {1: Purpose("dense", right_factor), 2: _BIAS},
    "FusedConv": _CONV,
    "NhwcFusedConv": _CONV,
    "Attention": {1: Purpose("dense", heads), 2: _BIAS},
    "PackedAttention": {1: Purpose("dense", heads), 2: _BIAS},
    "QAttention": {1: Purpose("dense", scaled(heads, 4, 7, -1)), 2: _BIAS},
    "MatMulNBits": {
        1: Purpose("dense", nbits_weight(Blocks(zeros=3, order=4, splits=True))),
        **dict.fromkeys((2, 3, 4), _SCALE),
        5: _BIAS,
    },
    "MatMulNBitsMlp": {
        2: _NORM,
        3: Purpose("dense", nbits_weight(Blocks(3, 4))),
        4: _SCALE,
        5: _BIAS,
        6: Purpose("dense", nbits_weight(Blocks(6, 7))),
        7: _SCALE,
        8: _BIAS,
    },
    "MatMulNBitsQkv": {
        2: _NORM,
        3: Purpose("dense", nbits_weight(Blocks(3, 4, rows="Nq"))),
        4: _SCALE,
        5: _BIAS,
        6: Purpose("dense", nbits_weight(Blocks(6, 7, rows="Nkv"))),
        7: _SCALE,
        8: _BIAS,
        9: Purpose("dense", nbits_weight(Blocks(9, 10, rows="Nkv"))),
        10: _SCALE,
        11: _BIAS,
    },
    "MatMulNBitsQLoRA": {
        1: Purpose("dense", nbits_weight(Blocks())),
        3: Purpose("lora_A", nbits_weight(Blocks(3, 4, rows="", prefix="lora_"))),
        5: Purpose("lora_B", nbits_weight(Blocks(5, 6, columns="", prefix="lora_"))),
        **dict.fromkeys((2, 4, 6), _SCALE),
    },
    "MatMulBlockQuantizedFp4Weight": {
        1: Purpose("dense", fp4_blocks),
        **dict.fromkeys((2, 3, 4), _SCALE),
        5: _BIAS,
    },
    "MatMulBlockQuantizedFp8Weight": {
        1: Purpose("dense", fp8_blocks),
        **dict.fromkeys((2, 3), _SCALE),
        4: _BIAS,
    },
    "MatMulIntegerToFloat": {1: Purpose("dense", scaled(right_factor, 3, 5, -1)), 6: _BIAS},
    "DynamicQuantizeMatMul": {1: Purpose("dense", scaled(right_factor, 2, 3, -1)), 4: _BIAS},
    "QGemm": {3: Purpose("dense", scaled_gemm), 6: _BIAS},
    "EmbedLayerNormalization": {**dict.fromkeys((2, 3, 4), _TABLE), 5: _NORM, 6: _NORM},
    "SkipLayerNormalization": {2: _NORM, 3: _NORM, 4: _BIAS},
    "SimplifiedLayerNormalization": {1: _NORM},
    "SkipSimplifiedLayerNormalization": {2: _NORM, 3: _BIAS},
    "BiasGelu": {1: _BIAS},
    "FastGelu": {1: _BIAS},
    "DynamicQuantizeLSTM": {
        1: Purpose("recurrent", integer_gates(1, 8, 9)),
        2: Purpose("recurrent", integer_gates(2, 10, 11)),
        **dict.fromkeys((3, 7), _BIAS),
        **dict.fromkeys((8, 9, 10, 11), _SCALE),
    },
    "MatMulBnb4": {1: Purpose("dense", bnb4_weight), 2: _SCALE},
    "MatMulFpQ4": {1: Purpose("dense", unread("packed for one kind of processor: not read"))},
    "GatherBlockQuantized": {0: Purpose("embedding", block_table)},
    "QMoE": {
        2: Purpose("experts", packed_experts(1)),
        4: _BIAS,
        5: Purpose("experts", packed_experts(2)),
        7: _BIAS,
        8: Purpose("experts", packed_experts(3)),
        10: _BIAS,
    },
    "MoE": {
        2: Purpose("experts", experts(1)),
        3: _BIAS,
        4: Purpose("experts", experts(2)),
        5: _BIAS,
        6: Purpose("experts", experts(3)),
        7: _BIAS,
    },
}

_MACHINE_LEARNING: dict[str, dict[int, Purpose]] = {  # attributes, in the order of KEPT
    "LinearRegressor": {1: Purpose("dense", regressor), 2: _BIAS},
    "LinearClassifier": {1: Purpose("dense", classifier), 2: _BIAS},
    "SVMRegressor": dict.fromkeys((1, 3), Purpose("dense", vector_regressor)) | {2: _BIAS},
    "SVMClassifier": dict.fromkeys((1, 3), Purpose("dense", vector_classifier)) | {2: _BIAS},
}

ROLES: Mapping[str, Mapping[str, Mapping[int, Purpose]]] = {
    "": _STANDARD,
    "ai.onnx": _STANDARD,
    "com.microsoft": {**_STANDARD, **_MICROSOFT},
    "ai.onnx.ml": _MACHINE_LEARNING,
}
"""Purposes of operator inputs by domain, operator and position; other inputs are constants."""


def biases(call: Call, /) -> list[int]:
    """
    Return the inputs of an operator that are biases.

    Parameters
    ----------
    call : Call
        The operator.

    Returns
    -------
    list of int
        Their positions.

    Examples
    --------
    >>> from spectra_io.formats.onnx_model.graph.calls import Call
    >>> biases(Call("Conv", {}, ["x", "w", "b"], [None] * 3, ["y"]))
    [2]
    """
    known = ROLES["com.microsoft"].get(call.operator, {})
    return [index for index, one in known.items() if one.role == "bias"]


def kept(domain: str, operator: str, /) -> tuple[str, ...]:
    """
    Return the attributes of an operator that hold weights.

    Parameters
    ----------
    domain : str
        Domain that defines the operator.
    operator : str
        Type of the operator.

    Returns
    -------
    tuple of str
        Their names; they count as its inputs after the first.

    Examples
    --------
    >>> kept("ai.onnx.ml", "LinearRegressor")
    ('coefficients', 'intercepts')
    """
    return KEPT.get(operator, ()) if domain == "ai.onnx.ml" else ()


def place(domain: str, call: Call, index: int, /) -> str:
    """
    Return the words for an input of an operator, or for an attribute that counts as one.

    Parameters
    ----------
    domain : str
        Domain that defines the operator.
    call : Call
        The operator.
    index : int
        Position of the input.

    Returns
    -------
    str
        Words for a person.

    Examples
    --------
    >>> from spectra_io.formats.onnx_model.graph.calls import Call
    >>> place("", Call("Gemm", {}, ["x", "w"], [None, None], ["y"]), 1)
    'input 1 of Gemm'
    """
    names = kept(domain, call.operator)
    known = names[index - 1] if 0 < index <= len(names) else ""
    return f"{f'attribute {known}' if known else f'input {index}'} of {call.operator}"


_CHOICES = {(0, "Gather"), (0, "GatherND")}
_ADDS_VECTOR = {"Add", "Sum"}
_NOTHING = Purpose("constant")


def purpose(domain: str, call: Call, index: int, /) -> Purpose:
    """
    Return the purpose of a constant input of an operator.

    Parameters
    ----------
    domain : str
        Domain that defines the operator.
    call : Call
        The operator.
    index : int
        Position of the input.

    Returns
    -------
    Purpose
        The role, and the rule that makes weights of the input.

    Examples
    --------
    >>> from spectra_io.formats.onnx_model.graph.calls import Call
    >>> purpose("", Call("Gemm", {}, ["x", "w"], [None, None], ["y"]), 1).role
    'dense'
    """
    value = call.input(index)
    vector = value is not None and sum(size > 1 for size in value.shape) == 1
    if call.operator in _ADDS_VECTOR and vector:
        return _BIAS
    if (index, call.operator) in _CHOICES and value is not None and len(value.shape) == 3:
        return Purpose("dense", chosen)
    found = ROLES.get(domain, {}).get(call.operator, {}).get(index, _NOTHING)
    # in a product of two constants, the first is the activations
    left = found.parts in _LEFT and call.input(1) is not None
    # a product that is cut into heads is made of positions and a weight
    heads = found.role == "dense" and value is not None and value.product and len(value.shape) > 2
    return _NOTHING if left or heads else found
