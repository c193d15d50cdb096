"""Read handwritten digits, as MNIST is usually kept, and spoil a share of their labels."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = [
    "Digits",
    "made_up",
    "read_idx",
    "read_test",
    "read_train_and_test",
    "shuffled",
    "with_random_labels",
]

_TEST = "t10k-{what}-idx{ndim}-ubyte"
_TRAIN = "train-{what}-idx{ndim}-ubyte"


class Digits(NamedTuple):
    """Images as rows of numbers from 0 to 1, and labels from 0 to 9."""

    x: NDArray[np.float32]
    y: NDArray[np.int64]


def read_idx(path: Path) -> NDArray[np.uint8]:
    """Read a file of unsigned bytes in the idx format, gzipped or not."""
    raw = path.read_bytes()
    raw = gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw
    if raw[:3] != b"\0\0\x08":
        msg = f"{path} is not an idx file of unsigned bytes"
        raise ValueError(msg)
    shape = np.frombuffer(raw, ">i4", count=raw[3], offset=4)
    return np.frombuffer(raw, np.uint8, offset=4 + 4 * raw[3]).reshape(shape)


def read_train_and_test(folder: Path) -> tuple[Digits, Digits]:
    """
    Read digits to train and to test with from a folder.

    The digits to train with are an ``.npz`` file with the arrays ``x`` and ``y``, or else MNIST's
    own two files; those to test with are MNIST's own two files. These may be gzipped.
    """
    subsets = sorted(folder.glob("*.npz"))
    train = _of_arrays(subsets[0]) if subsets else _of_mnist(folder, _TRAIN)
    return train, read_test(folder)


def read_test(folder: Path) -> Digits:
    """Read the digits to test with from a folder."""
    return _of_mnist(folder, _TEST)


def _of_arrays(path: Path) -> Digits:
    with np.load(path) as data:
        if not {"x", "y"} <= set(data):
            msg = f"{path} has no arrays `x` and `y` of digits, but {', '.join(data) or 'none'}"
            raise ValueError(msg)
        return _digits(data["x"], data["y"])


def _of_mnist(folder: Path, name: str) -> Digits:
    parts = [name.format(what="images", ndim=3), name.format(what="labels", ndim=1)]
    found = [sorted(folder.glob(f"{part}*")) for part in parts]
    if not all(found):
        msg = f"{folder} lacks files of MNIST: wanted {' and '.join(parts)}, gzipped or not"
        raise FileNotFoundError(msg)
    return _digits(*(read_idx(paths[0]) for paths in found))


def _digits(pixels: NDArray[np.uint8], labels: NDArray[np.uint8]) -> Digits:
    x = pixels.reshape(len(pixels), -1).astype(np.float32) / np.float32(255)
    return Digits(x, labels.astype(np.int64))


def shuffled(digits: Digits, rng: np.random.Generator) -> Digits:
    """Return digits in random order."""
    order = rng.permutation(len(digits.y))
    return Digits(digits.x[order], digits.y[order])


def with_random_labels(digits: Digits, share: float, rng: np.random.Generator) -> Digits:
    """Return digits of which a share has labels drawn at random, right ones among them."""
    y = digits.y.copy()
    chosen = rng.random(len(y)) < share
    y[chosen] = rng.integers(0, 10, int(chosen.sum()))
    return Digits(digits.x, y)


def made_up(num: int, rng: np.random.Generator, *, size: int = 784) -> Digits:
    """Return ten clouds of points, which stand for digits where there are none."""
    centres = np.random.default_rng(0).random((10, size)) < 0.2
    y = rng.integers(0, 10, num)
    x = 0.5 * centres[y] + 0.35 * rng.random((num, size))
    return Digits(x.astype(np.float32), y)
