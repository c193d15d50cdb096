"""The phases: synthetic matrices of each, and two trained networks."""

import dataclasses
import math

import numpy as np
import pytest

import spectra
import spectra_io
from spectra.errors import ArgumentError
from spectra.noise import phases, tracy_widom
from spectra.noise.phases import Band, Phase
from spectra.tails.support import Judgement, Likelier, Support
from spectra.theory import ensembles
from tests.builders import SHARED

N, M = 400, 200


def random_like(rng):
    return ensembles.gaussian((N, M), rng=rng).W


def bleeding_out(rng):
    """Noise whose three largest eigenvalues are moved to 7, 9 and 11 units above the edge."""
    left, values, right = np.linalg.svd(rng.standard_normal((N, M)), full_matrices=False)
    centre, width = tracy_widom.scale(N, M)
    values[:3] = np.sqrt(centre + np.array([11, 9, 7]) * width)
    return (left * values) @ right


def bulk_and_spikes(rng):
    return ensembles.spiked((N, M), strengths=[2.0, 2.5, 3.0, 4.0], rng=rng).W


def bulk_decay(rng):
    """Columns of unequal variance, up to ten times: no sharp edge, and no power law."""
    population = 0.1 + rng.beta(0.7, 1.5, size=M)
    return ensembles.correlated((N, M), population=population, rng=rng).W


def heavy_tailed(rng):
    return ensembles.symmetric_pareto((N, M), mu=1.2, rng=rng).W


def rank_collapse(rng):
    return rng.standard_normal((N, M // 3)) @ rng.standard_normal((M // 3, M))


PHASES = {
    Phase.RANDOM_LIKE: random_like,
    Phase.BLEEDING_OUT: bleeding_out,
    Phase.BULK_AND_SPIKES: bulk_and_spikes,
    Phase.BULK_DECAY: bulk_decay,
    Phase.HEAVY_TAILED: heavy_tailed,
    Phase.RANK_COLLAPSE: rank_collapse,
}


def classify(W):
    return phases.classify(spectra.spectrum(W).by_matrix, max(W.shape))


@pytest.mark.slow
@pytest.mark.parametrize(("phase", "draw"), PHASES.items(), ids=lambda x: getattr(x, "name", ""))
def test_100_of_100_in_the_middle_of_each_phase(phase, draw):
    """Of true power laws one in ten is rejected, as the significances of the tests say."""
    rng = np.random.default_rng(2026)
    found = [classify(draw(rng)) for _ in range(100)]
    assert found.count(phase) >= (80 if phase is Phase.HEAVY_TAILED else 100)


@pytest.mark.slow
@pytest.mark.parametrize(("phase", "draw"), PHASES.items(), ids=lambda x: getattr(x, "name", ""))
def test_noise_of_1e_7_changes_nothing(phase, draw):
    rng = np.random.default_rng(7)
    for _ in range(100):
        W = draw(rng)
        before = phase if phase is not Phase.HEAVY_TAILED else classify(W)
        assert classify(W * (1 + 1e-7 * rng.standard_normal(W.shape))) == before


@pytest.mark.parametrize("draw", PHASES.values(), ids=lambda f: f.__name__)
@pytest.mark.parametrize("factor", [1e-6, 1e6])
def test_scale_changes_nothing(draw, factor):
    W = draw(np.random.default_rng(1))
    plain, scaled = (phases.evidence(spectra.spectrum(V).by_matrix, N) for V in (W, factor * W))
    assert phases.decide(plain) == phases.decide(scaled)
    if draw is not rank_collapse:  # whose zeros are rounding
        for one, other in ((scaled[:-1], plain[:-1]), (scaled.excess[2:], plain.excess[2:])):
            assert list(one) == pytest.approx(list(other), rel=1e-6, nan_ok=True)
        assert scaled.excess[:2] == plain.excess[:2]


def test_transposing_changes_nothing():
    W = bulk_and_spikes(np.random.default_rng(3))
    assert classify(W.T) == classify(W)


def test_positions_of_unequal_scale_are_random_like():
    rng = np.random.default_rng(4)
    stack = rng.standard_normal((9, 96, 64)) * np.linspace(0.5, 2.0, 9)[:, None, None]
    found = spectra.spectrum(stack)
    assert phases.classify(found.by_matrix, found.N) is Phase.RANDOM_LIKE


@pytest.mark.parametrize("mu", [0.5, 1.0, 1.5])
def test_heavy_tails_of_every_index_are_no_collapse(mu):
    rng = np.random.default_rng(5)
    found = [classify(ensembles.symmetric_pareto((300, 150), mu=mu, rng=rng).W) for _ in range(20)]
    assert found.count(Phase.HEAVY_TAILED) >= 12
    assert set(found) <= {Phase.HEAVY_TAILED, Phase.BULK_DECAY}


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16])
def test_collapse_survives_rounding(share, dtype):
    """Dead neurons are zeros; a low-rank product is filled by rounding, and found all the same."""
    rng = np.random.default_rng(6)
    dead = rng.standard_normal((N, M)) * (np.arange(M) >= share * M)
    rank = round((1 - share) * M)
    low = rng.standard_normal((N, rank)) @ rng.standard_normal((rank, M)) / math.sqrt(rank)
    assert classify(dead.astype(dtype)) is Phase.RANK_COLLAPSE
    if dtype is not np.float16 or rank < M // 2:
        assert classify(low.astype(dtype)) is Phase.RANK_COLLAPSE


@pytest.mark.parametrize("W", [np.eye(50), np.linalg.qr(np.vander(np.linspace(-1, 1, 60), 30))[0]])
def test_an_orthogonal_matrix_is_in_no_phase(W):
    assert classify(W) is Phase.OTHER


def test_too_few_eigenvalues_are_not_classified():
    assert classify(np.random.default_rng(0).standard_normal((100, 9))) is Phase.NOT_CLASSIFIED
    one = phases.evidence([1.0], 1)
    assert math.isnan(one.bulk_D)
    assert phases.decide(one) is Phase.NOT_CLASSIFIED


def test_every_rule_decides_by_its_own_evidence():
    """At the borders, one after the other."""
    base = evidence_of()
    cases: list[tuple[dict[str, float], Phase]] = [
        ({}, Phase.BULK_AND_SPIKES),
        ({"zero_share": 0.1}, Phase.RANK_COLLAPSE),
        ({"bulk_D": math.nan}, Phase.NOT_CLASSIFIED),
        ({"num": 19, "num_excess": 0}, Phase.NOT_CLASSIFIED),
        ({"num": 19, "num_excess": 1}, Phase.BULK_AND_SPIKES),
        ({"num_excess": 0}, Phase.RANDOM_LIKE),
        ({"num_excess": 0, "bulk_D": 0.04, "bulk_p": 0.9e-4}, Phase.OTHER),
        ({"num_excess": 0, "bulk_D": 0.06, "bulk_p": 1e-2}, Phase.RANDOM_LIKE),
        ({"excess_reach": 15.0}, Phase.BLEEDING_OUT),
        ({"excess_reach": 15.0, "num_excess": 11}, Phase.BULK_AND_SPIKES),
        ({"num_excess": 40}, Phase.BULK_AND_SPIKES),
        ({"excess_gap": 4.9}, Phase.BULK_DECAY),
        ({"bulk_p": 1e-9, "bulk_D": 0.05}, Phase.BULK_AND_SPIKES),
        ({"bulk_p": 1e-9, "bulk_D": 0.051}, Phase.BULK_DECAY),
    ]
    for change, expected in cases:
        assert phases.decide(base._replace(**change)) is expected, change


def evidence_of(support=Support.REJECTED, **changes):
    above = Judgement(support, Likelier.NONE, 2.0, 30, 0.5, 3.0)
    return phases.Evidence(0.0, 200, 4, 90.0, 40.0, 0.01, 0.5, 0.4, above)._replace(**changes)


def test_a_heavy_tail_needs_a_bulk_that_is_not_noise_and_a_power_law_above_it():
    for support in Support:
        heavy = Phase.HEAVY_TAILED if support is Support.SUPPORTED else Phase.BULK_AND_SPIKES
        assert phases.decide(evidence_of(support, bulk_p=0.9e-4)) is heavy
        assert phases.decide(evidence_of(support)) is Phase.BULK_AND_SPIKES


@pytest.mark.parametrize(
    ("changes", "phase", "other"),
    [
        ({}, Phase.BULK_AND_SPIKES, Phase.NOT_CLASSIFIED),
        ({"excess_reach": 16.0}, Phase.BULK_AND_SPIKES, Phase.BLEEDING_OUT),
        ({"excess_gap": 6.0}, Phase.BULK_AND_SPIKES, Phase.BULK_DECAY),
        ({"num_excess": 0, "bulk_p": 1e-5}, Phase.OTHER, Phase.RANDOM_LIKE),
        ({"zero_share": 0.2}, Phase.RANK_COLLAPSE, Phase.NOT_CLASSIFIED),
    ],
)
def test_a_layer_near_a_border_has_a_second_name(changes, phase, other):
    found = evidence_of(**changes)
    assert (phases.decide(found), phases.second(found)) == (phase, other)


def test_a_power_law_that_is_nearly_rejected_has_a_second_name():
    above = Judgement(Support.REJECTED, Likelier.NONE, 2.0, 30, 0.08, 3.0)
    found = evidence_of(bulk_p=1e-9, bulk_D=0.2, excess=above)
    assert (phases.decide(found), phases.second(found)) == (Phase.BULK_DECAY, Phase.HEAVY_TAILED)
    other = found._replace(excess=above._replace(support=Support.SUPPORTED, p=0.2))
    assert (phases.decide(other), phases.second(other)) == (Phase.HEAVY_TAILED, Phase.BULK_DECAY)
    unlike = found._replace(excess=above._replace(likelier=Likelier.LOGNORMAL))
    assert phases.second(unlike) is Phase.NOT_CLASSIFIED


@pytest.mark.parametrize(
    ("alpha", "setol", "htsr"),
    [
        (1.9, Band.VERY_HEAVY_TAILED, Band.VERY_HEAVY_TAILED),
        (2.1, Band.FAT_TAILED, Band.HEAVY_TAILED),
        (5.0, Band.FAT_TAILED, Band.WEAKLY_HEAVY_TAILED),
        (6.1, Band.WEAKLY_HEAVY_TAILED, Band.RANDOM_LIKE),
        (math.nan, Band.NONE, Band.NONE),
    ],
)
def test_published_bands(alpha, setol, htsr):
    assert (phases.band(alpha, preset="setol"), phases.band(alpha, preset="htsr")) == (setol, htsr)
    with pytest.raises(ArgumentError, match="`preset` must be one of setol, htsr"):
        phases.band(alpha, preset="own")  # type: ignore[arg-type]


def phases_in(model):
    ds = spectra.analyze(model, measures=[spectra.measures.training_phase], executor=None)
    return spectra.labels(ds.phase).to_series()


def phases_of(path):
    return phases_in(spectra_io.open_model(path))


@pytest.mark.shared
def test_an_untrained_policy_is_random_like_and_a_trained_one_is_not():
    """The body of the network; its heads have two or three eigenvalues."""
    before, after = (
        phases_of(next((SHARED / "models" / "soccer").glob(f"ppo__SoccerAgent-{step}.*.onnx")))
        for step in ("0", "5251584")
    )
    body = [found[found.index.str.contains("body")] for found in (before, after)]
    assert set(body[0]) == {"random_like"}
    assert list(body[1]) == ["random_like", *["bulk_and_spikes"] * 3]


@pytest.mark.shared
def test_a_speech_network_has_a_bulk_and_spikes():
    """Its gates one by one; stored together, the recurrent ones decay from the bulk on."""
    path = SHARED / "models" / "g2p" / "checkpoint20.safetensors"
    model = spectra_io.open_model(path)
    whole = {n: dataclasses.replace(t, weights=()) for n, t in model.items() if "_w_" in n}
    assert phases_in(whole).to_dict() == {
        "dec_w_hh": "bulk_decay",
        "dec_w_ih": "bulk_and_spikes",
        "enc_w_hh": "bulk_decay",
        "enc_w_ih": "bulk_and_spikes",
    }
    apart = phases_of(path)
    gates = apart[apart.index.str.contains("_w_")]
    assert len(gates) == 12
    assert set(gates) == {"bulk_and_spikes"}
