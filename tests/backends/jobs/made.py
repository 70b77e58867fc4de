"""A machine in files, a store beside it, and a small request."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from qml.backends.jobs import Budget, GuardedBackend, StoredBackend
from qml.circuits import Circuit, Expectations, PauliSum
from tests.servers.machine import FileBackend, FileMachine


def program(letters=("Z", "Z")):
    """Two turned qubits; one measurement setting for each different letter of a wire."""
    circuit = Circuit(2)
    circuit.rx(0, circuit.input(0)).rx(1, circuit.input(1))
    words = [PauliSum(((1.0, ((wire, letter),)),)) for wire, letter in enumerate(letters)]
    return circuit.build(Expectations(tuple(words)))


PROGRAM = program()
SLOTS_RS = np.array([[0.3, 0.5], [1.2, 0.1], [2.0, 3.0]])
EXACT_RK = np.cos(SLOTS_RS)


@dataclass
class Rig:
    """A machine and a store in one folder."""

    folder: Path

    @property
    def machine(self):
        return FileMachine(str(self.folder / "machine"))

    @property
    def store(self):
        return str(self.folder / "jobs.sqlite")

    def backend(self, budget=None, *, member=None, prices=None, dry_run=False, **options):
        remote = member or FileBackend(self.machine.folder)
        if budget is not None or dry_run:
            remote = GuardedBackend(remote, budget or Budget(), prices, dry_run)
        quick = {"deadline_s": 5.0, "first_s": 0.01, "cap_s": 0.05, "grace_s": 0.3}
        return StoredBackend(remote, self.store, **{**quick, **options})

    def run(self, *, shots=200, seed=1, slots=SLOTS_RS, asked=PROGRAM, **options):
        return self.backend(**options).run(asked, slots, shots=shots, seed=seed)
