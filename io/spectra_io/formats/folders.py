"""Folders: choose the files of one model among all files of a folder, by their names."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from spectra.errors import ModelFormatError
from spectra_io.formats.names import listed, natural

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["Group", "choose", "groups", "is_one_set", "one_of"]

_NUMBERED = re.compile(r"(.*)([-_.])(\d{1,9})-of-(\d{1,9})(.*)(\.safetensors)", re.DOTALL)
_ENDINGS = (".safetensors.index.json", ".safetensors")
_USUAL = (  # names of the weights of a model, those of the whole network before the others
    *("model", "diffusion_pytorch_model", "pytorch_model"),
    *("open_clip_model", "open_clip_pytorch_model", "consolidated"),
    *("adapter_model", "pytorch_lora_weights"),
)


class Group(NamedTuple):
    """
    Files that are one model by their names: a single file, or a numbered set.

    Examples
    --------
    >>> groups(["m-2-of-2.safetensors", "m-1-of-2.safetensors"])[0].label
    'm-*-of-2.safetensors'
    """

    label: str
    """Name of the file, or the names of the set with a star for the number."""
    stem: str
    """Name without number and ending, with the variant: "model.fp16"."""
    total: int
    """Number of files in the set by their names; 0 for a single file."""
    files: tuple[str, ...]
    """Names of the files, in natural order."""
    numbers: frozenset[int] = frozenset()
    """Numbers of the files of a set."""


def _stem(name: str) -> str:
    ending = next((ending for ending in _ENDINGS if name.endswith(ending)), "")
    return name.removesuffix(ending)


def groups(names: Iterable[str], /) -> list[Group]:
    """
    Sort the names of files into models.

    Parameters
    ----------
    names : iterable of str
        Names of files in one folder.

    Returns
    -------
    list of Group
        In natural order: every set ``NAME-0000i-of-0000n.safetensors``, and every other file.

    Examples
    --------
    >>> names = ["model-1-of-2.safetensors", "a.safetensors", "model-2-of-2.safetensors"]
    >>> [(group.stem, group.total, len(group.files)) for group in groups(names)]
    [('a', 0, 1), ('model', 2, 2)]
    """
    found: dict[str, Group] = {}
    for name in sorted(names, key=natural):
        if parts := _NUMBERED.fullmatch(name):
            stem, dash, number, total, variant, ending = parts.groups()
            label = f"{stem}{dash}*-of-{total}{variant}{ending}"
            other = found.get(label, Group(label, stem + variant, int(total), ()))
            numbers = other.numbers | {int(number)}
            found[label] = other._replace(files=(*other.files, name), numbers=numbers)
        else:
            found[name] = Group(name, _stem(name), 0, (name,))
    return sorted(found.values(), key=lambda group: natural(group.label))


def is_one_set(names: Sequence[str], /) -> bool:
    """
    Return whether files are parts of one numbered set.

    Parameters
    ----------
    names : sequence of str
        Names of files.

    Returns
    -------
    bool
        Whether they are.

    Examples
    --------
    >>> is_one_set(["m-1-of-2.safetensors", "m-2-of-2.safetensors"]), is_one_set(["m.safetensors"])
    (True, False)
    """
    found = groups(names)
    return len(found) == 1 and found[0].total > 0


def _rank(group: Group) -> tuple[int, bool, bool]:
    """Return the place of a group by its name; variants and sets come after the plain file."""
    for place, usual in enumerate(_USUAL):
        if group.stem == usual or group.stem.startswith(f"{usual}."):
            return place, group.stem != usual, group.total > 0
    return len(_USUAL), True, group.total == 0  # of other names, a set is known to be a model


def _first(found: Sequence[Group]) -> list[Group]:
    """Return the groups whose names come first; several if none of them does."""
    best = min(map(_rank, found))
    return [group for group in found if _rank(group) == best]


def choose(names: Iterable[str], /, *, folder: str) -> tuple[str, ...]:
    """
    Choose the safetensors files of one model.

    Parameters
    ----------
    names : iterable of str
        Names of the safetensors files of a folder, at least one.
    folder : str
        The folder, for the message.

    Returns
    -------
    tuple of str
        The file or numbered set of the most usual name: ``model``, ``diffusion_pytorch_model`` and
        so on, each before its variants such as ``model.fp16``. If no name is usual, the only
        numbered set. Files of equal place, which may be parts of one model, all together.

    Raises
    ------
    ModelFormatError
        If the names do not decide between several sets.

    Examples
    --------
    >>> names = ["consolidated.safetensors", "model.fp16.safetensors", "model.safetensors"]
    >>> choose(names, folder="net")
    ('model.safetensors',)
    >>> choose(["b.safetensors", "a.safetensors"], folder="net")
    ('a.safetensors', 'b.safetensors')
    """
    first = _first(groups(names))
    if len(first) > 1 and first[0].total:
        raise _several(first, "set of safetensors files", folder)
    return tuple(name for group in first for name in group.files)


def one_of(names: Iterable[str], /, *, what: str, folder: str) -> str:
    """
    Choose one file, by its name.

    Parameters
    ----------
    names : iterable of str
        Names of files of a kind of which each is a model: indexes, ONNX files, archives.
    what : str
        Word for the files, for the message.
    folder : str
        The folder, for the message.

    Returns
    -------
    str
        The only file, or the index of the most usual name.

    Raises
    ------
    ModelFormatError
        If there are several, and none is an index of a usual name.

    Examples
    --------
    >>> names = [f"{name}.safetensors.index.json" for name in ("consolidated", "model")]
    >>> one_of(names, what="index", folder="net")
    'model.safetensors.index.json'
    """
    found = groups(names)
    first = _first(found)
    if len(first) > 1 or (len(found) > 1 and not first[0].label.endswith(_ENDINGS)):
        raise _several(found, what, folder)
    return first[0].label


def _several(found: Sequence[Group], what: str, folder: str) -> ModelFormatError:
    """Return the error for a folder of several models."""
    labels = listed([group.label for group in found])
    single = next((group.label for group in found if not group.total), "")
    how = "name one of them" if single else "put the files of one of them into a folder of its own"
    return ModelFormatError(f"{folder}: found more than one {what} ({labels}); {how}")
