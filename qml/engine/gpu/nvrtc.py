"""NVRTC through ctypes: CUDA C++ to machine code without a toolkit, from the wheels that torch and JAX bring."""

from __future__ import annotations

import ctypes
import importlib.util
import sys
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from qml.base.errors import MissingExtraError, QmlError

FOLDERS = ("cu13/lib", "cuda_nvrtc/lib", "cu13/bin/x86_64", "cu13/bin", "cuda_nvrtc/bin")  # of the package `nvidia`
NAMES = ("libnvrtc.so.13", "libnvrtc.so.12", "nvrtc64_130_0.dll", "nvrtc64_120_0.dll")
INSTALL = (
    'It comes with a CUDA build of torch (pip install torch) and of JAX (pip install "jax[cuda13]"), or alone: '
    "pip install nvidia-cuda-nvrtc"
)


class CompileError(QmlError, RuntimeError):
    """The kernels did not compile: a bug, or a compiler older than CUDA 12.1; the message holds its words."""


def candidates() -> Iterator[str]:
    """Where the library may lie: the wheels first, because a toolkit on the search path may be of another release."""
    for package in ("nvidia", "torch"):
        spec = importlib.util.find_spec(package)
        for root in spec.submodule_search_locations or () if spec else ():
            for folder in FOLDERS if package == "nvidia" else ("lib",):
                for name in NAMES:
                    path = Path(root) / folder / name
                    if path.exists():
                        yield str(path)
    yield from (name for name in NAMES if name.endswith(".dll") == (sys.platform == "win32"))


@cache
def library() -> Any:
    """The compiler's library.

    Raises:
        MissingExtraError: it was not found.
    """
    for path in candidates():
        try:
            for part in (
                Path(path).parent.glob("libnvrtc-builtins.so*") if "/" in path else ()
            ):  # which it opens by name alone
                ctypes.CDLL(str(part))
            return ctypes.CDLL(path)
        except OSError:
            continue
    raise MissingExtraError(
        f"Compiling the GPU kernels needs NVRTC, NVIDIA's run-time compiler, which was not found. {INSTALL}"
    )


def version() -> str:
    """Release of the compiler, for instance `"13.0"`."""
    major, minor = ctypes.c_int(), ctypes.c_int()
    _check(library().nvrtcVersion(ctypes.byref(major), ctypes.byref(minor)), None, "to tell its version")
    return f"{major.value}.{minor.value}"


class Compiled(NamedTuple):
    """Machine code, and what the compiler said."""

    code: bytes
    log: str


def compile_source(text: str, options: Sequence[str]) -> Compiled:
    """Machine code of CUDA C++ `text`.

    Args:
        text: the source.
        options: as on the command line of the compiler; `--gpu-architecture=sm_90` names the device.

    Raises:
        CompileError: the compiler refused; the message holds what it said.
        MissingExtraError: there is no compiler.
    """
    nvrtc, program = library(), ctypes.c_void_p()
    _check(nvrtc.nvrtcCreateProgram(ctypes.byref(program), text.encode(), b"qml.cu", 0, None, None), None, "the source")
    try:
        given = (ctypes.c_char_p * len(options))(*(option.encode() for option in options))
        _check(nvrtc.nvrtcCompileProgram(program, len(options), given), program, f"to compile with {list(options)}")
        size = ctypes.c_size_t()
        _check(nvrtc.nvrtcGetCUBINSize(program, ctypes.byref(size)), program, "the size of the machine code")
        code = ctypes.create_string_buffer(size.value)
        _check(nvrtc.nvrtcGetCUBIN(program, code), program, "the machine code")
        return Compiled(code.raw, _log(program))
    finally:
        nvrtc.nvrtcDestroyProgram(ctypes.byref(program))


def _check(code: int, program: ctypes.c_void_p | None, what: str) -> None:
    if not code:
        return
    log = "" if program is None else _log(program)
    raise CompileError(f"NVRTC was asked {what} and answered with error {code}.\n{log}")


def _log(program: ctypes.c_void_p) -> str:
    size = ctypes.c_size_t()
    library().nvrtcGetProgramLogSize(program, ctypes.byref(size))
    buffer = ctypes.create_string_buffer(size.value + 1)
    library().nvrtcGetProgramLog(program, buffer)
    return buffer.value.decode(errors="replace")
