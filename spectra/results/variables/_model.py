"""Variables: what a model is made of, and what came of it."""

from __future__ import annotations

from enum import IntEnum

from spectra.results.variables._declaration import Variable, count, flag, layer, text
from spectra.results.variables._sources import HTSR, OURS

__all__ = ["LAYERS", "SUMMARY", "TENSORS", "Status"]


class Status(IntEnum):
    """
    What came of the spectrum of a layer.

    Examples
    --------
    >>> Status(3).name.lower()
    'all_zero'
    """

    NOT_READ = 0
    COMPUTED = 1
    NOT_FINITE = 2
    ALL_ZERO = 3
    EMPTY = 4
    NOT_CONVERGED = 5


TENSORS = (
    text("tensor_role", "what the network uses the tensor for", "tensor"),
    text("tensor_dtype", "number format the tensor is stored in", "tensor"),
    text("tensor_shape", "shape of the tensor", "tensor"),
    Variable(
        "tensor_size", "elements", "1", "product of the shape", "the model file", ("tensor",), "int"
    ),
    Variable(
        "tensor_layers", "layers taken from the tensor", "1", "", "the model", ("tensor",), "int"
    ),
    text("tensor_note", "where the role comes from, and what the numbers stand for", "tensor"),
    text("tensor_reason", "why the tensor was not taken, or not analysed", "tensor"),
)

LAYERS = (
    text("tensor_name", "tensor the layer is a view of", "layer"),
    text("layer_type", "what the network uses the layer for", "layer"),
    count("N", "longer side of one matrix", "max(rows, columns)"),
    count("M", "shorter side of one matrix", "min(rows, columns)"),
    layer("Q", "aspect ratio", "1", "N / M", HTSR),
    count("rf", "matrices in the layer (receptive field)", "kernel positions times groups"),
    count("num_evals", "number of eigenvalues", "M rf"),
    Variable(
        "slice_id",
        "kernel position, row-major, if each is a layer",
        "1",
        "0, 1, ...",
        "the tensor's shape",
    ),
    flag("status", "whether there is a spectrum, and why not", "", OURS, Status),
    Variable(
        "eigenvalue",
        "eigenvalues of W.T @ W, not divided by N, largest first",
        "w2",
        "lambda_i = sv_i^2",
        HTSR,
        dims=("layer", "mode"),
    ),
)

SUMMARY = (
    Variable("num_layers", "layers in the model", "1", "", OURS, (), "int"),
    Variable("num_fitted", "layers with a fit", "1", "", OURS, (), "int"),
    Variable("num_supported", "layers with a power law supported", "1", "", OURS, (), "int"),
)
