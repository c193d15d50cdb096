"""Pack the live elements of a matrix at its start, and put them back, without a copy of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from spectra._spectral import BLOCK, in_blocks

if TYPE_CHECKING:
    import numpy.typing as npt

    from spectra._typing import AnyArray

    Lines = npt.NDArray[np.bool_]

__all__ = ["copied", "live_lines", "packed", "unpack"]


def copied(W: npt.ArrayLike, /) -> AnyArray:
    """Return a copy of an array in its stored type, in row-major order; that of a file is read."""
    parts = in_blocks(W)
    if parts is None:
        return np.array(W, order="C")
    m, n = parts.shape
    step = _step(min(m, n))
    found: AnyArray | None = None
    for start, part in zip(range(0, max(m, n), step), parts.blocks(step), strict=True):
        if found is None:
            found = np.empty((m, n), part.dtype)
        (found.T if n > m else found)[start : start + step] = part.T if n > m else part
    return np.asarray(W) if found is None else found


def live_lines(W: AnyArray, /) -> tuple[Lines, Lines]:
    """Return which rows and columns of a matrix are not all zero."""
    rows, columns = np.zeros(W.shape[0], bool), np.zeros(W.shape[1], bool)
    step = _step(W.shape[1])
    for start in range(0, len(W), step):
        used = W[start : start + step] != 0
        rows[start : start + step] = used.any(axis=1)
        columns |= used.any(axis=0)
    return rows, columns


def packed(W: AnyArray, rows: Lines, columns: Lines, /) -> AnyArray:
    """Return the matrix of the live lines, moved to the start of `W`, which is overwritten."""
    shape = int(rows.sum()), int(columns.sum())
    flat = W.reshape(-1)[: shape[0] * shape[1]]
    if flat.size < W.size:
        kept, step, end = np.flatnonzero(rows), _step(W.shape[1]), 0
        for start in range(0, len(kept), step):
            part = W[kept[start : start + step]][:, columns]
            flat[end : end + part.size] = part.reshape(-1)
            end += part.size
    return flat.reshape(shape)


def unpack(W: AnyArray, rows: Lines, columns: Lines, /) -> None:
    """Put elements that lie packed at the start of `W` into its live lines, zeros elsewhere."""
    kept, width = np.flatnonzero(rows), int(columns.sum())
    if len(kept) * width == W.size:
        return
    flat, step, end = W.reshape(-1), _step(W.shape[1]), len(W)
    places = np.flatnonzero(columns)
    for start in reversed(range(0, len(kept), step)):
        lines = kept[start : start + step]
        part = flat[start * width : (start + len(lines)) * width].reshape(-1, width).copy()
        W[lines[0] : end] = 0
        W[lines[:, np.newaxis], places] = part
        end = lines[0]
    W[:end] = 0


def _step(width: int) -> int:
    """Return the number of rows in a block."""
    return max(1, BLOCK // max(1, width))
