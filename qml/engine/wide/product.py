"""The product state that a run starts from, as two halves whose outer product it is, and the gradient of its turns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qml.engine.plan import Plan

PAULI = {
    (1, 0): np.array([[0, 1], [1, 0]], complex),
    (1, 1): np.array([[0, -1j], [1j, 0]], complex),
    (0, 1): np.array([[1, 0], [0, -1]], complex),
}


@dataclass(frozen=True)
class Half:
    """Some neighbouring bits of the product states of all rows.

    Attributes:
        wires: the two-vector of each bit, lowest first, `(B, bits, 2)`.
        levels: the states of the first 0, 1, ... bits, `(B, 2**bits)`; the last is that of all.
    """

    wires: np.ndarray
    levels: list[np.ndarray]

    def seen(self, bras: np.ndarray) -> np.ndarray:
        """The bra that each bit alone sees, `(B, bits, 2)`, from those over all of these bits, `(B, 2**bits)`."""
        result = np.empty_like(self.wires)
        for bit in range(self.wires.shape[1] - 1, -1, -1):
            halves = bras.reshape(len(bras), 2, 1 << bit)
            result[:, bit] = (halves @ self.levels[bit].conj()[..., None])[..., 0]
            bras = (self.wires[:, bit, None].conj() @ halves)[:, 0]
        return result


class Product:
    """The prefix of a plan for the rows of one call.

    Args:
        prefix: the turns about single bits of a plan.
        half_BT: half angles of all turns of the plan, the prefix first.
        low_bits: bits of the lower half of the index.

    Attributes:
        low: the lower half of each product state.
        high: the upper half.
    """

    def __init__(self, prefix: Prefix, half_BT: np.ndarray, low_bits: int):
        self._prefix = prefix
        half = np.where(prefix.numbers < 0, 0.0, half_BT[:, prefix.numbers])[..., None, None]
        self._turns = np.cos(half) * np.eye(2) - 1j * np.sin(half) * prefix.words
        state = np.zeros((*half.shape[:2], 2, 1), complex)
        state[:, :, 0] = 1
        for place in range(half.shape[2]):
            state = self._turns[:, :, place] @ state
        self._wires = state[..., 0]
        self.low, self.high = _half(self._wires[:, :low_bits]), _half(self._wires[:, low_bits:])

    def slopes(self, low_bras: np.ndarray, high_bras: np.ndarray) -> np.ndarray:
        """Im <bra| P |ket> of each turn, `(B, turns)`, from the bras contracted with the other half of the state."""
        prefix = self._prefix
        result = np.zeros((len(self._wires), prefix.n_turns))
        bra = np.concatenate([self.low.seen(low_bras), self.high.seen(high_bras)], axis=1)[..., None]
        ket = self._wires[..., None]
        for place in range(self._turns.shape[2] - 1, -1, -1):
            slopes = np.sum(bra.conj() * (prefix.words[:, place] @ ket), axis=(2, 3)).imag
            numbers = prefix.numbers[:, place]
            result[:, numbers[numbers >= 0]] = slopes[:, numbers >= 0]
            inverse = self._turns[:, :, place].conj().swapaxes(2, 3)
            ket, bra = inverse @ ket, inverse @ bra
        return result


class Prefix:
    """The prefix of a plan: turns about single bits, in places up to the longest.

    Args:
        plan: whose prefix it is.

    Attributes:
        words: the Pauli matrix of each turn, `(bits, places, 2, 2)`.
        numbers: the number of each turn in the plan, `(bits, places)`; -1 where there is none.
        n_turns: turns in all.
        differs: whether any of them is no constant, so that a gradient has to reach it.
    """

    def __init__(self, plan: Plan):
        longest = max(map(len, plan.prefix), default=0)
        self.words = np.zeros((plan.n_qubits, longest, 2, 2), complex)
        self.numbers = np.full((plan.n_qubits, longest), -1, np.int64)
        number = 0
        for bit, turns in enumerate(plan.prefix):
            for place, turn in enumerate(turns):
                self.words[bit, place] = PAULI[turn.x >> bit & 1, turn.z >> bit & 1]
                self.numbers[bit, place] = number
                number += 1
        self.n_turns = number
        self.differs = any(turn.kind != "constant" for turns in plan.prefix for turn in turns)


def _half(wires: np.ndarray) -> Half:
    levels = [np.ones((len(wires), 1), complex)]
    for bit in range(wires.shape[1]):
        levels.append((wires[:, bit, :, None] * levels[-1][:, None]).reshape(len(wires), 2 << bit))
    return Half(wires, levels)
