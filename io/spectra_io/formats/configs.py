"""Configurations: what is written beside a model's weights about its shapes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from spectra.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from spectra_io.storage.files import File

__all__ = ["read_config"]

_MAX_SIZE = 1 << 22  # bytes; those of the largest models take a few thousand


def _read(file: File, name: str) -> dict[str, Any]:
    """Return a JSON object beside a file; an empty one if there is none that can be read."""
    try:
        found = file.beside(name, asked_by="the model")
        size = found.size()
        text = bytes(found.read(0, size)) if size <= _MAX_SIZE else b""
        config = json.loads(text.decode("utf-8"))
    except (ModelError, OSError, ValueError, RecursionError):  # a model needs none
        return {}
    return config if isinstance(config, dict) else {}


def read_config(file: File, names: Iterable[str] = (), /) -> dict[str, Any]:
    """
    Read the configuration that lies beside a file of weights.

    Parameters
    ----------
    file : File
        Weights.
    names : iterable of str, optional
        The tensors in them: of what they cannot need nothing is read.

    Returns
    -------
    dict
        The ``config.json``; for an adapter its ``adapter_config.json`` under ``"adapter"``; for
        GPTQ, where it is only there, the ``quantize_config.json`` under ``"quantization_config"``.
        Empty if there is none, or none that is a JSON object: a model can be read without.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from spectra_io.storage.files import LocalFile
    >>> folder = Path(tempfile.mkdtemp())
    >>> _ = (folder / "config.json").write_text('{"hidden_size": 8}')
    >>> read_config(LocalFile(folder / "model.safetensors"))
    {'hidden_size': 8}
    """
    config, known = _read(file, "config.json"), list(names)
    if any("lora" in name for name in known):
        config["adapter"] = _read(file, "adapter_config.json")
    if "quantization_config" not in config and any(n.endswith(".qweight") for n in known):
        config["quantization_config"] = _read(file, "quantize_config.json")
    return config
