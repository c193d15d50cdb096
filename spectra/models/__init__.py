"""
Models: what a file stores, and the real matrices that the network computes with.

Tensors

- ``model``: the tensors of a network by name (``Model``)
- ``tensors``: a tensor that reads its numbers when asked (``Tensor``), a matrix computed from
  several (``Weight``)
- ``arrays``: tensors and models of NumPy arrays (``from_array``, ``from_arrays``)
- ``lazy``: arrays read or computed on demand (``derived``, ``rows``)
- ``selection``: some tensors of a model, by name (``by_name``), role (``by_role``) or size
  (``by_size``)

From tensors to layers

- ``roles``: the use of a tensor in the network, all of them (``ROLES``) and a guess (``from_name``)
- ``structure``: quantized weights, gates, experts, fused projections and tied weights, found by
  names and ``config.json`` (``interpret``)
- ``layers``: the matrices of every tensor, or the reason why it has none (``layers``)
- ``quantization``: real numbers of quantized weights, by their layout (``gptq``, ``awq``,
  ``nbits``, ``mxfp4``, ``affine`` and others)
- ``adapters``: LoRA pairs (``pairs``), the update of a pair as a matrix (``delta``) and its
  eigenvalues (``eigenvalues``)
"""

from spectra.models import (
    adapters,
    arrays,
    layers,
    lazy,
    model,
    quantization,
    roles,
    selection,
    structure,
    tensors,
)

__all__ = [
    "adapters",
    "arrays",
    "layers",
    "lazy",
    "model",
    "quantization",
    "roles",
    "selection",
    "structure",
    "tensors",
]
