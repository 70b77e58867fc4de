"""Programs as circuits of one IBM device: transpiled once, measured in each setting, bound by arrays.

Qiskit's own pass manager does it, with the device's target: it knows the direction of each two-qubit gate and the error
of each qubit and pair, by which it chooses where to lie, and `qml.backends.transpiling` knows neither. A Program that
is native already is sent gate by gate, so that what a wrapper has folded stays folded.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

import numpy as np

from qml.backends.backend import Limits, Target
from qml.backends.ibm.client import BackendV2, is_isa_circuit
from qml.backends.measuring import Setting, settings_of
from qml.backends.slotted import slotted
from qml.base.errors import CapabilityError
from qml.base.extras import require
from qml.circuits.bridges.qiskit_gates import ROW_OF
from qml.circuits.bridges.qiskit_observables import observables_to_qiskit
from qml.circuits.bridges.qiskit_to import circuit_of
from qml.circuits.program import Program
from qml.circuits.readout import Probabilities

require("qiskit", extra="ibm", purpose="IBM's machines")
from qiskit import ClassicalRegister, QuantumCircuit
from qiskit.circuit import Parameter
from qiskit.circuit.library import get_standard_gate_name_mapping
from qiskit.exceptions import QiskitError
from qiskit.transpiler import generate_preset_pass_manager

EXECUTIONS = 10_000_000  # of one Sampler job, by IBM's page of job limits
KEPT = 64
REGISTER = "c"
SEED = 1  # of the search for a layout
HALF = np.pi / 2


@dataclass(frozen=True, eq=False)
class IsaCircuit:
    """A Program in the gates of a device, on its qubits.

    Args:
        circuit: nothing is measured in it; it has at least one parameter.
        qubits: where each wire of the Program ends.
        columns: the slot that each parameter of `circuit.parameters` is; -1 is one that turns nothing.
    """

    circuit: QuantumCircuit
    qubits: tuple[int, ...]
    columns: tuple[int, ...]

    def measured(self, setting: Setting) -> QuantumCircuit:
        """The circuit with the wires of `setting` read in its bases; classical bit k is wire k of the setting.

        A quarter turn about X takes Y to Z, and after one about Z it takes X to Z.
        """
        circuit = self.circuit.copy()
        register = ClassicalRegister(len(setting.word), REGISTER)
        circuit.add_register(register)
        for bit, (wire, letter) in zip(register, setting.word, strict=True):
            if letter == "X":
                circuit.rz(HALF, self.qubits[wire])
            if letter != "Z":
                circuit.sx(self.qubits[wire])
            circuit.measure(self.qubits[wire], bit)
        return circuit

    def bindings(self, slots_RS: np.ndarray) -> np.ndarray:
        """`(R, P)` values of the parameters, in the order of `circuit.parameters`."""
        padded = np.concatenate([slots_RS, np.zeros((len(slots_RS), 1))], axis=1)
        return np.ascontiguousarray(padded[:, list(self.columns)], dtype=np.float64)


class Compiler:
    """Makes circuits for one device, each Program once.

    Args:
        device: of IBM, or one of its snapshots.
        target: the same device in the words of this toolkit.
        level: 0 to 3, how much work Qiskit puts into few gates.
    """

    def __init__(self, device: BackendV2, target: Target, level: int):
        self.device, self.target, self.level = device, target, level
        self._isa: Any = device.target
        self.transpilations = 0
        self._made: OrderedDict[str, IsaCircuit] = OrderedDict()

    def isa(self, program: Program) -> IsaCircuit:
        """The circuit of `program`, which has been checked against the device's own definition.

        Raises:
            CapabilityError: it does not fit the device, or prepares amplitudes that depend on slots.
        """
        made = self._made.get(program.digest)
        if made is None:
            made = self._made[program.digest] = self._compiled(program)
            while len(self._made) > KEPT:
                self._made.popitem(last=False)
        return made

    def _compiled(self, program: Program) -> IsaCircuit:
        if program.n_qubits > self.target.n_qubits:
            raise CapabilityError(
                f"{self.target.name} was asked for a Program of {program.n_qubits} qubits; it has "
                f"{self.target.n_qubits}. Nothing was sent. Take a narrower Program or a larger device."
            )
        ready = slotted(program)
        digits = len(str(max(ready.n_inputs - 1, 0)))
        slots = [Parameter(f"slot_{number:0{digits}}") for number in range(ready.n_inputs)]
        circuit = circuit_of(ready, slots, [])
        circuit.metadata = {}
        native = program.n_qubits == self.target.n_qubits and not is_isa_circuit(circuit, self._isa)
        qubits = tuple(range(program.n_qubits))
        if not native:
            circuit, qubits = self._transpiled(circuit, self._joins(ready))
        column = {slot.name: number for number, slot in enumerate(slots)}
        if not circuit.parameters:  # so that the bindings of a circuit without slots are as many as were asked for
            circuit = _with_idle_parameter(circuit)
        wrong = is_isa_circuit(circuit, self._isa)
        if wrong:
            raise CapabilityError(f"{self.target.name} cannot run the circuit that was made for it: {wrong}")
        columns = tuple(column.get(parameter.name, -1) for parameter in circuit.parameters)
        return IsaCircuit(circuit, qubits, columns)

    def _joins(self, program: Program) -> bool:
        """Whether only directions of gates are not the device's: they are turned, and nothing else is touched."""
        pairs = {frozenset(pair) for pair in self.target.coupling or ()}
        return program.n_qubits == self.target.n_qubits and all(
            gate.name in self.target.gate_set and (len(gate.wires) == 1 or frozenset(gate.wires) in pairs)
            for gate in program.gates
        )

    def _transpiled(self, circuit: QuantumCircuit, stays: bool) -> tuple[QuantumCircuit, tuple[int, ...]]:
        """In the device's gates, and where its wires end; a circuit that `stays` is neither moved nor shortened."""
        layout: Any = list(range(circuit.num_qubits)) if stays else None
        level = 0 if stays else self.level
        self.transpilations += 1
        try:
            passes = generate_preset_pass_manager(level, target=self._isa, seed_transpiler=SEED, initial_layout=layout)
            made: Any = passes.run(circuit)
        except QiskitError as error:
            raise CapabilityError(
                f"Qiskit could not transpile the Program for {self.target.name}: {error} Nothing was sent."
            ) from error
        return made, tuple(made.layout.final_index_layout())


def _with_idle_parameter(circuit: QuantumCircuit) -> QuantumCircuit:
    """The circuit behind a turn about Z of the first qubit in |0>, which changes nothing."""
    whole: Any = circuit.copy_empty_like()
    whole.rz(Parameter("slot_none"), 0)
    return whole.compose(circuit)


def observables_of(program: Program, isa: IsaCircuit) -> list[list[Any]]:
    """One operator a value, `(K, 1)`, on the qubits of the device.

    Raises:
        CapabilityError: the readout is no list of expectation values.
    """
    if isinstance(program.readout, Probabilities):
        raise CapabilityError(
            "IBM's Estimator was asked for probabilities; it gives expectation values. Take primitive='sampler'."
        )
    found = observables_to_qiskit(program.readout, program.n_qubits)
    layout = list(isa.qubits)
    return [[operator.apply_layout(layout, isa.circuit.num_qubits)] for operator in found]


def settings_to_send(program: Program) -> tuple[Setting, ...]:
    """The measurement settings of a Program.

    Raises:
        CapabilityError: it reads nothing but the identity.
    """
    settings = settings_of(program.readout)
    if not settings:
        raise CapabilityError("A machine was asked for a Program that reads the identity only; nothing was sent.")
    return settings


def target_of(device: BackendV2, name: str, *, counts: bool, queued: bool, options: tuple) -> Target:
    """What an IBM device offers, in the words of this toolkit.

    IBM's page of job limits says that the largest numbers of circuits and shots in a device's configuration are no
    longer enforced; what bounds a Sampler job is its executions.

    Raises:
        CapabilityError: the device lacks turns about Z and the root of X, in which bases are changed.
    """
    known = get_standard_gate_name_mapping()
    found = [known[word].base_class for word in device.operation_names if word in known]
    rows = tuple(sorted({ROW_OF[kind] for kind in found if kind in ROW_OF}))
    if not {"RZ", "SX"} <= set(rows):
        raise CapabilityError(f"The device {name} runs {', '.join(rows)}; this toolkit needs RZ and SX among them.")
    own: Any = device.target
    coupling = own.build_coupling_map()
    pairs = None
    if coupling is not None:
        pairs = tuple(sorted({(min(pair), max(pair)) for pair in coupling.get_edges()}))
    limits = Limits(executions=EXECUTIONS if counts else None)
    return Target(
        name,
        device.num_qubits,
        rows,
        pairs,
        limits,
        exact=False,
        queued=queued,
        options=options,
        counts=counts,
    )
