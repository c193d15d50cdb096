"""Numbers: small arrays of integers, as far as they are known."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from spectra_io.formats.onnx_model.graph.shapes._sides import MAX_NUMBERS, Length
from spectra_io.formats.onnx_model.graph.shapes.sketches import NOTHING, Sketch

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from spectra._typing import AnyArray
    from spectra_io.formats.onnx_model.graph.calls import Call

    Given = Sequence[Sketch]
    Rule = Callable[[Call, Given], list[Sketch]]

__all__ = ["counting", "elements", "of_shape", "same_ndim", "whole", "wholes"]


def counting(numbers: AnyArray | None) -> Sketch:
    if numbers is None or numbers.size > MAX_NUMBERS:
        return NOTHING
    return Sketch(numbers.shape, numbers)


def whole(given: Given, index: int) -> list[int] | None:
    """Return the integers at an input, if all are known."""
    numbers = given[index].numbers if index < len(given) else None
    if numbers is None or not all(isinstance(n, int) for n in numbers.ravel()):
        return None
    return [int(n) for n in numbers.ravel()]


def wholes(call: Call, given: Given, name: str, index: int) -> list[int] | None:
    """Return integers that are an attribute or, in newer versions, an input."""
    if name in call.attributes:
        return [int(n) for n in call.attributes[name].ints]
    return whole(given, index)


def elements(one: Sketch) -> AnyArray | None:
    """Return the elements of a short vector, at least how many there are."""
    if one.numbers is not None or one.shape is None or len(one.shape) != 1:
        return one.numbers
    count = one.shape[0]
    few = isinstance(count, int) and count <= MAX_NUMBERS
    return np.full(count, None, object) if isinstance(count, int) and few else None


def of_shape(numbers: AnyArray | None, shape: tuple[Length, ...]) -> Sketch:
    """Return the sketch of an array that was given another shape."""
    sides = [side for side in shape if isinstance(side, int)]
    fits = numbers is not None and len(sides) == len(shape) and math.prod(sides) == numbers.size
    return Sketch(shape, numbers.reshape(sides) if numbers is not None and fits else None)


def same_ndim(call: Call, given: Given) -> list[Sketch]:
    return [Sketch(None if given[0].shape is None else (None,) * len(given[0].shape))]
