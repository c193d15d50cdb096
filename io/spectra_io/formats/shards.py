"""Shards: open the safetensors files that an index names, or several files without an index."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, NamedTuple

from spectra.errors import ModelError, ModelFormatError, ModelNotFoundError, counted
from spectra_io.formats.found import Found
from spectra_io.formats.json_texts import Refused, parsed
from spectra_io.formats.missing import absent, missing, not_there
from spectra_io.formats.names import listed, natural
from spectra_io.formats.safetensors_files import open_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from spectra.models.tensors import Tensor
    from spectra_io.formats.missing import Absent
    from spectra_io.storage.files import File

__all__ = ["open_files", "open_index"]

_MAX_INDEX = 1 << 25  # bytes; that of the largest public model takes about 10 MB
_MAX_TENSORS = 3 << 17  # of an index; the largest public models have 300,000
_MAX_MISSING = 1 << 17  # of these, that can be listed with a reason
_FEW = 1 << 10  # strings of an index besides names of tensors and files
_MAX_SHARDS = 4096  # files of an index; the largest public models have a few hundred

_Held = dict[str, dict[str, "Tensor"]]  # tensors by file and name


class _Lost(NamedTuple):
    """A file that cannot be had: the error, and what stands for the numbers of its tensors."""

    error: Exception
    source: Absent


def _lost(reason: str, error: Exception) -> _Lost:
    return _Lost(error, absent(reason, error))


def _opened(shards: Mapping[str, File]) -> tuple[_Held, dict[str, _Lost]]:
    """Open every file that can be opened."""
    held: _Held = {}
    lost: dict[str, _Lost] = {}
    for place, shard in shards.items():
        try:
            held[place] = open_file(shard)
        except ModelFormatError as error:
            first = str(error.__cause__ or error)  # without the second opinion
            lost[place] = _lost(first.replace(str(shard), place), error)
        except ModelError:  # of a server: another attempt may succeed
            raise
        except OSError as error:
            lost[place] = _lost(f"{place}: {error.strerror or error}", error)
    return held, lost


def _in_order(tensors: Iterable[Tensor]) -> dict[str, Tensor]:
    """Return tensors by name, in natural order of their names."""
    by_name = {tensor.name: tensor for tensor in tensors}
    return {name: by_name[name] for name in sorted(by_name, key=natural)}


def _places(held: _Held) -> dict[str, list[str]]:
    """Return the files that hold each tensor."""
    found: dict[str, list[str]] = {}
    for place, tensors in held.items():
        for name in tensors:
            found.setdefault(name, []).append(place)
    return found


def _undecided(name: str, places: list[str]) -> Tensor:
    """Return the missing tensor for one that several files hold."""
    reason = f"{listed(places)} hold a tensor of this name, and no index names one of them"
    return missing(name, absent(reason, ModelFormatError(f"tensor {name!r}: {reason}")))


def open_files(files: Iterable[File], /, *, one_set: bool = False) -> Found:
    """
    Open several safetensors files as one model, without an index.

    Parameters
    ----------
    files : iterable of File
        The files, which have different names.
    one_set : bool, default: False
        Whether the names of the files say that they are parts of one model. Then a tensor that
        several of them hold is missing, because nothing says which counts.

    Returns
    -------
    Found
        The tensors of all files in natural order of their names, with the role "unknown"; a note
        on every file that cannot be opened.

    Raises
    ------
    ModelFormatError
        If none of the files can be opened, two files that are not of one set hold a tensor of the
        same name, or several files of a set hold every tensor.

    Examples
    --------
    >>> open_files([]).tensors
    {}
    """
    shards = {file.name: file for file in files}
    held, lost = _opened(shards)
    if lost and not held:
        raise next(iter(lost.values())).error
    places = _places(held)
    twice = {name: found for name, found in places.items() if len(found) > 1}
    if twice and (not one_set or len(twice) == len(places)):
        name, (first, second, *_) = next(iter(twice.items()))
        msg = (
            f"{shards[second]}: tensor {name!r} is in {first} too, so they are not parts of one "
            f"model; found {listed(shards)}; name one of them"
        )
        raise ModelFormatError(msg)
    gone = listed([each.source.reason for each in lost.values()])
    notes = (f"not read: {gone}",) if lost else ()
    if len(held) == 1:
        return Found(next(iter(held.values())), notes)
    once = (held[found[0]][name] for name, found in places.items() if len(found) == 1)
    tensors = _in_order([*once, *(_undecided(name, found) for name, found in twice.items())])
    return Found(tensors, notes)


def _weight_map(file: File) -> dict[str, str]:
    """Return the file name of each tensor, as an index maps them."""
    size = file.size()
    if size > _MAX_INDEX:
        msg = f"{file}: an index of {size} bytes; at most {_MAX_INDEX} are read"
        raise ModelFormatError(msg)
    try:
        index: Any = parsed(bytes(file.read(0, size)), most=2 * _MAX_TENSORS + _FEW)
    except Refused as error:
        msg = f"{file}: the index is refused: {error}"
        raise ModelFormatError(msg) from error
    except (ValueError, RecursionError) as error:
        msg = f"{file}: not a JSON index of shards: {error}"
        raise ModelFormatError(msg) from error
    mapping = index.get("weight_map") if isinstance(index, dict) else None
    if not isinstance(mapping, dict) or not all(isinstance(f, str) for f in mapping.values()):
        msg = f"{file}: an index must map tensors to files under 'weight_map', this one does not"
        raise ModelFormatError(msg)
    places = set(mapping.values())
    for count, what, most in (
        (len(mapping), "tensors", _MAX_TENSORS),
        (len(places), "files", _MAX_SHARDS),
    ):
        if count > most:
            msg = f"{file}: an index of {count} {what}; at most {most} are read"
            raise ModelFormatError(msg)
    plain = {place: place and PurePosixPath(place).as_posix() for place in places}
    return {name: plain[place] for name, place in mapping.items()}


def _named(file: File, places: Iterable[str]) -> tuple[_Held, dict[str, _Lost], dict[str, File]]:
    """Open the files that an index names; refuse the index if it leads out of its folder."""
    shards: dict[str, File] = {}
    gone: dict[str, _Lost] = {}
    for place in places:
        try:
            shards[place] = file.beside(place, asked_by=f"the index {file.name}")
        except ModelNotFoundError as error:
            gone[place] = _lost(f"{place}: {not_there(error)}", error)
    held, broken = _opened(shards)
    return held, gone | broken, shards


def _mapped(
    file: File, mapping: Mapping[str, str], held: _Held, lost: Mapping[str, _Lost]
) -> Iterator[Tensor]:
    """Yield every tensor that an index names, from the file that it names."""
    elsewhere = _places(held)
    for name, place in mapping.items():
        if place in lost:
            yield missing(name, lost[place].source)
        elif name in held[place]:
            yield held[place][name]
        else:
            others = f"; {listed(elsewhere[name])} does" if name in elsewhere else ""
            reason = f"{place} does not hold it, although {file.name} says so{others}"
            error = ModelFormatError(f"tensor {name!r}: {reason}")
            yield missing(name, absent(reason, error))


def _check_missing(
    file: File, mapping: Mapping[str, str], held: _Held, lost: Mapping[str, _Lost]
) -> None:
    """Refuse an index of more missing tensors than a model may have."""
    count = sum(place in lost or name not in held[place] for name, place in mapping.items())
    if count > _MAX_MISSING:
        first = next(t for t in _mapped(file, mapping, held, lost) if t.role == "missing")
        msg = (
            f"{file}: {count} of the tensors that it names are missing; at most {_MAX_MISSING} "
            f"are listed ({first.note})"
        )
        raise ModelFormatError(msg)


def _superseded(mapping: Mapping[str, str], held: _Held, index: str) -> Iterator[str]:
    """Note the tensors that files hold beside the one that an index names for them."""
    names: dict[str, None] = {}
    places: dict[str, None] = {}
    for place, tensors in held.items():
        for name in tensors:
            if name in held.get(mapping.get(name, place), ()) and mapping.get(name, place) != place:
                names[name] = places[place] = None
    if names:
        what = f"{counted(len(names), 'tensor')} {'is' if len(names) == 1 else 'are'}"
        yield (
            f"{what} in several files, read from the file that {index} names: {listed(names)} "
            f"(not from {listed(places)})"
        )


def open_index(file: File, /) -> Found:
    """
    Open the shards that a ``*.safetensors.index.json`` names.

    Parameters
    ----------
    file : File
        The index.

    Returns
    -------
    Found
        The tensors of all shards in natural order of their names, with the role "unknown", each
        from the file that the index names. A tensor is missing if its file is missing or damaged
        or does not hold it. Tensors of the shards that the index does not name are read, too, if
        one shard holds them. The notes say what was superseded and what the index does not name.

    Raises
    ------
    ModelNotFoundError
        If no tensor can be had, because a shard is missing.
    ModelFormatError
        If the index is not in the format or leads out of its folder, or no tensor can be had.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from spectra_io.storage.files import LocalFile
    >>> index = Path(tempfile.mkdtemp()) / "model.safetensors.index.json"
    >>> _ = index.write_text('{"weight_map": {"w": "shard-1.safetensors"}}')
    >>> open_index(LocalFile(index))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    spectra.errors.ModelNotFoundError: ...shard-1.safetensors: no such file; ...
    """
    mapping = _weight_map(file)
    held, lost, shards = _named(file, sorted(set(mapping.values())))
    _check_missing(file, mapping, held, lost)
    named = list(_mapped(file, mapping, held, lost))
    more = {name: found for name, found in _places(held).items() if name not in mapping}
    unnamed = [
        held[found[0]][name] if len(found) == 1 else _undecided(name, found)
        for name, found in more.items()
    ]
    tensors = _in_order([*named, *unnamed])
    if tensors and all(tensor.role == "missing" for tensor in tensors.values()):
        if lost:
            raise next(iter(lost.values())).error
        name, place = next(iter(mapping.items()))
        msg = f"{shards[place]}: no tensor {name!r}, which the index {file.name} says is there"
        raise ModelFormatError(msg)
    notes = [*_superseded(mapping, held, file.name)]
    if more:
        what = counted(len(more), "tensor")
        notes.append(f"{what} of the shards not named by {file.name}, read too: {listed(more)}")
    return Found(tensors, tuple(notes), frozenset(mapping.values()))
