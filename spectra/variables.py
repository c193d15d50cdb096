"""Variables: everything a Dataset may hold, each declared once."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from spectra.alternatives import Law
from spectra.samples import FitStatus
from spectra.verdicts import Likelier, Support, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["VARIABLES", "Status", "Variable"]

_WW = "Martin, Peng & Mahoney (2021), doi:10.1038/s41467-021-24025-8"
_CSN = "Clauset, Shalizi & Newman (2009), doi:10.1137/070710111"
_HTSR = "Martin & Mahoney (2021), JMLR 22(165)"
_PRACTICE = "WeightWatcher 0.7.7"
_GVL = "Golub & Van Loan (2013), Matrix Computations, 4th ed."


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


@dataclass(frozen=True, slots=True)
class Variable:
    """
    One variable of a Dataset.

    Parameters
    ----------
    name : str
        Its name.
    long_name : str
        What it is, in words.
    units : str
        ``"1"`` if dimensionless, ``"w2"`` for weight units squared, ``""`` for text and codes.
    formula : str
        How it is computed.
    source : str
        Where that comes from.
    dims : tuple of str, default: ("layer",)
        Its dimensions.
    kind : {"float", "int", "str", "flag"}, default: "float"
        What it holds. Counts that may be missing are floats, missing being ``nan``.
    flags : type of IntEnum, optional
        The codes of a flag; 0 stands for what is missing.

    Examples
    --------
    >>> trace = Variable("trace", "trace of W.T @ W", "w2", "sum(lambda)", "linear algebra")
    >>> trace.attrs["units"]
    'w2'
    """

    name: str
    long_name: str
    units: str
    formula: str
    source: str
    dims: tuple[str, ...] = ("layer",)
    kind: Literal["float", "int", "str", "flag"] = "float"
    flags: type[IntEnum] | None = None

    @property
    def attrs(self) -> dict[str, Any]:
        """The attributes that go into the Dataset."""
        words = {
            "long_name": self.long_name,
            "units": self.units,
            "formula": self.formula,
            "source": self.source,
        }
        attrs: dict[str, Any] = {key: text for key, text in words.items() if text}
        if self.flags is not None:
            attrs["flag_values"] = np.array(list(self.flags), dtype=np.int8)
            attrs["flag_meanings"] = " ".join(flag.name.lower() for flag in self.flags)
        return attrs


def _layer(name: str, long_name: str, units: str, formula: str, source: str) -> Variable:
    return Variable(name, long_name, units, formula, source)


def _count(name: str, long_name: str, formula: str) -> Variable:
    return Variable(name, long_name, "1", formula, "the tensor's shape", kind="int")


def _flag(name: str, long_name: str, formula: str, source: str, flags: type[IntEnum]) -> Variable:
    return Variable(name, long_name, "", formula, source, kind="flag", flags=flags)


def _text(name: str, long_name: str, dim: str) -> Variable:
    return Variable(name, long_name, "", "", "the model file", dims=(dim,), kind="str")


_TENSORS = (
    _text("tensor_role", "what the network uses the tensor for", "tensor"),
    _text("tensor_dtype", "number format the tensor is stored in", "tensor"),
    _text("tensor_shape", "shape of the tensor", "tensor"),
    Variable(
        "tensor_size", "elements", "1", "product of the shape", "the model file", ("tensor",), "int"
    ),
    Variable(
        "tensor_layers", "layers taken from the tensor", "1", "", "the model", ("tensor",), "int"
    ),
    _text("tensor_reason", "why the tensor was not taken, or not analysed", "tensor"),
)

_LAYERS = (
    _text("tensor_name", "tensor the layer is a view of", "layer"),
    _text("layer_type", "what the network uses the layer for", "layer"),
    _count("N", "longer side of one matrix", "max(rows, columns)"),
    _count("M", "shorter side of one matrix", "min(rows, columns)"),
    _layer("Q", "aspect ratio", "1", "N / M", _HTSR),
    _count("rf", "matrices in the layer (receptive field)", "product of the kernel axes"),
    _count("num_evals", "number of eigenvalues", "M rf"),
    Variable(
        "slice_id",
        "kernel position, row-major, if each is a layer",
        "1",
        "0, 1, ...",
        "the tensor's shape",
    ),
    _flag("status", "whether there is a spectrum, and why not", "", "this library", Status),
    Variable(
        "eigenvalue",
        "eigenvalues of W.T @ W, not divided by N, largest first",
        "w2",
        "lambda_i = sv_i^2",
        _HTSR,
        dims=("layer", "mode"),
    ),
)

_NORMS = (
    _layer("norm", "squared Frobenius norm", "w2", "sum(lambda)", _WW),
    _layer("log_norm", "logarithm of the squared Frobenius norm", "1", "log10 norm", _WW),
    _layer("spectral_norm", "squared spectral norm", "w2", "lambda_max", _WW),
    _layer(
        "log_spectral_norm", "logarithm of the squared spectral norm", "1", "log10 lambda_max", _WW
    ),
    _layer("lambda_max", "largest eigenvalue", "w2", "max(lambda)", _WW),
    _layer("sv_max", "largest singular value", "w", "sqrt(max(lambda))", _GVL),
    _layer("sv_min", "smallest singular value", "w", "sqrt(min(lambda))", _GVL),
    _layer(
        "stable_rank",
        "stable rank, the number of directions that carry the weight",
        "1",
        "norm / lambda_max",
        "Rudelson & Vershynin (2007), doi:10.1145/1255443.1255449",
    ),
)

_RANKS = (
    _layer("matrix_rank", "numerical rank", "1", "#{sv > sv_max N eps}", _GVL),
    _layer(
        "rank_loss",
        "zero singular values, each matrix by its own largest",
        "1",
        "#{sv <= sv_max N eps}",
        _PRACTICE,
    ),
    _layer("weak_rank_loss", "eigenvalues below 1e-6 w2", "1", "#{lambda < 1e-6}", _PRACTICE),
    _layer("entropy", "entropy of the spectrum", "1", "-sum(p ln p) / ln(matrix_rank)", _HTSR),
)

_POWER_LAW = (
    _layer(
        "alpha",
        "power-law exponent of the tail",
        "1",
        "1 + n / sum ln(lambda/xmin); n - 1 for n below 20 eigenvalues",
        _CSN,
    ),
    _layer("sigma", "standard error of alpha, xmin known", "1", "(alpha - 1) / sqrt(n)", _CSN),
    _layer(
        "D",
        "Kolmogorov-Smirnov distance of tail and fit",
        "1",
        "max |S - P|, S from its lower step",
        _CSN,
    ),
    _layer("num_pl_spikes", "eigenvalues in the tail", "1", "n = #{lambda >= xmin}", _CSN),
    _flag("verdict", "band of alpha", "alpha < 2, 2 to 6, > 6", _WW, Verdict),
    _flag("fit_status", "whether there is a fit, and why not", "", "this library", FitStatus),
    _layer("xmin", "start of the tail", "w2", "argmin D", _CSN),
    _layer("xmax", "end of the tail", "w2", "max(lambda)", _CSN),
    _layer(
        "alpha_weighted", "alpha-hat, alpha weighted by scale", "1", "alpha log10 lambda_max", _WW
    ),
    _layer("log_alpha_norm", "log of the alpha-norm", "1", "log10 sum(lambda^alpha)", _WW),
)

_MP = "Marchenko & Pastur (1967), doi:10.1070/SM1967v001n04ABEH001994"
_HILL = "Hill (1975), doi:10.1214/aos/1176343247"
_VUONG = "Vuong (1989), doi:10.2307/1912557"
_BOOTSTRAP = "Efron & Tibshirani (1993), An Introduction to the Bootstrap"

_NULLS = (
    _layer(
        "alpha_noise",
        "exponent that a tail as long has in noise of the same shape",
        "1",
        "1 + f / int_q ln(x/q) rho dx, f = num_pl_spikes / num_evals",
        _MP,
    ),
    _layer(
        "D_noise",
        "distance that a tail as long has in noise of the same shape",
        "1",
        "max |S - P| of the Marchenko-Pastur law above its quantile",
        _MP,
    ),
    _layer(
        "alpha_hill", "exponent of the larger half", "1", "1 + k / sum ln(lambda/median)", _HILL
    ),
    _layer(
        "alpha_hill_noise",
        "exponent of the larger half of noise of the same shape",
        "1",
        "1 + 1 / (2 int_q ln(x/q) rho dx), q the median",
        _MP,
    ),
)

_EVIDENCE = (
    _layer("interval_level", "confidence level of the intervals", "1", "0.9", "this library"),
    _layer(
        "alpha_low",
        "lower end of the interval of alpha",
        "1",
        "quantile (1 - level) / 2 of refits",
        _BOOTSTRAP,
    ),
    _layer(
        "alpha_high",
        "upper end of the interval of alpha",
        "1",
        "quantile (1 + level) / 2 of refits",
        _BOOTSTRAP,
    ),
    _layer(
        "alpha_precision",
        "standard error of the ends of the interval",
        "1",
        "from the number of resamples",
        _BOOTSTRAP,
    ),
    _layer(
        "xmin_low",
        "lower end of the interval of xmin",
        "w2",
        "quantile (1 - level) / 2 of refits",
        _BOOTSTRAP,
    ),
    _layer(
        "xmin_high",
        "upper end of the interval of xmin",
        "w2",
        "quantile (1 + level) / 2 of refits",
        _BOOTSTRAP,
    ),
    _layer(
        "p_value",
        "share of true power laws that fit no better",
        "1",
        "(1 + #{D* >= D}) / (1 + resamples)",
        _CSN,
    ),
    _layer(
        "p_precision",
        "largest standard error of p_value",
        "1",
        "1 / (2 sqrt(1 + resamples))",
        "binomial distribution",
    ),
    _layer(
        "alpha_rival",
        "exponent of another plausible tail that disagrees",
        "1",
        "local minima of D(xmin); none if alpha is not ambiguous",
        "this library",
    ),
    _flag(
        "power_law",
        "whether the tail is a power law",
        "p_value, likelihood ratios and num_pl_spikes",
        _CSN,
        Support,
    ),
    _flag(
        "likelier_law",
        "law that is significantly likelier than the power law",
        "likeliest of those with R_* < 0 and p_* up to 0.1",
        _VUONG,
        Likelier,
    ),
    *(
        Variable(
            f"{kind}_{law}",
            f"{what} of power law and {law.replace('_', ' ')}",
            "1",
            formula,
            _VUONG,
        )
        for law in get_args(Law)[1:]
        for kind, what, formula in (
            ("R", "log-likelihood ratio", "sum l / (sd(l) sqrt(n)); positive for the power law"),
            (
                "p",
                "p-value of the ratio",
                "P(chi2_1 > 2 |sum l|)" if law == "truncated_power_law" else "erfc(|R| / sqrt(2))",
            ),
        )
    ),
)

_SUMMARY = (
    Variable("num_layers", "layers in the model", "1", "", "this library", (), "int"),
    Variable("num_fitted", "layers with a fit", "1", "", "this library", (), "int"),
    Variable(
        "num_supported", "layers with a power law supported", "1", "", "this library", (), "int"
    ),
)

VARIABLES: Mapping[str, Variable] = {
    v.name: v
    for v in (*_POWER_LAW, *_NULLS, *_EVIDENCE, *_NORMS, *_RANKS, *_LAYERS, *_TENSORS, *_SUMMARY)
}
"""All variables by name."""
