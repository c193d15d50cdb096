"""Steps shared by several commands: open a model, analyze it with progress, write files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import spectra
from spectra.errors import SpectraError, unknown_name
from spectra.models import selection
from spectra.results.variables import Status
from spectra_io.models import open_model
from spectra_io.results import files
from spectra_io.runs.executors import ThreadsWithProgress
from spectra_io.terminal import screen

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import xarray as xr

    from spectra.models.model import Model

__all__ = [
    "INCOMPLETE",
    "analyzed",
    "check_outputs",
    "exit_code",
    "is_missing",
    "opened",
    "write",
]

INCOMPLETE = 3
"""Exit code of a command that opened a model, and whose result is not complete."""

_FAILED = (Status.NOT_READ, Status.NOT_CONVERGED)  # another attempt, or another file, may succeed


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
        0 if at least one layer has a spectrum and every layer was read and computed, else
        :data:`INCOMPLETE`. Layers whose numbers have no spectrum (all zero, not finite, empty) were
        read.

    Examples
    --------
    >>> import numpy as np
    >>> models = {"fc": np.eye(3)}, {"v": np.ones(3)}
    >>> [exit_code(spectra.analyze(model), spectra.describe(model)) for model in models]
    [0, 3]
    """
    failed = ds.status.isin(_FAILED).any() or is_missing(tensors)
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
            raise unknown_name(pattern, _names(model), what="tensor matches")
    if not include and not exclude:
        return model
    chosen = selection.by_name(model, include=include, exclude=exclude)
    screen.note(f"selected {len(chosen)} of {len(model)} tensors")
    return chosen


def _names(model: Model) -> list[str]:
    """Return names that a pattern may match, those of layers first where the network has others."""
    others = any(tensor.alias for tensor in model.values())
    taken = [x for x in spectra.layers(model) if x.taken] if others else []
    known = [x.name if x.tensor.alias else x.tensor.name for x in taken]
    return list(dict.fromkeys([*known, *model]))


def analyzed(model: Model | Sequence[spectra.Layer], /, **options: Any) -> xr.Dataset:
    """
    Analyze a model in parallel, with a progress bar.

    Parameters
    ----------
    model : Model or sequence of Layer
        Model or layers to analyze.
    **options
        Options of :func:`spectra.analyze`.

    Returns
    -------
    xarray.Dataset
        Result of :func:`spectra.analyze`.

    Raises
    ------
    SpectraError
        If :func:`spectra.analyze` rejects an option.

    Examples
    --------
    >>> import numpy as np
    >>> analyzed(spectra.from_arrays({"fc": np.eye(3)})).num_evals.item()
    3
    """
    return spectra.analyze(model, executor=ThreadsWithProgress(), **options)


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
