"""Outcomes of rules: which of them a model breaks, and by which layers."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from spectra.errors import ArgumentError, unknown_name
from spectra.models.selection import matches
from spectra.results import triage
from spectra.results.reading import labels, one_model
from spectra.results.rules._parser import Rule, parse

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import xarray as xr

    from spectra._typing import FloatArray

__all__ = ["DEFAULT", "Breach", "Outcome", "check"]

DEFAULT = ("verdict == broken", "status in {not_read, not_converged}")
"""Rules for want of others: no layer is broken, and every layer could be read and computed."""


class Breach(NamedTuple):
    """
    Layer at fault, with the values that the rule compares.

    Examples
    --------
    >>> Breach("fc1", {"alpha": 7.3}, "structured", "bulk not as noise").values
    {'alpha': 7.3}
    """

    layer: str
    """Name of the layer."""
    values: Mapping[str, float | str]
    """Numbers and words by variable, in the order of the rule; ``nan`` where missing."""
    verdict: str
    """Word of the verdict; empty if the results have none."""
    reason: str
    """
    Reason to look at the layer, of :func:`spectra.results.triage.findings`; else that of its
    verdict, or for which it has no spectrum; empty if there is none.
    """


class Outcome(NamedTuple):
    """
    Outcome of a rule for a model.

    Examples
    --------
    >>> Outcome(parse("alpha > 6: more than 3"), 12, ()).is_broken
    False
    """

    rule: Rule
    """The rule."""
    num_layers: int
    """Layers that the rule looks at."""
    breaches: tuple[Breach, ...]
    """Layers at fault in the order of the model, enough of them to break the rule or not."""

    @property
    def is_broken(self) -> bool:
        """Whether the layers at fault are so many that the rule is broken."""
        return self.rule.count.is_reached(len(self.breaches), self.num_layers)


def check(
    ds: xr.Dataset, rules: Iterable[str | Rule] = DEFAULT, /, *, unmatched_ok: bool = False
) -> list[Outcome]:
    """
    Check the results of a model against rules.

    Parameters
    ----------
    ds : xarray.Dataset
        Result of :func:`spectra.analyze` for one model.
    rules : iterable of str or Rule, default: :data:`DEFAULT`
        Rules, see :func:`parse`.
    unmatched_ok : bool, default: False
        Whether the pattern of a rule may fit no layer, as where several models have the same rules.

    Returns
    -------
    list of Outcome
        The outcome of each rule, in their order. A model passes if none is broken.

    Raises
    ------
    ArgumentError
        If a text is not a rule, `ds` is not the result of one model, or lacks a variable that a
        rule needs.
    UnknownNameError
        If a rule names an unknown variable or word, or its pattern fits no layer.

    See Also
    --------
    spectra.measures.returning : The measures behind the variables that rules need.

    Notes
    -----
    A missing number satisfies no comparison, ``!=`` included, but for ``== missing``: a rule
    concerns the layers that have the number. A share is one of all layers that the rule looks at,
    those without the number included.

    A layer is called trapped only if its elements were permuted. Results without `num_traps` are
    therefore refused by a rule that names this verdict, rather than passed.

    Examples
    --------
    >>> import numpy as np, spectra
    >>> rng = np.random.default_rng(0)
    >>> ds = spectra.analyze({"fc": rng.standard_normal((200, 100)), "dead": np.zeros((20, 10))})
    >>> for outcome in check(ds, ["verdict == broken", "alpha > 6: more than 3"]):
    ...     print(outcome.is_broken, [breach.layer for breach in outcome.breaches])
    True ['dead']
    False []
    """
    if isinstance(rules, str | Rule):
        msg = f"`rules` must be several, as in ['alpha > 6: more than 3'], got {rules!r}"
        raise ArgumentError(msg)
    parsed = [rule if isinstance(rule, Rule) else parse(rule) for rule in rules]
    one = one_model(ds)
    why = {found.layer: found.reason for found in triage.findings(one)}
    return [_outcome(one, rule, why, unmatched_ok) for rule in parsed]


def _outcome(ds: xr.Dataset, rule: Rule, why: Mapping[str, str], unmatched_ok: bool) -> Outcome:
    lacking = [name for name in rule.needs if name not in ds or ds[name].dims != ("layer",)]
    if lacking:
        wanted = ", ".join(map(repr, rule.needs))
        msg = (
            f"rule {rule.text!r} needs {', '.join(lacking)}, which the results lack; "
            f"spectra.analyze(model, measures=spectra.measures.returning({wanted})) has it"
        )
        raise ArgumentError(msg)
    names = list(map(str, ds.layer.values))
    seen = [not rule.pattern or matches(name, rule.pattern) for name in names]
    if not any(seen) and rule.pattern and not unmatched_ok:
        raise unknown_name(rule.pattern, names, what="layer fits")
    columns = {name: _numbers(ds, name) for name in rule.variables}
    at_fault = np.flatnonzero(np.array(seen, dtype=bool) & rule.condition.holds(columns))
    return Outcome(rule, sum(seen), _breaches(ds, rule, why, at_fault.tolist()))


def _numbers(ds: xr.Dataset, name: str) -> FloatArray:
    """Return a variable as floats, nan where a count is missing."""
    values = ds[name].values
    missing = values.dtype.kind == "i" and "flag_values" not in ds[name].attrs
    return np.where(missing & (values == -1), np.nan, values.astype(np.float64))


def _breaches(
    ds: xr.Dataset, rule: Rule, why: Mapping[str, str], places: list[int]
) -> tuple[Breach, ...]:
    these = ds.isel(layer=places)
    values = {name: _values(these, name) for name in rule.variables}
    words = ("verdict", "verdict_reason", "status_reason")
    verdicts, reasons, causes = (_texts(these, name) for name in words)
    return tuple(
        Breach(
            layer=str(name),
            values={key: found[i] for key, found in values.items()},
            verdict=verdicts[i],
            reason=why.get(str(name)) or reasons[i] or causes[i],
        )
        for i, name in enumerate(these.layer.values)
    )


def _values(ds: xr.Dataset, name: str) -> list[float | str]:
    if "flag_values" in ds[name].attrs:
        return list(map(str, labels(ds[name]).values))
    return list(_numbers(ds, name).tolist())


def _texts(ds: xr.Dataset, name: str) -> list[str]:
    if name not in ds:
        return [""] * ds.sizes["layer"]
    found = labels(ds[name]) if "flag_values" in ds[name].attrs else ds[name]
    return list(map(str, found.values))
