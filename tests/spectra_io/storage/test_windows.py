"""Windows: the same bytes as without, wherever the borders of the buffer fall."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spectra_io.storage import windows
from spectra_io.storage.varints import decode
from tests.builders import varint


class Counted(bytes):
    """Bytes that note which slices were read."""

    def __getitem__(self, place):
        """Return a slice, and note it."""
        self.reads = [*getattr(self, "reads", []), (place.start, place.stop)]
        return bytes.__getitem__(self, place)


@given(
    st.lists(st.integers(0, 2**64 - 1), min_size=1, max_size=60),
    st.integers(21, 100),
    st.randoms(use_true_random=False),
)
def test_numbers_across_every_border(numbers, block, rng):
    data = Counted(b"".join(map(varint, numbers)))
    before = windows._BLOCK
    windows._BLOCK = block
    try:
        window, at, found = windows.Window(data), 0, []
        while at < len(data):
            held, start, safe = window.around(at)
            assert start <= at <= safe
            number, after = windows.varint(held, at - start)
            found.append(number)
            at = start + after
            if rng.random() < 0.2:  # a look back, as of a message after its parts
                begin = rng.randrange(len(data))
                end = rng.randrange(begin, len(data) + 1)
                assert window.cut(begin, end) == bytes(data)[begin:end]
                held, start, _ = window.around(begin)
                assert held[begin - start :][:1] == bytes(data)[begin : begin + 1]
    finally:
        windows._BLOCK = before
    assert found == numbers
    assert found == decode(np.frombuffer(data, np.uint8)).tolist()


def test_the_buffer_is_read_once():
    data = Counted(bytes(200_000))
    window = windows.Window(data)
    for at in range(len(data)):
        window.around(at)
    assert len(data.reads) < 5
    assert max(stop - start for start, stop in data.reads) <= 1 << 16


@pytest.mark.parametrize("data", [b"", b"\x80", b"\xff" * 9, b"\x80" * 10 + b"\x01"])
def test_numbers_that_do_not_end(data):
    with pytest.raises(IndexError):
        windows.varint(data, 0)
