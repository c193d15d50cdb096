"""The code and the commands of the README and of the docs run as a reader would run them."""

import importlib
import re
import shlex
import tomllib

import matplotlib.pyplot as plt
import pytest
import yaml

import spectra
from spectra.noise.phases import Phase
from spectra.results.variables import VARIABLES
from spectra.results.verdicts import Reading, Verdict
from spectra.tails.support import Support
from spectra_io.commands.main import main
from tests.builders import EXAMPLES, REPO

README = REPO / "README.md"
SKILL = REPO / "SKILL.md"
DOCS = REPO / "docs"
IN_ORDER = [  # pages whose blocks run one after the other, and whose output is shown
    *(SKILL, DOCS / "citing.md", DOCS / "reading.md", DOCS / "start.md"),
    *sorted((DOCS / "howto").glob("*.md")),
    *sorted((DOCS / "methods").glob("*.md")),
]
ALONE = [  # pages each of whose commands runs by itself
    *(README, REPO / "CONTRIBUTING.md"),
    *(page for page in sorted(DOCS.glob("*.md")) if page not in IN_ORDER),
]
PAGES = [*ALONE, *IN_ORDER]
PROJECT = tomllib.loads((REPO / "pyproject.toml").read_text(encoding="utf-8"))
TEST_COMMAND = " && ".join(
    [
        "python3 -m venv .venv",
        ".venv/bin/pip install -e '.[test]'",
        ".venv/bin/python -m pytest -n auto",
    ]
)
FIRST_STEP = 'python3 -m venv .venv && .venv/bin/pip install -e ".[report]"'


def blocks(page, language):
    return re.findall(rf"```{language}\n(.*?)```", page.read_text(encoding="utf-8"), re.S)


def lines(block):
    """Return the commands of a block, without comments."""
    found = (line.partition("  #")[0].strip() for line in block.splitlines())
    return [line for line in found if line]


MARKS = {page: [pytest.mark.slow] if page != README else [] for page in ALONE}
CODE = [
    pytest.param(page, id=page.name, marks=MARKS[page]) for page in ALONE if blocks(page, "python")
]
COMMANDS = [
    pytest.param(line, id=f"{page.name}: {line}", marks=MARKS[page])
    for page in ALONE
    for block in blocks(page, "sh")
    for line in lines(block)
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
    kinds = {page.parent.name for page in IN_ORDER if blocks(page, "python")}
    assert {REPO.name, "docs", "howto", "methods"} == kinds


def installs(requirement):
    """Return whether pip is asked for this project, with extras that there are."""
    found = re.fullmatch(r"(?:weightspectra|\.)(?:\[(.+)\])?", requirement)
    extras = set(found[1].split(",")) if found and found[1] else set()
    return found is not None and extras <= PROJECT["project"]["optional-dependencies"].keys()


def run(line):
    """Run a program to the first pipe; of what installs, check every word."""
    command = line.replace(".venv/bin/", "", 1) if line.startswith(".venv/bin/") else line
    command = command.partition(" | ")[0]
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
        assert line in (
            TEST_COMMAND,
            FIRST_STEP,
            "python3 -m venv .venv && .venv/bin/pip install -e .",
        )
    else:
        assert (program, arguments[0]) == ("pip", "install")
        assert installs(arguments[-1])


@pytest.mark.parametrize("line", COMMANDS)
@pytest.mark.usefixtures("beside_the_examples")
def test_commands_run(line):
    run(line)


def steps(page):
    """Return the blocks of a page that run, each with the output shown after it, or None."""
    fences = re.findall(r"```(\w*)\n(.*?)```", page.read_text(encoding="utf-8"), re.S)
    following = [*fences[1:], ("", "")][: len(fences)]
    return [
        (language, block, shown if kind == "text" else None)
        for (language, block), (kind, shown) in zip(fences, following, strict=True)
        if language in ("python", "sh")
    ]


@pytest.mark.slow
@pytest.mark.parametrize(
    "page", [page for page in IN_ORDER if steps(page)], ids=lambda p: f"{p.parent.name}/{p.name}"
)
@pytest.mark.usefixtures("beside_the_examples")
def test_blocks_run_in_order_and_print_what_the_page_shows(page, capsys):
    names: dict[str, object] = {}
    for language, block, shown in steps(page):
        capsys.readouterr()
        if language == "python":
            exec(compile(block, page.name, "exec"), names)
        else:
            for line in lines(block):
                run(line)
        printed = capsys.readouterr().out
        if shown is not None:
            assert trimmed(printed) == trimmed(shown)
    plt.close("all")


def trimmed(text):
    """Return a text without spaces at the ends of its lines, and empty lines at its ends."""
    return "\n".join(line.rstrip() for line in text.splitlines()).strip("\n")


def test_text_on_these_pages_is_output_and_has_a_block_that_prints_it():
    for page in IN_ORDER:
        shown = [block for _, block, block_shown in steps(page) if block_shown is not None]
        assert len(shown) == len(blocks(page, "text")), page
    assert sum(bool(blocks(page, "text")) for page in IN_ORDER) > 10


def test_three_commands_of_the_readme_lead_from_nothing_to_a_report():
    git, install, report = lines(blocks(README, "sh")[0])[:3]
    assert git.startswith("git clone ")
    assert install == FIRST_STEP
    assert report.endswith(" -o report.html")


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
    printed = capsys.readouterr()
    assert block.strip() == printed.out.strip()
    assert f"`{printed.err.strip()}`" in README.read_text("utf-8")


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
    assert f"version = {{{spectra.__version__}}}\n" in (DOCS / "citing.md").read_text("utf-8")
    for page in PAGES:
        found = re.findall(r"https://github.com/[\w-]+/weightspectra", page.read_text("utf-8"))
        assert set(found) <= {home}


def test_every_page_is_on_the_map_of_the_readme():
    """Each page is on the map, and each page of a method in the list of methods, which is on it."""
    for page in PAGES[1:]:
        index = DOCS / "metrics.md" if page.parent.name == "methods" else README
        assert f"]({page.relative_to(index.parent)})" in index.read_text(encoding="utf-8"), page


METHODS = sorted((DOCS / "methods").glob("*.md"))
SECTIONS = ["Formula", "Value for noise", "When it fails", "Evidence", "Source"]


@pytest.mark.parametrize("page", METHODS, ids=lambda p: p.stem)
def test_a_page_of_a_method_says_what_it_promises(page):
    text = page.read_text(encoding="utf-8")
    heads = re.findall(r"^## (.*)$", text, re.M)
    assert [head for head in heads if head not in {"In Python", "What to do"}] == SECTIONS
    assert all(len(part.strip()) > 20 for part in re.split(r"^## .*$", text, flags=re.M))
    rows = dict(re.findall(r"^\| (source|computed by|variables) \| (.+) \|$", text, re.M))
    assert set(rows) == {"source", "computed by", "variables"}
    assert named(rows["variables"]) <= VARIABLES.keys()


def named(text):
    return set(re.findall(r"`(\w+)`", text))


def test_every_variable_that_is_measured_has_the_page_of_a_method():
    rows = re.findall(r"^\| variables \| (.+) \|$", "\n".join(map(text_of, METHODS)), re.M)
    of_the_file = {"N", "M", "Q", "rf", "slice_id", "layer_type", "tensor_name"}
    wanted = {name for name, found in VARIABLES.items() if found.group != "tensor"}
    assert set().union(*map(named, rows)) == wanted - of_the_file


@pytest.mark.parametrize("page", METHODS, ids=lambda p: p.stem)
def test_variables_name_the_page_of_their_method(page):
    (row,) = re.findall(r"^\| variables \| (.+) \|$", text_of(page), re.M)
    assert {v.name for v in VARIABLES.values() if v.method == page.stem} == named(row)


def text_of(page):
    return page.read_text(encoding="utf-8")


@pytest.mark.parametrize("page", [*IN_ORDER, DOCS / "metrics.md"], ids=lambda p: p.name)
def test_names_of_the_library_on_a_page_can_be_imported(page):
    for name in re.findall(r"`((?:spectra|spectra_io)(?:\.\w+)+)[`(]", text_of(page)):
        if (DOCS.parent / name).exists() or name.endswith((".json", ".nc")):
            continue
        parts = name.split(".")
        thing = importlib.import_module(parts[0])
        for i, part in enumerate(parts[1:], 2):
            if not hasattr(thing, part):
                importlib.import_module(".".join(parts[:i]))
            thing = getattr(thing, part)


def test_the_glossary_has_the_words_of_verdicts_and_of_support_and_of_phases():
    _, _, words = text_of(DOCS / "reading.md").partition("## Words")
    plain = words.lower().replace("-", " ")
    for codes, missing in (
        (Verdict, "NOT_JUDGED"),
        (Reading, "NONE"),
        (Support, "NOT_FITTED"),
        (Phase, "NOT_CLASSIFIED"),
    ):
        for code in codes:
            if code.name not in (missing, "OTHER"):
                assert code.name.lower().replace("_", " ") in plain, code


def test_the_skill_is_short_and_says_when_to_use_it():
    text = text_of(SKILL)
    _, front, _ = text.split("---\n", 2)
    facts = yaml.safe_load(front)
    assert facts.keys() == {"name", "description"}
    assert facts["name"] == PROJECT["project"]["name"]
    assert 100 < len(facts["description"]) <= 1024
    assert len(text.splitlines()) < 150
