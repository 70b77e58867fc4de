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
    """Some neighbouring bits of a product state.

    Attributes:
        wires: the two-vector of each bit, lowest first, `(bits, 2)`.
        levels: the state of the first 0, 1, ... bits; the last is that of all.
    """

    wires: np.ndarray
    levels: list[np.ndarray]

    @property
    def state(self) -> np.ndarray:
        """All amplitudes of these bits."""
        return self.levels[-1]

    def seen(self, bra: np.ndarray) -> np.ndarray:
        """The bra that each bit alone sees, `(bits, 2)`, from one over all of these bits."""
        result = np.empty_like(self.wires)
        for bit in range(len(self.wires) - 1, -1, -1):
            halves = bra.reshape(2, -1)
            result[bit] = halves @ self.levels[bit].conj()
            bra = self.wires[bit].conj() @ halves
        return result


class Product:
    """The prefix of a plan: turns about single bits.

    Args:
        plan: whose prefix it is.

    Attributes:
        differs: whether any of its turns is no constant, so that a gradient has to reach it.
    """

    def __init__(self, plan: Plan):
        longest = max(map(len, plan.prefix), default=0)
        self._words = np.zeros((plan.n_qubits, longest, 2, 2), complex)
        self._numbers = np.full((plan.n_qubits, longest), -1, np.int64)
        number = 0
        for bit, turns in enumerate(plan.prefix):
            for place, turn in enumerate(turns):
                self._words[bit, place] = PAULI[turn.x >> bit & 1, turn.z >> bit & 1]
                self._numbers[bit, place] = number
                number += 1
        self.n_turns = number
        self.differs = any(turn.kind != "constant" for turns in plan.prefix for turn in turns)

    def matrices(self, half_T: np.ndarray) -> np.ndarray:
        """Each turn of each bit as a 2 x 2 matrix, `(bits, turns, 2, 2)`; the identity where there is none."""
        half = np.where(self._numbers < 0, 0.0, half_T[self._numbers])[..., None, None]
        return np.cos(half) * np.eye(2) - 1j * np.sin(half) * self._words

    def wires(self, matrices: np.ndarray) -> np.ndarray:
        """The two-vector of each bit, `(bits, 2)`."""
        state = np.zeros((len(matrices), 2, 1), complex)
        state[:, 0] = 1
        for place in range(matrices.shape[1]):
            state = matrices[:, place] @ state
        return state[..., 0]

    def halves(self, wires: np.ndarray, low_bits: int) -> tuple[Half, Half]:
        """The lower bits and the upper bits."""
        return _half(wires[:low_bits]), _half(wires[low_bits:])

    def slopes(self, matrices: np.ndarray, wires: np.ndarray, bras: np.ndarray) -> np.ndarray:
        """Im <bra| P |ket> of each turn in the order of the plan, from the bra that each bit sees at the end."""
        result = np.zeros(self.n_turns)
        ket, bra = wires[..., None], bras[..., None]
        for place in range(matrices.shape[1] - 1, -1, -1):
            slopes = np.sum(bra.conj() * (self._words[:, place] @ ket), axis=(1, 2)).imag
            numbers = self._numbers[:, place]
            result[numbers[numbers >= 0]] = slopes[numbers >= 0]
            inverse = matrices[:, place].conj().swapaxes(1, 2)
            ket, bra = inverse @ ket, inverse @ bra
        return result


def _half(wires: np.ndarray) -> Half:
    levels = [np.ones(1, complex)]
    for wire in wires:
        levels.append(np.multiply.outer(wire, levels[-1]).ravel())
    return Half(wires, levels)
