"""A report as SARIF 2.1.0, for services that show findings beside the code."""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import spectra
from spectra.errors import one_line
from spectra_io.gate.documents import as_json
from spectra_io.gate.reports import NOT_DONE
from spectra_io.gate.texts import row
from spectra_io.urls import is_url

if TYPE_CHECKING:
    from spectra.results.rules import Breach, Outcome, Rule
    from spectra_io.gate.reports import Checked, Report

__all__ = ["HEAD", "sarif", "uri"]

_SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
_HOME = "https://github.com/weightspectra/weightspectra"
_LONGEST = 1000  # characters of a message

HEAD = as_json(
    {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [{"tool": {"driver": {"name": "weightspectra", "informationUri": _HOME}}}],
    }
).partition("\n    }")[0]
"""First letters of a report as SARIF."""


def uri(path: str, /) -> str:
    """
    Return the URI of a model's file.

    Parameters
    ----------
    path : str
        Path of a file, or a URL.

    Returns
    -------
    str
        A relative reference of a relative path, so that a service finds the file in its repository;
        all but letters, digits and a few signs as percent and number.

    Examples
    --------
    >>> uri("models/my net.onnx"), uri("/tmp/a.onnx"), uri("https://example.org/a.onnx")
    ('models/my%20net.onnx', 'file:///tmp/a.onnx', 'https://example.org/a.onnx')
    """
    if is_url(path):
        return quote(path, safe="%:/?&=+,;@~!$'()*")
    given = Path(path)
    encoded = quote(os.fsencode(given.as_posix()), safe="/~")
    if not given.is_absolute():
        return encoded
    return f"file://{'' if encoded.startswith('/') else '/'}{encoded}"


def sarif(report: Report, /) -> str:
    """
    Return a report as SARIF.

    Parameters
    ----------
    report : Report
        The report.

    Returns
    -------
    str
        A log of one run: every rule, and one result for each layer that breaks one, at the file of
        its model. A model that could not be checked is a notification of the run.

    References
    ----------
    OASIS (2020), Static Analysis Results Interchange Format Version 2.1.0.

    Examples
    --------
    >>> import json
    >>> from spectra_io.gate.reports import Checked, Report
    >>> made = json.loads(sarif(Report((), "default", (Checked("a.onnx", problem="gone"),))))
    >>> made["runs"][0]["invocations"][0]["exitCode"]
    2
    """
    driver = {
        "name": "weightspectra",
        "informationUri": _HOME,
        "version": spectra.__version__,
        "rules": [_rule(rule) for rule in report.rules],
    }
    problems = [_notification(model) for model in report.models if model.code == NOT_DONE]
    problems += [{"level": "error", "message": _plain(report.sentence)}] if report.unmatched else []
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "invocations": [
            {
                "executionSuccessful": report.code != NOT_DONE,
                "exitCode": report.code,
                "toolExecutionNotifications": problems,
            }
        ],
        "results": [
            _result(model, outcome, breach, report.rules.index(outcome.rule))
            for model in report.models
            for outcome in model.broken
            for breach in outcome.breaches
        ],
    }
    return as_json({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]})


def _plain(text: object) -> dict[str, str]:
    """Return a message that is plain text: braces and links would be more than that."""
    line = one_line(text).replace("](", "] (")
    return {"text": re.sub("[{}]", lambda found: "()"[found[0] == "}"], line)[:_LONGEST] or "-"}


def _rule(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.text,
        "shortDescription": _plain(f"A model fails if {rule.text}"),
        "helpUri": f"{_HOME}/blob/main/docs/gate.md",
        "defaultConfiguration": {"level": "error"},
    }


def _location(model: Checked) -> dict[str, Any]:
    """Return the file of a model; services want a line, which a file of weights does not have."""
    return {"artifactLocation": {"uri": uri(model.path)}, "region": {"startLine": 1}}


def _result(model: Checked, outcome: Outcome, breach: Breach, index: int) -> dict[str, Any]:
    entries = row(breach)
    compared = ", ".join(f"{name} {entries[name]}" for name in breach.values)
    why = f": {breach.reason}" if breach.reason else ""
    known = breach.verdict and "verdict" not in breach.values
    verdict = f"; {entries['verdict']}{why}" if known else why
    name = one_line(breach.layer)
    identity = f"{outcome.rule.text}\n{breach.layer}".encode(errors="backslashreplace")
    return {
        "ruleId": outcome.rule.text,
        "ruleIndex": index,
        "level": "error",
        "message": _plain(f"layer {name}: {compared}{verdict}"),
        "locations": [
            {
                "physicalLocation": _location(model),
                "logicalLocations": [{"fullyQualifiedName": name, "kind": "element"}],
            }
        ],
        "partialFingerprints": {"ruleAndLayer/v1": hashlib.sha256(identity).hexdigest()},
    }


def _notification(model: Checked) -> dict[str, Any]:
    return {
        "level": "error",
        "message": _plain(f"{model.path}: {model.sentence}"),
        "locations": [{"physicalLocation": _location(model)}],
    }
