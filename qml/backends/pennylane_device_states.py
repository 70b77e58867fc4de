"""Measurements of the state itself, and samples: states by the executor, what is made of them by PennyLane."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from qml.backends.executor import Executor
from qml.backends.pennylane_device_tapes import TapeProgram, TapePrograms, dtype_of, slots_of
from qml.base.errors import CapabilityError
from qml.base.extras import require

require("pennylane", extra="pennylane", purpose="The PennyLane device")
from pennylane.devices.qubit.measure import measure
from pennylane.devices.qubit.sampling import measure_with_samples
from pennylane.tape import QuantumScript


def results_of_states(
    tapes: Sequence[QuantumScript],
    programs: TapePrograms,
    executor: Executor,
    dtype: np.dtype | None,
    random: np.random.Generator,
) -> list[Any]:
    """Results of tapes that have shots, or that measure the state itself.

    Args:
        tapes: each is one run, with its batch.
        programs: where their Programs are kept.
        executor: gives the states.
        dtype: of the run; None follows the parameters.
        random: draws the shots.

    Raises:
        CapabilityError: the executor gives no states.
    """
    if tapes and not executor.capabilities.states:
        raise CapabilityError(
            f"Device 'qml.engine' was asked for shots, or for a measurement of the state itself, which needs states; "
            f"the executor {executor.capabilities.name!r} gives none. Choose one that does, such as 'engine_cpu'."
        )
    return [_result(tape, programs.of(tape), executor, dtype, random) for tape in tapes]


def _result(tape: QuantumScript, compiled: TapeProgram, executor: Any, dtype: np.dtype | None, random) -> Any:
    state = _state(tape, compiled, executor, dtype_of([tape]) if dtype is None else dtype)
    place = {label: number for number, label in enumerate(compiled.wires)}
    measurements: list[Any] = [measurement.map_wires(place) for measurement in tape.measurements]
    batched = compiled.batched
    if not tape.shots:
        results = tuple(measure(m, state, is_state_batched=batched) for m in measurements)
        return results[0] if len(results) == 1 else results
    drawn: Any = measure_with_samples(measurements, state, tape.shots, is_state_batched=batched, rng=random)
    if tape.shots.has_partitioned_shots:
        return tuple(results[0] if len(results) == 1 else results for results in drawn)
    return drawn[0] if len(drawn) == 1 else tuple(drawn)


def _state(tape: QuantumScript, compiled: TapeProgram, executor: Any, dtype: np.dtype) -> np.ndarray:
    """The state with one dimension a wire, behind that of the batch if there is one."""
    slots = slots_of(compiled, tape, dtype)
    states_BA = executor.states(compiled.program, slots.inputs_BD, slots.weights)
    states_BA = states_BA * turned_by_phases(tape, compiled, dtype)[:, None]
    if not compiled.wires:
        return states_BA[:, 0] if compiled.batched else states_BA[0, 0]
    shape = (2,) * len(compiled.wires)
    return states_BA.reshape(-1, *shape) if compiled.batched else states_BA.reshape(shape)


def turned_by_phases(tape: QuantumScript, compiled: TapeProgram, dtype: np.dtype) -> np.ndarray:
    """What the global phases of a tape multiply its states by, `(B,)` or `(1,)`, complex; Programs hold none."""
    values = [value for operation in tape.operations for value in operation.data]
    phases = [v for v, parameter in zip(values, compiled.parameters, strict=False) if parameter.kind == "phase"]
    total = sum((np.asarray(phase, dtype) for phase in phases), np.zeros(1, dtype))
    return np.exp(-1j * total).astype(np.result_type(dtype, np.complex64))
