"""Configurations: read the JSON files beside the weights of a model."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from spectra.errors import ModelError, ModelNotFoundError
from spectra_io.storage.files import LocalFile

if TYPE_CHECKING:
    from collections.abc import Iterable

    from spectra_io.storage.files import File

__all__ = ["read_config"]

_MAX_SIZE = 1 << 22  # bytes of a file; the largest models need a few thousand
_ADAPTER = ("lora", "lokr_", "hada_", "base_model.model.", "prompt_embeddings")  # of PEFT


def _read(file: File, name: str) -> dict[str, Any]:
    """Return the JSON object of a file beside another; empty if it cannot be read."""
    try:
        found = file.beside(name, asked_by="the model")
        size = found.size()
        text = bytes(found.read(0, size)) if size <= _MAX_SIZE else b""
        config = json.loads(text.decode("utf-8"))
    except ModelNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as error:  # a model can be read without
        if isinstance(error, ModelError) and not isinstance(file, LocalFile):
            raise  # of a server: whether there is a configuration is not known
        return {}
    return config if isinstance(config, dict) else {}


def read_config(file: File, names: Iterable[str] = (), /) -> dict[str, Any]:
    """
    Read the configuration beside a file of weights.

    Parameters
    ----------
    file : File
        The file of weights, or one of several.
    names : iterable of str, optional
        Names of the tensors of the model. The configuration of an adapter or of GPTQ is read only
        if they have names of these kinds.

    Returns
    -------
    dict
        The ``config.json``. For an adapter the ``adapter_config.json`` is added under
        ``"adapter"``; for GPTQ the ``quantize_config.json`` under ``"quantization_config"``,
        unless ``config.json`` has that entry. Empty if there is no file, or no JSON object in it.

    Raises
    ------
    ModelError
        If a server does not say whether there is a file.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> folder = Path(tempfile.mkdtemp())
    >>> _ = (folder / "config.json").write_text('{"hidden_size": 8}')
    >>> read_config(LocalFile(folder / "model.safetensors"))
    {'hidden_size': 8}
    """
    config, known = _read(file, "config.json"), list(names)
    if any(word in name for name in known for word in _ADAPTER):
        config["adapter"] = _read(file, "adapter_config.json")
    if "quantization_config" not in config and any(n.endswith(".qweight") for n in known):
        config["quantization_config"] = _read(file, "quantize_config.json")
    return config
