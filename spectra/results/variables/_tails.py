"""Variables: the power law of the tail, what noise would have, and the evidence."""

from __future__ import annotations

from typing import get_args

from spectra.results.variables._declaration import Variable, flag, layer
from spectra.results.variables._sources import BOOTSTRAP, CSN, HILL, MP, OURS, VUONG, WW
from spectra.results.verdicts import Likelier, Support, Verdict
from spectra.tails.alternatives import Law
from spectra.tails.samples import FitStatus

__all__ = ["EVIDENCE", "NULLS", "POWER_LAW"]

POWER_LAW = (
    layer(
        "alpha",
        "power-law exponent of the tail",
        "1",
        "1 + n / sum ln(lambda/xmin); n - 1 for n below 20 eigenvalues",
        CSN,
    ),
    layer("sigma", "standard error of alpha, xmin known", "1", "(alpha - 1) / sqrt(n)", CSN),
    layer(
        "D",
        "Kolmogorov-Smirnov distance of tail and fit",
        "1",
        "max |S - P|, S from its lower step",
        CSN,
    ),
    layer("num_pl_spikes", "eigenvalues in the tail", "1", "n = #{lambda >= xmin}", CSN),
    flag("verdict", "band of alpha", "alpha < 2, 2 to 6, > 6", WW, Verdict),
    flag("fit_status", "whether there is a fit, and why not", "", OURS, FitStatus),
    layer("xmin", "start of the tail", "w2", "argmin D", CSN),
    layer("xmax", "end of the tail", "w2", "max(lambda)", CSN),
    layer(
        "alpha_weighted", "alpha-hat, alpha weighted by scale", "1", "alpha log10 lambda_max", WW
    ),
    layer("log_alpha_norm", "log of the alpha-norm", "1", "log10 sum(lambda^alpha)", WW),
)


NULLS = (
    layer(
        "alpha_noise",
        "exponent that a tail as long has in noise of the same shape",
        "1",
        "1 + f / int_q ln(x/q) rho dx, f = num_pl_spikes / num_evals",
        MP,
    ),
    layer(
        "D_noise",
        "distance that a tail as long has in noise of the same shape",
        "1",
        "max |S - P| of the Marchenko-Pastur law above its quantile",
        MP,
    ),
    layer("alpha_hill", "exponent of the larger half", "1", "1 + k / sum ln(lambda/median)", HILL),
    layer(
        "alpha_hill_noise",
        "exponent of the larger half of noise of the same shape",
        "1",
        "1 + 1 / (2 int_q ln(x/q) rho dx), q the median",
        MP,
    ),
)

EVIDENCE = (
    layer("interval_level", "confidence level of the intervals", "1", "0.9", OURS),
    layer(
        "alpha_low",
        "lower end of the interval of alpha",
        "1",
        "quantile (1 - level) / 2 of refits",
        BOOTSTRAP,
    ),
    layer(
        "alpha_high",
        "upper end of the interval of alpha",
        "1",
        "quantile (1 + level) / 2 of refits",
        BOOTSTRAP,
    ),
    layer(
        "alpha_precision",
        "standard error of the ends of the interval",
        "1",
        "from the number of resamples",
        BOOTSTRAP,
    ),
    layer(
        "xmin_low",
        "lower end of the interval of xmin",
        "w2",
        "quantile (1 - level) / 2 of refits",
        BOOTSTRAP,
    ),
    layer(
        "xmin_high",
        "upper end of the interval of xmin",
        "w2",
        "quantile (1 + level) / 2 of refits",
        BOOTSTRAP,
    ),
    layer(
        "p_value",
        "share of true power laws that fit no better",
        "1",
        "(1 + #{D* >= D}) / (1 + resamples)",
        CSN,
    ),
    layer(
        "p_precision",
        "largest standard error of p_value",
        "1",
        "1 / (2 sqrt(1 + resamples))",
        "binomial distribution",
    ),
    layer(
        "alpha_rival",
        "exponent of another plausible tail that disagrees",
        "1",
        "local minima of D(xmin); none if alpha is not ambiguous",
        OURS,
    ),
    flag(
        "power_law",
        "whether the tail is a power law",
        "p_value, likelihood ratios and num_pl_spikes",
        CSN,
        Support,
    ),
    flag(
        "likelier_law",
        "law that is significantly likelier than the power law",
        "likeliest of those with R_* < 0 and p_* up to 0.1",
        VUONG,
        Likelier,
    ),
    *(
        Variable(
            f"{kind}_{law}",
            f"{what} of power law and {law.replace('_', ' ')}",
            "1",
            formula,
            VUONG,
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
