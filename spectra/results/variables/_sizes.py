"""Variables: the size of the weights, and how many directions they use."""

from __future__ import annotations

from spectra.results.variables._declaration import layer
from spectra.results.variables._sources import GVL, HTSR, PRACTICE, WW

__all__ = ["NORMS", "RANKS"]

NORMS = (
    layer("norm", "squared Frobenius norm", "w2", "sum(lambda)", WW),
    layer("log_norm", "logarithm of the squared Frobenius norm", "1", "log10 norm", WW),
    layer("spectral_norm", "squared spectral norm", "w2", "lambda_max", WW),
    layer(
        "log_spectral_norm", "logarithm of the squared spectral norm", "1", "log10 lambda_max", WW
    ),
    layer("lambda_max", "largest eigenvalue", "w2", "max(lambda)", WW),
    layer("sv_max", "largest singular value", "w", "sqrt(max(lambda))", GVL),
    layer("sv_min", "smallest singular value", "w", "sqrt(min(lambda))", GVL),
    layer(
        "stable_rank",
        "stable rank, the number of directions that carry the weight",
        "1",
        "norm / lambda_max",
        "Rudelson & Vershynin (2007), doi:10.1145/1255443.1255449",
    ),
)

RANKS = (
    layer("matrix_rank", "numerical rank", "1", "#{sv > sv_max N eps}", GVL),
    layer(
        "rank_loss",
        "zero singular values, each matrix by its own largest",
        "1",
        "#{sv <= sv_max N eps}",
        PRACTICE,
    ),
    layer("weak_rank_loss", "eigenvalues below 1e-6 w2", "1", "#{lambda < 1e-6}", PRACTICE),
    layer("entropy", "entropy of the spectrum", "1", "-sum(p ln p) / ln(matrix_rank)", HTSR),
)
