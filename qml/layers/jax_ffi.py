"""XLA's interface for foreign functions: whether the engine knows its layout, and plans registered as functions of it.

The compiled handler reads XLA's structs by their offsets. They are part of an interface of version 0, so that the
header which comes with jaxlib is compared with what the offsets were taken from, before anything is registered; where
it differs, calls go through Python callbacks instead, and this is said once.
"""

from __future__ import annotations

import ctypes
import hashlib
import logging
import re
import threading
from functools import cache
from pathlib import Path

import numpy as np

from qml.base.extras import require

require("jax", extra="jax", purpose="The JAX layer")
import jax

from qml.engine import memory, pack, tile, xla, xla_ring
from qml.engine.cache import content_key
from qml.engine.runner import Runner
from qml.engine.xla import Station

logger = logging.getLogger(__name__)

# Every field up to the last one that the handler reads, in order; `api/c_api.h` of XLA, version 0.3.
STRUCTS = {
    "XLA_FFI_Extension_Base": "struct_size type next",
    "XLA_FFI_Api_Version": "struct_size extension_start major_version minor_version",
    "XLA_FFI_Metadata": "struct_size api_version",
    "XLA_FFI_Metadata_Extension": "extension_base metadata",
    "XLA_FFI_Error_Create_Args": "struct_size extension_start message errc",
    "XLA_FFI_Error_Destroy_Args": "struct_size extension_start error",
    "XLA_FFI_Buffer": "struct_size extension_start dtype data",
    "XLA_FFI_Array": "dtype size data",
    "XLA_FFI_Args": "struct_size extension_start size types args",
    "XLA_FFI_Rets": "struct_size extension_start size types rets",
    "XLA_FFI_Attrs": "struct_size extension_start size types names attrs",
    "XLA_FFI_CallFrame": "struct_size extension_start api ctx stage args rets attrs",
    "XLA_FFI_ThreadPool_Schedule_Args": "struct_size extension_start ctx task data",
    "XLA_FFI_Api": "struct_size extension_start api_version internal_api Error_Create Error_GetMessage Error_Destroy "
    "Handler_Register Stream_Get Type_Register ExecutionContext_Get State_Set State_Get DeviceMemory_Allocate "
    "DeviceMemory_Free ThreadPool_Schedule",
}
MAJOR = 0


def version_of(header: str) -> int | None:
    """The version that a header declares, as `minor << 32 | major`; None where its layout is not the known one.

    Args:
        header: text of `xla/ffi/api/c_api.h`.
    """
    header = re.sub(r"//[^\n]*|/\*.*?\*/", "", header, flags=re.DOTALL)
    numbers = [re.search(rf"#define XLA_FFI_API_{part} (\d+)", header) for part in ("MAJOR", "MINOR")]
    if None in numbers or int(numbers[0][1]) != MAJOR:  # pyright: ignore[reportOptionalSubscript]
        return None
    for name, wanted in STRUCTS.items():
        body = re.search(rf"struct {name} \{{(.*?)\n\}}", header, flags=re.DOTALL)
        found = [] if body is None else [_field(line) for line in body[1].split(";") if line.strip()]
        if found[: len(wanted.split())] != wanted.split():
            return None
    return int(numbers[1][1]) << 32 | MAJOR  # pyright: ignore[reportOptionalSubscript]


def _field(declaration: str) -> str:
    """The name that a line of a struct declares."""
    macro = re.search(r"_XLA_FFI_API_STRUCT_FIELD\(XLA_FFI_(\w+)\)", declaration)
    return macro[1] if macro else re.findall(r"\w+", declaration)[-1]


@cache
def interface_version() -> int | None:
    """The version of the interface of this installation; None, said once, where the engine does not know its layout."""
    path = Path(jax.ffi.include_dir()) / "xla" / "ffi" / "api" / "c_api.h"
    version = version_of(path.read_text()) if path.is_file() else None
    if version is None:
        logger.info(
            "XLA's interface for foreign functions has another layout in jax %s than the engine knows (%s); circuits "
            "run through Python callbacks, which cost more a call",
            jax.__version__,
            path,
        )
    return version


@cache
def _sources_key() -> str:
    """What the layout of a call's memory follows from."""
    texts = [Path(module.__file__).read_text() for module in (memory, pack, tile, xla, xla_ring) if module.__file__]
    return hashlib.sha256("\0".join([content_key(), *texts]).encode()).hexdigest()


_lock = threading.Lock()
_registered: dict[str, Station] = {}  # for the life of the process: XLA may call a handler as long


def registered(runner: Runner, version: int) -> tuple[str, Station]:
    """The name under which XLA knows a plan, and what it is told; registered on first use.

    The name follows from the plan and from the sources alone, so that JAX's persistent cache of compiled programs
    finds them again in another process.

    Args:
        runner: of the plan.
        version: of the interface.
    """
    packed = runner.packed
    key = f"{_sources_key()} {packed.dtype} {runner.budget} {packed.plan!r}"
    name = f"qml_engine_{hashlib.sha256(key.encode()).hexdigest()[:24]}"
    with _lock:
        if name not in _registered:
            station = Station(runner, version)
            jax.ffi.register_ffi_target(name, jax.ffi.pycapsule(ctypes.c_void_p(station.handler)), platform="cpu")
            _registered[name] = station
    return name, _registered[name]


def scratch(nbytes: int) -> jax.ShapeDtypeStruct:
    """Memory of a call, which XLA owns."""
    return jax.ShapeDtypeStruct((nbytes,), np.uint8)
