"""Which angles of a Program are shifted together, and by which rule: what a gradient costs is decided here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from qml.backends.shifts.commuting import commute, frequencies
from qml.backends.shifts.rules import shift_rule
from qml.base.registry import unknown
from qml.circuits.angle import Angle
from qml.circuits.gate import Clifford, Rotation, Step
from qml.circuits.gates import PREPARATIONS
from qml.circuits.program import Program
from qml.circuits.readout import PauliWord
from qml.circuits.steps import gate_steps

RULES = ("two_term", "four_term", "general")


@dataclass(frozen=True, eq=False)
class Directions:
    """`V` directions in the space of the `S` angles, and the `T` shifted evaluations that give all derivatives.

    Args:
        along_VS: by what each angle moves when the leader of the direction moves by one.
        leader_V: the angle that the derivative is credited to; the chain rule goes on from there.
        trained_V: whether that angle depends on a weight.
        direction_T: of each evaluation.
        shift_T: of the leader, radians.
        factor_T: what the value is multiplied by.
    """

    along_VS: np.ndarray
    leader_V: np.ndarray
    trained_V: np.ndarray
    direction_T: np.ndarray
    shift_T: np.ndarray
    factor_T: np.ndarray

    @property
    def n(self) -> int:
        """Directions `V`."""
        return len(self.leader_V)


@dataclass(frozen=True)
class _Member:
    """A rotation among others that turn by the same number: its place, its word and by how much of the number."""

    slot: int
    word: PauliWord
    scale: float
    angle: Angle


@lru_cache(maxsize=256)
def directions(program: Program, rule: str) -> Directions:
    """The directions of a rule.

    "two_term" moves each angle alone, by +-pi/2. "four_term" moves the rotations of one gate together where they
    commute and turn by one number: two evaluations instead of six for a ControlledPhaseShift, four for CRX and
    SingleExcitation. "general" moves rotations together across gates too (those that share a weight), wherever that
    takes fewer evaluations than moving them one by one.

    Args:
        program: the circuit.
        rule: one of `RULES`.

    Raises:
        ConfigError: there is no such rule.

    Example:
        >>> from qml.circuits import Circuit
        >>> circuit = Circuit(2)
        >>> program = circuit.add("ControlledPhaseShift", (0, 1), circuit.weights("w", (1,))[0]).build()
        >>> [len(directions(program, rule).shift_T) for rule in RULES]
        [6, 2, 2]
    """
    if rule not in RULES:
        raise unknown("rule", rule, [*RULES])
    taken = [_settled(group, rule) for group in _groups(_sequences(program, rule), rule)]
    found = [part for parts in taken for part in parts]
    n_slots = sum(isinstance(step, Rotation) for sequence in _sequences(program, rule) for step in sequence)
    along_VS = np.zeros((len(found), n_slots))
    rules = []
    for v, (members, waves) in enumerate(found):
        for member in members:
            along_VS[v, member.slot] = member.scale / members[0].scale
        rules.append(shift_rule(waves))
    sizes = [len(one.shifts_T) for one in rules]
    return Directions(
        along_VS,
        np.array([members[0].slot for members, _ in found], int),
        np.array([bool(members[0].angle.weights) for members, _ in found], bool),
        np.repeat(np.arange(len(found)), sizes),
        np.concatenate([np.zeros(0), *(one.shifts_T for one in rules)]),
        np.concatenate([np.zeros(0), *(one.factors_T for one in rules)]),
    )


def _sequences(program: Program, rule: str) -> list[tuple[Step, ...]]:
    """Steps among which rotations may go together: those of one gate, or all."""
    of_gates = [gate_steps(gate) for gate in program.gates if gate.name not in PREPARATIONS]
    return [tuple(step for steps in of_gates for step in steps)] if rule == "general" else of_gates


def _groups(sequences: Sequence[Sequence[Step]], rule: str) -> Iterator[list[_Member]]:
    """Rotations by one number that could stand side by side, in the order of their first."""
    slot = 0
    for sequence in sequences:
        opened: dict[object, list[_Member]] = {}
        groups: list[list[_Member]] = []
        for step in sequence:
            if isinstance(step, Clifford):
                blocked = [k for k, group in opened.items() if _touches(group, step.wires)]
            else:
                blocked = [k for k, group in opened.items() if not all(commute(m.word, step.word) for m in group)]
            for key in blocked:
                del opened[key]
            if isinstance(step, Clifford):
                continue
            if step.angle.terms:
                key, scale = _number(step.angle) if rule != "two_term" else (slot, 1.0)
                if key not in opened:
                    groups.append(opened.setdefault(key, []))
                opened[key].append(_Member(slot, step.word, scale, step.angle))
            slot += 1
        yield from groups


def _touches(group: list[_Member], wires: tuple[int, ...]) -> bool:
    return any(wire in wires for member in group for wire, _ in member.word)


def _number(angle: Angle) -> tuple[object, float]:
    """The number that an angle turns by, constants and scale apart, and that scale."""
    scale = angle.terms[0].coefficient
    return tuple((round(term.coefficient / scale, 12), term.slots) for term in angle.terms), scale


def _settled(group: list[_Member], rule: str) -> list[tuple[list[_Member], tuple[float, ...]]]:
    """The group as one direction with its frequencies, or as one direction each where that costs no more."""
    if len(group) > 1:
        waves = frequencies([m.word for m in group], [m.scale / group[0].scale for m in group])
        if waves and len(waves) < len(group) + (rule == "four_term"):
            return [(group, waves)]
    return [([member], (1.0,)) for member in group]
