"""Fully connected networks with ReLU, trained by gradient descent in plain NumPy."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from trainings.digits import Digits

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = [
    "Floats",
    "Layer",
    "Network",
    "Trained",
    "accuracy",
    "gradients",
    "loss",
    "outputs",
    "start",
    "train",
]

Floats = NDArray[np.float32]


class Layer(NamedTuple):
    """Weights of shape (outputs, inputs), and biases."""

    weight: Floats
    bias: Floats


Network = list[Layer]


class Trained(NamedTuple):
    """A network after training, with the mean loss on the training data in each epoch."""

    network: Network
    losses: list[float]


def start(widths: Sequence[int], rng: np.random.Generator) -> Network:
    """Draw Glorot-normal weights, and biases of zero."""
    network = []
    for fan_in, fan_out in itertools.pairwise(widths):
        std = math.sqrt(2 / (fan_in + fan_out))
        weight = rng.normal(0, std, (fan_out, fan_in)).astype(np.float32)
        network.append(Layer(weight, np.zeros(fan_out, np.float32)))
    return network


def outputs(network: Network, x: Floats) -> list[Floats]:
    """Return the inputs of each layer, and at last the logits."""
    values = [x]
    for place, layer in enumerate(network):
        out = values[-1] @ layer.weight.T + layer.bias
        values.append(out if place == len(network) - 1 else np.maximum(out, 0))
    return values


def _probabilities(logits: Floats) -> Floats:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def loss(network: Network, digits: Digits) -> float:
    """Return the mean cross-entropy."""
    chances = _probabilities(outputs(network, digits.x)[-1])[np.arange(len(digits.y)), digits.y]
    return -float(np.log(np.maximum(chances, 1e-30)).mean())


def accuracy(network: Network, digits: Digits) -> float:
    """Return the share of digits that are named rightly."""
    return float((outputs(network, digits.x)[-1].argmax(axis=1) == digits.y).mean())


def gradients(network: Network, digits: Digits, places: Sequence[int]) -> tuple[float, Network]:
    """Return the mean cross-entropy and its gradients for the layers at some places."""
    values = outputs(network, digits.x)
    rows, num = np.arange(len(digits.y)), len(digits.y)
    delta = _probabilities(values[-1])
    mean = -float(np.log(np.maximum(delta[rows, digits.y], 1e-30)).mean())
    delta[rows, digits.y] -= 1
    delta /= np.float32(num)
    found: dict[int, Layer] = {}
    for place in range(len(network) - 1, min(places) - 1, -1):
        if place in places:
            found[place] = Layer(delta.T @ values[place], delta.sum(axis=0))
        if place > min(places):
            delta = (delta @ network[place].weight) * (values[place] > 0)
    return mean, [found[place] for place in places]


def train(
    network: Network,
    digits: Digits,
    *,
    batch: int,
    rate: float,
    rng: np.random.Generator,
    momentum: float = 0.0,
    decay: float = 0.0,
    layers: Sequence[int] | None = None,
    epochs: int = 200,
    patience: int = 3,
    min_delta: float = 0.001,
    after_epoch: Callable[[int, Network], None] | None = None,
) -> Trained:
    """
    Train a copy of a network by stochastic gradient descent, until the loss stops falling.

    The training ends after `epochs`, or when the mean loss of `patience` epochs in succession was
    not below the lowest before it by `min_delta`. Only the layers at the places `layers` change, by
    default all. `decay` is that of the weights, not of the biases.
    """
    network = [Layer(layer.weight.copy(), layer.bias.copy()) for layer in network]
    places = range(len(network)) if layers is None else layers
    speed = [Layer(np.zeros_like(layer.weight), np.zeros_like(layer.bias)) for layer in network]
    losses: list[float] = []
    best, waited = math.inf, 0
    for epoch in range(epochs):
        order, total = rng.permutation(len(digits.y)), 0.0
        for first in range(0, len(order), batch):
            rows = order[first : first + batch]
            mean, slopes = gradients(network, Digits(digits.x[rows], digits.y[rows]), places)
            total += mean * len(rows)
            for place, slope in zip(places, slopes, strict=True):
                _step(network[place], slope, speed[place], rate, momentum, decay)
        losses.append(total / len(order))
        if after_epoch is not None:
            after_epoch(epoch, network)
        best, waited = (losses[-1], 0) if losses[-1] < best - min_delta else (best, waited + 1)
        if waited >= patience:
            break
    return Trained(network, losses)


def _step(
    layer: Layer, slope: Layer, speed: Layer, rate: float, momentum: float, decay: float
) -> None:
    """Change a layer by one step of descent."""
    if decay:
        slope.weight[...] += np.float32(decay) * layer.weight
    for value, grad, pace in zip(layer, slope, speed, strict=True):
        if momentum:
            pace *= np.float32(momentum)
            grad += pace
            pace[...] = grad
        grad *= np.float32(-rate)
        value += grad
