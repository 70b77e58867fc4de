"""Measurements that are no expectation values, in a tape that is trained: made from its state in the framework.

PennyLane's formulas turn the state into purity, entropies and so on with operations of torch, JAX or autograd, which
differentiate them; the device differentiates the state.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from qml.backends.pennylane_device_readings import FROM_VALUES, from_values
from qml.backends.pennylane_device_tapes import wire_order
from qml.base.errors import CapabilityError
from qml.base.extras import require

require("pennylane", extra="pennylane", purpose="The PennyLane device")
import pennylane as qp
from autograd.tracer import Box
from pennylane import math as qmath
from pennylane.devices.qubit.measure import measure
from pennylane.measurements import ExpectationMP, ProbabilityMP, StateMeasurement, StateMP
from pennylane.tape import QuantumScript
from pennylane.wires import Wires

SHIFT_RULES = ("param_shift", "param_shift_cv", "hadamard_grad", "stoch_pulse_grad", "pulse_odegen")
"""Gradient transforms of PennyLane that are right only for what is linear in the density matrix."""


def through_the_state(measurement: Any) -> bool:
    """Whether a trained tape needs its state for a measurement; also for the gradient by an observable's matrix."""
    return not from_values(measurement) or trained_matrix(measurement)


def trained_matrix(measurement: Any) -> bool:
    """Whether the derivative by an array among the data of the observable is asked for.

    PennyLane's own arrays count where autograd follows them, not for being marked as trainable.
    """
    data = [] if measurement.obs is None else measurement.obs.data
    return any(
        bool(qmath.ndim(value))
        and qmath.requires_grad(value)
        and (isinstance(value, Box) or qmath.get_interface(value) != "autograd")
        for value in data
    )


@qp.transform
def refuse_trained_matrices(tape: QuantumScript):
    """Refuse the gradient by a matrix within an observable, except by that of `expval(Hermitian)`, which is given."""
    for measurement in filter(trained_matrix, tape.measurements):
        observable: Any = measurement.obs
        if not (isinstance(measurement, ExpectationMP) and type(observable) is qp.Hermitian):
            raise CapabilityError(
                f"Device 'qml.engine' was asked for the derivative of a {type(measurement).__name__} by an array of "
                f"its observable {observable.name}; it gives that of expval(Hermitian). Nothing was run. Make the "
                f"array constant (requires_grad=False, detach, or a NumPy array), or write the observable as a sum of "
                f"Pauli words."
            )
    return [tape], _same


@qp.transform
def state_then_measurements(tape: QuantumScript, wires: Wires | None):
    """Run a trained tape for its state, and for what is an expectation value; make the rest from the state."""
    others = [through_the_state(measurement) for measurement in tape.measurements]
    if not any(others) or tape.shots or not tape.trainable_params or not tape.wires:
        return [tape], _same
    order = wire_order(tape, tuple(wires or ()))
    values = [_of_all(m, order) for m, other in zip(tape.measurements, others, strict=True) if not other]
    tapes = [_trained_alike(tape, [StateMP(wires=Wires(order))])]
    if values:
        tapes.append(_trained_alike(tape, values))
    made = partial(_made, measurements=tape.measurements, others=others, order=order, batched=tape.batch_size)
    return tapes, made


def _of_all(measurement: Any, order: tuple) -> Any:
    """Probabilities of all wires, by name: without the other measurements a tape may have fewer wires."""
    bare = isinstance(measurement, ProbabilityMP) and measurement.obs is None and not measurement.wires
    return ProbabilityMP(wires=Wires(order)) if bare else measurement


def _trained_alike(tape: QuantumScript, measurements: list[Any]) -> QuantumScript:
    """The tape with other measurements, its trained gates still trained, and observables as they require."""
    n_operated = sum(len(operation.data) for operation in tape.operations)
    whole = tape.copy(measurements=measurements, trainable_params=None)
    trained = [number for number in tape.trainable_params if number < n_operated]
    observed = qmath.get_trainable_indices(whole.get_parameters(trainable_only=False)[n_operated:])
    whole.trainable_params = trained + [n_operated + number for number in observed]
    return whole


def _made(results: Sequence[Any], measurements: Sequence[Any], others: list[bool], order: tuple, batched: Any) -> Any:
    """The measurements in their order: from the state, or as the device gave them."""
    shape = (2,) * len(order)
    reshape: Any = qmath.reshape
    state = reshape(results[0], shape if batched is None else (-1, *shape))
    place = {label: number for number, label in enumerate(order)}
    values = iter(results[1:] if others.count(False) == 1 else results[1] if len(results) > 1 else ())
    made = tuple(
        measure(measurement.map_wires(place), state, is_state_batched=batched is not None) if other else next(values)
        for measurement, other in zip(measurements, others, strict=True)
    )
    return made[0] if len(made) == 1 else made


@qp.transform
def refuse_shifts(tape: QuantumScript, rule: str):
    """Refuse a rule that is right for expectation values alone, where others are trained: its numbers are wrong."""
    if tape.shots or not tape.trainable_params:
        return [tape], _same
    for measurement in tape.measurements:
        if isinstance(measurement, StateMeasurement) and not isinstance(measurement, (*FROM_VALUES, StateMP)):
            raise CapabilityError(
                f"Device 'qml.engine' was asked for {measurement} with the gradient rule {rule!r}, which is right "
                f"for functions that are linear in the density matrix, and {type(measurement).__name__} is none. "
                f"Nothing was run. Take diff_method='best' (exact, from the state) or 'finite-diff', or mark the "
                f"parameters as not trainable."
            )
    return [tape], _same


def _same(results: Sequence[Any]) -> Any:
    return results[0]
