"""Values with the same channels, and the convolutions that make or take them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from spectra_io.formats.onnx_model.graph.calls import Call

__all__ = ["Channels"]


class Channels(NamedTuple):
    """
    Values that have the same channels, and the convolutions that make or take them.

    Examples
    --------
    >>> Channels({12}, [], []).counts
    {12}
    """

    counts: set[int]
    """Numbers of channels that the graph states."""
    makers: list[Call]
    """Convolutions with these channels as outputs."""
    takers: list[Call]
    """Convolutions with these channels as inputs."""
    is_even: bool = False
    """Whether the graph joins them with others, which it does only without padding."""
