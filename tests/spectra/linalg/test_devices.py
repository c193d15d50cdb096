"""Devices: matrices of NumPy and of files, computed by other libraries with the same numbers."""

import importlib
import re
import sys
import threading
import types
from contextlib import nullcontext
from importlib.util import find_spec
from typing import Any

import array_api_strict
import ml_dtypes
import numpy as np
import pytest

from spectra import eigenvalues
from spectra.errors import ArgumentError, DeviceError
from spectra.linalg import _elsewhere, _tall, devices

STRICT = array_api_strict.Device("device1")  # from which NumPy reads nothing unasked
SHAPES = [(300, 20), (20, 300), (30, 30), (1, 1), (1, 50), (50, 1)]
KINDS = {
    "plain": lambda W: W,
    "huge": lambda W: W * 1e150,
    "tiny": lambda W: W * 1e-130,
    "zero": lambda W: W * 0,
    "float32": lambda W: W.astype(np.float32),
    "float16": lambda W: W.astype(np.float16),
    "bfloat16": lambda W: W.astype(ml_dtypes.bfloat16),
    "int8": lambda W: (9 * W).astype(np.int8),
    "other byte order": lambda W: W.astype(">f4"),
    "longer floats": lambda W: W.astype(np.longdouble),
    "small float32": lambda W: (W * 1e-42).astype(np.float32),
    "reversed": lambda W: W[::-1, ::-1],
    "nearly singular": lambda W: W * np.where(np.arange(W.shape[1]) == 1, 1e-9, 1),
    "two equal columns": lambda W: W[:, np.maximum(np.arange(W.shape[1]) - 1, 0)],
    "a column of zeros": lambda W: W * (np.arange(W.shape[1]) > 0),
    "a row of zeros": lambda W: W * (np.arange(len(W)) > 0)[:, None],
}


def gaussian(seed, shape):
    return np.random.default_rng(seed).standard_normal(shape)


def found_strict(module, rest):
    return devices.Device("strict", module, STRICT, f"strict {rest}", True)


@pytest.fixture
def strict(monkeypatch):
    """Add the device of a library that has only what the standard has, far from NumPy."""
    row = devices._Library("array_api_strict", found_strict, "pip install array-api-strict")
    monkeypatch.setitem(devices._LIBRARIES, "strict", row)
    monkeypatch.setattr(_elsewhere, "_on_host", from_strict(_elsewhere._on_host))
    return "strict"


def from_strict(otherwise):
    def on_host(values):
        if isinstance(values, array_api_strict._array_object.Array):
            assert values.device == STRICT
            return np.asarray(values.to_device(array_api_strict.Device("CPU_DEVICE")))
        return otherwise(values)

    return on_host


INSTALLED = [x for x in ("torch", "torch:cpu", "jax:cpu:0") if find_spec(x.partition(":")[0])]


@pytest.fixture(params=["strict", *INSTALLED])
def device(request):
    if request.param == "strict":
        return request.getfixturevalue("strict")
    if request.param.startswith("jax"):
        importlib.import_module("jax").config.update("jax_enable_x64", True)
    return request.param


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("block", [150, 1 << 22])
def test_eigenvalues_are_those_of_numpy(monkeypatch, device, shape, kind, block):
    W = KINDS[kind](gaussian(0, shape))
    expected = eigenvalues(W)
    monkeypatch.setattr(_tall, "BLOCK", block)
    for rtol in (1e-6, 0, np.inf):
        found = eigenvalues(W, rtol=rtol, device=device)
        assert type(found) is np.ndarray
        assert found.dtype == np.float64
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-13 * expected.max())
        if rtol < 1:
            exact = expected > 1e-20 * expected.max()
            np.testing.assert_allclose(found[exact], expected[exact], rtol=3e-6)


def test_elements_do_not_move_when_a_device_is_used(strict):
    W = gaussian(0, (30, 20))
    kept = W.copy()
    W.flags.writeable = False
    eigenvalues(W, device=strict, rtol=0)
    np.testing.assert_array_equal(W, kept)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_not_finite_gives_nan(device, bad):
    W = gaussian(0, (5, 4))
    W[2, 1] = bad
    assert np.isnan(eigenvalues(W, device=device)).all()


def test_a_nearly_singular_matrix_is_rescued_in_few_decompositions(monkeypatch, strict):
    W = KINDS["nearly singular"](gaussian(0, (320, 20)))
    monkeypatch.setattr(_tall, "BLOCK", 100)  # 64 blocks of 5 rows
    seen = []
    qr = array_api_strict.linalg.qr

    def counted(x, **options):
        seen.append(x.shape)
        return qr(x, **options)

    monkeypatch.setattr(array_api_strict.linalg, "qr", counted)
    found = eigenvalues(W, device=strict)
    np.testing.assert_allclose(found, np.linalg.svdvals(W)[::-1] ** 2, rtol=1e-6)
    assert 10 < len(seen) < 20
    assert set(seen) == {(40, 20)}


def test_float32_is_sent_as_such(monkeypatch, strict):
    sent = []
    asarray = array_api_strict.asarray

    def seen(x, **options):
        sent.append(getattr(x, "dtype", None))
        return asarray(x, **options)

    monkeypatch.setattr(array_api_strict, "asarray", seen)
    for narrow in (np.float32, np.float16, ml_dtypes.bfloat16):
        eigenvalues(gaussian(0, (6, 4)).astype(narrow), device=strict)
    assert set(sent) == {np.dtype(np.float32)}


@pytest.mark.parametrize(
    "word",
    ["", "gpu", "cuda:", "cuda:x", "cuda:-1", "cuda:0:1", "torch:0", "jax:gpu:", 3, True, ["cuda"]],
)
def test_a_wrong_word_is_refused(word):
    with pytest.raises(
        ArgumentError, match=r"`device` must be cuda or .* got " + re.escape(repr(word))
    ):
        eigenvalues(np.eye(2), device=word)


@pytest.mark.parametrize(
    ("word", "module", "install"),
    [
        ("cuda", "cupy", 'pip install "weightspectra\\[gpu\\]"'),
        ("torch:cuda", "torch", "pip install torch"),
        ("jax", "jax", "pip install jax"),
    ],
)
def test_a_missing_library_is_named(monkeypatch, word, module, install):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ArgumentError, match=f"`device` '{word}' needs {module}, which .*{install}"):
        eigenvalues(np.eye(2), device=word)


def test_a_library_that_is_not_installed_is_told_from_a_broken_one(monkeypatch):
    monkeypatch.setitem(
        devices._LIBRARIES,
        "cuda",
        devices._Library("no_such_module", found_strict, "pip install it"),
    )
    with pytest.raises(ArgumentError, match="needs no_such_module, which is not installed: pip"):
        devices.opened("cuda")


class OutOfMemoryError(MemoryError):
    """The error of CuPy."""


OutOfMemoryError.__module__ = "cupy.cuda.memory"


def cupy_like(monkeypatch, *, devices_=1, driver=True):
    """Return a module that stands for CuPy, of which only the way to a device is there."""

    def count():
        if not driver:
            msg = "cudaErrorNoDevice: no CUDA-capable device is detected"
            raise RuntimeError(msg)
        return devices_

    runtime = types.SimpleNamespace(getDeviceCount=count)
    cuda = types.SimpleNamespace(runtime=runtime, Device=lambda number: nullcontext(number))
    cupy: Any = types.ModuleType("cupy")
    cupy.cuda, cupy.__version__ = cuda, "14.0.0"
    cupy.ndarray = type("ndarray", (), {})
    cupyx: Any = types.ModuleType("cupyx")
    cupyx.entered = []
    cupyx.errstate = lambda **options: nullcontext(cupyx.entered.append(options))
    library: Any = types.ModuleType("array_api_compat.cupy")
    vars(library).update({k: v for k, v in vars(np).items() if not k.startswith("__")})
    library.ones = lambda n, dtype, device: np.ones(n, dtype)
    library.asarray = lambda x, device: np.asarray(x)
    library.astype = lambda x, dtype, copy: x.astype(dtype, copy=copy)
    for module in (cupy, cupyx, library):
        monkeypatch.setitem(sys.modules, module.__name__, module)
    return library, cupyx


def test_cuda_is_cupy_and_raises_in_its_linear_algebra(monkeypatch):
    _, cupyx = cupy_like(monkeypatch)
    W = gaussian(0, (40, 30))
    np.testing.assert_allclose(eigenvalues(W, device="cuda"), eigenvalues(W), rtol=1e-12)
    assert cupyx.entered[-1] == {"linalg": "raise"}
    assert devices.opened("cuda").name == devices.opened("cuda:0").name == "cuda:0"
    assert devices.opened("cuda").method == "cupy 14.0.0 cuda"


def test_a_missing_driver_or_device_is_told(monkeypatch):
    cupy_like(monkeypatch)
    with pytest.raises(ArgumentError, match=r"'cuda:1' cannot be used: number 1 of 1 devices"):
        eigenvalues(np.eye(2), device="cuda:1")
    cupy_like(monkeypatch, driver=False)
    with pytest.raises(ArgumentError, match=r"'cuda' cannot be used: cudaErrorNoDevice"):
        eigenvalues(np.eye(2), device="cuda")


def test_too_little_memory_of_a_device_is_an_error_of_ours(monkeypatch):
    library, _ = cupy_like(monkeypatch)

    def full(x, **_):
        msg = "Out of memory allocating 8,589,934,592 bytes"
        raise OutOfMemoryError(msg)

    monkeypatch.setattr(library, "asarray", full)
    with pytest.raises(DeviceError, match=r"device cuda:0: OutOfMemoryError: Out of memory all"):
        eigenvalues(np.eye(2), device="cuda")


@pytest.mark.parametrize("error", [np.linalg.LinAlgError("did not converge"), None])
def test_no_convergence_is_that_of_numpy(monkeypatch, strict, error):
    def fails(x):
        if error is None:
            return x[0, ...] * float("nan")
        raise error

    monkeypatch.setattr(array_api_strict.linalg, "eigvalsh", fails)
    with pytest.raises(np.linalg.LinAlgError, match="did not converge"):
        eigenvalues(np.eye(2), device=strict)


def test_errors_of_a_file_stay_what_they_are(strict):
    class Broken:
        shape = (4, 2)

        def blocks(self, step):
            yield np.ones((2, 2))
            msg = "the disk is gone"
            raise OSError(msg)

    broken: Any = Broken()
    with pytest.raises(OSError, match="the disk is gone") as told:
        eigenvalues(broken, device=strict)
    assert type(told.value) is OSError


def test_a_device_is_not_for_an_array_that_lies_elsewhere(strict):
    W = array_api_strict.ones((3, 2))
    with pytest.raises(ArgumentError, match="`device` must be left out for an array of array_api"):
        eigenvalues(W, device=strict)


def test_threads_use_a_device_one_after_another(monkeypatch, strict):
    inside, most = [], []
    eigvalsh = array_api_strict.linalg.eigvalsh
    start = threading.Barrier(4)

    def seen(x):
        inside.append(x)
        most.append(len(inside))
        threading.Event().wait(0.02)
        inside.pop()
        return eigvalsh(x)

    def work():
        start.wait()
        eigenvalues(np.eye(3), device=strict)

    monkeypatch.setattr(array_api_strict.linalg, "eigvalsh", seen)
    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1, 1, 1, 1]


def test_jax_without_float64_is_refused():
    jax = pytest.importorskip("jax")
    jax.config.update("jax_enable_x64", False)
    with pytest.raises(ArgumentError, match=r"`device` 'jax' cannot be used: .*JAX_ENABLE_X64=1"):
        eigenvalues(np.eye(2), device="jax")


@pytest.mark.parametrize("word", ["torch:meta", "torch:nothing"])
def test_torch_refuses_what_does_not_compute(word):
    pytest.importorskip("torch")
    with pytest.raises(ArgumentError, match=f"`device` '{word}' cannot be used: "):
        eigenvalues(np.eye(2), device=word)
