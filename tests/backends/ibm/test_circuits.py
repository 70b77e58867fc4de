"""Circuits for a device against the Program they came from, by Qiskit's own state vectors."""

import numpy as np
import pytest
from qiskit.providers.fake_provider import GenericBackendV2
from qiskit.quantum_info import Statevector

from qml.backends.counts import Counts
from qml.backends.ibm.circuits import Compiler, observables_of, settings_to_send, target_of
from qml.backends.measuring import outcome_of
from qml.backends.reference import ReferenceBackend
from qml.base.errors import CapabilityError
from qml.circuits import READOUTS, Circuit, angle, sel
from qml.circuits.slots import slots
from tests.backends.ibm.conftest import request_of
from tests.programs import random_program, random_values

LINES = {
    "both": [[0, 1], [1, 0], [1, 2], [2, 1], [2, 3], [3, 2], [3, 4], [4, 3]],
    "down": [[1, 0], [1, 2], [3, 2], [3, 4]],
}


def compiler(pair="cx", line="both", level=1):
    device = GenericBackendV2(5, basis_gates=[pair, "id", "rz", "sx", "x"], coupling_map=LINES[line], seed=1)
    return Compiler(device, target_of(device, "line", counts=True, queued=False, options=()), level)


def outcome(compiler, program, slots_RS):
    """Values by the exact probabilities of the circuits that would be sent, each outcome counted by its probability."""
    isa = compiler.isa(program)
    values = []
    for setting in settings_to_send(program):
        circuit = isa.measured(setting)
        bits = [circuit.find_bit(circuit.data[k].clbits[0]).index for k in measured(circuit)]
        qubits = [circuit.find_bit(circuit.data[k].qubits[0]).index for k in measured(circuit)]
        ordered = [qubits[bits.index(k)] for k in range(len(bits))]
        bare = circuit.remove_final_measurements(inplace=False)
        rows = []
        for row in isa.bindings(slots_RS):
            state = Statevector(bare.assign_parameters(dict(zip(bare.parameters, row, strict=True))))
            rows.append(state.probabilities(ordered))
        n_bits = len(ordered)
        outcomes = (np.arange(2**n_bits)[:, None] >> np.arange(n_bits)) & 1  # Qiskit: the first qubit is the lowest bit
        count, n_rows = 2**n_bits, len(rows)
        values.append(
            Counts(n_rows, np.repeat(np.arange(n_rows), count), np.tile(outcomes, (n_rows, 1)), np.concatenate(rows))
        )
    return outcome_of(program.readout, values, len(slots_RS)).values_RK


def measured(circuit):
    return [k for k, instruction in enumerate(circuit.data) if instruction.operation.name == "measure"]


@pytest.mark.parametrize(("pair", "line"), [("cx", "both"), ("cz", "both"), ("ecr", "down")])
@pytest.mark.parametrize("readout", ["z", "xyz"])
def test_values_are_those_of_the_program(pair, line, readout):
    program = (angle(3) + sel(3, depth=2)).with_readout(READOUTS[readout](3))
    asked = request_of(program, n_rows=2)
    assert asked.slots_RS.shape[1] > 10  # names of parameters are sorted as text
    exact = ReferenceBackend().run(program, asked.slots_RS, shots=None, seed=None).values_RK
    np.testing.assert_allclose(outcome(compiler(pair, line), program, asked.slots_RS), exact, atol=1e-9)


@pytest.mark.parametrize("seed", range(4))
def test_values_of_random_programs(seed):
    rng = np.random.default_rng(seed)
    program = random_program(rng, n_qubits=4, n_gates=12)
    inputs, weights = random_values(rng, program, batch=2)
    slots_RS = slots(program, inputs, weights)
    exact = ReferenceBackend().run(program, slots_RS, shots=None, seed=None).values_RK
    np.testing.assert_allclose(outcome(compiler(level=seed), program, slots_RS), exact, atol=1e-8)


def test_the_oracle_sees_a_permuted_binding():
    program = angle(3) + sel(3, depth=2)
    asked = request_of(program, n_rows=2)
    exact = ReferenceBackend().run(program, asked.slots_RS, shots=None, seed=None).values_RK
    wrong = outcome(compiler(), program, asked.slots_RS[:, ::-1])
    assert np.abs(wrong - exact).max() > 0.05


def test_a_program_is_transpiled_once():
    made = compiler()
    program = angle(3) + sel(3, depth=2)
    for _ in range(3):
        made.isa(program)
    assert made.transpilations == 1


def test_a_native_program_is_sent_gate_by_gate():
    folded = Circuit(5).rz(0, 0.3).cnot([1, 0]).cnot([1, 0]).cnot([1, 0]).rz(0, 0.2).build()
    made = compiler()
    isa = made.isa(folded)
    assert made.transpilations == 0
    assert [gate.operation.name for gate in isa.circuit.data] == ["rz", "rz", "cx", "cx", "cx", "rz"]  # the first: idle
    assert isa.qubits == (0, 1, 2, 3, 4)


def test_folded_gates_of_the_other_direction_are_turned_and_kept():
    circuit = Circuit(5)
    for _ in range(3):
        circuit.add("ECR", (0, 1))
    folded = circuit.rz(0, circuit.input(0)).build()
    isa = compiler("ecr", "down").isa(folded)
    assert isa.circuit.count_ops()["ecr"] == 3
    slots_RS = slots(folded, np.array([[0.4]]), np.zeros(0))
    exact = ReferenceBackend().run(folded, slots_RS, shots=None, seed=None).values_RK
    np.testing.assert_allclose(outcome(compiler("ecr", "down"), folded, slots_RS), exact, atol=1e-9)


def test_a_program_without_slots_has_as_many_bindings_as_asked():
    program = Circuit(2).add("Hadamard", 0).cnot([0, 1]).build()
    isa = compiler().isa(program)
    assert isa.bindings(np.zeros((4, 0))).shape == (4, 1)
    np.testing.assert_allclose(outcome(compiler(), program, np.zeros((2, 0))), np.zeros((2, 2)), atol=1e-9)


def test_observables_lie_on_the_qubits_of_the_circuit():
    program = (angle(3) + sel(3, depth=1)).with_readout(READOUTS["xyz"](3))
    asked = request_of(program, n_rows=1)
    isa = compiler().isa(program)
    (values,) = isa.bindings(asked.slots_RS)
    state = Statevector(isa.circuit.assign_parameters(dict(zip(isa.circuit.parameters, values, strict=True))))
    found = [state.expectation_value(operator).real for (operator,) in observables_of(program, isa)]
    exact = ReferenceBackend().run(program, asked.slots_RS, shots=None, seed=None).values_RK[0]
    np.testing.assert_allclose(found, exact, atol=1e-9)


def test_too_wide_is_refused():
    with pytest.raises(CapabilityError, match="6 qubits; it has 5"):
        compiler().isa(angle(6))


def test_a_readout_of_nothing_is_refused():
    program = angle(2).with_readout(READOUTS["z"](2))
    identity = type(program.readout)((type(program.readout.observables[0])(((1.0, ()),)),))
    with pytest.raises(CapabilityError, match="identity only"):
        settings_to_send(program.with_readout(identity))
