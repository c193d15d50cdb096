"""Arguments and methods of WeightWatcher 0.7.7 that are not here, each with what to use instead."""

from __future__ import annotations

import difflib
import inspect
from typing import TYPE_CHECKING

import numpy as np

from spectra.errors import ArgumentError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["ARGUMENTS", "METHODS", "check"]

_OF_ANALYZE = "use spectra.weightwatcher.analyze, which has this argument"
_REMOVED = "leave it out, WeightWatcher 0.7.7 does not have it either"
_PRODUCT = 'multiply the matrices and pass the product, as in analyze({"a.b": Wa @ Wb})'

ARGUMENTS: dict[str, tuple[tuple[object, ...], str]] = {
    "ERG": ((False, None), _OF_ANALYZE),
    "base_model": (
        (None,),
        "subtract the weights first, as in "
        "analyze({name: model[name].read() - base[name].read() for name in base})",
    ),
    "channels": (
        (None,),
        "transpose the kernels to (out, in, height, width) and pass the arrays by name",
    ),
    "compute_alphas": ((True, None), _REMOVED),
    "conv2d_fft": (
        (False, None),
        "use pool=False for the spectrum of each kernel position; WeightWatcher's conv2d_fft does "
        "not compute the spectrum of the convolution",
    ),
    "conv2d_norm": ((True, False, None), _OF_ANALYZE),
    "deltas": ((False, None), "use numpy.diff(spectra.weightwatcher.get_ESD(model, layer))"),
    "detX": ((False, None), _OF_ANALYZE),
    "fft": ((False, None), "leave it out, in WeightWatcher 0.7.7 it always fails"),
    "finger_thresh": ((1.0, None), _OF_ANALYZE),
    "fit": (("PL", "power_law", None), _OF_ANALYZE),
    "fix_fingers": ((False, None), _OF_ANALYZE),
    "glorot_fix": ((False, None), "leave it out, in WeightWatcher 0.7.7 it has no effect"),
    "intra": ((False, None), _PRODUCT),
    "inverse": ((False, None), "use 1 / spectra.weightwatcher.get_ESD(model, layer)"),
    "max_fingers": ((10, None), _OF_ANALYZE),
    "max_size": ((None,), "use max_evals"),
    "min_size": ((None,), "use min_evals"),
    "mp_fit": ((False, None), _OF_ANALYZE),
    "normalize": ((False, None), _REMOVED),
    "params": ((None,), "give its entries as arguments"),
    "peft": (
        (False, None),
        "use spectra.models.adapters.pairs(model), and adapters.eigenvalues(pair) for B @ A times "
        "its scale",
    ),
    "pl_package": (("ww", "powerlaw", None), _OF_ANALYZE),
    "plot": (
        (False, None),
        "use spectra_io.plots.esd(ds, layer=...) with ds = spectra.analyze(model)",
    ),
    "random": ((False, None), "use spectra.weightwatcher.get_ESD, which has this argument"),
    "randomize": ((False, None), _OF_ANALYZE),
    "rescale": ((True, None), _REMOVED),
    "rng": ((0, None), _OF_ANALYZE),
    "savedir": ((None, "", "ww-img"), "use spectra_io.plots.to_file(path), with plots.esd inside"),
    "savefig": (
        (False, None, "", "ww-img"),
        "use spectra_io.plots.to_file(path), with plots.esd(ds, layer=..., ax=ax) inside",
    ),
    "sparsify": ((True, False, None), _PRODUCT),
    "stacked": (
        (False, None),
        'stack the matrices and pass them by name, as in analyze({"all": numpy.vstack(matrices)})',
    ),
    "svd_method": (
        ("fast", "accurate", None),
        "leave it out, eigenvalues are computed to 1e-10 here",
    ),
    "tolerance": ((1e-6, 0, None), _OF_ANALYZE),
    "vectors": ((False, None), _OF_ANALYZE),
    "ww2x": ((False, None), "use pool=False"),
    "xmax": ((None, False), _OF_ANALYZE),
    "xmin_max": ((None,), _OF_ANALYZE),
}
"""By argument: values that ask for nothing, and what to use for others."""

_TWO_STEPS = "model = spectra_io.open_model(path); details = spectra.weightwatcher.analyze(model)"

METHODS = {
    "SVDSharpness": "analyze(model, randomize=True) has num_traps; no weights are changed here",
    "SVDSmoothing": "spectra.noise.shrinkage.denoised(W) gives a matrix without its noise, and "
    "spectra.noise.truncation thresholds on singular values",
    "WeightWatcher": f"there is no object to keep; {_TWO_STEPS}",
    "analyze_pytorch_bins": "pickles are never opened; save the weights as safetensors",
    "analyze_vectors": "use analyze(model, vectors=True)",
    "describe_pytorch_bins": "pickles are never opened; save the weights as safetensors",
    "extract_pytorch_bins": "pickles are never opened; save the weights as safetensors",
    "fit_powerlaw": "use spectra.tails.power_law.fit(eigenvalues)",
    "get_Weights": "use model[name].read(), or spectra.layers(model) for the matrices",
    "get_details": "keep the table that analyze(model) returns",
    "get_framework_layer": "there is no framework here; model[name] is the stored tensor",
    "get_summary": "use summary(details)",
    "matrix_distance": "use distances(model_1, model_2)",
    "model_deltas": "use distances(model_1, model_2)",
    "mp_fit": "use analyze(model, mp_fit=True)",
    "same_models": "compare model_1.fingerprint == model_2.fingerprint",
    "vector_metrics": "use analyze(model, vectors=True), or spectra.linalg.vectors",
}
"""By method of WeightWatcher: what to use here."""


def _asks_for_nothing(value: object, off: tuple[object, ...]) -> bool:
    """Return whether a value is one of those that ask for nothing."""
    plain = value.item() if isinstance(value, np.generic) else value
    return any(type(plain) is type(nothing) and plain == nothing for nothing in off)


def check(function: Callable[..., object], others: Mapping[str, object], /) -> None:
    """
    Refuse arguments that a function lacks, and say what to use instead.

    Parameters
    ----------
    function : callable
        A function of WeightWatcher's name.
    others : mapping of str
        Arguments that the function does not have, with their values.

    Raises
    ------
    ArgumentError
        If an argument asks for something, or if WeightWatcher does not have it either.

    Examples
    --------
    >>> def analyze(model, *, pool=True): ...
    >>> check(analyze, {"plot": False})
    >>> check(analyze, {"pol": False})
    Traceback (most recent call last):
        ...
    spectra.errors.ArgumentError: analyze has no argument `pol`; the nearest is `pool`
    """
    for name, value in others.items():
        off, advice = ARGUMENTS.get(name, ((), ""))
        if _asks_for_nothing(value, off):
            continue
        if not advice:
            known = [n for n in inspect.signature(function).parameters if n != "others"]
            near = difflib.get_close_matches(name, known, n=1, cutoff=0.0)[0]
            msg = f"{function.__name__} has no argument `{name}`; the nearest is `{near}`"
        else:
            msg = f"{function.__name__} has no argument `{name}`: {advice}"
        raise ArgumentError(msg)
