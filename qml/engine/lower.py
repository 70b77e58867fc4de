"""From gates to Pauli rotations: Cliffords vanish into a frame, angles become columns of numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from qml.circuits.angle import Angle, Term
from qml.circuits.gate import Rotation
from qml.circuits.program import Program
from qml.circuits.readout import Probabilities
from qml.circuits.steps import preparations, steps
from qml.engine.frame import Frame, Pauli
from qml.engine.plan import Draft, Plan, Turn, TurnKind, Word, one_by_one

Column = tuple[Term, ...]


@dataclass(frozen=True)
class Reading:
    """How values are made of words: `terms[k]` lists `(word, coefficient)` of value `k`, signs left aside.

    `probabilities` says that the words are all products of Z images in binary order, so that a Walsh-Hadamard
    transform does it; `terms` is empty then.
    """

    terms: tuple[tuple[tuple[int, float], ...], ...] = ()
    probabilities: bool = False


@dataclass(frozen=True)
class Lowered:
    """A Program as turns in the order of its gates.

    `shared` and `rows` are what the columns that turns refer to stand for, as sums of products of slots.
    """

    draft: Draft
    shared: tuple[Column, ...]
    rows: tuple[Column, ...]
    reading: Reading


@dataclass
class _Columns:
    """Numbers the distinct columns of one kind in order of appearance."""

    known: dict[Column, int] = field(default_factory=dict)

    def index(self, column: Column) -> int:
        return self.known.setdefault(column, len(self.known))


def lower(program: Program, row_weights: bool = False) -> Lowered:
    """Rewrite `program` as Pauli rotations about words in the frame of its Cliffords, up to a global phase.

    Args:
        program: any Program; preparations are left to `qml.engine.preparation`.
        row_weights: whether each row of a batch brings weights of its own; every column is a row column then.

    Returns:
        Turns in the order of the gates, each in a block of its own; nothing is reordered or dropped.

    Example:
        >>> from qml.circuits.gate import Gate
        >>> lower(Program(2, (Gate("CNOT", (0, 1)), Gate("RZ", (1,), (0.5,))))).draft.plan.turns
        (Turn(x=0, z=3, kind='constant', column=-1, coefficient=0.0, constant=0.5),)
    """
    frame = Frame(program.n_qubits)
    shared, rows = _Columns(), _Columns()
    turns: list[Turn] = []
    for step in steps(program):
        if isinstance(step, Rotation):
            turns.append(_turn(frame.image(step.word), step.angle, shared, rows, row_weights))
        elif step.name == "H":
            frame.absorb("Z", step.wires)
            axis = frame.image(((step.wires[0], "Y"),))
            turns.append(_turn(axis, Angle(math.pi / 2), shared, rows, row_weights))
        else:
            frame.absorb(step.name, step.wires)
    words, signs, reading = _read(program, frame)
    plan = Plan(
        n_qubits=program.n_qubits,
        prefix=((),) * program.n_qubits,
        blocks=one_by_one(turn for turn in turns if turn.x or turn.z),
        words=words,
        n_shared=len(shared.known),
        n_rows=len(rows.known),
        initial=bool(preparations(program)),
    )
    return Lowered(Draft(plan, signs, frame.origin, frame.phase), tuple(shared.known), tuple(rows.known), reading)


def _turn(axis: Pauli, angle: Angle, shared: _Columns, rows: _Columns, row_weights: bool) -> Turn:
    """The turn by `angle` about `axis`; equal angles up to a factor share one column."""
    sign = axis.sign
    if not angle.terms:
        return Turn(axis.x, axis.z, "constant", -1, 0.0, sign * angle.constant)
    scale = max((term.coefficient for term in angle.terms), key=abs)
    column = tuple(Term(term.coefficient / scale, term.slots) for term in angle.terms)
    kind: TurnKind = "row" if row_weights or _has_input(column) else "shared"
    index = (rows if kind == "row" else shared).index(column)
    return Turn(axis.x, axis.z, kind, index, sign * scale, sign * angle.constant)


def _has_input(column: Column) -> bool:
    return any(slot.kind == "input" for term in column for slot in term.slots)


def _read(program: Program, frame: Frame) -> tuple[tuple[Word, ...], tuple[int, ...], Reading]:
    """The words that the readout needs, the sign of each, and how values are made of them."""
    readout = program.readout
    if isinstance(readout, Probabilities):
        images = _products([frame.image(((wire, "Z"),)) for wire in readout.wires])
        return tuple((0, z) for z, _ in images), tuple(sign for _, sign in images), Reading(probabilities=True)
    known: dict[Word, int] = {}
    signs: list[int] = []
    terms = []
    for observable in readout.observables if readout else ():
        parts = []
        for coefficient, word in observable.terms:
            image = frame.image(word)
            key = (image.x, image.z)
            if key not in known:
                known[key] = len(signs)
                signs.append(image.sign)
            parts.append((known[key], coefficient))
        terms.append(tuple(parts))
    return tuple(known), tuple(signs), Reading(tuple(terms))


def _products(images: Sequence[Pauli]) -> list[tuple[int, int]]:
    """Mask and sign of each product of Z words; product `s` takes image `k` where bit `k` from the top of `s` is 1."""
    result = [(0, 1)]
    for image in images:
        result = [product for z, sign in result for product in ((z, sign), (z ^ image.z, sign * image.sign))]
    return result
