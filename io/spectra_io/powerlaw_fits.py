"""
Fits of the powerlaw package: hand a fit over to it, and take one back.

The package of Alstott, Bullmore & Plenz draws fits and compares laws two by two. It is imported
when a function here is called, not before.
"""

from __future__ import annotations

import inspect
import math
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from spectra.errors import ArgumentError
from spectra.tails import power_law
from spectra.tails.power_law import PowerLawFit
from spectra.tails.samples import FitStatus, positive

if TYPE_CHECKING:
    import numpy.typing as npt
    import powerlaw

__all__ = ["from_powerlaw", "to_powerlaw"]


def _package() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of version 1.5: invalid escapes in its docstrings
        import powerlaw
    return powerlaw


def _options(Fit: type[powerlaw.Fit], ends: bool, alpha: float) -> dict[str, Any]:
    """Return the options by which version 2 has every alpha, as version 1 has."""
    if "parameter_ranges" not in inspect.signature(Fit).parameters:
        return {}
    if not ends:
        return {"parameter_ranges": {"alpha": [1, None]}}
    return {"parameter_ranges": {"alpha": [None, None]}, "initial_parameters": {"alpha": alpha}}


def to_powerlaw(eigenvalues: npt.ArrayLike, fit: PowerLawFit | None = None, /) -> powerlaw.Fit:
    """
    Hand a fit over to the powerlaw package, for its plots and comparisons.

    Parameters
    ----------
    eigenvalues : array_like, shape (n,), or Spectrum
        Data that the fit was made of, in any order; zeros are left out.
    fit : PowerLawFit, optional
        A fit of these data. By default the tail of the Spectrum; of other data, the fit by
        :func:`spectra.tails.power_law.fit`.

    Returns
    -------
    powerlaw.Fit
        A fit with the same `xmin`, and the same `xmax` if the law ends. The package computes alpha
        anew for a law without an end; for one that ends, see the notes.

    Raises
    ------
    ArgumentError
        If `fit` has no alpha, or was made of other data than `eigenvalues`.

    See Also
    --------
    from_powerlaw : The way back.

    Notes
    -----
    Both libraries maximize the same likelihood, and agree on alpha wherever the tail is the same.
    They differ where equal data start the tail of a fit with ``ties="each"``, and for fewer than 20
    data (``estimator="n"`` here is the same estimate). Version 2 by itself looks for
    alpha between 0 and 3 only and returns 3 for a steeper tail; here its limits are set to 1 and
    infinity.

    A law that ends has in version 1.5 the alpha of a law without an end. Version 2 is given the
    alpha of `fit` to start from, and keeps it between 1.5 and 3. A law that ends exactly at the
    largest datum is handed over as one without an end.

    References
    ----------
    Alstott, Bullmore & Plenz (2014), doi:10.1371/journal.pone.0085777.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.random.default_rng(0).pareto(1.5, 1000) + 1
    >>> fit = power_law.fit(x)
    >>> theirs = to_powerlaw(x, fit)
    >>> bool(abs(theirs.power_law.alpha - fit.alpha) < 1e-9)
    True
    >>> R, p = theirs.distribution_compare("power_law", "exponential")
    >>> bool(R > 0), bool(p < 0.1)
    (True, True)
    """
    if fit is None:
        found = getattr(eigenvalues, "tail", None)
        fit = found if isinstance(found, PowerLawFit) else power_law.fit(eigenvalues)
    if fit.status is not FitStatus.FITTED:
        msg = f"`fit` must be a fit, got one without: {fit.status.name.lower().replace('_', ' ')}"
        raise ArgumentError(msg)
    x, _ = positive(eigenvalues)
    tail = x[(x >= fit.xmin) & (x <= fit.xmax)]
    if fit.num_tail != len(tail):
        msg = (
            f"`eigenvalues` must be the data of the fit, {fit.num_tail} of them from {fit.xmin:g} "
            f"to {fit.xmax:g}, got {len(tail)} there"
        )
        raise ArgumentError(msg)
    Fit, ends = _package().Fit, bool(fit.xmax != x[-1])
    options = _options(Fit, ends, fit.alpha)
    return Fit(x, xmin=fit.xmin, xmax=fit.xmax if ends else None, verbose=False, **options)


def from_powerlaw(fit: powerlaw.Fit, /) -> PowerLawFit:
    """
    Take a fit of the powerlaw package over as a fit of this library.

    Parameters
    ----------
    fit : powerlaw.Fit
        A fit of continuous data, of version 1.5 or 2.

    Returns
    -------
    PowerLawFit
        The numbers of the package: `alpha`, `xmin`, `xmax`, `D`, `sigma`, `num_tail`; no `sigma`
        (``nan``) of a law that ends, because the package has (alpha - 1) / sqrt(n) there, too.

    Raises
    ------
    ArgumentError
        If `fit` is not such a fit, or has no alpha.

    See Also
    --------
    to_powerlaw : The way there.
    spectra.tails.power_law.fit : A fit of the same data, many times faster.

    Notes
    -----
    An alpha of 3.0 from version 2 is mostly the limit of its search, not the maximum: give
    ``parameter_ranges={"alpha": [1, None]}`` to ``powerlaw.Fit``.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.random.default_rng(0).pareto(1.5, 1000) + 1
    >>> fit = power_law.fit(x)
    >>> from_powerlaw(to_powerlaw(x, fit)).num_tail == fit.num_tail
    True
    """
    if not isinstance(fit, _package().Fit) or fit.discrete:
        got = "a fit of counts" if getattr(fit, "discrete", False) else type(fit).__name__
        msg = f"`fit` must be a powerlaw.Fit of continuous data, got {got}"
        raise ArgumentError(msg)
    law = fit.power_law
    if not math.isfinite(law.alpha):
        msg = f"`fit` must have a finite alpha, got {law.alpha}"
        raise ArgumentError(msg)
    return PowerLawFit(
        alpha=float(law.alpha),
        xmin=float(fit.xmin),
        xmax=float(np.max(fit.data) if fit.xmax is None else fit.xmax),
        D=float(law.D),
        sigma=float((law.alpha - 1) / math.sqrt(len(fit.data))) if fit.xmax is None else math.nan,
        num_tail=len(fit.data),
        status=FitStatus.FITTED,
    )
