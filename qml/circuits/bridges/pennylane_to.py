"""Programs as PennyLane functions and QNodes: to take a circuit elsewhere, and as an independent oracle."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from operator import mul
from typing import Any

import numpy as np

from qml.base.extras import require
from qml.circuits.angle import Angle
from qml.circuits.gate import Gate
from qml.circuits.gates import PREPARATIONS
from qml.circuits.program import Program
from qml.circuits.readout import PauliSum, PauliWord, Probabilities
from qml.circuits.steps import preparations

require("pennylane", extra="pennylane", purpose="The bridge to PennyLane")
import pennylane as qp

array_math: Any = qp.math  # of whatever arrays come in; its names are made at run time


def to_pennylane(program: Program) -> Callable:
    """A quantum function `f(inputs, weights)` that queues the gates of `program` and returns its measurements.

    It holds nothing of this package and can be made a QNode, drawn or transformed; `from_pennylane` leads
    back to an equal Program with one block of weights.

    Args:
        program: any Program. Behind gates on other wires, a preparation is legal here and refused by some
            PennyLane devices.

    Returns:
        `f(inputs, weights)` with `inputs` `(D,)` or `(B, D)` and `weights` `(P,)` or `(B, P)`. It returns a list
        of `qp.expval`, or one `qp.probs`.

    Example:
        >>> import pennylane as qp
        >>> from qml.circuits import Circuit
        >>> program = Circuit(2).ry(0, 0.5).cnot([0, 1]).build()
        >>> print(qp.draw(to_pennylane(program))().splitlines()[0])
        0: ──RY(0.50)─╭●─┤  <Z>
    """

    def circuit(inputs=(), weights=()):
        inputs, weights = _as_array(inputs), _as_array(weights)
        for gate in program.gates:
            _queue(gate, [_evaluate(angle, inputs, weights) for angle in gate.angles])
        if isinstance(program.readout, Probabilities):
            return qp.probs(wires=list(program.readout.wires))
        return [qp.expval(_observable(observable)) for observable in program.readout.observables]

    return circuit


def to_qnode(program: Program, interface: str = "numpy") -> Callable:
    """`program` on PennyLane's `default.qubit`: `run(inputs_BD, weights) -> values_BK`, by backprop.

    Made for tests: gates and derivatives are PennyLane's own. Only the sums of Pauli words, and the product
    of several preparations, are formed here.

    Args:
        program: any Program.
        interface: `"numpy"` (no derivatives), `"torch"`, `"jax"` or `"autograd"`: what the arrays are.

    Returns:
        `run(inputs_BD, weights)` with `weights` `(P,)` or `(B, P)`, giving `(B, K)`; `B` may be 0.

    Example:
        >>> import numpy as np
        >>> from qml.circuits import angle
        >>> run = to_qnode(angle(1))
        >>> run(np.array([[0.0], [np.pi]]), np.zeros(0)).round(6)
        array([[ 1.],
               [-1.]])
    """
    numeric = interface == "numpy"
    node = qp.QNode(
        _word_circuit(program),
        qp.device("default.qubit", wires=program.n_qubits),
        interface="numpy" if numeric else interface,
        diff_method=None if numeric else "backprop",
    )

    def run(inputs_BD, weights):
        n_rows = len(inputs_BD)
        spare = max(0, 2 - n_rows)  # PennyLane 0.45 takes batches of 2 rows and more
        padded = _with_rows(weights, spare) if array_math.ndim(weights) == 2 else weights
        results = node(_with_rows(inputs_BD, spare), padded)
        return _values(program, results, n_rows + spare)[:n_rows]

    return run


def _word_circuit(program: Program) -> Callable:
    """Preparations as one state in front, then the gates, then <word> of every Pauli word that is read."""
    gates = [gate for gate in program.gates if gate.name not in PREPARATIONS]
    words = _words(program)

    def circuit(inputs, weights):
        _queue_preparations(preparations(program), inputs, weights)
        for gate in gates:
            values = [_evaluate(angle, inputs, weights) for angle in gate.angles]
            if gate.name == "IsingXY":  # its matrix (PennyLane 0.45) takes no batch of torch tensors
                qp.IsingXY.compute_decomposition(*values, wires=list(gate.wires))
            else:
                _queue(gate, values)
        if isinstance(program.readout, Probabilities):
            return qp.probs(wires=list(program.readout.wires))
        return [qp.expval(_word(word)) for word in words]

    return circuit


def _words(program: Program) -> list[PauliWord]:
    """The distinct words that the readout needs, the identity (which every device knows) included."""
    if isinstance(program.readout, Probabilities):
        return []
    return sorted({word for observable in program.readout.observables for _, word in observable.terms} | {()})


def _values(program: Program, results, n_rows: int):
    """Rows of values from what the QNode returned; a circuit without data gives the same row everywhere."""
    if isinstance(program.readout, Probabilities):
        row_or_rows = results
    else:
        place = {word: number for number, word in enumerate(_words(program))}
        results = _same_batch(list(results))
        columns = [
            sum((coefficient * results[place[word]] for coefficient, word in observable.terms), 0.0 * results[0])
            for observable in program.readout.observables
        ]
        row_or_rows = array_math.stack(columns, axis=-1)
    if array_math.ndim(row_or_rows) == 1:
        return array_math.stack([row_or_rows] * n_rows)
    return row_or_rows


def _with_rows(array_BD, count: int):
    """`count` rows of ones behind the array."""
    if not count:
        return array_BD
    rows = array_math.cast_like(array_math.convert_like(np.ones((count, *array_BD.shape[1:])), array_BD), array_BD)
    return array_math.concatenate([array_BD, rows])


def _as_array(values):
    return np.asarray(values, dtype=float) if isinstance(values, (list, tuple)) else values


def _evaluate(angle: Angle, inputs, weights) -> Any:
    """The number, or one number a row, that `angle` is."""
    arrays = {"input": inputs, "weight": weights}
    total: Any = angle.constant
    for coefficient, slots in angle.terms:
        total = total + coefficient * reduce(mul, (arrays[slot.kind][..., slot.index] for slot in slots))
    return total


def _same_batch(values: list) -> list:
    """The values as arrays of one shape: the batch, if one of them has it."""
    arrays = [value for value in values if not isinstance(value, float)]
    if not arrays:
        return values
    zeros = array_math.zeros_like(max(arrays, key=array_math.ndim))
    return [value + zeros for value in values]


def _queue(gate: Gate, values: list) -> None:
    """The PennyLane operation of `gate`."""
    wires = list(gate.wires)
    match gate.name:
        case "PauliRot":
            qp.PauliRot(values[0], gate.word, wires=wires)
        case "Unitary":
            qp.QubitUnitary(np.array(gate.matrix), wires=wires)
        case "State":
            qp.StatePrep(np.array(gate.matrix[0]), wires=wires)
        case "Amplitudes":
            qp.StatePrep(array_math.stack(_same_batch(values), axis=-1), wires=wires, normalize=True)
        case name if name.endswith("dg"):
            qp.adjoint(getattr(qp, name.removesuffix("dg"))(wires=wires))
        case name:
            getattr(qp, name)(*_same_batch(values), wires=wires)


def _queue_preparations(gates: tuple[Gate, ...], inputs, weights) -> None:
    """One StatePrep on the wires of all preparations: `default.qubit` takes only one, in front."""
    if not gates:
        return
    state: Any = array_math.convert_like(np.ones(1, dtype=complex), inputs)
    for gate in gates:
        factor = array_math.convert_like(_amplitudes(gate, inputs, weights), inputs)
        product = state[..., :, None] * factor[..., None, :]
        state = array_math.reshape(product, (*product.shape[:-2], product.shape[-2] * product.shape[-1]))
    qp.StatePrep(state, wires=[wire for gate in gates for wire in gate.wires])


def _amplitudes(gate: Gate, inputs, weights):
    """The normalised amplitudes of one preparation, `(A,)` or `(B, A)`, complex."""
    if gate.name == "State":
        return np.array(gate.matrix[0])
    values = array_math.stack(_same_batch([_evaluate(angle, inputs, weights) for angle in gate.angles]), axis=-1)
    return values / array_math.sqrt(array_math.sum(values**2, axis=-1))[..., None]


def _word(word: PauliWord) -> Any:
    letters: dict[str, Any] = {"X": qp.X, "Y": qp.Y, "Z": qp.Z}
    factors = [letters[letter](wire) for wire, letter in word]
    return qp.prod(*factors) if len(factors) > 1 else (factors[0] if factors else qp.Identity(0))


def _observable(observable: PauliSum):
    """A single word as itself, anything else as a linear combination."""
    if len(observable.terms) == 1 and observable.terms[0][0] == 1.0:
        return _word(observable.terms[0][1])
    return qp.Hamiltonian([c for c, _ in observable.terms], [_word(word) for _, word in observable.terms])
