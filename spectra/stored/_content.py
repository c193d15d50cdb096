"""Contents: the digest of the numbers of a layer."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import numpy as np

from spectra._spectral import BLOCK, InBlocks, in_blocks, stack_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spectra._typing import AnyArray

__all__ = ["content_of"]


def _upright(matrices: AnyArray | InBlocks) -> Iterator[AnyArray]:
    """Yield blocks of the matrices, along their longer side, so that any block size is the same."""
    parts = in_blocks(matrices)
    rows, columns = matrices.shape[-2:]
    step = max(1, BLOCK // max(1, min(rows, columns)))
    if parts is not None:
        yield from (part.T if rows < columns else part for part in parts.blocks(step))
        return
    for matrix in stack_of(np.asarray(matrices)):
        tall = matrix.T if rows < columns else matrix
        yield from (tall[start : start + step] for start in range(0, len(tall), step))


def content_of(matrices: Any, /) -> str:
    """
    Return the digest of the numbers of a layer, of their shape and of the type they are stored in.

    Neither the name of the layer, nor the format of the file, nor the order in memory counts. The
    matrix of a file is read in blocks. Empty for numbers that have no bytes of their own.
    """
    total = hashlib.sha256()
    shape = matrices.shape if len(matrices.shape) == 3 else (1, *matrices.shape)
    total.update(ascii(tuple(map(int, shape))).encode("ascii"))
    named = False
    for part in _upright(matrices):
        if part.dtype.hasobject:
            return ""
        if not named:
            total.update(part.dtype.name.encode())
            named = True
        ordered = np.ascontiguousarray(part, part.dtype.newbyteorder("<"))
        total.update(ordered.reshape(-1).view(np.uint8).data)
    return total.hexdigest()
