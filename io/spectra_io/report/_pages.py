"""Page of HTML of a report, from its template, which needs no network."""

from __future__ import annotations

import base64
import gzip
import json
import re
from importlib import resources
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import spectra
from spectra.errors import SpectraError, one_line
from spectra_io.plots._names import short
from spectra_io.plots.interactive._markup import name_of
from spectra_io.report import _contents, _pictures
from spectra_io.report._comparisons import side_by_side
from spectra_io.report._links import DOCUMENTATION, page_of
from spectra_io.report._names import brief
from spectra_io.report._tables import layers_table
from spectra_io.report._words import WORDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    import xarray as xr

    from spectra.results.dataset import Row
    from spectra.results.variables import Variable

__all__ = ["START", "page", "templates"]

START = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="generator" content="weightspectra report">
"""
"""Beginning of each page."""

_MISSING = (
    "a page of HTML needs the packages jinja2 and plotly: pip install 'weightspectra[report]', "
    "or in a clone pip install -e '.[report]'"
)
_LIBRARIES = ("plotly-cartesian.min.js", "dataTables.min.js", "charts.js")
_SHORT = 64  # characters of the name of a layer in a table
_LONGEST = 300  # characters of a whole name, which is shown when its short form is pointed at


def templates() -> Any:
    """Return the environment of the templates; without Jinja2 or plotly say how to install them."""
    if not all(map(find_spec, ("jinja2", "plotly"))):
        raise SpectraError(_MISSING)
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=PackageLoader("spectra_io.report", "assets"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def page(
    models: Any,
    /,
    *,
    not_begun: Mapping[str, str] | None = None,
    watch: Callable[[Sequence[str]], Iterable[str]] = iter,
) -> str:
    """
    Write a report as one page of HTML that needs no network.

    Parameters
    ----------
    models : Dataset, mapping of str to Dataset, or sequence of Dataset
        Results of :func:`spectra.analyze`; for several models a Dataset with a dimension such as
        ``model``, or a Dataset for each. Names of a mapping are the names of the models.
    not_begun : mapping of str to str, optional
        Reasons why other models, which were asked for, have no results, by their names.
    watch : callable, default: iter
        Function of the names of the layers that yields them again, each when the one before is
        drawn, and so can show the progress, as ``tqdm.tqdm`` does.

    Returns
    -------
    str
        The page. Names from files are text and nothing else.

    Raises
    ------
    SpectraError
        If Jinja2 or plotly is not installed.
    ArgumentError
        If there is no model, or a Dataset is not the result of an analysis.

    Notes
    -----
    The page holds the programs DataTables and plotly.js, 1.6 MB, and about 5 kB per layer, its
    pictures included. Its policy allows no request to any network.

    Examples
    --------
    >>> import numpy as np, spectra
    >>> ds = spectra.analyze({"fc": np.random.default_rng(0).standard_normal((200, 100))})
    >>> page({"net": ds}).startswith("<!doctype html>")
    True
    """
    environment = templates()
    known = _contents.checked(models)
    layers = _contents.in_order(known)
    variables = _contents.glossary(layers)
    said = [_contents.said_of(name, ds) for name, ds in known.items()]
    heads, lines = layers_table(known)
    ids = {name: i for i, name in enumerate(layers)}
    text: str = environment.get_template("report.html.jinja").render(
        start=START,
        version=spectra.__version__,
        names=list(known),
        briefs=brief(list(known)),
        said=said,
        not_begun=[(one_line(name), one_line(why)) for name, why in (not_begun or {}).items()],
        compared=side_by_side(known, [each.seen for each in said]) if len(known) > 1 else [],
        heads=heads,
        lines=lines,
        ids=ids,
        short=lambda name: short([one_line(name)], _SHORT)[0],
        whole=lambda name: short([one_line(name)], _LONGEST)[0],
        parts=lambda name: re.split(r"(?<=[._/])(?=\w)", name),  # a line may end between them
        documentation=DOCUMENTATION,
        words=WORDS,
        data=_packed(_data(known, layers, variables, watch)),
        libraries=[_asset(name) for name in _LIBRARIES],
        style=_asset("report.css"),
        script=_asset("report.js"),
    )
    return text


def _asset(name: str) -> str:
    return resources.files("spectra_io.report").joinpath("assets", name).read_text("utf-8")


def _data(
    models: Mapping[str, xr.Dataset],
    layers: Mapping[str, Sequence[Row | None]],
    variables: Sequence[Variable],
    watch: Callable[[Sequence[str]], Iterable[str]],
) -> dict[str, Any]:
    """Return the data of what the page shows when it is asked: layers, pictures, comparisons."""
    return {
        "documentation": DOCUMENTATION,
        "models": [short([name], _LONGEST)[0] for name in models],
        "briefs": brief(list(models)),
        "variables": [
            [v.name, v.long_name, v.units, _contents.formula_of(v), v.group, v.kind, page_of(v)]
            for v in variables
        ],
        "layers": [
            {
                "name": one_line(name),
                "label": name_of(name),
                "models": [row and _contents.numbers(row, variables) for row in layers[name]],
                "pictures": [
                    _pictures.of_layer(ds, name) if row else []
                    for row, ds in zip(layers[name], models.values(), strict=True)
                ],
            }
            for name in watch(list(layers))
        ],
        "pictures": _pictures.of_models(models),
        "wholes": [name_of(name, 120) for name in models],
        "labels": [name_of(name) for name in brief(list(models))],
    }


def _packed(data: dict[str, Any]) -> str:
    """Return data as letters and digits, which stand in a page without any meaning."""
    text = json.dumps(data, separators=(",", ":"), allow_nan=False)
    return base64.b64encode(gzip.compress(text.encode(), mtime=0)).decode()
