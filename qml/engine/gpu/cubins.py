"""Compiled kernels on disk: one file for each source, instance, architecture and compiler."""

from __future__ import annotations

import hashlib
import logging
import time
from pathlib import Path

from qml.base.files import replacing
from qml.engine.cache import cache_root
from qml.engine.gpu import nvrtc
from qml.engine.gpu.instance import Instance
from qml.engine.gpu.kernels import source

logger = logging.getLogger(__name__)

FIXED_OPTIONS = ("-std=c++17", "-default-device", "--ptxas-options=-O3")


def options(instance: Instance, arch: str) -> tuple[str, ...]:
    """What the compiler is told."""
    return (f"--gpu-architecture={arch}", *FIXED_OPTIONS, *instance.options)


def cubin_path(instance: Instance, arch: str) -> Path:
    """Where the machine code of an instance lies, named after everything that it depends on."""
    parts = [source(), *options(instance, arch), nvrtc.version()]
    key = hashlib.sha256("\0".join(parts).encode()).hexdigest()[:20]
    return cache_root() / "gpu" / f"{arch}-{key}.cubin"


def cubin(instance: Instance, arch: str) -> bytes:
    """Machine code of an instance: from disk, or compiled (some seconds, said once at INFO) and written there.

    A folder that cannot be written costs a compilation in every process, and is said.

    Raises:
        MissingExtraError: there is no compiler.
        CompileError: the compiler refused.
    """
    path = cubin_path(instance, arch)
    try:
        return path.read_bytes()
    except OSError:
        pass
    logger.info(
        "compiling GPU kernels for %s (%s, %d index bits a team), some seconds, into %s",
        arch,
        instance.dtype,
        instance.tile_bits,
        path.parent,
    )
    started = time.perf_counter()
    code = nvrtc.compile_source(source(), options(instance, arch)).code
    logger.debug("compiled %d bytes in %.1f s", len(code), time.perf_counter() - started)
    try:
        with replacing(path) as temporary:
            temporary.write_bytes(code)
    except OSError as error:
        logger.warning("The GPU kernel cache %s cannot be written (%s). Set QML_CACHE_DIR.", path.parent, error)
    return code
