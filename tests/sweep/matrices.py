"""The true matrices of a model as plain data, and how they are kept in a folder."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from spectra._typing import AnyArray

__all__ = ["Matrix", "Other", "digest", "keep", "kept", "title"]

KEPT = ("name", "label", "module", "turnable", "source", "rows")


@dataclass(frozen=True, slots=True)
class Matrix:
    """A true matrix, or the stack of matrices of a kernel's positions."""

    name: str
    label: str
    stack: AnyArray  # (positions, out, in)
    module: str
    turnable: bool = False  # (in, out) is as good
    others: tuple[AnyArray, ...] = ()  # the same weight, arranged otherwise
    source: str = field(default="", compare=False)  # digest of the parameter
    rows: tuple[int, ...] = ()  # of the parameter, if the network takes it apart by rows


@dataclass(frozen=True, slots=True)
class Other:
    """A parameter or buffer with two axes or more that is not a map."""

    name: str
    module: str
    shape: tuple[int, ...]


def digest(values: AnyArray) -> bytes:
    """Return a fingerprint of the numbers in order, whatever the shape."""
    return hashlib.sha1(np.ascontiguousarray(values, np.float32).tobytes()).digest()


def title(matrix: Matrix) -> str:
    """Return the name that a layer of a true matrix would have by its module."""
    name = matrix.name.removesuffix(".weight")
    return f"{name}[{matrix.label}]" if matrix.label else name


def keep(matrices: Sequence[Matrix], rest: Mapping[str, AnyArray], folder: Path) -> None:
    """Write matrices, and parameters that are none, to a folder as ``truth.json`` and ``.npz``."""
    entries, arrays = [], {f"rest.{name}": values for name, values in rest.items()}
    for i, matrix in enumerate(matrices):
        for j, stack in enumerate((matrix.stack, *matrix.others)):
            arrays[f"{i}.{j}"] = stack
        entries.append({k: getattr(matrix, k) for k in KEPT})
    (folder / "truth.json").write_text(json.dumps(entries))
    np.savez(folder / "truth.npz", allow_pickle=False, **arrays)


def kept(folder: Path) -> tuple[list[Matrix], dict[str, AnyArray]]:
    """Return the matrices that a folder keeps, and the other parameters."""
    entries = json.loads((folder / "truth.json").read_text())
    with np.load(folder / "truth.npz") as file:
        arrays = dict(file)
    out = []
    for i, entry in enumerate(entries):
        count = sum(name.startswith(f"{i}.") for name in arrays)
        first, *others = (arrays[f"{i}.{j}"] for j in range(count))
        out.append(Matrix(stack=first, others=tuple(others), **entry))
    rest = {n.removeprefix("rest."): v for n, v in arrays.items() if n.startswith("rest.")}
    return out, rest
