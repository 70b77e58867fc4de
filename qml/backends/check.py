"""Can this Executor run this Program, and are these arrays? Asked before anything runs."""

from __future__ import annotations

import numpy as np

from qml.backends.executor import Capabilities, Executor
from qml.base.errors import CapabilityError, ProgramError, ShapeError, kind_of
from qml.base.memory import GIB
from qml.circuits.program import Program
from qml.engine.finite import check_weights

WIDER = "executor='propagation', which takes many where the circuit is shallow or its angles are small"


def check_is_program(who: str, program: Program) -> None:
    """Raise `ProgramError` where `who` is handed anything but a Program, such as the name of a circuit."""
    if not isinstance(program, Program):
        raise ProgramError(
            f"{who} was handed {program!r}, which is no Program. Make one, for instance `angle(4) + sel(4, depth=2)` "
            'or `CIRCUITS["sel"](n_qubits, depth)`, both of `qml.circuits`.'
        )


def check_arguments(executor: Executor, program: Program, **arrays: np.ndarray) -> None:
    """Raise `ProgramError` or `ShapeError` where a Program or NumPy arrays were to be handed in, and were not."""
    if type(program) is not Program:
        check_is_program(type(executor).__name__, program)
    for name, array in arrays.items():
        if not isinstance(array, np.ndarray):
            raise ShapeError(
                f"{type(executor).__name__} got {name} that are a {kind_of(array)}; hand in a NumPy array: "
                "np.asarray(values, np.float32). Tensors and JAX arrays are for the layers of `qml.layers`."
            )


def check_call(executor: Executor, program: Program, inputs_BD: np.ndarray, weights: np.ndarray) -> None:
    """All that is asked before a call: NumPy arrays, a Program that `executor` can run, weights that are finite.

    Raises:
        ProgramError, ShapeError: something else was handed in.
        CapabilityError: the executor cannot run the Program.
        DataError: a weight is not finite.
    """
    check_arguments(executor, program, inputs=inputs_BD, weights=weights)
    check_program(program, executor)
    check_weights(program, weights)


def _wider(able: Capabilities, n_qubits: int) -> str:
    """What has so many qubits."""
    if able.larger is None:
        return WIDER
    found = [f"{name} ({size})" for name, size in able.larger if size >= n_qubits]
    return " or ".join(found) or "noise=snapshot of a larger device"


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
            f"{able.max_qubits}. Take fewer qubits, or {_wider(able, program.n_qubits)}."
        )
    readout = type(program.readout).__name__
    if readout not in able.readouts:
        raise CapabilityError(
            f"Executor {able.name!r} was asked for the readout {readout}; it gives {', '.join(able.readouts)}. "
            "Choose another readout with `program.with_readout(...)`."
        )
