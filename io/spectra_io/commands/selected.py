"""Several models: open each, and select tensors by patterns that need not fit every model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spectra.errors import SpectraError, unknown_name
from spectra.models import selection
from spectra.models.model import Model
from spectra_io.commands import failures, steps
from spectra_io.terminal import screen
from spectra_io.urls import shown

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["opened_all", "opened_each"]


def opened_each(
    paths: Sequence[str],
    include: Sequence[str] = (),
    exclude: Sequence[str] = (),
    /,
    *,
    redirect_to: Sequence[str] = (),
) -> list[Model | Exception]:
    """
    Open models, and select the tensors of each whose names match the patterns.

    Parameters
    ----------
    paths : sequence of str
        Files, folders, URLs or ids of the models.
    include, exclude : sequence of str, optional
        Patterns of names, as in :func:`spectra.models.selection.by_name`.
    redirect_to : sequence of str, optional
        Other hosts to which the server of a URL may redirect.

    Returns
    -------
    list of Model or Exception
        For each path the selected tensors, or the reason why there are none: the model cannot be
        opened, or no pattern of `include` matches a tensor of it.

    Raises
    ------
    UnknownNameError
        If a pattern matches a tensor of none of several models.

    Examples
    --------
    >>> [type(found).__name__ for found in opened_each(["nowhere.onnx"])]
    ['ModelNotFoundError']
    """
    if len(paths) == 1:
        return [_tried(paths[0], include, exclude, redirect_to)]
    whole = [_tried(path, (), (), redirect_to) for path in paths]
    models = [each for each in whole if isinstance(each, Model)]
    for pattern in (*include, *exclude) if models else ():
        if not any(selection.by_name(model, include=[pattern]) for model in models):
            names = [name for model in models for name in steps.names_of(model)]
            raise unknown_name(pattern, {*names}, what="tensor of any model matches")
    return [
        _selected(path, each, include, exclude) if isinstance(each, Model) else each
        for path, each in zip(paths, whole, strict=True)
    ]


def _tried(
    path: str, include: Sequence[str], exclude: Sequence[str], redirect_to: Sequence[str]
) -> Model | Exception:
    try:
        return steps.opened(path, include, exclude, redirect_to=redirect_to)
    except (SpectraError, OSError, MemoryError) as error:
        return error


def _selected(
    path: str, model: Model, include: Sequence[str], exclude: Sequence[str]
) -> Model | Exception:
    """Return the selected tensors of one of several models; say which patterns match none."""
    patterns = dict.fromkeys((*include, *exclude))
    unmatched = [p for p in patterns if not selection.by_name(model, include=[p])]
    if include and {*include} <= {*unmatched}:
        return unknown_name(include[0], steps.names_of(model), what="tensor matches")
    for pattern in unmatched:
        screen.note(f"{shown(path)}: no tensor matches {pattern!r}")
    if not patterns:
        return model
    chosen = selection.by_name(model, include=include, exclude=exclude)
    screen.note(f"{shown(path)}: selected {len(chosen)} of {len(model)} tensors")
    return chosen


def opened_all(
    paths: Sequence[str],
    include: Sequence[str] = (),
    exclude: Sequence[str] = (),
    /,
    *,
    redirect_to: Sequence[str] = (),
) -> tuple[list[str], list[Model]]:
    """
    Open models as :func:`opened_each`, leaving out with a message those that cannot be opened.

    Parameters
    ----------
    paths : sequence of str
        Files, folders, URLs or ids of the models.
    include, exclude, redirect_to : sequence of str, optional
        As in :func:`opened_each`.

    Returns
    -------
    paths : list of str
        Paths of the models that are not left out.
    models : list of Model
        Their selected tensors.

    Raises
    ------
    UnknownNameError
        If a pattern matches a tensor of no model.
    ModelError
        If none of the models can be opened: the reason of the first.

    Examples
    --------
    >>> opened_all(["nowhere.onnx"])  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    spectra.errors.ModelNotFoundError: nowhere.onnx: no such file or folder; ...
    """
    found = opened_each(paths, include, exclude, redirect_to=redirect_to)
    models = {i: each for i, each in enumerate(found) if isinstance(each, Model)}
    for path, each in zip(paths, found, strict=True):
        if isinstance(each, Exception):
            if not models:
                raise each
            reason = failures.public(failures.message(each), paths)
            screen.note(f"{shown(path)}: left out: {reason.removeprefix(f'{shown(path)}: ')}")
    return [paths[i] for i in models], list(models.values())
