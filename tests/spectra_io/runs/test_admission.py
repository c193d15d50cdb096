"""The queue of layers that need memory: what is in work at a time, and in which order."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spectra_io.runs.admission import Admission


def taken(queue):
    found = []
    while (item := queue.take()) is not None:
        found.append(item)
    return found


def test_without_a_budget_the_order_is_that_of_the_queue():
    queue = Admission([5.0, 1.0, 7.0], workers=2)
    assert taken(queue) == [0, 1]
    queue.leave(1)
    assert taken(queue) == [2]
    assert len(queue) == 2


def test_a_small_one_passes_a_large_one_that_does_not_fit():
    queue = Admission([6.0, 6.0, 2.0, 1.0, 1.0], workers=3, budget=8.0)
    assert taken(queue) == [0, 2]
    queue.leave(0)
    assert taken(queue) == [1]


def test_a_large_one_does_not_wait_for_all_the_small_ones():
    queue = Admission([6.0, 6.0, *[3.0] * 9], workers=2, budget=9.0 - 0.5)
    assert taken(queue) == [0]
    queue = Admission([6.0, 6.0, *[2.5] * 9], workers=2, budget=8.0)
    assert taken(queue) == [0]
    queue = Admission([5.0, 6.0, *[3.0] * 9], workers=2, budget=8.0)
    assert taken(queue) == [0, 2]
    queue.leave(0)
    assert taken(queue) == []  # until the small one is done
    queue.leave(2)
    assert taken(queue) == [1]


def test_what_is_put_back_is_alone():
    queue = Admission([1.0] * 5, workers=3)
    assert taken(queue) == [0, 1, 2]
    queue.put_back(1)
    assert taken(queue) == []
    queue.leave(0)
    queue.leave(2)
    assert taken(queue) == [1]
    queue.leave(1)
    assert taken(queue) == [3, 4]
    queue.leave(3)
    queue.leave(4)
    assert len(queue) == 0


@given(
    st.lists(st.floats(0.0, 10.0), max_size=20),
    st.integers(1, 5),
    st.floats(10.0, 30.0),
    st.randoms(),
    st.data(),
)
@pytest.mark.parametrize("again", [False, True])
def test_all_are_done_within_the_budget(again, needs, workers, budget, random, data):
    queue = Admission(needs, workers=workers, budget=budget)
    in_work: list[int] = []
    done: list[int] = []
    once: set[int] = set()
    while len(queue):
        new = taken(queue)
        in_work += new
        assert in_work
        assert len(in_work) <= workers
        assert sum(needs[i] for i in in_work) <= budget + 1e-9
        assert not once & {*in_work} or len(in_work) == 1
        item = in_work.pop(random.randrange(len(in_work)))
        if again and item not in once and data.draw(st.booleans()):
            once.add(item)
            queue.put_back(item)
        else:
            queue.leave(item)
            done.append(item)
    assert sorted(done) == list(range(len(needs)))
