"""Clash of names: another package called ``spectra`` in place of ours."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import ModuleType

OTHER = "spectra"  # a distribution of this name is on the package index; ours is weightspectra


def _writer(place: str) -> str:
    """Return the other distribution with its version; empty if the file is not one of its own."""
    import importlib.metadata

    try:
        other = importlib.metadata.distribution(OTHER)
    except importlib.metadata.PackageNotFoundError:
        return ""
    files = [str(other.locate_file(file)) for file in other.files or ()]
    return f"{OTHER} {other.version}" if place in files else ""


def check(package: ModuleType, /) -> None:
    """
    Check that the package found as ``spectra`` is ours.

    Parameters
    ----------
    package : module
        What ``import spectra`` gives.

    Raises
    ------
    ImportError
        If another package shadows ours, or has left only a part of ours behind.
    """
    if hasattr(package, "analyze"):
        return
    place = getattr(package, "__file__", None) or "a folder without __init__.py"
    if other := _writer(place):
        reason = f"the distribution {other} has written over it"
        mend = "an environment cannot hold both"
    else:
        reason = "another package or file of that name comes first, or ours was removed in part"
        mend = "rename that file, if it is yours"
    again = "`pip uninstall -y spectra weightspectra`, then install weightspectra again"
    msg = (
        f"expected the package spectra of the distribution weightspectra, got {place}: {reason}; "
        f"{mend}; to have weightspectra: {again}"
    )
    raise ImportError(msg, name=OTHER)
