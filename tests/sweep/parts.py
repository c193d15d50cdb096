"""Which rows of a fused projection are q, k and v, or gate and up: what the live network does."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn
from torch.overrides import TorchFunctionMode

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.sweep.matrices import Matrix

__all__ = ["cut", "rows"]

ATTENTION = "scaled_dot_product_attention"
PRODUCTS = {"matmul", "__matmul__", "bmm", "baddbmm", "einsum", ATTENTION}
GATES = {"mul", "__mul__", "__rmul__", "mul_", "__imul__"}
_MOVES = (
    "View", "Reshape", "Split", "Slice", "Unbind", "Select", "Transpose", "Permute", "Squeeze",
    "Alias", "AsStrided", "Accumulate", "Clone", "Expand", "T", "Index", "Chunk",
)  # fmt: skip
Rows = frozenset[int]


class _Watch(TorchFunctionMode):
    """Notes on which rows of a leaf the operands of products and gates depend."""

    def __init__(self) -> None:
        super().__init__()
        self.leaf: torch.Tensor | None = None
        self.products: list[tuple[str, list[Rows]]] = []
        self.gates: list[tuple[Rows, Rows]] = []  # gate and up

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        name = getattr(func, "__name__", "")
        if self.leaf is not None and name == "glu":
            up, gate = args[0].chunk(2, (kwargs or {}).get("dim", args[1] if args[1:] else -1))
            self.gates.append((self._of(gate), self._of(up)))
        elif self.leaf is not None and (name in PRODUCTS or name in GATES):
            operands = [a for a in (*args, *(kwargs or {}).values()) if torch.is_tensor(a)]
            if name == "baddbmm":
                operands = operands[1:]
            sets = [self._of(a) for a in operands[:3]]
            if name in PRODUCTS:
                self.products.append((name, sets))
            elif len(sets) == 2 and all(sets) and not sets[0] & sets[1]:
                moved = [_only_moved(a.grad_fn) for a in operands]
                if moved[0] != moved[1]:
                    self.gates.append((sets[moved[0]], sets[not moved[0]]))
        return func(*args, **(kwargs or {}))

    def _of(self, values: torch.Tensor) -> Rows:
        assert self.leaf is not None
        if not values.requires_grad:
            return frozenset()
        with torch._C.DisableTorchFunctionSubclass():
            weights = torch.rand_like(values) + 0.5
            (slope,) = torch.autograd.grad(
                values, self.leaf, weights, retain_graph=True, allow_unused=True
            )
        if slope is None:
            return frozenset()
        apart = slope.reshape(-1, slope.shape[-1]).abs().amax(0)
        return frozenset(np.flatnonzero(apart.numpy() > 0).tolist())


def _only_moved(node: Any) -> bool:
    """Return whether nothing but views and permutations made a tensor."""
    while node is not None:
        if not type(node).__name__.startswith(_MOVES):
            return False
        node = next((n for n, _ in node.next_functions if n is not None), None)
    return True


def rows(module: nn.Module, run: Callable[[], Any]) -> dict[str, list[int]]:
    """
    Return the rows of a projection that become q, k and v, or gate and up.

    The output of the module is replaced by a leaf, and each product that follows is asked on which
    rows its operands depend.

    Parameters
    ----------
    module : torch.nn.Module
        The projection; its output has its rows as the last axis.
    run : callable
        Runs the whole network.

    Returns
    -------
    dict of str to list of int
        The rows by part; empty if the network does not take the result apart.
    """
    watch = _Watch()

    def replace(_: nn.Module, __: Any, output: torch.Tensor) -> torch.Tensor:
        if watch.leaf is None:
            watch.leaf = torch.randn_like(output).requires_grad_()
            return watch.leaf.clone()
        return output

    handle = module.register_forward_hook(replace)
    try:
        with watch, torch.enable_grad():
            run()
    finally:
        handle.remove()
    if watch.leaf is None:
        return {}
    every = list(range(watch.leaf.shape[-1]))
    for found in (_attention(watch.products), _gated(watch.gates)):
        if len(found) > 1 and sorted(row for its in found.values() for row in its) == every:
            return found
    return {}


def _attention(products: list[tuple[str, list[Rows]]]) -> dict[str, list[int]]:
    """Return q, k and v of the first attention among products."""
    found: dict[str, Rows] = {}
    for name, sets in products:
        if name == ATTENTION and len(sets) == 3 and any(sets):
            found = dict(zip("qkv", sets, strict=True))
            break
        if name == ATTENTION or len(sets) != 2:
            continue
        if not found and any(sets) and not sets[0] & sets[1]:
            found = dict(zip("qk", sets, strict=True))
        elif found:
            scores = frozenset().union(*found.values())
            new = [s for s in sets if s and not s & scores]
            if new and any(s == scores for s in sets):
                found["v"] = new[0]
                break
    return {k: sorted(v) for k, v in found.items() if v}


def _gated(gates: list[tuple[Rows, Rows]]) -> dict[str, list[int]]:
    return {"gate": sorted(gates[0][0]), "up": sorted(gates[0][1])} if gates else {}


def cut(model: nn.Module, matrices: Sequence[Matrix], run: Callable[[], Any]) -> list[Matrix]:
    """
    Return the matrices with fused projections taken apart as the network does.

    Parameters
    ----------
    model : torch.nn.Module
        The live model.
    matrices : sequence of Matrix
        Its matrices.
    run : callable
        Runs it.

    Returns
    -------
    list of Matrix
        Those of linear layers whose rows go to q, k and v, or to gate and up, apart; the others
        as they are.
    """
    wanted = [p for p in model.parameters() if p.requires_grad]
    for parameter in wanted:
        parameter.requires_grad_(False)
    out: list[Matrix] = []
    for matrix in matrices:
        place = matrix.name.removesuffix(".weight")
        parts: dict[str, list[int]] = {}
        if not matrix.label and place != matrix.name:
            module = model.get_submodule(place)
            if isinstance(module, nn.Linear) or type(module).__name__ == "Conv1D":
                parts = rows(module, run)
        out += [
            dataclasses.replace(
                matrix, label=label, stack=matrix.stack[:, its], others=(), rows=tuple(its)
            )
            for label, its in parts.items()
        ] or [matrix]
    for parameter in wanted:
        parameter.requires_grad_(True)
    return out
