"""Conditions of rules: comparisons of variables with values, joined by and and or."""

from __future__ import annotations

import operator
from functools import reduce
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy.typing as npt

    from spectra._typing import FloatArray

    Columns = Mapping[str, FloatArray]
    Chosen = npt.NDArray[np.bool_]

__all__ = ["ORDER", "Comparison", "Condition", "Joined"]

ORDER: Mapping[str, Callable[[FloatArray, float], Chosen]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
"""Operators that compare the size of numbers."""


class Comparison(NamedTuple):
    """
    Comparison of a variable with values.

    A layer whose number is missing satisfies none, but for ``== missing``.

    Examples
    --------
    >>> import numpy as np
    >>> alpha = {"alpha": np.array([7.0, 3.0, np.nan])}
    >>> Comparison("alpha", ">", (6.0,)).holds(alpha)
    array([ True, False, False])
    >>> Comparison("alpha", "!=", (3.0,)).holds(alpha)
    array([ True, False, False])
    """

    variable: str
    """Name of the variable."""
    operator: str
    """One of ``== != < <= > >= in``, or ``not in``."""
    values: tuple[float, ...]
    """Numbers or codes; ``nan`` stands for a missing number."""

    @property
    def variables(self) -> tuple[str, ...]:
        """Name of the variable, in a tuple."""
        return (self.variable,)

    def holds(self, columns: Columns, /) -> Chosen:
        """
        Return for which layers the comparison holds.

        Parameters
        ----------
        columns : mapping of str to array of float, shape (layers,)
            Values by variable, ``nan`` where missing.

        Returns
        -------
        array of bool, shape (layers,)
            Whether the comparison holds.
        """
        x = columns[self.variable]
        if self.operator in ORDER:
            return ORDER[self.operator](x, self.values[0])
        equal = np.isin(x, self.values)
        if self.operator in {"==", "in"}:
            return equal | (np.isnan(x) & np.isnan(self.values).any())
        return ~equal & ~np.isnan(x)


class Joined(NamedTuple):
    """
    Conditions joined by ``and`` or ``or``.

    Examples
    --------
    >>> import numpy as np
    >>> parts = Comparison("alpha", ">", (6.0,)), Comparison("M", "<", (50.0,))
    >>> columns = {"alpha": np.array([7.0, 3.0]), "M": np.array([10.0, 10.0])}
    >>> Joined("and", parts).holds(columns), Joined("or", parts).holds(columns)
    (array([ True, False]), array([ True,  True]))
    """

    word: str
    """Word that joins the parts: ``and`` or ``or``."""
    parts: tuple[Condition, ...]
    """Two conditions or more."""

    @property
    def variables(self) -> tuple[str, ...]:
        """Names of the variables, each once, in the order of the text."""
        return tuple(dict.fromkeys(name for part in self.parts for name in part.variables))

    def holds(self, columns: Columns, /) -> Chosen:
        """
        Return for which layers all parts hold, or any of them.

        Parameters
        ----------
        columns : mapping of str to array of float, shape (layers,)
            Values by variable, ``nan`` where missing.

        Returns
        -------
        array of bool, shape (layers,)
            Whether the condition holds.
        """
        join = operator.and_ if self.word == "and" else operator.or_
        return reduce(join, (part.holds(columns) for part in self.parts))


Condition = Comparison | Joined
"""Type of a condition."""
