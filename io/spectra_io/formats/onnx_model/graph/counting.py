"""Counting: the operators of a model with functions, before any of them is followed."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from spectra.errors import ModelFormatError
from spectra_io.formats.onnx_model.structure import MAX_NODES, text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import onnx

__all__ = ["check_operators"]

_MAX_CALLS = 32  # functions that call each other
_MAX_DEPTH = 64  # graphs and functions inside each other

_Key = tuple[str, str, str]


class _Count(NamedTuple):
    """The operators of a part of a model."""

    number: int
    depth: int  # of graphs and functions inside it
    given: Mapping[str, int]  # how often graphs are followed that a call gives as attributes


class _Counting:
    """A pass over functions and graphs that enters each of them once."""

    def __init__(self, functions: Iterable[onnx.FunctionProto]) -> None:
        self.functions = {_key(f.domain, f.name, f.overload): f for f in functions}
        self.known: dict[_Key, _Count] = {}

    def nodes(self, nodes: Iterable[onnx.NodeProto], calls: tuple[_Key, ...], level: int) -> _Count:
        """Count operators, those of a function as often as it is called."""
        if level > _MAX_DEPTH:
            msg = f"graphs and functions are more than {_MAX_DEPTH} deep inside each other"
            raise ModelFormatError(msg)
        number, depth, given = 0, 0, Counter[str]()
        for node in nodes:
            number += 1
            key = _key(node.domain, node.op_type, node.overload)
            inner = self.function(key, calls, level + 1) if key in self.functions else None
            if inner is not None:
                number, depth = number + inner.number, max(depth, 1 + inner.depth)
            for name, attribute in self.attributes(node, key).items():
                times = 1 if inner is None else inner.given.get(name, 0)
                if attribute.ref_attr_name:
                    given[text(attribute.ref_attr_name)] += times
                graphs = [*([attribute.g] if attribute.HasField("g") else []), *attribute.graphs]
                for graph in graphs if times else ():
                    found = self.nodes(graph.node, calls, level + 1)
                    number, depth = number + times * found.number, max(depth, 1 + found.depth)
                    given.update({name: times * count for name, count in found.given.items()})
        return _Count(number, depth, given)

    def attributes(self, node: onnx.NodeProto, key: _Key) -> dict[str, onnx.AttributeProto]:
        """Return the attributes of an operator, and those that a function has by default."""
        defaults = self.functions[key].attribute_proto if key in self.functions else ()
        return {text(one.name): one for one in (*defaults, *node.attribute)}

    def function(self, key: _Key, calls: tuple[_Key, ...], level: int) -> _Count:
        """Count the operators of a function."""
        if key in calls or len(calls) >= _MAX_CALLS:
            msg = f"function {key[1]!r} calls itself, or more than {_MAX_CALLS} are nested"
            raise ModelFormatError(msg)
        if key not in self.known:
            function = self.functions[key]
            self.known[key] = self.nodes(function.node, (*calls, key), level)
        elif level + self.known[key].depth > _MAX_DEPTH:
            self.nodes((), calls, _MAX_DEPTH + 1)
        return self.known[key]


def _key(domain: str, name: str, overload: str) -> _Key:
    return text(domain), text(name), text(overload)


def check_operators(model: onnx.ModelProto, /) -> None:
    """
    Refuse a model whose functions call each other too often to be followed.

    Parameters
    ----------
    model : onnx.ModelProto
        Structure of the model, from :func:`spectra_io.formats.onnx_model.structure.read`, which
        has few enough operators if it has no functions.

    Raises
    ------
    ModelFormatError
        If there are more than 262,144 operators, those of a function counted as often as it is
        called; if a function calls itself, or more than 32 are nested; if graphs and functions are
        more than 64 deep inside each other.

    Examples
    --------
    >>> import onnx
    >>> check_operators(onnx.ModelProto())
    """
    if not model.functions:
        return
    counting = _Counting(model.functions)
    number = counting.nodes(model.graph.node, (), 0).number
    for key in counting.functions:
        if key not in counting.known:
            number += counting.function(key, (), 0).number
    if number > MAX_NODES:
        msg = f"more than {MAX_NODES} operators, each function counted as often as it is called"
        raise ModelFormatError(msg)
