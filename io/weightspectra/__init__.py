"""
Start of the command line: the programs ``spectra`` and ``weightspectra``.

The library is in the packages ``spectra`` and ``spectra_io``.
"""

import sys

__all__ = ["main"]


def main() -> None:
    """
    Run the command line, or say in one line that another package is called ``spectra``.

    Raises
    ------
    SystemExit
        Always, with the exit code.

    Examples
    --------
    >>> from unittest import mock
    >>> with mock.patch.object(sys, "argv", ["spectra", "describe", "nowhere.onnx"]):
    ...     main()
    Traceback (most recent call last):
        ...
    SystemExit: 1
    """
    try:
        from spectra_io.commands.main import main as run
    except ImportError as error:
        if error.name != "spectra":
            raise
        sys.exit(f"spectra: {error}")
    run()
