"""Layers of which results are kept: looked up in a store, completed, and stored at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from spectra._measuring import Work, failed_places, layer_row
from spectra._spectrum import of_eigenvalues, scaled, spectrum
from spectra.errors import ArgumentError
from spectra.linalg import devices
from spectra.results.variables import Status
from spectra.stored._content import content_of
from spectra.stored._envelope import BrokenPartError
from spectra.stored._identity import NoIdentityError, digest, identity, method_version
from spectra.stored._kept import Kept, Problem, marked, words_of
from spectra.stored._parts import Names, Part, listed, names_under, part_name, shelf_of

if TYPE_CHECKING:
    from collections.abc import Mapping, MutableMapping, Sequence

    from spectra._measuring import Options
    from spectra._spectrum import Spectrum
    from spectra.measures import Measure
    from spectra.models.layers import Layer
    from spectra.results.dataset import Row
    from spectra.results.variables import Variable

__all__ = ["Shelves", "stored_row"]

_DAMAGED = "damaged part, computed again"
_WITH_SPECTRUM = (Status.COMPUTED, Status.ALL_ZERO, Status.NOT_FINITE)


@dataclass(frozen=True)
class Shelves:
    """A store with the identities of the measures that are asked for; empty for one without."""

    store: MutableMapping[str, bytes]
    names: Names | None
    method: str
    identities: tuple[str, ...]
    problems: tuple[Problem, ...] = ()

    @classmethod
    def of(
        cls, store: MutableMapping[str, bytes], measures: Sequence[Measure], options: Options
    ) -> Shelves:
        """Return the shelves for measures with the options that their Spectrum carries."""
        shared = identity(options.tail), options.significance, options.rng
        found, problems = [], []
        for measure in measures:
            try:
                found.append(digest(identity(measure), *shared))
            except NoIdentityError as error:
                found.append("")
                name = getattr(measure, "__name__", type(measure).__name__)
                problems.append(Problem("measure not stored", f"{name} uses {error}"))
        names: Names | None = Names(())
        try:
            names = listed(store)  # once, not for each layer
        except Exception as error:  # of any file system
            problems.append(Problem("store not listed", words_of(error)))
        return cls(store, names, _method(options.device), tuple(found), tuple(problems))

    @property
    def wanted(self) -> frozenset[str]:
        """The identities of all measures that have one."""
        return frozenset(self.identities) - {""}


def _method(device: str | None) -> str:
    """Return the version of the method, and of the library of a device, in words."""
    ours = method_version()
    return ours if device is None else f"{ours}, {devices.opened(device).method}"


def _check_method(here: str, asked: str) -> None:
    """Refuse to store results of a version that is not the one by which they would be known."""
    if here != asked:
        msg = (
            "the workers must have the versions of the program that has the `store`, by which "
            f"results are known: {asked}; got a worker with {here}; install the same versions, or "
            "leave out `store`"
        )
        raise ArgumentError(msg)


class _Recalled(Work):
    """The work on one layer of which a store may have results."""

    def __init__(self, measures: Sequence[Measure], options: Options, shelves: Shelves) -> None:
        super().__init__(measures, options)
        self._shelves = shelves
        self._content = self._shelf = self._name = ""
        self._old: dict[str, Mapping[str, Any]] = {}
        self._new: dict[int, Mapping[str, Any]] = {}
        self._spectrum: Spectrum | None = None
        self._problems: list[Problem] = []
        self._recalled = False

    def spectrum(self, layer: Layer) -> Spectrum:
        """Return the spectrum of a layer, of stored eigenvalues if there are any."""
        matrices = layer.in_blocks() or layer.matrices()
        self._content = content_of(matrices)
        self._shelf = shelf_of(self._content, self.options.rtol, self._shelves.method)
        part = self._found((layer.rf, layer.M)) if self._content else None
        options = self.options._asdict()
        if part is None:
            self._spectrum = spectrum(matrices, **options)
            return self._spectrum
        del options["rtol"]
        self._recalled = True
        kept = scaled(matrices, part.exponent)
        self._spectrum = of_eigenvalues(kept, part.by_matrix, part.exponent, **options)
        return self._spectrum

    def measured(self, place: int, found: Spectrum) -> Mapping[str, Any]:
        """Return what the measure of a place finds, from the store if that has it."""
        old = self._old.get(self._shelves.identities[place])
        if old is not None:
            return old
        self._new[place] = super().measured(place, found)
        return self._new[place]

    def _found(self, shape: tuple[int, int]) -> Part | None:
        """Return a part with the eigenvalues, and keep the values of all parts that are there."""
        wanted = self._shelves.wanted
        first = part_name(self._shelf, wanted)
        part = self._read(first, shape)
        if part is not None and not wanted - self._old.keys():
            return part
        for name in self._others(first):
            other = self._read(name, shape)
            part = part or other
        return part

    def _others(self, first: str) -> list[str]:
        """Return the names of further parts of the layer, those that were there at the start."""
        shelves, shelf = self._shelves, self._shelf
        try:
            all_names = shelves.names
            find = names_under if all_names is None else all_names.of
            names = find(shelves.store, shelf)
        except Exception as error:  # of any file system
            self._problems.append(Problem("store not listed", words_of(error)))
            return []
        return [name for name in names if name != first]

    def _read(self, name: str, shape: tuple[int, int]) -> Part | None:
        """Return a part; None if there is none, or if it is damaged."""
        try:
            part = Part.from_bytes(self._shelves.store[name])
        except KeyError:
            return None
        except BrokenPartError as error:
            self._problems.append(Problem(_DAMAGED, f"{name}: {error}"))
            return None
        except Exception as error:  # of any file system
            self._problems.append(Problem("part not read", f"{name}: {words_of(error)}"))
            return None
        if part.content != self._content or part.by_matrix.shape != shape:
            self._problems.append(Problem(_DAMAGED, f"{name}: of another layer"))
            return None
        self._name = self._name or name
        self._old |= {one: part.values[one] for one in self._shelves.wanted & part.values.keys()}
        return part

    def store(self, row: Row) -> Kept:
        """Store what is new of a layer, and return what became of it."""
        if not self._content or self._spectrum is None:
            return Kept(problems=tuple(self._problems))
        if row["status"] not in _WITH_SPECTRUM:  # a measure could not read the layer once more
            self._keep({})
            return Kept(problems=tuple(self._problems))
        failed = failed_places(row)
        ids = self._shelves.identities
        self._keep({ids[at]: x for at, x in self._new.items() if ids[at] and at not in failed})
        problems = tuple(self._problems)
        return Kept(self._content, self._name, not self._new, problems, self._recalled)

    def _keep(self, new: Mapping[str, Mapping[str, Any]]) -> None:
        """Write a part with the eigenvalues, unless one is there and no value is new."""
        if self._spectrum is not None and (new or not self._name):
            found = self._spectrum
            part = Part(self._content, found.by_matrix, found.exponent, new)
            self._write(part_name(self._shelf, new), part)

    def _write(self, name: str, part: Part) -> None:
        try:
            self._shelves.store[name] = part.to_bytes()
        except Exception as error:  # of any file system: the results are still there
            self._problems.append(Problem("results not stored", words_of(error)))
        else:
            self._name = self._name or name


def stored_row(layer: Layer, work: Work, declared: Sequence[Variable], shelves: Shelves) -> Row:
    """Return the results of one layer, from the store as far as it has them; store the others."""
    _check_method(_method(work.options.device), shelves.method)
    recalled = _Recalled(work.measures, work.options, shelves)
    row = layer_row(layer, recalled, declared)
    return marked(row, recalled.store(row))
