"""Large and small weights: the numbers of W and of W times a power of two."""

import math
from fractions import Fraction
from typing import Any

import ml_dtypes
import numpy as np
import pytest
import scipy.linalg
from hypothesis import given
from hypothesis import strategies as st

import spectra
import spectra_io
from spectra import measures
from spectra.linalg import elements, ranks, vectors
from spectra.noise import traps
from spectra.results import plotdata, scale_collapse
from spectra.results.variables import VARIABLES, Status
from spectra.tails.samples import FitStatus
from tests.builders import examples

LOG2 = math.log10(2)
BY_DEFINITION = {  # of unit 1, and of the scale of the weights nevertheless
    *("log_norm", "log_spectral_norm", "log_alpha_norm", "alpha_weighted", "weak_rank_loss"),
    *("scale_exponent", "trap_where"),
}
SCALE_FREE = [
    name
    for name, v in VARIABLES.items()
    if v.dims[0:1] == ("layer",) and v.units not in {"w", "w2"} and name not in BY_DEFINITION
]

matrices = st.builds(
    lambda seed, shape, heavy: (
        np.random.default_rng(seed).standard_t(2, shape)
        if heavy
        else np.random.default_rng(seed).standard_normal(shape)
    ),
    st.integers(0, 2**32),
    st.sampled_from([(30, 20), (12, 40), (25, 25), (6, 4)]),
    st.booleans(),
).map(lambda W: np.round(W * 2**20) / 2**20)  # 53 bits are too many to shift into subnormals


def row_of(W, chosen=measures.CORE, **options):
    return spectra.analyze({"w": W}, measures=chosen, **options).isel(layer=0)


def same_bits(one, other):
    names = [name for name in SCALE_FREE if name in one]
    assert len(names) > 20
    for name in names:
        np.testing.assert_array_equal(other[name].values, one[name].values, err_msg=name)


@examples(0.3)
@given(matrices, st.integers(-1040, 1000))
def test_scale_free_numbers_are_the_same_to_the_last_bit(W, k):
    one, other = row_of(W), row_of(np.ldexp(W, k))
    same_bits(one, other)
    powers = {"log_norm": 2.0, "log_spectral_norm": 2.0}
    powers |= {name: 2 * one.alpha.item() for name in ("alpha_weighted", "log_alpha_norm")}
    for name, power in powers.items():
        expected = one[name] + k * power * LOG2
        np.testing.assert_allclose(other[name], expected, rtol=1e-12, atol=1e-10)
    shift = k - int(other.scale_exponent)
    for name, v in VARIABLES.items():
        if v.units in {"w", "w2"} and name in one and abs(shift) < 450:
            power = 1 if v.units == "w" else 2
            scaled = np.ldexp(one[name].values, power * shift)
            np.testing.assert_array_equal(other[name].values, scaled, err_msg=name)


@pytest.mark.parametrize("k", [-1040, -700, -449, -300, -1, 5, 300, 449, 700, 1000])
def test_every_measure_of_noise_and_signal_too(k):
    W = np.round(np.random.default_rng(2).standard_t(2, (30, 20)) * 2**20) / 2**20
    same_bits(row_of(W, measures.ALL), row_of(np.ldexp(W, k), measures.ALL))


def exact_norm(W):
    """Return log10 of the squared Frobenius norm, in fractions."""
    total = sum((Fraction(float(w)) ** 2 for w in np.ravel(W)), Fraction(0))
    digits = len(str(total.numerator)) - len(str(total.denominator))
    return digits + math.log10(total / Fraction(10) ** digits)


G = np.random.default_rng(0).standard_normal((40, 30))
TYPES: dict[str, Any] = {
    "float16, subnormal": (G * 1e-6).astype(np.float16),
    "float32, subnormal": (G * 1e-42).astype(np.float32),
    "bfloat16, subnormal": (G * 1e-39).astype(ml_dtypes.bfloat16),
    "float64, subnormal": G * 1e-320,
    "the smallest number": np.sign(G) * 5e-324,
    "the largest number": np.sign(G) * 1.7e308,
    "float32, the largest": (np.sign(G) * 3e38).astype(np.float32),
    "small rows": G * np.where(np.arange(40) < 20, 1e-200, 1e200)[:, None],
    "small columns": G * np.where(np.arange(30) < 15, 1e-200, 1e200),
    "kernel": (G * 1e-250).reshape(4, 10, 5, 6),
    "dead rows": np.vstack([G[:20] * 1e-250, 0 * G[:10]]),
}


@pytest.mark.parametrize("name", TYPES)
def test_extreme_weights_of_every_type(name):
    W = TYPES[name]
    found = row_of(W, measures.ALL)
    assert found.status == Status.COMPUTED
    assert found.log_norm.item() == pytest.approx(exact_norm(W), rel=1e-12)
    if W.ndim == 2:
        largest = np.ldexp(W.astype(np.float64), -int(found.scale_exponent))
        expected = scipy.linalg.svdvals(largest)
        assert found.sv_max.item() == pytest.approx(expected[0], rel=1e-12)
        assert found.matrix_rank == np.linalg.matrix_rank(largest)
    spectra.weightwatcher.analyze({"w": W}, min_evals=0, mp_fit=True, randomize=True, detX=True)


def test_one_huge_element_is_a_matrix_of_rank_one():
    W = G.copy()
    W[3, 4] = -1e300
    found = row_of(W)
    assert (found.matrix_rank, found.stable_rank) == (1, 1)
    assert found.log_norm.item() == pytest.approx(600, rel=1e-12)
    assert found.fit_status == FitStatus.TOO_FEW_EIGENVALUES


@pytest.mark.parametrize("scale", [1e-200, 1e200])
def test_eigenvalues_that_float64_cannot_hold_are_told(scale):
    with pytest.warns(RuntimeWarning, match="outside the range of float64") as told:
        spectra.eigenvalues(G * scale)
    assert told[0].filename == __file__
    with pytest.warns(RuntimeWarning, match="outside the range of float64"):
        vectors.largest(G * scale, num=2)
    found = spectra.spectrum(G * scale)
    logs = np.log10(found.eigenvalues) + found.decades
    expected = np.log10(spectra.eigenvalues(G)) + 2 * math.log10(scale)
    np.testing.assert_allclose(logs, expected, rtol=1e-12)
    assert elements.look(G * scale).scale == pytest.approx(elements.look(G).scale * scale)
    assert traps.explain(G * scale + scale).cause is traps.Cause.MEAN


def test_eigenvalues_inside_the_range_are_told_in_their_unit():
    for scale in (1e-130, 1e150):
        found = spectra.eigenvalues(G * scale)
        np.testing.assert_allclose(found / scale / scale, spectra.eigenvalues(G), rtol=1e-12)
    assert spectra.spectrum(G * 1e130).exponent == 0


@pytest.mark.skipif(np.finfo(np.longdouble).maxexp < 2000, reason="long floats are short here")
def test_longer_floats_keep_their_exponent():
    W = G.astype(np.longdouble) * np.longdouble(10) ** 400
    found = spectra.spectrum(W)
    assert np.log10(found.lambda_max) + found.decades == pytest.approx(
        np.log10(spectra.eigenvalues(G)[-1]) + 800
    )


def test_thresholds_are_in_the_unit_of_the_weights():
    W = np.random.default_rng(1).standard_t(2, (60, 40))
    start, end = (float(np.quantile(spectra.eigenvalues(W), q)) for q in (0.3, 0.9))
    for k in (-460, 460):
        unit = 4.0**k
        for options in ({"xmin": start}, {"xmin": (start, end)}, {"xmin": start, "xmax": end}):
            scaled = {
                name: tuple(v * unit for v in value) if isinstance(value, tuple) else value * unit
                for name, value in options.items()
            }
            one, other = row_of(W, tail=options), row_of(np.ldexp(W, k), tail=scaled)
            same_bits(one, other)
    for scale in (1e-200, 1e200):
        found = row_of(W * scale, tail={"xmin": 1.0})
        assert np.isnan(found.alpha)
        assert found.fit_status == FitStatus.NO_THRESHOLD
    below = row_of(W * 1e200, tail={"xmin": (0.0, 1.0)})
    assert below.fit_status == FitStatus.NO_THRESHOLD
    assert np.isfinite(row_of(W * 1e200, tail={"xmin": (1.0, math.inf)}).alpha)


@pytest.mark.parametrize(("scale", "weak"), [(1e-200, 30), (1e200, 1)])
def test_weak_directions_are_counted_in_the_unit_of_the_weights(scale, weak):
    W = G * scale
    W[:, 0] = 0
    assert ranks.num_below(spectra.spectrum(W)) == weak


def test_a_layer_of_tiny_weights_has_collapsed():
    model = {f"fc{i}": np.random.default_rng(i).standard_normal((40, 20)) for i in range(8)}
    model["fc3"] = model["fc3"] * 1e-200
    found = scale_collapse.find(spectra.analyze(model))
    assert found.log_rms.sel(layer="fc3") == pytest.approx(-200, abs=0.1)
    assert found.layer.values[found.collapsed > 1].tolist() == ["fc3"]


def test_figures_say_their_unit():
    ds = spectra.analyze({"huge": G * 1e200, "plain": G})
    assert np.isfinite(plotdata.esd(ds, layer="huge").density).all()
    exponent = int(ds.scale_exponent.sel(layer="huge"))
    assert f"4^{{{exponent}}}" in spectra_io.plots.esd(ds, layer="huge").get_xlabel()
    assert "4^" not in spectra_io.plots.esd(ds, layer="plain").get_xlabel()


@pytest.mark.parametrize("fit", ["PL", "TPL", "E_TPL"])
def test_weightwatchers_table_has_the_logarithms(fit):
    names = ["alpha", "D", "stable_rank", "num_pl_spikes", "matrix_rank"]
    W = np.random.default_rng(1).standard_t(2, (60, 40)) * 1000  # nothing below its thresholds
    one, huge, tiny = (
        spectra.weightwatcher.analyze({"w": V}, fit=fit).iloc[0]
        for V in (W, np.ldexp(W, 700), np.ldexp(W, -700))
    )
    if fit != "E_TPL":  # whose range of xmin depends on the unit
        assert huge[names].tolist() == pytest.approx(one[names].tolist(), rel=1e-9)
    for found, sign in ((huge, 1), (tiny, -1)):
        expected = one.log_spectral_norm + sign * 1400 * LOG2
        assert found.log_spectral_norm == pytest.approx(expected)
        assert found.sv_max == math.ldexp(one.sv_max, sign * 700)
        assert math.isnan(found.lambda_max)
        assert math.isnan(found.norm)
    assert (tiny.status, tiny.alpha) == ("failed", -1)  # all eigenvalues are up to 1e-5
