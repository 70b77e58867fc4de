"""The slow and obvious Executor and Backend: every other one is compared with these."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from qml.backends.backend import Outcome, Target
from qml.backends.check import check_call
from qml.backends.check_run import check_run
from qml.backends.counts import Counts
from qml.backends.executor import Capabilities, Gradients, Tangents, Values
from qml.backends.measuring import Setting, basis_gates, outcome_of, settings_of
from qml.base.seeds import generator
from qml.circuits.gate import Clifford
from qml.circuits.program import Program
from qml.circuits.readout import PauliWord, Probabilities
from qml.circuits.steps import gate_steps, preparations, steps
from qml.engine import reference
from qml.engine.sampling import sample_in_blocks
from qml.engine.traced import CLIFFORD_WORDS, clifford_word, pauli_action
from qml.engine.wire_order import wire_first

MAX_QUBITS = 14


@dataclass(frozen=True)
class ReferenceExecutor:
    """Dense NumPy in complex128, by the matrices of the gate table.

    For tests and tiny circuits; a training step takes hundreds of times that of the engine.

    Example:
        >>> import numpy as np
        >>> from qml.circuits import Gate, Program, input_slot
        >>> program = Program(1, (Gate("RX", (0,), (input_slot(0),)),), n_inputs=1)
        >>> ReferenceExecutor().forward(program, np.array([[0.0], [np.pi]]), np.zeros(0)).values_BK
        array([[ 1.],
               [-1.]])
    """

    @property
    def capabilities(self) -> Capabilities:
        """Exact values up to `MAX_QUBITS` qubits."""
        return Capabilities("reference", exact=True, max_qubits=MAX_QUBITS, states=True, samples=True, tangents=True)

    def forward(
        self,
        program: Program,
        inputs_BD: np.ndarray,
        weights: np.ndarray,
        *,
        seed: int | None = None,
        keep: bool = False,
    ) -> Values:
        """Values of `B` rows in the dtype of the inputs; the seed is not used, and no residual is kept."""
        check_call(self, program, inputs_BD, weights)
        return Values(reference.values(program, inputs_BD, weights).astype(inputs_BD.dtype))

    def vjp(
        self,
        program: Program,
        inputs_BD: np.ndarray,
        weights: np.ndarray,
        cotangent_BK: np.ndarray,
        *,
        seed: int | None = None,
        residual: Any = None,
    ) -> Gradients:
        """Gradients in the dtype of the inputs."""
        check_call(self, program, inputs_BD, weights)
        exact = reference.gradients(program, inputs_BD, weights, cotangent_BK)
        return Gradients(exact.inputs_BD.astype(inputs_BD.dtype), exact.weights.astype(inputs_BD.dtype))

    def states(self, program: Program, inputs_BD: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """States behind the last gate, `(B, A)` complex64 or complex128; see `StateExecutor`."""
        check_call(self, program, inputs_BD, weights)
        complex_dtype = np.result_type(inputs_BD.dtype, np.complex64)
        return reference.states(program, inputs_BD, weights).astype(complex_dtype)

    def tangents(self, program: Program, inputs_BD: np.ndarray, weights: np.ndarray) -> Tangents:
        """States and derivatives by every slot, `(B, N, A)`; see `TangentExecutor`."""
        check_call(self, program, inputs_BD, weights)
        dtype = np.result_type(inputs_BD.dtype, np.complex64)
        states_BA, along_BNA = reference.tangents(program, inputs_BD, weights)
        slopes = np.broadcast_to(
            np.eye(along_BNA.shape[1], dtype=inputs_BD.dtype), (len(states_BA), *[along_BNA.shape[1]] * 2)
        )
        return Tangents(states_BA.astype(dtype), along_BNA.astype(dtype), slopes)

    def sample(
        self, program: Program, inputs_BD: np.ndarray, weights: np.ndarray, shots: int, *, seed: int
    ) -> np.ndarray:
        """Bits of every qubit, `(B, S, Q)` uint8; see `SamplingExecutor` and `qml.engine.sampling.draw_bits`."""
        check_call(self, program, inputs_BD, weights)
        return sample_in_blocks(
            lambda rows: self.states(program, inputs_BD[rows], weights if weights.ndim == 1 else weights[rows]),
            len(inputs_BD),
            program.n_qubits,
            shots,
            seed=seed,
        )


@dataclass(frozen=True)
class ReferenceBackend:
    """A machine that runs circuits exactly, or with shots drawn from the exact distribution.

    Args:
        n_qubits: size of the machine.
    """

    n_qubits: int = MAX_QUBITS

    @property
    def target(self) -> Target:
        """All gates, all pairs of qubits."""
        return Target("reference", self.n_qubits, ideal=True)

    def run(self, program: Program, slots_RS: np.ndarray, *, shots: int | None, seed: int | None) -> Outcome:
        """Values of `R` rows of rotation angles; `shots=None` is exact.

        Raises:
            ProgramError, ShapeError, DataError, ConfigError, CapabilityError: see `qml.backends.check_run.check_run`.
        """
        check_run(self.target, program, slots_RS, shots, seed)
        states_RA = _evolved(program, slots_RS.astype(float))
        if shots is None or seed is None:
            return Outcome(_exact(program, states_RA))
        counts = [
            _counted(program.n_qubits, setting, states_RA, shots, generator(seed, "setting", place))
            for place, setting in enumerate(settings_of(program.readout))
        ]
        return outcome_of(program.readout, counts, len(slots_RS))


def _applied(n_qubits: int, word: PauliWord, states_RA: np.ndarray) -> np.ndarray:
    source, phase = pauli_action(n_qubits, word)
    return phase * states_RA[:, source]


def _clifford(n_qubits: int, step: Clifford, states_RA: np.ndarray) -> np.ndarray:
    words = [(factor, clifford_word(step, letters)) for factor, letters in CLIFFORD_WORDS[step.name]]
    return np.sum([factor * _applied(n_qubits, word, states_RA) for factor, word in words], axis=0)


def _evolved(program: Program, slots_RS: np.ndarray) -> np.ndarray:
    """The state of each row behind the last step, `(R, A)` complex128."""
    start = replace(program, gates=preparations(program))
    states_RA = reference.states(start, np.zeros((len(slots_RS), program.n_inputs)), np.zeros(program.n_weights))
    position = 0
    for step in steps(program):
        if isinstance(step, Clifford):
            states_RA = _clifford(program.n_qubits, step, states_RA)
            continue
        half = slots_RS[:, position, None] / 2
        flipped = _applied(program.n_qubits, step.word, states_RA)
        states_RA = np.cos(half) * states_RA - 1j * np.sin(half) * flipped
        position += 1
    return states_RA


def _mean(program: Program, states_RA: np.ndarray, word: PauliWord) -> np.ndarray:
    return (states_RA.conj() * _applied(program.n_qubits, word, states_RA)).sum(-1).real


def _exact(program: Program, states_RA: np.ndarray) -> np.ndarray:
    """The readout of each state, `(R, K)`."""
    readout = program.readout
    if isinstance(readout, Probabilities):
        weights_RA = np.abs(states_RA[:, wire_first(program.n_qubits, readout.wires)]) ** 2
        rest = 2 ** (program.n_qubits - len(readout.wires))
        return weights_RA.reshape(len(states_RA), program.n_values, rest).sum(-1)
    values = np.zeros((len(states_RA), program.n_values))
    for k, observable in enumerate(readout.observables):
        for coefficient, word in observable.terms:
            values[:, k] += coefficient * _mean(program, states_RA, word)
    return values


def _counted(n_qubits: int, setting: Setting, states_RA: np.ndarray, shots: int, random: np.random.Generator) -> Counts:
    """Outcomes of `shots` shots of each state, its wires read in the bases of the setting."""
    turns = [step for gate in basis_gates(setting) for step in gate_steps(gate)]
    for step in turns:
        if isinstance(step, Clifford):  # all of them are
            states_RA = _clifford(n_qubits, step, states_RA)
    weights_RA = np.abs(states_RA[:, wire_first(n_qubits, setting.wires)]) ** 2
    n_bits = len(setting.wires)
    chances = weights_RA.reshape(len(states_RA), 2**n_bits, 2 ** (n_qubits - n_bits)).sum(-1)
    return Counts.of_table(random.multinomial(shots, chances / chances.sum(-1, keepdims=True)))
