"""Model: the tensors of a trained network, with its name, format and configuration."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from spectra.dtypes import BY_NAME
from spectra.errors import ArgumentError, ModelFormatError, SpectraError, unknown_name
from spectra.models.lazy import blocks, rows
from spectra.models.tensors import Tensor

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from spectra._typing import AnyArray

__all__ = ["Model"]

_HEX_DIGITS = 32  # of a fingerprint: 128 bits
_UNREADABLE = "unreadable"
_BLOCK = 1 << 26  # bytes read at a time where a file can be read in parts
_MOST = 1 << 29  # bytes read at a time where it cannot, or that are computed of fewer


def _num_bytes(tensor: Tensor) -> int:
    """Return the bytes that the numbers of a tensor take in memory."""
    known = BY_NAME.get(tensor.dtype)
    return tensor.size * max(1, (known.bits if known else 64) // 8)


def _parts(tensor: Tensor) -> Iterator[AnyArray]:
    """Read a tensor, rows by rows where its source can be cut; refuse too much at a time."""
    count = tensor.shape[0] if tensor.ndim else 0
    in_file = hasattr(tensor.source, "num_bytes")  # a range of bytes that are there
    cut = count if count and hasattr(tensor.source, "rows") else 1
    if _num_bytes(tensor) > (cut if in_file else 1) * _MOST:
        msg = f"tensor {tensor.name!r} is too large to be read for a fingerprint"
        raise ModelFormatError(msg)
    step = max(1, _BLOCK * count // max(1, _num_bytes(tensor)))
    if cut == 1:
        parts = blocks(tensor.source, step, 0) if tensor.ndim == 2 and count else None
        yield from [tensor.read()] if parts is None else parts
        return
    for start in range(0, count, step):
        stop = min(start + step, count)
        shape = (stop - start, *tensor.shape[1:])
        yield replace(tensor, shape=shape, source=rows(tensor.source, start, stop)).read()


def _undecoded(tensor: Tensor) -> Tensor:
    """Return a tensor of the bytes from which the numbers of a tensor are decoded, if known."""
    stored = getattr(tensor.source, "stored", None)
    if stored is None:
        return tensor
    return replace(tensor, shape=stored.shape, dtype=stored.dtype, source=stored)


def _digest(tensor: Tensor) -> str:
    """Return the SHA-256 digest of the stored numbers, or a word if they cannot be read."""
    total = hashlib.sha256()
    try:
        for values in _parts(_undecoded(tensor)):
            if values.dtype.hasobject:  # the bytes are addresses in memory
                return _UNREADABLE
            ordered = values.astype(values.dtype.newbyteorder("<"), order="C", copy=False)
            total.update(ordered.reshape(-1).view(np.uint8).data)
    except (SpectraError, OSError, ValueError, MemoryError):  # as analyze passes them over
        return _UNREADABLE
    return total.hexdigest()


def _fingerprint(tensors: Mapping[str, Tensor]) -> str:
    """Return the digest of all tensors, in the order of their names."""
    total = hashlib.sha256()
    for name in sorted(tensors):
        tensor = tensors[name]
        shape = tuple(int(side) for side in tensor.shape)
        entry = (str(name), str(tensor.dtype), shape, _digest(tensor))
        total.update(ascii(entry).encode("ascii"))
    return total.hexdigest()[:_HEX_DIGITS]


@dataclass(frozen=True, eq=False, repr=False)
class Model(Mapping[str, Tensor]):
    """
    The tensors of a trained network by name, with the name of the model and where it is from.

    A read-only mapping, equal to any mapping with the same tensors. Picklable if its tensors are.

    Parameters
    ----------
    tensors : mapping of str to Tensor
        The tensors; their order is kept.
    name : str, default: ""
        Name of the file or folder without its folders; the last part of a URL without its query.
        Empty for arrays in memory.
    format : str, default: "arrays"
        Format of the files: ``"safetensors"``, ``"onnx"``, ``"gguf"``, ``"npz"`` or ``"npy"``;
        ``"arrays"`` for arrays in memory.
    config : mapping of str, optional
        The parsed ``config.json`` of the model, with the configuration of an adapter under
        ``"adapter"``; of a GGUF file the sizes in its metadata under the names of a
        ``config.json``, with the metadata themselves under ``"gguf"``. Empty if there is none.
    local : bool, default: True
        Whether the tensors are known to be readable without a network. The `fingerprint` of a
        model at a URL is empty, because it would fetch every byte of the model.
    notes : tuple of str, default: ()
        Sentences on how the files were opened: the files that were chosen among several, the
        tensors that are missing.

    Examples
    --------
    >>> import numpy as np
    >>> from spectra.models.arrays import from_array
    >>> weight = from_array("fc.weight", np.ones((3, 2)))
    >>> model = Model({"fc.weight": weight}, name="mlp.npz", format="npz")
    >>> model
    <Model 'mlp.npz' npz, 1 tensor>
    >>> model["fc.weight"].shape, model.fingerprint
    ((3, 2), 'c5f4711e628026698274af8713bb0db5')
    """

    tensors: Mapping[str, Tensor]
    name: str = ""
    format: str = "arrays"
    config: Mapping[str, Any] = field(default_factory=dict)
    local: bool = True
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Keep read-only copies of the two mappings."""
        for attribute in ("tensors", "config"):
            copied = MappingProxyType(dict(getattr(self, attribute)))
            object.__setattr__(self, attribute, copied)

    def __getitem__(self, name: str, /) -> Tensor:
        """Return the tensor of a name."""
        return self.tensors[name]

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names."""
        return iter(self.tensors)

    def __len__(self) -> int:
        """Return the number of tensors."""
        return len(self.tensors)

    def __repr__(self) -> str:
        """Return name, format and number of tensors in one line."""
        noun = "tensor" if len(self) == 1 else "tensors"
        return f"<Model {self.name!r} {self.format}, {len(self)} {noun}>"

    def __getstate__(self) -> dict[str, Any]:
        """Return the attributes with plain dictionaries, which can be pickled."""
        return {**vars(self), "tensors": dict(self.tensors), "config": dict(self.config)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Restore the attributes and make the mappings read-only again."""
        vars(self).update(state)
        self.__post_init__()

    @property
    def fingerprint(self) -> str:
        """
        Digest of the content: names, types, shapes and stored numbers of all tensors.

        The first 32 hexadecimal digits of a SHA-256 digest. Independent of the name of the model,
        of its format, of its configuration and of the order of its tensors. Empty for a model that
        is not local. Computed on first use, of arrays in memory on each use; files are read in
        parts of 64 MB. A tensor that cannot be read, or only as a whole of more than 512 MB (a
        sparse or compressed one), enters as unreadable. Blocks of quantized numbers of a GGUF file
        enter as the bytes that are stored, without being dequantized.
        """
        if not self.local:
            return ""
        if self.format == "arrays":  # kept by reference, they may have changed
            return _fingerprint(self.tensors)
        return self._kept

    @cached_property
    def _kept(self) -> str:
        return _fingerprint(self.tensors)

    def select(self, names: Iterable[str], /) -> Model:
        """
        Select tensors by their names.

        Parameters
        ----------
        names : iterable of str
            Names of tensors of the model.

        Returns
        -------
        Model
            The selected tensors in the order of the model, with the same name, format,
            configuration and notes. Its `fingerprint` is that of the selected tensors.

        Raises
        ------
        ArgumentError
            If `names` is a single string.
        UnknownNameError
            If the model has no tensor of one of the names.

        Examples
        --------
        >>> import numpy as np, spectra
        >>> model = spectra.from_arrays({"fc.weight": np.ones((3, 2)), "fc.bias": np.ones(3)})
        >>> list(model.select(["fc.weight"]))
        ['fc.weight']
        """
        if isinstance(names, str | bytes):
            msg = f"`names` must be several names, as in ['fc.weight'], got {names!r}"
            raise ArgumentError(msg)
        wanted = set(names)
        if unknown := wanted - self.tensors.keys():
            raise unknown_name(str(min(unknown, key=str)), self.tensors, what="tensor")
        return replace(self, tensors={n: t for n, t in self.tensors.items() if n in wanted})
