"""
Everything that touches the world: files in, figures and tables out.

- ``open_model``: open a safetensors, ONNX, GGUF, npz or npy file, a folder or a URL as a model
- ``save``, ``load``: results as a file, and back
- ``open_store``: a folder that takes the results of each layer as it is done
- ``plots``: the figures: spectrum of a layer (``plots.esd``), alpha against depth
  (``plots.correlation_flow``), axes that are written to a file (``plots.to_file``)
- ``spectra_io.plots.interactive``: the same figures with plotly, for a browser or a notebook
- ``spectra_io.powerlaw_fits``: fits handed over to the powerlaw package, and taken back

Examples
--------
>>> import spectra_io
>>> spectra_io.open_model("nowhere.onnx")  # doctest: +ELLIPSIS
Traceback (most recent call last):
    ...
spectra.errors.ModelNotFoundError: nowhere.onnx: no such file or folder; ...
"""

import spectra
from spectra_io import _clash

_clash.check(spectra)  # before any other import from it can fail

from spectra_io import plots
from spectra_io.models import open_model
from spectra_io.results.files import load, save
from spectra_io.results.stores import open_store

__all__ = ["load", "open_model", "open_store", "plots", "save"]
