"""Costs: of files that are small and hold much, time and memory by their size, or one line."""

import io
import struct
import subprocess
import sys
import zipfile
import zlib

import numpy as np
import pytest

from tests.builders import (
    environment,
    f32,
    gguf_bytes,
    varint,
    write,
    write_index,
    write_safetensors,
)

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs /proc")


def field(number, content):
    return varint(number << 3 | 2) + varint(len(content)) + content


def headers(folder, count):
    """Return a safetensors file of empty tensors."""
    entry = '"{:x}":{{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}'
    text = ("{" + ",".join(map(entry.format, range(count))) + "}").encode()
    return write(folder / "m.safetensors", len(text).to_bytes(8, "little") + text)


def brackets(folder, count):
    text = '{"weight_map":{"w":"a.safetensors"},"x":[' + "[]," * count + "[]]}"
    return write(folder / "model.safetensors.index.json", text)


def names(folder, count):
    """Return an index of tensors that its shard does not hold."""
    write_safetensors(folder / "a.safetensors", {"w": f32(4, 3)})
    return write_index(folder, {f"t{i}": "a.safetensors" for i in range(count)})


def initializers(folder, count):
    number = varint(8) + b"\1" + varint(8) + b"\1" + varint(16) + b"\1" + field(9, bytes(4))
    graph = b"".join(field(5, number + field(8, b"%06d" % i)) for i in range(count))
    return write(folder / "m.onnx", varint(8) + b"\x08" + field(7, graph))


def operators(folder, count):
    node = field(1, b"x") + field(1, b"w") + field(4, b"MatMul")
    graph = b"".join(field(1, node + field(2, b"%d" % i)) for i in range(count))
    weight = varint(8) + b"\4" + varint(8) + b"\4" + varint(16) + b"\1" + field(8, b"w")
    graph += field(5, weight + field(9, f32(4, 4).tobytes()))
    return write(folder / "m.onnx", varint(8) + b"\x08" + field(7, graph))


def fields(folder, count):
    """Return an ONNX file of unknown fields."""
    return write(folder / "m.onnx", varint(8) + b"\x08" + (varint(900 << 3) + b"\0") * count)


def calls(folder, count):
    """Return an ONNX file of functions that call the next one twice."""
    graph = field(1, field(4, b"F0") + field(7, b"f"))
    made = varint(8) + b"\x08" + field(7, graph)
    for i in range(count):
        node = field(7, field(4, b"F%d" % (i + 1)) + field(7, b"f"))
        made += field(25, field(1, b"F%d" % i) + field(10, b"f") + 2 * node)
    last = field(1, b"F%d" % count) + field(10, b"f") + field(7, field(4, b"Identity"))
    return write(folder / "m.onnx", made + field(25, last))


def members(folder, count):
    """Return an npz file whose directory names one member again and again."""
    stream = io.BytesIO()
    np.savez(stream, a=np.zeros(0))
    content = stream.getvalue()
    start, end = content.index(b"PK\1\2"), content.index(b"PK\5\6")
    entry = content[start:end]
    directory = b"".join(entry.replace(b"a.npy", b"%05x" % (i % 0xFFFFF)) for i in range(count))
    size, place = len(directory), start + len(directory)
    wide = struct.pack("<4sQHHIIQQQQ", b"PK\6\6", 44, 45, 45, 0, 0, count, count, size, start)
    wide += struct.pack("<4sIQI", b"PK\6\7", 0, place, 1)
    tail = struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, 65535, 65535, 2**32 - 1, 2**32 - 1, 0)
    return write(folder / "m.npz", content[:start] + directory + wide + tail)


def arrays(folder, count):
    with zipfile.ZipFile(folder / "m.npz", "w") as made:
        stream = io.BytesIO()
        np.save(stream, np.zeros(0))
        for i in range(count):
            made.writestr(f"{i}.npy", stream.getvalue())
    return folder / "m.npz"


def entries(folder, count):
    return write(folder / "m.gguf", gguf_bytes({f"{i}": (0, [1], bytes(4)) for i in range(count)}))


def bombs(folder, count):
    """Return an npz file of zeros that is a thousandth of their size."""
    side = int(count**0.5)
    np.savez_compressed(folder / "m.npz", w=np.zeros((side, side), np.float32))
    return folder / "m.npz"


def numbers_in_pieces(folder, count):
    """Return an ONNX file of numbers that are a field each."""
    raw = (varint(4 << 3 | 5) + bytes(4)) * count
    tensor = varint(8) + varint(count) + varint(16) + b"\1" + field(8, b"w") + raw
    return write(folder / "m.onnx", varint(8) + b"\x08" + field(7, field(5, tensor)))


def declared(folder, count):
    """Return an ONNX file of declared values with long types."""
    sides = field(1, b"") * 500
    info = field(2, field(1, varint(8) + b"\1" + field(2, sides)))
    graph = b"".join(field(13, field(1, b"%d" % i) + info) for i in range(count))
    return write(folder / "m.onnx", varint(8) + b"\x08" + field(7, graph))


OVER = {
    "empty tensors": (headers, 280_000, "more than 131072 tensors"),
    "brackets": (brackets, 11_000_000, "mostly brackets"),
    "names": (names, 400_000, "values; at most"),
    "missing names": (names, 200_000, "at most 131072 are listed"),
    "initializers": (initializers, 200_000, "more than 131072 tensors"),
    "operators": (operators, 300_000, "more than 262144 operators"),
    "fields": (fields, 4_300_000, "more than 4194304 fields"),
    "calls": (calls, 30, "more than 262144 operators"),
    "members": (members, 600_000, "its directory takes more than 8 MB"),
    "fewer members": (members, 70_000, "70000 arrays; at most 65536"),
    "numbers in pieces": (numbers_in_pieces, 5_000_000, "more than 4194304 fields"),
    "declared values": (declared, 20_000, "more than 4194304 fields"),
}

_MEASURE = """
import sys, time
import spectra
from spectra_io import open_model

def memory():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1024

for path in sys.argv[1:]:
    before, start = memory(), time.process_time()
    try:
        model = open_model(path)
        spectra.describe(model)
        spectra.analyze(model)
        said = f"{len(model)} tensors"
    except spectra.SpectraError as error:
        said = str(error)
    print(time.process_time() - start, memory() - before, said)
"""


def measured(*paths):
    """Return seconds of CPU, more megabytes, and what was said, for one file after the other."""
    done = subprocess.run(
        [sys.executable, "-c", _MEASURE, *map(str, paths)],
        capture_output=True, text=True, check=True, env=environment(OPENBLAS_NUM_THREADS="1"),
    )  # fmt: skip
    lines = (line.split(" ", 2) for line in done.stdout.splitlines())
    return [(float(seconds), float(grown), said) for seconds, grown, said in lines]


@linux
@pytest.mark.slow
@pytest.mark.parametrize("kind", OVER)
def test_what_is_over_a_limit_is_refused_soon(tmp_path, kind):
    make, count, words = OVER[kind]
    _, (seconds, grown, said) = measured(headers(tmp_path, 3), make(tmp_path, count))
    assert words in said
    assert "truncated" not in said
    assert seconds < 10
    assert grown < 120


UNDER = {
    "empty tensors": headers,
    "missing names": names,
    "initializers": initializers,
    "arrays": arrays,
    "entries": entries,
}


@linux
@pytest.mark.slow
@pytest.mark.parametrize("kind", UNDER)
def test_what_is_under_the_limits_takes_time_by_its_size(tmp_path, kind):
    """Twice as long for twice as many, give or take what others do on the machine."""
    (tmp_path / "few").mkdir()
    (tmp_path / "many").mkdir()
    few, many = UNDER[kind](tmp_path / "few", 2_500), UNDER[kind](tmp_path / "many", 10_000)
    _, (short, _, _), (long, grown, said) = measured(headers(tmp_path, 3), few, many)
    assert said.endswith(" tensors")
    assert long < 4 * 2 * short
    assert long / 10_000 < 2e-3
    assert grown * 2**20 / 10_000 < 8000


@linux
@pytest.mark.slow
def test_operators_take_time_by_their_number(tmp_path):
    (tmp_path / "few").mkdir()
    (tmp_path / "many").mkdir()
    few, many = operators(tmp_path / "few", 2_500), operators(tmp_path / "many", 10_000)
    _, (short, _, _), (long, grown, said) = measured(headers(tmp_path, 3), few, many)
    assert said == "1 tensors"
    assert long < 4 * 2 * short
    assert grown * 2**20 / 10_000 < 8000


@linux
@pytest.mark.slow
def test_a_file_of_zeros_takes_a_block_of_them(tmp_path):
    """A thousand times larger when it is decompressed; its eigenvalues need no more."""
    path = bombs(tmp_path, 1 << 26)
    assert path.stat().st_size < 3e5
    _, (_, grown, said) = measured(headers(tmp_path, 3), path)
    assert said == "1 tensors"
    assert grown < 200


def test_members_that_share_their_bytes(tmp_path):
    """A few bytes must not stand for thousands of arrays that are read one after the other."""
    from spectra_io import open_model

    body = io.BytesIO()
    np.save(body, np.zeros((512, 512)))
    raw = zlib.compress(body.getvalue(), 9, wbits=-15)
    name, size = b"a.npy", len(body.getvalue())
    sums = struct.pack("<III", zlib.crc32(body.getvalue()), len(raw), size)
    local = struct.pack("<4sHHHHH", b"PK\3\4", 20, 0, 8, 0, 0) + sums + struct.pack("<HH", 5, 0)
    out = local + name + raw
    entry = struct.pack("<4sHHHHHH", b"PK\1\2", 20, 20, 0, 8, 0, 0) + sums
    entry += struct.pack("<HHHHHII", 5, 0, 0, 0, 0, 0, 0) + name
    tail = struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, 300, 300, 300 * len(entry), len(out), 0)
    path = write(tmp_path / "m.npz", out + 300 * entry + tail)
    with pytest.raises(OSError, match="is in it 300 times"):
        open_model(path)
    other, last = (entry[: -len(name)] + title for title in (b"b.npy", b"c.npy"))
    last = last[:42] + struct.pack("<I", len(out)) + last[46:]  # the place of its own bytes
    size = len(other + entry + last)
    tail = struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, 3, 3, size, 2 * len(out), 0)
    whole = out + out.replace(b"a.npy", b"c.npy")
    model = open_model(write(tmp_path / "m.npz", whole + other + entry + last + tail))
    for title in "ab":
        assert "shares bytes with another member" in model[title].note
    assert model["c"].read().shape == (512, 512)
