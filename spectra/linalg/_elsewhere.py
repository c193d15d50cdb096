"""Eigenvalues computed by another library than NumPy, of its own arrays or of blocks sent to it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from spectra._spectral import BLOCK
from spectra.errors import ArgumentError
from spectra.linalg._tall import scaled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from spectra._typing import AnyArray, FloatArray
    from spectra.linalg._tall import Tall
    from spectra.linalg.devices import Device

__all__ = ["Source", "largest_of", "scaled_values", "sent", "there"]

_SMALL_EXPONENT = 100  # of weights whose float32 is far from the subnormal numbers, which may be 0


class Source(NamedTuple):
    """A matrix with at least as many rows as columns, whose blocks are arrays of a device."""

    shape: tuple[int, int]
    blocks: Callable[[int], Iterator[Any]]  # of rows, over a power of two, in float64
    device: Device


def there(W: Any, device: Device, /) -> Source:
    """Return the blocks of an array that lies on a device."""
    xp = device.library
    if W.ndim != 2 or not xp.isdtype(W.dtype, ("bool", "integral", "real floating")):
        msg = f"`W` must be a matrix of real numbers, got {W.ndim}-D {W.dtype}"
        raise ArgumentError(msg)
    W = getattr(W, "detach", lambda: W)()  # in PyTorch: without the record for gradients
    upright = W if W.shape[0] >= W.shape[1] else W.T
    rows, columns = upright.shape
    step = max(1, BLOCK // max(1, columns))

    def blocks(exponent: int) -> Iterator[Any]:
        for start in range(0, rows, step):
            part = upright[start : min(start + step, rows), :]
            yield _divided(xp.astype(part, xp.float64, copy=False), exponent)

    return Source((rows, columns), blocks, device)


def sent(matrix: Tall, device: Device, /) -> Source:
    """Return the blocks of a matrix of NumPy or of a file, each sent to a device in its turn."""
    xp = device.library

    def on_device(part: AnyArray, exponent: int) -> Any:
        if part.dtype.itemsize > 8:  # longer floats, before their exponent is cut
            part, exponent = scaled(part, exponent), 0
        narrow = part.dtype.itemsize <= 4 and abs(exponent) < _SMALL_EXPONENT
        plain = np.array(part, np.float32 if narrow else np.float64)  # a copy that is ours
        block = xp.asarray(plain, device=device.place)
        return _divided(xp.astype(block, xp.float64, copy=False), exponent)

    def blocks(exponent: int) -> Iterator[Any]:
        return (on_device(part, exponent) for part in matrix.blocks())

    return Source(matrix.shape, blocks, device)


def _divided(block: Any, exponent: int) -> Any:
    """Return ``block / 2**exponent``."""
    half = -exponent // 2  # the whole power may be outside the range of float64
    return block * 2.0**half * 2.0 ** (-exponent - half) if exponent else block


def largest_of(source: Source, /) -> float:
    """Return the largest absolute value, ``nan`` if an element is not finite."""
    xp, found = source.device.library, 0.0
    for block in source.blocks(0) if source.shape[1] else ():
        if not bool(xp.all(xp.isfinite(block))):
            return math.nan
        found = max(found, float(xp.max(xp.abs(block))))
    return found


def _on_host(values: Any) -> AnyArray:
    """Copy numbers to NumPy."""
    import array_api_compat as compat

    if compat.is_torch_array(values) or compat.is_cupy_array(values):
        values = compat.to_device(values, "cpu")  # neither copies from a device unasked
    host: Any = np.from_dlpack if compat.is_torch_array(values) else np.asarray
    found: AnyArray = host(values)
    return found


def _gram(source: Source, exponent: int) -> Any:
    """Return the Gram matrix; beside it and one block a second matrix of its size is needed."""
    total: Any = None
    for block in source.blocks(exponent):
        product = block.T @ block
        if total is None:
            total = product
        else:
            total += product
        del product
    return total


def _without_zero_columns(gram: Any, source: Source, exponent: int) -> Any:
    """Return the part of a Gram matrix for the columns that are not zero."""
    xp = source.device.library
    dead = _on_host(xp.linalg.diagonal(gram)) == 0
    if not dead.any():
        return gram
    for block in source.blocks(exponent):  # squares may underflow
        dead &= ~_on_host(xp.any(block != 0, axis=0))
    alive = xp.asarray(np.flatnonzero(~dead), device=source.device.place)
    return xp.take(xp.take(gram, alive, axis=0), alive, axis=1)


def _triangle(source: Source, exponent: int) -> Any:
    """Return a matrix with the singular values of all blocks: R of a QR decomposition."""
    xp, columns = source.device.library, source.shape[1]
    held: list[Any] = []
    rows = 0
    for block in source.blocks(exponent):
        if rows >= 2 * columns:  # those of R, and as many: a QR for each block would take longer
            held = [xp.linalg.qr(xp.concat(held, axis=0), mode="reduced")[1]]
            rows = columns
        held.append(block)
        rows += block.shape[0]
    return xp.concat(held, axis=0)


def scaled_values(source: Source, exponent: int, /, *, rtol: float, error: float) -> FloatArray:
    """
    Return eigenvalues of ``W.T @ W`` over ``4**exponent``, for a matrix that is finite, not zero.

    They are those of the Gram matrix if its `error`, relative to the largest, is small enough.
    """
    xp, columns = source.device.library, source.shape[1]
    if rtol > 0:
        gram = _without_zero_columns(_gram(source, exponent), source, exponent)
        values = _found(xp.linalg.eigvalsh(gram))
        if math.isinf(rtol) or values[0] * rtol >= error * values[-1]:
            return np.pad(values.clip(min=0), (columns - len(values), 0))
        del gram
    singular = _found(xp.linalg.svdvals(_triangle(source, exponent)))
    return np.square(singular[::-1])


def _found(values: Any) -> FloatArray:
    """Copy results to NumPy, which some libraries return as ``nan`` without an error."""
    host: FloatArray = _on_host(values)
    if np.isnan(host).any():
        msg = "the algorithm of the device did not converge"
        raise np.linalg.LinAlgError(msg)
    return host
