"""The vocabulary: distributions have the names of scipy.stats, parameters one name each."""

import importlib
import inspect
import math
import pkgutil
from collections.abc import Callable, Iterator
from functools import partial
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import spectra
import spectra_io
from spectra.noise import marchenko_pastur, tracy_widom
from spectra.tails import log_excess
from spectra.theory import local

EPS = float(np.finfo(float).eps)
NAMES = ("pdf", "cdf", "sf", "ppf", "isf")


class Law(NamedTuple):
    """One distribution: its five functions, the ends of its support, and their accuracy."""

    pdf: Callable[[Any], Any]
    cdf: Callable[[Any], Any]
    sf: Callable[[Any], Any]
    ppf: Callable[[Any], Any]
    isf: Callable[[Any], Any]
    ends: tuple[float, float]
    rel: float
    """Relative accuracy of an inversion, besides what the rounding of the value itself costs."""
    absolute: float = 0.0
    """Absolute rounding of the distribution function."""


def bound(bind: Callable[[str], Callable[[Any], Any]], **rest: Any) -> Law:
    pdf, cdf, sf, ppf, isf = map(bind, NAMES)
    return Law(pdf, cdf, sf, ppf, isf, **rest)


def marchenko_pastur_law(ratio: float) -> Law:
    """Return the law; two terms of size 1 / ratio cancel in its distribution function."""

    def bind(name: str) -> Callable[[Any], Any]:
        return lambda x: getattr(marchenko_pastur, name)(x, ratio)

    return bound(bind, ends=marchenko_pastur.edges(ratio), rel=1e-12, absolute=16 * EPS / ratio)


def exponential_law(rate: float) -> Law:
    """Return the law; all five functions are elementary, a few roundings each."""

    def bind(name: str) -> Callable[[Any], Any]:
        return lambda x: getattr(log_excess, name)(np.asarray(x), np.array(rate))

    return bound(bind, ends=(0.0, math.inf), rel=1e-13)


def truncated_exponential_law(rate: float, length: float) -> Law:
    """Return the law; exponents of up to 800 lose three digits."""
    parameters = np.array(rate), np.array(length)

    def bind(name: str) -> Callable[[Any], Any]:
        return lambda x: getattr(log_excess, f"bounded_{name}")(np.asarray(x), *parameters)

    return bound(bind, ends=(0.0, length), rel=800 * 4 * EPS)


def tracy_widom_law(beta: int = 1) -> Law:
    """Return the law; values are found to 1e-10, where ln cdf and ln sf have slopes up to 40."""

    def bind(name: str) -> Callable[[Any], Any]:
        return partial(getattr(tracy_widom, name), beta=beta)

    return bound(bind, ends=(-math.inf, math.inf), rel=1e-8)


def spacing_law_of(name: str, rel: float, absolute: float, **options: float) -> Law:
    """Return a law of spacings; those by polynomials are right to an absolute error."""
    module = getattr(local, name)

    def bind(function: str) -> Callable[[Any], Any]:
        return partial(getattr(module, function), **options)

    return bound(bind, ends=(0.0, math.inf), rel=rel, absolute=absolute)


SPACINGS = st.one_of(
    st.sampled_from([0, 1, 2, 4]).map(
        lambda beta: spacing_law_of("spacing_law", 1e-12, 1e-13, beta=beta)
    ),
    st.floats(0.1, 20.0).map(lambda beta: spacing_law_of("surmise", 1e-11, 0.0, beta=beta)),
    st.just(0).map(lambda beta: spacing_law_of("surmise", 1e-13, 0.0, beta=beta)),
    st.floats(-0.5, 6.0).map(lambda q: spacing_law_of("brody", 1e-12, 0.0, exponent=q)),
)


rates = st.floats(-40.0, 40.0).filter(lambda rate: abs(rate) > 1e-3)
LAWS = st.one_of(
    st.floats(0.05, 1.0).map(marchenko_pastur_law),
    st.just(1.0).map(marchenko_pastur_law),  # square matrices, whose density has a pole at 0
    st.floats(0.01, 50.0).map(exponential_law),
    st.builds(truncated_exponential_law, rates, st.floats(0.1, 20.0)),
    st.sampled_from([1, 2, 4]).map(tracy_widom_law),
    SPACINGS,
)
TAILS = st.one_of(st.floats(1e-9, 1 - 1e-9), st.floats(-9.0, -0.1).map(lambda power: 10.0**power))


def rounding(law: Law, x: float, q: float) -> float:
    """Return the largest error of cdf(ppf(q)) or sf(isf(q)), x being the inverse."""
    # the inverse is rounded to a few eps of its size, of the upper end if it was subtracted from it
    size = max(abs(x), law.ends[1] if math.isfinite(law.ends[1]) else 0.0)
    # halfway into the step, where the density at an end where it vanishes is not that of x
    height = max(float(law.pdf(x)), float(law.pdf(x * (1 + 4 * EPS))))
    return law.rel * q + 4 * EPS * size * height + law.absolute


@given(LAWS, TAILS)
@example(marchenko_pastur_law(1.0), 1e-9)
@example(tracy_widom_law(), 1e-9)
def test_ppf_inverts_cdf(law: Law, q: float) -> None:
    x = float(law.ppf(q))
    assert law.ends[0] <= x <= law.ends[1]
    assert float(law.cdf(x)) == pytest.approx(q, rel=0, abs=rounding(law, x, q))


@given(LAWS, TAILS)
@example(marchenko_pastur_law(0.5), 1e-9)
@example(tracy_widom_law(), 1e-9)
def test_isf_inverts_sf(law: Law, q: float) -> None:
    x = float(law.isf(q))
    assert law.ends[0] <= x <= law.ends[1]
    assert float(law.sf(x)) == pytest.approx(q, rel=0, abs=rounding(law, x, q))


@given(st.floats(-150.0, 0.0))  # the value is about q**2 for square matrices
def test_small_probabilities_keep_their_digits(power: float) -> None:
    """Where the law starts or ends at zero, no rounding of the value hides that of the function."""
    q = 10.0**power
    square = marchenko_pastur_law(1.0)
    assert math.isclose(float(square.cdf(square.ppf(q))), q, rel_tol=1e-11)
    exponential = exponential_law(2.0)
    for law in (exponential, truncated_exponential_law(2.0, 3.0)):
        assert math.isclose(float(law.cdf(law.ppf(q))), q, rel_tol=1e-12)
    # ln(q) is rounded to eps of itself, 350 at most
    assert math.isclose(float(exponential.sf(exponential.isf(q))), q, rel_tol=350 * 2 * EPS)


@pytest.mark.parametrize("ratio", [0.05, 0.5, 1.0])
@pytest.mark.parametrize("q", [1e-6, 1e-9, 1e-12])
def test_edge_of_noise_is_approached_from_within_by_both_inverses(ratio: float, q: float) -> None:
    """The law ends as a square root: q = (2/3) c d**1.5 at the distance d from an edge."""
    lower, upper = marchenko_pastur.edges(ratio)
    for edge, x in (
        (upper, marchenko_pastur.isf(q, ratio)),
        (lower, marchenko_pastur.ppf(q, ratio)),
    ):
        if edge == 0:  # the density is x**-0.5 / pi
            assert float(x) == pytest.approx((math.pi * q / 2) ** 2, rel=1e-5)
            continue
        slope = math.sqrt(upper - lower) / (2 * math.pi * ratio * edge)
        expected = (1.5 * q / slope) ** (2 / 3)
        # the next order of d, and the rounding of x
        rel = 2 * expected / min(edge, upper - lower) + 16 * EPS * edge / expected
        assert abs(float(x) - edge) == pytest.approx(expected, rel=rel)


@given(LAWS, st.floats(1e-6, 1 - 1e-6))
def test_cdf_and_sf_add_up_to_1(law: Law, q: float) -> None:
    x = float(law.ppf(q))
    # a few eps in each, and where one is computed from the other end, eps of that end in the value
    end = law.ends[1] if math.isfinite(law.ends[1]) else 0.0
    allowed = 4 * EPS + 4 * EPS * end * float(law.pdf(x)) + 2 * law.absolute
    assert float(law.cdf(x)) + float(law.sf(x)) == pytest.approx(1.0, rel=0, abs=allowed)


@given(LAWS, st.floats(0.01, 0.99))
def test_pdf_is_the_slope_of_cdf(law: Law, q: float) -> None:
    """The error of a central difference is step**2 / 6 times the third derivative."""
    x = float(law.ppf(q))
    inside = [abs(x - end) for end in law.ends if math.isfinite(end)]
    scale = min([min(q, 1 - q) / float(law.pdf(x)), *inside])  # on which the density changes
    step = 1e-4 * scale
    slope = (float(law.cdf(x + step)) - float(law.cdf(x - step))) / (2 * step)
    # the third derivative is at most a few times the density over scale**2; then come the roundings
    # of the two values, over the step, and that of x + step
    allowed = 10 * (step / scale) ** 2 * float(law.pdf(x)) + (law.absolute + 4 * EPS) / step
    allowed += float(law.pdf(x)) * 4 * EPS * abs(x) / step
    assert float(law.pdf(x)) == pytest.approx(slope, rel=0, abs=allowed)


@given(LAWS.filter(lambda law: math.isfinite(law.ends[0])))
def test_inverses_of_0_and_1_are_the_ends(law: Law) -> None:
    lower, upper = law.ends
    size = 16 * EPS * upper if math.isfinite(upper) else 0.0
    for found, end in ((law.ppf(0.0), lower), (law.ppf(1.0), upper)):
        assert float(found) == pytest.approx(end, rel=0, abs=size)
    for found, end in ((law.isf(1.0), lower), (law.isf(0.0), upper)):
        assert float(found) == pytest.approx(end, rel=0, abs=size)
    allowed = law.absolute + 4 * EPS
    assert (float(law.cdf(lower)), float(law.cdf(upper))) == pytest.approx((0, 1), abs=allowed)
    assert (float(law.sf(lower)), float(law.sf(upper))) == pytest.approx((1, 0), abs=allowed)


PARAMETERS = {"level", "seed", "quantile", "survival", "convention"}
FUNCTIONS = {"quantile", "survival", "density"}


def public_modules() -> Iterator[tuple[str, ModuleType]]:
    for package in (spectra, spectra_io):
        found = pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
        for name in (package.__name__, *(info.name for info in found)):
            if not any(part.startswith("_") for part in name.split(".")):
                yield name, importlib.import_module(name)


def public_functions() -> Iterator[tuple[str, Callable[..., object]]]:
    """Yield every public function, and the public methods of every public class, by its name."""
    for name, module in public_modules():
        for attribute in getattr(module, "__all__", ()):
            value = getattr(module, attribute)
            if inspect.isfunction(value):
                yield f"{name}.{attribute}", value
            elif inspect.isclass(value):
                for method, function in inspect.getmembers(value, inspect.isfunction):
                    if not method.startswith("_"):
                        yield f"{name}.{attribute}.{method}", function


def test_a_law_with_one_of_the_five_functions_has_them_all() -> None:
    for _, module in public_modules():
        exported = set(getattr(module, "__all__", ()))
        for prefix in {name.removesuffix("cdf") for name in exported if name.endswith("cdf")}:
            assert {f"{prefix}{name}" for name in NAMES} <= exported


def test_no_public_name_is_outside_the_vocabulary() -> None:
    found = []
    for name, function in public_functions():
        if name.rpartition(".")[2] in FUNCTIONS:
            found.append(name)
        wrong = PARAMETERS & set(inspect.signature(function).parameters)
        found += [f"{name}({parameter}=)" for parameter in wrong]
    assert sorted(found) == []


def test_random_numbers_come_from_an_int_a_generator_or_none() -> None:
    taking = {
        name: parameter
        for name, function in public_functions()
        if (parameter := inspect.signature(function).parameters.get("rng"))
    }
    assert len(taking) > 10
    assert {parameter.annotation for parameter in taking.values()} == {
        "int | np.random.Generator | None"
    }
