"""Analyses of the commands: in parallel, with progress, until a signal stops them."""

from __future__ import annotations

import warnings
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import spectra
from spectra import measures, stored
from spectra.errors import SpectraWarning, StoreWarning
from spectra.results.variables import Status
from spectra_io.commands import signals, stops
from spectra_io.results import stores
from spectra_io.runs.plans import Planned, Resources, prepare_for
from spectra_io.terminal import screen

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import xarray as xr

    from spectra.measures import Measure
    from spectra.models.model import Model

__all__ = ["analyzed", "analyzed_each", "described"]


def analyzed(
    model: Model | Sequence[spectra.Layer],
    /,
    *,
    keep: bool = True,
    resources: Resources | None = None,
    store: stores.FolderStore | Path | None = None,
    **options: Any,
) -> xr.Dataset:
    """
    Analyze a model in parallel, with progress; after Ctrl-C or SIGTERM keep what is done.

    Parameters
    ----------
    model : Model or sequence of Layer
        Model or layers to analyze.
    keep : bool, default: True
        Whether an interrupt ends the work with the layers that are done, if there are any, rather
        than with an exception.
    resources : Resources, optional
        Number of workers, memory, and device.
    store : FolderStore or Path, optional
        Store of the results, or the folder of one that is made now.
    **options
        Other options of :func:`spectra.analyze`.

    Returns
    -------
    xarray.Dataset
        Result of :func:`spectra.analyze`. After an interrupt the layers that are not done have the
        status ``NOT_REACHED``, and the attribute ``stopped_by`` is the name of the signal. With a
        store, a line says how many layers were taken from it, and another what went wrong with it.

    Raises
    ------
    SpectraError
        If :func:`spectra.analyze` rejects an option.
    KeyboardInterrupt
        If the work is interrupted before a layer is done, or at any time without `keep`.

    Examples
    --------
    >>> import numpy as np
    >>> analyzed(spectra.from_arrays({"fc": np.eye(3)})).num_evals.item()
    3
    """
    stop, limits = signals.Stop(), resources or Resources()
    kept_in = stores.open_store(store) if isinstance(store, Path) else store
    recalled: list[bool] = []

    def is_taken(row: object) -> bool:
        recalled.append(stored.is_recalled(row))
        return stored.is_taken(row)

    executor = Planned(
        options.get("measures", measures.CORE),
        limits,
        stops=partial(signals.deferred, stop) if keep else None,
        is_taken=is_taken,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SpectraWarning)  # finish says it, for all measures
        warnings.simplefilter("always", StoreWarning)
        warnings.showwarning = partial(_noted, warnings.showwarning)
        ds = spectra.analyze(
            model, executor=executor, device=limits.device, store=kept_in, **options
        )
    if kept_in is not None:
        taken = executor.num_taken
        others = sum(recalled) - taken
        more = f", and the eigenvalues of {others} others" if others else ""
        screen.note(f"taken from the store: {taken} of {ds.sizes['layer']} layers{more}")
    if not stop():
        return ds
    if (ds.status == Status.NOT_REACHED).all():
        raise signals.Terminated if stop() == signals.TERMINATED else KeyboardInterrupt
    name = next(name for name, code in stops.CODES.items() if code == stop())
    return ds.assign_attrs({stops.STOPPED_BY: name})


def _noted(
    show: Callable[..., None], warning: Warning | str, category: type[Warning], *where: Any
) -> None:
    """Show a warning as Python does, that of a store as a line."""
    if issubclass(category, StoreWarning):
        screen.note(f"store: {warning}", fold=True)
    else:
        show(warning, category, *where)


def analyzed_each(models: Sequence[Model], /, **options: Any) -> list[xr.Dataset]:
    """
    Analyze models one after the other; after Ctrl-C or SIGTERM keep what is done.

    Parameters
    ----------
    models : sequence of Model
        Models to analyze.
    **options
        Options of :func:`analyzed`.

    Returns
    -------
    list of xarray.Dataset
        Results of the models that were begun; the last as :func:`analyzed` leaves it if the work
        was stopped.

    Raises
    ------
    SpectraError
        If :func:`spectra.analyze` rejects an option.
    KeyboardInterrupt
        If the work is interrupted before a layer is done.

    Examples
    --------
    >>> import numpy as np
    >>> models = [spectra.from_arrays({"fc": np.eye(n)}) for n in (3, 4)]
    >>> [ds.num_evals.item() for ds in analyzed_each(models)]
    [3, 4]
    """
    found: list[xr.Dataset] = []
    for model in models:
        try:
            found.append(analyzed(model, **options))
        except (KeyboardInterrupt, signals.Terminated) as error:
            if not found:
                raise
            name = "SIGINT" if isinstance(error, KeyboardInterrupt) else "SIGTERM"
            found[-1] = found[-1].assign_attrs({stops.STOPPED_BY: name})
        if stops.code_of(found[-1]):
            break
    return found


def described(
    models: Sequence[Model], asked: Sequence[Measure], resources: Resources, /, *, pool: bool
) -> list[xr.Dataset]:
    """
    Describe models, while the processes start that their analysis will need.

    Parameters
    ----------
    models : sequence of Model
        Models to describe.
    asked : sequence of callable
        Measures to take in the analysis.
    resources : Resources
        Number of workers, memory, and device.
    pool : bool
        As in :func:`spectra.describe`.

    Returns
    -------
    list of xarray.Dataset
        Result of :func:`spectra.describe` for each model.

    Examples
    --------
    >>> described([], measures.CORE, Resources(), pool=True)
    []
    """
    found = []
    for model in models:
        layers = spectra.layers(model, pool=pool)
        prepare_for([layer for layer in layers if layer.taken], asked, resources)
        found.append(spectra.describe(model, pool=pool))
    return found
