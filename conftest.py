"""What holds for every test and doctest."""

import os
import sys

os.environ["MPLBACKEND"] = "agg"  # before anything imports matplotlib

import pytest
from hypothesis import HealthCheck, settings

COMMON = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True)
settings.register_profile("fast", COMMON, derandomize=True, max_examples=20)
settings.register_profile("full", COMMON, derandomize=True, max_examples=100)
settings.register_profile("explore", COMMON, derandomize=False, max_examples=100)
settings.load_profile("fast")  # another with --hypothesis-profile


@pytest.fixture(autouse=True)
def _no_figure_is_left():
    """Close the figures of a test: what draws into the current axes would find them."""
    yield
    if pyplot := sys.modules.get("matplotlib.pyplot"):
        pyplot.close("all")
