"""Eigenvalues: against scipy, at every scale and shape, and what must not change them."""

import tracemalloc
from concurrent.futures import ThreadPoolExecutor

import ml_dtypes
import mpmath
import numpy as np
import pytest
import scipy.linalg
from hypothesis import given
from hypothesis import strategies as st
from threadpoolctl import threadpool_limits

from spectra import eigenvalues, spectrum
from spectra.errors import ArgumentError

shapes = st.tuples(st.integers(1, 40), st.integers(1, 40))
seeds = st.integers(0, 2**32)


def gaussian(seed, shape):
    return np.random.default_rng(seed).standard_normal(shape)


def rotation(seed, size):
    return np.linalg.qr(gaussian(seed, (size, size)))[0]


def close(actual, expected, rtol=1e-9):
    """Relative to the largest: the small end is tested on its own."""
    np.testing.assert_allclose(actual, expected, rtol=0, atol=rtol * max(expected.max(), 1e-300))


@given(seeds, shapes)
def test_squares_of_the_singular_values(seed, shape):
    W = gaussian(seed, shape)
    expected = np.sort(scipy.linalg.svdvals(W)) ** 2
    np.testing.assert_allclose(eigenvalues(W), expected, rtol=1e-6)
    np.testing.assert_allclose(eigenvalues(W, rtol=1e-10), expected, rtol=1e-10)
    close(eigenvalues(W, rtol=np.inf), expected)


@pytest.mark.parametrize("condition", [1e2, 1e4, 1e6, 1e8, 1e12])
@pytest.mark.parametrize("rtol", [1e-9, 1e-6, 1e-3])
def test_small_end_is_as_exact_as_promised(condition, rtol):
    singular = np.geomspace(1 / condition, 1, 60)
    U, V = np.linalg.qr(gaussian(0, (90, 60)))[0], rotation(1, 60)
    W = (U * singular) @ V.T
    # building W in float64 already moves its smallest singular value by about eps
    built = 4e-16 * condition
    error = np.abs(eigenvalues(W, rtol=rtol) / singular**2 - 1)
    assert error.max() < rtol + 100 * built


@given(seeds, shapes, st.sampled_from([1e-140, 1e-30, 1e-3, 1.0, 7.0, 1e30, 1e150]))
def test_scale_is_squared(seed, shape, c):
    W = gaussian(seed, shape)
    close(eigenvalues(W * c) / c / c, eigenvalues(W))


@given(seeds, shapes)
def test_transposing_permuting_and_rotating_change_nothing(seed, shape):
    W, rng = gaussian(seed, shape), np.random.default_rng(seed)
    values = eigenvalues(W)
    close(eigenvalues(W.T), values)
    close(eigenvalues(rng.permutation(W, axis=0)), values)
    close(eigenvalues(rng.permutation(W, axis=1)), values)
    close(eigenvalues(rotation(seed, shape[0]) @ W @ rotation(seed + 1, shape[1])), values)


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16, ml_dtypes.bfloat16, np.int8])
def test_stored_types_are_computed_in_double(dtype):
    W = (3 * gaussian(0, (30, 20))).astype(dtype)
    exact = np.sort(scipy.linalg.svdvals(W.astype(np.float64))) ** 2
    np.testing.assert_allclose(eigenvalues(W), exact, rtol=1e-9)


def test_blocks_of_a_tall_matrix_add_up():
    W = gaussian(0, (300_000, 20)).astype(np.float32)
    exact = np.linalg.eigvalsh(W.T.astype(np.float64) @ W.astype(np.float64))
    np.testing.assert_allclose(eigenvalues(W), exact, rtol=1e-12)
    np.testing.assert_allclose(eigenvalues(W.T), exact, rtol=1e-12)


def test_trace_and_squares_are_kept():
    W = gaussian(3, (50, 80))
    values = eigenvalues(W)
    assert values.sum() == pytest.approx(np.sum(W**2), rel=1e-12)
    assert (values**2).sum() == pytest.approx(np.sum((W @ W.T) ** 2), rel=1e-12)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_not_finite_gives_nan(bad):
    W = gaussian(0, (5, 4))
    W[2, 1] = bad
    assert np.isnan(eigenvalues(W)).all()


@pytest.mark.parametrize("shape", [(0, 3), (3, 0), (0, 0)])
def test_empty_matrix_has_no_eigenvalues_but_zero_ones(shape):
    assert eigenvalues(np.zeros(shape)).shape == (0,)


def test_rank_one_has_one_eigenvalue():
    values = eigenvalues(np.outer(np.arange(1, 9.0), np.arange(1, 6.0)))
    assert values[-1] == pytest.approx(204 * 55)
    assert (values[:-1] < 1e-26 * values[-1]).all()


@pytest.mark.parametrize("W", [np.zeros(3), np.zeros((2, 2, 2)), np.array([["a"]]), np.eye(2) * 1j])
def test_no_real_matrix_is_refused(W):
    with pytest.raises(ArgumentError, match="`W` must be a matrix of real numbers"):
        eigenvalues(W)


@pytest.mark.parametrize("rtol", [-1.0, np.nan])
def test_negative_rtol_is_refused(rtol):
    with pytest.raises(ArgumentError, match="`rtol` must be a number from 0 to inf, got"):
        eigenvalues(np.eye(2), rtol=rtol)


@given(seeds, st.integers(1, 5), shapes)
def test_a_stack_is_its_matrices(seed, rf, shape):
    stack = gaussian(seed, (rf, *shape))
    found = spectrum(stack)
    assert (found.rf, found.M, found.N) == (rf, min(shape), max(shape))
    np.testing.assert_array_equal(found.by_matrix, [eigenvalues(W) for W in stack])
    np.testing.assert_array_equal(found.eigenvalues, np.sort(found.by_matrix.ravel()))


def test_a_stack_has_three_dimensions():
    with pytest.raises(ArgumentError, match="stack of matrices"):
        spectrum(np.zeros(3))


def test_small_and_large_halves_in_one_matrix():
    """No number is lost by scaling before it is double precision."""
    W = np.ldexp(gaussian(0, (40, 30)), np.linspace(-20, 12, 30).astype(int)).astype(np.float16)
    exact = np.sort(scipy.linalg.svdvals(W.astype(np.float64)))
    # two ways to the singular values differ by a few eps of the largest, whatever the smallest is
    allowed = 30 * np.finfo(float).eps * exact.max()
    assert allowed < exact.min() / 100
    np.testing.assert_allclose(np.sqrt(eigenvalues(W, rtol=1e-10)), exact, rtol=0, atol=allowed)


@pytest.mark.parametrize("name", ["float8_e4m3fn", "float8_e5m2", "float8_e8m0fnu", "uint8"])
def test_narrow_types_are_numbers_too(name):
    W = np.abs(4 * gaussian(0, (20, 10)) + 9).astype(name)
    exact = np.sort(scipy.linalg.svdvals(W.astype(np.float64))) ** 2
    np.testing.assert_allclose(eigenvalues(W, rtol=1e-10), exact, rtol=1e-9)


@pytest.mark.parametrize("dtype", [np.float32, ml_dtypes.bfloat16])
def test_not_finite_in_any_type_is_silent(dtype):
    W = np.full((4, 3), np.nan).astype(dtype)
    assert np.isnan(eigenvalues(W)).all()


def test_zero_matrix_is_zero_by_either_way():
    for rtol in (0.0, 1e-6, np.inf):
        assert eigenvalues(np.zeros((4, 3)), rtol=rtol).tolist() == [0, 0, 0]


def test_views_and_orders_of_memory_do_not_matter():
    W = gaussian(0, (60, 40))
    values = eigenvalues(W[::2, ::3])
    close(eigenvalues(np.asfortranarray(W[::2, ::3])), values)
    close(eigenvalues(W[::2, ::3].copy()), values)


class Parts:
    """A matrix that is read in parts along its longer side, and notes what is read."""

    def __init__(self, W):
        self.W, self.shape, self.asked = W, W.shape, []

    def blocks(self, step):
        """Yield rows, or columns if there are more of them."""
        wide = self.shape[0] < self.shape[1]
        for start in range(0, max(self.shape), step):
            part = self.W[:, start : start + step] if wide else self.W[start : start + step]
            self.asked.append(part.size)
            yield part.copy()

    def __array__(self, dtype=None, copy=None):
        """Return all of it."""
        self.asked.append(self.W.size)
        return np.asarray(self.W, dtype)


def without_whole(W, monkeypatch, block=400):
    """Return a matrix in small parts that cannot be read as a whole."""
    for module in ("spectra._spectral.BLOCK", "spectra.linalg._tall.BLOCK"):
        monkeypatch.setattr(module, block)
    monkeypatch.setattr(Parts, "__array__", None)
    return Parts(W)


def graded(by, condition, shape=(120, 9)):
    """Return a matrix of which the columns, the rows, or the singular values span a range."""
    W, scales = gaussian(0, shape), [np.geomspace(1, 1 / condition, n) for n in shape]
    if by == "columns":
        return W * scales[1]
    if by == "rows":
        return W * scales[0][:, None]
    return (np.linalg.qr(W)[0] * scales[1]) @ rotation(1, shape[1])


@pytest.mark.parametrize("condition", [1.0, 1e4, 1e8, 1e16])
@pytest.mark.parametrize("by", ["columns", "rows", "values"])
@pytest.mark.parametrize("turn", [False, True])
def test_singular_values_in_parts_are_as_exact_as_those_of_the_whole(
    monkeypatch, by, condition, turn
):
    W = graded(by, condition)
    expected = np.sort(np.linalg.svd(W, compute_uv=False))
    found = np.sqrt(eigenvalues(without_whole(W.T if turn else W, monkeypatch, 100), rtol=0))
    np.testing.assert_allclose(found, expected, rtol=0, atol=20 * 2.0**-52 * expected[-1])
    if by == "columns":  # of which a QR decomposition keeps even the smallest
        exact = exact_singular_values(W)
        worst = [np.abs(values / exact - 1).max() for values in (found, expected)]
        assert worst[0] < 2 * worst[1] + 1e-14


def exact_singular_values(W):
    """Return the singular values, ascending, from a Gram matrix of 120 digits."""
    with mpmath.workdps(120):
        exact = mpmath.matrix(W.tolist())
        squares = mpmath.eigsy(exact.T * exact, eigvals_only=True)
        return np.array([float(mpmath.sqrt(x)) for x in squares])


@pytest.mark.parametrize("dead", [[0], [3, 4, 19], range(1, 20)])
@pytest.mark.parametrize("turn", [False, True])
def test_columns_of_zeros_have_eigenvalues_of_zero(monkeypatch, dead, turn):
    W = gaussian(0, (300, 20))
    W[:, dead] = 0
    rest = eigenvalues(np.delete(W, dead, axis=1))
    parts = without_whole(W.T if turn else W, monkeypatch)
    monkeypatch.setattr(np.linalg, "svd", None)  # nothing is nearly singular
    found = eigenvalues(parts)
    assert (found[: len(dead)] == 0).all()
    np.testing.assert_allclose(found[len(dead) :], rest, rtol=1e-13)


@pytest.mark.parametrize("shape", [(300, 20), (20, 300), (20, 20)])
def test_a_column_of_squares_that_underflow_is_not_zero(shape):
    """Else the others would be taken from the Gram matrix at one scale, not at another."""
    W = gaussian(0, shape)
    W[(slice(None), 3) if shape[0] >= shape[1] else 3] *= 2.0**-498
    expected = np.ldexp(eigenvalues(W), -600)
    assert eigenvalues(np.ldexp(W, -300)).tobytes() == expected.tobytes()


def test_a_gram_matrix_in_strips_is_that_of_the_whole(monkeypatch):
    W = gaussian(0, (90, 50))
    expected = np.linalg.svd(W, compute_uv=False)[::-1] ** 2
    monkeypatch.setattr("spectra.linalg._gram._STRIP", 7)
    np.testing.assert_allclose(eigenvalues(W), expected, rtol=1e-12)
    W[:, [3, 30]] = 0
    assert (eigenvalues(W)[:2] == 0).all()


@pytest.mark.parametrize("dead", [0, 2])
def test_wide_matrices_take_two_stages(monkeypatch, dead):
    W = gaussian(0, (150, 100))
    W[:, :dead] = 0
    one = eigenvalues(W)
    monkeypatch.setattr("spectra.linalg.two_stage.WIDE", 98)
    monkeypatch.setattr(np.linalg, "eigvalsh", None)
    with threadpool_limits(1, "blas"):
        found = eigenvalues(W)
        close(found, one, 1e-14)
        assert (found[:dead] == 0).all()
        assert eigenvalues(np.ldexp(W, 300)).tobytes() == np.ldexp(found, 600).tobytes()


def test_wide_matrices_take_one_stage_with_several_threads(monkeypatch):
    monkeypatch.setattr("spectra.linalg.two_stage.WIDE", 98)
    monkeypatch.setattr("spectra.linalg.two_stage.eigenvalues", None)
    libraries = [{"user_api": "blas", "num_threads": 4}, {"user_api": "openmp", "num_threads": 1}]
    monkeypatch.setattr("threadpoolctl.threadpool_info", lambda: libraries)
    W = gaussian(0, (150, 100))
    close(eigenvalues(W), np.linalg.svd(W, compute_uv=False)[::-1] ** 2, 1e-13)


@pytest.mark.parametrize("rtol", [0.0, 1e-6])
def test_threads_find_the_same_eigenvalues_to_the_bit(monkeypatch, rtol):
    monkeypatch.setattr("spectra.linalg.two_stage.WIDE", 100)
    monkeypatch.setattr("spectra.linalg._tall.BLOCK", 10_000)
    matrices = [gaussian(seed, (400, 200)) for seed in range(8)]
    alone = [eigenvalues(W, rtol=rtol).tobytes() for W in matrices]
    with ThreadPoolExecutor(4) as pool:
        together = pool.map(lambda W: eigenvalues(W, rtol=rtol).tobytes(), matrices)
    assert list(together) == alone


@pytest.mark.parametrize(
    ("singular", "squares"), [(False, 1.8), (True, 3.4)], ids=["regular", "singular"]
)
def test_memory_is_that_of_a_few_gram_matrices(monkeypatch, singular, squares):
    M = 1000
    W = gaussian(0, (6 * M, M)).astype(np.float32)
    W[:, 0] = W[:, 1] if singular else W[:, 0]
    parts = without_whole(W, monkeypatch, block=20 * M)
    monkeypatch.setattr("spectra.linalg.two_stage.WIDE", M)
    monkeypatch.setattr("spectra.linalg._gram._STRIP", 100)
    eigenvalues(gaussian(0, (M, M)), rtol=0)  # what is imported and kept
    with threadpool_limits(1, "blas"):
        tracemalloc.start()
        eigenvalues(parts)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < squares * 8 * M * M


ODD = {
    "plain": lambda W: W,
    "huge": lambda W: W * 1e200,
    "tiny": lambda W: W * 1e-200,
    "zero": lambda W: W * 0,
    "singular": lambda W: W * (np.arange(W.shape[1]) > 0),
    "nan": lambda W: np.where(W > 3, np.nan, W),
    "infinite": lambda W: np.where(W > 3, np.inf, W),
}
TYPES = ["float64", "float32", "float16", "bfloat16", "float8_e4m3fn", "longdouble"]


@pytest.mark.filterwarnings("ignore:eigenvalues of weights")
@pytest.mark.parametrize("shape", [(300, 20), (20, 300), (30, 30), (1, 50), (50, 1)])
@pytest.mark.parametrize("kind", ODD)
@pytest.mark.parametrize("dtype", TYPES)
def test_a_matrix_in_parts_has_the_same_eigenvalues_to_the_bit(monkeypatch, shape, kind, dtype):
    for module in ("spectra._spectral.BLOCK", "spectra.linalg._tall.BLOCK"):
        monkeypatch.setattr(module, 400)
    with np.errstate(all="ignore"):
        W = ODD[kind](gaussian(0, shape)).astype(dtype)
    parts = Parts(W)
    assert eigenvalues(parts).tobytes() == eigenvalues(W).tobytes()
    ours, theirs = spectrum(Parts(W)), spectrum(W)
    assert ours.by_matrix.tobytes() == theirs.by_matrix.tobytes()
    assert (ours.N, ours.exponent, ours.sides) == (theirs.N, theirs.exponent, theirs.sides)
    assert ours.require_matrices().tobytes() == theirs.require_matrices().tobytes()


@pytest.mark.parametrize("shape", [(5000, 20), (20, 5000)])
def test_a_matrix_in_parts_is_not_read_as_a_whole(monkeypatch, shape):
    for module in ("spectra._spectral.BLOCK", "spectra.linalg._tall.BLOCK"):
        monkeypatch.setattr(module, 400)
    parts = Parts(gaussian(0, shape))
    found = spectrum(parts)
    assert max(parts.asked) <= 400
    assert found.nonzero.size == 20
    found.require_matrices()
    assert parts.asked[-1] == 100_000
    count = len(parts.asked)
    assert found.matrices is found.require_matrices()
    assert len(found.sides) == len(found.kurtosis) == 1
    assert len(parts.asked) == count


def test_numbers_of_a_matrix_in_parts_must_be_real():
    with pytest.raises(ArgumentError, match="real numbers"):
        eigenvalues(Parts(gaussian(0, (4, 3)) * 1j))
