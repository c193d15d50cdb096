"""Patterns, against the line of peft that matches them."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spectra.models.adapters import _patterns
from spectra.models.adapters._patterns import Match, first_matches
from tests.builders import examples


def by_peft(keys, name):
    """Return the key by peft's own loop, `get_pattern_key` of peft.utils.other."""
    for key in keys:
        if re.match(rf"(.*\.)?({key})$", name):
            return key
    return None


WORDS = ["q", "k", "layers", "1", "12", "q_proj", "a-b"]
names = st.lists(st.sampled_from(WORDS), min_size=1, max_size=4).map(".".join)
plain = names | names.map(re.escape) | names.map("^{}".format) | names.map("{}$".format)
pieces = st.sampled_from(
    [
        *WORDS,
        r"\.",
        ".",
        ".*",
        r"\d+",
        "[0-9]",
        "(q|k)",
        "(?!k).*",
        "q?",
        "^",
        "$",
        "1{1,2}",
        "_",
        "(?:k|1)+",
    ]
)
expressions = st.lists(pieces, min_size=1, max_size=4).map("".join)


@examples(2)
@given(st.lists(plain | expressions, max_size=6, unique=True), st.lists(names, max_size=5))
def test_the_first_match_is_that_of_peft(keys, of):
    found = first_matches(keys, of)
    assert found == {name: Match(by_peft(keys, name)) for name in of}


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("a.b", "a_b"),  # a dot matches any character
        (r"a\.b", "a_b"),
        ("b", "ab"),
        ("^b", "a.b"),
        ("q_proj", "model.q_proj"),
        (r".*\.layers\.3\..*(q_proj|k_proj)", "model.layers.3.self_attn.q_proj"),
        (r".*\.layers\.3\..*(q_proj|k_proj)", "model.layers.13.self_attn.q_proj"),
        (r"(?i)LAYERS", "layers"),
        (r"(?P<x>q)(?P=x)?", "m.q"),
        (r"q\d{2}(?<!00)", "q12"),
    ],
)
def test_matches_as_peft_does(key, name):
    try:
        expected = by_peft([key], name)
    except re.error:
        expected = None
    assert first_matches([key], [name])[name].key == expected


@pytest.mark.parametrize(
    ("key", "why"),
    [
        ("(q", "not a valid expression"),
        ("*", "not a valid expression"),
        ("q(?i)", "not a valid expression"),
        (r"\p{L}", "of another meaning"),
        (r"\p", "not a valid expression"),
        ("(q){e<=1}", "of another meaning"),
        ("[[:alpha:]]", "of another meaning"),
        ("a" * 501 + "|q", "characters; at most 500"),
        ("((((a{1000}){1000}){1000}){1000})", "repeats more than"),
        (r"(?:.*a){20}b\w", "takes longer than"),
    ],
)
def test_an_expression_that_cannot_be_run_says_so(key, why):
    name = "m.b" + "a" * 900 + ".q"
    start = time.monotonic()
    found = first_matches([key, "q"], [name, "other"])[name]
    assert time.monotonic() - start < 3
    assert found.key is None
    assert why in found.why
    assert repr(key[:60]) in found.why
    assert first_matches(["q", key], [name])[name] == Match("q")  # the first that matches counts


def test_a_hundred_expressions_are_run():
    keys = [f"[x]{n}" for n in range(101)]
    assert first_matches(keys, ["x99"])["x99"] == Match("[x]99")
    assert "only 100 are run" in first_matches(keys, ["x100"])["x100"].why


def test_hostile_keys_and_many_names_take_no_longer_than_the_budget(monkeypatch):
    monkeypatch.setattr(_patterns, "BUDGET", 0.3)
    slow = [rf"(?:.*a){{20}}b{n}" for n in range(99)]
    start = time.monotonic()
    found = first_matches(slow, [f"{'a' * 300}.{n}" for n in range(2000)])
    assert time.monotonic() - start < 1.5
    assert all(match.why for match in found.values())


def test_time_that_is_used_up_says_so(monkeypatch):
    monkeypatch.setattr(_patterns, "BUDGET", -1.0)
    assert "matching takes longer" in first_matches(["q"], ["q"])["q"].why
    assert "matching takes longer" in first_matches(["q+"], ["q"])["q"].why


def test_many_plain_keys_are_looked_up():
    keys = [f"model.layers.{n}.q_proj" for n in range(3000)]
    start = time.monotonic()
    found = first_matches(keys, keys)
    assert time.monotonic() - start < 1
    assert all(match.key == name for name, match in found.items())
