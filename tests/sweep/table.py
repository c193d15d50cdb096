"""
Make the tables of a sweep from its lines of JSON.

    python -m tests.sweep.table sweep.jsonl [more.jsonl] --out FOLDER

writes ``models.csv`` (one row per model), ``summary.md`` (one row per producer) and ``faults.md``
(every fault, grouped by kind, with an example and the models that have it), and of ONNX files
``graphs.md`` (one row per group of producers).
"""

from __future__ import annotations

import argparse
import csv
import datetime as dt
import importlib.metadata
import json
import re
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

PACKAGES = (
    "torch", "transformers", "diffusers", "peft", "compressed-tensors", "torchao",
    "optimum-quanto", "bitsandbytes", "auto-round", "gptqmodel", "nvidia-modelopt", "hqq", "mlx",
)  # fmt: skip
COLUMNS = (
    "producer", "model", "class", "built", "opened", "parameters", "true", "right", "turned",
    "split", "whole", "missed", "wrong", "no_maps", "seconds", "error",
)  # fmt: skip
Record = dict[str, Any]
Fault = dict[str, Any]


def _count(record: Record, name: str) -> int:
    value = record.get(name, 0)
    return len(value) if isinstance(value, list) else int(value or 0)


def is_vector(fault: Fault) -> bool:
    """Return whether a tensor has at most one axis longer than 1."""
    shape: list[int] = fault.get("shape") or fault.get("stored") or []
    return sum(n > 1 for n in shape) < 2


def summary(records: Iterable[Record]) -> str:
    """Return the summary as a Markdown table, one row per producer."""
    by_producer: dict[str, list[Record]] = defaultdict(list)
    for record in records:
        by_producer[record["producer"]].append(record)
    lines = [
        "| producer | models tried | built | true matrices | right | of these split, left whole, "
        "turned | missed | wrong | models with a wrong one | tensors that are no maps |",
        "|" + " --- |" * 9,
    ]
    for producer, its in by_producer.items():
        built = [r for r in its if r.get("built") and r.get("opened")]
        total = {k: sum(_count(r, k) for r in built) for k in COLUMNS[6:14]}
        right = total["right"] + total["split"]
        share = f"{100 * right / total['true']:.2f} %" if total["true"] else ""
        lines.append(
            f"| {producer} | {len(its)} | {len(built)} | {total['true']} | {right} ({share}) "
            f"| {total['split']}, {total['whole']}, {total['turned']} | {total['missed']} "
            f"| {total['wrong']} | {sum(_count(r, 'wrong') > 0 for r in built)} "
            f"| {total['no_maps']} |"
        )
    versions = []
    for package in PACKAGES:
        try:
            versions.append(f"{package} {importlib.metadata.version(package)}")
        except importlib.metadata.PackageNotFoundError:
            continue
    date = dt.datetime.now(dt.UTC).date().isoformat()
    return "\n".join([*lines, "", f"{date}; {', '.join(versions)}.", ""])


def graphs(records: Iterable[Record]) -> str:
    """Return the summary of ONNX files as a Markdown table, one row per group of producers."""
    by_group: dict[str, list[Record]] = defaultdict(list)
    for record in records:
        kind = "nets" if record["model"].startswith("nets/") else "transformers"
        exported = f"{kind}, {record.get('exporter')} exporter"
        by_group[record.get("group") or exported].append(record)
    titles = (
        "files", "models", "files", "true matrices", "found", "parts of a parameter",
        "of these apart", "in safetensors, too", "of these by the same name, by the module's",
        "other label", "other name", "without a name", "missed", "wrong", "twice", "no maps",
    )  # fmt: skip
    lines = [f"| {' | '.join(titles)} |", "|" + " --- |" * len(titles)]
    for group, its in by_group.items():
        opened = [r for r in its if r.get("opened")]
        total = {k: sum(_count(r, k) for r in opened) for k in
                 ("true", "right", "apart", "split", "missed", "wrong", "no_maps")}  # fmt: skip
        names = {
            k: sum(_count(r["names"], k) for r in opened)
            for k in ("joined", "same", "module", "label", "different", "unsaid")
        }
        named = names["same"] + names["module"]
        cells = [
            group, len({r["model"].rpartition("/")[0] for r in its}), len(its), total["true"],
            f"{total['right']} ({_share(total['right'], total['true'])})", total["apart"],
            f"{total['split']} ({_share(total['split'], total['apart'])})", names["joined"],
            f"{names['same']}, {names['module']} ({_share(named, names['joined'])})",
            names["label"], names["different"], names["unsaid"], total["missed"], total["wrong"],
            sum(f["equal"] for r in opened for f in r["twice"]), total["no_maps"],
        ]  # fmt: skip
        lines.append(f"| {' | '.join(map(str, cells))} |")
    return "\n".join([*lines, ""])


def _share(part: int, of: int) -> str:
    return f"{100 * part / of:.2f} %" if of else "none"


def _plain(text: str) -> str:
    """Return a reason without the names and numbers that differ from tensor to tensor."""
    text = re.sub(r"[\w.\[\]]*\.[\w.\[\]]+", "NAME", text)
    return re.sub(r"\d+", "N", text)


def _last(name: str) -> str:
    parts = [p for p in name.split(".") if not p.isdigit()]
    return ".".join(parts[-2:])


GROUPS: dict[str, tuple[str, Callable[[Fault], tuple[str, ...]]]] = {
    "missed": ("Missed", lambda f: (f.get("module", ""), _last(f["name"]), _plain(f["reason"]))),
    "wrong": ("Wrong", lambda f: (f["fault"], f.get("module", ""), _last(f["layer"]))),
    "no_maps": (
        "Taken, but no maps",
        lambda f: (
            "at most one axis longer than 1" if is_vector(f) else "",
            f["module"],
            _last(f["parameter"]),
        ),
    ),
    "whole": ("Left whole, though the code cuts the result", lambda f: (
        f["code"].splitlines()[0].removeprefix("# ") if "code" in f else "joined in the file",
        _last(f["name"]),
    )),
}  # fmt: skip


def faults(records: Iterable[Record]) -> str:
    """Return all faults as Markdown, grouped by kind, with an example and the models of each."""
    records = list(records)
    out = []
    for kind, (title, key) in GROUPS.items():
        groups: dict[tuple[str, ...], list[tuple[Record, Fault]]] = defaultdict(list)
        for record in records:
            for fault in record.get(kind) or []:
                groups[key(fault)].append((record, fault))
        total = sum(map(len, groups.values()))
        out += [f"## {title}: {total} in {len(groups)} groups", ""]
        for name, its in sorted(groups.items(), key=lambda g: -len(g[1])):
            models = list(dict.fromkeys(record["model"] for record, _ in its))
            example = its[0][1]
            shown = {k: v for k, v in example.items() if k not in ("code", "turned") and v != ""}
            out.append(f"- **{' / '.join(filter(None, name))}**: {len(its)} in {', '.join(models)}")
            out.append(f"  - {json.dumps(shown)}")
            if "code" in example:
                code = example["code"].splitlines()[1:9]
                out += ["", "    ```python", *(f"    {line}" for line in code), "    ```"]
        out.append("")
    broken = [r for r in records if not (r.get("built") and r.get("opened"))]
    out += [f"## Not built, or not opened: {len(broken)}", ""]
    out += [f"- {r['model']}: {' '.join(str(r.get('error')).split())[:200]}" for r in broken]
    return "\n".join(out) + "\n"


def main() -> None:
    """Write the tables."""
    parser = argparse.ArgumentParser(description="Make the tables of a sweep.")
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--out", type=Path, default=Path())
    arguments = parser.parse_args()
    records = [json.loads(x) for file in arguments.files for x in file.read_text().splitlines()]
    arguments.out.mkdir(parents=True, exist_ok=True)
    files = [r for r in records if r["producer"] == "graphs"]
    if files:
        (arguments.out / "graphs.md").write_text(graphs(files))
        print(graphs(files))
    records = [r for r in records if r["producer"] not in ("graphs", "exports")]
    if not records:
        return
    with (arguments.out / "models.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for r in records:
            row = [len(v) if isinstance(v := r.get(c, ""), list) else v for c in COLUMNS]
            writer.writerow([" ".join(str(v).split()) for v in row])
    (arguments.out / "summary.md").write_text(summary(records))
    (arguments.out / "faults.md").write_text(faults(records))
    print(summary(records))


if __name__ == "__main__":
    main()
