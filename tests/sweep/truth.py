"""The matrices that a live torch model computes with, and its parameters that are none."""

from __future__ import annotations

import ast
import inspect
import math
import re
import textwrap
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn

from tests.sweep.matrices import Matrix, Other, digest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spectra._typing import AnyArray

__all__ = ["matrices", "others", "statement"]

_GATES = {
    nn.LSTM: "ifgo", nn.GRU: "rzn", nn.RNN: "", nn.LSTMCell: "ifgo", nn.GRUCell: "rzn",
    nn.RNNCell: "",
}  # fmt: skip
_TRANSPOSED = (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)
_PRODUCTS = {
    "linear", "matmul", "mm", "bmm", "addmm", "baddbmm", "einsum", "embedding", "conv1d", "conv2d",
    "conv3d", "_grouped_mm", "grouped_mm",
}  # fmt: skip
_TABLES = re.compile(r"relative_(attention_|position_)?bias|rel_(attn_)?bias|bias_values")
_NO_MAPS = re.compile(
    r"pos|relative|bias|token|quer|latent|codebook\b|slope|scale|mask|centroid|seg_embed"
)


def _numbers(values: torch.Tensor) -> AnyArray:
    out: AnyArray = values.detach().to(torch.float32).cpu().numpy()
    return out


def _stack(W: AnyArray, groups: int = 1) -> AnyArray:
    """Return the matrices of a kernel (out, in, positions...) by position, then group."""
    if W.ndim == 2:
        return W[np.newaxis]
    out, inputs, positions = W.shape[0], W.shape[1], math.prod(W.shape[2:])
    if inputs == 1:
        return W.reshape(1, out, positions)
    apart = W.reshape(groups, out // groups, inputs, positions)
    return np.moveaxis(apart, -1, 0).reshape(groups * positions, out // groups, inputs)


def _is_map(shape: tuple[int, ...]) -> bool:
    return sum(n > 1 for n in shape) >= 2


def matrices(model: nn.Module) -> list[Matrix]:
    """
    Return every matrix that a model computes with, each parameter once.

    Parameters
    ----------
    model : torch.nn.Module
        A model, in whatever state.

    Returns
    -------
    list of Matrix
        Weights of linear layers, embeddings, convolutions, recurrent layers (by gate), attention
        (by q, k, v) and experts (one each, gate and up apart); of modules of a model's own, those
        parameters that its code puts into a product. A parametrized weight is the effective one.
    """
    found: list[Matrix] = []
    seen: set[tuple[int, tuple[int, ...]]] = set()
    for name, module in model.named_modules():
        if ".parametrizations" in f".{name}":
            continue
        for parameter, values in _weights(module):
            full = f"{name}.{parameter}".lstrip(".")
            place = (values.data_ptr(), tuple(values.shape))
            if place in seen or values.numel() == 0:
                continue
            seen.add(place)
            found += [m for m in _of(module, parameter, full, values) if _is_map(m.stack.shape)]
    return _once(found)


def _once(found: list[Matrix]) -> list[Matrix]:
    keys: set[tuple[tuple[int, ...], bytes]] = set()
    out = []
    for matrix in found:
        key = matrix.stack.shape, digest(matrix.stack)
        if key not in keys:
            keys.add(key)
            out.append(matrix)
    return out


def _weights(module: nn.Module) -> Iterator[tuple[str, torch.Tensor]]:
    """Yield the parameters of a module by name, with effective ones for parametrized ones."""
    parametrized = getattr(module, "parametrizations", {})
    for hook in module._forward_pre_hooks.values():  # the older weight norm
        if type(hook).__name__ in ("WeightNorm", "SpectralNorm") and hasattr(hook, "name"):
            if type(hook).__name__ == "WeightNorm":
                yield hook.name, hook.compute_weight(module)
            else:
                yield hook.name, hook.compute_weight(module, do_power_iteration=False)
    for name in parametrized:
        yield name, getattr(module, name)
    normed = {"weight_g", "weight_v"} <= set(module._parameters)
    for name, values in module._parameters.items():
        if values is not None and not (normed and name in ("weight_g", "weight_v")):
            yield name, values


def _of(module: nn.Module, parameter: str, full: str, values: torch.Tensor) -> list[Matrix]:
    if values.ndim < 2 or not values.is_floating_point():
        return []
    cls, W = type(module), _numbers(values)
    word, source = cls.__name__, digest(W).hex()

    def made(label: str, *stacks: AnyArray, turnable: bool = False) -> Matrix:
        first, *rest = stacks
        return Matrix(full, label, first, word, turnable, tuple(rest), source)

    if isinstance(module, nn.MultiheadAttention):
        if parameter == "in_proj_weight":
            return [made(k, _stack(part)) for k, part in zip("qkv", np.split(W, 3), strict=True)]
        return [made("", _stack(W))] if parameter.endswith("proj_weight") else []
    gates = next((k for kind, k in _GATES.items() if isinstance(module, kind)), None)
    if gates is not None and parameter.startswith("weight"):
        if not gates or "weight_hr" in parameter:
            return [made("", _stack(W))]
        parts = np.split(W, len(gates))
        return [made(k, _stack(part)) for k, part in zip(gates, parts, strict=True)]
    if parameter == "weight" and word == "Conv1D" and W.ndim == 2:
        return [made("", _stack(W.T))]
    if isinstance(module, _TRANSPOSED) and parameter == "weight":
        return [made("", *_transposed(W, module.groups), turnable=True)]
    if isinstance(module, nn.modules.conv._ConvNd) and parameter == "weight":
        return [made("", _stack(W), _stack(W, module.groups))]
    if isinstance(module, nn.Embedding | nn.EmbeddingBag) and parameter == "weight":
        return [] if _TABLES.search(full) else [made("", _stack(W), turnable=False)]
    if isinstance(module, nn.Linear) and parameter == "weight":
        return [made("", _stack(W))]
    if isinstance(module, nn.Bilinear):
        return []
    return _of_own(module, parameter, full, W, made)


def _transposed(W: AnyArray, groups: int) -> list[AnyArray]:
    """Return the kernel of a transposed convolution as (out, in), or as it is stored."""
    apart = W.reshape(groups, W.shape[0] // groups, *W.shape[1:]).swapaxes(1, 2)
    turned = apart.reshape(-1, *apart.shape[2:])
    return [_stack(W.swapaxes(0, 1)), _stack(W), _stack(turned), _stack(turned, groups)]


def _of_own(module: nn.Module, parameter: str, full: str, W: AnyArray, made: Any) -> list[Matrix]:
    """Return the matrices of a parameter of a class of the model's own, by its code."""
    cls: Any = type(module)
    if cls.__name__ == "DbrxExpertGLU":
        experts = W.reshape(module.moe_num_experts, -1, W.shape[1])
        return [
            made(f"{e}", _stack(m.T if parameter == "w2" else m)) for e, m in enumerate(experts)
        ]
    experts_class = "Expert" in cls.__name__ and W.ndim == 3
    use = product(cls, parameter)
    if not use and not experts_class:
        return []
    if _NO_MAPS.search(parameter.lower()):
        return []
    if parameter == "r_kernel":  # of Funnel: used head by head and with all heads joined
        return [made("", _stack(W.reshape(len(W), -1).T), turnable=True)]
    if use.startswith("einsum") and W.ndim in (2, 3):
        return [made("" if n == 1 else str(i), _stack(m), turnable=True)
                for n, i, m in _summed(W, use.partition(" ")[2])]  # fmt: skip
    if W.ndim == 2:
        return [made("", _stack(W if use != "matmul" else W.T))]
    if use.startswith("conv"):
        return [made("", _stack(W))]
    if W.ndim != 3:
        return []
    turned = getattr(module, "is_transposed", use in ("matmul", "bmm", "_grouped_mm"))
    experts = W.swapaxes(1, 2) if turned else W
    out = []
    for e, expert in enumerate(experts):
        if "gate_up" in parameter:
            halves = (
                np.split(expert, 2)
                if getattr(module, "is_concatenated", True)
                else [expert[0::2], expert[1::2]]
            )
            out += [
                made(f"{e}.{k}", _stack(h)) for k, h in zip(("gate", "up"), halves, strict=True)
            ]
        else:
            out.append(made(str(e), _stack(expert)))
    return out


def _summed(W: AnyArray, equation: str) -> Iterator[tuple[int, int, AnyArray]]:
    """Yield number, index and matrix (out, in) of a tensor by its place in an equation."""
    terms, _, output = equation.replace(" ", "").partition("->")
    first, second = terms.split(",")
    own, other = (second, first) if len(second) == W.ndim else (first, second)
    if len(own) != W.ndim:
        return
    inputs = [i for i, k in enumerate(own) if k in other and k not in output]
    every = [i for i, k in enumerate(own) if k in other and k in output]
    outputs = [i for i, k in enumerate(own) if k not in other]
    if not inputs or not outputs:
        return
    sizes = [math.prod(W.shape[i] for i in axes) for axes in (every, outputs, inputs)]
    stack = W.transpose(*every, *outputs, *inputs).reshape(sizes)
    for i, matrix in enumerate(stack):
        yield sizes[0], i, matrix


@cache
def _code(cls: type) -> ast.AST | None:
    try:
        return ast.parse(textwrap.dedent(inspect.getsource(cls)))
    except (OSError, TypeError, SyntaxError):
        return None


def _refers(node: ast.AST, attribute: str, aliases: frozenset[str] = frozenset()) -> bool:
    """Return whether an expression is an attribute of self, perhaps cut, turned or cast."""
    while True:
        if isinstance(node, ast.Attribute):
            if isinstance(node.value, ast.Name) and node.value.id == "self":
                return node.attr == attribute
            node = node.value
        elif isinstance(node, ast.Subscript):
            node = node.value
        elif isinstance(node, ast.Call):
            node = node.func
        else:
            return isinstance(node, ast.Name) and node.id in aliases


def _is_turned(node: ast.AST) -> bool:
    return any(
        isinstance(n, ast.Attribute) and n.attr in ("T", "t", "mT", "transpose")
        for n in ast.walk(node)
    )


@cache
def product(cls: type[Any], attribute: str) -> str:
    """Return the product into which the code of a class puts an attribute: "" if none."""
    source: Any = cls
    code = _code(source)
    if code is None:
        return ""
    aliases = frozenset(
        target.id
        for node in ast.walk(code)
        if isinstance(node, ast.Assign) and _refers(node.value, attribute)
        for target in node.targets
        if isinstance(target, ast.Name)
    )
    for node in ast.walk(code):
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult):
            if _refers(node.right, attribute, aliases):
                return "linear" if _is_turned(node.right) else "matmul"
            if _refers(node.left, attribute, aliases):
                return "linear"
        if isinstance(node, ast.Call):
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            arguments = [*node.args, *(k.value for k in node.keywords)]
            used = [a for a in arguments if _refers(a, attribute, aliases)]
            if name in _PRODUCTS and used:
                if name in ("matmul", "mm", "bmm", "addmm", "baddbmm"):
                    first = _refers(node.args[0], attribute, aliases) if node.args else False
                    turned = first != _is_turned(used[0])
                    return "linear" if turned else "matmul"
                if name == "linear":
                    return "matmul" if _is_turned(used[0]) else "linear"
                if name == "einsum":
                    equation = node.args[0]
                    text = equation.value if isinstance(equation, ast.Constant) else None
                    known = isinstance(text, str) and len(node.args) == 3
                    return f"einsum {text!s}" if known else ""
                return name
    return ""


@cache
def statement(cls: type[Any], attribute: str) -> str:
    """Return the lines of a class that call an attribute, with those that follow."""
    try:
        lines = inspect.getsource(cls).splitlines()
    except (OSError, TypeError):
        return ""
    for number, line in enumerate(lines):
        if f"self.{attribute}(" in line:
            return textwrap.dedent("\n".join(lines[number : number + 60]))
    return ""


def others(model: nn.Module, maps: list[Matrix]) -> dict[bytes, Other]:
    """Return the parameters and buffers of two axes or more that are not among the maps."""
    known = {m.source for m in maps}
    out: dict[bytes, Other] = {}
    for name, module in model.named_modules():
        for parameter, values in (*module._parameters.items(), *module._buffers.items()):
            if values is None or values.ndim < 2 or not values.is_floating_point():
                continue
            key = digest(_numbers(values))
            if key.hex() not in known:
                full = f"{name}.{parameter}".lstrip(".")
                out.setdefault(key, Other(full, type(module).__name__, tuple(values.shape)))
    return out
