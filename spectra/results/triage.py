"""Say which layers of a model to look at first, and why."""

from __future__ import annotations

import html
import re
from collections import Counter
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Any, NamedTuple

from spectra.errors import counted, one_line
from spectra.results.lacking import lacking_layers, lacking_lines
from spectra.results.reading import in_words, one_model, records
from spectra.results.variables import Status
from spectra.results.verdicts import Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping

    import xarray as xr

__all__ = ["Concern", "Finding", "Triage", "findings", "triage"]

_STRONG = 1.5  # strength of an element or a mean, in units of the limit, from which it is seen
_KIN = 3  # fewest layers of a kind that one of them can be compared with
_FAILED = {status.name.lower() for status in (Status.NOT_READ, Status.NOT_CONVERGED)}
_UNJUDGED = {"not_judged", ""}
_NO_PHASE = {"not_classified", ""}
_UNLIKE = 0.5  # share of the layers of a kind that are not like noise, for one that is
_EMBEDDING = "embedding"  # layers that are often like noise, whatever they have learned
_HOLDING = ("noise and signal", "heavy-tailed", "structured")  # verdicts of more than noise
_JUDGED = (*_HOLDING, "like noise", "trapped")
_SHOWN = 10  # findings in the text of a triage


class Concern(IntEnum):
    """
    Reason to look at a layer, the most urgent first.

    Examples
    --------
    >>> [concern.name.lower() for concern in Concern][:3]
    ['broken', 'not_analysed', 'trapped']
    """

    BROKEN = 1
    NOT_ANALYSED = 2
    TRAPPED = 3
    OVER_TRAINED = 4
    LIKE_NOISE = 5
    UNDER_TRAINED = 6


class Finding(NamedTuple):
    """
    Layer to look at, with the reason.

    Examples
    --------
    >>> Finding._fields
    ('layer', 'verdict', 'reason', 'concern')
    """

    layer: str
    """Name of the layer."""
    verdict: str
    """Verdict in words, such as "like noise"."""
    reason: str
    """Numbers behind it, in one line."""
    concern: Concern
    """Kind of reason."""


@dataclass(frozen=True)
class Triage:
    """
    Verdicts on the layers of a model, and the layers to look at first.

    `gist` says in a plain sentence how many layers hold more than noise; `sentence` counts all
    verdicts. Its text, and its HTML in a notebook, are the sentence of the verdicts, the findings,
    the measures that failed, and what is not analysed.

    Parameters
    ----------
    num_layers : int
        Number of layers.
    verdicts : mapping of str to int
        Number of layers by verdict in words, the most frequent first.
    num_near : int
        Layers whose phase would be another if a number were moved a little.
    findings : tuple of Finding
        Layers to look at, the most urgent first.
    num_lacking : int, default: 0
        Layers with a spectrum that lack values, because a measure failed.
    failures : tuple of str, optional
        Measures that failed, each with a layer and the reason, in one line.
    left_out : str, default: ""
        Tensors and elements that are not analysed, by the kind of reason.

    Examples
    --------
    >>> print(Triage(2, {"like noise": 2}, 0, ()))
    2 layers: 2 like noise
    >>> Triage(3, {"noise and signal": 1, "like noise": 1, "too small to tell": 1}, 0, ()).gist
    '1 of 2 layers that can be judged holds more than noise; 1 is too small to tell'
    """

    num_layers: int
    verdicts: Mapping[str, int]
    num_near: int
    findings: tuple[Finding, ...]
    num_lacking: int = 0
    failures: tuple[str, ...] = ()
    left_out: str = ""

    @property
    def gist(self) -> str:
        """Plain sentence: how many layers hold more than noise, and how many are faulty."""
        holding, judged = (sum(self.verdicts.get(v, 0) for v in of) for of in (_HOLDING, _JUDGED))
        if not judged and self.num_layers == 1:
            first = "The one layer cannot be judged"
        elif not judged:
            first = f"None of {self.num_layers} layers can be judged"
        elif judged == 1:
            first = f"The one layer that can be judged {_hold(holding, 1)}"
        else:
            first = f"{holding or 'None'} of {judged} layers that can be judged {_hold(holding, 2)}"
        words = ("broken", "trapped", "too small to tell")
        rest = [f"{num} {_be(num)} {word}" for word in words if (num := self.verdicts.get(word))]
        return "; ".join([first, *rest])

    @property
    def sentence(self) -> str:
        """Sentence of the verdicts."""
        noun = "layer" if self.num_layers == 1 else "layers"
        counts = ", ".join(f"{num} {word}" for word, num in self.verdicts.items())
        near = (
            f"; {self.num_near} of them near the border to another phase" if self.num_near else ""
        )
        verb = "lacks" if self.num_lacking == 1 else "lack"
        lacking = (
            f"; {self.num_lacking} of them {verb} values of a measure that failed"
            if self.num_lacking
            else ""
        )
        return f"{self.num_layers} {noun}{': ' if counts else ''}{counts}{near}{lacking}"

    def __str__(self) -> str:
        """Return the sentence, the first findings, failures and what is left out, line by line."""
        shown = self.findings[:_SHOWN]
        lines = [f"  {one_line(f.layer)}  {f.verdict}: {one_line(f.reason)}" for f in shown]
        rest = len(self.findings) - len(shown)
        more = [f"  and {rest} more (all are in .findings)"] if rest else []
        head = [self.sentence, "look at these first:"] if lines else [self.sentence]
        below = [*self.failures, *([self.left_out] if self.left_out else [])]
        return "\n".join([*head, *lines, *more, *below])

    def _repr_html_(self) -> str:
        cells = (
            "<tr>" + "".join(f"<td style='text-align:left'>{html.escape(t)}</td>" for t in row[:3])
            for row in self.findings
        )
        table = f"<table><tr><th>layer<th>verdict<th>reason</tr>{'</tr>'.join(cells)}</table>"
        sentence = f"<p>{html.escape(self.sentence)}</p>"
        below = [f"<p>{html.escape(line)}</p>" for line in (*self.failures, self.left_out) if line]
        return f"{sentence}{table if self.findings else ''}{''.join(below)}"


def _hold(holding: int, judged: int) -> str:
    """Return the verb of the layers that hold more than noise, or do not."""
    if judged == 1:
        return "holds more than noise" if holding else "holds no more than noise"
    return "hold more than noise" if holding > 1 else "holds more than noise"


def _be(num: int) -> str:
    return "is" if num == 1 else "are"


def triage(ds: xr.Dataset, /) -> Triage:
    """
    Sum up an analysis: the verdicts, and the layers to look at first.

    Parameters
    ----------
    ds : xarray.Dataset
        Result of :func:`spectra.analyze` for one model.

    Returns
    -------
    Triage
        Numbers of layers by verdict, the :func:`findings`, measures that failed, and what is not
        analysed of the model.

    Raises
    ------
    ArgumentError
        If `ds` is not the result of one model.

    Examples
    --------
    >>> import numpy as np, spectra
    >>> rng = np.random.default_rng(0)
    >>> model = {"noise": rng.standard_normal((200, 100)), "dead": np.zeros((20, 10))}
    >>> print(triage(spectra.analyze(model)))
    2 layers: 1 broken, 1 like noise
    look at these first:
      dead  broken: all weights are zero
      noise  like noise: bulk as noise (p 0.79, D 0.02); no eigenvalues above the bulk at 0.0001
    not analysed: 1 of 2 tensors, 200 of 20,200 elements (1.0 %): 1 x all zero
    """
    one = one_model(ds)
    rows = records(one)
    words = [_verdict(row) or _gone(row) for row in rows]
    counted = Counter(word for word in words if word)
    by_number = dict(sorted(counted.items(), key=lambda pair: (-pair[1], pair[0])))
    near = sum(row.get("phase_second", "not_classified") not in _NO_PHASE for row in rows)
    return Triage(
        len(rows),
        by_number,
        near,
        tuple(findings(one)),
        num_lacking=len(lacking_layers(one)),
        failures=tuple(lacking_lines(one)),
        left_out=str(ds.attrs.get("not_analysed", "")),
    )


def findings(ds: xr.Dataset, /) -> list[Finding]:
    """
    List the layers to look at first, with the reasons.

    Parameters
    ----------
    ds : xarray.Dataset
        Result of :func:`spectra.analyze` for one model. Verdicts need
        :func:`spectra.measures.training_phase`, and elements that make spikes
        :func:`spectra.measures.foreseen_traps`; both are measured by default.

    Returns
    -------
    list of Finding
        The most urgent first: layers that are broken; that could not be read; trapped, or with an
        element or a mean that makes a spike in any order of the elements, at 1.5 times the limit of
        detection; heavy-tailed with an alpha that the literature reads as over-trained; like noise;
        heavy-tailed and read as under-trained. Embeddings like noise, as many are, come last. Of
        equal concern is first the layer with the fewest like it among the layers of its kind, whose
        names differ from its own only in numbers. Empty for a model without such layers.

    Raises
    ------
    ArgumentError
        If `ds` is not the result of one model.

    Notes
    -----
    A layer like noise is not necessarily a fault: embeddings and output layers of some trained
    networks are like noise. One among eleven layers of its kind that are not is one to look at. A
    single large element is often learned (an outlier feature of a language model), and damages a
    narrow format all the same.

    Examples
    --------
    >>> import numpy as np, spectra
    >>> W = np.random.default_rng(0).standard_normal((200, 100))
    >>> W[7, 9] = 60.0
    >>> [found.reason for found in findings(spectra.analyze({"fc": W}))]
    ['element (7, 9) makes a spike by itself, 5.1 times the limit of detection']
    """
    rows = records(one_model(ds))
    judged = [row for row in rows if _verdict(row) or _status(row) != "not_reached"]
    concerns = {row["layer"]: _concern(row) for row in judged}
    sizes = Counter(_kind(row["layer"]) for row in judged)
    alike = Counter((_kind(name), concern) for name, concern in concerns.items())
    found = []
    for row in judged:
        if concern := concerns[row["layer"]]:
            kind = _kind(row["layer"])
            unlike = (sizes[kind] - alike[kind, concern]) / max(1, sizes[kind] - 1)
            rare = unlike if sizes[kind] >= _KIN else 0.0
            finding = Finding(row["layer"], _verdict(row), _reason(row, concern, rare), concern)
            usual = concern is Concern.LIKE_NOISE and row.get("layer_type") == _EMBEDDING
            found.append(((usual, concern, -rare, _rank(row, concern)), finding))
    return [finding for _, finding in sorted(found, key=lambda pair: pair[0])]


def _kind(name: str) -> str:
    return re.sub(r"[0-9]+", "#", name)


def _verdict(row: Mapping[str, Any]) -> str:
    word = str(row.get("verdict", ""))
    return "" if word in _UNJUDGED else in_words(word)


def _gone(row: Mapping[str, Any]) -> str:
    """Return why a layer has no verdict, if it has no spectrum."""
    status = _status(row)
    return "" if status == "computed" else in_words(status)


def _status(row: Mapping[str, Any]) -> str:
    return str(row.get("status", "computed"))


def _concern(row: Mapping[str, Any]) -> Concern | None:
    """Return the most urgent reason to look at a layer."""
    verdict, reading = row.get("verdict", ""), row.get("alpha_reading", "")
    heavy = verdict == Verdict.HEAVY_TAILED.name.lower()
    tests = {
        Concern.BROKEN: verdict == "broken" or _status(row) in {"all_zero", "not_finite"},
        Concern.NOT_ANALYSED: _status(row) in _FAILED,
        Concern.TRAPPED: verdict == "trapped" or (not heavy and bool(_foreseen(row))),
        Concern.OVER_TRAINED: reading == "over_trained",
        Concern.LIKE_NOISE: verdict == "like_noise",
        Concern.UNDER_TRAINED: reading == "under_trained",
    }
    return next((concern for concern, holds in tests.items() if holds), None)


def _foreseen(row: Mapping[str, Any]) -> str:
    """Return which elements make a spike in any order, in words; empty if none does."""
    large, mean = row.get("large_strength", 0.0), row.get("mean_strength", 0.0)
    if max(large, mean) < _STRONG or not max(large, mean) >= _STRONG:
        return ""
    if mean > large:
        return f"the mean of the elements makes a spike, {mean:.1f} times the limit of detection"
    place = row.get("large_where") or "an element"
    is_one = re.match(r"(matrix \d+: )?(an element|element|row|column) ", f"{place} ")
    return f"{place} {_spikes_of(1 if is_one else 2)}, {large:.1f} times the limit of detection"


def _spikes_of(num: int) -> str:
    """Return what so many large elements do, in words."""
    return "makes a spike by itself" if num == 1 else "make spikes by themselves"


def _num_large(row: Mapping[str, Any]) -> int:
    num = row.get("num_large", 0)
    return int(num) if num > 0 else 0


def _reason(row: Mapping[str, Any], concern: Concern, rare: float) -> str:
    """Return the reason of a finding in words."""
    if concern is Concern.NOT_ANALYSED:
        return str(row.get("status_reason") or in_words(_status(row)))
    if concern is Concern.TRAPPED and row.get("verdict") != "trapped":
        return _foreseen(row)
    said = str(row.get("verdict_reason") or in_words(_status(row)))
    if concern in {Concern.OVER_TRAINED, Concern.UNDER_TRAINED}:
        word = row["alpha_reading"].replace("_", "-")
        alone = (
            f"; {counted(large, 'element')} {_spikes_of(large)}"
            if (large := _num_large(row))
            else ""
        )
        return f"alpha {row['alpha']:.2f}, read as {word} in the literature; {said}{alone}"
    if concern is Concern.LIKE_NOISE and rare >= _UNLIKE:
        return f"unlike other layers of its kind; {said}"
    if concern is Concern.LIKE_NOISE and row.get("layer_type") == _EMBEDDING:
        return f"{said}; many embeddings are like noise"
    return said


def _rank(row: Mapping[str, Any], concern: Concern) -> tuple[float, int]:
    """Return the place among findings of equal concern: the stronger first, then by depth."""
    strength = max(row.get("large_strength", 0.0), row.get("mean_strength", 0.0), 0.0)
    strong = -strength if concern is Concern.TRAPPED and strength == strength else 0.0
    return strong, int(row.get("depth", 0))
