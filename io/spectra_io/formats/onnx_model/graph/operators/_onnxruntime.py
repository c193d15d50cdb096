"""Operators of onnxruntime: what each does with its constant inputs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spectra_io.formats.onnx_model.graph.operators._blocked import blocked_kernel
from spectra_io.formats.onnx_model.graph.operators._cells import gates, integer_gates
from spectra_io.formats.onnx_model.graph.operators._experts import experts, packed_experts
from spectra_io.formats.onnx_model.graph.operators._integers import (
    float8_gemm,
    integers,
    scaled,
    scaled_gemm,
    scaled_transposed,
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
    heads,
    keys_and_values,
    left_factor,
    right_factor,
    router_and_expert,
    stack,
)
from spectra_io.formats.onnx_model.graph.operators._standard import CONV, DENSE, GEMM, STANDARD
from spectra_io.formats.onnx_model.graph.operators._tables import block_table, table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from spectra_io.formats.onnx_model.graph.operators._parts import Rule

__all__ = ["BLOCKED", "CHANNELS_LAST", "ONNXRUNTIME"]

_NORM, _BIAS, _SCALE = Purpose("norm"), Purpose("bias"), Purpose("scale")
_TABLE, _GATES = Purpose("embedding", table), Purpose("recurrent", gates)
_CUBLAS = Purpose("dense", unread("in an order of cublasLt: not read"))


def _dense(rule: Rule) -> Purpose:
    return Purpose("dense", rule)


def _several(*inputs: int, of: Purpose) -> dict[int, Purpose]:
    return dict.fromkeys(inputs, of)


def _scales(*inputs: int) -> dict[int, Purpose]:
    return dict.fromkeys(inputs, _SCALE)


def _biases(*inputs: int) -> dict[int, Purpose]:
    return dict.fromkeys(inputs, _BIAS)


_PRODUCTS: dict[str, Mapping[int, Purpose]] = {
    **dict.fromkeys(("FusedMatMul", "TransposeMatMul", "FusedMatMulActivation"), DENSE),
    "SparseToDenseMatMul": DENSE,
    "FusedGemm": GEMM,
    "GemmFastGelu": {1: _dense(right_factor), **_biases(2)},
    "GemmFloat8": {1: _dense(float8_gemm), **_biases(2), **_scales(3, 4, 5)},
    "RouterGateUpProj": {1: _dense(router_and_expert)},
    "MatMulInteger16": {
        0: _dense(integers(left_factor, 0, -1, -2)),
        1: _dense(integers(right_factor, 1, -1, -1)),
    },
    "MatMulIntegerToFloat": {
        0: _dense(scaled(left_factor, 2, 4, -2)),
        1: _dense(scaled(right_factor, 3, 5, -1)),
        **_biases(6),
    },
    "DynamicQuantizeMatMul": {1: _dense(scaled(right_factor, 2, 3, -1)), **_biases(4)},
    "QGemm": {3: _dense(scaled_gemm), **_biases(6)},
    "QOrderedMatMul": {2: _CUBLAS, **_scales(1, 3, 4, 7), **_biases(5)},
}
_ATTENTION: dict[str, Mapping[int, Purpose]] = {
    "Attention": {1: _dense(heads), **_biases(2)},
    "PackedAttention": {1: _dense(heads), **_biases(2)},
    "QAttention": {1: _dense(scaled(heads, 4, 7, -1)), **_biases(2)},
    "LongformerAttention": {**_several(1, 4, of=_dense(heads)), **_biases(2, 5)},
    "DecoderAttention": {2: _dense(right_factor), 3: _dense(keys_and_values), **_biases(4)},
    "QOrderedAttention": {**_several(5, 6, 7, of=_CUBLAS), **_scales(8, 9, 10)},
    "QOrderedLongformerAttention": {**_several(2, 8, of=_CUBLAS), **_scales(3, 9)},
}
_PACKED: dict[str, Mapping[int, Purpose]] = {
    "MatMulNBits": {
        1: _dense(nbits_weight(Blocks(zeros=3, order=4, splits=True))),
        **_scales(2, 3, 4),
        **_biases(5),
    },
    "MatMulNBitsMlp": {
        2: _NORM,
        **{i: _dense(nbits_weight(Blocks(i, i + 1))) for i in (3, 6)},
        **_scales(4, 7),
        **_biases(5, 8),
    },
    "MatMulNBitsQkv": {
        2: _NORM,
        3: _dense(nbits_weight(Blocks(3, 4, rows="Nq"))),
        **{i: _dense(nbits_weight(Blocks(i, i + 1, rows="Nkv"))) for i in (6, 9)},
        **_scales(4, 7, 10),
        **_biases(5, 8, 11),
    },
    "MatMulNBitsQLoRA": {
        1: _dense(nbits_weight(Blocks())),
        3: Purpose("lora_A", nbits_weight(Blocks(3, 4, rows="", prefix="lora_"))),
        5: Purpose("lora_B", nbits_weight(Blocks(5, 6, columns="", prefix="lora_"))),
        **_scales(2, 4, 6),
    },
    "MatMulBlockQuantizedFp4Weight": {1: _dense(fp4_blocks), **_scales(2, 3, 4), **_biases(5)},
    "MatMulBlockQuantizedFp8Weight": {1: _dense(fp8_blocks), **_scales(2, 3), **_biases(4)},
    "MatMulBnb4": {1: _dense(bnb4_weight), **_scales(2)},
    "MatMulFpQ4": {1: _dense(unread("packed for one kind of processor: not read"))},
    "MatMulPacked": {1: _dense(unread("blocks of ggml: not read")), **_scales(2)},
    "DequantizeBFP": {0: _dense(unread("block floating point: not read"))},
}
_EXPERTS: dict[str, Mapping[int, Purpose]] = {
    "MoE": {
        **{2 * which: Purpose("experts", experts(which)) for which in (1, 2, 3)},
        **_biases(3, 5, 7),
    },
    "QMoE": {
        **{3 * which - 1: Purpose("experts", packed_experts(which)) for which in (1, 2, 3)},
        **_scales(3, 6, 9, 11, 12, 13, *range(15, 21)),
        **_biases(4, 7, 10),
    },
    "MoEPacked": _several(2, 3, 4, of=Purpose("experts", unread("blocks of ggml: not read"))),
}
_CELLS_AND_KERNELS: dict[str, Mapping[int, Purpose]] = {
    **dict.fromkeys(("FusedConv", "NhwcConv", "NhwcFusedConv"), CONV),
    "ConvTransposeWithDynamicPads": {1: Purpose("conv", transposed_kernel), **_biases(3)},
    "VarlenCausalConvWithState": {1: Purpose("conv", kernel), **_biases(3)},
    "WordConvEmbedding": {**CONV, 3: _TABLE},
    "AttnLSTM": {
        **_several(1, 2, of=_GATES),
        **_several(8, 9, 13, of=_dense(stack)),
        **_biases(3, 7),
    },
    "DynamicQuantizeLSTM": {
        1: Purpose("recurrent", integer_gates(8, 9)),
        2: Purpose("recurrent", integer_gates(10, 11)),
        **_biases(3, 7),
        **_scales(8, 9, 10, 11),
    },
}
_TABLES: dict[str, Mapping[int, Purpose]] = {
    "TorchEmbedding": {0: _TABLE},
    "GatherBlockQuantized": {0: Purpose("embedding", block_table), **_scales(2, 3)},
    "GatherPacked": {0: Purpose("embedding", unread("blocks of ggml: not read"))},
    "EmbedLayerNormalization": {**_several(2, 3, 4, of=_TABLE), **_several(5, 6, of=_NORM)},
    "QEmbedLayerNormalization": {
        **{i: Purpose("embedding", scaled(table, i + 6, i + 11, -1)) for i in (2, 3, 4)},
        **_several(5, 6, of=_NORM),
        **_scales(*range(8, 18)),
    },
}
_VECTORS: dict[str, Mapping[int, Purpose]] = {
    "SkipLayerNormalization": {**_several(2, 3, of=_NORM), **_biases(4)},
    "SimplifiedLayerNormalization": {1: _NORM},
    "SkipSimplifiedLayerNormalization": {2: _NORM, **_biases(3)},
    **dict.fromkeys(("BiasGelu", "FastGelu"), _biases(1)),
}

ONNXRUNTIME: Mapping[str, Mapping[int, Purpose]] = {
    **STANDARD,
    **_PRODUCTS,
    **_ATTENTION,
    **_PACKED,
    **_EXPERTS,
    **_CELLS_AND_KERNELS,
    **_TABLES,
    **_VECTORS,
}
"""Purposes of inputs of the operators of com.microsoft, by operator and position."""


def _some(operators: Iterable[str]) -> dict[str, Mapping[int, Purpose]]:
    return {operator: STANDARD[operator] for operator in operators}


CHANNELS_LAST: Mapping[str, Mapping[int, Purpose]] = {
    **_some(
        ("Conv", "ConvTranspose", "QLinearConv", "BatchNormalization", "InstanceNormalization")
    ),
    "QLinearConvTranspose": {3: Purpose("conv", scaled_transposed), **_biases(8)},
}
"""Purposes of inputs of operators with channels last, whose kernels are stored as those of ONNX."""

BLOCKED: Mapping[str, Mapping[int, Purpose]] = {
    "Conv": {1: Purpose("conv", blocked_kernel), **_biases(2)}
}
"""Purposes of inputs of operators on blocks of channels."""
