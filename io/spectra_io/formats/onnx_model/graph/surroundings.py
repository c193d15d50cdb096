"""Surroundings: what operators before and after one say about its weight."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from spectra_io.formats.onnx_model.graph.movements import split_sizes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from spectra_io.formats.onnx_model.graph.calls import Call
    from spectra_io.formats.onnx_model.graph.values import Value

__all__ = ["Surroundings"]

_MAX_STEPS = 8  # from a product to where its result is split or scaled
_KEEP_COLUMNS = {"Add", "Identity", "Cast", "Dropout"}


class Surroundings:
    """
    The operators of one graph, by what they take and give.

    Parameters
    ----------
    exits : mapping of str, optional
        For each output of a function, the surroundings of its call and the name that it has there.

    Examples
    --------
    >>> from spectra_io.formats.onnx_model.graph.calls import Call
    >>> product = Call("MatMul", {}, ["x", "w"], [None, None], ["y"])
    >>> around = Surroundings()
    >>> for call in (product, Call("Split", {"axis": None}, ["y"], [None], ["q", "k", "v"])):
    ...     around.add(call)
    >>> around.only_user("y").operator
    'Split'
    """

    def __init__(self, exits: Mapping[str, tuple[Surroundings, str]] | None = None) -> None:
        self._exits = dict(exits or {})
        self._users: dict[str, list[Call]] = defaultdict(list)
        self._makers: dict[str, Call] = {}

    def add(self, call: Call, /) -> None:
        """
        Add an operator.

        Parameters
        ----------
        call : Call
            In any order.
        """
        for name in filter(None, dict.fromkeys(call.names)):
            self._users[name].append(call)
        self._makers.update(dict.fromkeys(call.outputs, call))

    def only_user(self, name: str, /) -> Call | None:
        """
        Return the operator that uses a result, if one does alone.

        Parameters
        ----------
        name : str
            Of the result; that of a function is followed to where it is called.

        Returns
        -------
        Call or None
            ``None`` if several use it, or none.
        """
        users = self._users.get(name, [])
        if not users and name in self._exits:
            outer, there = self._exits[name]
            return outer.only_user(there)
        return users[0] if len(users) == 1 else None

    def _after(self, call: Call) -> tuple[Call | None, Surroundings]:
        """Return the only user of what an operator gives, and the graph that it is in."""
        name, around = (call.outputs[0] if call.outputs else ""), self
        while not around._users.get(name) and name in around._exits:
            around, name = around._exits[name]
        return around.only_user(name), around

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
        user, around = self._after(call)
        scaled = {"Mul"} if call.operator.endswith("Integer") else set()
        for _ in range(_MAX_STEPS):
            if user is None or user.operator not in _KEEP_COLUMNS | scaled:
                break
            user, around = around._after(user)
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
        user, around = self._after(call)
        if user is not None and user.operator == "Cast":
            user, around = around._after(user)
        if user is None or user.operator != "Mul":
            return None
        for name in user.names:
            maker = around._makers.get(name)
            if maker is not None and maker.operator == "Mul":
                known = [value for value in maker.inputs if value is not None]
                if len(known) == 1 and len(maker.inputs) == 2:
                    return known[0]
        return None
