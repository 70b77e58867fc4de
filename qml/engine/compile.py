"""From a Program to all that a run needs, once for each Program."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

from qml.circuits.angle import Angle, Slot, Term
from qml.circuits.program import Program
from qml.engine.columns import Columns
from qml.engine.lower import Column, Lowered, lower
from qml.engine.passes import run_passes
from qml.engine.plan import Draft, Plan, Turn
from qml.engine.words import WordMap

CACHED_PROGRAMS = 256


@dataclass(frozen=True)
class Compiled:
    """A Program ready to run: what the kernels do, what they are handed, and what is made of their answer."""

    plan: Plan
    columns: Columns
    word_map: WordMap


@dataclass(frozen=True)
class Request:
    """The key of the cache; the Program itself goes along, but equal digests are enough."""

    digest: str
    row_weights: bool
    program: Program = field(compare=False)


def compile_program(program: Program, row_weights: bool = False) -> Compiled:
    """Compile `program`, or return what was compiled before: the last 256 are kept.

    The cache may be used by many threads at once (two that ask for the same new Program at the same time both
    compile it), and holds no lock that a fork could leave closed.

    Args:
        program: any Program.
        row_weights: whether runs bring one set of weights a row, `(B, P)`, instead of one for all.

    Returns:
        The Plan, the Columns that feed it, and the WordMap that reads it.

    Example:
        >>> from qml.circuits import angle, sel
        >>> compiled = compile_program(angle(4) + sel(4, depth=2))
        >>> [block.kind for block in compiled.plan.blocks]
        ['shared_diagonal', 'mixing']
    """
    return _compiled(Request(program.digest, bool(row_weights), program))


def compile_fresh(program: Program, row_weights: bool = False, verify: bool | None = None) -> Compiled:
    """Compile without the cache; arguments as for `compile_program` and `qml.engine.passes.run_passes`."""
    lowered = lower(program, row_weights)
    draft = run_passes(lowered.draft, verify=verify)
    plan, shared, rows = settled_plan(program, row_weights, lowered, draft)
    return Compiled(plan, Columns(program, shared, rows, row_weights), WordMap(lowered.reading, draft.signs))


def settled_plan(
    program: Program, row_weights: bool, lowered: Lowered, draft: Draft
) -> tuple[Plan, list[Angle], list[Angle]]:
    """The plan of `draft` with the columns that it still reads, and what its shared and its row columns are."""
    n_row = program.n_inputs + (program.n_weights if row_weights else 0)
    used = {kind: sorted({t.column for t in draft.plan.turns if t.kind == kind}) for kind in ("shared", "row")}
    shared = _settled([lowered.shared[c] for c in used["shared"]], program, False, program.n_weights)
    rows = _settled([lowered.rows[c] for c in used["row"]], program, True, n_row)
    moved: dict[tuple[str, int], int] = {}
    for kind, columns, table in (("shared", shared, lowered.shared), ("row", rows, lowered.rows)):
        place = {column: index for index, column in enumerate(columns)}
        moved |= {(kind, c): place[table[c]] for c in used[kind]}
    plan = replace(_renumbered(draft.plan, moved), n_shared=len(shared), n_rows=len(rows))
    return plan, [Angle(0.0, c) for c in shared], [Angle(0.0, c) for c in rows]


@lru_cache(maxsize=CACHED_PROGRAMS)
def _compiled(request: Request) -> Compiled:
    return compile_fresh(request.program, request.row_weights)


def _settled(used: Sequence[Column], program: Program, rows: bool, n_slots: int) -> list[Column]:
    """The columns in their final order: plain slots by number, then derived ones.

    When nothing is derived and at least half of all slots are read, all slots are columns, so that the array of
    slots itself serves and nothing is copied.
    """
    every = [(Term(1.0, (_slot(number, program, rows),)),) for number in range(n_slots)]
    plain = set(used)
    kept = [column for column in every if column in plain]
    if used and len(kept) == len(used) and 2 * len(used) >= n_slots:
        return every
    known = set(kept)
    return kept + [column for column in used if column not in known]


def _slot(number: int, program: Program, rows: bool) -> Slot:
    if not rows:
        return Slot("weight", number)
    return Slot("input", number) if number < program.n_inputs else Slot("weight", number - program.n_inputs)


def _renumbered(plan: Plan, moved: dict[tuple[str, int], int]) -> Plan:
    def renumber(turns: Sequence[Turn]) -> tuple[Turn, ...]:
        return tuple(
            turn if turn.kind == "constant" else turn._replace(column=moved[turn.kind, turn.column]) for turn in turns
        )

    return replace(
        plan,
        prefix=tuple(map(renumber, plan.prefix)),
        blocks=tuple(replace(block, turns=renumber(block.turns)) for block in plan.blocks),
    )
