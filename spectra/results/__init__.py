"""Results: labelled Datasets, what their variables mean, and what they say."""

from spectra.results import dataset, plotdata, scale_collapse, summary, variables, verdicts

__all__ = ["dataset", "plotdata", "scale_collapse", "summary", "variables", "verdicts"]
