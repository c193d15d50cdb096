"""Parameters and constants that are stored like weights, and are no linear map."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["why_no_map"]

_END = r"(:0)?\Z"
_START = r"(^|[._/])"


def _last(words: str) -> re.Pattern[str]:
    """Match names whose last part is one of some words; ``.weight`` after it is of a module."""
    return re.compile(f"{_START}({words}){_END}")


_OPTIMIZER = "the state of an optimizer"
_TABLE: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("a state-space decay", _last(r"A_logs?|A_log_[a-z]|A_b_log|dt_bias")),
    (
        "a table of position biases",
        re.compile(
            _START
            + r"(relative_position_bias_tables?|relative_attention_bias|rel_pos_[hwd]|rel_pos_bias"
            r"|rel_pos_table|rel_pos_emb|(pos_)?bias_[uv]|r_[wrs]_bias|attention_biases"
            r"|attention_bias_table|relative_attention_bias_layer\.bias_values"
            r"|relative_bias|emb_rel_[kv]|rel_embeddings_table|pos_bias|position_bias"
            r"|rel_bias|relative_position_embedding|relative_position_bias)(\.weight|:0)?\Z"
        ),
    ),
    (
        "a table of positions added to the input",
        re.compile(
            _START + r"((abs(olute)?_|temporal_|spatial_|frame_|patch_|time_|freq_|query_|x_|y_)?"
            r"pos(ition(al)?)?_?(embed(ding)?s?|emb|enc(oding)?s?|table)"
            r"(_(window|vlm|cls|spatial|temporal|table|[a-z]|[0-9]+))?"
            r"|([a-z0-9_]+_)?ape|level_embed(ding)?s?)(\.embedding)?(:0)?\Z"
        ),
    ),
    (
        "learned queries",
        _last(r"(latent|learned|learnable|object|class)_quer(y|ies)|queries|projector\.query"),
    ),
    (
        "a vector that stands for a token",
        _last(
            r"(mask(ed)?|cls|class|reg(ister)?|dist(illation)?|sep|pad|storage|prompt|query|start|end"
            r"|no_object|no_mem|latent)_?(tokens?|embed(ding)?s?|queries|spec_embed|pos_enc)"
            r"(\.token)?|([a-z]+_)?embed(ding)?s?_padding|image_newline|masked_spec_embed|latents|mask_emb|seg_embed|view_seperator"
        ),
    ),
    (
        "scales and shifts of channels",
        _last(
            r"scale_shift_table|layer_?scale(_[0-9]+)?|layer_scale_parameter[0-9]*|gamma(_[0-9]+)?"
            r"|lambda[0-9]?|lambda_[qk][0-9]|ls[0-9]\.gamma|modulation|res(id)?_scale|skip_scale"
            r"|grn\.(weight|bias)|norm_(mean|std)|ada_scale|channel_scale"
        ),
    ),
    (
        "a parameter of an activation function",
        re.compile(
            _START
            + r"(snake[0-9]*|prelu|pelu|glu|act(ivation)?)\.(alpha|beta|weight|b1|b2|slope)\Z"
        ),
    ),
    (
        "a table of rotary positions",
        _last(
            r"(cos|sin)(_cached|_cache|_table)?|cos_sin_cache|freqs?(_cis)?|inv_freqs?|rope_freqs"
        ),
    ),
    ("a table of rotary positions", re.compile(r"(^|[._/])rotary_emb(edding)?s?([./]|\Z)")),
    (
        "a running statistic",
        _last(
            r"running_(mean|var|std)|moving_(mean|variance|var)|num_batches_tracked|(image|pixel)_(mean|std)"
            r"|ema_(count|sum)|cluster_size|embed_avg|cluster_usage"
        ),
    ),
    (
        "a codebook",
        re.compile(
            r"((^|[._/])(codebooks?|codevectors|centroids|code_embed)(\.[a-z_]+)?"
            r"|(^|[._/])(codebooks?|quantizers?|quantize|vq)(\.[a-z_0-9]+)*\.(embed(dings?)?|codebook)"
            r"(\.weight)?)\Z"
        ),
    ),
    (
        _OPTIMIZER,
        _last(r"(max_)?exp_(avg|inf)(_sq)?(_(row|col))?|momentum_buffer|square_avg|master_params?"),
    ),
    (
        "a mix of time steps",
        re.compile(
            r"(^|[._])(time_(?![a-z_0-9]*_w[0-9])(mix|maa|decay|first|faaaa|shift|state)[a-z_0-9]*|x_[rwkvag])\Z"
        ),
    ),
    (
        "a decay of attention",
        _last(r"slopes?|slope_rate|alibi(_slopes)?|(key|query|diagonal|head)_decay|decay_params?"),
    ),
    (
        "a fixed filter or window",
        _last(r"mel_(filters|basis|fb)|filter_?bank|fbank|dct_mat|(hann|stft)_?window|window|fb"),
    ),
    ("a mask", _last(r"(causal|attn|attention|tril|triu)_?mask|mask")),
    ("a copy in integers", _last(r"weight_integer|fc_scaling_factor|norm_scaling_factor")),
    ("sinks of attention", _last(r"sinks?")),
)
"""What a tensor is, and the names by which it is known."""

_MAPS = re.compile(r"(^|[._/])(lora|hada|lokr|oft|vera|adapter)_?|lora[._]")
_STATE = re.compile(r"(^|[./])optimizer(_state(s|_dict)?)?[./]")
_NUMBER = re.compile(r"[0-9]+")
_PARTS = 4  # of the end of a name, in which numbers do not count
_LONGEST = 200  # characters at the end of a name that are looked at


@lru_cache(maxsize=4096)
def _by_name(end: str) -> str:
    """Return what a tensor is by the end of its name; layers of a model have few different ends."""
    return next((what for what, pattern in _TABLE if pattern.search(end)), "")


def why_no_map(name: str, shape: Sequence[int], /) -> str:
    """
    Return what a tensor is, if it is stored like a weight and is no linear map.

    Parameters
    ----------
    name : str
        Name of the tensor.
    shape : sequence of int
        Shape of the tensor.

    Returns
    -------
    str
        For instance "a state-space decay"; empty if neither name nor shape speak against a map. A
        tensor with at most one axis longer than 1 is a vector, unless it is half of an adapter.

    Examples
    --------
    >>> why_no_map("layers.0.mixer.A_log", (64, 16)), why_no_map("layers.0.fc.weight", (64, 16))
    ('a state-space decay', '')
    >>> why_no_map("decoder.block.0.alpha", (1, 64, 1))
    'at most one axis is longer than 1'
    """
    if len(shape) < 2 or 0 in shape or _MAPS.search(name[-_LONGEST:]):
        return ""
    end = name[-_LONGEST:]
    parts = end.rsplit(".", _PARTS)
    alike = _NUMBER.sub("0", ".".join(parts[-_PARTS:]))
    if what := _by_name(alike) or (_OPTIMIZER if _STATE.search(end) else ""):
        return what
    return "at most one axis is longer than 1" if sum(n > 1 for n in shape) < 2 else ""
