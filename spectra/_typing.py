"""Names for the array types used in signatures."""

from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["AnyArray", "FloatArray"]

FloatArray = npt.NDArray[np.float64]
"""Array of float64: everything computed here."""

AnyArray = npt.NDArray[Any]
"""Array of whatever type the file stores, ``bfloat16`` included."""
