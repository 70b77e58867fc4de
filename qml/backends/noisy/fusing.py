"""Fewer sweeps: what stands on one wire becomes one matrix a row, and fixed matrices join where that is cheaper."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from qml.backends.noisy.layout import MAX_ITEMS
from qml.backends.noisy.operations import Fixed, Operation, Turn

TOUCH = 3.0  # cost of loading, holding and storing an entry, where a term of a sum costs one
TURNED = {"Z": 0, "X": 1, "Y": 2}  # row of X, Y, Z that is turned with the next


@dataclass(frozen=True, eq=False)
class Block:
    """Turns and fixed matrices of one wire in order: `(row, column)` of a turn, or a matrix `(4, 4)`."""

    wire: int
    items: tuple[tuple[int, int] | np.ndarray, ...]

    @property
    def wires(self) -> tuple[int, ...]:
        """Its one wire."""
        return (self.wire,)

    @property
    def turns(self) -> bool:
        """Whether any item is a turn."""
        return any(isinstance(item, tuple) for item in self.items)

    def matrix(self) -> np.ndarray:
        """The product `(4, 4)` of items without turns."""
        product = np.eye(4)
        for item in self.items:
            product = np.asarray(item) @ product
        return product


Fused = Block | Fixed | Turn


def fused(operations: Sequence[Operation]) -> list[Fused]:
    """The same operations in fewer sweeps; those on different wires may change places."""
    made: list[Fused] = []
    last: dict[int, int] = {}  # wire -> place in `made` of the last operation on it
    open_: dict[int, list] = {}  # wire -> items not yet in `made`

    def put(operation: Fused) -> None:
        for wire in operation.wires:
            last[wire] = len(made)
        made.append(operation)

    def close(wire: int) -> None:
        items = open_.pop(wire, [])
        for start in range(0, len(items), MAX_ITEMS):
            block = Block(wire, tuple(items[start : start + MAX_ITEMS]))
            put(block if block.turns else Fixed((wire,), block.matrix()))

    for operation in operations:
        if len(operation.wires) == 1:
            _append(open_.setdefault(operation.wires[0], []), operation)
            continue
        if isinstance(operation, Fixed):
            for wire in operation.wires:
                block = Block(wire, tuple(open_.get(wire, ())))
                if block.items and not block.turns and _cheaper(operation, wire, block.matrix()):
                    operation = _behind(operation, wire, block.matrix())
                    del open_[wire]
        for wire in operation.wires:
            close(wire)
        places = {last.get(wire, -1) for wire in operation.wires}
        place = places.pop() if len(places) == 1 else -1
        before = made[place] if place >= 0 else None
        if isinstance(operation, Fixed) and isinstance(before, Fixed) and {*before.wires} == {*operation.wires}:
            both = operation.matrix @ on_wires(before, operation.wires)
            if _cost(both) <= _cost(operation.matrix) + _cost(before.matrix):
                made[place] = Fixed(operation.wires, both)
                continue
        put(operation)
    for wire in list(open_):
        close(wire)
    return [
        step for step in made if not (isinstance(step, Fixed) and np.array_equal(step.matrix, np.eye(len(step.matrix))))
    ]


def _append(items: list, operation: Operation) -> None:
    """One more item on a wire; fixed matrices that follow each other are one."""
    if isinstance(operation, Turn):
        items.append((TURNED[operation.word[0][1]], operation.column))
    elif items and not isinstance(items[-1], tuple):
        items[-1] = operation.matrix @ items[-1]
    else:
        items.append(operation.matrix)


def on_wires(step: Fixed, wires: tuple[int, ...]) -> np.ndarray:
    """The matrix of a step for another order of the same wires."""
    count = len(wires)
    axes = [step.wires.index(wire) for wire in wires]
    tensor = step.matrix.reshape([4] * 2 * count)
    return tensor.transpose(axes + [count + axis for axis in axes]).reshape(step.matrix.shape)


def _cost(matrix: np.ndarray) -> float:
    """Of one sweep, in terms of a sum; entries that stay are not touched."""
    changed = (matrix != np.eye(len(matrix))).any(axis=1)
    return TOUCH * changed.sum() + np.count_nonzero(matrix[changed])


def _behind(step: Fixed, wire: int, matrix: np.ndarray) -> Fixed:
    """`step` with a matrix of one of its wires in front."""
    whole = np.eye(1)
    for mine in step.wires:
        whole = np.kron(whole, matrix if mine == wire else np.eye(4))
    return replace(step, matrix=step.matrix @ whole)


def _cheaper(step: Fixed, wire: int, matrix: np.ndarray) -> bool:
    alone = _cost(matrix) * 4 ** (len(step.wires) - 1)
    return _cost(_behind(step, wire, matrix).matrix) <= _cost(step.matrix) + alone
