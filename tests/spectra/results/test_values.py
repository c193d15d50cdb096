"""Values of measures against their declarations."""

from enum import IntEnum

import numpy as np
import pytest

from spectra.results.values import checked
from spectra.results.variables import VARIABLES, Variable


class Sort(IntEnum):
    """Codes of a flag."""

    NONE = 0
    SOME = 1


KNOWN = {
    **VARIABLES,
    "sort": Variable("sort", "", "", "", "", kind="flag", flags=Sort),
    "words": Variable("words", "", "", "", "", kind="str"),
    "whole": Variable("whole", "", "", "", "", kind="int"),
    "many": Variable("many", "", "", "", "", dims=("layer", "mode")),
}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("alpha", v) for v in (1, 2.5, np.float32(1), np.nan, np.inf, True, np.array(3.0))),
        *(("sort", v) for v in (0, 1, Sort.SOME, np.int8(1), 1.0)),
        *(("words", v) for v in ("", "good", np.str_("good"))),
        *(("whole", v) for v in (0, 3, -1, np.int64(3), 3.0)),
        *(("many", v) for v in ([], [1.0, 2.0], np.arange(5), range(5), 1.0)),
    ],
)
def test_values_that_fit(name, value):
    row, problems = checked({name: value}, KNOWN, 5)
    assert problems == []
    assert row[name] is value


@pytest.mark.parametrize(
    ("name", "value", "wanted"),
    [
        *(("alpha", v, "a number") for v in ("1", b"1", [1.0], np.ones(1), 1j, object())),
        *(("sort", v, "one of its codes") for v in (2, -1, 0.5, np.nan, "some", [1])),
        *(("words", v, "a text") for v in (1, b"good", ["good"])),
        *(("whole", v, "a whole number") for v in (2.5, np.nan, np.inf, "3", [3])),
        *(("many", v, "a row of at most 5 numbers") for v in (np.ones(6), np.ones((2, 2)), "abc")),
    ],
)
def test_values_that_do_not_fit(name, value, wanted):
    row, (problem,) = checked({name: value, "D": 1.0}, KNOWN, 5)
    assert row == {"D": 1.0}
    assert problem.startswith(f"{name} must be {wanted}, got ")
    assert len(problem) < 120


def test_a_missing_value_is_left_out():
    assert checked(dict.fromkeys(KNOWN), KNOWN, 5) == ({}, [])
