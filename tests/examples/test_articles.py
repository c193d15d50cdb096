"""Articles: each page has a place in the order, a test of its numbers, and small results."""

import ast
import sys

import pytest

from tests.builders import EXAMPLES, REPO

ARTICLES = EXAMPLES.parent / "articles"
WRITTEN = sorted(path.stem for path in ARTICLES.glob("*.py"))
MOST = 1_000_000  # bytes of the results of a page


@pytest.fixture
def pages(monkeypatch):
    monkeypatch.syspath_prepend(REPO / "docs/_ext")
    monkeypatch.delitem(sys.modules, "articles", raising=False)
    import articles

    return articles.PAGES


def test_each_page_has_its_place(pages):
    assert set(WRITTEN) <= set(pages)


@pytest.mark.parametrize("name", WRITTEN)
def test_the_numbers_of_each_page_are_tested(name):
    module = REPO / "tests/examples" / f"test_{name}.py"
    tree = ast.parse(module.read_text("utf-8"))
    assert any(isinstance(each, ast.Assert) for each in ast.walk(tree))


@pytest.mark.parametrize("name", WRITTEN)
def test_a_page_begins_with_a_title_and_a_question(name):
    text = ast.get_docstring(ast.parse((ARTICLES / f"{name}.py").read_text("utf-8")))
    title, line, *rest = (text or "").splitlines()
    assert line == "=" * len(title)
    assert "".join(rest).strip()


def test_results_are_small():
    sizes = {path.name: path.stat().st_size for path in (ARTICLES / "results").glob("*")}
    assert max(sizes.values(), default=0) <= MOST
