"""Costs: what grows with what, and the memory of the large arrays counted by hand."""

import dataclasses
from functools import partial

import numpy as np
import pytest

import spectra
from spectra import costs, measures
from spectra.linalg import two_stage

DOUBLE = 8
FITS = 2_500_000  # of any layer


def layer(*shape, dtype=np.float32):
    tensor = spectra.Tensor("w", shape, np.dtype(dtype).name, "dense", lambda: np.zeros(shape))
    if len(shape) > 2:
        return spectra.layers({"w.weight": np.zeros(shape, dtype)})[0]
    return spectra.layers({"w": tensor})[0]


def in_parts(whole):
    """Return a layer with the same shape and type whose matrix is read in parts."""

    class Parts:
        def __call__(self):
            raise NotImplementedError

        def blocks(self, step, axis):
            return iter(())

    tensor = dataclasses.replace(whole.tensor, source=Parts())
    return spectra.layers({"w": tensor})[0]


def test_large_layers_cost_products_and_cubes():
    rates = costs.Rates(1.0, 10.0, 0.0, 0.0, 0.0, 0.0)
    assert costs.seconds(layer(30, 20), rates=rates) == 30 * 20**2 + 10 * 20**3
    assert costs.seconds(layer(20, 30), rates=rates) == 30 * 20**2 + 10 * 20**3
    wide = two_stage.WIDE
    assert costs.seconds(layer(wide - 1, wide - 1), rates=rates) == 11 * (wide - 1) ** 3
    assert costs.seconds(layer(wide, wide), rates=rates) == pytest.approx(7 * wide**3)
    conv = layer(30, 20, 3, 3)
    assert costs.seconds(conv, rates=rates) == 9 * (30 * 20**2 + 10 * 20**3)


def test_several_threads_take_a_copy_of_the_gram_matrix():
    wide = two_stage.WIDE
    one, two = (costs.memory(layer(4 * wide, wide), threads=threads) for threads in (1, 2))
    assert two > one
    assert two >= 2 * 8 * wide**2


def test_random_orders_and_vectors_cost_more_spectra():
    rates = costs.Rates(1.0, 10.0, 100.0, 0.0, 0.0, 0.0)
    plain = 30 * 20**2 + 10 * 20**3
    for replicas, number in ((None, 5), (3, 3)):
        chosen = partial(measures.randomized, replicas=replicas)
        assert costs.seconds(layer(30, 20), measures=[chosen], rates=rates) == (1 + number) * plain
    large = costs.seconds(layer(400, 400), measures=[measures.randomized], rates=rates)
    assert large == 2 * 11 * 400**3
    vectors = costs.seconds(layer(30, 20), measures=[measures.vector_spread], rates=rates)
    assert vectors == plain + 30 * 20**2 + 100 * 20**3


def test_a_measure_of_ones_own_is_free_and_an_empty_layer_is_cheap():
    def own(_):
        return {}

    assert costs.seconds(layer(30, 20), measures=[own]) == costs.seconds(layer(30, 20), measures=[])
    assert 0 <= costs.seconds(layer(0, 20)) < 0.1
    assert costs.memory(layer(0, 20)) == 0


@pytest.mark.parametrize(("dtype", "size"), [(np.float64, 8), (np.float32, 4), (np.float16, 2)])
def test_memory_of_gram_matrices_and_a_block(dtype, size):
    fixed = 2**22 * DOUBLE + FITS
    product = DOUBLE * 4096**2 + DOUBLE * 1024 * 3072
    square, tall = layer(4096, 4096, dtype=dtype), layer(2**20, 64, dtype=dtype)
    assert costs.memory(square) == size * 4096**2 + product + fixed
    widened = 2**22 * (2 * 4 + 1) + DOUBLE * 2**20 if size == 2 else 0
    product_of_tall = 2**22 * DOUBLE + 2 * DOUBLE * 64**2
    assert costs.memory(tall) == size * 2**26 + max(product_of_tall, widened) + FITS
    for each, whole in ((square, 4096**2), (tall, 2**26)):
        assert costs.memory(in_parts(each)) < costs.memory(each) - size * (whole - 2**23) / 2
    assert costs.memory(in_parts(square)) == 2 * size * 2**22 + product + fixed
    noise = costs.memory(layer(4096, 4096, dtype=dtype), measures=measures.RANDOM_MATRIX)
    assert noise == 4096**2 * (size + 2 * DOUBLE) + 2**22 * (size + 3 * DOUBLE) + FITS
    windows = costs.memory(layer(4096, 4096, dtype=dtype), measures=[measures.randomness])
    assert windows == 4096**2 * (size + (4 + 6) * DOUBLE) + FITS
