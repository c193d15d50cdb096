"""Kinds of layers, by their use and their names."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["KINDS", "kind", "network_order"]

KINDS = (
    *("embedding", "attention", "mlp", "convolution", "recurrent", "adapter", "output"),
    "other",
)
"""Kinds of layers that the figures tell apart."""

_BY_ROLE = {
    "embedding": "embedding",
    "conv": "convolution",
    "recurrent": "recurrent",
    "lora_A": "adapter",
    "lora_B": "adapter",
    "update": "adapter",
    "experts": "mlp",
}
_PARTS = (
    ("output", r"(^|[./])(lm_head|classifier|cls|logits|score)([./_]|$)|^(output|head)(\.|$)"),
    ("attention", r"attn|attention|(^|[._/])(q|k|v|o|qkv|kv|query|key|value|wq|wk|wv|wo)"
                  r"(_?proj(ection)?)?(_lin)?([._/\[]|$)"),
    ("mlp", r"mlp|ffn|feed_?forward|experts?([._/]|$)|(gate|up|down|gate_up)_proj"
            r"|intermediate|(^|[./])output[./]dense"
            r"|(^|[._/])(c_)?fc_?[0-9]*([._/]|$)|(^|[._/])(w[123]|lin[12]|linear[12]|dense_h_to_4h)"
            r"([._/]|$)"),
)  # fmt: skip
_PATTERNS = tuple((word, re.compile(pattern, re.IGNORECASE)) for word, pattern in _PARTS)
_LONGEST = 200  # characters of a name that are looked at, from its end


def kind(name: str, role: str = "", /) -> str:
    """
    Return the kind of a layer: its role where that says it, else what its name looks like.

    Parameters
    ----------
    name : str
        Name of the layer.
    role : str, optional
        Use of the layer, the variable ``layer_type``.

    Returns
    -------
    str
        One of :data:`KINDS`.

    Examples
    --------
    >>> [kind(f"model.layers.3.{part}") for part in ("self_attn.q_proj", "mlp.up_proj")]
    ['attention', 'mlp']
    >>> kind("conv1", "conv"), kind("lm_head", "dense"), kind("x", "dense")
    ('convolution', 'output', 'other')
    """
    if role in _BY_ROLE:
        return _BY_ROLE[role]
    text = name[-_LONGEST:]
    return next((word for word, pattern in _PATTERNS if pattern.search(text)), "other")


def network_order(kinds: Sequence[str], /) -> list[int]:
    """
    Return layers of a file that keeps no order with embeddings first and the output layer last.

    Parameters
    ----------
    kinds : sequence of str
        Kind of each layer.

    Returns
    -------
    list of int
        Positions of the layers in the new order; others keep their order.

    Examples
    --------
    >>> network_order(["output", "embedding", "attention", "mlp"])
    [1, 2, 3, 0]
    """
    rank = {"embedding": 0, "output": 2}
    return sorted(range(len(kinds)), key=lambda i: rank.get(kinds[i], 1))
