"""
Fuzzing: mutated files of every kind, opened, listed, read and analysed.

Nothing but the library's own errors may come out, in one line, within five seconds and 300 MB, and
no file outside the folder may be opened. Every fifth file is cut or rewritten between opening and
reading. ``--kind onnx --case 123`` repeats one case.
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import functools
import io
import multiprocessing
import os
import signal
import sys
import tempfile
import time
import traceback
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).resolve().parents[2] / part) for part in ("", "io")]

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402, F401  (it opens the table of time zones, once)

import spectra  # noqa: E402
from spectra_io import open_model  # noqa: E402
from spectra_io.commands.main import main as command  # noqa: E402
from tests.fuzz.mutations import mutated  # noqa: E402
from tests.fuzz.seeds import SEEDS, companions  # noqa: E402

CASES = {"safetensors": 200_000, "onnx": 50_000, "npz": 20_000, "safetensors.index.json": 10_000}
CASES["gguf"] = 20_000
MOST_SECONDS = 5
MOST_BYTES = 300 << 20
_LARGE = 1 << 16  # elements; what is larger is refused by its source, or was not in the file
_OURS = (
    str(Path(__file__).resolve().parents[2]),
    sys.prefix,
    sys.base_prefix,
    "/proc",
    "/sys",
    "/dev",
    str(Path(tempfile.gettempdir()) / "spectra-"),  # a copy of a header, for a second opinion
)
_watched: list[str] = []


class _TooSlow(BaseException):
    """A case has taken longer than it may."""


def _alarm(*_: object) -> None:
    raise _TooSlow


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "open" and _watched and isinstance(arguments[0], str):
        path = os.path.abspath(arguments[0])  # noqa: PTH100  (Path would open nothing, but slowly)
        if not path.startswith((_watched[0], *_OURS)):
            _watched.append(path)


@functools.cache
def _watch() -> None:
    """Look at every file that is opened from now on."""
    sys.addaudithook(_audit)


def peak() -> int:
    """Return the most memory that this process has had, in bytes."""
    with open("/proc/self/status") as status:  # noqa: PTH123
        line = next(line for line in status if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024


def _used(path: Path, case: int) -> None:
    """Do with a file what a user would."""
    model = open_model(path)
    layers = spectra.layers(model, pool=case % 2 == 0)
    ds = spectra.describe(layers)
    accounted = (ds.tensor_layers > 0) | (ds.tensor_reason != "")
    assert bool(accounted.all()), "a tensor is neither taken nor has a reason"
    if case % 5 == 0:
        _disturbed(path, case)
    assert len(model.fingerprint) == 32
    for tensor in model.values():
        with contextlib.suppress(spectra.SpectraError):
            assert tensor.read().shape == tensor.shape
    for layer in layers:
        if layer.taken and layer.N * layer.M * layer.rf <= _LARGE:
            with contextlib.suppress(spectra.SpectraError):
                shape = layer.matrices().shape
                assert sorted(shape[1:]) == [layer.M, layer.N], "another shape than announced"
                parts = layer.in_blocks()
                total = sum(part.size for part in parts.blocks(3)) if parts else 0
                assert not parts or total == layer.N * layer.M, "blocks are not the whole"


def _disturbed(path: Path, case: int) -> None:
    """Change a file that was opened, as a synchronisation or a full disk would."""
    size = path.stat().st_size
    if case % 2 and size:
        os.truncate(path, case % size)
    else:
        path.write_bytes(path.read_bytes()[::-1])


def _commanded(path: Path, case: int) -> None:
    """Run the command line; it must end with 0, 1 or 3, and one line of complaint."""
    out, err = io.StringIO(), io.StringIO()
    arguments = (
        ["describe", str(path)] if case % 100 else ["analyze", "--resamples", "0", str(path)]
    )
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            command(arguments)
        except SystemExit as end:
            code = end.code
    assert code in (0, 1, 3), f"exit code {code}"
    assert "Traceback" not in err.getvalue()
    assert "a defect" not in err.getvalue(), err.getvalue()
    if code == 1:
        assert len(err.getvalue().splitlines()) == 1, err.getvalue()


def run_case(kind: str, folder: Path, case: int, seed: int = 0) -> str:
    """Run one case; return "opened", "refused", or what went wrong."""
    path, content = folder / f"m.{kind}", mutated(kind, SEEDS[kind], case, seed)
    path.write_bytes(content)
    signal.setitimer(signal.ITIMER_REAL, MOST_SECONDS)
    try:
        _used(path, case)
        result = "opened"
    except spectra.SpectraError as error:
        result = "refused"
        if len(str(error).splitlines()) != 1:
            return f"a complaint of several lines: {error!r}"
    except _TooSlow:
        return f"more than {MOST_SECONDS} s"
    except Exception:
        return traceback.format_exc()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    if case % 50 == 0:
        path.write_bytes(content)
        signal.setitimer(signal.ITIMER_REAL, 4 * MOST_SECONDS)
        try:
            _commanded(path, case)
        except (Exception, _TooSlow):
            return traceback.format_exc()
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
    return result


def _prepared() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="fuzz-"))
    for name, content in companions().items():
        (folder / name).write_bytes(content)
    return folder


def run_cases(kind: str, cases: range, seed: int = 0) -> dict[str, Any]:
    """Run many cases in this process; return how they ended."""
    signal.signal(signal.SIGALRM, _alarm)
    _watch()
    folder = _prepared()
    for warm in (0, 100):  # whatever is imported on the way is
        with np.errstate(all="ignore"):
            run_case(kind, folder, warm, seed)
    _watched[:] = [str(folder)]
    counts: collections.Counter[str] = collections.Counter()
    failures: dict[str, int] = {}
    slowest = (0.0, 0)
    for case in cases:
        start = time.perf_counter()
        with np.errstate(all="ignore"):
            result = run_case(kind, folder, case, seed)
        slowest = max(slowest, (time.perf_counter() - start, case))
        if len(_watched) > 1:
            result, _watched[1:] = f"opened {_watched[1]}", []
        if result in ("opened", "refused"):
            counts[result] += 1
        else:
            failures.setdefault(result.strip().splitlines()[-1][:150], case)
            counts["failed"] += 1
    _watched.clear()
    return {"counts": counts, "failures": failures, "slowest": slowest, "peak": peak()}


def _worker(job: tuple[str, range, int]) -> tuple[str, dict[str, Any]]:
    return job[0], run_cases(*job)


def _jobs(kinds: dict[str, int], seed: int) -> list[tuple[str, range, int]]:
    step = 5000
    return [
        (kind, range(start, min(start + step, count)), seed)
        for kind, count in kinds.items()
        for start in range(0, count, step)
    ]


def fuzz(kinds: dict[str, int], seed: int) -> int:
    """Run all cases over all cores; print a table; return how many failed."""
    total: dict[str, dict[str, Any]] = {}
    start = time.perf_counter()
    with multiprocessing.get_context("spawn").Pool(maxtasksperchild=4) as pool:
        for kind, found in pool.imap_unordered(_worker, _jobs(kinds, seed)):
            one = total.setdefault(
                kind,
                {"counts": collections.Counter(), "failures": {}, "slowest": (0.0, 0), "peak": 0},
            )
            one["counts"] += found["counts"]
            one["failures"] = {**found["failures"], **one["failures"]}
            one["slowest"] = max(one["slowest"], found["slowest"])
            one["peak"] = max(one["peak"], found["peak"])
            done = sum(sum(o["counts"].values()) for o in total.values())
            seconds = time.perf_counter() - start
            print(f"{done:>7} of {sum(kinds.values())} cases, {seconds:.0f} s", file=sys.stderr)
    failed = 0
    for kind, one in total.items():
        counts, (seconds, case) = one["counts"], one["slowest"]
        words = ", ".join(f"{n} {what}" for what, n in sorted(counts.items()))
        print(f"{kind}: {words}; slowest {seconds:.2f} s ({case}); peak {one['peak'] >> 20} MB")
        for problem, example in one["failures"].items():
            print(f"  {problem}\n    python tests/fuzz/run.py --kind {kind} --case {example}")
        failed += counts["failed"] + (one["peak"] > MOST_BYTES)
    return failed


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kind", choices=sorted(CASES))
    parser.add_argument("--cases", type=int)
    parser.add_argument("--case", type=int)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    if given.case is not None:
        signal.signal(signal.SIGALRM, _alarm)
        folder = _prepared()
        print(run_case(given.kind, folder, given.case, given.seed), folder)
        return
    kinds = {given.kind: CASES[given.kind]} if given.kind else CASES
    chosen = {kind: given.cases or count for kind, count in kinds.items()}
    sys.exit(1 if fuzz(chosen, given.seed) else 0)


if __name__ == "__main__":
    main()
