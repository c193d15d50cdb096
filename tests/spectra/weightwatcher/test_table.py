"""WeightWatcher's conventions where real networks do not reach: its numbers for made-up tensors."""

import dataclasses
import math
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pandas as pd
import pytest

import spectra
from spectra import weightwatcher
from spectra.errors import ArgumentError
from spectra.tails import outliers
from spectra.weightwatcher import _noise


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
    def names(**limits: Any):
        return set(weightwatcher.analyze(MODEL, pool=True, conv2d_norm=True, **limits).longname)

    assert names(min_evals=30) == {"dense", "even", "odd", "wide_kernel", "tiny"}
    assert names(max_evals=10) == {"n10", "seven"}
    assert names(max_N=39) == set(MODEL) - {"dense", "tiny", "n10"}
    assert names(max_N=40) == set(MODEL) - {"n10"}
    assert names(max_N=10) == {"even", "seven", "wide_kernel"}
    assert names(min_evals=0, max_evals=0) == set(MODEL)


SMALL = {
    "a": np.eye(9),
    "b": np.zeros(3),
    "c": np.eye(2),
    "d": np.eye(8, dtype=int),
    "e": np.eye(9),
}


@pytest.mark.parametrize(("start_ids", "ids"), [(0, [1, 5]), (10, [10, 14])])
def test_numbers_count_all_tensors_if_no_name_ends_in_weight(start_ids, ids):
    table = weightwatcher.analyze(SMALL, start_ids=start_ids)
    assert table[["layer_id", "longname"]].values.tolist() == [[ids[0], "a"], [ids[1], "e"]]


def test_tensors_that_weightwatcher_does_not_see_come_after_those_it_sees():
    model = {**SMALL, "f.weight": np.eye(9), "g.weight": np.zeros(3), "h.weight": np.eye(8)}
    table = weightwatcher.analyze(model)
    assert table[["layer_id", "name"]].values.tolist() == [[1, "f"], [3, "h"], [4, "a"], [8, "e"]]


def test_convolutions_keep_their_scale_without_the_norm():
    raw = weightwatcher.analyze(MODEL, conv2d_norm=False).set_index("longname").norm
    half = weightwatcher.analyze(MODEL).set_index("longname").norm
    assert raw["odd"] == pytest.approx(2 * half["odd"])
    assert raw["odd"] == pytest.approx(np.sum(MODEL["odd"].astype(float) ** 2))
    assert raw["dense"] == half["dense"]


def test_a_matrix_that_is_not_finite_fails_alone():
    table = weightwatcher.analyze({"bad": np.full((9, 9), np.nan), "good": MODEL["dense"]})
    assert table.status.tolist() == ["failed", "success"]


def test_plain_analysis_calls_no_matrix_of_zeros_over_trained():
    ds = spectra.analyze(MODEL)
    tiny, zero = (ds.sel(layer=name) for name in ("tiny", "zero"))
    assert tiny.alpha == pytest.approx(ds.alpha.sel(layer="dense").item(), rel=1e-5)
    assert spectra.labels(zero.verdict).item() == "broken"
    assert spectra.labels(zero.alpha_reading).item() == "none"


FITTED = {
    "dense": waves(120, 90),
    "fingers": np.diag(
        np.sqrt([*np.sort(((np.arange(60) + 0.5) / 60) ** (-1 / 1.6))[:-4], 60, 61, 62, 63])
    ).astype(np.float32),
}
# what WeightWatcher 0.7.7 printed for these with powerlaw 1.5: alpha, xmin, D and others
OPTIONS: list[tuple[dict[str, Any], dict[str, dict[str, Any]]]] = [
    (
        {"pl_package": "powerlaw"},
        {
            "dense": {"alpha": 5.927780413361947, "D": 0.13064138114014884, "xmax": None},
            "fingers": {"alpha": 2.351792991840335, "sigma": 0.17451572483058383, "xmax": None},
        },
    ),
    (
        {"fix_fingers": "xmin_peak"},
        {"dense": {"alpha": 5.927780413361947, "xmin": 273.80669938645565, "xmax": None}},
    ),
    (
        {"fix_fingers": "xmin_peak", "xmin_max": 3.0},
        {
            "fingers": {"alpha": 2.351792991840335, "num_pl_spikes": 60},
        },
    ),
    (
        {"xmax": "force"},
        {
            "dense": {"alpha": 6.998275245018608, "xmin": 298.3490229834193, "num_pl_spikes": 11},
            "fingers": {"D": 0.06641198575531093, "xmax": 63.000000298958184},
        },
    ),
    (
        {"fix_fingers": "clip_xmax"},
        {
            "dense": {
                "alpha": 4.4910320804079245,
                "xmin": 203.39229193402926,
                "num_fingers": 1,
                "raw_alpha": 5.9277804133619245,
                "num_pl_spikes": 26,
                "xmax": 387.24564673620864,
            },
            "fingers": {"num_fingers": 0, "raw_alpha": 2.351792991840335},
        },
    ),
    (
        {"xmax": -3},
        {
            "dense": {"alpha": 4.6913189766821635, "num_pl_spikes": 23, "xmax": 375.715699687344},
            "fingers": {"alpha": 2.780135078930323, "D": 0.02146509896326665, "num_pl_spikes": 57},
        },
    ),
]
# the same with laws that it fits by a simplex, which stops near the maximum
TRUNCATED = {
    "dense": {"alpha": 1.0000505, "Lambda": 0.00872775, "xmin": 203.392292, "D": 0.1083931},
    "fingers": {"alpha": 2.3518130, "Lambda": 1.13e-10, "xmin": 1.0052440, "D": 0.0626916},
}


@pytest.mark.parametrize(("options", "rows"), OPTIONS, ids=lambda o: str(o) if "dense" in o else "")
def test_options_of_the_fit(options, rows):
    table = weightwatcher.analyze(FITTED, **options).set_index("longname")
    for name, expected in rows.items():
        loose = 2e-4 if options == {"xmax": "force"} else 1e-6
        for column, value in expected.items():
            if value is None or isinstance(value, str):
                assert table.loc[name, column] == value or table.loc[name, column] is value
            else:
                assert table.loc[name, column] == pytest.approx(value, rel=loose), (name, column)


@pytest.mark.parametrize("fit", ["TPL", "E_TPL", "truncated_power_law"])
def test_truncated_fits(fit):
    table = weightwatcher.analyze(FITTED, fit=fit).set_index("longname")
    for name, expected in TRUNCATED.items():
        for column, value in expected.items():
            found = table.loc[name, column]
            assert found == pytest.approx(value, rel=1e-3, abs=1e-3), (name, column)
        assert np.isnan(table.sigma[name])
        assert table.loc[name, "xmax"] is None


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"fit": "lognormal"}, "`fit` must be one of .*PL.*, got 'lognormal'"),
        ({"fit": "TPL", "pl_package": "ww"}, "fit='TPL' needs pl_package='powerlaw'"),
        ({"fit": "TPL", "fix_fingers": "clip_xmax"}, "is for plain power laws"),
        ({"fix_fingers": "xmin_peak", "pl_package": "ww"}, "needs pl_package='powerlaw'"),
        ({"fix_fingers": "both"}, "`fix_fingers` must be one of False, .*, got 'both'"),
        ({"xmax": "force", "pl_package": "ww"}, "xmax='force' needs"),
        ({"xmax": True}, "`xmax` must be None, 'force' or an integer"),
        ({"xmax": 0}, "`xmax` must be None, 'force' or an integer"),
        ({"pl_package": "plfit"}, "`pl_package` must be one of .*ww.*powerlaw.*, got"),
    ],
)
def test_options_that_do_not_go_together(options, words):
    with pytest.raises(spectra.errors.ArgumentError, match=words):
        weightwatcher.analyze(FITTED, **options)


def test_limits_of_the_corrections():
    """What the thresholds of clip_xmax and xmin_peak do, where real tables never go."""
    model = {"w": np.diag(np.sqrt([*np.linspace(1, 3, 60), 3.15, 3.16, 3.17]))}
    row = weightwatcher.analyze(model, fix_fingers="clip_xmax").iloc[0]
    assert row.num_fingers == 2  # of the three that it left out
    strict = weightwatcher.analyze(model, fix_fingers="clip_xmax", finger_thresh=50.0).iloc[0]
    assert (strict.num_fingers, strict.alpha) == (0, row.raw_alpha)
    assert weightwatcher.analyze(model, xmax=63).status.tolist() == ["failed"]
    most: Any = np.int64(62)
    assert weightwatcher.analyze(model, xmax=most).status.tolist() == ["failed"]
    rng = np.random.default_rng(0)
    two = {"a": 30 * rng.standard_normal((200, 100)), "b": 0.1 * rng.standard_normal((100, 60))}
    table = weightwatcher.analyze(two, fit="E_TPL", xmin_max=1.0)
    assert table.status.tolist()[0] == "failed"
    for name in ("xmin_max", "finger_thresh", "max_fingers"):
        for wrong in (-1.0, "a", True):
            options: dict[str, Any] = {name: wrong}
            with pytest.raises(
                spectra.errors.ArgumentError, match=f"`{name}` must be a number above 0"
            ):
                weightwatcher.analyze(two, **options)


@pytest.mark.parametrize(("given", "last"), [(10, 9), (5, 9), (20, 9), (36, 35), (50, 49)])
def test_max_fingers_counts_from_half_the_eigenvalues_on(monkeypatch, given, last):
    tried = []

    def spy(x, *, lengths, **options):
        tried.append(list(lengths))
        return outliers.Clipped(spectra.tails.power_law.fit(x), 0, 0.0)

    monkeypatch.setattr(outliers, "clip_xmax", spy)
    weights = {"w": np.diag(np.sqrt(np.linspace(1, 3, 72)))}
    weightwatcher.analyze(weights, fix_fingers="clip_xmax", max_fingers=given)
    assert tried == [list(range(2, last + 1))]


ALL: Any = dict.fromkeys(("mp_fit", "randomize", "detX", "vectors"), True)
# what WeightWatcher 0.7.7 printed for MODEL after numpy.random.seed(0)
NOISE = {
    "dense": {
        "num_spikes": 0,
        "sigma_mp": 0.9710109036087691,
        "bulk_max": 151.8923704485511,
        "mp_softrank": 1.0293981243566612,
        "max_rand_eval": 173.08666579157176,
        "rand_distance": 0.02795704552765529,
        "ww_softrank": 0.9703477001945507,
        "ww_maxdist": 4.3753315652441245,
        "num_traps": 0,
        "rand_sigma_mp": 1.0480984083696954,
        "detX_num": 24,
        "detX_val": 11.403156993054184,
        "detX_val_unrescaled": 0.24647476477840857,
        "ERG_gap": 15,
    },
    "even": {
        "num_spikes": 1,
        "sigma_mp": 0.6201369641351947,
        "bulk_max": 21.411566414160536,
        "mp_softrank": 0.7807655275878902,
        "max_rand_eval": 29.165692043402988,
        "rand_distance": 0.0326036260785618,
        "ww_softrank": 0.9500868694847148,
        "ww_maxdist": 1.3688082672763606,
        "num_traps": 3,
        "rand_sigma_mp": 0.5836759971958432,
        "detX_num": 27,
        "detX_val": 2.0938646546962865,
        "detX_val_unrescaled": 0.21919304707349296,
        "ERG_gap": 20,
    },
    "wide_kernel": {
        "num_spikes": 37,
        "sigma_mp": 0.5958538426669666,
        "bulk_max": 4.639031522222348,
        "mp_softrank": 0.33312286415100123,
        "max_rand_eval": 10.721810110115547,
        "rand_distance": 0.10045730960509512,
        "ww_softrank": 0.7941020933885138,
        "ww_maxdist": 2.867311079245855,
        "num_traps": 0,
        "rand_sigma_mp": 0.8471824912195105,
        "detX_num": 127,
        "detX_val": 0.4188495471679207,
        "detX_val_unrescaled": 0.14380568852333392,
        "ERG_gap": 95,
    },
    "n10": {
        "num_spikes": 0,
        "sigma_mp": 0.935476618460779,
        "bulk_max": 109.50576866445924,
        "mp_softrank": 1.0559839127236055,
        "max_rand_eval": 119.9787515993244,
        "rand_distance": 0.0522386088932093,
        "ww_softrank": 1.1546367054804645,
        "ww_maxdist": -16.03586105180571,
        "num_traps": 0,
        "rand_sigma_mp": 1.0006261592184758,
        "detX_num": 10,
        "detX_val": 32.23377272951434,
        "detX_val_unrescaled": 0.5395171857044418,
        "ERG_gap": 2,
    },
    "tiny": {
        "num_spikes": 0,
        "sigma_mp": 0.9710109053378491,
        "bulk_max": 1.5189236338596635e-06,
        "mp_softrank": 1.0293981243566617,
        "max_rand_eval": 1.6381916743633836e-06,
        "rand_distance": 0.04909843611460519,
        "ww_softrank": 1.055496289390915,
        "ww_maxdist": -8.188729273239876e-08,
        "num_traps": 0,
        "rand_sigma_mp": 1.0202129988588662,
        "detX_num": 24,
        "detX_val": 1.1403156384549695e-07,
        "detX_val_unrescaled": 0.24647476396402887,
        "ERG_gap": 25,
    },
}
NOISE_SLICES = {
    ("even", 0): {
        "num_spikes": 0,
        "sigma_mp": 0.6035236577729273,
        "bulk_max": 78.23921622062998,
        "mp_softrank": 1.04847387748659,
        "max_rand_eval": 93.46637694973418,
        "rand_distance": 0.11746126637362263,
        "ww_softrank": 1.5078036929438694,
        "ww_maxdist": -37.89332646523465,
        "num_traps": 1,
        "rand_sigma_mp": 0.5714245306545722,
        "detX_num": 7,
        "detX_val": 11.232166083990744,
        "detX_val_unrescaled": 0.30477475704893103,
        "ERG_gap": -1,
    },
    ("even", 3): {
        "num_spikes": 0,
        "sigma_mp": 0.6100740389774486,
        "bulk_max": 86.03644529954596,
        "mp_softrank": 1.0475975408642806,
        "max_rand_eval": 113.23413818156334,
        "rand_distance": 0.03517216983717197,
        "ww_softrank": 1.1094791019593526,
        "ww_maxdist": -8.99123222396868,
        "num_traps": 2,
        "rand_sigma_mp": 0.56929176638369,
        "detX_num": 7,
        "detX_val": 16.156993107432967,
        "detX_val_unrescaled": 0.407375156801987,
        "ERG_gap": -1,
    },
}


def test_noise_columns_of_pooled_rows():
    table = weightwatcher.analyze(MODEL, **ALL).set_index("longname")
    for name, expected in NOISE.items():
        check(table.loc[name], expected)
    zero = table.loc["zero"]
    assert (zero.num_spikes, zero.sigma_mp, zero.num_traps, zero.W_scale) == (-1, -1, -1, -1)
    assert (zero.detX_num, zero.ERG_gap, zero.max_rand_eval, zero.ww_maxdist) == (0, 1, 0, 0)
    assert zero[["rand_distance", "ww_softrank", "detX_val", "bulk_mean_loc_ratio"]].isna().all()


def test_noise_columns_of_slices():
    table = weightwatcher.analyze(MODEL, pool=False, **ALL).set_index(["longname", "slice_id"])
    for key, expected in NOISE_SLICES.items():
        check(table.loc[key], expected)


@pytest.mark.parametrize("option", [*ALL, "ERG"])
def test_options_add_their_columns(option):
    plain = weightwatcher.analyze(MODEL)
    asked: Any = {option: True}
    more = weightwatcher.analyze(MODEL, **asked)
    added = set(_noise.COLUMNS["detX" if option == "ERG" else option])
    assert set(more) == {*plain, *added}
    assert not added & set(plain)
    columns = more.columns[2:].tolist()
    assert columns == sorted(columns)
    pd.testing.assert_frame_equal(more[list(plain)], plain)


def test_shuffles_depend_on_the_seed_alone():
    before = np.random.get_state()[1].tolist()  # type: ignore[index]  # noqa: NPY002
    first = weightwatcher.analyze(MODEL, randomize=True)
    same, other = (weightwatcher.analyze(MODEL, randomize=True, rng=seed) for seed in (0, 1))
    pd.testing.assert_frame_equal(first, same)
    assert (first.max_rand_eval != other.max_rand_eval).tolist() == [True] * 7 + [False]
    drawn = [weightwatcher.analyze(MODEL, randomize=True, rng=None) for _ in range(2)]
    assert drawn[0].max_rand_eval[0] != drawn[1].max_rand_eval[0]
    assert np.random.get_state()[1].tolist() == before  # type: ignore[index]  # noqa: NPY002


@pytest.mark.parametrize("seed", [-1, 2**32, 1.0, True, "0"])
def test_seeds_that_are_none(seed):
    with pytest.raises(
        spectra.errors.ArgumentError, match=r"`rng` must be .* at least 0 and at most 4294967295"
    ):
        weightwatcher.analyze(MODEL, rng=seed)


@pytest.mark.slow
@pytest.mark.parametrize("pool", [True, False])
def test_noise_columns_of_what_has_no_spectrum(pool):
    """Neither an exception nor a warning, and nothing but shuffles changes in other layers."""
    empty = {
        "nan": np.full((9, 12), np.nan),
        "infinite": np.full((4, 8, 3, 3), np.inf, np.float32),
        "zeros": np.zeros((8, 4, 3, 3)),
    }
    few = {"one": np.ones((5, 1)), "equal": np.eye(9)}
    table = weightwatcher.analyze({**empty, **few, **MODEL}, min_evals=0, pool=pool, **ALL)
    failed = table[table.longname.isin(empty)]
    columns = ["num_spikes", "sigma_mp", "bulk_min", "num_traps", "rand_bulk_max", "rand_W_scale"]
    assert (failed[columns] == -1).all(axis=None)
    assert len(failed) == (3 if pool else 19)
    assert failed.detX_num.tolist() == [0] * len(failed)
    fitted = table.set_index("longname")
    assert fitted.num_spikes["one"] >= 0
    assert fitted.detX_num["equal"] == 0
    plain = weightwatcher.analyze(MODEL, min_evals=0, pool=pool, **ALL)
    same = list({*plain} - {*_noise.COLUMNS["randomize"], "layer_id"})
    others = table[table.longname.isin(MODEL)].reset_index(drop=True)
    pd.testing.assert_frame_equal(others[same], plain[same], check_dtype=False)


def test_a_tensor_that_cannot_be_read_fails_alone():
    def fail():
        msg = "gone"
        raise OSError(msg)

    bad = spectra.models.arrays.from_array("bad", MODEL["odd"])
    tensors = {"bad": dataclasses.replace(bad, source=fail), "good": bad}
    table = weightwatcher.analyze(tensors, **ALL).set_index("longname")
    assert table.status.tolist() == ["failed", "success"]
    assert table.num_spikes.tolist()[0] == table.num_traps.tolist()[0] == -1
    assert math.isnan(table.tail_mean_loc_ratio.tolist()[0])


@pytest.mark.parametrize("options", [{}, {"mp_fit": True}, {"randomize": True}, {"pool": False}])
def test_an_executor_changes_nothing(options):
    rng = np.random.default_rng(0)
    model = {f"w{i}.weight": rng.standard_normal((40 + i, 30)) for i in range(5)}
    model["conv.weight"] = rng.standard_normal((16, 12, 3, 3))
    plain = spectra.weightwatcher.analyze(model, **options)
    with ThreadPoolExecutor(3) as threads:
        found = spectra.weightwatcher.analyze(model, executor=threads, **options)
    pd.testing.assert_frame_equal(found, plain, check_exact=True)


class Backwards:
    """An executor that begins with the last item, and returns so many results."""

    def __init__(self, num: int | None = None) -> None:
        self.num = num

    def map(self, function: Any, /, items: Any) -> Any:
        return [function(item) for item in list(items)[::-1]][: self.num]


def test_results_of_an_executor_have_any_order_and_are_all_there():
    model = {f"w{i}.weight": np.eye(20 + i) for i in range(4)} | {
        "c.weight": np.ones((16, 12, 3, 3))
    }
    plain = spectra.weightwatcher.analyze(model, pool=False)
    found = spectra.weightwatcher.analyze(model, pool=False, executor=Backwards())
    pd.testing.assert_frame_equal(found, plain, check_exact=True)
    with pytest.raises(ArgumentError, match="for each of the 13 layers, got 2; leave out"):
        spectra.weightwatcher.analyze(model, pool=False, executor=Backwards(2))


def test_an_executor_has_a_map():
    with pytest.raises(ArgumentError, match="`executor` must have a map"):
        spectra.weightwatcher.analyze({"w": np.eye(9)}, executor=3)  # type: ignore[arg-type]
