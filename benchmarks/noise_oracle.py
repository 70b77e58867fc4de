"""Aer's density matrix as the judge of noise, and random noisy Programs to ask it about."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
from qiskit import QuantumCircuit
from qiskit.circuit import ParameterVector
from qiskit.circuit.library import UnitaryGate
from qiskit.quantum_info import Operator
from qiskit_aer import AerSimulator

from qml.backends.measuring import Setting, basis_gates, settings_of
from qml.backends.noise import (
    GateNoise,
    NoiseModel,
    ReadoutError,
    amplitude_damping,
    depolarising,
    over_rotation,
    phase_damping,
    thermal_relaxation,
)
from qml.backends.noise.channel import Channel
from qml.circuits import Gate, Program, input_slot, weight_slot
from qml.circuits.bridges.qiskit_gates import ALIKE
from qml.circuits.bridges.qiskit_to import circuit_of
from qml.circuits.gates import GATES
from qml.circuits.readout import Expectations, PauliSum, Probabilities

ROWS = {name: (GATES[name].n_wires, GATES[name].n_angles or 0) for name in ALIKE}
ONE = tuple(name for name, (n_wires, _) in ROWS.items() if n_wires == 1)
TWO = tuple(name for name, (n_wires, _) in ROWS.items() if n_wires == 2)
EXACT = {"Hadamard": np.array([[1, 1], [1, -1]]) / np.sqrt(2), "Sdg": np.diag([1, -1j])}
CONSTANT = ("CRX", "CRY")  # slots would make rotations about ZX and ZY of them, which Qiskit has no named gate for
NOT_RUN = frozenset({"ch", "crx", "cry", "crz", "iswap"})
BOUND_RIGHTLY = frozenset({"RX", "RY", "RZ", "PhaseShift", "U3", "IsingXX", "IsingYY", "IsingZZ"})
STENCIL = ((1, 8 / 12), (-1, -8 / 12), (2, -1 / 12), (-2, 1 / 12))  # fourth order
N_INPUTS, N_WEIGHTS = 3, 4


def runnable(circuit: QuantumCircuit) -> QuantumCircuit:
    """`circuit` of numbers with the gates that Aer's density matrix does not run as labelled matrices of Qiskit."""
    made: Any = circuit.copy_empty_like()
    for each in circuit.data:
        gate = each.operation
        if gate.name in NOT_RUN:
            made.append(UnitaryGate(Operator(gate).data, label=gate.name), each.qubits)
        else:
            made.append(gate, each.qubits, each.clbits)
    return made


def random_noise(rng: np.random.Generator, n_qubits: int) -> NoiseModel:
    """Noise of every kind: general and specific, by gate and by wire, on one and two wires, and uneven readout."""
    kraus = rng.normal(size=(3, 2, 2)) + 1j * rng.normal(size=(3, 2, 2))
    root = np.linalg.cholesky(np.linalg.inv(np.einsum("kji,kjl->il", kraus.conj(), kraus)))
    odd = Channel.of_kraus(list(kraus @ root))
    t1 = rng.uniform(20, 80)
    relaxed = thermal_relaxation(t1, rng.uniform(0.3, 1.9) * t1, 1.0, rng.uniform(0, 0.2))
    entries = [
        GateNoise(depolarising(rng.uniform(0, 0.1))),
        GateNoise(depolarising(rng.uniform(0, 0.1)).then(amplitude_damping(rng.uniform(0, 0.2))), "RX"),
        GateNoise(over_rotation("Z", rng.normal() / 5), "RY", (0,)),
        GateNoise(phase_damping(rng.uniform(0, 0.3)), None, (int(rng.integers(n_qubits)),)),
        GateNoise(odd, "SX", (int(rng.integers(n_qubits)),)),
    ]
    if n_qubits > 1:
        pairs = list(itertools.permutations(range(n_qubits), 2))
        first, second = (pairs[int(rng.integers(len(pairs)))] for _ in range(2))
        entries += [
            GateNoise(depolarising(rng.uniform(0, 0.2), 2)),
            GateNoise(relaxed.beside(relaxed), "CNOT"),
            GateNoise(Channel.of_paulis({"XZ": 0.03, "YI": 0.05}), "CNOT", first),
            GateNoise(over_rotation("ZX", rng.normal() / 5), None, second),
        ]
    read = [ReadoutError(*rng.uniform(0, 0.2, 2)), ReadoutError(*rng.uniform(0, 0.2, 2), wire=0)]
    return NoiseModel(tuple(entries), tuple(read), name="random")


def random_noisy_program(rng: np.random.Generator, n_qubits: int, n_gates: int, readout: str) -> Program:
    """Gates that Qiskit has too, with constant, input and weight angles; `readout` is "sums" or "probabilities"."""
    gates = []
    for _ in range(n_gates):
        names = ONE if n_qubits == 1 or rng.random() < 0.6 else TWO
        name = str(rng.choice(names))
        wires = tuple(int(wire) for wire in rng.permutation(n_qubits)[: 1 if names is ONE else 2])
        angles = tuple(rng.normal() if name in CONSTANT else _angle(rng) for _ in range(ROWS[name][1]))
        gates.append(Gate(name, wires, angles))
    if readout == "probabilities":
        wires = tuple(int(wire) for wire in rng.permutation(n_qubits)[: int(rng.integers(1, n_qubits + 1))])
        return Program(n_qubits, tuple(gates), Probabilities(wires), N_INPUTS, N_WEIGHTS)
    sums = []
    for _ in range(int(rng.integers(1, 4))):
        terms = [(float(rng.normal()), _word(rng, n_qubits)) for _ in range(int(rng.integers(1, 4)))]
        sums.append(PauliSum(((0.3, ()), *terms)))
    return Program(n_qubits, tuple(gates), Expectations(tuple(sums)), N_INPUTS, N_WEIGHTS)


def _angle(rng: np.random.Generator):
    constant, factor = float(rng.normal()), float(rng.uniform(0.3, 1.5))
    data, trained = input_slot(int(rng.integers(N_INPUTS))), weight_slot(int(rng.integers(N_WEIGHTS)))
    return [constant, factor * data + constant, factor * trained, data + factor * trained][int(rng.integers(4))]


def _word(rng: np.random.Generator, n_qubits: int):
    wires = rng.permutation(n_qubits)[: int(rng.integers(1, min(n_qubits, 3) + 1))]
    return tuple((int(wire), str(rng.choice(list("XYZ")))) for wire in wires)


class AerJudge:
    """Values and gradients of one noisy Program by Aer's density matrix; nothing of our sweep takes part.

    A circuit is handed over with numbers, one a row: Aer 0.18.2 makes other angles of those of `cp`, `crx`, `cry` and
    `crz` where it binds them itself. Gates that its density matrix does not run are matrices of Qiskit, labelled with
    their names, by which Aer puts the noise behind them.

    Args:
        program: of gates that Qiskit has too.
        noise: attached by `NoiseModel.to_aer`, or handed in as Aer's own.
        aer_noise: a `qiskit_aer.noise.NoiseModel` to use instead.
        bound_by_aer: hand over one circuit with parameters for all rows, to be timed at its fastest.

    Raises:
        ValueError: Aer is to bind parameters of gates in which it does so wrongly.
    """

    def __init__(self, program: Program, noise: NoiseModel, aer_noise=None, *, bound_by_aer: bool = False):
        self.program, self.noise, self.bound_by_aer = program, noise, bound_by_aer
        turning = {gate.name for gate in program.gates if any(angle.terms for angle in gate.angles)}
        if bound_by_aer and not turning <= BOUND_RIGHTLY:
            raise ValueError(f"Aer binds parameters of {sorted(turning - BOUND_RIGHTLY)} wrongly; bind them yourself.")
        self.settings = settings_of(program.readout)
        self.slots = ParameterVector("s", program.n_inputs + program.n_weights)
        self.circuits = [self._circuit(setting) for setting in self.settings]
        self.simulator = AerSimulator(method="density_matrix", noise_model=aer_noise or noise.to_aer())

    def _circuit(self, setting: Setting):
        """The circuit, the change of basis without noise, and what is measured of it."""
        parameters = list(self.slots)
        n_inputs = self.program.n_inputs
        circuit = circuit_of(self.program, parameters[:n_inputs], parameters[n_inputs:])
        for gate in basis_gates(setting):
            circuit.unitary(EXACT[gate.name], list(gate.wires))
        circuit.save_probabilities(list(setting.wires))  # pyright: ignore[reportAttributeAccessIssue]
        return circuit

    def values(self, inputs_BD: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """`(B, K)`; weights `(P,)` or `(B, P)`."""
        rows = np.concatenate([inputs_BD, np.broadcast_to(weights, (len(inputs_BD), self.program.n_weights))], axis=1)
        tables = [
            self._outcomes(circuit, setting, rows)
            for circuit, setting in zip(self.circuits, self.settings, strict=True)
        ]
        readout = self.program.readout
        if isinstance(readout, Probabilities):
            wires = self.settings[0].wires
            table = tables[0].reshape(len(rows), *[2] * len(wires))
            return table.transpose(0, *(1 + wires.index(wire) for wire in readout.wires)).reshape(len(rows), -1)
        found = np.zeros((len(rows), readout.n_values))
        for k, observable in enumerate(readout.observables):
            for coefficient, word in observable.terms:
                place = next((n for n, setting in enumerate(self.settings) if setting.covers(word)), 0)
                signs = np.ones(1)
                for wire in self.settings[place].wires:
                    signs = np.kron(signs, [1, -1] if wire in dict(word) else [1, 1])
                found[:, k] += coefficient * (tables[place] @ signs)
        return found

    def _outcomes(self, circuit, setting: Setting, rows: np.ndarray) -> np.ndarray:
        """`(B, 2**m)` probabilities to read each outcome, first measured wire most significant."""
        used = [parameter for parameter in self.slots if parameter in circuit.parameters]
        if self.bound_by_aer and used:
            binds = {parameter: rows[:, parameter.index].tolist() for parameter in used}
            result = self.simulator.run([circuit], parameter_binds=[binds]).result()
        else:
            columns = [parameter.index for parameter in used]
            distinct = rows[:, columns] if used else rows[:1, :0]
            numbers = [circuit.assign_parameters(dict(zip(used, row, strict=True))) for row in distinct.tolist()]
            result = self.simulator.run([runnable(each) for each in numbers]).result()
        if not result.success:
            raise RuntimeError(f"Aer: {result.status}")
        found = []
        for row in range(len(rows)):
            table = np.asarray(result.data(row if used else 0)["probabilities"])
            table = table.reshape([2] * len(setting.wires)).T  # Qiskit's first qubit is least significant
            for axis, wire in enumerate(setting.wires):
                error = self.noise.readout_of(wire)
                if error is not None:
                    table = np.moveaxis(np.tensordot(error.confusion, table, axes=(1, axis)), 0, axis)
            found.append(table.ravel())
        return np.array(found)

    def gradients(self, inputs_BD: np.ndarray, weights: np.ndarray, cotangent_BK: np.ndarray, step: float = 2e-3):
        """Gradients `(B, D)` and `(P,)` of the sum of values times cotangent, by differences of fourth order."""
        whole = np.concatenate([inputs_BD, np.broadcast_to(weights, (len(inputs_BD), len(weights)))], axis=1)
        moved = np.concatenate(
            [whole + places * step * unit for places, _ in STENCIL for unit in np.eye(whole.shape[1])]
        )
        n_inputs = self.program.n_inputs
        values = self.values(moved[:, :n_inputs], moved[:, n_inputs:])
        values = values.reshape(len(STENCIL), whole.shape[1], *cotangent_BK.shape)
        factors = np.array([factor for _, factor in STENCIL]) / step
        by_slot = np.einsum("f,fsbk,bk->bs", factors, values, cotangent_BK)
        return by_slot[:, :n_inputs], by_slot[:, n_inputs:].sum(axis=0)
