"""PennyLane's routes to Qiskit's simulators, run by the interpreter of its own environment; reads a task, prints rows.

It imports nothing of this project, so that it runs where PennyLane's plug-in for Qiskit can be installed.
"""

from __future__ import annotations

import json
import sys
import time

import pennylane as qp
from pennylane import numpy as pnp


def circuit_of(task, device, **options):
    """A QNode of the task's circuit: inputs, weights -> <Z> of each wire."""
    n_qubits = task["n_qubits"]

    @qp.qnode(device, **options)
    def circuit(inputs, weights):
        place = 0
        for _ in range(task["depth"]):
            for wire in range(n_qubits):
                qp.RX(inputs[..., wire], wires=wire)
            for wire in range(n_qubits):
                qp.RY(weights[place], wires=wire)
                qp.RZ(weights[place + 1], wires=wire)
                place += 2
            for wire in range(n_qubits):
                qp.CNOT(wires=[wire, (wire + 1) % n_qubits])
        return [qp.expval(qp.PauliZ(wire)) for wire in range(n_qubits)]

    return circuit


class Counted:
    """Calls of what transpiles and what submits, counted by putting a shell round them."""

    def __init__(self):
        self.transpilations = self.jobs = self.circuits = 0

    def shell(self, place, name, field, size=None):
        """Count the calls of `place.name` as `field`, and `size(arguments)` circuits with each."""
        inner = getattr(place, name)

        def call(*arguments, **options):
            setattr(self, field, getattr(self, field) + 1)
            if size is not None:
                self.circuits += size(arguments)
            return inner(*arguments, **options)

        setattr(place, name, call)

    def taken(self):
        """The counts since the last time, as a mapping."""
        found = {"transpilations": self.transpilations, "jobs": self.jobs, "circuits": self.circuits}
        self.transpilations = self.jobs = self.circuits = 0
        return found


def step_of(task, circuit, batched):
    """A call that returns values and gradients, of the whole batch at once or row by row."""
    inputs = pnp.array(task["inputs"], requires_grad=True)
    weights = pnp.array(task["weights"], requires_grad=True)
    cotangent = pnp.array(task["cotangent"], requires_grad=False)
    kept = []

    def of_batch(x, w):
        values = pnp.stack(circuit(x, w), axis=-1)
        kept.append(values)
        return pnp.sum(values * cotangent)

    def of_rows(x, w):
        rows = [pnp.stack(circuit(x[row], w)) for row in range(len(task["inputs"]))]
        kept.append(pnp.stack(rows))
        return pnp.sum(kept[-1] * cotangent)

    gradient = qp.grad(of_batch if batched else of_rows, argnums=[0, 1])

    def step():
        by_input, by_weight = gradient(inputs, weights)
        values = [[float(getattr(v, "_value", v)) for v in row] for row in getattr(kept[-1], "_value", kept[-1])]
        return {"values": values, "inputs": by_input.tolist(), "weights": by_weight.tolist()}

    return step


def default_qubit(task, counted):
    """PennyLane's own simulator by back-propagation."""
    counted.shell(qp.devices.DefaultQubit, "execute", "jobs")
    return step_of(task, circuit_of(task, qp.device("default.qubit"), diff_method="backprop"), batched=True)


def lightning(task, counted):
    """The compiled simulator by the adjoint method."""
    device = qp.device("lightning.qubit", wires=task["n_qubits"])
    return step_of(task, circuit_of(task, device, diff_method="adjoint"), batched=True)


def aer_batched(task, counted):
    """Qiskit Aer with a batch of inputs that are differentiated."""
    return step_of(task, _aer(task, counted), batched=True)


def aer_rows(task, counted):
    """Qiskit Aer, row by row."""
    return step_of(task, _aer(task, counted), batched=False)


def _aer(task, counted):
    from pennylane_qiskit import qiskit_device_legacy as legacy

    counted.shell(legacy, "transpile", "transpilations", size=lambda _: 1)
    device = qp.device("qiskit.aer", wires=task["n_qubits"])
    counted.shell(device.backend, "run", "jobs")
    circuit = circuit_of(task, device, diff_method="parameter-shift")
    return qp.set_shots(circuit, task["shots"])


def remote_rows(task, counted):
    """`qiskit.remote` on Aer with the noise of FakeManila, row by row: the route to IBM's machines."""
    from pennylane_qiskit import qiskit_device
    from qiskit_aer import AerSimulator
    from qiskit_ibm_runtime.fake_provider import FakeManilaV2

    counted.shell(qiskit_device, "transpile", "transpilations", size=lambda _: 1)
    counted.shell(qiskit_device.Estimator, "run", "jobs")
    device = qp.device("qiskit.remote", wires=task["n_qubits"], backend=AerSimulator.from_backend(FakeManilaV2()))
    circuit = circuit_of(task, device, diff_method="parameter-shift")
    return step_of(task, qp.set_shots(circuit, task["shots"]), batched=False)


ROUTES = {
    "default.qubit, backprop": default_qubit,
    "lightning.qubit, adjoint": lightning,
    "qiskit.aer, batch": aer_batched,
    "qiskit.aer, row by row": aer_rows,
    "qiskit.remote on noisy Aer, row by row": remote_rows,
}


def timed(step, counted):
    """One step: what it gave, what it took and what was counted."""
    cpu, wall = time.process_time(), time.perf_counter()
    answer = step()
    return answer, {"cpu_s": time.process_time() - cpu, "wall_s": time.perf_counter() - wall, **counted.taken()}


def main():
    """Read {"route": ..., "task": ...}, print one JSON line."""
    asked = json.loads(sys.stdin.read())
    counted = Counted()
    try:
        step = ROUTES[asked["route"]](asked["task"], counted)
        answer, first = timed(step, counted)
        found = {"answer": answer, "first": first}
        if first["wall_s"] < asked["again_below_s"]:
            found["next"] = timed(step, counted)[1]
    except NotImplementedError as error:
        found = {"refused": f"NotImplementedError: {str(error).splitlines()[0]}"}
    print("\n" + json.dumps(found))


if __name__ == "__main__":
    main()
