"""Variables of the layers and tensors of a model, and of its summary."""

from __future__ import annotations

from enum import IntEnum

from spectra.results.variables._declaration import (
    Kind,
    Variable,
    count,
    flag,
    grouped,
    number,
    text,
)
from spectra.results.variables._sources import HTSR, OURS

__all__ = ["LAYERS", "SUMMARY", "TENSORS", "Status"]


class Status(IntEnum):
    """
    Whether a layer has a spectrum, and why not.

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
    NOT_REACHED = 6


_TENSOR = ("tensor",)
_HOLM = "Holm (1979), Scandinavian Journal of Statistics 6, 65"
_SIDAK = "Sidak (1967), doi:10.1080/01621459.1967.10482935"

TENSORS = grouped(
    "tensor",
    (
        text("tensor_role", "use of the tensor in the network", "tensor", head="role"),
        text("tensor_dtype", "number type the tensor is stored in", "tensor", head="dtype"),
        text("tensor_shape", "shape of the tensor", "tensor", head="shape"),
        count("tensor_size", "elements of the tensor", "product of the shape", dims=_TENSOR),
        count("tensor_layers", "layers taken from the tensor", "", dims=_TENSOR, head="layers"),
        text(
            "tensor_note",
            "origin of the role, and the meaning of the stored numbers",
            "tensor",
            head="what it is",
        ),
        text(
            "tensor_reason",
            "reason for which the tensor is not analysed",
            "tensor",
            head="not taken because",
        ),
    ),
)

LAYERS = grouped(
    "layer",
    (
        text("tensor_name", "tensor that holds the layer", "layer"),
        text("layer_type", "use of the layer in the network", "layer"),
        count("N", "longer side of one matrix", "max(rows, columns)"),
        count("M", "shorter side of one matrix", "min(rows, columns)"),
        number("Q", "aspect ratio", "1", "N / M", HTSR),
        count(
            "rf",
            "matrices in the layer (receptive field)",
            "kernel positions times groups",
            help="matrices in the layer: the kernel positions of a convolution",
        ),
        count("num_evals", "number of eigenvalues", "M rf"),
        number(
            "slice_id",
            "kernel position, row-major, if each position is a layer",
            "1",
            "0, 1, ...",
            "the tensor's shape",
        ),
        flag("status", "whether the layer has a spectrum, and why not", "", OURS, Status),
        text(
            "status_reason",
            "why the layer has no spectrum, where its elements are not finite, or which measure "
            "failed",
            "layer",
            OURS,
        ),
        number(
            "scale_exponent",
            "power of two that extreme weights are divided by, 0 for all others",
            "1",
            "w = the unit of the weights times 2^scale_exponent; logarithms are in the unit itself",
            OURS,
        ),
        number(
            "eigenvalue",
            "eigenvalues of W.T @ W, not divided by N, largest first",
            "w2",
            "lambda_i = sv_i^2",
            HTSR,
            dims=("layer", "mode"),
        ),
    ),
)


def _claim(
    name: str, what: str, formula: str = "", source: str = OURS, kind: Kind = "int"
) -> Variable:
    return Variable(name, what, "1", formula, source, ("claim",), kind)


SUMMARY = grouped(
    "summary",
    (
        Variable("num_layers", "layers in the model", "1", "", OURS, (), "int"),
        Variable("num_not_reached", "layers that the work did not reach", "1", "", OURS, (), "int"),
        Variable("num_fitted", "layers with a power-law fit", "1", "", OURS, (), "int"),
        *(
            Variable(
                f"log_product_{name}",
                f"log10 of the product of {name} over the layers",
                "1",
                f"sum log10 {name}",
                "Neyshabur, Tomioka & Srebro (2015), arXiv:1503.00036",
                (),
            )
            for name in ("norm", "spectral_norm")
        ),
        Variable("num_supported", "layers with a supported power law", "1", "", OURS, (), "int"),
        _claim("num_tested", "layers with a p-value"),
        _claim("num_significant", "layers that are significant each"),
        _claim("num_by_chance", "layers significant by chance", "significance n", kind="float"),
        _claim("num_sure", "layers that are significant in the model", source=_HOLM),
        _claim("model_p", "p-value of the model", "1 - (1 - min p)^n", _SIDAK, kind="float"),
        Variable(
            "sure",
            "whether the layer is significant in the model",
            "1",
            "p of rank k up to significance / (n + 1 - k)",
            _HOLM,
            ("claim", "layer"),
            "int",
        ),
    ),
)
