"""ONNX files of live networks by every producer, kept on disk with the true matrices."""

from __future__ import annotations

import contextlib
import inspect
import json
import logging
import os
import signal
import sys
import warnings
from collections import defaultdict
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from tests.sweep.matrices import title
from tests.sweep.rewriting import EXACT, rewrite
from tests.sweep.subjects import live, names

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from spectra._typing import AnyArray
    from tests.sweep.matrices import Matrix
    from tests.sweep.subjects import Live

__all__ = ["EXPORTERS", "make", "names"]

SECONDS = 150  # for one export
EXPORTERS: dict[str, dict[str, Any]] = {
    "old": {"dynamo": False, "opset_version": 17},
    "new": {"dynamo": True, "external_data": False},
    "old-lengths": {"dynamo": False, "opset_version": 17, "lengths": True},
    "new-lengths": {"dynamo": True, "external_data": False, "lengths": True},
    "new-23": {"dynamo": True, "external_data": False, "opset_version": 23},  # with Attention
}
os.environ.setdefault("TQDM_DISABLE", "1")
BASES = ("old", "new")  # whose files are rewritten


def _gone(path: Path, matrices: list[Matrix]) -> list[str]:
    """Return the tables that the exporter folded: not all there, or only added to something."""
    import onnx

    graph = onnx.load(path).graph
    used: dict[str, set[str]] = defaultdict(set)
    for node in graph.node:
        for name in node.input:
            used[name].add(node.op_type)
    stored = [
        np.unique(values.astype(np.float32))
        for name, values in _constants(graph)
        if values.dtype.kind == "f" and used[name] != {"Add"}
    ]
    every = np.unique(np.concatenate([np.zeros(1, np.float32), *stored]))
    return [
        title(m)
        for m in matrices
        if m.module.endswith("Embedding") and not np.isin(m.stack.astype(np.float32), every).all()
    ]


def _constants(graph: Any) -> Iterator[tuple[str, AnyArray]]:
    from onnx import numpy_helper

    for tensor in graph.initializer:
        yield tensor.name, numpy_helper.to_array(tensor)
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.HasField("t"):
                yield node.output[0], numpy_helper.to_array(attribute.t)
            if attribute.HasField("g"):
                yield from _constants(attribute.g)


def _difference(path: Path, feed: dict[str, AnyArray], results: list[AnyArray]) -> float | None:
    """Return how far a file's results are from the network's: None if it does not run here."""
    import onnxruntime

    settings = onnxruntime.SessionOptions()
    settings.log_severity_level = 4
    settings.intra_op_num_threads = 1
    settings.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    got: list[AnyArray] = []

    def run() -> None:
        session = onnxruntime.InferenceSession(path, settings, providers=["CPUExecutionProvider"])
        halves = {x.name: x.type == "tensor(float16)" for x in session.get_inputs()}
        given = {k: feed[k].astype(np.float16) if half else feed[k] for k, half in halves.items()}
        got.extend(session.run(None, given))

    if _try(run) or len(got) < len(results):
        return None
    return max(
        float(np.abs(a - b).max(initial=0) / max(np.abs(b).max(initial=0), 1e-30))
        if a.shape == b.shape
        else np.inf
        for a, b in zip(got, results, strict=False)
    )


@contextlib.contextmanager
def quiet(seconds: int = SECONDS) -> Iterator[None]:
    """Silence whatever a producer prints, and stop it after some seconds."""

    def ring(*_: object) -> None:
        raise TimeoutError(f"more than {seconds} s")  # noqa: EM102

    before = signal.signal(signal.SIGALRM, ring)
    signal.alarm(seconds)
    logging.disable(logging.CRITICAL)
    sys.stdout.flush()
    kept = [os.dup(1), os.dup(2)]
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 1)  # exporters print from C++, too
        os.dup2(nowhere, 2)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        sys.stdout.flush()
        for place, descriptor in enumerate(kept, 1):
            os.dup2(descriptor, place)
        for descriptor in (*kept, nowhere):
            os.close(descriptor)
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
        logging.disable(logging.NOTSET)


def _save(model: Any, folder: Path) -> None:
    """Save a model as safetensors: the layers that the graph is joined with."""
    from safetensors.torch import save_model

    folder = folder / "safetensors"
    folder.mkdir()
    if hasattr(model, "save_pretrained"):
        model.save_pretrained(folder)
    else:
        save_model(model, str(folder / "model.safetensors"))


def _try(what: Callable[[], object]) -> str:
    try:
        with quiet():
            what()
    except Exception as error:
        return f"{type(error).__name__}: {' '.join(str(error).split())}"[:300]
    return ""


def _axes(net: Live) -> dict[str, tuple[int, ...]]:
    """Return which axes of the inputs may have any length: the batch, and that of a text."""
    return {k: (0, 1) if v.dtype.kind == "i" else (0,) for k, v in net.feed.items()}


def _settings(exporter: str, net: Live) -> dict[str, Any]:
    settings = dict(EXPORTERS[exporter])
    if not settings.pop("lengths", False):
        return settings
    if not settings["dynamo"]:
        return settings | {"dynamic_axes": {k: list(v) for k, v in _axes(net).items()}}
    shapes = tuple(dict.fromkeys(v, torch.export.Dim.AUTO) for v in _axes(net).values())
    each = inspect.signature(net.model.forward).parameters.values()
    every = next((p.name for p in each if p.kind is p.VAR_POSITIONAL), None)
    return settings | {"dynamic_shapes": {every: shapes} if every == "arguments" else shapes}


def _export(net: Live, exporter: str, path: Path) -> str:
    """Export a network; return what went wrong."""
    path.unlink(missing_ok=True)
    settings = _settings(exporter, net) | {"input_names": list(net.feed)}

    def export() -> None:
        torch.onnx.export(net.model, net.inputs, str(path), **settings)

    error = _try(export)
    if error and hasattr(net.model, "set_attn_implementation"):
        net.model.set_attn_implementation("eager")
        error = _try(export)
    return error if path.exists() else error or "no file"


def _made(net: Live, exporter: str, folder: Path) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """Return the files of an exporter and those made of it, and what failed."""
    path = folder / f"{exporter}.onnx"
    error = _export(net, exporter, path)
    if error:
        return [], {exporter: error}
    first = {"file": path.name, "by": "", "group": "", "tolerance": EXACT}
    more, failed = rewrite(path, net.feed, net.name, _try) if exporter in BASES else ([], {})
    made: list[dict[str, Any]] = []
    for one in (first, *more):
        place = folder / one["file"]
        gone = _gone(place, net.matrices) if one["tolerance"] <= EXACT else made[0]["gone"]
        difference = _difference(place, net.feed, net.results)
        made.append(one | {"exporter": exporter, "gone": gone, "difference": difference})
    return made, failed


def make(name: str, files: Path) -> dict[str, Any]:
    """
    Export a model by every exporter, rewrite the files by every optimiser and quantiser, keep all.

    Parameters
    ----------
    name : str
        Which model, of `names`.
    files : Path
        Folder for the files; the model gets one of its own there. The files of an exporter that
        are there already are left as they are.

    Returns
    -------
    dict
        What was made, and what was not and why; the same as ``made.json`` in the model's folder.
    """
    folder = files / name
    folder.mkdir(parents=True, exist_ok=True)
    net = live(name, folder)
    record = folder / "made.json"
    before = json.loads(record.read_text()) if record.exists() else {"made": [], "failed": {}}
    made, failed = before["made"], before["failed"]
    there = {one["exporter"] for one in made}
    if not (folder / "safetensors").exists() and (error := _try(lambda: _save(net.model, folder))):
        failed["safetensors"] = error
    for exporter in EXPORTERS:
        if exporter not in there:
            more, errors = _made(net, exporter, folder)
            made, failed = made + more, failed | errors
    out = {"built": True, "class": type(net.model).__name__, "made": made, "failed": failed}
    record.write_text(json.dumps(out, indent=1))
    return out
