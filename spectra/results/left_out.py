"""Count the tensors and elements of a model that were left out, by the kind of reason."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, NamedTuple

from spectra.results.reading import records
from spectra.results.variables import Status

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import xarray as xr

__all__ = ["left_out_line", "line_of_rows"]

_ALIKE = {  # by role: reasons that name another tensor, and are counted together
    "scale": "scale or factor of another weight",
    "factor": "part of another weight or of an adapter",
    "tied": "the same numbers as another tensor",
}
_LOST = {s.name.lower() for s in (Status.NOT_READ, Status.NOT_CONVERGED, Status.NOT_REACHED)}
_KINDS = 3  # that are named
_LONGEST = 120  # characters of a reason
_LEAST = 0.0005  # share that is shown as less than 0.1 %


class _Left(NamedTuple):
    """A tensor, or the layers of one, that is not analysed."""

    reason: str
    size: int
    known: bool = True  # whether the size is known
    lost: bool = False  # whether it would be analysed if it could be read and computed


def _failed(layers: Iterable[Mapping[str, Any]]) -> dict[str, list[Mapping[str, Any]]]:
    """Return the layers without a spectrum by the name of their tensor."""
    found: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for row in layers:
        if row["status"] != Status.COMPUTED.name.lower():
            found[row["tensor_name"]].append(row)
    return found


def _of(tensor: Mapping[str, Any], failed: Sequence[Mapping[str, Any]]) -> _Left | None:
    """Return what is left out of a tensor, if anything is."""
    size = int(tensor["tensor_size"])
    if tensor["tensor_reason"]:
        reason = _ALIKE.get(tensor["tensor_role"], tensor["tensor_reason"])
        known, lost = bool(tensor["tensor_dtype"]), tensor["tensor_role"] == "missing"
        return _Left(reason, size, known, lost)
    if not failed:
        return None
    first = max(failed, key=lambda row: row["status"] in _LOST)
    reason = first.get("status_reason") or first["status"].replace("_", " ")
    if len(failed) < tensor["tensor_layers"]:
        size = min(size, sum(int(row["N"]) * int(row["M"]) * int(row["rf"]) for row in failed))
    return _Left(reason, size, lost=first["status"] in _LOST)


def _share(part: int, total: int) -> str:
    share = part / max(1, total)
    return "<0.1 %" if 0 < share < _LEAST else f"{100 * share:.1f} %"


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 3].rstrip() + "..."


def _kind(left: Iterable[_Left], total: int, *, alone: bool) -> str:
    """Return how many tensors have reasons that start alike, the reason, and their share."""
    these = list(left)
    reasons = {each.reason for each in these}
    shown = these[0].reason if len(reasons) == 1 else these[0].reason.partition(":")[0]
    known = any(each.known for each in these)
    share = _share(sum(each.size for each in these), total) if known else "size not known"
    after = f" ({share})" if not (alone and known) else ""
    return f"{len(these)} x {_cut(shown)}{after}"


def _rank(kind: list[_Left]) -> tuple[bool, int, int]:
    """Return the place of a kind of reason among the others."""
    return any(p.lost for p in kind), sum(p.size for p in kind), len(kind)


def left_out_line(tensors: xr.Dataset, ds: xr.Dataset | None = None) -> str:
    """
    Count the tensors and elements of a model that are not analysed, by the kind of reason.

    Parameters
    ----------
    tensors : xarray.Dataset
        Result of :func:`spectra.describe`.
    ds : xarray.Dataset, optional
        Result of :func:`spectra.analyze`, for the layers that have no spectrum.

    Returns
    -------
    str
        Line of text; empty if all tensors were analysed. Reasons that are equal up to the first
        colon are one kind. What could not be read or computed comes first, then the kind of the
        most elements, each with its share of all elements. Of a tensor of several layers only the
        elements of those without a spectrum count.

    Examples
    --------
    >>> import numpy as np, spectra
    >>> left_out_line(spectra.describe({"fc": np.eye(3), "v": np.ones(1)}))
    'not analysed: 1 of 2 tensors, 1 of 10 elements (10.0 %): 1 x 1-D: a vector has no spectrum'
    """
    every = {str(row["tensor"]): row for row in records(tensors)}
    return line_of_rows(every, [] if ds is None else records(ds))


def line_of_rows(
    tensors: Mapping[str, Mapping[str, Any]], layers: Iterable[Mapping[str, Any]], /
) -> str:
    """
    Count what is not analysed, as :func:`left_out_line` does, in rows of results.

    Parameters
    ----------
    tensors : mapping of str to mapping
        Values of the variables of :func:`spectra.describe`, by tensor.
    layers : iterable of mapping
        `tensor_name`, `status` in words, `status_reason`, `N`, `M` and `rf` of each layer.

    Returns
    -------
    str
        Line of text; empty if all tensors were analysed.

    Examples
    --------
    >>> line_of_rows({}, [])
    ''
    """
    failed, every = _failed(layers), list(tensors.values())
    left = [gone for name, row in tensors.items() if (gone := _of(row, failed.get(name, [])))]
    if not left:
        return ""
    kinds: dict[str, list[_Left]] = defaultdict(list)
    for gone in left:
        kinds[gone.reason.partition(":")[0]].append(gone)
    most = sorted(kinds.values(), key=_rank, reverse=True)
    total, part = sum(int(row["tensor_size"]) for row in every), sum(p.size for p in left)
    words = "; ".join(_kind(kind, total, alone=len(most) == 1) for kind in most[:_KINDS])
    rest = len(most) - _KINDS
    more = f"; and {rest} other reason{'s' if rest > 1 else ''} (spectra describe)"
    return (
        f"not analysed: {len(left)} of {len(every)} tensors, {part:,} of {total:,} elements "
        f"({_share(part, total)}): {words}{more if rest > 0 else ''}"
    )
