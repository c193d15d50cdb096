"""Look up the producer and the consumers of a value in a graph."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from spectra_io.formats.onnx_model.graph.movements import split_sizes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from spectra_io.formats.onnx_model.graph.calls import Call
    from spectra_io.formats.onnx_model.graph.values import Value

__all__ = ["Surroundings"]

_MAX_STEPS = 8  # from a product to the operator that splits or scales the result
_KEEP_COLUMNS = {"Add", "Identity", "Cast", "Dropout"}


class Surroundings:
    """
    The operators of a graph, by the names of their inputs and outputs.

    Parameters
    ----------
    exits : mapping of str, optional
        For each output of a function, the surroundings of the call, and the name of the output in
        them.

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
            The operator; the order of calls does not matter.
        """
        for name in filter(None, dict.fromkeys(call.names)):
            self._users[name].append(call)
        self._makers.update(dict.fromkeys(call.outputs, call))

    def only_user(self, name: str, /) -> Call | None:
        """
        Return the only consumer of a value.

        Parameters
        ----------
        name : str
            Name of the value; an output of a function is followed to the call of the function.

        Returns
        -------
        Call or None
            ``None`` if the value has several consumers, or none.
        """
        users = self._users.get(name, [])
        if not users and name in self._exits:
            outer, there = self._exits[name]
            return outer.only_user(there)
        return users[0] if len(users) == 1 else None

    def _after(self, call: Call) -> tuple[Call | None, Surroundings]:
        """Return the only consumer of the first output of an operator, and its graph."""
        name, around = (call.outputs[0] if call.outputs else ""), self
        while not around._users.get(name) and name in around._exits:
            around, name = around._exits[name]
        return around.only_user(name), around

    def split(self, call: Call, length: int, /) -> list[int]:
        """
        Return the lengths of the parts into which the result of a product is split.

        Parameters
        ----------
        call : Call
            The product.
        length : int
            Length of the last axis of the result.

        Returns
        -------
        list of int
            One length per part; empty if the result is not split along the last axis.
        """
        user, around = self._after(call)
        scaled = {"Mul"} if call.operator.endswith("Integer") else set()
        for _ in range(_MAX_STEPS):
            if user is None or user.operator not in _KEEP_COLUMNS | scaled:
                break
            user, around = around._after(user)
        # an axis that is not the first and as long as the last is taken for the last
        if user is None or user.operator != "Split" or user.whole("axis", 0) == 0:
            return []
        return split_sizes(user, length)

    def scale(self, call: Call, /) -> Value | None:
        """
        Return the scale of the weight in a product of integers.

        Parameters
        ----------
        call : Call
            The product.

        Returns
        -------
        Value or None
            The constant factor of the scale by which the result is multiplied, the other factor
            being the scale of the activations; ``None`` if there is none.
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
