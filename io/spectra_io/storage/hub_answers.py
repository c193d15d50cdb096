"""Answers of a hub: the files of a model, and what the errors of the hub's package mean."""

from __future__ import annotations

import re
from functools import partial
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, NamedTuple

from spectra.errors import ArgumentError, ModelError, ModelNotFoundError
from spectra_io.storage.answers import Forbidden
from spectra_io.storage.paths import is_inside

if TYPE_CHECKING:
    from collections.abc import Callable

    from spectra_io.storage.hub_ids import Reference

__all__ = ["INSTALL", "Listing", "asked", "endpoint", "is_installed", "listing", "tried"]

INSTALL = 'pip install "weightspectra[hub]"'
"""Advice for who has not installed what opens models of a hub."""

_LOGIN = "set HF_TOKEN, or log in with `hf auth login`"
_SECONDS = 30  # that the hub may take for a list of files


class Listing(NamedTuple):
    """
    The files of a model on a hub at one commit.

    Examples
    --------
    >>> from spectra_io.storage.hub_ids import Reference
    >>> Listing(Reference("org/name", "0a1b2c"), {"model.onnx": 8}).reference.revision
    '0a1b2c'
    """

    reference: Reference
    """The model, at the commit to which the revision led."""
    files: dict[str, int]
    """Length of every file by its path; -1 if the hub does not say it."""


class _Failed(NamedTuple):
    """An error of the hub: the class of ours that stands for it, and own words."""

    kind: type[ModelError]
    words: str


def _failed(error: Exception) -> _Failed:
    """Return what an error of the package means, in words that quote nothing of it."""
    from huggingface_hub import errors

    status = getattr(getattr(error, "response", None), "status_code", None)
    if isinstance(error, errors.GatedRepoError) or status == 403:
        return _Failed(
            Forbidden, f"the hub gives this model to those only who were granted access; {_LOGIN}"
        )
    if isinstance(error, errors.RepositoryNotFoundError):
        words = f"no model of this id on the hub, or a private one: for that, {_LOGIN}"
        return _Failed(ModelNotFoundError, words)
    if isinstance(error, errors.RevisionNotFoundError):
        return _Failed(ModelNotFoundError, "the model has no such revision")
    if isinstance(error, errors.HFValidationError):
        return _Failed(ModelNotFoundError, "not an id of a model, which is as in org/name")
    if isinstance(error, errors.OfflineModeIsEnabled):
        return _Failed(ModelError, "the hub is not asked, because HF_HUB_OFFLINE is set")
    if status == 401:
        return _Failed(Forbidden, f"the hub does not accept the token; {_LOGIN}")
    if status is not None:
        return _Failed(ModelError, f"the hub answers with the status {status}")
    return _Failed(ModelError, f"the hub cannot be reached ({type(error).__name__})")


def tried(work: Callable[[], Any]) -> Any:
    """
    Return the result of a request to the hub, or what went wrong.

    Parameters
    ----------
    work : callable
        The request, without arguments.

    Returns
    -------
    object
        The result, or a failure without the words of the package.

    Examples
    --------
    >>> tried(lambda: 1)
    1
    """
    try:
        return work()
    except Exception as error:  # the package and its client have many
        return _failed(error)


def asked(what: object, work: Callable[[], Any]) -> Any:
    """
    Return the result of a request to the hub.

    Parameters
    ----------
    what : object
        What was asked for, for the message.
    work : callable
        The request, without arguments.

    Returns
    -------
    object
        The result.

    Raises
    ------
    ModelNotFoundError
        If there is no such thing, or it is not given to us.
    ModelError
        If the hub cannot be reached. The error of the package is not in the chain of this one.

    Examples
    --------
    >>> asked("org/name", lambda: 1)
    1
    """
    found = tried(work)
    if isinstance(found, _Failed):
        msg = f"{what}: {found.words}"
        raise found.kind(msg)
    return found


def is_installed() -> bool:
    """
    Return whether models of a hub can be opened.

    Returns
    -------
    bool
        Whether the package of the extra ``hub`` is installed.

    Examples
    --------
    >>> is_installed()
    True
    """
    return find_spec("huggingface_hub") is not None


def _is_plain(path: str) -> bool:
    return is_inside(path) and path.isprintable() and not any(sign in path for sign in "%?#\\:;")


def endpoint() -> str:
    """
    Return the URL of the hub, which HF_ENDPOINT may state.

    Returns
    -------
    str
        The URL that the package uses.

    Examples
    --------
    >>> endpoint().startswith("http")
    True
    """
    from huggingface_hub import constants

    return str(constants.ENDPOINT)


def _info(reference: Reference) -> Any:
    from huggingface_hub import HfApi

    return HfApi(endpoint=endpoint()).model_info(
        reference.id, revision=reference.revision or None, files_metadata=True, timeout=_SECONDS
    )


def listing(reference: Reference, /) -> Listing:
    """
    Ask a hub for the files of a model, and for the commit to which its revision leads.

    Parameters
    ----------
    reference : Reference
        The model.

    Returns
    -------
    Listing
        The files at this commit, so that all of them are of one version.

    Raises
    ------
    ArgumentError
        If the extra ``hub`` is not installed.
    ModelNotFoundError
        If there is no such model or revision, or it is not given to us.
    ModelError
        If the hub cannot be reached.

    Examples
    --------
    >>> from spectra_io.storage.hub_ids import Reference
    >>> listing(Reference("org/name"))  # doctest: +SKIP
    Listing(reference=Reference(id='org/name', revision='0a1b2c', path=''), files={...})
    """
    if not is_installed():
        msg = f"{reference}: models of a hub are opened with an extra: {INSTALL}"
        raise ArgumentError(msg)
    info = asked(reference, partial(_info, reference))
    sizes = {
        file.rfilename: file.size if isinstance(file.size, int) else -1
        for file in info.siblings or ()
        if isinstance(file.rfilename, str) and _is_plain(file.rfilename)
    }
    commit = info.sha if isinstance(info.sha, str) and re.fullmatch(r"\w+", info.sha) else ""
    return Listing(reference._replace(revision=commit or reference.revision or "main"), sizes)
