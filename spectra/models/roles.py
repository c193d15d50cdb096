"""Roles: the use of a tensor in the network, guessed from name and shape if no file gives it."""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING

from spectra.models._not_maps import why_no_map

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["ROLES", "from_name", "is_named"]

ROLES: Mapping[str, str] = MappingProxyType(
    {
        "dense": "matrix of a linear map (Linear, Gemm, MatMul, attention projection)",
        "embedding": "table of vectors looked up by index",
        "conv": "convolution kernel, (out, in, positions...)",
        "recurrent": "input or state matrix of an LSTM, GRU or RNN, its gates stacked",
        "lora_A": "down-projection of a low-rank adapter",
        "lora_B": "up-projection of a low-rank adapter",
        "update": "update of a weight, computed from several factors of an adapter",
        "factor": "part of another weight or of an adapter, without a meaning of its own",
        "experts": "stack of the matrices of several experts",
        "norm": "scale, shift or statistics of a normalization",
        "bias": "vector added to the output of a layer",
        "quantized": "integers that stand for real weights, with an unknown scale",
        "scale": "scale, zero point or order of quantized weights",
        "tied": "the same numbers as another tensor",
        "constant": "part of the computation, not a trained matrix",
        "parameter": "numbers that are no linear map: decays, position biases, masks, vectors",
        "unused": "no operator uses it",
        "missing": "named by the model, but not to be had from its files",
        "unknown": "its name and shape do not say",
    }
)
"""Every role and its meaning."""

_WORD = re.compile(r"[a-zA-Z]+")
_EMBEDDING = {"emb", "embed", "embeds", "embedding", "embeddings", "wte", "wpe"}
_NORM = {"norm", "bn", "ln", "layernorm", "batchnorm", "rmsnorm", "groupnorm", "running"}
_RECURRENT = {"ih", "hh", "lstm", "gru", "rnn"}
_BIAS = {"bias", "beta", "b"}
_CONSTANT = {"scale", "scales", "inv", "absmax", "zeros", "qzeros", "freqs", "cos", "sin"}
_LORA = (
    ("lora_B", re.compile(r"(^|[^a-z])lora([._]up|_(embedding_)?b)", re.IGNORECASE)),
    ("lora_A", re.compile(r"(^|[^a-z])lora([._]down|_(embedding_)?a)", re.IGNORECASE)),
)
_WEIGHT = re.compile(
    r"weight|kernel|filter|^[wWkK]?[0-9]*\Z|original|_data\Z|_qdata\Z|diff\Z", re.IGNORECASE
)
_MAP = re.compile(
    r"weight|kernel|filter|proj|dense|linear|fc|mlp|conv|embed|query|key|value|qkv|gate|up|down|attn"
    r"|lora|hada|lokr|original|_v\Z|_orig\Z|_q?data\Z|_packed\Z|_blocks\Z"
    r"|^(wte|wpe|emb|lstm|gru|rnn|head|w)[0-9]*([_:].*)?\Z",
    re.IGNORECASE,
)
_LONGEST = 100  # characters of the last part of a name that are looked at
_MAX_KERNEL = {3: 31, 4: 64, 5: 31}  # patches of vision transformers reach 32 x 32


def _words(text: str) -> list[str]:
    return [word.lower() for word in _WORD.findall(text)]


def _looks_like_kernel(shape: Sequence[int], *, named: bool) -> bool:
    """Tell a kernel (out, in, positions...) from channels-last kernels and other stacks."""
    kernel, channels = max(shape[2:]), max(shape[:2])
    if len(shape) == 4 and shape[1] == shape[2] <= 11 < shape[3]:  # (out, height, width, in)
        return False
    usual = _MAX_KERNEL[len(shape)]
    if named and shape[1] == 1:  # a filter per output, however long
        return True
    return kernel <= max(channels, usual) if named else kernel <= min(channels, usual)


def _is_raw(name: str) -> bool:
    """Return whether a module has a parameter of a name that no weight has."""
    module, _, last = name.rpartition(".")
    return bool(module) and not _WEIGHT.search(last[-_LONGEST:])


def _matrix_role(words: set[str]) -> str:
    """Return the role of a matrix, given the words in the last part of its name."""
    if words & _EMBEDDING:
        return "embedding"
    if words & _NORM:
        return "norm"
    return "recurrent" if words & _RECURRENT and "linear" not in words else "dense"


def is_named(name: str, /) -> bool:
    """
    Return whether the name of a matrix says that it is one.

    Parameters
    ----------
    name : str
        Name of the tensor.

    Returns
    -------
    bool
        Whether the last part of the name has a word that is used for weights; False for a name from
        which nothing but the shape tells that the tensor is a linear map.

    Examples
    --------
    >>> is_named("encoder.fc1.weight"), is_named("visual.text_projection"), is_named("thing")
    (True, True, False)
    """
    last = name[-_LONGEST:].rpartition(".")[2].rpartition("/")[2]
    return bool(_MAP.search(last))


def from_name(name: str, shape: Sequence[int], /) -> str:
    """
    Guess the role of a tensor from its name and shape.

    Parameters
    ----------
    name : str
        Name of the tensor, with dots, slashes or underscores between its parts.
    shape : sequence of int
        Shape of the tensor.

    Returns
    -------
    str
        One of :data:`ROLES`.

    Notes
    -----
    Where the file states the use of a tensor, as an ONNX graph does, the role is taken from there.

    Examples
    --------
    >>> from_name("model.layers.0.self_attn.q_proj.weight", (64, 64))
    'dense'
    >>> from_name("model.embed_tokens.weight", (1000, 64))
    'embedding'
    >>> from_name("conv1.weight", (64, 3, 7, 7))
    'conv'
    >>> from_name("fc.bias", (64,))
    'bias'
    >>> from_name("mlp.experts.gate_up_proj", (8, 64, 256))
    'experts'
    """
    words = _words(name)
    last = words[-1] if words else ""
    if last == "bias":
        return "bias"
    if len(shape) < 2:
        return "norm" if {*words} & _NORM else "bias" if {*words} & _BIAS else "unknown"
    for role, pattern in _LORA:
        if pattern.search(name):
            return role
    if last in _CONSTANT:
        return "constant"
    if why_no_map(name, shape):
        return "parameter"
    if len(shape) == 2:
        module = name.removesuffix(".weight").rpartition(".")[2]
        return _matrix_role({*_words(module)})
    if len(shape) == 3 and shape[0] <= 2 and {*words} & _RECURRENT:
        return "recurrent"
    named = "conv" in words
    if len(shape) == 3 and not named and {*words} & {"expert", "experts", "moe"}:
        return "experts"
    if _is_raw(name) and not named:
        return "unknown"
    if len(shape) <= 5 and _looks_like_kernel(shape, named=named):
        return "conv"
    return "unknown"
