"""Tensors that a graph uses like weights and that are no linear map."""

from dataclasses import replace

import numpy as np
import pytest

import spectra
from spectra.models.structure._maps_only import maps_only
from spectra.models.tensors import Weight


def tensor(role, *shape, name="w", **changes):
    made = spectra.from_arrays({name: np.ones(shape)})[name]
    return replace(made, role=role, weights=(), **changes)


def role_of(one):
    return maps_only({one.name: one})[one.name].role


@pytest.mark.parametrize("role", ["dense", "conv", "embedding"])
@pytest.mark.parametrize("shape", [(1, 16), (16, 1), (1, 16, 1, 1), (1, 1, 28), (1, 1)])
def test_a_vector_with_more_axes_is_no_map(role, shape):
    assert role_of(tensor(role, *shape)) == "parameter"


@pytest.mark.parametrize("role", ["dense", "conv", "embedding"])
@pytest.mark.parametrize("shape", [(2, 16), (16, 2, 1), (1, 16, 1, 3), (16, 1, 3)])
def test_a_matrix_or_kernel_is_a_map(role, shape):
    assert role_of(tensor(role, *shape)) == role


@pytest.mark.parametrize("role", ["norm", "bias", "constant", "quantized", "missing"])
def test_other_roles_stay(role):
    assert role_of(tensor(role, 1, 16)) == role


def test_rows_of_a_matrix_are_judged_as_the_matrix():
    W = np.ones((3, 4))
    parts = tuple(Weight(c, (1, 4), lambda: W[:1]) for c in "qkv")
    assert role_of(replace(tensor("dense", 3, 4), weights=parts)) == "dense"


@pytest.mark.parametrize(
    "name",
    [
        *("attn.relative_attention_bias.weight", "/transformer/rotary_emb/Constant_output_0"),
        "/h.0/rotary_embedding/Cos_output_0",
    ],
)
def test_a_table_of_positions_is_no_embedding_but_its_name_alone_is_no_reason(name):
    assert role_of(tensor("embedding", 8, 4, name=name)) == "parameter"
    assert role_of(tensor("embedding", 8, 4, alias=name)) == "parameter"
    assert role_of(tensor("dense", 8, 4, name=name)) == "dense"  # the graph multiplies with it


@pytest.mark.parametrize("name", ["wpe.weight", "embed.weight", "rotary.weight"])
def test_an_embedding_stays(name):
    assert role_of(tensor("embedding", 8, 4, name=name)) == "embedding"
