"""The Spectrum of a layer: eigenvalues, and the fits shared by the measures."""

from __future__ import annotations

import math
from dataclasses import KW_ONLY, dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

import spectra._checks as _checks
from spectra._spectral import extreme_exponent, in_blocks, stack_of, zero_below
from spectra.errors import ArgumentError
from spectra.linalg import devices, live_elements
from spectra.linalg.eigen import eigenvalues
from spectra.linalg.elements import sample_kurtosis
from spectra.noise import phases as _phases
from spectra.noise import spikes as _spikes
from spectra.tails import power_law as _power_law
from spectra.tails.options import FitOptions, given, in_unit

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from spectra._typing import AnyArray, FloatArray
    from spectra.linalg.live_elements import LiveElements
    from spectra.noise.phases import Evidence
    from spectra.noise.spikes import Spikes
    from spectra.tails.power_law import PowerLawFit

__all__ = ["Spectrum", "of_eigenvalues", "scaled", "spectrum"]

_MOST = 1 << 20  # exponents of floats of any length are smaller


@dataclass(frozen=True, repr=False, eq=False)
class Spectrum:
    """
    Spectrum of one layer, the argument of every measure.

    The fit of the tail and the spikes above the bulk, which several measures need, are computed
    once, on first access, with the options below.

    Parameters
    ----------
    by_matrix : array of float, shape (rf, M) or (M,)
        Eigenvalues of each matrix of the layer, in weight units squared; kept as rows, ascending.
    N : int
        Longer side of one matrix.
    matrices : array, shape (rf, rows, columns), optional
        Matrices of the layer, for measures of vectors and elements; those of a file are read when
        they are first asked for.
    tail_options : dict, optional
        Options of the fit of the tail, as in :func:`spectra.tails.power_law.fit`.
    significance : float, default: 0.05
        Probability of finding any spike in a layer of noise.
    rng : int, default: 0
        Seed of the random draws of a measure, the same for every layer.
    exponent : int, default: 0
        Power of two that the weights were divided by: matrices, eigenvalues and thresholds are of
        ``W / 2**exponent``, so that the unit of the eigenvalues is ``4**exponent`` weight units
        squared. :func:`spectrum` sets it for weights whose squares are outside the range of
        float64, and is 0 for all others.
    device : str, optional
        Library and device that compute further spectra, such as those of permuted matrices.

    Raises
    ------
    ArgumentError
        If `by_matrix` is not one or more rows of real numbers, or another argument is wrong.

    Examples
    --------
    >>> import numpy as np
    >>> s = Spectrum(np.array([[1.0, 4.0], [0.0, 9.0]]), N=3)
    >>> s.eigenvalues
    array([0., 1., 4., 9.])
    >>> s.M, s.rf, s.lambda_max
    (2, 2, 9.0)
    >>> np.asarray(s).sum()  # array functions use the eigenvalues
    np.float64(14.0)
    """

    by_matrix: FloatArray
    N: int
    matrices: AnyArray | None = field(default_factory=lambda: None)  # see __getattr__
    _: KW_ONLY
    tail_options: FitOptions = field(default_factory=FitOptions)
    significance: float = 0.05
    rng: int = 0
    exponent: int = 0
    device: str | None = None

    def __post_init__(self) -> None:
        """Check the eigenvalues, and sort those of each matrix."""
        rows = np.atleast_2d(_checks.real_numbers(self.by_matrix, "by_matrix"))
        if rows.ndim != 2:
            msg = f"`by_matrix` must have one row per matrix, got shape {rows.shape}"
            raise ArgumentError(msg)
        _checks.count("N", self.N, what="the longer side of one matrix, a whole number")
        _checks.share("significance", self.significance)
        rows.sort(axis=1)
        rows.flags.writeable = False  # measures share it
        object.__setattr__(self, "by_matrix", rows)
        object.__setattr__(self, "rng", _checks.seed(self.rng))
        _checks.count("exponent", self.exponent, at_least=-_MOST, at_most=_MOST)
        object.__setattr__(self, "tail_options", given(self.tail_options))
        devices.check_word(self.device)
        if in_blocks(self.matrices) is not None:
            vars(self)["_unread"] = vars(self).pop("matrices")
        elif self.matrices is not None:
            object.__setattr__(self, "matrices", stack_of(self.matrices))

    def __getattr__(self, name: str) -> Any:
        """Read the matrices when they are first asked for, if they are those of a file."""
        if name != "matrices" or "_unread" not in vars(self):
            msg = f"{type(self).__name__!r} object has no attribute {name!r}"
            raise AttributeError(msg)
        object.__setattr__(self, "matrices", stack_of(vars(self).pop("_unread")))
        return self.matrices

    def __repr__(self) -> str:
        """Return the number and the sides of the matrices, without the eigenvalues."""
        noun = "matrix" if self.rf == 1 else "matrices"
        return f"<Spectrum of {self.rf} {noun}, N={self.N}, M={self.M}>"

    def __array__(self, dtype: npt.DTypeLike | None = None, copy: bool | None = None) -> AnyArray:
        """Return the eigenvalues of all matrices, ascending."""
        return np.array(self.eigenvalues, dtype=dtype, copy=copy)

    @cached_property
    def eigenvalues(self) -> FloatArray:
        """Eigenvalues of all matrices together, shape (rf * M,), ascending as in numpy."""
        values = np.sort(self.by_matrix, axis=None)
        values.flags.writeable = False  # measures share it
        return values

    @property
    def nonzero(self) -> FloatArray:
        """Eigenvalues of all matrices that are above :attr:`zero_below`, ascending."""
        return self.eigenvalues[self.eigenvalues > self.zero_below]

    @cached_property
    def tail(self) -> PowerLawFit:
        """The power law fitted to the tail of :attr:`nonzero`, with `tail_options`."""
        return _power_law.fit(self.nonzero, **self.tail_options)

    @property
    def in_tail(self) -> FloatArray:
        """Eigenvalues from `xmin` to `xmax` of :attr:`tail`, ascending; empty without a fit."""
        values = self.nonzero
        return values[(values >= self.tail.xmin) & (values <= self.tail.xmax)]

    @cached_property
    def spikes(self) -> list[Spikes]:
        """Bulk and spikes of each matrix, tested together at `significance`."""
        return _spikes.detect_each(self, significance=self.significance)

    @cached_property
    def phase_evidence(self) -> Evidence:
        """Numbers that decide phase and verdict, at significances of their own."""
        return _phases.evidence(self, rng=self.rng)

    def require_matrices(self) -> AnyArray:
        """
        Return the matrices, for a measure that needs more than the eigenvalues.

        Returns
        -------
        array, shape (rf, rows, columns)
            Matrices of the layer, in weight units.

        Raises
        ------
        ArgumentError
            If the Spectrum was made from eigenvalues only.
        """
        if self.matrices is None:
            msg = "this measure needs the matrices: make the spectrum with spectra.spectrum(W)"
            raise ArgumentError(msg)
        return self.matrices

    @property
    def sides(self) -> list[int]:
        """Longer side of each matrix, all-zero rows and columns (dead neurons) not counted."""
        return [max(1, *live.shape) for live in self.live_elements] or [self.N] * self.rf

    @cached_property
    def kurtosis(self) -> list[float]:
        """Excess kurtosis of the elements of each matrix; 0, as if normal, without the matrices."""
        shapes = [sample_kurtosis(live.sample) for live in self.live_elements]
        return shapes or [0.0] * self.rf

    @cached_property
    def live_elements(self) -> list[LiveElements]:
        """Elements of each matrix in rows and columns that are not all zero; none without them."""
        return [live_elements.read(W) for W in self.each_matrix()]

    def each_matrix(self) -> Sequence[npt.ArrayLike]:
        """
        Return the matrices one by one, for functions that read a matrix of a file in blocks.

        Returns
        -------
        sequence of array_like
            The matrices; that of a file is not read here. Empty for a Spectrum of eigenvalues.
        """
        unread = vars(self).get("_unread")
        if unread is not None:
            return [unread]
        return [] if self.matrices is None else list(self.matrices)

    @property
    def ratio(self) -> float:
        """M/N, the inverse of the aspect ratio Q."""
        return self.M / self.N

    @property
    def rf(self) -> int:
        """Number of matrices."""
        return len(self.by_matrix)

    @property
    def M(self) -> int:
        """Shorter side of one matrix."""
        return int(self.by_matrix.shape[1])

    @property
    def scales(self) -> FloatArray | None:
        """Mean eigenvalue of each matrix, of noise with the same elements; None for one matrix."""
        return None if self.rf == 1 else self.by_matrix.mean(axis=1)

    @property
    def lambda_max(self) -> float:
        """Largest eigenvalue, in weight units squared."""
        return float(self.eigenvalues[-1])

    @property
    def decades(self) -> float:
        """Decimal logarithm of the unit of the eigenvalues, in weight units squared; mostly 0."""
        return 2 * self.exponent * math.log10(2)

    @property
    def zero_below(self) -> float:
        r"""
        Threshold up to which an eigenvalue is zero to within rounding.

        :math:`\lambda_{max}(N\epsilon)^2`, the square of numpy's rank tolerance on singular values.
        """
        return zero_below(self.lambda_max, self.N)


def spectrum(
    matrices: npt.ArrayLike,
    /,
    *,
    rtol: float = 1e-6,
    tail: FitOptions | None = None,
    significance: float = 0.05,
    rng: int | np.random.Generator | None = 0,
    device: str | None = None,
) -> Spectrum:
    """
    Compute the spectrum of one matrix or a stack of matrices.

    Parameters
    ----------
    matrices : array_like, shape (m, n) or (rf, m, n)
        One matrix or a stack of rf matrices, in weight units; a sparse matrix of SciPy, and what
        :meth:`spectra.models.layers.Layer.in_blocks` returns, is read in parts.
    rtol : float, default: 1e-6
        Relative error allowed in the smallest eigenvalues, as in :func:`eigenvalues`.
    tail : dict, optional
        Options of the fit of the tail, as in :func:`spectra.tails.power_law.fit`.
    significance : float, default: 0.05
        Probability of finding any spike in a layer of noise.
    rng : int, numpy.random.Generator or None, default: 0
        Seed of the random draws of a measure; a generator or None gives one.
    device : str, optional
        Library and device that compute the eigenvalues, as in :func:`eigenvalues`.

    Returns
    -------
    Spectrum
        Eigenvalues of each matrix; the fit of the tail and the spikes are computed on first access.
        Of weights beyond 1e135 or all below 1e-135, everything is of the weights over a power of
        two, its `exponent`.

    Raises
    ------
    ArgumentError
        If `matrices` is neither a matrix nor a stack of matrices, or `rng` or `device` is wrong.
    DeviceError
        If a device has too little memory, or fails.

    Examples
    --------
    >>> spectrum([[[2.0, 0.0]], [[0.0, 1.0]]]).eigenvalues
    array([1., 4.])
    >>> spectrum([[3.0, 1.0], [1.0, 2.0]], tail={"xmin": 1.0}).tail.xmin
    1.0
    """
    devices.check_word(device)
    parts = in_blocks(matrices)
    exponent = extreme_exponent(stack_of(matrices) if parts is None else parts)
    kept = scaled(matrices, exponent)
    each = kept if in_blocks(kept) is None else [kept]
    return of_eigenvalues(
        kept,
        [eigenvalues(W, rtol=rtol, device=device) for W in each],
        exponent,
        tail=tail,
        significance=significance,
        rng=rng,
        device=device,
    )


def scaled(matrices: npt.ArrayLike, exponent: int) -> Any:
    """Return the matrices over ``2**exponent``; those of a file unread, if the exponent is 0."""
    if in_blocks(matrices) is not None and not exponent:
        return matrices
    stack = stack_of(matrices)
    if not exponent:
        return stack
    with np.errstate(under="ignore"):
        return np.ldexp(stack, -exponent).astype(np.float64)


def of_eigenvalues(
    matrices: Any,
    by_matrix: Sequence[FloatArray] | FloatArray,
    exponent: int,
    /,
    *,
    tail: FitOptions | None,
    significance: float,
    rng: int | np.random.Generator | None,
    device: str | None,
) -> Spectrum:
    """Return the Spectrum of scaled matrices whose eigenvalues, over ``4**exponent``, are known."""
    sides = matrices.shape[-2:]
    return Spectrum(
        np.array(by_matrix).reshape(len(by_matrix), min(sides)),
        max(sides),
        matrices,
        tail_options=in_unit(given(tail), exponent),
        significance=significance,
        rng=_checks.seed(rng),
        exponent=exponent,
        device=device,
    )
