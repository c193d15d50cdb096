"""Packing of live elements: what is packed and unpacked is the matrix again."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spectra.linalg import _packing
from spectra.linalg.elements import alive


@given(st.integers(1, 40), st.integers(1, 9), st.integers(0, 1000), st.sampled_from([1, 20, 1000]))
def test_live_elements_are_packed_and_put_back(m, n, seed, block):
    rng = np.random.default_rng(seed)
    W = rng.integers(1, 100, (m, n)) * (rng.random((m, 1)) < 0.7) * (rng.random(n) < 0.7)
    held = W.copy()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("spectra.linalg._packing.BLOCK", block)
        lines = _packing.live_lines(held)
        found = _packing.packed(held, *lines)
        assert np.shares_memory(found, held) or not found.size
        assert np.array_equal(found, alive(W))
        _packing.unpack(held, *lines)
    assert np.array_equal(held, W)
