"""Circuits of PennyLane's tutorials, unchanged, on its own devices and on `qml.engine`.

Circuits as their tutorials write them, with a loop over samples, and the same with the samples as a batch:

* transfer: the dressed circuit of transfer learning (Mari et al., Quantum 4, 340 (2020)): features of a frozen
  network, a linear layer to 4 angles, 6 layers of CNOTs and RY, a linear layer to 2 classes; torch, one training step.
* quanvolution: 2x2 patches of an image through RY and a random layer on 4 wires (Henderson et al., Quantum Mach.
  Intell. 2, 2 (2020)); NumPy, forward only.
* reuploading: one qubit, the point re-uploaded in 3 layers, fidelity with a state for each class (Perez-Salinas et
  al., Quantum 4, 226 (2020)); autograd, one gradient.

* layer: "Turning quantum nodes into Torch layers": TorchLayer of AngleEmbedding and BasicEntanglerLayers between two
  linear layers, one gradient; as written 2 wires, 6 layers, 5 rows, and once more with 8 wires and 128 rows.

Every device gets the same numbers. Values and gradients are compared with `default.qubit` before anything is timed; the
devices take turns, round after round; times are the best and the median of all rounds.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from qml.base.extras import require

require("torch", extra="torch", purpose="The transfer-learning tutorial")
require("pennylane", extra="pennylane", purpose="The tutorials")
import pennylane as qp
import torch
from pennylane import numpy as pnp

DEVICES = ("default.qubit", "lightning.qubit", "qml.engine")
Step = Callable[[], list[np.ndarray]]


def transfer(device: str, batched: bool) -> Step:
    """A training step of the dressed circuit on 4 samples of 512 features."""
    n_qubits, depth = 4, 6

    @qp.qnode(qp.device(device, wires=n_qubits))
    def circuit(angles, weights):
        for wire in range(n_qubits):
            qp.Hadamard(wires=wire)
        for wire in range(n_qubits):
            qp.RY(angles[..., wire], wires=wire)
        for layer in weights.reshape(depth, n_qubits):
            for first in (0, 1):
                for wire in range(first, n_qubits - 1, 2):
                    qp.CNOT(wires=[wire, wire + 1])
            for wire in range(n_qubits):
                qp.RY(layer[wire], wires=wire)
        return tuple(qp.expval(qp.PauliZ(wire)) for wire in range(n_qubits))

    torch.manual_seed(0)
    before, after = torch.nn.Linear(512, n_qubits), torch.nn.Linear(n_qubits, 2)
    weights = torch.nn.Parameter(0.01 * torch.randn(depth * n_qubits))
    features, labels = torch.randn(4, 512), torch.tensor([0, 1, 1, 0])
    parameters = [weights, *before.parameters(), *after.parameters()]

    def step() -> list[np.ndarray]:
        angles = torch.tanh(before(features)) * np.pi / 2
        if batched:
            values = torch.stack(circuit(angles, weights), dim=-1).float()
        else:
            values = torch.stack([torch.hstack(circuit(row, weights)).float() for row in angles])
        loss = torch.nn.functional.cross_entropy(after(values), labels)
        slopes = torch.autograd.grad(loss, parameters)
        return [values.detach().numpy(), *(slope.numpy() for slope in slopes)]

    return step


def quanvolution(device: str, batched: bool) -> Step:
    """All patches of a 28 x 28 image."""
    layer = np.random.default_rng(0).uniform(0, 2 * np.pi, (1, 4))

    @qp.qnode(qp.device(device, wires=4))
    def circuit(pixels):
        for wire in range(4):
            qp.RY(np.pi * pixels[wire], wires=wire)
        qp.RandomLayers(layer, wires=range(4), seed=1)
        return [qp.expval(qp.PauliZ(wire)) for wire in range(4)]

    rows, columns = np.mgrid[:28, :28]
    image = np.where((rows - 14) ** 2 + (columns - 13) ** 2 < 80, (rows + columns) / 56, 0.0)
    corners = [(row, column) for row in range(0, 28, 2) for column in range(0, 28, 2)]
    patches = np.array([image[r : r + 2, c : c + 2].ravel() for r, c in corners])

    def step() -> list[np.ndarray]:
        if batched:
            return [np.stack(circuit(patches.T), axis=-1)]
        return [np.array([circuit(patch) for patch in patches])]

    return step


def reuploading(device: str, batched: bool) -> Step:
    """The gradient of the fidelity loss of 32 points in the plane."""
    random = np.random.default_rng(0)
    points = np.zeros((32, 3))
    points[:, :2] = random.uniform(-1, 1, (32, 2))
    labels = (np.linalg.norm(points, axis=1) < np.sqrt(2 / np.pi)).astype(int)
    densities = [np.diag([1.0, 0.0]), np.diag([0.0, 1.0])]
    start = pnp.array(random.uniform(size=(3, 3)), requires_grad=True)

    @qp.qnode(qp.device(device, wires=1))
    def circuit(weights, point, density):
        for layer in weights:
            qp.Rot(*point, wires=0)
            qp.Rot(*layer, wires=0)
        return qp.expval(qp.Hermitian(density, wires=[0]))

    def loss(weights):
        total = 0.0
        if batched:
            for label, density in enumerate(densities):
                fidelities = circuit(weights, points[labels == label].T, density)
                total = total + pnp.sum((1 - fidelities) ** 2)
            return total / len(points)
        for point, label in zip(points, labels, strict=True):
            total = total + (1 - circuit(weights, point, densities[label])) ** 2
        return total / len(points)

    def step() -> list[np.ndarray]:
        return [np.asarray(loss(start)), np.asarray(qp.grad(loss)(start))]

    return step


def layer(device: str, batched: bool) -> Step:
    """One gradient of a network with a TorchLayer inside; `batched` means wider and more rows."""
    n_qubits, rows = (8, 128) if batched else (2, 5)

    @qp.qnode(qp.device(device, wires=n_qubits))
    def circuit(inputs, weights):
        qp.AngleEmbedding(inputs, wires=range(n_qubits))
        qp.BasicEntanglerLayers(weights, wires=range(n_qubits))
        return [qp.expval(qp.PauliZ(wires=wire)) for wire in range(n_qubits)]

    torch.manual_seed(0)
    inside = qp.qnn.TorchLayer(circuit, {"weights": (6, n_qubits)})
    parts = torch.nn.Linear(2, n_qubits), inside, torch.nn.Linear(n_qubits, 2), torch.nn.Softmax(dim=1)
    network, points = torch.nn.Sequential(*parts), torch.randn(rows, 2)
    parameters = list(network.parameters())

    def step() -> list[np.ndarray]:
        values = network(points)
        slopes = torch.autograd.grad((values[:, 0] ** 2).sum(), parameters)
        return [values.detach().numpy(), *(slope.numpy() for slope in slopes)]

    return step


TUTORIALS = {"transfer": transfer, "quanvolution": quanvolution, "reuploading": reuploading, "layer": layer}
TOLERANCE = {"transfer": 2e-6, "quanvolution": 1e-12, "reuploading": 1e-10, "layer": 2e-4}
"""Largest difference to `default.qubit`; networks are float32, `layer` sums 128 rows."""


def compared(name: str, steps: dict[str, Step]) -> float:
    """The largest difference of values and gradients between any device and the first; also the warm-up."""
    answers = {device: step() for device, step in steps.items()}
    first = answers[DEVICES[0]]
    largest = max(
        float(np.abs(one - other).max())
        for answer in answers.values()
        for one, other in zip(answer, first, strict=True)
    )
    if not largest <= TOLERANCE[name]:
        raise ArithmeticError(f"{name}: devices differ by {largest:.3g}; allowed is {TOLERANCE[name]}.")
    return largest


def measured(steps: dict[str, Step], rounds: int) -> dict[str, list[float]]:
    """Seconds of each device, in turns."""
    seconds: dict[str, list[float]] = {device: [] for device in steps}
    for _ in range(rounds):
        for device, step in steps.items():
            begin = time.perf_counter()
            step()
            seconds[device].append(time.perf_counter() - begin)
    return seconds


def row(name: str, batched: bool, rounds: int) -> dict:
    """One line of the table, with a first call on every device before the rounds."""
    steps = {device: TUTORIALS[name](device, batched) for device in DEVICES}
    difference = compared(name, steps)
    seconds = measured(steps, rounds)
    best = {device: min(times) for device, times in seconds.items()}
    median = {device: statistics.median(times) for device, times in seconds.items()}
    return {"tutorial": name, "batched": batched, "difference": difference, "best": best, "median": median}


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tutorials", nargs="+", default=list(TUTORIALS), choices=list(TUTORIALS))
    parser.add_argument("--rounds", type=int, default=5, help="turns of every device (default 5)")
    parser.add_argument("--json", type=Path, help="also write the rows to this file")
    chosen = parser.parse_args(arguments)
    torch.set_num_threads(1)
    print(
        f"{platform.processor() or platform.machine()}, Python {platform.python_version()}, PennyLane {qp.__version__}"
    )
    print(
        "milliseconds a step, best (median) of",
        chosen.rounds,
        "rounds in turns; in brackets times as long as qml.engine",
    )
    found = []
    for name in chosen.tutorials:
        for batched in (False, True):
            line = row(name, batched, chosen.rounds)
            found.append(line)
            cells = [
                f"{device} {1e3 * line['best'][device]:.1f} ({1e3 * line['median'][device]:.1f}) "
                f"[{line['best'][device] / line['best']['qml.engine']:.1f}x]"
                for device in DEVICES
            ]
            other = "8 wires, 128 rows" if name == "layer" else "samples as a batch"
            way = other if batched else "as written"
            print(f"{name:>12}, {way:<18}: {'; '.join(cells)}; difference {line['difference']:.0e}", flush=True)
    if chosen.json:
        chosen.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
