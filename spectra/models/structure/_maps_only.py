"""Maps of a graph: leave out vectors and tables of positions that a graph uses like weights."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from spectra.models._not_maps import why_no_map

if TYPE_CHECKING:
    from collections.abc import Mapping

    from spectra.models.tensors import Tensor

__all__ = ["maps_only"]

_BIAS = re.compile(r"(^|[._])bias\Z")
_LONGEST = 200  # characters at the end of a name that are looked at
_MAPS = frozenset(("dense", "embedding", "conv"))


def _why(tensor: Tensor) -> str:
    shape = tensor.weights[0].shape if len(tensor.weights) == 1 else tensor.shape
    if tensor.role != "embedding":  # of others the graph says that they are maps
        return why_no_map("", shape)
    name = tensor.alias or tensor.name
    return "biases of experts" if _BIAS.search(name[-_LONGEST:]) else why_no_map(name, shape)


def maps_only(tensors: Mapping[str, Tensor], /) -> dict[str, Tensor]:
    """
    Mark the tensors of a graph that are no linear map, as those of other files are marked.

    Parameters
    ----------
    tensors : mapping of str to Tensor
        A model, with the roles that its graph gives.

    Returns
    -------
    dict of str to Tensor
        The model. Matrices and kernels with at most one axis longer than 1, and tables that are
        called like rotary positions or biases of positions, have the role "parameter".

    Examples
    --------
    >>> import numpy as np, spectra
    >>> tensor = spectra.from_arrays({"dfl.weight": np.ones((1, 16, 1, 1))})["dfl.weight"]
    >>> maps_only({"dfl.weight": replace(tensor, role="conv")})["dfl.weight"].note
    'at most one axis is longer than 1'
    """
    found = dict(tensors)
    for name, tensor in tensors.items():
        matrices = tensor.ndim > 1 or bool(tensor.weights)
        if tensor.role in _MAPS and matrices and (what := _why(tensor)):
            found[name] = replace(tensor, role="parameter", note=what, weights=())
    return found
