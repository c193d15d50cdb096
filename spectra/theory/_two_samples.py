"""Tests of draws by permuted labels, several statistics at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from spectra.theory._counts import mean_and_std, sums

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spectra._typing import AnyArray, FloatArray

__all__ = ["Group", "Judged", "compared", "group", "labellings"]

_LABELS = 2**25  # held at a time, a byte each
_ROUNDING = 1e-12  # of a feature, whose spread does not count


class Group(NamedTuple):
    """Features of each row, and their scales; the largest scaled difference is its statistic."""

    features: AnyArray
    scales: FloatArray


class Judged(NamedTuple):
    """p-values of the groups and of all together, and the statistics: the data's own first."""

    p: FloatArray
    combined: float
    statistics: FloatArray


def group(features: AnyArray) -> Group:
    """Return features with their standard deviations as scales, infinite where all are equal."""
    scales = mean_and_std(features)[1]
    least = _ROUNDING * np.maximum(np.abs(features.max(axis=0)), np.abs(features.min(axis=0)))
    return Group(features, np.where(scales > least, scales, np.inf))


def labellings(num_drawn: int, rows: int, num: int, rng: np.random.Generator) -> AnyArray:
    """Return labels that call `num_drawn` of the rows drawn, permuted, shape (num, rows)."""
    labels: AnyArray = rng.permuted(np.tile(np.arange(rows) < num_drawn, (num, 1)), axis=1)
    return labels


def differences(labels: AnyArray, features: AnyArray) -> FloatArray:
    """Return the mean of the rows that are called drawn, less the mean of the others."""
    num, rows = int(labels[0].sum()), labels.shape[1]
    total = sums(np.ones((1, rows), bool), features)
    chosen = sums(labels, features)
    found: FloatArray = chosen * (1 / num + 1 / (rows - num)) - total / (rows - num)
    return found


def compared(num_drawn: int, groups: Sequence[Group], num: int, rng: np.random.Generator) -> Judged:
    """
    Compare the statistics of the first rows with those of permuted labels.

    The smallest p-value of the groups is compared with those of the permuted labels, so that all
    together keep the significance (Westfall & Young 1993). With exchangeable rows the p-values are
    exact.
    """
    rows = len(groups[0].features)
    values = np.empty((num + 1, len(groups)))
    values[:1] = _statistics(np.arange(rows)[None] < num_drawn, groups)
    step = max(1, _LABELS // rows)
    for start in range(1, num + 1, step):
        count = min(step, num + 1 - start)
        labels = labellings(num_drawn, rows, count, rng)
        values[start : start + count] = _statistics(labels, groups)
    shares = _shares_at_least(values)
    smallest = shares.min(axis=1)
    return Judged(shares[0], float(np.mean(smallest <= smallest[0] * (1 + 1e-12))), values)


def _statistics(labels: AnyArray, groups: Sequence[Group]) -> FloatArray:
    largest = [
        (np.abs(differences(labels, features)) / scales).max(axis=1) for features, scales in groups
    ]
    return np.column_stack(largest)


def _shares_at_least(values: FloatArray) -> FloatArray:
    """Return for each number the share of its column that is at least as large."""
    ordered = np.sort(values, axis=0)
    almost = values * (1 - 1e-9) - 1e-12  # ties differ by rounding
    below = [np.searchsorted(ordered[:, i], almost[:, i]) for i in range(values.shape[1])]
    shares: FloatArray = 1 - np.array(below).T / len(values)
    return shares
