"""The same circuit on our device and on `default.qubit`, and random circuits to run there."""

import numpy as np
import pennylane as qp

from qml.circuits.bridges.pennylane_ops import ROWS_BY_NAME

ONE_WIRE = ("RX", "RY", "RZ", "PhaseShift", "U1", "U2", "U3", "Rot", "Hadamard", "S", "T", "SX", "PauliY")
TWO_WIRES = ("CNOT", "CRX", "CRot", "IsingXY", "SingleExcitationPlus", "PSWAP", "ECR", "FermionicSWAP", "CPhaseShift10")


def pair(function, wires=3, **options):
    """The function as a QNode on our device and on `default.qubit`."""
    devices = [qp.device(name, wires=wires) for name in ("qml.engine", "default.qubit")]
    return tuple(qp.QNode(function, device, **options) for device in devices)


def flat(result) -> np.ndarray:
    """All numbers of a result in one row."""
    parts = result if isinstance(result, list | tuple) else [result]
    return np.concatenate([np.ravel(np.asarray(part)) for part in parts])


def apply_random(seed: int, angles, n_wires: int = 3) -> None:
    """Gates of one and two wires in a random order; their angles are taken from `angles` in turn."""
    random = np.random.default_rng(seed)
    taken = 0
    while True:
        name = str(random.choice(ONE_WIRE + TWO_WIRES))
        gate = getattr(qp, name)
        needed = gate.num_params
        if taken + needed > len(angles):
            return
        wires = random.permutation(n_wires)[: 1 if name in ONE_WIRE else 2].tolist()
        gate(*(angles[taken + k] for k in range(needed)), wires=wires)
        taken += needed


assert set(ONE_WIRE + TWO_WIRES) <= ROWS_BY_NAME
