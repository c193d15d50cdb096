"""Traps made by training: found, explained, removed, and what that does to the accuracy."""

import numpy as np
import pytest

import spectra
from tests.builders import REPO


def standard_errors(W):
    """Return the mean in units of what independent elements of mean zero give."""
    return W.mean() * np.sqrt(W.size) / W.std()


NAME = "is_your_model_over_trained"


def test_harsh_training_makes_a_trap_of_the_mean(page):
    ds = page(NAME)["ds"]
    row = ds.sel(layer="harsh")
    assert spectra.labels(ds.verdict).sel(layer="harsh") == "trapped"
    assert spectra.labels(row.trap_cause) == "mean"
    assert float(row.trap_p) <= 0.01
    assert ds.trap_p.sel(layer=["gentle", "centred"]).min() > 0.05
    assert ds.num_traps.values.tolist() == [0, 1, 1, 0, 0]
    assert ds.layer.values.tolist() == ["gentle", "harsh", "healed", "centred", "noise"]


def test_the_trap_does_not_make_the_tail(page):
    alpha = page(NAME)["ds"].alpha
    found = [float(alpha.sel(layer=name)) for name in ("harsh", "healed", "centred")]
    assert found == pytest.approx([2.21, 2.21, 2.22], abs=0.005)


def test_the_harsh_layer_is_farther_from_its_random_order_than_the_gentle_one(page):
    """Ten times the scatter between random orders, 0.003, at least."""
    distance = page(NAME)["ds"].rand_distance
    found = [float(distance.sel(layer=name)) for name in ("harsh", "gentle", "noise")]
    assert found == pytest.approx([0.20, 0.07, 0.007], abs=0.003)


def test_the_table_of_the_seeds_agrees_with_the_layers_of_the_first(page):
    values = page(NAME)
    for name, row in ((name, values["of"][name][0]) for name in values["NETWORKS"]):
        assert int(row["traps_1"]) == int(values["ds"].num_traps.sel(layer=name))
    for name in ("harsh", "healed"):
        for row in values["of"][name]:
            assert (row["traps_0"], row["traps_1"]) == ("1", "1")
    assert not any(values["traps"]["gentle"] + values["traps"]["centred"])
    assert values["causes"] == {"mean"}


def test_the_mean_is_far_beyond_that_of_independent_elements(page):
    z = {name: standard_errors(W) for name, W in page(NAME)["layers"].items()}
    assert abs(z["gentle"]) < 12 < 30 < min(abs(z["harsh"]), abs(z["healed"]))
    assert abs(z["centred"]) < 0.01


def test_accuracy_is_lost_and_found_without_the_trap_having_a_part(page):
    values = page(NAME)
    (lost, lost_error), (removed, _) = values["lost"], values["removed"]
    healed, healed_error = values["healed"]
    assert lost < -3 * lost_error
    assert healed > 3 * healed_error
    assert abs(removed) < healed / 2
    assert all(x.size == 5 for x in values["accuracy"].values())
    assert [*values["lost"], *values["removed"], *values["healed"]] == pytest.approx(
        [-0.065, 0.014, 0.007, 0.006, 0.066, 0.012], abs=0.0005
    )


def test_the_healed_are_trapped_and_as_good_as_the_gentle(page):
    values = page(NAME)
    accuracy, mean_and_error = values["accuracy"], values["mean_and_error"]
    mean, error = mean_and_error(accuracy["healed"] - accuracy["gentle"])
    assert abs(mean) < error < 0.003
    means = [accuracy[name].mean() for name in ("healed", "gentle")]
    assert means == pytest.approx([0.932, 0.931], abs=0.0005)
    assert all(values["traps"]["healed"])


def test_trapped_networks_that_are_healed_are_as_good_as_gentle_ones(page):
    values = page(NAME)
    difference, error = values["trapped"]
    assert (difference, error) == pytest.approx((0.0016, 0.0024), abs=0.0005)
    assert abs(difference) < 2 * error < 0.005 < -values["lost"][0]


def test_one_seed_has_no_error(page):
    values = page(NAME)
    assert values["said"](*values["mean_and_error"](np.array([0.5]))) == "0.500 (one seed)"
    assert values["said"](*values["mean_and_error"](np.array([0.4, 0.6])), "+") == "+0.500 ± 0.100"


def test_the_tables_are_narrow(page):
    assert max(map(len, page(NAME)["printed"].splitlines())) <= 80


def test_a_short_training_traps_as_the_long_one_does(monkeypatch):
    """With made-up digits, so that it runs anywhere."""
    monkeypatch.syspath_prepend(REPO / "examples/articles")
    from trainings.digits import made_up, with_random_labels
    from trainings.traps import centred, trained

    rng = np.random.default_rng(0)
    networks = trained(with_random_labels(made_up(600, rng), 0.3, rng), 1, num=600)
    z = {name: abs(standard_errors(network[1].weight)) for name, network in networks.items()}
    assert z["gentle"] < 5 < 10 < min(z["harsh"], z["healed"])
    assert z["centred"] < 0.01
    assert centred(networks["harsh"], (0,))[1] is networks["harsh"][1]
