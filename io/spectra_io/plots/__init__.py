"""
Draw the figures of a layer and of a model with matplotlib.

The numbers of each figure, and sentences with them as its `caption`, come from the function of the
same name in :mod:`spectra.results.plotdata` (of :func:`law` from ``theory``), for any other library
to draw. Each function draws in the axes that it is given as `ax`, or in those of a new figure, and
returns them. Names from files are written as they are, never read as mathematics. The package
:mod:`spectra_io.plots.interactive` draws the same figures with plotly.

One layer, of the result of :func:`spectra.analyze`, of a Spectrum or of plain eigenvalues

- :func:`esd`: spectral density, with its fitted tail and the law of its noise
- :func:`tail_laws`: tail with every fitted law
- :func:`xmin_scan`: distance and alpha against the start of the tail
- :func:`hill`: Hill estimates of alpha against the length of the tail
- :func:`noise`: bulk, the fluctuation of its edge, and spikes
- :func:`erg`: tails of the power law and of the trace-log condition

One layer, of its matrices

- :func:`permuted`: spectral densities before and after the elements are permuted
- :func:`vectors`: spread of singular vectors against their eigenvalues

Models

- :func:`correlation_flow`: alpha against depth, of one model or of several
- :func:`histogram`: layers of models by the value of a variable
- :func:`heat_map`: spectra of all layers of a model
- :func:`regression`: any quantity of models against another, groups apart

Theory

- :func:`law`: density of any law, over the histogram of spectra
- :func:`comparison`: difference of draws from a law at their size
- :func:`convergence`: distance from a law against size

Files

- :func:`to_file`: axes that are written to a file, without a display
- :func:`check`: check that a figure can be written, before the analysis
"""

from spectra_io.plots._comparison import comparison
from spectra_io.plots._convergence import convergence
from spectra_io.plots._correlation_flow import correlation_flow
from spectra_io.plots._erg import erg
from spectra_io.plots._esd import esd
from spectra_io.plots._files import FORMATS, check, to_file
from spectra_io.plots._heat_map import heat_map
from spectra_io.plots._hill import hill
from spectra_io.plots._histogram import histogram
from spectra_io.plots._law import law
from spectra_io.plots._noise import noise
from spectra_io.plots._permuted import permuted
from spectra_io.plots._regression import regression
from spectra_io.plots._tail_laws import tail_laws
from spectra_io.plots._vectors import vectors
from spectra_io.plots._xmin_scan import xmin_scan

__all__ = [
    "FORMATS",
    "check",
    "comparison",
    "convergence",
    "correlation_flow",
    "erg",
    "esd",
    "heat_map",
    "hill",
    "histogram",
    "law",
    "noise",
    "permuted",
    "regression",
    "tail_laws",
    "to_file",
    "vectors",
    "xmin_scan",
]
