"""Command line of the trainings, the same for all."""

from __future__ import annotations

import argparse
from pathlib import Path

__all__ = ["parser", "read"]

_SOURCES = {
    "digits": "folder with MNIST, as its four files or as train.npz and the two files to test with",
    "models": "folder with the networks that `trainings.networks_of_others` lists",
    "data": "folder with blackouts.txt, cities.txt, flares.txt, surnames.txt and words.txt",
}


def parser(doc: str | None, *sources: str) -> argparse.ArgumentParser:
    """
    Make the parser of a training.

    Parameters
    ----------
    doc : str
        Docstring of the module, for the help.
    *sources : {"digits", "models", "data"}
        Folders that the training reads: one of them has to be given.

    Returns
    -------
    ArgumentParser
        Parser with an option for each source, and `--out` for the folder of the results. What ships
        is replaced only if `--out results` asks for it.
    """
    made = argparse.ArgumentParser(
        description=doc, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    given = made.add_mutually_exclusive_group(required=True)
    for source in sources:
        given.add_argument(f"--{source}", type=Path, help=_SOURCES[source])
    made.add_argument(
        "--out", type=Path, required=True, help="folder of the results; the pages read `results`"
    )
    return made


def read(made: argparse.ArgumentParser) -> argparse.Namespace:
    """Read the command line, refuse sources that are not there, and make the folder of results."""
    args = made.parse_args()
    for source in _SOURCES:
        folder = getattr(args, source, None)
        if folder is not None and not folder.is_dir():
            made.error(f"--{source}: {folder} is not a folder")
    args.out.mkdir(parents=True, exist_ok=True)
    return args
