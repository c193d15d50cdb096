"""Notes on folders: what the names of the files tell of the model that was read."""

from __future__ import annotations

from itertools import count, islice
from typing import TYPE_CHECKING

from spectra.errors import counted
from spectra_io.formats.folders import groups
from spectra_io.formats.names import listed

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["part_note", "rest_note", "set_notes"]

_LISTED = 5  # numbers in a note


def set_notes(names: Sequence[str], /) -> list[str]:
    """
    Say what the names of the chosen files tell of the model.

    Parameters
    ----------
    names : sequence of str
        Names of the chosen safetensors files.

    Returns
    -------
    list of str
        A sentence on the missing numbers of a set, or on files that are taken for parts.

    Examples
    --------
    >>> set_notes(["m-1-of-3.safetensors", "m-3-of-3.safetensors"])
    ['m-*-of-3.safetensors: 1 of 3 files is not there (number 2)']
    >>> set_notes(["a.safetensors", "b.safetensors"])[0].partition(",")[0]
    'read a.safetensors and b.safetensors as parts of one model'
    """
    found = groups(names)
    if len(found) > 1:
        labels = [group.label for group in found]
        both = " and ".join(labels) if len(labels) == 2 else listed(labels)
        why = "no two of them hold a tensor of the same name"
        return [f"read {both} as parts of one model, because {why}; name one to read it alone"]
    gone = found[0].total - len({n for n in found[0].numbers if 1 <= n <= found[0].total})
    if not found[0].total or gone <= 0:
        return []
    lacking = (n for n in count(1) if n not in found[0].numbers)
    numbers = listed(list(map(str, islice(lacking, min(gone, _LISTED)))))
    more = f" and {gone - _LISTED} more" if gone > _LISTED else ""
    where = f"number{'' if gone == 1 else 's'} {numbers}{more}"
    files = counted(found[0].total, "file")
    return [
        f"{found[0].label}: {gone} of {files} {'is' if gone == 1 else 'are'} not there ({where})"
    ]


def part_note(name: str, /) -> list[str]:
    """
    Say that a file is one of several by its name.

    Parameters
    ----------
    name : str
        Name of a file that is opened alone.

    Returns
    -------
    list of str
        A sentence, or nothing.

    Examples
    --------
    >>> part_note("m-1-of-3.safetensors")
    ['m-1-of-3.safetensors is one of 3 files; name the folder or the index to read all of them']
    """
    total = groups([name])[0].total
    how = "name the folder or the index to read all of them"
    return [f"{name} is one of {total} files; {how}"] if total > 1 else []


def rest_note(read: Sequence[str], rest: Iterable[str], /, *, folder: str) -> list[str]:
    """
    Say which files of a folder were not read, and how to read one of them.

    Parameters
    ----------
    read : sequence of str
        Names of the files that were read; only that of the index, if one was.
    rest : iterable of str
        Names of the other files with weights.
    folder : str
        Name of the folder.

    Returns
    -------
    list of str
        A sentence, or nothing if there are no other files.

    Examples
    --------
    >>> rest_note(["model.safetensors"], ["model.onnx"], folder="net")
    ['read model.safetensors, not model.onnx; name another file to read it: net/model.onnx']
    """
    others = groups(rest)
    if not others:
        return []
    single = next((group.label for group in others if not group.total), "")
    named = f"name another file to read it: {folder}/{single}"
    how = named if single else "put the files of another set into a folder of its own to read it"
    names = listed([group.label for group in groups(read)])
    what = f"the files that {names} names" if names.endswith(".index.json") else names
    return [f"read {what}, not {listed([group.label for group in others])}; {how}"]
