"""Rules: their grammar, what they say of results, and what is refused."""

import math
import operator
import time
from contextlib import suppress
from typing import Any

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

import spectra
from spectra import measures
from spectra.errors import ArgumentError, UnknownNameError
from spectra.results import rules, triage
from spectra.results.dataset import from_rows
from spectra.results.rules import _counts
from spectra.results.variables import VARIABLES, Variable
from spectra.results.verdicts import Verdict

ROWS: dict[str, dict[str, Any]] = {
    "h.0.mlp": {"alpha": 7.0, "M": 100, "verdict": Verdict.LIKE_NOISE, "status": 1},
    "h.0.attn": {"alpha": 3.0, "M": 20, "verdict": Verdict.TRAPPED, "status": 1},
    "h.1.mlp": {"M": 100, "verdict": Verdict.BROKEN, "status": 3, "verdict_reason": "all zero"},
    "h.1.attn": {"alpha": 6.0, "M": 50, "verdict": Verdict.STRUCTURED, "status": 1},
    "head": {"M": 9, "status": 0, "status_reason": "not read: gone"},
}
TRAPS = {"num_traps": 0.0, "trap_p": 1.0}
DS = from_rows({name: {**TRAPS, **row} for name, row in ROWS.items()})


def at_fault(text, ds=DS):
    (outcome,) = rules.check(ds, [text])
    return [breach.layer for breach in outcome.breaches]


def is_broken(text, ds=DS):
    (outcome,) = rules.check(ds, [text])
    return outcome.is_broken


# ---- conditions


@pytest.mark.parametrize(
    ("text", "layers"),
    [
        ("alpha > 6", ["h.0.mlp"]),
        ("alpha >= 6", ["h.0.mlp", "h.1.attn"]),
        ("alpha<6", ["h.0.attn"]),
        ("alpha <= 6.0e0", ["h.0.attn", "h.1.attn"]),
        ("alpha == 3", ["h.0.attn"]),
        ("alpha != 3", ["h.0.mlp", "h.1.attn"]),
        ("alpha in {3, 7}", ["h.0.mlp", "h.0.attn"]),
        ("alpha not in {3,7}", ["h.1.attn"]),
        ("alpha == missing", ["h.1.mlp", "head"]),
        ("alpha != missing", ["h.0.mlp", "h.0.attn", "h.1.attn"]),
        ("alpha in {3, missing}", ["h.0.attn", "h.1.mlp", "head"]),
        ("alpha > -1 and alpha < +1e9", ["h.0.mlp", "h.0.attn", "h.1.attn"]),
        ("verdict == broken", ["h.1.mlp"]),
        ("verdict in {broken, trapped}", ["h.0.attn", "h.1.mlp"]),
        ("verdict != like_noise", ["h.0.attn", "h.1.mlp", "h.1.attn", "head"]),
        ("status != computed", ["h.1.mlp", "head"]),
        ("M < 50", ["h.0.attn", "head"]),
        ("alpha > 6 or alpha < 4 and M < 10", ["h.0.mlp"]),
        ("(alpha > 6 or alpha < 4) and M < 60", ["h.0.attn"]),
        ("M<60 and((alpha>6)or(alpha<4))", ["h.0.attn"]),
        ("alpha > 0: any of mlp", ["h.0.mlp"]),
        ("M > 0: any of h.?.mlp", ["h.0.mlp", "h.1.mlp"]),
    ],
)
def test_layers_at_fault(text, layers):
    assert at_fault(text) == layers


SIGNS = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
COMPARED = st.tuples(
    st.sampled_from(["alpha", "D"]), st.sampled_from(list(SIGNS)), st.integers(-2, 2)
)
TREES = st.recursive(
    COMPARED,
    lambda parts: st.tuples(st.sampled_from(["and", "or"]), st.lists(parts, min_size=2)),
    max_leaves=6,
)
NUMBERS = st.one_of(st.just(math.nan), st.integers(-2, 2).map(float))


def written(tree):
    if len(tree) == 3:
        return " ".join(map(str, tree))
    return "(" + f" {tree[0]} ".join(map(written, tree[1])) + ")"


def naive(tree, row):
    """Evaluate a condition for one layer by Python's own words."""
    if len(tree) == 3:
        x = row[tree[0]]
        return not math.isnan(x) and SIGNS[tree[1]](x, tree[2])
    return (all if tree[0] == "and" else any)(naive(part, row) for part in tree[1])


@given(TREES, st.lists(st.tuples(NUMBERS, NUMBERS), min_size=1, max_size=5))
def test_conditions_are_those_of_python(tree, numbers):
    rows = {str(i): {"alpha": a, "D": d} for i, (a, d) in enumerate(numbers)}
    expected = [name for name, row in rows.items() if naive(tree, row)]
    assert at_fault(written(tree), from_rows(rows)) == expected


def test_and_binds_closer_than_or():
    """Without parentheses the order of Python counts."""
    rows = {
        f"{a}{b}{c}": {"alpha": a, "D": b, "M": c} for a in (0, 1) for b in (0, 1) for c in (0, 1)
    }
    found = at_fault("alpha == 1 or D == 1 and M == 1", from_rows(rows))
    assert found == [name for name, r in rows.items() if r["alpha"] or (r["D"] and r["M"])]


# ---- counts


@pytest.mark.parametrize(
    ("count", "reached"),
    [
        ("any", [False, True, True, True, True]),
        ("all", [False, False, False, False, True]),
        ("more than 0", [False, True, True, True, True]),
        ("more than 2", [False, False, False, True, True]),
        ("at least 2", [False, False, True, True, True]),
        ("more than 50 %", [False, False, False, True, True]),
        ("at least 50%", [False, False, True, True, True]),
        ("more than 0 %", [False, True, True, True, True]),
        ("at least 100 %", [False, False, False, False, True]),
        ("at  least   12.5 %", [False, True, True, True, True]),
    ],
)
def test_counts_of_four_layers(count, reached):
    for num, expected in enumerate(reached):
        ds = from_rows({str(i): {"alpha": 9.0 if i < num else 1.0} for i in range(4)})
        assert is_broken(f"alpha > 6: {count}", ds) == expected


def test_shares_are_of_the_layers_that_the_rule_looks_at():
    assert not is_broken("alpha > 6: more than 49 %")
    assert is_broken("alpha > 6: more than 49 % of mlp")
    assert not is_broken("alpha > 6: all of mlp")
    assert is_broken("alpha > 6: all of h.0.mlp")


def test_no_layer_breaks_no_rule():
    ds = from_rows({}, always=["alpha"])
    for count in ("any", "all", "more than 0", "more than 0 %", "at least 100 %"):
        assert not is_broken(f"alpha > 6: {count}", ds)


# ---- outcomes


def test_breaches_have_values_and_reasons():
    (outcome,) = rules.check(DS, ["status != computed and M > 1"])
    assert [tuple(breach) for breach in outcome.breaches] == [
        ("h.1.mlp", {"status": "all_zero", "M": 100.0}, "broken", "all zero"),
        ("head", {"status": "not_read", "M": 9.0}, "not_judged", "not read: gone"),
    ]
    assert outcome.num_layers == 5


def test_the_reason_to_look_at_a_layer_comes_before_that_of_its_verdict():
    W = np.random.default_rng(0).standard_normal((200, 100))
    W[7, 9] = 60.0
    ds = spectra.analyze({"fc": W, "noise": np.random.default_rng(1).standard_normal((200, 100))})
    (first, second) = rules.check(ds, ["large_strength > 2", "M == 100"])
    assert (
        first.breaches[0].reason
        == "element (7, 9) makes a spike by itself, 5.1 times the limit of detection"
    )
    (found,) = [each for each in triage.findings(ds) if each.layer == "fc"]
    assert second.breaches[0].reason == found.reason != ds.verdict_reason.values[0]


def test_defaults_find_what_is_broken_or_was_not_read():
    found = [[b.layer for b in o.breaches] for o in rules.check(DS)]
    assert found == [["h.1.mlp"], ["head"]]


def test_a_verdict_that_was_not_measured_is_refused_not_passed():
    ds = spectra.analyze({"fc": np.random.default_rng(0).standard_normal((60, 30))})
    with pytest.raises(
        ArgumentError, match=r"needs num_traps, trap_p, which .*returning\('verdict'"
    ):
        rules.check(ds, ["verdict in {broken, trapped}"])
    assert not is_broken("verdict == broken", ds)


def test_the_measures_that_the_message_names_are_enough():
    W = np.random.default_rng(0).standard_normal((200, 100))
    W[7, 9] = 60.0
    rule = rules.parse("verdict == trapped and trap_p < 0.01")
    ds = spectra.analyze({"fc": W}, measures=measures.returning(*rule.needs))
    assert is_broken(rule.text, ds)
    assert ds.verdict.item() == Verdict.TRAPPED


def test_one_model_of_several():
    both = xr.concat([DS, from_rows({"x": {"alpha": 9.0}})], "model", join="outer")
    assert at_fault("alpha > 6", both.isel(model=0)) == ["h.0.mlp"]
    assert at_fault("alpha > 6", both.isel(model=1)) == ["x"]
    with pytest.raises(ArgumentError, match="several results"):
        rules.check(both, ["alpha > 6"])


def test_variables_of_your_own():
    own = Variable("trace", "trace of W.T @ W", "w2", "sum(lambda)", "linear algebra")
    ds = from_rows({"a": {"trace": 3.0}, "b": {"trace": 1.0}}, variables=[own])
    rule = rules.parse("trace > 2", variables=[own])
    assert [breach.layer for breach in rules.check(ds, [rule])[0].breaches] == ["a"]


def test_every_variable_of_layers_can_be_compared_or_says_why_not():
    for name, variable in VARIABLES.items():
        value = "missing" if variable.flags is None else next(iter(variable.flags)).name.lower()
        if variable.dims == ("layer",) and variable.kind != "str":
            assert rules.parse(f"{name} == {value}").variables == (name,)
        else:
            with pytest.raises(
                ArgumentError, match=rf"{name} is (a text|not one number per layer)"
            ):
                rules.parse(f"{name} == {value}")


def test_a_pattern_that_fits_no_layer_is_refused():
    with pytest.raises(
        UnknownNameError, match=r"no layer fits 'mpl'; the nearest of 5 are 'h.0.mlp'"
    ):
        rules.check(DS, ["alpha > 6: any of mpl"])
    (outcome,) = rules.check(DS, ["alpha > 6: any of mpl"], unmatched_ok=True)
    assert (outcome.num_layers, outcome.is_broken) == (0, False)


def test_a_single_text_is_not_several_rules():
    with pytest.raises(ArgumentError, match="must be several"):
        rules.check(DS, "alpha > 6")


# ---- what is not a rule

REFUSED = {
    "": "wanted a variable, got the end",
    "   ": "wanted a variable, got the end",
    "alpha": "wanted one of == != < <= > >= in after alpha, got the end",
    "alpha >": "wanted a value of alpha, got the end",
    "alpha > > 3": "wanted a value of alpha, got '>'",
    "alpha = 3": "'=' is not part of a rule; write ==",
    "alpha ≥ 3": "'≥' is not part of a rule; write >=",
    "alpha > 6 alpha < 2": "wanted and, or, ':' or the end, got 'alpha'",
    "alpha > 6 and": "wanted a variable, got the end",
    "(alpha > 6": "wanted ')', got the end",
    "alpha > 6)": "wanted and, or, ':' or the end, got ')'",
    "2 < alpha": "wanted a variable, got '2'",
    "not alpha > 6": "wanted a variable, got 'not'",
    "alpha not > 6": "wanted in after not; there is no other not, got '>'",
    "alpha in 3": "wanted values in braces, as in {a, b}, got '3'",
    "alpha in {}": "wanted a value of alpha, got '}'",
    "alpha in {3": "wanted ',' or '}', got the end",
    "alpha in {3,}": "wanted a value of alpha, got '}'",
    "alpha > nan": "alpha is a finite number or missing, got 'nan'",
    "alpha > 1e999": "alpha is a finite number or missing, got '1e999'",
    "alpha > 0x10": "'0x10' is not part of a rule",
    "alpha > 1_000": "'1_000' is not part of a rule",
    "alpha > ٣": "'٣' is not part of a rule",
    "alpha \uff1e 3": "'\uff1e' is not part of a rule",
    "\u0430lpha > 3": "'\u0430lpha' is not part of a rule",
    "alpha > missing": "a missing number has no order; write alpha == missing",
    "verdict > broken": "verdict has words, which have no order; compare them with == != in",
    "verdict == 3": "no word of verdict '3'; the nearest of 8 are ",
    "verdict == brokn": "no word of verdict 'brokn'; the nearest of 8 are 'broken'",
    "alhpa > 3": "no variable 'alhpa'; the nearest of ",
    "eigenvalue > 3": "eigenvalue is not one number per layer; ",
    "num_layers > 3": "num_layers is not one number per layer; ",
    "tensor_name == a": "tensor_name is a text; ",
    "alpha > 3:": "wanted a count after ':', such as ",
    "alpha > 3: most": "wanted a count after ':', which is one of ",
    "alpha > 3: more than": "wanted a count after ':', which is one of ",
    "alpha > 3: more than -1": "wanted a count after ':', which is one of ",
    "alpha > 3: more than 1e3": "wanted a count after ':', which is one of ",
    "alpha > 3: more than ٣": "wanted a count after ':', which is one of ",
    "alpha > 3: more than 2.5": "a number of layers is whole, ",
    "alpha > 3: more than 100 %": "no layers are more than 100 % of all",
    "alpha > 3: at least 101 %": "no layers are at least 101 % of all",
    "alpha > 3: at least 0": "every model has at least 0; ",
    "alpha > 3: any of": "wanted a pattern of layer names after 'of', ",
    "alpha > 3: any of   ": "wanted a pattern of layer names after 'of', ",
    "alpha > 3\0": "a rule is one line of printable characters",
    "alpha >\n3": "a rule is one line of printable characters",
    "alpha > 3: any of \x1b[31m": "a rule is one line of printable characters",
    "__import__('os').system('true')": "no variable '__import__'; ",
    "alpha > (lambda: 3)()": "wanted a value of alpha, got '('",
    "alpha.__class__ == 3": "'.__class__' is not part of a rule",
    "(" * 11 + "alpha > 6" + ")" * 11: "parentheses are nested more than 10 deep",
}


@pytest.mark.parametrize(("text", "complaint"), REFUSED.items(), ids=range(len(REFUSED)))
def test_refused_in_one_line(text, complaint):
    with pytest.raises((ArgumentError, UnknownNameError)) as caught:
        rules.parse(text)
    message = str(caught.value)
    assert message.isprintable()
    assert message.startswith("rule ")
    assert f": {complaint}" in message


def test_ten_parentheses_are_taken():
    assert at_fault("(" * 10 + "alpha > 6" + ")" * 10) == ["h.0.mlp"]


HOSTILE = {
    "a megabyte": "alpha > 6 and " * 80_000,
    "a megabyte without a space": "x" * 1_000_000,
    "nested": "(" * 10_000 + "alpha > 6" + ")" * 10_000,
    "nested within the limit of length": "(" * 990,
    "many comparisons": " or ".join(["M>1"] * 10_000),
    "a long number": "alpha > " + "9" * 980,
    "a long pattern": "alpha > 6: any of " + "*a" * 100_000,
    "spaces": "alpha > 6" + " " * 1_000_000,
    "not a text": 3,
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_rules_are_refused_soon(text):
    start = time.monotonic()
    with pytest.raises(ArgumentError) as caught:
        rules.parse(text)
    assert time.monotonic() - start < 1
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 700


@pytest.mark.parametrize("pattern", ["*a" * 480 + "b", "[a-z]*" * 160 + "!", "[" * 900, "*?" * 480])
def test_patterns_take_a_short_time(pattern):
    ds = from_rows({"a" * 2000: {"alpha": 9.0}})
    start = time.monotonic()
    rules.check(ds, [f"alpha > 6: any of {pattern}"], unmatched_ok=True)
    assert time.monotonic() - start < 5


WORDS = ["alpha", "M", "verdict", "broken", "missing", "and", "or", "in", "not", "any", "all", "of"]
NUMBERS_OF_RULES = ["3", "0.5", "-1", "more than", "at least", "%"]
SIGNS_OF_RULES = [*"<>=!(){},:.", "==", "!=", ">=", "\0", "\u0663"]


@given(
    st.lists(st.sampled_from([*WORDS, *NUMBERS_OF_RULES, *SIGNS_OF_RULES]), max_size=12).map(
        " ".join
    )
)
def test_any_text_is_a_rule_or_refused(text):
    with suppress(ArgumentError, UnknownNameError):
        (outcome,) = rules.check(DS, [text], unmatched_ok=True)
        assert outcome.rule.text == text.strip()


def test_shares_are_exact_at_the_border():
    assert _counts.count("at least 16.1 %").is_reached(161, 1000)
    assert not _counts.count("more than 32.3 %").is_reached(323, 1000)
