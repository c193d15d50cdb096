"""Links of the Markdown pages, as GitHub shows them."""

import re
from collections import Counter

import pytest
from markdown_it import MarkdownIt

from tests.builders import REPO
from tests.docs import site

PAGES = sorted({*REPO.glob("*.md"), *REPO.glob("docs/**/*.md"), *REPO.glob("examples/**/*.md")})


def tokens(text):
    for block in MarkdownIt("gfm-like", {"linkify": False}).parse(text):
        yield from (block, *(block.children or ()))


def links(text):
    found = [token.attrs.get("href") or token.attrs.get("src") for token in tokens(text)]
    return [str(link) for link in found if link]


def headings(text):
    """Return the anchors that GitHub gives the headings: the second of a name ends in -1."""
    found, seen, is_heading = set(), Counter[str](), False
    for token in tokens(text):
        if is_heading:
            name = re.sub(r"[^\w\- ]", "", plain(token)).strip().lower().replace(" ", "-")
            found.add(f"{name}-{seen[name]}" if seen[name] else name)
            seen[name] += 1
        is_heading = token.type == "heading_open"
    return found


def plain(inline):
    return "".join(token.content for token in inline.children or ())


def broken(page):
    """Return the links of a page within the repository that lead nowhere."""
    found = []
    for link in filter(lambda link: not site.is_outside(link), links(page.read_text("utf-8"))):
        path, _, place = link.partition("#")
        target = page.parent / path if path else page
        is_there = target.exists()
        if is_there and place and target.suffix == ".md":
            is_there = place in headings(target.read_text("utf-8"))
        if not is_there:
            found.append(link)
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(REPO)))
def test_links_of_a_page_lead_somewhere(page):
    text = page.read_text("utf-8")
    assert broken(page) == []
    assert site.ill_formed(links(text)) == []


@pytest.mark.parametrize("link", ["b.md", "#nowhere", "a.md#heading-2", "../x.png", "b.md#c"])
def test_a_link_that_leads_nowhere_is_found(tmp_path, link):
    page = tmp_path / "a.md"
    good = "[1](a.md) [2](#heading) [3](a.md#heading-1) ![4](a.md) `[5](code.md)`"
    text = f"# Heading\n\n{good}\n\n## `Heading`\n\n[6]({link})\n\n```text\n[7](code.md)\n```\n"
    page.write_text(text, encoding="utf-8")
    assert broken(page) == [link]


@pytest.mark.parametrize("page", sorted(REPO.glob("docs/howto/*.md")), ids=lambda page: page.stem)
def test_a_page_of_a_question_says_what_it_is_searched_as(page):
    *_, last = page.read_text("utf-8").rstrip("\n").split("\n")
    assert last.startswith("Also searched as: ")
