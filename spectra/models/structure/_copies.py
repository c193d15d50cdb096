"""Copies: compare the numbers of matrices that may be stored twice, upright or transposed."""

from __future__ import annotations

import secrets
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from spectra.errors import SpectraError
from spectra.models.lazy import Derived, Held, Source, rows
from spectra.models.structure._parts import whole

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from spectra._typing import AnyArray
    from spectra.models.tensors import Tensor

__all__ = ["without_copies"]

_FIRST = 1 << 16  # bytes compared at first, and of a tensor at a URL at each end
_BLOCK = 1 << 24  # bytes compared at a time
_LARGEST = 1 << 26  # bytes of a matrix that cannot be read in parts
_MIXING = (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9)  # odd, of splitmix64
_CORNER = 16  # rows and columns of a transposed copy that are compared at first


class _Laid(NamedTuple):
    """A matrix as it lies in a file: by rows, or by columns."""

    source: Source
    shape: tuple[int, ...]  # as it lies
    by_columns: bool

    def part(self, start: int, stop: int) -> AnyArray:
        """Read some rows, as they lie."""
        stop = min(stop, self.shape[0])
        found = rows(self.source, start, stop)()
        if found.shape != (stop - start, *self.shape[1:]):
            msg = f"rows {start} to {stop} of a matrix {self.shape} came as {found.shape}"
            raise SpectraError(msg)
        return np.ascontiguousarray(found)

    def height(self, size: int) -> int:
        """Return how many rows have a number of bytes, taken for numbers of eight bytes."""
        return max(1, size // max(1, self.shape[1] * 8))


def _is_transpose(function: object) -> bool:
    if not isinstance(function, partial) or function.func is not np.transpose:
        return False
    return bool(function.keywords == {"axes": (1, 0)})


def _laid(tensor: Tensor, *, local: bool) -> _Laid | None:
    """Return the matrix of a tensor; ``None`` if reading it in parts is not possible or cheap."""
    weight = whole(tensor)
    if weight is None or len(weight.shape) != 2:
        return None
    source, shape, turned = weight.source, weight.shape, False
    if isinstance(source, Derived) and _is_transpose(source.function):
        source, shape, turned = source.inputs[0], shape[::-1], True
    in_parts = isinstance(source, Held) or hasattr(source, "rows")
    if not in_parts and (not local or shape[0] * shape[1] * 8 > _LARGEST):
        return None
    return _Laid(source, shape, turned)


def _same(one: _Laid, other: _Laid, start: int, stop: int) -> bool:
    a, b = one.part(start, stop), other.part(start, stop)
    return a.dtype == b.dtype and a.tobytes() == b.tobytes()


def _equal(one: _Laid, other: _Laid, *, whole: bool) -> bool:
    """Return whether two matrices that lie alike have the same numbers; the ends, if not whole."""
    count, few = one.shape[0], one.height(_FIRST)
    ends = [(0, min(few, count)), (max(0, count - few), count)]
    step = one.height(_BLOCK)
    middle = [(start, start + step) for start in range(few, count - few, step)]
    return all(_same(one, other, *span) for span in (ends + middle if whole else ends))


def _mixed(array: AnyArray) -> AnyArray:
    """Return the bits of numbers as 64 bits of which each depends on all."""
    bits = array.view(f"u{array.dtype.itemsize}").astype(np.uint64)
    for factor in _MIXING:
        bits ^= bits >> np.uint64(32)
        bits *= np.uint64(factor)
    out: AnyArray = bits ^ (bits >> np.uint64(32))
    return out


def _factors(count: int, seed: int) -> AnyArray:
    """Return odd numbers of 64 bits."""
    drawn = np.random.default_rng(seed).integers(0, 1 << 64, count, dtype=np.uint64)
    out: AnyArray = drawn | np.uint64(1)
    return out


def _fingerprint(matrix: _Laid, seed: int) -> tuple[int, str]:
    """Return sum(a[i] b[j] mixed[i, j]) modulo 2^64, equal for a matrix and its transposed copy."""
    axes = (1, 0) if matrix.by_columns else (0, 1)
    ahead, along = (_factors(n, seed + axis) for n, axis in zip(matrix.shape, axes, strict=True))
    total, kind = 0, ""
    for start, block in _parts(matrix):
        kind = str(block.dtype)
        sums = _mixed(block) @ along
        total += int((sums * ahead[start : start + len(block)]).sum(dtype=np.uint64))
    return total % (1 << 64), kind


def _parts(matrix: _Laid) -> Iterator[tuple[int, AnyArray]]:
    step = matrix.height(_BLOCK)
    for start in range(0, matrix.shape[0], step):
        yield start, matrix.part(start, start + step)


def _turned(one: _Laid, other: _Laid) -> bool:
    """Return whether one matrix is stored as the transposed copy of another."""
    a, b = one.part(0, _CORNER), other.part(0, _CORNER)
    if a.dtype != b.dtype or a.dtype.itemsize not in (1, 2, 4, 8):
        return False
    corner, same = a[:, :_CORNER].tobytes(), b[:, :_CORNER].T.tobytes()
    if corner != same:
        return False
    seed = secrets.randbits(62)  # so that no file can be made to fit
    return _fingerprint(one, seed) == _fingerprint(other, seed)


def _is_constant(matrix: _Laid, *, whole: bool) -> bool:
    """Return whether all numbers of a matrix, or of its ends, are equal, as before any training."""
    first = matrix.part(0, 1).ravel()[:1]
    few = matrix.height(_FIRST)
    ends = (matrix.part(*span) for span in ((0, few), (max(0, matrix.shape[0] - few), 1 << 62)))
    parts = (block for _, block in _parts(matrix)) if whole else ends
    return all(np.array_equal(block, np.broadcast_to(first, block.shape)) for block in parts)


def _is_copy(tensor: Tensor, twin: Tensor, *, whole: bool) -> bool:
    one, other = (_laid(each, local=whole) for each in (tensor, twin))
    if one is None or other is None:
        return False
    try:
        if one.by_columns == other.by_columns:
            same = one.shape == other.shape and _equal(one, other, whole=whole)
        else:
            same = whole and one.shape == other.shape[::-1] and _turned(one, other)
        named_alike = bool(tensor.alias) and tensor.alias == twin.alias
        return same and (named_alike or not _is_constant(one, whole=whole))
    except (SpectraError, OSError, ValueError):  # told when the tensor is analysed
        return False


def without_copies(tensors: Mapping[str, Tensor], /, *, whole: bool = True) -> dict[str, Tensor]:
    """
    Compare every tensor with its twin, and leave out copies.

    Parameters
    ----------
    tensors : mapping of str to Tensor
        A model.
    whole : bool, default: True
        Whether all numbers are compared, or the first and the last rows; transposed copies are
        seen in the first case only.

    Returns
    -------
    dict of str to Tensor
        The model; copies have the role "tied".

    Notes
    -----
    Equal numbers say nothing of matrices that are constant, such as all zero: two of them are
    copies only if the file gives both the same name. A matrix and its transposed copy are compared
    by a sum of products over the bits of all numbers, for which each is read once in the order in
    which it lies.

    Examples
    --------
    >>> import numpy as np, spectra
    >>> arrays = {"embed_tokens.weight": np.eye(3), "lm_head.weight": np.eye(3)}
    >>> without_copies(spectra.from_arrays(arrays))["lm_head.weight"].note
    'the same numbers as embed_tokens.weight'
    """
    found = dict(tensors)
    for name, tensor in tensors.items():
        twin = tensors.get(tensor.twin) if tensor.twin else None
        if twin is None or twin.dtype != tensor.dtype or tensor.role == "tied":
            continue
        if _is_copy(tensor, twin, whole=whole):
            where = "" if whole else ", by the first and last rows"
            note = f"the same numbers as {twin.alias or twin.name}{where}"
            found[name] = replace(tensor, role="tied", note=note, weights=())
    return found
