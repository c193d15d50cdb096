"""Memory that a run takes, as measured: below the budget, and as it was forecast."""

import subprocess
import sys

import ml_dtypes
import numpy as np
import pytest

import spectra
import spectra_io
from spectra import measures
from spectra.costs import TYPICAL
from spectra_io.runs import estimates
from tests.builders import environment, write_safetensors

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs /proc"),
]
PEAK = """
import sys, weightspectra
try:
    weightspectra.main()
finally:
    with open("/proc/self/status") as status:
        peak = next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
    print("peak", 1024 * peak, file=sys.stderr)
"""


def run(*arguments):
    """Run a command, and return exit code, peak of its memory, and stderr."""
    done = subprocess.run(
        [sys.executable, "-c", PEAK, *map(str, arguments)],
        env=environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.returncode, int(done.stderr.split()[-1]), done.stderr


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    """Return a model of which a layer takes some 140 MB."""
    rng = np.random.default_rng(0)
    model = {f"w{i}": rng.standard_normal((4096, 2048)).astype(ml_dtypes.bfloat16) for i in "abc"}
    return write_safetensors(tmp_path_factory.mktemp("models") / "m.safetensors", model)


@pytest.mark.parametrize("workers", [1, 2, 4])
def test_a_budget_is_kept(path, workers):
    code, peak, _ = run("analyze", path, "--memory", "540MB", "--workers", workers)
    assert code == 0
    assert peak < 540e6
    assert workers == 1 or peak > 340e6  # two at a time


@pytest.mark.parametrize("workers", [1, 3])
def test_the_forecast_is_near_the_peak(path, workers):
    layers = spectra.layers(spectra_io.open_model(path))
    forecast = estimates.estimate(layers, measures.CORE, TYPICAL, workers=workers).memory
    _, peak, _ = run("analyze", path, "--workers", workers)
    assert forecast / 1.3 < peak < forecast * 1.3


def test_what_does_not_fit_is_not_begun(path):
    code, peak, err = run("analyze", path, "--memory", "300MB")
    assert code == 3
    assert peak < 300e6
    assert err.count("not begun: w") == 3
