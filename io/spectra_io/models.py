"""Models: open files, folders and URLs of every format."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import spectra
from spectra.errors import ModelError, ModelFormatError, ModelNotFoundError, one_line
from spectra.models.model import Model
from spectra.models.structure import interpret
from spectra.models.structure._maps_only import maps_only
from spectra.models.structure._ties import tied
from spectra_io.formats import folders
from spectra_io.formats.configs import read_config
from spectra_io.formats.contents import EXPECTED
from spectra_io.formats.folder_notes import part_note, rest_note, set_notes
from spectra_io.formats.kinds import KINDS, kind_of
from spectra_io.formats.missing import missing_notes
from spectra_io.formats.names import listed
from spectra_io.storage.files import LocalFile
from spectra_io.storage.hub_answers import INSTALL, is_installed, listing
from spectra_io.storage.hub_ids import parsed
from spectra_io.storage.paths import inside
from spectra_io.urls import Url, is_url, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    import numpy.typing as npt

    from spectra.models.tensors import Tensor
    from spectra_io.formats.found import Found
    from spectra_io.formats.kinds import Kind
    from spectra_io.storage.files import File
    from spectra_io.storage.hub_answers import Listing
    from spectra_io.storage.hub_ids import Reference

__all__ = ["open_file", "open_model"]


def _model(
    files: Sequence[File], name: str, known: Kind, found: Found, notes: Iterable[str]
) -> Model:
    """Return the model of what was found, with the configuration beside the first file."""
    tensors = found.tensors
    config = read_config(files[0], tensors) if found.config is None else found.config
    if known.has_graph:
        understood = tied(maps_only(tensors), {}, graph=True)
    else:
        understood = interpret(tensors, config)
    local = all(isinstance(file, LocalFile) for file in files)
    said = (*notes, *found.notes, *missing_notes(tensors))
    return Model(understood, name, known.name, config, local, tuple(map(one_line, said)))


def _alone(file: File, name: str) -> Model:
    """Open a file that was named itself."""
    known = kind_of(file)
    return _model([file], name, known, known.read([file]), part_note(file.name))


def open_file(file: File, /) -> Model:
    """
    Open a file of weights on a disk or at a URL.

    Parameters
    ----------
    file : File
        A safetensors, ONNX, GGUF, npz or npy file, or the index of shards.

    Returns
    -------
    Model
        The model, named as the file; see :func:`open_model`.

    Raises
    ------
    ModelNotFoundError
        If no tensor can be had, because a part of the model is missing.
    ModelFormatError
        If the file is not a model.

    Examples
    --------
    >>> import tempfile, numpy as np
    >>> path = Path(tempfile.mkdtemp()) / "model.npz"
    >>> np.savez(path, fc=np.ones((3, 2)))
    >>> open_file(LocalFile(path))
    <Model 'model.npz' npz, 1 tensor>
    """
    return _alone(file, file.name)


_PICKLED = frozenset({".bin", ".pt", ".pth", ".ckpt", ".pkl"})


def _name_of(path: Path) -> str:
    """Return the last part of a path, which may be written as a dot or two."""
    return path.name if path.name not in ("", "..") else path.resolve().name


def _weights(folder: Path, entries: Sequence[Path]) -> dict[str, ModelNotFoundError | None]:
    """Return the names of the files with weights, each with the error if it links to nothing."""
    endings = tuple(known.ending for known in KINDS if known.in_folders)
    found: dict[str, ModelNotFoundError | None] = {}
    for path in entries:
        if not path.name.endswith(endings) or not (path.is_symlink() or path.is_file()):
            continue
        try:
            inside(folder, path.name, asked_by=str(folder))
            found[path.name] = None
        except ModelNotFoundError as error:
            if not path.is_dir():
                found[path.name] = error
    return found


def _chosen(where: str, names: Sequence[str], known: Kind) -> Sequence[str]:
    """Return the files of the one model of a format that is read."""
    if known.in_shards:
        return folders.choose(names, folder=where)
    firsts = {known.whole(name): name for name in reversed(names)}
    one = folders.one_of(firsts.values(), what=known.noun, folder=where)
    return [name for name in names if known.whole(name) == known.whole(one)]


def _open_chosen(
    where: str,
    name: str,
    weights: Mapping[str, ModelNotFoundError | None],
    files_of: Callable[[list[str]], Sequence[File]],
) -> Model:
    """Open the model of a folder that has weights, and say which files were chosen."""
    sought = (known for known in KINDS if known.in_folders)
    known = next(k for k in sought if any(other.endswith(k.ending) for other in weights))
    chosen = _chosen(where, [other for other in weights if other.endswith(known.ending)], known)
    errors = {other: error for other in chosen if (error := weights[other])}
    if len(errors) == len(chosen):
        raise next(iter(errors.values()))
    files = files_of([other for other in chosen if other not in errors])
    found = known.read(files)
    rest = [other for other in weights if other not in {*chosen, *found.files}]
    notes = [*rest_note(chosen, rest, folder=name), *set_notes(chosen)]
    if errors:
        notes.append(f"not read: {listed(errors)}, a link to a file that is not there")
    return _model(files, name, known, found, notes)


def _no_weights(where: str, names: Sequence[str]) -> ModelNotFoundError:
    """Return the error for a folder without weights."""
    pickled = any(Path(name).suffix in _PICKLED for name in names)
    how = "; pickles are never opened, save the weights as safetensors" if pickled else ""
    found = listed(names) or "nothing"
    return ModelNotFoundError(f"{where}: no weights in this folder, found {found}{how}; {EXPECTED}")


def _open_folder(folder: Path) -> Model:
    entries = sorted(folder.iterdir())
    weights = _weights(folder, entries)
    if not weights:
        raise _no_weights(str(folder), [p.name for p in entries])
    return _open_chosen(
        str(folder),
        _name_of(folder),
        weights,
        lambda names: [LocalFile((folder / name).absolute()) for name in names],
    )


def _open_listing(asked: Reference, found: Listing, redirect_to: Iterable[str]) -> Model:
    """Open a file or a folder of a model on a hub, whose files are listed."""
    from spectra_io.storage.hub_files import Hub
    from spectra_io.storage.remote import files_on

    hub, at = Hub.of(found, redirect_to=redirect_to), found.reference
    if at.path in found.files:
        (file,) = files_on(hub, [Url(str(at))])
        return _alone(file, file.name)
    folder = f"{at.path}/" if at.path else ""
    inside_it = sorted(path[len(folder) :] for path in found.files if path.startswith(folder))
    names = [name for name in inside_it if "/" not in name]
    endings = tuple(known.ending for known in KINDS if known.in_folders)
    weights = {name: None for name in names if name.endswith(endings)}
    if not weights:
        raise _no_weights(str(asked), names)
    model = _open_chosen(
        str(asked),
        str(asked).rpartition("/")[2],
        weights,
        lambda chosen: files_on(hub, [Url(f"{at}/{name}") for name in chosen]),
    )
    return replace(model, notes=(f"{asked}: read at commit {at.revision}", *model.notes))


def _open_id(text: str, reference: Reference, redirect_to: Iterable[str]) -> Model:
    """Open a model on a hub by an id that is not the path of anything here."""
    msg = f"{text}: no such file or folder"
    if Path(text).parent.exists():
        msg += f"; for a model of this id on a hub, write hf://{text}; {EXPECTED}"
        raise ModelNotFoundError(msg)
    if not is_installed():
        msg += f"; it looks like the id of a model on a hub: to open it, {INSTALL}"
        raise ModelNotFoundError(msg)
    try:
        found = listing(reference)
    except ModelError as error:
        msg += f"; it looks like the id of a model on a hub: {error}"
        raise type(error)(msg) from None
    return _open_listing(reference, found, redirect_to)


def _open_url(url: str, redirect_to: Iterable[str]) -> Model:
    from spectra_io.storage.remote import file_at

    file = file_at(url, redirect_to=redirect_to)
    name = shown(url).rstrip("/").rpartition("/")[2]
    return _alone(file, name)


def _open_path(path: Path) -> Model:
    try:
        is_folder, is_file, is_there = path.is_dir(), path.is_file(), path.exists()
    except (OSError, ValueError) as error:
        msg = f"{shown(str(path))}: no such file or folder is possible: {error}; {EXPECTED}"
        raise ModelNotFoundError(msg) from error
    if is_folder:
        return _open_folder(path)
    if not is_there:
        msg = f"{shown(str(path))}: no such file or folder; {EXPECTED}"
        raise ModelNotFoundError(msg)
    if not is_file:
        msg = f"{path}: found a device or a pipe; {EXPECTED}"
        raise ModelFormatError(msg)
    return open_file(LocalFile(path.absolute()))


def open_model(
    path: str | os.PathLike[str] | Mapping[str, Tensor | npt.ArrayLike],
    /,
    *,
    redirect_to: Iterable[str] = (),
) -> Model:
    """
    Open a trained network; of its files only the headers are read.

    Parameters
    ----------
    path : path-like, str or mapping
        A safetensors, ONNX, GGUF, npz or npy file, a ``model.safetensors.index.json``, or a folder
        that holds an index with its shards, safetensors files, or one ONNX, GGUF or npz file; a URL
        of any of these (other than http and https with the extra ``remote``); the id of a model on
        a hub (with the extra ``hub``), as in ``"org/name"``, ``"org/name@revision"`` or
        ``"hf://org/name@revision/path"``; or arrays by name. Quantized numbers of GGUF files need
        the extra ``gguf``. A string that is the path of something is that path.
    redirect_to : iterable of str, default: ()
        Other hosts to which the server of a URL may redirect, as in ``["cdn.example.org"]`` or
        ``["*.cdn.example.org"]``. Without them a redirect to another host is refused; the message
        names that host.

    Returns
    -------
    Model
        Every tensor of the model by name; a tensor reads its numbers when asked. ONNX tensors
        come in the order of use, GGUF tensors in the order of the file, safetensors in natural
        order of their names. The model is named as the file, the folder, or the last part of the
        URL.

    Raises
    ------
    ArgumentError
        If a URL is not one, or nothing that reads its protocol is installed; or if one of
        `redirect_to` is not the name of a host.
    ModelError
        If a server or hub cannot be reached, does not give the file, or redirects to another host.
    ModelNotFoundError
        If nothing is at `path`, the folder has no weights, or no tensor can be had because a part
        of the model is missing.
    ModelFormatError
        If the file is not a model, or the folder holds several of equal place; the message says
        what was found and what was expected.

    See Also
    --------
    spectra.analyze : Analyse the model.

    Notes
    -----
    Of packed weights the few numbers that state their shape or layout are read too.

    In a folder with an index only the files that the index names are opened; in a folder without
    an index the safetensors files of the most usual name are, see
    :func:`spectra_io.formats.folders.choose`. The notes of the model say which files were not read
    and which tensors are missing. A ``config.json`` beside the weights says how q, k and v
    are fused, see :func:`spectra.models.structure.interpret`; a GGUF file says so itself. Of a
    split GGUF model all parts are opened, whichever is named.

    Examples
    --------
    >>> import tempfile, numpy as np
    >>> from safetensors.numpy import save_file
    >>> path = Path(tempfile.mkdtemp()) / "model.safetensors"
    >>> save_file({"fc.weight": np.ones((3, 2), dtype=np.float32)}, path)
    >>> model = open_model(path)
    >>> model.name, model.format, model["fc.weight"].role
    ('model.safetensors', 'safetensors', 'dense')
    """
    if isinstance(path, Mapping):
        return spectra.from_arrays(path)
    text = os.fspath(path)
    reference = parsed(text) if isinstance(text, str) else None
    if isinstance(text, str) and is_url(text):
        if reference:
            return _open_listing(reference, listing(reference), redirect_to)
        return _open_url(text, redirect_to)
    if reference and isinstance(path, str) and not os.path.lexists(path):
        return _open_id(path, reference, redirect_to)
    return _open_path(Path(path))
