"""Diagnosis: every rule by its own evidence, and no two words that contradict each other."""

import itertools
import math

import numpy as np
import pytest

import spectra
from spectra import measures
from spectra.noise.phases import Evidence, Phase, decide, second
from spectra.noise.traps import Cause
from spectra.results.diagnosis import judge
from spectra.results.variables import Status
from spectra.results.verdicts import Reading, Verdict
from spectra.tails.support import Judgement, Likelier, Support
from spectra.theory import ensembles


def row_of(found, **more):
    """Return the row that the measure of the phase makes of its evidence."""

    class Found:
        phase_evidence = found

    return {**measures.training_phase(Found()), "alpha": 3.0, **more}  # type: ignore[arg-type]


def evidence_of(support=Support.REJECTED, likelier=Likelier.NONE, **changes):
    above = Judgement(support, likelier, 2.0, 30, 0.05 if support == Support.REJECTED else 0.5, 3.0)
    return Evidence(0.0, 200, 40, 90.0, 40.0, 0.01, 0.5, 0.4, above)._replace(**changes)


@pytest.mark.parametrize(
    ("found", "more", "verdict", "reason"),
    [
        (evidence_of(), {"status": Status.NOT_FINITE}, "BROKEN", "not finite"),
        (evidence_of(), {"status": Status.ALL_ZERO}, "BROKEN", "all weights are zero"),
        (evidence_of(), {"status": Status.NOT_READ}, "NOT_JUDGED", ""),
        (evidence_of(zero_share=0.3), {}, "BROKEN", "30 % of the eigenvalues are negligible"),
        (evidence_of(num=19, num_excess=0), {}, "TOO_SMALL_TO_TELL", "19 eigenv"),
        (evidence_of(num_excess=0), {}, "LIKE_NOISE", "no eigenvalues above the bulk"),
        (evidence_of(num_excess=0, bulk_p=1e-9), {}, "STRUCTURED", "bulk nearly as noise (p 1e-09"),
        (evidence_of(num=math.nan, bulk_D=math.nan), {}, "TOO_SMALL_TO_TELL", "fewer than 10"),
        (evidence_of(), {"trap_p": 1e-9, "num_traps": 0}, "NOISE_AND_SIGNAL", "40 eigenvalues"),
        (evidence_of(), {}, "NOISE_AND_SIGNAL", "these follow no power law (p 0.05)"),
        (evidence_of(Support.SUPPORTED), {}, "NOISE_AND_SIGNAL", "these follow a power law"),
        (evidence_of(bulk_p=1e-9, bulk_D=0.2), {}, "STRUCTURED", "bulk not as noise"),
        (evidence_of(bulk_p=1e-9, bulk_D=0.04), {}, "NOISE_AND_SIGNAL", "D 0.04, at most 0.05)"),
        (evidence_of(Support.SUPPORTED, bulk_p=1e-9), {}, "HEAVY_TAILED", "(p 0.5, alpha 2.00)"),
        (evidence_of(likelier=Likelier.LOGNORMAL), {}, "NOISE_AND_SIGNAL", "likelier: lognormal"),
        (
            evidence_of(num_excess=0, bulk_p=1e-9),
            {"kurtosis": 57.0, "M": 300},
            "STRUCTURED",
            "not exact for rare elements (excess kurtosis 57)",
        ),
        (
            evidence_of(num_excess=0, bulk_p=1e-9),
            {"kurtosis": 27.0, "M": 300},
            "STRUCTURED",
            "no e",
        ),
        (
            evidence_of(),
            {"whitened_num_spikes": 0.0, "row_scatter": 0.1, "column_scatter": 0.5},
            "NOISE_AND_SIGNAL",
            "equal scales (rows scatter by 10%, columns by 50%)",
        ),
        (
            evidence_of(),
            {"trap_p": 1e-4, "num_traps": 1, "trap_cause": Cause.ELEMENTS, "trap_where": "row 3"},
            "TRAPPED",
            "(p 1e-04): row 3",
        ),
        (
            evidence_of(),
            {"trap_p": 2e-4, "num_traps": 1, "trap_cause": Cause.MEAN, "trap_where": ""},
            "NOISE_AND_SIGNAL",
            "40 eigenvalues",
        ),
    ],
)
def test_every_rule(found, more, verdict, reason):
    given = judge(row_of(found, **more))
    assert given.verdict is Verdict[verdict]
    assert reason in given.reason
    heavy = given.verdict is Verdict.HEAVY_TAILED
    assert given.reading is (Reading.WELL_TRAINED if heavy else Reading.NONE)


def test_a_row_without_a_phase_is_not_judged():
    assert judge({"status": Status.COMPUTED, "alpha": 2.5}) == (0, "", 0)
    ds = spectra.analyze({"w": np.eye(30)}, measures=[measures.size])
    assert "verdict" not in ds


AGREEING = {
    Verdict.BROKEN: {Phase.RANK_COLLAPSE},
    Verdict.TOO_SMALL_TO_TELL: {Phase.NOT_CLASSIFIED},
    Verdict.LIKE_NOISE: {Phase.RANDOM_LIKE},
    Verdict.NOISE_AND_SIGNAL: {Phase.BLEEDING_OUT, Phase.BULK_AND_SPIKES, Phase.BULK_DECAY},
    Verdict.HEAVY_TAILED: {Phase.HEAVY_TAILED},
    Verdict.STRUCTURED: {Phase.BULK_DECAY, Phase.OTHER},
}


def test_no_two_words_contradict_each_other():
    """Verdict, phase and support over all combinations of evidence on either side of a border."""
    sides = {
        "zero_share": (0.0, 0.2),
        "num": (15, 200),
        "num_excess": (0, 1, 8, 60),
        "excess_reach": (3.0, 90.0),
        "excess_gap": (1.0, 40.0),
        "bulk_D": (0.01, 0.2, math.nan),
        "bulk_p": (1e-9, 0.5),
    }
    # a law that is likelier always rejects
    words = [*((word, Likelier.NONE) for word in Support), (Support.REJECTED, Likelier.LOGNORMAL)]
    seen = set()
    combined = list(itertools.product(*sides.values()))
    for (support, likelier), numbers in itertools.product(words, combined):
        found = evidence_of(support, likelier, **dict(zip(sides, numbers, strict=True)))
        given, phase = judge(row_of(found)), decide(found)
        assert phase in AGREEING[given.verdict]
        assert second(found) is not phase or phase is Phase.NOT_CLASSIFIED
        if given.verdict is Verdict.HEAVY_TAILED:
            assert support is Support.SUPPORTED
        if given.verdict is Verdict.LIKE_NOISE:
            assert found.bulk_p >= 1e-4
            assert not found.num_excess
        assert (given.reading is Reading.NONE) == (given.verdict is not Verdict.HEAVY_TAILED)
        seen.add(given.verdict)
    assert seen == set(AGREEING)


def test_words_of_one_layer_agree_in_an_analysis():
    rng = np.random.default_rng(3)
    shape = (400, 200)
    model = {
        "noise": rng.standard_normal(shape),
        "signal": ensembles.spiked(shape, strengths=[2.0, 3.0], rng=rng).W,
        "many": ensembles.spiked(shape, strengths=np.linspace(2, 3, 40), rng=rng).W,
        "heavy": ensembles.symmetric_pareto(shape, mu=1.2, rng=rng).W,
        "columns": rng.standard_normal(shape) * np.linspace(0.1, 3, 200),
        "zero": np.zeros(shape),
        "small": rng.standard_normal((9, 9)),
        "dead": rng.standard_normal(shape) * (np.arange(200) > 50),
    }
    ds = spectra.analyze(model, measures=measures.ALL)
    words = {name: spectra.labels(ds.verdict).sel(layer=name).item() for name in model}
    assert words == {
        "noise": "like_noise",
        "signal": "noise_and_signal",
        "many": "noise_and_signal",
        "heavy": "trapped",
        "columns": "structured",
        "zero": "broken",
        "small": "too_small_to_tell",
        "dead": "broken",
    }
    assert "none is left once rows and columns" in ds.verdict_reason.sel(layer="columns").item()
    assert "none is left" not in ds.verdict_reason.sel(layer="signal").item()
    plain = spectra.analyze(model)
    assert spectra.labels(plain.verdict).sel(layer="heavy").item() == "heavy_tailed"
    assert (
        plain.verdict_reason.sel(layer="signal")
        .item()
        .endswith("2 eigenvalues above the bulk at 0.0001")
    )
    assert set(np.flatnonzero(plain.alpha_reading)) == {list(model).index("heavy")}


def test_a_planted_element_is_a_trap_only_where_the_elements_were_permuted():
    W = np.random.default_rng(0).standard_normal((200, 100))
    W[3, 4] = 60.0
    asked = [*measures.CORE, measures.randomized]
    words = [
        spectra.labels(spectra.analyze({"w": W}, measures=chosen).verdict).item()
        for chosen in (measures.CORE, asked)
    ]
    assert words == ["noise_and_signal", "trapped"]
