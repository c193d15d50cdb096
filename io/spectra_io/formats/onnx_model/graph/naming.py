"""Naming: find the name of a weight in the network where an exporter made one up."""

from __future__ import annotations

import ast
import itertools
import re
from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from spectra_io.formats.onnx_model.graph.surroundings import Place

if TYPE_CHECKING:
    from collections.abc import Callable

    from spectra_io.formats.onnx_model.graph.calls import Call
    from spectra_io.formats.onnx_model.graph.surroundings import Surroundings

__all__ = [
    *("Names", "as_in_cell", "branch_of", "is_made_up", "is_of_cell", "module_of"),
    "undecorated",
]

_LONGEST = 1000  # characters of a name or a list of scopes that are looked at
_MAX_STEPS = 6  # operators between a product and its bias

_TOOLS = re.compile(
    r"(?<=.)(_(quantized|[Tt]ransposed|Bnb4|DQ_Q[248](_T)?|Q[248]G?|nchwc|prepacked|fp16|qweight))+\Z"
)
"""Endings that quantizers and optimizers append to the name of a tensor."""

_PREFIX = re.compile(r"\A(FusedBack_|ortshared_|If_\d+_(then|else)_branch__|Inline_\d+__|F\d+::)+")
"""Beginnings that optimizers and inliners put before a name."""

_IN_BRANCH = re.compile(r"If_\d{1,9}_((?:then|else)_branch)__")

_OPERATIONS = (
    *("val", "t", "permute", "transpose", "view", "reshape", "linear", "addmm", "matmul", "mm"),
    *("bmm", "add", "mul", "sub", "div", "embedding", "getitem", "_to_copy", "clone", "expand"),
    *("squeeze", "unsqueeze", "slice", "select", "cat", "stack", "convert_element_type", "const"),
    *("tensor_constant", "_tensor_constant", "lifted_tensor", "arg", "initializer", "einsum"),
)
_MADE_UP = re.compile(
    r"\A(onnx::\w+|t|permute|transpose|_?(" + "|".join(_OPERATIONS) + r")(_?\d+)+"
    r"|\d+(_\d+)?|reorder(_token_\d+)?|.*_output_\d+)(_weight)?\Z"
)
"""Names that exporters give to a value that has no name of its own."""

_OPERATOR = re.compile(
    r"(MatMul|Gemm|Conv|ConvTranspose|Gather|GatherND|LSTM|GRU|RNN|Einsum|Attention|MatMulInteger)"
    r"(_(\d+|quant|output|token|matmul|MatMul|DQ|Q[248]|Bnb4|nchwc))*"
)
_FUSED = re.compile(r"(MatMul|Gemm|Conv)\w*Fusion")
_CELLS = {"LSTM", "GRU", "RNN", "DynamicQuantizeLSTM"}
_CELL_WEIGHTS = {1: "weight_ih", 2: "weight_hh"}
_OF_CELL = re.compile(r"(^|\.)weight_[ih]h_l[0-9]+\Z")
_TO_BIAS = frozenset(
    ("Cast", "Mul", "DequantizeLinear", "QuantizeLinear", "Identity", "Reshape", "Transpose")
)
_BIAS = re.compile(r"(?:(?<=\A)|(?<=[./])|(?<=in_proj_)|(?<=weight_))bias(?=\Z|_ih|_hh)")


def undecorated(name: str, /) -> str:
    """
    Return a name without what quantizers and optimizers add to it.

    Parameters
    ----------
    name : str
        Name of a stored tensor.

    Returns
    -------
    str
        The name before.

    Examples
    --------
    >>> undecorated("fc1.weight_Transposed_quantized")
    'fc1.weight'
    """
    if len(name) > _LONGEST:
        return name
    return _TOOLS.sub("", _PREFIX.sub("", name)) or name


def branch_of(name: str, /) -> str:
    """
    Return the branch of an If that an inliner put before a name.

    Parameters
    ----------
    name : str
        Name of a stored tensor.

    Returns
    -------
    str
        The branch; empty if there is none.

    Examples
    --------
    >>> branch_of("If_0_else_branch__Inline_0__fc.weight"), branch_of("fc.weight")
    ('else_branch', '')
    """
    match = _IN_BRANCH.match(name)
    return match[1] if match else ""


def is_made_up(name: str, /) -> bool:
    """
    Return whether an exporter made up a name.

    Parameters
    ----------
    name : str
        Name of a stored tensor.

    Returns
    -------
    bool
        Whether the name says nothing of the network.

    Examples
    --------
    >>> is_made_up("onnx::MatMul_303"), is_made_up("val_39"), is_made_up("fc1.weight")
    (True, True, False)
    """
    return len(name) <= _LONGEST and _MADE_UP.match(name) is not None


def module_of(call: Call, /) -> str:
    """
    Return the module of a network that an operator belongs to.

    Parameters
    ----------
    call : Call
        The operator.

    Returns
    -------
    str
        Path of the module, from the scopes that the exporter noted, or the name of the operator;
        empty if they do not say.

    Examples
    --------
    >>> from spectra_io.formats.onnx_model.graph.calls import Call
    >>> module_of(Call("MatMul", {}, [], [], [], "/layer.0/fc1/MatMul"))
    'layer.0.fc1'
    >>> module_of(Call("MatMul", {}, [], [], [], "node_MatMul_1", "['', 'fc1', 'linear']"))
    'fc1'
    """
    return _by_scopes(call.scopes) or _by_path(call.label)


def _by_scopes(scopes: str) -> str:
    if not scopes or len(scopes) > 10 * _LONGEST:
        return ""
    try:
        found = ast.literal_eval(scopes)
    except (ValueError, SyntaxError, MemoryError, RecursionError):  # of another tool
        return ""
    known = isinstance(found, list) and len(found) > 1 and all(isinstance(s, str) for s in found)
    return str(found[-2]) if known else ""


def _by_path(name: str) -> str:
    if not name.startswith("/") or len(name) > _LONGEST:
        return ""
    steps = name.strip("/").split("/")
    for made_by in (_FUSED, _OPERATOR):
        if steps and made_by.fullmatch(steps[-1]):
            steps.pop()
    # a Sequential is a step of its own: /layer/layer.0 is layer.0
    pairs = itertools.zip_longest(steps, steps[1:], fillvalue="")
    return ".".join(step for step, after in pairs if not after.startswith(f"{step}."))


def is_of_cell(name: str, /) -> bool:
    """
    Return whether a name is that of PyTorch for the weights of a recurrent module.

    Parameters
    ----------
    name : str
        Name of a weight.

    Returns
    -------
    bool
        Whether the name is like ``weight_ih_l0``.

    Examples
    --------
    >>> is_of_cell("rnn.weight_hh_l1"), is_of_cell("rnn.weight")
    (True, False)
    """
    return _OF_CELL.search(name[-_LONGEST:]) is not None


def as_in_cell(label: str, /) -> tuple[str, str]:
    """
    Return the label of a gate in PyTorch, given that of ONNX.

    Parameters
    ----------
    label : str
        Gate, after the direction if there are two.

    Returns
    -------
    label : str
        The gate: g for c, n for h.
    ending : str
        Ending of the name for the direction.

    Examples
    --------
    >>> as_in_cell("reverse.c"), as_in_cell("forward"), as_in_cell("i")
    (('g', '_reverse'), ('', ''), ('i', ''))
    """
    *direction, gate = label.split(".")
    if gate in ("forward", "reverse"):
        direction, gate = [gate], ""
    ending = "_reverse" if direction == ["reverse"] else ""
    return {"c": "g", "h": "n"}.get(gate, gate), ending


class _Bias(NamedTuple):
    """A vector that is added to the result of an operator."""

    name: str
    is_shared: bool  # with other operators, as exporters store equal biases once


def _vector(call: Call, index: int, around: Surroundings) -> _Bias | None:
    """Return the constant vector at an input of an operator."""
    value = call.input(index)
    if value is None or sum(side > 1 for side in value.shape) > 1:
        return None
    calls, elsewhere = around.uses(call.names[index])
    shared = len(calls) + len(elsewhere) > 1
    return _Bias(undecorated(value.roots[0].name), shared)


def _bias_after(call: Call, around: Surroundings) -> _Bias | None:
    """Return the vector that is added after an operator."""
    there = Place(around, call.outputs[0] if call.outputs else "")
    for _ in range(_MAX_STEPS):
        users = there.users()
        if len(users) != 1:
            return None
        user, place = users[0]
        if user.operator in ("Add", "Sum"):
            found = [_vector(user, index, place.around) for index in range(len(user.names))]
            return next((one for one in found if one), None)
        scaled = any(v is not None and v.size > 1 for v in user.inputs) and user.operator == "Mul"
        if user.operator not in _TO_BIAS or scaled or not user.outputs:
            return None
        there = place._replace(name=user.outputs[0])
    return None


def _weight_beside(bias: str) -> str:
    """Return the name of a weight, given that of its bias."""
    folded = bias.removesuffix("_bias")  # a bias that a normalization became is called so
    return folded if folded.endswith(".weight") else _BIAS.sub("weight", bias)


class Names:
    """
    The names of the weights of a graph, in the order of their use.

    Parameters
    ----------
    bias : callable
        Function of an operator that returns the positions of its biases.

    Examples
    --------
    >>> from spectra_io.formats.onnx_model.graph.calls import Call
    >>> from spectra_io.formats.onnx_model.graph.surroundings import Surroundings
    >>> names, around = Names(lambda call: []), Surroundings()
    >>> names.of("onnx::MatMul_3", Call("MatMul", {}, [], [], [], "/fc1/MatMul"), 1, around)
    'fc1.weight'
    """

    def __init__(self, bias: Callable[[Call], list[int]]) -> None:
        self._bias = bias
        self._cells: dict[str, dict[int, int]] = defaultdict(dict)

    def of(self, stored: str, call: Call, index: int, around: Surroundings, /) -> str:
        """
        Return the name of a weight in the network.

        Parameters
        ----------
        stored : str
            Name of the tensor in the file.
        call : Call
            The operator that uses the weight.
        index : int
            The input of the operator.
        around : Surroundings
            The graph of the operator.

        Returns
        -------
        str
            The stored name, if an exporter did not make it up; else the name of the bias that is
            added next, or the path of the module; empty if neither is known and no tool added
            anything to the stored name.
        """
        name = undecorated(stored)
        module = module_of(call)
        if not is_made_up(name):
            own = f".{name}".startswith(f".{module}.")
            renamed = module and not own and call.operator == "Gather" and call.is_embedding
            return f"{module}.weight" if renamed else name
        if call.operator in _CELLS and index in _CELL_WEIGHTS:
            return self._of_cell(call, module, index)
        bias = self._bias_of(call, around)
        within = f".{module}." in f".{bias.name}" if bias and module else False
        if bias and (within or not (module or bias.is_shared)):
            return _weight_beside(bias.name)
        return f"{module}.weight" if module else name if name != stored else ""

    def _of_cell(self, call: Call, module: str, index: int) -> str:
        """Return the name of a weight of a recurrent module, which may have several layers."""
        if not module:
            return ""
        known = self._cells[module]
        number = known.setdefault(id(call), len(known))
        return f"{module}.{_CELL_WEIGHTS[index]}_l{number}"

    def _bias_of(self, call: Call, around: Surroundings) -> _Bias | None:
        own = [one for i in self._bias(call) if (one := _vector(call, i, around))]
        bias = own[0] if own else _bias_after(call, around)
        known = bias is not None and _BIAS.search(bias.name) and not is_made_up(bias.name)
        return bias if known else None
