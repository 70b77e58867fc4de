"""Can this Executor run this Program? Asked once, before anything runs."""

from __future__ import annotations

from qml.backends.executor import Executor
from qml.base.errors import CapabilityError
from qml.base.memory import GIB
from qml.circuits.program import Program


def check_program(program: Program, executor: Executor) -> None:
    """Raise `CapabilityError` unless `executor` can run `program`; nothing has run yet."""
    able = executor.capabilities
    if program.n_qubits > able.max_qubits:
        size = ""
        if able.memory is not None:
            state = 8 << program.n_qubits
            size = (
                f", one state of which takes {state / GIB:,.1f} GiB even in float32, and this machine has "
                f"{able.memory / GIB:,.1f} GiB"
            )
        raise CapabilityError(
            f"Executor {able.name!r} was asked for a Program of {program.n_qubits} qubits{size}; it runs at most "
            f"{able.max_qubits}. Take fewer qubits, or executor='propagation', which takes many where the circuit is "
            "shallow or its angles are small."
        )
    readout = type(program.readout).__name__
    if readout not in able.readouts:
        raise CapabilityError(
            f"Executor {able.name!r} was asked for the readout {readout}; it gives {', '.join(able.readouts)}. "
            "Choose another readout with `program.with_readout(...)`."
        )
