"""Sizes of the parts of fused projections, for scales of which each part has one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from spectra.models.structure._fused import last_part, parts_of
from spectra.models.tensors import Weight

if TYPE_CHECKING:
    from collections.abc import Mapping

    from spectra._typing import AnyArray

__all__ = ["sizes_of_parts"]

_HALVES = frozenset({"gate_up_proj", "up_gate_proj", "w12", "w13", "gate_up"})
_IN_A_ROW = frozenset({"qkv_proj", "Wqkv", "qkv", "W_pack", "w_qkv", "to_qkv", "in_proj_weight"})
"""Names of projections whose parts are stored one after the other, whatever their sizes."""


@dataclass(frozen=True)
class _Run:
    """Rows of a matrix that has no numbers, to see how a rule cuts it."""

    start: int
    stop: int

    def __call__(self) -> AnyArray:
        """Refuse to be read."""
        msg = "no numbers"
        raise LookupError(msg)

    def rows(self, start: int, stop: int) -> _Run:
        """Return some of the rows."""
        return _Run(self.start + start, self.start + stop)


def sizes_of_parts(
    name: str, shape: tuple[int, ...], config: Mapping[str, Any], /
) -> tuple[int, ...]:
    """
    Return how many rows of a fused projection each of its parts has.

    Parameters
    ----------
    name : str
        Name of the projection.
    shape : tuple of int
        Its shape, (out, in).
    config : mapping of str
        Configuration of the model.

    Returns
    -------
    tuple of int
        Rows of each part in stored order; empty if that is not known, or the parts are not
        stored one after the other.

    Examples
    --------
    >>> sizes_of_parts("attn.in_proj_weight", (12, 4), {})
    (4, 4, 4)
    """
    last, rows = last_part(name), shape[0]
    if last in _HALVES:
        return (rows // 2,) * 2 if rows % 2 == 0 else ()
    parts = parts_of(name, Weight("", shape, _Run(0, rows)), config)
    if parts == () and last in _IN_A_ROW and rows == 3 * shape[1]:
        return (shape[1],) * 3
    if not parts:
        return ()
    runs = [part.source for part in parts if isinstance(part.source, _Run)]
    return tuple(run.stop - run.start for run in runs) if len(runs) == len(parts) else ()
