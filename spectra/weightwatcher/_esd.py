"""Eigenvalues of one layer, as WeightWatcher 0.7.7's get_ESD returns them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

import spectra.weightwatcher._arguments as _arguments
import spectra.weightwatcher._choice as _choice
import spectra.weightwatcher._shuffles as _shuffles
from spectra.linalg.eigen import eigenvalues

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    from spectra._typing import FloatArray
    from spectra.models.tensors import Tensor

__all__ = ["get_ESD"]

_RTOL = 1e-10


def get_ESD(
    model: Mapping[str, Tensor | npt.ArrayLike],
    layer: int | str,
    *,
    random: bool = False,
    rng: int | np.random.Generator | None = 0,
    start_ids: int = 0,
    **others: object,
) -> FloatArray:
    """
    Return the eigenvalues of one layer, or those of its shuffled weights.

    Parameters
    ----------
    model : mapping of str to Tensor or array_like
        Model as :func:`spectra_io.open_model` returns it, or arrays by name.
    layer : int or str
        Number (`layer_id`) or name of the layer.
    random : bool, default: False
        Whether the elements of each matrix are shuffled: five times, one list of eigenvalues after
        the other, if the layer has fewer than 100 eigenvalues, else once.
    rng : int, numpy.random.Generator or None, default: 0
        Seed of the shuffles, see :func:`spectra.weightwatcher.analyze`.
    start_ids : int, default: 0
        First `layer_id`; 0 for WeightWatcher's own numbers.
    **others : object
        Other arguments of WeightWatcher's ``get_ESD``, accepted with the value that asks for
        nothing; with any other value the error says what to use.

    Returns
    -------
    ndarray, shape (num_evals,)
        Eigenvalues of all matrices of the layer, ascending.

    Raises
    ------
    ArgumentError
        If `layer` is neither a number nor a name, or an argument is unknown.
    UnknownNameError
        If there is no such layer.
    ModelError
        If the layer cannot be read.

    Notes
    -----
    The eigenvalues of a convolution are not multiplied by 1/2 here, as they are in
    :func:`spectra.weightwatcher.analyze`. Without `layer` WeightWatcher returns those of the first
    layer; here it must be named.

    References
    ----------
    WeightWatcher 0.7.7, ``WeightWatcher.get_ESD``.

    Examples
    --------
    >>> import numpy as np
    >>> get_ESD({"fc.weight": np.diag([3.0, 1.0, 2.0])}, "fc")
    array([1., 4., 9.])
    """
    _arguments.check(get_ESD, others)
    generator = _shuffles.generator(rng)
    found = _choice.one(model, layer, start_ids=start_ids)
    matrices = found.matrices()
    if not random:
        return np.sort(np.concatenate([eigenvalues(W, rtol=_RTOL) for W in matrices]))
    wide = found.type == "conv2d" and matrices.shape[1] < matrices.shape[2]
    upright = matrices.swapaxes(1, 2) if wide else matrices
    return _shuffles.shuffled(upright, _shuffles.replicas(found.M * len(upright)), generator)
