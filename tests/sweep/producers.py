"""Other producers: diffusers, PEFT, and the fixtures of quantized weights."""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from spectra._typing import AnyArray

__all__ = ["KINDS"]

FIXTURES = Path(__file__).resolve().parents[1] / "fixtures" / "quantized"
_BLOCKS = {"block_out_channels": (16, 32), "norm_num_groups": 8}
_DIT = {"num_attention_heads": 4, "attention_head_dim": 8, "sample_size": 8, "patch_size": 2}
DIFFUSERS: dict[str, dict[str, Any]] = {
    "UNet2DConditionModel": _BLOCKS
    | {
        "sample_size": 16, "layers_per_block": 1, "cross_attention_dim": 24,
        "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D"), "attention_head_dim": 8,
        "up_block_types": ("CrossAttnUpBlock2D", "UpBlock2D"),
    },
    "UNet2DModel": _BLOCKS
    | {
        "sample_size": 16, "layers_per_block": 1,
        "down_block_types": ("DownBlock2D", "AttnDownBlock2D"),
        "up_block_types": ("AttnUpBlock2D", "UpBlock2D"),
    },
    "AutoencoderKL": _BLOCKS
    | {
        "down_block_types": ("DownEncoderBlock2D",) * 2, "latent_channels": 4,
        "up_block_types": ("UpDecoderBlock2D",) * 2,
    },
    "VQModel": _BLOCKS
    | {
        "down_block_types": ("DownEncoderBlock2D",) * 2, "latent_channels": 4,
        "up_block_types": ("UpDecoderBlock2D",) * 2, "num_vq_embeddings": 16,
    },
    "ControlNetModel": _BLOCKS
    | {
        "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D"), "layers_per_block": 1,
        "cross_attention_dim": 24, "attention_head_dim": 8,
        "conditioning_embedding_out_channels": (8, 16),
    },
    "DiTTransformer2DModel": _DIT
    | {"in_channels": 4, "out_channels": 8, "num_layers": 1, "num_embeds_ada_norm": 10,
       "norm_num_groups": 8},
    "PixArtTransformer2DModel": _DIT
    | {"in_channels": 4, "out_channels": 8, "num_layers": 1, "cross_attention_dim": 32,
       "caption_channels": 24},
    "HunyuanDiT2DModel": _DIT
    | {"in_channels": 4, "num_layers": 2, "hidden_size": 32, "cross_attention_dim": 24,
       "cross_attention_dim_t5": 20, "pooled_projection_dim": 16},
    "SD3Transformer2DModel": _DIT
    | {"patch_size": 1, "in_channels": 4, "num_layers": 1, "joint_attention_dim": 24,
       "caption_projection_dim": 32, "pooled_projection_dim": 20, "out_channels": 4},
    "FluxTransformer2DModel": {
        "in_channels": 4, "num_layers": 1, "num_single_layers": 1, "attention_head_dim": 16,
        "num_attention_heads": 2, "joint_attention_dim": 24, "pooled_projection_dim": 20,
        "axes_dims_rope": (4, 4, 8),
    },
    "Lumina2Transformer2DModel": {
        "sample_size": 8, "patch_size": 2, "in_channels": 4, "hidden_size": 24, "num_layers": 1,
        "num_refiner_layers": 1, "num_attention_heads": 3, "num_kv_heads": 1, "multiple_of": 2,
        "cap_feat_dim": 16, "axes_dim_rope": (4, 2, 2), "axes_lens": (20, 20, 20),
    },
    "WanTransformer3DModel": {
        "patch_size": (1, 2, 2), "num_attention_heads": 2, "attention_head_dim": 12,
        "in_channels": 4, "out_channels": 4, "text_dim": 16, "freq_dim": 64, "ffn_dim": 32,
        "num_layers": 1,
    },
    "SanaTransformer2DModel": {
        "in_channels": 4, "out_channels": 4, "num_attention_heads": 2, "attention_head_dim": 8,
        "num_layers": 1, "num_cross_attention_heads": 2, "cross_attention_head_dim": 8,
        "cross_attention_dim": 16, "caption_channels": 24, "sample_size": 8,
    },
    "CogVideoXTransformer3DModel": {
        "num_attention_heads": 2, "attention_head_dim": 16, "in_channels": 4, "out_channels": 4,
        "time_embed_dim": 8, "text_embed_dim": 16, "num_layers": 1, "sample_width": 8,
        "sample_height": 8, "sample_frames": 5, "patch_size": 2, "max_text_seq_length": 8,
    },
    "LTXVideoTransformer3DModel": {
        "in_channels": 8, "out_channels": 8, "num_attention_heads": 2, "attention_head_dim": 8,
        "cross_attention_dim": 16, "num_layers": 1, "caption_channels": 24,
    },
    "QwenImageTransformer2DModel": {
        "patch_size": 2, "in_channels": 16, "out_channels": 4, "num_layers": 1,
        "attention_head_dim": 16, "num_attention_heads": 2, "joint_attention_dim": 16,
        "axes_dims_rope": (8, 4, 4),
    },
}  # fmt: skip


def diffusers_model(name: str) -> dict[str, Any]:
    """Return the record of one class of diffusers."""
    import diffusers

    from tests.sweep.building import randomize
    from tests.sweep.run import check

    model = getattr(diffusers, name)(**DIFFUSERS[name])
    randomize(model)
    folder = Path(tempfile.mkdtemp())
    try:
        model.save_pretrained(folder)
        return {"built": True, "class": name} | check(model, folder)
    finally:
        shutil.rmtree(folder)


_LLAMA = {"q": ["q_proj"], "mlp": ["q_proj", "k_proj", "down_proj"]}
PEFT: dict[str, tuple[str, dict[str, Any]]] = {
    "plain": ("llama", {"target_modules": ["q_proj", "v_proj"]}),
    "all-linear": ("llama", {"target_modules": "all-linear"}),
    "rslora": ("llama", {"target_modules": ["q_proj", "down_proj"], "use_rslora": True}),
    "patterns": (
        "llama",
        {
            "target_modules": _LLAMA["mlp"],
            "rank_pattern": {"down_proj": 8, "layers.1.self_attn.q_proj": 2},
            "alpha_pattern": {"down_proj": 64, "layers.1.self_attn.q_proj": 3},
        },
    ),
    "regex-patterns": (
        "llama",
        {
            "target_modules": _LLAMA["mlp"],
            "rank_pattern": {r".*layers\.0.*": 8},
            "alpha_pattern": {r"model\.layers\.0\..*": 64},
        },
    ),
    "fan-in-fan-out": ("gpt2", {"target_modules": ["c_attn", "c_proj"], "fan_in_fan_out": True}),
    "embeddings": ("llama", {"target_modules": ["embed_tokens", "lm_head"]}),
    "modules-to-save": ("llama", {"target_modules": _LLAMA["q"], "modules_to_save": ["lm_head"]}),
    "bias": ("llama", {"target_modules": _LLAMA["q"], "lora_bias": True}),
    "layers": ("llama", {"target_modules": _LLAMA["q"], "layers_to_transform": [1]}),
    "convolutions": ("resnet", {"target_modules": ["convolution"]}),
    "experts": (
        "mixtral",
        {
            "target_modules": _LLAMA["q"],
            "target_parameters": ["mlp.experts.gate_up_proj", "mlp.experts.down_proj"],
        },
    ),
    "dora": ("llama", {"target_modules": ["q_proj", "down_proj"], "use_dora": True}),
}


def _updates(model: Any) -> dict[str, AnyArray]:
    """Return the true updates of a PEFT model by the name of their module."""
    out: dict[str, AnyArray] = {}
    for name, module in model.named_modules():
        halves = [*getattr(module, "lora_A", ()), *getattr(module, "lora_embedding_A", ())]
        if hasattr(module, "get_delta_weight") and halves:
            W = module.get_delta_weight("default").detach().double().numpy()
            if W.ndim == 3:
                out |= {f"{name}.{module.parameter_name}[{e}]": x for e, x in enumerate(W)}
            else:
                out[name] = W
    return out


def peft_adapter(name: str) -> dict[str, Any]:
    """Return the record of one PEFT adapter: its updates against ``get_delta_weight``."""
    import peft
    import torch

    import spectra_io
    from spectra.models import adapters
    from tests.sweep.building import build

    kind, settings = PEFT[name]
    torch.manual_seed(0)
    adapted = peft.get_peft_model(build(kind), peft.LoraConfig(r=4, lora_alpha=16, **settings))
    generator = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for key, values in adapted.named_parameters():
            if "lora_" in key:
                values.copy_(torch.randn(values.shape, generator=generator) * 0.1)
    folder = Path(tempfile.mkdtemp())
    try:
        adapted.save_pretrained(folder)
        config = json.loads((folder / "adapter_config.json").read_text())
        model = spectra_io.open_model(folder)
        got = []
        for pair in adapters.pairs(model, config):
            try:
                got.append((pair.name, adapters.delta(pair)))
            except Exception as error:
                got.append((pair.name, np.array(str(error))))
    finally:
        shutil.rmtree(folder)
    return {"built": True, "opened": True} | _compared(_updates(adapted), got)


def _compared(true: dict[str, AnyArray], got: list[tuple[str, AnyArray]]) -> dict[str, Any]:
    free, missed, right, turned = dict(enumerate(got)), [], 0, 0
    for name, W in true.items():
        hit = None
        for i, (_, values) in free.items():
            for flipped in (False, True):
                V = values.T if flipped else values
                if V.shape == W.shape and np.abs(V - W).max() <= 1e-5 * np.abs(W).max():
                    hit, turned = i, turned + flipped
                    break
            if hit is not None:
                break
        if hit is None:
            missed.append({"name": name, "shape": list(W.shape), "reason": "no such update"})
        else:
            right += 1
            del free[hit]
    wrong = [
        {"layer": n, "stored": list(v.shape), "fault": "no true update"} for n, v in free.values()
    ]
    return {
        "true": len(true), "right": right, "turned": turned, "split": 0, "missed": missed,
        "wrong": wrong, "no_maps": [], "whole": [],
    }  # fmt: skip


def quantized(name: str) -> dict[str, Any]:
    """Return the record of one fixture: its layers against the producer's own numbers."""
    import spectra
    import spectra_io

    entry = json.loads((FIXTURES / "versions.json").read_text())[name]
    folder = Path(tempfile.mkdtemp())
    try:
        shutil.copy(FIXTURES / f"{name}.safetensors", folder / "model.safetensors")
        for file, content in json.loads((FIXTURES / f"{name}.json").read_text()).items():
            (folder / file).write_text(json.dumps(content))
        layers = spectra.layers(spectra_io.open_model(folder))
        taken = {x.name: np.asarray(x.matrices(), np.float64) for x in layers if x.taken}
    finally:
        shutil.rmtree(folder)
    reasons = {x.tensor.name: x.reason for x in layers if not x.taken}
    missed: list[dict[str, Any]] = []
    wrong: list[dict[str, Any]] = []
    with np.load(FIXTURES / f"{name}.expected.npz") as expected:
        for layer, W in expected.items():
            got = taken.pop(layer, None)
            if got is None:
                why = next((r for n, r in reasons.items() if n.startswith(layer)), "")
                missed.append({"name": layer, "shape": list(W.shape), "reason": why})
                continue
            largest = np.abs(W).max(1, keepdims=True)
            bound = entry["layers"][layer] * largest
            if got.shape != (1, *W.shape) or (np.abs(got[0] - W) > bound).any():
                wrong.append({"layer": layer, "stored": list(got.shape), "fault": "other numbers"})
        wrong += [
            {"layer": n, "stored": list(got.shape), "fault": "a helper"}
            for n, got in taken.items()
            if any(n.startswith(f"{layer}.") for layer in expected)
        ]
        true = len(expected)
    right = true - len(missed) - sum(w["fault"] != "a helper" for w in wrong)
    return {
        "built": True, "opened": True, "true": true, "right": right, "turned": 0, "split": 0,
        "missed": missed, "wrong": wrong, "no_maps": [], "whole": [],
    }  # fmt: skip


def _fixtures() -> list[str]:
    return sorted(json.loads((FIXTURES / "versions.json").read_text()))


KINDS: dict[str, tuple[Iterable[str], Callable[[str], dict[str, Any]]]] = {
    "diffusers": (DIFFUSERS, diffusers_model),
    "peft": (PEFT, peft_adapter),
    "quantized": (_fixtures(), quantized),
}
