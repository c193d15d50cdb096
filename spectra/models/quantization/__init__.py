"""
Dequantization: real numbers from packed or scaled numbers of few bits, by stored layout.

- ``affine``: integers with a scale and a zero point; ``scaled_blocks``: a scale for each block;
  ``grouped``: a scale and an offset for each group of columns
- ``gptq``, ``awq``, ``nbits``, ``packed_integers``: packed words of these programs and formats
- ``mxfp4``, ``nvfp4``: 4-bit floats in blocks; ``exponents``: scales that are powers of two
- ``lookup``, ``bnb4``: codes of a table of values, as bitsandbytes stores them
- ``hqq``: numbers of few bits in blocks of rows, as HQQ stores them
- ``unpack``, ``unpack_apart``, ``unpack_rows``: numbers of few bits out of larger words
"""

from spectra.models.quantization._linear import affine, exponents, grouped, scaled_blocks
from spectra.models.quantization._lookup import bnb4, lookup
from spectra.models.quantization._microscaling import mxfp4, nvfp4
from spectra.models.quantization._stacked import hqq, unpack_rows
from spectra.models.quantization._unpacking import unpack, unpack_apart
from spectra.models.quantization._words import (
    awq,
    gptq,
    nbits,
    packed_integers,
)

__all__ = [
    "affine",
    "awq",
    "bnb4",
    "exponents",
    "gptq",
    "grouped",
    "hqq",
    "lookup",
    "mxfp4",
    "nbits",
    "nvfp4",
    "packed_integers",
    "scaled_blocks",
    "unpack",
    "unpack_apart",
    "unpack_rows",
]
