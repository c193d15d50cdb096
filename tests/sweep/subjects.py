"""Networks to export: hand-made ones and tiny ones of transformers, with their true matrices."""

from __future__ import annotations

import contextlib
import copy
import dataclasses
import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
import transformers
from torch import nn

from tests.sweep import parts, truth
from tests.sweep.building import build, randomize
from tests.sweep.matrices import Matrix, digest, keep
from tests.sweep.nets import NETS

if TYPE_CHECKING:
    from pathlib import Path

    from spectra._typing import AnyArray

__all__ = ["TRANSFORMERS", "Live", "live", "names"]

_IDS = ("input_ids", "attention_mask")
_PIXELS, _WAVE = ("pixel_values",), ("input_values",)
_BOTH = ("input_ids", "decoder_input_ids")
_TWICE = {  # an encoder and a decoder
    "vocab_size": 101, "d_model": 48, "encoder_layers": 2, "decoder_layers": 2,
    "encoder_attention_heads": 6, "decoder_attention_heads": 6, "encoder_ffn_dim": 80,
    "decoder_ffn_dim": 80, "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2,
    "decoder_start_token_id": 1,
}  # fmt: skip
_TOWERS = {
    "text_config": {
        "vocab_size": 101, "hidden_size": 48, "num_hidden_layers": 2, "num_attention_heads": 6,
        "intermediate_size": 80, "max_position_embeddings": 64, "projection_dim": 24,
        "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2,
    },
    "vision_config": {
        "image_size": 32, "patch_size": 8, "hidden_size": 48, "num_hidden_layers": 2,
        "num_attention_heads": 6, "intermediate_size": 80, "projection_dim": 24,
    },
}  # fmt: skip
CLASSES: dict[str, tuple[str, dict[str, Any]]] = {  # and sizes that agree
    "bart": ("AutoModelForSeq2SeqLM", _TWICE | {"max_position_embeddings": 64}),
    "marian": ("AutoModelForSeq2SeqLM", _TWICE | {"max_position_embeddings": 64}),
    "whisper": (
        "AutoModelForSpeechSeq2Seq",
        _TWICE | {"num_mel_bins": 20, "max_source_positions": 50, "max_target_positions": 40},
    ),
    "clip": ("AutoModel", _TOWERS | {"projection_dim": 24}),
    "siglip": ("AutoModel", _TOWERS),
    "swin": (
        "AutoModelForImageClassification",
        {"image_size": 32, "patch_size": 4, "embed_dim": 24, "depths": [2, 2],
         "num_heads": [2, 4], "window_size": 4},
    ),
    "convnext": (
        "AutoModelForImageClassification",
        {"image_size": 32, "hidden_sizes": [16, 24, 32, 40], "depths": [1, 1, 2, 1]},
    ),
    "segformer": (
        "AutoModelForImageClassification",
        {"image_size": 64, "hidden_sizes": [16, 24, 32, 40], "depths": [1, 1, 1, 1],
         "num_attention_heads": [1, 2, 2, 4], "decoder_hidden_size": 24},
    ),
}  # fmt: skip
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
        "vit", "deit", "dinov2", "resnet", "convnext", "segformer", "swin",
        "mobilenet_v2",
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
    generator = torch.Generator().manual_seed(6)
    with torch.no_grad():
        for key, values in model.named_parameters():
            if "bias" in key:  # equal ones would be stored once
                values.add_(torch.randn(values.shape, generator=generator) * 0.05)
    return model, net.inputs()


def _transformer(name: str) -> tuple[nn.Module, tuple[torch.Tensor, ...]]:
    from transformers.utils import logging as messages

    messages.set_verbosity_error()
    kind, settings, wanted = TRANSFORMERS[name]
    torch.manual_seed(0)
    model: Any
    if kind in CLASSES:
        auto, sizes = CLASSES[kind]
        model = getattr(transformers, auto).from_config(transformers.CONFIG_MAPPING[kind](**sizes))
        model.eval()
    else:
        model = build(kind, **settings).eval()
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
    own: dict[str, Any] = getattr(model, "effective", dict)()
    out = [m for m in matrices if m.name not in own]
    for name, weights in own.items():
        parts = weights if isinstance(weights, dict) else {"": weights}
        module = type(model.get_submodule(name.rpartition(".")[0])).__name__
        for label, values in parts.items():
            W = values.detach().numpy()[None]
            out.append(Matrix(name, label, W, module, source=digest(W).hex()))
    return out


def _used(model: nn.Module, matrices: list[Matrix], inputs: Any) -> list[Matrix]:
    """Return the matrices on which the result depends: exporters leave out the others."""
    model.zero_grad()
    model.requires_grad_(True)
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


@dataclass(frozen=True, slots=True)
class Live:
    """A network that runs, with inputs and results, and its true matrices."""

    name: str
    model: Any
    inputs: tuple[torch.Tensor, ...]
    matrices: list[Matrix]
    results: list[AnyArray]

    @property
    def feed(self) -> dict[str, AnyArray]:
        """The inputs by the names that they get in a graph."""
        return {f"x{i}": values.numpy() for i, values in enumerate(self.inputs)}


def live(name: str, folder: Path) -> Live:
    """Build a network, and keep its true matrices in a folder."""
    kind, _, short = name.partition("/")
    model, inputs = (_net if kind == "nets" else _transformer)(short)
    whole = truth.matrices(model)
    used = _used(model, _effective(model, whole), inputs)
    matrices = parts.cut(model, used, lambda: model(*inputs))
    keep(_folded(model, matrices), _rest(model, whole), folder)
    with torch.no_grad():
        outcome = model(*inputs)
    results = outcome if isinstance(outcome, tuple) else (outcome,)
    return Live(name, model, inputs, matrices, [r.numpy() for r in results])
