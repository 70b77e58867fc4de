"""A Program in the gates of a machine, on its wires: made once for each Program and target, bound many times."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field, replace
from threading import RLock

from qml.backends.backend import Target
from qml.backends.draws import checked_seed
from qml.backends.exchange import is_exchangeable
from qml.backends.slotted import slotted
from qml.base.bounds import check_whole
from qml.base.errors import CapabilityError, ConfigError
from qml.circuits.angle import Angle, input_slot
from qml.circuits.gate import Gate, Rotation
from qml.circuits.gates import GATES, PREPARATIONS
from qml.circuits.program import Program
from qml.circuits.slots import amplitude_tables
from qml.circuits.steps import gate_steps

KEPT = 256
LEVELS = (0, 1, 2, 3)


@dataclass
class Transpiled:
    """What this process has transpiled, the last `KEPT` of them, and how many it was."""

    programs: OrderedDict[tuple, Program] = field(default_factory=OrderedDict)
    count: int = 0
    lock: RLock = field(default_factory=RLock)

    def native(self, key: tuple, program: Program, target: Target, seed: int, level: int) -> Program:
        """That of the key; made by one thread, once, and counted where it was not native already."""
        done = self.programs.get(key)
        if done is not None:
            return done
        with self.lock:
            done = self.programs.get(key) or _kept(program, target)
            if done is None:
                done = _made(program, target, seed, level)
                self.count += 1
            self.programs[key] = done
            while len(self.programs) > KEPT:
                self.programs.popitem(last=False)
            return done


_DONE = Transpiled()


def transpilations() -> int:
    """How often this process has transpiled: once for each Program, target, seed and level, however often it runs.

    A Program that is native already keeps its gates, and does not count.

    Example:
        >>> transpilations() >= 0
        True
    """
    return _DONE.count


def transpile(program: Program, target: Target, *, seed: int = 1, level: int = 1) -> Program:
    """`program` as gates of the target on the target's wires, with its `S` rotation angles as inputs and no weights.

    Input `s` of the result is column `s` of `slots(program, inputs, weights)`, and every angle is affine in one of
    them. The readout names the wires that the results stand on. Equal up to a global phase. On a directed target gates
    stand in its order; those that come out the other way round are turned by gates on one wire. A native Program keeps
    its gates; a target of all gates and all pairs of qubits gets `slotted(program)`, as wide as it is.

    Args:
        program: any Program without prepared amplitudes that depend on slots.
        target: the machine.
        seed: of the search for a layout, 1 or more.
        level: 0 to 3, how much work goes into few gates.

    Raises:
        CapabilityError: the Program is wider than the target, its couplings or gates cannot serve it, or an angle came
            out as a mixture of several.
        ConfigError: a target with gates or qubits that do not exist, a level or a seed outside its range.
        MissingExtraError: Qiskit is needed and not installed.

    Example:
        >>> from qml.circuits import angle, basic
        >>> line = Target("line", 4, ("RZ", "SX", "PauliX", "CNOT"), ((0, 1), (1, 2), (2, 3)))
        >>> native = transpile(angle(3) + basic(3, depth=1), line)
        >>> native.n_qubits, native.n_inputs, sorted({gate.name for gate in native.gates})
        (4, 6, ['CNOT', 'RZ', 'SX'])
    """
    _check(program, target, seed, level)
    if _unrestricted(target):
        return slotted(program)
    return _DONE.native((program.digest, target.digest, seed, level), program, target, seed, level)


def is_native(program: Program, target: Target) -> bool:
    """Whether every gate of `program` is one of the target's, on wires that the target joins in that order.

    A target that does not join all its qubits takes Programs on all of its wires only: fewer wires are yet to be laid
    out.

    Example:
        >>> from qml.circuits import Circuit
        >>> line = Target("line", 3, ("RZ", "CNOT"), ((0, 1), (1, 2)))
        >>> is_native(Circuit(3).cnot([2, 1]).build(), line), is_native(Circuit(3).cnot([0, 2]).build(), line)
        (True, False)
        >>> one_way = Target("one way", 2, ("RZ", "SX", "CNOT"), ((0, 1),), directed=True)
        >>> is_native(Circuit(2).cnot([1, 0]).build(), one_way)
        False
    """
    if program.n_qubits > target.n_qubits or (target.coupling is not None and program.n_qubits < target.n_qubits):
        return False
    if target.gate_set and not {gate.name for gate in program.gates} <= set(target.gate_set):
        return False
    if target.coupling is None:
        return True
    pairs = set(target.coupling)
    both = pairs | {(second, first) for first, second in pairs}
    return all(_joins(gate, pairs if target.directed else both, both) for gate in program.gates)


def _joins(gate: Gate, pairs: set[tuple[int, int]], both: set[tuple[int, int]]) -> bool:
    """Whether a gate acts on one wire, on a pair in its order, or on one whose order it does not see."""
    if len(gate.wires) == 1 or gate.wires in pairs:
        return True
    return gate.wires in both and (gate.name in PREPARATIONS or is_exchangeable(gate))


def compact(native: Program) -> tuple[Program, tuple[int, ...]]:
    """The same circuit on the qubits that a gate acts on or that are read, and which these are, ascending.

    What a simulator runs of a Program for a large machine; the values are the same.

    Example:
        >>> from qml.circuits import Circuit, z_each
        >>> small, wires = compact(Circuit(9).cnot([7, 2]).build(z_each([7])))
        >>> small.n_qubits, small.gates[0].wires, wires
        (2, (1, 0), (2, 7))
    """
    active = {wire for gate in native.gates for wire in gate.wires} | set(native.readout.wires)
    wires = tuple(sorted(active)) or (0,)
    idle = [wire for wire in range(native.n_qubits) if wire not in wires]
    order = [*wires, *idle]
    place = {wire: position for position, wire in enumerate(order)}
    moved = native.renamed_wires(tuple(place[wire] for wire in range(native.n_qubits)))
    return replace(moved, n_qubits=len(wires)), wires


def check_transpiling(who: str, seed: object, level: object) -> None:
    """Raise `ConfigError` unless `seed` is a whole number of at least 1, and `level` one of `LEVELS`."""
    checked_seed(who, seed)
    check_whole(who, LEVELS[0], LEVELS[-1], level=level)


def _unrestricted(target: Target) -> bool:
    return not target.gate_set and target.coupling is None


def _check(program: Program, target: Target, seed: int, level: int) -> None:
    if program.n_qubits > target.n_qubits:
        raise CapabilityError(
            f"{target.name} was asked for a Program of {program.n_qubits} qubits; it has {target.n_qubits}. Take a "
            "narrower Program or a larger machine."
        )
    check_transpiling("transpile", seed, level)
    strange = sorted(set(target.gate_set) - set(GATES))
    outside = sorted({wire for pair in target.coupling or () for wire in pair} - set(range(target.n_qubits)))
    if strange or outside:
        raise ConfigError(
            f"The target {target.name} of {target.n_qubits} qubits lists gates that are no rows of the gate table "
            f"({', '.join(strange) or 'none'}) or couplings of qubits that it does not have ({outside or 'none'})."
        )


def _kept(program: Program, target: Target) -> Program | None:
    """A native Program gate by gate, reading one input a rotation; None where it is not native, or cannot stay so."""
    if not is_native(program, target) or any(table.varies.any() for table in amplitude_tables(program)):
        return None
    gates: list[Gate] = []
    position = 0
    for gate in program.gates:
        if gate.name in PREPARATIONS:
            gates.append(gate)
            continue
        turned = _turned(gate, position)
        if turned is None:
            return None
        gates.append(turned)
        position += sum(isinstance(step, Rotation) for step in gate_steps(gate))
    kept = Program(program.n_qubits, tuple(gates), program.readout, position, name=program.name)
    return kept.renamed_wires(tuple(range(program.n_qubits)), target.n_qubits)


def _turned(gate: Gate, position: int) -> Gate | None:
    """`gate` with the slots of its steps, the first of which is `position`; None where two steps share an angle."""
    if not any(angle.terms for angle in gate.angles):
        return gate
    marked = replace(gate, angles=tuple(input_slot(place) for place in range(len(gate.angles))))
    turns = [step.angle for step in gate_steps(marked) if isinstance(step, Rotation)]
    angles: list[Angle] = []
    for place, own in enumerate(gate.angles):
        if not own.terms:
            angles.append(own)
            continue
        users = [column for column, angle in enumerate(turns) if place in angle.inputs]
        if len(users) != 1 or turns[users[0]].inputs != (place,):
            return None
        step = turns[users[0]]
        angles.append((input_slot(position + users[0]) - step.constant) / step.terms[0].coefficient)
    return replace(gate, angles=tuple(angles))


def _made(program: Program, target: Target, seed: int, level: int) -> Program:
    """By Qiskit's transpiler, and what came out is looked at."""
    from qml.backends.qiskit_transpiling import transpiled

    native = transpiled(slotted(program), target, seed, level)
    for gate in native.gates:
        for angle in gate.angles:
            if len(angle.terms) > 1 or any(len(term.slots) > 1 for term in angle.terms):
                raise CapabilityError(
                    f"Transpiling for {target.name} at level {level} made {gate.name} on wires {gate.wires} turn by "
                    f"{angle}, which mixes several rotations; shift rules and noise need one each. Take level=1 or 0."
                )
    if not is_native(native, target):
        strange = sorted({gate.name for gate in native.gates} - set(target.gate_set))
        raise CapabilityError(
            f"Transpiling for {target.name} left gates that it does not run: {', '.join(strange) or 'none'}, or pairs "
            f"that it does not join in that order. It runs {', '.join(target.gate_set) or 'all gates'}."
        )
    return native
