"""Backends for tests: what they were sent, and machines with queues and limits."""

from dataclasses import replace

from qml.backends.backend import Limits
from qml.backends.simulated import SimulatedBackend


class CountingBackend:
    """Writes down the jobs that pass on the way to another Backend: bindings, shots and seed of each."""

    def __init__(self, inner=None, **target):
        self.inner, self.jobs = inner or SimulatedBackend("reference"), []
        self.target = replace(self.inner.target, **target)

    def run(self, program, slots_RS, *, shots, seed):
        self.jobs.append((len(slots_RS), shots, seed))
        return self.inner.run(program, slots_RS, shots=shots, seed=seed)


def limited(**limits):
    return CountingBackend(limits=Limits(**limits))


def queued():
    return CountingBackend(queued=True)
