"""Variables of size: norms, ranks, and layers whose scale has collapsed."""

from __future__ import annotations

from spectra.results.variables._declaration import Variable, grouped, number
from spectra.results.variables._sources import GVL, HTSR, MP, OURS, PRACTICE, WW
from spectra.results.verdicts import Collapse

__all__ = ["COLLAPSE", "NORMS", "RANKS", "SPREAD"]

_IH = "Iglewicz & Hoaglin (1993), How to Detect and Handle Outliers"

NORMS = grouped(
    "size",
    (
        number("norm", "squared Frobenius norm", "w2", "sum(lambda)", WW),
        number(
            "log_norm",
            "log10 of the squared Frobenius norm",
            "1",
            "log10 norm",
            WW,
            digits=2,
        ),
        number("spectral_norm", "squared spectral norm", "w2", "lambda_max", WW),
        number(
            "log_spectral_norm",
            "log10 of the squared spectral norm",
            "1",
            "log10 lambda_max",
            WW,
            digits=2,
        ),
        number("lambda_max", "largest eigenvalue", "w2", "max(lambda)", WW),
        number("sv_max", "largest singular value", "w", "sqrt(max(lambda))", GVL),
        number("sv_min", "smallest singular value", "w", "sqrt(min(lambda))", GVL),
        number(
            "stable_rank",
            "stable rank, the number of directions that carry the weight",
            "1",
            "norm / lambda_max",
            "Rudelson & Vershynin (2007), doi:10.1145/1255443.1255449",
            digits=1,
            help="squared Frobenius norm over the largest eigenvalue",
        ),
    ),
)

RANKS = grouped(
    "size",
    (
        number("matrix_rank", "numerical rank", "1", "#{sv > sv_max N eps}", GVL),
        number(
            "rank_loss",
            "singular values that are zero, each matrix by its own largest",
            "1",
            "#{sv <= sv_max N eps}",
            PRACTICE,
        ),
        number("weak_rank_loss", "eigenvalues below 1e-6 w2", "1", "#{lambda < 1e-6}", PRACTICE),
        number("entropy", "entropy of the spectrum", "1", "-sum(p ln p) / ln(matrix_rank)", HTSR),
    ),
)

_ROY = "Roy & Vetterli (2007), EUSIPCO"
_BELL = "Bell & Dean (1970), doi:10.1039/DF9705000055"
_WEIBULL = "arXiv:2605.18898"


def _with_noise(name: str, what: str, unit: str, formula: str, source: str) -> tuple[Variable, ...]:
    """Return a variable, and the one of its value for noise."""
    null = f"{name} of noise of the same shape, and scale in each matrix"
    return (
        number(name, what, unit, formula, source),
        number(f"{name}_noise", null, unit, "quantiles of the Marchenko-Pastur law", MP),
    )


SPREAD = grouped(
    "size",
    (
        *_with_noise(
            "effective_rank",
            "exponential of the entropy of the singular values",
            "1",
            "exp(-sum p ln p), p = sv / sum(sv)",
            _ROY,
        ),
        *(
            v
            for share in (90, 99)
            for v in _with_noise(
                f"rank_{share}",
                f"largest eigenvalues that hold {share} % of the squared Frobenius norm",
                "1",
                f"least k with sum of the k largest >= 0.{share} norm",
                GVL,
            )
        ),
        *_with_noise(
            "participation_ratio",
            "participation ratio of the eigenvalues",
            "1",
            "sum(lambda)^2 / sum(lambda^2)",
            _BELL,
        ),
        *_with_noise("nuclear_norm", "sum of the singular values", "w", "sum(sv)", GVL),
        number(
            "condition_number",
            "condition number of the worst matrix",
            "1",
            "sv_max / sv_min; nan if singular to within rounding",
            GVL,
        ),
        number(
            "condition_number_noise",
            "condition number of noise of the same shape",
            "1",
            "medians of the laws of the largest and smallest eigenvalue",
            "Ma (2012), doi:10.3150/10-BEJ334",
        ),
        number("kurtosis", "excess kurtosis of the elements, without huge ones", "1", "", OURS),
        number(
            "weibull_shape",
            "shape of the Weibull law of the absolute elements",
            "1",
            "P(|w| > x) = exp(-(x / c)^k)",
            _WEIBULL,
        ),
        number(
            "weibull_shape_noise", "weibull_shape of normal elements", "1", "1.263", "quadrature"
        ),
    ),
)

COLLAPSE = grouped(
    "size",
    (
        number(
            "log_rms",
            "log10 of the root mean square of the elements",
            "1",
            "0.5 log10(norm / (N M rf))",
            "linear algebra",
        ),
        number(
            "log_edge",
            "log10 of the standard deviation of noise with the same spectral norm",
            "1",
            "0.5 log10 spectral_norm - log10(sqrt(N) + sqrt(M))",
            MP,
        ),
        number(
            "excess_rms",
            "decades by which rms times sqrt(N rf) exceeds the median of the peers",
            "1",
            "x - median(x), x = log_rms + 0.5 log10(N rf), less the x of the reference",
            OURS,
        ),
        number(
            "excess_edge",
            "decades by which edge times sqrt(N rf) exceeds the median of the peers",
            "1",
            "x - median(x), x = log_edge + 0.5 log10(N rf), less the x of the reference",
            OURS,
        ),
        number("z_rms", "robust z of excess_rms", "1", "excess_rms / max(1.4826 MAD, 0.02)", _IH),
        number(
            "z_edge", "robust z of excess_edge", "1", "excess_edge / max(1.4826 MAD, 0.02)", _IH
        ),
        number(
            "num_peers",
            "layers in the comparison of scales, including this one",
            "1",
            "layers of the same layer_type if 5 of them can be compared, else all that can",
            OURS,
        ),
        Variable(
            "collapsed",
            "whether the scale of the layer has collapsed",
            "",
            "z < -threshold and excess < -log10(factor), of rms or of edge",
            _IH,
            kind="flag",
            flags=Collapse,
            head="too small",
            help="layers whose Frobenius or spectral norm is unusually small beside their peers",
        ),
    ),
)
