"""Eigenvalues of an array of another library than NumPy, computed where the array lies."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from spectra._spectral import BLOCK
from spectra.errors import ArgumentError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from spectra._typing import FloatArray

__all__ = ["library_of", "scaled_values"]


def library_of(W: object, /) -> Any | None:
    """Return the functions of the array API for an array of another library; None of NumPy."""
    torch = type(W).__module__.partition(".")[0] == "torch"  # has no __array_namespace__
    if isinstance(W, np.ndarray | np.generic) or not (torch or hasattr(W, "__array_namespace__")):
        return None
    import array_api_compat

    return array_api_compat.array_namespace(W) if array_api_compat.is_array_api_obj(W) else None


def _blocks(W: Any, xp: Any) -> Callable[[int], Iterator[Any]]:
    """Return a function that yields blocks of the longer side in float64, over a power of two."""
    if W.ndim != 2 or not xp.isdtype(W.dtype, ("bool", "integral", "real floating")):
        msg = f"`W` must be a matrix of real numbers, got {W.ndim}-D {W.dtype}"
        raise ArgumentError(msg)
    W = getattr(W, "detach", lambda: W)()  # in PyTorch: without the record for gradients
    upright = W if W.shape[0] >= W.shape[1] else W.T
    rows, columns = upright.shape
    step = max(1, BLOCK // max(1, columns))

    def blocks(exponent: int) -> Iterator[Any]:
        half = -exponent // 2  # the whole power may be outside the range of float64
        for start in range(0, rows, step):
            block = xp.astype(upright[start : min(start + step, rows), :], xp.float64)
            if block.dtype != xp.float64:
                msg = (
                    f"`W` must be of a library that computes in float64, got {block.dtype} of "
                    f"{type(W).__module__}: with JAX, set jax_enable_x64; else pass a NumPy array"
                )
                raise ArgumentError(msg)
            yield block * 2.0**half * 2.0 ** (-exponent - half) if exponent else block

    return blocks


def _largest(blocks: Iterator[Any], xp: Any) -> float:
    """Return the largest absolute value, ``nan`` if an element is not finite."""
    found = 0.0
    for block in blocks:
        if not bool(xp.all(xp.isfinite(block))):
            return math.nan
        found = max(found, float(xp.max(xp.abs(block))))
    return found


def _triangle(blocks: Iterator[Any], xp: Any) -> Any:
    """Return a matrix with the singular values of all blocks: R of a QR decomposition."""
    R = next(blocks)
    for block in blocks:
        R = xp.linalg.qr(xp.concat((R, block), axis=0), mode="reduced")[1]
    return R


def _on_host(values: Any) -> FloatArray:
    """Copy numbers to NumPy."""
    import array_api_compat as compat

    if compat.is_torch_array(values) or compat.is_cupy_array(values):
        values = compat.to_device(values, "cpu")  # neither copies from a device unasked
    host: Any = np.from_dlpack if compat.is_torch_array(values) else np.asarray
    found: FloatArray = host(values)
    return found


def scaled_values(W: Any, xp: Any, /, *, rtol: float, error: float) -> tuple[FloatArray, int]:
    """
    Return eigenvalues of ``W.T @ W`` over ``4**exponent``, and the exponent.

    They are those of the Gram matrix if its `error`, relative to the largest, is small enough.
    """
    blocks = _blocks(W, xp)
    columns = min(W.shape)
    most = _largest(blocks(0), xp) if columns else 0.0
    if most == 0 or math.isnan(most):
        return np.full(columns, most), 0
    exponent = math.frexp(most)[1]
    if rtol > 0:
        gram: Any = 0.0
        for block in blocks(exponent):
            gram = block.T @ block + gram
        values = _on_host(xp.linalg.eigvalsh(gram))
        if math.isinf(rtol) or values[0] * rtol >= error * values[-1]:
            return values.clip(min=0), exponent
    singular = _on_host(xp.linalg.svdvals(_triangle(blocks(exponent), xp)))
    return np.square(singular[::-1]), exponent
