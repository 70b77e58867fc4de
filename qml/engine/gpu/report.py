"""What the compiler makes of the kernels: registers, spills, stack, shared memory and occupancy, without a GPU.

python -m qml.engine.gpu.report
"""

from __future__ import annotations

import argparse
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from qml.base.registry import unknown
from qml.circuits import angle, sel
from qml.engine.compile import compile_program
from qml.engine.gpu import nvrtc
from qml.engine.gpu.cubins import options
from qml.engine.gpu.instance import ALL_PATHS, Instance, choose
from qml.engine.gpu.kernels import source
from qml.engine.gpu.packed import pack

ARCHITECTURES = ("sm_80", "sm_90")
# Of one multiprocessor: bytes of shared memory, of which a block may ask for so much; registers, warps and blocks.
PROCESSORS = {"sm_80": (167936, 166912, 65536, 64, 32), "sm_90": (233472, 232448, 65536, 64, 32)}
QUARTERS = 4  # of a multiprocessor
RESERVED = 1024  # bytes of shared memory that the system takes of each block
SIZES = ((4, 2), (5, 2), (8, 4), (10, 6), (12, 4), (13, 4), (20, 4))  # qubits and layers of the circuits shown
COLUMNS = ("n", "precision", "paths", "arch", "kernel", "K, threads", "registers", "spilt", "stack", "shared memory")
COLUMNS += ("blocks (warps)", "NVRTC")
SHOWN = (
    "qml_small",
    "qml_product",
    "qml_forward",
    "qml_observe",
    "qml_backward",
    "qml_ends",
    "qml_finish",
    "qml_setup",
)
_FIGURES = re.compile(
    r"Compiling entry function '(\w+)'.*?(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes spill loads"
    r".*?Used (\d+) registers",
    flags=re.DOTALL,
)


@dataclass(frozen=True)
class Figures:
    """One kernel as compiled; bytes, and registers a thread."""

    kernel: str
    stack: int
    spill_stores: int
    spill_loads: int
    registers: int


def figures(log: str) -> dict[str, Figures]:
    """Figures of each kernel from what the compiler said.

    Example:
        >>> figures(
        ...     "Compiling entry function 'k' for 'sm_90' 0 bytes stack frame, 0 bytes spill stores, "
        ...     "0 bytes spill loads Used 64 registers"
        ... )["k"].registers
        64
    """
    found = (Figures(name, *map(int, numbers)) for name, *numbers in _FIGURES.findall(log))
    return {figure.kernel: figure for figure in found}


def compiled(instance: Instance, arch: str) -> tuple[dict[str, Figures], int, float]:
    """Figures of the kernels of an instance, bytes of machine code, and seconds that NVRTC took."""
    started = time.perf_counter()
    result = nvrtc.compile_source(source(), (*options(instance, arch), "--ptxas-options=-v"))
    return figures(result.log), len(result.code), time.perf_counter() - started


def resident_blocks(arch: str, block: int, registers: int, shared_bytes: int) -> int:
    """Blocks that one multiprocessor holds, by its registers, shared memory, warps and blocks; an estimate.

    Each of its four quarters has its own quarter of the registers, so that they hold equally many warps.

    Example:
        >>> resident_blocks("sm_90", block=32, registers=128, shared_bytes=8000)
        16
        >>> resident_blocks("sm_90", block=32, registers=110, shared_bytes=8000)  # 4 in each quarter, not 18
        16
    """
    shared, _, all_registers, warps, blocks = PROCESSORS[arch]
    own = -(-block // 32)
    by_registers = QUARTERS * (all_registers // QUARTERS // (-(-registers * 32 // 256) * 256)) // own
    return min(shared // (shared_bytes + RESERVED), by_registers, warps // own, blocks)


def instances(n_qubits: int, depth: int, dtype: str, arch: str) -> Iterator[tuple[str, Instance, int]]:
    """What a circuit of layers and one with every optional path compile to: a word, the instance, shared memory.

    Raises:
        ConfigError: an architecture whose multiprocessors are not known here.
    """
    if arch not in PROCESSORS:
        raise unknown("GPU architecture", arch, list(PROCESSORS))
    plan = compile_program(angle(n_qubits) + sel(n_qubits, depth=depth)).plan
    chosen = choose(n_qubits, dtype, PROCESSORS[arch][1])
    packed = pack(plan, chosen)
    counts = packed.counts
    arena = chosen.arena_words(counts["n_local"], counts["n_prefix"], counts["n_slots"])
    shared = chosen.team_memory(n_qubits, arena, PROCESSORS[arch][1])[0]
    yield "layers", packed.instance, shared
    if packed.instance.paths != ALL_PATHS:
        yield "every path", chosen, shared


def rows(archs: Sequence[str], sizes: Sequence[tuple[int, int]], dtypes: Sequence[str]) -> Iterator[str]:
    """Lines of the table, each as soon as it is compiled."""
    yield "| " + " | ".join(COLUMNS) + " |"
    yield "|--:|---|---|---|---|---|--:|--:|--:|--:|--:|--:|"
    for dtype in dtypes:
        for n_qubits, depth in sizes:
            for arch in archs:
                for paths, instance, shared in instances(n_qubits, depth, dtype, arch):
                    found, _, seconds = compiled(instance, arch)
                    for kernel in (name for name in SHOWN if name in found and name != "qml_setup"):
                        yield _row(n_qubits, dtype, paths, arch, instance, found[kernel], shared, seconds)
    yield ""
    yield "Registers a thread; bytes spilt: stored + loaded; shared memory of a block; blocks and warps that one"
    yield "multiprocessor holds are worked out from these figures, not measured."


def _row(n_qubits, dtype, paths, arch, instance, figure: Figures, shared: int, seconds: float) -> str:
    blocks = resident_blocks(arch, instance.block, figure.registers, shared)
    warps = blocks * instance.block // 32
    cells = (n_qubits, dtype, paths, arch, figure.kernel, f"{instance.register_bits}, {instance.team}")
    cells += (figure.registers, f"{figure.spill_stores} + {figure.spill_loads}", figure.stack)
    cells += (f"{shared / 1024:.1f} KiB", f"{blocks} ({warps})", f"{seconds:.1f} s")
    return "| " + " | ".join(map(str, cells)) + " |"


def main(arguments: Sequence[str] | None = None) -> int:
    """Compile all instances and print the table."""
    parser = argparse.ArgumentParser(
        prog="python -m qml.engine.gpu.report",
        description="Compiles the GPU kernels for circuits of 4 to 20 qubits with NVRTC, which needs no GPU. Prints "
        "registers, spills, stack, shared memory and estimated occupancy of each. Takes some minutes for all.",
    )
    parser.add_argument(
        "--arch", nargs="+", default=list(ARCHITECTURES), choices=sorted(PROCESSORS), help="architectures"
    )
    parser.add_argument("--dtype", nargs="+", default=["float32", "float64"], help="precisions")
    parser.add_argument("--qubits", nargs="+", type=int, default=[n for n, _ in SIZES], help="sizes among those shown")
    given = parser.parse_args(arguments)
    for line in rows(given.arch, [size for size in SIZES if size[0] in given.qubits], given.dtype):
        print(line, flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
