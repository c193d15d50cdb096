"""Reports in files: a format for each ending, and nothing replaced but earlier reports."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spectra_io.gate import documents, markdown, sarif, texts
from spectra_io.storage.outputs import check_writable, written

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from spectra_io.gate.reports import Report

__all__ = ["FORMATS", "check", "rendered", "save"]

_BY_NAME: Mapping[str, tuple[str, Callable[[Report], str], str]] = {
    "text": (".txt", texts.text, texts.HEAD),
    "md": (".md", markdown.markdown, markdown.HEAD),
    "json": (".json", documents.document, documents.HEAD),
    "sarif": (".sarif", sarif.sarif, sarif.HEAD),
}
_NAMES = {ending: name for name, (ending, _, _) in _BY_NAME.items()}

FORMATS = tuple(_BY_NAME)
"""Names of the formats."""


def rendered(report: Report, form: str, /) -> str:
    """
    Return a report in a format.

    Parameters
    ----------
    report : Report
        The report.
    form : str
        One of :data:`FORMATS`.

    Returns
    -------
    str
        The report, without an end of line after the last one.

    Examples
    --------
    >>> from spectra_io.gate.reports import Checked, Report
    >>> rendered(Report((), "default", (Checked("a.onnx", problem="gone"),)), "md")[:22]
    '<!-- spectra check -->'
    """
    return _BY_NAME[form][1](report)


def check(path: Path, /) -> None:
    """
    Check that a report can be saved to a file, before the work.

    Parameters
    ----------
    path : Path
        File to write.

    Raises
    ------
    ArgumentError
        If the ending is not .txt, .md, .json or .sarif, the file cannot be written, or it exists
        and is not a report of this program.

    Examples
    --------
    >>> from pathlib import Path
    >>> check(Path("a.html"))
    Traceback (most recent call last):
        ...
    spectra.errors.ArgumentError: a.html: its name must end in .txt, .md, .json or .sarif
    """
    check_writable(path, _NAMES, is_ours=_is_report)


def _is_report(path: Path) -> bool:
    head = _BY_NAME[_NAMES[path.suffix.lower()]][2].encode()
    with path.open("rb") as file:
        return file.read(len(head)) == head


def save(report: Report, path: Path, /) -> None:
    r"""
    Save a report to a file, in the format of its ending, whole or not at all.

    Parameters
    ----------
    report : Report
        The report.
    path : Path
        File to write.

    Raises
    ------
    ArgumentError
        If :func:`check` rejects the file.
    OSError
        If writing the file fails.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from spectra_io.gate.reports import Checked, Report
    >>> path = Path(tempfile.mkdtemp()) / "report.json"
    >>> save(Report((), "default", (Checked("a.onnx", problem="gone"),)), path)
    >>> path.read_text()[:11]
    '{\n "gate": '
    """
    check(path)
    content = rendered(report, _NAMES[path.suffix.lower()]) + "\n"
    with written(path) as partial:
        partial.write_bytes(content.encode("utf-8", "backslashreplace"))
