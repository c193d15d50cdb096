"""ONNX files rewritten by the optimisers and quantisers that people use."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from spectra._typing import AnyArray

__all__ = ["EXACT", "PRODUCERS", "Producer", "rewrite"]

Feed = dict[str, "AnyArray"]
EXACT = 1e-5  # relative error of weights that are rounded at most, in the Frobenius norm
INT8, INT4 = 0.05, 0.35  # and of those of 8 and 4 bits


@dataclass(frozen=True, slots=True)
class Producer:
    """What makes a file of a file, and how far its numbers may be from the true ones."""

    group: str
    run: Callable[[Path, Path, Feed], None]
    tolerance: float
    of: str = ""  # a file of another producer, instead of the exporter's


class _Samples:
    """Inputs by which onnxruntime calibrates."""

    def __init__(self, feed: Feed) -> None:
        self.left = [feed, feed]

    def get_next(self) -> Feed | None:
        return self.left.pop() if self.left else None


def _dynamic(source: Path, out: Path, _: Feed, kind: str = "QInt8", channels: bool = False) -> None:
    from onnxruntime.quantization import QuantType, quantize_dynamic

    quantize_dynamic(source, out, weight_type=getattr(QuantType, kind), per_channel=channels)


def _static(source: Path, out: Path, feed: Feed, way: str, **settings: Any) -> None:
    from onnxruntime.quantization import QuantFormat, QuantType, quantize_static

    types = {k: getattr(QuantType, v) for k, v in settings.items() if k.endswith("type")}
    samples: Any = _Samples(feed)
    quantize_static(
        source, out, samples, quant_format=getattr(QuantFormat, way), **(settings | types)
    )


def _blocks(
    source: Path, out: Path, _: Feed, bits: int = 4, size: int = 32, symmetric: bool = True,
    way: str = "QOperator", axes: tuple[tuple[str, int], ...] | None = None,
) -> None:  # fmt: skip
    import onnx
    from onnxruntime.quantization import QuantFormat
    from onnxruntime.quantization.matmul_nbits_quantizer import MatMulNBitsQuantizer

    quantizer = MatMulNBitsQuantizer(
        onnx.load(source), bits=bits, block_size=size, is_symmetric=symmetric,
        quant_format=getattr(QuantFormat, way), quant_axes=axes,
        op_types_to_quantize=("MatMul", "Gather") if way == "QOperator" else ("MatMul",),
    )  # fmt: skip
    quantizer.process()
    quantizer.model.save_model_to_file(str(out), False)


def _hqq(source: Path, out: Path, _: Feed) -> None:
    import onnx
    from onnxruntime.quantization import matmul_nbits_quantizer as nbits

    settings = nbits.HQQWeightOnlyQuantConfig(block_size=32)
    quantizer = nbits.MatMulNBitsQuantizer(onnx.load(source), algo_config=settings)
    quantizer.process()
    quantizer.model.save_model_to_file(str(out), False)


def _bnb4(source: Path, out: Path, _: Feed, kind: int) -> None:
    import onnx
    from onnxruntime.quantization.matmul_bnb4_quantizer import MatMulBnb4Quantizer

    quantizer = MatMulBnb4Quantizer(onnx.load(source), kind, 32)
    quantizer.process()
    quantizer.model.save_model_to_file(str(out), False)


def _half(source: Path, out: Path, _: Feed) -> None:
    import onnx
    from onnxruntime.transformers.float16 import convert_float_to_float16

    onnx.save(convert_float_to_float16(onnx.load(source)), out)


def _optimized(source: Path, out: Path, _: Feed, level: str = "ALL") -> None:
    import onnxruntime

    settings = onnxruntime.SessionOptions()
    settings.graph_optimization_level = getattr(
        onnxruntime.GraphOptimizationLevel, f"ORT_ENABLE_{level}"
    )
    settings.optimized_model_filepath = str(out)
    settings.log_severity_level = 4
    settings.intra_op_num_threads = 1
    onnxruntime.InferenceSession(source, settings, providers=["CPUExecutionProvider"])


def _fused(source: Path, out: Path, _: Feed, half: bool = False) -> None:
    """Fuse as the transformers tool of onnxruntime does, for the model that the folder says."""
    from onnxruntime.transformers import optimizer

    kinds = {
        "bert": "bert", "roberta": "bert", "distilbert": "bert", "gpt2": "gpt2", "vit": "vit",
        "phi3": "phi", "t5": "t5", "bart": "bart", "clip": "clip", "swin": "swin",
        "whisper": "bart",
    }  # fmt: skip
    model = optimizer.optimize_model(
        str(source), model_type=kinds.get(source.parent.name, "bert"), num_heads=6, hidden_size=48,
        opt_level=0,
    )  # fmt: skip
    if half:
        model.convert_float_to_float16()
    model.save_model_to_file(str(out))


def _onnxsim(source: Path, out: Path, _: Feed) -> None:
    import onnx
    import onnxsim

    simplified, _ = onnxsim.simplify(onnx.load(source))
    onnx.save(simplified, out)


def _onnxslim(source: Path, out: Path, _: Feed) -> None:
    import onnx
    import onnxslim

    onnx.save(onnxslim.slim(onnx.load(source)), out)


DYNAMIC, QDQ, INTEGER = "quantize_dynamic", "quantize_static, QDQ", "quantize_static, QOperator"
NBITS, LEVELS, TOOLS = "MatMulNBits", "onnxruntime's levels", "onnxsim, onnxslim"
FUSED, AGAIN, BNB4 = "onnxruntime.transformers", "quantised, then optimised", "MatMulBnb4"
_int8 = partial(_static, weight_type="QInt8")

PRODUCERS: dict[str, Producer] = {
    "dynamic-int8": Producer(DYNAMIC, _dynamic, INT8),
    "dynamic-int8-channels": Producer(DYNAMIC, partial(_dynamic, channels=True), INT8),
    "dynamic-uint8": Producer(DYNAMIC, partial(_dynamic, kind="QUInt8"), INT8),
    "qdq": Producer(QDQ, partial(_int8, way="QDQ"), INT8),
    "qdq-channels": Producer(QDQ, partial(_int8, way="QDQ", per_channel=True), INT8),
    "qdq-reduced": Producer(
        QDQ, partial(_static, way="QDQ", per_channel=True, reduce_range=True), 0.08
    ),
    "qdq-int16": Producer(
        QDQ, partial(_static, way="QDQ", weight_type="QInt16", activation_type="QUInt16"), 0.01
    ),
    "qdq-int4": Producer(QDQ, partial(_static, way="QDQ", per_channel=True, weight_type="QInt4"),
                         INT4),
    "qoperator": Producer(INTEGER, partial(_int8, way="QOperator"), INT8),
    "qoperator-channels": Producer(
        INTEGER, partial(_int8, way="QOperator", per_channel=True), INT8
    ),
    "nbits4": Producer(NBITS, _blocks, INT4),
    "nbits4-asymmetric": Producer(NBITS, partial(_blocks, symmetric=False), INT4),
    "nbits4-small": Producer(NBITS, partial(_blocks, symmetric=False, size=16), INT4),
    "nbits8": Producer(NBITS, partial(_blocks, bits=8), INT8),
    "nbits8-asymmetric": Producer(NBITS, partial(_blocks, bits=8, symmetric=False), INT8),
    "nbits4-qdq": Producer(NBITS, partial(_blocks, way="QDQ"), INT4),
    "nbits4-qdq-asymmetric": Producer(
        NBITS, partial(_blocks, way="QDQ", symmetric=False, size=16), INT4
    ),
    "nbits4-gather0": Producer(
        NBITS, partial(_blocks, axes=(("MatMul", 0), ("Gather", 0))), INT4
    ),
    "hqq": Producer(NBITS, _hqq, INT4),
    "bnb4-fp4": Producer(BNB4, partial(_bnb4, kind=0), INT4),
    "bnb4-nf4": Producer(BNB4, partial(_bnb4, kind=1), INT4),
    "fp16": Producer("float16", _half, 0.002),
    "basic": Producer(LEVELS, partial(_optimized, level="BASIC"), EXACT),
    "extended": Producer(LEVELS, partial(_optimized, level="EXTENDED"), EXACT),
    "all": Producer(LEVELS, _optimized, EXACT),
    "onnxsim": Producer(TOOLS, _onnxsim, EXACT),
    "onnxslim": Producer(TOOLS, _onnxslim, EXACT),
    "fused": Producer(FUSED, _fused, EXACT),
    "fused-fp16": Producer(FUSED, partial(_fused, half=True), 0.002),
    "fused-dynamic-int8": Producer(FUSED, _dynamic, INT8, of="fused"),
    "fused-all": Producer(FUSED, _optimized, EXACT, of="fused"),
    **{
        f"{name}-all": Producer(AGAIN, _optimized, INT8, of=name)
        for name in (
            "dynamic-int8", "dynamic-int8-channels", "qdq", "qdq-channels", "qoperator", "fp16",
        )
    },
    "nbits4-all": Producer(AGAIN, _optimized, INT4, of="nbits4"),
    "nbits4-qdq-all": Producer(AGAIN, _optimized, INT4, of="nbits4-qdq"),
}  # fmt: skip
MODELS = {
    "nets/mlp", "nets/mlp3d", "nets/conv", "nets/convbn", "nets/conv13", "nets/patches", "nets/enc",
    "nets/lstm", "nets/bilstm2", "nets/gru", "nets/qkv-unbind", "nets/qkv-slice", "nets/tied",
    "nets/gated-chunk", "nets/lora-3d", "nets/positions", "nets/experts-bmm", "nets/shared",
    "nets/dec", "transformers/bert", "transformers/gpt2", "transformers/llama-tied",
    "transformers/gpt_neox", "transformers/bloom", "transformers/phi3", "transformers/vit",
    "transformers/resnet", "transformers/t5", "transformers/mixtral", "transformers/whisper",
    "transformers/swin", "transformers/modernbert",
}  # fmt: skip
LIGHT = (LEVELS, TOOLS)  # for every other model
FOLDING = (*LIGHT, FUSED, AGAIN)  # producers that may multiply a weight by a factor beside it


def rewrite(
    path: Path, feed: Feed, model: str, attempt: Callable[[Callable[[], object]], str]
) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """
    Rewrite a file by each producer.

    Parameters
    ----------
    path : Path
        The file; those made of it lie beside it, with the producer in their names.
    feed : dict of str to array
        Inputs of the network.
    model : str
        Which model, as ``nets/mlp``.
    attempt : callable
        Runs a producer, and returns what went wrong.

    Returns
    -------
    list of dict
        File, producer, its group and tolerance.
    dict of str to str
        What went wrong, by producer.
    """
    made, failed = [], {}
    for name, producer in PRODUCERS.items():
        if producer.group == FUSED and not model.startswith("transformers/"):
            continue
        if model not in MODELS and producer.group not in LIGHT:
            continue
        source = path.with_suffix(f".{producer.of}.onnx") if producer.of else path
        out = path.with_suffix(f".{name}.onnx")
        out.unlink(missing_ok=True)
        if not source.exists():
            continue
        error = attempt(partial(producer.run, source, out, feed))
        if error or not out.exists():
            failed[out.name] = error or "no file"
            continue
        entry = {"file": out.name, "by": name, "group": producer.group}
        made.append(entry | {"tolerance": producer.tolerance})
    return made, failed
