"""Which compilation of the kernels a Plan needs, and what that asks of the device."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qml.base.errors import CapabilityError

MAX_QUBITS = 30
SETUP_THREADS = 256
MAX_OUTER = 20  # mirrors types.cuh
SIGNED, FLIPS, VARIED, WORDS_FLIP = 1, 2, 4, 8
ALL_PATHS = 15
SMALL = {"float32": {10: 5, 13: 5}, "float64": {}}  # qubits -> register bits, where not the usual
MOST_SMALL = {"float32": 13, "float64": 11}
TILES = {"float32": ((4, 8), (4, 7), (3, 7)), "float64": ((3, 8), (3, 7), (2, 7))}  # (register, thread) bits
ARENA_SHARED = 4 << 10  # bytes of per-turn sums that shared memory always has room for; more go to global memory
REAL = {"float32": "float", "float64": "double"}


@dataclass(frozen=True)
class Instance:
    """One compilation: sizes are compile-time constants, and paths that a Plan never takes are left out.

    Args:
        dtype: `"float32"` or `"float64"`.
        register_bits: index bits that each thread keeps in registers.
        thread_bits: index bits that are spread over the threads of a team.
        large: whether a sample is many tiles in global memory.
        paths: sum of `SIGNED`, `FLIPS`, `VARIED` and `WORDS_FLIP`.
    """

    dtype: str
    register_bits: int
    thread_bits: int
    large: bool
    paths: int = ALL_PATHS

    @property
    def tile_bits(self) -> int:
        """Index bits of what one team works on."""
        return self.register_bits + self.thread_bits

    @property
    def itemsize(self) -> int:
        """Bytes of a real number."""
        return np.dtype(self.dtype).itemsize

    @property
    def team(self) -> int:
        """Threads of a sample or tile."""
        return 1 << self.thread_bits

    @property
    def block(self) -> int:
        """Threads of a block."""
        return max(32, self.team)

    @property
    def teams(self) -> int:
        """Samples that a block works on at once."""
        return self.block // self.team

    @property
    def warps(self) -> int:
        """Warps of one team."""
        return max(1, self.team // 32)

    @property
    def amplitudes(self) -> int:
        """Amplitudes in the registers of one thread."""
        return 1 << self.register_bits

    @property
    def options(self) -> tuple[str, ...]:
        """Definitions for the compiler."""
        return (
            f"-DQML_REAL={REAL[self.dtype]}",
            f"-DQML_REGISTER_BITS={self.register_bits}",
            f"-DQML_THREAD_BITS={self.thread_bits}",
            f"-DQML_LARGE={int(self.large)}",
            f"-DQML_PATHS={self.paths}",
        )

    @property
    def kernels(self) -> tuple[str, ...]:
        """Names of the kernels in it."""
        always = ("qml_setup", "qml_tables", "qml_shared_sums")
        return always + (LARGE_KERNELS if self.large else ("qml_small",))

    def arena_words(self, n_local: int, n_prefix: int, n_slots: int) -> int:
        """Real numbers that a block keeps of its turns: cosines and sines of rows, and sums of slopes."""
        per_team = (2 + self.warps) * n_local + n_prefix
        words = self.teams * per_team + n_slots * (self.block // 32)
        return words + (words & 1)

    def shared_words(self, n_qubits: int) -> int:
        """Real numbers of shared memory without the arena: exchange, scratch, vectors of the prefix."""
        elements = 1 << self.tile_bits
        stride = elements + (self.team if self.thread_bits < 4 else 0)
        small = 4 * n_qubits + 3 * n_qubits * self.warps + (2 * (MAX_OUTER + 1) if self.large else 0)
        return 4 * self.teams * stride + self.amplitudes * self.block + self.teams * (small + (small & 1))

    def shared_bytes(self, n_qubits: int) -> int:
        """Bytes of `shared_words`."""
        return self.itemsize * self.shared_words(n_qubits)

    def team_memory(self, n_qubits: int, arena_words: int, shared_limit: int) -> tuple[int, bool]:
        """Bytes of shared memory of a block, and whether the arena is in them: where it costs no resident block."""
        shared, arena = self.shared_bytes(n_qubits), self.itemsize * arena_words
        inside = arena <= max(ARENA_SHARED, shared // 16) and shared + arena <= shared_limit
        return shared + (arena if inside else 0), inside


TEAM_KERNELS = ("qml_product", "qml_forward", "qml_observe", "qml_backward", "qml_ends", "qml_finish")
LARGE_KERNELS = ("qml_rows", "qml_words", *TEAM_KERNELS)


def register_bits(n_qubits: int, dtype: str) -> int:
    """Index bits in registers for a small state: what the compiled kernels hold without spills."""
    if n_qubits <= 4:
        return min(n_qubits, 2)
    usual = 3 if n_qubits == 5 else 4
    return SMALL[dtype].get(n_qubits, usual) - (dtype == "float64" and n_qubits > 5)


def choose(n_qubits: int, dtype: str, shared_limit: int, tile: tuple[int, int] | None = None) -> Instance:
    """The instance for a state of `n_qubits`: in one team where shared memory holds it, else in tiles.

    Args:
        n_qubits: bits of the amplitude index.
        dtype: precision.
        shared_limit: bytes of shared memory that a block may ask of the device.
        tile: register and thread bits of a tile; given, the state lies in global memory.

    Raises:
        CapabilityError: too many qubits, another precision, or a device with too little shared memory.
    """
    if dtype not in REAL:
        raise CapabilityError(f"The CUDA engine runs float32 and float64; got {dtype}. Cast the arrays first.")
    if n_qubits > MAX_QUBITS:
        raise CapabilityError(f"The CUDA engine runs at most {MAX_QUBITS} qubits; this Plan has {n_qubits}.")
    if tile is None and n_qubits <= MOST_SMALL[dtype]:
        bits = register_bits(n_qubits, dtype)
        small = Instance(dtype, bits, n_qubits - bits, False)
        if small.shared_bytes(n_qubits) <= shared_limit:
            return small
    for size in (tile,) if tile else TILES[dtype]:
        large = Instance(dtype, *size, True)
        outer = n_qubits - large.tile_bits
        if 0 <= outer <= MAX_OUTER and large.shared_bytes(n_qubits) <= shared_limit:
            return large
    raise CapabilityError(
        f"The CUDA engine needs more shared memory a block than the {shared_limit} bytes of this device for "
        f"{n_qubits} qubits in {dtype}. Take float32, or the CPU engine."
    )
