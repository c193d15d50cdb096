"""What must not change an analysis, and matrices that have no spectrum to speak of."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

import spectra
from spectra.models.arrays import from_array
from spectra.results.variables import Status
from spectra.results.verdicts import Verdict
from spectra.tails.samples import FitStatus
from tests.builders import examples

INVARIANT = ["alpha", "D", "sigma", "stable_rank", "entropy", "num_tail", "matrix_rank"]


def gaussian(rng, shape):
    return rng.standard_normal(shape)


def pareto(rng, shape):
    return rng.choice([-1.0, 1.0], shape) * (1 + rng.pareto(1.5, shape))


matrices = st.builds(
    lambda draw, seed, shape: draw(np.random.default_rng(seed), shape),
    st.sampled_from([gaussian, pareto]),
    st.integers(0, 2**32),
    st.tuples(st.integers(8, 60), st.integers(8, 60)),
)


def analyze(W):
    return spectra.analyze({"w": W}, rtol=1e-10).isel(layer=0)


def same(one, other, names, rtol=1e-6):
    for name in names:
        np.testing.assert_allclose(other[name], one[name], rtol=rtol, err_msg=name)


@examples(0.6)
@given(matrices, st.floats(1e-12, 1e12))
def test_scaling_multiplies_eigenvalues_only(W, c):
    one, other = analyze(W), analyze(c * W)
    same(one, other, INVARIANT)
    np.testing.assert_allclose(other.eigenvalue, c**2 * one.eigenvalue, rtol=1e-8)
    assert other.verdict == one.verdict


@examples(0.6)
@given(matrices, st.integers(0, 2**32))
def test_transposing_permuting_and_rotating_change_nothing(W, seed):
    rng = np.random.default_rng(seed)
    one = analyze(W)
    Q = np.linalg.qr(rng.standard_normal((W.shape[0], W.shape[0])))[0]
    for moved in (W.T, rng.permutation(W, axis=0), rng.permutation(W, axis=1), Q @ W):
        same(one, analyze(moved), [*INVARIANT, "norm", "xmin", "alpha_weighted", "log_alpha_norm"])


@examples(0.3)
@given(st.lists(matrices, min_size=2, max_size=5), st.randoms())
def test_order_of_tensors_changes_nothing(Ws, random):
    names = [f"w{i}" for i in range(len(Ws))]
    ds = spectra.analyze(dict(zip(names, Ws, strict=True)))
    shuffled = random.sample(list(zip(names, Ws, strict=True)), len(Ws))
    other = spectra.analyze(dict(shuffled))
    assert [str(n) for n in other.layer.values] == [n for n, _ in shuffled]
    again = other.sel(layer=names).drop_vars("depth")
    xr.testing.assert_identical(again, ds.drop_vars("depth"))


@examples(0.3)
@given(st.lists(matrices, min_size=1, max_size=4))
def test_workers_change_nothing(Ws):
    model = {f"w{i}": W for i, W in enumerate(Ws)}
    with ThreadPoolExecutor(2) as executor:
        parallel = spectra.analyze(model, executor=executor)
    # linear algebra may share its own threads out otherwise, which changes the last digits
    xr.testing.assert_allclose(parallel, spectra.analyze(model), rtol=1e-9)


def with_element(value):
    W = np.random.default_rng(0).standard_normal((30, 20))
    W[3, 4] = value
    return W


@pytest.mark.parametrize(
    ("W", "status", "fit_status"),
    [
        (with_element(np.nan), Status.NOT_FINITE, None),
        (with_element(np.inf), Status.NOT_FINITE, None),
        (with_element(1e200), Status.COMPUTED, FitStatus.TOO_FEW_EIGENVALUES),
        (np.zeros((30, 20)), Status.ALL_ZERO, None),
        (np.zeros((0, 20)), Status.EMPTY, None),
        (np.zeros((0, 20, 3, 3)), Status.EMPTY, None),
        (np.ones((1, 20)), Status.COMPUTED, FitStatus.TOO_FEW_EIGENVALUES),
        (np.ones((20, 1)), Status.COMPUTED, FitStatus.TOO_FEW_EIGENVALUES),
        (np.ones((30, 20)), Status.COMPUTED, FitStatus.TOO_FEW_EIGENVALUES),
        (np.eye(30), Status.COMPUTED, FitStatus.EQUAL_EIGENVALUES),
        (1e-160 * np.eye(30), Status.COMPUTED, FitStatus.EQUAL_EIGENVALUES),
    ],
)
def test_matrices_without_a_fit_have_a_status(W, status, fit_status):
    good = np.random.default_rng(1).standard_normal((30, 20))
    role = "dense" if W.ndim == 2 else None  # said, because a single row would pass for a vector
    tensors = {"good": from_array("good", good), "odd": from_array("odd", W, role=role)}
    ds = spectra.analyze(tensors)
    assert ds.status.sel(layer="good") == Status.COMPUTED
    odd = ds.sel(layer="odd")
    assert odd.status == status
    assert odd.verdict <= Verdict.TOO_SMALL_TO_TELL or odd.verdict == Verdict.STRUCTURED
    assert odd.verdict == Verdict.BROKEN or status not in {Status.NOT_FINITE, Status.ALL_ZERO}
    assert odd.alpha_reading == 0
    assert np.isnan(odd.alpha)
    if fit_status is None:
        assert np.isnan(odd.stable_rank)
        assert odd.fit_status == FitStatus.NO_SPECTRUM
    else:
        assert odd.fit_status == fit_status
        assert 1 <= odd.stable_rank <= odd.num_evals


def filled(shape, fill, dtype):
    with np.errstate(all="ignore"):
        return np.full(shape, fill).astype(dtype)


real = st.sampled_from([0.0, 1.0, np.nan, np.inf, 1e300, 5e-324])
odd_arrays = st.builds(
    filled,
    st.lists(st.integers(0, 6), min_size=0, max_size=6),
    real,
    st.sampled_from(["float64", "float32", "float16", "complex64"]),
) | st.builds(filled, st.lists(st.integers(0, 6)), st.just(1), st.sampled_from(["int8", "bool"]))


@examples(0.8)
@given(odd_arrays, st.booleans())
def test_every_tensor_is_a_layer_or_has_a_reason(W, pool):
    ds, tensors = (f({"w": W}, pool=pool) for f in (spectra.analyze, spectra.describe))
    assert tensors.tensor_layers.item() == ds.sizes["layer"]
    assert bool(tensors.tensor_reason.item()) == (ds.sizes["layer"] == 0)
    table = spectra.weightwatcher.analyze({"w": W}, min_evals=0, pool=pool)
    assert ("slice_id" in table) != pool
    assert W.size or table.empty
