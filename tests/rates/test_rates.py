"""Rates at which the words err, on fewer matrices than the page of rates has."""

import numpy as np
import pytest

from spectra.results.verdicts import Verdict
from spectra.tails.support import Support
from tests.rates.matrices import cases
from tests.rates.run import outcomes

pytestmark = pytest.mark.slow
QUIET = {Verdict.LIKE_NOISE, Verdict.TOO_SMALL_TO_TELL}


def test_noise_is_called_noise():
    """Of 400 matrices; the rates of 10,000 are 99.5 % and 0."""
    found = outcomes(cases("noise"), 8, workers=1)
    assert np.mean([one.verdict in QUIET for one in found]) >= 0.97
    assert not any(one.verdict is Verdict.HEAVY_TAILED for one in found)
    assert not any(one.support is Support.SUPPORTED for one in found)


def test_noise_and_spikes_are_not_called_heavy_tailed():
    found = outcomes(cases("noise and spikes"), 1, workers=1)
    assert np.mean([one.verdict is Verdict.HEAVY_TAILED for one in found]) < 0.05
    assert np.mean([one.support is Support.SUPPORTED for one in found]) < 0.10


def test_heavy_tails_are_called_heavy_tailed():
    """In 88 % of 540 matrices from 1000 x 500 on; 78 % is three standard errors of 90 below."""
    chosen = [case for case in cases("heavy tails") if case.shape[0] >= 1000]
    found = outcomes(chosen, 5, workers=1)
    assert np.mean([one.verdict is Verdict.HEAVY_TAILED for one in found]) >= 0.78
