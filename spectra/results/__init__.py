"""Build and read the results of an analysis: Datasets, their variables, verdicts and summaries."""

from spectra.results import dataset, plotdata, scale_collapse, summary, variables, verdicts

__all__ = ["dataset", "plotdata", "scale_collapse", "summary", "variables", "verdicts"]
