"""Channels: what a graph tells of values that onnxruntime stores in blocks of channels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spectra_io.formats.onnx_model.graph.same_channels import Channels

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spectra_io.formats.onnx_model.graph.calls import Call
    from spectra_io.formats.onnx_model.graph.surroundings import Surroundings

__all__ = [
    *("BLOCKED", "block_sizes", "blocked_convolutions", "channels_of"),
    *("is_blocked", "is_depthwise"),
]

BLOCKED = "com.microsoft.nchwc"
"""Domain of the operators on blocks of channels."""

_SIZES = (8, 16)  # of a block, by the kind of processor that the graph was made for
_MAX_STEPS = 1000  # values with the same channels
_MAX_BETWEEN = 50  # operators between two convolutions
_POOLS = frozenset(
    ("MaxPool", "AveragePool", "GlobalMaxPool", "GlobalAveragePool", "Upsample", "ReorderInput")
)
_LAST_AXES = {  # operators whose second input has the last axis of the result
    *("LayerNormalization", "RMSNormalization", "SimplifiedLayerNormalization", "MatMul"),
}
_ELEMENTWISE = frozenset(
    (
        *("Add", "Sum", "Mul", "Sub", "Div", "Relu", "Sigmoid", "Tanh", "QuickGelu", "Identity"),
        *("HardSigmoid", "HardSwish", "LeakyRelu", "Clip", "Elu", "Gelu", "Softplus", "Swish"),
        *("Max", "Min", "Sqrt", "Exp", "Neg", "Abs", "Mish", "Silu", "ThresholdedRelu", "Selu"),
    )
)


def _is(call: Call | None, *operators: str) -> bool:
    return call is not None and call.domain == BLOCKED and call.operator in operators


def is_depthwise(call: Call, /) -> bool:
    """
    Return whether a convolution maps each channel by itself.

    Parameters
    ----------
    call : Call
        The convolution.

    Returns
    -------
    bool
        Whether it has as many groups as outputs, and one input in each.

    Examples
    --------
    >>> from spectra_io.formats.onnx_model.graph.calls import Call
    >>> is_depthwise(Call("Conv", {}, ["x", "w"], [None, None], ["y"]))
    False
    """
    kernel, groups = call.input(1), call.whole("group", 1)
    return kernel is not None and groups > 1 and kernel.shape[:2] == (groups, 1)


def is_blocked(name: str, around: Surroundings, /) -> bool:
    """
    Return whether a value is in blocks of channels.

    Parameters
    ----------
    name : str
        Name of the value.
    around : Surroundings
        Its graph.

    Returns
    -------
    bool
        False for inputs, and for results of ordinary operators and of ReorderOutput.

    Examples
    --------
    >>> from spectra_io.formats.onnx_model.graph.surroundings import Surroundings
    >>> is_blocked("x", Surroundings())
    False
    """
    for _ in range(_MAX_BETWEEN):
        maker = around.maker(name)
        if maker is None or not maker.names:
            return False
        if maker.domain == BLOCKED:
            return maker.operator != "ReorderOutput"
        if maker.operator not in _ELEMENTWISE | {"Concat"}:
            return False
        name = maker.names[0]
    return False


def _steps(name: str, around: Surroundings) -> Iterator[tuple[str, Call]]:
    """Yield the operators that make or take a value or another one with the same channels."""
    todo, seen = [name], {name}
    for _ in range(_MAX_STEPS):
        if not todo:
            return
        here = todo.pop()
        maker = around.maker(here)
        users = [user for user, at in around.uses(here)[0] if at.around is around]
        for call in [*([maker] if maker is not None else []), *users]:
            yield here, call
            for other in _alike(here, call) - seen:
                seen.add(other)
                todo.append(other)


def _alike(name: str, call: Call) -> set[str]:
    """Return the inputs and results of an operator that have the channels of one of them."""
    results = set(call.outputs[:1])
    if _is(call, "Conv"):
        same = {*results, *call.names[3:4]} | ({call.names[0]} if is_depthwise(call) else set())
    elif _is(call, *_POOLS - {"ReorderInput"}):
        same = {*results, call.names[0]}
    elif call.domain != BLOCKED and call.operator in _ELEMENTWISE:
        same = {*results, *(n for n, v in zip(call.names, call.inputs, strict=False) if v is None)}
    else:
        same = set()
    return same - {""} if name in same else set()


def _stated(name: str, around: Surroundings, axis: int, depth: int = 0) -> int | None:
    """Return the number of channels of a value that is not in blocks, if the graph states it."""
    shape, maker = around.sketch(name).shape or (), around.maker(name)
    side = shape[axis] if len(shape) > 2 else None
    known = side if isinstance(side, int) else None
    if known or maker is None or not maker.names or depth > _MAX_BETWEEN:
        return known
    kernel = maker.input(1)
    if axis == -1:
        if maker.operator in _ELEMENTWISE:
            return _stated(maker.names[0], around, axis, depth + 1)
        last = maker.operator in _LAST_AXES and maker.whole("axis", -1) in (-1, 3)
        least = 2 if maker.operator == "MatMul" else 1
        known = kernel.shape[-1] if last and kernel and len(kernel.shape) >= least else None
        return known if known != 1 else None  # which may stand for any number
    if _is(maker, "ReorderOutput"):
        return maker.whole("channels", 0) or None
    if maker.operator in {"Conv", "FusedConv"} and kernel is not None and kernel.shape:
        return kernel.shape[0]
    if (
        maker.operator == "Concat"
        and maker.whole("axis", 0) == 1
        and len(maker.names) < _MAX_BETWEEN
    ):
        parts = [_stated(part, around, axis, depth + _MAX_BETWEEN // 2) for part in maker.names]
        return sum(part or 0 for part in parts) if all(parts) else None
    if maker.operator in _ELEMENTWISE | _POOLS | {"BatchNormalization"}:
        return _stated(maker.names[0], around, axis, depth + 1)
    return None


def channels_of(name: str, around: Surroundings, /) -> Channels:
    """
    Return what a graph tells of the channels of a value.

    Parameters
    ----------
    name : str
        Name of the value.
    around : Surroundings
        Its graph.

    Returns
    -------
    Channels
        Numbers of channels that are stated where blocks begin or end, and the convolutions.

    Examples
    --------
    >>> from spectra_io.formats.onnx_model.graph.surroundings import Surroundings
    >>> channels_of("x", Surroundings())
    Channels(counts=set(), makers=[], takers=[], is_even=False)
    """
    if name in around.channels:
        return around.channels[name]
    counts, names, is_even = set[int](), {name}, False
    makers: dict[int, Call] = {}
    takers: dict[int, Call] = {}
    for here, call in _steps(name, around):
        names.add(here)
        if _is(call, "ReorderOutput"):
            counts.add(call.whole("channels", 0))
        elif _is(call, "ReorderInput") and here in call.outputs:
            known = _stated(call.names[0], around, -1 if call.whole("channels_last", 0) else 1)
            counts |= {known} if known else set()
        elif _is(call, "Conv") and here in (*call.outputs[:1], *call.names[3:4]):
            makers[id(call)] = call
        elif _is(call, "Conv"):
            takers[id(call)] = call
        is_even = is_even or call.operator == "Concat"
    found = Channels(counts, [*makers.values()], [*takers.values()], is_even)
    around.channels.update(dict.fromkeys(names, found))
    return found


def blocked_convolutions(around: Surroundings, /) -> list[Call]:
    """
    Return the convolutions on blocks of channels.

    Parameters
    ----------
    around : Surroundings
        The graph.

    Returns
    -------
    list of Call
        Those whose kernel is a constant with two axes of positions.

    Examples
    --------
    >>> from spectra_io.formats.onnx_model.graph.surroundings import Surroundings
    >>> blocked_convolutions(Surroundings())
    []
    """
    found = [call for call in around.calls() if _is(call, "Conv")]
    kernels = [call.input(1) for call in found]
    return [c for c, k in zip(found, kernels, strict=True) if k is not None and len(k.shape) == 4]


def block_sizes(around: Surroundings, /) -> set[int]:
    """
    Return the lengths that the blocks of channels of a graph may have.

    Parameters
    ----------
    around : Surroundings
        The graph.

    Returns
    -------
    set of int
        8, 16, or both: blocks of a kernel are not stated, but channels are filled up to whole
        ones, and an input of less than a block of channels is left as it is.

    Examples
    --------
    >>> from spectra_io.formats.onnx_model.graph.surroundings import Surroundings
    >>> block_sizes(Surroundings())
    {8, 16}
    """
    possible = set(_SIZES)
    for call in blocked_convolutions(around):
        kernel = call.input(1)
        if kernel is None:
            continue
        (rows, columns), groups = kernel.shape[:2], max(1, call.whole("group", 1))
        possible -= {size for size in _SIZES if rows % size}
        if groups > 1 and not is_depthwise(call):
            possible -= {size for size in _SIZES if columns % size or rows // groups % size}
        elif groups == 1 and is_blocked(call.names[0], around):
            possible -= {size for size in _SIZES if columns % size}
        elif groups == 1:
            possible -= {size for size in _SIZES if columns >= size}
        users = around.uses(call.outputs[0])[0] if call.outputs else []
        stated = {user.whole("channels", 0) for user, _ in users if _is(user, "ReorderOutput")}
        possible -= {s for s in _SIZES for count in stated if -(-count // s) * s != rows}
    return possible
