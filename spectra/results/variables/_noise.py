"""Variables: noise and signal by random matrix theory."""

from __future__ import annotations

from spectra.noise.phases import Band, Phase
from spectra.noise.traps import Cause
from spectra.results.variables._declaration import flag, grouped, number, text
from spectra.results.variables._sources import CSN, HTSR, MP, OURS, PRACTICE
from spectra.tails.support import Likelier, Support

__all__ = ["BULK", "DIRECTIONS", "LARGE", "PHASE", "RANDOMIZED", "SPIKES", "WHITENED", "WINDOWS"]

_BEMA = "Ke, Ma & Lin (2021), doi:10.1080/01621459.2021.1933497"
_TW = "Johnstone (2001), doi:10.1214/aos/1009210544"
_BBP = "Baik, Ben Arous & Peche (2005), doi:10.1214/009117905000000233"
_BGN = "Benaych-Georges & Nadakuditi (2012), doi:10.1016/j.jmva.2012.04.019"
_GD = "Gavish & Donoho (2014), doi:10.1109/TIT.2014.2323359"
_SCREENOT = "Donoho, Gavish & Romanov (2023), doi:10.1214/22-AOS2232"
_SETOL = "Martin & Hinrichs (2025), arXiv:2507.17912"
_JSD = "Lin (1991), doi:10.1109/18.61115"
_ATAS = "Atas et al. (2013), doi:10.1103/PhysRevLett.110.084101"
_PT = "Porter & Thomas (1956), doi:10.1103/PhysRev.104.483"
_SHEET = "weightwatcher.ai/htsr.html"

BULK = grouped(
    "noise",
    (
        number(
            "num_spikes",
            "eigenvalues above the bulk of noise, at a significance of 0.05 by default",
            "1",
            "sequential Tracy-Widom test",
            _TW,
            head="spikes",
            digits=0,
            help="eigenvalues above the bulk, by a Tracy-Widom test at 5 %",
        ),
        number(
            "spike_p",
            "p-value of the largest eigenvalue under pure noise",
            "1",
            "1 - F_1((lambda_max / s2 - mu) / w), the least of all matrices by Sidak",
            _TW,
            head="spike p",
            help="p-value of the largest eigenvalue under pure noise",
        ),
        number(
            "noise_std",
            "standard deviation of the noise in the elements",
            "w",
            "sqrt(sum q_k lambda_k / (N sum q_k^2)) over the middle eigenvalues",
            _BEMA,
            head="std",
            help="standard deviation of the noise in the elements",
        ),
        number(
            "sigma_mp",
            "standard deviation of the noise over that of all elements",
            "1",
            "noise_std sqrt(N num_evals / sum(lambda))",
            HTSR,
        ),
        number("bulk_min", "lower edge of the bulk", "w2", "noise_std^2 (sqrt(N) - sqrt(M))^2", MP),
        number("bulk_max", "upper edge of the bulk", "w2", "noise_std^2 (sqrt(N) + sqrt(M))^2", MP),
        number(
            "mp_softrank",
            "soft rank, the edge of the bulk over the largest eigenvalue",
            "1",
            "bulk_max / lambda_max",
            HTSR,
            head="soft rank",
            help="edge of the bulk over the largest eigenvalue; 1 for noise",
        ),
        number(
            "bulk_D",
            "Kolmogorov-Smirnov distance of the bulk from the Marchenko-Pastur law",
            "1",
            "max |S - F|, both steps",
            MP,
        ),
        number(
            "bulk_p",
            "p-value of bulk_D under pure noise, the spikes at 0.05 left out",
            "1",
            "Gumbel law of M D",
            OURS,
            head="bulk p",
            help="p-value of the distance of the bulk from the Marchenko-Pastur law; "
            "small: not noise",
        ),
        number(
            "smallest_p",
            "p-value of the smallest nonzero eigenvalue under pure noise",
            "1",
            "F_1 turned round, of ln lambda_min; square matrices 1 - exp(-x/2 - sqrt(x))",
            "Ma (2012), doi:10.3150/10-BEJ334",
        ),
    ),
)

_LANDA = "Landa, Zhang & Kluger (2022), doi:10.1137/21M1456807"

WHITENED = grouped(
    "noise",
    (
        *(
            number(
                f"whitened_{name}",
                f"{name}, rows and columns made alike",
                "1",
                f"as {name}",
                _LANDA,
            )
            for name in ("num_spikes", "spike_p", "bulk_p")
        ),
        *(
            number(f"{side}_scatter{noise}", what, "1", formula, source)
            for side in ("row", "column")
            for noise, what, formula, source in (
                ("", f"scatter of the scales of the {side}s", "sd ln a, w ~ a_i b_j", _LANDA),
                (
                    "_noise",
                    f"scatter of the scales of the {side}s of noise",
                    f"1 / sqrt(2 n), n elements of a {side}",
                    OURS,
                ),
            )
        ),
    ),
)

_STAATS = "Staats, Thamm & Rosenow (2024), arXiv:2410.17770"

WINDOWS = grouped(
    "noise",
    (
        number(
            "window_p",
            "p-value of the window of each eigenvalue under randomness, largest first",
            "1",
            "spacing ratio and Porter-Thomas of both vectors, by Sidak",
            _STAATS,
            dims=("layer", "mode"),
        ),
        number("num_windows", "windows along the spectrum that are tested", "1", "", OURS),
        number(
            "num_structured", "windows that are not random", "1", "Holm, at significance", _STAATS
        ),
    ),
)

SPIKES = grouped(
    "noise",
    (
        number(
            "spike_strength",
            "singular value of the signal behind each spike, largest eigenvalue first",
            "w",
            "s sqrt(N) theta, lambda / (s2 N) = (1 + theta^2) (g + theta^2) / theta^2, g = M/N",
            _BGN,
            dims=("layer", "mode"),
        ),
        number(
            "spike_overlap_short",
            "squared cosine of signal and spike vectors along the shorter side",
            "1",
            "1 - g (1 + theta^2) / (theta^2 (theta^2 + g))",
            _BGN,
            dims=("layer", "mode"),
        ),
        number(
            "spike_overlap_long",
            "squared cosine of signal and spike vectors along the longer side",
            "1",
            "1 - (g + theta^2) / (theta^2 (theta^2 + 1))",
            _BGN,
            dims=("layer", "mode"),
        ),
        number(
            "gavish_donoho_rank",
            "singular values to keep in white noise",
            "1",
            "#{sv > omega(M/N) median(sv)}",
            _GD,
        ),
        number(
            "screenot_rank",
            "singular values to keep in noise of any covariance",
            "1",
            "#{sv > theta}, theta D'(theta) / D(theta) = -4",
            _SCREENOT,
        ),
    ),
)

RANDOMIZED = grouped(
    "noise",
    (
        number(
            "max_rand_eval",
            "largest eigenvalue of the permuted matrices",
            "w2",
            "max(lambda_rand)",
            HTSR,
        ),
        number(
            "rand_distance",
            "distance of the spectrum from the permuted one, value by value",
            "1",
            "sqrt((KL(l || m) + KL(r || m)) / 2), sorted eigenvalues over their sums",
            PRACTICE,
        ),
        number(
            "rand_distance_sd", "standard deviation of rand_distance over replicas", "1", "", OURS
        ),
        number(
            "rand_jsd",
            "Jensen-Shannon divergence of spectrum and permuted spectrum",
            "1",
            "(KL(p || m) + KL(q || m)) / 2 in nats, bins of equal number",
            _JSD,
            head="JSD",
            digits=3,
            help="divergence from the spectrum of the same elements in random order, up to 0.693",
        ),
        number("rand_jsd_sd", "standard deviation of rand_jsd over replicas", "1", "", OURS),
        number(
            "ww_softrank",
            "soft rank by the permuted matrices",
            "1",
            "max(lambda_rand) / lambda_max",
            PRACTICE,
        ),
        number(
            "ww_maxdist",
            "decrease of the largest eigenvalue by permutation",
            "w2",
            "lambda_max - max(lambda_rand)",
            PRACTICE,
        ),
        number(
            "num_traps",
            "correlation traps: spikes of the permuted matrices",
            "1",
            "sequential Tracy-Widom test, each matrix by its own noise",
            _SETOL,
            head="traps",
            digits=0,
            help="spikes that stay when the elements are put in random order: no "
            "learned correlation",
        ),
        number(
            "trap_p",
            "p-value of the strongest trap under pure noise",
            "1",
            "as spike_p",
            _TW,
            head="trap p",
            help="p-value of the strongest trap under pure noise; at 5 %, one layer of "
            "noise in twenty has a trap",
        ),
        flag(
            "trap_cause",
            "cause of the traps",
            "centring, and taking huge elements out",
            OURS,
            Cause,
        ),
        text(
            "trap_where",
            "rows, columns or elements that make the traps",
            "layer",
            OURS,
            head="made by",
            help="cause of the traps: a shifted mean, or rows, columns or elements that are huge",
        ),
        number(
            "num_huge",
            "number of huge elements, if they make the traps",
            "1",
            "#{|w - median| > z 1.4826 MAD}, z by Sidak at 5 %",
            OURS,
        ),
    ),
)

LARGE = grouped(
    "noise",
    (
        number(
            "num_large",
            "number of elements that make a spike by themselves",
            "1",
            "#{|w - mean| > noise_std (N M)^(1/4)}",
            _BBP,
            head="large",
            digits=0,
            help="elements that make a spike by themselves, in any order of the elements",
        ),
        number(
            "large_strength",
            "largest element over the size that makes a spike",
            "1",
            "max |w - mean| / (noise_std (N M)^(1/4))",
            _BBP,
        ),
        text(
            "large_where",
            "rows, columns or elements that make spikes by themselves",
            "layer",
            OURS,
            head="large at",
        ),
        number(
            "mean_strength",
            "mean of the elements over the mean that makes a spike",
            "1",
            "|mean| (N M)^(1/4) / noise_std",
            _BBP,
        ),
    ),
)

DIRECTIONS = grouped(
    "noise",
    (
        number(
            "num_ERG_tail",
            "eigenvalues in the trace-log tail, whose product is 1",
            "1",
            "largest k with sum ln(lambda M / sum(lambda)) >= 0",
            _SETOL,
        ),
        number(
            "ERG_share",
            "share of the eigenvalues in the trace-log tail",
            "1",
            "num_ERG_tail / num_evals",
            _SETOL,
        ),
        number(
            "ERG_share_noise",
            "ERG_share of noise of the same shape",
            "1",
            "int_x ln(t) rho(t) dt = 0",
            MP,
        ),
        number(
            "lambda_ERG", "start of the trace-log tail", "w2", "smallest eigenvalue in it", _SETOL
        ),
        number(
            "ERG_gap",
            "eigenvalues in the trace-log tail less those in the power-law tail",
            "1",
            "num_ERG_tail - num_tail",
            _SETOL,
        ),
        number(
            "ERG_distance",
            "start of the power-law tail less the start of the trace-log tail",
            "w2",
            "xmin - lambda_ERG",
            _SETOL,
        ),
        number(
            "tail_mean_log",
            "mean logarithm of the power-law tail, all eigenvalues rescaled to mean 1",
            "1",
            "mean ln(lambda M / sum(lambda)) over lambda >= xmin",
            _SETOL,
        ),
        number(
            "spacing_ratio",
            "mean ratio of neighbouring spacings: 0.531 for noise, 0.386 for independent numbers",
            "1",
            "mean min(s_i, s_i+1) / max(s_i, s_i+1)",
            _ATAS,
            head="spacing",
            digits=3,
            help="mean ratio of neighbouring spacings: 0.531 for noise, 0.386 for "
            "independent numbers",
        ),
        number(
            "spacing_ratio_error",
            "standard error of spacing_ratio",
            "1",
            "with lag-1 covariance",
            OURS,
        ),
        number(
            "local_spacing_ratio",
            "mean ratio of neighbouring spacings around each eigenvalue, largest first",
            "1",
            "50 eigenvalues",
            _ATAS,
            dims=("layer", "mode"),
        ),
        *(
            number(
                f"{part}_{name}",
                f"{what} of the singular vectors in the {part}",
                "1",
                formula,
                source,
            )
            for part in ("bulk", "tail")
            for name, what, formula, source in (
                ("mean_loc_ratio", "mean localization ratio", "|v|_1 / |v|_inf", HTSR),
                ("mean_part_ratio", "mean participation ratio", "|v|_2 / |v|_4", HTSR),
                ("mean_entropy", "mean entropy", "-sum v^2 ln v^2", HTSR),
                ("not_random", "share rejected by the Porter-Thomas test at 5 %", "", _PT),
            )
        ),
        number(
            "entropy_noise",
            "mean entropy of random directions",
            "1",
            "psi(M/2 + 1) - psi(3/2)",
            "Jones (1990), Journal of Physics A 23, L1247",
        ),
    ),
)

_ABOVE = "of the eigenvalues above the bulk"

PHASE = grouped(
    "noise",
    (
        flag(
            "phase",
            "phase of training",
            "rules of spectra.noise.phases.decide",
            HTSR,
            Phase,
            help="random like, bleeding out, bulk and spikes, bulk decay, heavy tailed, "
            "rank collapse; judged at 0.01 %, so that a weak spike leaves a layer random like",
        ),
        flag(
            "phase_second",
            "another phase that the layer is close to",
            "spectra.noise.phases.second",
            OURS,
            Phase,
        ),
        number(
            "phase_zero_share",
            "share of the eigenvalues that are negligible beside the others",
            "1",
            "below a drop by 1e6, or 1e12 from the largest",
            OURS,
        ),
        number("phase_num", "eigenvalues of the matrices that have a bulk", "1", "", OURS),
        number(
            "phase_num_excess",
            "eigenvalues above the bulk at a significance of 0.0001",
            "1",
            "",
            _TW,
        ),
        number(
            "phase_excess_reach",
            "distance of the largest eigenvalue above the edge of the bulk",
            "1",
            "(lambda_max / s2 - mu) / w, Tracy-Widom units",
            _TW,
        ),
        number(
            "phase_excess_gap",
            "largest gap between eigenvalues above the edge of the bulk",
            "1",
            "Tracy-Widom units",
            _TW,
        ),
        number(
            "phase_bulk_D",
            "distance of the bulk from its law, the eigenvalues above it at 0.0001 left out",
            "1",
            "as bulk_D",
            MP,
        ),
        number(
            "phase_bulk_p",
            "p-value of phase_bulk_D under pure noise, on which the verdict rests",
            "1",
            "as bulk_p",
            OURS,
        ),
        number("phase_soft_rank", "soft rank, the spikes of the phase left out", "1", "", HTSR),
        flag(
            "phase_excess_support",
            "whether the eigenvalues above the bulk follow a power law",
            "spectra.tails.support.judge",
            CSN,
            Support,
        ),
        flag(
            "phase_excess_likelier",
            f"law that is significantly likelier than the power law {_ABOVE}",
            "as likelier_law",
            CSN,
            Likelier,
        ),
        number("phase_excess_alpha", f"power-law exponent {_ABOVE}", "1", "as alpha", CSN),
        number("phase_excess_p", f"p-value of the power law {_ABOVE}", "1", "as p_value", CSN),
        number(
            "phase_heaviness",
            f"likelihood ratio of power law and exponential {_ABOVE}",
            "1",
            "sum l / (sd(l) sqrt(n))",
            "Vuong (1989), doi:10.2307/1912557",
        ),
        flag(
            "alpha_band_setol",
            "band of alpha in the SETOL paper",
            "up to 2, to 6, above",
            _SETOL,
            Band,
        ),
        flag(
            "alpha_band_htsr",
            "band of alpha on the HTSR cheat sheet",
            "up to 2, to 4, to 6, above",
            _SHEET,
            Band,
        ),
    ),
)
