"""What a reader took, held against the true matrices."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from tests.sweep.matrices import digest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from spectra._typing import AnyArray
    from spectra.models.layers import Layer
    from tests.sweep.matrices import Matrix, Other

__all__ = ["Result", "compare"]

TOLERANCE = 1e-5  # of effective weights, relative to the largest element
Fault = dict[str, Any]


@dataclass(slots=True)
class Result:
    """Counts and faults of one model."""

    true: int = 0
    right: int = 0
    turned: list[str] = field(default_factory=list)
    split: int = 0
    whole: list[Fault] = field(default_factory=list)
    missed: list[Fault] = field(default_factory=list)
    wrong: list[Fault] = field(default_factory=list)
    no_maps: list[Fault] = field(default_factory=list)

    def record(self) -> dict[str, Any]:
        """Return the result as plain data."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(slots=True)
class _Taken:
    layer: Layer
    stack: AnyArray


def _key(stack: AnyArray) -> tuple[tuple[int, ...], bytes]:
    return stack.shape, digest(stack)


def _described(layer: Layer, **more: Any) -> Fault:
    tensor = layer.tensor
    return {
        "layer": layer.name,
        "tensor": tensor.name,
        "stored": list(tensor.shape),
        "dtype": tensor.dtype,
        "role": tensor.role,
        "note": tensor.note,
        "matrices": [layer.rf, layer.N, layer.M],
    } | more


def compare(
    layers: Sequence[Layer], truth: Sequence[Matrix], others: Mapping[bytes, Other]
) -> Result:
    """
    Compare layers with the true matrices, by their numbers and not by their names.

    Parameters
    ----------
    layers : sequence of Layer
        What the reader took and left out.
    truth : sequence of Matrix
        The true matrices.
    others : mapping of bytes to Other
        Parameters that are not maps, by their digest.

    Returns
    -------
    Result
        Each true matrix is right, split (the rows of several layers are its rows, each once) or
        missed; each layer is one of these, or a tensor that is not a map, or wrong.
    """
    result = Result(true=len(truth))
    taken: list[_Taken] = []
    for layer in layers:
        if layer.taken:
            try:
                taken.append(_Taken(layer, np.asarray(layer.matrices(), np.float32)))
            except Exception as error:
                result.wrong.append(_described(layer, fault="cannot be read", error=str(error)))
    free = set(range(len(taken)))
    open_ = set(range(len(truth)))
    _exact(result, taken, truth, free, open_)
    _close(result, taken, truth, free, open_)
    parts = _parts(taken, truth, free, open_)
    for t, pieces in parts.items():
        rows = sorted(row for _, its in pieces for row in its)
        if rows == list(range(truth[t].stack.shape[1])):
            result.split += 1
            open_.discard(t)
        free -= {i for i, _ in pieces}
    _joined(result, taken, truth, free, open_)
    reasons = _reasons(layers)
    for t in sorted(open_):
        matrix = truth[t]
        why = "only some of its rows are taken" if t in parts else _reason(matrix, reasons, layers)
        result.missed.append(
            {
                "name": matrix.name,
                "label": matrix.label,
                "shape": list(matrix.stack.shape),
                "module": matrix.module,
                "reason": why,
            }
        )
    for i in sorted(free):
        _extra(result, taken[i], truth, others)
    return result


def _exact(
    result: Result, taken: list[_Taken], truth: Sequence[Matrix], free: set[int], open_: set[int]
) -> None:
    by_key: dict[Any, list[int]] = defaultdict(list)
    for i in free:
        by_key[_key(taken[i].stack)].append(i)
    for t, matrix in enumerate(truth):
        for stack in (matrix.stack, *matrix.others):
            straight, turned = _key(stack), _key(stack.swapaxes(1, 2))
            hit = next((i for i in by_key[straight] if i in free), None)
            is_turned = False
            if hit is None:
                hit, is_turned = next((i for i in by_key[turned] if i in free), None), True
            if hit is not None:
                result.right += 1
                if is_turned and not matrix.turnable:
                    result.turned.append(f"{taken[hit].layer.name} of {matrix.module}")
                _note_whole(result, taken[hit], matrix)
                free.discard(hit)
                open_.discard(t)
                break


def _note_whole(result: Result, taken: _Taken, matrix: Matrix) -> None:
    result.whole.append(
        {
            "tensor": taken.layer.tensor.name,
            "name": matrix.name,
            "shape": list(matrix.stack.shape),
            "note": taken.layer.tensor.note,
            "turned": False,
        }
    )


def _close(
    result: Result, taken: list[_Taken], truth: Sequence[Matrix], free: set[int], open_: set[int]
) -> None:
    for t in sorted(open_):
        for i in sorted(free):
            got, matrix = taken[i].stack, truth[t]
            if any(
                got.shape == s.shape
                and np.abs(got - s).max(initial=0) <= TOLERANCE * np.abs(s).max(initial=0)
                for stack in (matrix.stack, *matrix.others)
                for s in (stack, stack.swapaxes(1, 2))
            ):
                result.right += 1
                free.discard(i)
                open_.discard(t)
                break


def _parts(
    taken: list[_Taken], truth: Sequence[Matrix], free: set[int], open_: set[int]
) -> dict[int, list[tuple[int, list[int]]]]:
    """Return for each true matrix the layers made of rows of it, with the rows."""
    places: dict[bytes, list[tuple[int, int]]] = defaultdict(list)
    for t in open_:
        if truth[t].stack.shape[0] == 1:
            for row, values in enumerate(truth[t].stack[0]):
                places[digest(values)].append((t, row))
    parts: dict[int, list[tuple[int, list[int]]]] = defaultdict(list)
    for i in sorted(free):
        stack = taken[i].stack
        if stack.shape[0] != 1:
            continue
        for W in (stack[0], stack[0].T):
            rows = [places.get(digest(row), []) for row in W]
            common = set.intersection(*({t for t, _ in row} for row in rows)) if rows else set()
            if common:
                t = min(common)
                parts[t].append((i, [next(r for u, r in row if u == t) for row in rows]))
                break
    return parts


def _joined(
    result: Result, taken: list[_Taken], truth: Sequence[Matrix], free: set[int], open_: set[int]
) -> None:
    """Count layers that hold several true matrices, each complete, which the file has in one."""
    places: dict[bytes, tuple[int, int]] = {}
    for t in open_:
        if truth[t].stack.shape[0] == 1:
            places |= {digest(row): (t, i) for i, row in enumerate(truth[t].stack[0])}
    for i in sorted(free):
        stack = taken[i].stack
        for W in (stack[0], stack[0].T) if len(stack) == 1 else ():
            rows = [places.get(digest(row)) for row in W]
            found = [row for row in rows if row is not None]
            its = {t for t, _ in found}
            size = sum(truth[t].stack.shape[1] for t in its)
            if its and len(found) == len(rows) == len(set(found)) == size and its <= open_:
                result.right += len(its)
                fault = _described(taken[i].layer, rows=_runs(found, truth))
                result.whole.append(fault | {"name": taken[i].layer.tensor.name})
                free.discard(i)
                open_ -= its
                break


def _runs(rows: list[tuple[int, int]], truth: Sequence[Matrix]) -> list[str]:
    """Return which true rows follow one another, as ranges."""
    runs: list[list[int]] = []
    for t, row in rows:
        if runs and runs[-1][0] == t and runs[-1][2] == row:
            runs[-1][2] += 1
        else:
            runs.append([t, row, row + 1])
    names = [(truth[t].name.removesuffix(".weight"), truth[t].label) for t, _, _ in runs]
    text = [
        f"{name.rpartition('.')[2]}{f'[{label}]' if label else ''} {first}:{last}"
        for (name, label), (_, first, last) in zip(names, runs, strict=True)
    ]
    return text if len(text) <= 16 else [*text[:8], f"... {len(text)} runs"]


def _extra(
    result: Result, taken: _Taken, truth: Sequence[Matrix], others: Mapping[bytes, Other]
) -> None:
    layer = taken.layer
    raw = digest(np.asarray(layer.tensor.read()).astype(np.float32))
    if raw in others:
        other = others[raw]
        result.no_maps.append(
            _described(layer, parameter=other.name, module=other.module, shape=list(other.shape))
        )
        return
    owner = next((m for m in truth if m.source == raw.hex()), None)
    fault = "arranged wrongly" if owner else "numbers of no parameter"
    if owner and taken.stack.shape[0] == 1 and _holds(taken.stack[0], truth):
        fault = "several true matrices in one"
    result.wrong.append(
        _described(
            layer,
            fault=fault,
            module=owner.module if owner else "",
            true=list(owner.stack.shape) if owner else [],
        )
    )


def _holds(W: AnyArray, truth: Sequence[Matrix]) -> bool:
    rows = {digest(row) for m in truth if m.stack.shape[0] == 1 for row in m.stack[0]}
    return all(digest(row) in rows for row in W) or all(digest(row) in rows for row in W.T)


def _reasons(layers: Sequence[Layer]) -> dict[str, str]:
    """Return the reasons by the digest of the stored tensor, and by its name."""
    out = {}
    for layer in layers:
        if not layer.taken:
            out[layer.tensor.name] = layer.reason
            try:
                raw = np.asarray(layer.tensor.read())
                if raw.ndim >= 2:
                    out[digest(raw.astype(np.float32)).hex()] = layer.reason
            except Exception:
                continue
    return out


def _reason(matrix: Matrix, reasons: dict[str, str], layers: Sequence[Layer]) -> str:
    if matrix.source in reasons:
        return reasons[matrix.source]
    last = re.sub(r"\.(parametrizations\.)?weight.*$", "", matrix.name)
    named = [r for n, r in reasons.items() if n.endswith(matrix.name) or n.startswith(f"{last}.")]
    if named:
        return named[0]
    its = [x.tensor.name for x in layers if x.taken and x.tensor.name.startswith(f"{last}.")]
    return f"taken as something else: {its[:2]}" if its else "not in the file by this name"
