"""The Executor of PennyLane's Lightning simulators: exact values, and gradients by their own adjoint sweep."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from functools import lru_cache, reduce
from typing import Any

import numpy as np

from qml.backends.check import check_call
from qml.backends.executor import Capabilities, Gradients, Values
from qml.backends.shifts.executor import check_preparations
from qml.base.errors import MissingExtraError, ShapeError
from qml.base.extras import require
from qml.base.memory import physical_bytes
from qml.base.registry import unknown
from qml.circuits.gate import Clifford, Gate, Rotation
from qml.circuits.program import Program
from qml.circuits.readout import PauliWord, Probabilities
from qml.circuits.slots import angle_table, slots, slots_vjp
from qml.circuits.steps import preparations, steps

SIMULATORS = {"qubit": "pennylane-lightning", "kokkos": "pennylane-lightning-kokkos", "gpu": "pennylane-lightning-gpu"}
LARGEST = 30


@dataclass(frozen=True)
class LightningExecutor:
    """Exact values and adjoint gradients of `lightning.qubit`, `lightning.kokkos` or `lightning.gpu`.

    Rows run one after another, as tapes of Pauli rotations in complex128 whatever the dtype of the arrays, and a
    gradient is one adjoint sweep a row, of the observable that the cotangent weighs together. Our own engine does
    whole batches at once; take this one to compare with, or where PennyLane's simulators have hardware that the
    engine does not.

    Args:
        simulator: "qubit", "kokkos" or "gpu".

    Raises:
        ConfigError: another simulator.
        MissingExtraError: it is not installed; says the pip line.
        CapabilityError: on a run, amplitudes that depend on inputs or weights, which it cannot differentiate.

    Example:
        >>> from qml.circuits import angle
        >>> LightningExecutor().forward(angle(1), np.array([[0.0], [np.pi]]), np.zeros(0)).values_BK.round(6)
        array([[ 1.],
               [-1.]])
    """

    simulator: str = "qubit"

    def __post_init__(self):
        if self.simulator not in SIMULATORS:
            raise unknown("simulator", self.simulator, [*SIMULATORS])
        require("pennylane", extra="pennylane", purpose="LightningExecutor")
        require("pennylane_lightning", extra="pennylane", purpose="LightningExecutor")
        if importlib.util.find_spec(f"pennylane_lightning.lightning_{self.simulator}") is None:
            raise MissingExtraError(
                f"LightningExecutor was asked for lightning.{self.simulator}, which is not installed. Install it with: "
                f'pip install "qml-hybrid[pennylane]" {SIMULATORS[self.simulator]}'
            )

    @property
    def capabilities(self) -> Capabilities:
        """Exact values of any readout, as wide as memory holds three states."""
        memory = physical_bytes()
        widest = LARGEST if memory is None else min(LARGEST, (memory // 48).bit_length() - 1)
        return Capabilities(f"lightning.{self.simulator}", exact=True, max_qubits=widest, memory=memory)

    def forward(
        self,
        program: Program,
        inputs_BD: np.ndarray,
        weights: np.ndarray,
        *,
        seed: int | None = None,
        keep: bool = False,
    ) -> Values:
        """Values `(B, K)` in the dtype of the inputs; the seed is not used, and no residual is kept."""
        slots_BS = self._slots(program, inputs_BD, weights)
        tape = _tape(program)
        scripts = [tape.of(row, tape.measurements) for row in slots_BS]
        found = np.zeros((len(scripts), tape.weights_KW.shape[1]))
        for row, one in enumerate(self._executed(program, scripts)):
            found[row] = np.ravel(one)
        return Values(tape.values(found).astype(inputs_BD.dtype))

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
        """Gradients in the dtype of the inputs, one adjoint sweep a row; arguments as for `forward`.

        Args:
            program: what to run.
            inputs_BD: `(B, D)`.
            weights: `(P,)` or `(B, P)`.
            cotangent_BK: `(B, K)`.
            seed: not used.
            residual: not used.
        """
        if cotangent_BK.shape != (len(inputs_BD), program.n_values):
            raise ShapeError(
                f"LightningExecutor.vjp got a cotangent of shape {cotangent_BK.shape}; values of these inputs are "
                f"{(len(inputs_BD), program.n_values)}."
            )
        slots_BS = self._slots(program, inputs_BD, weights)
        tape, by_slot = _tape(program), np.zeros_like(slots_BS)
        cotangent_BW = cotangent_BK.astype(np.float64) @ tape.weights_KW
        rows = [b for b in range(len(slots_BS)) if cotangent_BW[b].any() and len(tape.varying)]
        if rows:
            scripts = [tape.of(slots_BS[b], [tape.weighted(cotangent_BW[b])]) for b in rows]
            found = np.array(self._differentiated(program, scripts), np.float64)
            by_slot[np.array(rows)[:, None], tape.varying] = found
        arrays = inputs_BD.astype(np.float64), weights.astype(np.float64)
        return Gradients(*(one.astype(inputs_BD.dtype) for one in slots_vjp(program, *arrays, by_slot)))

    def _slots(self, program: Program, inputs_BD: np.ndarray, weights: np.ndarray) -> np.ndarray:
        check_call(self, program, inputs_BD, weights)
        check_preparations("LightningExecutor", program)
        return slots(program, inputs_BD.astype(np.float64), weights.astype(np.float64))

    def _executed(self, program: Program, scripts: list) -> list:
        if not scripts:
            return []
        device, config = _made(self.simulator, program.n_qubits)
        return list(device.execute(scripts, config))

    def _differentiated(self, program: Program, scripts: list) -> list:
        device, config = _made(self.simulator, program.n_qubits)
        return [np.reshape(one, -1) for one in device.compute_derivatives(scripts, config)]


@dataclass(frozen=True, eq=False)
class _Tape:
    """A Program as PennyLane operations, each slot with the number of its parameter, and what it measures.

    Values follow from the expectation values of `W` words (or from probabilities); `weights_KW` and a constant.
    """

    script: Any
    place_S: np.ndarray
    varying: np.ndarray
    words: tuple[PauliWord, ...]
    weights_KW: np.ndarray
    constant_K: np.ndarray
    measurements: list

    def of(self, slots_S: np.ndarray, measurements: list) -> Any:
        """The tape at these angles, with these measurements; angles that vary are what it is differentiated by."""
        from pennylane.tape import QuantumScript

        places = self.place_S[self.varying]
        bound = self.script.bind_new_parameters(slots_S[self.varying].tolist(), places.tolist())
        return QuantumScript(bound.operations, measurements, trainable_params=places.tolist())

    def values(self, measured_BW: np.ndarray) -> np.ndarray:
        """`(B, K)` from what was measured."""
        if not self.words:
            return measured_BW
        return measured_BW @ self.weights_KW.T + self.constant_K

    def weighted(self, cotangent_W: np.ndarray) -> Any:
        """The expectation value whose gradient is asked for."""
        import pennylane as qp

        (places,) = np.nonzero(cotangent_W)
        words = self.words or _diagonal_words(self.measurements[0].wires.tolist())
        return qp.expval(qp.Hamiltonian(cotangent_W[places].tolist(), [_word(words[place]) for place in places]))


@lru_cache(maxsize=64)
def _tape(program: Program) -> _Tape:
    """Operations and measurements of a Program, made once; preparations in front."""
    import pennylane as qp
    from pennylane.tape import QuantumScript

    operations = [operation for gate in preparations(program) for operation in _prepared(gate)]
    position, place = sum(operation.num_params for operation in operations), []
    for step in steps(program):
        turned = _turned(step) if isinstance(step, Rotation) else [_clifford(step)]
        if isinstance(step, Rotation):
            place.append(position)
            position += 1
        operations += turned
    place_S = np.array(place, int)
    varying = np.flatnonzero(angle_table(program).varies)
    bare = QuantumScript(operations, [])
    readout = program.readout
    if isinstance(readout, Probabilities):
        constant, weights = np.zeros(readout.n_values), _signs(len(readout.wires)) / readout.n_values
        return _Tape(bare, place_S, varying, (), weights, constant, [qp.probs(wires=list(readout.wires))])
    words = tuple(sorted({word for one in readout.observables for _, word in one.terms if word})) or (((0, "Z"),),)
    weights, constant = np.zeros((readout.n_values, len(words))), np.zeros(readout.n_values)
    for k, observable in enumerate(readout.observables):
        for coefficient, word in observable.terms:
            if word:
                weights[k, words.index(word)] = coefficient
            else:
                constant[k] = coefficient
    return _Tape(bare, place_S, varying, words, weights, constant, [qp.expval(_word(word)) for word in words])


def _turned(step: Rotation) -> list:
    """A rotation about a Pauli word, in operations that the adjoint sweep knows; only one of them has a parameter."""
    import pennylane as qp

    wires, letters = [wire for wire, _ in step.word], "".join(letter for _, letter in step.word)
    angle = step.angle.constant
    if len(wires) == 1:
        return [{"X": qp.RX, "Y": qp.RY, "Z": qp.RZ}[letters](angle, wires=wires)]
    to_z, back = [], []
    for wire, letter in step.word:
        to_z += [*([qp.adjoint(qp.S(wire))] if letter == "Y" else []), *([qp.Hadamard(wire)] if letter != "Z" else [])]
        back += [*([qp.Hadamard(wire)] if letter != "Z" else []), *([qp.S(wire)] if letter == "Y" else [])]
    return [*to_z, qp.MultiRZ(angle, wires=wires), *back]


def _clifford(step: Clifford) -> Any:
    import pennylane as qp

    if step.name == "Sdg":
        return qp.adjoint(qp.S(step.wires[0]))
    named = {"H": qp.Hadamard, "X": qp.X, "Y": qp.Y, "Z": qp.Z, "CX": qp.CNOT}
    return (named.get(step.name) or getattr(qp, step.name))(wires=list(step.wires))


def _prepared(gate: Gate) -> list:
    """A constant state as rotations: nothing in front of an adjoint sweep but the zero state."""
    import pennylane as qp

    amplitudes = np.array(gate.matrix[0] if gate.matrix else [angle.constant for angle in gate.angles])
    state = qp.StatePrep(amplitudes / np.linalg.norm(amplitudes), wires=list(gate.wires))
    found, left = [], [state]
    while left:
        operation = left.pop(0)
        if operation.name in ("RX", "RY", "RZ", "CNOT", "PhaseShift"):
            found.append(operation)
        elif operation.name != "GlobalPhase":
            left = [*operation.decomposition(), *left]
    return found


def _word(word: PauliWord) -> Any:
    import pennylane as qp

    letters: dict[str, Any] = {"X": qp.X, "Y": qp.Y, "Z": qp.Z}
    factors = [letters[letter](wire) for wire, letter in word]
    return qp.prod(*factors) if len(factors) > 1 else (factors[0] if factors else qp.Identity(0))


def _diagonal_words(wires: list[int]) -> list[PauliWord]:
    """All words of Z and identity on the wires, in the order of the rows of `_signs`."""
    n = len(wires)
    return [tuple((wires[i], "Z") for i in range(n) if number >> (n - 1 - i) & 1) for number in range(2**n)]


def _signs(n_wires: int) -> np.ndarray:
    """`(outcomes, words)`: the value of each word of Z in each outcome."""
    return reduce(np.kron, [np.array([[1.0, 1.0], [1.0, -1.0]])] * n_wires)


@lru_cache(maxsize=16)
def _made(simulator: str, n_qubits: int) -> tuple[Any, Any]:
    """The device and how it is to run, made when it is first needed."""
    import pennylane as qp
    from pennylane.devices import ExecutionConfig

    device = qp.device(f"lightning.{simulator}", wires=n_qubits)
    asked = ExecutionConfig(gradient_method="adjoint", use_device_gradient=True)
    return device, device.setup_execution_config(asked)
