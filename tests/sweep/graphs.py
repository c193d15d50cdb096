"""ONNX files that are kept on disk: read, and held against the true matrices and safetensors."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import TYPE_CHECKING, Any

from tests.sweep.matrices import kept, title
from tests.sweep.rewriting import AGAIN, FOLDING
from tests.sweep.verdicts import judge

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from spectra._typing import AnyArray
    from tests.sweep.matrices import Matrix

__all__ = ["files_of", "join", "read", "words"]

ROUNDING, DIFFERENCE = 1e-5, 1e-3  # of weights, and of results
Fault = dict[str, Any]


def files_of(folder: Path) -> list[str]:
    """
    Return the ONNX files that were made, as ``nets/mlp/old.onnx``.

    Those whose results are not the network's are left out: what they compute with is not known.
    """
    out = []
    for made in sorted(folder.glob("*/*/made.json")):
        model = made.parent.relative_to(folder).as_posix()
        its = json.loads(made.read_text())["made"]
        right = {one["exporter"] for one in its if not one["by"] and _agrees(one)}
        out += [f"{model}/{x['file']}" for x in its if x["exporter"] in right and _agrees(x)]
    return out


def _agrees(one: Fault) -> bool:
    if one["tolerance"] > ROUNDING:
        return True  # results of quantized weights differ by more than any limit could tell
    return one["difference"] is not None and one["difference"] < DIFFERENCE


@cache
def _known(
    folder: Path,
) -> tuple[list[Matrix], dict[str, AnyArray], dict[str, Fault], dict[int, str]]:
    """Return the truth of a model, its files, and the names of its layers in safetensors."""
    import spectra
    import spectra_io

    truth, rest = kept(folder)
    made = json.loads((folder / "made.json").read_text())
    names: dict[int, str] = {}
    if "safetensors" not in made["failed"]:
        layers = spectra.layers(spectra_io.open_model(folder / "safetensors"))
        names = judge(layers, truth, rest).found
    return truth, rest, {one["file"]: one for one in made["made"]}, names


def read(name: str, folder: Path) -> Fault:
    """
    Return the record of one ONNX file.

    Parameters
    ----------
    name : str
        Which, of `files_of`.
    folder : Path
        Where the files lie.

    Returns
    -------
    dict
        Counts and faults, as of the other sweeps, and the names.
    """
    import spectra
    import spectra_io

    path = folder / name
    truth, rest, made, names = _known(path.parent)
    one = made[path.name]
    head = {k: one[k] for k in ("exporter", "by", "group", "tolerance", "gone", "difference")}
    try:
        layers = spectra.layers(spectra_io.open_model(path))
    except Exception as error:
        return head | {"built": True, "opened": False, "error": f"{type(error).__name__}: {error}"}
    gone = set(one["gone"])
    if one["group"] == AGAIN:  # what onnxruntime folds of numbers that cannot be told apart
        gone |= set(made.get(f"{one['exporter']}.all.onnx", one)["gone"])
    verdict = judge(layers, truth, rest, one["tolerance"], one["group"] in FOLDING)
    missed = [m for m in verdict.missed if m["title"] not in gone]
    there = len(truth) - len(verdict.missed) + len(missed)
    apart = sum(bool(m.label) and title(m) not in gone for m in truth)
    return head | {
        "built": True,
        "opened": True,
        "layers": sum(x.taken for x in layers),
        "true": there,
        "right": there - len(missed),
        "apart": apart,
        "split": sum(bool(truth[t].label) for t in verdict.found),
        "turned": verdict.turned,
        "permuted": verdict.permuted,
        "scaled": verdict.scaled,
        "whole": verdict.whole,
        "parted": verdict.parted,
        "missed": missed,
        "wrong": verdict.wrong,
        "twice": verdict.twice,
        "no_maps": verdict.no_maps,
        "largest_error": verdict.error,
        "names": join(verdict.found, names, truth, words(path)),
    }


def _path(name: str) -> tuple[str, str]:
    """Return the path of a layer's module in one spelling, and its label."""
    path, _, label = name.partition("[")
    path = re.sub(r"[/.]+", ".", path).strip(".")
    return path.removesuffix(".weight"), label.removesuffix("]")


def words(path: Path) -> str:
    """Return every name that an ONNX file has, of nodes, values and in notes, one per line."""
    import onnx

    out: list[str] = []
    graphs = [onnx.load(path).graph]
    while graphs:
        graph = graphs.pop()
        out += [x.name for x in graph.initializer]
        for node in graph.node:
            out += [node.name, *node.input, *node.output, *(p.value for p in node.metadata_props)]
            graphs += [a.g for a in node.attribute if a.HasField("g")]
    return "\n".join(dict.fromkeys(out)).replace("/", ".")


def join(
    found: Mapping[int, str], other: Mapping[int, str], truth: Sequence[Matrix], text: str
) -> Fault:
    """
    Compare the names that two files give the same matrices.

    Parameters
    ----------
    found : mapping of int to str
        Names of layers by true matrix, of the file in question.
    other : mapping of int to str
        Those of the safetensors file of the same network.
    truth : sequence of Matrix
        The true matrices.
    text : str
        Whatever names the file in question has, of `words`.

    Returns
    -------
    dict
        Of the matrices that both have: how many, how many by the same name, and the others with
        both names: as those of the same module (``label``), those named as the live module though
        the saved file is not (``module``), those whose module the ONNX file does not mention
        (``unsaid``), and the rest (``different``).
    """
    names: Fault = {"joined": 0, "same": 0}
    names |= {kind: [] for kind in ("label", "module", "unsaid", "different")}
    for t, name in sorted(found.items()):
        if t not in other:
            continue
        names["joined"] += 1
        if name == other[t]:
            names["same"] += 1
            continue
        if name == title(truth[t]):
            kind = "module"
        elif _path(name)[0] == _path(other[t])[0]:
            kind = "label"
        else:
            place = truth[t].name.rpartition(".")[0] or truth[t].name
            said = place in text and re.search(rf"(?<!\w){re.escape(place)}(?!\w)", text)
            kind = "different" if said else "unsaid"
        names[kind].append([title(truth[t]), name, other[t]])
    return names
