"""Configurations of GGUF files: the sizes in their metadata under the names of a config.json."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["config_of"]

_NAMES = {
    "embedding_length": "hidden_size",
    "block_count": "num_hidden_layers",
    "feed_forward_length": "intermediate_size",
    "attention.head_count": "num_attention_heads",
    "attention.head_count_kv": "num_key_value_heads",
    "attention.key_length": "head_dim",
    "attention.value_length": "v_head_dim",
    "attention.q_lora_rank": "q_lora_rank",
    "attention.kv_lora_rank": "kv_lora_rank",
    "expert_count": "num_experts",
    "expert_used_count": "num_experts_per_tok",
    "expert_feed_forward_length": "moe_intermediate_size",
    "context_length": "max_position_embeddings",
    "vocab_size": "vocab_size",
}


def config_of(metadata: Mapping[str, Any], /) -> dict[str, Any]:
    """
    Return the configuration of a model, as the metadata of its GGUF file state it.

    Parameters
    ----------
    metadata : mapping of str
        The metadata, without long values.

    Returns
    -------
    dict of str
        ``model_type`` and sizes such as ``hidden_size`` and ``num_attention_heads`` under the names
        of a ``config.json``, as far as the metadata have them; a size that differs from block to
        block is a list. ``"gguf"`` holds the metadata themselves, ``"adapter"`` the alpha of a
        LoRA adapter.

    Examples
    --------
    >>> found = config_of({"general.architecture": "llama", "llama.embedding_length": 64})
    >>> found["model_type"], found["hidden_size"]
    ('llama', 64)
    """
    config: dict[str, Any] = {"gguf": dict(metadata)}
    kind = metadata.get("general.architecture")
    if isinstance(kind, str):
        config["model_type"] = kind
        known = {name: metadata.get(f"{kind}.{key}") for key, name in _NAMES.items()}
        config |= {name: value for name, value in known.items() if value is not None}
    if "adapter.lora.alpha" in metadata:
        config["adapter"] = {"lora_alpha": metadata["adapter.lora.alpha"] or None}
    return config
