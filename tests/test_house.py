"""The house itself: what is exported, who imports whom, and that everything is documented."""

import ast
import doctest
import importlib
import inspect
import pkgutil
import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

import spectra
import spectra_io
import weightspectra
from spectra.results.variables import VARIABLES
from tests.builders import REPO, environment

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = (spectra, spectra_io, weightspectra)
MODULES = {package.__name__: package for package in PACKAGES} | {
    info.name: importlib.import_module(info.name)
    for package in PACKAGES
    for info in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
}
PUBLIC = sorted(name for name in MODULES if "._" not in name)
ROOMS = [name for name in PUBLIC if hasattr(MODULES[name], "__path__")]
WORLD = {
    "spectra_io",
    "onnx",
    "safetensors",
    "gguf",
    "matplotlib",
    "plotly",
    "rich",
    "click",
    "pathlib",
    "os",
    "io",
}

GROUND = {
    *("errors", "_typing", "_checks", "_executing", "_one_thread", "_sparse", "_spectral"),
    *("_version", "dtypes"),
    "multiple_tests",
}
MATHEMATICS = GROUND | {"linalg", "tails", "noise"}
MAY_IMPORT = {  # within spectra: what each room may know of
    **dict.fromkeys(GROUND, GROUND),
    "models": GROUND,
    "linalg": GROUND,
    "tails": GROUND,
    "noise": GROUND | {"linalg", "tails"},
    "theory": MATHEMATICS,
    "_spectrum": MATHEMATICS,
    "results": MATHEMATICS | {"models"},
    "measures": MATHEMATICS | {"_spectrum", "results"},
    "costs": MATHEMATICS | {"models", "measures"},
    "_measuring": MATHEMATICS | {"models", "_spectrum", "results", "measures"},
    "stored": MATHEMATICS | {"models", "_spectrum", "results", "measures", "_measuring"},
    "analysis": MATHEMATICS
    | {"models", "_spectrum", "results", "measures", "_measuring", "stored"},
    "weightwatcher": MATHEMATICS | {"models", "_spectrum", "results", "measures"},
}
SHELL_MAY_IMPORT = {  # within spectra_io
    "_clash": set(),
    "urls": set(),
    "storage": {"urls"},
    "formats": {"storage"},
    "models": {"urls", "storage", "formats"},
    "powerlaw_fits": set(),
    "results": {"storage"},
    "plots": {"storage"},
    "terminal": {"urls"},
    "runs": {"terminal"},
    "gate": {"urls", "storage", "terminal"},
    "report": {"storage", "plots", "terminal"},
    "commands": {"urls", "models", "results", "plots", "runs", "terminal", "gate", "report"},
    "__main__": {"commands"},
}


def tree_of(module):
    return ast.parse(Path(module.__file__).read_text(encoding="utf-8"))


def defined(module):
    """Return the public names that a module defines itself."""
    names = set()
    for node in tree_of(module).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names |= {t.id for t in targets if isinstance(t, ast.Name)}
    return {name for name in names if not name.startswith("_")}


def imported(module):
    """Return the modules that a module imports, those for types and within functions included."""
    for node in ast.walk(tree_of(module)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parts = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from (part if part in MODULES else str(node.module) for part in parts)


def room(name):
    """Return the room of a module: what follows the name of the package."""
    return name.split(".")[1]


def public_things():
    for name in PUBLIC:
        for attribute in MODULES[name].__all__:
            value = getattr(MODULES[name], attribute)
            if inspect.isfunction(value) or (inspect.isclass(value) and value.__doc__):
                yield f"{name}.{attribute}", value


THINGS = {id(value): pytest.param(value, id=name) for name, value in public_things()}.values()


@pytest.mark.parametrize("name", PUBLIC)
def test_exports_are_sorted_and_exist(name):
    exported = MODULES[name].__all__
    assert sorted(exported, key=lambda n: (not n.isupper(), n[0].islower(), n)) == list(exported)
    assert all(hasattr(MODULES[name], attribute) for attribute in exported)


@pytest.mark.parametrize("name", PUBLIC)
def test_what_is_not_exported_is_private_or_a_plain_constant(name):
    module = MODULES[name]
    hidden = {n for n in defined(module) - set(module.__all__) if not n.isupper()}
    assert hidden == set()


@pytest.mark.parametrize("name", ROOMS)
def test_package_exports_what_it_imports(name):
    imports = {
        alias.asname or alias.name
        for node in tree_of(MODULES[name]).body
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("spectra")
        for alias in node.names
    }
    exported = set(MODULES[name].__all__)
    assert exported <= imports | defined(MODULES[name])
    public = {n for n in imports if not n.isupper() and not n.startswith("_")}
    assert public <= exported


def test_the_face_is_small_and_its_docstring_names_all_of_it():
    assert 20 <= len(spectra.__all__) <= 26
    index = re.findall(r":(?:func|class|mod):`(?:spectra\.)?(\w+)`", spectra.__doc__)
    assert sorted(index) == sorted(spectra.__all__)


def test_everything_is_reached_in_one_way_only():
    ways: dict[int, list[str]] = {}
    for name, value in public_things():
        if name.rpartition(".")[0] not in {"spectra", "spectra_io"}:
            ways.setdefault(id(value), []).append(name)
    assert [names for names in ways.values() if len(names) > 1] == []


def test_modules_and_measures_and_variables_do_not_share_a_name():
    modules = {name.rpartition(".")[2] for name in PUBLIC}
    measures = {m.__name__ for m in spectra.measures.ALL}
    assert modules & measures == set()
    assert modules & set(VARIABLES) == set()
    assert measures & set(VARIABLES) == set()


@pytest.mark.parametrize("name", [n for n in MODULES if n.startswith("spectra.")])
def test_core_knows_nothing_of_the_world(name):
    roots = {module.partition(".")[0] for module in imported(MODULES[name])}
    assert roots & WORLD == set()


def test_source_roots_hold_no_package_called_io():
    assert not (ROOT / "io" / "__init__.py").exists()
    assert not (ROOT / "tests" / "io").exists()


def rooms_on_the_map():
    """Return the rooms that docs/design.md draws, by package, in their order."""
    text = (ROOT / "docs" / "design.md").read_text(encoding="utf-8")
    drawn = text.partition("```text\n")[2].partition("```")[0]
    rooms: dict[str, list[str]] = {}
    for line in drawn.splitlines():
        name = line.split()[0].rstrip("/")
        if line[0] != " ":
            rooms[name] = []
        else:
            rooms[list(rooms)[-1]].append(name)
    return rooms


@pytest.mark.parametrize("package", ["spectra", "io/spectra_io", "io/weightspectra"])
def test_the_map_of_the_house_is_the_tree(package):
    folder = ROOT / package
    there = {p.name for p in folder.iterdir() if p.suffix == ".py" or (p / "__init__.py").exists()}
    assert sorted(rooms_on_the_map()[package]) == sorted(there)


def test_rooms_stand_on_the_map_in_the_order_of_imports():
    drawn = [name.removesuffix(".py") for name in rooms_on_the_map()["spectra"]]
    for room_name, below in MAY_IMPORT.items():
        above = {other for other in drawn[1:] if drawn.index(other) > drawn.index(room_name)}
        assert room_name in GROUND or not below & above


def test_imports_have_no_cycle():
    graph = {name: {m for m in imported(MODULES[name]) if m in MODULES} for name in MODULES}
    left = dict(graph)
    while free := [name for name, needs in left.items() if not needs & left.keys()]:
        for name in free:
            del left[name]
    assert left == {}


@pytest.mark.parametrize("name", [n for n in MODULES if re.match(r"spectra(_io)?[.]", n)])
def test_rooms_import_downwards_only(name):
    package = name.partition(".")[0]
    allowed = MAY_IMPORT if package == "spectra" else SHELL_MAY_IMPORT
    inside = [m for m in imported(MODULES[name]) if m.startswith(f"{package}.")]
    assert {room(m) for m in inside} - {room(name)} <= allowed[room(name)]


def test_heavy_libraries_wait_until_they_are_needed():
    heavy = (
        "onnx powerlaw matplotlib safetensors gguf rich click h5netcdf h5py pyarrow.parquet "
        "ml_dtypes plotly jinja2"
    )
    code = f"""
import sys, spectra, spectra_io
print([m for m in {heavy.split()} if m in sys.modules])
"""
    command = [sys.executable, "-c", code]
    ran = subprocess.run(command, capture_output=True, text=True, env=environment())
    assert (ran.stderr, ran.stdout.strip()) == ("", "[]")


@pytest.mark.parametrize("name", sorted(VARIABLES))
def test_variables_are_documented(name):
    variable = VARIABLES[name]
    assert variable.long_name
    assert variable.references
    assert variable.group
    words = {"it", "its", "their", "they", "that", "those", "this", "these", "the", "one"}
    assert variable.long_name.split()[0].lower().strip(",") not in words
    assert variable.units or variable.kind in {"str", "flag"}


def test_page_of_variables_is_up_to_date():
    code = runpy.run_path(str(ROOT / "docs" / "make_variables.py"))
    assert (ROOT / "docs" / "variables.md").read_text(encoding="utf-8") == code["page"]()


def test_every_variable_is_produced_and_declared():
    import numpy as np

    conv = np.random.default_rng(0).standard_normal((8, 8, 2, 2))
    layers = spectra.layers({"conv": conv}, pool=False)
    ds, tensors = spectra.analyze(layers, measures=spectra.measures.ALL), spectra.describe(layers)
    collapse = spectra.results.scale_collapse.find(ds)
    claims = spectra.results.claims.claims(ds)
    results = (ds, tensors, collapse, spectra.summary(ds), claims)
    assert {str(name) for data in results for name in data.data_vars} == set(VARIABLES)
    for data in results:
        for name, array in data.data_vars.items():
            assert array.dims == VARIABLES[str(name)].dims or data is not ds
            assert array.attrs["long_name"] == VARIABLES[str(name)].long_name


@pytest.mark.slow
@pytest.mark.parametrize("thing", THINGS)
def test_docstring_follows_numpydoc(thing):
    from numpydoc.validate import validate

    found = validate(f"{thing.__module__}.{thing.__qualname__}")
    # no extended summary, see-also or raises is needed; a dataclass has its fields as parameters
    ignored = {"ES01", "SA01", "SA04", "GL01", "GL08"}
    if inspect.isclass(thing):
        ignored |= {"PR01", "PR02", "SS05", "EX01"}
    assert [e for e in found["errors"] if e[0] not in ignored] == []


HEADLESS = {"it", "its", "they", "their", "that", "those", "this", "these", "what", "how", "who"}


def first_word(docstring):
    return re.split(r"\W", docstring.strip().lower())[0]


@pytest.mark.parametrize("thing", THINGS)
def test_docstring_names_its_object_first(thing):
    assert first_word(thing.__doc__) not in HEADLESS
    for name, member in vars(thing).items() if inspect.isclass(thing) else ():
        if not name.startswith("_") and inspect.isfunction(member):
            assert first_word(member.__doc__) not in HEADLESS


@pytest.mark.parametrize("name", sorted(MODULES))
def test_module_names_its_subject_first(name):
    assert first_word(MODULES[name].__doc__) not in HEADLESS


def test_every_column_has_a_description():
    from spectra_io.terminal import column_groups, columns, tensor_tables

    groups = [column_groups.columns_of([group]) for group in column_groups.GROUPS]
    every = (tensor_tables.TENSOR_COLUMNS, *groups)
    for shown in every:
        described = [c for c in shown if c.name in VARIABLES]
        assert [c.name for c in shown[1:]] == [c.name for c in described]
        lines = columns.legend(shown)
        for c in described:
            assert c.head in lines
            assert (VARIABLES[c.name].help or VARIABLES[c.name].long_name).split()[0] in lines


@pytest.mark.parametrize("thing", THINGS)
def test_docstring_has_an_example_that_runs(thing):
    if inspect.isclass(thing) and issubclass(thing, spectra.SpectraError):
        return
    examples = doctest.DocTestFinder(recurse=False).find(thing, globs={})
    assert any(test.examples for test in examples)


def test_lines_of_a_changelog_entry_exist_for_the_version():
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.search(r"^## Unreleased$", text, re.M) or spectra.__version__ in text


@pytest.mark.parametrize("name", sorted(MODULES))
def test_source_has_no_control_characters(name):
    source = Path(str(MODULES[name].__file__)).read_text(encoding="utf-8")
    assert not re.search(r"[\x00-\x09\x0b-\x1f]", source)


TOP = (
    ".asv .ci .git .github .gitignore .hypothesis .mypy_cache .pre-commit-config.yaml "
    ".pre-commit-hooks.yaml .pytest_cache .readthedocs.yaml .ruff_cache CHANGELOG.md CITATION.cff "
    "CONTRIBUTING.md LICENSE Makefile README.md SECURITY.md SKILL.md action.yml conftest.py docs "
    "examples io pyproject.toml spectra tests"
)


def test_only_what_belongs_to_the_project_is_tracked():
    command = ["git", "-C", str(REPO), "ls-files", "-z"]
    listed = subprocess.run(command, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("not a clone")
    paths = [path for path in listed.stdout.split("\0") if path]
    assert {path.partition("/")[0] for path in paths} <= {*TOP.split()}
    large = [p for p in paths if (REPO / p).is_file() and (REPO / p).stat().st_size > 2_000_000]
    assert large == []
