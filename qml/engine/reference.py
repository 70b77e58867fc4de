"""The dense simulator that everything else is compared with: matrices from the gate table, never tuned.

It knows nothing of Pauli rotations, frames or blocks. A derivative of a gate comes from its matrix alone: the
entries are trigonometric polynomials of each angle, so their derivative follows exactly from a few samples.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from qml.base.errors import ShapeError
from qml.circuits.angle import Angle, Slot
from qml.circuits.gate import Gate
from qml.circuits.gates import GATES, PAULI, PREPARATIONS
from qml.circuits.program import Program
from qml.circuits.readout import PauliWord, Probabilities

SAMPLES = 9  # of a period 4 pi: exact for frequencies up to 2 in an angle; the gates of the table reach 1
STENCIL = ((-2, 1 / 12), (-1, -8 / 12), (1, 8 / 12), (2, -1 / 12))


@dataclass(frozen=True)
class ReferenceGradients:
    """Gradients of `sum(values_BK * cotangent_BK)` in the shapes of the inputs and the weights, float64."""

    inputs_BD: np.ndarray
    weights: np.ndarray


def state(program: Program, inputs_D: np.ndarray, weights_P: np.ndarray) -> np.ndarray:
    """The state behind the last gate for one row of inputs, `(2**n_qubits,)` complex128.

    Example:
        >>> from qml.circuits.gate import Gate
        >>> bell = Program(2, (Gate("Hadamard", (0,)), Gate("CNOT", (0, 1))))
        >>> state(bell, np.zeros(0), np.zeros(0)).round(3).real
        array([0.707, 0.   , 0.   , 0.707])
    """
    return states(program, np.asarray(inputs_D)[None], weights_P)[0]


def states(program: Program, inputs_BD: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The states behind the last gate, `(B, 2**n_qubits)` complex128; arguments as for `values`."""
    inputs_BD, weights_BP = _rows(program, inputs_BD, weights)
    return _states_before(program, inputs_BD, weights_BP)[-1]


def values(program: Program, inputs_BD: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """What the readout of `program` returns, exactly.

    Args:
        program: any Program, preparations included.
        inputs_BD: `(B, n_inputs)`; `B` is the batch even when `n_inputs` is 0.
        weights: `(P,)`, shared by the rows, or `(B, P)`, one set a row.

    Returns:
        `(B, K)` float64.

    Raises:
        ShapeError: inputs or weights do not fit the Program.
        DataError: amplitudes to be prepared have norm zero.
    """
    states_BA = states(program, inputs_BD, weights)
    readout = program.readout
    if isinstance(readout, Probabilities):
        return _probabilities(states_BA, readout.wires)
    columns = []
    for observable in readout.observables if readout else ():
        terms = [c * np.sum(states_BA.conj() * _word_applied(states_BA, w), axis=1).real for c, w in observable.terms]
        columns.append(np.sum(terms, axis=0) if terms else np.zeros(len(states_BA)))
    return np.stack(columns, axis=1)


def gradients(
    program: Program, inputs_BD: np.ndarray, weights: np.ndarray, cotangent_BK: np.ndarray
) -> ReferenceGradients:
    """Exact gradients of `sum(values * cotangent_BK)`: all states are kept, each gate is un-applied once.

    Args:
        program: any Program.
        inputs_BD: as for `values`.
        weights: as for `values`.
        cotangent_BK: `(B, K)`.

    Returns:
        Gradients in the shapes of `inputs_BD` and `weights`.
    """
    inputs_BD, weights_BP = _rows(program, inputs_BD, weights)
    before = _states_before(program, inputs_BD, weights_BP)
    bras = _observed(before[-1], program, np.asarray(cotangent_BK, dtype=float))
    grad_inputs, grad_weights = np.zeros_like(inputs_BD), np.zeros_like(weights_BP)
    for gate, kets in zip(reversed(program.gates), reversed(before[:-1]), strict=True):
        angles_BG = _angles(gate, inputs_BD, weights_BP)
        slopes_BG, bras = _unapplied(gate, angles_BG, kets, bras)
        for angle, slopes_B in zip(gate.angles, slopes_BG.T, strict=True):
            _pull_back(angle, slopes_B, inputs_BD, weights_BP, grad_inputs, grad_weights)
    return ReferenceGradients(grad_inputs, grad_weights if np.ndim(weights) == 2 else grad_weights.sum(axis=0))


def tangents(program: Program, inputs_BD: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The states, `(B, A)`, and their derivatives by every input and then every weight, `(B, N, A)`, complex128.

    Each gate is applied to the state and to the derivatives so far, and then adds its own; arguments as for `values`.
    """
    inputs_BD, weights_BP = _rows(program, inputs_BD, weights)
    kets = np.zeros((len(inputs_BD), 2**program.n_qubits), dtype=complex)
    kets[:, 0] = 1
    n_slots = program.n_inputs + program.n_weights
    along = np.zeros((len(inputs_BD), n_slots, kets.shape[1]), dtype=complex)
    for gate in program.gates:
        angles_BG = _angles(gate, inputs_BD, weights_BP)
        apply = _prepared if gate.name in PREPARATIONS else _applied
        matrices = _operators(gate, angles_BG, _matrix)
        before, kets = kets, apply(kets, matrices, gate.wires)
        for number in range(n_slots):
            along[:, number] = apply(along[:, number], matrices, gate.wires)
        for position, angle in enumerate(gate.angles):
            slope = _amplitude_slope if gate.name in PREPARATIONS else _slope
            turned = apply(
                before, _operators(gate, angles_BG, lambda g, v, at=position, s=slope: s(g, v, at)), gate.wires
            )
            grad_inputs, grad_weights = np.zeros_like(inputs_BD), np.zeros_like(weights_BP)
            _pull_back(angle, np.ones(len(inputs_BD)), inputs_BD, weights_BP, grad_inputs, grad_weights)
            along += np.concatenate([grad_inputs, grad_weights], axis=1)[:, :, None] * turned[:, None]
    return kets, along


def finite_differences(
    function: Callable[[np.ndarray], np.ndarray | float], point: np.ndarray, step: float = 2e-3
) -> np.ndarray:
    """Derivative of `sum(function(point))` with respect to each number of `point`, by a five-point stencil.

    `point` has any shape, and so has what `function` returns; the result has the shape of `point`.

    Its error is about `step**4` times the fifth derivative, plus the rounding error over `step`: near 1e-12 for a
    circuit of moderate angles.

    Example:
        >>> finite_differences(np.sin, np.array([0.0, np.pi / 3])).round(9)
        array([1. , 0.5])
    """
    point = np.asarray(point, dtype=float)
    result = np.zeros_like(point)
    for index in np.ndindex(point.shape):
        for offset, factor in STENCIL:
            moved = point.copy()
            moved[index] += offset * step
            result[index] += factor / step * np.sum(function(moved))
    return result


# ------------------------------------------------------------------------------------------------ angles


def _rows(program: Program, inputs_BD: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Inputs and one set of weights a row, float64."""
    inputs_BD, weights = np.asarray(inputs_BD, dtype=float), np.asarray(weights, dtype=float)
    n_rows = len(inputs_BD) if inputs_BD.ndim == 2 else -1
    if inputs_BD.shape[1:] != (program.n_inputs,) or weights.shape not in (
        (program.n_weights,),
        (n_rows, program.n_weights),
    ):
        raise ShapeError(
            f"The reference got inputs of shape {inputs_BD.shape} and weights of shape {weights.shape}; this Program "
            f"needs (B, {program.n_inputs}) and ({program.n_weights},) or (B, {program.n_weights})."
        )
    return inputs_BD, np.array(np.broadcast_to(weights, (n_rows, program.n_weights)))


def _slot(slot: Slot, inputs_BD: np.ndarray, weights_BP: np.ndarray) -> np.ndarray:
    return (inputs_BD if slot.kind == "input" else weights_BP)[:, slot.index]


def _angles(gate: Gate, inputs_BD: np.ndarray, weights_BP: np.ndarray) -> np.ndarray:
    """The angles of `gate` in each row, `(B, number of angles)`."""
    angles_BG = np.zeros((len(inputs_BD), len(gate.angles)))
    for position, angle in enumerate(gate.angles):
        angles_BG[:, position] = angle.constant
        for coefficient, slots in angle.terms:
            product = np.full(len(inputs_BD), coefficient)
            for slot in slots:
                product = product * _slot(slot, inputs_BD, weights_BP)
            angles_BG[:, position] += product
    return angles_BG


def _pull_back(angle: Angle, slopes_B, inputs_BD, weights_BP, grad_inputs, grad_weights) -> None:
    """Add `slopes_B` times the derivative of `angle` with respect to each slot, by the product rule."""
    for coefficient, slots in angle.terms:
        for position, slot in enumerate(slots):
            others = coefficient * slopes_B
            for other in slots[:position] + slots[position + 1 :]:
                others = others * _slot(other, inputs_BD, weights_BP)
            (grad_inputs if slot.kind == "input" else grad_weights)[:, slot.index] += others


# ----------------------------------------------------------------------------------------------- matrices


def _matrix(gate: Gate, values_G: np.ndarray) -> np.ndarray:
    return GATES[gate.name].matrix(gate, values_G)


def _slope(gate: Gate, values_G: np.ndarray, position: int) -> np.ndarray:
    """Derivative of the matrix of `gate` with respect to one of its angles."""
    half = (SAMPLES - 1) // 2
    slope = 0.0
    for sample in (*range(-half, 0), *range(1, half + 1)):
        # Derivative at 0 of the Dirichlet interpolation through SAMPLES points of one period 4 pi.
        factor = -0.25 * (-1) ** sample / np.sin(np.pi * sample / SAMPLES)
        moved = np.array(values_G, dtype=float)
        moved[position] += 4 * np.pi * sample / SAMPLES
        slope = slope + factor * _matrix(gate, moved)
    return np.asarray(slope)


def _amplitude_slope(gate: Gate, values_G: np.ndarray, position: int) -> np.ndarray:
    """Derivative of the column of an `Amplitudes` gate with respect to one of its amplitudes."""
    norm = np.linalg.norm(values_G)
    slope = -values_G * values_G[position] / norm**3
    slope[position] += 1 / norm
    return slope[:, None].astype(complex)


def _operators(gate: Gate, angles_BG: np.ndarray, matrix: Callable[[Gate, np.ndarray], np.ndarray]) -> np.ndarray:
    """One matrix a row, `(B, m, m)`, or `(1, m, m)` when all rows agree; of a preparation `(B or 1, m, 1)`."""
    same = len(angles_BG) > 0 and (angles_BG == angles_BG[:1]).all()
    rows = angles_BG[:1] if same else angles_BG
    empty = np.zeros((0, 2 ** len(gate.wires), 1 if gate.name in PREPARATIONS else 2 ** len(gate.wires)), complex)
    return np.stack([matrix(gate, row) for row in rows]) if len(rows) else empty


def _applied(states_BA: np.ndarray, matrices: np.ndarray, wires: tuple[int, ...]) -> np.ndarray:
    """`matrices` on `wires` of each state; the first wire is the most significant bit."""
    tensor = _wires_first(states_BA, wires)
    return _wires_back(matrices @ tensor, wires)


def _prepared(states_BA: np.ndarray, columns: np.ndarray, wires: tuple[int, ...]) -> np.ndarray:
    """The amplitudes `columns`, `(B or 1, m, 1)`, in place of |0...0> on `wires`."""
    return _wires_back(columns * _wires_first(states_BA, wires)[:, :1], wires)


def _unapplied(gate: Gate, angles_BG: np.ndarray, kets: np.ndarray, bras: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Slopes of the loss in each angle, `(B, number of angles)`, and the bras in front of `gate`; `kets` are there."""
    matrices = _operators(gate, angles_BG, _matrix)
    slopes_BG = np.zeros(angles_BG.shape)
    if gate.name in PREPARATIONS:
        behind, front = _wires_first(bras, gate.wires), _wires_first(kets, gate.wires)
        if gate.name == "Amplitudes":
            slopes_BG += _amplitude_slopes(angles_BG, 2 * np.sum(behind.conj() * front[:, :1], axis=2).real)
        result = np.zeros_like(behind)
        result[:, :1] = np.sum(matrices.conj() * behind, axis=1, keepdims=True)
        return slopes_BG, _wires_back(result, gate.wires)
    for position, angle in enumerate(gate.angles):
        if angle.terms:
            derivative = _operators(gate, angles_BG, lambda g, v, at=position: _slope(g, v, at))
            slopes_BG[:, position] = 2 * np.sum(bras.conj() * _applied(kets, derivative, gate.wires), axis=1).real
    return slopes_BG, _applied(bras, matrices.conj().swapaxes(-1, -2), gate.wires)


def _amplitude_slopes(amplitudes_BG: np.ndarray, slopes_BG: np.ndarray) -> np.ndarray:
    """From slopes in `v / |v|` to slopes in `v`: what points along `v` is taken out."""
    norms = np.linalg.norm(amplitudes_BG, axis=1, keepdims=True)
    unit = amplitudes_BG / norms
    return (slopes_BG - unit * np.sum(unit * slopes_BG, axis=1, keepdims=True)) / norms


def _wires_first(states_BA: np.ndarray, wires: tuple[int, ...]) -> np.ndarray:
    """`(B, 2**len(wires), rest)`: the amplitudes with the bits of `wires` in front."""
    n_states, n_amplitudes = states_BA.shape
    tensor = states_BA.reshape(n_states, *(2,) * (n_amplitudes.bit_length() - 1))
    moved = np.moveaxis(tensor, [wire + 1 for wire in wires], range(1, len(wires) + 1))
    return moved.reshape(n_states, 2 ** len(wires), n_amplitudes // 2 ** len(wires))


def _wires_back(tensor: np.ndarray, wires: tuple[int, ...]) -> np.ndarray:
    """Undo `_wires_first`."""
    n_states, n_amplitudes = len(tensor), tensor.shape[1] * tensor.shape[2]
    moved = tensor.reshape(n_states, *(2,) * (n_amplitudes.bit_length() - 1))
    back = np.moveaxis(moved, range(1, len(wires) + 1), [wire + 1 for wire in wires])
    return back.reshape(n_states, n_amplitudes)


def _states_before(program: Program, inputs_BD: np.ndarray, weights_BP: np.ndarray) -> list[np.ndarray]:
    """The states before each gate, and behind the last one."""
    states_BA = np.zeros((len(inputs_BD), 2**program.n_qubits), dtype=complex)
    states_BA[:, 0] = 1
    result = [states_BA]
    for gate in program.gates:
        matrices = _operators(gate, _angles(gate, inputs_BD, weights_BP), _matrix)
        apply = _prepared if gate.name in PREPARATIONS else _applied
        result.append(apply(result[-1], matrices, gate.wires))
    return result


# ----------------------------------------------------------------------------------------------- readout


def _word_applied(states_BA: np.ndarray, word: PauliWord) -> np.ndarray:
    for wire, letter in word:
        states_BA = _applied(states_BA, PAULI[letter][None], (wire,))
    return states_BA


def _probabilities(states_BA: np.ndarray, wires: tuple[int, ...]) -> np.ndarray:
    """Probabilities of the outcomes of `wires`, the first most significant, `(B, 2**len(wires))`."""
    return np.sum(np.abs(_wires_first(states_BA, wires)) ** 2, axis=2)


def _observed(states_BA: np.ndarray, program: Program, cotangent_BK: np.ndarray) -> np.ndarray:
    """The observable `sum_k cotangent_k O_k` of each row, applied to its state."""
    readout = program.readout
    if isinstance(readout, Probabilities):
        tensor = _wires_first(states_BA, readout.wires)
        return _wires_back(tensor * cotangent_BK[:, :, None], readout.wires)
    result = np.zeros_like(states_BA)
    for column, observable in enumerate(readout.observables if readout else ()):
        for coefficient, word in observable.terms:
            result += coefficient * cotangent_BK[:, column, None] * _word_applied(states_BA, word)
    return result
