"""Updates of LoRA pairs: the matrix or kernel that is added to a weight, and its eigenvalues."""

from __future__ import annotations

import math
import warnings
from typing import TYPE_CHECKING

import numpy as np

from spectra.errors import ArgumentError, ModelFormatError

if TYPE_CHECKING:
    import numpy.typing as npt

    from spectra._typing import FloatArray
    from spectra.models.adapters._pairs import Pair
    from spectra.models.tensors import Tensor

__all__ = ["MOST_ELEMENTS", "delta", "eigenvalues", "real"]

MOST_ELEMENTS = 1 << 30
"""Most elements of an update: 8 GB in double precision."""


def real(tensor: Tensor, /) -> FloatArray:
    """Read a tensor as float64, dequantized where the file stores quantized numbers."""
    whole = len(tensor.weights) == 1 and tensor.weights[0].shape == tensor.shape
    values = (tensor.weights[0] if whole else tensor).read()
    kind = values.dtype
    if kind.kind not in "fiub" and not kind.name.startswith(("bfloat", "float")):
        msg = f"{tensor.name}: half of a LoRA pair must be real numbers, found {kind.name}"
        raise ModelFormatError(msg)
    return np.asarray(values, np.float64)


def _known_scale(pair: Pair) -> float:
    return 1.0 if math.isnan(pair.scale) else pair.scale


def _halves(pair: Pair) -> tuple[FloatArray, FloatArray]:
    """Return B (out, rank) with the scale, and middle and A in one, (rank, in, positions...)."""
    A, B = real(pair.A), real(pair.B)
    left = _known_scale(pair) * B.reshape(B.shape[:2])
    if pair.middle is None:
        return left, A
    middle = real(pair.middle)
    if middle.ndim == 2:  # singular values
        return left, A * middle
    return left, np.einsum("sr...,ri->si...", middle, A.reshape(A.shape[:2]), optimize=True)


def _product(pair: Pair) -> FloatArray:
    """Return scale * B @ A with rows of outputs: (out, in, positions...)."""
    if math.prod(pair.shape) > MOST_ELEMENTS:
        msg = f"{pair.name}: an update of {math.prod(pair.shape)} elements, at most {MOST_ELEMENTS}"
        raise ModelFormatError(msg)
    left, right = _halves(pair)
    out: FloatArray = np.tensordot(left, right, 1)
    return out


def _norms(magnitude: Tensor, weight: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the magnitudes of DoRA and the norms that they replace, both shaped for `weight`."""
    along = 0
    if magnitude.name.endswith("dora_scale") and magnitude.ndim == weight.ndim:
        along = 0 if magnitude.shape[0] == weight.shape[0] else 1  # LyCORIS has both kinds
    if magnitude.size != weight.shape[along] or magnitude.size not in magnitude.shape:
        msg = f"{magnitude.name}: {magnitude.shape} magnitudes for a weight {weight.shape}"
        raise ModelFormatError(msg)
    shape = [1] * weight.ndim
    shape[along] = -1
    others = tuple(axis for axis in range(weight.ndim) if axis != along)
    norms = np.sqrt(np.square(weight).sum(axis=others, keepdims=True))
    return real(magnitude).reshape(shape), norms


def _turned(pair: Pair, update: FloatArray) -> FloatArray:
    return update.T if pair.embedding else update


def _of_base(pair: Pair, base: npt.ArrayLike | None) -> FloatArray | None:
    """Return the base of a DoRA pair as float64, with rows of outputs; None, and warn, without."""
    if base is None:
        msg = (
            f"{pair.name}: this is the part of low rank, scale * B @ A, of a DoRA update, which "
            f"depends on the weight that it was trained on; pass the weight as `base`, an array of "
            f"shape {pair.shape}"
        )
        warnings.warn(msg, UserWarning, stacklevel=3)
        return None
    try:
        values = np.asarray(base, np.float64)
    except (TypeError, ValueError) as error:
        msg = f"`base` must be an array of numbers: {error}"
        raise ArgumentError(msg) from error
    if values.shape != pair.shape:
        msg = f"`base` must be the weight of {pair.name}, {pair.shape}, got {values.shape}"
        raise ArgumentError(msg)
    return _turned(pair, values)


def delta(pair: Pair, /, *, base: npt.ArrayLike | None = None) -> FloatArray:
    r"""
    Return the update of a LoRA pair in the shape of the weight that it is added to.

    Parameters
    ----------
    pair : Pair
        The pair.
    base : array_like, optional
        Weight that the adapter was trained on, in the shape ``pair.shape``, weight units. The
        update of DoRA depends on it, other updates do not.

    Returns
    -------
    array of float, shape (out, in) or (out, in, positions...)
        Scale * B @ A, in weight units; B @ A if alpha is not known. For an embedding, the shape is
        (tokens, dimension). The part of low rank of a DoRA pair without `base`.

    Raises
    ------
    ArgumentError
        If `base` has another shape than the update.
    ModelError
        If the file cannot be read, A or B are not real numbers, or the update has more than 2^30
        elements.

    Warns
    -----
    UserWarning
        If a DoRA pair is given without `base`.

    Notes
    -----
    DoRA scales each row of the sum of base and update to a trained norm m:
    :math:`\Delta W = m (W + s B A) / \lVert W + s B A \rVert - W`. LyCORIS has a form with norms
    of the columns; the shape of the magnitudes tells the two apart.

    References
    ----------
    Hu et al. (2021), LoRA, arXiv:2106.09685, equation 3; Liu et al. (2024), DoRA,
    arXiv:2402.09353, equation 5.

    Examples
    --------
    >>> import spectra
    >>> from spectra.models.adapters import Pair
    >>> A = spectra.models.arrays.from_array("A", [[1.0, 0.0]])
    >>> B = spectra.models.arrays.from_array("B", [[2.0], [3.0]])
    >>> delta(Pair("fc", A, B, alpha=1.0))
    array([[2., 0.],
           [3., 0.]])
    """
    weight = _of_base(pair, base) if pair.magnitude is not None else None
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        update = _product(pair)
        if weight is not None and pair.magnitude is not None:
            merged = weight + update
            magnitudes, norms = _norms(pair.magnitude, merged)
            update = magnitudes / norms * merged - weight
    return _turned(pair, update)


def _stack(kernel: FloatArray) -> FloatArray:
    """Return the matrices of a kernel, one per position, as layers of convolutions have them."""
    if kernel.ndim > 2 and kernel.shape[1] == 1:
        return kernel.reshape(1, kernel.shape[0], -1)
    return np.moveaxis(kernel.reshape(*kernel.shape[:2], -1), -1, 0)


def eigenvalues(pair: Pair, /, *, base: npt.ArrayLike | None = None) -> FloatArray:
    r"""
    Return the eigenvalues of a LoRA update, without those that its rank forces to be zero.

    Parameters
    ----------
    pair : Pair
        The pair.
    base : array_like, optional
        Weight that the adapter was trained on, as for :func:`delta`.

    Returns
    -------
    array of float, shape (min(rank, out, in),)
        Eigenvalues as of :func:`spectra.eigenvalues`, ascending, in weight units squared; of B @ A
        if alpha is not known. Of a kernel, those of all positions, as :func:`spectra.layers` pools
        them. All ``nan`` if an element is not finite.

    Raises
    ------
    ArgumentError
        If `base` has another shape than the update.
    ModelError
        If the file cannot be read, or A or B are not real numbers.

    Warns
    -----
    UserWarning
        If a DoRA pair is given without `base`.

    Notes
    -----
    With :math:`B = Q R`, the eigenvalues are those of :math:`R A`, which has rank times in elements
    instead of out times in. An update of DoRA has full rank, so that all its eigenvalues are
    returned.

    Examples
    --------
    >>> import spectra
    >>> from spectra.models.adapters import Pair
    >>> A = spectra.models.arrays.from_array("A", [[1.0, 0.0]])
    >>> B = spectra.models.arrays.from_array("B", [[2.0], [3.0]])
    >>> eigenvalues(Pair("fc", A, B, alpha=1.0)).round(9)
    array([13.])
    """
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        weight = _of_base(pair, base) if pair.magnitude is not None else None
        if weight is not None:
            small = _stack(_turned(pair, delta(pair, base=base)))
        else:
            left, right = _halves(pair)
            small = np.linalg.qr(left, mode="r") @ _stack(right)
        if not np.isfinite(small).all():
            return np.full(small.shape[0] * min(small.shape[1:]), np.nan)
        values = np.linalg.svd(small, compute_uv=False)
        out: FloatArray = np.sort(np.square(values), axis=None)
    return out
