"""The same training step by each library: forward, loss, gradients to weights and to inputs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from qml.base.extras import require
from qml.circuits import Gate, Program, input_slot, weight_slot


@dataclass(frozen=True)
class Size:
    """A workload: RY(x_i) on each of `n_qubits` wires, then `depth` layers of RZ RY RZ and a CNOT ring; <Z_i>."""

    n_qubits: int
    depth: int
    rows: int

    def __str__(self) -> str:
        return f"({self.n_qubits}, {self.depth}, {self.rows})"

    @property
    def n_weights(self) -> int:
        return 3 * self.n_qubits * self.depth


@dataclass(frozen=True)
class Numbers:
    """What one step is handed; float32."""

    inputs_BD: np.ndarray
    weights_P: np.ndarray
    cotangent_BK: np.ndarray


@dataclass(frozen=True)
class Answer:
    """What one step brings back, as NumPy arrays."""

    loss: float
    inputs_BD: np.ndarray
    weights_P: np.ndarray


@dataclass(frozen=True)
class Contender:
    """A library: `step` is timed and waits for its results; `answer` is the same step, to be compared."""

    name: str
    step: Callable[[], object]
    answer: Callable[[], Answer]


def numbers(size: Size, seed: int = 0) -> Numbers:
    """Random inputs, weights and cotangents."""
    random = np.random.default_rng(seed)
    inputs = random.uniform(-3, 3, (size.rows, size.n_qubits))
    weights = random.uniform(-3, 3, size.n_weights)
    cotangent = random.normal(size=(size.rows, size.n_qubits))
    return Numbers(*(a.astype(np.float32) for a in (inputs, weights, cotangent)))


def program(size: Size) -> Program:
    """The circuit of a workload."""
    n = size.n_qubits
    gates = [Gate("RY", (i,), (input_slot(i),)) for i in range(n)]
    weight = 0
    for _ in range(size.depth):
        for wire in range(n):
            for name in ("RZ", "RY", "RZ"):
                gates.append(Gate(name, (wire,), (weight_slot(weight),)))
                weight += 1
        gates += [Gate("CNOT", (i, (i + 1) % n)) for i in range(n)]
    return Program(n, tuple(gates), n_inputs=n, n_weights=size.n_weights)


def ours(size: Size, given: Numbers) -> Contender:
    """The torch layer, float32."""
    require("torch", extra="torch", purpose="This benchmark")
    import torch

    from qml.layers.torch import CircuitLayer

    layer = CircuitLayer(program(size), dtype=torch.float32)
    (weights,) = layer.parameters()
    with torch.no_grad():
        weights.copy_(torch.from_numpy(given.weights_P).reshape(weights.shape))
    inputs = torch.from_numpy(given.inputs_BD).requires_grad_()
    cotangent = torch.from_numpy(given.cotangent_BK)

    def step():
        inputs.grad = weights.grad = None
        loss = (layer(inputs) * cotangent).sum()
        loss.backward()
        return loss

    def answer() -> Answer:
        loss = step()
        return Answer(loss.item(), inputs.grad.numpy().copy(), weights.grad.reshape(-1).numpy().copy())

    return Contender("qml, torch layer", step, answer)


def pennylane_jax(size: Size, given: Numbers) -> Contender:
    """PennyLane's default.qubit under jax.vmap and jax.jit, complex64: the fastest of the peers."""
    for module, extra in (("jax", "jax"), ("pennylane", "pennylane")):
        require(module, extra=extra, purpose="This benchmark")
    import jax
    import jax.numpy as jnp
    import pennylane as qp

    n = size.n_qubits
    device = qp.device("default.qubit", wires=n)

    @qp.qnode(device, interface="jax", diff_method="backprop")
    def circuit(x, w):
        for i in range(n):
            qp.RY(x[i], wires=i)
        for layer in range(size.depth):
            for i in range(n):
                for k, gate in enumerate((qp.RZ, qp.RY, qp.RZ)):
                    gate(w[layer, i, k], wires=i)
            for i in range(n):
                qp.CNOT(wires=[i, (i + 1) % n])
        return [qp.expval(qp.PauliZ(i)) for i in range(n)]

    def loss(x, w, c):
        values = jnp.stack(jax.vmap(circuit, in_axes=(0, None))(x, w), axis=1)
        return (values * c).sum()

    both = jax.jit(jax.value_and_grad(loss, argnums=(0, 1)))
    x, c = jnp.asarray(given.inputs_BD), jnp.asarray(given.cotangent_BK)
    w = jnp.asarray(given.weights_P).reshape(size.depth, n, 3)

    def step():
        return jax.block_until_ready(both(x, w, c))

    def answer() -> Answer:
        value, (by_x, by_w) = step()
        return Answer(float(value), np.asarray(by_x), np.asarray(by_w).reshape(-1))

    return Contender("PennyLane default.qubit, jax.jit + vmap, complex64", step, answer)
