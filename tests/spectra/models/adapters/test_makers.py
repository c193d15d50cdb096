"""Updates, against those that peft and LyCORIS compute themselves."""

import dataclasses
import json
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open

import spectra
from spectra.models import adapters
from spectra.models.structure import interpret

FILES = Path(__file__).resolve().parents[3] / "fixtures" / "adapters"


@cache
def stored(maker):
    with safe_open(FILES / f"{maker}.safetensors", framework="numpy") as file:
        metadata = {k: json.loads(v) for k, v in file.metadata().items()}
        return metadata, {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118


def cases():
    return [(maker, case) for maker in ("peft", "lycoris") for case in sorted(stored(maker)[0])]


CASES = [case for case in cases() if case[1] != "versions"]


def opened(maker, case):
    """Return the model of a case, its configuration, the updates and the bases by module."""
    metadata, arrays = stored(maker)
    own = {
        n.removeprefix(case): a for n, a in arrays.items() if n.startswith((f"{case}/", f"{case}|"))
    }
    config = metadata[case]
    model = spectra.from_arrays({n[1:]: a for n, a in own.items() if n[0] == "/"})
    model = spectra.from_arrays(interpret(model, {"adapter": config}))
    updates = {n.removeprefix("|update|"): a for n, a in own.items() if n.startswith("|update|")}
    bases = {n.removeprefix("|base|"): a for n, a in own.items() if n.startswith("|base|")}
    return model, config, updates, bases


def pooled(update):
    """Return the eigenvalues of all kernel positions, largest first."""
    stack = np.moveaxis(update.reshape(*update.shape[:2], -1), -1, 0)
    return np.sort(np.linalg.svd(stack, compute_uv=False), axis=None)[::-1] ** 2


@pytest.mark.parametrize(("maker", "case"), CASES)
def test_every_update_is_that_of_its_maker(maker, case):
    model, config, updates, bases = opened(maker, case)
    pairs = {pair.name: pair for pair in adapters.pairs(model, config)}
    layers = {layer.name: layer for layer in spectra.layers(model) if layer.taken}
    assert updates
    for module, update in updates.items():
        if f"{module}[0]" in pairs:  # of experts
            experts = [adapters.delta(pairs[f"{module}[{e}]"]) for e in range(len(update))]
            np.testing.assert_allclose(np.stack(experts), update, atol=1e-5)
        elif module in pairs:
            base = bases.get(module)
            assert pairs[module].shape == update.shape
            found = adapters.delta(pairs[module], base=base)
            np.testing.assert_allclose(found, update, atol=1e-5)
            values = adapters.eigenvalues(pairs[module], base=base)[::-1]
            np.testing.assert_allclose(values, pooled(update)[: len(values)], rtol=1e-3, atol=1e-5)
            assert pooled(update)[len(values) :].sum() < 1e-5
        else:
            weight = layers[module].weight
            assert weight is not None
            if "core" in case:  # the kernel is known, in peft with one more axis
                assert weight.shape[2:] in (update.shape[2:], (*update.shape[2:], 1))
            np.testing.assert_allclose(weight.read().reshape(update.shape), update, atol=1e-5)


@pytest.mark.parametrize(("maker", "case"), CASES)
def test_no_factor_is_a_dense_layer(maker, case):
    model, _, updates, _ = opened(maker, case)
    for layer in spectra.layers(model):
        role = layer.tensor.role
        assert role in {"lora_A", "lora_B", "update", "factor", "conv", "bias", "dense"}
        if role == "dense":  # trained beside the adapter
            assert layer.tensor.name == "base_model.model.fc.weight"
        if role == "conv":
            assert "lora_mid" in layer.tensor.name
        if role == "update":
            assert layer.name in updates
        assert layer.taken == (role not in {"factor", "bias"})
        assert layer.tensor.note or role in {"bias", "dense"}


def test_a_kernel_is_a_matrix_by_which_the_update_is_a_product():
    model, _, updates, _ = opened("peft", "conv")
    (A, B) = (x for x in spectra.layers(model) if ".conv." in x.name)
    product = B.matrices()[0].astype(float) @ A.matrices()[0]
    update = updates["base_model.model.conv"]
    np.testing.assert_allclose(4 * product, update.reshape(len(update), -1), atol=1e-5)


def test_experts_have_layers_of_their_own():
    model, _, _, _ = opened("peft", "experts")
    names = [layer.name for layer in spectra.layers(model) if "experts.lora" in layer.name]
    stem = "base_model.model.experts.lora"
    assert names == [f"{stem}_{half}[{e}]" for half in "AB" for e in range(3)]
    notes = {t.note for n, t in model.items() if "experts.lora" in n}
    assert notes == {"LoRA of base_model.model.experts, rank 2, alpha 12, 3 experts"}


@pytest.mark.parametrize(("maker", "case"), [("peft", "dora"), ("lycoris", "dora")])
def test_dora_without_the_base_warns_that_it_is_a_part(maker, case):
    model, config, _, bases = opened(maker, case)
    for pair in adapters.pairs(model, config):
        low_rank = dataclasses.replace(pair, magnitude=None)
        with pytest.warns(UserWarning, match="pass the weight as `base`"):
            part = adapters.delta(pair)
        np.testing.assert_array_equal(part, adapters.delta(low_rank))
        with pytest.warns(UserWarning, match="pass the weight as `base`"):
            values = adapters.eigenvalues(pair)
        np.testing.assert_array_equal(values, adapters.eigenvalues(low_rank))
        with pytest.raises(spectra.errors.ArgumentError, match="must be the weight of"):
            adapters.delta(pair, base=bases[pair.name][:-1])
        with pytest.raises(spectra.errors.ArgumentError, match="array of numbers"):
            adapters.delta(pair, base="W")
        assert "DoRA: the update is not B @ A alone" in model[pair.A.name].note
        assert pair.magnitude is not None
        assert model[pair.magnitude.name].role == "factor"
