"""
Eigenvalues on devices: seconds, and the difference from NumPy relative to the largest.

    python tests/bench/devices.py cuda torch:cuda jax:gpu
"""

import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from spectra import eigenvalues

SHAPES = [(4096, 1024), (4096, 4096), (14336, 4096)]
NEARLY_SINGULAR = (4096, 2048)


def timed(W: np.ndarray, device: str | None) -> tuple[float, np.ndarray]:
    """Return the least time of three runs, after one that is not counted, and the eigenvalues."""
    times = []
    for _ in range(4):
        start = time.perf_counter()
        found = eigenvalues(W, device=device)
        times.append(time.perf_counter() - start)
    return min(times[1:]), found


def matrices() -> Iterator[np.ndarray]:
    """Yield noise of each shape, and noise with two equal columns."""
    for shape in SHAPES:
        yield np.random.default_rng(0).standard_normal(shape, dtype=np.float32)
    W = np.random.default_rng(0).standard_normal(NEARLY_SINGULAR, dtype=np.float32)
    W[:, 1] = W[:, 0]
    yield W


def main(devices: list[str]) -> None:
    """Print a row for each matrix and device."""
    for W in matrices():
        shape = W.shape
        seconds, expected = timed(W, None)
        print(f"{shape[0]} x {shape[1]}: numpy {seconds:.3f} s")
        for device in devices:
            seconds, found = timed(W, device)
            error = abs(found - expected).max() / expected.max()
            print(f"{shape[0]} x {shape[1]}: {device} {seconds:.3f} s, difference {error:.1e}")


if __name__ == "__main__":
    main(sys.argv[1:])
