"""
Everything that touches the world: files in, figures and tables out.

Examples
--------
>>> import spectra_io
>>> spectra_io.open_model("nowhere.onnx")  # doctest: +ELLIPSIS
Traceback (most recent call last):
    ...
spectra.errors.ModelNotFoundError: nowhere.onnx: no such file or folder; ...
"""

from spectra_io import plots
from spectra_io.models import open_model
from spectra_io.results.files import load, save

__all__ = ["load", "open_model", "plots", "save"]
