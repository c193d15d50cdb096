"""Walk over the operators of a model: find every constant tensor and its uses."""

from __future__ import annotations

import itertools
from collections import ChainMap, defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import onnx
from onnx import numpy_helper

from spectra.errors import ModelFormatError
from spectra.models.tensors import MOST_PARTS
from spectra_io.formats.onnx_model.graph.calls import Call
from spectra_io.formats.onnx_model.graph.casts import INTEGERS
from spectra_io.formats.onnx_model.graph.computations import COMPUTATIONS
from spectra_io.formats.onnx_model.graph.naming import Names
from spectra_io.formats.onnx_model.graph.operators._parts import Unread, bounded
from spectra_io.formats.onnx_model.graph.operators.purposes import (
    ROLES,
    biases,
    kept,
    place,
    purpose,
)
from spectra_io.formats.onnx_model.graph.products import PRODUCTS
from spectra_io.formats.onnx_model.graph.same_names import Named, tell_apart
from spectra_io.formats.onnx_model.graph.shapes.lengths import Lengths
from spectra_io.formats.onnx_model.graph.shapes.sketches import declared
from spectra_io.formats.onnx_model.graph.surroundings import Place, Surroundings
from spectra_io.formats.onnx_model.graph.values import Stored, Use, Value, of
from spectra_io.formats.onnx_model.structure import text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from spectra._typing import AnyArray
    from spectra_io.formats.onnx_model.graph.operators._parts import Part

__all__ = ["walk"]

_MAX_NODES = 1 << 18  # operators, those of a function counted per call
_QUANTIZED = 16  # bits of the widest integers that have a scale
_NO_INTEGER = 99  # bits
_MAX_CALLS = 32  # nested calls of functions
_NUMBERS: dict[str, Callable[[onnx.AttributeProto], AnyArray]] = {
    "value_float": lambda a: np.array(a.f, np.float32),
    "value_floats": lambda a: np.array(a.floats, np.float32),
    "value_int": lambda a: np.array(a.i, np.int64),
    "value_ints": lambda a: np.array(a.ints, np.int64),
}

_SCOPES = "pkg.torch.onnx.name_scopes"
_CLASSES = "pkg.torch.onnx.class_hierarchy"
_LONGEST = 1000  # characters at the end of a list of classes that are looked at

_Scope = ChainMap[str, Value | None]
_Key = tuple[str, str, str]
_Place = tuple[object, ...]


class _Context(NamedTuple):
    """The place of the walk in the model, and the names known there."""

    scope: _Scope
    around: Surroundings  # of the operators there
    place: _Place = ()  # of an operator in a function, the same at every call
    attributes: Mapping[str, onnx.AttributeProto] = {}  # of the call of a function
    caller: _Place = ()
    functions: tuple[_Key, ...] = ()  # called and not yet left
    lengths: Lengths | None = None  # of the main graph


class _Seen(NamedTuple):
    """An operator that the walk has met."""

    call: Call
    domain: str
    order: int
    used: tuple[int, ...]  # inputs that are not just passed on
    factors: tuple[int, ...] = ()  # inputs that are used here only if their product is not


def _key(domain: str, name: str, overload: str = "") -> _Key:
    return text(domain), text(name), text(overload)


def _resolved(node: onnx.NodeProto, context: _Context) -> dict[str, onnx.AttributeProto]:
    """Return the attributes of an operator, with references to those of a call resolved."""
    found = {}
    for attribute in node.attribute:
        if not attribute.ref_attr_name:
            found[text(attribute.name)] = attribute
        elif given := context.attributes.get(text(attribute.ref_attr_name)):
            found[text(attribute.name)] = given
    return found


class _Walk:
    """A pass over a model, in the order of computation."""

    def __init__(
        self,
        model: onnx.ModelProto,
        locate: Callable[[str, onnx.TensorProto | onnx.SparseTensorProto], Stored],
    ) -> None:
        self.found: dict[_Place, Stored] = {}
        self.scales: dict[int, str] = {}
        self.functions = {_key(f.domain, f.name, f.overload): f for f in model.functions}
        self.called: set[_Key] = set()
        self._locate = locate
        self._order = itertools.count()
        self._seen: list[tuple[_Seen, Surroundings]] = []
        self._names = Names(biases)
        self.alike: dict[str, list[Named]] = defaultdict(list)

    def _found(
        self, place: _Place, name: str, tensor: onnx.TensorProto | onnx.SparseTensorProto
    ) -> Value:
        """Register a tensor once, however often the function that holds it is called."""
        if place not in self.found:
            self.found[place] = self._locate(name, tensor)
        return of(self.found[place])

    def graph(self, graph: onnx.GraphProto, context: _Context) -> None:
        """Register the tensors of a graph and walk its operators."""
        scope, place = context.scope, context.place
        for index, tensor in enumerate(graph.initializer):
            name = text(tensor.name)
            scope[name] = self._found((*place, "initializer", index), name, tensor)
        for index, sparse in enumerate(graph.sparse_initializer):
            name = text(sparse.values.name)
            scope[name] = self._found((*place, "sparse", index), name, sparse)
        inner, inputs = (
            {text(info.name): declared(info) for info in given}
            for given in (graph.value_info, graph.input)
        )
        around = Surroundings(inner | inputs, outside=context.around)
        lengths = None if context.place else Lengths(inputs)
        self.nodes(graph.node, context._replace(around=around, lengths=lengths))

    def nodes(self, nodes: Iterable[onnx.NodeProto], context: _Context) -> None:
        """Walk operators; their uses are noted later, as some depend on later operators."""
        for index, node in enumerate(nodes):
            one = self._node(node, context._replace(place=(*context.place, index)))
            self._seen.append((one, context.around))

    def uses(self) -> None:
        """Note the uses of all tensors, once all operators are known."""
        for one, around in self._seen:
            for index in one.used:
                if (value := one.call.input(index)) is not None:
                    self._use(one, index, value, around)
        for one, around in self._seen:
            for index in one.factors:
                value = one.call.input(index)
                if value is not None and any(map(self._is_idle, value.roots)):
                    self._use(one, index, value, around)

    def _is_idle(self, stored: Stored) -> bool:
        """Return whether no use of a tensor is known so far."""
        known = any(use.role != "constant" for use in stored.uses)
        return not known and id(stored) not in self.scales

    def _node(self, node: onnx.NodeProto, context: _Context) -> _Seen:
        order = next(self._order)
        if order >= _MAX_NODES:
            msg = (
                f"more than {_MAX_NODES} operators, each function counted as often as it is called"
            )
            raise ModelFormatError(msg)
        attributes, names = _resolved(node, context), [text(name) for name in node.input]
        inputs = [context.scope.get(name) if name else None for name in names]
        outputs = [text(name) for name in node.output]
        kind, domain, label, scopes = (
            *map(text, (node.op_type, node.domain, node.name)),
            _scopes(node),
        )
        notes = label, scopes, order, domain, _is_embedding(node)
        call = Call(kind, attributes, names, inputs, outputs, *notes)
        key = _key(node.domain, node.op_type, node.overload)
        if key in self.functions:
            self._call(key, call, context)
            return _Seen(call, domain, order, ())
        if call.operator == "Constant":
            self._constant(node, call, context)
        elif names_of_kept := kept(domain, call.operator):
            call = self._with_attributes(names_of_kept, call, context)
        used = self._move(call, domain, context.scope)
        for name, attribute in attributes.items():
            graphs = [*([attribute.g] if attribute.HasField("g") else []), *attribute.graphs]
            for number, graph in enumerate(graphs):
                self._inner(graph, call, context._replace(place=(*context.place, name, number)))
        context.around.add(call)
        if context.lengths is not None:
            made = context.lengths.add(call)
            context.scope.update((n, v) for n, v in made.items() if context.scope.get(n) is None)
        unused = {*range(len(names))} - {*used} if call.operator in PRODUCTS else ()
        return _Seen(call, domain, order, used, tuple(sorted(unused)))

    def _constant(self, node: onnx.NodeProto, call: Call, context: _Context) -> None:
        """Register the tensor of a Constant operator, if it has one: it may hold text instead."""
        name = call.outputs[0] if call.outputs else text(node.name)
        given = any(attribute.ref_attr_name for attribute in node.attribute)
        place = (*context.place, *(context.caller if given else ()))
        for key, attribute in call.attributes.items():
            tensor: onnx.TensorProto | onnx.SparseTensorProto
            if attribute.HasField("t"):
                tensor = attribute.t
            elif attribute.HasField("sparse_tensor"):
                tensor = attribute.sparse_tensor
                name = name or text(tensor.values.name)
            elif key in _NUMBERS:
                tensor = numpy_helper.from_array(_NUMBERS[key](attribute), name)
            else:
                continue
            context.scope[name] = self._found(place, name, tensor)
            return

    def _with_attributes(self, kept: Iterable[str], call: Call, context: _Context) -> Call:
        """Register the numbers in attributes of an operator, and add them to its inputs."""
        names, inputs = list(call.names[:1]), list(call.inputs[:1])
        for name in kept:
            numbers = call.attributes[name].floats if name in call.attributes else []
            title = f"{call.label or call.operator}.{name}" if numbers else ""
            tensor = numpy_helper.from_array(np.array(numbers, np.float32), title)
            names.append(title)
            inputs.append(self._found((*context.place, name), title, tensor) if numbers else None)
        return replace(call, names=names, inputs=inputs)

    def _move(self, call: Call, domain: str, scope: _Scope) -> tuple[int, ...]:
        """Follow constants through a shape or arithmetic operator; return the inputs it uses up."""
        everything = tuple(range(len(call.inputs)))
        value = call.input(0)
        if value is None or call.operator not in COMPUTATIONS or domain not in ROLES:
            return everything
        made = COMPUTATIONS[call.operator](call, value)
        if not any(one is not None for one in made):
            return everything
        kept = {id(s) for one in made if one is not None for s in (*one.roots, *one.helpers)}
        scope.update(zip(call.outputs, made, strict=False))
        return tuple(
            index
            for index, given in enumerate(call.inputs)
            if given is not None and not kept & {id(root) for root in given.roots}
        )

    def _inner(self, graph: onnx.GraphProto, call: Call, context: _Context) -> None:
        """Walk a graph inside an operator; constants that a loop passes on unchanged are known."""
        given: dict[str, Value | None] = {text(i.name): None for i in graph.input}
        if call.operator == "Loop":
            same = {text(n.output[0]): text(n.input[0]) for n in graph.node if _copies(n)}
            results = [text(o.name) for o in graph.output]
            for name, result, value in zip(
                list(given)[2:], results[1:], call.inputs[2:], strict=False
            ):
                if name in (result, same.get(result)):
                    given[name] = value
        scope = context.scope.new_child(given)
        self.graph(graph, context._replace(scope=scope))

    def _call(self, key: _Key, call: Call, context: _Context) -> None:
        """Walk a function with the constants of its call."""
        function = self.functions[key]
        if key in context.functions or len(context.functions) >= _MAX_CALLS:
            msg = f"function {key[1]!r} calls itself, or more than {_MAX_CALLS} are nested"
            raise ModelFormatError(msg)
        self.called.add(key)
        around, inputs = context.around, [text(name) for name in function.input]
        results = list(zip(call.outputs, map(text, function.output), strict=False))
        inside = Surroundings(
            dict(zip(inputs, around.inputs(call), strict=False)),
            exits={inner: Place(around, outer) for outer, inner in results},
            steps=around.steps,
        )
        scope: _Scope = ChainMap(dict(zip(inputs, call.inputs, strict=False)))
        defaults = {text(a.name): a for a in function.attribute_proto}
        self.nodes(
            function.node,
            _Context(
                scope,
                inside,
                ("function", *key),
                {**defaults, **call.attributes},
                (*context.caller, *context.place),
                (*context.functions, key),
            ),
        )
        around.add(call, inside=inside, inputs=inputs)
        for outer, inner in results:
            around.tell(outer, inside.sketch(inner))
            context.scope[outer] = scope.get(inner)

    def _use(self, seen: _Seen, index: int, value: Value, around: Surroundings) -> None:
        """Note the use of an input by an operator, at every tensor the input is made of."""
        if all(len(root.uses) > MOST_PARTS and root.uses[0].parts for root in value.roots):
            return  # its weights are known, and it may not have more layers
        found = purpose(seen.domain, seen.call, index)
        note = place(seen.domain, seen.call, index)
        parts = bounded(found.parts(seen.call, value, around)) if found.parts else []
        if isinstance(parts, Unread):
            self._note(value, Use(seen.order, parts.role, f"{note}, {parts.reason}"))
            return
        real = [(part, part.value) for part in parts if part.value is not None]
        if found.role == "dense" and not real and len(value.shape) == 2:
            self._note(value, Use(seen.order, "constant", f"{note}, in a form that is not read"))
            return
        if not real:
            self._note(value, Use(seen.order, found.role, note, (), "", value.whole))
            return
        for _, made in real:
            self._scale(made)
        is_whole = value.whole
        for root in value.roots:
            own = tuple(_named(part, made) for part, made in real if made.roots[0] is root)
            name = self._names.of(root.name, seen.call, index, around) if own else ""
            use = Use(seen.order, found.role, note, own, name, is_whole)
            if name not in ("", root.name) and seen.call.outputs:
                there = Place(around, seen.call.outputs[0])
                self.alike[name].append(Named(root, len(root.uses), there))
            if not own:
                use = Use(seen.order, "factor", f"part of {real[0][1].roots[0].name}, {note}")
            root.uses.append(use)

    def _scale(self, value: Value) -> None:
        for helper in value.helpers:
            self.scales.setdefault(id(helper), value.roots[0].name)

    def _note(self, value: Value, use: Use) -> None:
        """Note a use that makes no weights. Only integers of few bits have scales."""
        for root in value.roots:
            root.uses.append(use)
        if INTEGERS.get(value.roots[0].dtype, _NO_INTEGER) > _QUANTIZED:
            for helper in value.helpers:
                helper.uses.append(replace(use, role="constant", is_whole=False))
        else:
            self._scale(value)


def _scopes(node: onnx.NodeProto, key: str = _SCOPES) -> str:
    """Return the modules that PyTorch notes with an operator."""
    return next((text(p.value) for p in node.metadata_props if p.key == key), "")


def _is_embedding(node: onnx.NodeProto) -> bool:
    """Return whether the classes that PyTorch notes end with an embedding and its operator."""
    classes = _scopes(node, _CLASSES)[-_LONGEST:].split(",")
    return len(classes) > 1 and classes[-2].strip(" '\"").endswith("Embedding")


def _named(part: Part, value: Value) -> tuple[str, Value, int]:
    return part.label, value, part.groups


def _copies(node: onnx.NodeProto) -> bool:
    return node.op_type == "Identity" and len(node.input) == 1 and len(node.output) == 1


def walk(
    model: onnx.ModelProto,
    locate: Callable[[str, onnx.TensorProto | onnx.SparseTensorProto], Stored],
    /,
) -> list[Stored]:
    """
    Find every tensor of a model, and its uses by operators.

    Parameters
    ----------
    model : onnx.ModelProto
        Structure of the model, from :func:`spectra_io.formats.onnx_model.structure.read`.
    locate : callable
        Function of the name of a tensor and its message that returns the stored tensor.

    Returns
    -------
    list of Stored
        The initializers and constants of the graph, of graphs inside operators and of functions, in
        the order of their use.

    Raises
    ------
    ModelFormatError
        If a function calls itself, or there are more operators than in any real network.

    Examples
    --------
    >>> walk(onnx.ModelProto(), lambda name, tensor: None)
    []
    """
    one = _Walk(model, locate)
    around = Surroundings()
    one.graph(model.graph, _Context(ChainMap(), around))
    for key, function in one.functions.items():
        if key not in one.called:
            own = Surroundings(steps=around.steps)
            one.nodes(
                function.node,
                _Context(ChainMap(), own, ("function", *key), functions=(key,)),
            )
    one.uses()
    for alike in one.alike.values():
        tell_apart(alike)
    for stored in one.found.values():
        if name := one.scales.get(id(stored)):
            first = min((use.order for use in stored.uses), default=1 << 61)
            stored.uses.insert(0, Use(first, "scale", f"scale of {name}"))
    return sorted(one.found.values(), key=lambda stored: stored.use().order)
