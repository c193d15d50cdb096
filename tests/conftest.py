"""Marks and fixtures of all tests."""

from pathlib import Path

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

SHARED = Path(__file__).resolve().parents[2] / "shared"

np.linalg.eigvalsh(np.eye(2))  # so that the library that does the work is loaded
BLAS = threadpool_limits(1, "blas")  # several threads lose more than they gain on small matrices


def pytest_collection_modifyitems(items):
    """Skip what needs the real networks where they are not."""
    if SHARED.is_dir():
        return
    for item in items:
        if item.get_closest_marker("shared"):
            item.add_marker(pytest.mark.skip(reason=f"{SHARED} is not there"))
