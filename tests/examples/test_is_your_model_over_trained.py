"""Traps made by training: found, explained, removed, and what that does to the accuracy."""

import numpy as np

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
    assert ds.num_traps.values.tolist() == [0, 1, 1, 0]


def test_the_table_of_the_seeds_agrees_with_the_layers_of_the_first(page):
    values = page(NAME)
    for name, row in ((name, values["of"][name][0]) for name in values["NETWORKS"]):
        assert int(row["traps_1"]) == int(values["ds"].num_traps.sel(layer=name))
    assert all(num > 0 for num in values["traps"]["harsh"] + values["traps"]["healed"])
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
