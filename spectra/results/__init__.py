"""
Build and read the results of an analysis: Datasets, their variables, verdicts and summaries.

- ``variables``: every variable that a Dataset may hold, by name (``VARIABLES``); the declaration
  of one (``Variable``); why a layer has no spectrum (``Status``)
- ``dataset``: one layer (``select``) or one model (``one_model``) of the results, rows as a table
  (``table``) or as dicts (``records``), codes in words (``labels``), codes and counts after
  concatenation (``restored``)
- ``summary``: averages over the layers of a model (``summary``)
- ``verdicts``: alpha in a word (``band_of_alpha``), evidence for a power law in a word
  (``power_law_support``, ``likelier_law``)
- ``scale_collapse``: layers whose weights are unusually small (``find``)
- ``plotdata``: the numbers of the figures (``esd``, ``correlation_flow``)
"""

from spectra.results import dataset, plotdata, scale_collapse, summary, variables, verdicts

__all__ = ["dataset", "plotdata", "scale_collapse", "summary", "variables", "verdicts"]
