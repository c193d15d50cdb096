"""Units of eigenvalues by name: round trips, known values and arguments out of range."""

from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import spectra
from spectra import weightwatcher
from spectra.errors import ArgumentError
from spectra.noise import marchenko_pastur, signal, spikes, tracy_widom, units
from spectra.theory import ensembles, laws

convert: Any = units.convert  # any text as a unit, for type checkers

SYMMETRIC = ("symmetric", "semicircle", "symmetric_tracy_widom")
RECTANGULAR = tuple(name for name in get_args(units.Unit) if name not in SYMMETRIC)
PAIRS = [(a, b) for family in (RECTANGULAR, SYMMETRIC) for a in family for b in family]


@pytest.mark.parametrize(("source", "target"), PAIRS)
@given(
    places=st.lists(st.floats(0, 4), max_size=6),
    M=st.integers(1, 3000),
    longer=st.integers(0, 3000),
    variance=st.floats(1e-6, 1e6),
    beta=st.sampled_from([1, 2, 4]),
)
def test_round_trips(source, target, places, M, longer, variance, beta):
    symmetric = source in SYMMETRIC
    size = {"N": M if symmetric else M + longer, "M": M, "variance": variance, "beta": beta}
    base, scaled = ("symmetric", "semicircle") if symmetric else ("eigenvalues", "scaled")
    x = convert(np.array(places) - 2 * symmetric, scaled, base, **size)
    given_x = convert(x, base, source, **size)
    there = convert(given_x, source, target, **size)
    back = convert(convert(there, target, source, **size), source, base, **size)
    largest = variance**0.5 * size["N"] ** 0.5 if symmetric else variance * size["N"]
    np.testing.assert_allclose(back, x, rtol=1e-12, atol=1e-11 * largest)
    assert (np.diff(there[np.argsort(given_x)]) >= 0).all()


def test_every_unit_is_in_the_table():
    assert set(units._SCALES) == set(get_args(units.Unit))
    assert all(f"\n{name} " in units.__doc__ for name in units._SCALES)


def test_units_are_those_of_the_functions():
    W = 0.3 * np.random.default_rng(0).standard_normal((300, 100))
    eigenvalues = np.linalg.eigvalsh(W.T @ W)
    size = {"N": 300, "M": 100, "variance": 0.09}

    def to(target):
        return convert(eigenvalues, "eigenvalues", target, **size)

    lower, upper = marchenko_pastur.edges(1 / 3)
    assert lower - 0.1 < to("scaled")[0] < to("scaled")[-1] < upper + 0.2
    assert to("divided_by_N") == pytest.approx(eigenvalues / 300)
    assert to("divided_by_N") == pytest.approx(np.linalg.eigvalsh(np.cov(W.T, bias=True)), rel=0.1)
    assert to("singular_values") == pytest.approx(np.linalg.svd(W, compute_uv=False)[::-1])
    assert to("scaled_singular_values") ** 2 == pytest.approx(to("scaled"))
    assert signal.limit(1 / 3) < to("scaled_singular_values")[-1]
    heights = spikes.statistics(eigenvalues, 300, variance=0.09)
    assert to("tracy_widom")[-1] == pytest.approx(heights[heights.argmax()])


def test_semicircle_is_the_law_of_its_unit():
    x = np.linalg.eigvalsh(ensembles.wigner(400, std=0.3, rng=0).W)
    found = convert(x, "symmetric", "semicircle", N=400, M=400, variance=0.09)
    assert np.abs(laws.semicircle().cdf(found) - (np.arange(400) + 0.5) / 400).max() < 0.01


@pytest.mark.parametrize("beta", [1, 2, 4])
@pytest.mark.parametrize("symmetric", [True, False])
def test_largest_eigenvalues_have_the_moments_of_tracy_widom(beta, symmetric):
    if symmetric:
        draws = ensembles.hermite(200, beta=beta, std=0.3, num=2000, rng=0)
        names, size = ("symmetric", "symmetric_tracy_widom"), (200, 200)
    else:
        draws = ensembles.laguerre((300, 100), beta=beta, std=0.3, num=2000, rng=0)
        names, size = ("eigenvalues", "tracy_widom"), (300, 100)
    N, M = size
    found = convert(draws[:, -1], *names, N=N, M=M, variance=0.09, beta=beta)
    error = np.sqrt(tracy_widom.VARIANCES[beta] / 2000)
    assert found.mean() == pytest.approx(tracy_widom.MEANS[beta], abs=4 * error)
    assert found.var() == pytest.approx(tracy_widom.VARIANCES[beta], rel=0.15)


def test_pooled_convolution_of_weightwatcher():
    kernel = np.random.default_rng(0).standard_normal((12, 10, 3, 3))
    ours = spectra.spectrum(kernel.transpose(2, 3, 0, 1).reshape(9, 12, 10)).eigenvalues
    found = convert(ours, "eigenvalues", "weightwatcher_conv2d", N=12, M=10)
    table = weightwatcher.analyze({"conv": kernel})
    assert found.max() == pytest.approx(table["lambda_max"].item())


def test_order_shape_and_arguments_are_kept():
    x = np.array([[3.0, 1.0, 2.0], [0.0, 5.0, 4.0]])
    before = x.copy()
    found = convert(x, "eigenvalues", "scaled", N=[[10], [20]], M=5, variance=[1.0, 2.0, 4.0])
    assert found == pytest.approx(x / (np.array([[10], [20]]) * [1.0, 2.0, 4.0]))
    assert np.array_equal(x, before)
    same = convert(x, "eigenvalues", "eigenvalues", N=10, M=5)
    assert same is not x
    assert np.array_equal(same, x)
    assert convert([], "scaled", "tracy_widom", N=2, M=1).shape == (0,)
    assert convert(4.0, "eigenvalues", "singular_values", N=2, M=1) == 2.0
    assert np.isnan(convert(np.nan, "eigenvalues", "singular_values", N=2, M=1))


def test_zeros_that_are_negative_by_rounding():
    W = np.random.default_rng(0).standard_normal((40, 20))
    W[:, 0] = W[:, 1]
    eigenvalues = np.linalg.eigvalsh(W.T @ W)
    eigenvalues[0] = -1e-14
    found = convert(eigenvalues, "eigenvalues", "singular_values", N=40, M=20)
    assert found[0] == 0
    edge = convert(0.0, "eigenvalues", "tracy_widom", N=40, M=20)
    assert convert(edge - 1e-13, "tracy_widom", "singular_values", N=40, M=20) < 1e-5
    with pytest.raises(ArgumentError, match="must be from 0"):
        convert(edge - 0.1, "tracy_widom", "singular_values", N=40, M=20)


@pytest.mark.parametrize("one", RECTANGULAR)
@pytest.mark.parametrize("other", SYMMETRIC)
def test_signs_are_not_invented(one, other):
    for pair in ((one, other), (other, one)):
        with pytest.raises(ArgumentError, match=f"'{pair[0]}' are .* and '{pair[1]}' are .* signs"):
            convert([1.0], *pair, N=5, M=5)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"source": "sigma"}, "`source` must be one of eigenvalues, divided_by_N.* got 'sigma'"),
        ({"target": None}, "`target` must be one of"),
        ({"source": ["scaled"]}, "`source` must be one of"),
        ({"N": 4}, "longer and the shorter side of a matrix, from 1 on, got 4 and 5"),
        ({"M": 0}, "longer and the shorter side"),
        ({"N": np.inf}, "longer and the shorter side"),
        ({"M": np.nan}, "longer and the shorter side"),
        ({"N": [9, 4]}, "longer and the shorter side"),
        ({"N": "9"}, "`N` must be an array of real numbers"),
        ({"variance": 0}, "`variance` must be a finite number above 0, got 0"),
        ({"variance": [1.0, -1.0]}, "`variance` must be a finite number above 0, got -1.0 in an"),
        ({"beta": 3}, "`beta` must be one of 1, 2, 4, got 3"),
        ({"values": "ab"}, "`values` must be an array of real numbers"),
        ({"values": [1j]}, "`values` must be an array of real numbers"),
        ({"values": [True]}, "`values` must be an array of real numbers"),
        (
            {"values": [2.0, -1.0], "target": "singular_values"},
            "`values` in 'eigenvalues' must be from 0 for 'singular_values', got -1 as eigenvalues",
        ),
        (
            {"values": [-1.0], "source": "singular_values"},
            "`values` in 'singular_values' must be from 0 for 'scaled'",
        ),
        (
            {"source": "symmetric", "target": "semicircle"},
            "`N` and `M` must be equal for a symmetric matrix, got 9 and 5",
        ),
    ],
)
def test_misuse_says_what_is_wanted(change, message):
    arguments: dict[str, Any] = {
        "values": [1.0],
        "source": "eigenvalues",
        "target": "scaled",
        "N": 9,
        "M": 5,
    }
    arguments |= change
    place = [arguments.pop(name) for name in ("values", "source", "target")]
    with pytest.raises(ArgumentError, match=message):
        convert(*place, **arguments)
