"""Choice of layers by WeightWatcher's arguments: numbers, names, types and sizes."""

from __future__ import annotations

from numbers import Integral
from typing import TYPE_CHECKING, Any

import spectra._checks as _checks
import spectra.weightwatcher._layers as _layers
from spectra.errors import ArgumentError, unknown_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import numpy.typing as npt

    from spectra.models.tensors import Tensor
    from spectra.weightwatcher._layers import Layer

__all__ = ["find", "one"]

_OTHER_TYPES = frozenset({"conv1d", "embedding", "norm"})  # of modules, not of stored tensors


def _sorted_out(wanted: Iterable[Any], layers: Sequence[Layer]) -> dict[str, list[Any]]:
    """Return numbers, types and names among the things asked for."""
    names = {layer.name for layer in layers}
    found: dict[str, list[Any]] = {"layer_id": [], "layer_type": [], "name": []}
    for item in wanted:
        if isinstance(item, Integral) and not isinstance(item, bool):
            found["layer_id"].append(int(item))
        elif not isinstance(item, str):
            msg = f"`layers` must be numbers, names or types of layers, got {item!r}"
            raise ArgumentError(msg)
        elif item in _layers.TYPES.values():
            found["layer_type"].append(item)
        elif item in _OTHER_TYPES and item not in names:
            msg = (
                f"`layers` asks for type {item!r}: stored tensors are 'dense' (two axes) or "
                "'conv2d' (four axes) only; give names or numbers of layers"
            )
            raise ArgumentError(msg)
        else:
            found["name"].append(str(item))
    if sum(map(bool, found.values())) > 1:
        msg = (
            "`layers` must be numbers, names or types, not a mixture, of which WeightWatcher uses "
            f"the last kind only; got {found}"
        )
        raise ArgumentError(msg)
    return found


def _by_sign(what: str, keep: set[Any], drop: set[Any], layers: Sequence[Layer]) -> list[Layer]:
    """Return the layers to keep, or all but those to skip; every one of them must exist."""
    known = {getattr(layer, what): layer for layer in layers}
    if keep and drop:
        msg = f"`layers` must be layers to keep or layers to skip (-), not both, got {keep}, {drop}"
        raise ArgumentError(msg)
    if unknown := (keep | drop) - known.keys():
        raise unknown_name(str(min(unknown)), map(str, known), what=what)
    kept = keep or known.keys() - drop
    return [layer for layer in layers if getattr(layer, what) in kept]


def _chosen(wanted: object, layers: list[Layer]) -> list[Layer]:
    """Return the layers that WeightWatcher's argument `layers` asks for."""
    single = isinstance(wanted, str | Integral) or not hasattr(wanted, "__iter__")
    items = [] if wanted is None else [wanted] if single else list(wanted)  # type: ignore[call-overload]
    found = _sorted_out(items, layers)
    if types := found["layer_type"]:
        return [layer for layer in layers if layer.type in types]
    if ids := found["layer_id"]:
        keep, drop = {i for i in ids if i >= 0}, {-i for i in ids if i < 0}
        return _by_sign("layer_id", keep, drop, layers)
    if names := found["name"]:
        known = {layer.name for layer in layers}
        drop = {n[1:] for n in names if n not in known and n.startswith("-") and n[1:] in known}
        keep = {n for n in names if n in known or n[1:] not in drop}
        return _by_sign("name", keep, drop, layers)
    return layers


def _limits(min_evals: int | None, max_evals: int | None, max_N: int | None) -> dict[str, int]:
    """Return limits as numbers, 0 for no limit."""
    found = {"min_evals": min_evals or 0, "max_evals": max_evals or 0, "max_N": max_N or 0}
    for name, value in found.items():
        _checks.count(name, value, at_least=0)
    return found


def find(
    model: Mapping[str, Tensor | npt.ArrayLike],
    /,
    *,
    layers: object = (),
    pool: bool = True,
    min_evals: int | None = 8,
    max_evals: int | None = 15000,
    max_N: int | None = 50000,
    start_ids: int = 0,
) -> list[Layer]:
    """
    Find the layers of a model, as WeightWatcher numbers, names and chooses them.

    Parameters
    ----------
    model : mapping of str to Tensor or array_like
        Model as :func:`spectra_io.open_model` returns it, or arrays by name.
    layers : int, str or sequence of them, optional
        Numbers, names or types of layers; all by default. See
        :func:`spectra.weightwatcher.analyze`.
    pool : bool, default: True
        Whether the eigenvalues of all kernel positions count together.
    min_evals, max_evals : int, optional
        Smallest and largest number of eigenvalues; 0 or None for no limit.
    max_N : int, optional
        Largest longer side; 0 or None for no limit.
    start_ids : int, default: 0
        First number; 0 for WeightWatcher's own.

    Returns
    -------
    list of Layer
        The layers, each of all its matrices, in WeightWatcher's order.

    Raises
    ------
    ArgumentError
        If an argument is out of range, or `layers` is contradictory.
    UnknownNameError
        If `layers` names a layer that is not there.

    Examples
    --------
    >>> import numpy as np
    >>> arrays = {"a.weight": np.eye(9), "b.weight": np.eye(9), "c.weight": np.eye(7)}
    >>> [layer.name for layer in find(arrays)], [layer.name for layer in find(arrays, layers=[-1])]
    (['a', 'b'], ['b'])
    """
    limits = _limits(min_evals, max_evals, max_N)
    chosen = _chosen(layers, _layers.every(model, start_ids=start_ids))

    def in_range(layer: Layer) -> bool:
        num = layer.M * layer.num_slices if pool else layer.M
        most = num <= limits["max_evals"] or not limits["max_evals"]
        return num >= limits["min_evals"] and most and not 0 < limits["max_N"] < layer.N

    return list(filter(in_range, chosen))


def one(
    model: Mapping[str, Tensor | npt.ArrayLike], layer: int | str, /, *, start_ids: int = 0
) -> Layer:
    """
    Find one layer by its number or name.

    Parameters
    ----------
    model : mapping of str to Tensor or array_like
        A model.
    layer : int or str
        Number or name of the layer, of any size.
    start_ids : int, default: 0
        First number; 0 for WeightWatcher's own.

    Returns
    -------
    Layer
        The layer.

    Raises
    ------
    ArgumentError
        If `layer` is neither a number nor a name.
    UnknownNameError
        If there is no such layer.

    Examples
    --------
    >>> import numpy as np
    >>> one({"fc.weight": np.eye(9)}, "fc").layer_id
    1
    """
    is_number = isinstance(layer, Integral) and not isinstance(layer, bool)
    if not (is_number or isinstance(layer, str)):
        msg = f"`layer` must be the layer_id or the name of a layer, got {layer!r}"
        raise ArgumentError(msg)
    every = _layers.every(model, start_ids=start_ids)
    what = "layer_id" if is_number else "name"
    found = next((known for known in every if getattr(known, what) == layer), None)
    if found is None:
        raise unknown_name(str(layer), (str(getattr(k, what)) for k in every), what=what)
    return found
