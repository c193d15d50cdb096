"""The site of the documentation, built once for all tests of it."""

import os
import sys

import pytest
from filelock import FileLock

from tests.docs import site


@pytest.fixture(scope="session")
def built(tmp_path_factory):
    """Build the site once for all workers, as `make site` does."""
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    folder, said = shared / "site", shared / "site.txt"
    with FileLock(shared / "site.lock"):
        if not said.exists():
            code, text = site.run("make", "site", f"PYTHON={sys.executable}", f"SITE={folder}")
            said.write_text(f"{code}\n{text}", encoding="utf-8")
    return folder
