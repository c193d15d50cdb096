"""Norms of heavy-tailed matrices: ratio and alpha, one element, units, and the alpha norm."""

import numpy as np
import pytest

pytestmark = pytest.mark.slow


@pytest.fixture
def found(page):
    return page("heavy_tailed_matrices")


def medians(found, label):
    return np.median(found["trials"][label], axis=1)


def test_ratio_and_alpha_agree_up_to_an_index_of_two(found):
    for label in found["signs"]:
        alpha, ratio = medians(found, label)[:4, :2].T
        assert ratio == pytest.approx(alpha, rel=0.15)
        assert alpha[:3] == pytest.approx(found["theory"][:3], abs=0.1)


def test_the_relation_ends_above_an_index_of_two(found):
    alpha, ratio = medians(found, "random signs")[5:7, :2].T
    assert (ratio > 1.4 * alpha).all()
    alpha, ratio = medians(found, "positive elements")[5:7, :2].T
    assert ratio == pytest.approx(alpha, rel=0.2)


def test_noise_is_far_from_the_relation(found):
    alpha, ratio, error = np.median(found["noise"], axis=0)
    assert ratio == pytest.approx(2 * np.log(100) / np.log(4), rel=0.1)
    assert 3.5 < alpha < 6.5
    assert 0.5 < error < 1.1


@pytest.mark.parametrize("shape", [(100, 100), (400, 400), (400, 100), (2000, 100)])
def test_one_element_explains_the_ratio(found, shape):
    ratio = np.median(found["shapes"][shape], axis=1)[:, 1]
    expected = [found["from_one_element"](mu, shape) for mu in (0.5, 1.0, 1.5, 2.0)]
    assert ratio[:3] == pytest.approx(expected[:3], rel=0.06)
    assert ratio[3] == pytest.approx(expected[3], rel=0.15)


def test_the_curve_meets_the_line_at_one_and_two(found):
    mu = np.linspace(0.001, 2, 1000)
    below = 1 + mu / 2 - found["from_one_element"](mu, (50, 50))
    assert 0.17 < below.max() < 0.18
    assert below[[0, -1]] == pytest.approx([0, 0], abs=1e-3)
    assert below.min() > -1e-9


def test_only_the_ratio_depends_on_the_unit(found):
    alpha, ratio = np.moveaxis(np.array(list(found["units"].values())), -1, 0)
    assert alpha[0] == pytest.approx(alpha[-1], rel=1e-6)
    assert np.median(ratio, axis=1) == pytest.approx([4.0, 2.6, 1.7, 1.44], rel=0.1)


def test_the_mean_sum_of_the_alpha_norm_is_alpha(found):
    for mu in (0.5, 1.0, 1.5):
        mean, error = found["sums"][mu]
        assert mean == pytest.approx(1 + mu / 2, abs=3 * error)
        assert error < 0.06


def test_the_largest_term_stands_for_the_alpha_norm(found):
    for label in found["signs"]:
        errors = found["trials"][label][..., 2]
        assert (errors >= -1e-12).all()
        assert (errors <= 2).all()
        assert (np.median(errors, axis=1)[:5] < 0.35).all()
