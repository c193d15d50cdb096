"""JSON texts: what is valid is parsed, and nothing that takes much more memory than its size."""

import json
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spectra_io.formats.json_texts import Refused, parsed

numbers = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
values = st.recursive(
    st.none() | st.booleans() | numbers | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(values)
def test_valid_texts_are_parsed(value):
    text = json.dumps(value).encode()
    assert parsed(text, most=1000) == value


@pytest.mark.parametrize(
    "text",
    [
        b'{"a": 1, "a": 1}',
        b'{"b": {"a": 1, "c": 2, "a": 3}}',
        b'[{"": 1, "": 2}]',
        b'{"a": 1, "\\u0061": 2}',
    ],
)
def test_keys_that_occur_twice(text):
    with pytest.raises(Refused, match="stands in it twice"):
        parsed(text, most=100)


@pytest.mark.parametrize("text", [b"[" * 5000, b'{"a":' * 5000, b"[" + b"[]," * 5000 + b"1]"])
def test_texts_that_are_mostly_brackets(text):
    with pytest.raises(ValueError, match="mostly brackets"):
        parsed(text, most=100_000)


@pytest.mark.parametrize("text", [b"", b"{", b"abc", b"\xff", b"NaN", b"[Infinity]", b"1 2"])
def test_texts_that_are_not_json(text):
    with pytest.raises(ValueError):  # noqa: PT011
        parsed(text, most=100)


FILLED = {
    "names": lambda i: f'"{i:x}":0',
    "texts": lambda i: f'"k{i:x}":"{i:x}"',
    "floats": lambda i: f'"{i:x}":1.5',
    "lists": lambda i: f'"{i:x}":[1,2.5,3]',
}


@pytest.mark.parametrize("kind", FILLED)
def test_the_memory_is_bounded_by_the_number_of_values(kind):
    text = ("{" + ",".join(map(FILLED[kind], range(100_000))) + "}").encode()
    with pytest.raises(Refused, match="values; at most 50000 are read"):
        parsed(text, most=50_000)
    tracemalloc.start()
    try:
        parsed(text, most=400_000)
        assert tracemalloc.get_traced_memory()[1] < 300 * 400_000
    finally:
        tracemalloc.stop()
