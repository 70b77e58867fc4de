"""PennyLane tapes as Programs: one Program for all tapes of one structure, and the numbers of a tape as its slots."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from qml.backends.pennylane_device_readings import Reads, from_values, reads_of
from qml.base.errors import CapabilityError, DataError
from qml.base.extras import require
from qml.circuits.angle import Angle, input_slot, weight_slot
from qml.circuits.bridges.pennylane_from import basis_state
from qml.circuits.bridges.pennylane_ops import ROWS_BY_NAME, gates_of
from qml.circuits.bridges.tracing import TracedArray
from qml.circuits.gate import Gate
from qml.circuits.program import Program
from qml.circuits.readout import z_each

require("pennylane", extra="pennylane", purpose="The PennyLane device")
import pennylane as qp
from pennylane.ops.functions import bind_new_parameters
from pennylane.ops.op_math import CompositeOp
from pennylane.tape import QuantumScript
from pennylane.wires import Wires
from scipy.sparse import issparse

KEPT = 256
"""Structures whose Programs are kept."""

NORM_TOLERANCE = {"float32": 1e-4, "float64": 1e-8}
"""How far the norm of prepared amplitudes may be from one."""


@dataclass(frozen=True)
class Parameter:
    """Where one parameter of a tape goes.

    Args:
        kind: "input" (one number a row), "weight" (one number), "phase" (a global phase), "constant" (part of the
            structure) or "observable".
        start: its first slot.
        size: slots it fills: 1, or all amplitudes of a prepared state.
    """

    kind: str
    start: int = 0
    size: int = 1


@dataclass(frozen=True, eq=False)
class TapeProgram:
    """All that tapes of one structure share.

    Args:
        program: the circuit; numbers of a tape are its slots.
        parameters: of a tape, in the order of `tape.get_parameters(trainable_only=False)`.
        reads: what makes results of values; None where the state itself is needed.
        batched: whether the tapes have a batch dimension.
        wires: labels in the order of the Program's wires.
    """

    program: Program
    parameters: tuple[Parameter, ...]
    reads: Reads | None
    batched: bool
    wires: tuple

    @property
    def prepares(self) -> tuple[Parameter, ...]:
        """Parameters that are amplitudes of prepared states."""
        return tuple(p for p in self.parameters if p.kind in ("input", "weight") and p.size > 1)


class TapePrograms:
    """Programs by the structure of tapes; the least recently used go first.

    Example:
        >>> tape = QuantumScript([qp.RX(0.1, "a")], [qp.expval(qp.Z("a"))])
        >>> other = QuantumScript([qp.RX(0.7, "a")], [qp.expval(qp.Z("a"))])
        >>> programs = TapePrograms()
        >>> programs.of(tape) is programs.of(other), programs.of(tape).program.n_weights
        (True, 1)
    """

    def __init__(self, wires: Wires | None = None):
        self._wires = tuple(wires or ())
        self._kept: OrderedDict[tuple, TapeProgram] = OrderedDict()

    def __reduce__(self) -> tuple:
        return TapePrograms, (Wires(self._wires),)  # a copy starts without Programs

    def of(self, tape: QuantumScript, differentiated: bool = False) -> TapeProgram:
        """The Program of `tape`, whose operations are rows of the gate table.

        Args:
            tape: of any structure.
            differentiated: also read the derivatives of observables by their trainable coefficients.

        Raises:
            CapabilityError: an operation that preprocessing would have taken apart.
            ProgramError: an observable that has no Pauli form.
        """
        first = sum([len(operation.data) for operation in tape.operations])
        trained = tuple([p for p in tape.trainable_params if p >= first]) if differentiated else ()
        key = structure(tape), trained
        found = self._kept.get(key)
        if found is None:
            found = self._kept[key] = _translated(tape, wire_order(tape, self._wires), trained)
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        else:
            self._kept.move_to_end(key)
        return found


def wire_order(tape: QuantumScript, device_wires: Sequence = ()) -> tuple:
    """Labels of the wires that a tape uses: in the device's order, else as `default.qubit` orders them."""
    used = tape.wires
    if len(device_wires):
        return tuple(wire for wire in device_wires if wire in used)
    if set(used) == set(range(len(used))):
        operated = Wires.all_wires([operation.wires for operation in tape.operations])
        if set(operated) == set(range(len(operated))):
            return tuple(range(len(used)))
    return tuple(used)


def structure(tape: QuantumScript) -> tuple:
    """A key that is equal for tapes that differ in nothing but the numbers they turn by."""
    operations = tuple([_operation_key(operation) for operation in tape.operations])
    if needs_state(tape):
        return "state", operations, tape.wires.labels
    return operations, tuple([_measurement_key(m) for m in tape.measurements])


def needs_state(tape: QuantumScript) -> bool:
    """Whether the results are no functions of a few expectation values: shots, or `qp.state` and its kin."""
    return bool(tape.shots) or not all(map(from_values, tape.measurements))


def _operation_key(operation: Any) -> tuple:
    name, wires = operation.name, operation.wires.labels
    if name in ROWS_BY_NAME or name == "GlobalPhase":
        word = operation.hyperparameters["pauli_word"] if name == "PauliRot" else ""
        return name, wires, word, *[np.ndim(value) for value in operation.data]
    value: Any = operation.data[0] if operation.data else None
    if isinstance(operation, qp.StatePrep) and real_amplitudes(value):
        return name, wires, np.shape(value)
    if isinstance(operation, qp.StatePrep | qp.BasisState) or name == "QubitUnitary":
        array = np.asarray(value)
        return name, wires, array.shape, array.dtype.str, array.tobytes()
    if name == "Identity":
        return name, wires
    raise CapabilityError(
        f"Device 'qml.engine' was handed {name} on wires {list(wires)}, which it does not run as it is. Run the tape "
        f"through the device's preprocessing (a QNode or qp.execute does), which takes it apart."
    )


def real_amplitudes(value: Any) -> bool:
    """Whether a state to prepare has real amplitudes, which may then differ from row to row and be differentiated."""
    array: Any = np.asarray(value)
    return not np.iscomplexobj(array) or not array.imag.any()


def _measurement_key(measurement: Any) -> tuple:
    kind = type(measurement).__name__
    if measurement.obs is not None:
        return kind, _observable_key(measurement.obs)
    eigenvalues = measurement.eigvals()
    return kind, measurement.wires.labels, None if eigenvalues is None else np.asarray(eigenvalues).tobytes()


def _observable_key(observable: Any) -> tuple:
    """Name, wires and all numbers; a sum of Pauli words by its words."""
    name, wires = observable.name, observable.wires.labels
    if not observable.data and observable.pauli_rep is not None and len(observable.pauli_rep) == 1:
        return name, wires, tuple(next(iter(observable.pauli_rep)).items())
    if observable.pauli_rep is not None:
        terms = tuple((tuple(word.items()), complex(c)) for word, c in observable.pauli_rep.items())
        return name, wires, terms
    if observable.arithmetic_depth:
        parts = observable.operands if isinstance(observable, CompositeOp) else (observable.base,)
        return name, wires, _numbers(observable), tuple(_observable_key(part) for part in parts)
    return name, wires, _numbers(observable)


def _numbers(observable: Any) -> tuple:
    arrays = [value.toarray() if issparse(value) else np.asarray(value) for value in observable.data]
    return tuple((array.shape, array.dtype.str, array.tobytes()) for array in arrays)


def _translated(tape: QuantumScript, wires: tuple, trained: tuple[int, ...]) -> TapeProgram:
    """The Program of a tape: every number that something turns by becomes a slot, whether it is trained or not."""
    number = {label: position for position, label in enumerate(wires)}.__getitem__
    slots, gates, parameters = _Slots(), [], []
    for operation in tape.operations:
        found, places = _operation(operation, number, slots, gates)
        gates += found
        parameters += places
    n_qubits = max(1, len(wires))
    reads = None
    if not needs_state(tape):
        first = len(parameters)
        owners = [(which, place) for which, m in enumerate(tape.measurements) if m.obs for place in range(_n_data(m))]
        reads = reads_of(tape.measurements, [(p, *owners[p - first]) for p in trained], number, n_qubits)
    n_observed = len(tape.get_parameters(trainable_only=False)) - len(parameters)
    program = Program(
        n_qubits,
        tuple(gates),
        reads.readout if reads else z_each(range(n_qubits)),
        slots.n_inputs,
        slots.n_weights,
        name="tape",
    )
    parameters += [Parameter("observable")] * n_observed
    return TapeProgram(program, tuple(parameters), reads, tape.batch_size is not None, wires)


def _n_data(measurement: Any) -> int:
    return len(measurement.obs.data)


class _Slots:
    """Counts the slots that are handed out."""

    def __init__(self):
        self.n_inputs, self.n_weights = 0, 0

    def take(self, rows: bool, size: int = 1) -> tuple[Parameter, list[Angle]]:
        """Slots for `size` numbers, of each row or of all."""
        if rows:
            start, self.n_inputs = self.n_inputs, self.n_inputs + size
            return Parameter("input", start, size), [input_slot(start + k) for k in range(size)]
        start, self.n_weights = self.n_weights, self.n_weights + size
        return Parameter("weight", start, size), [weight_slot(start + k) for k in range(size)]


def _operation(operation: Any, number: Any, slots: _Slots, before: list[Gate]) -> tuple[list[Gate], list[Parameter]]:
    """The gates of one operation, and where its parameters go."""
    name = operation.name
    if name == "GlobalPhase":
        return [], [Parameter("phase")]
    if isinstance(operation, qp.BasisState):
        touched = {wire for gate in before for wire in gate.wires}
        return basis_state(operation, {w: number(w) for w in operation.wires}, touched), [Parameter("constant")]
    if isinstance(operation, qp.StatePrep):
        return _preparation(operation, number, slots)
    if name == "QubitUnitary":
        return gates_of(operation, number), [Parameter("constant")]
    pairs = [slots.take(rows=np.ndim(value) > 0) for value in operation.data]
    with qp.QueuingManager.stop_recording():
        angles = [TracedArray.of(angle, ()) for _, angle in pairs]
        traced = bind_new_parameters(operation, angles) if angles else operation
        return gates_of(traced, number), [parameter for parameter, _ in pairs]


def _preparation(operation: Any, number: Any, slots: _Slots) -> tuple[list[Gate], list[Parameter]]:
    values = operation.data[0]
    if real_amplitudes(values):
        parameter, angles = slots.take(np.ndim(values) == 2, np.shape(values)[-1])
        return [Gate("Amplitudes", tuple(map(number, operation.wires)), tuple(angles))], [parameter]
    return gates_of(operation, number), [Parameter("constant")]


@dataclass(frozen=True)
class Slots:
    """The numbers of a tape as a Program takes them: inputs `(B, D)` and weights `(P,)`."""

    inputs_BD: np.ndarray
    weights: np.ndarray


def slots_of(compiled: TapeProgram, tape: QuantumScript, dtype: np.dtype) -> Slots:
    """The numbers that `tape` hands to its Program, in `dtype`.

    Raises:
        DataError: a parameter is not finite, or the amplitudes of a state to prepare have another norm than one.
    """
    values: list[Any] = [value for operation in tape.operations for value in operation.data]
    by_row = (len(v) for v, p in zip(values, compiled.parameters, strict=False) if p.kind == "input")
    rows = next(by_row, None) or (tape.batch_size if compiled.batched else 1)
    inputs = np.empty((rows or 1, compiled.program.n_inputs), dtype)
    weights = np.empty(compiled.program.n_weights, dtype)
    for value, parameter in zip(values, compiled.parameters, strict=False):
        if parameter.kind == "weight" and parameter.size == 1:
            weights[parameter.start] = value
        elif parameter.kind == "input" and parameter.size == 1:
            inputs[:, parameter.start] = value
        elif parameter.kind in ("input", "weight"):
            target = inputs if parameter.kind == "input" else weights
            target[..., parameter.start : parameter.start + parameter.size] = np.real(value)
    if not (np.isfinite(inputs).all() and np.isfinite(weights).all()):
        _refuse_not_finite(values)
    for parameter in compiled.prepares:
        target = inputs if parameter.kind == "input" else weights
        _check_norm(target[..., parameter.start : parameter.start + parameter.size])
    return Slots(inputs, weights)


def _refuse_not_finite(values: list) -> None:
    bad = [number for number, value in enumerate(values) if not np.isfinite(np.asarray(value)).all()]
    raise DataError(
        f"Device 'qml.engine' was handed a tape whose parameter {bad[0]} is not finite: {values[bad[0]]} "
        f"({len(bad)} of {len(values)} parameters are not). Nothing was run. Check what comes before the circuit."
    )


def _check_norm(amplitudes: np.ndarray) -> None:
    norms = np.atleast_1d(np.linalg.norm(amplitudes, axis=-1))
    off = np.flatnonzero(np.abs(norms - 1) > NORM_TOLERANCE[amplitudes.dtype.name])
    if len(off):
        raise DataError(
            f"Device 'qml.engine' was asked to prepare a state of norm {norms[off[0]]:.9g} (row {off[0]} of "
            f"{len(norms)}); it prepares unit vectors. Pass normalize=True to StatePrep or AmplitudeEmbedding."
        )


def dtype_of(tapes: Sequence[QuantumScript]) -> np.dtype:
    """float32 where every array among the parameters of the circuits is float32 (or complex64), else float64."""
    single = False
    for tape in tapes:
        for operation in tape.operations:
            for value in operation.data:
                if isinstance(value, float | int) and not isinstance(value, np.generic):
                    continue
                if np.asarray(value).dtype not in (np.float32, np.complex64):
                    return np.dtype(np.float64)
                single = True
    return np.dtype(np.float32 if single else np.float64)
