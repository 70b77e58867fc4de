"""TensorFlow Quantum: its Expectation layer with the adjoint differentiator, rows as values of Cirq's symbols."""

from __future__ import annotations

from typing import Any

from benchmarks.peers.peer import Peer, Step
from benchmarks.workload import Answer, Numbers, Size

PEER = Peer(
    "tensorflow-quantum",
    "TensorFlow Quantum, adjoint",
    "other",
    "library",
    ("tensorflow-quantum", "tensorflow", "cirq-core"),
    environment="tensorflow_quantum",
    growth="rows",
)


def build(size: Size, given: Numbers, device: str) -> Step:
    """Eager, as its layers are; angles of inputs and weights stand side by side in one table of symbol values."""
    import cirq
    import sympy
    import tensorflow as tf
    import tensorflow_quantum as tfq

    n = size.n_qubits
    qubits = cirq.GridQubit.rect(1, n)
    names = [f"x{wire}" for wire in range(n)] + [f"w{index}" for index in range(size.n_weights)]
    symbols = iter([sympy.Symbol(name) for name in names])
    circuit = cirq.Circuit(cirq.ry(next(symbols))(qubit) for qubit in qubits)
    for _ in range(size.depth):
        for qubit in qubits:
            circuit += [gate(next(symbols))(qubit) for gate in (cirq.rz, cirq.ry, cirq.rz)]
        circuit += [cirq.CNOT(qubits[wire], qubits[(wire + 1) % n]) for wire in range(n)]
    layer = tfq.layers.Expectation(differentiator=tfq.differentiators.Adjoint())
    circuits = tf.repeat(tfq.convert_to_tensor([circuit]), size.rows)
    operators = tf.repeat(tfq.convert_to_tensor([[cirq.Z(qubit) for qubit in qubits]]), size.rows, axis=0)
    inputs, weights = tf.Variable(given.inputs_BD), tf.Variable(given.weights_P)
    cotangent = tf.constant(given.cotangent_BK)

    def run() -> Any:
        with tf.GradientTape() as tape:
            table = tf.concat([inputs, tf.repeat(weights[None], size.rows, axis=0)], axis=1)
            values = layer(circuits, symbol_names=names, symbol_values=table, operators=operators)
            loss = tf.reduce_sum(values * cotangent)
        return loss, values, *tape.gradient(loss, (inputs, weights))

    def answer(result: Any) -> Answer:
        loss, values, by_inputs, by_weights = (tensor.numpy() for tensor in result)
        return Answer(float(loss), values, by_inputs, by_weights)

    return Step(run, answer)
