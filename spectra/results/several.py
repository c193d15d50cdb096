"""Results of several models by name, however they are given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from spectra.errors import ArgumentError, one_line
from spectra.results.reading import one_model

if TYPE_CHECKING:
    from collections.abc import Iterator

    import xarray as xr

__all__ = ["by_model"]


def by_model(models: Any, /) -> dict[str, xr.Dataset]:
    """
    Return the results of each model by its name; of a single model too.

    Parameters
    ----------
    models : Dataset, mapping of str to Dataset, or sequence of Dataset
        Result of :func:`spectra.analyze`; for several models a Dataset with one dimension besides
        ``layer`` and ``mode``, or a Dataset for each.

    Returns
    -------
    dict of str to xarray.Dataset
        Results of each model with its own layers, in its own order. Names are those of the
        mapping, the labels of the dimension, or the attribute ``model``; equal names in a sequence
        are numbered.

    Raises
    ------
    ArgumentError
        If there is no model, a Dataset is not one, or it has several other dimensions.

    Examples
    --------
    >>> from spectra.results.dataset import from_rows
    >>> ds = from_rows({"fc1": {"alpha": 2.5}})
    >>> list(by_model({"first": ds, "second": ds})), list(by_model([ds, ds]))
    (['first', 'second'], ['model 1', 'model 2'])
    """
    import xarray as xr

    if isinstance(models, Mapping) and not isinstance(models, xr.Dataset):
        given = {str(name): ds for name, ds in models.items()}
        if not all(isinstance(ds, xr.Dataset) for ds in given.values()):
            one_model(models)  # type: ignore[arg-type]  # raises: no Dataset
    elif isinstance(models, Sequence) and not isinstance(models, str):
        given = {}
        for i, ds in enumerate(models):
            name = _named(one_model(ds), i)
            given[name if name not in given else f"{name} ({i + 1})"] = ds
    else:
        given = dict(_along(models))
    if not given:
        msg = "there must be at least one model, got none"
        raise ArgumentError(msg)
    return {one_line(name): one_model(ds) for name, ds in given.items()}


def _named(ds: xr.Dataset, number: int) -> str:
    return str(ds.attrs.get("model", "")) or f"model {number + 1}"


def _along(ds: Any) -> Iterator[tuple[str, xr.Dataset]]:
    """Give the results along the dimension besides layer and mode, by its labels."""
    import xarray as xr

    if not isinstance(ds, xr.Dataset):
        one_model(ds)  # raises
    others = [str(dim) for dim in ds.dims if dim not in {"layer", "mode"}]
    if not others:
        yield _named(ds, 0), ds
        return
    if len(others) > 1:
        choices = ", ".join(f"{dim}=0" for dim in others[1:])
        msg = (
            f"the Dataset must have one dimension besides layer and mode, got {others}: "
            f"choose with ds.isel({choices})"
        )
        raise ArgumentError(msg)
    (dim,) = others
    for i, label in enumerate(ds[dim].values.tolist()):
        plain = isinstance(label, str)
        yield (label if plain else f"{dim} {label}"), ds.isel({dim: i})
