"""Pages of the articles, run once for all tests of them."""

import runpy
from contextlib import redirect_stdout
from functools import cache
from io import StringIO

import matplotlib as mpl
import matplotlib.pyplot as plt
import pytest

from tests.builders import EXAMPLES

ARTICLES = EXAMPLES.parent / "articles"


@cache
def run(name):
    """Run a page as a script; return what it defined, and its output as `printed`."""
    with pytest.MonkeyPatch.context() as patch, mpl.rc_context({"backend": "agg"}):
        patch.chdir(ARTICLES)
        patch.syspath_prepend(ARTICLES)
        patch.setattr(plt, "show", lambda: None)
        with redirect_stdout(StringIO()) as printed:
            defined = runpy.run_path(str(ARTICLES / f"{name}.py"), run_name="__main__")
        return defined | {"printed": printed.getvalue()}


@pytest.fixture
def page():
    """Return a function that runs a page by its name, once."""
    return run
