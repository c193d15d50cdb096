"""Weight norm and spectral norm: the weight that the network computes with."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import spectra
from spectra.errors import ModelFormatError
from spectra.results.variables import Status
from tests.builders import f32

NAMES = {
    "old": "{module}weight_g {module}weight_v",
    "new": "{module}parametrizations.weight.original0 {module}parametrizations.weight.original1",
}


def only(arrays):
    (layer,) = (x for x in spectra.layers(arrays) if x.taken)
    return layer


@given(
    shape=st.lists(st.integers(2, 6), min_size=2, max_size=5),
    names=st.sampled_from(list(NAMES)),
    data=st.data(),
)
def test_weight_norm_over_every_axis(shape, names, data):
    axis = data.draw(st.none() | st.integers(0, len(shape) - 1))
    v = f32(*shape)
    sides = [1] * len(shape)
    if axis is not None:
        sides[axis] = shape[axis]
    g = np.abs(f32(*sides, seed=1)) if axis is not None else np.full((), 2, np.float32)
    wanted = np.empty(shape)
    for i in np.ndindex(*shape):
        others = v if axis is None else np.take(v, i[axis], axis=axis)
        gain = (
            g[()] if axis is None else g[tuple(i[k] if k == axis else 0 for k in range(len(shape)))]
        )
        wanted[i] = gain * v[i] / np.sqrt(np.square(others.astype(float)).sum())
    one, other = NAMES[names].format(module="m.conv.").split()
    arrays = {one: g, other: v}
    layer = only(arrays)
    assert layer.name == "m.conv"
    np.testing.assert_allclose(layer.weight.read(), wanted, rtol=1e-5)


# of a square matrix PyTorch takes the rows
AXES: list[tuple[tuple[int, ...], int]] = [
    ((6, 6), 0),
    ((6, 4), 0),
    ((6, 4), 1),
]
AXES += [(shape, axis) for shape in [(4, 6, 3), (5, 5, 3, 3), (4, 6, 3, 3)] for axis in (0, 1)]


@pytest.mark.parametrize(("shape", "axis"), AXES)
@pytest.mark.parametrize("names", ["old", "new"])
def test_spectral_norm_along_the_axis_of_its_vectors(shape, axis, names):
    W = f32(*shape)
    flat = np.moveaxis(W, axis, 0).reshape(shape[axis], -1).astype(float)
    U, s, Vt = np.linalg.svd(flat, full_matrices=False)
    vectors = U[:, 0].astype(np.float32), Vt[0].astype(np.float32)
    stored = {
        "old": ("weight_orig", "weight_u", "weight_v"),
        "new": (
            "parametrizations.weight.original",
            "parametrizations.weight.0._u",
            "parametrizations.weight.0._v",
        ),
    }[names]
    arrays = {f"conv.{n}": a for n, a in zip(stored, (W, *vectors), strict=True)}
    layer = only(arrays)
    assert layer.name == "conv"
    np.testing.assert_allclose(layer.weight.read(), W / s[0], rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    "arrays",
    [
        {"fc.weight_v": f32(4, 3)},
        {"fc.weight_v": f32(4, 3), "fc.weight_g": f32(3, 2)},
        {"fc.weight_v": f32(4, 3), "fc.weight_g": f32(4, 3)},
        {"fc.weight_orig": f32(4, 3)},
        {"fc.weight_orig": f32(4, 3), "fc.weight_u": f32(4)},
        {"fc.weight_orig": f32(4, 3), "fc.weight_u": f32(5), "fc.weight_v": f32(3)},
        {"fc.parametrizations.weight.original": f32(4, 4)},
        {"fc.parametrizations.weight.original1": f32(4, 4)},
        {"fc.weight_v": np.ones((4, 3), np.int8), "fc.weight_g": f32(4, 1)},
    ],
)
def test_factors_without_the_others_are_no_weights(arrays):
    views = spectra.layers(arrays)
    assert [x.name for x in views if x.taken] in ([], ["fc.weight_g"])
    main = next(x for x in views if x.tensor.ndim == 2)
    assert main.reason


def test_rows_of_zeros_have_no_direction():
    v = np.zeros((2, 3), np.float32)
    arrays = {"fc.weight_g": np.ones((2, 1), np.float32), "fc.weight_v": v}
    assert np.isnan(only(arrays).weight.read()).all()
    ds = spectra.analyze(arrays)
    assert ds.status.item() == Status.NOT_FINITE


def test_directions_of_extreme_sizes_do_not_overflow():
    for factor in (1e-200, 1e200):
        v = f32(4, 3).astype(float) * factor
        W = only({"fc.weight_g": np.ones((4, 1)), "fc.weight_v": v}).weight.read()
        np.testing.assert_allclose(np.square(W).sum(axis=1), 1, rtol=1e-12)


def test_vectors_of_a_square_matrix_that_have_not_converged():
    W, u, v = f32(6, 6), f32(6, seed=1), f32(6, seed=2)
    found = only({"fc.weight_orig": W, "fc.weight_u": u, "fc.weight_v": v}).weight.read()
    np.testing.assert_allclose(found, W / (u @ W.astype(float) @ v), rtol=1e-4)


def test_vectors_that_belong_to_no_axis_of_a_kernel():
    W, u, v = f32(5, 5, 3, 3), f32(5, seed=1), f32(45, seed=2)
    layer = only({"c.weight_orig": W, "c.weight_u": u, "c.weight_v": v})
    with pytest.raises(ModelFormatError, match="belong to no axis"):
        layer.weight.read()


def test_a_second_parametrization_is_not_understood():
    stem = "fc.parametrizations.weight"
    arrays = {f"{stem}.original": f32(8, 6), f"{stem}.0._u": f32(8), f"{stem}.0._v": f32(6)}
    assert only(arrays)
    views = spectra.layers({**arrays, f"{stem}.1.mask": f32(8, 6)})
    assert not any(x.taken for x in views if "original" in x.tensor.name)


def test_recurrent_weights_of_a_weight_norm():
    arrays = {}
    for seed, kind in enumerate(("ih", "hh")):
        arrays[f"rnn.weight_{kind}_l0_g"] = np.abs(f32(12, 1, seed=seed))
        arrays[f"rnn.weight_{kind}_l0_v"] = f32(12, 4, seed=seed)
    names = [x.name for x in spectra.layers(arrays) if x.taken]
    assert names == [f"rnn.weight_{k}_l0_v[{gate}]" for k in ("ih", "hh") for gate in "rzn"]
