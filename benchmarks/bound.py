"""`python -m benchmarks.bound`: what this machine can do at most, how near the engine comes, and where the rest goes.

The bound is arithmetic: multiplications and additions that a step needs when the method is fixed (rotations, phase
tables, product state, bra), over the multiply-adds that one thread was measured to sustain. Flops are fixed by the
workload, whatever the compiler makes of it, so that fewer flops count as more speed.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from benchmarks.circuit import program
from benchmarks.pieces import Piece, bandwidth
from benchmarks.roofline import flops_of, measured_flops, measured_roof
from benchmarks.workload import Size, numbers
from qml.base.threads import available_cores
from qml.engine import layout as L
from qml.engine.cache import ENTRIES
from qml.engine.compile import compile_program
from qml.engine.memory import budget_bytes
from qml.engine.runner import Runner
from qml.engine.vector import VECTOR_BYTES

SIZES = (Size(4, 2, 32), Size(4, 2, 1024), Size(8, 4, 128), Size(8, 4, 1024), Size(12, 4, 64))
KIBIBYTES = {"L1": 16, "L2": 512}
SECONDS = 0.3
LANES = VECTOR_BYTES // 4
ONCE = ("prepare", "close_chunk", "finish")  # pieces that do not run for every tile


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns 0."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.bound",
        description="Peak multiply-adds and bandwidth of one thread, and the fraction that a training step reaches.",
        epilog="Workload (qubits, layers, rows): RY(x_i) on each wire, layers of RZ RY RZ and a CNOT ring, <Z_i>.",
    )
    parser.add_argument("--pieces", action="store_true", help="also time each compiled piece on one tile")
    parser.add_argument("--core", type=int, default=None, metavar="N", help="stay on this core (default: any)")
    parser.add_argument("--json", type=Path, default=None, metavar="FILE", help="write all figures there too")
    options = parser.parse_args(arguments)
    if options.core is not None and sys.platform == "linux":
        os.sched_setaffinity(0, {options.core})
    peak = {dtype: measured_flops(dtype, 1) / 1e9 for dtype in ("float32", "float64")}
    figures: dict = {"gigaflops": peak, "two_threads_over_one": two_threads(), "gigabytes_per_second": {}}
    print(f"multiply-adds, one thread: {peak['float32']:.0f} GFLOP/s float32, {peak['float64']:.0f} float64")
    print(f"two threads over one, multiply-adds alone: {figures['two_threads_over_one']:.2f}")
    for kind in ("load", "store", "copy"):
        rates = {name: bandwidth(kind, kibibytes) for name, kibibytes in KIBIBYTES.items()}
        figures["gigabytes_per_second"][kind] = rates
        print(f"{kind:6}" + "".join(f"{name:>10} {rate:6.0f} GB/s" for name, rate in rates.items()))
    copied = measured_roof(1).bytes / 1e9
    figures["gigabytes_per_second"]["copy"]["memory"] = copied
    print(f"{'copy':6}{'memory':>10} {copied:6.0f} GB/s")
    print("\nforward and gradients, residual kept, float32, one thread")
    print(f"{'size':16}{'us':>9}{'GFLOP/s':>10}{'of peak':>9}")
    for size in SIZES:
        seconds = step_seconds(size)
        rate = flops_of(size) / seconds / 1e9
        figures[str(size)] = {"seconds": seconds, "gigaflops": rate, "fraction": rate / peak["float32"]}
        print(f"{size!s:16}{seconds * 1e6:9.1f}{rate:10.1f}{rate / peak['float32']:9.0%}")
        if options.pieces:
            figures[str(size)]["pieces"] = {piece.name: piece.seconds for piece in _print_pieces(size, seconds)}
    if options.json is not None:
        options.json.write_text(json.dumps(figures, indent=2))
    return 0


def two_threads() -> float:
    """How many times the work of one thread two threads do; 1 where two logical cores share a physical one."""
    return 1.0 if available_cores() < 2 else measured_flops("float32", 2) / measured_flops("float32", 1)


def step_seconds(size: Size) -> float:
    """Median seconds of a forward run that keeps its kets and the gradients that use them, on one thread."""
    given = numbers(size)
    runner = Runner(compile_program(program(size)).plan, "float32", budget_bytes())

    def step() -> None:
        forward = runner.forward(given.inputs_BD, given.weights_P, keep=True, threads=1)
        arguments = (given.inputs_BD, given.weights_P, given.cotangent_BK)
        runner.gradients(*arguments, residual=forward.residual, threads=1)

    return _median(step)


def _median(step: Callable[[], None]) -> float:
    step()
    times, end = [], time.perf_counter() + SECONDS
    while time.perf_counter() < end or len(times) < 5:
        started = time.perf_counter()
        step()
        times.append(time.perf_counter() - started)
    return float(np.median(times))


def tile_pieces(size: Size) -> list[Piece]:
    """Seconds of each compiled piece on one tile whose buffers are in cache, and of what is done once a call."""
    given = numbers(size)
    runner = Runner(compile_program(program(size)).plan, "float32", budget_bytes())
    runner.gradients(given.inputs_BD, given.weights_P, given.cotangent_BK, want_words=True, threads=1)
    packed, frame, work = runner.packed, runner.pools.take_frame(), runner.pools.take_team(True, 1).first
    outputs = [np.empty((size.rows, packed.plan.n_words), np.float32), np.empty_like(given.inputs_BD)]
    shared = np.empty_like(given.weights_P)
    arrays = (given.weights_P, shared, given.inputs_BD, outputs[0], given.cotangent_BK, outputs[1])
    cut = frame.cut(packed, size.rows)
    fields = (cut.chunk_tiles, cut.chunks, 0, 0, cut.sums, 0, 0, 0)
    addresses = [array.ctypes.data for array in arrays]
    frame.write_call(packed.address, work.address, *addresses, 0, 0, 0, size.rows, *fields)
    plan, call, buffers = packed.address, frame.address, work.address
    ket = int(work.table[L.WORK_KETS]) + packed.ket_bytes * packed.n_segments
    of_tile, of_ket = (plan, call, buffers, 0), (plan, call, buffers, ket, 0)
    calls = {
        "load_rows": of_tile,
        "prefix_forward": of_tile,
        "run_forward": of_tile,
        "read_apart": of_ket,
        "start_apart": of_ket,
        "run_backward": of_tile,
        "prefix_backward": of_tile,
        "store_row_gradient": of_tile,
        "prepare": (plan, call),
        "close_chunk": of_tile,
        "finish": (call,),
    }
    table = packed.library.addresses
    return [Piece(name, int(table[ENTRIES.index(name)]), arguments).timed() for name, arguments in calls.items()]


def _print_pieces(size: Size, seconds: float) -> list[Piece]:
    pieces = tile_pieces(size)
    tiles = -(-size.rows // LANES)
    for piece in pieces:
        share = f"{piece.seconds * tiles / seconds:8.0%} of the step" if piece.name not in ONCE else "     once a call"
        print(f"    {piece.name:20}{piece.seconds * 1e9:12.0f} ns{share}")
    return pieces


if __name__ == "__main__":
    sys.exit(main())
