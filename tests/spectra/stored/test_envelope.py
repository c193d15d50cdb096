"""Bytes of a part: the same numbers back, or an error that the analysis passes over."""

import enum
import json
import math

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import spectra
from spectra import measures
from spectra.errors import StoreWarning
from spectra.stored import runs
from spectra.stored._envelope import (
    BrokenPartError,
    pack,
    packed_value,
    unpack,
    unpacked_value,
)
from spectra.stored._parts import Part
from tests.builders import examples

TYPES = st.one_of(
    hnp.floating_dtypes(sizes=(16, 32, 64)), hnp.integer_dtypes(), hnp.boolean_dtypes()
)
ARRAYS = TYPES.flatmap(
    lambda t: hnp.arrays(t, hnp.array_shapes(min_dims=0, min_side=0, max_side=4))
)
VALUES = st.one_of(
    st.none(), st.text(), st.booleans(), st.integers(-(2**63), 2**64 - 1), st.floats()
)


@given(st.lists(ARRAYS, max_size=3), st.dictionaries(st.text(), VALUES, max_size=4))
def test_arrays_and_values_come_back(arrays, values):
    header, found = unpack(pack({"values": values}, arrays))
    assert [(a.shape, a.dtype.newbyteorder("="), a.tobytes()) for a in found] == [
        (a.shape, a.dtype.newbyteorder("="), a.astype(a.dtype.newbyteorder("<")).tobytes())
        for a in arrays
    ]
    assert ascii(header["values"]) == ascii(values)


Colour = enum.IntEnum("Colour", {"RED": 3})


@pytest.mark.parametrize(
    ("value", "back"),
    [
        (None, None),
        (True, True),
        (np.True_, True),
        (Colour.RED, 3),
        (np.float32(0.1), float(np.float32(0.1))),
        (np.int8(-3), -3),
        (np.uint64(2**64 - 1), 2**64 - 1),
        (-0.0, -0.0),
        (math.inf, math.inf),
        (np.str_("a\0\ud800é"), "a\0\ud800é"),
        (np.longdouble(0.5), 0.5),
        ([1.0, 2.5], np.array([1.0, 2.5])),
        (np.array([], np.float32), np.array([], np.float32)),
    ],
)
def test_a_value_comes_back(value, back):
    arrays: list[np.ndarray] = []
    header = {"value": packed_value(value, arrays)}
    read, arrays = unpack(pack(header, arrays))
    found = unpacked_value(read["value"], arrays)
    assert type(found) is type(back)
    if isinstance(back, np.ndarray):
        assert found.dtype == back.dtype
        assert found.tolist() == back.tolist()
    else:
        assert repr(found) == repr(back)


def whole():
    W = np.random.default_rng(0).standard_normal((24, 16))
    store: dict[str, bytes] = {}
    ds = spectra.analyze({"a": W}, measures=[measures.size, measures.tail_fit], store=store)
    (name,) = (name for name in store if not name.startswith("runs/"))
    return W, ds, store, name


W, DS, STORE, NAME = whole()
SIZE = len(STORE[NAME])


def recomputed(store):
    return spectra.analyze({"a": W}, measures=[measures.size, measures.tail_fit], store=store)


@examples(2)
@given(st.integers(0, SIZE - 1), st.integers(1, 255))
def test_a_changed_byte_is_found_and_the_layer_computed_again(place, change):
    changed = bytearray(STORE[NAME])
    changed[place] ^= change
    with pytest.raises(BrokenPartError):
        Part.from_bytes(bytes(changed))
    store = {**STORE, NAME: bytes(changed)}
    with pytest.warns(StoreWarning, match="1 x damaged part, computed again"):
        found = recomputed(store)
    xr.testing.assert_identical(found, DS)
    assert store == STORE


def test_every_byte_counts():
    for place in range(SIZE):
        changed = bytearray(STORE[NAME])
        changed[place] ^= 1
        with pytest.raises(BrokenPartError):
            Part.from_bytes(bytes(changed))


@examples(2)
@given(st.integers(0, SIZE - 1))
def test_a_part_that_is_cut_short_is_computed_again(length):
    store = {**STORE, NAME: STORE[NAME][:length]}
    with pytest.warns(StoreWarning, match="damaged part"):
        xr.testing.assert_identical(recomputed(store), DS)
    assert store == STORE


def test_a_part_of_another_layer_is_not_taken():
    other: dict[str, bytes] = {}
    spectra.analyze({"a": 2 * W}, measures=[measures.size, measures.tail_fit], store=other)
    (name,) = (name for name in other if not name.startswith("runs/"))
    store = {**STORE, NAME: other[name]}
    with pytest.warns(StoreWarning, match="of another layer"):
        xr.testing.assert_identical(recomputed(store), DS)
    assert store == STORE


LISTED = st.lists(
    st.tuples(
        st.sampled_from(["<f8", "<i4", "|O", "|S5", "<U3", "<M8[s]", "|V8", "nonsense", 3]),
        st.lists(st.integers(-3, 2**62), max_size=3),
    ),
    max_size=3,
)
JSON = st.recursive(
    VALUES | st.just({"array": 7}),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
KEYS = st.sampled_from(["kind", "content", "exponent", "values", "x"])


def sealed(body):
    """Return a body with the right checksum, as a hostile writer makes it."""
    import hashlib

    magic = pack({}).partition(b"\n")[0] + b"\n"
    return magic + hashlib.sha256(body).digest() + body


@examples(5)
@given(st.dictionaries(KEYS, JSON, max_size=5), LISTED, st.binary(max_size=40))
def test_hostile_parts_are_broken_parts(header, listed, numbers):
    head = json.dumps({**header, "arrays": listed}).encode()
    data = sealed(len(head).to_bytes(8, "little") + head + numbers)
    with pytest.raises(BrokenPartError):
        Part.from_bytes(data)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff" * 8,
        (2**40).to_bytes(8, "little") + b"{}",
        (9).to_bytes(8, "little") + b"[" * 9,
        (10**5).to_bytes(8, "little") + b"[" * 10**5,
        (10**4).to_bytes(8, "little") + b"1" * 10**4,
        (2).to_bytes(8, "little") + b"{}",
    ],
)
def test_hostile_headers_are_broken_parts(body):
    with pytest.raises(BrokenPartError):
        unpack(sealed(body))


@pytest.mark.parametrize("value", [3, "text", None, 10**15, [1, 2]])
def test_what_is_not_bytes_is_a_broken_part(value):
    with pytest.raises(BrokenPartError):
        unpack(value)


def test_damaged_runs_are_not_listed():
    (run,) = runs(STORE)
    for data in (b"", STORE[NAME], STORE[run.name][:-1]):
        store = {**STORE, run.name: data}
        assert runs(store) == []
        with pytest.raises(spectra.SpectraError, match="damaged run"):
            spectra.stored.load_run(store, run.name)
        recomputed(store)
        assert store == STORE
    gone = {run.name: STORE[run.name]}
    with pytest.raises(spectra.SpectraError, match=r"its part .* is gone; analyze"):
        spectra.stored.load_run(gone, run.name)
    with pytest.raises(spectra.SpectraError, match="no run 'x' in the store; there are: 'runs/"):
        spectra.stored.load_run(STORE, "x")
