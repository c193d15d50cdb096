"""Analysis: from a model to a Dataset with one row a layer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from spectra.errors import ArgumentError, SpectraError, UnknownNameError, unknown_name
from spectra.linalg.eigen import Spectrum, spectrum
from spectra.measures import ALL, CORE
from spectra.models.layers import Layer, layers
from spectra.results.dataset import build
from spectra.results.variables import VARIABLES, Status

if TYPE_CHECKING:
    from collections.abc import Collection

    import numpy.typing as npt
    import xarray as xr

    from spectra._typing import Executor
    from spectra.measures import Measure
    from spectra.models.tensors import Tensor
    from spectra.results.dataset import Row
    from spectra.results.variables import Variable

__all__ = ["analyze", "describe"]


def _shape_row(layer: Layer) -> Row:
    row: Row = {
        "tensor_name": layer.tensor.name,
        "layer_type": layer.tensor.role,
        "N": layer.N,
        "M": layer.M,
        "Q": layer.Q,
        "rf": layer.rf,
        "num_evals": layer.num_evals,
    }
    return row if layer.position is None else {**row, "slice_id": layer.position}


def _measure(found: Spectrum, measures: Iterable[Measure], known: Collection[str]) -> Row:
    """Return what the measures find; complain of a wrong one at the first layer, not the last."""
    row: Row = {}
    for measure in measures:
        results = measure(found)
        if not isinstance(results, Mapping):
            got = type(results).__name__
            msg = f"measure {measure!r} must return a mapping of names to numbers, got {got}"
            raise ArgumentError(msg)
        for name in results:
            if name not in known:
                problem = unknown_name(name, known, what="variable")
                msg = f"measure {measure!r}: {problem}; declare it with variables=[Variable(...)]"
                raise UnknownNameError(msg)
        row |= results
    return row


def _returned(measures: Iterable[Measure]) -> Collection[str]:
    """Return the names that those of our own measures return, for a model without a spectrum."""
    unit = Spectrum(np.ones((1, 1)), N=1, matrices=np.ones((1, 1, 1)))
    ours = (measure for measure in measures if getattr(measure, "func", measure) in ALL)
    return {"eigenvalue", *(name for measure in ours for name in measure(unit))}


def _layer_row(
    layer: Layer, measures: Iterable[Measure], known: Collection[str], rtol: float
) -> tuple[Row, str]:
    """Return the results of one layer and, if its numbers could not be read, why."""
    row = _shape_row(layer)
    if layer.num_evals == 0:
        return {**row, "status": Status.EMPTY}, ""
    try:
        found = spectrum(layer.matrices(), rtol=rtol)
    except np.linalg.LinAlgError as error:
        return {**row, "status": Status.NOT_CONVERGED}, f"no eigenvalues: {error}"
    except (SpectraError, OSError, ValueError, MemoryError) as error:
        return {**row, "status": Status.NOT_READ}, f"not read: {error or type(error).__name__}"
    if not np.isfinite(found.lambda_max * found.eigenvalues.size):
        return {**row, "status": Status.NOT_FINITE}, ""
    row["eigenvalue"] = found.eigenvalues[::-1]
    if found.lambda_max == 0:
        return {**row, "status": Status.ALL_ZERO}, ""
    try:
        measured = _measure(found, measures, known)
    except np.linalg.LinAlgError as error:  # of vectors, after the values
        return {**row, "status": Status.NOT_CONVERGED}, f"no vectors: {error}"
    return {**row, **measured, "status": Status.COMPUTED}, ""


def _tensor_row(views: list[Layer], problem: str) -> Row:
    tensor, reason = views[0].tensor, views[0].reason
    return {
        "tensor_role": tensor.role,
        "tensor_dtype": tensor.dtype,
        "tensor_shape": "x".join(map(str, tensor.shape)) or "scalar",
        "tensor_size": tensor.size,
        "tensor_layers": sum(layer.taken for layer in views),
        "tensor_note": "" if tensor.note in reason else tensor.note,
        "tensor_reason": reason or problem,
    }


def _by_tensor(views: Iterable[Layer], problems: Mapping[str, str]) -> dict[str, Row]:
    grouped: dict[str, list[Layer]] = {}
    for layer in views:
        grouped.setdefault(layer.tensor.name, []).append(layer)
    return {name: _tensor_row(group, problems.get(name, "")) for name, group in grouped.items()}


def _all_layers(model: Mapping[str, Tensor | npt.ArrayLike] | Iterable[Layer]) -> list[Layer]:
    if isinstance(model, Mapping):
        return layers(model)
    everything = list(model) if isinstance(model, Iterable) else [model]
    if not all(isinstance(layer, Layer) for layer in everything):
        msg = (
            f"a model must be a mapping of names to arrays, or layers; got {type(model).__name__}; "
            'open a file with spectra_io.open_model(path), pass an array as {"name": array}'
        )
        raise ArgumentError(msg)
    repeated = [name for name, n in Counter(layer.name for layer in everything).items() if n > 1]
    if repeated:
        msg = f"layer names must differ, got {repeated[0]!r} more than once"
        raise ArgumentError(msg)
    return everything


def _check_room(taken: Collection[Layer], names: Collection[str]) -> None:
    """Refuse before the work, not after it, what no table has room for."""
    most = max((layer.num_evals for layer in taken), default=0)
    arrays = sum(VARIABLES[name].dims == ("layer", "mode") for name in names)
    if len(taken) * most * arrays > _MAX_EIGENVALUES:
        msg = (
            f"{len(taken)} layers of up to {most} eigenvalues do not fit one table; "
            "analyse them in parts: spectra.analyze(layers[:1000])"
        )
        raise ArgumentError(msg)


_MAX_EIGENVALUES = 1 << 29  # 4 GiB, padding included

_ALWAYS = (
    *(name for name, v in VARIABLES.items() if v.dims == ("tensor",)),
    *("tensor_name", "layer_type", "N", "M", "Q", "rf", "num_evals"),
)
"""What the Dataset of a model without layers, or without tensors, has too."""

_ATTRS = {
    "title": "spectra of the weight matrices of a neural network",
    "convention": "eigenvalues of W.T @ W, not divided by N; w = the unit of the weights",
    "source": "weightspectra",
}


def analyze(
    model: Mapping[str, Tensor | npt.ArrayLike] | Iterable[Layer],
    /,
    *,
    measures: Iterable[Measure] = CORE,
    variables: Iterable[Variable] = (),
    rtol: float = 1e-6,
    executor: Executor | None = None,
) -> xr.Dataset:
    """
    Compute the spectrum of every layer and measure it.

    Parameters
    ----------
    model : mapping of str to Tensor or array_like, or iterable of Layer
        What :func:`spectra_io.open_model` returns, a mapping of names to arrays, or the layers
        that :func:`spectra.layers` made of either.
    measures : iterable of callable, default: :data:`spectra.measures.CORE`
        What to measure of each spectrum.
    variables : iterable of Variable, optional
        Declarations of what measures of your own return.
    rtol : float, default: 1e-6
        Relative error allowed in the smallest eigenvalues, see :func:`spectra.eigenvalues`.
    executor : Executor, optional
        Where to do the work; by default here, one layer after the other.

    Returns
    -------
    xarray.Dataset
        Dimension ``layer`` in the order of the model, ``mode`` for the eigenvalues (1 = largest)
        and ``tensor`` with every tensor of the model, taken or with the reason why not. A layer
        that cannot be analysed has a ``status`` and ``nan``, and stops no other.

    Raises
    ------
    ArgumentError
        If `model` is neither a mapping nor layers.
    UnknownNameError
        If a measure returns a name that nothing declares.

    See Also
    --------
    describe : The same rows without reading a number.
    spectra.summary : The averages over the layers.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> ds = analyze({"fc.weight": rng.standard_normal((200, 100)), "fc.bias": np.zeros(200)})
    >>> ds.num_evals.sel(layer="fc").item(), ds.tensor_reason.sel(tensor="fc.bias").item()
    (100, 'bias: not a weight matrix')
    """
    everything = _all_layers(model)
    taken = [layer for layer in everything if layer.taken]
    declared = tuple(variables)
    known = {*VARIABLES, *(v.name for v in declared)}
    chosen = tuple(measures) if isinstance(measures, Iterable) else (None,)
    if not all(callable(measure) for measure in chosen):
        msg = f"`measures` must be functions, as in [*spectra.measures.CORE], got {measures!r}"
        raise ArgumentError(msg)
    always = (*_ALWAYS, "status", *_returned(chosen))
    _check_room(taken, always)
    work = partial(_layer_row, measures=chosen, known=known, rtol=rtol)
    results = list((executor.map if executor else map)(work, taken))
    problems = {
        layer.tensor.name: why for layer, (_, why) in zip(taken, results, strict=True) if why
    }
    rows = {layer.name: row for layer, (row, _) in zip(taken, results, strict=True)}
    return build(
        {"layer": rows, "tensor": _by_tensor(everything, problems)},
        always=always,
        variables=declared,
        attrs=_ATTRS,
    )


def describe(model: Mapping[str, Tensor | npt.ArrayLike] | Iterable[Layer], /) -> xr.Dataset:
    """
    List the layers and tensors of a model without reading a number of it.

    Parameters
    ----------
    model : mapping of str to Tensor or array_like, or iterable of Layer
        As in :func:`analyze`.

    Returns
    -------
    xarray.Dataset
        The shapes along ``layer``, and along ``tensor`` every tensor with the reason if it was
        not taken.

    Raises
    ------
    ArgumentError
        If `model` is neither a mapping nor layers.

    Examples
    --------
    >>> import numpy as np
    >>> ds = describe({"conv.weight": np.zeros((8, 4, 3, 3))})
    >>> ds.rf.item(), ds.num_evals.item()
    (9, 36)
    """
    everything = _all_layers(model)
    rows = {layer.name: _shape_row(layer) for layer in everything if layer.taken}
    return build(
        {"layer": rows, "tensor": _by_tensor(everything, {})},
        always=_ALWAYS,
        attrs={**_ATTRS, "title": "layers and tensors of a neural network"},
    )
