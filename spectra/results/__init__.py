"""
Build and read the results of an analysis: Datasets, their variables, verdicts and summaries.

- ``variables``: every variable that a Dataset may hold, by name (``VARIABLES``); the declaration
  of one (``Variable``); why a layer has no spectrum (``Status``)
- ``dataset``: rows as a Dataset (``from_rows``), texts and codes restored (``restored``)
- ``reading``: words for codes (``labels``), tables (``table``, ``records``), one layer
  (``select``), one model of several (``one_model``), a word for a flag (``in_words``)
- ``several``: the results of each of several models, by name (``by_model``)
- ``accessor``: ``ds.spectra``, with the diagnosis, the table and the figures of a result
- ``claims``: layers with spikes, traps or a rejected power law, beside chance (``claims``)
- ``triage``: the layers of a model to look at first (``findings``), and its verdicts in a sentence
  (``triage``)
- ``left_out``: tensors and elements that are not analysed, by the kind of reason
  (``left_out_line``)
- ``lacking``: layers on which a measure failed (``lacking_layers``, ``lacking_lines``)
- ``relations``: a metric of models against their accuracy, within groups and between (``relation``)
- ``summary``: averages over the layers of a model (``summary``)
- ``diagnosis``: one verdict from all the evidence, with its reason (``judge``)
- ``values``: what a measure returned, checked against the declarations (``checked``)
- ``verdicts``: the words (``Verdict``, ``Reading``), how the literature reads an alpha
  (``reading_of_alpha``)
- ``rules``: rules that a model must not break (``check``), as ``spectra check`` takes them
- ``scale_collapse``: layers whose weights are unusually small (``find``)
- ``plotdata``: the numbers of the figures, with captions (``esd``, ``correlation_flow``, ...)
"""

from spectra.results import (
    accessor,
    claims,
    dataset,
    diagnosis,
    lacking,
    left_out,
    plotdata,
    reading,
    relations,
    rules,
    scale_collapse,
    several,
    summary,
    triage,
    values,
    variables,
    verdicts,
)

__all__ = [
    "accessor",
    "claims",
    "dataset",
    "diagnosis",
    "lacking",
    "left_out",
    "plotdata",
    "reading",
    "relations",
    "rules",
    "scale_collapse",
    "several",
    "summary",
    "triage",
    "values",
    "variables",
    "verdicts",
]
