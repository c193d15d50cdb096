"""Noise and errors: what pure noise gives for each variable, and how sure its numbers are."""

from __future__ import annotations

__all__ = ["ERROR", "NOISE"]

_UNIFORM = "any number from 0 to 1 equally often"
_EXACT = "exact to rounding"
_SAME = "the same: the noise beside has this norm"
_EDGE = "about norm (1/√N + 1/√M)^2"
_IN_TWENTY = "about 0.05"
_RANDOM_LAWS = "negative as a rule: another law fits the tail of noise better"

NOISE: dict[str, str] = {
    "verdict": "like noise, or too small to tell",
    "power_law_support": "never supported",
    "alpha": "alpha_noise",
    "D": "D_noise",
    "alpha_hill": "alpha_hill_noise",
    "p_value": "mostly below 0.1: the tail of noise follows no power law",
    "num_spikes": "0; more in 1 of 20 matrices, and in 1 of 12 convolutions",
    "spike_p": _UNIFORM,
    "sigma_mp": "1",
    "mp_softrank": "about 1; up to 1.4 for sides of 10",
    "bulk_p": _UNIFORM,
    "smallest_p": _UNIFORM,
    "whitened_num_spikes": "0; 1 or more in 1 of 20 matrices at most",
    "whitened_spike_p": _UNIFORM,
    "gavish_donoho_rank": "0",
    "num_large": "0; more if the shorter side is below 20",
    "large_strength": "below 1; more if the shorter side is below 20",
    "mean_strength": "below 1",
    "num_traps": "0; 1 or more in 1 of 20 matrices",
    "trap_p": "above 0.05 in 19 of 20 layers",
    "kurtosis": "0 for normal elements",
    "spacing_ratio": "0.531",
    "entropy": "near 1; of one matrix 1 - 1 / (2 Q ln M)",
    "bulk_mean_entropy": "entropy_noise",
    "tail_mean_entropy": "entropy_noise",
    "matrix_rank": "num_evals",
    "rank_loss": "0",
    "phase": "random like",
    "phase_num_excess": "0",
    "phase_soft_rank": "1",
    "ERG_share": "ERG_share_noise",
    "alpha_weighted": "about alpha_noise times log10 of the largest eigenvalue",
    "log_alpha_norm": "more than alpha_noise times log10 of the largest eigenvalue",
    "support_p": "mostly below 0.1: the tail of noise follows no power law",
    **dict.fromkeys(
        ("R_exponential", "R_lognormal", "R_stretched_exponential", "R_truncated_power_law"),
        _RANDOM_LAWS,
    ),
    **dict.fromkeys(("norm", "log_norm"), _SAME),
    **dict.fromkeys(("spectral_norm", "lambda_max"), f"{_EDGE}, for one matrix"),
    "log_spectral_norm": f"{_EDGE}, its log10, for one matrix",
    "sv_max": "about noise_std (√N + √M)",
    "sv_min": "about noise_std (√N - √M), near 0 if square",
    "stable_rank": "about N M / (√N + √M)^2, for one matrix",
    "weak_rank_loss": "0",
    "noise_std": "standard deviation of the elements",
    "bulk_min": "noise_std^2 (√N - √M)^2",
    "bulk_max": "noise_std^2 (√N + √M)^2",
    "bulk_D": "2 / M to 3 / M",
    "phase_bulk_D": "2 / M to 3 / M",
    "whitened_bulk_p": _UNIFORM,
    "phase_bulk_p": _UNIFORM,
    "window_p": _UNIFORM,
    "num_structured": "0; 1 or more in 1 of 20 matrices at most",
    "screenot_rank": "0",
    "max_rand_eval": "about bulk_max",
    "rand_distance": "about as large as between two random orders, near 0",
    "rand_jsd": "about as large as between two random orders, near 0",
    "ww_softrank": "about 1",
    "ww_maxdist": "about 0, of either sign",
    "trap_cause": "no traps",
    "local_spacing_ratio": "0.531, with a scatter of 0.05",
    "bulk_not_random": _IN_TWENTY,
    "tail_not_random": _IN_TWENTY,
    "phase_zero_share": "0",
    "phase_excess_reach": "below 1 in 19 of 20 matrices",
    "phase_excess_gap": "0",
}
"""Variable that holds what noise of the same shape gives, or words for it."""

ERROR: dict[str, tuple[str, ...] | str] = {
    "alpha": ("alpha_low", "alpha_high"),
    "xmin": ("xmin_low", "xmin_high"),
    "alpha_low": ("alpha_precision",),
    "alpha_high": ("alpha_precision",),
    "p_value": ("p_precision",),
    "spacing_ratio": ("spacing_ratio_error",),
    "rand_distance": ("rand_distance_sd",),
    "rand_jsd": ("rand_jsd_sd",),
    **dict.fromkeys(
        (
            *("norm", "log_norm", "spectral_norm", "log_spectral_norm", "lambda_max", "sv_max"),
            *("stable_rank", "entropy", "effective_rank", "participation_ratio", "nuclear_norm"),
        ),
        _EXACT,
    ),
}
"""Variables of an interval or of a standard error, or words for how sure a number is."""
