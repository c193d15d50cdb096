"""The Spectrum of a layer: its eigenvalues, and the fits that measures share."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from spectra._spectral import stack_of
from spectra.errors import ArgumentError
from spectra.linalg.eigen import eigenvalues
from spectra.linalg.elements import alive, excess_kurtosis
from spectra.noise import spikes as _spikes
from spectra.tails import power_law as _power_law
from spectra.tails.options import FitOptions

if TYPE_CHECKING:
    import numpy.typing as npt

    from spectra._typing import AnyArray, FloatArray
    from spectra.noise.spikes import Spikes
    from spectra.tails.power_law import PowerLawFit

__all__ = ["Spectrum", "spectrum"]

_EPS = float(np.finfo(np.float64).eps)


@dataclass(frozen=True, repr=False, eq=False)
class Spectrum:
    """
    The spectrum of one layer, which every measure is given.

    What several measures need, the fit of the tail and the spikes above the bulk, is computed here
    when it is first asked for, once, with the options below.

    Parameters
    ----------
    by_matrix : array of float, shape (rf, M)
        Eigenvalues of each matrix of the layer, each row ascending, in weight units squared.
    N : int
        Longer side of one matrix.
    matrices : array, shape (rf, rows, columns), optional
        The matrices themselves, for measures of vectors and elements.
    tail_options : dict, optional
        Options of the fit of the tail, as in :func:`spectra.tails.power_law.fit`.
    significance : float, default: 0.05
        Probability of finding any spike in a layer of noise.
    rng : int, default: 0
        Seed of whatever a measure draws, the same for every layer.

    Examples
    --------
    >>> import numpy as np
    >>> s = Spectrum(np.array([[1.0, 4.0], [0.0, 9.0]]), N=3)
    >>> s.eigenvalues
    array([0., 1., 4., 9.])
    >>> s.M, s.rf, s.lambda_max
    (2, 2, 9.0)
    >>> np.asarray(s).sum()  # an array function takes it as its eigenvalues
    np.float64(14.0)
    """

    by_matrix: FloatArray
    N: int
    matrices: AnyArray | None = None
    _: KW_ONLY
    tail_options: FitOptions = field(default_factory=FitOptions)
    significance: float = 0.05
    rng: int = 0

    def __repr__(self) -> str:
        """Return the shape, not the numbers."""
        return f"<Spectrum of {self.rf} matrices, N={self.N}, M={self.M}>"

    def __array__(self, dtype: npt.DTypeLike | None = None, copy: bool | None = None) -> AnyArray:
        """Return the eigenvalues of all matrices, ascending."""
        return np.array(self.eigenvalues, dtype=dtype, copy=copy)

    @cached_property
    def eigenvalues(self) -> FloatArray:
        """Eigenvalues of all matrices together, shape (rf * M,), ascending as numpy's are."""
        return np.sort(self.by_matrix, axis=None)

    @property
    def nonzero(self) -> FloatArray:
        """Eigenvalues of all matrices that are above :attr:`zero_below`, ascending."""
        return self.eigenvalues[self.eigenvalues > self.zero_below]

    @cached_property
    def tail(self) -> PowerLawFit:
        """The power law fitted to the tail of :attr:`nonzero`, with :attr:`tail_options`."""
        return _power_law.fit(self.nonzero, **self.tail_options)

    @cached_property
    def spikes(self) -> list[Spikes]:
        """Bulk and spikes of each matrix, tested together at :attr:`significance`."""
        return _spikes.detect_each(self, significance=self.significance)

    def require_matrices(self) -> AnyArray:
        """
        Return the matrices, for a measure that cannot do without.

        Returns
        -------
        array, shape (rf, rows, columns)
            In weight units.

        Raises
        ------
        ArgumentError
            If the Spectrum was made of eigenvalues only.
        """
        if self.matrices is None:
            msg = "this measure needs the matrices: make the spectrum with spectra.spectrum(W)"
            raise ArgumentError(msg)
        return self.matrices

    @cached_property
    def sides(self) -> list[int]:
        """Longer side of each matrix without rows and columns of zeros, those of dead neurons."""
        if self.matrices is None:
            return [self.N] * self.rf
        return [max(1, *alive(W).shape) for W in self.matrices]

    @cached_property
    def kurtosis(self) -> list[float]:
        """Excess kurtosis of the elements of each matrix; 0, as if normal, without the matrices."""
        if self.matrices is None:
            return [0.0] * self.rf
        return [excess_kurtosis(alive(W)) for W in self.matrices]

    @property
    def ratio(self) -> float:
        """M/N, one over the aspect ratio Q."""
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
    def lambda_max(self) -> float:
        """Largest eigenvalue, in weight units squared."""
        return float(self.eigenvalues[-1])

    @property
    def zero_below(self) -> float:
        r"""
        Eigenvalues up to this are zero to within rounding.

        :math:`\lambda_{max}(N\epsilon)^2`, numpy's rank tolerance on the singular values.
        """
        return self.lambda_max * (self.N * _EPS) ** 2


def spectrum(
    matrices: npt.ArrayLike,
    /,
    *,
    rtol: float = 1e-6,
    tail: FitOptions | None = None,
    significance: float = 0.05,
    rng: int = 0,
) -> Spectrum:
    """
    Compute the spectrum of one matrix or a stack of matrices.

    Parameters
    ----------
    matrices : array_like, shape (m, n) or (rf, m, n)
        In weight units.
    rtol : float, default: 1e-6
        Relative error allowed in the smallest eigenvalues, as in :func:`eigenvalues`.
    tail : dict, optional
        Options of the fit of the tail, as in :func:`spectra.tails.power_law.fit`.
    significance : float, default: 0.05
        Probability of finding any spike in a layer of noise.
    rng : int, default: 0
        Seed of whatever a measure draws.

    Returns
    -------
    Spectrum
        The eigenvalues of each matrix; the fit of the tail and the spikes when asked for.

    Raises
    ------
    ArgumentError
        If `matrices` is neither a matrix nor a stack of them.

    Examples
    --------
    >>> spectrum([[[2.0, 0.0]], [[0.0, 1.0]]]).eigenvalues
    array([1., 4.])
    >>> spectrum([[3.0, 1.0], [1.0, 2.0]], tail={"xmin": 1.0}).tail.xmin
    1.0
    """
    stack = stack_of(matrices)
    values = [eigenvalues(W, rtol=rtol) for W in stack]
    by_matrix = np.array(values).reshape(len(stack), min(stack.shape[1:]))
    return Spectrum(
        by_matrix,
        max(stack.shape[1:]),
        stack,
        tail_options=tail or {},
        significance=significance,
        rng=rng,
    )
