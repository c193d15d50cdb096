"""Lay out the tensors of a model as a text table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spectra.results.reading import records
from spectra_io.terminal.columns import Column, TextTable, column, laid_out

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["TENSOR_COLUMNS", "tensor_table"]

TENSOR_COLUMNS = (
    Column("tensor", "tensor", left=True),
    column("tensor_role", expendable=5),
    column("tensor_dtype", expendable=1),
    column("tensor_shape", expendable=4)._replace(left=False),
    column("tensor_layers", expendable=3),
    column("tensor_note", expendable=2, optional=True),
    column("tensor_reason"),
)
"""Columns of :func:`tensor_table`."""


def tensor_table(ds: xr.Dataset, /) -> TextTable:
    """
    Lay out the tensors of a model as a table of one row per tensor.

    Parameters
    ----------
    ds : xarray.Dataset
        Result of :func:`spectra.describe`.

    Returns
    -------
    TextTable
        Table with the :data:`TENSOR_COLUMNS`.

    Examples
    --------
    >>> import numpy as np, spectra
    >>> for line in tensor_table(spectra.describe({"fc": np.eye(3)})).lines():
    ...     print(line)
    tensor  role   dtype    shape  layers  not taken because
    fc      dense  float64    3x3       1  -
    """
    return laid_out(TENSOR_COLUMNS, records(ds))
