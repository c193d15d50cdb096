"""Results of an executor, each tied to its item by a key, in whatever order they come."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Container, Generator, Hashable, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pickle import PicklingError
from typing import TYPE_CHECKING, Any, NamedTuple

from spectra.errors import ArgumentError, SpectraWarning, one_line

if TYPE_CHECKING:
    from spectra._typing import Executor

__all__ = ["Done", "Lost", "Outcome", "every_result", "executed", "is_unsent"]


class Done(NamedTuple):
    """Result of an item, or the error that the work on it raised."""

    key: Hashable
    value: Any = None
    error: Exception | None = None


class Lost(NamedTuple):
    """An item without a result, and the reason: what an executor may return in place of it."""

    key: Hashable
    reason: str


class Outcome(NamedTuple):
    """Results by key, and the reasons of an executor for those that are missing."""

    values: dict[Any, Any]
    lost: dict[Any, Lost]


@dataclass(frozen=True)
class _Keyed:
    """Function of an item whose result has the key of the item; an error is a result as well."""

    work: Callable[[Any], Any]
    key: Callable[[Any], Hashable]

    def __call__(self, item: Any) -> Done:
        try:
            return Done(self.key(item), self.work(item))
        except Exception as error:  # raised again where the results are collected
            return Done(self.key(item), error=error)


class _Broken(Exception):
    """An executor failed while it worked; the cause is its own error."""


def executed(
    executor: Executor | None,
    work: Callable[[Any], Any],
    items: Sequence[Any],
    /,
    *,
    key: Callable[[Any], Hashable],
) -> Outcome:
    """
    Apply a function to all items, by an executor if there is one.

    An executor that fails in the middle loses the items that are not done, with a warning; one
    that fails before any is done, or returns anything else than the results, raises ArgumentError.
    An error of the function is raised as it is.
    """
    if executor is None:
        return Outcome({key(item): work(item) for item in items}, {})
    missing = dict.fromkeys(map(key, items))
    values: dict[Any, Any] = {}
    lost: dict[Any, Lost] = {}
    try:
        with closing(_returned(executor, _Keyed(work, key), items)) as results:
            for found in results:
                if found is None:
                    continue
                result = _checked(found, missing, num=len(items))
                del missing[result.key]
                if isinstance(result, Lost):
                    lost[result.key] = result
                elif result.error is not None:
                    raise result.error
                else:
                    values[result.key] = result.value
    except _Broken as error:
        why = _words(error.__cause__)
        if not values and not lost:
            msg = (
                f"`executor` ({_name(executor)}) failed before any work was done: {why}; "
                "leave out `executor` to work here, or use another one"
            )
            raise ArgumentError(msg) from error.__cause__
        msg = f"`executor` ({_name(executor)}) failed; not done: {len(missing)} of {len(items)}"
        warnings.warn(one_line(f"{msg}: {why}"), SpectraWarning, stacklevel=3)
        reason = f"the executor failed: {why}"
        lost |= {left: Lost(left, reason) for left in missing}
    return Outcome(values, lost)


def every_result(
    executor: Executor | None,
    work: Callable[[Any], Any],
    items: Sequence[Any],
    /,
    *,
    key: Callable[[Any], Hashable],
    what: str,
) -> list[Any]:
    """Apply a function to all items as :func:`executed` does; an error if a result is missing."""
    found = executed(executor, work, items, key=key).values
    if len(found) < len(items):
        msg = (
            f"`executor` must return a result for each of the {len(items)} {what}, "
            f"got {len(found)}; leave out `executor` to work here"
        )
        raise ArgumentError(msg)
    return [found[key(item)] for item in items]


def is_unsent(error: BaseException | None) -> bool:
    """Return whether an error says that a function or an item cannot be sent to a process."""
    return isinstance(error, PicklingError) or "pickle" in str(error).lower()


def _returned(executor: Executor, work: _Keyed, items: Sequence[Any]) -> Generator[object]:
    """Yield what an executor returns, and explain its own failures."""
    try:
        _check_call(executor, work, items)
        found: object = executor.map(work, items)
        if not isinstance(found, Iterable):
            raise _refused(executor, found, "an iterable of the results of the function")
        yield from found
    except ArgumentError:
        raise
    except Exception as error:
        if is_unsent(error):
            msg = (
                f"`executor` ({_name(executor)}) could not send the work to a worker: "
                f"{_words(error)}; measures, draws and other functions that are sent must be "
                "functions of a module, or partial of one, not a lambda or a function within a "
                "function; threads take any function"
            )
            raise ArgumentError(msg) from error
        raise _Broken from error


def _check_call(executor: Executor, work: _Keyed, items: Sequence[Any]) -> None:
    """Refuse an executor whose map does not take a function and the items."""
    try:
        signature = inspect.signature(executor.map)
    except (TypeError, ValueError):  # a callable without a signature
        return
    try:
        signature.bind(work, items)
    except TypeError as error:
        msg = (
            f"`executor` must have a method map(function, items), got map{signature} of "
            f"{_name(executor)}: {error}"
        )
        raise ArgumentError(msg) from error


def _checked(found: object, missing: Container[Hashable], *, num: int) -> Done | Lost:
    """Return a result as it is if it is one that is missing."""
    if not isinstance(found, Done | Lost):
        got, todo = f"{found!r:.60}", "its map must return function(item) for each item"
        if callable(getattr(found, "result", None)):
            got = f"a {type(found).__name__}"
            todo = "its map must wait for them; of a Dask cluster use client.get_executor()"
        msg = f"`executor` must return the results of the function from map, got {got}; {todo}"
        raise ArgumentError(msg)
    if found.key not in missing:
        msg = (
            f"`executor` must return one result for each of the {num} items, got a second one, or "
            f"one of another run, for {found.key!r}; its map must call the function once per item"
        )
        raise ArgumentError(msg)
    return found


def _refused(executor: Executor, found: object, wanted: str) -> ArgumentError:
    msg = (
        f"`executor` must return {wanted} from map, got {type(found).__name__} from "
        f"{_name(executor)}; concurrent.futures.ThreadPoolExecutor is one that does"
    )
    return ArgumentError(msg)


def _name(executor: Executor) -> str:
    return type(executor).__name__


def _words(error: BaseException | None) -> str:
    return f"{type(error).__name__}: {one_line(error)}".removesuffix(": ")
