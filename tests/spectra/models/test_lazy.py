"""Lazy arrays: rows and blocks, pushed down through transpositions."""

from functools import partial

import numpy as np
import pytest

from spectra.models import lazy
from tests.builders import f32


class Cut:
    """A lazy array that can be cut, and notes how much was read."""

    def __init__(self, array):
        self.array, self.read = array, []

    def __call__(self):
        """Return the array."""
        self.read.append(self.array.size)
        return self.array

    def rows(self, start, stop):
        """Return places along the first axis."""
        return Cut.of(self, self.array[start:stop])

    def columns(self, start, stop):
        """Return places along the last axis."""
        return Cut.of(self, self.array[..., start:stop])

    def blocks(self, step, axis):
        """Return parts of a matrix."""
        cut = self.columns if axis else self.rows
        return (cut(i, i + step)() for i in range(0, self.array.shape[axis], step))

    @staticmethod
    def of(whole, array):
        """Return a part that notes in the same list."""
        part = Cut(array)
        part.read = whole.read
        return part


TURNS = {
    "not": lambda source: source,
    "once": lambda source: lazy.derived(np.transpose, source),
    "by axes": lambda source: lazy.derived(np.transpose, source, axes=(1, 0)),
    "by a list": lambda source: lazy.derived(np.transpose, source, axes=[1, 0]),
    "twice": lambda source: lazy.derived(np.transpose, lazy.derived(np.transpose, source)),
}


@pytest.mark.parametrize("turn", TURNS)
@pytest.mark.parametrize("axis", [0, 1])
def test_blocks_through_transpositions(turn, axis):
    source = Cut(f32(12, 8))
    made = TURNS[turn](source)
    found = lazy.blocks(made, 3, axis)
    assert found is not None
    parts = list(found)
    np.testing.assert_array_equal(np.concatenate(parts, axis=axis), made())
    assert max(source.read[:-1]) <= 36


@pytest.mark.parametrize("turn", TURNS)
def test_rows_through_transpositions(turn):
    source = Cut(f32(12, 8))
    made = TURNS[turn](source)
    found = lazy.rows(made, 2, 5)()
    if turn != "twice":
        assert source.read == [found.size]
    np.testing.assert_array_equal(found, made()[2:5])


@pytest.mark.parametrize("axes", [None, (2, 1, 0), (0, 2, 1), (1, 0, 2)])
def test_rows_of_a_stack_that_was_turned(axes):
    source = Cut(f32(4, 3, 5))
    made = lazy.derived(np.transpose, source, axes=axes)
    np.testing.assert_array_equal(lazy.rows(made, 1, 3)(), made()[1:3])


def test_what_is_computed_has_no_blocks():
    source = Cut(f32(12, 8))
    for made in (
        lazy.derived(np.negative, source),
        lazy.derived(np.transpose, lazy.derived(np.negative, source)),
        lazy.Held(f32(3, 3)),
        partial(f32, 3, 3),
    ):
        assert lazy.blocks(made, 2, 0) is None
        assert lazy.in_blocks(made, (12, 8)) is None


@pytest.mark.parametrize("shape", [(12, 8), (8, 12), (9, 9)])
def test_a_matrix_is_cut_along_its_longer_side(shape):
    made = lazy.in_blocks(Cut(f32(*shape)), shape)
    assert made is not None
    parts = list(made.blocks(5))
    axis = int(shape[0] < shape[1])
    assert {part.shape[1 - axis] for part in parts} == {min(shape)}
    np.testing.assert_array_equal(np.concatenate(parts, axis=axis), np.asarray(made))


@pytest.mark.parametrize("shape", [(6,), (2, 3, 4), (1 << 31, 0), (0, 9)])
def test_only_matrices_with_numbers_are_cut(shape):
    assert lazy.in_blocks(Cut(np.zeros(shape, np.float32)), shape) is None
