"""Numbers of the figure of one quantity against another, with a regression for each group."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from spectra._checks import real_numbers
from spectra.errors import ArgumentError, counted, one_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from spectra._typing import AnyArray, FloatArray

__all__ = ["Line", "Regression", "regression"]


class Line(NamedTuple):
    """
    Least-squares line through some points, and their rank correlation.

    Examples
    --------
    >>> Line(1.0, 2.0, 1.0, 0.0, 0.08, 4).words
    'r = 1.00, τ = 0.00, p = 0.08, 4 points'
    """

    slope: float
    """Change of the second quantity per unit of the first; ``nan`` for fewer than 3 points."""
    intercept: float
    """Value of the line at 0."""
    r: float
    """Correlation of the points, from -1 to 1."""
    tau: float
    """Kendall's rank correlation."""
    p: float
    """Probability of a rank correlation at least as far from 0 by chance."""
    num: int
    """Number of points."""

    @property
    def words(self) -> str:
        """Correlation and rank correlation, in words."""
        if not math.isfinite(self.slope):
            return f"{counted(self.num, 'point')}, no line"
        p = f"p = {self.p:.2g}" if self.p >= 1e-4 else "p < 0.0001"
        return f"r = {self.r:.2f}, τ = {self.tau:.2f}, {p}, {self.num} points"


class Regression(NamedTuple):
    """
    Two quantities of several models, and a line for each group of them.

    Examples
    --------
    >>> Regression._fields[:3]
    ('x', 'y', 'group')
    """

    x: FloatArray
    """First quantity of each point; finite."""
    y: FloatArray
    """Second quantity of each point; finite."""
    group: AnyArray
    """Group of each point; empty without groups."""
    lines: dict[str, Line]
    """Line of each group."""
    overall: Line
    """Line through all points."""
    num_left_out: int
    """Number of points with a number that is not finite."""
    caption: str
    """Sentences with the numbers of the figure."""


def regression(
    x: npt.ArrayLike, y: npt.ArrayLike, /, *, groups: Sequence[object] | None = None
) -> Regression:
    """
    Fit a line to one quantity against another, for all points and for each group.

    Parameters
    ----------
    x, y : array_like, shape (n,)
        Quantities, such as the mean alpha of models and their accuracy.
    groups : sequence, optional
        Group of each point, such as the architecture of the model.

    Returns
    -------
    Regression
        Numbers of the figure.

    Raises
    ------
    ArgumentError
        If the arguments differ in length, or no point is finite.

    See Also
    --------
    spectra.results.relations.relation : Rank correlation within groups and between, with intervals.

    Notes
    -----
    A correlation over all points may be that of the groups, and none within them or the opposite
    (Simpson's paradox): compare `overall` with `lines`.

    Examples
    --------
    >>> figure = regression([1, 2, 3, 4], [2, 4, 6, 8])
    >>> figure.overall.slope, round(figure.overall.p, 3)
    (2.0, 0.083)
    """
    first, second = real_numbers(x, "x"), real_numbers(y, "y")
    if first.ndim != 1 or first.shape != second.shape:
        msg = f"`x` and `y` must be 1-D of equal length, got {first.shape} and {second.shape}"
        raise ArgumentError(msg)
    labels = [""] * len(first) if groups is None else [one_line(group) for group in groups]
    if len(labels) != len(first):
        msg = f"`groups` must have one entry per point, got {len(labels)} for {len(first)}"
        raise ArgumentError(msg)
    kept = np.isfinite(first) & np.isfinite(second)
    if not kept.any():
        msg = f"no point has two finite numbers, of {len(first)}"
        raise ArgumentError(msg)
    first, second, group = first[kept], second[kept], np.array(labels)[kept]
    names = list(dict.fromkeys(group.tolist()))
    lines = {name: _line(first[group == name], second[group == name]) for name in names}
    overall = _line(first, second)
    said = [f"{name}: {line.words}" for name, line in lines.items() if name]
    return Regression(
        first, second, group, lines, overall, int((~kept).sum()),
        f"All points: {overall.words}.{' Within groups, ' + '; '.join(said) + '.' if said else ''}",
    )  # fmt: skip


def _line(x: FloatArray, y: FloatArray) -> Line:
    from scipy.stats import kendalltau

    if len(x) < 3 or np.ptp(x) == 0 or np.ptp(y) == 0:
        nan = math.nan
        return Line(nan, nan, nan, nan, nan, len(x))
    dx, dy = x - x.mean(), y - y.mean()
    slope = float(dx @ dy / (dx @ dx))
    rank = kendalltau(x, y)
    r = float(dx @ dy / math.sqrt((dx @ dx) * (dy @ dy)))
    level = float(y.mean() - slope * x.mean())
    return Line(slope, level, r, float(rank.statistic), float(rank.pvalue), len(x))
