"""Look up the producer, the consumers and the sketch of a value in a graph."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from spectra_io.formats.onnx_model.graph.shapes.rules import MAX_INPUTS, sketches
from spectra_io.formats.onnx_model.graph.shapes.sketches import NOTHING, Sketch, of_constant

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from spectra_io.formats.onnx_model.graph.calls import Call
    from spectra_io.formats.onnx_model.graph.group import Group
    from spectra_io.formats.onnx_model.graph.same_channels import Channels

__all__ = ["Place", "Surroundings"]


class Place(NamedTuple):
    """
    A name in a graph or function.

    Examples
    --------
    >>> Place(Surroundings(), "y").users()
    []
    """

    around: Surroundings
    """The graph or function."""
    name: str
    """Name of a value in it."""

    def users(self) -> list[tuple[Call, Place]]:
        """
        Return the operators that use a value.

        Returns
        -------
        list of (Call, Place)
            The operators, each with the value as the operator sees it: in a function that is
            called with the value, or after the function that returns it, it has another name.
        """
        found: list[tuple[Call, Place]] = []
        todo, seen = [self], set[Place]()
        while todo:
            place = todo.pop()
            if place not in seen:
                seen.add(place)
                calls, elsewhere = place.around.uses(place.name)
                found += calls
                todo += elsewhere
        return found

    def sketch(self) -> Sketch:
        """
        Return what is known of the value.

        Returns
        -------
        Sketch
            Its shape and small integers.
        """
        return self.around.sketch(self.name)


class Surroundings:
    """
    The operators of a graph, by the names of their inputs and outputs.

    Parameters
    ----------
    declared : mapping of str to Sketch, optional
        What is known of the inputs, and of all values whose types the graph declares.
    exits : mapping of str to Place, optional
        For each output of a function, the name of the output where the function is called.
    outside : Surroundings, optional
        The graph around a graph inside an operator, which may use the values of both.
    steps : list of int, optional
        The count of steps after products, of one element, to share.

    Examples
    --------
    >>> from spectra_io.formats.onnx_model.graph.calls import Call
    >>> product = Call("MatMul", {}, ["x", "w"], [None, None], ["y"])
    >>> around = Surroundings()
    >>> for call in (product, Call("Split", {"axis": None}, ["y"], [None], ["q", "k", "v"])):
    ...     around.add(call)
    >>> [user.operator for user, _ in Place(around, "y").users()]
    ['Split']
    """

    def __init__(
        self,
        declared: Mapping[str, Sketch] | None = None,
        exits: Mapping[str, Place] | None = None,
        outside: Surroundings | None = None,
        steps: list[int] | None = None,
    ) -> None:
        shared = steps if outside is None else outside.steps
        self.steps: list[int] = [0] if shared is None else shared
        """Steps taken after products so far, counted for all graphs of a model together."""
        self.groups: dict[tuple[str, int, int], tuple[Group, ...]] = {}
        """Groups of columns that were found, by name, number of columns and axis."""
        self.sizes: set[int] | None = None
        """Lengths that the blocks of channels may have, once they are known."""
        self.channels: dict[str, Channels] = {}
        """What is known of the channels of values in blocks, by name."""
        self.searched = 0
        """Number of kernels that were searched for padding."""
        self._sketches = dict(declared or {})
        self._exits = dict(exits or {})
        self._outside = outside
        self._users: dict[str, list[tuple[Call, Place]]] = defaultdict(list)
        self._makers: dict[str, Call] = {}
        self._entries: dict[str, list[Place]] = defaultdict(list)

    def add(
        self, call: Call, /, inside: Surroundings | None = None, inputs: Sequence[str] = ()
    ) -> None:
        """
        Add an operator.

        Parameters
        ----------
        call : Call
            The operator, after those that make its inputs.
        inside : Surroundings, optional
            The function that is called, if it is the call of a function.
        inputs : sequence of str, optional
            Names of the inputs of the function.
        """
        for name in filter(None, dict.fromkeys(call.names)):
            if inside is None:
                self._use(name, call, self)
        for outer, inner in zip(call.names, inputs, strict=False):
            if inside is not None and outer:
                self._entries[outer].append(Place(inside, inner))
        self._makers.update(dict.fromkeys(call.outputs, call))
        if inside is not None:  # which tells its results itself
            return
        given = self.inputs(call) if len(call.names) <= MAX_INPUTS else []
        for name, sketch in zip(call.outputs, sketches(call, given), strict=False):
            self.tell(name, sketch)

    def tell(self, name: str, sketch: Sketch, /) -> None:
        """
        Add what is known of a value.

        Parameters
        ----------
        name : str
            Name of the value.
        sketch : Sketch
            What is known; a declared length is taken where none can be computed.
        """
        have = self._sketches.get(name, NOTHING).shape
        shape = sketch.shape
        if have is not None and (shape is None or len(shape) != len(have)):
            shape = have if shape is None else shape
        elif have is not None and shape is not None:
            shape = tuple(b if a is None else a for a, b in zip(shape, have, strict=True))
        self._sketches[name] = sketch if shape is sketch.shape else sketch._replace(shape=shape)

    def _use(self, name: str, call: Call, where: Surroundings) -> None:
        self._users[name].append((call, Place(where, name)))
        own = name in self._makers or name in self._sketches
        if self._outside is not None and not own:
            self._outside._use(name, call, where)

    def _of_input(self, call: Call, index: int) -> Sketch:
        value = call.input(index)
        return self.sketch(call.names[index]) if value is None else of_constant(value)

    def sketch(self, name: str, /) -> Sketch:
        """
        Return what is known of a value.

        Parameters
        ----------
        name : str
            Name of the value.

        Returns
        -------
        Sketch
            Its shape and small integers.
        """
        if name in self._sketches:
            return self._sketches[name]
        return NOTHING if self._outside is None else self._outside.sketch(name)

    def inputs(self, call: Call, /) -> list[Sketch]:
        """
        Return what is known of the inputs of an operator.

        Parameters
        ----------
        call : Call
            An operator of this graph.

        Returns
        -------
        list of Sketch
            One per input.
        """
        return [self._of_input(call, index) for index in range(len(call.names))]

    def uses(self, name: str, /) -> tuple[list[tuple[Call, Place]], list[Place]]:
        """
        Return the operators of this graph that use a value, and its other names.

        Parameters
        ----------
        name : str
            Name of the value.

        Returns
        -------
        list of (Call, Place)
            The operators, those in the graphs inside operators included.
        list of Place
            The value in functions that are called with it, and where this function is called.
        """
        elsewhere = self._entries.get(name, [])
        outside = [self._exits[name]] if name in self._exits else []
        return self._users.get(name, []), [*elsewhere, *outside]

    def calls(self) -> list[Call]:
        """
        Return the operators of this graph.

        Returns
        -------
        list of Call
            Those that have a result, in the order of computation.
        """
        return list({id(call): call for call in self._makers.values()}.values())

    def maker(self, name: str, /) -> Call | None:
        """
        Return the operator that makes a value.

        Parameters
        ----------
        name : str
            Name of the value.

        Returns
        -------
        Call or None
            ``None`` for a constant or an input.
        """
        return self._makers.get(name)
