"""The code of the README and of the docs runs, block after block, as a reader would run it."""

import re

import matplotlib.pyplot as plt
import pytest

from spectra_io.commands.main import main
from tests.builders import EXAMPLES, REPO

README = REPO / "README.md"
PAGES = [README, *sorted((REPO / "docs").glob("*.md"))]


def blocks(page):
    return re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.S)


CODE = [page for page in PAGES if blocks(page)]


@pytest.mark.parametrize("page", CODE, ids=lambda p: p.name)
def test_python_blocks_run(page, tmp_path, monkeypatch):
    (tmp_path / "examples").symlink_to(REPO / "examples")
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    for block in blocks(page):
        exec(compile(block, page.name, "exec"), names)
    plt.close("all")


def test_pages_with_code_are_found():
    assert {"README.md", "conventions.md", "metrics.md"} <= {page.name for page in CODE}
    assert len(blocks(README)) >= 8


@pytest.mark.parametrize("command", ["analyze", "noise"])
def test_tables_of_the_readme_are_those_of_the_commands(command, capsys):
    with pytest.raises(SystemExit):
        main([command, str(EXAMPLES / "mnist_mlp.safetensors")])
    text = README.read_text(encoding="utf-8")
    for line in capsys.readouterr().out.splitlines():
        assert line in text


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_links_between_pages_lead_somewhere(page):
    for target in re.findall(r"\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)", page.read_text("utf-8")):
        assert (page.parent / target).exists(), target
