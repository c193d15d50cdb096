"""Variables of the tail: the power law, what noise would have, and the evidence."""

from __future__ import annotations

from typing import get_args

from spectra.results.variables._declaration import flag, grouped, number, text
from spectra.results.variables._sources import BOOTSTRAP, CSN, HILL, MP, OURS, VUONG, WW
from spectra.results.verdicts import Reading, Verdict
from spectra.tails.alternatives import Law
from spectra.tails.samples import FitStatus
from spectra.tails.support import Likelier, Support

__all__ = ["DIAGNOSIS", "EVIDENCE", "NULLS", "POWER_LAW"]

POWER_LAW = grouped(
    "tail",
    (
        number(
            "alpha",
            "power-law exponent of the tail",
            "1",
            "1 + n / sum ln(lambda/xmin); n - 1 for n below 20 eigenvalues",
            CSN,
            digits=2,
            help="exponent of the power law fitted to the largest eigenvalues",
        ),
        number(
            "sigma",
            "standard error of alpha, xmin known",
            "1",
            "(alpha - 1) / sqrt(n)",
            CSN,
            digits=2,
        ),
        number(
            "D",
            "Kolmogorov-Smirnov distance of tail and fit",
            "1",
            "max |S - P|, S from its lower step",
            CSN,
            digits=3,
            help="distance of tail and fit; pure noise has 0.12 to 0.17",
        ),
        number(
            "num_tail",
            "eigenvalues in the power-law tail",
            "1",
            "n = #{lambda >= xmin}",
            CSN,
            head="tail",
            digits=0,
            help="eigenvalues in the tail (num_tail); a few say little",
        ),
        flag("fit_status", "whether the tail has a fit, and why not", "", OURS, FitStatus),
        number("xmin", "start of the power-law tail", "w2", "argmin D", CSN),
        number("xmax", "end of the power-law tail", "w2", "max(lambda)", CSN),
        number(
            "alpha_weighted",
            "alpha-hat, alpha weighted by scale",
            "1",
            "alpha log10 lambda_max",
            WW,
            digits=2,
            help="alpha times log10 of the largest eigenvalue",
        ),
        number(
            "log_alpha_norm",
            "log10 of the alpha-norm",
            "1",
            "log10 sum(lambda^alpha)",
            WW,
            digits=2,
        ),
    ),
)


NULLS = grouped(
    "tail",
    (
        number(
            "alpha_noise",
            "alpha of a tail of the same length in noise of the same shape",
            "1",
            "1 + f / int_q ln(x/q) rho dx, f = num_tail / num_evals",
            MP,
            head="noise",
            digits=2,
            help="alpha of a tail of the same length in pure noise of the same shape",
        ),
        number(
            "D_noise",
            "D of a tail of the same length in noise of the same shape",
            "1",
            "max |S - P| of the Marchenko-Pastur law above its quantile",
            MP,
        ),
        number(
            "alpha_hill",
            "Hill exponent of the larger half",
            "1",
            "1 + k / sum ln(lambda/median)",
            HILL,
        ),
        number(
            "alpha_hill_noise",
            "Hill exponent of the larger half in noise of the same shape",
            "1",
            "1 + 1 / (2 int_q ln(x/q) rho dx), q the median",
            MP,
        ),
    ),
)

DIAGNOSIS = grouped(
    "diagnosis",
    (
        flag(
            "verdict",
            "what the evidence says of the layer",
            "rules of spectra.results.diagnosis.judge",
            OURS,
            Verdict,
            help="broken, too small to tell, like noise, trapped, noise and signal, heavy-tailed, "
            "or structured (by no single law)",
        ),
        text(
            "verdict_reason",
            "numbers that decided the verdict",
            "layer",
            OURS,
            head="why",
            help="the numbers that decided the verdict",
        ),
        flag(
            "alpha_reading",
            "reading of alpha in the literature, for heavy-tailed layers",
            "over-trained: alpha < 2, well-trained: 2 to 6, under-trained: > 6",
            WW,
            Reading,
            head="reading",
            help="how Martin et al. (2021) read alpha; only for heavy-tailed layers",
        ),
    ),
)

EVIDENCE = grouped(
    "tail",
    (
        number("interval_confidence", "confidence of the intervals", "1", "0.9", OURS),
        number(
            "alpha_low",
            "lower end of the confidence interval of alpha",
            "1",
            "quantile (1 - confidence) / 2 of refits",
            BOOTSTRAP,
            head="90 %",
            help="confidence interval of alpha, the start of the tail searched anew each time; "
            "* alpha lies outside, since most resamples have their tail start elsewhere",
        ),
        number(
            "alpha_high",
            "upper end of the confidence interval of alpha",
            "1",
            "quantile (1 + confidence) / 2 of refits",
            BOOTSTRAP,
        ),
        number(
            "alpha_precision",
            "standard error of the ends of the interval of alpha",
            "1",
            "from the number of resamples",
            BOOTSTRAP,
        ),
        number(
            "xmin_low",
            "lower end of the confidence interval of xmin",
            "w2",
            "quantile (1 - confidence) / 2 of refits",
            BOOTSTRAP,
        ),
        number(
            "xmin_high",
            "upper end of the confidence interval of xmin",
            "w2",
            "quantile (1 + confidence) / 2 of refits",
            BOOTSTRAP,
        ),
        number(
            "p_value",
            "p-value of the power law fitted to the tail",
            "1",
            "(1 + #{D* >= D}) / (1 + resamples)",
            CSN,
        ),
        number(
            "p_precision",
            "largest standard error of p_value",
            "1",
            "1 / (2 sqrt(1 + resamples))",
            "binomial distribution",
        ),
        number(
            "alpha_rival",
            "alpha of another plausible tail that disagrees",
            "1",
            "local minima of D(xmin); nan if alpha is not ambiguous",
            OURS,
            head="rival",
            digits=2,
            help="alpha of another tail that fits about as well, if there is one",
        ),
        flag(
            "power_law_support",
            "whether the eigenvalues above the noise follow a power law",
            "spectra.tails.support.judge; of fewer than 20, p_value can reject",
            CSN,
            Support,
            head="power law",
            help="supported, rejected or neither, by the eigenvalues above the noise; where they "
            "are fewer than 20, by the whole tail, which can be rejected but not supported",
        ),
        number(
            "support_p",
            "share of true power laws that fit no better than the eigenvalues judged",
            "1",
            "as p_value, above the noise; p_value where fewer than 20 are there",
            CSN,
            head="tail p",
            digits=2,
            help="share of true power laws that fit no better; small: not a power law",
        ),
        number(
            "support_alpha",
            "exponent of the power law that is judged",
            "1",
            "alpha of the eigenvalues above the noise; alpha where fewer than 20 are there",
            CSN,
        ),
        number(
            "support_num",
            "eigenvalues in the power law that is judged",
            "1",
            "",
            CSN,
        ),
        flag(
            "likelier_law",
            "law that is significantly likelier than the power law that is judged",
            "likeliest of those with R < 0 and p up to 0.1",
            VUONG,
            Likelier,
            head="likelier",
            help="law that fits the tail significantly better",
        ),
        *(
            number(
                f"{kind}_{law}", f"{what} of power law and {law.replace('_', ' ')}", "1", how, VUONG
            )
            for law in get_args(Law)[1:]
            for kind, what, how in (
                (
                    "R",
                    "log-likelihood ratio",
                    "sum l / (sd(l) sqrt(n)); positive for the power law",
                ),
                (
                    "p",
                    "p-value of the likelihood ratio",
                    "P(chi2_1 > 2 |sum l|)"
                    if law == "truncated_power_law"
                    else "erfc(|R| / sqrt(2))",
                ),
            )
        ),
    ),
)
