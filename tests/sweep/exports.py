"""ONNX files of live networks by every producer, kept on disk with the true matrices."""

from __future__ import annotations

import contextlib
import copy
import dataclasses
import itertools
import json
import logging
import os
import signal
import sys
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn

from tests.sweep import parts, truth
from tests.sweep.building import build, randomize
from tests.sweep.matrices import digest, keep, title
from tests.sweep.nets import NETS
from tests.sweep.rewriting import rewrite

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from spectra._typing import AnyArray
    from tests.sweep.matrices import Matrix

__all__ = ["EXPORTERS", "TRANSFORMERS", "make", "names"]

SECONDS = 60  # for one export
EXPORTERS: dict[str, dict[str, Any]] = {
    "old": {"dynamo": False, "opset_version": 17},
    "new": {"dynamo": True, "external_data": False},
}
_IDS = ("input_ids", "attention_mask")
_PIXELS, _WAVE = ("pixel_values",), ("input_values",)
_BOTH = ("input_ids", "decoder_input_ids")
TRANSFORMERS: dict[str, tuple[str, dict[str, Any], tuple[str, ...]]] = {
    **{kind: (kind, {}, _IDS) for kind in (
        "bert", "roberta", "distilbert", "albert", "electra", "deberta-v2", "modernbert",
        "gpt2", "gpt_neo", "gptj", "gpt_neox", "gpt_bigcode", "codegen", "bloom", "mpt", "opt",
        "falcon", "phi", "phi3", "llama", "mistral", "qwen2", "qwen3", "gemma", "gemma2",
        "starcoder2", "stablelm", "olmo2", "cohere", "mixtral", "qwen3_moe", "gpt_oss",
        "granitemoe", "mamba",
    )},
    "llama-tied": ("llama", {"tie_word_embeddings": True}, _IDS),
    "qwen2-tied": ("qwen2", {"tie_word_embeddings": True}, _IDS),
    "phi3-tied": ("phi3", {"tie_word_embeddings": True}, _IDS),
    **{kind: (kind, {}, _BOTH) for kind in ("t5", "bart", "marian")},
    "whisper": ("whisper", {}, ("input_features", "decoder_input_ids")),
    **{kind: (kind, {}, _PIXELS) for kind in (
        "vit", "deit", "dinov2", "swin", "resnet", "convnext", "segformer", "mobilenet_v2",
    )},
    **{kind: (kind, {}, _WAVE) for kind in ("wav2vec2", "hubert")},
    "clip": ("clip", {}, ("input_ids", "pixel_values")),
    "siglip": ("siglip", {}, ("input_ids", "pixel_values")),
}  # fmt: skip


def names() -> list[str]:
    """Return the models of the sweep, as ``nets/mlp`` or ``transformers/bert``."""
    return [f"transformers/{name}" for name in TRANSFORMERS] + [f"nets/{name}" for name in NETS]


def _inputs(wanted: tuple[str, ...], config: Any) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(3)
    config = getattr(config, "vision_config", config)
    size = getattr(config, "image_size", 32)
    side = size if isinstance(size, int) else 32
    frames = 2 * getattr(config, "max_source_positions", 50)
    shapes = {
        "pixel_values": (2, 3, side, side),
        "input_values": (2, 800),
        "input_features": (2, getattr(config, "num_mel_bins", 20), frames),
    }
    ones = {"attention_mask": torch.ones(2, 7, dtype=torch.int64)}
    return {
        name: ones[name]
        if name in ones
        else torch.randn(shapes[name], generator=generator)
        if name in shapes
        else torch.randint(3, 90, (2, 7), generator=generator)
        for name in wanted
    }


def spread(model: nn.Module) -> None:
    """Give the rows of every matrix different sizes, so that no scale can be taken for another."""
    generator = torch.Generator().manual_seed(5)
    with torch.no_grad():
        for values in model.parameters():
            if values.ndim >= 2:
                shape = [values.shape[0]] + [1] * (values.ndim - 1)
                values.mul_(torch.exp(torch.randn(shape, generator=generator) * 0.7))
        for module in model.modules():
            if (
                isinstance(module, nn.modules.batchnorm._BatchNorm)
                and module.running_var is not None
            ):
                assert module.running_mean is not None
                assert module.weight is not None
                module.running_var.uniform_(0.5, 2, generator=generator)
                module.running_mean.normal_(generator=generator)
                module.weight.uniform_(0.5, 1.5, generator=generator)


def _net(name: str) -> tuple[nn.Module, tuple[torch.Tensor, ...]]:
    torch.manual_seed(0)
    net = NETS[name]
    model = net.make().eval()
    spread(model)
    return model, net.inputs()


def _transformer(name: str) -> tuple[nn.Module, tuple[torch.Tensor, ...]]:
    from transformers.utils import logging as messages

    messages.set_verbosity_error()
    kind, settings, wanted = TRANSFORMERS[name]
    torch.manual_seed(0)
    model: Any = build(kind, **settings).eval()
    randomize(model)
    spread(model)
    model.tie_weights()
    with contextlib.suppress(AttributeError, ValueError):
        model.set_experts_implementation("batched_mm")
    inputs = _inputs(wanted, model.config)
    forward = model.forward
    cache = {"use_cache": False} if hasattr(model.config, "use_cache") else {}

    def one(*arguments: torch.Tensor) -> Any:
        given = dict(zip(wanted, arguments, strict=True))
        return forward(**given, **cache, return_dict=False)[0]

    model.forward = one  # the module paths of the graph stay those of the model
    return model, tuple(inputs.values())


def _folded(model: nn.Module, matrices: list[Matrix]) -> list[Matrix]:
    """Return the matrices with those after folding batch norms, which are as good."""
    other = copy.deepcopy(model)
    found = False
    for module in other.modules():
        children = list(module.children())
        for first, second in itertools.pairwise(children):
            if not isinstance(second, nn.modules.batchnorm._BatchNorm):
                continue
            if isinstance(first, nn.modules.conv._ConvNd) and second.running_var is not None:
                scale = second.weight / torch.sqrt(second.running_var + second.eps)
                axis = 1 if first.transposed else 0
                shape = [-1 if i == axis else 1 for i in range(first.weight.ndim)]
                if scale.numel() == first.weight.shape[axis]:
                    first.weight.data = first.weight.data * scale.data.reshape(shape)
                    found = True
    if not found:
        return matrices
    twins = {(m.name, m.label): m for m in truth.matrices(other)}
    return [
        dataclasses.replace(m, others=(*m.others, twin.stack, *twin.others))
        if (twin := twins.get((m.name, m.label))) is not None
        else m
        for m in matrices
    ]


def _effective(model: nn.Module, matrices: list[Matrix]) -> list[Matrix]:
    """Return the matrices with the weights that a network says it computes with."""
    own: dict[str, torch.Tensor | None] = getattr(model, "effective", dict)()
    out = []
    for matrix in matrices:
        values = own.get(matrix.name, ...)
        if values is ...:
            out.append(matrix)
        elif values is not None:
            W = values.detach().numpy()[None]
            out.append(dataclasses.replace(matrix, stack=W, others=(), source=digest(W).hex()))
    return out


def _used(model: nn.Module, matrices: list[Matrix], inputs: Any) -> list[Matrix]:
    """Return the matrices on which the result depends: exporters leave out the others."""
    model.zero_grad()
    results = model(*inputs)
    for result in results if isinstance(results, tuple) else (results,):
        (result * torch.rand_like(result)).sum().backward(retain_graph=True)
    without = {n for n, values in model.named_parameters() if values.grad is None}
    model.zero_grad()
    return [m for m in matrices if m.name not in without]


def _rest(model: nn.Module, matrices: list[Matrix]) -> dict[str, AnyArray]:
    others = truth.others(model, matrices)
    return {
        other.name: model.get_parameter(other.name).detach().numpy()
        if other.name in dict(model.named_parameters())
        else model.get_buffer(other.name).detach().numpy()
        for other in others.values()
    }


def _gone(path: Path, matrices: list[Matrix]) -> list[str]:
    """Return the tables of which a file has not every row: the exporter folded them."""
    import onnx

    graph = onnx.load(path)
    stored = [onnx.numpy_helper.to_array(t) for t in _constants(graph.graph)]
    values = [v.astype(np.float32).ravel() for v in stored if v.dtype.kind == "f"]
    every = np.unique(np.concatenate([np.zeros(1, np.float32), *values]))
    return [
        title(m)
        for m in matrices
        if m.module.endswith("Embedding") and not np.isin(m.stack.astype(np.float32), every).all()
    ]


def _constants(graph: Any) -> Iterator[Any]:
    yield from graph.initializer
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.HasField("t"):
                yield attribute.t
            if attribute.HasField("g"):
                yield from _constants(attribute.g)


def _difference(path: Path, feed: dict[str, AnyArray], results: list[AnyArray]) -> float | None:
    """Return how far a file's results are from the network's: None if it does not run here."""
    import onnxruntime

    settings = onnxruntime.SessionOptions()
    settings.log_severity_level = 4
    settings.intra_op_num_threads = 1
    settings.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    got: list[AnyArray] = []

    def run() -> None:
        session = onnxruntime.InferenceSession(path, settings, providers=["CPUExecutionProvider"])
        halves = {x.name: x.type == "tensor(float16)" for x in session.get_inputs()}
        given = {k: feed[k].astype(np.float16) if half else feed[k] for k, half in halves.items()}
        got.extend(session.run(None, given))

    if _try(run) or len(got) < len(results):
        return None
    return max(
        float(np.abs(a - b).max(initial=0) / max(np.abs(b).max(initial=0), 1e-30))
        if a.shape == b.shape
        else np.inf
        for a, b in zip(got, results, strict=False)
    )


@contextlib.contextmanager
def quiet(seconds: int = SECONDS) -> Iterator[None]:
    """Silence whatever a producer prints, and stop it after some seconds."""

    def ring(*_: object) -> None:
        raise TimeoutError(f"more than {seconds} s")  # noqa: EM102

    before = signal.signal(signal.SIGALRM, ring)
    signal.alarm(seconds)
    logging.disable(logging.CRITICAL)
    sys.stdout.flush()
    kept = [os.dup(1), os.dup(2)]
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 1)  # exporters print from C++, too
        os.dup2(nowhere, 2)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        sys.stdout.flush()
        for place, descriptor in enumerate(kept, 1):
            os.dup2(descriptor, place)
        for descriptor in (*kept, nowhere):
            os.close(descriptor)
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
        logging.disable(logging.NOTSET)


def _save(model: Any, folder: Path) -> None:
    """Save a model as safetensors: the layers that the graph is joined with."""
    from safetensors.torch import save_model

    folder.mkdir(exist_ok=True)
    if hasattr(model, "save_pretrained"):
        model.save_pretrained(folder)
    else:
        save_model(model, str(folder / "model.safetensors"))


def _try(what: Callable[[], object]) -> str:
    try:
        with quiet():
            what()
    except Exception as error:
        return f"{type(error).__name__}: {' '.join(str(error).split())}"[:300]
    return ""


def make(name: str, files: Path) -> dict[str, Any]:
    """
    Export a model by every exporter, rewrite the files by every optimiser and quantiser, keep all.

    Parameters
    ----------
    name : str
        Which model, of `names`.
    files : Path
        Folder for the files; the model gets one of its own there.

    Returns
    -------
    dict
        What was made, and what was not and why; the same as ``made.json`` in the model's folder.
    """
    kind, _, short = name.partition("/")
    folder = files / kind / short
    folder.mkdir(parents=True, exist_ok=True)
    model, inputs = (_net if kind == "nets" else _transformer)(short)
    failed = {}
    if error := _try(lambda: _save(model, folder / "safetensors")):
        failed["safetensors"] = error
    whole = truth.matrices(model)
    used = _used(model, _effective(model, whole), inputs)
    matrices = parts.cut(model, used, lambda: model(*inputs))
    keep(_folded(model, matrices), _rest(model, whole), folder)
    made: list[dict[str, Any]] = []
    with torch.no_grad():
        outcome = model(*inputs)
    results = [r.numpy() for r in (outcome if isinstance(outcome, tuple) else (outcome,))]
    labels = [f"x{i}" for i in range(len(inputs))]
    for exporter, settings in EXPORTERS.items():
        path = folder / f"{exporter}.onnx"
        path.unlink(missing_ok=True)

        def export(path: Path = path, settings: dict[str, Any] = settings) -> None:
            torch.onnx.export(model, inputs, str(path), input_names=labels, **settings)

        error = _try(export)
        if error and hasattr(model, "set_attn_implementation"):
            model.set_attn_implementation("eager")
            error = _try(export)
        if error or not path.exists():
            failed[exporter] = error or "no file"
            continue
        feed = {k: v.numpy() for k, v in zip(labels, inputs, strict=True)}
        first = {"file": path.name, "by": "", "group": "", "tolerance": 1e-5}
        more, errors = rewrite(path, feed, f"{kind}/{short}", _try)
        failed |= errors
        for one in (first, *more):
            place = folder / one["file"]
            exact = one["tolerance"] <= 1e-5
            gone = _gone(place, matrices) if exact else made[-1]["gone"]
            difference = _difference(place, feed, results)
            made.append(one | {"exporter": exporter, "gone": gone, "difference": difference})
    record = {"built": True, "class": type(model).__name__, "made": made, "failed": failed}
    (folder / "made.json").write_text(json.dumps(record, indent=1))
    return record


os.environ.setdefault("TQDM_DISABLE", "1")
