"""What noise gives for a variable, and how sure it is, name variables that there are."""

import numpy as np
import pytest

import spectra
from spectra import measures
from spectra.results.reading import records
from spectra.results.variables import VARIABLES
from spectra.results.variables._certainty import ERROR, NOISE


def test_names_are_those_of_variables():
    assert NOISE.keys() <= VARIABLES.keys()
    assert ERROR.keys() <= VARIABLES.keys()
    named = [name for found in ERROR.values() if isinstance(found, tuple) for name in found]
    assert named
    assert {*named} <= VARIABLES.keys()


def test_every_variable_of_noise_is_named_by_another():
    beside = {name for name in VARIABLES if name.endswith("_noise")}
    assert beside | {"num_evals"} == {v.noise for v in VARIABLES.values()} & VARIABLES.keys()


@pytest.mark.slow
def test_noise_gives_what_is_said_of_it():
    """Of 40 matrices of noise, by the numbers in the words and by the variables beside them."""
    rng = np.random.default_rng(0)
    model = {f"fc{i}": rng.standard_normal((400, 200)) for i in range(40)}
    rows = records(spectra.analyze(model, measures=measures.ALL))
    column = {name: np.array([row[name] for row in rows], dtype=object) for name in rows[0]}
    for name in ("num_spikes", "num_traps", "num_large", "rank_loss", "phase_num_excess"):
        assert np.mean(column[name] > 0) <= 0.2, name
    for name in ("spike_p", "bulk_p", "smallest_p"):
        assert 0.25 < np.mean(column[name].astype(float)) <= 0.75, name
    assert np.mean(column["trap_p"] > 0.05) >= 0.85
    for name in ("mp_softrank", "sigma_mp", "phase_soft_rank"):
        assert abs(np.median(column[name].astype(float)) - 1) < 0.1, name
    for name in ("large_strength", "mean_strength"):
        assert max(column[name]) < 1, name
    assert abs(np.median(column["spacing_ratio"].astype(float)) - 0.531) < 0.02
    for name in ("effective_rank", "rank_90", "participation_ratio", "nuclear_norm", "ERG_share"):
        found, said = (np.median(column[x].astype(float)) for x in (name, f"{name}_noise"))
        assert abs(found / said - 1) < 0.05, name
    entropy = column["entropy"].astype(float)
    assert abs(np.median(entropy) - (1 - 1 / (4 * np.log(200)))) < 2e-3
    assert {*column["matrix_rank"]} == {200}
    assert {*column["phase"]} <= {"random_like", "bleeding_out"}
