"""The launches of one call: values, or every gradient, of a batch on a device, for addresses that the caller owns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple, Protocol

from qml.engine.gpu.instance import SETUP_THREADS, Instance, choose
from qml.engine.gpu.packed import ALIGNED, Call, Packed, pack
from qml.engine.plan import Plan

VALUES, GRADIENT, KEEP, RESUME = 1, 2, 4, 8
STATE_BYTES = 64 << 20  # of kets and bras of one wave of a large run: small waves stay in the cache of the device
TABLE_SUM_BYTES = 1 << 30  # of sums of table slopes, which a larger grid would exceed
WAVES = 4  # blocks of a large launch, in multiples of the processors
INSIDE = 4096  # entries of phase tables that the setup makes itself
MOST_ROWS = 65535  # second dimension of a grid


class Kernels(Protocol):
    """The compiled kernels of one instance on one device."""

    def resident(self, kernel: str, block: int, shared_bytes: int) -> int:
        """Blocks of that kernel that one multiprocessor holds; allows the kernel that much shared memory."""
        ...

    def launch(
        self, kernel: str, grid: tuple[int, int], block: int, shared_bytes: int, stream: int, call: Call
    ) -> None:
        """Put one launch on a stream."""
        ...


class Launcher(Protocol):
    """A device: what it can hold, and how it comes by kernels."""

    @property
    def multiprocessors(self) -> int:
        """How many there are."""
        ...

    @property
    def shared_limit(self) -> int:
        """Bytes of shared memory that a block may ask for."""
        ...

    def kernels(self, instance: Instance) -> Kernels:
        """The kernels of an instance, compiled on first use."""
        ...


class Arrays(NamedTuple):
    """Addresses on the device; 0 where there is nothing. `initial_rows` is 1 for one state that serves all rows."""

    program: int
    workspace: int
    rows: int
    shared: int
    initial: int = 0
    initial_rows: int = 0
    cotangent: int = 0
    values: int = 0
    grad_rows: int = 0
    grad_shared: int = 0
    grad_initial: int = 0
    kets: int = 0


@dataclass(frozen=True)
class Shape:
    """Sizes of one call: the grid, the rows of a wave, and where each part of the workspace begins."""

    grid: int
    wave: int
    nbytes: int
    offsets: dict[str, int]


class GpuRunner:
    """Runs one plan in one precision on one device; holds no memory of it, and may be called from several threads.

    Args:
        plan: what to run.
        dtype: `"float32"` or `"float64"`.
        launcher: the device.
        tile: register and thread bits of a tile, to run a small plan as a large one.

    Raises:
        CapabilityError: too many qubits, another precision, or a device with too little shared memory.
    """

    def __init__(self, plan: Plan, dtype: str, launcher: Launcher, tile: tuple[int, int] | None = None):
        self.plan, self.launcher = plan, launcher
        self.packed: Packed = pack(plan, choose(plan.n_qubits, dtype, launcher.shared_limit, tile))
        self.instance = self.packed.instance
        counts = self.packed.counts
        self._arena = self.instance.arena_words(counts["n_local"], counts["n_prefix"], counts["n_slots"])
        memory = self.instance.team_memory(plan.n_qubits, self._arena, launcher.shared_limit)
        self.shared_bytes, self._arena_shared = memory
        self.kernels = launcher.kernels(self.instance)
        self._main = "qml_backward" if self.instance.large else "qml_small"
        for kernel in self.instance.kernels[3:]:
            resident = self.kernels.resident(kernel, self.instance.block, self.shared_bytes)
            if kernel == self._main:
                self.resident = max(1, resident)
        self.shape: Callable[[int, int], Shape] = lru_cache(maxsize=64)(self._shape)

    def kept_bytes(self, batch: int) -> int:
        """Bytes of the kets that a forward run may leave for its gradient."""
        return 2 * self.instance.itemsize * batch << self.plan.n_qubits

    def run(self, stream: int, arrays: Arrays, batch: int, mode: int) -> None:
        """Put all launches of a call on `stream`; nothing waits for them.

        Args:
            stream: handle of a CUDA stream.
            arrays: addresses; the workspace has `shape(batch, mode).nbytes` bytes.
            batch: rows, at least 1.
            mode: sum of `VALUES`, `GRADIENT`, `KEEP` (leave kets) and `RESUME` (start from kets).
        """
        shape = self.shape(batch, mode)
        call = self._call(arrays, shape, batch, mode)
        self._setup(stream, call)
        if self.instance.large:
            self._large(stream, call, arrays, shape, batch, mode)
        else:
            self._launch("qml_small", (shape.grid, 1), stream, call)
            call.part_blocks = shape.grid
        if mode & GRADIENT and self.plan.n_shared and not self.instance.large:
            self._shared_sums(stream, call)

    # ------------------------------------------------------------------------------------------------ sizes

    def _shape(self, batch: int, mode: int) -> Shape:
        return self._large_shape(batch, mode) if self.instance.large else self._small_shape(batch)

    def _small_shape(self, batch: int) -> Shape:
        counts, instance, item = self.packed.counts, self.instance, self.instance.itemsize
        sums = counts["n_tables"] * instance.amplitudes * instance.block * item
        most = self.launcher.multiprocessors * self.resident
        grid = max(1, min(most, -(-batch // instance.teams), TABLE_SUM_BYTES // max(sums, 1)))
        sizes = self._setup_sizes() | {"table_sums": grid * sums, "parts": grid * counts["n_slots"] * item}
        sizes["arena"] = 0 if self._arena_shared else grid * self._arena * item
        return Shape(grid, batch, *_placed(sizes))

    def _large_shape(self, batch: int, mode: int) -> Shape:
        counts, item, n = self.packed.counts, self.instance.itemsize, self.plan.n_qubits
        ket = 2 * item << n
        wave = max(1, min(batch, MOST_ROWS, STATE_BYTES // (2 * ket)))
        wanted = -(-WAVES * self.launcher.multiprocessors // wave)
        grid = max(1, min(1 << n - self.instance.tile_bits, 1 << (wanted - 1).bit_length()))
        blocks = wave * grid
        sizes = self._setup_sizes() | {"local_values": 2 * item * wave * counts["n_local"]}
        sizes["ket"] = 0 if mode & KEEP else wave * ket
        sizes["arena"] = 0 if self._arena_shared else blocks * self._arena * item
        sizes["word_parts"] = blocks * counts["n_words"] * item if mode & VALUES else 0
        if mode & GRADIENT:
            sizes |= {"bra": wave * ket, "parts": blocks * counts["n_slots"] * item}
            sizes |= {"row_parts": blocks * counts["n_local"] * item, "wire_parts": blocks * 3 * n * item}
        return Shape(grid, wave, *_placed(sizes))

    def _setup_sizes(self) -> dict[str, int]:
        counts, item = self.packed.counts, self.instance.itemsize
        turns = counts["n_turns"]
        return {
            **{"angles": 8 * turns, "cosines": 8 * turns, "scales": 8 * counts["n_passes"], "frames": 8 * turns},
            **{"forms": 4 * item * turns, "word_signs": item * counts["n_words"]},
            "tables": 2 * item * counts["n_tables"] << self.instance.tile_bits,
        }

    # --------------------------------------------------------------------------------------------- launches

    def _call(self, arrays: Arrays, shape: Shape, batch: int, mode: int) -> Call:
        given = {name: arrays.program + offset for name, offset in self.packed.offsets.items()}
        given |= {name: arrays.workspace + offset for name, offset in shape.offsets.items()}
        given |= {name: getattr(arrays, name) for name in DATA_FIELDS}
        stride = 1 << self.plan.n_qubits if arrays.initial_rows > 1 else 0
        tiles = 1 << self.plan.n_qubits - self.instance.tile_bits
        return Call(
            **given,
            **self.packed.counts,
            initial_stride=stride,
            batch=batch,
            mode=mode,
            arena_shared=int(self._arena_shared),
            arena_words=self._arena,
            tiles=tiles,
            part_blocks=shape.grid,
            tables_inside=int(self._table_entries <= INSIDE),
        )

    @property
    def _table_entries(self) -> int:
        return self.packed.counts["n_tables"] << self.instance.tile_bits

    def _setup(self, stream: int, call: Call) -> None:
        launch = self.kernels.launch
        launch("qml_setup", (1, 1), SETUP_THREADS, 0, stream, call)
        if self._table_entries > INSIDE:
            blocks = min(-(-self._table_entries // SETUP_THREADS), 8 * self.launcher.multiprocessors)
            launch("qml_tables", (blocks, 1), SETUP_THREADS, 0, stream, call)

    def _launch(self, kernel: str, grid: tuple[int, int], stream: int, call: Call) -> None:
        self.kernels.launch(kernel, grid, self.instance.block, self.shared_bytes, stream, call)

    def _each(self, kernel: str, numbers: int, stream: int, call: Call) -> None:
        """A kernel of one thread a number."""
        blocks = min(-(-numbers // SETUP_THREADS), 8 * self.launcher.multiprocessors)
        if numbers:
            self.kernels.launch(kernel, (blocks, 1), SETUP_THREADS, 0, stream, call)

    def _shared_sums(self, stream: int, call: Call) -> None:
        blocks = -(-self.plan.n_shared // (SETUP_THREADS // 32))
        self.kernels.launch("qml_shared_sums", (blocks, 1), SETUP_THREADS, 0, stream, call)

    def _large(self, stream: int, call: Call, arrays: Arrays, shape: Shape, batch: int, mode: int) -> None:
        item, plan = self.instance.itemsize, self.plan
        ket = 2 * item << plan.n_qubits
        for start in range(0, batch, shape.wave):
            count = min(shape.wave, batch - start)
            call.batch = count
            call.rows = arrays.rows + start * plan.n_rows * item
            call.grad_rows = arrays.grad_rows + start * plan.n_rows * item
            for name in ("values", "cotangent"):
                setattr(call, name, getattr(arrays, name) + start * plan.n_words * item)
            call.grad_initial = arrays.grad_initial + start * ket
            call.initial = arrays.initial + (start * ket if arrays.initial_rows > 1 else 0)
            kept = arrays.kets + start * ket
            if mode & KEEP:
                call.ket = kept
            grid = (shape.grid, count)
            self._each("qml_rows", count * self.packed.counts["n_local"], stream, call)
            if mode & RESUME:
                call.source = kept
            else:
                self._sweep_forward(stream, call, grid, arrays.initial_rows)
            call.sweep = self.packed.sweeps
            self._launch("qml_observe", grid, stream, call)
            if mode & VALUES:
                self._each("qml_words", count * plan.n_words, stream, call)
            if mode & GRADIENT:
                self._sweep_backward(stream, call, grid)
                if plan.n_shared:
                    call.part_blocks = count * shape.grid
                    call.accumulate = int(start > 0)
                    self._shared_sums(stream, call)
                    call.part_blocks = shape.grid

    def _sweep_forward(self, stream: int, call: Call, grid: tuple[int, int], initial_rows: int) -> None:
        whole = 1 << self.plan.n_qubits
        if self.plan.initial:
            call.source, call.initial_stride = call.initial, whole if initial_rows > 1 else 0
        else:
            call.sweep = self.packed.sweeps
            self._launch("qml_product", grid, stream, call)
            call.source, call.initial_stride = call.ket, whole
        for sweep in range(self.packed.sweeps):
            call.sweep = sweep
            self._launch("qml_forward", grid, stream, call)
            call.source, call.initial_stride = call.ket, whole

    def _sweep_backward(self, stream: int, call: Call, grid: tuple[int, int]) -> None:
        for sweep in reversed(range(self.packed.sweeps)):
            call.sweep = sweep
            self._launch("qml_backward", grid, stream, call)
            call.source = call.ket
        call.sweep = self.packed.sweeps
        self._launch("qml_ends", grid, stream, call)
        self._launch("qml_finish", (1, grid[1]), stream, call)


DATA_FIELDS = tuple(name for name in Arrays._fields if name not in ("program", "workspace", "initial_rows"))


def _placed(sizes: dict[str, int]) -> tuple[int, dict[str, int]]:
    """Bytes in all, and where each part begins."""
    offsets, total = {}, 0
    for name, size in sizes.items():
        offsets[name] = total
        total += -(-size // ALIGNED) * ALIGNED
    return max(total, ALIGNED), offsets
