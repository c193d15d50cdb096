"""The verdict of the safetensors library beside ours, in the message about a refused file."""

import json
import re
import subprocess
import sys

import numpy as np
import pytest
import safetensors

from spectra.errors import ModelFormatError
from spectra_io import open_model
from spectra_io.formats.safetensors_files import open_file
from spectra_io.storage.files import LocalFile
from tests.builders import environment, message_of, safetensors_bytes, write

ENTRY = '{"dtype":"F32","shape":[1],"data_offsets":[0,4]}'
LIBRARY = f"safetensors {safetensors.__version__}"


def with_header(header: str, data: bytes) -> bytes:
    return len(header).to_bytes(8, "little") + header.encode() + data


REFUSED = {
    "truncated": safetensors_bytes({"w": ("F32", [2], bytes(8))})[:-4],
    "overlong": safetensors_bytes({"w": ("F32", [2], bytes(8))}) + b"0",
    "unknown type": safetensors_bytes({"w": ("Q9", [2], bytes(8))}),
    "size and shape": safetensors_bytes({"w": ("F32", [3], bytes(8))}),
    "not JSON": with_header("{" * 20, b""),
}


@pytest.mark.parametrize("content", REFUSED.values(), ids=REFUSED)
def test_what_both_refuse(tmp_path, content):
    message = message_of(write(tmp_path / "m.safetensors", content))
    assert f"; {LIBRARY} refuses it too: " in message
    assert len(message.splitlines()) == 1
    assert "Error while deserializing" not in message


@pytest.mark.parametrize("length", [120, 128, 136, 384, 640])
def test_a_length_that_begins_like_a_pickle(tmp_path, length):
    content = safetensors_bytes({"w": ("F32", [2], bytes(8))}, header_size=length)
    assert "refuses it too" in message_of(write(tmp_path / "m.safetensors", content[:-1]))


def test_what_only_we_refuse(tmp_path):
    """Two tensors of one name: the library takes the last."""
    path = write(tmp_path / "m.safetensors", with_header(f'{{"w":{ENTRY},"w":{ENTRY}}}', bytes(4)))
    assert message_of(path).endswith(f"; {LIBRARY} opens it")


def test_what_is_something_else_is_not_asked_about(tmp_path):
    assert LIBRARY not in message_of(write(tmp_path / "m.safetensors", "<html>"))
    large = (1 << 21).to_bytes(8, "little") + b"{" + bytes(1 << 21)
    assert LIBRARY not in message_of(write(tmp_path / "m.safetensors", large))


def test_a_long_complaint_is_cut(tmp_path):
    header = json.dumps({"w": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4], "x" * 999: 0}})
    path = write(tmp_path / "m.safetensors", with_header(header, bytes(3)))
    assert len(message_of(path)) < 500 + len(str(path))


def test_hostile_names_are_shown_harmlessly(tmp_path):
    content = safetensors_bytes({"\x1b[31m\r\n": ("F32", [2], bytes(8))})
    message = message_of(write(tmp_path / "m.safetensors", content[:-1]))
    assert re.search("[\x00-\x1f]", message) is None


@pytest.mark.slow
def test_the_library_is_imported_when_a_file_is_refused(tmp_path):
    good = write(tmp_path / "m.safetensors", safetensors_bytes({"w": ("F32", [2], bytes(8))}))
    code = "import sys, spectra_io; spectra_io.open_model(sys.argv[1])['w'].read()"
    code += "; sys.exit('safetensors' in sys.modules)"
    command = [sys.executable, "-c", code, str(good)]
    assert subprocess.run(command, env=environment()).returncode == 0
    assert open_model(good)["w"].read().dtype == np.float32


def test_the_error_is_still_ours(tmp_path):
    path = write(tmp_path / "m.safetensors", REFUSED["truncated"])
    with pytest.raises(ModelFormatError):
        open_file(LocalFile(path))
