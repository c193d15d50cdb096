"""Tiny random models of every type of transformers."""

from __future__ import annotations

import importlib
import inspect
import os
from typing import TYPE_CHECKING, Any

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import torch
import transformers
from torch import nn
from transformers import CONFIG_MAPPING, PretrainedConfig, PreTrainedModel

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["MOST_PARAMETERS", "build", "model_types", "randomize"]

MOST_PARAMETERS = 30_000_000
HEADS = (
    "AutoModelForCausalLM", "AutoModelForSeq2SeqLM", "AutoModelForMaskedLM",
    "AutoModelForImageTextToText", "AutoModelForImageClassification", "AutoModelForCTC",
    "AutoModelForSpeechSeq2Seq", "AutoModelForPreTraining", "AutoModel",
)  # fmt: skip
SMALL: dict[str, int] = {
    "vocab_size": 101, "hidden_size": 48, "d_model": 48, "n_embd": 48, "embed_dim": 48, "dim": 48,
    "num_hidden_layers": 2, "n_layer": 2, "n_layers": 2, "num_layers": 2, "depth": 2,
    "encoder_layers": 2, "decoder_layers": 2, "num_decoder_layers": 2, "num_encoder_layers": 2,
    "num_attention_heads": 6, "n_head": 6, "n_heads": 6, "num_heads": 6, "attention_heads": 6,
    "encoder_attention_heads": 6, "decoder_attention_heads": 6, "num_key_value_heads": 2,
    "intermediate_size": 80, "ffn_dim": 80, "d_ff": 80, "d_inner": 80, "dff": 80,
    "encoder_ffn_dim": 80, "decoder_ffn_dim": 80, "ffn_hidden_size": 80, "d_kv": 8,
    "moe_intermediate_size": 40, "shared_expert_intermediate_size": 56,
    "shared_intermediate_size": 56, "num_experts": 3, "num_local_experts": 3,
    "n_routed_experts": 4, "moe_num_experts": 3, "n_shared_experts": 2, "num_experts_per_tok": 2,
    "max_position_embeddings": 64, "n_positions": 64, "image_size": 32, "patch_size": 8,
    "head_dim": 8, "attention_head_dim": 8, "pad_token_id": 0, "embedding_size": 48,
    "q_lora_rank": 12, "kv_lora_rank": 10, "qk_nope_head_dim": 8, "qk_rope_head_dim": 4,
    "v_head_dim": 6, "n_group": 2, "topk_group": 1, "first_k_dense_replace": 1,
    "out_hidden_size": 48, "projection_dim": 24, "first_pass_layers": 1, "state_size": 8,
    "decoder_hidden_size": 24, "decoder_num_attention_heads": 3, "decoder_num_hidden_layers": 1,
    "decoder_intermediate_size": 40, "num_queries": 7, "num_channels": 3, "rotary_dim": 4,
    "linear_num_value_heads": 4, "linear_num_key_heads": 2, "linear_key_head_dim": 8,
    "linear_value_head_dim": 8, "conv_dim": 48, "lru_width": 48, "attention_hidden_size": 48,
    "mamba_d_state": 8, "mamba_n_heads": 12, "mamba_d_head": 8, "mamba_n_groups": 2,
    "mamba_expand": 2, "num_conv_pos_embeddings": 16, "num_conv_pos_embedding_groups": 4,
    "codebook_size": 32, "codebook_dim": 8, "num_filters": 4,
    "num_mel_bins": 20, "max_source_positions": 50, "max_target_positions": 40,
    "word_embed_proj_dim": 32, "attention_window": 8, "backbone_hidden_size": 48,
    "entity_vocab_size": 50, "entity_emb_size": 16, "width": 32,
}  # fmt: skip
DEPTH = {k: v for k, v in SMALL.items() if "layers" in k or k in ("depth", "vocab_size", "n_layer")}
LISTS = {
    "hidden_sizes": [16, 24, 32, 40, 48], "depths": [1, 1, 1, 1, 1], "embed_dims": [16, 24, 32, 40],
    "conv_dim": [16, 16, 16, 16, 16, 16, 16], "num_attention_heads": [1, 2, 2, 4],
}  # fmt: skip
_PLAIN: dict[str, Any] = {
    "vocab_size": 101, "hidden_size": 48, "num_hidden_layers": 2, "num_attention_heads": 6,
    "intermediate_size": 80, "max_position_embeddings": 64, "pad_token_id": 0,
}  # fmt: skip
_GROUPED = _PLAIN | {"num_key_value_heads": 2, "head_dim": 8}
_EXPERTS = _GROUPED | {
    "num_experts": 3, "num_local_experts": 3, "num_experts_per_tok": 2, "moe_intermediate_size": 40,
}  # fmt: skip
OWN: dict[str, dict[str, Any]] = {  # types whose sizes depend on one another
    "autoformer": {"prediction_length": 8, "d_model": 48, "lags_sequence": [1, 2, 3]},
    "dbrx": {
        "vocab_size": 101, "d_model": 48, "n_heads": 6, "n_layers": 2, "max_seq_len": 64,
        "attn_config": {"kv_n_heads": 2, "clip_qkv": 8.0, "rope_theta": 10000.0},
        "ffn_config": {"ffn_hidden_size": 40, "moe_num_experts": 3, "moe_top_k": 2},
    },
    "dots1": _EXPERTS | {"n_routed_experts": 4, "n_shared_experts": 2, "n_group": 1,
                         "topk_group": 1, "first_k_dense_replace": 1},
    "efficientnet": {"width_coefficient": 0.25, "depth_coefficient": 0.3, "hidden_dim": 64},
    "esm": _PLAIN | {"vocab_size": 33, "position_embedding_type": "rotary", "mask_token_id": 1},
    "falcon_h1": _GROUPED | {"mamba_d_ssm": 96, "mamba_n_heads": 12, "mamba_d_head": 8,
                             "mamba_d_state": 8, "mamba_n_groups": 2},
    "gpt_neo": {
        "vocab_size": 101, "hidden_size": 48, "num_layers": 2, "num_heads": 6,
        "attention_types": [[["global", "local"], 1]], "max_position_embeddings": 64,
        "intermediate_size": 80,
    },
    "hunyuan_v1_dense": _GROUPED,
    "hunyuan_v1_moe": _EXPERTS | {"moe_topk": 2},
    "informer": {"prediction_length": 8, "d_model": 48, "lags_sequence": [1, 2, 3]},
    "mamba2": {"vocab_size": 101, "hidden_size": 48, "num_hidden_layers": 2, "state_size": 8,
               "num_heads": 12, "head_dim": 8, "expand": 2, "n_groups": 2},
    "ministral": _GROUPED,
    "nemotron": _GROUPED,
    "time_series_transformer": {"prediction_length": 8, "d_model": 48, "lags_sequence": [1, 2, 3]},
    "lfm2_moe": _EXPERTS | {"num_dense_layers": 1, "layer_types": ["conv", "full_attention"]},
    "xlnet": {"vocab_size": 101, "d_model": 48, "n_layer": 2, "n_head": 6, "d_inner": 80},
}  # fmt: skip
ATTEMPTS: tuple[tuple[dict[str, Any], dict[str, list[int]]], ...] = (
    (SMALL, LISTS),
    ({k: v for k, v in SMALL.items() if k not in ("head_dim", "n_group", "topk_group")}, LISTS),
    (SMALL, {}),
    ({k: {48: 64, 6: 4}.get(v, v) for k, v in SMALL.items() if k != "head_dim"}, {}),
    ({k: v for k, v in SMALL.items() if k != "num_key_value_heads"}, {}),
    (DEPTH | {"hidden_size": 64, "d_model": 64, "intermediate_size": 80, "num_experts": 4}, {}),
    (DEPTH, {}),
    ({}, {}),
)


def model_types() -> list[str]:
    """Return all types of model that transformers knows."""
    return sorted(CONFIG_MAPPING.keys())


def _shrink(config: Any, small: dict[str, Any], lists: dict[str, list[int]], depth: int = 0) -> Any:
    for value in list(vars(config).values()):
        if isinstance(value, PretrainedConfig) and depth < 3:
            _shrink(value, small, lists, depth + 1)
    for name, new in small.items():
        old = getattr(config, name, None)
        if type(old) is int and old > new:
            _set(config, name, new)
    for name, sizes in lists.items():
        old = getattr(config, name, None)
        if isinstance(old, list | tuple) and old and all(type(n) is int for n in old):
            _set(config, name, type(old)(sizes[: len(old)]) if len(old) <= len(sizes) else old)
    layers = getattr(config, "num_hidden_layers", None)
    for name in ("layer_types", "mlp_layer_types", "layers_block_type"):
        kinds = getattr(config, name, None)
        if isinstance(kinds, list) and type(layers) is int and small and len(kinds) > layers:
            different = sorted(set(kinds), key=kinds.index)
            chosen = (different + kinds)[: max(layers, len(different))]
            _set(config, "num_hidden_layers", len(chosen))
            _set(config, name, chosen)
            layers = len(chosen)
    return config


def _set(config: Any, name: str, value: Any) -> None:
    try:
        setattr(config, name, value)
    except Exception:
        return


def _classes(config: Any) -> Iterator[Any]:
    """Yield callables that make a model of a config: with a head, bare, or by its class."""
    for name in HEADS:
        auto = getattr(transformers, name, None)
        if auto is not None and type(config) in auto._model_mapping:
            yield auto.from_config
    place = type(config).__module__.replace(".configuration_", ".modeling_")
    try:
        module = importlib.import_module(place)
    except ImportError:
        return
    for _, cls in inspect.getmembers(module, inspect.isclass):
        own = issubclass(cls, PreTrainedModel) and cls.__module__ == place
        if own and getattr(cls, "config_class", None) is type(config):
            yield cls._from_config if hasattr(cls, "_from_config") else cls


def build(kind: str, **settings: Any) -> nn.Module:
    """
    Build the smallest model of a type that its code allows.

    Parameters
    ----------
    kind : str
        Type of the model, as ``model_type`` of its config.
    **settings
        Entries of the config.

    Returns
    -------
    torch.nn.Module
        The model, with the weights of its own initialization.

    Raises
    ------
    RuntimeError
        If no attempt gives a model of at most 30 million parameters; the message has all errors.
    """
    errors = []
    own = OWN.get(kind)
    for small, lists in (({}, {}),) if own else ATTEMPTS:
        try:
            config = _shrink(CONFIG_MAPPING[kind](**(own or {}) | settings), small, lists)
        except Exception as error:
            errors.append(f"config: {type(error).__name__}: {str(error)[:80]}")
            continue
        tried = 0
        for make in _classes(config):
            tried += 1
            if tried > 3:
                break
            try:
                with torch.device("meta"):
                    count = sum(p.numel() for p in make(config).parameters())
                if not 0 < count <= MOST_PARAMETERS:
                    errors.append(f"{count:,} parameters")
                    continue
                model: nn.Module = make(config)
            except TimeoutError:
                raise
            except Exception as error:
                errors.append(f"{type(error).__name__}: {str(error)[:80]}")
                continue
            return model
        if not tried:
            errors.append("no class")
            break
    raise RuntimeError("; ".join(dict.fromkeys(errors)))


def randomize(model: nn.Module, seed: int = 1) -> None:
    """Give every parameter random numbers, so that no two matrices are equal."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.is_floating_point():
                parameter.copy_(torch.randn(parameter.shape, generator=generator) * 0.05)
