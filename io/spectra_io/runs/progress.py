"""Show the progress of a run on stderr: a bar on a terminal, else a line every half minute."""

from __future__ import annotations

import math
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn
from rich.table import Column

from spectra_io.runs.forecasts import Forecast
from spectra_io.terminal import screen
from spectra_io.terminal.logs import harmless
from spectra_io.terminal.quantities import duration

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    View = Callable[[Forecast, float], None]

__all__ = ["each", "line", "shown"]

_EVERY = 30.0  # seconds between two lines where stderr is not a terminal
_SURE_AFTER = 2.0  # seconds before which no forecast is shown
_NAMED = 2  # items in work that a line names
_VIEW = 0.4  # seconds between two looks at the progress


def each(names: Sequence[str], /, *, noun: str) -> Iterator[str]:
    """
    Yield names one after the other, and show on stderr how many are done.

    Parameters
    ----------
    names : sequence of str
        Names of the items. An item is in work from its turn to that of the next one.
    noun : str
        Word for the items.

    Yields
    ------
    str
        Name of the next item.

    Examples
    --------
    >>> list(each(["fc1", "fc2"], noun="layers"))
    ['fc1', 'fc2']
    """
    forecast = Forecast([1.0] * len(names), workers=1)
    start = seen = time.monotonic()
    with shown(names, noun=noun) as view:
        for place, name in enumerate(names):
            now = time.monotonic()
            forecast.start(place, now - start)
            if now - seen >= _VIEW:
                seen = now
                view(forecast, now - start)
            yield name
            forecast.finish(place, time.monotonic() - start)


def _left(forecast: Forecast, elapsed: float) -> str:
    """Return the time that is left in words; nothing in the first seconds."""
    left = forecast.remaining(elapsed)
    return "" if math.isnan(left) or elapsed < _SURE_AFTER else f"{duration(left)} left"


def _in_work(forecast: Forecast, names: Sequence[str]) -> str:
    places = forecast.in_work
    more = len(places) - _NAMED
    listed = ", ".join(names[place] for place in places[:_NAMED])
    return harmless(f"{listed} and {more} more" if more > 0 else listed)


def line(forecast: Forecast, elapsed: float, names: Sequence[str], /, *, noun: str) -> str:
    """
    Return the progress of a run in one line.

    Parameters
    ----------
    forecast : Forecast
        Account of the run, which began at 0 s.
    elapsed : float
        Seconds since the run began.
    names : sequence of str
        Names of the items.
    noun : str
        Word for the items.

    Returns
    -------
    str
        Line of text.

    Examples
    --------
    >>> from spectra_io.runs.forecasts import Forecast
    >>> run = Forecast([3.0, 3.0, 3.0], workers=1)
    >>> run.start(0, 0.0)
    >>> run.finish(0, 60.0)
    >>> run.start(1, 60.0)
    >>> line(run, 75.0, ["a", "b (9 x 4)", "c"], noun="layers")
    '41 % of the work, 1 of 3 layers, 1 min 40 s left; in work: b (9 x 4)'
    """
    share = f"{math.floor(100 * forecast.share(elapsed))} % of the work"
    parts = [share, f"{forecast.num_done} of {forecast.num} {noun}", _left(forecast, elapsed)]
    words = ", ".join(part for part in parts if part)
    now = _in_work(forecast, names)
    return f"{words}; in work: {now}" if now else words


class _Console(Console):
    """A console that falls silent when nobody reads it any more, and ends nothing."""

    def on_broken_pipe(self) -> None:
        """Write nothing from now on."""
        self.quiet = True


@contextmanager
def shown(names: Sequence[str], /, *, noun: str) -> Iterator[View]:
    """
    Show the progress of a run on stderr.

    Parameters
    ----------
    names : sequence of str
        Names of the items.
    noun : str
        Word for the items.

    Yields
    ------
    callable
        Function of a :class:`~spectra_io.runs.forecasts.Forecast` and the seconds since the run
        began, to be called a few times a second.

    Examples
    --------
    >>> with shown(["a"], noun="layers") as view:
    ...     pass
    """
    console = _Console(stderr=True)
    if not console.is_terminal:
        yield _lines(names, noun)
        return
    rest = TextColumn(
        "{task.description}",
        markup=False,
        table_column=Column(no_wrap=True, overflow="ellipsis", ratio=1),
    )
    bar = BarColumn(bar_width=20)
    with Progress(bar, rest, console=console, transient=True, expand=True) as progress:
        task = progress.add_task("", total=1.0)

        def view(forecast: Forecast, elapsed: float) -> None:
            progress.update(
                task,
                completed=forecast.share(elapsed),
                description=_beside_the_bar(forecast, elapsed, names, noun),
            )

        yield view


def _beside_the_bar(forecast: Forecast, elapsed: float, names: Sequence[str], noun: str) -> str:
    parts = [
        f"{math.floor(100 * forecast.share(elapsed))} %",
        f"{forecast.num_done} of {forecast.num} {noun}",
        duration(elapsed),
        _left(forecast, elapsed),
        _in_work(forecast, names),
    ]
    return ", ".join(part for part in parts if part)


def _lines(names: Sequence[str], noun: str) -> View:
    """Return a view that writes a line whenever half a minute has gone by."""
    last = 0.0

    def view(forecast: Forecast, elapsed: float) -> None:
        nonlocal last
        if elapsed - last >= _EVERY:
            last = elapsed
            screen.note(f"spectra: {line(forecast, elapsed, names, noun=noun)}")

    return view
