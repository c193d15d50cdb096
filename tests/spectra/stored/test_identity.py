"""Identities of measures: changed by what changes a result, and by nothing else."""

import importlib
import linecache
import math
import subprocess
import sys
import textwrap
from functools import cache, partial, wraps

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
    assert identity(partial(evidence, resamples=100)) == identity(evidence)  # its default
    assert identity(partial(made(BASE), factor=2)) != identity(made(BASE))
    assert identity(partial(made(BASE), factor=2.0)) == identity(made(BASE))


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


def test_what_has_no_content_has_no_identity(tmp_path):
    generator = np.random.default_rng(0)
    doubled = np.frompyfunc(lambda x: 2 * x, 1, 1)

    def missing(spectrum):
        import no_such_package_17  # type: ignore[import-not-found]

        return {"a": no_such_package_17}

    with (tmp_path / "a").open("w") as file:
        without = (lambda _: {"a": file.write("")},)
    for measure in (
        *without,
        lambda _: {"a": generator.random()},
        lambda _: {"a": doubled(1)},
        generator.random,
        iter([1]).__next__,
        missing,
    ):
        with pytest.raises(NoIdentityError):
            identity(measure)


@pytest.mark.parametrize(
    ("source", "old", "new"),
    [
        ("@np.vectorize\ndef h(x): return 1 * x\ndef measure(s): return h(s)", "1 *", "2 *"),
        ("h = np.vectorize(lambda x: 1 * x)\nmeasure = h", "1 *", "2 *"),
        ("p = np.polynomial.Polynomial([1.0]).__call__\ndef measure(s): return p(s)", "1.0", "2.0"),
        ("p = np.polynomial.Polynomial([1.0])\ndef measure(s): return p(s)", "1.0", "2.0"),
        ("h = {1: 2}.get\ndef measure(s): return h(s)", "{1", "{2"),
        ("def h(): return h.k\nh.k = 1\ndef measure(s): return h()", "k = 1", "k = 2"),
        (
            "def h(): return 1\nclass A:\n    def v(self): return h()\n"
            "def measure(s): return A().v()",
            "return 1",
            "return 2",
        ),
        ("class A:\n    k = 1\nclass B(A): pass\nmeasure = B", "k = 1", "k = 2"),
        (
            "class A:\n    def __init__(self, k): self.k = k\n"
            "    @property\n    def two(self): return 2 * self.k\n"
            "    def __call__(self, s): return self.two\nmeasure = A(7)",
            "A(7)",
            "A(8)",
        ),
        (
            "class A:\n    @property\n    def two(self): return 2\n"
            "    def __call__(self, s): return self.two\nmeasure = A().__call__",
            "return 2",
            "return 3",
        ),
        (
            "from dataclasses import dataclass, field\n@dataclass\nclass A:\n    k: int = 1\n"
            "    m: list = field(default_factory=list)\n"
            "    def __call__(self, s): return self.k\nmeasure = A()",
            "= 1",
            "= 2",
        ),
        (
            "from typing import NamedTuple\nclass A(NamedTuple):\n    k: int = 1\n"
            "measure = lambda s: a.k\na = A()",
            "= 1",
            "= 2",
        ),
        (
            "import enum\nclass E(enum.Enum):\n    A = 1\n    B = 2\n"
            "def measure(s): return E.A.value",
            "A = 1",
            "A = 3",
        ),
    ],
)
def test_a_change_is_seen_wherever_it_hides(source, old, new):
    source = "import numpy as np\n" + source
    assert identity(made(source)) == identity(made(source))
    assert identity(made(source)) != identity(made(source.replace(old, new)))


def test_a_decorated_measure_is_not_the_measure():
    def doubled(function):
        @wraps(function)
        def inner(spectrum):
            return {name: 2 * value for name, value in function(spectrum).items()}

        return inner

    assert identity(doubled(measures.size)) != identity(measures.size)
    assert identity(doubled(measures.size)) == identity(doubled(measures.size))
    assert identity(doubled(measures.size)) != identity(doubled(measures.tail_fit))


@pytest.mark.parametrize("line", ["from mine17 import f", "import mine17", "import mine17 as f"])
def test_what_is_imported_within_a_measure_counts(line, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    source = f"""
    def measure(s):
        {line}
        return {{"a": 1}}
    """
    found = []
    for number in (1, 2, 2):
        (tmp_path / "mine17.py").write_text(f"def f(): return {number}{number}{'1' * number}\n")
        sys.modules.pop("mine17", None)
        linecache.clearcache()
        importlib.invalidate_caches()
        found.append(identity(made(source)))
    assert found[0] != found[1] == found[2]


def test_what_a_library_has_is_known_by_its_version():
    source = """
    import numpy as np
    from scipy.special import gamma
    from numpy import log
    def measure(s): return {"a": gamma(log(s)) + np.float64(3) + np.dtype("f8").itemsize}
    """
    assert identity(made(source)) == identity(made(source))


def test_identities_are_the_same_in_another_process():
    code = f"""
from functools import partial
from spectra import measures
from spectra.stored._identity import identity, method_version
names = {{"__name__": "notebook"}}
exec({BASE!r}, names)
print(identity(names["measure"]), identity(partial(measures.hill_fit, variant="paper")), sep="\\n")
print(identity(frozenset("abcdef")), method_version(), sep="\\n")
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
    assert ran.stdout.splitlines() == ours


def test_every_measure_of_ours_has_an_identity_of_its_own():
    assert len({identity(measure) for measure in measures.ALL}) == len(measures.ALL)
