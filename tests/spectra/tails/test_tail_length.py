"""Double bootstrap: the length it chooses, and the error of the estimate at that length."""

import math

import numpy as np
import pytest

from spectra.errors import ArgumentError
from spectra.tails import tail_errors, tail_indices, tail_length

FRECHET = (-np.log(np.random.default_rng(7).random(2000))) ** -0.5
ESTIMATORS = ("hill", "moments", "kernel", "positive_kernel", "pickands")


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_the_estimate_is_that_of_the_length(estimator):
    found = tail_length.choose(FRECHET, estimator=estimator, resamples=20, rng=1)
    every = getattr(tail_indices, estimator)(FRECHET)
    i = list(every.k).index(found.k)
    assert (found.gamma, found.sigma) == (every.gamma[i], every.sigma[i])
    assert found.rho < 0


def test_the_choice_depends_on_neither_scale_nor_order_nor_zeros():
    found = tail_length.choose(FRECHET, resamples=20, rng=1)
    other = np.append(4 * FRECHET[::-1], np.zeros(5))
    assert tail_length.choose(other, resamples=20, rng=1) == found
    assert tail_length.choose(FRECHET, resamples=20, rng=np.random.default_rng(1)) == found


@pytest.mark.slow
@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_the_error_is_near_the_least_of_all_lengths(estimator):
    """The root mean square is within 1.6 of that of the best fixed length: 1.2 to 1.5 measured."""
    draws = 100
    x = (-np.log(np.random.default_rng(3).random((draws, 2000)))) ** -0.5
    chosen = np.array(
        [
            tail_length.choose(row, estimator=estimator, resamples=150, rng=i).gamma
            for i, row in enumerate(x)
        ]
    )
    every = getattr(tail_indices, estimator)(x)
    least = np.sqrt(((every.gamma[:, every.k >= 40] - 0.5) ** 2).mean(axis=0).min())
    # the ratio of two root mean squares scatters by sqrt(1 / draws); two of them
    assert math.sqrt(np.mean((chosen - 0.5) ** 2)) < 1.6 * least * (1 + 2 / math.sqrt(draws))


@pytest.mark.slow
def test_the_length_of_hills_estimate_is_that_of_theory():
    x = np.random.default_rng(3).random((100, 5000)) ** -1.0 - 1  # Burr, rho = -1, beta = 1
    found = [tail_length.choose(row, resamples=150, rng=i).k for i, row in enumerate(x)]
    best = float(tail_errors.best_k("hill", 5000, gamma=1.0, rho=-1.0, beta=1.0))
    # single choices scatter by a factor of 2 about a length that is too large by up to 2
    assert best / 2 < np.median(found) < 2.5 * best


def test_too_few_data_have_no_length():
    found = tail_length.choose(FRECHET[:99])
    assert found.k == 0
    assert math.isnan(found.gamma)
    assert tail_length.choose(np.append(FRECHET, np.nan)).k == 0


def test_misuse_says_what_is_wanted():
    with pytest.raises(ArgumentError, match="`size` must be from 100 to 1999"):
        tail_length.choose(FRECHET, size=2000)
    with pytest.raises(ArgumentError, match="`estimator` must be one of hill"):
        tail_length.choose(FRECHET, estimator="hills")  # type: ignore[arg-type]
    with pytest.raises(ArgumentError, match="`resamples` must be"):
        tail_length.choose(FRECHET, resamples=0)
