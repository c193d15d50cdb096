"""The code and the commands of the README and of the docs run as a reader would run them."""

import re
import shlex
import tomllib

import matplotlib.pyplot as plt
import pytest

import spectra
from spectra_io.commands.main import main
from tests.builders import EXAMPLES, REPO

README = REPO / "README.md"
PAGES = [README, REPO / "CONTRIBUTING.md", *sorted((REPO / "docs").glob("*.md"))]
PROJECT = tomllib.loads((REPO / "pyproject.toml").read_text(encoding="utf-8"))
TEST_COMMAND = " && ".join(
    [
        "python3 -m venv .venv",
        ".venv/bin/pip install -e '.[test]'",
        ".venv/bin/python -m pytest -n auto",
    ]
)


def blocks(page, language):
    return re.findall(rf"```{language}\n(.*?)```", page.read_text(encoding="utf-8"), re.S)


MARKS = {page: [pytest.mark.slow] if page != README else [] for page in PAGES}
CODE = [
    pytest.param(page, id=page.name, marks=MARKS[page]) for page in PAGES if blocks(page, "python")
]
COMMANDS = [
    pytest.param(line, id=f"{page.name}: {line}", marks=MARKS[page])
    for page in PAGES
    for block in blocks(page, "sh")
    for line in (line.partition("  #")[0].strip() for line in block.splitlines())
    if line
]


@pytest.fixture
def beside_the_examples(tmp_path, monkeypatch):
    (tmp_path / "examples").symlink_to(REPO / "examples")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("page", CODE)
@pytest.mark.usefixtures("beside_the_examples")
def test_python_blocks_run(page):
    names: dict[str, object] = {}
    for block in blocks(page, "python"):
        exec(compile(block, page.name, "exec"), names)
    plt.close("all")


def test_pages_with_code_are_found():
    found = {page.id for page in CODE}
    assert {"README.md", "python.md", "power-laws.md", "noise.md", "metrics.md"} <= found


def installs(requirement):
    """Return whether pip is asked for this project, with extras that there are."""
    found = re.fullmatch(r"(?:weightspectra|\.)(?:\[(.+)\])?", requirement)
    extras = set(found[1].split(",")) if found and found[1] else set()
    return found is not None and extras <= PROJECT["project"]["optional-dependencies"].keys()


@pytest.mark.parametrize("line", COMMANDS)
@pytest.mark.usefixtures("beside_the_examples")
def test_commands_run(line):
    """Programs are run to the first pipe; of what installs, every word is checked."""
    command = line.replace(".venv/bin/spectra", "spectra").partition(" | ")[0]
    program, *arguments = shlex.split(command)
    if program == "uvx":
        program, *arguments = arguments
    if program in PROJECT["project"]["scripts"]:
        with pytest.raises(SystemExit) as done:
            main(arguments)
        assert done.value.code == 0
    elif program == "make":
        makefile = (REPO / "Makefile").read_text(encoding="utf-8")
        assert all(re.search(rf"^{target}:", makefile, re.M) for target in arguments)
    elif line == "pip uninstall -y spectra weightspectra":
        assert PROJECT["project"]["name"] == arguments[-1]
    elif program == "git":
        home = PROJECT["project"]["urls"]["Repository"]
        assert line == f"git clone {home} && cd {PROJECT['project']['name']}"
    elif line.startswith("python3 -m venv"):
        assert line in (TEST_COMMAND, "python3 -m venv .venv && .venv/bin/pip install -e .")
    else:
        assert (program, arguments[0]) == ("pip", "install")
        assert installs(arguments[-1])


def test_the_test_command_of_the_readme_is_that_of_ci():
    assert TEST_COMMAND in blocks(README, "sh")[-1]
    assert TEST_COMMAND in (REPO / ".ci" / "run").read_text(encoding="utf-8").splitlines()


PRINTED = {"command-line.md": "analyze", "noise.md": "noise"}


@pytest.mark.slow
@pytest.mark.parametrize("page", PRINTED)
def test_tables_of_the_pages_are_those_of_the_commands(page, capsys):
    with pytest.raises(SystemExit):
        main([PRINTED[page], str(EXAMPLES / "mnist_mlp.safetensors")])
    (block,) = blocks(REPO / "docs" / page, "text")
    printed = capsys.readouterr()
    assert block.strip() in (printed.out + printed.err).strip()
    assert len(block.splitlines()) >= len(printed.out.splitlines())


def test_the_first_result_of_the_readme_is_the_output_of_the_command(capsys):
    with pytest.raises(SystemExit):
        main(["analyze", str(EXAMPLES / "mnist_mlp.safetensors")])
    (block,) = blocks(README, "text")
    assert block.strip() == capsys.readouterr().out.strip()


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_links_between_pages_lead_somewhere(page):
    for target in re.findall(r"\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)", page.read_text("utf-8")):
        assert (page.parent / target).exists(), target


def test_promises_name_tests_that_exist():
    promises = (REPO / "docs" / "security.md").read_text("utf-8")
    for path, _, test in re.findall(r"`((?:\w+/)*test_\w+\.py)(::(test_\w+))?`", promises):
        files = (REPO / "tests").glob(f"**/{path.removeprefix('tests/')}")
        found = [file for file in files if f"def {test}" in file.read_text("utf-8")]
        assert found, (path, test)


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_links_into_a_page_find_their_heading(page):
    for target, place in re.findall(r"\]\((?!https?:)([^)#]*)#([^)]*)\)", page.read_text("utf-8")):
        text = (page.parent / target if target else page).read_text("utf-8")
        heads = {
            re.sub(r"[^\w\- ]", "", head).strip().lower().replace(" ", "-")
            for head in re.findall(r"^#+ (.*)$", text, re.M)
        }
        assert place in heads


def test_the_address_and_the_version_are_the_same_everywhere():
    home = PROJECT["project"]["urls"]["Repository"]
    citation = (REPO / "CITATION.cff").read_text(encoding="utf-8")
    assert f"repository-code: {home}\n" in citation
    assert f"\nversion: {spectra.__version__}\n" in citation
    for page in PAGES:
        found = re.findall(r"https://github.com/[\w-]+/weightspectra", page.read_text("utf-8"))
        assert set(found) <= {home}


def test_every_page_is_on_the_map_of_the_readme():
    text = README.read_text(encoding="utf-8")
    for page in PAGES[1:]:
        assert f"]({page.relative_to(REPO)})" in text, page
