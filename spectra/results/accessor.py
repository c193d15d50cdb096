"""Accessor ``ds.spectra`` of a result: its diagnosis, its table, its figures."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from spectra.errors import SpectraError
from spectra.results.reading import table
from spectra.results.summary import summary
from spectra.results.triage import triage

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd
    import xarray as xr

    from spectra.results.triage import Triage

__all__ = ["Figures", "Results", "register"]

_DRAWER = "spectra_io"  # never imported here: whoever draws has imported it


class Figures:
    """
    Figures of a result, each a method with the name of the layer as its first argument.

    Parameters
    ----------
    ds : xarray.Dataset
        Result of :func:`spectra.analyze`.

    Raises
    ------
    SpectraError
        If nothing draws figures, because ``spectra_io`` is not imported.

    Examples
    --------
    >>> import numpy as np, spectra, spectra_io
    >>> ds = spectra.analyze({"fc": np.random.default_rng(0).standard_normal((60, 30))})
    >>> ax = Figures(ds).esd("fc")
    >>> ax.get_xscale()
    'log'
    """

    def __init__(self, ds: xr.Dataset) -> None:
        """Keep the result and the module that draws."""
        if _DRAWER not in sys.modules:
            msg = f"figures need the package that draws them: import {_DRAWER}"
            raise SpectraError(msg)
        self._ds, self._module = ds, sys.modules[_DRAWER].plots

    def __dir__(self) -> list[str]:
        """Return the names of the figures."""
        return [name for name in self._module.__all__ if name.islower()]

    def __getattr__(self, name: str) -> Callable[..., Any]:
        """Return the figure of a name, of this result."""
        if name.startswith("_") or name not in dir(self):
            msg = f"there is no figure {name!r}; there are {', '.join(dir(self))}"
            raise AttributeError(msg)
        draw = getattr(self._module, name)

        def drawn(layer: str | None = None, /, **options: Any) -> Any:
            return draw(self._ds, **options, **({} if layer is None else {"layer": layer}))

        return drawn


class Results:
    """
    Diagnosis, table, summary and figures of a result, as methods of its Dataset.

    Parameters
    ----------
    ds : xarray.Dataset
        Result of :func:`spectra.analyze`.

    Examples
    --------
    >>> import numpy as np, spectra
    >>> ds = spectra.analyze({"fc": np.zeros((60, 30))})
    >>> print(ds.spectra.diagnosis())
    1 layer: 1 broken
    look at these first:
      fc  broken: all weights are zero
    not analysed: 1 of 1 tensors, 1,800 of 1,800 elements (100.0 %): 1 x all zero
    """

    def __init__(self, ds: xr.Dataset) -> None:
        """Keep the result."""
        self._ds = ds

    def diagnosis(self) -> Triage:
        """
        Return the verdicts, the layers to look at first, and what is missing, as text or as HTML.

        Returns
        -------
        Triage
            Result of :func:`spectra.results.triage.triage`.
        """
        return triage(self._ds)

    def table(self) -> pd.DataFrame:
        """
        Return one row per layer, codes in words.

        Returns
        -------
        pandas.DataFrame
            Result of :func:`spectra.table`.
        """
        return table(self._ds)

    def summary(self) -> xr.Dataset:
        """
        Return the averages over the layers.

        Returns
        -------
        xarray.Dataset
            Result of :func:`spectra.summary`.
        """
        return summary(self._ds)

    @property
    def plot(self) -> Figures:
        """Figures of the result, such as ``ds.spectra.plot.esd("fc1")``."""
        return Figures(self._ds)


def register() -> None:
    """
    Make ``ds.spectra`` known to xarray; once is enough.

    Examples
    --------
    >>> register()
    >>> import xarray as xr
    >>> type(xr.Dataset().spectra).__name__
    'Results'
    """
    import xarray as xr

    known: Any = xr  # its decorator has no types
    if not hasattr(xr.Dataset, "spectra"):
        known.register_dataset_accessor("spectra")(Results)
