"""A Plan whose shared values are row values: for runs in which every row brings its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from qml.engine.plan import Block, Plan, Turn


def rowed(plan: Plan) -> Plan:
    """The same circuit without shared values: shared value `j` is row column `n_rows + j`.

    So a run of rows `(B, M)` and shared values `(S,)` is one of rows `(B, M + S)`, in which the rows may differ in
    the last `S` columns too, and have gradients of their own there.

    Args:
        plan: any Plan.

    Returns:
        A Plan with `n_shared` 0; the very Plan where it has no shared values.

    Example:
        >>> plan = Plan(1, ((Turn(1, 1, "shared", 0, 1.0),),), (), ((0, 1),), n_shared=1, n_rows=2)
        >>> rowed(plan).prefix[0][0].column
        2
    """
    if not plan.n_shared:
        return plan

    def moved(turns: Sequence[Turn]) -> tuple[Turn, ...]:
        return tuple(
            turn._replace(kind="row", column=plan.n_rows + turn.column) if turn.kind == "shared" else turn
            for turn in turns
        )

    blocks: list[Block] = []
    for block in plan.blocks:
        turns = moved(block.turns)
        if block.kind == "mixing":
            blocks.append(replace(block, turns=turns))
            continue
        constant, by_row = [[t for t in turns if (t.kind == "row") == row] for row in (False, True)]
        blocks += [Block("shared_diagonal", tuple(constant))] if constant else []
        blocks += [Block("row_diagonal", tuple(by_row))] if by_row else []
    return replace(
        plan,
        prefix=tuple(map(moved, plan.prefix)),
        blocks=tuple(blocks),
        n_shared=0,
        n_rows=plan.n_rows + plan.n_shared,
    )
