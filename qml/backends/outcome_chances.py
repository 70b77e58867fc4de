"""Probabilities of measured outcomes from expectation values, for an Executor that gives no states."""

from __future__ import annotations

import numpy as np

from qml.backends.executor import Executor
from qml.backends.measuring import Setting
from qml.circuits.program import Program
from qml.circuits.readout import Expectations, PauliSum


def chances_of_words(executor: Executor, program: Program, setting: Setting, slots_RS: np.ndarray) -> np.ndarray:
    """Probabilities `(R, 2**M)` of the outcomes of `M` measured wires, the first one most significant.

        P(b) = 2^-M sum over sets s of wires of (-1)^(b . s) <product of the letters of s>

    The circuit is run as it is, so that noise of gates does not fall on a change of basis that is none of them.

    Args:
        executor: exact.
        program: without inputs but slots, without weights.
        setting: which wires are read, each in the basis of its letter.
        slots_RS: `(R, S)` radians.
    """
    word, n_bits = setting.word, len(setting.word)
    subsets = [[place for place in range(n_bits) if mask >> (n_bits - 1 - place) & 1] for mask in range(1, 2**n_bits)]
    observables = tuple(PauliSum(((1.0, tuple(word[place] for place in subset)),)) for subset in subsets)
    means_RW = executor.forward(program.with_readout(Expectations(observables)), slots_RS, np.zeros(0)).values_BK
    sums = np.concatenate([np.ones((len(slots_RS), 1)), means_RW], axis=1).reshape(-1, *[2] * n_bits)
    for axis in range(1, n_bits + 1):  # the transform of each wire: of (1, <letter>) come the two probabilities
        plus, minus = np.take(sums, 0, axis), np.take(sums, 1, axis)
        sums = np.stack([plus + minus, plus - minus], axis) / 2
    chances = np.maximum(sums.reshape(len(slots_RS), -1), 0.0)  # rounding leaves -1e-17 of what is impossible
    return chances / chances.sum(axis=1, keepdims=True)
