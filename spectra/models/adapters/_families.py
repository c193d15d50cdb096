"""Families of adapters that are recognised by the names of their tensors and not computed."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Mapping

__all__ = ["FAMILIES", "families", "family_of"]

_BASE = "changes the weights it was trained on in a way that needs them"
_NOT = "is not read"

FAMILIES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "OFT": ("oft_R oft_embedding_R oft_r oft_blocks oft_diag", _BASE),
        "BOFT": ("boft_R boft_s", _BASE),
        "HRA": ("hra_u", _BASE),
        "IA3": ("ia3_l", "scales activations"),
        "VeRA": ("vera_lambda_b vera_lambda_d vera_A vera_B", _NOT),
        "PVeRA": ("pvera_lambda_b pvera_lambda_d pvera_A pvera_B", _NOT),
        "FourierFT": ("fourierft_spectrum", _NOT),
        "WaveFT": ("waveft_spectrum", _NOT),
        "VB-LoRA": ("vblora_logits_A vblora_logits_B vblora_vector_bank", _NOT),
        "RandLoRA": ("randlora_lambda randlora_gamma randlora_A randlora_B", _NOT),
        "DeLoRA": ("delora_A delora_B delora_lambda delora_w_norm", _BASE),
        "GLoRA": ("glora_A glora_B glora_C glora_D glora_E", _BASE),
        "GraLoRA": ("gralora_A gralora_B gralora_A_general gralora_B_general", _NOT),
        "HiRA": ("hira_A hira_B hira_embedding_A hira_embedding_B", _BASE),
        "MiSS": ("miss_block bone_block", _NOT),
        "SHiRA": ("shira_weight shira_indices", _NOT),
        "C3A": ("c3a_kernel", _NOT),
        "RoAd": ("road_theta road_alpha", _BASE),
        "PSOFT": ("psoft_R psoft_alpha psoft_beta", _BASE),
        "OSF": ("osf_svd_params _osf_U_low _osf_S_low _osf_V_low", _BASE),
        "Poly": ("poly_lora_A poly_lora_B poly_router", _NOT),
        "Lily": ("lily_A lily_B lily_router", _NOT),
        "PEANuT": ("peanut_A peanut_B peanut_encoders peanut_decoders", _BASE),
        "AdaMSS": ("adamss_A adamss_B", _NOT),
        "FRoD": ("frod_lambda_l frod_lambda_s_values frod_V frod_U", _BASE),
        "DEFT": ("deft_P deft_R", _BASE),
        "TinyLoRA": ("tinylora_v tinylora_A tinylora_B tinylora_P", _BASE),
        "UniLoRA": ("unilora_theta_d unilora_indices_A unilora_indices_B", _NOT),
        "supertuning": ("supertuning_values supertuning_lora_A supertuning_lora_B", _NOT),
        "BEFT": ("beft_bias", "changes biases"),
        "T-LoRA": ("lambda_layer", _NOT),
        "LN tuning": ("ln_tuning_layers", "changes normalizations"),
        "trainable tokens": ("trainable_tokens_delta", "replaces single rows of an embedding"),
        "X-LoRA": ("internal_xlora_classifier xlora_classifier", "mixes several adapters"),
        "adaption prompt": ("adaption_prompt adaption_gate", "adds inputs"),
        "prompt learning": ("prompt_embeddings prefix_task_cols prefix_task_rows", "adds inputs"),
    }
)
"""Parts of names, and the reason why no update is computed, by family."""

_BY_PART = {part: name for name, (parts, _) in FAMILIES.items() for part in parts.split()}
_WHOLE = {*FAMILIES["prompt learning"][0].split()}  # the file has no other part in these names
_LONGEST = 1000
_COMPANIONS: dict[str, tuple[str, tuple[str, ...]]] = {  # of LyCORIS: names that say little alone
    "lambda_layer": ("T-LoRA", ("q_layer.weight", "p_layer.weight")),
    "oft_blocks": ("OFT", ("rescale",)),
    "on_input": ("IA3", ("weight", "on_input")),
    "b2.weight": ("GLoRA", ("a1.weight", "a2.weight", "b1.weight", "b2.weight")),
    "bm.weight": ("GLoRA", ("a1.weight", "b2.weight", "bm.weight")),
}


def family_of(name: str, /) -> tuple[str, str] | None:
    """Return the family of a tensor and the name of its module; None if it is of no such family."""
    parts = name.split(".") if len(name) < _LONGEST else []
    for at, part in enumerate(parts):
        family = _BY_PART.get(part)
        if family and (part not in _WHOLE or at == 0):
            return family, ".".join(parts[:at])
    return None


def _companions(name: str, names: Container[str]) -> Iterator[tuple[str, str, str]]:
    """Yield name, family and module of the tensors that belong to one of a telling name."""
    for ending, (family, others) in _COMPANIONS.items():
        module = name.removesuffix(f".{ending}")
        every = [f"{module}.{other}" for other in others]
        if module != name and all(other in names for other in every):
            yield from ((other, family, module) for other in every)


def families(tensors: Mapping[str, object], /) -> dict[str, tuple[str, str]]:
    """Return family and module of every tensor that belongs to a family that is not computed."""
    named = {name: family_of(name) for name in tensors}
    found = {name: family for name, family in named.items() if family}
    for name in tensors:
        for other, family, module in _companions(name, tensors):
            found[other] = family, module
    return found
