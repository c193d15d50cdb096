"""
Rules that the results of a model must not break: parse them, and check a Dataset against them.

A rule is one line of text that says which layers are at fault, and how many of them break it::

    rule        condition [ ":" count [ "of" pattern ] ]
    condition   comparison, joined by "and" and "or" (the first binds closer), in parentheses
    comparison  variable  ==  !=  <  <=  >  >=  value
                variable  [not] in { value, value, ... }
    value       a number, a word of a flag variable, or "missing"
    count       any, all, more than N, at least N, more than P %, at least P %

- `Rule`, `Count`: a rule, and the number of layers that breaks it
- `Comparison`, `Joined`: the parts of its condition
- `parse`: a rule from its text
- `check`: the `Outcome` of every rule for the results of a model, with a `Breach` for each layer
- `DEFAULT`: the rules for want of others
"""

from spectra.results.rules._conditions import Comparison, Joined
from spectra.results.rules._counts import Count
from spectra.results.rules._outcomes import DEFAULT, Breach, Outcome, check
from spectra.results.rules._parser import Rule, parse

__all__ = [
    "DEFAULT",
    "Breach",
    "Comparison",
    "Count",
    "Joined",
    "Outcome",
    "Rule",
    "check",
    "parse",
]
