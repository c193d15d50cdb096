"""Slices of what a graph computes from constants, computed without the rest."""

from typing import Any

import numpy as np
import pytest
from onnx import helper

from spectra.models.lazy import Held
from spectra_io.formats.onnx_model.graph.calls import Call
from spectra_io.formats.onnx_model.graph.computations import COMPUTATIONS
from spectra_io.formats.onnx_model.graph.values import Stored, cut, joined, of, transposed
from tests.builders import f32


class RowsOnly:
    """A stored array of which rows can be read, and which must not be read as a whole."""

    def __init__(self, array: Any) -> None:
        self.array = array

    def __call__(self) -> Any:
        raise AssertionError

    def rows(self, start: int, stop: int) -> Any:
        return Held(self.array[start:stop])


STACK = np.random.default_rng(0).integers(-99, 99, (5, 4, 6)).astype(np.int8)
FLOATS = f32(5, 4, 6)


def constant(array, *, guarded=False, name="c"):
    source = RowsOnly(array) if guarded else Held(array)
    return of(Stored(name, array.shape, array.dtype.name, source))


def compute(operator, *values, **options):
    attributes = {a.name: a for a in helper.make_node(operator, [], [], **options).attribute}
    names = [f"i{index}" for index in range(len(values))]
    call = Call(operator, attributes, names, list(values), ["y"])
    (made,) = COMPUTATIONS[operator](call, values[0])
    assert made is not None
    return made


S = np.float32(0.25)
ROWS = np.abs(f32(5, 1, 1))
CASES: dict[str, Any] = {  # of the guarded stack: values, and what the numbers are
    "dequantized": lambda q: compute("DequantizeLinear", q, constant(S)),
    "dequantized by the first axis": lambda q: compute(
        "DequantizeLinear", q, constant(ROWS.ravel()), constant(np.arange(5, dtype=np.int8)), axis=0
    ),
    "dequantized by the last axis": lambda q: compute(
        "DequantizeLinear", q, constant(np.abs(f32(6))), constant(np.int8(3)), axis=2
    ),
    "dequantized in blocks": lambda q: compute(
        "DequantizeLinear", q, constant(np.abs(f32(5, 4, 3))), axis=2, block_size=2
    ),
    "cast and scaled": lambda q: compute("Mul", compute("Cast", q, to=1), constant(S)),
    "scaled by rows, from the left": lambda q: compute(
        "Div", constant(ROWS), compute("Cast", q, to=1)
    ),
    "masked": lambda q: compute(
        "Where", constant(STACK > 0), compute("Cast", q, to=1), constant(np.float32(0))
    ),
    "negated, within bounds": lambda q: compute(
        "Clip", compute("Neg", compute("Cast", q, to=1)), constant(np.float32(-5))
    ),
    "given another shape": lambda q: compute(
        "Reshape",
        compute("DequantizeLinear", q, constant(S)),
        constant(np.array([5, 3, 8]), name="shape"),
    ),
    "one function after the other": lambda q: compute(
        "Tanh", compute("Add", compute("DequantizeLinear", q, constant(S)), constant(FLOATS[0]))
    ),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("turned", [False, True])
def test_a_part_of_a_stack_is_computed_alone(case, turned):
    alone, whole = (CASES[case](constant(STACK, guarded=g)) for g in (True, False))
    if turned:
        alone, whole = transposed(alone, (0, 2, 1)), transposed(whole, (0, 2, 1))
    assert alone is not None
    assert whole is not None
    for first in range(5):
        part = cut(alone, 0, first, first + 1)
        assert part is not None
        np.testing.assert_array_equal(part.source(), whole.source()[first : first + 1])


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_slices_along_every_axis(case, axis):
    whole = CASES[case](constant(STACK))
    part = cut(whole, axis, 1, 3)
    assert part is not None
    np.testing.assert_array_equal(part.source(), whole.source().take([1, 2], axis))
    inner = cut(part, axis, 1, 2)
    assert inner is not None
    np.testing.assert_array_equal(inner.source(), whole.source().take([2], axis))


def test_blocks_are_not_cut_apart():
    """A slice along the axis of the blocks is one of the whole."""
    made = CASES["dequantized in blocks"](constant(STACK))
    part = cut(made, 2, 1, 4)
    assert part is not None
    np.testing.assert_array_equal(part.source(), made.source()[:, :, 1:4])


def both(first: Any, second: Any, start: int, stop: int) -> Any:
    """Return some rows of two arrays, one below the other."""
    rows = joined([first, second], 0)
    assert rows is not None
    return cut(rows, 0, start, stop)


NARROW = f32(4, 6).astype(np.float16)
FACTOR = f32(6, seed=3)
WIDENED: dict[str, Any] = {  # what is made of numbers of 16 bits that were cast to 32
    "scaled": (lambda w: compute("Mul", w, constant(FACTOR)), lambda W: W * FACTOR),
    "a slice, scaled": (
        lambda w: compute("Mul", cut(w, 0, 1, 3), constant(FACTOR)),
        lambda W: W[1:3] * FACTOR,
    ),
    "scaled by a factor that was cast too": (
        lambda w: compute("Mul", w, compute("Cast", constant(FACTOR.astype(np.float16)), to=1)),
        lambda W: W * FACTOR.astype(np.float16).astype(np.float32),
    ),
    "padded with a number of 32 bits": (
        lambda w: compute("Pad", w, constant(np.array([0, 0, 1, 0])), constant(np.float32(0.1))),
        lambda W: np.pad(W, ((0, 1), (0, 0)), constant_values=np.float32(0.1)),
    ),
    "rounded": (
        lambda w: compute("QuantizeLinear", w, constant(np.float32(0.01)), constant(np.int8(0))),
        lambda W: np.rint(W / np.float32(0.01)).clip(-128, 127).astype(np.int8),
    ),
    "rounded by a scale that was cast too": (
        lambda w: compute(
            "QuantizeLinear",
            w,
            compute("Cast", constant(np.float16(0.0123)), to=1),
            constant(np.int8(0)),
        ),
        lambda W: np.rint(W / np.float32(np.float16(0.0123))).clip(-128, 127).astype(np.int8),
    ),
    "a part of a joined array, scaled": (
        lambda w: compute("Mul", both(w, constant(FLOATS[0]), 3, 5), constant(S)),
        lambda W: np.concatenate([W, FLOATS[0]])[3:5] * S,
    ),
}


@pytest.mark.parametrize("moved", [False, True])
@pytest.mark.parametrize(("made", "expected"), WIDENED.values(), ids=WIDENED)
def test_numbers_that_were_widened_are_computed_with_as_such(made, expected, moved):
    """Numbers of 16 bits stay as they are in memory until something is computed of them."""
    wide = compute("Cast", compute("Identity", constant(NARROW)), to=1)
    if moved:
        wide = compute(
            "Cast", joined([constant(NARROW[:2], name="a"), constant(NARROW[2:])], 0), to=1
        )
    value = made(wide)
    expected = expected(NARROW.astype(np.float32))
    assert value.dtype == expected.dtype.name
    np.testing.assert_array_equal(value.source(), expected)


def test_halves_of_two_types_of_16_bits_are_joined():
    halves = [f32(2, 6).astype(dtype) for dtype in ("float16", "bfloat16")]
    wide = [compute("Cast", constant(h, name=h.dtype.name), to=1) for h in halves]
    value = joined(wide, 0)
    assert value is not None
    expected = np.concatenate([h.astype(np.float32) for h in halves])
    np.testing.assert_array_equal(value.source(), expected)
