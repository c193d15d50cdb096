"""Summaries of WeightWatcher 0.7.7: the list of layers without spectra, averages of a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import spectra.weightwatcher._arguments as _arguments
import spectra.weightwatcher._choice as _choice
import spectra.weightwatcher._layers as _layers
from spectra.errors import ArgumentError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt
    import pandas as pd

    from spectra.models.tensors import Tensor

__all__ = ["describe", "summary"]

_AVERAGED = (
    *("log_norm", "alpha", "alpha_weighted", "log_alpha_norm", "log_spectral_norm"),
    *("stable_rank", "mp_softrank"),
)
_COLUMNS = ("M", "N", "Q", "layer_type", "longname", "num_evals", "rf")


def describe(
    model: Mapping[str, Tensor | npt.ArrayLike],
    layers: int | str | Sequence[int | str] | None = (),
    *,
    pool: bool = True,
    min_evals: int | None = 8,
    max_evals: int | None = 15000,
    max_N: int | None = 50000,
    start_ids: int = 0,
    **others: object,
) -> pd.DataFrame:
    """
    List the layers of the details table without computing their spectra.

    Parameters
    ----------
    model : mapping of str to Tensor or array_like
        Model as :func:`spectra_io.open_model` returns it, or arrays by name.
    layers : int, str or sequence of them, optional
        Layers of the table, all by default, see :func:`spectra.weightwatcher.analyze`.
    pool : bool, default: True
        Whether a convolution is one row, or one row per kernel position (`slice_id`).
    min_evals, max_evals : int, default: 8, 15000
        Smallest and largest number of eigenvalues of a layer in the table; 0 or None for no limit.
    max_N : int, default: 50000
        Largest longer side of a layer in the table; 0 or None for no limit.
    start_ids : int, default: 0
        First `layer_id`; 0 for WeightWatcher's own numbers.
    **others : object
        Other arguments of WeightWatcher's ``describe``, accepted with the value that asks for
        nothing; with any other value the error says what to use.

    Returns
    -------
    pandas.DataFrame
        Table of one row per layer: `layer_id` and `name`, then `M`, `N`, `Q`, `layer_type`,
        `longname`, `num_evals`, `rf`, and `slice_id` of kernel positions.

    Raises
    ------
    ArgumentError
        If `model` is not a mapping, or an argument is unknown or out of range.
    UnknownNameError
        If `layers` names a layer that is not there.

    See Also
    --------
    spectra.describe : List every tensor of a model, and why it is not analysed.

    Notes
    -----
    `num_evals` is M times the number of kernel positions. For convolutions with more outputs than
    inputs and an even number of positions it is not the number of eigenvalues, because
    WeightWatcher swaps N and M of these.

    References
    ----------
    WeightWatcher 0.7.7, ``WeightWatcher.describe``.

    Examples
    --------
    >>> import numpy as np
    >>> describe({"conv.weight": np.ones((16, 8, 3, 3))})[["layer_id", "name", "num_evals"]]
       layer_id  name  num_evals
    0         1  conv         72
    """
    _arguments.check(describe, others)
    limits = {"min_evals": min_evals, "max_evals": max_evals, "max_N": max_N}
    found = _choice.find(model, layers=layers, pool=pool, start_ids=start_ids, **limits)
    rows = [
        {**part.row(), "num_evals": part.M * (part.num_slices if pool else 1)}
        for layer in found
        for part in _layers.slices(layer, pool=pool)
    ]
    columns = ["layer_id", "name", *_COLUMNS, *([] if pool else ["slice_id"])]
    import pandas as pd

    return pd.DataFrame(rows, columns=columns)


def summary(details: pd.DataFrame) -> dict[str, float]:
    """
    Average the columns of the details table that WeightWatcher averages.

    Parameters
    ----------
    details : pandas.DataFrame
        Table of :func:`spectra.weightwatcher.analyze`.

    Returns
    -------
    dict
        Means over the rows of `log_norm`, `alpha`, `alpha_weighted`, `log_alpha_norm`,
        `log_spectral_norm`, `stable_rank` and `mp_softrank`, of each that is in the table.

    Raises
    ------
    ArgumentError
        If `details` is not such a table.

    See Also
    --------
    spectra.summary : Means over the layers that have a fit.

    Notes
    -----
    The alpha of -1 of a failed fit is averaged in, as in WeightWatcher; ``nan`` is left out. Every
    kernel position counts as a row.

    References
    ----------
    WeightWatcher 0.7.7, ``WeightWatcher.get_summary``.

    Examples
    --------
    >>> import numpy as np
    >>> from spectra.weightwatcher import analyze
    >>> zero = {"a.weight": np.zeros((20, 10)), "b.weight": np.zeros((20, 10))}
    >>> summary(analyze(zero))["alpha"]
    -1.0
    """
    import pandas as pd

    if not isinstance(details, pd.DataFrame):
        is_dataset = hasattr(details, "data_vars")
        how = "use spectra.summary(ds)" if is_dataset else "give what analyze(model) returns"
        got = type(details).__name__
        msg = f"`details` must be the table of weightwatcher.analyze, got {got}; {how}"
        raise ArgumentError(msg)
    return {name: float(details[name].mean()) for name in _AVERAGED if name in details}
