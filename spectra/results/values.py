"""Check the values that a measure returns against the declarations of their variables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from spectra.errors import one_line

if TYPE_CHECKING:
    from collections.abc import Mapping

    from spectra.results.dataset import Row
    from spectra.results.variables import Variable

__all__ = ["checked"]

_SHOWN = 40  # characters of a wrong value


def checked(
    results: Mapping[str, Any], known: Mapping[str, Variable], modes: int, /
) -> tuple[Row, list[str]]:
    """
    Separate the values that fit their variables from those that do not.

    Parameters
    ----------
    results : mapping of str to object
        Values by the name of their variable; None stands for a missing value.
    known : mapping of str to Variable
        Declarations of all these variables.
    modes : int
        Number of eigenvalues of the layer, the most that an array along ``mode`` may hold.

    Returns
    -------
    row : dict
        Values that fit; missing ones are left out.
    problems : list of str
        What is wrong with each of the others.

    Examples
    --------
    >>> from spectra.results.variables import VARIABLES
    >>> checked({"alpha": 2.5, "D": "good"}, VARIABLES, 10)
    ({'alpha': 2.5}, ["D must be a number, got 'good'"])
    """
    row: Row = {}
    problems = []
    for name, value in results.items():
        wanted = None if value is None else _wanted(value, known[name], modes)
        if wanted:
            problems.append(f"{name} must be {wanted}, got {_shown(value)}")
        elif value is not None:
            row[name] = value
    return row, problems


def _wanted(value: Any, variable: Variable, modes: int) -> str:
    """Return the words for values of a variable if `value` is not one of them, else nothing."""
    if variable.kind == "str":
        return "" if isinstance(value, str) else "a text"
    try:
        array = np.asarray(value)
    except Exception:  # rows of unequal length, or an object with an array of its own
        array = np.empty(0, dtype=object)
    is_real = array.dtype.kind in "fiub"
    if variable.dims[1:] == ("mode",):
        fits = is_real and array.ndim <= 1 and array.size <= modes
        return "" if fits else f"a row of at most {modes} numbers"
    if variable.kind == "float":
        return "" if is_real and array.ndim == 0 else "a number"
    is_whole = is_real and array.ndim == 0 and np.isfinite(array) and int(array) == array
    if variable.kind == "flag":
        codes = [] if variable.flags is None else [int(code) for code in variable.flags]
        return "" if is_whole and (int(array) in codes or not codes) else "one of its codes"
    return "" if is_whole else "a whole number"


def _shown(value: Any) -> str:
    """Return a wrong value in a few words: its shape, if it is an array."""
    shape = getattr(value, "shape", ())
    if shape:
        return f"an array of shape {shape}"
    text = one_line(repr(value))
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
