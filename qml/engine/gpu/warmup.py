"""Compiles GPU kernels ahead of first use, for a device or, on a machine without one, for a named architecture.

python -m qml.engine.gpu.warmup --arch sm_90 --qubits 4 8 12
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence

from qml.circuits.program import Program
from qml.engine.compile import compile_program
from qml.engine.gpu.cubins import cubin, cubin_path
from qml.engine.gpu.driver import driver_of
from qml.engine.gpu.instance import choose
from qml.engine.gpu.packed import pack

SHARED_LIMITS = {"sm_80": 166912, "sm_86": 101376, "sm_89": 101376, "sm_90": 232448, "sm_100": 232448, "sm_120": 101376}


def warmup(program: Program, *, dtype: str = "float32", arch: str | None = None, row_weights: bool = False) -> str:
    """Compile, or find in the cache, the kernels that `program` needs.

    Args:
        program: the circuit.
        dtype: `"float32"` or `"float64"`.
        arch: for instance `"sm_90"`; None asks the first device.
        row_weights: for weights of each row.

    Returns:
        The name of the file in the cache; a cluster may share the folder (`QML_CACHE_DIR`).

    Raises:
        MissingExtraError: there is no compiler, or, with `arch` None, no driver.
        CapabilityError: there is no device, or it is too small.

    Example:
        >>> from qml.circuits import angle, sel
        >>> warmup(angle(4) + sel(4, depth=2), arch="sm_90").startswith("sm_90-")  # doctest: +SKIP
        True
    """
    limit = SHARED_LIMITS.get(arch, min(SHARED_LIMITS.values())) if arch else 0
    if arch is None:
        driver = driver_of(0)
        arch, limit = driver.arch, driver.shared_limit
    plan = compile_program(program, row_weights).plan
    instance = pack(plan, choose(plan.n_qubits, dtype, limit)).instance
    cubin(instance, arch)
    return cubin_path(instance, arch).name


def main(arguments: Sequence[str] | None = None) -> int:
    """Compile the kernels of circuits of layers."""
    from qml.circuits import angle, sel

    parser = argparse.ArgumentParser(
        prog="python -m qml.engine.gpu.warmup",
        description="Compiles the GPU kernels of circuits of entangling layers into the kernel cache, so that a first "
        "call does not wait for the compiler. Other circuits: qml.engine.gpu.warmup.warmup(program).",
    )
    parser.add_argument("--arch", help="architecture, for instance sm_90; without it that of the first device")
    parser.add_argument("--qubits", nargs="+", type=int, default=[4, 8, 10, 12], help="sizes")
    parser.add_argument("--dtype", default="float32", choices=["float32", "float64"], help="precision")
    given = parser.parse_args(arguments)
    for n_qubits in given.qubits:
        started = time.perf_counter()
        name = warmup(angle(n_qubits) + sel(n_qubits, depth=2), dtype=given.dtype, arch=given.arch)
        print(f"{n_qubits} qubits: {name} in {time.perf_counter() - started:.1f} s", flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
