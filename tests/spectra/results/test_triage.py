"""Findings: their order, their reasons, and their text."""

import numpy as np
import pytest

import spectra
from spectra.results import triage
from spectra.results.dataset import from_rows
from spectra.results.reading import in_words
from spectra.results.triage import Concern
from spectra.results.verdicts import Verdict
from spectra.theory import ensembles

SHAPE = (200, 100)


def noise(seed=0):
    return np.random.default_rng(seed).standard_normal(SHAPE)


def signal(seed=0):
    return ensembles.spiked(SHAPE, strengths=[2.0, 3.0], rng=np.random.default_rng(seed)).W


@pytest.fixture(scope="module")
def ds():
    model = {f"layers.{i}.up": signal(i) for i in range(4)} | {"head": noise(9)}
    model |= {"layers.4.up": noise(4), "layers.5.up": noise(5), "dead": np.zeros(SHAPE)}
    model["nan"] = np.where(np.arange(100) == 3, np.nan, noise(6))
    model["large"] = signal(7)
    model["large"][3, 4] = 50.0
    model["larger"] = signal(8)
    model["larger"][5, 6] = -90.0
    model["mean"] = signal(10) + 1.0
    rng = np.random.default_rng(1)
    model["heavy"] = ensembles.symmetric_pareto((400, 200), mu=1.0, rng=rng).W
    return spectra.analyze(model)


def test_the_most_urgent_first(ds):
    found = triage.findings(ds)
    assert [one.concern for one in found] == sorted(one.concern for one in found)
    assert [one.layer for one in found if one.concern is Concern.BROKEN] == ["dead", "nan"]
    trapped = [one.layer for one in found if one.concern is Concern.TRAPPED]
    assert trapped == ["mean", "larger", "large"]  # by strength
    assert [one.layer for one in found if one.concern is Concern.OVER_TRAINED] == ["heavy"]
    noisy = [one for one in found if one.concern is Concern.LIKE_NOISE]
    # four of the six layers called up are not like noise, the head has no kin
    assert [one.layer for one in noisy] == ["layers.4.up", "layers.5.up", "head"]
    assert [one.reason.startswith("unlike other layers of its kind") for one in noisy] == [1, 1, 0]
    assert len(found) == 9


@pytest.mark.parametrize(
    ("where", "said"),
    [
        ("row 3", "row 3 makes a spike by itself"),
        ("matrix 2: element (1, 2)", "matrix 2: element (1, 2) makes a spike by itself"),
        ("rows 3, 4", "rows 3, 4 make spikes by themselves"),
        ("matrix 2: elements (1, 2), (3, 4)", "elements (1, 2), (3, 4) make spikes by themselves"),
    ],
)
def test_the_verb_agrees_with_what_makes_the_spikes(where, said):
    row = {
        "verdict": 5,
        "status": 1,
        "large_strength": 3.0,
        "num_large": 40.0,
        "large_where": where,
    }
    (found,) = triage.findings(from_rows({"fc": row}))
    assert said in found.reason


def test_an_embedding_like_noise_is_said_to_be_no_rare_thing_and_comes_last():
    rows = {
        "emb": {"verdict": 3, "status": 1, "layer_type": "embedding", "verdict_reason": "no"},
        "fc": {"verdict": 3, "status": 1, "layer_type": "dense", "verdict_reason": "no"},
    }
    reasons = [found.reason for found in triage.findings(from_rows(rows))]
    assert reasons == ["no", "no; many embeddings are like noise"]


@pytest.mark.parametrize(
    ("verdicts", "said"),
    [
        ({}, "None of 0 layers can be judged"),
        ({"too small to tell": 1}, "The one layer cannot be judged; 1 is too small to tell"),
        ({"like noise": 1}, "The one layer that can be judged holds no more than noise"),
        ({"structured": 1}, "The one layer that can be judged holds more than noise"),
        ({"like noise": 8}, "None of 8 layers that can be judged holds more than noise"),
        (
            {"heavy-tailed": 2, "structured": 1, "trapped": 1, "broken": 2},
            "3 of 4 layers that can be judged hold more than noise; 2 are broken; 1 is trapped",
        ),
        (
            {"noise and signal": 1, "like noise": 2},
            "1 of 3 layers that can be judged holds more than noise",
        ),
    ],
)
def test_the_gist(verdicts, said):
    assert triage.Triage(sum(verdicts.values()), verdicts, 0, ()).gist == said


def test_the_gist_knows_all_verdicts():
    words = {in_words(verdict.name.lower()) for verdict in Verdict if verdict}
    assert {*triage._JUDGED, "broken", "too small to tell"} == words


def test_reasons(ds):
    reasons = {one.layer: one.reason for one in triage.findings(ds)}
    assert reasons["dead"] == "all weights are zero"
    assert reasons["nan"].startswith("weights that are not finite: ")
    assert reasons["larger"].startswith("element (5, 6) makes a spike by itself")
    assert reasons["mean"].startswith("the mean of the elements makes a spike")
    assert "read as over-trained in the literature" in reasons["heavy"]


def test_large_elements_of_a_heavy_tail_are_not_a_trap(ds):
    row = ds.sel(layer="heavy")
    assert row.large_strength > 1.5
    assert [one.concern for one in triage.findings(ds) if one.layer == "heavy"] == [
        Concern.OVER_TRAINED
    ]


def test_counts_and_text(ds):
    found = triage.triage(ds)
    assert found.num_layers == ds.sizes["layer"] == sum(found.verdicts.values())
    assert found.verdicts["broken"] == 2
    lines = str(found).splitlines()
    assert lines[0] == found.sentence
    assert len([line for line in lines if line.startswith("  ")]) == len(found.findings)


def test_a_model_without_findings():
    ds = spectra.analyze({"a": signal(0), "b": signal(1)})
    assert triage.findings(ds) == []
    assert str(triage.triage(ds)).startswith("2 layers: 2 noise and signal")
    assert "<table>" not in triage.triage(ds)._repr_html_()


def test_without_the_phase_only_the_status_counts():
    ds = spectra.analyze({"a": noise(), "b": np.zeros(SHAPE)}, measures=[spectra.measures.size])
    assert [(one.layer, one.reason) for one in triage.findings(ds)] == [("b", "all zero")]


def test_more_than_ten_are_counted():
    ds = spectra.analyze({f"l{i}": noise(i) for i in range(13)})
    assert str(triage.triage(ds)).endswith("and 3 more (all are in .findings)")


def test_html_holds_no_markup_of_names():
    ds = spectra.analyze({"<b>x</b>": np.zeros(SHAPE)})
    assert "<b>" not in triage.triage(ds)._repr_html_()
    assert "&lt;b&gt;" in triage.triage(ds)._repr_html_()


def test_a_weak_element_is_no_concern():
    W = signal(3)
    W[0, 0] = 1.2 * (200 * 100) ** 0.25
    assert triage.findings(spectra.analyze({"w": W})) == []


def test_layers_that_were_not_reached_are_no_kin():
    rows = {f"l{i}": {"status": 1, "verdict": 3, "verdict_reason": "x"} for i in range(3)}
    rows |= {f"l{i}": {"status": 6} for i in range(3, 9)}
    found = triage.findings(from_rows(rows))
    assert [one.layer for one in found] == ["l0", "l1", "l2"]
    assert not any("unlike" in one.reason for one in found)


def test_many_layers_of_a_kind_take_no_quadratic_time():
    rows = {f"e.{i}": {"status": 1, "verdict": 1} for i in range(20_000)}
    assert len(triage.findings(from_rows(rows))) == 20_000


def test_missing_variables_and_hostile_names():
    ds = from_rows({"a\x1b[31m\nb": {"status": 1, "verdict": 5, "large_strength": 3.0}})
    (found,) = triage.findings(ds)
    assert "makes a spike" in found.reason or "make spikes" in found.reason
    assert "\x1b" not in str(triage.triage(ds))
