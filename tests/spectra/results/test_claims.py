"""Claims over a model: by hand, and how often noise makes any."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import spectra
from spectra import measures
from spectra.errors import ArgumentError
from spectra.multiple_tests import combined, holm, significance_each
from spectra.results.claims import claims
from spectra.results.dataset import from_rows

probabilities = st.lists(st.floats(0, 1) | st.just(math.nan), max_size=30)


@given(probabilities, st.floats(0.001, 0.5))
def test_holm_is_its_rule(p, significance):
    """One after the other from the smallest, until the first that is not significant."""
    left = sorted((x, i) for i, x in enumerate(p) if x == x)
    expected = [False] * len(p)
    while left and left[0][0] <= significance / len(left):
        expected[left.pop(0)[1]] = True
    assert holm(p, significance).tolist() == expected


def test_counts_by_hand():
    p = [1e-9, 0.04, 0.7, math.nan]
    ds = from_rows({f"fc{i}": {"spike_p": x, "p_value": 0.5} for i, x in enumerate(p)})
    found = claims(ds)
    assert found.claim.values.tolist() == ["spike", "power_law_rejected"]
    one = found.sel(claim="spike")
    assert (one.num_tested, one.num_significant, one.num_sure) == (3, 2, 1)
    assert one.num_by_chance.item() == pytest.approx(0.15)
    assert one.model_p.item() == combined([2e-9, 0.08, 1.0])  # doubled, for the far tail
    assert one.sure.values.tolist() == [True, False, False, False]
    assert one.layer.values.tolist() == ["fc0", "fc1", "fc2", "fc3"]
    none = claims(from_rows({"fc": {"alpha": 2.0}}))
    assert none.sizes["claim"] == 0


def test_claims_need_the_result_of_one_model():
    ds = from_rows({"fc": {"spike_p": 0.5}})
    for wrong in (ds.expand_dims("model"), ds.isel(layer=0), "ds"):
        with pytest.raises(ArgumentError, match="for one model"):
            claims(wrong)  # type: ignore[arg-type]
    with pytest.raises(ArgumentError, match="`significance`"):
        claims(ds, significance=2)


@pytest.mark.slow
def test_a_model_of_noise_seldom_has_a_sure_spike():
    """In 100 models of 100 layers: from 3 to 7 %, give or take 2.2."""
    rng = np.random.default_rng(6)
    p = [spectra.spectrum(rng.standard_normal((100, 50))).spikes[0].p for _ in range(10_000)]
    by_model = np.reshape(p, (100, 100))
    sure = np.mean([holm(2 * row, 0.05).any() for row in by_model])
    assert 0.005 <= sure <= 0.115
    each = significance_each(0.05, 100)
    assert np.mean(np.array(p) <= each) <= 4 * each


def test_an_analysis_of_noise_counts_chance():
    rng = np.random.default_rng(0)
    model = {f"layer{i}": rng.standard_normal((60, 30)) for i in range(20)}
    ds = spectra.analyze(model, measures=[measures.bulk_fit, measures.tail_fit])
    found = claims(ds).sel(claim="spike")
    assert (found.num_tested, found.num_sure) == (20, 0)
    assert found.num_by_chance == 1
