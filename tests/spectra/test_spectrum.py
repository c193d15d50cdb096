"""The Spectrum: one fit and one test of spikes per layer, and every spectral function takes it."""

import copy
import dataclasses
import inspect
import operator
import pickle
import sys
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest

import spectra
from spectra import measures
from spectra.errors import ArgumentError, ModelFormatError
from spectra.linalg import elements, norms, ranks, vectors
from spectra.models.lazy import InBlocks
from spectra.noise import (
    bulk,
    erg,
    lower_edge,
    permutation,
    phases,
    signal,
    spacings,
    spikes,
    traps,
    truncation,
)
from spectra.tails import (
    alternatives,
    ambiguity,
    bootstrap,
    hill,
    outliers,
    power_law,
    samples,
    truncated_power_law,
)
from spectra.theory import local
from spectra.theory.local import unfolding
from spectra_io import open_model
from tests.builders import write_safetensors

W = np.random.default_rng(0).standard_t(2, (200, 120))
ONE = spectra.spectrum(W)
STACK = spectra.spectrum(np.random.default_rng(1).standard_normal((4, 60, 40)))

Table = dict[Callable[..., Any], dict[str, Any]]

POOLED: Table = {  # functions of all eigenvalues together
    norms.frobenius: {},
    norms.stable_rank: {},
    norms.log_schatten: {"power": 1.5},
    norms.nuclear: {},
    norms.condition_number: {},
    ranks.effective_rank: {},
    ranks.energy_rank: {"share": 0.9},
    ranks.participation_ratio: {},
    ranks.num_below: {"tolerance": 1.0},
    samples.prepare: {},
    power_law.fit: {},
    power_law.scan: {},
    bootstrap.refits: {"resamples": 20},
    bootstrap.interval: {"resamples": 20},
    bootstrap.goodness_of_fit: {"resamples": 20},
    alternatives.fit: {"law": "lognormal", "xmin": 50.0},
    alternatives.compare: {"xmin": 50.0},
    ambiguity.local_minima: {},
    hill.alpha: {"k": 20},
    hill.half: {},
    hill.curve: {},
    outliers.clip: {"k": 3},
    outliers.clip_xmax: {},
    outliers.peak: {},
    outliers.xmin_peak: {},
    truncated_power_law.fit: {},
    erg.tail: {},
    erg.mean_log: {"start": 50.0},
    permutation.rand_distance: {"others": None},
    permutation.jensen_shannon: {"others": None},
}
SINGLE: Table = {  # functions of the eigenvalues of one matrix
    spacings.ratios: {},
    spacings.mean_ratio: {},
    spacings.windowed: {},
    unfolding.by_law: {"cdf": np.tanh},
    unfolding.by_polynomial: {},
    unfolding.by_window: {},
}
WITH_N: Table = {  # of one matrix, which need its longer side too
    bulk.nonzero: {},
    bulk.bema: {},
    bulk.estimate: {},
    lower_edge.p_value: {"variance": 1.0},
    bulk.distance: {"variance": 1.0},
    bulk.fit: {},
    spikes.statistics: {"variance": 1.0},
    spikes.detect: {},
    truncation.threshold: {},
    truncation.screenot: {},
    ranks.matrix_rank: {},
}
EACH: Table = {  # of each matrix of a stack
    spikes.detect_each: {},
    spikes.matrices_of: {},
    phases.evidence: {},
    phases.classify: {},
}
OTHERS = {ranks.entropy, signal.strength}  # tested below; of single eigenvalues


def same(one, other):
    """Compare what functions return: numbers, arrays, tuples and mappings of these."""
    if isinstance(one, dict):
        assert one.keys() == other.keys()
        one, other = list(one.values()), list(other.values())
    if isinstance(one, list | tuple):
        assert len(one) == len(other)
        for a, b in zip(one, other, strict=True):
            same(a, b)
    else:
        np.testing.assert_array_equal(np.asarray(one), np.asarray(other))


def called(function, data, options, *more):
    """Pass options that are positional by their place."""
    kinds = inspect.signature(function).parameters
    first = [v for k, v in options.items() if kinds[k].kind is kinds[k].POSITIONAL_ONLY]
    rest = {k: v for k, v in options.items() if kinds[k].kind is not kinds[k].POSITIONAL_ONLY}
    return function(data, *more, *first, **rest)


@pytest.mark.parametrize("layer", [ONE, STACK], ids=["one", "stack"])
@pytest.mark.parametrize("function", POOLED, ids=lambda f: f"{f.__module__}.{f.__name__}")
def test_functions_of_eigenvalues_take_a_spectrum(function, layer):
    options = dict(POOLED[function])
    if "others" in options:
        options["others"] = np.arange(1.0, layer.M * layer.rf + 1)
    same(*(called(function, data, options) for data in (layer, layer.eigenvalues)))


@pytest.mark.parametrize("function", SINGLE, ids=lambda f: f"{f.__module__}.{f.__name__}")
def test_functions_of_one_matrix_take_its_spectrum(function):
    same(*(called(function, data, SINGLE[function]) for data in (ONE, ONE.nonzero)))
    with pytest.raises(ArgumentError, match="must be of one matrix, got a Spectrum of 4 matrices"):
        called(function, STACK, SINGLE[function])


@pytest.mark.parametrize("function", WITH_N, ids=lambda f: f"{f.__module__}.{f.__name__}")
def test_functions_that_need_the_longer_side_take_it_from_the_spectrum(function):
    options = dict(WITH_N[function])
    if "kurtosis" in inspect.signature(function).parameters:
        options["kurtosis"] = ONE.kurtosis[0]
    plain = called(function, ONE.eigenvalues, options, 200)
    same(called(function, ONE, WITH_N[function]), plain)
    with pytest.raises(ArgumentError, match="`N`"):
        called(function, ONE, WITH_N[function], 200)
    with pytest.raises(ArgumentError, match="`N`"):
        called(function, ONE.eigenvalues, WITH_N[function])


@pytest.mark.parametrize("function", EACH, ids=lambda f: f"{f.__module__}.{f.__name__}")
def test_functions_of_each_matrix_take_a_spectrum(function):
    sides = (STACK.sides, STACK.kurtosis) if function is spikes.matrices_of else (STACK.sides,)
    options = {} if function is spikes.matrices_of else {"kurtosis": STACK.kurtosis}
    same(function(STACK), function(STACK.by_matrix, *sides, **options))
    with pytest.raises(ArgumentError, match="`N` must be given with plain eigenvalues"):
        function(STACK.by_matrix)


def test_every_spectral_function_is_in_these_tables():
    every = {
        getattr(module, name)
        for room in (spectra.linalg, spectra.tails, spectra.noise, local)
        for module in (getattr(room, name) for name in room.__all__)
        for name in module.__all__
        if inspect.isfunction(getattr(module, name))
    }
    words = {"eigenvalues", "by_matrix"}
    spectral = {f for f in every if next(iter(inspect.signature(f).parameters), "") in words}
    assert spectral - OTHERS == {*POOLED, *SINGLE, *WITH_N, *EACH}


def test_entropy_finds_the_rank_of_a_spectrum():
    assert ranks.entropy(ONE) == ranks.entropy(ONE.eigenvalues, 120)
    with pytest.raises(ArgumentError, match="`rank` must be given"):
        ranks.entropy(ONE.eigenvalues)


def test_functions_of_matrices_take_those_of_a_spectrum():
    drawn = permutation.permuted_spectra(STACK, rng=3)
    assert STACK.matrices is not None
    same(drawn, permutation.permuted_spectra(STACK.matrices, rng=3))
    same(traps.find(STACK, drawn), traps.find(STACK.matrices, drawn))
    bare = spectra.Spectrum(STACK.by_matrix, STACK.N)
    with pytest.raises(ArgumentError, match="needs the matrices"):
        permutation.permuted_spectra(bare)
    with pytest.raises(ArgumentError, match="must be a matrix or a stack"):
        permutation.permuted_spectra(np.ones(3))


def counted(monkeypatch, module, name):
    """Count the calls of a function of a module, wherever it is called from."""
    calls: Counter[str] = Counter()
    function = getattr(module, name)

    def count(*args, **options):
        calls[name] += 1
        return function(*args, **options)

    ours = [m for key, m in sys.modules.items() if key.partition(".")[0] == "spectra"]
    for other in ours:
        if vars(other).get(name) is function:
            monkeypatch.setattr(other, name, count)
    return calls


def test_the_tail_is_fitted_once_per_layer(monkeypatch):
    model = {"a": W, "b": W[:, :50], "conv": np.random.default_rng(2).standard_normal((20, 30, 3))}
    chosen = measures.ALL
    spectra.analyze({"warm up": W}, measures=chosen)
    calls = counted(monkeypatch, power_law, "fit")
    spectra.analyze(model, measures=chosen)
    assert calls["fit"] == len(model)


def test_the_spikes_are_found_once_per_layer_and_significance(monkeypatch):
    calls = counted(monkeypatch, spikes, "detect_each")
    chosen = [measures.bulk_fit, measures.spike_signals, measures.training_phase]
    for measure in chosen:
        measure(ONE)
    before = calls["detect_each"]
    for measure in chosen:
        measure(ONE)
    assert before <= 2  # at the significance of the layer, and at the one of the phases
    assert calls["detect_each"] == before


def test_one_row_holds_one_fit():
    """The case of two fits in one row: ERG_gap was 33, alpha lay beside another interval."""
    ds = spectra.analyze({"fc": W}, measures=measures.ALL, tail={"xmin": 6000.0}).isel(layer=0)
    plain = power_law.fit(ds.eigenvalue, xmin=6000.0)
    assert (ds.alpha, ds.xmin, ds.num_tail) == (plain.alpha, 6000.0, plain.num_tail)
    assert ds.ERG_gap == ds.num_ERG_tail - ds.num_tail == 58
    assert ds.ERG_distance == ds.xmin - ds.lambda_ERG
    assert ds.num_tail < 20
    assert np.isnan(ds.alpha_low)  # an interval of so few data would not hold what it says
    assert spectra.labels(ds.power_law_support) == "too_few_points"
    above = float(np.log(ds.eigenvalue[ds.eigenvalue >= 6000.0] * 120 / ds.norm).mean())
    assert float(ds.tail_mean_log) == pytest.approx(above, rel=1e-12)


OPTIONS = [
    {"xmin": 6000.0},
    {"estimator": "n-2"},
    {"xmin": (10.0, 900.0)},
    {"xmin": 1000.0, "xmax": 3000.0},
]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_options_of_the_fit_reach_every_measure(options):
    ds = spectra.analyze({"fc": W}, measures=measures.ALL, tail=options).isel(layer=0)
    x, bounded = np.sort(ds.eigenvalue.values), "xmax" in options
    fit = power_law.fit(x, **options)
    tail = x[x <= fit.xmax][-fit.num_tail :]
    assert (ds.alpha, ds.xmin, ds.num_tail) == (fit.alpha, fit.xmin, fit.num_tail)
    assert len(tail) == fit.num_tail
    interval = bootstrap.interval(x, resamples=100, rng=0, **options)
    np.testing.assert_array_equal([ds.alpha_low, ds.alpha_high], interval[:2])
    assert ds.p_value == bootstrap.goodness_of_fit(x, resamples=100, rng=0, **options).p
    assert ds.ERG_gap == ds.num_ERG_tail - fit.num_tail
    mean_log = float(np.mean(np.log(tail * len(x) / x.sum())))
    assert float(ds.tail_mean_log) == pytest.approx(mean_log, rel=1e-12)
    pairs = spectra.linalg.vectors.smallest(W, num=120)
    within = (pairs.eigenvalues > tail[0] * (1 - 1e-9)) & (pairs.eigenvalues < tail[-1] * 1.000001)
    entropy = spectra.linalg.vectors.entropy(pairs.vectors[:, within]).mean()
    assert int(within.sum()) == fit.num_tail
    assert float(ds.tail_mean_entropy) == pytest.approx(float(entropy), rel=1e-6)
    if bounded:  # the other laws have no end
        assert np.isnan(ds.R_exponential)
    else:
        ratio = alternatives.compare(tail, xmin=fit.xmin)["exponential"].R
        assert ds.R_exponential == ratio


@pytest.mark.slow
def test_a_stack_has_one_fit_too():
    """Of positions of unequal scale."""
    rng = np.random.default_rng(4)
    for _ in range(5):
        scales = rng.uniform(0.3, 3, (3, 3))
        model = {"conv": scales * rng.standard_t(4, (48, 32, 3, 3))}
        ds = spectra.analyze(model, measures=measures.ALL)
        assert ds.ERG_gap.item() == ds.num_ERG_tail.item() - ds.num_tail.item()


def test_a_measure_cannot_change_what_the_others_read():
    def greedy(spectrum):
        values = np.asarray(spectrum)
        values /= spectrum.N
        return {}

    with pytest.warns(spectra.errors.SpectraWarning, match="measure greedy failed .* read-only"):
        ds = spectra.analyze({"fc": W}, measures=[greedy, measures.size])
    assert ds.norm.item() == spectra.analyze({"fc": W}).norm.item()
    assert np.array(ONE, copy=True).flags.writeable


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"tail": {"xmn": 1}}, "unknown keyword 'xmn'"),
        ({"tail": 5}, "`tail` must be options of the fit"),
        ({"significance": 7}, "`significance` must be between 0 and 1"),
        ({"rng": -1}, "`rng` must be a whole number"),
        ({"rtol": -1.0}, "`rtol` must"),
    ],
)
def test_a_spectrum_checks_its_options_at_once(options, words):
    for function in (spectra.spectrum, lambda W, **o: spectra.analyze({"w": W}, **o)):
        with pytest.raises(ArgumentError, match=words):
            function(W, **options)


@pytest.mark.slow
def test_significance_and_seed_reach_every_measure():
    rng = np.random.default_rng(3)
    noise = {f"w{i}": rng.standard_normal((60, 40)) for i in range(40)}
    once = partial(measures.randomized, replicas=1)
    chosen: list[measures.Measure] = [measures.bulk_fit, measures.spike_signals, once]
    strict, lax = (spectra.analyze(noise, measures=chosen, significance=s) for s in (0.001, 0.5))
    for name in ("num_spikes", "num_traps"):
        assert int((strict[name] > 0).sum()) <= 2
        assert 10 <= int((lax[name] > 0).sum()) <= 30
    assert (lax.spike_strength.notnull().sum("mode") == lax.num_spikes).all()
    one, same_seed, other = (
        spectra.analyze({"fc": W}, measures=measures.ALL, rng=seed) for seed in (1, 1, 2)
    )
    assert one.identical(same_seed)
    for name in ("alpha_low", "max_rand_eval"):
        assert one[name].item() != other[name].item()


def test_a_generator_or_none_gives_a_seed_that_repeats_the_run():
    for rng in (np.random.default_rng(5), None):
        drawn = spectra.analyze({"fc": W}, rng=rng)
        again = spectra.analyze({"fc": W}, rng=drawn.attrs["rng"])
        assert drawn.identical(again)


def test_options_of_one_measure_stay_with_it():
    few = partial(measures.evidence, resamples=20, confidence=0.5)
    ds = spectra.analyze({"fc": W}, measures=[measures.tail_fit, few])
    assert ds.interval_confidence.item() == 0.5
    assert ds.attrs["measures"] == "tail_fit, evidence(confidence=0.5, resamples=20)"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"tail": {"xmn": 1.0}}, "unknown keyword 'xmn'"),
        ({"tail": {"xmin": -1.0}}, "`xmin` must be a finite positive number"),
        ({"tail": 1.0}, "`tail` must be options of the fit"),
        ({"significance": 1.0}, "`significance` must be between 0 and 1"),
        ({"significance": True}, "`significance` must be between 0 and 1"),
        ({"rng": -1}, "`rng` must be a whole number from 0"),
        ({"rng": "a"}, "`rng` must be a whole number from 0"),
        ({"executor": 4}, "`executor` must have a map"),
        ({"measures": ["size"]}, "`measures` must be functions"),
    ],
)
def test_wrong_options_are_named_before_any_work(options, words):
    def never():
        raise AssertionError

    model = {"w": spectra.Tensor("w", (3, 3), "float32", "dense", never)}
    with pytest.raises(ArgumentError, match=words):
        spectra.analyze(model, **options)


def test_one_measure_needs_no_list():
    ds = spectra.analyze({"fc": W}, measures=measures.size)
    assert ds.norm.item() == pytest.approx(np.sum(W**2))


def test_a_spectrum_of_eigenvalues_in_any_order():
    plain = spectra.Spectrum(np.array([4.0, 1.0, 9.0]), N=5)
    assert plain.by_matrix.tolist() == [[1.0, 4.0, 9.0]]
    assert (plain.rf, plain.M, plain.lambda_max, plain.ratio) == (1, 3, 9.0, 0.6)
    with pytest.raises(ArgumentError, match="`by_matrix` must have one row per matrix"):
        spectra.Spectrum(np.ones((2, 2, 2)), N=5)
    for wrong in (0, 2.5, True):
        with pytest.raises(ArgumentError, match="`N` must be the longer side"):
            spectra.Spectrum(np.ones(3), N=wrong)  # type: ignore[arg-type]


MATRIX = [
    partial(spectra.eigenvalues),
    elements.alive,
    elements.excess_kurtosis,
    elements.huge,
    elements.look,
    partial(permutation.permuted, rng=1),
    traps.explain,
    partial(vectors.largest, num=3),
    partial(vectors.smallest, num=3),
]


@pytest.mark.parametrize("function", MATRIX, ids=lambda f: getattr(f, "func", f).__name__)
def test_functions_of_a_matrix_take_the_one_of_a_spectrum(function):
    """Not its eigenvalues, which an array function would see."""
    same(function(ONE), function(W))
    with pytest.raises(ArgumentError, match="must be one matrix, the Spectrum has 4"):
        function(STACK)


def test_vectors_are_not_eigenvalues():
    with pytest.raises(ArgumentError, match="`v` must be vectors, got a Spectrum"):
        vectors.entropy(ONE)


def test_a_tensor_is_not_read_by_mistake():
    tensor = spectra.from_arrays({"w": W})["w"]
    with pytest.raises(ArgumentError, match=r"pass what its read\(\) returns"):
        spectra.spectrum(tensor)  # type: ignore[arg-type]


def test_one_value_per_matrix_or_one_for_all():
    rows: Any = STACK.by_matrix
    sides: Any = np.array([60, 60, 60, 60])
    kurtosis: Any = np.array(STACK.kurtosis)
    same(spikes.detect_each(rows, sides, kurtosis=kurtosis), spikes.detect_each(STACK))
    with pytest.raises(ArgumentError, match="`N` must be one number, or one for each of 4"):
        spikes.detect_each(rows, [60, 60])


class Parts:
    """A matrix that is read in parts."""

    shape = (3, 2)

    def blocks(self, step):
        """Yield rows."""
        yield from (np.eye(3, 2)[i : i + step] for i in range(0, 3, step))

    def __array__(self, dtype=None, copy=None):
        """Return all of it."""
        return np.eye(3, 2)


def test_a_spectrum_whose_matrices_are_not_read_yet_can_be_copied():
    for copied in (
        lambda s: pickle.loads(pickle.dumps(s)),
        copy.copy,
        lambda s: dataclasses.replace(s, significance=0.5),
    ):
        found = copied(spectra.spectrum(Parts()))
        np.testing.assert_array_equal(found.matrices, np.eye(3, 2)[np.newaxis])
        assert pickle.loads(pickle.dumps(found)).matrices.shape == (1, 3, 2)


def test_other_attributes_are_missing_as_ever():
    with pytest.raises(AttributeError, match="'Spectrum' object has no attribute 'matrix'"):
        operator.attrgetter("matrix")(spectra.spectrum(Parts()))
    assert spectra.Spectrum(np.ones(3), N=3).matrices is None


def shorter(*_):
    msg = "the file has become shorter"
    raise ModelFormatError(msg)


def whole_again(monkeypatch, name):
    """Let a tensor not be read as a whole; its eigenvalues come from blocks."""
    read = spectra.Tensor.read
    monkeypatch.setattr(spectra.Tensor, "read", lambda t: shorter() if t.name == name else read(t))


def blocks_again(monkeypatch, name):
    """Let the first matrix not be read in blocks more than twice, which its eigenvalues take."""
    blocks, seen = InBlocks.blocks, []

    def counted(matrix, step):
        seen.append(matrix.source)
        again = seen.count(seen[0]) > 3 and matrix.source == seen[0]
        return shorter() if again else blocks(matrix, step)

    monkeypatch.setattr(InBlocks, "blocks", counted)


@pytest.mark.parametrize("again", [whole_again, blocks_again])
def test_a_layer_that_cannot_be_read_again_stops_no_other(tmp_path, monkeypatch, again):
    """Elements are read again for some measures, in blocks or as a whole."""
    W = np.random.default_rng(0).standard_normal((30, 20)).astype("<f4")
    model = open_model(write_safetensors(tmp_path / "m.safetensors", {"a": W, "b": W}))
    again(monkeypatch, "a")
    ds = spectra.analyze(spectra.layers(model), measures=[*measures.CORE, measures.equal_scales])
    assert spectra.labels(ds.status).values.tolist() == ["not_read", "computed"]
    assert ds.status_reason.values.tolist() == ["not read: the file has become shorter", ""]
