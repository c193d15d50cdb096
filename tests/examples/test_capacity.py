"""Capacity by free probability: metrics, the exact integral, its limit, and where it fails."""

import numpy as np
import pytest

pytestmark = pytest.mark.slow


@pytest.fixture
def found(page):
    return page("capacity")


def at(found, values, *numbers):
    return np.interp(numbers, found["theta"], values)


def test_the_laws_give_the_norms(found):
    assert found["frobenius"] == pytest.approx(1, rel=1e-12)
    assert found["powers"] == {"2019": pytest.approx(1, rel=1e-9), "setol": pytest.approx(1, 1e-9)}
    assert found["series"] == pytest.approx(found["exact_R"], abs=0.01)
    assert found["lost"] == pytest.approx(0.5, abs=0.05)  # of this seed; 0.2 of another
    assert found["series"] == pytest.approx(1.332, abs=6e-4)


def test_the_integral_tends_to_its_limit(found):
    expected = at(found, found["limit"], 0.5, 1, 2, 3)
    assert expected == pytest.approx([0.125, 0.5, 2.5 - np.log(2), 4.5 - np.log(3)], rel=1e-9)
    errors = [expected - at(found, values, 0.5, 1, 2, 3) for values in found["exact"].values()]
    assert (np.diff(errors, axis=0) < 0).all()
    assert (errors[-1] > 0).all()
    assert errors[-1] == pytest.approx(0, abs=0.14)
    assert at(found, found["formula"], 3) == pytest.approx(4.5)
    exact = [at(found, values, 1)[0] for values in found["exact"].values()]
    assert exact == pytest.approx([0.384, 0.460, 0.487], abs=6e-4)


def test_random_rotations_agree_only_while_draws_count(found):
    estimates, known = np.array(found["estimates"]), found["known"]
    assert estimates[:3] == pytest.approx(known[:3], rel=0.15)
    assert (estimates[4:] < 0.92 * known[4:]).all()
    assert (np.array(found["counting"][4:]) < 10).all()
    assert 10 < found["counting"][2] < 100
    assert 1 - estimates[4] / known[4] == pytest.approx(0.12, abs=0.01)  # of this seed


def test_quenched_and_annealed_means_part_at_the_critical_point(found):
    quenched, annealed, error = (
        at(found, found[name], 0.5, 2, 3) for name in ("quenched", "formula", "scatter")
    )
    assert quenched[0] == pytest.approx(annealed[0], abs=3 * error[0])
    assert (annealed[1:] - quenched[1:] > 10 * error[1:]).all()
    assert quenched[1] == pytest.approx(1.71, abs=0.04)
    assert error[1] == pytest.approx(0.02, abs=0.01)
    assert 2 * found["drawn"].mean() == pytest.approx(0.003, abs=6e-4)


def test_the_formula_is_for_small_rank(found):
    shares = np.array(found["shares"])
    assert shares == pytest.approx(1 - found["ranks"] / found["RANKED"], abs=0.02)
    assert shares[-1] == pytest.approx(0, abs=1e-12)


def test_rotations_and_determinant_agree(found):
    for mean, error in found["rotated"].values():
        assert mean == pytest.approx(found["by_determinant"], abs=4 * error)
        assert error < 0.004


def test_a_heavy_tail_gives_no_power(found):
    heavy, noise = found["slopes"]["heavy tail"], found["slopes"]["Gaussian noise"]
    assert heavy[[0, -1]] == pytest.approx(1, abs=0.02)
    assert heavy.max() > 1.9 > 1.6 > noise.max()
    assert (heavy.max(), noise.max()) == pytest.approx((4.17, 1.37), abs=0.01)
    B = found["heavy"]
    assert np.mean(1 / (B.max() - B[:-1])) == pytest.approx(1.02, abs=0.01)
    near = np.abs(heavy - found["alpha"]) < 0.1
    assert near.sum() < 8


def test_products_over_layers(found):
    total = found["total"]
    product = total.log_product_norm.item()
    assert product == pytest.approx(np.log10(found["ds"].norm).sum().item())
    spectral = total.log_product_spectral_norm.item()
    assert product - spectral == pytest.approx(found["stable"], abs=1e-9)
    assert found["stable"] < found["noise_stable"]
    printed = [product, spectral, found["stable"], found["noise_stable"]]
    assert printed == pytest.approx([6.83, 3.42, 3.41, 4.42], abs=0.01)


def test_printed_lines_are_short(found):
    assert max(map(len, found["printed"].splitlines())) <= 80
