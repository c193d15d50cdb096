"""Methods: the page of the documentation that explains each variable."""

from __future__ import annotations

__all__ = ["METHOD"]

_VARIABLES: dict[str, str] = {
    "alpha-hat": "alpha_weighted log_alpha_norm",
    "bulk": "bulk_D bulk_p",
    "chance": (
        "num_tested num_significant num_by_chance num_sure model_p sure num_layers "
        "num_not_reached num_fitted num_supported"
    ),
    "effective-rank": (
        "effective_rank effective_rank_noise rank_90 rank_90_noise rank_99 rank_99_noise "
        "participation_ratio participation_ratio_noise nuclear_norm nuclear_norm_noise "
        "condition_number condition_number_noise"
    ),
    "eigenvalues": "eigenvalue num_evals status status_reason scale_exponent",
    "elements": "kurtosis weibull_shape weibull_shape_noise",
    "entropy": "entropy",
    "equal-scales": (
        "whitened_num_spikes whitened_spike_p whitened_bulk_p row_scatter row_scatter_noise "
        "column_scatter column_scatter_noise"
    ),
    "goodness-of-fit": "p_value p_precision",
    "hill": "alpha_hill alpha_hill_noise",
    "interval": "interval_confidence alpha_low alpha_high xmin_low xmin_high alpha_precision",
    "large-elements": "num_large large_strength large_where mean_strength",
    "matrix-rank": "matrix_rank rank_loss weak_rank_loss",
    "noise-baseline": "alpha_noise D_noise",
    "norms": (
        "norm log_norm spectral_norm log_spectral_norm lambda_max sv_max sv_min "
        "log_product_norm log_product_spectral_norm"
    ),
    "other-laws": (
        "likelier_law R_exponential p_exponential R_lognormal p_lognormal "
        "R_stretched_exponential p_stretched_exponential R_truncated_power_law "
        "p_truncated_power_law"
    ),
    "permutation": (
        "max_rand_eval rand_distance rand_distance_sd rand_jsd rand_jsd_sd ww_softrank ww_maxdist"
    ),
    "phases": (
        "phase phase_second phase_zero_share phase_num phase_num_excess phase_excess_reach "
        "phase_excess_gap phase_bulk_D phase_bulk_p phase_soft_rank phase_excess_support "
        "phase_excess_likelier phase_excess_alpha phase_excess_p phase_heaviness "
        "alpha_band_setol alpha_band_htsr"
    ),
    "power-law": "alpha sigma D num_tail xmin xmax fit_status",
    "rival": "alpha_rival",
    "scale-collapse": "log_rms log_edge excess_rms excess_edge z_rms z_edge num_peers collapsed",
    "signal": "spike_strength spike_overlap_short spike_overlap_long",
    "smallest-eigenvalue": "smallest_p",
    "spacings": "spacing_ratio spacing_ratio_error local_spacing_ratio",
    "spikes": "num_spikes spike_p noise_std sigma_mp bulk_min bulk_max mp_softrank",
    "stable-rank": "stable_rank",
    "support": "power_law_support support_p support_alpha support_num",
    "trace-log": (
        "num_ERG_tail ERG_share ERG_share_noise lambda_ERG ERG_gap ERG_distance tail_mean_log"
    ),
    "traps": "num_traps trap_p trap_cause trap_where num_huge",
    "truncation": "gavish_donoho_rank screenot_rank",
    "vectors": (
        "bulk_mean_loc_ratio bulk_mean_part_ratio bulk_mean_entropy bulk_not_random "
        "tail_mean_loc_ratio tail_mean_part_ratio tail_mean_entropy tail_not_random "
        "entropy_noise"
    ),
    "verdict": "verdict verdict_reason alpha_reading",
    "windows": "window_p num_windows num_structured",
}

METHOD: dict[str, str] = {
    name: page for page, names in _VARIABLES.items() for name in names.split()
}
"""Name of the page of the method, by the name of the variable."""
