"""The right answer in double precision, by plain NumPy: states run forward once and backward once, beside one bra.

It shares no code with any peer, ours included, and holds three states a row, so that it also serves 20 qubits.
"""

from __future__ import annotations

import numpy as np

from benchmarks.workload import Answer, Numbers, Size, ring_sources, signs

AMPLITUDES_AT_ONCE = 2**20


def expected(size: Size, given: Numbers) -> Answer:
    """Loss, values and gradients of a workload, in float64."""
    at_once = max(1, AMPLITUDES_AT_ONCE >> size.n_qubits)
    parts = []
    for start in range(0, size.rows, at_once):
        rows = slice(start, start + at_once)
        parts.append(_rows(size, given.inputs_BD[rows], given.weights_P, given.cotangent_BK[rows]))
    return Answer(
        sum(part.loss for part in parts),
        np.concatenate([part.values_BK for part in parts if part.values_BK is not None]),
        np.concatenate([part.inputs_BD for part in parts]),
        np.sum([part.weights_P for part in parts], axis=0),
    )


def _rows(size: Size, inputs_BD: np.ndarray, weights_P: np.ndarray, cotangent_BK: np.ndarray) -> Answer:
    """The answer of some rows."""
    n, rows = size.n_qubits, len(inputs_BD)
    inputs_BD, cotangent_BK = inputs_BD.astype(float), cotangent_BK.astype(float)
    weights = weights_P.astype(float).reshape(size.depth, n, 3)
    sources, readout_AQ = ring_sources(n), signs(n)
    ket = np.zeros((rows, 2**n), complex)
    ket[:, 0] = 1
    for wire in range(n):
        ket = _turned(ket, wire, _ry(inputs_BD[:, wire]))
    for layer in weights:
        for wire in range(n):
            ket = _turned(ket, wire, _rz(layer[wire, 2]) @ _ry(layer[wire, 1]) @ _rz(layer[wire, 0]))
        ket = ket[:, sources]
    values_BK = np.abs(ket) ** 2 @ readout_AQ
    bra = ket * (cotangent_BK @ readout_AQ.T)

    back = np.argsort(sources)
    by_weights, by_inputs = np.zeros_like(weights), np.zeros_like(inputs_BD)
    for depth in reversed(range(size.depth)):
        ket, bra = ket[:, back], bra[:, back]
        for wire in range(n):
            for angle, rotation, generator in ((2, _rz, _Z), (1, _ry, _Y), (0, _rz, _Z)):
                overlaps = _overlaps(bra, ket, wire).sum(axis=0)
                by_weights[depth, wire, angle] = np.sum(generator * overlaps).imag
                undo = rotation(-weights[depth, wire, angle])
                ket, bra = _turned(ket, wire, undo), _turned(bra, wire, undo)
    for wire in range(n):
        by_inputs[:, wire] = np.sum(_Y * _overlaps(bra, ket, wire), axis=(1, 2)).imag
    return Answer(float(np.sum(values_BK * cotangent_BK)), values_BK, by_inputs, by_weights.reshape(-1))


_Y = np.array([[0, -1j], [1j, 0]])
_Z = np.array([[1, 0], [0, -1]], complex)


def _ry(angle: np.ndarray | float) -> np.ndarray:
    """RY, one matrix for each angle of the leading axes."""
    half = np.asarray(angle) / 2
    return np.stack([np.cos(half), -np.sin(half), np.sin(half), np.cos(half)], axis=-1).reshape(*half.shape, 2, 2)


def _rz(angle: float) -> np.ndarray:
    return np.diag([np.exp(-0.5j * angle), np.exp(0.5j * angle)])


def _turned(state_BA: np.ndarray, wire: int, matrix: np.ndarray) -> np.ndarray:
    """A 2 x 2 matrix, or one a row, on a wire of each row."""
    split = state_BA.reshape(len(state_BA), 2**wire, 2, -1)
    m = matrix.reshape(-1, 2, 2)[..., None, None]
    zero, one = split[:, :, 0], split[:, :, 1]
    turned = np.stack([m[:, 0, 0] * zero + m[:, 0, 1] * one, m[:, 1, 0] * zero + m[:, 1, 1] * one], axis=2)
    return turned.reshape(state_BA.shape)


def _overlaps(bra_BA: np.ndarray, ket_BA: np.ndarray, wire: int) -> np.ndarray:
    """`sum conj(bra_i) ket_j` over all other wires, `(B, 2, 2)`."""
    bra, ket = (state.reshape(len(state), 2**wire, 2, -1) for state in (bra_BA, ket_BA))
    overlaps = np.empty((len(bra), 2, 2), complex)
    for i in range(2):
        for j in range(2):
            overlaps[:, i, j] = np.einsum("bmr,bmr->b", bra[:, :, i].conj(), ket[:, :, j])
    return overlaps
