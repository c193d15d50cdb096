"""
Dequantization: real numbers from packed or scaled numbers of few bits, by stored layout.

- ``affine``: integers with a scale and a zero point; ``scaled_blocks``: a scale for each block
- ``gptq``, ``awq``, ``nbits``, ``packed_int4``: packed words of these programs and formats
- ``mxfp4``: 4-bit floats with shared exponents
- ``unpack``: numbers of few bits out of larger words
"""

from spectra.models.quantization._linear import affine, scaled_blocks
from spectra.models.quantization._microscaling import mxfp4
from spectra.models.quantization._words import awq, gptq, nbits, packed_int4, unpack

__all__ = [
    "affine",
    "awq",
    "gptq",
    "mxfp4",
    "nbits",
    "packed_int4",
    "scaled_blocks",
    "unpack",
]
