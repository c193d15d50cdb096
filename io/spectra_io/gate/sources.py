"""Sources of rules: options of the command line, a file of rules, the project's settings."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spectra.errors import ArgumentError, unknown_name
from spectra.results import rules

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spectra.results.rules import Rule

__all__ = ["chosen", "in_project", "read"]

_LARGEST = 1 << 18  # bytes of a file
_POINTS = 500  # in a line: the parser takes time as the square of the parts of a key
_MOST = 100  # rules
_KEY = "fail-on"
_TABLE = "tool.weightspectra.check"


def chosen(
    texts: Sequence[str] = (), files: Sequence[Path] = (), *, folder: Path | None = None
) -> tuple[tuple[Rule, ...], str]:
    """
    Return the rules to check by: those given, else those of the project, else the default ones.

    Parameters
    ----------
    texts : sequence of str, optional
        Rules given as text.
    files : sequence of Path, optional
        Files of rules, see :func:`read`.
    folder : Path, optional
        Folder from which the project is searched, by default the working directory.

    Returns
    -------
    rules : tuple of Rule
        Every rule once.
    source : str
        Source of the rules, in words.

    Raises
    ------
    ArgumentError
        If a file has no rules, or a text is not a rule.
    UnknownNameError
        If a rule names an unknown variable or word.

    Examples
    --------
    >>> found, source = chosen(["alpha > 6: more than 3"])
    >>> found[0].variables, source
    (('alpha',), '--fail-on')
    """
    given = [*texts, *(text for file in files for text in read(file))]
    source = ", ".join([*(["--fail-on"] if texts else []), *map(str, files)])
    if not given and (project := in_project(folder or Path.cwd())):
        given, source = project[0], str(project[1])
    if not given:
        given, source = list(rules.DEFAULT), "default"
    unique = list(dict.fromkeys(given))
    if len(unique) > _MOST:
        msg = f"{source}: at most {_MOST} rules can be checked, got {len(unique)}"
        raise ArgumentError(msg)
    return tuple(map(rules.parse, unique)), source


def in_project(folder: Path, /) -> tuple[list[str], Path] | None:
    """
    Return the rules of the project that a folder belongs to.

    Parameters
    ----------
    folder : Path
        Folder of the project, or one within it. The first pyproject.toml in it or above it counts.

    Returns
    -------
    tuple of list of str and Path, or None
        Rules of the table ``[tool.weightspectra.check]``, and the file; None without such a table.

    Raises
    ------
    ArgumentError
        If the file cannot be read, or the table has no rules or other keys.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> _ = (folder / "pyproject.toml").write_text('''
    ... [tool.weightspectra.check]
    ... fail-on = ["verdict == broken"]
    ... ''')
    >>> in_project(folder)[0]
    ['verdict == broken']
    """
    places = (each / "pyproject.toml" for each in (folder, *folder.parents))
    found = next((place for place in places if place.is_file()), None)
    if found is None:
        return None
    table: Any = _toml(found)
    for name in _TABLE.split("."):
        table = table.get(name) if isinstance(table, dict) else None
    return None if table is None else (_listed(table, f"{found}, [{_TABLE}]"), found)


def read(path: Path, /) -> list[str]:
    """
    Read rules from a TOML file.

    Parameters
    ----------
    path : Path
        File of the form ``fail-on = ["alpha > 6: more than 3"]``, of at most 256 KiB.

    Returns
    -------
    list of str
        The rules.

    Raises
    ------
    ArgumentError
        If the file cannot be read, or has no rules or other keys.

    Examples
    --------
    >>> read(Path("nowhere.toml"))
    Traceback (most recent call last):
        ...
    spectra.errors.ArgumentError: nowhere.toml: no such file; a file of rules was wanted
    """
    return _listed(_toml(path), str(path))


def _toml(path: Path) -> dict[str, Any]:
    try:
        if not path.is_file():
            why = "not a file" if path.exists() else "no such file"
            msg = f"{path}: {why}; a file of rules was wanted"
            raise ArgumentError(msg)
        with path.open("rb") as file:
            content = file.read(_LARGEST + 1)
        text = _bounded(content)
        return tomllib.loads(text)
    except ArgumentError:
        raise
    except RecursionError as error:
        msg = f"{path}: not a file of rules: its values are nested too deep"
        raise ArgumentError(msg) from error
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        msg = f"{path}: not a TOML file that can be read: {why}"
        raise ArgumentError(msg) from error


def _bounded(content: bytes) -> str:
    """Return the text of a file that is parsed in a short time; refuse any other."""
    if len(content) > _LARGEST:
        msg = f"it has more than {_LARGEST >> 10} KiB"
        raise ValueError(msg)
    if b"\0" in content:
        msg = "a binary file"
        raise ValueError(msg)
    if any(line.count(b".") > _POINTS for line in content.splitlines()):
        msg = f"a line of it has more than {_POINTS} points"
        raise ValueError(msg)
    return content.decode("utf-8").replace("\r\n", "\n")


def _listed(table: Any, where: str) -> list[str]:
    """Return the rules of a table that holds nothing else."""
    if isinstance(table, dict):
        for name in table:
            if name != _KEY:
                raise unknown_name(name, [_KEY], what=f"key in {where}")
    found = table.get(_KEY) if isinstance(table, dict) else None
    if not isinstance(found, list) or not found or not all(isinstance(x, str) for x in found):
        msg = f'{where}: wanted a list of rules, as in {_KEY} = ["alpha > 6: more than 3"]'
        raise ArgumentError(msg)
    return found
