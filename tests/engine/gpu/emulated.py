"""A device that is not there: a stand-in for libcuda which runs the kernels' own source on the CPU."""

from __future__ import annotations

import ctypes
import hashlib
import os
import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest

from qml.engine.cache import cache_root
from qml.engine.gpu.driver import MAJOR, MINOR, MULTIPROCESSORS, SHARED_OPTIN, Driver
from qml.engine.gpu.instance import ALL_PATHS, Instance
from qml.engine.gpu.kernels import FOLDER, source

HERE = Path(__file__).parent
COMPILER = os.environ.get("CXX") or shutil.which("g++") or shutil.which("clang++")
FLAGS = ("-O1", "-std=c++17", "-w", "-shared", "-fPIC", f"-I{FOLDER}", f"-I{HERE}")
FAILURES = {1: "threads wait at different barriers", 2: "written behind the shared memory", 3: "no such kernel"}


def need_compiler() -> None:
    """Skip the test where the kernels cannot be compiled for the CPU."""
    if COMPILER is None:
        pytest.skip("the CUDA kernels are checked by a C++ compiler, and there is none (g++ or clang++)")


@cache
def compiled(options: tuple[str, ...]) -> ctypes.CDLL:
    """The kernels of an instance for the CPU, compiled once for each version of their source."""
    texts = [source(), (HERE / "emulation.h").read_text(), (HERE / "emulation.cpp").read_text(), *FLAGS, *options]
    key = hashlib.sha256("\0".join(texts).encode()).hexdigest()[:20]
    path = cache_root() / "gpu" / f"emulation-{key}.so"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_suffix(f".{os.getpid()}")
        subprocess.run([str(COMPILER), *FLAGS, *options, str(HERE / "emulation.cpp"), "-o", str(temporary)], check=True)
        os.replace(temporary, path)
    return ctypes.CDLL(str(path))


class FakeCuda:
    """Functions of libcuda that the engine calls, on memory of the host; keeps a list of what was launched.

    Args:
        multiprocessors: of the device.
        shared_limit: bytes of shared memory a block.
        blocks: of a kernel on one multiprocessor.
    """

    def __init__(self, multiprocessors: int = 2, shared_limit: int = 232448, blocks: int = 1):
        self.attributes = {MULTIPROCESSORS: multiprocessors, SHARED_OPTIN: shared_limit, MAJOR: 9, MINOR: 0}
        self.blocks, self.order = blocks, 0
        self.launched: list[tuple] = []
        self.allowed: dict[int, int] = {}
        self.instance: Instance | None = None
        self._names: dict[int, tuple[str, ctypes.CDLL]] = {}
        self._current = None

    def cuDeviceGet(self, device, ordinal):
        device._obj.value = ordinal
        return 0

    def cuDevicePrimaryCtxRetain(self, context, device):
        context._obj.value = 4096 + device.value
        return 0

    def cuDeviceGetAttribute(self, value, number, device):
        value._obj.value = self.attributes[number]
        return 0

    def cuCtxGetCurrent(self, context):
        context._obj.value = self._current
        return 0

    def cuCtxSetCurrent(self, context):
        self._current = context.value
        return 0

    def cuModuleLoadData(self, module, image):
        module._obj.value = 1
        self._library = compiled(tuple(image.decode().split()))
        return 0

    def cuModuleGetFunction(self, function, module, name):
        handle = len(self._names) + 1
        self._names[handle] = (name.decode(), self._library)
        function._obj.value = handle
        return 0

    def cuFuncSetAttribute(self, function, attribute, value):
        self.allowed[function.value] = value
        return 0 if value <= self.attributes[SHARED_OPTIN] else 1

    def cuOccupancyMaxActiveBlocksPerMultiprocessor(self, count, function, block, shared_bytes):
        count._obj.value = self.blocks
        return 0

    def cuGetErrorName(self, code, text):
        text._obj.value = b"CUDA_ERROR_EXAMPLE"
        return 0

    def cuLaunchKernel(self, function, gx, gy, gz, bx, by, bz, shared_bytes, stream, arguments, extra):
        name, library = self._names[function.value]
        self.launched.append((name, (gx, gy), bx, shared_bytes, stream.value))
        if shared_bytes > max(self.allowed.get(function.value, 0), 48 << 10):
            return 1
        library.qml_order(self.order)
        code = library.qml_emulate(
            name.encode(), gx, gy, bx, ctypes.c_long(shared_bytes), ctypes.c_void_p(arguments[0])
        )
        if code:
            raise AssertionError(f"{name}: {FAILURES[code]}")
        return 0


def emulated_cubin(instance: Instance, arch: str) -> bytes:
    """In place of machine code: the options, which name a library for the CPU; all paths, so that few are compiled."""
    return " ".join(Instance(*[getattr(instance, f) for f in FIELDS], ALL_PATHS).options).encode()


FIELDS = ("dtype", "register_bits", "thread_bits", "large")


def emulated_driver(monkeypatch, **options) -> Driver:
    """A Driver whose device is emulated."""
    need_compiler()
    monkeypatch.setattr("qml.engine.gpu.driver.cubin", emulated_cubin)
    return Driver(0, FakeCuda(**options))
