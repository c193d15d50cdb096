"""Analysis: from a model to a Dataset with one row per layer."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import partial
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import numpy as np

import spectra._checks as _checks
from spectra._executing import executed
from spectra._measuring import Options, Work, layer_row, names_of, not_done, warn_of_failures
from spectra._version import __version__
from spectra.errors import ArgumentError, one_line
from spectra.linalg import devices
from spectra.measures import ALL, CORE, returned
from spectra.models.arrays import from_arrays
from spectra.models.layers import Layer, layers
from spectra.models.model import Model
from spectra.results import accessor, diagnosis, left_out
from spectra.results.variables import VARIABLES, Status, Variable
from spectra.stored._ending import finish
from spectra.stored._kept import taken_out
from spectra.stored._runs import Table
from spectra.stored._work import Shelves, stored_row
from spectra.tails.options import given

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, MutableMapping, Sequence

    import numpy.typing as npt
    import xarray as xr

    from spectra._typing import Executor
    from spectra.measures import Measure
    from spectra.models.tensors import Tensor
    from spectra.results.dataset import Row
    from spectra.tails.options import FitOptions

__all__ = ["analyze", "describe"]


def _returned(measures: Iterable[Measure]) -> Collection[str]:
    """Return the names that those of our own measures return, for a model without a spectrum."""
    ours = (measure for measure in measures if getattr(measure, "func", measure) in ALL)
    names = {"eigenvalue"}.union(*map(returned, ours))
    return names | {*diagnosis.NAMES} if "phase" in names else names


def _judged(row: Row) -> Row:
    """Add the verdict to a row of results."""
    return {**row, **dict(zip(diagnosis.NAMES, diagnosis.judge(row), strict=True))}


def _tensor_row(views: list[Layer]) -> Row:
    tensor, reason = views[0].tensor, views[0].reason
    return {
        "tensor_role": tensor.role,
        "tensor_dtype": tensor.dtype,
        "tensor_shape": ("x".join(map(str, tensor.shape)) or "scalar") if tensor.dtype else "",
        "tensor_size": tensor.size,
        "tensor_layers": sum(layer.taken for layer in views),
        "tensor_note": "" if tensor.note in reason else tensor.note,
        "tensor_reason": reason,
    }


def _left_out(everything: Iterable[Layer], rows: Iterable[Row]) -> str:
    """Return the line on what is not analysed, of tensors and of layers without a spectrum."""
    tensors = {name: _tensor_row(views) for name, views in _by_tensor(everything).items()}
    layers_ = ({**row, "status": Status(row["status"]).name.lower()} for row in rows)
    line = one_line(left_out.line_of_rows(tensors, layers_))
    return line.encode(errors="backslashreplace").decode()


def _by_tensor(views: Iterable[Layer]) -> dict[str, list[Layer]]:
    grouped: dict[str, list[Layer]] = {}
    for layer in views:
        grouped.setdefault(layer.tensor.name, []).append(layer)
    return grouped


def _iterated(model: object) -> list[Layer]:
    """Return layers as a list; refuse what is neither layers nor a mapping."""
    everything = list(model) if isinstance(model, Iterable) else [model]
    found = [layer for layer in everything if isinstance(layer, Layer)]
    if len(found) < len(everything):
        msg = (
            f"a model must be a mapping of names to arrays, or layers; got {type(model).__name__}; "
            'open a file with spectra_io.open_model(path), pass an array as {"name": array}'
        )
        raise ArgumentError(msg)
    return found


def _all_layers(
    model: Mapping[str, Tensor | npt.ArrayLike] | Iterable[Layer], pool: bool
) -> list[Layer]:
    if isinstance(model, Mapping):
        return layers(model, pool=pool)
    everything = list(model)
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

_TENSOR_FACTS = tuple(name for name, v in VARIABLES.items() if v.dims == ("tensor",))
_LAYER_FACTS = (
    *("tensor_name", "layer_type", "N", "M", "Q", "rf", "num_evals", "status", "status_reason"),
    "scale_exponent",
)


def _attrs(everything: Collection[Layer], model: object) -> dict[str, Any]:
    """Return the attributes of every result."""
    named = model.name if isinstance(model, Model) else ""
    return {
        "source": f"weightspectra {__version__}",
        "model": named.encode(errors="backslashreplace").decode(),
        "model_format": model.format if isinstance(model, Model) else "",
        "model_notes": "\n".join(map(one_line, model.notes)) if isinstance(model, Model) else "",
        **_counts(everything),
    }


def _sum(sizes: Iterable[int]) -> int:
    """Return the sum of numbers of elements, at most the largest that a file of results holds."""
    return min(sum(sizes), _MOST_ELEMENTS)


_MOST_ELEMENTS = 2**63 - 1  # missing and sparse tensors may claim more


def _counts(everything: Collection[Layer]) -> dict[str, int]:
    """Return how many tensors and elements there are, and how many of them are taken."""
    tensors = {layer.tensor.name: layer for layer in everything}
    taken = [layer.tensor for layer in tensors.values() if layer.taken]
    return {
        "num_tensors": len(tensors),
        "num_tensors_taken": len(taken),
        "num_elements": _sum(layer.tensor.size for layer in tensors.values()),
        "num_elements_taken": _sum(tensor.size for tensor in taken),
    }


def analyze(
    model: Mapping[str, Tensor | npt.ArrayLike] | Iterable[Layer],
    /,
    *,
    measures: Iterable[Measure] | Measure = CORE,
    variables: Iterable[Variable] | Variable = (),
    pool: bool = True,
    tail: FitOptions | None = None,
    significance: float = 0.05,
    rng: int | np.random.Generator | None = 0,
    rtol: float = 1e-6,
    executor: Executor | None = None,
    store: MutableMapping[str, bytes] | None = None,
    device: str | None = None,
) -> xr.Dataset:
    """
    Compute the spectrum of every layer and measure it.

    Parameters
    ----------
    model : Model, mapping of str to Tensor or array_like, or iterable of Layer
        A model that :func:`spectra_io.open_model` opened, a mapping of names to arrays, or the
        layers that :func:`spectra.layers` made of either.
    measures : iterable of callable, or callable, default: :data:`spectra.measures.CORE`
        Functions that measure a spectrum.
    variables : iterable of Variable, or Variable, optional
        Declarations of the names that measures of your own return.
    pool : bool, default: True
        Whether the kernel positions of a convolution are one layer or one layer each, as in
        :func:`spectra.layers`.
    tail : dict, optional
        Options of the power-law fit, which all measures share, as in
        :func:`spectra.tails.power_law.fit`: ``{"xmin": 1.0}``.
    significance : float, default: 0.05
        Probability of finding any spike or trap in a layer of noise, in all measures but the
        phase, which has one of its own.
    rng : int, numpy.random.Generator or None, default: 0
        Seed of whatever the measures draw, the same for every layer; a seed is drawn from a
        generator, and from the system for None.
    rtol : float, default: 1e-6
        Relative error allowed in the smallest eigenvalues, see :func:`spectra.eigenvalues`.
    executor : Executor, optional
        Where to do the work: an object with a method ``map``, which may return the results in any
        order; by default here, one layer after the other.
    store : mutable mapping of str to bytes, optional
        Where the results of each layer are stored as soon as they are there, and taken from if they
        are there already: what :func:`spectra_io.open_store` returns, a mapper of fsspec, a dict.
    device : str, optional
        Library and device that compute the eigenvalues, such as ``"cuda"``, as in
        :func:`spectra.eigenvalues`; layers use it one after another, while other threads measure.

    Returns
    -------
    xarray.Dataset
        Dimension ``layer`` in the order of the model, with its number as the coordinate ``depth``,
        and ``mode`` for the eigenvalues (1 = largest). A layer that cannot be analysed has a
        ``status`` and ``nan``, and stops no other; so has a layer that an executor did not reach.
        A measure that fails on a layer costs its own values there; ``status_reason`` names measure
        and error. The attributes have the version, measures, options and seed, how much of the
        model was taken, what was not and why (``not_analysed``) and, of a model that is not given
        as layers, its name, format, notes (one per line of ``model_notes``) and the fingerprint of
        its content, for which every tensor is read once more. The tensors are in the result of
        :func:`describe`.

    Raises
    ------
    ArgumentError
        If `model` is neither a mapping nor layers, an option is wrong, `device` cannot be used, or
        `executor` returns anything else than the results, or fails before a layer is done.
    UnknownNameError
        If a measure returns a name that nothing declares.

    Warns
    -----
    SpectraWarning
        Once for each measure that failed: on how many layers, and why on the first of them. If
        `executor` failed in the middle; the layers that it did not return have a status.
    StoreWarning
        Once, if the store has damaged parts, which are computed again, or cannot take all results.

    See Also
    --------
    spectra.results.diagnosis.judge : The rules of the verdict, for which `training_phase` must be
        among the measures, as it is by default.
    describe : Every tensor, and the reason if it is not taken.
    spectra.summary : The averages over the layers.
    spectra.stored : Runs that a store holds.

    Notes
    -----
    A store keeps results by the content of a layer, never by its name: by its numbers, `rtol`, the
    other options, each measure with its options and code, the version of this library, and that of
    the library of a `device`. So a run
    that was killed goes on where it was, a new measure is all that is computed of known layers, and
    so are the layers of a checkpoint that training has changed. The result is the same with and
    without a store.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> ds = analyze({"fc.weight": rng.standard_normal((200, 100)), "fc.bias": np.zeros(200)})
    >>> ds.num_evals.sel(layer="fc").item(), ds.attrs["num_tensors_taken"]
    (100, 1)
    >>> steeper = analyze({"fc.weight": rng.pareto(1.5, (200, 100))}, tail={"xmin": (1.0, 1e3)})
    >>> steeper.attrs["tail"]
    '{"xmin": [1.0, 1000.0]}'
    >>> store = {}
    >>> first, second = (analyze({"fc": np.eye(20)}, store=store) for _ in range(2))
    >>> first.identical(second), len(store)  # the layer and the run
    (True, 2)
    """
    chosen = (measures,) if callable(measures) else tuple(measures)
    if not all(callable(measure) for measure in chosen):
        msg = f"`measures` must be functions, as in [*spectra.measures.CORE], got {measures!r}"
        raise ArgumentError(msg)
    _checks.share("significance", significance)
    _checks.number("rtol", rtol, at_least=0.0, at_most=np.inf)
    _checks.executor(executor)
    _checks.store(store)
    made_by = {} if device is None else {"device": devices.opened(device).method}
    options = Options(given(tail), float(significance), _checks.seed(rng), float(rtol), device)
    model = from_arrays(model) if isinstance(model, Mapping) else list(_iterated(model))
    everything = _all_layers(model, pool)
    taken = [layer for layer in everything if layer.taken]
    declared = (variables,) if isinstance(variables, Variable) else tuple(variables)
    always = (*_LAYER_FACTS, *_returned(chosen))
    _check_room(taken, always)
    shelves = None if store is None else Shelves.of(store, chosen, options)
    work = _work(chosen, declared, options, shelves)
    fingerprint = model.fingerprint if isinstance(model, Model) else ""  # before the long work
    found = executed(executor, work, taken, key=attrgetter("name"))
    rows = {
        layer.name: found.values.get(layer.name) or not_done(layer, found.lost.get(layer.name))
        for layer in taken
    }
    kept = taken_out(rows)
    if warn_of_failures(rows, chosen):
        always = (*always, *(v.name for v in declared if v.dims[:1] == ("layer",)))
    accessor.register()
    if "phase" in always:
        rows = {name: _judged(row) for name, row in rows.items()}
    left = _left_out(everything, rows.values())
    table = Table(
        rows,
        always=always,
        variables=declared,
        attrs={
            "title": "spectra of the weight matrices of a neural network",
            "convention": _CONVENTION,
            **_attrs(everything, model),
            "not_analysed": left,
            "model_fingerprint": fingerprint,
            "measures": names_of(chosen),
            **({"pool": int(pool)} if isinstance(model, Model) else {}),
            "tail": json.dumps(options.tail, default=float),
            "significance": options.significance,
            "rng": options.rng if options.rng < 2**63 else str(options.rng),
            "rtol": options.rtol,
            **made_by,
        },
    )
    ds = table.dataset()
    if shelves is not None:
        finish(shelves, table, _tensors(everything, model), kept)
    return ds


def _work(
    measures: Sequence[Measure],
    declared: Sequence[Variable],
    options: Options,
    shelves: Shelves | None,
) -> Callable[[Layer], Row]:
    """Return the function that an executor maps over the layers."""
    work = Work(measures, options)
    if shelves is None:
        return partial(layer_row, work=work, declared=declared)
    return partial(stored_row, work=work, declared=declared, shelves=shelves)


def _tensors(everything: Collection[Layer], model: object) -> Table:
    """Return the table of all tensors."""
    return Table(
        {name: _tensor_row(views) for name, views in _by_tensor(everything).items()},
        dim="tensor",
        always=_TENSOR_FACTS,
        variables=(),
        attrs={"title": "tensors of a neural network", **_attrs(everything, model)},
    )


_CONVENTION = (
    "eigenvalues of W.T @ W, not divided by N; w = the unit of the weights times 2**scale_exponent"
)


def describe(
    model: Mapping[str, Tensor | npt.ArrayLike] | Iterable[Layer], /, *, pool: bool = True
) -> xr.Dataset:
    """
    List the tensors of a model, with the reason for every tensor that is not taken.

    Parameters
    ----------
    model : Model, mapping of str to Tensor or array_like, or iterable of Layer
        As in :func:`analyze`.
    pool : bool, default: True
        As in :func:`analyze`.

    Returns
    -------
    xarray.Dataset
        Along ``tensor`` every tensor: role, type, shape, the number of layers taken from it, and
        the reason if it was not taken.

    Raises
    ------
    ArgumentError
        If `model` is neither a mapping nor layers.

    Notes
    -----
    Nothing is read but what :func:`spectra.layers` compares: output layers and embeddings of one
    shape.

    Tensors and layers are apart, so that each Dataset has one subject:
    ``describe(model).to_dataframe()`` has one row per tensor.

    Examples
    --------
    >>> import numpy as np
    >>> ds = describe({"conv.weight": np.zeros((8, 4, 3, 3)), "conv.bias": np.zeros(8)})
    >>> ds.tensor_layers.values.tolist(), ds.tensor_reason.values.tolist()
    ([1, 0], ['', 'bias: not a weight matrix'])
    """
    model = from_arrays(model) if isinstance(model, Mapping) else list(_iterated(model))
    everything = _all_layers(model, pool)
    return _tensors(everything, model).dataset()
