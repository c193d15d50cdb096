"""
Memory that a large sharded model takes, of which most of the bytes are holes.

    python tests/bench/large_model.py FOLDER [--options=--memory=1GB]

The model has 12 GB in bfloat16: an embedding of 128,000 x 4096 with one dead column, 28 blocks of
seven matrices up to 14336 x 4096, and 103 smaller ones. Files on disk have holes where nothing was
written: the embedding and ten matrices have numbers. Printed are time and the peak of resident
memory of ``describe``, of the analysis of these eleven, and of the noise tests of two.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import ml_dtypes
import numpy as np

ROOT = Path(__file__).resolve().parents[2]
BLOCK = {
    "self_attn.q_proj": (4096, 4096),
    "self_attn.k_proj": (1024, 4096),
    "self_attn.v_proj": (1024, 4096),
    "self_attn.o_proj": (4096, 4096),
    "mlp.gate_proj": (14336, 4096),
    "mlp.up_proj": (14336, 4096),
    "mlp.down_proj": (4096, 14336),
}
EMBEDDING = "model.embed_tokens.weight"
SHAPES = {
    EMBEDDING: (128_000, 4096),
    **{
        f"model.layers.{i}.{name}.weight": shape for i in range(28) for name, shape in BLOCK.items()
    },
    **{f"adapters.{i}.weight": (1024, 1024) for i in range(103)},
}
FILLED = [EMBEDDING, *(name for name in SHAPES if ".layers.0." in name)]
FILLED += [f"adapters.{i}.weight" for i in range(3)]
NOISE = ["model.layers.0.mlp.down_proj.weight", "model.layers.0.self_attn.q_proj.weight"]
SHARD = 3 << 30  # bytes
MEASURED = """
import resource, subprocess, sys
command = [sys.executable, "-m", "weightspectra", *sys.argv[1:]]
done = subprocess.run(command, capture_output=True, text=True)
usage = resource.getrusage(resource.RUSAGE_CHILDREN)
print(done.stdout[-1500:], done.stderr[-1500:], file=sys.stderr)
print(done.returncode, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)
"""


def numbers(name, shape):
    """Yield the rows of a tensor in blocks, heavy-tailed, one column of the embedding dead."""
    rng = np.random.default_rng(abs(hash(name)) % 2**32)
    for start in range(0, shape[0], 4096):
        block = rng.standard_t(4, (min(4096, shape[0] - start), shape[1])) / 50
        if name == EMBEDDING:
            block[:, 7] = 0
        yield block.astype(ml_dtypes.bfloat16)


def make(folder):
    """Write the shards and their index."""
    shards: list[list[str]] = [[]]
    size = 0
    for name, shape in SHAPES.items():
        if size + 2 * np.prod(shape) > SHARD:
            shards, size = [*shards, []], 0
        shards[-1].append(name)
        size += 2 * int(np.prod(shape))
    where: dict[str, str] = {}
    for number, names in enumerate(shards, 1):
        path = folder / f"model-{number:05}-of-{len(shards):05}.safetensors"
        where |= dict.fromkeys(names, path.name)
        ends = np.cumsum([0, *(2 * int(np.prod(SHAPES[name])) for name in names)]).tolist()
        entries = {
            name: {"dtype": "BF16", "shape": SHAPES[name], "data_offsets": ends[i : i + 2]}
            for i, name in enumerate(names)
        }
        header = json.dumps(entries).encode()
        with path.open("wb") as file:
            file.write(len(header).to_bytes(8, "little") + header)
            for name, start in zip(names, ends, strict=False):
                if name in FILLED:
                    file.seek(8 + len(header) + start)
                    for block in numbers(name, SHAPES[name]):
                        file.write(block.tobytes())
            file.truncate(8 + len(header) + ends[-1])
    index = {"metadata": {}, "weight_map": where}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))


def run(label, *arguments):
    """Run a command in a process of its own, and print its time and its peak of memory."""
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "io")])}
    start = time.perf_counter()
    command = [sys.executable, "-c", MEASURED, *map(str, arguments)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, env=env, check=True)
    code, cpu, peak = map(float, done.stdout.split())
    took = time.perf_counter() - start
    print(
        f"{label:32} code {code:.0f}  {took:7.1f} s  {cpu:7.1f} s CPU  {peak:6.0f} MiB", flush=True
    )


def main():
    """Make the model if it is not there, and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--options", default="", help="options of both analyses, with blanks")
    options = parser.parse_args()
    options.folder.mkdir(exist_ok=True)
    if not (options.folder / "model.safetensors.index.json").exists():
        make(options.folder)
    run("describe", "describe", options.folder)
    kept = [word for name in FILLED for word in ("--include", name)]
    run("analyze, 11 of 300", "analyze", options.folder, *kept, *options.options.split())
    kept = [word for name in NOISE for word in ("--include", name)]
    run("noise, 2 of 300", "noise", options.folder, *kept, *options.options.split())


if __name__ == "__main__":
    main()
