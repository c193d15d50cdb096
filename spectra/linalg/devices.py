"""Devices: other libraries than NumPy, and the hardware on which they compute eigenvalues."""

from __future__ import annotations

import re
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import cache
from importlib import import_module
from threading import Lock
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from spectra.errors import ArgumentError, DeviceError, one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

__all__ = ["Device", "at_work", "check_word", "holding", "opened"]


class Device(NamedTuple):
    """
    A library of the array API, and the hardware on which it computes.

    Examples
    --------
    >>> Device._fields
    ('name', 'library', 'place', 'method', 'is_shared')
    """

    name: str
    """Word that :func:`opened` takes, or the library of an array that was given."""
    library: Any
    """Functions of the array API."""
    place: Any
    """Argument `device` of these functions."""
    method: str
    """Library with its version, and kind of hardware: what the last digits depend on."""
    is_shared: bool
    """Whether layers use it one after another, so that only one is in its memory."""


def _cupy(cupy: Any, rest: str) -> Device:
    count, number = cupy.cuda.runtime.getDeviceCount(), int(rest or 0)
    if number >= count:
        msg = f"number {number} of {count} devices, which are numbered from 0"
        raise ValueError(msg)
    place = cupy.cuda.Device(number)
    library = import_module("array_api_compat.cupy")
    return Device(f"cuda:{number}", library, place, f"cupy {cupy.__version__} cuda", True)


def _torch(torch: Any, rest: str) -> Device:
    place = torch.device(rest) if rest else torch.get_default_device()
    library = import_module("array_api_compat.torch")
    return Device(f"torch:{place}", library, place, f"torch {torch.__version__} {place.type}", True)


def _jax(jax: Any, rest: str) -> Device:
    if not jax.config.jax_enable_x64:
        msg = "JAX must compute in float64: set JAX_ENABLE_X64=1 in the environment"
        raise ValueError(msg)
    kind, _, number = rest.partition(":")
    places = jax.devices(kind) if kind else jax.devices()
    if int(number or 0) >= len(places):
        msg = f"number {number} of {len(places)} devices, which are numbered from 0"
        raise ValueError(msg)
    place = places[int(number or 0)]
    name = f"jax:{place.platform}:{number or 0}"
    return Device(name, jax.numpy, place, f"jax {jax.__version__} {place.platform}", True)


class _Library(NamedTuple):
    """A library by its module: how its device is found, and how it is installed."""

    module: str
    find: Callable[[Any, str], Device]
    install: str


_LIBRARIES: Mapping[str, _Library] = {
    "cuda": _Library("cupy", _cupy, 'pip install "weightspectra[gpu]"'),
    "torch": _Library("torch", _torch, "pip install torch"),
    "jax": _Library("jax", _jax, "pip install jax"),
}
_FORM = re.compile(r"cuda(:\d{1,4})?|(?!cuda)\w+(:[a-z]+(:\d{1,4})?)?", re.ASCII)


def check_word(device: object, /) -> None:
    """
    Check that a word names a device, or is None, without a look at the device.

    Parameters
    ----------
    device : object
        Argument to check.

    Raises
    ------
    ArgumentError
        If it is neither None nor the word of a device.

    Examples
    --------
    >>> check_word("torch:cuda:0")
    """
    if device is None:
        return
    word = device if isinstance(device, str) else ""
    if not _FORM.fullmatch(word) or word.partition(":")[0] not in _LIBRARIES:
        msg = (
            "`device` must be cuda or cuda:1 (CuPy), torch, torch:cuda or torch:cuda:1 (PyTorch), "
            f"jax, jax:gpu or jax:gpu:1 (JAX), or left out for NumPy; got {device!r}"
        )
        raise ArgumentError(msg)


def opened(device: str, /) -> Device:
    """
    Find a device by its word, and check that it computes in float64.

    Parameters
    ----------
    device : str
        ``"cuda"`` or ``"cuda:1"`` for CuPy; ``"torch"``, ``"torch:cuda"`` or ``"torch:cuda:1"``
        for PyTorch; ``"jax"``, ``"jax:gpu"`` or ``"jax:gpu:1"`` for JAX. The kind is a word of the
        library; without it the library chooses.

    Returns
    -------
    Device
        The library and its device.

    Raises
    ------
    ArgumentError
        If the word is wrong, the library is not installed, or the device cannot be used.

    See Also
    --------
    holding : The device of an array.

    Examples
    --------
    >>> opened("tpu")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    spectra.errors.ArgumentError: `device` must be cuda or cuda:1 (CuPy), ...; got 'tpu'
    """
    if device is None:
        msg = "`device` must be the word of a device, got None"
        raise ArgumentError(msg)
    check_word(device)
    name, _, rest = device.partition(":")
    library = _LIBRARIES[name]
    try:
        module = import_module(library.module)
    except ImportError as error:
        gone = isinstance(error, ModuleNotFoundError) and error.name == library.module
        why = "is not installed" if gone else f"cannot be imported ({one_line(error)})"
        msg = f"`device` {device!r} needs {library.module}, which {why}: {library.install}"
        raise ArgumentError(msg) from error
    try:
        found = library.find(module, rest)
        _require_float64(found)
    except Exception as error:  # of any library, and of its drivers
        words = one_line(error) or type(error).__name__
        msg = f"`device` {device!r} cannot be used: {words}"
        raise ArgumentError(msg) from error
    return found


def holding(W: object, /) -> Device | None:
    """
    Return the device that holds an array of another library than NumPy.

    Parameters
    ----------
    W : object
        Array, or anything else.

    Returns
    -------
    Device or None
        The library of the array and its device; None for what NumPy reads.

    Raises
    ------
    ArgumentError
        If the library or the device does not compute in float64.

    Examples
    --------
    >>> holding([[1.0, 2.0]])
    """
    torch = type(W).__module__.partition(".")[0] == "torch"  # has no __array_namespace__
    if isinstance(W, np.ndarray | np.generic) or not (torch or hasattr(W, "__array_namespace__")):
        return None
    import array_api_compat as compat

    if not compat.is_array_api_obj(W):
        return None
    name = type(W).__module__.partition(".")[0]
    place = None if compat.is_jax_array(W) else compat.device(W)  # in JAX perhaps several
    found = Device(name, compat.array_namespace(W), place, name, False)
    try:
        _require_float64(found)
    except Exception as error:  # of any library
        msg = (
            f"`W` must be of a library that computes in float64, got {type(W).__module__}: "
            f"{one_line(error)}: with JAX, set jax_enable_x64; else pass a NumPy array"
        )
        raise ArgumentError(msg) from error
    return found


def _require_float64(device: Device) -> None:
    """Compute something in float64, which fails without a driver, or without float64."""
    xp = device.library
    with _current(device):
        ones = xp.ones(2, dtype=xp.float64, device=device.place)
        if ones.dtype != xp.float64 or float(xp.sum(ones)) != 2:
            msg = f"it computes in {ones.dtype}, not in float64"
            raise ValueError(msg)


@contextmanager
def _current(device: Device) -> Iterator[None]:
    """Make the device the current one, for CuPy, which returns garbage unless told to raise."""
    with ExitStack() as stack:
        if device.library.__name__ == "array_api_compat.cupy":
            stack.enter_context(device.place)
            stack.enter_context(import_module("cupyx").errstate(linalg="raise"))
        yield


@cache
def _turn(name: str) -> AbstractContextManager[Any]:
    """Return the lock of a device."""
    return Lock()


_ROOTS = ("cupy", "cupy_backends", "cupyx", "jax", "jaxlib", "torch")


@contextmanager
def at_work(device: Device, /) -> Iterator[None]:
    """
    Use a device, once other threads are done with it; name it in its errors.

    Parameters
    ----------
    device : Device
        The device.

    Yields
    ------
    None
        While the device is used.

    Raises
    ------
    DeviceError
        If it has too little memory, or fails.
    numpy.linalg.LinAlgError
        If an algorithm did not converge.

    Examples
    --------
    >>> import array_api_strict
    >>> with at_work(holding(array_api_strict.ones(2))):
    ...     raise RuntimeError("out of memory")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    spectra.errors.DeviceError: device array_api_strict: RuntimeError: out of memory; ...
    """
    try:
        with ExitStack() as stack:
            if device.is_shared:
                stack.enter_context(_turn(device.name))
            stack.enter_context(_current(device))
            yield
    except Exception as error:
        kind = type(error)
        if kind.__name__.endswith("LinAlgError"):
            raise np.linalg.LinAlgError(one_line(error)) from error
        if kind.__module__.partition(".")[0] in _ROOTS or kind is RuntimeError:
            msg = (
                f"device {device.name}: {kind.__name__}: {one_line(error)}; "
                "without a device NumPy computes the eigenvalues"
            )
            raise DeviceError(msg) from error
        raise
