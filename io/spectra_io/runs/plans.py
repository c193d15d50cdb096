"""Plans of a run: threads or processes, how many of them, and how much memory for the layers."""

from __future__ import annotations

import math
import pickle
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from spectra import costs
from spectra_io.runs import budgets, executors
from spectra_io.runs.processes import Processes, prepare
from spectra_io.runs.threads import Threads

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from spectra.measures import Measure
    from spectra.models.layers import Layer
    from spectra_io.runs.events import PoolMaker

__all__ = ["Plan", "Planned", "Resources", "plan", "prepare_for"]

_PROCESS = 140_000_000  # bytes of a process without a layer; what processes share counts in each
_MARGIN = 1.25  # of the memory of a layer: what the allocator keeps, and errors of the estimate
_MOST = 0.25  # share of the memory that processes may take by themselves
_START = 1.0  # seconds until processes have started, at the typical rates
_EACH = 0.05  # seconds until one more has
_GAIN = 0.85  # share of the time of threads that processes must stay below
_QUEUE = 1.5  # time of the interpreter's work in threads, which wait for one another, over its own
_LIGHT = 100_000  # bytes of a layer that is sent to a process
_INTERPRETER = costs.TYPICAL._replace(product=0, values=0, vectors=0, element=0)


class Resources(NamedTuple):
    """
    Workers, memory and device that a run may use.

    Examples
    --------
    >>> Resources(workers=2).memory is None
    True
    """

    workers: int | None = None
    """Layers in work at a time; by default one per core."""
    memory: int | None = None
    """Bytes of the whole program; by default a share of the memory that is free."""
    pool: PoolMaker | None = None
    """Workers elsewhere, whose memory is not counted here."""
    device: str | None = None
    """Device of the eigenvalues, which the threads of one process use one after another."""


_ALL = Resources()


class Plan(NamedTuple):
    """
    Workers of a run, and the memory for their layers.

    Examples
    --------
    >>> Plan(Threads, 2, 1e9).workers
    2
    """

    pool: PoolMaker
    workers: int
    budget: float


class _Full(Exception):
    """More bytes than a layer should have when it is sent."""


class _Counter:
    """A file that takes a few bytes."""

    left = _LIGHT

    def write(self, data: Any) -> int:
        """Count the bytes."""
        self.left -= memoryview(data).nbytes
        if self.left < 0:
            raise _Full
        return memoryview(data).nbytes


def _is_light(layer: Layer) -> bool:
    """Return whether a layer is sent to a process in a few bytes: it says where its numbers lie."""
    try:
        pickle.dump(layer, _Counter(), protocol=5)
    except Exception:  # of whatever the layer is made of
        return False
    return True


def plan(layers: Sequence[Layer], measures: Sequence[Measure], resources: Resources, /) -> Plan:
    """
    Choose threads or processes for a run, and the memory for its layers.

    Parameters
    ----------
    layers : sequence of Layer
        Layers to analyze.
    measures : sequence of callable
        Measures to take.
    resources : Resources
        What the run may use.

    Returns
    -------
    Plan
        Processes if they are faster, though they have to start: what the interpreter does itself
        is done by one thread at a time. Threads for layers of arrays in memory, with a device, and
        where processes would take a large share of the memory; a single thread where more of them
        would mostly wait for one another, unless a number of workers is asked for.

    Examples
    --------
    >>> import numpy as np, spectra
    >>> layers = spectra.layers({"a": np.ones((64, 32))})
    >>> plan(layers, spectra.measures.CORE, Resources(memory=10**9)).pool.__name__
    'Threads'
    """
    workers = max(1, min(resources.workers or executors.cores(), len(layers)))
    if resources.pool is not None:
        return Plan(resources.pool, workers, math.inf)
    need = partial(_need, measures=measures, threads=_threads(workers))
    memory, room, largest = _room(layers, need, resources.memory)
    apart = (workers + 1) * _PROCESS  # one from which the others are made
    spared = apart <= _MOST * memory and largest <= room - apart
    allowed = workers > 1 and resources.device is None and spared
    if allowed and _is_faster(layers, measures, workers) and all(map(_is_light, layers)):
        return Plan(Processes, workers, room - apart)
    alone, together, _ = _times(layers, measures, workers)
    crowded = resources.workers is None and resources.device is None and alone < together
    return Plan(Threads, 1 if crowded else workers, room)


def _room(
    layers: Sequence[Layer], need: Callable[[Layer], float], memory: int | None
) -> tuple[float, float, float]:
    """
    Return the bytes to use, those of them for layers, and what the largest that can be begun needs.

    The program is part of the memory that is given, and not of that which is free: of this a share
    is used, or all that the largest layer needs, by itself.
    """
    free = budgets.free() if memory is None else memory - budgets.PROGRAM
    needs = map(need, layers)
    largest = max((one for one in needs if one <= free), default=0.0)
    if memory is not None:
        return memory, free, largest
    share = budgets.SHARE * free
    return share, max(share, largest), largest


def prepare_for(layers: Sequence[Layer], measures: Sequence[Measure], resources: Resources) -> None:
    """
    Begin to start processes if the run will need them; wait for nothing.

    Parameters
    ----------
    layers : sequence of Layer
        Layers to analyze.
    measures : sequence of callable
        Measures to take.
    resources : Resources
        What the run may use.

    Examples
    --------
    >>> prepare_for([], (), Resources())
    """
    if plan(layers, measures, resources).pool is Processes:
        prepare()


def _threads(workers: int) -> int:
    """Return the threads of linear algebra of a worker: one beside others, all if it is alone."""
    return executors.cores() if workers == 1 else 1


def _need(layer: Layer, /, *, measures: Sequence[Measure], threads: int = 1) -> float:
    """Return the bytes that a layer may take."""
    return _MARGIN * costs.memory(layer, measures=measures, threads=threads)


def _times(
    layers: Sequence[Layer], measures: Sequence[Measure], workers: int
) -> tuple[float, float, float]:
    """Return the seconds that one thread, threads and processes take, by the costs of layers."""
    rates = (costs.TYPICAL, _INTERPRETER)
    whole, serial = (
        math.fsum(costs.seconds(layer, measures=measures, rates=rate) for layer in layers)
        for rate in rates
    )
    together = max(whole / workers, _QUEUE * serial) if workers > 1 else whole
    return whole, together, whole / workers + _START + _EACH * workers


def _is_faster(layers: Sequence[Layer], measures: Sequence[Measure], workers: int) -> bool:
    """Return whether processes are faster than threads."""
    alone, together, apart = _times(layers, measures, workers)
    return apart < _GAIN * min(alone, together)


class Planned:
    """
    Executor that plans its run when it gets the layers, and shows the progress on stderr.

    Parameters
    ----------
    measures : sequence of callable
        Measures to take.
    resources : Resources, optional
        What the run may use.
    **options
        Other options of :class:`~spectra_io.runs.executors.WithProgress`.

    Attributes
    ----------
    num_taken : int
        Number of layers of the last run that were there before, see
        :class:`~spectra_io.runs.executors.WithProgress`.

    Examples
    --------
    >>> import numpy as np, spectra
    >>> planned = Planned(spectra.measures.CORE, Resources(workers=1))
    >>> spectra.analyze({"a": np.eye(3)}, executor=planned).num_evals.item()
    3
    """

    def __init__(
        self, measures: Sequence[Measure], resources: Resources = _ALL, /, **options: Any
    ) -> None:
        self._measures, self._resources, self._options = measures, resources, options
        self.num_taken = 0

    def map(self, function: Callable[..., Any], /, items: Iterable[Any]) -> Iterator[Any]:
        """
        Apply a function to all layers in parallel.

        Parameters
        ----------
        function : callable
            Function of one layer.
        items : iterable of Layer
            Layers to apply the function to.

        Yields
        ------
        object
            Results, in the order in which they come.
        """
        layers = list(items)
        chosen = plan(layers, self._measures, self._resources)
        executor = executors.WithProgress(
            chosen.pool,
            workers=chosen.workers,
            cost=partial(costs.seconds, measures=self._measures),
            need=partial(_need, measures=self._measures, threads=_threads(chosen.workers)),
            budget=chosen.budget,
            **self._options,
        )
        try:
            yield from executor.map(function, layers)
        finally:
            self.num_taken = executor.num_taken
