"""What became of each true matrix in a file, quantized or not, fused or apart."""

from __future__ import annotations

import itertools
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from tests.sweep.matrices import title

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from spectra._typing import AnyArray
    from spectra.models.layers import Layer
    from tests.sweep.matrices import Matrix

__all__ = ["Verdict", "judge"]

EXACT = 1e-4  # a larger tolerance is that of quantized numbers: their rows cannot be told apart
Fault = dict[str, Any]


@dataclass(slots=True)
class Verdict:
    """What became of each true matrix and of each layer."""

    found: dict[int, str] = field(default_factory=dict)  # name of the layer, by true matrix
    turned: list[str] = field(default_factory=list)
    permuted: list[str] = field(default_factory=list)
    scaled: list[str] = field(default_factory=list)
    parted: list[Fault] = field(default_factory=list)
    whole: list[Fault] = field(default_factory=list)
    missed: list[Fault] = field(default_factory=list)
    wrong: list[Fault] = field(default_factory=list)
    twice: list[Fault] = field(default_factory=list)
    no_maps: list[Fault] = field(default_factory=list)
    error: float = 0.0  # the largest


@dataclass(slots=True)
class _Taken:
    layer: Layer
    stack: AnyArray

    def described(self, **more: Any) -> Fault:
        layer, tensor = self.layer, self.layer.tensor
        return {
            "layer": layer.name,
            "tensor": tensor.name,
            "stored": list(tensor.shape),
            "dtype": tensor.dtype,
            "role": tensor.role,
            "note": tensor.note,
            "matrices": [layer.rf, layer.N, layer.M],
        } | more


def _error(got: AnyArray, true: AnyArray) -> float:
    if got.shape != true.shape:
        return np.inf
    return float(np.linalg.norm(got - true)) / max(float(np.linalg.norm(true)), 1e-30)


def _sorted_rows(W: AnyArray) -> AnyArray:
    out: AnyArray = W[np.lexsort(W.T[::-1])]
    return out


def _fits(got: AnyArray, true: AnyArray, tolerance: float) -> tuple[float, str]:
    """Return the relative error of a layer, and how it lies: straight, turned, or permuted."""
    size = float(np.linalg.norm(true))
    if abs(float(np.linalg.norm(got)) - size) > tolerance * size:  # whatever the order
        return np.inf, ""
    straight, turned = _error(got, true), _error(got.swapaxes(1, 2), true)
    if min(straight, turned) <= tolerance or tolerance > EXACT:
        return (straight, "") if straight <= turned else (turned, "turned")
    if len(got) == len(true) == 1:
        for W in (got[0], got[0].T):
            if W.shape == true[0].shape:
                error = _error(_sorted_rows(W), _sorted_rows(true[0]))
                if error <= tolerance:
                    return error, "permuted"
    return np.inf, ""


def judge(
    layers: Sequence[Layer],
    truth: Sequence[Matrix],
    rest: Mapping[str, AnyArray],
    tolerance: float = 1e-5,
    factors: bool = False,
) -> Verdict:
    """
    Compare the layers of a file with the true matrices, by their numbers.

    Parameters
    ----------
    layers : sequence of Layer
        What the reader took and left out.
    truth : sequence of Matrix
        The true matrices, fused projections apart.
    rest : mapping of str to array
        Parameters that are not maps.
    tolerance : float, default: 1e-5
        Largest relative error, in the Frobenius norm; that of the quantization.
    factors : bool, default: False
        Whether the producer may have multiplied a matrix by a number that stood beside it.

    Returns
    -------
    Verdict
        Each true matrix is found, left whole with others, or missed; each layer is one of these,
        a copy of one, a parameter that is not a map, or wrong.
    """
    verdict = Verdict()
    taken: list[_Taken] = []
    for layer in layers:
        if layer.taken:
            try:
                taken.append(_Taken(layer, np.asarray(layer.matrices(), np.float64)))
            except Exception as error:
                fault = {"layer": layer.name, "fault": "cannot be read", "error": str(error)}
                verdict.wrong.append(fault | {"stored": list(layer.tensor.shape)})
    free = dict(enumerate(taken))
    open_ = dict(enumerate(truth))
    _find(verdict, free, open_, tolerance)
    if factors:
        _find_scaled(verdict, free, open_, tolerance)
    _find_whole(verdict, free, open_, truth, tolerance)
    _find_parted(verdict, free, open_, tolerance)
    for matrix in open_.values():
        tensor, reason = _reason(matrix, layers)
        verdict.missed.append(
            {
                "name": matrix.name,
                "label": matrix.label,
                "title": title(matrix),
                "module": matrix.module,
                "shape": list(matrix.stack.shape),
                "tensor": tensor,
                "reason": reason,
            }
        )
    for one in free.values():
        _extra(verdict, one, taken, truth, rest, tolerance, factors)
    return verdict


def _slack(truth: Mapping[int, Matrix]) -> dict[int, float]:
    """Return by how much smaller each matrix is than its parameter, which may have one scale."""
    squares = {t: float(np.square(m.stack, dtype=np.float64).mean()) for t, m in truth.items()}
    groups: dict[str, list[float]] = defaultdict(list)
    for t, matrix in truth.items():
        groups[matrix.name].append(squares[t])
    means = {name: sum(its) / len(its) for name, its in groups.items()}
    return {t: max(1.0, float(np.sqrt(means[m.name] / squares[t]))) for t, m in truth.items()}


def _find(
    verdict: Verdict, free: dict[int, _Taken], open_: dict[int, Matrix], tolerance: float
) -> None:
    fits = []
    slack = _slack(open_) if tolerance > EXACT else dict.fromkeys(open_, 1.0)
    for t, matrix in open_.items():
        sizes = {(len(s), *sorted(s.shape[1:])) for s in (matrix.stack, *matrix.others)}
        for i, one in free.items():
            if (len(one.stack), *sorted(one.stack.shape[1:])) not in sizes:
                continue
            error, how = min(
                _fits(one.stack, np.asarray(s, np.float64), tolerance * slack[t])
                for s in (matrix.stack, *matrix.others)
            )
            if error <= tolerance * slack[t]:
                fits.append((error, t, i, how))
    for error, t, i, how in sorted(fits):
        if t in open_ and i in free:
            name = free.pop(i).layer.name
            matrix = open_.pop(t)
            verdict.found[t] = name
            verdict.error = max(verdict.error, error)
            if how == "permuted":
                verdict.permuted.append(f"{name} of {title(matrix)}")
            elif how == "turned" and not matrix.turnable:
                verdict.turned.append(f"{name} of {title(matrix)}")


def _factor(got: AnyArray, true: AnyArray, tolerance: float, axis: int | None = None) -> AnyArray:
    """Return the factors by which a true matrix is a layer, one or along an axis; or ``nan``."""
    axes = None if axis is None else tuple(i for i in range(3) if i != axis)
    for W in (got, got.swapaxes(1, 2)):
        if W.shape == true.shape:
            over = np.maximum((true * true).sum(axes, keepdims=True), 1e-300)
            factors: AnyArray = (W * true).sum(axes, keepdims=True) / over
            if factors.all() and _error(W / factors, true) <= tolerance:
                return factors
    return np.array(np.nan)


def _find_scaled(
    verdict: Verdict, free: dict[int, _Taken], open_: dict[int, Matrix], tolerance: float
) -> None:
    """Count layers that are a true matrix times a number, or with scaled rows or columns."""
    for t, matrix in list(open_.items()):
        true = np.asarray(matrix.stack, np.float64)
        for (i, one), axis in itertools.product(list(free.items()), (None, 1, 2)):
            if not np.isnan(factors := _factor(one.stack, true, tolerance, axis)).any():
                verdict.found[t] = free.pop(i).layer.name
                what = ("all", "rows", "columns")[axis or 0] + f" by {factors.flat[0]:.4g}"
                verdict.scaled.append(f"{verdict.found[t]} is {title(open_.pop(t))}, {what}")
                break


def _find_parted(
    verdict: Verdict, free: dict[int, _Taken], open_: dict[int, Matrix], tolerance: float
) -> None:
    """Count true matrices whose rows are several layers of one tensor, each row once."""
    tensors: dict[str, list[int]] = defaultdict(list)
    for i, one in free.items():
        tensors[one.layer.tensor.name].append(i)
    for its in tensors.values():
        stacks = [free[i].stack for i in its]
        for axis in (1, 2) if len(its) > 1 else ():
            if len({tuple(np.delete(s.shape, axis)) for s in stacks}) > 1:
                continue
            W = np.concatenate(stacks, axis)
            hit = next(
                (t for t, m in open_.items()
                 if _fits(W, np.asarray(m.stack, np.float64), tolerance)[0] <= tolerance),
                None,
            )  # fmt: skip
            if hit is not None:
                layers = [free.pop(i).layer.name for i in its]
                verdict.parted.append({"name": title(open_.pop(hit)), "layers": layers})
                break


def _joined(group: list[tuple[int, Matrix]]) -> Iterator[tuple[list[int], AnyArray]]:
    """Yield the ways in which matrices of one parameter may lie in one layer."""
    its = [np.asarray(m.stack, np.float64) for _, m in group]
    ids = [t for t, _ in group]
    if all(m.rows for _, m in group):
        rows = np.concatenate([m.rows for _, m in group])
        yield ids, np.concatenate(its, 1)[:, np.argsort(rows)]
    for first, last in itertools.combinations(range(len(its) + 1), 2):
        chosen = its[first:last]
        if len(chosen) < 2 or (len(its) > 12 and len(chosen) < len(its)):
            continue
        for axis in (1, 2, 0):
            across = {tuple(n for i, n in enumerate(W.shape) if i != axis) for W in chosen}
            if len(across) == 1:
                yield ids[first:last], np.concatenate(chosen, axis)


def _find_whole(
    verdict: Verdict,
    free: dict[int, _Taken],
    open_: dict[int, Matrix],
    truth: Sequence[Matrix],
    tolerance: float,
) -> None:
    groups: dict[str, list[tuple[int, Matrix]]] = defaultdict(list)
    for t, matrix in enumerate(truth):
        groups[matrix.name].append((t, matrix))
    for name, group in groups.items():
        if len(group) < 2 or not any(t in open_ for t, _ in group):
            continue
        for ids, W in _joined(group):
            hit = next((i for i, x in free.items() if _fits(x.stack, W, tolerance)[0] <= tolerance),
                       None)  # fmt: skip
            if hit is not None:
                one = free.pop(hit)
                labels = [truth[t].label for t in ids]
                verdict.whole.append(one.described(name=name, parts=labels, shape=list(W.shape)))
                for t in ids:
                    open_.pop(t, None)


def _extra(
    verdict: Verdict,
    one: _Taken,
    taken: Sequence[_Taken],
    truth: Sequence[Matrix],
    rest: Mapping[str, AnyArray],
    tolerance: float,
    factors: bool,
) -> None:
    for matrix in truth:
        if any(
            _fits(one.stack, np.asarray(s, np.float64), tolerance)[0] <= tolerance
            for s in (matrix.stack, *matrix.others)
        ):
            verdict.twice.append(one.described(of=title(matrix), equal=_is_copy(one, taken)))
            return
    for matrix in truth:
        factor = _factor(one.stack, np.asarray(matrix.stack, np.float64), tolerance).flat[0]
        if np.isnan(factor):
            continue
        fault = f"a true matrix times {factor:.3g}"
        if factors:
            verdict.twice.append(one.described(of=title(matrix), equal=False, fault=fault))
        else:
            verdict.wrong.append(one.described(fault=fault, of=title(matrix), module=""))
        return
    values = _elements(one.stack)
    for name, other in rest.items():
        if values.shape == other.reshape(-1).shape and np.array_equal(values, _elements(other)):
            shape = list(other.shape)
            verdict.no_maps.append(one.described(parameter=name, module="", shape=shape))
            return
    owners = [title(m) for m in truth if values.size and np.isin(values, m.stack).all()]
    if owners:
        verdict.wrong.append(one.described(fault="part of a true matrix", of=owners[0], module=""))
        return
    pieces = [title(m) for m in truth if np.isin(_elements(m.stack), values).all()]
    fault = "several true matrices in one" if pieces else "numbers of no parameter"
    verdict.wrong.append(one.described(fault=fault, of=", ".join(pieces[:4]), module=""))


def _is_copy(one: _Taken, taken: Sequence[_Taken]) -> bool:
    """Return whether another layer has the same numbers: not so if both are quantized apart."""
    return any(
        other is not one and _fits(other.stack, one.stack, 1e-6)[0] <= 1e-6 for other in taken
    )


def _elements(values: AnyArray) -> AnyArray:
    """Return the numbers of an array in increasing order: the same however it is arranged."""
    out: AnyArray = np.sort(np.asarray(values, np.float32), axis=None)
    return out


def _reason(matrix: Matrix, layers: Sequence[Layer]) -> tuple[str, str]:
    """Return the tensor that holds a missed matrix, and why the reader left it out."""
    wanted = _elements(matrix.stack)
    for layer in layers:
        if layer.taken or layer.tensor.size < wanted.size:
            continue
        try:
            values = np.asarray(layer.tensor.read())
        except Exception:
            continue
        if values.dtype.kind == "f" and np.isin(wanted, values.astype(np.float32)).all():
            return layer.tensor.name, layer.reason
    place, size = matrix.name.removesuffix(".weight"), wanted.size
    left = [x for x in layers if not x.taken and x.tensor.size in (size, size // 2)]
    left.sort(key=lambda x: place not in x.tensor.name.replace("/", "."))
    for layer in left:  # quantized: as many numbers, or half as many bytes
        if "float" not in layer.tensor.dtype:
            return layer.tensor.name, layer.reason
    return "", "its numbers are in no tensor that was left out"
