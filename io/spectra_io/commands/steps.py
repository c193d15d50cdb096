"""Steps shared by several commands: open a model, load stored results, write files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click
from click.core import ParameterSource

import spectra
from spectra.errors import ArgumentError, SpectraError, unknown_name
from spectra.models import selection
from spectra.results.variables import Status
from spectra_io.commands import stops
from spectra_io.models import open_model
from spectra_io.results import files, stores
from spectra_io.results.recognition import is_result
from spectra_io.terminal import screen

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    import xarray as xr

    from spectra.models.model import Model

__all__ = [
    "INCOMPLETE",
    "check_outputs",
    "exit_code",
    "is_missing",
    "loaded",
    "names_of",
    "opened",
    "refuse_lacking",
    "write",
]

INCOMPLETE = 3
"""Exit code of a command that opened a model, and whose result is not complete."""

_NAMED = 3  # variables that a message names
_FAILED = (Status.NOT_READ, Status.NOT_CONVERGED, Status.NOT_REACHED)  # may succeed another time


def check_outputs(outputs: Sequence[Path], /) -> None:
    """
    Check that the results can be written to every file, before the analysis.

    Parameters
    ----------
    outputs : sequence of Path
        Files to write.

    Raises
    ------
    ArgumentError
        If a file cannot be written.

    Examples
    --------
    >>> check_outputs([])
    """
    for output in outputs:
        files.check(output)


def exit_code(ds: xr.Dataset, tensors: xr.Dataset, /) -> int:
    """
    Return the exit code of an analysis.

    Parameters
    ----------
    ds, tensors : xarray.Dataset
        Results of :func:`spectra.analyze` and :func:`spectra.describe`.

    Returns
    -------
    int
        0 if at least one layer has a spectrum and every layer was read and computed, with all its
        measures, else :data:`INCOMPLETE`. Layers whose numbers have no spectrum (all zero, not
        finite, empty) were read. After an interrupt the code of the signal.

    Examples
    --------
    >>> import numpy as np
    >>> models = {"fc": np.eye(3)}, {"v": np.ones(3)}
    >>> [exit_code(spectra.analyze(model), spectra.describe(model)) for model in models]
    [0, 3]
    """
    if code := stops.code_of(ds):
        return code
    lacking = (ds.status == Status.COMPUTED) & (ds.status_reason != "")
    failed = ds.status.isin(_FAILED).any() or lacking.any() or is_missing(tensors)
    return INCOMPLETE if failed or not (ds.status == Status.COMPUTED).any() else 0


def is_missing(tensors: xr.Dataset, /) -> bool:
    """
    Return whether a tensor is missing that the model names.

    Parameters
    ----------
    tensors : xarray.Dataset
        Result of :func:`spectra.describe`.

    Returns
    -------
    bool
        Whether one has the role "missing".

    Examples
    --------
    >>> import numpy as np
    >>> is_missing(spectra.describe({"fc": np.eye(3)}))
    False
    """
    return bool((tensors.tensor_role == "missing").any())


def opened(
    path: str,
    include: Sequence[str] = (),
    exclude: Sequence[str] = (),
    /,
    *,
    redirect_to: Sequence[str] = (),
) -> Model:
    """
    Open a model, show its notes, and select the tensors whose names match the patterns.

    Parameters
    ----------
    path : str
        File, folder or URL of the model, or its id on a hub.
    include, exclude : sequence of str, optional
        Patterns of names, as in :func:`spectra.models.selection.by_name`.
    redirect_to : sequence of str, optional
        Other hosts to which the server of a URL may redirect.

    Returns
    -------
    Model
        Model of the selected tensors.

    Raises
    ------
    UnknownNameError
        If a pattern matches no tensor.
    ArgumentError
        If a URL is not one, or a host is not the name of a host.
    ModelError
        If the model cannot be opened.

    Examples
    --------
    >>> opened("nowhere.onnx")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    spectra.errors.ModelNotFoundError: nowhere.onnx: no such file or folder; ...
    """
    model = open_model(path, redirect_to=redirect_to)
    for sentence in model.notes:
        screen.note(sentence, fold=True)
    for pattern in (*include, *exclude):
        if not selection.by_name(model, include=[pattern]):
            raise unknown_name(pattern, names_of(model), what="tensor matches")
    if not include and not exclude:
        return model
    chosen = selection.by_name(model, include=include, exclude=exclude)
    screen.note(f"selected {len(chosen)} of {len(model)} tensors")
    return chosen


def names_of(model: Model, /) -> list[str]:
    """
    Return names that a pattern may match, those of layers first where the network has others.

    Parameters
    ----------
    model : Model
        The model.

    Returns
    -------
    list of str
        Names of layers and tensors, each once.

    Examples
    --------
    >>> import numpy as np
    >>> names_of(spectra.from_arrays({"fc.weight": np.eye(3)}))
    ['fc.weight']
    """
    others = any(tensor.alias for tensor in model.values())
    taken = [x for x in spectra.layers(model) if x.taken] if others else []
    known = [x.name if x.tensor.alias else x.tensor.name for x in taken]
    return list(dict.fromkeys([*known, *model]))


def loaded(
    paths: Sequence[str], /, *, unused: Collection[str] = (), only_tensors: bool = False
) -> tuple[list[xr.Dataset], list[xr.Dataset]] | None:
    """
    Load the results that stores and netCDF files hold, if the paths are those of such.

    Parameters
    ----------
    paths : sequence of str
        Paths that a command was given.
    unused : collection of str, optional
        Parameters of the command that choose what is computed.
    only_tensors : bool, default: False
        Whether only the tensors are loaded, which several runs of a store may have in common.

    Returns
    -------
    tuple of two lists of xarray.Dataset, or None
        What :func:`spectra.describe` and :func:`spectra.analyze` returned for each path; None if no
        path has results. The second is empty for the tensors only.

    Raises
    ------
    ArgumentError
        If there are models among the results, a file holds the results of several models, or such
        a parameter was given.

    Examples
    --------
    >>> loaded(["net.onnx"])
    """
    places = [Path(path) for path in paths]
    if not any(map(_has_results, places)):
        return None
    if others := [path for path in places if not _has_results(path)]:
        msg = f"{others[0]}: has no results, as other paths have; give either models or results"
        raise ArgumentError(msg)
    for name in filter(_is_given, unused):
        msg = f"{places[0]}: has results; --{name.replace('_', '-')} is for a model"
        raise ArgumentError(msg)
    tensors = [_of_one(path, files.load(path, group="tensors")) for path in places]
    return tensors, [] if only_tensors else [_of_one(path, files.load(path)) for path in places]


def _has_results(path: Path) -> bool:
    """Return whether a path is that of a store, of a run in one, or of saved results."""
    if path.suffix.lower() == ".nc" and path.is_file() and is_result(path):
        return True
    return stores.holds_runs(path)


def _of_one(path: Path, ds: xr.Dataset) -> xr.Dataset:
    """Return results; refuse those of several models."""
    if others := [str(dim) for dim in ds.dims if dim not in {"layer", "mode", "tensor"}]:
        msg = (
            f"{path}: must hold the results of one model, it has several along {others[0]!r}; "
            f"save one of them: spectra_io.load(...).isel({others[0]}=0)"
        )
        raise ArgumentError(msg)
    return ds


def refuse_lacking(path: str, names: Sequence[str], /) -> NoReturn:
    """
    Refuse a stored run that lacks variables, and say which command measures them.

    Parameters
    ----------
    path : str
        Store, or a run in it.
    names : sequence of str
        Variables that the run lacks.

    Raises
    ------
    ArgumentError
        Always.

    Examples
    --------
    >>> refuse_lacking("a.store", ["num_traps"])
    Traceback (most recent call last):
        ...
    spectra.errors.ArgumentError: a.store: the run lacks num_traps, which was not measured: run \
the same command on the model, with --store a.store
    """
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    place = Path(path)
    store = place if stores.is_store(place) or place.parent.name != "runs" else place.parent.parent
    words = "which was" if len(names) == 1 else "which were"
    is_file = place.suffix.lower() == ".nc" and not stores.holds_runs(place)
    msg = (
        f"{path}: the run lacks {', '.join(names[:_NAMED])}{more}, {words} not measured: "
        f"run the same command on the model{'' if is_file else f', with --store {store}'}"
    )
    raise ArgumentError(msg)


def _is_given(name: str) -> bool:
    """Return whether a parameter of the command stands on the command line."""
    context = click.get_current_context(silent=True)
    given = ParameterSource.COMMANDLINE
    return context is not None and context.get_parameter_source(name) is given


def write(ds: xr.Dataset, tensors: xr.Dataset, outputs: Sequence[Path], /) -> list[str]:
    """
    Write every file that can be written.

    Parameters
    ----------
    ds, tensors : xarray.Dataset
        Results of :func:`spectra.analyze` and :func:`spectra.describe`.
    outputs : sequence of Path
        Files to write.

    Returns
    -------
    list of str
        For every file that was not written the reason.

    Examples
    --------
    >>> import numpy as np
    >>> model = {"fc": np.eye(3)}
    >>> write(spectra.analyze(model), spectra.describe(model), [])
    []
    """
    problems = []
    for output in outputs:
        try:
            files.save(ds, output, tensors=tensors)
            screen.note(f"wrote {output}")
        except (OSError, SpectraError, ValueError) as error:
            reason = str(getattr(error, "strerror", "") or error).removeprefix(f"{output}: ")
            problems.append(f"{output}: not written: {reason}")
    return problems
