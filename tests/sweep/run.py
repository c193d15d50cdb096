"""
Run the sweep: build, save, read, compare; one line of JSON per model.

    PYTHONPATH=.:io python -m tests.sweep.run transformers --out sweep.jsonl
    PYTHONPATH=.:io python -m tests.sweep.run transformers --out sweep.jsonl --only llama gpt2

    PYTHONPATH=.:io python -m tests.sweep.run exports --files FOLDER --out made.jsonl
    PYTHONPATH=.:io python -m tests.sweep.run graphs --files FOLDER --out graphs.jsonl

A model that has its line already is not run again. ``exports`` writes ONNX files with the true
matrices, ``graphs`` reads them: it needs no torch, and can be run again for another reader.
"""

from __future__ import annotations

import argparse
import contextlib
import fnmatch
import importlib
import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from torch import nn

SECONDS = {"exports": 1500}  # for one model
CHUNK = {"exports": 25, "graphs": 300}  # models of one process
USUAL = 40, 15  # seconds, and models
MEMORY = 9 << 30  # bytes of one process
SPLITS = r"chunk|split|unbind|tensor_split"
SINGLE = {"q_proj", "k_proj", "v_proj", "to_q", "to_k", "to_v", "query", "key", "value", "q_b_proj"}
FUSED = re.compile(  # names of projections that are usually several
    r"qkv|kvz|_ba$|to_kv|(^|_)kv$|c_attn|query_key|key_value|gate_up|up_gate|w12|w13|fc12"
    r"|^Wi$|att_proj|ff_proj|input_linear"
)


def _alarm(*_: object) -> None:
    raise TimeoutError("more than the seconds of one model")  # noqa: EM101


@contextlib.contextmanager
def _limit(seconds: int) -> Iterator[None]:
    signal.signal(signal.SIGALRM, _alarm)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)


def check(model: nn.Module, folder: Path) -> dict[str, Any]:
    """Return the record of a live model and the folder where its producer saved it."""
    import spectra
    import spectra_io
    from tests.sweep.matching import compare
    from tests.sweep.truth import matrices, others

    truth = matrices(model)
    rest = others(model, truth)
    try:
        layers = spectra.layers(spectra_io.open_model(folder))
    except Exception as error:
        return {"opened": False, "error": f"{type(error).__name__}: {error}"[:300]}
    result = compare(layers, truth, rest)
    record = result.record()
    record["whole"] = _fused(model, record["whole"])
    return {"opened": True, "layers": sum(x.taken for x in layers), **record}


def _fused(model: nn.Module, whole: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the matrices found whole whose result the code of the model cuts, with the code."""
    from tests.sweep.truth import statement

    out = []
    for item in whole:
        if "rows" in item:  # the file has in one what the code has apart
            out.append(item)
            continue
        place, _, attribute = item["name"].removesuffix(".weight").rpartition(".")
        try:
            cls: Any = type(model.get_submodule(place))
        except AttributeError:
            continue
        code = statement(cls, attribute)
        if not code or attribute in SINGLE:
            continue
        first, *rest = code.splitlines()
        targets = re.findall(r"(\w+)\s*(?:,|=[^=])", first.split("self.")[0])
        later = "\n".join(rest)
        cut = re.search(rf"\)\s*\.({SPLITS})\(", first)
        for name in targets:
            cut = cut or re.search(rf"\b{name}\b[^\n]*\.({SPLITS})\(", later)
            cut = cut or re.search(rf"({SPLITS})\(\s*{name}\b", later)
            cut = cut or re.search(rf"\b{name}\[\.\.\., ?[:\d]", later)
            cut = cut or re.search(rf"\b{name}\b\.(view|reshape)\([^()\n]*\b3\b[^()\n]*\)", later)
        cut = cut or re.search(r"(view|reshape)\([^()\n]*\b3\b[^()\n]*\)", first)
        if cut or FUSED.search(attribute):
            item["code"] = "\n".join((f"# {cls.__name__}", *code.splitlines()[:14]))
            out.append(item)
    return out


def transformers_model(kind: str) -> dict[str, Any]:
    """Return the record of one type of model of transformers."""
    from transformers.utils import logging

    from tests.sweep.building import build, randomize

    logging.set_verbosity_error()
    try:
        model = build(kind).eval()
    except RuntimeError as error:
        return {"built": False, "error": str(error)[:400]}
    randomize(model)
    if hasattr(model, "tie_weights"):
        model.tie_weights()
    folder = Path(tempfile.mkdtemp())
    try:
        model.save_pretrained(folder)
        config = json.loads((folder / "config.json").read_text())
        record = check(model, folder)
    except Exception as error:
        trace = traceback.format_exc().splitlines()[-3:]
        return {"built": False, "error": f"{type(error).__name__}: {error}"[:300], "trace": trace}
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    parameters = sum(p.numel() for p in model.parameters())
    head = {"built": True, "class": type(model).__name__, "parameters": parameters}
    faults = any(record.get(k) for k in ("missed", "wrong", "no_maps", "whole"))
    return head | record | ({"config": config} if faults else {})


def _kinds(what: str, files: Path | None) -> tuple[list[str], Callable[[str], dict[str, Any]]]:
    if what == "transformers":
        from tests.sweep.building import model_types

        return model_types(), transformers_model
    if what == "exports":
        from tests.sweep import exports

        return exports.names(), partial(exports.make, files=_given(files))
    if what == "graphs":
        from tests.sweep import graphs

        return graphs.files_of(_given(files)), partial(graphs.read, folder=_given(files))
    from tests.sweep import producers

    names, one = producers.KINDS[what]
    return list(names), one


def _given(files: Path | None) -> Path:
    if files is None:
        raise SystemExit("--files says where the ONNX files lie")  # noqa: EM101
    return files


def _worker(what: str, out: Path, names: list[str], files: Path | None) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    _, one = _kinds(what, files)
    seconds = SECONDS.get(what, USUAL[0])
    packages = ("spectra_io",) if what == "graphs" else ("torch", "spectra_io", what)
    for package in packages:  # importing does not count as time of a model
        with contextlib.suppress(ImportError):
            importlib.import_module(package)
    for name in names:
        start = time.perf_counter()
        try:
            with _limit(seconds):
                record = one(name)
        except (TimeoutError, MemoryError) as error:
            record = {"built": False, "error": f"{type(error).__name__}: {error}"[:200]}
        except Exception as error:
            trace = traceback.format_exc().splitlines()[-6:]
            record = {"built": False, "error": f"sweep: {error!r}"[:300], "trace": trace}
        line = {"producer": what, "model": name} | record
        line["seconds"] = round(time.perf_counter() - start, 1)
        _append(out, line)


def _append(out: Path, line: dict[str, Any]) -> None:
    with out.open("a") as file:
        file.write(json.dumps(line, default=str) + "\n")
    counts = {k: len(line[k]) for k in ("missed", "wrong", "no_maps", "whole") if k in line}
    print(line["model"], line.get("true", line.get("error")), counts, flush=True)


def _done(out: Path) -> set[str]:
    if not out.exists():
        return set()
    return {json.loads(line)["model"] for line in out.read_text().splitlines()}


def main() -> None:
    """Run the sweep of one producer, two processes at a time."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[1])
    kinds = ["transformers", "diffusers", "peft", "quantized", "exports", "graphs"]
    parser.add_argument("what", choices=kinds)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--files", type=Path, help="folder of the ONNX files")
    parser.add_argument("--only", nargs="*", help="names, or patterns of them")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.worker:
        _worker(arguments.what, arguments.out, arguments.only, arguments.files)
        return
    names, _ = _kinds(arguments.what, arguments.files)
    seconds, size = (
        table.get(arguments.what, usual)
        for table, usual in zip((SECONDS, CHUNK), USUAL, strict=True)
    )
    done = _done(arguments.out)
    only = arguments.only or ["*"]
    todo = [n for n in names if n not in done and any(fnmatch.fnmatch(n, o) for o in only)]
    chunks = [todo[i : i + size] for i in range(0, len(todo), size)]
    running: list[tuple[subprocess.Popen[bytes], list[str], float]] = []
    while chunks or running:
        while chunks and len(running) < arguments.jobs:
            chunk = chunks.pop(0)
            command = [sys.executable, "-W", "ignore", "-m", "tests.sweep.run", arguments.what]
            command += ["--out", str(arguments.out), "--worker"]
            command += ["--files", str(arguments.files)] if arguments.files else []
            command += ["--only", *chunk]
            running.append((subprocess.Popen(command), chunk, time.monotonic()))
        time.sleep(0.5)
        for entry in list(running):
            process, chunk, start = entry
            if process.poll() is None and time.monotonic() - start < (seconds + 10) * len(chunk):
                continue
            process.kill()
            process.wait()
            running.remove(entry)
            left = [n for n in chunk if n not in _done(arguments.out)]
            if left:  # the process died at the first of them
                _append(
                    arguments.out,
                    {
                        "producer": arguments.what,
                        "model": left[0],
                        "built": False,
                        "error": f"the process ended with {process.returncode}",
                    },
                )
                if left[1:]:
                    chunks.insert(0, left[1:])


if __name__ == "__main__":
    main()
