"""Pages of the articles, run once for all tests of them."""

import runpy
from functools import cache

import matplotlib as mpl
import pytest

from tests.builders import EXAMPLES

ARTICLES = EXAMPLES.parent / "articles"


@cache
def run(name):
    """Run a page as `python examples/articles/NAME.py` does, and return what it defined."""
    with pytest.MonkeyPatch.context() as patch, mpl.rc_context({"backend": "agg"}):
        patch.chdir(ARTICLES)
        patch.syspath_prepend(ARTICLES)
        return runpy.run_path(str(ARTICLES / f"{name}.py"), run_name="__main__")


@pytest.fixture
def page():
    """Return a function that runs a page by its name, once."""
    return run
