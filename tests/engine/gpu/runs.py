"""A run of a Plan on the emulated device, in the form of `qml.engine.runtime.run`."""

from __future__ import annotations

import numpy as np

from qml.engine.gpu.driver import Driver
from qml.engine.gpu.runner import GRADIENT, KEEP, RESUME, VALUES, Arrays, GpuRunner
from qml.engine.runtime import Run
from tests.engine.plans import COMPLEX, Case


def run_case(
    driver: Driver, case: Case, dtype: str, *, tile=None, gradient: bool = True, keep: bool = False, order: int = 0
) -> Run:
    """Values, and all gradients of `case`; with `keep` the gradients start from the kets of a forward run."""
    driver.library.order = order
    runner = GpuRunner(case.plan, dtype, driver, tile)
    rows, shared, cotangent = (np.ascontiguousarray(a, dtype) for a in (case.rows_BM, case.shared_S, case.cotangent_BW))
    initial = None if case.initial is None else np.ascontiguousarray(case.initial, COMPLEX[dtype])
    batch, amplitudes = len(rows), 2**case.plan.n_qubits
    given = {"rows": rows, "shared": shared, "cotangent": cotangent, "program": runner.packed.blob}
    out = {
        "values": np.full((batch, case.plan.n_words), np.nan, dtype),
        "grad_rows": np.full_like(rows, np.nan),
        "grad_shared": np.full_like(shared, np.nan),
    }
    if initial is not None:
        given["initial"] = initial
        out["grad_initial"] = np.full((batch, amplitudes), np.nan, COMPLEX[dtype])
    if keep:
        out["kets"] = np.full((batch, amplitudes), np.nan, COMPLEX[dtype])

    def start(mode: int) -> None:
        work = np.full(runner.shape(batch, mode).nbytes // 8, np.nan)
        arrays = given | out | {"workspace": work}
        addresses = {name: array.ctypes.data for name, array in arrays.items()}
        runner.run(7, Arrays(**addresses, initial_rows=0 if initial is None else len(initial)), batch, mode)

    if keep:
        start(VALUES | KEEP)
        start(GRADIENT | RESUME)
    else:
        start(VALUES | (GRADIENT if gradient else 0))
    if not gradient:
        return Run(out["values"])
    states = out.get("grad_initial")
    if states is not None and len(initial) == 1 and batch > 1:
        states = states.sum(axis=0, keepdims=True)
    return Run(out["values"], out["grad_rows"], out["grad_shared"], states)
