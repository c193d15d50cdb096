"""Lines below the table of layers: counts that agree with the verdicts."""

import numpy as np
import pytest

import spectra
from spectra import measures
from spectra.noise.phases import SIGNIFICANCE
from spectra_io.terminal.cells import cells
from spectra_io.terminal.summaries import claims_line


@pytest.fixture(scope="module", name="ds")
def analysed():
    """Return results of noise, some with a spike at 0.05 and none at 0.0001, and of a signal."""
    rng = np.random.default_rng(0)
    model = {f"noise{i}": rng.standard_normal((60, 40)) for i in range(60)}
    model["signal"] = rng.standard_normal((60, 40)) + 2.0
    return spectra.analyze(model, measures=[*measures.CORE, measures.bulk_fit])


def test_the_strict_count_is_that_of_the_verdicts(ds):
    loose = int((ds.spike_p <= 0.05).sum())
    above = int((spectra.labels(ds.verdict) == "noise_and_signal").sum())
    assert loose > above == 1
    assert claims_line(ds) == (
        f"of 61 layers {loose} with spikes at 0.05 (3.1 by chance), "
        f"{above} at the {SIGNIFICANCE} of the verdicts"
    )


def test_without_verdicts_the_p_values_are_counted(ds):
    assert claims_line(ds.drop_vars("phase_num_excess")) == claims_line(ds)


def test_traps_are_counted_as_the_verdicts_count_them():
    rng = np.random.default_rng(0)
    model = {"clean": rng.standard_normal((80, 40)), "mean": rng.standard_normal((80, 40)) + 2}
    ds = spectra.analyze(model, measures=[*measures.CORE, measures.randomized])
    num = int((spectra.labels(ds.verdict) == "trapped").sum())
    assert num == 1
    assert f"{num} at the 0.0001 of the verdicts" in claims_line(ds)
    assert "with traps at 0.05 (0.1 by chance)" in claims_line(ds)


@pytest.mark.parametrize(
    ("alpha", "said"), [(2.0, "1.5-3.0"), (1.4, "1.5-3.0*"), (3.4, "1.5-3.0*"), (np.nan, "1.5-3.0")]
)
def test_an_alpha_outside_of_its_interval_has_a_star(alpha, said):
    row = {"status": "computed", "num_evals": 30, "alpha": alpha}
    row |= {"alpha_low": 1.5, "alpha_high": 3.0}
    assert cells(row, pooled=False, measured=True)["alpha_low"] == said
