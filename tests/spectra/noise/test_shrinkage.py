"""Shrinkage of singular values: the least of three losses, by search and by sampling."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar

from spectra.errors import ArgumentError
from spectra.noise import shrinkage, signal
from spectra.theory import ensembles

LOSSES: Any = ("frobenius", "operator", "nuclear")
ORDERS: dict[str, Any] = {"frobenius": "fro", "operator": 2, "nuclear": "nuc"}

ratios = st.floats(0.02, 1.0)
factors = st.floats(1.02, 10.0)


def asymptotic(theta, ratio, eta, loss):
    """Return the loss of one spike in the limit: the norm of a matrix of two rows."""
    c, d = (math.sqrt(v) for v in signal.overlaps(theta, ratio))
    s, t = math.sqrt(1 - c**2), math.sqrt(1 - d**2)
    block = np.array([[theta, 0], [0, 0]]) - eta * np.outer([c, s], [d, t])
    return float(np.linalg.norm(block, ORDERS[loss]))


@pytest.mark.parametrize("loss", LOSSES)
@given(ratio=ratios, factor=factors)
def test_no_other_singular_value_has_a_lower_loss(loss, ratio, factor):
    theta = factor * signal.limit(ratio)
    y = math.sqrt(signal.eigenvalue(theta, ratio))
    eta = float(shrinkage.shrink(y, ratio, loss=loss))
    best = minimize_scalar(
        lambda x: asymptotic(theta, ratio, x, loss),
        bounds=(0, 2 * y),
        method="bounded",
        options={"xatol": 1e-9},
    )
    assert asymptotic(theta, ratio, eta, loss) <= best.fun * (1 + 1e-6) + 1e-9
    if loss == "frobenius":  # theta times both cosines
        overlaps = signal.overlaps(theta, ratio)
        product = theta * math.sqrt(overlaps.short * overlaps.long)
        assert eta == pytest.approx(product, rel=1e-6)


@given(ratio=ratios, values=st.lists(st.floats(0, 20), min_size=1, max_size=5))
def test_singular_values_become_smaller_and_those_of_noise_zero(ratio, values):
    y = np.array(values)
    found = [shrinkage.shrink(y, ratio, loss=loss) for loss in LOSSES]
    edge = 1 + math.sqrt(ratio)
    for eta in found:
        assert (eta <= y).all()
        assert (eta[y <= edge] == 0).all()
    # the operator norm shrinks least, the nuclear norm most
    assert (found[1] >= found[0] - 1e-9).all()
    assert (found[0] >= found[2] - 1e-9).all()


@pytest.mark.slow
@pytest.mark.parametrize("loss", LOSSES)
def test_the_loss_of_large_matrices_is_that_of_theory(loss):
    """Of 4000 x 1000, one spike: the loss over its limit, fluctuations of order 1 / sqrt(M)."""
    theta, (N, M) = 1.5, (4000, 1000)
    sample = ensembles.spiked((N, M), strengths=[theta], rng=0)
    S = math.sqrt(N) * theta * sample.left @ sample.right.T
    found = shrinkage.denoised(sample.W, std=1.0, loss=loss)
    ratio = M / N
    eta = float(shrinkage.shrink(math.sqrt(signal.eigenvalue(theta, ratio)), ratio, loss=loss))
    expected = math.sqrt(N) * asymptotic(theta, ratio, eta, loss)
    measured = np.linalg.norm(found - S, ORDERS[loss])
    assert measured == pytest.approx(expected, rel=4 / math.sqrt(M))
    unknown = shrinkage.denoised(sample.W, loss=loss)
    # the median of M eigenvalues is known to order 1 / M
    assert np.linalg.norm(unknown - S, ORDERS[loss]) == pytest.approx(measured, rel=10 / M)


def test_stacks_and_scales():
    W = np.stack([ensembles.spiked((60, 90), strengths=[3.0], rng=i).W for i in range(2)])
    found = shrinkage.denoised(W)
    assert np.allclose(found[1], shrinkage.denoised(W[1]), rtol=0, atol=1e-12)
    assert np.allclose(shrinkage.denoised(4 * W), 4 * found, rtol=1e-12, atol=1e-12)
    assert np.allclose(shrinkage.denoised(W.swapaxes(1, 2)), found.swapaxes(1, 2), atol=1e-9)


def test_a_matrix_without_noise_stays_as_it_is():
    W = np.outer([1.0, 2.0, 3.0], [1.0, 0.0, 1.0, 2.0])
    assert shrinkage.denoised(W) == pytest.approx(W, abs=1e-12)
    assert (shrinkage.denoised(np.zeros((3, 2))) == 0).all()


def test_misuse_says_what_is_wanted():
    with pytest.raises(ArgumentError, match="`loss` must be one of frobenius, operator, nuclear"):
        shrinkage.shrink(1.0, 0.5, loss="spectral")  # type: ignore[arg-type]
    with pytest.raises(ArgumentError, match="`W` must be a matrix"):
        shrinkage.denoised([1.0, 2.0])
    with pytest.raises(ArgumentError, match="`std` must be"):
        shrinkage.denoised(np.eye(3), std=0.0)
    for value in (-3.0, np.nan, np.inf, 1e200):
        with pytest.raises(ArgumentError, match="`singular_values` must be from 0"):
            shrinkage.shrink([1.0, value], 0.5)
