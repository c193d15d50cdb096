"""Elements that are not finite: their number, and the place of the first, in blocks or not."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import spectra
from spectra.linalg import finiteness
from spectra.linalg.finiteness import not_finite
from spectra_io.models import open_model
from tests.builders import f32, write_safetensors


@given(st.data(), st.sampled_from([(7, 4), (4, 7), (5, 5)]), st.integers(1, 3))
def test_the_first_in_the_order_of_rows(data, shape, num):
    stack = np.zeros((num, *shape))
    places = st.tuples(*(st.integers(0, n - 1) for n in stack.shape))
    chosen = data.draw(st.lists(places, max_size=5, unique=True))
    for place in chosen:
        stack[place] = data.draw(st.sampled_from([np.nan, np.inf, -np.inf]))
    found = not_finite(stack)
    if not chosen:
        assert found is None
        return
    assert found is not None
    assert (found.num, found.size, found.place) == (len(chosen), stack.size, min(chosen))
    np.testing.assert_equal(found.value, stack[min(chosen)])


@pytest.mark.parametrize("shape", [(40, 9), (9, 40)])
@pytest.mark.parametrize("kind", ["f2", "f4", "f8"])
def test_a_matrix_of_a_file_is_read_in_blocks(tmp_path, monkeypatch, shape, kind):
    monkeypatch.setattr(finiteness, "BLOCK", 27)
    W = f32(*shape).astype(kind)
    W[8, 2], W[3, 8], W[3, 5] = np.inf, np.inf, np.nan
    path = write_safetensors(tmp_path / "m.safetensors", {"fc.weight": W})
    (layer,) = spectra.layers(open_model(path))
    parts = layer.in_blocks()
    assert parts is not None
    found = not_finite(parts)
    assert found is not None
    assert found.sentence == "3 of 360 elements, at first nan at row 3, column 5"
    ds = spectra.analyze(open_model(path))
    assert ds.status_reason.item() == f"not finite: {found.sentence}"
    assert ds.verdict_reason.item() == f"weights that are not finite: {found.sentence}"


def test_the_matrix_of_a_stack_is_named():
    kernel = np.ones((6, 5, 3, 3))
    kernel[4, 1, 0, 2] = -np.inf
    ds = spectra.analyze({"conv.weight": kernel})
    words = "1 of 270 elements, -inf at row 4, column 1 of matrix 2"
    assert ds.status_reason.item() == f"not finite: {words}"


def test_finite_layers_are_read_once(monkeypatch):
    monkeypatch.setattr("spectra._measuring.not_finite", lambda _: pytest.fail("read again"))
    assert spectra.analyze({"fc": np.eye(4), "dead": np.zeros((4, 4))}).sizes["layer"] == 2


def test_elements_that_cannot_be_read_again_cost_their_layer(monkeypatch):
    def cut(_):
        raise OSError(5, "cut short")

    monkeypatch.setattr("spectra._measuring.not_finite", cut)
    ds = spectra.analyze({"bad": np.full((4, 4), np.nan), "fc": np.eye(4)})
    assert spectra.labels(ds.status).values.tolist() == ["not_read", "computed"]
    assert "cut short" in ds.status_reason.values[0]
