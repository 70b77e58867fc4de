"""Compiled pieces on demand: sources generated into a per-user folder, Numba's disk cache beside them.

What one circuit needs takes some seconds, once on a machine; `qml.engine.warmup` compiles everything. The folder is
named after all that the machine code depends on: the sources, the CPU and its features, the versions of Python, Numba
and llvmlite.
"""

from __future__ import annotations

import atexit
import ctypes
import hashlib
import importlib.util
import logging
import os
import pickle
import platform
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType

import llvmlite
import llvmlite.binding as llvm
import numba
import numpy as np
from numba import types
from numba.core.compiler_lock import global_compiler_lock

from qml.base.files import replacing
from qml.base.lazy import cached_property
from qml.engine import layout as L
from qml.engine.forks import forks_wait_for, fresh_in_children
from qml.engine.kernels import kernel_names, kernel_source
from qml.engine.vector import VECTOR_BYTES

logger = logging.getLogger(__name__)

DRIVER = Path(__file__).with_name("driver")
SOURCES = ("vector.py", "circular.py", "transposed.py", "layout.py", "kernels.py", "lanes32.py", "lanes64.py")
SOURCES += ("atomics.py", "crew_layout.py", "xla_layout.py")
HOMES = {
    "prepare": ("prepare", "prepare_tables", "transform_scalars"),
    "rows": ("load_rows", "load_states", "store_state_gradient", "store_row_gradient"),
    "product": ("prefix_forward", "prefix_backward"),
    "diagonal": (
        "transform_vectors",
        "row_phases",
        "diagonal_forward",
        "diagonal_backward",
        "diagonal_undo",
        "table_slopes",
    ),
    "readout": ("read_z_words", "read_apart", "read_flip_word", "start_bra", "start_apart", "add_flip_word"),
    "amplitudes": ("store_ket",),
    "segments": ("run_forward", "run_backward", "undo_segment"),
    "chunks": ("load_shared", "run_chunks", "close_chunk"),
    "calls": ("begin", "step", "step_shared", "help_step", "finish"),
    "xla": ("xla_call",),
    "kernels": kernel_names(),
}
ENTRIES = L.ENTRY_NAMES + kernel_names()

KERNEL_HEADER = '''"""Coset kernels, written by `qml.engine.kernels`."""

from qml.engine.{lanes} import E, REAL, T, VB, sload, splat, vload, vstore
from qml.engine.vector import at, u32at

MINUS = REAL(-1)
TABLE_SHIFT = {shift}  # byte offset of an amplitude >> TABLE_SHIFT = byte offset of its (cos, sin) pair
'''


def cache_root() -> Path:
    """The folder that holds all compiled pieces: `QML_CACHE_DIR`, else this user's cache folder.

    Example:
        >>> cache_root().name
        'qml-hybrid'
    """
    chosen = os.environ.get("QML_CACHE_DIR")
    if chosen:
        return Path(chosen).expanduser() / "qml-hybrid"
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or "~/AppData/Local"
    elif sys.platform == "darwin":
        base = "~/Library/Caches"
    else:
        base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser() / "qml-hybrid"


@dataclass(frozen=True, eq=False)
class Kit:
    """What one engine compiles: which pieces, in which files, and what their machine code depends on.

    Args:
        homes: pieces of each generated file.
        entries: all pieces; the place of one in this tuple is its number in the table of addresses.
        source: text of a generated file, from its stem and `"float32"` or `"float64"`.
        texts: sources that the machine code depends on, beside machine and versions.
    """

    homes: Mapping[str, tuple[str, ...]]
    entries: tuple[str, ...]
    source: Callable[[str, str], str]
    texts: Callable[[], list[str]]

    def home_of(self, entry: str) -> str:
        """The generated file that holds `entry`."""
        return next(stem for stem, entries in self.homes.items() if entry in entries)


def tile_texts() -> list[str]:
    """Sources of the tile engine's compiled half."""
    here = Path(__file__).parent
    parts = [(here / name).read_text() for name in SOURCES]
    return [*parts, *(path.read_text() for path in sorted(DRIVER.glob("*.py"))), KERNEL_HEADER]


@cache
def content_key(kit: Kit | None = None) -> str:
    """What the machine code of `kit` (None: the tile engine's) depends on, as 16 hexadecimal digits."""
    parts = (kit or TILES).texts()
    parts += [llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten(), str(VECTOR_BYTES)]
    parts += [numba.__version__, llvmlite.__version__, platform.python_version()]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


@cache
def cache_folder(kit: Kit | None = None) -> Path:
    """The folder of this machine and these versions; where it cannot be written, a temporary copy of what it holds."""
    folder = cache_root() / content_key(kit)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return folder
    except OSError as error:
        return _temporary_copy(folder, error)


def _temporary_copy(folder: Path, error: OSError) -> Path:
    """A folder for this process alone, with what is compiled already: Numba uses no cache that it cannot write to."""
    parent = Path(tempfile.mkdtemp(prefix="qml-hybrid-"))
    atexit.register(_remove, parent, os.getpid())
    temporary = parent / folder.name
    if folder.is_dir():
        shutil.copytree(folder, temporary)  # keeps the times of the sources, by which Numba knows its files
        temporary.chmod(0o700)
        logger.info("using a copy of the compiled kernels in %s, which cannot be written (%s)", folder, error)
        for path in temporary.rglob("*"):
            path.chmod(0o700 if path.is_dir() else 0o600)
        return temporary
    temporary.mkdir()
    logger.warning(
        "The kernel cache %s cannot be written (%s); compiled kernels go to %s and are lost when this process "
        "ends. Set QML_CACHE_DIR to a folder that can be written.",
        folder,
        error,
        temporary,
    )
    return temporary


def _remove(folder: Path, owner: int) -> None:
    """Remove a temporary cache at the end of the process that made it, not of its forked children."""
    if os.getpid() == owner:
        shutil.rmtree(folder, ignore_errors=True)


def generated_source(stem: str, dtype: str) -> str:
    """Text of one file of the compiled half, for `"float32"` or `"float64"`."""
    lanes = "lanes32" if dtype == "float32" else "lanes64"
    if stem != "kernels":
        return (DRIVER / f"{stem}.py").read_text().replace("lanes32", lanes)
    shift = (VECTOR_BYTES // np.dtype(dtype).itemsize).bit_length() - 1
    return "\n\n".join([KERNEL_HEADER.format(lanes=lanes, shift=shift), *map(kernel_source, kernel_names())])


# A child that is forked while another thread compiles could never compile, nor load what is compiled.
forks_wait_for(global_compiler_lock.acquire, global_compiler_lock.release)
TILES = Kit(HOMES, ENTRIES, generated_source, tile_texts)


@contextmanager
def exclusive(folder: Path) -> Iterator[None]:
    """One process at a time compiles into `folder`; the others wait and then load what it made."""
    try:
        import fcntl
    except ImportError:  # Windows: processes may compile the same piece twice, each file is still whole
        yield
        return
    with open(folder / ".lock", "a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
        except OSError as error:  # some network file systems have no locks; compiling twice is safe
            logger.info("the kernel cache %s cannot be locked (%s); processes may compile twice", folder, error)
        try:
            yield
        finally:  # a child that was forked meanwhile holds the same open file: closing it here would not unlock it
            with suppress(OSError):
                fcntl.flock(file, fcntl.LOCK_UN)


class Library:
    """The compiled pieces of one precision, made when first needed.

    Args:
        dtype: `"float32"` or `"float64"`.
        kit: of which engine.
    """

    def __init__(self, dtype: str, kit: Kit = TILES):
        self.dtype, self.kit = dtype, kit
        self.folder = cache_folder(None if kit is TILES else kit)
        self.addresses = np.zeros(len(kit.entries), np.int64)
        self._modules: dict[str, ModuleType] = {}
        self._pieces: dict[str, object] = {}
        self._said = False
        self.calls = Calls(self)
        fresh_in_children(self._unlock)

    def _unlock(self) -> None:
        self._lock = threading.Lock()

    def need(self, names: Iterable[str]) -> None:
        """Compile, or load from disk, those of `names` that are not ready."""
        missing = [name for name in names if name not in self._pieces]
        if not missing:
            return
        with self._lock, exclusive(self.folder):
            started = time.perf_counter()
            for name in missing:
                self._prepare(name)
            if self._said:
                logger.debug("compiled %d pieces in %.1f s", len(missing), time.perf_counter() - started)

    def function(self, name: str) -> Callable[..., int]:
        """One piece as a Python function of integers; it runs without the interpreter lock."""
        self.need([name])
        count = getattr(self._module(self.kit.home_of(name)), name).__code__.co_argcount
        prototype = ctypes.CFUNCTYPE(ctypes.c_int64, *[ctypes.c_int64] * count)
        return prototype(int(self.addresses[self.kit.entries.index(name)]))

    def _module(self, stem: str) -> ModuleType:
        """The generated file, written once and imported."""
        if stem not in self._modules:
            name = f"{stem}_{self.dtype}"
            path = self.folder / f"{name}.py"
            if not path.exists():
                with replacing(path) as temporary:
                    temporary.write_text(self.kit.source(stem, self.dtype))
            full = f"_qml_engine_{self.folder.name}_{name}"
            spec = importlib.util.spec_from_file_location(full, path)
            if spec is None or spec.loader is None:
                raise ImportError(f"The generated file {path} cannot be imported. Delete its folder and try again.")
            module = importlib.util.module_from_spec(spec)
            sys.modules[full] = module
            spec.loader.exec_module(module)
            self._modules[stem] = module
        return self._modules[stem]

    def _prepare(self, name: str) -> None:
        """Compile one piece or load it from Numba's cache."""
        if name in self._pieces:
            return
        stem = self.kit.home_of(name)
        function = getattr(self._module(stem), name)
        self._say(stem, name)
        kind = types.int64(*[types.int64] * function.__code__.co_argcount)
        compiled = numba.cfunc(kind, cache=True, error_model="numpy")
        try:
            piece = compiled(function)
        except (EOFError, pickle.UnpicklingError) as error:  # Numba does not flush: a power cut leaves empty files
            logger.warning("the compiled %s in %s is damaged (%s) and is made anew", name, self.folder, error)
            for path in self._saved(stem, name):
                path.unlink(missing_ok=True)
            piece = compiled(function)
        self.addresses[self.kit.entries.index(name)] = int(piece.address or 0)
        self._pieces[name] = piece  # last: whoever sees it may call the address

    def _saved(self, stem: str, name: str) -> list[Path]:
        """What Numba has on disk of one piece: an index and machine code."""
        return list((self.folder / "__pycache__").glob(f"{stem}_{self.dtype}.{name}-*.nb[ci]"))

    def _say(self, stem: str, name: str) -> None:
        """Tell once that this machine compiles, which takes a while."""
        if not self._said and not self._saved(stem, name):
            self._said = True
            logger.info(
                "compiling the %s kernels that this circuit needs and this machine lacks, some seconds, into %s; "
                "`python -m qml.engine.warmup` compiles all of them once",
                self.dtype,
                self.folder,
            )


class Calls:
    """The pieces that Python itself calls, as functions of addresses and counts; each is compiled on first use."""

    def __init__(self, library: Library):
        self._library = library

    @cached_property
    def step(self) -> Callable[..., int]:
        """`(frame)`: a whole call on one thread."""
        return self._library.function("step")

    @cached_property
    def step_shared(self) -> Callable[..., int]:
        """`(frame, crew, works, helpers)`: a whole call, with helpers of `qml.engine.pool.CREW`."""
        self._library.need(["help_step"])
        return self._library.function("step_shared")


@cache
def library(dtype: str) -> Library:
    """The one Library of a precision in this process."""
    return Library(dtype)
