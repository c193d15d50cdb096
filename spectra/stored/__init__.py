"""
Results that are stored as they come, so that work which was stopped goes on where it was.

:func:`spectra.analyze` takes a store, which is any mutable mapping of names to bytes: a dict, a
mapper of fsspec, or the folder that ``spectra_io.open_store`` opens. The names of its parts are
digests of the numbers of a layer and of everything else that the results depend on.

- :func:`runs`: the runs of analyze that a store holds (:class:`Run`)
- :func:`load_run`: the Dataset of one of them, or the Dataset of its tensors
- :func:`is_taken`, :func:`is_recalled`: whether the results of a layer, or its eigenvalues, come
  from the store, for executors that count

A store may have a method ``under(prefix)`` that returns its names with a prefix, if it finds these
faster than by going through all names.
"""

from spectra.stored._kept import is_recalled, is_taken
from spectra.stored._runs import Run, load_run, runs

__all__ = ["Run", "is_recalled", "is_taken", "load_run", "runs"]
