"""What happens to a tape before it reaches the device: PennyLane's own decompositions, and checks that refuse."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from functools import lru_cache
from typing import Any

from qml.backends.pennylane_device_tapes import real_amplitudes
from qml.backends.pennylane_device_through_states import (
    SHIFT_RULES,
    refuse_shifts,
    refuse_trained_matrices,
    state_then_measurements,
)
from qml.base.errors import CapabilityError
from qml.base.extras import require
from qml.circuits.bridges.pennylane_ops import ROWS_BY_NAME

require("pennylane", extra="pennylane", purpose="The PennyLane device")
import pennylane as qp
from autograd.tracer import Box
from pennylane import math as qmath
from pennylane.devices import ExecutionConfig
from pennylane.devices.preprocess import (
    decompose,
    device_resolve_dynamic_wires,
    validate_device_wires,
    validate_measurements,
)
from pennylane.measurements import (
    ClassicalShadowMP,
    CountsMP,
    SampleMeasurement,
    SampleMP,
    ShadowExpvalMP,
    StateMeasurement,
)
from pennylane.operation import Operator, StatePrepBase
from pennylane.tape import QuantumScript
from pennylane.transforms import broadcast_expand
from pennylane.wires import Wires
from scipy.sparse import issparse

NAME = "qml.engine"
WIDEST_UNITARY = 5
TARGET_GATES = frozenset({*ROWS_BY_NAME, "QubitUnitary", "GlobalPhase", "Identity"})


def pipeline(wires: Wires | None, config: ExecutionConfig) -> Any:
    """The transforms of the device, in order; batches stay batches.

    Args:
        wires: the device's; None where any may be used.
        config: as `EngineDevice.setup_execution_config` left it.
    """
    rule = getattr(config.gradient_method, "__name__", None)
    return copy(_steps(wires, bool(config.use_device_gradient), rule))


@lru_cache(maxsize=64)
def _steps(wires: Wires | None, differentiated: bool, rule: str | None) -> Any:
    """The pipeline of a device; made once, since every call of a QNode asks for it."""
    steps = qp.CompilePipeline()
    steps.add_transform(qp.defer_measurements, allow_postselect=False)
    steps.add_transform(plain_first_state)
    steps.add_transform(
        decompose,
        stopping_condition=runs_as_it_is,
        decomposer=taken_apart,
        device_wires=wires,
        target_gates=TARGET_GATES,
        name=NAME,
    )
    steps.add_transform(device_resolve_dynamic_wires, wires=wires, allow_resets=False)
    steps.add_transform(validate_device_wires, wires, name=NAME)
    steps.add_transform(validate_measurements, analytic_measurements=_analytic, sample_measurements=_sampled, name=NAME)
    steps.add_transform(validate_pauli_forms)
    if differentiated:
        steps.add_transform(refuse_second_order)
        steps.add_transform(refuse_trained_matrices)
        steps.add_transform(state_then_measurements, wires=wires)
    elif rule in SHIFT_RULES:
        steps.add_transform(refuse_shifts, rule=rule)
    steps.add_transform(one_circuit_a_row)
    return steps


def runs_as_it_is(operation: Operator) -> bool:
    """Whether an operation is a row of the gate table, a constant unitary of few wires, or no gate at all."""
    if operation.name in ROWS_BY_NAME or operation.name in ("GlobalPhase", "Identity"):
        return True
    if operation.name != "QubitUnitary":
        return False
    matrix = operation.data[0]
    constant = not (qmath.is_abstract(matrix) or qmath.requires_grad(matrix) or qmath.ndim(matrix) > 2)
    return constant and len(operation.wires) <= WIDEST_UNITARY


def taken_apart(operation: Operator) -> Sequence[Operator]:
    """PennyLane's decomposition; of a constant of few wires that has none, its matrix."""
    if not operation.has_decomposition and operation.has_matrix and len(operation.wires) <= WIDEST_UNITARY:
        return [qp.QubitUnitary(qp.matrix(operation), wires=operation.wires)]
    return operation.decomposition()


def _analytic(measurement: Any) -> bool:
    return isinstance(measurement, StateMeasurement) and not isinstance(measurement, ClassicalShadowMP)


def _sampled(measurement: Any) -> bool:
    return isinstance(measurement, SampleMP | CountsMP | SampleMeasurement | ClassicalShadowMP | ShadowExpvalMP)


def _same(results: Sequence[Any]) -> Any:
    return results[0]


@qp.transform
def validate_pauli_forms(tape: QuantumScript):
    """Refuse an observable that cannot be written with Pauli words, before anything runs."""
    for measurement in tape.measurements:
        observable: Any = measurement.obs
        if observable is None or observable.pauli_rep is not None:
            continue
        if not observable.has_matrix:
            raise CapabilityError(
                f"Device {NAME!r} was asked for {measurement}; the observable {observable} has neither a Pauli form "
                f"nor a matrix. Nothing was run. Write it as a sum of products of qp.X, qp.Y and qp.Z."
            )
    return [tape], _same


@qp.transform
def plain_first_state(tape: QuantumScript):
    """Write a state that the tape starts from, given sparsely or by a formula, as its amplitudes."""
    first = tape.operations[0] if tape.operations else None
    if not isinstance(first, StatePrepBase) or isinstance(first, qp.BasisState):
        return [tape], _same
    if isinstance(first, qp.StatePrep) and not issparse(first.data[0]):
        return [tape], _same
    amplitudes: Any = first.state_vector()
    amplitudes = (amplitudes.toarray() if issparse(amplitudes) else amplitudes).reshape(-1)
    with qp.QueuingManager.stop_recording():
        plain = qp.StatePrep(amplitudes, wires=first.wires)
    return [tape.copy(operations=[plain, *tape.operations[1:]])], _same


@qp.transform
def refuse_second_order(tape: QuantumScript):
    """Refuse a derivative of a derivative under autograd, where it would silently be zero; torch and JAX refuse it."""
    boxes = [value for value in tape.get_parameters(trainable_only=False) if isinstance(value, Box)]
    if any(isinstance(box._value, Box) for box in boxes) or len({box._trace for box in boxes}) > 1:
        raise _second_order()
    return [tape], _same


def refuse_second_order_of_torch() -> None:
    """Refuse a backward pass that torch records for another one (`create_graph=True`): that one would miss terms."""
    torch = require("torch", extra="torch", purpose="PennyLane's interface for torch")
    if torch.is_grad_enabled():
        raise _second_order()


def _second_order() -> CapabilityError:
    return CapabilityError(
        f"Device {NAME!r} was asked for the derivative of a derivative, or to record one (create_graph=True); its own "
        f"are first derivatives. Pass max_diff=2 to the QNode, which takes the parameter-shift rule, or "
        f"diff_method='parameter-shift'. What is no expectation value (purity, entropies) needs 'default.qubit'."
    )


@qp.transform
def one_circuit_a_row(tape: QuantumScript):
    """Expand a batch of what a Program takes only as a constant: matrices, basis states, complex states."""
    if not any(map(_batch_of_constants, tape.operations)):
        return [tape], _same
    return broadcast_expand(tape)


def _batch_of_constants(operation: Operator) -> bool:
    if operation.name in ROWS_BY_NAME or operation.name == "GlobalPhase" or operation.batch_size is None:
        return False
    if isinstance(operation, qp.StatePrep):
        value: Any = operation.data[0]
        if qmath.is_abstract(value):
            return "complex" in str(value.dtype)
        return not real_amplitudes(qmath.unwrap([value])[0])
    return True
