"""Sparse matrices of SciPy: the same numbers as of dense ones, whatever their format."""

import subprocess
import sys

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

import spectra
from spectra import costs, from_arrays, measures, theory
from spectra._spectral import in_blocks
from spectra.errors import ArgumentError
from spectra.linalg import _gram, elements, estimates, live_elements, vectors, weibull
from spectra.linalg._tall import tall
from spectra.models import adapters
from spectra.models.lazy import derived, rows
from spectra.noise import biwhitening, permutation, traps
from spectra.theory import laws
from spectra.weightwatcher import analyze as ww_analyze
from tests.builders import environment

FORMATS = ("bsr", "coo", "csc", "csr", "dia", "dok", "lil")
KINDS = [f"{name}_{kind}" for name in FORMATS for kind in ("array", "matrix")]


def made(shape=(60, 40), *, density=0.2, dtype=np.float64, seed=0):
    rng = np.random.default_rng(seed)
    W = rng.standard_normal(shape) * (rng.random(shape) < density) + 0.0  # no -0.0
    W[shape[0] // 2] = 0
    W[:, shape[1] // 2] = 0
    return W.astype(dtype)


def with_doubles(W):
    """Return a matrix whose elements are in two entries each, with zeros among them."""
    row, column = np.nonzero(W)
    half = W[row, column] / 2
    places = np.concatenate([row, row, [0, 1]]), np.concatenate([column, column, [0, 1]])
    return sparse.coo_array((np.concatenate([half, half, [0.0, 0.0]]), places), W.shape)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", [(60, 40), (40, 60), (50, 50)])
def test_an_analysis_is_that_of_the_dense_matrix(kind, shape):
    W = made(shape)
    one = spectra.analyze({"X": getattr(sparse, kind)(W)}, measures=measures.ALL, rng=1)
    two = spectra.analyze({"X": W}, measures=measures.ALL, rng=1)
    xr.testing.assert_allclose(one, two, rtol=1e-7, atol=1e-10)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.longdouble, np.int8, np.bool_])
def test_eigenvalues_are_those_of_the_dense_matrix(kind, dtype):
    W = made(dtype=dtype)
    expected = spectra.eigenvalues(W)
    np.testing.assert_allclose(
        spectra.eigenvalues(getattr(sparse, kind)(W)), expected, rtol=1e-6, atol=1e-12
    )


def test_entries_of_one_place_are_summed_and_the_matrix_stays_as_it_was():
    W = made()
    for X in (with_doubles(W), sparse.csr_array(with_doubles(W).tocsc(), copy=True)):
        before = X.nnz
        np.testing.assert_allclose(spectra.eigenvalues(X), spectra.eigenvalues(W), atol=1e-12)
        np.testing.assert_allclose(spectra.spectrum(X).require_matrices()[0], W)
        assert X.nnz == before
    unsummed = sparse.csr_array((np.ones(4), [0, 0, 1, 0], [0, 2, 4]), (2, 2))
    assert not unsummed.has_canonical_format
    expected = spectra.eigenvalues([[2, 0], [1, 1]])
    np.testing.assert_allclose(spectra.eigenvalues(unsummed), expected)
    assert unsummed.nnz == 4


@given(st.integers(1, 30), st.integers(1, 30), st.floats(0, 1), st.integers(0, 9))
def test_both_ways_to_the_gram_matrix_agree(m, n, density, seed):
    rng = np.random.default_rng(seed)
    W = rng.standard_normal((m, n)) * (rng.random((m, n)) < density)
    one = _gram._sparse_gram(tall(sparse.csr_array(W)).sparse.tocsr(), 3)
    two = _gram.symmetric_gram_of(tall(W), 3)
    np.testing.assert_allclose(one, two, atol=1e-14)


def test_the_gram_matrix_is_a_sparse_product_only_where_that_takes_less_time():
    taken = {}
    for density in (0.01, 0.9):
        X = sparse.random_array((400, 200), density=density, rng=np.random.default_rng(0))
        taken[density] = _gram._sparse_rows(tall(X))
    assert taken[0.01] is not None
    assert taken[0.9] is None
    assert _gram._sparse_rows(tall(np.eye(3))) is None


@pytest.mark.parametrize("kind", KINDS)
def test_parts_are_along_the_longer_side_and_those_asked_for(kind):
    W = made((5, 30))
    for X, turn in ((W, True), (W.T, False)):
        parts = in_blocks(getattr(sparse, kind)(X))
        assert parts is not None
        found = [part.T if turn else part for part in parts.blocks(7)]
        assert [part.shape for part in found] == [(7, 5)] * 4 + [(2, 5)]
        np.testing.assert_array_equal(np.concatenate(found), X.T if turn else X)
    held = from_arrays({"w": getattr(sparse, kind)(W)})["w"].source
    np.testing.assert_array_equal(rows(held, 1, 3)(), W[1:3])
    np.testing.assert_array_equal(rows(derived(np.transpose, held), 4, 9)(), W.T[4:9])


@pytest.mark.parametrize("power", [-600, 600])
def test_extreme_weights_have_a_spectrum_of_their_own_unit(power):
    W = np.ldexp(made(density=0.02), power)
    one, two = spectra.spectrum(sparse.csr_array(W)), spectra.spectrum(W)
    assert one.exponent == two.exponent != 0
    np.testing.assert_allclose(one.eigenvalues, two.eigenvalues, atol=1e-12)


def test_most_elements_need_not_be_in_memory():
    X = sparse.random_array((300_000, 50), density=1e-3, rng=np.random.default_rng(0))
    dense = X.toarray()
    np.testing.assert_allclose(spectra.eigenvalues(X), spectra.eigenvalues(dense), rtol=1e-12)
    (layer,) = spectra.layers({"X": X})
    parts = layer.in_blocks()
    assert parts is not None
    assert max(len(part) for part in parts.blocks(1000)) == 1000


@pytest.mark.parametrize(
    "function",
    [
        lambda W: vectors.largest(W, num=3).eigenvalues,
        lambda W: vectors.largest(W, num=3).vectors,
        lambda W: vectors.smallest(W, num=3).eigenvalues,
        lambda W: estimates.largest(W, num=3, exact_below=0).eigenvalues,
        lambda W: elements.alive(W),
        lambda W: elements.excess_kurtosis(W),
        lambda W: weibull.shape(W),
        lambda W: live_elements.read(W).sample,
        lambda W: permutation.permuted(W, rng=0),
        lambda W: permutation.permuted_spectra(W, replicas=2, rng=0).eigenvalues,
        lambda W: traps.find(W, permutation.permuted_spectra(W)).p,
        lambda W: traps.explain(W, rng=0).cause,
        lambda W: biwhitening.whiten(W),
        lambda W: spectra.spectrum(W).kurtosis,
        lambda W: spectra.Spectrum(np.ones(40), 60, W).sides,
    ],
)
def test_functions_of_a_matrix_take_a_sparse_one(function):
    W = made()
    expected = function(W)
    for kind in ("csr_matrix", "coo_array"):
        np.testing.assert_allclose(function(getattr(sparse, kind)(W)), expected, atol=1e-10)


@pytest.mark.parametrize("shape", [(0, 4), (4, 0), (0, 0), (1, 1), (1, 5), (5, 1)])
def test_empty_and_narrow_matrices_are_as_dense_ones(shape):
    X, W = sparse.csr_array(shape), np.zeros(shape)
    np.testing.assert_array_equal(spectra.eigenvalues(X), spectra.eigenvalues(W))
    xr.testing.assert_identical(spectra.analyze({"X": X}), spectra.analyze({"X": W}))
    xr.testing.assert_identical(spectra.describe({"X": X}), spectra.describe({"X": W}))


@pytest.mark.parametrize("dtype", [np.complex64, np.bool_, np.int64, np.uint8])
def test_what_is_not_real_is_left_out_with_the_reason_of_a_dense_matrix(dtype):
    W = np.eye(4, 3).astype(dtype)
    xr.testing.assert_identical(
        spectra.describe({"X": sparse.csr_array(W)}), spectra.describe({"X": W})
    )
    assert spectra.analyze({"X": sparse.csr_array(W)}).sizes["layer"] == 0


@pytest.mark.parametrize(
    ("X", "got"),
    [
        (sparse.csr_array(np.eye(3) * 1j), "2-D complex128"),
        (sparse.coo_array(np.ones(3)), "1-D float64"),
    ],
)
def test_eigenvalues_of_what_is_not_a_real_matrix_are_refused(X, got):
    with pytest.raises(ArgumentError, match=got):
        spectra.eigenvalues(X)


def test_elements_that_are_not_finite_are_told():
    W = made()
    W[7, 9] = np.nan
    one, two = (spectra.analyze({"X": X}) for X in (sparse.csc_array(W), W))
    assert one.status_reason.item() == two.status_reason.item()
    assert np.isnan(spectra.eigenvalues(sparse.csr_array(W))).all()


def test_a_model_has_the_fingerprint_and_the_ties_of_its_dense_tensors():
    W = made((400, 32), density=0.05)
    X = sparse.csr_array(W)
    assert spectra.from_arrays({"w": X}).fingerprint == spectra.from_arrays({"w": W}).fingerprint
    assert spectra.from_arrays({"w": X}).local
    names = ("model.embed_tokens.weight", "lm_head.weight")
    found = [layer.reason for layer in spectra.layers(dict.fromkeys(names, X))]
    assert found == [layer.reason for layer in spectra.layers(dict.fromkeys(names, W))]
    assert any("same numbers" in reason for reason in found)


def test_pairs_of_an_adapter_and_the_table_of_weightwatcher_take_sparse_matrices():
    W = made((80, 64), density=0.5)
    one = ww_analyze({"fc": sparse.csr_array(W)})
    two = ww_analyze({"fc": W})
    assert one.alpha.item() == pytest.approx(two.alpha.item())
    A, B = made((4, 30), density=0.9), made((20, 4), density=0.9)
    names = ("layer.lora_A.weight", "layer.lora_B.weight")
    values = [
        adapters.eigenvalues(adapters.pairs(from_arrays(dict(zip(names, pair, strict=True))))[0])
        for pair in ((A, B), (sparse.csr_array(A), sparse.csr_array(B)))
    ]
    np.testing.assert_allclose(values[0], values[1])


def test_a_comparison_with_a_law_takes_a_sparse_draw():
    W = made((200, 100), density=1.0)
    law = laws.marchenko_pastur(0.5)
    found = [theory.compare([X], law, num_redraws=200, rng=0) for X in (sparse.csr_array(W), W)]
    xr.testing.assert_allclose(*found)


def test_a_forecast_takes_a_sparse_layer():
    (layer,) = spectra.layers({"X": sparse.csr_array(made())})
    assert costs.memory(layer) > 0


def test_scipy_sparse_is_not_imported_for_dense_arrays():
    code = (
        "import sys, numpy, spectra; spectra.layers({'w': numpy.eye(3)}); "
        "sys.exit('scipy.sparse' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False, env=environment())
    assert done.returncode == 0


def test_a_huge_matrix_is_refused_at_once():
    size = 1_000_000
    W = sparse.csr_array(([1.0, 2.0], ([0, size - 1], [5, size // 2])), shape=(size, size))
    assert "Unable to allocate" in spectra.analyze({"W": W}).status_reason.item()


@pytest.mark.parametrize("bad", [np.inf, np.nan])
def test_stored_elements_that_are_not_finite_are_found(bad):
    W = sparse.csr_array(([1.0, bad], ([0, 7], [5, 2])), shape=(9, 6))
    found = spectra.linalg.finiteness.not_finite(W)
    assert found is not None
    assert found.num == 1
    assert "row 7, column 2" in found.sentence
