"""The CUDA driver through ctypes: modules, functions and launches, on the context and stream of the caller."""

from __future__ import annotations

import ctypes
import sys
import threading
from functools import cache
from typing import Any

from qml.base.errors import CapabilityError, MissingExtraError, QmlError
from qml.engine.forks import fresh_in_children
from qml.engine.gpu.cubins import cubin
from qml.engine.gpu.instance import Instance
from qml.engine.gpu.packed import Call

MULTIPROCESSORS, MAJOR, MINOR, SHARED_OPTIN = 16, 75, 76, 97  # CUdevice_attribute
FUNCTION_SHARED = 8  # CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES
INSTALL = (
    "The CUDA engine needs an NVIDIA GPU of compute capability 7.5 or later and a driver of release 530 or later; and "
    'a CUDA build of torch (pip install torch) or of JAX (pip install "jax[cuda13]"). Without a GPU take '
    'executor="engine_cpu".'
)


class CudaError(QmlError, RuntimeError):
    """The CUDA driver refused something."""


@cache
def libcuda() -> Any:
    """The driver's library, initialised.

    Raises:
        MissingExtraError: there is no driver on this machine.
        CapabilityError: the driver finds no device.
    """
    name = "nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1"
    try:
        library = ctypes.CDLL(name)
    except OSError as error:
        raise MissingExtraError(
            f"A run on a GPU was asked for; the CUDA driver {name!r} was not found. {INSTALL}"
        ) from error
    code = library.cuInit(0)
    if code:
        raise CapabilityError(
            f"A run on a GPU was asked for; the CUDA driver found no device (error {code}). {INSTALL}"
        )
    return library


class Driver:
    """One device and its primary context, the one that torch and JAX use.

    Args:
        ordinal: number of the device.
        library: the driver's library; any object with its functions.

    Raises:
        CudaError: the driver refused.
    """

    def __init__(self, ordinal: int, library: Any):
        self.library = library
        self._device = ctypes.c_int()
        self._check(library.cuDeviceGet(ctypes.byref(self._device), ordinal), "cuDeviceGet")
        self._context = ctypes.c_void_p()
        self._check(library.cuDevicePrimaryCtxRetain(ctypes.byref(self._context), self._device), "the primary context")
        self.multiprocessors = self._attribute(MULTIPROCESSORS)
        self.shared_limit = self._attribute(SHARED_OPTIN)
        self.arch = f"sm_{self._attribute(MAJOR)}{self._attribute(MINOR)}"
        self._modules: dict[Instance, Module] = {}
        self._lock = threading.Lock()

    def kernels(self, instance: Instance) -> Module:
        """The kernels of an instance, compiled or read from the cache on first use."""
        with self._lock:
            if instance not in self._modules:
                self._modules[instance] = Module(self, instance, cubin(instance, self.arch))
            return self._modules[instance]

    def enter(self) -> None:
        """Make the primary context current in this thread, if it is not."""
        current = ctypes.c_void_p()
        self._check(self.library.cuCtxGetCurrent(ctypes.byref(current)), "cuCtxGetCurrent")
        if current.value != self._context.value:
            self._check(self.library.cuCtxSetCurrent(self._context), "cuCtxSetCurrent")

    def _attribute(self, number: int) -> int:
        value = ctypes.c_int()
        self._check(self.library.cuDeviceGetAttribute(ctypes.byref(value), number, self._device), "a device attribute")
        return value.value

    def _check(self, code: int, what: str) -> None:
        if code:
            raise CudaError(f"The CUDA driver refused {what}: {self.explain(code)}.")

    def explain(self, code: int) -> str:
        """Name of an error code."""
        text = ctypes.c_char_p()
        self.library.cuGetErrorName(code, ctypes.byref(text))
        return f"{(text.value or b'unknown').decode()} ({code})"


class Module:
    """The loaded kernels of one instance.

    Args:
        driver: the device.
        instance: which compilation.
        image: machine code.
    """

    def __init__(self, driver: Driver, instance: Instance, image: bytes):
        self._driver, library = driver, driver.library
        driver.enter()
        self._module, self._functions = ctypes.c_void_p(), {}
        driver._check(library.cuModuleLoadData(ctypes.byref(self._module), image), "to load the kernels")
        for name in instance.kernels:
            function = ctypes.c_void_p()
            driver._check(library.cuModuleGetFunction(ctypes.byref(function), self._module, name.encode()), name)
            self._functions[name] = function
        self._start = library.cuLaunchKernel

    def resident(self, kernel: str, block: int, shared_bytes: int) -> int:
        """Blocks of `kernel` on one multiprocessor; also allows it that much shared memory."""
        driver, function, count = self._driver, self._functions[kernel], ctypes.c_int()
        driver.enter()
        code = driver.library.cuFuncSetAttribute(function, FUNCTION_SHARED, shared_bytes)
        driver._check(code, f"{shared_bytes} bytes of shared memory for {kernel}")
        code = driver.library.cuOccupancyMaxActiveBlocksPerMultiprocessor(
            ctypes.byref(count), function, block, ctypes.c_size_t(shared_bytes)
        )
        driver._check(code, f"the occupancy of {kernel}")
        return count.value

    def launch(
        self, kernel: str, grid: tuple[int, int], block: int, shared_bytes: int, stream: int, call: Call
    ) -> None:
        """Put one launch on a stream; `call` is copied before this returns.

        Raises:
            CudaError: the driver refused.
        """
        self._driver.enter()
        arguments = (ctypes.c_void_p * 1)(ctypes.addressof(call))
        code = self._start(
            self._functions[kernel],
            grid[0],
            grid[1],
            1,
            block,
            1,
            1,
            shared_bytes,
            ctypes.c_void_p(stream),
            arguments,
            None,
        )
        if code:
            raise CudaError(
                f"The CUDA driver refused to launch {kernel} on a grid of {grid} blocks of {block} threads with "
                f"{shared_bytes} bytes of shared memory: {self._driver.explain(code)}."
            )


class _Drivers:
    """One Driver a device of this process; a forked child, where CUDA does not work, begins anew and is told so."""

    def __init__(self):
        fresh_in_children(self._begin)

    def _begin(self) -> None:
        self._lock, self._known = threading.Lock(), {}

    def get(self, ordinal: int) -> Driver:
        with self._lock:
            if ordinal not in self._known:
                self._known[ordinal] = Driver(ordinal, libcuda())
            return self._known[ordinal]


_DRIVERS = _Drivers()


def driver_of(ordinal: int) -> Driver:
    """The Driver of a device, made on first use.

    Raises:
        MissingExtraError: there is no CUDA driver.
        CapabilityError: there is no device.
    """
    return _DRIVERS.get(ordinal)
