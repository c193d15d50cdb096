"""
How often `theory.compare` calls draws different, of the right law and of near misses, and its time.

    python tests/bench/theory.py level 1000
    python tests/bench/theory.py power 100
    python tests/bench/theory.py speed 5

``speed`` draws with scikit-rmt as well, by turns in one process; set OPENBLAS_NUM_THREADS=1.
"""

import sys
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from spectra._typing import FloatArray
from spectra.theory import compare, ensembles, laws

Draw = Callable[[np.random.Generator], FloatArray]

NUM = 10  # draws in a comparison
SIZE = 30

NOISE = laws.marchenko_pastur(0.5, mean=60.0)
CORRELATED = NOISE @ laws.discrete([1.0, 4.0])
SUM = laws.semicircle() + laws.discrete([-2.0, 2.0])


def stack(one: Draw) -> Draw:
    """Return a function that draws `NUM` times."""
    return lambda rng: np.array([one(rng) for _ in range(NUM)])


def correlated(rng: np.random.Generator) -> FloatArray:
    """Draw noise with columns of variance 1 and 4."""
    stds = np.repeat([1.0, 2.0], SIZE // 2)
    return rng.normal(0.0, stds, (60, SIZE))


def shifted(rng: np.random.Generator) -> FloatArray:
    """Draw a symmetric matrix with two levels on its diagonal."""
    W = ensembles.wigner(SIZE, std=SIZE**-0.5, rng=rng).W
    W[np.diag_indices(SIZE)] += np.repeat([-2.0, 2.0], SIZE // 2)
    return W


RIGHT: dict[str, tuple[Draw, laws.Law]] = {
    "symmetric, real": (
        lambda rng: ensembles.wigner(SIZE, num=NUM, rng=rng).W,
        laws.semicircle(variance=float(SIZE)),
    ),
    "symmetric, complex": (
        lambda rng: ensembles.hermite(SIZE, beta=2, num=NUM, rng=rng),
        laws.semicircle(variance=float(SIZE), beta=2),
    ),
    "noise, real": (lambda rng: rng.standard_normal((NUM, 60, SIZE)), NOISE),
    "noise, complex": (
        lambda rng: ensembles.laguerre((60, SIZE), beta=2, num=NUM, rng=rng),
        laws.marchenko_pastur(0.5, mean=60.0, beta=2),
    ),
    "noise, square": (
        lambda rng: rng.standard_normal((NUM, SIZE, SIZE + 1)),
        laws.marchenko_pastur(SIZE / (SIZE + 1), mean=SIZE + 1.0),
    ),
    "correlated noise": (stack(correlated), CORRELATED),
    "sum of two matrices": (stack(shifted), SUM),
    "inverse of noise": (
        lambda rng: np.sort(1 / ensembles.laguerre((60, SIZE), num=NUM, rng=rng), axis=1),
        NOISE.inverse(),
    ),
}


def level(num: int) -> None:
    """Print the share of comparisons with the right law that call the draws different."""
    for name, (draw, law) in RIGHT.items():
        calls = 0
        for trial in range(num):
            rng = np.random.default_rng([1, trial])
            calls += compare(draw(rng), law, rng=rng).verdict == "different"
        print(f"| {name} | {100 * calls / num:.1f} % |", flush=True)


def misses(n: int, draws: int) -> dict[str, Draw]:
    """Return functions that draw what is nearly noise with twice as many rows as columns."""
    rows, wider = 2 * n, round(2 * n / 1.02)
    strength = 1.2 * 0.5**0.25
    return {
        "none": lambda rng: ensembles.laguerre((rows, n), num=draws, rng=rng),
        "ratio 2 % off": lambda rng: ensembles.laguerre(
            (wider, n), num=draws, std=(rows / wider) ** 0.5, rng=rng
        ),
        "variance 1 % off": lambda rng: ensembles.laguerre(
            (rows, n), num=draws, std=1.01**0.5, rng=rng
        ),
        "Student's t, 6 degrees": lambda rng: (
            ensembles.student_t((rows, n), df=6, num=draws, rng=rng).W * (2 / 3) ** 0.5
        ),
        "one spike at 1.2 of the limit": lambda rng: (
            ensembles.spiked((rows, n), strengths=[strength], num=draws, rng=rng).W
        ),
        "complex in place of real": lambda rng: ensembles.laguerre(
            (rows, n), beta=2, num=draws, rng=rng
        ),
    }


def power(num: int) -> None:
    """Print the share of near misses that are called different, over sizes and draws."""
    print("| near miss | draws | n = 50 | 100 | 200 |")
    for draws in (1, 10, 50):
        for name in misses(50, 1):
            cells = []
            for n in (50, 100, 200):
                law = laws.marchenko_pastur(0.5, mean=2.0 * n)
                draw = misses(n, draws)[name]
                calls = 0
                for trial in range(num):
                    rng = np.random.default_rng([2, n, draws, trial])
                    calls += compare(draw(rng), law, rng=rng).verdict == "different"
                cells.append(f"{100 * calls / num:.0f} %")
            print(f"| {name} | {draws} | {' | '.join(cells)} |", flush=True)


def speed(num: int) -> None:
    """Print times of 1,000 spectra of 400 x 200, drawn and compared, over those of scikit-rmt."""
    if find_spec("skrmt") is None:
        sys.exit("install scikit-rmt: pip install --no-deps scikit-rmt")
    # SciPy 1.12 dropped what scikit-rmt 2.1.1 imports for another law
    sys.modules["scipy.misc"] = ModuleType("scipy.misc")
    sys.modules["scipy.misc"].__dict__["derivative"] = None
    from skrmt.ensemble.wishart_ensemble import WishartEnsemble

    spectra, law = [np.empty(0)], laws.marchenko_pastur(0.5, mean=400.0)

    def draw() -> None:
        spectra[0] = ensembles.laguerre((400, 200), num=1000, rng=0)

    def skrmt(tridiagonal: bool) -> None:
        theirs = WishartEnsemble(1, 200, 400, tridiagonal_form=tridiagonal, random_state=0)
        theirs.eigvals()
        for _ in range(999):
            theirs.resample()
            theirs.eigvals()

    works: dict[str, Callable[[], object]] = {
        "drawn here": draw,
        "compared here": lambda: compare(spectra[0], law, rng=1),
        "scikit-rmt, tridiagonal": lambda: skrmt(True),
        "scikit-rmt, dense": lambda: skrmt(False),
    }
    times: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(max(num, 1)):
        for name, work in works.items():
            start = time.process_time()
            work()
            times[name].append(time.process_time() - start)
    for name, found in times.items():
        print(f"{name}: {np.median(found):.2f} s ({min(found):.2f} to {max(found):.2f})")
    own = np.add(times["drawn here"], times["compared here"])
    for name in list(works)[2:]:
        for what, ours in (("drawn", times["drawn here"]), ("drawn and compared", own)):
            ratios = np.divide(times[name], ours)
            print(
                f"{name}, over ours {what}: {np.median(ratios):.2f} "
                f"({ratios.min():.2f} to {ratios.max():.2f})"
            )


if __name__ == "__main__":
    what, trials = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 0
    {"level": level, "power": power, "speed": speed}[what](trials)
