"""Variables: noise and signal by random matrix theory."""

from __future__ import annotations

from spectra.noise.phases import Band, Phase
from spectra.noise.traps import Cause
from spectra.results.variables._declaration import Variable, flag, layer, text
from spectra.results.variables._sources import HTSR, MP, OURS, PRACTICE
from spectra.results.verdicts import Collapse

__all__ = ["BULK", "COLLAPSE", "DIRECTIONS", "PHASE", "RANDOMIZED", "SPIKES"]

_BEMA = "Ke, Ma & Lin (2021), doi:10.1080/01621459.2021.1933497"
_TW = "Johnstone (2001), doi:10.1214/aos/1009210544"
_BGN = "Benaych-Georges & Nadakuditi (2012), doi:10.1016/j.jmva.2012.04.019"
_GD = "Gavish & Donoho (2014), doi:10.1109/TIT.2014.2323359"
_SCREENOT = "Donoho, Gavish & Romanov (2023), doi:10.1214/22-AOS2232"
_SETOL = "Martin & Hinrichs (2025), arXiv:2507.17912"
_JSD = "Lin (1991), doi:10.1109/18.61115"
_ATAS = "Atas et al. (2013), doi:10.1103/PhysRevLett.110.084101"
_PT = "Porter & Thomas (1956), doi:10.1103/PhysRev.104.483"
_SHEET = "weightwatcher.ai/htsr.html"
_IH = "Iglewicz & Hoaglin (1993), How to Detect and Handle Outliers"

BULK = (
    layer("num_spikes", "eigenvalues above the bulk", "1", "sequential Tracy-Widom test", _TW),
    layer(
        "spike_p",
        "probability that the largest eigenvalue of noise is as large",
        "1",
        "1 - F_1((lambda_max / s2 - mu) / w), the least of all matrices by Sidak",
        _TW,
    ),
    layer(
        "noise_std",
        "standard deviation of the elements of the noise",
        "w",
        "sqrt(sum q_k lambda_k / (N sum q_k^2)) over the middle eigenvalues",
        _BEMA,
    ),
    layer(
        "sigma_mp",
        "standard deviation of the noise, of all elements 1",
        "1",
        "noise_std sqrt(N num_evals / sum(lambda))",
        HTSR,
    ),
    layer("bulk_min", "lower edge of the bulk", "w2", "noise_std^2 (sqrt(N) - sqrt(M))^2", MP),
    layer("bulk_max", "upper edge of the bulk", "w2", "noise_std^2 (sqrt(N) + sqrt(M))^2", MP),
    layer(
        "mp_softrank",
        "soft rank: how much of the range is bulk",
        "1",
        "bulk_max / lambda_max",
        HTSR,
    ),
    layer(
        "bulk_D",
        "Kolmogorov-Smirnov distance of the bulk from the Marchenko-Pastur law",
        "1",
        "max |S - F|, both steps",
        MP,
    ),
    layer("bulk_p", "probability of a distance as large in noise", "1", "Gumbel law of M D", OURS),
)

SPIKES = (
    Variable(
        "spike_strength",
        "singular value of the signal behind each spike, largest eigenvalue first",
        "w",
        "s sqrt(N) theta, lambda / (s2 N) = (1 + theta^2) (g + theta^2) / theta^2, g = M/N",
        _BGN,
        ("layer", "mode"),
    ),
    Variable(
        "spike_overlap_short",
        "squared cosine of signal and spike, vectors along the shorter side",
        "1",
        "1 - g (1 + theta^2) / (theta^2 (theta^2 + g))",
        _BGN,
        ("layer", "mode"),
    ),
    Variable(
        "spike_overlap_long",
        "squared cosine of signal and spike, vectors along the longer side",
        "1",
        "1 - (g + theta^2) / (theta^2 (theta^2 + 1))",
        _BGN,
        ("layer", "mode"),
    ),
    layer(
        "gavish_donoho_rank",
        "singular values to keep, in white noise",
        "1",
        "#{sv > omega(M/N) median(sv)}",
        _GD,
    ),
    layer(
        "screenot_rank",
        "singular values to keep, in noise of any covariance",
        "1",
        "#{sv > theta}, theta D'(theta) / D(theta) = -4",
        _SCREENOT,
    ),
)

RANDOMIZED = (
    layer(
        "max_rand_eval",
        "largest eigenvalue of permuted matrices",
        "w2",
        "max(lambda_rand)",
        HTSR,
    ),
    layer(
        "rand_distance",
        "distance from the permuted spectrum, value by value",
        "1",
        "sqrt((KL(l || m) + KL(r || m)) / 2), sorted eigenvalues over their sums",
        PRACTICE,
    ),
    layer("rand_distance_sd", "its standard deviation over replicas", "1", "", OURS),
    layer(
        "rand_jsd",
        "Jensen-Shannon divergence of spectrum and permuted spectrum",
        "1",
        "(KL(p || m) + KL(q || m)) / 2 in nats, bins of equal number",
        _JSD,
    ),
    layer("rand_jsd_sd", "its standard deviation over replicas", "1", "", OURS),
    layer(
        "ww_softrank",
        "soft rank by the permuted matrix",
        "1",
        "max(lambda_rand) / lambda_max",
        PRACTICE,
    ),
    layer(
        "ww_maxdist",
        "what the largest eigenvalue loses by permutation",
        "w2",
        "lambda_max - max(lambda_rand)",
        PRACTICE,
    ),
    layer(
        "num_traps",
        "correlation traps: spikes of the permuted matrices",
        "1",
        "sequential Tracy-Widom test, each matrix by its own noise",
        _SETOL,
    ),
    layer("trap_p", "probability of a trap as strong in noise", "1", "as spike_p", _TW),
    flag(
        "trap_cause",
        "what makes the traps",
        "centring, and taking huge elements out",
        OURS,
        Cause,
    ),
    text("trap_where", "rows, columns or elements that make the traps", "layer", OURS),
    layer(
        "num_huge",
        "huge elements, if they make the traps",
        "1",
        "#{|w - median| > z 1.4826 MAD}, z by Sidak at 5 %",
        OURS,
    ),
)

DIRECTIONS = (
    layer(
        "num_ERG_spikes",
        "eigenvalues in the tail that multiplies to 1",
        "1",
        "largest k with sum ln(lambda M / sum(lambda)) >= 0",
        _SETOL,
    ),
    layer("ERG_share", "their share", "1", "num_ERG_spikes / num_evals", _SETOL),
    layer(
        "ERG_share_noise",
        "that of noise of the same shape",
        "1",
        "int_x ln(t) rho(t) dt = 0",
        MP,
    ),
    layer("lambda_ERG", "start of the tail that multiplies to 1", "w2", "smallest in it", _SETOL),
    layer(
        "ERG_gap",
        "its eigenvalues less those of the power-law tail",
        "1",
        "num_ERG_spikes - num_pl_spikes",
        _SETOL,
    ),
    layer(
        "ERG_distance",
        "start of the power-law tail less that of the tail that multiplies to 1",
        "w2",
        "xmin - lambda_ERG",
        _SETOL,
    ),
    layer(
        "tail_mean_log",
        "mean logarithm of the power-law tail, rescaled to mean 1 of all",
        "1",
        "mean ln(lambda M / sum(lambda)) over lambda >= xmin",
        _SETOL,
    ),
    layer(
        "spacing_ratio",
        "mean ratio of neighbouring spacings: 0.531 for noise, 0.386 for independent numbers",
        "1",
        "mean min(s_i, s_i+1) / max(s_i, s_i+1)",
        _ATAS,
    ),
    layer("spacing_ratio_error", "its standard error", "1", "with lag-1 covariance", OURS),
    Variable(
        "local_spacing_ratio",
        "the same in a window around each eigenvalue, largest first",
        "1",
        "50 eigenvalues",
        _ATAS,
        ("layer", "mode"),
    ),
    *(
        layer(f"{part}_{name}", f"{what}, vectors of the {part}", "1", formula, source)
        for part in ("bulk", "tail")
        for name, what, formula, source in (
            ("mean_loc_ratio", "mean localization ratio", "|v|_1 / |v|_inf", HTSR),
            ("mean_part_ratio", "mean participation ratio", "|v|_2 / |v|_4", HTSR),
            ("mean_entropy", "mean entropy", "-sum v^2 ln v^2", HTSR),
            ("not_random", "share that the Porter-Thomas test rejects at 5 %", "", _PT),
        )
    ),
    layer(
        "entropy_noise",
        "mean entropy of random directions",
        "1",
        "psi(M/2 + 1) - psi(3/2)",
        "Jones (1990), Journal of Physics A 23, L1247",
    ),
)

PHASE = (
    flag("phase", "phase of training", "rules of spectra.noise.phases.decide", HTSR, Phase),
    layer(
        "phase_zero_share",
        "share of eigenvalues that are nothing beside the others",
        "1",
        "below a drop by 1e6, or 1e12 from the largest",
        OURS,
    ),
    layer("phase_num_excess", "eigenvalues above the bulk at level 0.0001", "1", "", _TW),
    layer("phase_excess_share", "their share", "1", "phase_num_excess / num_evals", _TW),
    layer(
        "phase_excess_reach",
        "how far the largest is above the edge",
        "1",
        "(lambda_max / s2 - mu) / w, Tracy-Widom units",
        _TW,
    ),
    layer("phase_excess_gap", "largest gap from the edge up", "1", "Tracy-Widom units", _TW),
    layer("phase_bulk_D", "distance of the bulk below from its law", "1", "as bulk_D", MP),
    layer("phase_bulk_p", "probability of that in noise", "1", "as bulk_p", OURS),
    layer("phase_soft_rank", "edge of the bulk below over lambda_max", "1", "", HTSR),
    layer(
        "phase_heaviness",
        "likelihood ratio of power law and exponential, in units of each matrix's noise",
        "1",
        "sum l / (sd(l) sqrt(n))",
        "Vuong (1989), doi:10.2307/1912557",
    ),
    flag("alpha_band_setol", "band of alpha", "up to 2, to 6, above", _SETOL, Band),
    flag("alpha_band_htsr", "band of alpha", "up to 2, to 4, to 6, above", _SHEET, Band),
)

COLLAPSE = (
    Variable(
        "log_rms",
        "logarithm of the root mean square of the elements",
        "1",
        "0.5 log10(norm / (N M rf))",
        "linear algebra",
    ),
    Variable(
        "log_edge",
        "logarithm of the standard deviation of noise with the same spectral norm",
        "1",
        "0.5 log10 spectral_norm - log10(sqrt(N) + sqrt(M))",
        MP,
    ),
    Variable(
        "excess_rms",
        "decades that rms times sqrt(N rf) lies above the median of the peers",
        "1",
        "x - median(x), x = log_rms + 0.5 log10(N rf), less that of the reference",
        OURS,
    ),
    Variable(
        "excess_edge",
        "decades that edge times sqrt(N rf) lies above the median of the peers",
        "1",
        "x - median(x), x = log_edge + 0.5 log10(N rf), less that of the reference",
        OURS,
    ),
    Variable("z_rms", "robust z of excess_rms", "1", "excess_rms / max(1.4826 MAD, 0.02)", _IH),
    Variable("z_edge", "robust z of excess_edge", "1", "excess_edge / max(1.4826 MAD, 0.02)", _IH),
    Variable(
        "num_peers",
        "layers compared, this one among them",
        "1",
        "those of the same layer_type if 5 of them can be compared, else all that can",
        OURS,
    ),
    Variable(
        "collapsed",
        "whether the scale has collapsed",
        "",
        "z < -threshold and excess < -log10(factor), of rms or of edge",
        _IH,
        kind="flag",
        flags=Collapse,
    ),
)
