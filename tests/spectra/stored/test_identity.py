"""Identities of measures: changed by what changes a result, and by nothing else."""

import math
import subprocess
import sys
import textwrap
from functools import cache, partial

import numpy as np
import pytest

from spectra import measures
from spectra.stored._identity import NoIdentityError, identity, method_version
from tests.builders import environment


def made(source, name="measure"):
    """Return a function of a source text, as a notebook or a file defines it."""
    names: dict[str, object] = {"__name__": "notebook"}
    exec(textwrap.dedent(source), names)
    return names[name]


BASE = """
import numpy as np
LIMIT = 3
def helper(x):
    return x + LIMIT
def measure(spectrum, *, factor=2.0):
    '''Measure.'''
    return {"a": factor * helper(np.max(spectrum))}
"""


def test_equal_sources_have_equal_identities():
    assert identity(made(BASE)) == identity(made(BASE))
    assert identity(made(BASE)) == identity(made("\n\n# a comment\n" + BASE + "\nOTHER = 4\n"))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("LIMIT = 3", "LIMIT = 4"),
        ("LIMIT = 3", "LIMIT = 3.0"),
        ("x + LIMIT", "x - LIMIT"),
        ("factor=2.0", "factor=2.5"),
        ("np.max", "np.min"),
        ('"a"', '"b"'),
    ],
)
def test_a_change_is_seen_also_in_a_helper(old, new):
    assert old in BASE
    assert identity(made(BASE)) != identity(made(BASE.replace(old, new)))


def test_options_and_closures_count():
    def of(limit):
        return lambda spectrum: {"a": limit}

    assert identity(of(1)) != identity(of(2))
    assert identity(of(1)) == identity(of(1))
    evidence = measures.evidence
    assert identity(partial(evidence, resamples=30)) != identity(partial(evidence, resamples=40))
    assert identity(partial(evidence, resamples=30)) == identity(partial(evidence, resamples=30))
    assert identity(evidence) != identity(measures.size)


def test_functions_that_call_each_other_or_themselves():
    source = """
    def even(n): return n == 0 or odd(n - 1)
    def odd(n): return n != 0 and even(n - 1)
    def measure(s): return {"a": even(4)}
    """
    assert identity(made(source)) == identity(made(source))
    assert identity(made(source)) != identity(made(source.replace("n != 0", "n != 1")))


@cache
def cached(x):
    return x


def test_what_has_a_content_has_an_identity():
    array = np.arange(3)
    names = {"many": {"b": 1, "a": (2, None, ...)}, "some": frozenset("abc"), "array": array}

    def measure(spectrum):
        return {"a": cached(math.sqrt(names["many"]["b"]))}  # type: ignore[index]

    first = identity(measure)
    array[1] = 7
    assert identity(measure) != first


def test_what_has_no_content_has_no_identity():
    generator = np.random.default_rng(0)

    class Measure:
        def __call__(self, spectrum):
            return {"a": 1}

        def method(self, spectrum):
            return {"a": 1}

    for measure in (lambda _: {"a": generator.random()}, Measure(), Measure().method):
        with pytest.raises(NoIdentityError):
            identity(measure)


def test_identities_are_the_same_in_another_process():
    code = f"""
from functools import partial
from spectra import measures
from spectra.stored._identity import identity, method_version
names = {{"__name__": "notebook"}}
exec({BASE!r}, names)
print(identity(names["measure"]), identity(partial(measures.hill_fit, variant="paper")))
print(identity(frozenset("abcdef")), method_version())
"""
    ran = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env=environment(PYTHONHASHSEED="7"),
    )
    ours = [identity(made(BASE)), identity(partial(measures.hill_fit, variant="paper"))]
    ours += [identity(frozenset("abcdef")), method_version()]
    assert ran.stdout.split() == ours


def test_every_measure_of_ours_has_an_identity_of_its_own():
    assert len({identity(measure) for measure in measures.ALL}) == len(measures.ALL)
