"""Arrays in place of numbers, and stacks of spectra, against a loop over numbers or rows."""

from functools import partial
from typing import Any

import numpy as np
import pytest

from spectra import _checks
from spectra.errors import ArgumentError
from spectra.noise import baselines, biwhitening, marchenko_pastur, shrinkage, truncation
from spectra.theory import deformations, free_probability

RATIOS = np.array([0.02, 0.5, 1.0])
COLUMN = np.array([[0.05], [0.4], [0.95]])
X = np.array([0.0, 0.3, 1.1, 2.7])
POSITIVE = np.array([0.2, 1.0, 3.5])
ROWS = np.random.default_rng(0).exponential(size=(3, 2, 6))


def keyword(function, *names, **others):
    """Return the function with its last arguments, which are keywords, by position."""

    def called(*args):
        split = len(args) - len(names)
        return function(*args[:split], **dict(zip(names, args[split:], strict=True)), **others)

    return called


def of_square(start, ratio):
    """Return the integral of the square over the upper part of the law."""
    return marchenko_pastur.integral(np.square, ratio, start=start)


R = free_probability
NUMBERS: dict[str, tuple[Any, ...]] = {  # a function of numbers, and arrays that broadcast
    "edges": (keyword(marchenko_pastur.edges, "mean_eigenvalue"), RATIOS, POSITIVE[:, None]),
    "pdf": (marchenko_pastur.pdf, X, COLUMN),
    "cdf": (marchenko_pastur.cdf, X, COLUMN),
    "sf": (marchenko_pastur.sf, X, COLUMN),
    "ppf": (marchenko_pastur.ppf, np.linspace(0, 1, 5), RATIOS[:, None]),
    "isf": (marchenko_pastur.isf, np.linspace(0, 1, 5), RATIOS[:, None]),
    "moments": (partial(marchenko_pastur.moments, num=6), RATIOS),
    "integral": (of_square, np.array([0.0, 0.7]), COLUMN),
    "mean_log": (marchenko_pastur.mean_log, RATIOS),
    "hill_alpha": (
        keyword(baselines.hill_alpha, "fraction"),
        *(RATIOS, np.array([[0.01], [0.5], [1.0]])),
    ),
    "tail_distance": (
        keyword(baselines.tail_distance, "fraction"),
        *(RATIOS, np.array([[0.01], [0.5], [1.0]])),
    ),
    "gavish_donoho": (truncation.gavish_donoho, RATIOS),
    "omega": (truncation.omega, RATIOS),
    "shrink": (shrinkage.shrink, X, COLUMN),
    "shrink_operator": (partial(shrinkage.shrink, loss="operator"), X, COLUMN),
    "shrink_nuclear": (partial(shrinkage.shrink, loss="nuclear"), X, COLUMN),
    "scatter_of_noise": (biwhitening.scatter_of_noise, np.array([[1, 50], [200, 3]])),
    "wigner": (keyword(deformations.wigner, "variance"), X - 1, POSITIVE[:, None]),
    "wigner_R": (keyword(R.wigner_R, "variance"), X, POSITIVE[:, None]),
    "marchenko_pastur_R": (
        keyword(R.marchenko_pastur_R, "ratio", "mean_eigenvalue"),
        *(X, COLUMN, POSITIVE[:, None, None]),
    ),
    "inverse_marchenko_pastur_R": (keyword(R.inverse_marchenko_pastur_R, "ratio"), X, COLUMN),
    "cauchy_R": (
        keyword(R.cauchy_R, "location", "scale"),
        *(X, -POSITIVE[:, None], POSITIVE[:, None, None]),
    ),
    "levy_R": (keyword(R.levy_R, "alpha", "scale"), X[1:], 1 + COLUMN, POSITIVE),
    "levy_R_2019": (
        keyword(R.levy_R, "alpha", "scale", variant="2019"),
        *(X[1:], 1 + COLUMN, POSITIVE),
    ),
}
FLOATS = [
    *("edges", "integral", "mean_log", "hill_alpha", "tail_distance"),
    *("gavish_donoho", "omega", "scatter_of_noise"),
]


@pytest.mark.parametrize("name", NUMBERS)
def test_arrays_are_a_loop_over_numbers(name):
    function, *arrays = NUMBERS[name]
    together = function(*arrays)
    shape = np.broadcast_shapes(*(a.shape for a in arrays))
    each = [function(*(float(x) for x in numbers)) for numbers in np.broadcast(*arrays)]
    if isinstance(together, tuple):
        together, each = np.stack(together, axis=-1), [np.stack(one) for one in each]
    expected = np.reshape(each, (*shape, *np.shape(each[0])))
    assert together.shape == expected.shape
    np.testing.assert_allclose(together, expected, rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize("name", FLOATS)
def test_a_number_gives_a_float_and_an_array_an_array(name):
    function, *arrays = NUMBERS[name]
    number = [float(a.flat[0]) for a in arrays]
    first = function(*number), function(*map(np.array, number))
    for found in first:
        parts = found if isinstance(found, tuple) else (found,)
        assert [type(part) for part in parts] == [float] * len(parts)
    assert first[0] == first[1]
    one = function(*([x] for x in number))
    assert np.shape(one[0] if isinstance(one, tuple) else one) == (1,)


def capacity(rows):
    """Return the capacity by the R-transform of the semicircle."""
    return R.capacity(rows, R.wigner_R)


def spikes(rows):
    """Return the R-transform of spikes at one argument."""
    return R.spikes_R(0.7, spikes=rows, num=9)


STACKS: dict[str, Any] = {  # a function of the last axis
    "moments": partial(R.moments, num=5),
    "free_cumulants": R.free_cumulants,
    "moments_from_cumulants": R.moments_from_cumulants,
    "capacity": capacity,
    "series_R": partial(R.series_R, 0.7),
    "spikes_R": spikes,
}


@pytest.mark.parametrize("name", STACKS)
def test_stacks_are_a_loop_over_rows(name):
    function = STACKS[name]
    expected = np.array([[function(row) for row in rows] for rows in ROWS])
    together = function(ROWS)
    assert together.shape == expected.shape
    np.testing.assert_allclose(together, expected, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("name", STACKS)
@pytest.mark.parametrize("shape", [(0, 6), (2, 0, 6), (1, 6)])
def test_empty_stacks(name, shape):
    found = STACKS[name](np.ones(shape))
    assert found.shape[: len(shape) - 1] == shape[:-1]


@pytest.mark.parametrize("name", STACKS)
def test_a_number_is_no_stack(name):
    with pytest.raises(ArgumentError, match="must be an array, or a stack of arrays"):
        STACKS[name](1.0)


@pytest.mark.parametrize(
    "wrong",
    [
        [0.5, 0.0],
        [0.5, 1.5],
        [0.5, np.nan],
        np.inf,
        "0.5",
        None,
        True,
        [True],
        ["a"],
        1j,
        [[1], []],
    ],
)
@pytest.mark.parametrize("name", ["edges", "mean_log", "gavish_donoho", "shrink", "ppf"])
def test_ratios_out_of_range(name, wrong):
    function, *arrays = NUMBERS[name]
    args = [wrong, 1.0] if name == "edges" else [*arrays[:-1], wrong]
    with pytest.raises(ArgumentError, match=r"`ratio` must be (M/N, above 0|an array of real)"):
        function(*args)


def test_the_error_names_the_number_that_is_wrong():
    with pytest.raises(ArgumentError, match=r"`x` must be a finite number above 0, got -3.0 in an"):
        _checks.numbers("x", [1.0, -3.0, -4.0], above=0)
    with pytest.raises(ArgumentError, match="`x` must be a finite number, got nan in an array"):
        _checks.numbers("x", [np.nan])
    assert np.shape(_checks.numbers("x", [])) == (0,)


def test_pooled_matrices_take_one_ratio_and_one_share():
    for arguments in ({"ratio": [0.5]}, {"fraction": [0.1, 0.2]}):
        ratio, fraction = arguments.get("ratio", 0.5), arguments.get("fraction", 0.5)
        for function in (baselines.hill_alpha, baselines.tail_distance):
            with pytest.raises(ArgumentError, match="must be numbers where there are `scales`"):
                function(ratio, fraction=fraction, scales=[1.0, 2.0])


def test_arguments_are_left_as_they_were():
    for function, *arrays in NUMBERS.values():
        before = [a.copy() for a in arrays]
        function(*arrays)
        assert all(np.array_equal(a, b) for a, b in zip(arrays, before, strict=True))


def test_shapes_that_do_not_fit():
    with pytest.raises(ValueError, match=r"broadcast"):
        marchenko_pastur.pdf(X, RATIOS)
