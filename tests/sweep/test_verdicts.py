"""The comparison of layers with true matrices: every fault is told from every other."""

from __future__ import annotations

import numpy as np
import pytest

import spectra
from tests.sweep.matrices import Matrix, keep, kept, title
from tests.sweep.verdicts import judge

rng = np.random.default_rng(0)


def _matrix(name, W, label="", rows=(), **settings):
    stack = np.asarray(W, np.float32)
    stack = stack if stack.ndim == 3 else stack[None]
    return Matrix(f"{name}.weight", label, stack, "Linear", rows=rows, **settings)


def _judge(arrays, truth, tolerance=1e-5, factors=False, **rest):
    layers = spectra.layers({k: np.asarray(v, np.float32) for k, v in arrays.items()})
    return judge(layers, truth, rest, tolerance, factors)


def _faults(verdict):
    names = ("whole", "missed", "wrong", "twice", "no_maps")
    return {k: getattr(verdict, k) for k in names if getattr(verdict, k)}


W = rng.normal(size=(12, 5))
V = rng.normal(size=(12, 5))


def test_found():
    verdict = _judge({"a.weight": W, "b.weight": V}, [_matrix("fc", V), _matrix("head", W)])
    assert verdict.found == {0: "b", 1: "a"}
    assert not _faults(verdict)
    assert not verdict.turned
    assert not verdict.permuted


def test_turned():
    verdict = _judge({"a.weight": W.T}, [_matrix("fc", W)])
    assert verdict.found == {0: "a"}
    assert verdict.turned == ["a of fc"]


def test_rows_in_another_order():
    verdict = _judge({"a.weight": W[::-1]}, [_matrix("fc", W)])
    assert verdict.permuted == ["a of fc"]


def test_missed_with_the_tensor_and_the_reason():
    verdict = _judge({"x.bias": W.ravel()}, [_matrix("fc", W)])
    (missed,) = verdict.missed
    assert missed["tensor"] == "x.bias"
    assert "bias" in missed["reason"]


@pytest.mark.parametrize("turn", [False, True])
def test_left_whole_by_rows(turn):
    rows = {"q": (0, 3, 6, 9), "k": (1, 4, 7, 10), "v": (2, 5, 8, 11)}
    truth = [_matrix("qkv", W[list(its)], k, its) for k, its in rows.items()]
    verdict = _judge({"a.weight": W.T if turn else W}, truth)
    assert _faults(verdict) == {"whole": verdict.whole}
    (whole,) = verdict.whole
    assert whole["parts"] == ["q", "k", "v"]
    assert not verdict.found


def test_some_parts_left_whole():
    truth = [_matrix("att", W[4 * i : 4 * i + 4], k) for i, k in enumerate("qkv")]
    verdict = _judge({"a.weight": W[:4], "b.weight": W[4:]}, truth)
    assert verdict.found == {0: "a"}
    assert [x["parts"] for x in verdict.whole] == [["k", "v"]]


def test_experts_left_whole():
    experts = rng.normal(size=(4, 6, 5))
    truth = [_matrix("w", x, str(e)) for e, x in enumerate(experts)]
    assert _judge({"a.weight": experts.reshape(24, 5)}, truth).whole
    assert _judge({"a.weight": np.concatenate(experts, 1)}, truth).whole


def test_wrong_numbers():
    verdict = _judge({"a.weight": W + 0.1}, [_matrix("fc", W)])
    assert [x["fault"] for x in verdict.wrong] == ["numbers of no parameter"]
    assert len(verdict.missed) == 1


def test_a_factor_is_wrong_unless_the_producer_may_have_put_it_in():
    verdict = _judge({"a.weight": W.T * 2}, [_matrix("fc", W)])
    assert [(x["fault"], x["of"]) for x in verdict.wrong] == [("a true matrix times 2", "fc")]
    assert len(verdict.missed) == 1
    verdict = _judge({"a.weight": W.T * 2}, [_matrix("fc", W)], factors=True)
    assert verdict.found == {0: "a"}
    assert verdict.scaled == ["a is fc, all by 2"]
    assert not _faults(verdict)


@pytest.mark.parametrize("axis", [0, 1])
def test_factors_of_rows_or_columns(axis):
    factors = np.arange(1, W.shape[axis] + 1)
    scaled = W * (factors[:, None] if axis == 0 else factors)
    verdict = _judge({"a.weight": scaled}, [_matrix("fc", W)], factors=True)
    assert verdict.scaled == [f"a is fc, {('rows', 'columns')[axis]} by 1"]
    assert _judge({"a.weight": scaled}, [_matrix("fc", W)]).missed


def test_part_of_a_matrix():
    verdict = _judge({"a.weight": W, "b.weight": V[:7]}, [_matrix("x", W), _matrix("fc", V)])
    assert [(x["fault"], x["of"]) for x in verdict.wrong] == [("part of a true matrix", "fc")]


def test_parts_of_several_matrices():
    truth = [_matrix("x", W), _matrix("y", V)]
    verdict = _judge({"a.weight": np.concatenate([W, V])}, truth)
    assert [x["fault"] for x in verdict.wrong] == ["several true matrices in one"]


def test_taken_apart_though_the_network_does_not():
    true = rng.normal(size=(12, 4))
    model = {"att.in_proj_weight": true}
    verdict = _judge(model, [_matrix("fc", true)])
    assert [x["name"] for x in verdict.parted] == ["fc"]
    assert len(verdict.parted[0]["layers"]) == 3
    assert not _faults(verdict)
    other = [_matrix("fc", np.concatenate([true[:11], true[:1]]))]
    assert len(_judge(model, other).missed) == 1


def test_twice():
    verdict = _judge({"a.weight": W, "b.weight": W.T}, [_matrix("fc", W)])
    assert [(x["layer"], x["of"], x["equal"]) for x in verdict.twice] == [("b", "fc", True)]


def test_scaled_twice():
    model = {"a.weight": W, "b.weight": W.T * 3}
    (twice,) = _judge(model, [_matrix("fc", W)], factors=True).twice
    assert (twice["layer"], twice["equal"]) == ("b", False)
    assert [x["layer"] for x in _judge(model, [_matrix("fc", W)]).wrong] == ["b"]


def test_quantized_twice_by_different_numbers():
    near = W + 0.01 * rng.normal(size=W.shape)
    verdict = _judge({"a.weight": W, "b.weight": near}, [_matrix("fc", W)], 0.05)
    assert [x["equal"] for x in verdict.twice] == [False]


def test_no_map():
    verdict = _judge({"a.weight": V}, [_matrix("fc", W)], table=V.T.astype(np.float32))
    assert [x["parameter"] for x in verdict.no_maps] == ["table"]


def test_the_nearest_is_taken_within_the_tolerance():
    near = W + 0.01 * rng.normal(size=W.shape)
    verdict = _judge({"a.weight": near, "b.weight": W}, [_matrix("fc", W)], 0.05)
    assert verdict.found == {0: "b"}
    assert _judge({"a.weight": near}, [_matrix("fc", W)], 0.001).missed


def test_small_experts_have_the_error_of_the_scale_that_they_share():
    large, small = 100 * rng.normal(size=(2, 6, 5)), rng.normal(size=(6, 5))
    truth = [_matrix("w", x, str(e)) for e, x in enumerate((*large, small))]
    near = small + 2 * rng.normal(size=small.shape)
    model = {"a.weight": large[0], "b.weight": large[1], "c.weight": near}
    assert _judge(model, truth, 0.05).found == {0: "a", 1: "b", 2: "c"}
    assert len(_judge(model, truth, 1e-5).missed) == 1


def test_another_arrangement_is_as_good():
    folded = W * 3
    verdict = _judge({"a.weight": folded}, [_matrix("fc", W, others=(folded[None],))])
    assert verdict.found == {0: "a"}


def test_kept_matrices_are_those_that_were_kept(tmp_path):
    matrices = [
        _matrix("qkv", W[:4], "q", (0, 1, 2, 3)),
        _matrix("fc", V, turnable=True, others=(V[None] * 2,)),
    ]
    keep(matrices, {"table": W}, tmp_path)
    got, rest = kept(tmp_path)
    assert [title(m) for m in got] == ["qkv[q]", "fc"]
    for one, other in zip(matrices, got, strict=True):
        np.testing.assert_array_equal(one.stack, other.stack)
        assert one.rows == tuple(other.rows)
        assert one.turnable == other.turnable
    np.testing.assert_array_equal(got[1].others[0], V[None] * 2)
    np.testing.assert_array_equal(rest["table"], W)
