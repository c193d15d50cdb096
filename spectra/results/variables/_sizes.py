"""Variables of size: norms, ranks, and layers whose scale has collapsed."""

from __future__ import annotations

from spectra.results.variables._declaration import Variable, grouped, number
from spectra.results.variables._sources import GVL, HTSR, MP, OURS, PRACTICE, WW
from spectra.results.verdicts import Collapse

__all__ = ["COLLAPSE", "NORMS", "RANKS"]

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
