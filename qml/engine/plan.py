"""What the kernels run: a circuit as Pauli rotations in blocks, with nothing left of gates, frames or slots."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, NamedTuple

TurnKind = Literal["constant", "shared", "row"]
BlockKind = Literal["shared_diagonal", "row_diagonal", "mixing"]
Word = tuple[int, int]


class Turn(NamedTuple):
    """One Pauli rotation `exp(-i/2 (coefficient * value + constant) P)`.

        P = i^popcount(x & z) X^x Z^z

    `P` has masks over the bits of the amplitude index: wire `w` of a Program is bit `n_qubits - 1 - w`. The sign
    of the Pauli word is folded into `coefficient` and `constant`.

    Args:
        x: bits that `P` flips.
        z: bits whose sign `P` takes.
        kind: where the value comes from: `"shared"` reads `shared_S[column]`, `"row"` reads `rows_BM[b, column]`,
            `"constant"` reads nothing (`column` is -1 and `coefficient` 0).
        column: index of the value.
        coefficient: factor of the value.
        constant: radians added.
    """

    x: int
    z: int
    kind: TurnKind
    column: int = -1
    coefficient: float = 0.0
    constant: float = 0.0


@dataclass(frozen=True)
class Block:
    """Mutually commuting turns that are applied together.

    `shared_diagonal`: every `x` is 0 and no turn is of kind `row`; any number of turns is one table of phases.
    `row_diagonal`: every `x` is 0 and every turn is of kind `row`. `mixing`: no `x` is 0; any kinds.
    """

    kind: BlockKind
    turns: tuple[Turn, ...]


@dataclass(frozen=True)
class Plan:
    """A compiled circuit.

    The run starts from the product state that `prefix` makes of |0...0>, or from amplitudes handed in when
    `initial` is true; then it applies `blocks` in order and reads the expectation value of each of `words`.

    Args:
        n_qubits: bits of the amplitude index.
        prefix: for each *bit* (not wire) the turns that act on it alone before any block, in order of application;
            all empty when `initial` is true.
        blocks: in order of application.
        words: `(x, z)` masks of the Pauli words that are read, each `i^popcount(x & z) X^x Z^z`; `(0, 0)` is the
            identity, whose value is the squared norm, 1.
        n_shared: length `S` of the shared values.
        n_rows: columns `M` of the row values.
        initial: whether `(B or 1, 2**n_qubits)` complex amplitudes are handed in at call time.
    """

    n_qubits: int
    prefix: tuple[tuple[Turn, ...], ...]
    blocks: tuple[Block, ...]
    words: tuple[Word, ...]
    n_shared: int
    n_rows: int
    initial: bool = False

    @property
    def n_words(self) -> int:
        """Pauli words `W` that are read."""
        return len(self.words)

    @property
    def turns(self) -> tuple[Turn, ...]:
        """All turns in order of application, prefix first."""
        first = tuple(turn for bit in self.prefix for turn in bit)
        return first + tuple(turn for block in self.blocks for turn in block.turns)


@dataclass(frozen=True)
class Draft:
    """A Plan on its way through the passes, the sign with which each of its words is read, and what becomes of <0|.

    The words have absorbed the Cliffords `C` that end the circuit and are not in the plan. Their phase, and that of
    all turns that were dropped, is kept by `<0...0| C = exp(i phase) <origin|`; only states need it.
    """

    plan: Plan
    signs: tuple[int, ...]
    origin: int = 0
    phase: float = 0.0


def block_kind(turn: Turn) -> BlockKind:
    """The kind of block that may hold `turn`."""
    if turn.x:
        return "mixing"
    return "row_diagonal" if turn.kind == "row" else "shared_diagonal"


def one_by_one(turns: Iterable[Turn]) -> tuple[Block, ...]:
    """Each turn in a block of its own, in the same order."""
    return tuple(Block(block_kind(turn), (turn,)) for turn in turns)
