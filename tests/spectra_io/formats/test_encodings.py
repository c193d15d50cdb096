"""One network in several encodings, and gates against slices taken by hand."""

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

import spectra
from spectra_io import open_model
from tests.builders import SHARED

MODELS = SHARED / "models"
pytestmark = pytest.mark.shared
SILERO = ["silero_vad.onnx", "silero_vad_16k_op15.onnx", "silero_vad_op18_ifless.onnx"]


def arrays_of(path):
    """Return every initializer, as the ONNX library reads it."""
    return {t.name: numpy_helper.to_array(t) for t in onnx.load(path).graph.initializer}


def layers_of(path):
    return {x.name: x for x in spectra.layers(open_model(path)) if x.taken}


def fingerprint(layers):
    """Return the bits of every matrix stack, sorted."""
    return sorted(
        (m.shape, m.tobytes()) for m in (np.ascontiguousarray(x.matrices()) for x in layers)
    )


def of_16_kHz(path):
    """Return the layers of that half of the network, known by the window of its filter."""
    layers = list(layers_of(path).values())
    shapes = [x.weight.shape for x in layers]
    filters = (len(shape) > 2 and shape[1] == 1 < shape[2] for shape in shapes)
    starts = [i for i, begins in enumerate(filters) if begins]
    halves = [layers[a:b] for a, b in zip(starts, [*starts[1:], None], strict=True)]
    (half,) = [half for half in halves if half[0].weight.shape == (258, 1, 256)]
    return half


def test_three_encodings_of_the_same_weights():
    """In constants of branches; in initializers, gates cut and joined; in Gemm and Split."""
    found = [of_16_kHz(MODELS / "silero" / name) for name in SILERO]
    first, second, third = (fingerprint(layers) for layers in found)
    assert len(first) == 13  # the last convolution, of one channel, is a vector
    assert first == second == third
    spectra_of = [
        sorted(spectra.spectrum(x.matrices()).eigenvalues.tobytes() for x in layers)
        for layers in found
    ]
    assert spectra_of[0] == spectra_of[1] == spectra_of[2]


def test_gates_of_an_lstm():
    path = MODELS / "dtln" / "model_1.onnx"
    arrays, layers = arrays_of(path), layers_of(path)
    for name in ("lstm_4_W", "lstm_4_R", "lstm_5_W", "lstm_5_R"):
        for g, gate in enumerate("iofc"):
            by_hand = arrays[name][0, 128 * g : 128 * (g + 1)]
            found = layers.pop(f"{name}[{gate}]")
            np.testing.assert_array_equal(found.matrices()[0], by_hand)
            eigenvalues = np.linalg.svd(by_hand.astype(float), compute_uv=False)[::-1] ** 2
            ours = spectra.spectrum(found.matrices()).eigenvalues
            np.testing.assert_allclose(ours, eigenvalues, rtol=1e-6, atol=1e-12 * eigenvalues[-1])
    assert list(layers) == ["dense_2/kernel:0"]


def test_gates_of_both_directions():
    path = MODELS / "bilstm" / "byte_sb_bidi_lstm__model.onnx"
    arrays, layers = arrays_of(path), layers_of(path)
    for name, hidden in (("190", 128), ("191", 128), ("235", 64), ("236", 64)):
        for d, direction in enumerate(("forward", "reverse")):
            for g, gate in enumerate("iofc"):
                by_hand = arrays[name][d, hidden * g : hidden * (g + 1)]
                found = layers.pop(f"{name}[{direction}.{gate}]")
                np.testing.assert_array_equal(found.matrices()[0], by_hand)
    assert set(layers) == {"out", "embedding"}  # called by its bias; stored as 238


def test_gates_of_cells_written_out():
    """Products whose result is split by the graph, in the order of PyTorch and of Keras."""
    path = MODELS / "dtln" / "model_2.onnx"
    arrays, layers = arrays_of(path), layers_of(path)
    for name in (n for n in arrays if "MatMul" in n and "lstm" in n):
        for part, by_hand in enumerate(np.split(arrays[name], 4, axis=1)):
            np.testing.assert_array_equal(layers[f"{name}[{part}]"].matrices()[0], by_hand.T)


def folded(path):
    """Return the kernel of every convolution with what normalizes its result folded in."""
    model = onnx.load(path)
    arrays = arrays_of(path)
    after = {node.input[0]: node for node in model.graph.node if node.input}
    found = []
    for node in model.graph.node:
        if node.op_type != "Conv":
            continue
        kernel = arrays[node.input[1]].astype(float)
        follows = after[node.output[0]]
        if follows.op_type != "BatchNormalization":
            found.append((kernel, False))
            continue
        gamma, _, _, variance = (arrays[name].astype(float) for name in follows.input[1:])
        epsilon = next(a.f for a in follows.attribute if a.name == "epsilon")
        factor = gamma / np.sqrt(variance + epsilon)
        found.append((kernel * factor.reshape(-1, 1, 1, 1), True))
    return found


def test_simplified_differs_only_where_normalization_was_folded():
    plain = list(layers_of(MODELS / "ultraface" / "version-RFB-320.onnx").values())
    simple = list(layers_of(MODELS / "ultraface" / "version-RFB-320_simplified.onnx").values())
    by_hand = folded(MODELS / "ultraface" / "version-RFB-320.onnx")
    assert len(plain) == len(simple) == len(by_hand) == 52
    equal = 0
    for kernel, changed in by_hand:
        (same,) = [
            x
            for x in simple
            if x.weight.shape == kernel.shape
            and np.allclose(x.weight.read(), kernel, rtol=1e-3, atol=1e-5)
        ]
        bits = [x for x in plain if np.array_equal(x.weight.read(), same.weight.read())]
        assert bool(bits) != changed
        equal += not changed
    assert equal == 17  # of 52 convolutions, those that nothing normalizes
