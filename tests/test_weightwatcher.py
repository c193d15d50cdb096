"""WeightWatcher's conventions where real networks do not reach: its numbers for made-up tensors."""

import math

import numpy as np
import pytest

import spectra
from spectra import weightwatcher


def waves(*shape):
    """Return numbers that any machine makes alike."""
    i = np.arange(math.prod(shape), dtype=np.float64)
    return (np.sin(i**1.5) * np.exp(np.cos(3 * i))).reshape(shape).astype(np.float32)


MODEL = {
    "dense": waves(40, 30),
    "even": waves(8, 16, 2, 2),
    "odd": waves(8, 16, 3, 3),
    "wide_kernel": waves(4, 5, 7, 7),
    "n10": waves(50, 10),
    "seven": np.diag([1, 2, 3, 4, 5, 6, 7, 0.001, 0.001]).astype(np.float32),
    "tiny": waves(40, 30) * np.float32(1e-4),
    "zero": np.zeros((30, 20), np.float32),
}
FAILED = {"alpha": -1, "xmin": -1, "D": -1, "sigma": -1, "num_pl_spikes": -1, "status": "failed"}
# what WeightWatcher 0.7.7 printed for these tensors
POOLED = {
    "dense": {"N": 40, "M": 30, "alpha": 4.745027904295732, "xmin": 71.3581583527276},
    "even": {"N": 8, "M": 16, "num_evals": 32, "alpha": 7.488129180419629, "rank_loss": 0},
    "odd": {
        "N": 16,
        "M": 8,
        "num_evals": 72,
        "alpha": 5.537914992659218,
        "sv_min": 1.6264860028918,
    },
    "wide_kernel": {"N": 4, "M": 5, "num_evals": 196, "norm": 570.8710975754746},
    "n10": {"alpha": 2.9887249461077916, "sigma": 0.7031204476538353, "num_pl_spikes": 8},
    "seven": {"alpha": 1.3518994976096361, "D": 0.25275294655829084, "sigma": -0.3779644730092272},
    "tiny": {**FAILED, "warning": "over-trained", "log_alpha_norm": 8.483600574272668},
    "zero": {**FAILED, "norm": 0.0, "rank_loss": 20, "log_alpha_norm": math.inf},
}
SLICES = {
    ("even", 0): {"N": 8, "M": 16, "rf": 4, "num_evals": 8, "norm": 294.8319261804858},
    ("even", 3): {"alpha": 1.6454746238055056, "sv_min": 2.854758004503649},
}


def check(row, expected):
    for column, value in expected.items():
        if isinstance(value, str):
            assert row[column] == value
        else:
            assert row[column] == pytest.approx(value, rel=1e-6), column


@pytest.mark.parametrize("name", MODEL)
def test_pooled_row(name):
    table = weightwatcher.analyze(MODEL).set_index("longname")
    assert set(table.index) == set(MODEL)
    check(table.loc[name], POOLED[name])


@pytest.mark.parametrize("key", SLICES)
def test_slice_row(key):
    table = weightwatcher.analyze(MODEL, pool=False).set_index(["longname", "slice_id"])
    check(table.loc[key], SLICES[key])


def test_limits_leave_layers_out():
    def names(**limits: int):
        return set(weightwatcher.analyze(MODEL, pool=True, conv2d_norm=True, **limits).longname)

    assert names(min_evals=30) == {"dense", "even", "odd", "wide_kernel", "tiny"}
    assert names(max_evals=10) == {"n10", "seven"}
    assert names(max_N=39) == set(MODEL) - {"dense", "tiny", "n10"}
    assert names(max_N=40) == set(MODEL) - {"n10"}
    assert names(max_N=10) == {"even", "seven", "wide_kernel"}
    assert names(min_evals=0, max_evals=0) == set(MODEL)


def test_ids_count_what_can_be_a_layer():
    model = {
        "a": np.eye(9),
        "b": np.zeros(3),
        "c": np.eye(2),
        "d": np.eye(8, dtype=int),
        "e": np.eye(9),
    }
    table = weightwatcher.analyze(model, start_ids=10)
    assert table[["layer_id", "longname"]].values.tolist() == [[11, "a"], [13, "e"]]


def test_convolutions_keep_their_scale_without_the_norm():
    raw = weightwatcher.analyze(MODEL, conv2d_norm=False).set_index("longname").norm
    half = weightwatcher.analyze(MODEL).set_index("longname").norm
    assert raw["odd"] == pytest.approx(2 * half["odd"])
    assert raw["odd"] == pytest.approx(np.sum(MODEL["odd"].astype(float) ** 2))
    assert raw["dense"] == half["dense"]


def test_a_matrix_that_is_not_finite_fails_alone():
    table = weightwatcher.analyze({"bad": np.full((9, 9), np.nan), "good": MODEL["dense"]})
    assert table.status.tolist() == ["failed", "success"]


def test_plain_analysis_calls_no_failed_fit_over_trained():
    ds = spectra.analyze(MODEL)
    tiny, zero = (ds.sel(layer=name) for name in ("tiny", "zero"))
    assert tiny.alpha == pytest.approx(ds.alpha.sel(layer="dense").item(), rel=1e-5)
    assert spectra.labels(zero.verdict).item() == "not_fitted"
