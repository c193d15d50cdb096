"""The mu-alpha relation as a function: theory, and alpha fitted to random matrices."""

import math

import numpy as np
import pytest

from spectra.errors import ArgumentError
from spectra.tails import exponents
from spectra.theory import mu_alpha


def test_exponents_of_theory():
    mu = np.array([[0.5, 1.9], [2.0, 3.9], [4.0, math.inf]])
    found = mu_alpha.exponents(mu)
    assert found.bulk.tolist() == [[1.25, 1.95], [math.inf] * 2, [math.inf] * 2]
    assert found.largest.tolist() == [[1.25, 1.95], [2.0, 2.95], [math.inf] * 2]


def test_eigenvalues_have_half_the_tail_index_of_the_elements():
    """An eigenvalue is the square of an element, in the tail of a heavy-tailed matrix."""
    mu = np.array([0.5, 1.0, 1.5])
    alpha = exponents.convert(mu / 2, "mu", "alpha")
    assert mu_alpha.exponents(mu).bulk == pytest.approx(alpha)


@pytest.mark.slow
@pytest.mark.parametrize("elements", ["symmetric_pareto", "student_t", "levy"])
def test_fitted_exponents_are_those_of_theory_below_one_and_a_half(elements):
    found = mu_alpha.fitted([0.5, 1.0], (800, 400), elements=elements, num=8, rng=0)
    assert found.alpha.shape == (2, 8)
    # finite size may hide in the spread of one matrix, chance in five standard errors of the mean
    spread = math.sqrt(np.mean(found.std**2)) * (1 + 5 / math.sqrt(8))
    assert found.mean == pytest.approx(mu_alpha.exponents([0.5, 1.0]).bulk, abs=spread)


def test_fitted_exponents_are_means_of_draws_that_can_be_repeated():
    found = mu_alpha.fitted([1.0, math.inf], (60, 30), num=3, rng=1)
    again = mu_alpha.fitted([1.0, math.inf], (60, 30), num=3, rng=np.random.default_rng(1))
    assert np.array_equal(found.alpha, again.alpha)
    assert found.mean == pytest.approx(found.alpha.mean(axis=1))
    one = mu_alpha.fitted(1.0, (60, 30), num=1, rng=1)
    assert np.isnan(one.std)
    assert one.mean == found.alpha[0, 0]


def test_misuse_says_what_is_wanted():
    with pytest.raises(ArgumentError, match="`mu` must be above 0"):
        mu_alpha.exponents([1.0, 0.0])
    with pytest.raises(ArgumentError, match="`elements` must be one of symmetric_pareto"):
        mu_alpha.fitted(1.0, (20, 10), elements="cauchy")  # type: ignore[arg-type]
