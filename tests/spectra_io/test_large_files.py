"""Files larger than memory should be: opened by their structure, analysed a tensor at a time."""

import subprocess
import sys
from pathlib import Path

import onnx
import pytest

from tests.builders import environment, head_of_bytes_field

ROWS, COLUMNS, COUNT = 16_384, 1_024, 28  # 64 MiB each, 1.8 GB together

_MEASURE = """
import sys
import numpy as np
import spectra, spectra_io
from spectra import measures

def memory(key):
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith(key)) // 1024

spectra.analyze({"warm": np.eye(300)}, measures=measures.CORE)
model = spectra_io.open_model(sys.argv[1])
opened = memory("VmHWM")
before = memory("VmRSS")
some = {name: model[name] for name in list(model)[:8]}
ds = spectra.analyze(some)
print(len(model), opened, memory("VmHWM") - before, *set(spectra.labels(ds.status).values))
"""


def write_large(path: Path) -> Path:
    """Write products with weights of zeros inside the file, which take no room on the disk."""
    size = 4 * ROWS * COLUMNS
    graph, tensors = onnx.GraphProto(name="g"), []
    for i in range(COUNT):
        graph.node.append(onnx.helper.make_node("MatMul", [f"x{i}", f"w{i}"], [f"x{i + 1}"]))
        head = onnx.TensorProto(name=f"w{i}", dims=[ROWS, COLUMNS], data_type=1).SerializeToString()
        head += head_of_bytes_field(9, size)
        tensors.append(head_of_bytes_field(5, len(head) + size) + head)
    rest = graph.SerializeToString()
    length = len(rest) + sum(len(head) + size for head in tensors)
    with path.open("wb") as file:
        file.write(b"\x08\x08" + head_of_bytes_field(7, length) + rest)
        for head in tensors:
            file.write(head)
            file.seek(size, 1)
        file.truncate(file.tell())
    return path


@pytest.mark.slow
def test_an_onnx_file_of_two_gigabytes(tmp_path):
    if not sys.platform.startswith("linux"):
        pytest.skip("needs /proc")
    path = write_large(tmp_path / "large.onnx")
    assert path.stat().st_size > 1.8e9
    command = [sys.executable, "-c", _MEASURE, str(path)]
    threads = {"OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, env=environment(**threads)
    )
    count, opened, grown, status = done.stdout.split()
    assert int(count) == COUNT
    assert int(opened) < 200  # MB, Python and its libraries included
    assert int(grown) < 200  # one tensor of 64 MB at a time, and what its spectrum takes
    assert status == "all_zero"
