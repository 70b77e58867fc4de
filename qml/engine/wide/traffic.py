"""How many states a run moves between memory and caches, for the bound that bandwidth sets."""

from __future__ import annotations

from qml.engine.plan import Plan
from qml.engine.wide.pack import Packed


def moved_states(plan: Plan, dtype: str) -> int:
    """States read and written by a forward run that keeps its ket and the gradient from it, each sweep streaming once.

    Forward, the first sweep writes a ket and each further one reads and writes it. Backward, the last sweep reads the
    ket and writes ket and bra, each further one reads and writes both; the first needs no ket behind it. Then the bra
    is read once more for the gradient of the product state. Words that flip bits are not counted.

    Example:
        >>> from qml.engine.plan import Block, Turn
        >>> turn = Turn(1, 1, "shared", 0, 1.0)
        >>> moved_states(Plan(10, ((),) * 10, (Block("mixing", (turn,)),), ((0, 1),), 1, 0), "float32")
        4
    """
    n_sweeps = len(Packed(plan, dtype).sweeps)
    forward = 1 + 2 * (n_sweeps - 1)
    backward = 2 if n_sweeps == 1 else 3 + 4 * (n_sweeps - 2) + 3
    return forward + backward + 1
