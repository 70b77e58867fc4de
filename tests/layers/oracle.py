"""Values and gradients of a Program by PennyLane's default.qubit, gate by gate, with none of our own bridge."""

from __future__ import annotations

import numpy as np
import pennylane as qp
import torch

from qml.circuits import Expectations, Program
from qml.circuits.gates import PREPARATIONS

INVERSES = {"Sdg": qp.S, "Tdg": qp.T, "SXdg": qp.SX, "ISWAPdg": qp.ISWAP, "SISWAPdg": qp.SISWAP}
LETTERS = {"X": qp.X, "Y": qp.Y, "Z": qp.Z}


def pennylane(program: Program, inputs: np.ndarray, weights: np.ndarray, cotangent: np.ndarray):
    """`values_BK` and the gradients of `sum(values * cotangent)` by inputs and weights, in float64."""
    x = torch.tensor(inputs, dtype=torch.float64, requires_grad=True)
    w = torch.tensor(weights, dtype=torch.float64, requires_grad=True)
    device = qp.device("default.qubit", wires=program.n_qubits)

    @qp.qnode(device, interface="torch", diff_method="backprop")
    def node():
        _prepare(program, x, w)
        for gate in program.gates:
            if gate.name not in PREPARATIONS:
                _apply(gate, [_angle(angle, x, w) for angle in gate.angles])
        if isinstance(program.readout, Expectations):
            return [qp.expval(_observable(program, sums)) for sums in program.readout.observables]
        return qp.probs(wires=list(program.readout.wires))

    found = node()
    if isinstance(program.readout, Expectations):
        found = torch.stack([torch.as_tensor(v).real.double().expand(len(x)) for v in found], 1)
    values = found.reshape(-1, program.n_values).expand(len(x), program.n_values)
    loss = (values * torch.tensor(cotangent)).sum()
    places = [p for p in (x, w) if p.numel()]
    slopes = torch.autograd.grad(loss, places, allow_unused=True) if loss.requires_grad else [None] * len(places)
    found = dict(zip(map(id, places), slopes, strict=True))
    by_x, by_w = (np.zeros(p.shape) if found.get(id(p)) is None else found[id(p)].numpy() for p in (x, w))
    return values.detach().numpy(), by_x, by_w


def _angle(angle, x, w):
    total = torch.full((len(x),), angle.constant, dtype=torch.float64)
    for coefficient, slots in angle.terms:
        product = torch.full((len(x),), coefficient, dtype=torch.float64)
        for slot in slots:
            product = product * (x[:, slot.index] if slot.kind == "input" else w[slot.index])
        total = total + product
    return total


def _apply(gate, angles):
    wires = list(gate.wires)
    if gate.name in INVERSES:
        qp.adjoint(INVERSES[gate.name](wires=wires))
    elif gate.name == "Unitary":
        qp.QubitUnitary(torch.tensor(gate.matrix, dtype=torch.complex128), wires=wires)
    elif gate.name == "PauliRot":
        qp.PauliRot(angles[0], gate.word, wires=wires)
    elif gate.name == "IsingXY":  # its matrix does not take a torch tensor with a batch; its own decomposition does
        qp.IsingXY.compute_decomposition(angles[0], wires=wires)
    else:
        getattr(qp, gate.name)(*angles, wires=wires)


def _prepare(program, x, w):
    """All prepared wires as one state."""
    state, wires = torch.ones(len(x), 1, dtype=torch.complex128), []
    for gate in program.gates:
        if gate.name in PREPARATIONS:
            piece = torch.tensor(gate.matrix, dtype=torch.complex128).expand(len(x), -1) if gate.matrix else None
            if piece is None:
                amplitudes = torch.stack([_angle(angle, x, w) for angle in gate.angles], 1)
                piece = (amplitudes / amplitudes.norm(dim=1, keepdim=True)).to(torch.complex128)
            state = (state[:, :, None] * piece[:, None, :]).reshape(len(x), -1)
            wires += gate.wires
    if wires:
        qp.StatePrep(state, wires=wires, validate_norm=False)


def _observable(program, sums):
    words = []
    for _, word in sums.terms:
        factors = [LETTERS[letter](wire) for wire, letter in word]
        words.append(qp.prod(*factors) if len(factors) > 1 else factors[0] if factors else qp.Identity(0))
    return qp.dot([coefficient for coefficient, _ in sums.terms], words)
