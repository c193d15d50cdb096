"""
The mu-alpha relation of heavy-tailed matrices.

alpha within the spread of a table for each ensemble and shape, and 1 + mu/2 for mu under 1.5.
"""

import math
from functools import cache

import numpy as np
import pytest
from scipy import stats

from spectra.linalg.eigen import eigenvalues
from spectra.tails import hill, power_law
from spectra.theory import ensembles

pytestmark = pytest.mark.slow

MU = [0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4, 6, None]  # tail index of the elements; None for Gaussian
TABLED = 6  # matrices of each shape and mu that the table is of
DRAWN = 4  # matrices of each that are drawn here

# mean and standard deviation of alpha over the matrices, for every mu
ALPHA = {
    ("symmetric_pareto", (1000, 1000)): (
        *((1.23, 0.02), (1.51, 0.03), (1.84, 0.06), (2.49, 0.20), (3.23, 0.18)),
        *((4.7, 0.4), (6.4, 0.8), (11.5, 3.2), (14.6, 4.5), (14.0, 6.0)),
    ),
    ("symmetric_pareto", (2000, 1000)): (
        *((1.23, 0.02), (1.49, 0.03), (1.86, 0.09), (2.43, 0.12), (3.46, 0.29)),
        *((5.5, 1.0), (9.8, 2.7), (12.5, 3.6), (16.0, 8.0), (17.0, 8.0)),
    ),
    ("symmetric_pareto", (5000, 500)): (
        *((1.23, 0.02), (1.50, 0.06), (1.85, 0.05), (2.60, 0.06), (3.97, 0.35)),
        *((6.3, 0.8), (10.3, 2.6), (13.7, 6.7), (41.0, 26.0), (47.0, 28.0)),
    ),
    ("pareto", (2000, 1000)): (
        *((1.25, 0.05), (1.51, 0.03), (1.78, 0.01), (2.30, 0.18), (3.12, 0.09)),
        *((3.59, 0.21), (4.38, 0.23), (4.55, 0.14), (4.34, 0.02)),
    ),
}
# mean of the exponent of the larger half, symmetric elements, 2000 x 1000
HILL = (1.21, 1.44, 1.76, 2.13, 2.40, 2.56, 2.63, 2.65, 2.69, 2.71)

COLUMNS = list(ALPHA)
CELLS = [(column, mu) for column in COLUMNS for mu in MU[: len(ALPHA[column])]]


@cache
def measured(column, mu):
    """Return alpha, and the exponent of the larger half, of every matrix."""
    name, shape = column
    rng = np.random.default_rng([COLUMNS.index(column), MU.index(mu)])
    found = []
    for _ in range(DRAWN):
        if mu is None:
            sample = ensembles.gaussian(shape, rng=rng)
        else:
            sample = getattr(ensembles, name)(shape, mu=mu, rng=rng)
        values = eigenvalues(sample.W)
        found.append((power_law.fit(values).alpha, hill.half(values)))
    return np.array(found).T


def t_of(column, mu):
    """Return Student's t of the two means, on TABLED + DRAWN - 2 = 8 degrees of freedom."""
    mean, sd = ALPHA[column][MU.index(mu)]
    alpha = measured(column, mu)[0]
    squares = (TABLED - 1) * sd**2 + (DRAWN - 1) * alpha.var(ddof=1)
    pooled = math.sqrt(squares / (TABLED + DRAWN - 2))
    return (alpha.mean() - mean) / (pooled * math.sqrt(1 / TABLED + 1 / DRAWN))


@pytest.mark.parametrize(("column", "mu"), CELLS)
def test_alpha_of_every_ensemble_and_shape(column, mu):
    # all cells together err once in a hundred: two sides, Bonferroni
    assert abs(t_of(column, mu)) < stats.t.ppf(1 - 0.01 / (2 * len(CELLS)), TABLED + DRAWN - 2)


@pytest.mark.parametrize("column", COLUMNS)
def test_alpha_of_an_ensemble_is_not_off_in_one_direction(column):
    """The mean of t over the mu of a column tells a common shift that no cell can tell alone."""
    t = [t_of(column, mu) for mu in MU[: len(ALPHA[column])]]
    # t on 8 degrees of freedom has variance 8 / 6; four standard errors of the mean
    assert abs(np.mean(t)) < 4 * math.sqrt(8 / 6 / len(t))


def test_the_table_as_a_whole():
    squares = np.square([t_of(*cell) for cell in CELLS])
    # moments of t on 8 degrees: E t^2 = 8/6, E t^4 = 3 * 8^2 / (6 * 4); four standard errors
    error = math.sqrt((8 - (8 / 6) ** 2) / len(CELLS))
    assert squares.mean() < 8 / 6 + 4 * error


@pytest.mark.parametrize("mu", [0.5, 1])
@pytest.mark.parametrize("column", COLUMNS)
def test_theory_below_a_tail_index_of_one_and_a_half(column, mu):
    # finite size may hide in the spread of one matrix, chance in five standard errors of the mean;
    # the spread that of all tabled matrices of that mu, so that no small one is there by chance
    spread = math.sqrt(np.mean([rows[MU.index(mu)][1] ** 2 for rows in ALPHA.values()]))
    alpha = measured(column, mu)[0].mean()
    assert alpha == pytest.approx(1 + mu / 2, abs=spread * (1 + 5 / math.sqrt(DRAWN)))


@pytest.mark.parametrize(
    ("name", "tail"),
    [
        ("levy", {"mu": 0.5}),
        ("levy", {"mu": 1}),
        ("student_t", {"df": 0.5}),
        ("student_t", {"df": 1}),
    ],
)
def test_theory_for_other_elements_of_the_same_tail_index(name, tail):
    rng, draw = np.random.default_rng(0), getattr(ensembles, name)
    samples = [draw((800, 400), **tail, rng=rng) for _ in range(10)]
    found = [power_law.fit(eigenvalues(sample.W)).alpha for sample in samples]
    # as above, the spread that of these matrices
    spread = float(np.std(found, ddof=1))
    assert np.mean(found) == pytest.approx(samples[0].alpha, abs=spread * (1 + 5 / math.sqrt(10)))


@pytest.mark.parametrize("mu", MU)
def test_exponent_of_the_larger_half(mu):
    tabled = HILL[MU.index(mu)]
    found = measured(("symmetric_pareto", (2000, 1000)), mu)[1]
    # the table has no spread: (alpha - 1) / sqrt(k) of independent data, k = 500, five standard
    # errors of the difference of both means, and half a unit of the last digit
    spread = (tabled - 1) / math.sqrt(500)
    tolerance = 5 * spread * math.sqrt(1 / TABLED + 1 / DRAWN) + 0.005
    assert found.mean() == pytest.approx(tabled, abs=tolerance)
