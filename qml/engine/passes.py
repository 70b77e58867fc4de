"""The passes that make a short Plan of a long list of turns, each small, named, and checkable on its own."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from qml.engine.frame import Frame, Span
from qml.engine.plan import Block, Draft, Plan, Turn, block_kind, one_by_one
from qml.engine.verify import check_pass

VERIFY_VARIABLE = "QML_VERIFY_PASSES"
ANGLE_TOLERANCE = 1e-13  # radians: a constant this near a multiple of pi/2 is taken for it


@dataclass(frozen=True)
class Pass:
    """One rewriting of a Draft.

    `keeps` says what it promises: the `"unitary"` up to a global phase, or only the `"values"` of the words from
    the state that the Plan starts from.
    """

    name: str
    run: Callable[[Draft], Draft]
    keeps: Literal["unitary", "values"]


def drop_unread(draft: Draft) -> Draft:
    """Drop turns that commute with all words and all later kept turns: they lie outside the light cone."""
    plan = draft.plan
    seen = _span_of_words(plan)
    kept = []
    for turn in reversed(plan.turns):
        if seen.clashes(turn.x, turn.z):
            seen.add(turn.x, turn.z)
            kept.append(turn)
    return _with_turns(draft, kept[::-1])


def drop_leading_phases(draft: Draft) -> Draft:
    """Drop Z turns that can be moved to the very beginning: there they only give |0...0> a phase."""
    plan = draft.plan
    if plan.initial:
        return draft
    kept: list[Turn] = []
    seen = Span(plan.n_qubits)
    for turn in plan.turns:
        if turn.x or seen.clashes(turn.x, turn.z):
            seen.add(turn.x, turn.z)
            kept.append(turn)
    return _with_turns(draft, kept)


def merge_meeting(draft: Draft) -> Draft:
    """Merge turns about the same word that can be brought together, and drop those that cancel."""
    blocks, phase = _commuting_blocks(draft.plan.turns, draft.plan.n_qubits)
    merged = _with_turns(draft, [turn for block in blocks for turn in block.turns])
    return replace(merged, phase=draft.phase + phase)


def fold_quarter_turns(draft: Draft) -> Draft:
    """Absorb constant turns that are Cliffords: multiples of pi, and multiples of pi/2 about words of Z.

    They rewrite the later turns and the words that are read, as absorbed gates do. Quarter turns about other words
    stay, because they would make words of Z that are read, or diagonal turns, mixing ones.
    """
    plan = draft.plan
    frame = Frame(plan.n_qubits)
    kept = []
    for turn in plan.turns:
        axis = frame.image_of_masks(turn.x, turn.z)
        sign = axis.sign
        moved = Turn(axis.x, axis.z, turn.kind, turn.column, sign * turn.coefficient, sign * turn.constant)
        quarters = _quarters(moved)
        if quarters is None or (quarters & 1 and axis.x):
            kept.append(moved)
        elif quarters:
            frame.absorb_turn(axis._replace(phase=(axis.x & axis.z).bit_count() & 3), quarters)
    if not frame.changed:
        return _with_turns(draft, kept)
    origin, phase = frame.row_of(draft.origin)
    images = [frame.image_of_masks(x, z) for x, z in plan.words]
    signs = tuple(sign * image.sign for sign, image in zip(draft.signs, images, strict=True))
    words = tuple((image.x, image.z) for image in images)
    return Draft(replace(plan, blocks=one_by_one(kept), words=words), signs, origin, draft.phase + phase)


def split_prefix(draft: Draft) -> Draft:
    """Move turns about one bit to the beginning where they can go there: they form a product state."""
    plan = draft.plan
    if plan.initial:
        return draft
    prefix: list[list[Turn]] = [[] for _ in range(plan.n_qubits)]
    rest: list[Turn] = []
    seen = Span(plan.n_qubits)
    for turn in plan.turns:
        support = turn.x | turn.z
        if support.bit_count() == 1 and not seen.clashes(turn.x, turn.z):
            prefix[support.bit_length() - 1].append(turn)
        else:
            seen.add(turn.x, turn.z)
            rest.append(turn)
    return replace(draft, plan=replace(plan, prefix=tuple(map(tuple, prefix)), blocks=one_by_one(rest)))


def group_blocks(draft: Draft) -> Draft:
    """Gather turns into commuting blocks of one kind, each turn as far back as commutation lets it go."""
    plan = draft.plan
    turns = [turn for block in plan.blocks for turn in block.turns]
    blocks, phase = _commuting_blocks(turns, plan.n_qubits)
    plan = replace(plan, blocks=tuple(block.finished() for block in blocks))
    return replace(draft, plan=plan, phase=draft.phase + phase)


PASSES: tuple[Pass, ...] = (
    Pass("merge_meeting", merge_meeting, "unitary"),
    Pass("fold_quarter_turns", fold_quarter_turns, "values"),
    Pass("merge_again", merge_meeting, "unitary"),
    Pass("drop_unread", drop_unread, "values"),
    Pass("drop_leading_phases", drop_leading_phases, "values"),
    Pass("split_prefix", split_prefix, "unitary"),
    Pass("group_blocks", group_blocks, "unitary"),
)


def run_passes(draft: Draft, passes: Sequence[Pass] = PASSES, verify: bool | None = None) -> Draft:
    """Run `passes` in order.

    Args:
        draft: what `lower` made.
        passes: which, and in which order.
        verify: whether each pass is checked by running the Plan before and after it (only up to 8 qubits; slow).
            None asks the environment variable `QML_VERIFY_PASSES`, which is off unless it is `1`.

    Returns:
        The rewritten Draft.

    Raises:
        PassError: a checked pass broke its promise.
    """
    if verify is None:
        verify = os.environ.get(VERIFY_VARIABLE) == "1"
    for step in passes:
        after = step.run(draft)
        if verify:
            check_pass(step.name, step.keeps, draft, after)
        draft = after
    return draft


# ------------------------------------------------------------------------------------------------ blocks


class _OpenBlock:
    """A block that is still being filled: its turns by word, and what they span."""

    def __init__(self, kind, n_qubits: int):
        self.kind = kind
        self.n_qubits = n_qubits
        self.by_word: dict[tuple[int, int], list[Turn]] = {}
        self.span = Span(n_qubits)

    @property
    def turns(self) -> list[Turn]:
        return [turn for turns in self.by_word.values() for turn in turns]

    def add(self, turn: Turn) -> Turn | None:
        """Take `turn` in, merged with one it meets; what cancels leaves.

        Returns:
            A merged turn that belongs into a block of another kind, or None.
        """
        key = (turn.x, turn.z)
        turns = self.by_word.get(key)
        if turns is None:
            self.by_word[key] = [turn]
            self.span.add(turn.x, turn.z)
            return None
        options = ((position, _merged(other, turn)) for position, other in enumerate(turns))
        position, merged = next(((p, m) for p, m in options if m is not None), (len(turns), turn))
        stays = not _is_nothing(merged) and block_kind(merged) == self.kind
        turns[position : position + 1] = [merged] if stays else []
        if not turns:
            del self.by_word[key]
            self.span = Span(self.n_qubits, self.by_word)
        return None if stays else merged

    def finished(self) -> Block:
        return Block(self.kind, tuple(self.turns))


def _commuting_blocks(turns: Sequence[Turn], n_qubits: int) -> tuple[list[_OpenBlock], float]:
    """Blocks in order, and the phase in radians of the turns that are nothing else.

    Two turns about the same word that can meet always fall into the same block.
    """
    blocks: list[_OpenBlock] = []
    phase = 0.0
    for turn in turns:
        waiting: Turn | None = turn
        while waiting is not None and not _is_nothing(waiting):
            home = _home(blocks, waiting)
            if home is None:
                home = _OpenBlock(block_kind(waiting), n_qubits)
                blocks.append(home)
            waiting = home.add(waiting)
            if not home.by_word:
                blocks.remove(home)
        phase += math.pi if waiting is not None and _quarters(waiting) == 4 else 0.0
    return blocks, phase


def _home(blocks: list[_OpenBlock], turn: Turn) -> _OpenBlock | None:
    """The earliest block that `turn` can be moved back into."""
    kind, home = block_kind(turn), None
    for block in reversed(blocks):
        if block.span.clashes(turn.x, turn.z):
            break
        if block.kind == kind or (turn.kind == "constant" and (turn.x, turn.z) in block.by_word):
            home = block
    return home


def _merged(first: Turn, second: Turn) -> Turn | None:
    """One turn in place of two about the same word, or None where they read different columns."""
    constant = first.constant + second.constant
    if second.kind == "constant":
        return first._replace(constant=constant)
    if first.kind == "constant":
        return second._replace(constant=constant)
    if (first.kind, first.column) != (second.kind, second.column):
        return None
    coefficient = first.coefficient + second.coefficient
    if coefficient == 0.0:
        return Turn(first.x, first.z, "constant", -1, 0.0, constant)
    return first._replace(coefficient=coefficient, constant=constant)


def _is_nothing(turn: Turn) -> bool:
    """Whether `turn` is the identity up to a global phase."""
    return turn.kind == "constant" and _quarters(turn) in (0, 4)


def _quarters(turn: Turn) -> int | None:
    """How many times pi/2 a constant turn is, modulo 8; None where it is no multiple or no constant."""
    if turn.kind != "constant":
        return None
    quarters = round(turn.constant / (math.pi / 2))
    near = abs(turn.constant - quarters * (math.pi / 2)) <= ANGLE_TOLERANCE * max(1.0, abs(turn.constant))
    return quarters & 7 if near else None


# ------------------------------------------------------------------------------------------------ drafts


def _with_turns(draft: Draft, turns: Sequence[Turn]) -> Draft:
    plan = draft.plan
    return replace(draft, plan=replace(plan, prefix=((),) * plan.n_qubits, blocks=one_by_one(turns)))


def _span_of_words(plan: Plan) -> Span:
    """What the words span; of words of Z alone no more than `n_qubits` are needed."""
    span = Span(plan.n_qubits)
    limit = 2 * plan.n_qubits if any(x for x, _ in plan.words) else plan.n_qubits
    for x, z in plan.words:
        if len(span) == limit:
            break
        span.add(x, z)
    return span
