"""Parts of a store: eigenvalues of a layer with the values of measures, by what they depend on."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from spectra.stored._envelope import (
    BrokenPartError,
    pack,
    packed_value,
    unpack,
    unpacked_value,
)
from spectra.stored._identity import digest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, MutableMapping

    from spectra._typing import AnyArray, FloatArray

__all__ = ["Names", "Part", "listed", "names_under", "part_name", "shelf_of"]

_KIND = "part"


@dataclass(frozen=True)
class Part:
    """Eigenvalues of a layer, ``4**exponent`` the unit, and values by the identity of a measure."""

    content: str
    by_matrix: FloatArray
    exponent: int
    values: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def to_bytes(self) -> bytes:
        """Return the part as bytes, the same for equal parts."""
        arrays: list[AnyArray] = [self.by_matrix]
        packed = {
            measure: {name: packed_value(value, arrays) for name, value in values.items()}
            for measure, values in sorted(self.values.items())
        }
        header = {"kind": _KIND, "content": self.content, "exponent": self.exponent}
        return pack({**header, "values": packed}, arrays)

    @classmethod
    def from_bytes(cls, data: bytes, /) -> Part:
        """Return the part of which these are the bytes, or raise :class:`BrokenPartError`."""
        header, arrays = unpack(data)
        try:
            content, exponent = header["content"], header["exponent"]
            values = {
                str(measure): {name: unpacked_value(value, arrays) for name, value in row.items()}
                for measure, row in header["values"].items()
            }
            by_matrix = arrays[0]
            sound = header["kind"] == _KIND and isinstance(content, str) and type(exponent) is int
        except (KeyError, TypeError, AttributeError, IndexError) as error:
            raise BrokenPartError(*error.args) from error
        if not sound or by_matrix.dtype != float or by_matrix.ndim != 2:
            msg = "not a part of a layer"
            raise BrokenPartError(msg)
        return cls(content, by_matrix, exponent, values)


def shelf_of(content: str, rtol: float, method: str) -> str:
    """Return the beginning of the names of all parts with the eigenvalues of a layer."""
    shelf = digest(content, rtol, method)
    return f"{shelf[:2]}/{shelf}-"


def part_name(shelf: str, measures: Iterable[str]) -> str:
    """Return the name of the part with the values of these measures, given by their identities."""
    return f"{shelf}{digest(*sorted(measures))}"


def names_under(store: MutableMapping[str, bytes], prefix: str, /) -> list[str]:
    """Return the names in a store that begin with a prefix, in their order."""
    under = getattr(store, "under", None)
    names: Iterable[str] = store if under is None else under(prefix)
    return sorted(name for name in list(names) if name.startswith(prefix))


class Names:
    """
    Names in a store when a run begins, in their order; they are not sent to workers.

    A worker in another process lists the store once, not for each layer.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._names: tuple[str, ...] | None = tuple(names)
        self._run = digest(*self._names)

    def __getstate__(self) -> dict[str, object]:
        """Return what is sent."""
        return {"_names": None, "_run": self._run}

    def of(self, store: MutableMapping[str, bytes], prefix: str, /) -> list[str]:
        """Return the names that begin with a prefix."""
        global _of_worker
        names = self._names
        if names is None:
            run, names = _of_worker
            if run != self._run:
                names = tuple(names_under(store, ""))
                _of_worker = self._run, names
        ends = (bisect_left(names, end) for end in (prefix, f"{prefix}~"))
        return list(names[slice(*ends)])


_of_worker: tuple[str, tuple[str, ...]] = "", ()


def listed(store: MutableMapping[str, bytes], /) -> Names | None:
    """Return the names in a store; None for one that can list those with a prefix."""
    return None if hasattr(store, "under") else Names(names_under(store, ""))
