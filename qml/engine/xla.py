"""A plan as XLA calls it: what the compiled handler is told once (a station) and with each call (an attribute)."""

from __future__ import annotations

import ctypes

import llvmlite.binding as llvm
import numpy as np
from llvmlite import ir

from qml.engine import layout as L
from qml.engine import xla_layout as X
from qml.engine.cache import ENTRIES
from qml.engine.finite import REMEDY
from qml.engine.memory import Frame, Workspace
from qml.engine.pool import CREW
from qml.engine.runner import Runner
from qml.engine.xla_ring import LINE, ring_capacity, ring_of

NO_NORM = (
    "Amplitudes to be prepared of a row are all zero or not finite. A state needs a finite norm above zero: drop such "
    "rows, or add a constant feature."
)
NOT_FINITE = f"Weights of a circuit hold NaN or infinite numbers. {REMEDY}"


class Station:
    """One plan in one precision, ready for XLA; it must live as long as any executable that names it.

    Args:
        runner: the packed plan, its kernels and its budget.
        version: of XLA's interface for foreign functions: minor << 32 | major.
    """

    def __init__(self, runner: Runner, version: int):
        packed = runner.packed
        self.runner, self.packed, self.lean = runner, packed, runner.lean
        self._compile()
        self._frame = Frame(packed)
        model = self._frame.table.copy()
        first = model[L.FRAME_BUFFERS]
        model[L.FRAME_BUFFERS :] -= first
        self._frame_bytes = self._frame.nbytes
        self._work_bytes, offsets = {}, {}
        for gradient in (False, True):
            work = Workspace(packed, gradient)
            self._work_bytes[gradient], offsets[gradient] = work.nbytes, work.table - work.table[0]
        self._kept: list[object] = [runner]
        fields = {
            X.STATION_PLAN: packed.address,
            X.STATION_VERSION: version,
            X.STATION_FRAME: self._numbers(model),
            X.STATION_WORK_OFFSETS: self._numbers(offsets[False]),
            X.STATION_GRADIENT_OFFSETS: self._numbers(offsets[True]),
            X.STATION_CREW: CREW.address(1),
            X.STATION_RING: ring_of(runner.budget).address,
            X.STATION_NO_NORM: self._text(NO_NORM),
            X.STATION_NOT_FINITE: self._text(NOT_FINITE),
        }
        self.table = np.zeros(X.STATION_SIZE, np.int64)
        for place, value in fields.items():
            self.table[place] = value
        self._engine, self.handler = _bound(self._entry("xla_call"), self.table.ctypes.data)

    def keeps(self, batch: int) -> bool:
        """Whether a forward run of `batch` rows leaves what its gradient starts from: the ring holds that much."""
        fits = self.residual_bytes(batch) <= ring_capacity(self.runner.budget)
        return fits and not self.lean and self.packed.n_segments > 0

    def residual_bytes(self, batch: int) -> int:
        """Bytes of what a forward run of `batch` rows leaves: what was prepared, and all kets."""
        tiles = -(-batch // self.packed.vector_lanes)
        return _up(self._kets_offset + tiles * self.packed.kept_bytes)

    def call(
        self, batch: int, *, gradient: bool, kept: bool, initial_rows: int, checked: bool, threads: int | None
    ) -> tuple[np.ndarray, int]:
        """What a call is told, and the bytes of scratch memory that it needs.

        Args:
            batch: rows of the call, at least one.
            gradient: gradients instead of values.
            kept: with a token, for what the ring keeps.
            initial_rows: rows of the initial amplitudes; 0 for none.
            checked: whether amplitudes may lack a norm, which is an error.
            threads: threads of one call; None decides by the work.

        Returns:
            The attribute, `(CALL_SIZE,)` int64, and a number of bytes.
        """
        cut = self._frame.cut(self.packed, batch)
        wanted = self.runner.threads(batch, gradient, threads)
        threads = max(1, min(cut.chunks, wanted))
        CREW.address(threads)  # the helpers are there when XLA calls
        work_bytes = _up(_up(8 * L.WORK_SIZE) + self._work_bytes[gradient or kept]) + LINE
        buffers = _up(8 * L.FRAME_SIZE)
        sums = buffers + _up(self._frame_bytes)
        helpers = sums + (_up(8 * cut.chunks * self.packed.n_sums + LINE) if gradient else 0)
        work = helpers + _up(8 * threads)
        stride = self.packed.amplitudes * 2 * np.dtype(self.packed.dtype).itemsize
        fields = {
            "gradient": gradient,
            "kets": self._kets_offset if kept else 0,
            "residual": self.residual_bytes(batch) if kept else 0,
            "initial": initial_rows > 0,
            "checked": checked,
            "stride": 0 if initial_rows == 1 and batch > 1 else stride * (initial_rows > 0),
            "rolling": self.lean if gradient else not kept,
            "batch": batch,
            "tiles": cut.chunk_tiles,
            "chunks": cut.chunks,
            "threads": threads,
            "buffers": buffers,
            "sums": sums,
            "work": work,
            "work_stride": work_bytes,
            "helpers": helpers,
        }
        return np.array([fields[name] for name in X.CALL_NAMES], np.int64), work + threads * work_bytes + 2 * LINE

    @property
    def _kets_offset(self) -> int:
        return X.RESIDUAL_HEAD + _up(self._frame_bytes)

    def _compile(self) -> None:
        """Everything that any values may need: the handler cannot come back to Python."""
        packed = self.packed
        packed.library.need([*packed.entries(True), *packed.entries(False), "step_shared", "help_step", "xla_call"])

    def _entry(self, name: str) -> int:
        return int(self.packed.library.addresses[ENTRIES.index(name)])

    def _numbers(self, array: np.ndarray) -> int:
        self._kept.append(array)
        return array.ctypes.data

    def _text(self, text: str) -> int:
        buffer = ctypes.create_string_buffer(text.encode())
        self._kept.append(buffer)
        return ctypes.addressof(buffer)


def _up(size: int) -> int:
    """`size` up to a whole line, so that threads share none."""
    return -(-size // LINE) * LINE


def _bound(function: int, last: int) -> tuple[llvm.ExecutionEngine, int]:
    """Machine code `x -> function(x, last)`, and its address: what a closure is in Python."""
    number = ir.IntType(64)
    module = ir.Module()
    outer = ir.Function(module, ir.FunctionType(number, [number]), "handler")
    builder = ir.IRBuilder(outer.append_basic_block())
    inner = builder.inttoptr(number(function), ir.FunctionType(number, [number, number]).as_pointer())
    builder.ret(builder.call(inner, [outer.args[0], number(last)]))
    machine = llvm.Target.from_default_triple().create_target_machine(codemodel="jitdefault", jit=True)
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(str(module)), machine)
    engine.finalize_object()
    return engine, engine.get_function_address("handler")
