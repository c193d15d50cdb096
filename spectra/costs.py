"""
Costs: time and memory that the analysis of a layer takes, known from its shape before any work.

The time is a sum of simple terms, each a count times a rate: multiplications of matrix products,
cubes of the shorter side for eigenvalues and for eigenvectors, elements, eigenvalues, and a
constant for the interpreter. With the typical rates it serves to compare layers; with rates that
were measured on a machine it is a forecast in seconds.
"""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING, Any, NamedTuple

import spectra.measures as _measures
from spectra._spectral import BLOCK
from spectra.dtypes import BY_NAME
from spectra.linalg import two_stage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from spectra.measures import Measure
    from spectra.models.layers import Layer

__all__ = ["TYPICAL", "Rates", "makespan", "memory", "seconds"]

_FLOAT = 8  # bytes
_DECODED = 4  # bytes per number of a tensor that is computed from other numbers
_COPIES = 2  # of a Gram matrix: it and what LAPACK works in
_STRIP = 1024  # rows of a Gram matrix that are computed at a time, and copied
_PANELS = 6 * 64  # columns that two stages work in
_READ = 2  # parts that a file is read in, at the same time: one in work, and the next
_BLOCKS = 2  # more in float64, where elements are changed when they are read
_SIDES, _SQUARES = 4, 6  # arrays of N x M, and of M x M, for a singular value decomposition
_FITS = 2_500_000  # bytes of fits and tests, however small the layer
_IN_TWO_STAGES = 0.6  # of the time of the eigenvalues of a large matrix
_SMALL, _FEW = 300, 5  # up to so many eigenvalues, randomized takes so many replicas


class Rates(NamedTuple):
    """
    Seconds that one core takes for one unit of each kind of work.

    Examples
    --------
    >>> TYPICAL._replace(layer=0.1).layer
    0.1
    """

    product: float
    """Per multiplication of a product of matrices in float64."""
    values: float
    """Per cube of the shorter side, for eigenvalues."""
    vectors: float
    """Per cube of the shorter side, for eigenvalues and eigenvectors."""
    element: float
    """Per element that is read, converted and looked at once."""
    eigenvalue: float
    """Per eigenvalue, for its fits."""
    layer: float
    """Per layer, for the interpreter."""


TYPICAL = Rates(34e-12, 110e-12, 285e-12, 5e-9, 60e-6, 0.05)
"""Rates of a core of a server of 2021, with AVX2."""


class _Work(NamedTuple):
    """Number of units of each kind of work that one matrix of a layer takes, or one layer."""

    product: float = 0.0
    values: float = 0.0
    vectors: float = 0.0
    element: float = 0.0
    eigenvalue: float = 0.0
    layer: float = 0.0
    matrix: float = 0.0
    """Work of the interpreter for each matrix, in that for a layer."""


_PLAIN = _Work(product=1, values=1, element=3, layer=0.1)  # the spectrum itself
_EXTRA: Mapping[Callable[..., Any], _Work] = {  # beside the spectrum, as measured
    _measures.bulk_fit: _Work(matrix=0.08),
    _measures.energy_spread: _Work(eigenvalue=0.2, matrix=0.1),
    _measures.evidence: _Work(element=2, eigenvalue=1, layer=0.3, matrix=0.1),
    _measures.element_law: _Work(element=2),
    _measures.equal_scales: _Work(product=1, values=1, element=15, matrix=0.2),
    _measures.randomness: _Work(product=15, values=5, matrix=4),
    _measures.spike_signals: _Work(matrix=0.03),
    _measures.tail_fit: _Work(layer=0.1),
}
_ORDER = _Work(product=1, values=1, element=16, matrix=0.15)  # of a random order of the elements
_VECTORS = _Work(product=1, vectors=1, element=6, eigenvalue=5)  # of vector_spread
_EXACTLY, _EXACT = 140, 28  # up to so many elements, the test of a vector is exact, and slower


def _replicas(measure: Measure, M: int) -> int:
    chosen = getattr(measure, "keywords", {}).get("replicas")
    return int(chosen) if chosen else _FEW if M <= _SMALL else 1


def _works(measures: Iterable[Measure], M: int) -> list[tuple[float, _Work]]:
    """Return kinds of work, each with its number of repetitions."""
    found = [(1.0, _PLAIN)]
    for measure in measures:
        function = getattr(measure, "func", measure)
        if function is _measures.randomized:
            found.append((_replicas(measure, M), _ORDER))
        elif function is _measures.vector_spread:
            found.append((1.0, _VECTORS._replace(eigenvalue=_EXACT) if M <= _EXACTLY else _VECTORS))
        elif function in _EXTRA:
            found.append((1.0, _EXTRA[function]))
    return found


def seconds(
    layer: Layer, /, *, measures: Iterable[Measure] = _measures.CORE, rates: Rates = TYPICAL
) -> float:
    """
    Estimate the time that one core takes to analyze a layer.

    Parameters
    ----------
    layer : Layer
        A layer; nothing of it is read.
    measures : iterable of callable, default: :data:`spectra.measures.CORE`
        Measures to take; those of one's own count as free.
    rates : Rates, default: :data:`TYPICAL`
        Seconds per unit of work.

    Returns
    -------
    float
        Seconds. Left out are the time to fetch a model from a disk or a server, to compute weights
        from quantized ones, and a nearly singular matrix, which takes three to six
        times as long.

    Examples
    --------
    >>> import numpy as np, spectra
    >>> small, large = spectra.layers({"a": np.ones((64, 32)), "b": np.ones((1024, 512))})
    >>> seconds(small) < seconds(large)
    True
    """
    N, M, rf = layer.N, layer.M, layer.rf
    total = 0.0
    for times, work in _works(measures, M):
        one = (
            work.product * rates.product * N * M * M
            + work.values * rates.values * M**3 * (_IN_TWO_STAGES if M >= two_stage.WIDE else 1)
            + work.vectors * rates.vectors * M**3
            + work.element * rates.element * N * M
            + work.eigenvalue * rates.eigenvalue * M
            + work.matrix * rates.layer
        )
        total += times * (rf * one + work.layer * rates.layer)
    return total


def memory(
    layer: Layer, /, *, measures: Iterable[Measure] = _measures.CORE, threads: int = 1
) -> int:
    """
    Estimate the memory that the analysis of a layer takes at its peak.

    Parameters
    ----------
    layer : Layer
        A layer; nothing of it is read.
    measures : iterable of callable, default: :data:`spectra.measures.CORE`
        Measures to take; those of one's own count as free.
    threads : int, default: 1
        Threads of linear algebra.

    Returns
    -------
    int
        Bytes, beside those of the program: one matrix of M x M in float64, two below 2,560 columns
        and with several threads (three of a nearly singular matrix, which are not counted); parts
        of up to 4 million elements, or the whole layer if it is not read in parts. Random orders
        and equal scales take the whole layer as it is stored, two matrices of M x M and three
        blocks in float64; windows
        of singular vectors the layer four times in float64, and six matrices of M x M.

    Examples
    --------
    >>> import numpy as np, spectra
    >>> (layer,) = spectra.layers({"a": np.ones((8192, 4096), np.float32)})
    >>> memory(layer) // 2**20, memory(layer, measures=spectra.measures.ALL) // 2**20
    (314, 1922)
    """
    N, M, rf = layer.N, layer.M, layer.rf
    if layer.num_evals == 0:
        return 0
    functions = {getattr(measure, "func", measure) for measure in measures}
    stored = N * M * rf * _item_size(layer)
    gram = _FLOAT * M * M
    plain, noise = _plain(layer, stored, threads), 0
    if _measures.randomized in functions or _measures.equal_scales in functions:
        part = min(N * M, BLOCK)
        noise = stored + _COPIES * gram + part * (_item_size(layer) + (1 + _BLOCKS) * _FLOAT)
    if _measures.randomness in functions:
        noise = max(noise, stored + _SIDES * _FLOAT * N * M + _SQUARES * gram)
    return _FITS + max(plain, noise)


def _plain(layer: Layer, stored: int, threads: int) -> int:
    """Return the bytes of the spectrum and of a look at the elements."""
    N, M, size = layer.N, layer.M, _item_size(layer)
    part = min(N * M, BLOCK)
    num_parts = min(_READ, -(-N * M // BLOCK))
    in_parts = layer.in_blocks() is not None
    held, read = (0, num_parts * size * part) if in_parts else (stored, 0)
    gram = _FLOAT * M * M
    product = (
        read + _FLOAT * part + gram + _FLOAT * min(M, _STRIP) * max(min(M, _STRIP), M - _STRIP)
    )
    in_place = M >= two_stage.WIDE and threads == 1
    values = gram + _FLOAT * _PANELS * M if in_place else _COPIES * gram
    widened = 0 if size >= _DECODED else num_parts * _DECODED * part
    elements = read + widened + part + _FLOAT * N  # whether each is zero, and places
    return held + max(product, values, elements)


def _item_size(layer: Layer) -> int:
    """Return the bytes of a stored number in memory."""
    known = BY_NAME.get(layer.tensor.dtype)
    bytes_each = known.bits // 8 if known is not None and known.kind == "float" else _DECODED
    return max(bytes_each, _DECODED if layer.tensor.weights else 1)


def makespan(times: Sequence[float], /, *, workers: int, busy: Iterable[float] = ()) -> float:
    """
    Compute how long workers take for tasks, each worker taking the next task when it is free.

    Parameters
    ----------
    times : sequence of float
        Time of each task, in their order.
    workers : int
        Number of workers.
    busy : iterable of float, optional
        Time until a worker is free, of those that are not.

    Returns
    -------
    float
        Time until the last worker is free.

    Examples
    --------
    >>> makespan([3.0, 2.0, 2.0], workers=2), makespan([1.0], workers=2, busy=[5.0, 2.0])
    (4.0, 5.0)
    """
    free = sorted(busy, reverse=True)[:workers]
    free += [0.0] * (workers - len(free))
    heapq.heapify(free)
    last = max(free, default=0.0)
    for time in times:
        last = max(last, done := free[0] + time)
        heapq.heapreplace(free, done)
    return last
