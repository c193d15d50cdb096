"""
Save results and load them again, and store them as they come.

- ``files``: results as a file, and back (``save``, ``load``)
- ``stores``: folders that take the results of each layer as it is done (``open_store``)
"""

from spectra_io.results import files, stores

__all__ = ["files", "stores"]
