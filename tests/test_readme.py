"""The code of the README runs, in its order, as a reader would run it."""

import re

import matplotlib.pyplot as plt
import pytest

from tests.builders import REPO

BLOCKS = re.findall(r"```python\n(.*?)```", (REPO / "README.md").read_text(encoding="utf-8"), re.S)


def test_python_blocks_run(tmp_path, monkeypatch):
    assert len(BLOCKS) >= 8
    (tmp_path / "examples").symlink_to(REPO / "examples")
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    for block in BLOCKS:
        exec(compile(block, "README.md", "exec"), names)
    plt.close("all")
    assert {"fc2.png", "mnist.nc"} <= {p.name for p in tmp_path.iterdir()}


@pytest.mark.parametrize("command", ["analyze", "noise"])
def test_tables_are_those_of_the_commands(command, capsys):
    from spectra_io.commands.main import main

    text = (REPO / "README.md").read_text(encoding="utf-8")
    with pytest.raises(SystemExit):
        main([command, str(REPO / "examples" / "models" / "mnist_mlp.safetensors")])
    for line in capsys.readouterr().out.splitlines():
        assert line in text
