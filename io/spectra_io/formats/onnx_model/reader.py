"""ONNX files: read the tensors of a graph with the operators that use them."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from spectra.dtypes import FLOATS
from spectra.errors import ModelFormatError
from spectra.models.layers import numbered
from spectra.models.tensors import Tensor, Weight
from spectra_io.formats.missing import Absent, missing
from spectra_io.formats.onnx_model.graph.counting import check_operators
from spectra_io.formats.onnx_model.graph.naming import as_in_cell, branch_of, is_of_cell
from spectra_io.formats.onnx_model.graph.values import Stored
from spectra_io.formats.onnx_model.graph.walk import walk
from spectra_io.formats.onnx_model.numbers import locate
from spectra_io.formats.onnx_model.structure import read

if TYPE_CHECKING:
    from collections.abc import Sequence

    import onnx

    from spectra_io.formats.onnx_model.graph.values import Use, Value
    from spectra_io.storage.files import File

__all__ = ["open_file"]


def _stored(file: File, name: str, proto: onnx.TensorProto | onnx.SparseTensorProto) -> Stored:
    numbers = locate(file, name, proto)
    return Stored(name, tuple(proto.dims), numbers.dtype, numbers.source)


def _as_stored(value: Value, groups: int) -> bool:
    """Return whether a weight is the stored array, unchanged and undivided."""
    return value.depth == 0 and groups == 1


def _chosen(stored: Stored) -> Sequence[tuple[str, Value, int]]:
    """Return the weights that the first operator to use all of a tensor has, or all operators."""
    first = stored.use()
    uses = sorted((u for u in stored.uses if u.parts), key=lambda use: use.order)
    if not uses or first.role != uses[0].role:
        return first.parts
    for use in uses:
        if use.is_whole:
            return use.parts
    parts = [part for use in uses for part in use.parts]
    labels = [label for label, _, _ in parts]
    if not {*labels} <= {*"qkv"} or len({*labels}) < len(labels):
        labels = [".".join(filter(None, [value.label, label])) for label, value, _ in parts]
    each = dict(zip(labels, parts, strict=True))
    return [(label, value, groups) for label, (_, value, groups) in each.items()]


def _weights(parts: Sequence[tuple[str, Value, int]], name: str) -> tuple[Weight, ...]:
    """Return the weights of a tensor, with the labels that fit its name."""
    if len(parts) == 1 and _as_stored(parts[0][1], parts[0][2]):
        return ()
    found = []
    for label, value, groups in parts:
        part, ending = as_in_cell(label) if is_of_cell(name) else (label, "")
        if value.dtype in FLOATS:
            found.append(Weight(part, value.shape, value.source, groups, ending))
    return tuple(found)


def _note(use: Use, stored: Stored, parts: Sequence[tuple[str, Value, int]]) -> str:
    """Return a note on the operator that gives the role, and on the scale of integers."""
    helpers = {
        helper.name for _, value, _ in parts for helper in value.helpers if not helper.is_filled
    }
    scaled = f", times {sorted(helpers)[0]}" if helpers else ""
    return f"{use.note}{scaled}"


def _needed(stored: Stored, parts: Sequence[tuple[str, Value, int]]) -> str:
    """Return the name of a missing tensor on which the weights of a tensor depend, if any."""
    others = (o for _, value, _ in parts for o in (*value.roots, *value.helpers) if o is not stored)
    return next((other.name for other in others if isinstance(other.source, Absent)), "")


def _tensor(stored: Stored, name: str) -> Tensor:
    if isinstance(stored.source, Absent):
        return missing(name, stored.source, shape=stored.shape, dtype=stored.dtype)
    use, parts = stored.use(), _chosen(stored)
    if needed := _needed(stored, parts):
        role = "constant" if stored.dtype in FLOATS else "quantized"
        note = f"needs {needed}, which is missing"
        return Tensor(name, stored.shape, stored.dtype, role, stored.source, note)
    return Tensor(
        name,
        stored.shape,
        stored.dtype,
        use.role,
        stored.source,
        _note(use, stored, parts),
        _weights(parts, use.name),
        alias=use.name if use.name != stored.name else "",
    )


def _refuse_without_matrices(tensors: Sequence[Stored]) -> None:
    """Raise the first error if every matrix is lost; exporters keep small vectors in the graph."""
    lost = [stored for stored in tensors if isinstance(stored.source, Absent)]
    held = [stored for stored in tensors if not isinstance(stored.source, Absent)]
    matrices = [stored for stored in held if len(stored.shape) > 1]
    if lost and not matrices and (not held or any(len(stored.shape) > 1 for stored in lost)):
        lost[0].source()


def open_file(file: File, /) -> dict[str, Tensor]:
    """
    Open an ONNX file; only its structure is read, not the numbers.

    Parameters
    ----------
    file : File
        The file.

    Returns
    -------
    dict of str to Tensor
        The initializers and constants of the graph, of the graphs inside its operators and of
        its functions, in the order in which the network uses them. The role of each is that of
        the operator which uses it, or "missing" if the file with its numbers is missing or too
        short. A number is added to a name that is used twice.

    Raises
    ------
    ModelNotFoundError
        If no matrix can be had, because a file of external data is missing.
    ModelFormatError
        If the file is not in the ONNX format, or the numbers of a tensor are outside their file,
        or no matrix can be had.

    Examples
    --------
    >>> import numpy as np, onnx, tempfile
    >>> from pathlib import Path
    >>> from spectra_io.storage.files import LocalFile
    >>> weight = onnx.numpy_helper.from_array(np.ones((4, 3), np.float32), "w")
    >>> node = onnx.helper.make_node("MatMul", ["x", "w"], ["y"])
    >>> graph = onnx.helper.make_graph([node], "g", [], [], [weight])
    >>> path = Path(tempfile.mkdtemp()) / "model.onnx"
    >>> onnx.save(onnx.helper.make_model(graph), path)
    >>> tensor = open_file(LocalFile(path))["w"]
    >>> tensor.shape, tensor.role, tensor.note, tensor.weights
    ((4, 3), 'dense', 'input 1 of MatMul', (<Weight '' 3x4>,))
    """
    model = read(file)
    try:
        check_operators(model)
        in_order = walk(model, partial(_stored, file))
    except ModelFormatError as error:
        message = str(error)
        raise ModelFormatError(message if str(file) in message else f"{file}: {message}") from error
    _refuse_without_matrices(in_order)
    names = numbered([stored.name for stored in in_order])
    tensors = {n: _tensor(stored, n) for n, stored in zip(names, in_order, strict=True)}
    for place, proto in enumerate(model.graph.initializer):
        if proto.name in tensors:
            tensors[proto.name] = replace(tensors[proto.name], place=place)
    return _with_branches(tensors)


def _with_branches(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Add the branch of an If to names that the other branch has too."""
    count = Counter(tensor.alias for tensor in tensors.values() if tensor.alias)

    def told_apart(tensor: Tensor) -> Tensor:
        branch = branch_of(tensor.name) if count[tensor.alias] > 1 else ""
        return replace(tensor, alias=f"{branch}.{tensor.alias}") if branch else tensor

    return {name: told_apart(tensor) for name, tensor in tensors.items()}
