"""Tests of draws by permuted labels, several statistics at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from spectra._typing import FloatArray

__all__ = ["Group", "Judged", "compared", "relabelled"]

_BLOCK = 2**22  # numbers held at a time


class Group(NamedTuple):
    """Features of each row, and their scales; the largest scaled difference is its statistic."""

    features: FloatArray
    scales: FloatArray


class Judged(NamedTuple):
    """p-values of the groups and of all together, and the statistics: the data's own first."""

    p: FloatArray
    combined: float
    statistics: FloatArray


def relabelled(num_drawn: int, rows: int, rng: np.random.Generator) -> Callable[[int], FloatArray]:
    """Return weights of differences between the first rows and the others, labels permuted."""
    order = np.arange(rows)

    def weights(num: int) -> FloatArray:
        drawn = rng.permuted(np.tile(order, (num, 1)), axis=1) < num_drawn
        return np.where(drawn, 1 / num_drawn, -1 / (rows - num_drawn))

    return weights


def compared(
    own: FloatArray,
    weights: Callable[[int], FloatArray],
    groups: Sequence[Group],
    num: int,
) -> Judged:
    """
    Compare the statistics of the data with those of random weights.

    `own` are the weights of the data themselves. The smallest p-value of the groups is
    compared with those of the random weights, so that all together keep the significance
    (Westfall & Young 1993). With labels of exchangeable rows the p-values are exact.
    """
    values = np.empty((num + 1, len(groups)))
    values[:1] = _statistics(own[None], groups)
    step = max(1, _BLOCK // len(own))
    for start in range(1, num + 1, step):
        count = min(step, num + 1 - start)
        values[start : start + count] = _statistics(weights(count), groups)
    shares = _shares_at_least(values)
    smallest = shares.min(axis=1)
    return Judged(shares[0], float(np.mean(smallest <= smallest[0] * (1 + 1e-12))), values)


def _statistics(weights: FloatArray, groups: Sequence[Group]) -> FloatArray:
    products: dict[int, FloatArray] = {}  # groups may share their features
    largest = []
    for features, scales in groups:
        if id(features) not in products:
            products[id(features)] = np.abs(weights @ features)
        largest.append((products[id(features)] / scales).max(axis=1))
    return np.column_stack(largest)


def _shares_at_least(values: FloatArray) -> FloatArray:
    """Return for each number the share of its column that is at least as large."""
    ordered = np.sort(values, axis=0)
    almost = values * (1 - 1e-9)  # ties differ by rounding
    below = [np.searchsorted(ordered[:, i], almost[:, i]) for i in range(values.shape[1])]
    shares: FloatArray = 1 - np.array(below).T / len(values)
    return shares
