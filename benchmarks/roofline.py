"""`python -m benchmarks.roofline`: what the machine can do, and what a step needs at least.

The arithmetic peak is that of fused multiply-adds on numbers that stay in registers; the bandwidth is that of a copy
far larger than any cache. Both are measured on the cores that this process is bound to.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, partial

import numpy as np

from benchmarks.machine import chosen_cores, largest_cache
from benchmarks.peers.environments import ROOT
from benchmarks.process import environment
from benchmarks.workload import Size

CHAINS, REPEATS = 12, 20_000_000  # as many chains as hide the latency and fit in 16 registers
LLVM_NAMES = {"float32": ("float", "f32"), "float64": ("double", "f64")}
COPIED_MIB, TRIALS = 128, 5


@dataclass(frozen=True)
class Roof:
    """Peaks of some cores.

    Args:
        flops: float32 multiplications and additions a second, an FMA counted as two.
        bytes: bytes read plus bytes written a second.
        threads: cores in use.
        cache: bytes of the largest cache; 0 where it is not known.
    """

    flops: float
    bytes: float
    threads: int
    cache: int = 0


def flops_of(size: Size) -> float:
    """Multiplications and additions that forward and gradients need after lowering, whatever an engine does.

    Of each amplitude: 12 for a rotation that turns it and 16 for a table of phases, once a wire and once a layer
    behind the first (of each layer the last RZ merges into the next table or falls away), and `54 + 3.25 n_qubits`
    for the product state, its gradient, the bra and the readout.

    Example:
        >>> flops_of(Size(8, 4, 1)) / 2**8, flops_of(Size(4, 2, 1)) / 2**4
        (416.0, 131.0)
    """
    n, layers = size.n_qubits, size.depth - 1
    return size.n_amplitudes * (12 * n * layers + 16 * layers + 54 + 3.25 * n)


def bytes_of(size: Size) -> float:
    """Traffic if states do not fit in a cache: one sweep a layer over the ket forward, over ket and bra backward.

    A sweep reads and writes complex64 numbers.

    Example:
        >>> bytes_of(Size(20, 4, 1)) / 2**20
        192.0
    """
    return size.n_amplitudes * size.depth * 3 * 16.0


def shares(size: Size, seconds: float, roof: Roof) -> tuple[float, float | None]:
    """How much of the arithmetic and of the memory bound a step of `seconds` reaches.

    None for memory where ket and bra of a row fit in the largest cache: then nothing needs to leave it.
    """
    memory = bytes_of(size) / roof.bytes / seconds if 16 * 2**size.n_qubits > roof.cache else None
    return flops_of(size) / roof.flops / seconds, memory


def measured_roof(threads: int) -> Roof:
    """Peaks of `threads` threads at once, best of some trials."""
    half = COPIED_MIB * 2**20 // 8 // threads
    pairs = [(np.ones(half), np.zeros(half)) for _ in range(threads)]
    copying = _best_seconds([lambda pair=pair: np.copyto(pair[1], pair[0]) for pair in pairs])
    return Roof(measured_flops("float32", threads), 2.0 * 8 * half * threads / copying, threads, largest_cache())


def measured_flops(dtype: str, threads: int) -> float:
    """Multiplications and additions a second of `threads` threads at once in `"float32"` or `"float64"`."""
    multiply_adds, lanes = _multiply_adds(dtype)
    return 2.0 * CHAINS * lanes * REPEATS * threads / _best_seconds([lambda: multiply_adds(REPEATS)] * threads)


def roof_of(cores: Sequence[int]) -> Roof:
    """Peaks of these cores, measured in a process that is bound to them."""
    command = [sys.executable, "-m", "benchmarks.roofline", "--threads", str(len(cores))]
    bind = partial(os.sched_setaffinity, 0, cores) if sys.platform == "linux" else None
    done = subprocess.run(
        command, check=True, capture_output=True, text=True, cwd=ROOT, env=environment(len(cores)), preexec_fn=bind
    )
    return Roof(**json.loads(done.stdout.splitlines()[-1]))


@cache
def _multiply_adds(dtype: str) -> tuple[Callable[[int], object], int]:
    """A compiled loop of CHAINS independent fused multiply-adds on vectors in registers, and the lanes of a vector."""
    import llvmlite.binding as llvm

    from qml.engine.vector import native_bytes

    nbytes, (number, suffix) = native_bytes(), LLVM_NAMES[dtype]
    lanes = nbytes // np.dtype(dtype).itemsize
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    machine = llvm.Target.from_default_triple().create_target_machine(
        cpu=llvm.get_host_cpu_name(), features=llvm.get_host_cpu_features().flatten(), opt=3
    )
    module = llvm.parse_assembly(_loop(f"<{lanes} x {number}>", f"v{lanes}{suffix}"))
    engine = llvm.create_mcjit_compiler(module, machine)
    engine.finalize_object()
    function = ctypes.CFUNCTYPE(None, ctypes.c_int64, ctypes.c_void_p)(engine.get_function_address("multiply_adds"))

    def call(repeats: int) -> None:
        keep = (ctypes.c_char * (2 * nbytes))()  # room for one aligned vector
        function(repeats, -(-ctypes.addressof(keep) // nbytes) * nbytes)

    call.engine = engine  # type: ignore[attr-defined]  (code lives as long as its engine)
    return call, lanes


def _loop(vector: str, suffix: str) -> str:
    """LLVM code: `repeats` times one FMA on each chain; at the end the sum goes to memory, so that nothing is idle."""
    chains = range(CHAINS)
    starts = "\n".join(f"%a{i} = phi {vector} [ zeroinitializer, %entry ], [ %b{i}, %again ]" for i in chains)
    steps = "\n".join(
        f"%b{i} = call {vector} @llvm.fma.{suffix}({vector} %a{i}, {vector} %by, {vector} %by)" for i in chains
    )
    sums = "\n".join(f"%s{i + 1} = fadd {vector} {'%b0' if i == 0 else f'%s{i}'}, %b{i + 1}" for i in chains[:-1])
    return f"""
declare {vector} @llvm.fma.{suffix}({vector}, {vector}, {vector})
define void @multiply_adds(i64 %repeats, {vector}* %out) {{
entry:
  %by = load {vector}, {vector}* %out
  br label %again
again:
  %n = phi i64 [ 0, %entry ], [ %next, %again ]
{starts}
{steps}
  %next = add i64 %n, 1
  %more = icmp ult i64 %next, %repeats
  br i1 %more, label %again, label %done
done:
{sums}
  store {vector} %s{CHAINS - 1}, {vector}* %out
  ret void
}}
"""


def _best_seconds(jobs: Sequence[Callable[[], object]]) -> float:
    """Least wall seconds of all jobs at once, a thread each."""
    best = float("inf")
    for _ in range(TRIALS):
        threads = [threading.Thread(target=job) for job in jobs]
        started = time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        best = min(best, time.perf_counter() - started)
    return best


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; prints one JSON object."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.roofline",
        description="Measure what the cores of this process can do: float32 multiplications and additions a second "
        "(fused, in registers) and bytes a second of a copy larger than the caches. `benchmarks.step` runs it on the "
        "cores that the libraries get and divides by it what a step needs at least.",
    )
    parser.add_argument("--threads", type=int, default=None, help="default: every core of this process")
    threads = len(chosen_cores(parser.parse_args(arguments).threads))
    print(json.dumps(vars(measured_roof(threads))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
