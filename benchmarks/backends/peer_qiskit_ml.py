"""Qiskit Machine Learning's route, run by the interpreter of its own environment; reads a task, prints rows.

It imports nothing of this project.
"""

from __future__ import annotations

import json
import sys
import time

import numpy as np
from qiskit import QuantumCircuit
from qiskit.circuit import ParameterVector
from qiskit.primitives import BaseEstimatorV2, StatevectorEstimator
from qiskit.quantum_info import SparsePauliOp
from qiskit_aer.primitives import EstimatorV2
from qiskit_machine_learning.gradients import ParamShiftEstimatorGradient
from qiskit_machine_learning.neural_networks import EstimatorQNN


class CountingEstimator(BaseEstimatorV2):
    """An estimator that counts the jobs and circuits it is asked for; what a gradient or a network calls."""

    def __init__(self, inner):
        self.inner, self.jobs, self.circuits = inner, 0, 0

    def run(self, pubs, *, precision=None):
        """Hand on, and count."""
        pubs = list(pubs)
        self.jobs += 1
        for pub in pubs:
            values = np.asarray(pub[2]) if len(pub) > 2 else np.zeros((1, 1))
            self.circuits += int(np.prod(values.shape[:-1]))
        return self.inner.run(pubs, precision=precision)


def circuit_of(task):
    """The task's circuit with its parameters; names are padded, since Qiskit sorts them as text."""
    n_qubits = task["n_qubits"]
    inputs, weights = ParameterVector("x", n_qubits), ParameterVector("w", len(task["weights"]))
    circuit, place = QuantumCircuit(n_qubits), 0
    for _ in range(task["depth"]):
        for wire in range(n_qubits):
            circuit.rx(inputs[wire], wire)
        for wire in range(n_qubits):
            circuit.ry(weights[place], wire)
            circuit.rz(weights[place + 1], wire)
            place += 2
        for wire in range(n_qubits):
            circuit.cx(wire, (wire + 1) % n_qubits)
    return circuit, inputs, weights


def step_of(task, estimator):
    """A call that returns values and gradients."""
    circuit, inputs, weights = circuit_of(task)
    n_qubits = task["n_qubits"]
    words = ["I" * (n_qubits - 1 - wire) + "Z" + "I" * wire for wire in range(n_qubits)]
    network = EstimatorQNN(
        circuit=circuit,
        estimator=estimator,
        gradient=ParamShiftEstimatorGradient(estimator),
        observables=[SparsePauliOp(word) for word in words],
        input_params=list(inputs),
        weight_params=list(weights),
        input_gradients=True,
        default_precision=0.0,
    )
    x, w, cotangent = (np.array(task[name]) for name in ("inputs", "weights", "cotangent"))

    def step():
        values = network.forward(x, w)
        by_input, by_weight = network.backward(x, w)
        return {
            "values": values.tolist(),
            "inputs": np.einsum("bk,bkd->bd", cotangent, by_input).tolist(),
            "weights": np.einsum("bk,bkp->p", cotangent, by_weight).tolist(),
        }

    return step


ROUTES = {
    "EstimatorQNN, StatevectorEstimator": lambda task: StatevectorEstimator(),
    "EstimatorQNN, Aer's EstimatorV2": lambda task: EstimatorV2(),
}


def timed(step, estimator):
    """One step: what it gave, what it took and what was counted."""
    estimator.jobs = estimator.circuits = 0
    cpu, wall = time.process_time(), time.perf_counter()
    answer = step()
    took = {"cpu_s": time.process_time() - cpu, "wall_s": time.perf_counter() - wall}
    return answer, {**took, "transpilations": 0, "jobs": estimator.jobs, "circuits": estimator.circuits}


def main():
    """Read {"route": ..., "task": ...}, print one JSON line."""
    asked = json.loads(sys.stdin.read())
    estimator = CountingEstimator(ROUTES[asked["route"]](asked["task"]))
    step = step_of(asked["task"], estimator)
    answer, first = timed(step, estimator)
    found = {"answer": answer, "first": first}
    if first["wall_s"] < asked["again_below_s"]:
        found["next"] = timed(step, estimator)[1]
    print("\n" + json.dumps(found))


if __name__ == "__main__":
    main()
