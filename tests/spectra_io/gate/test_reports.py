"""Reports: their formats against readers of others, and names that want to be more than names."""

import json
import re
from html.parser import HTMLParser
from urllib.parse import unquote, urlsplit

import jsonschema
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from spectra.errors import one_line
from spectra.results import rules
from spectra.results.dataset import from_rows
from spectra.results.triage import Concern, Finding
from spectra_io.gate import documents, files, markdown, sarif, texts
from spectra_io.gate.reports import BROKEN, NOT_DONE, PASSED, Checked, Report
from tests.builders import REPO, write

SCHEMA = json.loads((REPO / "tests" / "schemas" / "sarif-2.1.0-rtm.4.json").read_text("utf-8"))
VALIDATOR = jsonschema.Draft4Validator(SCHEMA)

HOSTILE = [
    "::error::hello",
    "  ::set-output name=a::b",
    "##[error]hello",
    "##vso[task.setvariable variable=a]b",
    "###teamcity[a]",
    "a|b|c",
    "\\|<b>x</b>",
    "`<script>alert(1)</script>",
    "``` \n# head",
    "a\n::error::b",
    "\r::error::b",
    "<img src=x onerror=alert(1)>",
    "<!-- -->",
    "[click](https://example.org)",
    "![x](https://example.org/x.png)",
    "https://example.org www.example.org a@example.org @octocat #1",
    "*a* _b_ **c** ~~d~~ $e$",
    "&lt;b&gt; &#60;",
    "{0} {{1}}",
    "\x1b[31mred\x1b]0;title\x07",
    "\u202eright to left",
    "层.größe",
    "x" * 5000,
    "-",
    "",
]


def checked(names, rule="alpha > 6", reason="because", path="m.onnx"):
    rows = {name: {"alpha": 7.5, "verdict_reason": reason, "verdict": 7} for name in names}
    outcomes = tuple(rules.check(from_rows(rows, always=["alpha", "D"]), [rule]))
    first = tuple(Finding(name, "like noise", reason, Concern.LIKE_NOISE) for name in names)
    return Checked(path, len(rows), len(rows), outcomes, first)


def report(names=("fc1",), rule="alpha > 6", **options):
    return Report((rules.parse(rule),), "--fail-on", (checked(names, rule, **options),))


# ---- exit codes


def model(*, computed=3, broken=False, problem=""):
    rule = "alpha > 6" if broken else "alpha > 8"
    return Checked("m", 3, computed, checked(["a"], rule).outcomes, (), problem)


@pytest.mark.parametrize(
    ("models", "code", "sentence"),
    [
        ([model()], PASSED, "passed: 1 rule holds for 3 layers"),
        ([model(broken=True)], BROKEN, "failed: 1 of 1 rule is broken"),
        ([model(problem="gone")], NOT_DONE, "not checked: gone"),
        ([model(broken=True, problem="gone")], BROKEN, "failed: 1 of 1 rule is broken; gone"),
        ([model(computed=0, problem="no")], NOT_DONE, "not checked: no"),
        (
            [model(computed=0, problem="no", broken=True)],
            NOT_DONE,
            "not checked: 1 of 1 rule is broken; no",
        ),
        ([model(), model(broken=True)], BROKEN, "failed: of 2 models 1 passed, 1 failed"),
        (
            [model(broken=True), model(problem="gone"), model()],
            NOT_DONE,
            "not checked: of 3 models 1 passed, 1 failed, 1 not checked",
        ),
        ([], NOT_DONE, "not checked: of 0 models "),
    ],
)
def test_codes(models, code, sentence):
    made = Report((), "default", tuple(models))
    assert (made.code, made.sentence) == (code, sentence)


def test_a_pattern_must_fit_a_layer_of_one_model():
    rule = rules.parse("alpha > 8: any of fc2")

    def of(*names):
        ds = from_rows({name: {"alpha": 7.0} for name in names})
        return Checked("m", 1, 1, tuple(rules.check(ds, [rule], unmatched_ok=True)))

    assert Report((rule,), "", (of("fc1"), of("fc2"))).code == PASSED
    unmatched = Report((rule,), "", (of("fc1"), of("fc3")))
    assert unmatched.code == NOT_DONE
    assert unmatched.sentence.endswith("no layer fits the pattern of rule 'alpha > 8: any of fc2'")
    assert json.loads(sarif.sarif(unmatched))["runs"][0]["invocations"][0]["exitCode"] == NOT_DONE


# ---- text


def test_text_has_layers_values_reasons_and_the_outcome_last():
    lines = texts.text(report(["fc1", "fc2"], reason="bulk not as noise")).splitlines()
    assert lines[0] == "spectra check: 1 rule (--fail-on)"
    assert "broken: alpha > 6 (2 of 2 layers)" in lines
    rows = [re.split(" {2,}", line.strip()) for line in lines if line.startswith("  - ")]
    assert rows[1] == ["- fc2", "7.5", "structured", "bulk not as noise"]
    assert rows[3] == ["- fc2", "like noise", "bulk not as noise"]
    assert lines[-1] == "failed: 1 of 1 rule is broken"


def test_ten_layers_to_look_at_first_are_listed_and_the_others_counted():
    names = [f"fc{i}" for i in range(13)]
    for form, row in (("text", "  - fc"), ("md", "| `fc")):
        made = files.rendered(report(names), form)
        listed = made[made.lower().index("look at these first") :]
        assert listed.count(row) == 10
        assert "and 3 more layers to look at first" in listed
        assert "json lists all" in listed
        assert "more layers to look at" not in files.rendered(report(names[:10]), form)
    assert len(json.loads(documents.document(report(names)))["models"][0]["look_at_first"]) == 13


def test_the_parts_for_a_screen_are_those_of_the_text():
    made = report(["fc1", "fc2"], rule="alpha > 6 and D == missing")
    parts = texts.parts(made)
    tables = [part for part in parts if not isinstance(part, str)]
    assert [[c.head for c in table.columns] for table in tables] == [
        ["layer", "alpha", "D", "verdict", "why"],
        ["look at these first", "verdict", "why"],
    ]
    assert [part for part in parts if isinstance(part, str)][-1] == made.sentence
    written = texts.text(made)
    for table in tables:
        for line in table.lines():
            assert line in written


def commands(text):
    """Return the lines that a runner of GitHub, Azure or TeamCity would obey."""
    lines = re.split(r"[\r\n]", text)
    return [x for x in lines if x.strip().startswith("::") or re.search(r"##(\[|vso|team)", x)]


def test_the_finder_of_commands_finds_them():
    assert len(commands("\n".join(HOSTILE))) >= 6


@pytest.mark.parametrize("form", files.FORMATS)
def test_no_line_is_a_command(form):
    made = report(HOSTILE, reason="::error::x ##[error]y\n::z", path="::error::\n##[a]")
    assert commands(files.rendered(made, form)) == []


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.parametrize("form", files.FORMATS)
def test_hostile_names_add_no_line(form, name):
    usual, other = (files.rendered(report([each], reason=each), form) for each in ("a", name))
    assert len(other.splitlines()) == len(usual.splitlines())
    assert other.replace("\n", "").isprintable()


# ---- Markdown


class Page(HTMLParser):
    """Tags and texts of a page."""

    def __init__(self):
        super().__init__()
        self.tags, self.cells, self.is_cell = [], [], False

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, attrs))
        if tag == "td":
            self.is_cell = True
            self.cells.append("")

    def handle_endtag(self, tag):
        self.is_cell = self.is_cell and tag != "td"

    def handle_data(self, data):
        if self.is_cell:
            self.cells[-1] += data


def page(text):
    found = Page()
    reader = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    found.feed(reader.render(text.removeprefix(markdown.HEAD)))
    return found


KNOWN = {"h2", "h3", "p", "ul", "li", "code", "strong", "table", "thead", "tbody", "tr", "th", "td"}


def shown(name):
    line = one_line(name)
    return line if len(line) <= 300 else line[:297] + "..."


@given(st.text(max_size=30))
@example("a`|` <b>")
@example("\\|")
def test_markdown_shows_names_as_they_are(name):
    made = page(markdown.markdown(report([name], reason=name)))
    assert {tag for tag, _ in made.tags} <= KNOWN
    assert all(not attrs for _, attrs in made.tags)
    row, first = made.cells[:4], made.cells[4:]
    assert [cell.strip() for cell in row] == [shown(name), "7.5", "structured", shown(name) or "-"]
    assert len(first) == 3


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_markdown_of_hostile_names(name):
    made = page(markdown.markdown(report([name], reason=name, path=name or "m")))
    assert {tag for tag, _ in made.tags} <= KNOWN
    assert made.cells[0].strip() == shown(name)
    source = re.sub("`[^`]*`", "", markdown.markdown(report([name], reason=name)))
    assert not re.search(r"(?i)https?://|www[.]|@[a-z]", source)


def test_markdown_has_at_most_fifty_layers_of_a_rule():
    made = markdown.markdown(report([f"fc{i}" for i in range(120)]))
    assert "\n\nand 70 more" in made
    assert made.count("| structured |") == 50


# ---- JSON


def test_json_is_complete():
    made = json.loads(documents.document(report(["fc1"], rule="alpha > 6 or D == missing")))
    assert (made["gate"]["exit_code"], made["gate"]["outcome"]) == (1, "failed")
    (one,) = made["models"]
    (rule,) = one["rules"]
    assert (rule["broken"], rule["num_layers"], rule["num_at_fault"]) == (True, 1, 1)
    (layer,) = rule["layers"]
    assert layer["values"] == {"alpha": 7.5, "D": None}
    assert (layer["layer"], layer["verdict"], layer["reason"]) == ("fc1", "structured", "because")
    assert one["look_at_first"][0]["layer"] == "fc1"


@given(st.text())
def test_json_keeps_names(name):
    made = json.loads(documents.document(report([name])))
    assert made["models"][0]["rules"][0]["layers"][0]["layer"] == name.replace("\0", "\\x00")


# ---- SARIF


def test_the_schema_refuses_other_documents():
    made = json.loads(sarif.sarif(report()))
    made["runs"][0]["results"][0]["level"] = "fatal"
    assert not VALIDATOR.is_valid(made)
    assert not VALIDATOR.is_valid({"version": "2.1.0"})


@pytest.mark.parametrize(
    "made",
    [report(), report(HOSTILE), report([]), Report((), "", (Checked("a", problem="gone"),))],
)
def test_sarif_is_valid(made):
    VALIDATOR.validate(json.loads(sarif.sarif(made)))


@given(st.text(), st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\0")))
def test_sarif_of_any_name_and_path_is_valid(name, path):
    VALIDATOR.validate(json.loads(sarif.sarif(report([name], path=path))))


def test_sarif_has_a_result_for_each_layer_that_breaks_a_rule():
    two = ("alpha > 6", "alpha > 7: at least 3")
    ds = from_rows({name: {"alpha": 7.5} for name in ("a", "b[q]")})
    parsed = tuple(map(rules.parse, two))
    one = Checked("models/my net.onnx", 2, 2, tuple(rules.check(ds, parsed)))
    (run,) = json.loads(sarif.sarif(Report(parsed, "", (one,))))["runs"]
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == list(two)
    assert [result["ruleId"] for result in run["results"]] == [two[0]] * 2
    for result, name in zip(run["results"], ("a", "b[q]"), strict=True):
        assert result["ruleIndex"] == 0
        assert result["level"] == "error"
        (place,) = result["locations"]
        assert place["physicalLocation"]["artifactLocation"]["uri"] == "models/my%20net.onnx"
        assert place["logicalLocations"][0]["fullyQualifiedName"] == name
        assert result["message"]["text"] == f"layer {name}: alpha 7.5"
    prints = [result["partialFingerprints"]["ruleAndLayer/v1"] for result in run["results"]]
    assert len(set(prints)) == 2


def test_sarif_says_what_was_not_checked():
    made = Report((), "", (Checked("a.onnx", problem="gone"), model()))
    (run,) = json.loads(sarif.sarif(made))["runs"]
    (invocation,) = run["invocations"]
    assert not invocation["executionSuccessful"]
    (said,) = invocation["toolExecutionNotifications"]
    assert said["message"]["text"] == "a.onnx: not checked: gone"


def test_sarif_messages_hold_neither_links_nor_placeholders():
    made = json.loads(sarif.sarif(report(["[a](https://example.org)", "{0}"])))
    for result in made["runs"][0]["results"]:
        assert not re.search(r"\]\(|[{}]", result["message"]["text"])


@pytest.mark.parametrize("path", ["a b.onnx", "ä/层.onnx", "a%20b", "a:b", "c#d?e", "../x", "[q]"])
def test_uris_of_relative_paths(path):
    found = sarif.uri(path)
    parts = urlsplit(found)
    assert found.isascii()
    assert (parts.scheme, parts.netloc, parts.query, parts.fragment) == ("", "", "", "")
    assert unquote(parts.path) == path


# ---- files


@pytest.mark.parametrize("ending", ["txt", "md", "json", "sarif"])
def test_only_reports_are_replaced(tmp_path, ending):
    path = tmp_path / f"r.{ending}"
    for name in ("old", "new"):
        files.save(report([name]), path)
        text = path.read_text("utf-8")
        assert name in text
        assert text.endswith("\n")
    other = write(tmp_path / f"other.{ending}", "{}" if ending == "json" else "my notes")
    with pytest.raises(ValueError, match="not replaced"):
        files.save(report(), other)
    assert other.read_text() in {"{}", "my notes"}
