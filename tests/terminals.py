"""The program on a pseudo-terminal, and the lines that it shows there."""

import os
import re
import subprocess
import sys

import pytest

from tests.builders import environment

PROGRAM = [sys.executable, "-c", "from spectra_io.commands.main import main; main()"]
ESCAPE = re.compile(r"\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07]*\x07)")


def on_a_terminal(*arguments, columns=100, **variables):
    """Run the program on a pseudo-terminal, and return its exit code and what it showed."""
    pty = pytest.importorskip("pty")
    import fcntl
    import struct
    import termios

    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    env = environment(TERM="xterm-256color", **variables)
    command = [*PROGRAM, *map(str, arguments)]
    with subprocess.Popen(command, env=env, stdin=theirs, stdout=theirs, stderr=theirs) as child:
        os.close(theirs)
        shown = b""
        while chunk := _read(ours):
            shown += chunk
    os.close(ours)
    return child.returncode, shown.decode()


def _read(terminal):
    try:
        return os.read(terminal, 65536)
    except OSError:  # Linux says so when the other end is closed
        return b""


def lines_on_screen(shown):
    """Return the lines without colours; what a carriage return wrote over does not count."""
    return [
        line.rpartition("\r")[2] for line in ESCAPE.sub("", shown).replace("\r\n", "\n").split("\n")
    ]
