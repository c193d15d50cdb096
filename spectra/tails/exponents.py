r"""
Names of the exponent of a tail, and conversion of one into another.

One exponent has four names. *gamma* is the extreme-value index, in some texts *xi*: the probability
of a datum above x falls like :math:`x^{-1/\gamma}`. *mu* is the tail index :math:`1/\gamma`.
*alpha* is the exponent of the density, :math:`1 + 1/\gamma`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

import spectra._checks as _checks

if TYPE_CHECKING:
    import numpy.typing as npt

    from spectra._typing import FloatArray

__all__ = ["Convention", "convert"]

Convention = Literal["gamma", "xi", "mu", "alpha"]
"""Names of the tail exponent; see :func:`convert`."""


def convert(value: npt.ArrayLike, given: Convention, wanted: Convention, /) -> FloatArray:
    r"""
    Convert a tail exponent from one convention into another.

    Parameters
    ----------
    value : array_like
        Exponents.
    given, wanted : {"gamma", "xi", "mu", "alpha"}
        Convention of `value` and of the result: the extreme-value index gamma, also called xi, the
        tail index mu = 1 / gamma, or the exponent of the density alpha = 1 + 1 / gamma.

    Returns
    -------
    ndarray
        The same exponents in the other convention. A gamma of 0 is an infinite mu and alpha; a
        negative gamma, of a law that ends, has no other name and gives ``nan``.

    Raises
    ------
    ArgumentError
        If a convention is unknown, or `value` is not of real numbers.

    Notes
    -----
    A small standard error is divided by :math:`\gamma^2` on the way from gamma to mu or alpha, by
    :math:`\mu^2` on the way back, and stays between mu and alpha. A large one makes an interval
    that is not symmetric: convert its ends.

    Examples
    --------
    >>> convert([0.5, 1.0, 2.0], "gamma", "alpha")
    array([3. , 2. , 1.5])
    >>> convert(3.0, "alpha", "mu")
    array(2.)
    """
    for name, word in (("given", given), ("wanted", wanted)):
        _checks.choice(name, word, get_args(Convention))
    x = _checks.as_real(value, "value") + 0.0  # 0 has no sign
    into = {"alpha": x - 1, "mu": x}
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        gamma = 1 / into[given] if given in into else x
        if wanted in ("gamma", "xi"):
            return np.where(gamma < 0, np.nan, gamma) if given in into else gamma
        mu = np.where(gamma < 0, np.nan, 1 / np.abs(gamma))
    return mu + 1 if wanted == "alpha" else mu
