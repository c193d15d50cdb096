"""Weights that an operator keeps in its attributes: the linear models of ai.onnx.ml."""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from spectra_io.formats.onnx_model.graph.operators._parts import Around, Part, Unread
from spectra_io.formats.onnx_model.graph.values import Value, combined, reshaped

if TYPE_CHECKING:
    from spectra._typing import AnyArray
    from spectra_io.formats.onnx_model.graph.calls import Call

__all__ = ["KEPT", "classifier", "regressor", "vector_classifier", "vector_regressor"]

KEPT: dict[str, tuple[str, ...]] = {
    "LinearRegressor": ("coefficients", "intercepts"),
    "LinearClassifier": ("coefficients", "intercepts"),
    "SVMRegressor": ("coefficients", "rho", "support_vectors"),
    "SVMClassifier": ("coefficients", "rho", "support_vectors"),
}
"""Attributes with numbers, which count as the inputs 1, 2, ... of the operator."""

_VECTORS = 3  # place of support_vectors


def _rows(value: Value, rows: int) -> list[Part] | Unread:
    """Return coefficients as a matrix, those of each output one after the other."""
    if rows < 1 or value.size % rows:
        return Unread(f"{value.size} coefficients of {rows} outputs: not read", "unknown")
    return [Part("", reshaped(value, (rows, value.size // rows)))]


def _count(call: Call, name: str) -> int:
    """Return the number of labels, strings or integers."""
    given = [call.attributes.get(f"{name}_{kind}") for kind in ("ints", "strings")]
    return max(len(one.ints) + len(one.strings) if one else 0 for one in given)


def _kernel(call: Call) -> str:
    given = call.attributes.get("kernel_type")
    return given.s.decode("utf-8", "replace") if given else "LINEAR"


def regressor(call: Call, value: Value, around: Around) -> list[Part] | Unread:
    return _rows(value, call.whole("targets", 1))


def classifier(call: Call, value: Value, around: Around) -> list[Part] | Unread:
    """Return a row per class, or the only one of two classes, which has one intercept."""
    intercepts, shape = call.input(2), around.inputs(call)[0].shape
    if intercepts is not None:
        return _rows(value, intercepts.size)
    features = shape[-1] if shape else None
    if isinstance(features, int) and features > 0:
        return _rows(value, value.size // features)
    return _rows(value, _count(call, "classlabels"))


def vector_regressor(call: Call, value: Value, around: Around) -> list[Part] | Unread:
    """Return the one row of a support vector machine with a linear kernel."""
    vectors, count = call.input(_VECTORS), max(0, call.whole("n_supports", 0))
    if not count:
        return _rows(value, 1) if value is not vectors else []
    coefficients = call.input(1)
    if (kernel := _kernel(call)) != "LINEAR":
        return Unread(f"kernel {kernel[:20]}", "parameter")
    if (
        vectors is None
        or coefficients is None
        or vectors.size % count
        or coefficients.size != count
    ):
        return Unread(f"{count} support vectors: not read", "unknown")
    features = vectors.size // count
    made = combined(_one_row, [coefficients, vectors], (1, features), main=vectors)
    return [Part("", made)]


def _one_row(coefficients: AnyArray, vectors: AnyArray) -> AnyArray:
    row = coefficients.astype(np.float64) @ vectors.reshape(coefficients.size, -1)
    out: AnyArray = row.astype(np.float32).reshape(1, -1)
    return out


def vector_classifier(call: Call, value: Value, around: Around) -> list[Part] | Unread:
    """Return a row per class, or per pair of classes if there are support vectors."""
    given, classes = call.attributes.get("vectors_per_class"), _count(call, "classlabels")
    counts = tuple(int(n) for n in given.ints) if given else ()
    vectors, coefficients, total = call.input(_VECTORS), call.input(1), sum(counts)
    if not total:
        return _rows(value, classes) if value is not vectors else []
    if (kernel := _kernel(call)) != "LINEAR":
        return Unread(f"kernel {kernel[:20]}", "parameter")
    fits = len(counts) == classes > 1 and min(counts) >= 0
    if vectors is None or coefficients is None or not fits or vectors.size % total:
        return Unread(f"{total} support vectors of {classes} classes: not read", "unknown")
    if coefficients.size != (classes - 1) * total:
        return Unread(f"{coefficients.size} coefficients of {total} vectors: not read", "unknown")
    shape = (math.comb(classes, 2), vectors.size // total)
    function = partial(_pairs, counts=counts)
    work = math.prod(shape) * total
    made = combined(function, [coefficients, vectors], shape, main=vectors, work=work)
    return [Part("", made)]


def _pairs(coefficients: AnyArray, vectors: AnyArray, *, counts: tuple[int, ...]) -> AnyArray:
    """Return the weights of each pair of classes, in the order (0, 1), (0, 2), ..., (1, 2), ..."""
    total, ends = sum(counts), np.cumsum(counts)
    C = coefficients.astype(np.float64).reshape(len(counts) - 1, total)
    V = vectors.reshape(total, -1)
    spans = [slice(end - n, end) for n, end in zip(counts, ends, strict=True)]
    rows = [
        C[j - 1, spans[i]] @ V[spans[i]] + C[i, spans[j]] @ V[spans[j]]
        for i in range(len(counts))
        for j in range(i + 1, len(counts))
    ]
    out: AnyArray = np.stack(rows).astype(np.float32)
    return out
