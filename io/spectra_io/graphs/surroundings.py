"""Surroundings: what operators before and after one say about its weight."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from spectra_io.graphs.movements import split_sizes

if TYPE_CHECKING:
    from collections.abc import Iterable

    from spectra_io.graphs.calls import Call
    from spectra_io.graphs.values import Value

__all__ = ["Surroundings"]

_MAX_STEPS = 8  # from a product to where its result is split or scaled
_KEEP_COLUMNS = {"Add", "Identity", "Cast", "Dropout"}


class Surroundings:
    """
    The operators of one graph, by what they take and give.

    Parameters
    ----------
    calls : iterable of Call
        Those of the graph, in any order.

    Examples
    --------
    >>> from spectra_io.graphs.calls import Call
    >>> product = Call("MatMul", {}, ["x", "w"], [None, None], ["y"])
    >>> split = Call("Split", {}, ["y"], [None], ["q", "k", "v"])
    >>> Surroundings([product, split]).split(product, 12)
    []
    """

    def __init__(self, calls: Iterable[Call]) -> None:
        self._users: dict[str, list[Call]] = defaultdict(list)
        self._makers: dict[str, Call] = {}
        for call in calls:
            for name in filter(None, dict.fromkeys(call.names)):
                self._users[name].append(call)
            self._makers.update(dict.fromkeys(call.outputs, call))

    def _only_user(self, call: Call) -> Call | None:
        users = self._users.get(call.outputs[0], []) if call.outputs else []
        return users[0] if len(users) == 1 else None

    def split(self, call: Call, length: int, /) -> list[int]:
        """
        Tell into how long parts the result of a product is split.

        Parameters
        ----------
        call : Call
            The product.
        length : int
            Of the last axis of its result.

        Returns
        -------
        list of int
            Empty if it is not split, or not along that axis.
        """
        user = self._only_user(call)
        for _ in range(_MAX_STEPS):
            if user is None or user.operator not in _KEEP_COLUMNS:
                break
            user = self._only_user(user)
        # an axis other than the first, and as long as the last: the last, or as good as it
        if user is None or user.operator != "Split" or user.whole("axis", 0) == 0:
            return []
        return split_sizes(user, length)

    def scale(self, call: Call, /) -> Value | None:
        """
        Find what the result of a product of integers is scaled by.

        Parameters
        ----------
        call : Call
            The product.

        Returns
        -------
        Value or None
            The constant factor, the other being the scale of the data; ``None`` if there is none.
        """
        user = self._only_user(call)
        if user is not None and user.operator == "Cast":
            user = self._only_user(user)
        if user is None or user.operator != "Mul":
            return None
        for name in user.names:
            maker = self._makers.get(name)
            if maker is not None and maker.operator == "Mul":
                known = [value for value in maker.inputs if value is not None]
                if len(known) == 1 and len(maker.inputs) == 2:
                    return known[0]
        return None
