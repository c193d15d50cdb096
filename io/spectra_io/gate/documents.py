"""A report as JSON, for a program."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import spectra

if TYPE_CHECKING:
    from spectra.results.rules import Breach, Outcome
    from spectra_io.gate.reports import Checked, Report

__all__ = ["HEAD", "as_json", "document"]

HEAD = '{\n "gate": {'
"""First letters of a report as JSON."""


def as_json(document: Any, /) -> str:
    r"""
    Return a document as JSON that a build's log shows and does not obey.

    Parameters
    ----------
    document : dict
        Document of texts, finite numbers, lists and dicts.

    Returns
    -------
    str
        JSON in ASCII, of which no line begins with a text, without ``##`` in any text.

    Examples
    --------
    >>> print(as_json({"a": "##[error]"}))
    {
     "a": "#\u0023[error]"
    }
    """
    text = json.dumps(document, indent=1, allow_nan=False)
    return text.replace("##", "#\\u0023")  # a number sign stands in texts only


def document(report: Report, /) -> str:
    """
    Return a report as JSON.

    Parameters
    ----------
    report : Report
        The report.

    Returns
    -------
    str
        A document of `gate` (outcome, exit code, rules and their source) and `models`, each with
        the outcome of every rule, the layers at fault and the layers to look at first. A missing
        number is null.

    Examples
    --------
    >>> import json
    >>> from spectra_io.gate.reports import Checked, Report
    >>> made = document(Report((), "default", (Checked("a.onnx", problem="no such file"),)))
    >>> json.loads(made)["gate"]["exit_code"]
    2
    """
    gate = {
        "made_by": f"weightspectra {spectra.__version__}",
        "outcome": report.word,
        "exit_code": report.code,
        "sentence": report.sentence,
        "source": report.source,
        "rules": [rule.text for rule in report.rules],
    }
    return as_json({"gate": gate, "models": [_model(model) for model in report.models]})


def _model(model: Checked) -> dict[str, Any]:
    return {
        "path": model.path,
        "exit_code": model.code,
        "sentence": model.sentence,
        "problem": model.problem or None,
        "num_layers": model.num_layers,
        "num_computed": model.num_computed,
        "rules": [_outcome(outcome) for outcome in model.outcomes],
        "look_at_first": [
            {"layer": each.layer, "verdict": each.verdict, "reason": each.reason}
            for each in model.first
        ],
    }


def _outcome(outcome: Outcome) -> dict[str, Any]:
    return {
        "rule": outcome.rule.text,
        "broken": outcome.is_broken,
        "num_layers": outcome.num_layers,
        "num_at_fault": len(outcome.breaches),
        "layers": [_layer(breach) for breach in outcome.breaches],
    }


def _layer(breach: Breach) -> dict[str, Any]:
    return {
        "layer": breach.layer,
        "values": {name: _plain(value) for name, value in breach.values.items()},
        "verdict": breach.verdict or None,
        "reason": breach.reason or None,
    }


def _plain(value: float | str) -> float | str | None:
    return value if isinstance(value, str) or math.isfinite(value) else None
