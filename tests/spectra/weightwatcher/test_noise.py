"""WeightWatcher's numbers of noise, against the same steps taken naively, and what it printed."""

import itertools
import math
import warnings

import ml_dtypes
import numpy as np
import pytest
import scipy.linalg
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import optimize
from scipy.spatial.distance import jensenshannon

from spectra.weightwatcher import _noise

SHAPES = [(60, 60), (120, 60), (200, 25), (30, 40)]  # N, M: the last as its swap of sides has them
# eigenvalues of a small real layer: the last slice of regression_headers.3 of an ultraface network
SLICE = [
    *(0.0012603769750685158, 0.0023140546185784795, 0.0032335086069053337, 0.007392298435952952),
    *(0.008672552416604647, 0.011093595468617164, 0.02797284792796525, 0.042501345181095045),
    *(0.09127572053851003, 0.19370817902063467, 0.2153105080402545, 0.45237933272461306),
]
# sigma_mp that WeightWatcher 0.7.7 printed for these and for 39 copies, each of whose numbers was
# the next larger, the next smaller or the same; the published one is the second
PRINTED = [0.25350089808309173, 0.27097148647643415, 0.31761179514193016, 0.3450785707768621]


def gaussian(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


def spectrum(W):
    return np.sort(np.linalg.svd(W, compute_uv=False) ** 2)


def fitted_sigma(eigenvalues, N, M):
    """Fit as WeightWatcher does: its peak is the highest point, whatever made it so."""
    e = eigenvalues * len(eigenvalues) / eigenvalues.sum()
    data = np.sqrt(e) if N == M else e
    x = np.linspace(0, data.max() + 0.5, 1000)
    y = np.maximum(0, 1 - np.abs(x[:, None] - data) / 0.1).sum(axis=1) / (0.1 * len(data))
    x, y = x[y > 0.01], y[y > 0.01]
    mode = x[y.argmax()]

    def misfit(sigma):
        with np.errstate(invalid="ignore", divide="ignore"):
            if N == M:
                law = np.nan_to_num(np.sqrt(4 - x**2) / (math.pi * sigma**2))
            else:
                low, high = ((sigma * (1 + sign * math.sqrt(M / N))) ** 2 for sign in (-1, 1))
                if not low <= mode <= high <= x.max():
                    return 1e6 * len(x)
                root = np.sqrt((high - x) * (x - low))
                law = np.nan_to_num(root / (2 * math.pi * sigma**2 * x * M / N))
        return np.sum((law - y) ** 2)

    full = math.sqrt(e.max()) / (1 + math.sqrt(M / N))
    return optimize.brute(misfit, (slice(0.05 * full, 2 * full, 0.01 * full),))[0]


def neighbours(x, rng):
    """Return of each number the next larger, the next smaller or itself."""
    return np.sort(np.nextafter(x, x + rng.integers(-1, 2, len(x))))


@pytest.mark.parametrize(("N", "M"), SHAPES)
@pytest.mark.parametrize("tail", [False, True])
def test_fit_against_the_same_steps(N, M, tail):
    W = gaussian(N, M)
    W[:, 0] *= 4 if tail else 1
    x = spectrum(W)
    found = _noise.mp_fit(x, N=N, M=M)
    sigma = fitted_sigma(x, N, M)
    scale = math.sqrt(len(x) / x.sum())
    high, low = ((sigma * (1 + sign * math.sqrt(M / N))) ** 2 for sign in (1, -1))
    cutoff = high + math.sqrt(math.sqrt(M / N) * (high / M) ** (2 / 3))
    # the same search from the same sums: it ends in the same place
    assert found == {
        "sigma_mp": pytest.approx(sigma, rel=1e-9),
        "W_scale": pytest.approx(scale, rel=1e-12),
        "bulk_max": pytest.approx(high / scale**2, rel=1e-9),
        "bulk_min": pytest.approx(low / scale**2, rel=1e-9, abs=1e-20),
        "mp_softrank": pytest.approx(high / (x.max() * scale**2), rel=1e-9),
        "num_spikes": int(np.sum(x * scale**2 > cutoff)),
    }
    assert found["num_spikes"] > 0 or not tail


def test_rounding_does_not_choose_the_peak():
    """In WeightWatcher it does: eight points of the density are equally high, and it takes one."""
    rng = np.random.default_rng(0)
    ours, naive = set(), []
    for x in (neighbours(np.array(SLICE), rng) for _ in range(40)):
        ours.add(round(_noise.mp_fit(x, N=256, M=12)["sigma_mp"], 9))
        naive.append(fitted_sigma(x, 256, 12))
    assert ours == {round(PRINTED[0], 9)}
    for printed in PRINTED[:2]:
        assert any(math.isclose(printed, sigma, rel_tol=1e-9) for sigma in naive)


@pytest.mark.parametrize("x", [[], [0.0, 0.0], [math.nan] * 3, [1.0, math.inf]])
def test_no_fit_is_minus_one_in_every_column(x):
    found = _noise.mp_fit(np.array(x), N=3, M=3, prefix="rand_")
    assert found == {f"rand_{name}": -1 for name in _noise.COLUMNS["mp_fit"]}


def test_a_single_eigenvalue_has_a_fit():
    """Of mean 1, so the bulk cannot start above it."""
    found = _noise.mp_fit(np.array([7.0]), N=4, M=1)
    assert found["W_scale"] == pytest.approx(7**-0.5)
    assert found["bulk_min"] < 7


@pytest.mark.parametrize("N", [500, 800])
def test_grid_coarser_than_the_kernel(N):
    """The largest eigenvalue is hundreds of means away, so most of the kernels hold no point."""
    x = np.sort(np.random.default_rng(0).pareto(0.5, 500) + 1)
    assert x[-1] > 400 * x.mean()
    sigma = _noise.mp_fit(x, N=N, M=500)["sigma_mp"]
    assert sigma == pytest.approx(fitted_sigma(x, N, 500), rel=1e-9)


@pytest.mark.parametrize(("shape", "replicas"), [((3, 12, 9), 5), ((1, 150, 120), 1)])
def test_shuffles_in_published_order(shape, replicas):
    """All matrices so many times, then all once more."""
    matrices, scale = gaussian(*shape) ** 3, 0.5
    rng, draws = np.random.RandomState(7), []
    for _ in range(replicas + 1):
        for W in matrices:
            elements = list(W.ravel())
            rng.shuffle(elements)
            draws.append(scale * spectrum(np.reshape(elements, W.shape)))
    first = np.sort(np.concatenate(draws[: -len(matrices)]))
    second = np.sort(np.concatenate(draws[-len(matrices) :]))
    x = np.sort(np.concatenate([scale * spectrum(W) for W in matrices]))
    sides = {"N": shape[1], "M": shape[2]}
    found = _noise.randomized(matrices, x, **sides, rng=np.random.RandomState(7), scale=scale)
    fit = _noise.mp_fit(first, **sides, prefix="rand_")
    assert found == pytest.approx(
        {
            "max_rand_eval": first[-1],
            "rand_distance": jensenshannon(x, second),
            "ww_softrank": second[-1] / x[-1],
            "ww_maxdist": x[-1] - second[-1],
            "num_traps": fit["rand_num_spikes"],
            **fit,
        },
        rel=1e-9,
    )
    assert set(found) == set(_noise.COLUMNS["randomize"])


def test_shuffles_do_not_depend_on_the_stored_type_or_order():
    W = gaussian(20, 15).astype(ml_dtypes.bfloat16)
    stored = [W, W.astype(np.float32), np.asfortranarray(W.astype(np.float64)), W[::1].view()]
    rows = [
        _noise.randomized(
            w[None], spectrum(W.astype(float)), N=20, M=15, rng=np.random.RandomState(1)
        )
        for w in stored
    ]
    assert all(a == b for a, b in itertools.pairwise(rows))


def test_one_column_is_its_own_shuffle():
    """The divergence is rounding, 1e-16, and its root 1e-8."""
    matrices = gaussian(9, 32, 1)
    x = np.sort([np.sum(W**2) for W in matrices])
    found = _noise.randomized(matrices, x, N=32, M=1, rng=np.random.RandomState(0))
    assert found["max_rand_eval"] == pytest.approx(x[-1])
    assert found["ww_maxdist"] == pytest.approx(0, abs=1e-12)
    assert 0 <= found["rand_distance"] < 1e-7


@pytest.mark.parametrize("value", [0.0, math.nan])
def test_layers_without_a_spectrum(value):
    matrices, x = np.full((2, 9, 4), value), np.full(8, value)
    rng = np.random.RandomState(0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        shuffled = _noise.randomized(matrices, x, N=9, M=4, rng=rng)
        product = _noise.determinant(x, num_pl_spikes=-1)
        _noise.vectors(matrices, xmin=-1.0)
    assert shuffled["num_traps"] == shuffled["rand_sigma_mp"] == -1
    assert shuffled["max_rand_eval"] == pytest.approx(value, nan_ok=True)
    assert math.isnan(shuffled["rand_distance"])
    assert math.isnan(shuffled["ww_softrank"])
    assert (product["detX_num"], product["ERG_gap"]) == (0, 1)
    assert math.isnan(product["detX_val"])


@given(st.lists(st.floats(0.01, 100), min_size=2, max_size=30, unique=True))
def test_determinant_against_products(data):
    x = np.sort(data)
    e = x * len(x) / x.sum()
    products = [np.prod(e[i:]) for i in range(len(x))]
    assume(all(abs(p - 1) > 1e-9 for p in products[1:]))  # rounding would decide
    index = max((i for i in range(1, len(x)) if products[i] < 1), default=1)
    num = len(x) - index if products[index] < 1 else len(x)
    assert _noise.determinant(x, num_pl_spikes=3) == {
        "detX_num": num,
        "num_ERG_spikes": num,
        "ERG_gap": num - 3,
        "detX_val": pytest.approx(x[index]),
        "detX_val_unrescaled": pytest.approx(e[index]),
    }


def test_determinant_of_equal_eigenvalues_and_of_one():
    """What WeightWatcher has for them: no tail, and the first eigenvalue."""
    found = _noise.determinant(np.full(5, 3.0), num_pl_spikes=-1)
    assert (found["detX_num"], found["ERG_gap"], found["detX_val"]) == (0, 1, pytest.approx(3))
    assert _noise.determinant(np.array([3.0]), num_pl_spikes=-1)["detX_num"] == 0


def test_determinant_of_more_than_a_product_can_hold():
    """Products of 12,000 heavy-tailed eigenvalues underflow before they ought to be below 1."""
    x = np.sort(np.random.default_rng(0).pareto(1.2, 12000) + 1)
    logs = np.log(x / x.mean())[::-1]
    num = next(k for k in range(1, len(x)) if math.fsum(logs[:k]) < 0)
    assert _noise.determinant(x, num_pl_spikes=0)["detX_num"] == num


def discrete_entropy(v):
    sizes = np.abs(v) - np.abs(v).mean()
    heights = np.histogram(sizes, bins=100, density=True)[0] + 1e-10
    p = heights / heights.sum()
    return -math.fsum(p * np.log(p))


@pytest.mark.parametrize("shape", [(2, 40, 25), (1, 20, 60)])
def test_vectors_against_the_general_solver(shape):
    matrices, scale = gaussian(*shape), 2.0
    values, metrics = [], []
    for W in matrices:
        X = W @ W.T if W.shape[0] <= W.shape[1] else W.T @ W
        found, columns = scipy.linalg.eig(X)
        values += list(scale * found.real)
        metrics += [
            {
                "loc_ratio": np.linalg.norm(v, 1) / np.linalg.norm(v, np.inf),
                "part_ratio": np.linalg.norm(v, 2) / np.linalg.norm(v, 4),
                "vec_entropy": discrete_entropy(v),
            }
            for v in columns.T.real
        ]
    xmin = sorted(values)[len(values) // 2]
    row = _noise.vectors(matrices, xmin=xmin, scale=scale)
    assert set(row) == set(_noise.COLUMNS["vectors"])
    for part, chosen in (("bulk", np.array(values) < xmin), ("tail", np.array(values) >= xmin)):
        for name in ("loc_ratio", "part_ratio", "vec_entropy"):
            every = np.array([m[name] for m in metrics])[chosen]
            assert row[f"{part}_mean_{name}"] == pytest.approx(every.mean(), rel=1e-9)
            assert row[f"{part}_var_{name}"] == pytest.approx(every.var(), rel=1e-8)


def test_vectors_after_a_failed_fit_are_all_tail():
    row = _noise.vectors(gaussian(1, 9, 5), xmin=-1.0)
    assert math.isnan(row["bulk_mean_loc_ratio"])
    assert row["tail_mean_loc_ratio"] > 1
