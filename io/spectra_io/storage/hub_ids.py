"""Ids of models on a hub, such as ``org/name``: take one apart, and tell it from a path."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import quote, unquote

__all__ = ["Reference", "parsed"]

_PART = r"[A-Za-z0-9](?:[\w.-]{0,94}[A-Za-z0-9_])?"  # of an id
_REVISION = r"refs/(?:pr|convert)/[\w.-]+|[^/@?#\s]+"
_ID = re.compile(rf"({_PART}/{_PART})(?:@({_REVISION}))?(/[^?#]*)?", re.ASCII)
_OTHER_KINDS = frozenset({"datasets", "spaces", "buckets", "models", "kernels"})
_FILE = re.compile(
    r"(?i).*\.(?:safetensors|onnx|gguf|npz|npy|json|bin|pt|pth|ckpt|pkl|h5|keras|zip|tar|gz)"
)


class Reference(NamedTuple):
    """
    A model on a hub, or a part of it.

    Examples
    --------
    >>> str(parsed("org/name@v1.0")), parsed("hf://org/name/sub/model.onnx").path
    ('hf://org/name@v1.0', 'sub/model.onnx')
    """

    id: str
    """Owner and name: "org/name"."""
    revision: str = ""
    """Branch, tag or commit; empty for the main one."""
    path: str = ""
    """Path of a file or folder in the model; empty for the whole."""

    def __str__(self) -> str:
        """Return the URL; its revision with the signs of a URL, so that it stays one part."""
        revision = f"@{quote(self.revision, safe='')}" if self.revision else ""
        path = f"/{self.path}" if self.path else ""
        return f"hf://{self.id}{revision}{path}"


def parsed(text: str, /) -> Reference | None:
    """
    Take the id of a model on a hub apart.

    Parameters
    ----------
    text : str
        An id, ``org/name`` or ``org/name@revision``, or a URL ``hf://org/name[@revision][/path]``.

    Returns
    -------
    Reference or None
        The model; None if the text is neither. A path that ends as files of weights do is no id.

    Examples
    --------
    >>> parsed("org/name"), parsed("models/net.onnx"), parsed("./org/name")
    (Reference(id='org/name', revision='', path=''), None, None)
    """
    is_url = text.lower().startswith("hf://")
    found = _ID.fullmatch(text[len("hf://") :].rstrip("/") if is_url else text)
    if found is None:
        return None
    name, revision, path = found[1], unquote(found[2] or ""), (found[3] or "").lstrip("/")
    if name.partition("/")[0] in _OTHER_KINDS or (not is_url and (path or _FILE.fullmatch(name))):
        return None
    return Reference(name, revision, path)
