"""The site of the documentation: built without a warning, complete, and without dead ends."""

import importlib
import inspect
import sys

import click
import pytest
import yaml

from spectra.results.variables import VARIABLES
from spectra_io.commands.main import cli
from tests.builders import REPO
from tests.docs import site
from tests.test_house import PUBLIC

DOCS = REPO / "docs"


def test_the_site_that_is_published_is_the_one_that_is_tested():
    workflow = yaml.safe_load((REPO / ".github/workflows/docs.yml").read_text("utf-8"))
    *_, build, upload = workflow["jobs"]["build"]["steps"]
    assert build["run"] == "make site PYTHON=python"
    makefile = (REPO / "Makefile").read_text("utf-8").splitlines()
    assert f"SITE ?= {upload['with']['path']}" in makefile


@pytest.fixture(scope="session")
def pages(built):
    return site.pages(built)


@pytest.fixture(scope="session")
def names(built):
    return site.names(built)


@pytest.mark.slow
def test_the_site_is_built_without_a_warning(built):
    code, text = (built.parent / "site.txt").read_text("utf-8").split("\n", 1)
    assert (code, "WARNING" in text, "ERROR" in text) == ("0", False, False), text


@pytest.mark.slow
def test_every_public_name_is_on_a_page(names):
    described = {name for kind, name in names if kind.startswith("py:")}
    for module in PUBLIC:
        found = importlib.import_module(module)
        public = {name for name in found.__all__ if not inspect.ismodule(getattr(found, name))}
        if module.split(".")[0] != "weightspectra":
            assert {module, *(f"{module}.{name}" for name in public)} <= described


@pytest.mark.slow
def test_every_variable_is_on_its_page(pages, built):
    assert set(VARIABLES) <= pages[built / "variables.html"].code


@pytest.mark.slow
@pytest.mark.parametrize("command", [cli, *cli.commands.values()], ids=lambda c: c.name)
def test_every_option_is_on_a_page(names, command):
    program = "spectra" if command is cli else f"spectra-{command.name}"
    described = {name for kind, name in names if kind == "std:cmdoption"}
    for option in command.params:
        if isinstance(option, click.Option):
            for word in (*option.opts, *option.secondary_opts):
                assert f"{program}.{word}" in described


@pytest.mark.slow
def test_every_page_of_the_docs_is_in_the_site(pages, built):
    for page in DOCS.rglob("*.md"):
        html = built / page.relative_to(DOCS).with_suffix(".html")
        assert html in pages, page


@pytest.mark.slow
def test_links_of_the_site_lead_somewhere(pages):
    assert len(pages) > 200
    assert site.broken_links(pages) == []


@pytest.mark.slow
def test_links_out_of_the_site_are_well_formed(pages):
    assert site.ill_formed([link for page in pages.values() for link in page.links]) == []


@pytest.mark.slow
def test_the_site_loads_nothing_from_other_hosts(pages, built):
    assert site.loaded_from_elsewhere(built, pages) == []


@pytest.mark.slow
def test_search_finds_its_index_beside_the_pages(pages, built):
    assert "searchindex.js" in pages[built / "search.html"].loads
    assert "marchenko" in (built / "searchindex.js").read_text("utf-8")


def sample(folder, **texts):
    for name, text in texts.items():
        (folder / f"{name}.html").write_text(text, encoding="utf-8")
    return site.pages(folder)


@pytest.mark.parametrize("link", ["nowhere.html", "b.html#nowhere", "#nowhere", "../a.html"])
def test_a_link_that_leads_nowhere_is_found(tmp_path, link):
    good = '<a id="place" href="b.html#end">1</a><a href="#place">2</a><a href="b.html">3</a>'
    found = sample(tmp_path, a=good, b=f'<p id="end"><a href="{link}">4</a></p>')
    assert site.broken_links(found) == [f"b.html: {link}"]


def test_an_image_that_is_missing_is_found(tmp_path):
    assert site.broken_links(sample(tmp_path, a='<img src="b.png">')) == ["a.html: b.png"]


@pytest.mark.parametrize("link", ["https://", "http://host", "https://a.org/b c", "htps://a.org"])
def test_a_link_that_no_browser_could_follow_is_found(link):
    assert site.ill_formed(["https://a.org/b?c=d#e", "b.html", link]) == [link]


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("a.html", '<script src="https://a.org/b.js"></script>'),
        ("a.html", '<link rel="stylesheet" href="//a.org/b.css">'),
        ("a.css", '@import "https://a.org/b.css";'),
        ("a.css", "p { background: url(https://a.org/b.png) }"),
        ("a.js", 'import("https://a.org/b.js")'),
    ],
)
def test_what_is_loaded_from_another_host_is_found(tmp_path, file, text):
    (tmp_path / file).write_text(text, encoding="utf-8")
    assert len(site.loaded_from_elsewhere(tmp_path, site.pages(tmp_path))) == 1


@pytest.mark.slow
@pytest.mark.parametrize(
    ("link", "code"),
    [("#a-heading", 0), ("nowhere.md", 1), ("index.md#nowhere", 1), ("../README.md", 0)],
)
def test_a_broken_link_of_a_page_fails_the_build(tmp_path, link, code):
    page = f"# A page\n\n[there]({link})\n\n## A heading\n\nEnd.\n"
    (tmp_path / "index.md").write_text(page, encoding="utf-8")
    extensions = "extensions=mathml,myst_parser,repository_links"
    command = ("-m", "sphinx", "-W", "-q", "-c", DOCS, "-D", extensions)
    done, text = site.run(sys.executable, *command, tmp_path, tmp_path / "html")
    assert done == code, text
