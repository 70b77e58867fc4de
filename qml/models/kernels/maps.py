"""Feature maps: circuits that carry a row into a state, with the same data and no entanglement where asked for."""

from __future__ import annotations

import numpy as np

from qml.base.errors import ProgramError
from qml.base.registry import unknown
from qml.circuits.builder import Circuit
from qml.circuits.counting import whole_number
from qml.circuits.encodings import iqp
from qml.circuits.entangling import full
from qml.circuits.program import Program
from qml.circuits.readout import Probabilities

PENNYLANE_BEFORE_034 = "pennylane<0.34"
"""Option `emulate`: the bug of a library under which published numbers were made.

Before PennyLane 0.34 the default pair pattern of `IQPEmbedding` was an iterator that the first repeat used up, so that
the ZZ phases stood in the first repeat only.
"""


def iqp_map(n_qubits: int, repeats: int = 1, *, entangled: bool = True, emulate: str = "") -> Program:
    """Hadamards, phases by each input, phases by each product of two inputs, `repeats` times; see `iqp`.

    Args:
        n_qubits: wires, and inputs.
        repeats: times the whole is applied.
        entangled: False leaves the phases by products out.
        emulate: "" for the circuit as it is meant, or `PENNYLANE_BEFORE_034` for what was run in place of it.

    Raises:
        ConfigError: no such bug.

    Example:
        >>> [len(iqp_map(3, 2, emulate=bug).gates) for bug in ("", PENNYLANE_BEFORE_034)]
        [18, 15]
    """
    if emulate not in ("", PENNYLANE_BEFORE_034):
        raise unknown("library bug to emulate", emulate, [PENNYLANE_BEFORE_034])
    if not entangled:
        return iqp(n_qubits, repeats=repeats, entangle=())
    if not emulate or repeats == 1:
        return iqp(n_qubits, repeats=repeats)
    return iqp(n_qubits, repeats=1) + iqp(n_qubits, repeats=repeats - 1, entangle=())


def zz_map(n_qubits: int, repeats: int = 2, *, entangled: bool = True) -> Program:
    """The ZZ feature map as Qiskit has it, up to a global phase.

        [ prod_(i<j) exp(-i (pi - x_i)(pi - x_j) Z_i Z_j)  prod_i exp(-i x_i Z_i)  H^n ] ** repeats

    Args:
        n_qubits: wires, and inputs.
        repeats: times the whole is applied; `reps` in Qiskit.
        entangled: False leaves the phases of pairs out.

    References:
        Havlicek et al., Nature 567, 209 (2019).

    Example:
        >>> zz_map(3).n_inputs, len(zz_map(3, 1).gates), len(zz_map(3, 1, entangled=False).gates)
        (3, 9, 6)
    """
    circuit = Circuit(n_qubits)
    if whole_number("repeats", repeats) < 1:
        raise ProgramError(f"zz_map needs 1 repeat or more; got {repeats}.")
    for _ in range(repeats):
        for wire in range(n_qubits):
            circuit.h(wire)
            circuit.rz(wire, 2 * circuit.input(wire))
        for first, second in full(n_qubits) if entangled else []:
            gap, other = np.pi - circuit.input(first), np.pi - circuit.input(second)
            circuit.multi_rz([first, second], 2 * (gap * other))
    return circuit.build(name="zz")


def heisenberg_map(rotations_Q3: np.ndarray, time: float = 1 / 3, steps: int = 5, *, entangled: bool = True) -> Program:
    """Fixed random rotations, then a Trotterised Heisenberg chain whose couplings are the inputs.

        [ prod_j exp(-i s x_j (X_j X_j+1 + Y_j Y_j+1 + Z_j Z_j+1) / 2) ] ** steps  prod_q Rot_q,    s = time D / steps

    `D` inputs couple `Q = D + 1` qubits. Data enter by the couplings alone, so that no row is told from another once
    they are taken out; `entangled=False` therefore turns qubit `j` by the same angle about X, Y and Z instead.

    Args:
        rotations_Q3: angles of the three rotations of each qubit, `(Q, 3)`.
        time: of the evolution, for each input.
        steps: of the product formula.
        entangled: whether inputs couple qubits.

    Raises:
        ProgramError: rotations of another shape, or no step.

    References:
        Huang et al., Nature Communications 12, 2631 (2021); as in Bowles, Ahmed and Schuld, arXiv:2403.07059.

    Example:
        >>> program = heisenberg_map(np.zeros((4, 3)), steps=2)
        >>> program.n_qubits, program.n_inputs, len(program.gates)
        (4, 3, 22)
    """
    rotations = np.asarray(rotations_Q3, np.float64)
    if rotations.ndim != 2 or rotations.shape[1] != 3 or len(rotations) < 2 or whole_number("steps", steps) < 1:
        raise ProgramError(
            f"heisenberg_map needs rotations (Q, 3) of 2 qubits or more and 1 step or more; "
            f"got {rotations.shape} and {steps}."
        )
    n_inputs = len(rotations) - 1
    circuit = Circuit(n_inputs + 1)
    for wire, angles in enumerate(rotations):
        circuit.rot(wire, *angles.tolist())
    for _ in range(steps):
        for place in range(n_inputs):
            angle = (time / steps * n_inputs) * circuit.input(place)
            for letter in "XYZ":
                name, wires = (f"Ising{letter * 2}", [place, place + 1]) if entangled else (f"R{letter}", place)
                circuit.add(name, wires, angle)
    return circuit.build(name="heisenberg")


def tilted_map(n_qubits: int, layers: int = 1) -> Program:
    """Fixed tilts about X and rotations about Y by the inputs, wire by wire: the separable kernel of the comparison.

        [ RY(-x_q) RX(-pi/4) ] ** layers    on each wire q

    Args:
        n_qubits: wires, and inputs.
        layers: times the whole is applied.

    References:
        Bowles, Ahmed and Schuld, arXiv:2403.07059, "separable kernel".

    Example:
        >>> len(tilted_map(1, 3).gates)
        6
    """
    circuit = Circuit(n_qubits)
    if whole_number("layers", layers) < 1:
        raise ProgramError(f"tilted_map needs 1 layer or more; got {layers}.")
    for _ in range(layers):
        for wire in range(n_qubits):
            circuit.rx(wire, -np.pi / 4).ry(wire, -circuit.input(wire))
    return circuit.build(name="tilted")


def sinks_map(n_qubits: int, *, entangled: bool = True) -> Program:
    """The circuit of quantum kitchen sinks: RX of each input, CNOTs on neighbours, then on next neighbours.

    Read in the computational basis. `qml.models.kernels.sinks` draws the same bits without it: CNOTs only move bits.

    Args:
        n_qubits: wires, and inputs.
        entangled: whether there are CNOTs.

    References:
        Wilson et al., arXiv:1806.08321; generalised as in Bowles, Ahmed and Schuld, arXiv:2403.07059.

    Example:
        >>> len(sinks_map(4).gates), len(sinks_map(4, entangled=False).gates)
        (8, 4)
    """
    circuit = Circuit(n_qubits)
    for wire in range(n_qubits):
        circuit.rx(wire, circuit.input(wire))
    for control in range(0, n_qubits - 1, 2) if entangled else ():
        circuit.cnot([control, control + 1])
    for control in range(n_qubits - 2) if entangled else ():
        circuit.cnot([control, control + 2])
    return circuit.build(Probabilities(tuple(range(n_qubits))), name="kitchen sinks")
