"""
Compute the numbers that the figures show, to draw them with any library or to check them.

Each function returns a tuple with named fields, of which `caption` has sentences with the numbers.
Most take the result of :func:`spectra.analyze` and the name of a layer, a Spectrum, or plain
eigenvalues; those of theory take laws, or results of :mod:`spectra.theory`. The functions of the
same names in ``spectra_io.plots`` draw them with matplotlib, those in
``spectra_io.plots.interactive`` with plotly.

One layer

- :func:`esd`: spectral density with its tail and the law of its noise
- :func:`permuted`: spectral densities before and after the elements are permuted
- :func:`tail_laws`: survival function of the tail, with every fitted law
- :func:`xmin_scan`: distance and alpha against the start of the tail
- :func:`noise`: bulk, the fluctuation of its edge, and spikes
- :func:`hill`: Hill estimates of alpha against the length of the tail
- :func:`vectors`: spread of singular vectors against their eigenvalues
- :func:`erg`: tails of the power law and of the trace-log condition

Models

- :func:`correlation_flow`, :func:`correlation_flows`: alpha against depth, of one model, of several
- :func:`histogram`: layers by the value of a variable
- :func:`heat_map`: spectra of all layers
- :func:`regression`: one quantity against another, groups apart

Theory

- :func:`theory`: density of any law
- :func:`comparison`: difference of draws from a law at their size
- :func:`convergence`: distance from a law against size
"""

from spectra.results.plotdata._comparison import Comparison, comparison
from spectra.results.plotdata._convergence import Convergence, convergence
from spectra.results.plotdata._correlation_flow import (
    CorrelationFlow,
    Trend,
    correlation_flow,
    correlation_flows,
)
from spectra.results.plotdata._erg import ERG, erg
from spectra.results.plotdata._esd import ESD, Scale, esd
from spectra.results.plotdata._heat_map import HeatMap, heat_map
from spectra.results.plotdata._hill import Hill, hill
from spectra.results.plotdata._histogram import Histogram, histogram
from spectra.results.plotdata._kinds import KINDS
from spectra.results.plotdata._law import Theory, theory
from spectra.results.plotdata._noise import Noise, noise
from spectra.results.plotdata._permuted import Permuted, permuted
from spectra.results.plotdata._regression import Line, Regression, regression
from spectra.results.plotdata._tail_laws import TailLaws, tail_laws
from spectra.results.plotdata._vectors import Vectors, vectors
from spectra.results.plotdata._xmin_scan import XminScan, xmin_scan

__all__ = [
    "ERG",
    "ESD",
    "KINDS",
    "Comparison",
    "Convergence",
    "CorrelationFlow",
    "HeatMap",
    "Hill",
    "Histogram",
    "Line",
    "Noise",
    "Permuted",
    "Regression",
    "Scale",
    "TailLaws",
    "Theory",
    "Trend",
    "Vectors",
    "XminScan",
    "comparison",
    "convergence",
    "correlation_flow",
    "correlation_flows",
    "erg",
    "esd",
    "heat_map",
    "hill",
    "histogram",
    "noise",
    "permuted",
    "regression",
    "tail_laws",
    "theory",
    "vectors",
    "xmin_scan",
]
