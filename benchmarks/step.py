"""`python -m benchmarks.step`: one training step beside PennyLane's jitted JAX, and the memory of deep circuits.

Both libraries run in this process on the same cores, in turns; their losses and gradients are compared before
anything is timed. Memory is the peak of a fresh process for each depth.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from importlib.metadata import version

import numpy as np

from benchmarks.contenders import Answer, Contender, Size, numbers, ours, pennylane_jax

# Size -> how many times faster than PennyLane's JAX it must be (None: measured, no promise).
BARS: dict[Size, float | None] = {
    Size(4, 2, 32): 1.5,
    Size(4, 2, 1024): None,
    Size(8, 4, 128): None,
    Size(8, 4, 1024): 40.0,
}
MEMORY_SIZE, MEMORY_DEPTHS, MEMORY_BAR_MIB = Size(8, 4, 1024), (4, 64), 64.0
TOLERANCE = 1e-4
TURN_SECONDS = 0.2


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns 0 if every bar is met."""
    options = _options(arguments)
    if options.memory_of:
        print(_peak_mib(options.memory_of))
        return 0
    cores = _take_cores(options.threads)
    print(_machine(cores))
    rounds = 3 if options.quick else options.rounds
    met = [_compare(size, bar, rounds) for size, bar in BARS.items() if bar or not options.quick]
    met.append(_compare_memory())
    return 0 if all(met) else 1


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.step",
        description="Time of one training step (forward, gradients to weights and inputs) in float32, interleaved "
        "with PennyLane's default.qubit under jax.jit and vmap; and peak memory at 64 layers beside that at 4. "
        "Workload (qubits, layers, rows): RY(x_i) on each wire, layers of RZ RY RZ and a CNOT ring, <Z_i>.",
        epilog="Exit status 0 means that every bar is met.",
    )
    parser.add_argument("--quick", action="store_true", help="only the sizes with a bar, 3 rounds")
    parser.add_argument("--rounds", type=int, default=7, help="turns of each library (default: 7)")
    parser.add_argument("--threads", type=int, default=None, help="cores for both libraries (default: all)")
    parser.add_argument("--memory-of", type=int, default=None, metavar="DEPTH", help=argparse.SUPPRESS)
    return parser.parse_args(arguments)


def _take_cores(threads: int | None) -> int:
    """Bind this process to `threads` cores before any library makes its pool, so that both get the same."""
    if sys.platform != "linux":
        return os.cpu_count() or 1
    cores = sorted(os.sched_getaffinity(0))
    if threads is not None:
        if not 1 <= threads <= len(cores):
            raise SystemExit(f"--threads must be 1..{len(cores)} on this machine; got {threads}.")
        os.sched_setaffinity(0, cores[:threads])
    return len(os.sched_getaffinity(0))


def _machine(cores: int) -> str:
    packages = ", ".join(f"{name} {version(name)}" for name in ("numpy", "numba", "torch", "jax", "pennylane"))
    return f"{_cpu_name()}, {cores} cores for both; Python {platform.python_version()}, {packages}\n"


def _cpu_name() -> str:
    try:
        with open("/proc/cpuinfo") as file:
            names = [line.partition(":")[2].strip() for line in file if line.startswith("model name")]
    except OSError:
        names = []
    return names[0] if names else platform.processor() or platform.machine()


# ---------------------------------------------------------------------------------------------------------- time
def _compare(size: Size, bar: float | None, rounds: int) -> bool:
    """Time both libraries in turns and print a table; whether the bar is met."""
    given = numbers(size)
    contenders = [make(size, given) for make in (ours, pennylane_jax)]
    firsts = [_first_call(contender) for contender in contenders]
    _check_agreement(size, *(contender.answer() for contender in contenders))
    times: list[list[float]] = [[] for _ in contenders]
    for _ in range(rounds):
        for contender, mine in zip(contenders, times, strict=True):
            mine.append(_median_of_turn(contender.step))
    print(f"(qubits, layers, rows) = {size}, float32, {rounds} rounds; microseconds a step")
    print(f"  {'':52}{'median':>12}{'fastest':>12}{'first call, s':>16}")
    for contender, mine, first in zip(contenders, times, firsts, strict=True):
        print(f"  {contender.name:52}{statistics.median(mine) * 1e6:12,.1f}{min(mine) * 1e6:12,.1f}{first:16.2f}")
    ratios = [theirs / mine for mine, theirs in zip(*times, strict=True)]
    ratio = statistics.median(ratios)
    verdict = "" if bar is None else f"; the bar is {bar:g}: {'met' if ratio >= bar else 'MISSED'}"
    print(f"  ratio, median of rounds {ratio:.1f} ({min(ratios):.1f} to {max(ratios):.1f}){verdict}\n", flush=True)
    return bar is None or ratio >= bar


def _first_call(contender: Contender) -> float:
    started = time.perf_counter()
    contender.step()
    return time.perf_counter() - started


def _median_of_turn(step: Callable[[], object]) -> float:
    """Median seconds of the steps of one turn."""
    step()
    times, end = [], time.perf_counter() + TURN_SECONDS
    while time.perf_counter() < end or len(times) < 3:
        started = time.perf_counter()
        step()
        times.append(time.perf_counter() - started)
    return statistics.median(times)


def _check_agreement(size: Size, mine: Answer, theirs: Answer) -> None:
    """Stop unless both libraries computed the same numbers."""
    pairs = {
        "loss": (np.array(mine.loss), np.array(theirs.loss)),
        "input gradient": (mine.inputs_BD, theirs.inputs_BD),
        "weight gradient": (mine.weights_P, theirs.weights_P),
    }
    for name, (a, b) in pairs.items():
        scale = max(1.0, float(np.abs(b).max()), size.rows**0.5)
        error = float(np.abs(a - b).max())
        if not error <= TOLERANCE * scale:
            raise SystemExit(f"{size}: the two libraries disagree in the {name} by {error:.2e}; nothing was timed.")


# -------------------------------------------------------------------------------------------------------- memory
def _compare_memory() -> bool:
    """Peak memory of fresh processes at each depth; whether depth stays within the bar."""
    peaks = []
    for depth in MEMORY_DEPTHS:
        command = [sys.executable, "-m", "benchmarks.step", "--memory-of", str(depth)]
        peaks.append(float(subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()[-1]))
    growth = peaks[-1] - peaks[0]
    size = MEMORY_SIZE
    print(f"peak memory of a process that trains ({size.n_qubits}, layers, {size.rows}) through the torch layer")
    for depth, peak in zip(MEMORY_DEPTHS, peaks, strict=True):
        print(f"  {depth:3} layers {peak:10.1f} MiB")
    verdict = "met" if growth <= MEMORY_BAR_MIB else "MISSED"
    print(f"  growth {growth:.1f} MiB; the bar is {MEMORY_BAR_MIB:g}: {verdict}")
    return growth <= MEMORY_BAR_MIB


def _peak_mib(depth: int) -> float:
    """Peak resident memory of this process after some steps, MiB."""
    size = Size(MEMORY_SIZE.n_qubits, depth, MEMORY_SIZE.rows)
    contender = ours(size, numbers(size))
    for _ in range(5):
        contender.step()
    return _resident_peak_mib()


def _resident_peak_mib() -> float:
    """Peak resident memory of this process; on Linux that of this program alone.

    `ru_maxrss` would include the parent at the moment it started this process.
    """
    if sys.platform == "linux":
        with open("/proc/self/status") as file:
            line = next(line for line in file if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    import resource

    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20


if __name__ == "__main__":
    sys.exit(main())
